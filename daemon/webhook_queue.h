/* SPDX-License-Identifier: Apache-2.0 */
/* Queue: the letters of one webhook, which are notifications on their way to it, in the order in
 * which they came. Pure: the clock is an argument, nothing is sent or stored here.
 *
 *	            ┌── the customer's earlier letter is under way or waits ──▶ BEHIND ──┐
 *	 queue_add ─┤                                                                    ▼
 *	            └──────────────────────────────────────────────────────────▶ READY ──▶ FLYING ──▶ DONE
 *	                                                                          ▲           ├────▶ DEAD
 *	                                                        its time has come └─ WAITING ◀┘
 *
 * What waits, what is behind something that waits, and what is dead gets a row in its shard
 * ("kept"); then the position may pass it, and its bytes leave the memory.
 *
 * A customer is of one shard, and what is read of a shard comes in the order of its numbers, so
 * that is the order of a customer's letters. What has a row and is not to be sent before the
 * reading has come to it (after a replay, or a start) is AHEAD: not in this order yet. */
#ifndef KITH_DAEMON_WEBHOOK_QUEUE_H
#define KITH_DAEMON_WEBHOOK_QUEUE_H
#include <stdbool.h>
#include "base/bytes.h"

#define QUEUE_LETTERS_MAX 1000 /* not done; then nothing more is read for this webhook */
#define QUEUE_LOOSE_MAX   64   /* of them not kept: their bytes are in memory */
#define QUEUE_NEVER       INT64_MAX

enum queue_state { LETTER_READY, LETTER_BEHIND, LETTER_FLYING, LETTER_WAITING, LETTER_AHEAD,
	LETTER_DONE, LETTER_DEAD, LETTER_STATES };

#define LETTER_ERROR_MAX 120
struct letter {
	struct letter *next, *previous;
	uint32_t shard;
	uint64_t sequence;
	uint64_t customer;      /* a hash: two that share it keep each other's order, too; 0: none */
	uint8_t state;          /* enum queue_state */
	bool kept, changed;     /* it has a row; the row is not what it should be */
	bool writing, erasing;  /* … and is on its way into the journal */
	bool fetching;
	uint32_t flight;        /* which one it is, or was, on: an answer to an earlier one is stale */
	uint16_t attempts;
	int status;             /* of the last attempt, 0: no answer */
	int64_t due_ms;         /* WAITING, AHEAD */
	int64_t first_ms, last_ms; /* attempts; 0 none yet */
	uint8_t *body;          /* the encoded notification, malloc'ed, or NULL: it is in the row */
	uint32_t size;
	char error[LETTER_ERROR_MAX];
};

struct queue {
	struct letter *first, *last;
	unsigned n[LETTER_STATES];
	unsigned loose;         /* neither kept, done, dead nor ahead */
	uint32_t flights;
	int64_t next_due_ms;    /* no letter is due before; QUEUE_NEVER */
};

void queue_init(struct queue *q);
void queue_fini(struct queue *q);
bool queue_has_room(const struct queue *q);
unsigned queue_undone(const struct queue *q);

/* Append; BODY is copied (size 0: it is in the row already). ORDERED: behind the customer's earlier
 * one. NULL: out of memory. */
struct letter *queue_add(struct queue *q, uint32_t shard, uint64_t sequence, uint64_t customer,
	struct span body, bool ordered);
/* One that was kept: READY at DUE_MS. */
struct letter *queue_add_kept(struct queue *q, uint32_t shard, uint64_t sequence, uint64_t customer,
	int64_t due_ms, bool ordered);
/* One that was kept, of a number that is still to be read. */
struct letter *queue_add_ahead(struct queue *q, uint32_t shard, uint64_t sequence,
	uint64_t customer, int64_t due_ms);
/* One that is not done, or dead and not to be read again; NULL. */
struct letter *queue_find(const struct queue *q, uint32_t shard, uint64_t sequence);

/* Whether it may get a row: the customer's earlier ones have theirs, or it would come back from a
 * crash before them. */
bool queue_may_keep(const struct letter *l);

/* SHARD is read from behind POSITION again. Of what comes after it, what has a row is AHEAD now,
 * and so is what died meanwhile; the rest is forgotten. What is under way may arrive, and comes
 * again nevertheless. Returns how many were dead. */
unsigned queue_set_back(struct queue *q, uint32_t shard, uint64_t position, int64_t now_ms);
/* SHARD has been read up to UPTO: what was AHEAD up to there takes its place. */
void queue_reach(struct queue *q, uint32_t shard, uint64_t upto, bool ordered);

/* Those whose time has come are ready, and those that would wait for more than LONGEST_MS, of which
 * no attempt can have been put off: the clock was set back meanwhile. */
void queue_wake(struct queue *q, int64_t now_ms, int64_t longest_ms);
/* All that wait are due at NOW_MS. */
void queue_hurry(struct queue *q, int64_t now_ms);
/* The first that is ready and has its bytes, or (FETCH) that lacks them and is not being
 * fetched. */
struct letter *queue_ready(const struct queue *q, bool fetch);
void queue_fly(struct queue *q, struct letter *l);
/* It comes back: try again at DUE_MS. */
void queue_wait(struct queue *q, struct letter *l, int64_t due_ms);
/* It is done, or dead: the customer's next one is ready. */
void queue_end(struct queue *q, struct letter *l, enum queue_state state);
void queue_mark_kept(struct queue *q, struct letter *l);
void queue_remove(struct queue *q, struct letter *l); /* and free it */

/* The position of SHARD when it has been read up to READ: everything up to it is done or kept. */
uint64_t queue_position(const struct queue *q, uint32_t shard, uint64_t read);

#endif
