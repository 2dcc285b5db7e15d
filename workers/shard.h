/* SPDX-License-Identifier: Apache-2.0 */
/* Shard: applies inputs to one environment, in journal order, deterministically.
 *
 * For each event: the duplicate guard; then settle the customer up to the event's time (what
 * fell due before it is announced with its own time), add the event to the facts, judge, and
 * announce what changed. A TIME input settles whoever is due. Nothing here reads a clock, makes
 * a thread or waits; one thread at a time calls it. What comes out goes into the outcome, which
 * the caller hands out when the input is durable, and into the environment's open transaction,
 * which the caller commits as a checkpoint. */
#ifndef KITH_WORKERS_SHARD_H
#define KITH_WORKERS_SHARD_H
#include "workers/customer.h"
#include "workers/breaker.h"
#include "workers/follow_up.h"
#include "workers/hush.h"
#include "workers/input.h"
#include "workers/market.h"
#include "workers/silence.h"
#include "workers/source.h"
#include "workers/trail.h"

struct note {
	uint64_t sequence;
	uint32_t offset, size;   /* of the encoded notification in `bytes` */
	uint32_t type_offset;    /* of its type, as text */
	uint32_t type_size;
	int64_t at_ms;
};

/* What applying one input in one shard gave. Zeroed by the caller before the first use. */
struct outcome {
	uint32_t accepted, duplicates;
	uint32_t n_rejected;       /* found out while applying: conflict, damaged */
	struct rejection *rejected;
	unsigned n_notes, notes_capacity;
	struct note *notes;
	struct buf bytes;
	bool refused;              /* a command that this shard cannot obey: no such rule */
	uint64_t acknowledged;     /* of a subscription that was opened, in this shard */
};
void outcome_fini(struct outcome *o);
void outcome_clear(struct outcome *o); /* keeps the memory for the next use */

/* How many customers stand where: rows of (number of "stage.repeat" or "risk.silent", count). */
struct census_row {
	uint16_t name;
	uint64_t customers;
};

/* The generations of trails (tail.h). */
struct stories {
	uint32_t generation; /* of the table that is appended to, from 1; 0: none yet */
	int64_t since_ms;    /* when it began */
};

/* How far judging everybody again has come (sweep.h). */
struct sweep {
	unsigned reasons;              /* enum sweep_reason; 0: there is none */
	uint64_t of;                   /* customers when it began */
	uint64_t visited;              /* customers that it has come to */
	uint64_t judged;               /* by a new file or new parameters, by it or before it came … */
	uint64_t moved;                /* … and of these, whose next change is at another instant */
	uint8_t after[EVENT_CUSTOMER_MAX]; /* visited last; nothing: from the first */
	uint8_t after_size;
};

struct shard {
	unsigned number;
	struct env *env;
	struct lifecycle *lifecycle;   /* in force; NULL before the first */
	struct parameters parameters;  /* in force; version 0 before the first */
	struct numbering numbering;
	struct settings settings;
	uint32_t engine;               /* ENGINE_VERSION that took the inputs from here on; 0 none yet */
	struct tally census;
	struct market_state market;
	struct sweep sweep;
	int64_t next_due_ms;           /* earliest row of the deadline index; NEVER */
	struct hush hush;
	struct breakers breakers;
	struct follow_ups follow_ups;  /* counts */
	struct sources sources;
	struct silences silences;
	uint64_t damaged;              /* events refused because their customer's record is damaged */
	struct customer customer;      /* the one at hand (large: not on the stack) */
	struct customer rewound;       /* the same, as it was: a story told again (story.h) */
	struct trail trail;            /* its trail, where it was read … */
	struct trail before;           /* … and what came before that, after story_shorten() */
	uint8_t anew[RECORD_MAX];      /* the base with which its story begins, when tail.anew */
	size_t anew_size;
	struct stories stories;
	struct facts person, member;   /* facts at hand of a group (group.h) */
	struct buf scratch;
};

/* Load what the environment's last checkpoint says. Owns nothing of ENV. */
int shard_open(struct shard *s, unsigned number, struct env *env, struct complaint *c);
void shard_close(struct shard *s);

/* Apply IN; events of a batch are those whose positions in it are LIST[0..N). OUT may be NULL: a
 * replay, whose outcome has been handed out or will be found in the outbox. 0, or the
 * environment's error, after which only env_abort() and shard_open() help. */
int shard_apply(struct shard *s, const struct input *in, const uint32_t *list, uint32_t n,
	struct outcome *out);

/* Write what the shard itself remembers and commit. Errors as env_commit(). */
int shard_checkpoint(struct shard *s);
/* The same up to env_freeze(). */
int shard_freeze(struct shard *s);

/* The last step with s->customer: save it when RC is 0, leave it alone and count it when RC is an
 * answer about one row; every other error comes back. */
int shard_save_or_set_aside(struct shard *s, int rc);

/* Whether RC is an answer about one row, not a failure of the store: that row is left alone. */
bool shard_sets_aside(const struct shard *s, int rc);

/* Load a customer as of the open transaction into RET (the caller's). ERR_NOTFOUND,
 * ERR_CORRUPT. */
int shard_customer(struct shard *s, struct span id, struct customer *ret);

#endif
