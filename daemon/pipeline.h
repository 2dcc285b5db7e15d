/* SPDX-License-Identifier: Apache-2.0 */
/* Pipeline: the way of an input through the process. The main thread owns it.
 *
 *   pipeline_submit()  gives the input its place in the journal (in memory)
 *   pipeline_flush()   writes the group, posts every part to its worker, then makes the group
 *                      durable while the workers apply it
 *   a part comes back  → on_part(): its notifications may go out, in order of their shard
 *   all are back       → done()
 *
 * Since the sync ends before the main thread looks at what came back, whatever it sees is
 * durable. A write that fails (full disk, EIO) takes nothing: the group's inputs get failed()
 * and no worker has seen them. A sync that fails ends the process. */
#ifndef KITH_DAEMON_PIPELINE_H
#define KITH_DAEMON_PIPELINE_H
#include "workers/worker.h"

struct daemon;

/* What the main thread keeps of an input under way. Allocated in its own arena. */
struct task {
	struct work work;
	struct arena *arena;
	struct task *next;
	void (*done)(struct daemon *d, struct task *t);   /* applied by all and durable */
	void (*failed)(struct daemon *d, struct task *t, int rc); /* not taken; nothing happened */
	uint64_t bytes;      /* for the bound on memory under way */
	void *message;       /* the owner's */
};

struct pipeline {
	struct journal *journal;
	atomic_uint_fast64_t durable;
	struct task *group, **group_last;  /* submitted, not yet written */
	uint64_t under_way_events, under_way_bytes, under_way_tasks;
	struct arena **spare;              /* arenas to be used again */
	unsigned n_spare;
	struct outcome *spare_outcomes;    /* emptied */
	unsigned n_spare_outcomes;
	struct payload payload;
	uint64_t syncs;                    /* since the start */
};

void pipeline_init(struct pipeline *p, struct journal *journal);
void pipeline_fini(struct pipeline *p);

/* A task in a fresh arena, everything zero, its parts made (lists empty). NULL: out of memory. */
struct task *task_new(struct daemon *d);
void task_free(struct daemon *d, struct task *t);

/* Put T's input into the journal's buffer; it will be done() or failed(). RAW and REFUSED as
 * input_encode(). ERR_TOOBIG, ERR_NOMEM: not taken, T stays the caller's. */
int pipeline_submit(struct daemon *d, struct task *t, struct span raw, const uint32_t *refused,
	unsigned n_refused);
/* 0, also when the group failed as a whole (each task knows); ERR_UNKNOWN: the process must end. */
int pipeline_flush(struct daemon *d);
/* A part came back. Frees the task after its last one. */
void pipeline_part(struct daemon *d, struct part *p);

#endif
