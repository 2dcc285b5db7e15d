/* SPDX-License-Identifier: Apache-2.0 */
/* Pipeline: the way of an input through the process. The main thread owns it.
 *
 *   pipeline_submit()  gives the input its place in the journal (in memory)
 *   pipeline_flush()   writes the group, has it made durable in the syncer's thread, and posts
 *                      every part to its worker, which applies it meanwhile. What comes while
 *                      a sync is under way is written and posted likewise, and the next sync
 *                      begins when that one is over. Where shards are behind, it begins later
 *                      (note "late sync", backlog.h)
 *   mail comes back    → pipeline_take(): waits here until what it tells of is durable, then
 *                        all parts of an input are back  → answer()
 *                        each part, in order of its shard → its notifications go out, some at
 *                        a time
 *                        the last of them has            → done()
 *
 * Nothing that is not durable is looked at outside of here. A write that fails (full disk, EIO)
 * takes nothing: the group's inputs get failed() and no worker has seen them. A sync that fails
 * ends the process. */
#ifndef KITH_DAEMON_PIPELINE_H
#define KITH_DAEMON_PIPELINE_H
#include "daemon/backlog.h"
#include "daemon/syncer.h"
#include "store/store.h"
#include "workers/worker.h"

struct daemon;

/* What the main thread keeps of an input under way. Allocated in its own arena. */
struct task {
	struct work work;
	struct arena *arena;
	struct task *next;
	/* Applied by all and durable: tell who waits for it. NULL: nobody. */
	void (*answer)(struct daemon *d, struct task *t);
	void (*done)(struct daemon *d, struct task *t);   /* and handed out */
	void (*failed)(struct daemon *d, struct task *t, int rc); /* not taken; nothing happened */
	uint64_t bytes;      /* for the bound on memory under way */
	void *message;       /* the owner's */
};

struct pipeline {
	struct journal *journal;
	struct syncer syncer;
	atomic_uint_fast64_t durable;      /* stored by the syncer, too */
	uint64_t syncing;                  /* `durable` after the sync under way */
	uint64_t sorted;                   /* `durable` when `held` was last gone through */
	struct mailbox *returned;
	void (*wake)(void *arg);
	void *wake_arg;
	struct mails held;                 /* came back before it was durable */
	struct mails telling;              /* is durable, and not handed out yet */
	unsigned told;                     /* notifications of the first of them */
	struct backlog backlog[SHARDS_MAX];
	struct task *group, **group_last;  /* submitted, not yet written */
	int64_t written_ns;                /* what no sync has begun for, at first; 0: there is none */
	uint64_t under_way_events, under_way_bytes, under_way_tasks;
	struct arena **spare;              /* arenas to be used again */
	unsigned n_spare;
	struct outcome *spare_outcomes;    /* emptied */
	unsigned n_spare_outcomes;
	struct payload payload;
	uint64_t syncs;                    /* since the start */
};

void pipeline_init(struct pipeline *p, struct journal *journal);
/* What shards give back comes to RETURNED. WAKE is called in another thread when a sync is over for
 * which something waited: pipeline_take() is due. */
int pipeline_start(struct pipeline *p, struct mailbox *returned, void (*wake)(void *arg), void *arg);
void pipeline_fini(struct pipeline *p);

/* A task in a fresh arena, everything zero, its parts made (lists empty). NULL: out of memory. */
struct task *task_new(struct daemon *d);
void task_free(struct daemon *d, struct task *t);

/* Put T's input into the journal's buffer; it will be done() or failed(). RAW and REFUSED as
 * input_encode(). ERR_TOOBIG, ERR_NOMEM: not taken, T stays the caller's. */
int pipeline_submit(struct daemon *d, struct task *t, struct span raw, const uint32_t *refused,
	unsigned n_refused);
/* 0, also when the group failed as a whole (each task knows); ERR_UNKNOWN: the process must end.
 * What has to wait for the sync under way is left to pipeline_take(), which is due when that is
 * over: another sync, and what cannot be written beside one. D->flush comes when a sync is to begin
 * later. */
int pipeline_flush(struct daemon *d);
/* The same, and wait until all that was submitted is durable. */
int pipeline_finish(struct daemon *d);
/* Hand out what has come back, as far as it is durable. ERR_UNKNOWN as above. */
int pipeline_take(struct daemon *d);
/* Hand out some more of it; d->tell comes as long as there is more. A flood of notifications (many
 * deadlines at once) so leaves the loop to senders. */
void pipeline_tell(struct daemon *d);

#endif
