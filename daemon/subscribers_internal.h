/* SPDX-License-Identifier: Apache-2.0 */
/* What subscribers.c lends to readings.c and snapshots.c. Main thread. */
#ifndef KITH_DAEMON_SUBSCRIBERS_INTERNAL_H
#define KITH_DAEMON_SUBSCRIBERS_INTERNAL_H
#include "daemon/subscriber_delivery.h"

/* One subscription, found again when an answer comes: it may be gone or another's by then. */
struct subscription_ref {
	struct daemon *d;
	unsigned shard;
	uint64_t epoch;
	char name[EVENT_TEXT_MAX + 1];
};
struct subscription_ref *subscription_ref_new(struct daemon *d, const struct subscription *sub,
	unsigned shard); /* for free(); NULL when memory is out */
/* NULL when it is gone. It may have been opened anew: then its epoch is another. */
struct subscription *subscription_of(const struct subscription_ref *ref);

struct subscription *subscription_find(struct subscribers *s, struct span name);
struct subscription *subscription_find_peer(struct subscribers *s, const struct peer *peer);
struct subscription *subscription_new(struct daemon *d, struct span name);
void subscription_remove(struct daemon *d, struct subscription *sub);
/* PEER holds SUB, which is not connected, from now on. ERR_NOMEM. */
int subscription_connect(struct subscribers *s, struct subscription *sub, const struct peer *peer);
int subscription_set_filter(struct subscription *sub, const struct subscriber_message *m);
int subscription_set_credit(struct daemon *d, struct subscription *sub, uint32_t credit);
/* Tell the peer that it is open, where it stands and where each shard ends. */
void subscription_send_opened(struct daemon *d, struct subscription *sub);
/* Journal an opening of NAME, unless it may not be opened; RAW is the message. */
void subscription_submit_open(struct daemon *d, const struct peer *peer, struct span name,
	struct span raw);

/* readings.c: open M, which has no name, or whose name is new and wants to begin where only the
 * shards know. RAW is the message. */
void reading_open(struct daemon *d, const struct peer *peer, const struct subscriber_message *m);
/* Whether a new name has to ask the shards first. */
bool reading_is_needed(const struct daemon *d, const struct subscriber_message *m);
/* Every 100 ms: drop the readings that have left, or were not heard of for READING_QUIET_NS. */
void readings_tick(struct daemon *d);

/* snapshots.c: a page for SUB, as M asks. */
void snapshot_ask(struct daemon *d, struct subscription *sub, const struct subscriber_message *m);
void snapshots_tick(struct daemon *d);

#endif
