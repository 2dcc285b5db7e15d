/* SPDX-License-Identifier: Apache-2.0 */
/* A funnel as JSON: times are milliseconds. */
#include <stdlib.h>
#include "ctl/show_funnel.h"

static json_t *spread_json(const struct spread *s)
{
	if (s->n == 0)
		return json_null();
	return json_pack("{s:I,s:I,s:I}", "quarter", (json_int_t)s->low, "half", (json_int_t)s->middle,
		"three_quarters", (json_int_t)s->high);
}

static json_t *group_json(const struct funnel_group *g, unsigned by)
{
	json_t *out = json_pack("{s:I,s:I,s:I,s:I,s:I,s:o}", "people", (json_int_t)g->people, "at_once",
		(json_int_t)g->at_once, "prospects", (json_int_t)g->prospects, "converted",
		(json_int_t)g->converted, "lost", (json_int_t)g->lost, "took", spread_json(&g->took));

	if (by & BY_SOURCE)
		json_object_set_new(out, "source", json_string(g->source));
	if (by & BY_OWNER)
		json_object_set_new(out, "owner", json_string(g->owner));
	if (by & BY_MONTH)
		json_object_set_new(out, "month", json_string(g->month));
	return out;
}

static json_t *groups_json(struct funnel *f, unsigned by)
{
	struct funnel_group *list = NULL;
	json_t *out = json_array();
	size_t n = 0;

	if (funnel_groups(f, by, &list, &n) != 0) {
		json_decref(out);
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		json_array_append_new(out, group_json(&list[i], by));
	free(list);
	return out;
}

static json_t *stages_json(const struct funnel *f)
{
	json_t *out = json_array();

	for (unsigned i = 0; i < f->n_rungs; i++) {
		struct funnel_stage s;

		if (funnel_stage(f, i, &s) != 0) {
			json_decref(out);
			return NULL;
		}
		json_array_append_new(out, json_pack("{s:s,s:I,s:I,s:I,s:o}", "rung", f->rung[i], "entered",
			(json_int_t)s.entered, "went_on", (json_int_t)s.went_on, "here", (json_int_t)s.here,
			"stayed", spread_json(&s.stayed)));
	}
	return out;
}

static json_t *first_json(struct funnel *f)
{
	struct funnel_first r;

	if (funnel_first(f, &r) != 0)
		return NULL;
	return json_pack("{s:I,s:I,s:I,s:I,s:b,s:b}", "first", (json_int_t)r.first, "first_converted",
		(json_int_t)r.first_converted, "rest", (json_int_t)r.rest, "rest_converted",
		(json_int_t)r.rest_converted, "by_readiness", r.by_readiness, "by_source", r.by_source);
}

json_t *funnel_json(struct funnel *f, unsigned by)
{
	json_int_t cut = 0;

	for (size_t i = 0; i < f->n; i++)
		cut += f->people[i].cut;
	return json_pack("{s:I,s:I,s:I,s:o,s:o,s:o,s:o,s:o}", "clock", (json_int_t)f->clock_ms, "people",
		(json_int_t)f->n, "cut", cut, "stages", stages_json(f), "groups", groups_json(f, by),
		"first_fifth", first_json(f), "not_converted", funnel_stopped(f), "lost", funnel_lost(f));
}
