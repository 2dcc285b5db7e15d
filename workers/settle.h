/* SPDX-License-Identifier: Apache-2.0 */
/* Settle: bring one customer's announced standing up to an instant, and their deadline's row
 * with it. Every change goes to the history, and, unless it is being back-filled, to the outbox. */
#ifndef KITH_WORKERS_SETTLE_H
#define KITH_WORKERS_SETTLE_H
#include "workers/shard.h"

/* What the changes of one call are due to. */
struct cause {
	const struct input *input;
	const struct event *event; /* NULL: a message, the passing of time, or a new lifecycle file */
	const struct message *message; /* from another customer; or NULL */
	struct outcome *out;       /* may be NULL */
	bool new_file;             /* judged because the lifecycle file is another one */
	/* NULL, or where changes go instead of being announced, after C was moved to them: a story
	 * is being told again. */
	int (*tell)(void *arg, struct shard *s, struct customer *c, const struct change *ch,
		const struct cause *why);
	void *arg;
};

/* Announce everything that fell due for C up to TO_MS, each with its own time; first re-judge
 * one whom another lifecycle file has judged. */
int customer_settle(struct shard *s, struct customer *c, int64_t to_ms, const struct cause *why);
/* Judge C at AT_MS because its facts changed, or something that they are compared with, announce,
 * and solve the next change. After an event only what it can change is asked. */
int customer_judge(struct shard *s, struct customer *c, struct before *before, int64_t at_ms,
	const struct cause *why);
/* To be asked before what happened is folded: BEFORE is for customer_judge(), once. */
void customer_before(const struct shard *s, const struct customer *c, const struct cause *why,
	struct before *ret_before);

/* Read C from the record of ID (a new one when there is none). */
int customer_load(struct shard *s, struct customer *c, struct span id);
/* Arm its deadline when the row is missing or too late (an earlier row is left where it is and
 * looked at when it comes up), write the record, into the census. */
int customer_save(struct shard *s, struct customer *c);

/* The places at which a customer stands: as loaded, and as saved. Most stay where they are, and
 * then nothing is counted. */
void census_take(struct shard *s, struct customer *c);
void census_put(struct shard *s, struct customer *c);
/* BY more ids are merged into others. */
void census_merged(struct shard *s, int by);
int census_load(struct shard *s);
int census_store(struct shard *s);

#endif
