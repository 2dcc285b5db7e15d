/* SPDX-License-Identifier: Apache-2.0 */
/* Courier: carries messages from the shards' tables into the journal (workers/message.h).
 *
 * One batch of a shard is under way at a time: it is asked for, journalled, applied by all, and
 * only then the next one is asked for, so a message is never journalled twice. What the journal
 * cannot take is asked for again. The table is the queue; nothing is kept here but where each
 * shard's stands. */
#ifndef KITH_DAEMON_COURIER_H
#define KITH_DAEMON_COURIER_H
#include <stdbool.h>
#include <stdint.h>

struct daemon;

struct courier {
	struct courier_lane {
		bool busy;         /* a batch of this shard is under way */
		bool resting;      /* the last one failed: until the next tick */
		uint64_t carried;  /* the last number that is in the journal */
	} *lanes;                  /* one a shard */
	uint64_t messages;         /* since the start */
};

int courier_open(struct daemon *d);
void courier_close(struct daemon *d);
/* Fetch where something waits. Called after each turn of parts and by the clock. */
void courier_check(struct daemon *d);
void courier_tick(struct daemon *d); /* ten times a second */
/* Whether a source has fallen silent, or is back, and not every shard knows. */
bool courier_has_news_of_sources(const struct daemon *d);
/* Messages that wait in all tables. */
uint64_t courier_waiting(const struct daemon *d);

#endif
