/* SPDX-License-Identifier: Apache-2.0 */
/* Silence: the sources that every shard knows to be silent, and what is held for it.
 *
 * A customer's silence is only theirs if the till was speaking. So what the passing of time makes
 * of a customer who mostly comes through a silent source is held (HOLD_SOURCE), from the source's
 * last word on.
 *
 *   HOLDING   it is silent, for `source-hold` at most: then it is gone, its customers on their own
 *   GRACE     it speaks again: what it brings late settles its customers, for `source-grace`
 *   DONE      over: nothing more is held, and what was waits for the next walk
 *   WALKING   everything held for a source is looked at, a few customers at a time: what still is so
 *             is announced, with its own instant, unless its rule has to stop (breaker.h)
 *
 * Through whom a customer mostly comes is a vote that costs no list: each event by which they show
 * themselves (a purchase, a contact they began) strengthens the source that has it, or weakens it
 * until another one takes its place (Boyer and Moore's majority vote, capped, so that habits can
 * change).
 *
 * Kept in memory, by name, and written with each checkpoint into the table `health`: "s" and the
 * name -> u8 version (1), u8 phase, i64 since_ms, i64 until_ms; "c" -> where the walk stands: u16
 * type, id. */
#ifndef KITH_WORKERS_SILENCE_H
#define KITH_WORKERS_SILENCE_H
#include "base/event.h"

struct shard;
struct input;
struct outcome;
struct customer;
struct change;
struct cause;
struct message;

enum silence_phase { SILENCE_HOLDING, SILENCE_GRACE, SILENCE_DONE, SILENCE_WALKING };

struct silence {
	uint8_t name[EVENT_SOURCE_MAX];
	uint8_t size;
	uint8_t phase;      /* enum silence_phase */
	uint32_t number;    /* of the source, in this environment */
	int64_t since_ms;   /* its last word */
	int64_t until_ms;   /* when the phase ends by itself */
};

struct silences {
	unsigned n;
	size_t capacity;
	struct silence *list;   /* by name */
	bool dirty;
	int64_t next_due_ms;    /* NEVER */
	uint16_t walk_type;     /* what was looked at last … */
	uint8_t walk_size;
	uint8_t walk[EVENT_CUSTOMER_MAX];
};

int silences_load(struct shard *s);
int silences_store(struct shard *s);
void silences_fini(struct shard *s);

/* MESSAGE_SOURCE_SILENT or MESSAGE_SOURCE_BACK has come with IN. */
int silence_told(struct shard *s, const struct message *m, const struct input *in);
/* Phases that end by IN's clock. */
void silences_settle(struct shard *s, const struct input *in);
/* An operator lets the source NAME go: what is held for it waits for the next walk. */
void silence_forget(struct shard *s, struct span name, int64_t now_ms);
/* The settings are others: what may not be held any more is not. */
void silences_limit(struct shard *s, int64_t now_ms);

/* Whether CH of C, by WHY, is to be held since its source is silent. */
bool silence_holds(const struct shard *s, const struct customer *c, const struct change *ch,
	const struct cause *why);
/* The same by M, whichever machine is in force, if nothing but time or a file has done it. */
bool silence_would_hold(const struct shard *s, const struct customer *c, const struct machine *m,
	const struct change *ch);

bool silence_is_busy(const struct shard *s);
/* Part of the walk: at most *LEFT customers, which it takes off. */
int silence_step(struct shard *s, const struct input *in, uint32_t *left, struct outcome *out);

/* C has shown themselves through the event of WHY, perhaps. */
int silence_vote(struct shard *s, struct customer *c, const struct cause *why);

#endif
