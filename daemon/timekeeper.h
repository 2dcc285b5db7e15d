/* SPDX-License-Identifier: Apache-2.0 */
/* Timekeeper: the engine's clock, and the TIME inputs that let deadlines fire.
 *
 * With the wall clock it sleeps until the earliest deadline of any shard; with the event clock
 * time is the newest event time taken in. Each TIME input settles a
 * bounded number, so that what fell due while the daemon was down comes out paced while ingest goes
 * on: as many as take a shard 0.4 ms. One is under way at a time, or two when more was due than
 * the last one could settle: the shards have the next while the journal syncs it. Nothing is
 * polled: no deadline, no wake-up.
 *
 * Judging everybody again is in no hurry: an input judges as many as take a shard a millisecond,
 * and then the shards are left alone for several times as long. */
#ifndef KITH_DAEMON_TIMEKEEPER_H
#define KITH_DAEMON_TIMEKEEPER_H
#include <event2/event.h>
#include "workers/input.h"

struct daemon;

#define TIMES_MAX 2

struct timekeeper {
	struct event *timer;
	int64_t event_ms;       /* newest event time seen, of what is not backfill */
	unsigned under_way;     /* TIME inputs */
	bool behind;            /* the last one left deadlines that it could have settled */
	uint32_t due;           /* how many the next one may settle in each shard */
	int64_t began_ns[TIMES_MAX]; /* of those under way */
	int64_t not_before_ns;  /* pacing */
	uint32_t sweep;         /* how many customers the next one may judge again in each shard */
	int64_t sweep_ns;       /* no sweep before */
	uint64_t fired;         /* TIME inputs since the start */
};

int timekeeper_open(struct daemon *d);
void timekeeper_close(struct daemon *d);
/* The engine's clock. */
int64_t timekeeper_now(const struct daemon *d);
/* Stamp an input with both clocks; a batch when it is decoded, for its newest event is part of the
 * event clock, which a restart takes up from the last input's stamp. */
void timekeeper_stamp(const struct daemon *d, struct input *in);
/* A batch was submitted: its newest event moves the event clock. */
void timekeeper_saw(struct daemon *d, const struct input *in);
/* Deadlines may have moved: fire or sleep. */
void timekeeper_check(struct daemon *d);

#endif
