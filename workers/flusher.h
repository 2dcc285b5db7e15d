/* SPDX-License-Identifier: Apache-2.0 */
/* Flusher: a thread that writes what a shard has frozen into its environment, while the shard goes
 * on.
 *
 * The shard's thread calls everything here. One flush is under way at a time; when it is over, the
 * shard's inbox is nudged, and nothing has happened to the environment until the shard's thread
 * takes the result. LMDB binds a write transaction to its thread: that of a flush begins and ends
 * in the flusher's. A second one makes memory ready for the shard.
 *
 * A receipt does not wait for a flush, so a flush stands back: its thread runs when nobody else wants
 * the processor (SCHED_IDLE), and who wakes up is not put behind it. That would be for ever where
 * nobody leaves one free, so the shard calls it forward (flusher_call_forward()) before it has to wait
 * itself. The kernel lets a thread come forward again only with RLIMIT_NICE at 20 or more, or
 * CAP_SYS_NICE; without, or when the process is not scheduled in the ordinary way (thread.h), it is
 * just nicer than the others all the time. */
#ifndef KITH_WORKERS_FLUSHER_H
#define KITH_WORKERS_FLUSHER_H
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>
#include "store/env.h"
#include "workers/mailbox.h"

enum flusher_state { FLUSHER_IDLE, FLUSHER_BUSY, FLUSHER_DONE, FLUSHER_ENDING };

struct flusher {
	pthread_t thread, preparer;
	pthread_mutex_t mutex;
	pthread_cond_t moved;      /* `state` has */
	enum flusher_state state;
	int rc;                    /* FLUSHER_DONE … */
	int64_t took_ns;           /* … and how long it took */
	pid_t tid;                 /* of `thread`, once it has begun */
	bool may_rise;             /* a thread that stands back can be called forward again */
	atomic_bool called;        /* forward, for the flush under way … */
	atomic_bool hurried;       /* … and told that somebody is about to wait for it */
	bool wanted;               /* memory is to be made ready */
	struct env *env;
	struct mailbox *inbox;     /* the shard's */
};

/* 0 or ERR_NOMEM. ENV and INBOX outlive F. */
int flusher_start(struct flusher *f, struct env *env, struct mailbox *inbox);
/* Waits for the flush under way; its result is lost. Not before flusher_start() was 0. */
void flusher_stop(struct flusher *f);
/* What is frozen; none is under way. */
void flusher_begin(struct flusher *f);
/* Have memory made ready, in a second thread. */
void flusher_prepare(struct flusher *f);
enum flusher_state flusher_state(struct flusher *f);
/* The flush under way is to stand back no longer. */
void flusher_call_forward(struct flusher *f);
/* Somebody will have to wait for it soon: nor is it to leave the device to others. */
void flusher_hurry(struct flusher *f);
/* Take the result of env_flush(), after having waited for it. */
int flusher_take(struct flusher *f);

#endif
