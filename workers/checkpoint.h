/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoint: when a shard's work is frozen, and what becomes of the flush.
 *
 * Pages are written once a checkpoint, so the longer the distance between two, the cheaper an
 * event. Three things bound it: memory (events, pages), and how long a start after a crash may
 * take: what has been applied since the last commit has to be applied again, which takes as long as
 * it took. So a shard counts the processor time that it has spent since. Two memtables can be
 * without a commit, the one on its way and the one that is being filled: together they are held
 * below `replay_ns`.
 *
 * The shard's thread calls everything here. */
#ifndef KITH_WORKERS_CHECKPOINT_H
#define KITH_WORKERS_CHECKPOINT_H
#include <stdbool.h>
#include <stdint.h>

struct worker;

struct checkpoint_settings {
	uint64_t events;      /* at most so many events … */
	uint64_t dirty_pages; /* … or pages (env_checkpoint_pages()) … */
	int64_t replay_ns;    /* … or so much work without a commit, what is being flushed included … */
	int64_t interval_ns;  /* … or so long after the first uncommitted input … */
	int64_t idle_ns;      /* … or so long without mail */
};
/* After a crash two memtables come back as one; LMDB must not spill at 131,071, and the pages are
 * an estimate. */
#define CHECKPOINT_PAGES_MAX 49152
/* How many of each shard's when all SHARDS together may take MEMORY bytes: half of it is for the
 * pages being written, which LMDB keeps, a quarter for the rows of each of two memtables. */
uint64_t checkpoint_pages(uint64_t memory, unsigned shards);
extern const struct checkpoint_settings checkpoint_default;

/* What is not committed. */
struct debt {
	uint64_t events;       /* since the last freeze, as the next two */
	int64_t since_ns;      /* when the first of it was applied; 0: there is none */
	int64_t work_ns;       /* processor time spent on it, as of the last reading */
	int64_t frozen_ns;     /* the same of what is frozen */
	int64_t began_ns;      /* the thread's processor time at the last freeze */
	uint64_t unread;       /* applied since the last reading: events, deadlines */
	bool was_late;         /* the last flush had to be waited for */
	int64_t retry_at_ns;   /* WORKER_FULL: next try */
};

/* N events or deadlines have been applied. */
void checkpoint_applied(struct worker *w, uint64_t events, uint64_t others);
/* The start has applied N events again, and frozen the first FROZEN of them, which are to be flushed. */
void checkpoint_replayed(struct worker *w, uint64_t n, uint64_t frozen);
/* Something else has changed. */
void checkpoint_changed(struct worker *w);
/* Whether there is anything to commit that is not frozen. */
bool checkpoint_owes(const struct worker *w);
/* Whether the journal has all that was applied. */
bool checkpoint_is_durable(struct worker *w);
/* Whether the next step may wait for the flush under way: what others wait for is to be given back
 * before. */
bool checkpoint_may_wait(const struct worker *w);
/* Whether three quarters of what there is room for until then are used up: what can wait is to wait. */
bool checkpoint_is_crowded(const struct worker *w);
/* Take what has been flushed, and begin what is due. IDLE: there was no mail for
 * settings.idle_ns. */
void checkpoint_step(struct worker *w, bool idle);
/* All that is there, at the end, waiting for it. A full disk does not hold it up: what is not
 * committed is in the journal. */
void checkpoint_last(struct worker *w);

#endif
