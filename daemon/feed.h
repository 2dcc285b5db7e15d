/* SPDX-License-Identifier: Apache-2.0 */
/* Feed: notifications to whoever listens, best effort: [type][Notification], and the same as JSON
 * on a second endpoint. XPUB drops for a slow listener; shard and sequence show the gap, and the
 * durable subscription has what was missed. */
#ifndef KITH_DAEMON_FEED_H
#define KITH_DAEMON_FEED_H
#include "daemon/socket.h"
#include "workers/shard.h"

struct daemon;

struct feed {
	struct socket protobuf, json;
	uint64_t listeners_protobuf, listeners_json; /* topics subscribed to */
	struct arena *arena;
	struct buf scratch; /* a notification with its sentence */
};

int feed_open(struct daemon *d, struct complaint *c);
void feed_close(struct daemon *d);
/* N notifications of O, from FROM on. */
void feed_publish(struct daemon *d, unsigned shard, const struct outcome *o, unsigned from,
	unsigned n);

#endif
