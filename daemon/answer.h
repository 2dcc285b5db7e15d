/* SPDX-License-Identifier: Apache-2.0 */
/* Answers: what the shards said, as JSON. New references; NULL when memory is out. */
#ifndef KITH_DAEMON_ANSWER_H
#define KITH_DAEMON_ANSWER_H
#include <jansson.h>
#include "base/language.h"
#include "workers/worker.h"

struct daemon;

/* How the business writes money, for whoever shows the amounts of an answer. */
json_t *answer_money(const struct daemon *d);
json_t *answer_show(const struct daemon *d, const struct query *q, int64_t now_ms);
/* With "text", a list of sentences. */
json_t *answer_explain(struct daemon *d, const struct query *q, int64_t now_ms,
	enum language language);
/* The store of Q counts the fact of that place since a change of the file, not from its beginning. */
bool answer_is_counted_late(const struct query *q, unsigned fact);
/* answer_account.c: where the customer stands, in sentences. */
json_t *answer_account(struct daemon *d, const struct query *q, int64_t now_ms,
	enum language language);
/* CENSUS: one answer a shard. */
json_t *answer_stats(struct daemon *d, struct query *const *census);
/* The same: how far judging everybody again has come. */
json_t *answer_judging(struct daemon *d, struct query *const *census);
/* RULES: one answer a shard. */
json_t *answer_rules(struct daemon *d, struct query *const *rules);
/* FOLLOW_UPS: one answer a shard. */
json_t *answer_follow_ups(struct daemon *d, struct query *const *answers);
/* SOURCES: one answer a shard. */
json_t *answer_sources(struct daemon *d, struct query *const *sources);
json_t *answer_subscriptions(struct daemon *d);
/* {"type": ["risk."], "region": ["north", "south"]} */
json_t *answer_filter(const struct filter *f);

#endif
