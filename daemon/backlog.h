/* SPDX-License-Identifier: Apache-2.0 */
/* Backlog: what a shard has been given and has not given back, in events and in time. Pure; the main
 * thread keeps one for each shard.
 *
 * Note "rest". While every shard has work for milliseconds, nobody is answered sooner if the main
 * thread looks at once at every message that comes and every part that is given back; it only makes
 * turns, wakes and switches. So it rests for a part of what the shard has that will be done first,
 * and then does at once what has come meanwhile. No shard waits for it.
 *
 * Note "late sync". A receipt waits for the shard that is last. While that one has work for
 * milliseconds, a sync that begins at once is over long before it is needed, and the next one is
 * for a batch or two again. So what has been written, and is being applied, may wait for a part of
 * that time; what comes meanwhile is written and given to the shards as it comes. Shards flush in
 * turn, and so one of them mostly has all that is under way while the other one is hungry: this is
 * what there is to save then.
 *
 * Where nobody is behind, as at any time when there is little, both are 0. */
#ifndef KITH_DAEMON_BACKLOG_H
#define KITH_DAEMON_BACKLOG_H
#include <stdint.h>

#define LULL_SHARE  2               /* of what there is to do */
#define LULL_MIN_NS INT64_C(200000) /* below it pays nothing */
#define LULL_MAX_NS INT64_C(2000000)

struct backlog {
	uint64_t events;
	int64_t since_ns; /* what it gives back next it has been at since then, at the earliest */
	/* Lately: what it has given back, and how long it was at that, with waiting for a processor. */
	int64_t done_events, done_ns;
};

void backlog_given(struct backlog *b, uint64_t events, int64_t now_ns);
void backlog_given_back(struct backlog *b, uint64_t events, int64_t now_ns);
/* How long the main thread may leave N shards, at least one, alone; 0: not at all. */
int64_t backlog_rest_ns(const struct backlog *b, unsigned n);
/* How long a sync of what they have been given may wait; 0: not at all. */
int64_t backlog_late_ns(const struct backlog *b, unsigned n);

#endif
