/* SPDX-License-Identifier: Apache-2.0 */
/* Backlog: what a shard has been given and has not given back, in events and in time. Pure; the main
 * thread keeps one for each shard.
 *
 * Note "rest". A receipt waits for the shard that is last. While that one has work for milliseconds,
 * nobody is answered sooner if the main thread looks at once at every message that comes and every
 * part that is given back; it only makes groups of one or two batches, and a sync, a wake or two and
 * some switches for each. So it rests for a part of that time, and then does all at once what has
 * come meanwhile. Another shard that is ahead may have nothing to do until then, and is still ahead
 * afterwards: shards flush in turn, so one of them mostly has all that is under way. Where none is
 * behind, as at any time when there is little, nobody rests. */
#ifndef KITH_DAEMON_BACKLOG_H
#define KITH_DAEMON_BACKLOG_H
#include <stdint.h>

#define REST_SHARE  4               /* of what the last shard has to do */
#define REST_MIN_NS INT64_C(200000) /* below it pays nothing */
#define REST_MAX_NS INT64_C(1000000)

struct backlog {
	uint64_t events;
	int64_t since_ns; /* what it gives back next it has been at since then, at the earliest */
	/* Lately: what it has given back, and how long it was at that, with waiting for a processor. */
	int64_t done_events, done_ns;
};

void backlog_given(struct backlog *b, uint64_t events, int64_t now_ns);
void backlog_given_back(struct backlog *b, uint64_t events, int64_t now_ns);
/* How long nobody is served worse when N shards are left alone; 0: not at all. */
int64_t backlog_rest_ns(const struct backlog *b, unsigned n);

#endif
