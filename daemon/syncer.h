/* SPDX-License-Identifier: Apache-2.0 */
/* Syncer: the thread in which the journal is made durable, so that the main thread is free
 * meanwhile to take messages, to answer, and to hand out what is durable already.
 *
 * The main thread calls everything here. One sync is under way at a time; what the main thread
 * writes meanwhile is the next one's.
 *
 * Note "first the lock". Both threads run for microseconds, and who is woken mostly gets the processor
 * of who wakes it at once. Its first step is to take the lock: if the other one still has that, both
 * are switched twice more. So each lets go of the lock before it wakes the other one. */
#ifndef KITH_DAEMON_SYNCER_H
#define KITH_DAEMON_SYNCER_H
#include <pthread.h>
#include <stdbool.h>
#include "store/journal.h"

enum syncer_state { SYNCER_IDLE, SYNCER_BUSY, SYNCER_DONE, SYNCER_ENDING };

struct syncer {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t asked;      /* a sync is to begin, or the thread to end: it waits for this */
	pthread_cond_t done;       /* the main thread does, when it can do nothing else */
	enum syncer_state state;
	bool started;
	int rc;                    /* SYNCER_DONE */
	bool awaited;              /* something else than what is being synced waits for its end */
	const struct journal *journal;
	/* A sync is over with RC. Both are called in the syncer's thread: over() before others see it,
	 * wake() after that, without a lock. AWAITED: somebody has asked for its end. */
	void (*over)(void *arg, int rc);
	void (*wake)(void *arg, int rc, bool awaited);
	void *arg;
};

/* 0 or ERR_NOMEM. JOURNAL outlives S. */
int syncer_start(struct syncer *s, const struct journal *journal, void (*over)(void *arg, int rc),
	void (*wake)(void *arg, int rc, bool awaited), void *arg);
/* Waits for the sync under way; its result is lost. Does nothing when it was not started. */
void syncer_stop(struct syncer *s);
/* None is under way, and the result of the last has been taken. */
void syncer_begin(struct syncer *s);
enum syncer_state syncer_state(struct syncer *s);
/* The same, and when it is SYNCER_BUSY, its end is awaited. */
enum syncer_state syncer_await(struct syncer *s);
/* Take the result of journal_sync_file(), after having waited for it. */
int syncer_take(struct syncer *s);

#endif
