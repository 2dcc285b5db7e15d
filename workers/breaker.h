/* SPDX-License-Identifier: Apache-2.0 */
/* Breaker: a rule that speaks far beyond its own habit is stopped before it floods anybody.
 *
 * Two decayed counts a rule, of changes by the instant at which they became true: what it said of
 * late (half-life half an hour) and what it is used to say (half-life a week). It trips when the
 * first exceeds all of: `breaker_floor` shared out to the shards, two customers in a thousand of
 * the shard's, and `breaker_factor` times what its habit explains. The habit is known after a week
 * and 200 changes; before, only what comes to light more than three days late can trip it; a market
 * signal for many is meant so, and trips nothing until then. What a new lifecycle file finds trips
 * it beyond its share of `breaker_floor`, whatever its habit. A trip is announced as `rule.tripped`
 * with a sample; everything the rule says from then on is held (hold.h) until an operator releases
 * or discards it.
 *
 * Kept in memory, written with each checkpoint under the setting "breakers". */
#ifndef KITH_WORKERS_BREAKER_H
#define KITH_WORKERS_BREAKER_H
#include "base/event.h"

struct shard;
struct customer;
struct change;
struct cause;
struct input;
struct outcome;

enum breaker_state {
	BREAKER_CLOSED,     /* speaks */
	BREAKER_TRIPPED,    /* held since it spoke too much */
	BREAKER_PAUSED,     /* held because an operator said so */
	BREAKER_RELEASING,  /* speaks; what was held is being announced */
	BREAKER_DISCARDING, /* speaks; what was held is being forgotten */
	BREAKER_STATES,
};
const char *breaker_state_name(unsigned v);

#define BREAKER_SAMPLE 5
#define BREAKER_SAMPLE_BYTES 40 /* of a customer's id; longer ones are cut */

struct breaker {
	uint16_t rule;         /* number of its name: "risk.silent" */
	uint8_t state;         /* enum breaker_state */
	int64_t since_ms;      /* of the state */
	int64_t first_ms;      /* its first change, where its habit begins */
	int64_t at_ms;         /* what the two counts refer to */
	double recent, habit;
	uint64_t announced, held; /* ever; now */
	uint8_t n_sample;      /* of those it spoke of last, the latest first */
	char sample[BREAKER_SAMPLE][BREAKER_SAMPLE_BYTES + 1];
};

struct breakers {
	unsigned n;
	size_t capacity;
	struct breaker *list;
};

int breakers_load(struct shard *s);
int breakers_store(struct shard *s);
void breakers_fini(struct shard *s);

/* Whether what RULE says of C is to be held; counts it, and may trip (and announce that).
 * *RET_HELD; returns 0 or the environment's error. */
int breaker_takes(struct shard *s, uint16_t rule, const struct customer *c,
	const struct change *ch, const struct cause *why, bool *ret_held);
/* NULL when RULE has never spoken. */
struct breaker *breaker_find(struct shard *s, uint16_t rule);
struct breaker *breaker_make(struct shard *s, uint16_t rule); /* NULL: out of memory */

/* Announcements an hour that its habit explains. */
double breaker_habit_per_hour(const struct breaker *b);
/* What it has said of late, as of AT_MS. */
double breaker_recent(const struct breaker *b, int64_t at_ms);
/* What one rule of a new lifecycle file may find in S before it trips; 0: there is no breaker. */
double breaker_file_limit(const struct shard *s);
/* How many it may make in the half hour before it trips. */
double breaker_limit(struct shard *s, const struct breaker *b);

#endif
