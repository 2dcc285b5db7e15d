/* SPDX-License-Identifier: Apache-2.0 */
/* The rules: what each of them says, and what is held or was told to nobody. */
#include <stdlib.h>
#include "daemon/answer.h"
#include "daemon/daemon.h"

/* One rule, over all shards. */
struct rule_sum {
	const char *name;
	unsigned state; /* the one furthest from closed */
	int64_t since_ms;
	uint64_t announced, held;
	double habit, limit;
};

static struct rule_sum *sum_find(struct rule_sum *list, unsigned *n, const char *name)
{
	for (unsigned i = 0; i < *n; i++)
		if (strcmp(list[i].name, name) == 0)
			return &list[i];
	list[*n] = (struct rule_sum){ .name = name };
	return &list[(*n)++];
}

static void sum_add(struct rule_sum *sum, const struct breaker *b, double limit)
{
	sum->announced += b->announced;
	sum->held += b->held;
	sum->habit += breaker_habit_per_hour(b);
	sum->limit += limit;
	if (b->state != BREAKER_CLOSED && b->state != sum->state) {
		sum->state = b->state;
		sum->since_ms = b->since_ms;
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct rule_sum *)a)->name, ((const struct rule_sum *)b)->name);
}

static json_t *rules_json(struct rule_sum *list, unsigned n)
{
	json_t *out = json_array();

	qsort(list, n, sizeof *list, by_name);
	for (unsigned i = 0; i < n; i++)
		json_array_append_new(out, json_pack("{s:s,s:s,s:o,s:I,s:I,s:f,s:f}", "rule",
			list[i].name, "state", breaker_state_name(list[i].state), "since",
			list[i].since_ms ? json_integer(list[i].since_ms) : json_null(), "announced",
			(json_int_t)list[i].announced, "held", (json_int_t)list[i].held,
			"habit_per_hour", list[i].habit, "limit_per_half_hour", list[i].limit));
	return out;
}

static json_t *hush_json(struct daemon *d, struct query *const *rules)
{
	const struct hush *h = &rules[0]->hush;
	json_t *passed = json_object();

	for (unsigned i = 0; i < d->store.shards; i++)
		for (unsigned k = 0; k < rules[i]->n_census; k++) {
			const char *type = query_name(rules[i], rules[i]->census[k].name);
			json_int_t old = json_integer_value(json_object_get(passed, type));

			json_object_set_new(passed, type, json_integer(old +
				(json_int_t)rules[i]->census[k].customers));
		}
	return json_pack("{s:b,s:o,s:o,s:o}", "hushed", timekeeper_now(d) < h->until_ms,
		"until", h->until_ms == 0 || h->until_ms == NEVER ? json_null() :
			json_integer(h->until_ms),
		"since", h->since_ms ? json_integer(h->since_ms) : json_null(), "passed_over", passed);
}

json_t *answer_rules(struct daemon *d, struct query *const *rules)
{
	unsigned n = 0, room = 1;
	struct rule_sum *list;
	json_t *out;

	for (unsigned i = 0; i < d->store.shards; i++)
		room += rules[i]->n_breakers;
	list = calloc(room, sizeof *list);
	if (!list)
		return NULL;
	for (unsigned i = 0; i < d->store.shards; i++)
		for (unsigned k = 0; k < rules[i]->n_breakers; k++)
			sum_add(sum_find(list, &n, query_name(rules[i], rules[i]->breakers[k].rule)),
				&rules[i]->breakers[k], rules[i]->limits[k]);
	out = json_pack("{s:o,s:o}", "rules", rules_json(list, n), "announcing",
		hush_json(d, rules));
	free(list);
	return out;
}
