/* SPDX-License-Identifier: Apache-2.0 */
/* The people of a funnel, and what is counted of them. */
#define _GNU_SOURCE /* qsort_r() */
#include "ctl/funnel.h"
#include <stdlib.h>
#include <string.h>
#include "base/room.h"
#include "ctl/reply.h"

void funnel_fini(struct funnel *f)
{
	free(f->people);
	json_decref(f->texts);
	*f = (struct funnel){ 0 };
}

/* The one address of TEXT; NULL when memory is out. */
static const char *intern(struct funnel *f, const char *text)
{
	json_t *known;

	if (!*text)
		return "";
	if (!f->texts)
		f->texts = json_object();
	known = json_object_get(f->texts, text);
	if (!known) {
		known = json_string(text);
		if (json_object_set_new(f->texts, text, known) != 0)
			return NULL;
	}
	return json_string_value(known);
}

static int rung_index(const struct funnel *f, const char *name)
{
	for (unsigned i = 0; i < f->n_rungs; i++)
		if (strcmp(f->rung[i], name) == 0)
			return (int)i;
	return -1;
}

static int take_rungs(struct funnel *f, const json_t *page)
{
	const json_t *rungs = json_object_get(page, "rungs");
	int64_t version = reply_int(page, "lifecycle_version");
	json_t *rung;
	size_t i;

	f->clock_ms = reply_int(page, "clock");
	if (f->version)
		return f->version == version ? 0 : ERR_EXISTS;
	f->version = version;
	if (json_array_size(rungs) > FUNNEL_RUNGS_MAX)
		return ERR_CORRUPT;
	json_array_foreach(rungs, i, rung) {
		f->rung[i] = intern(f, reply_text(rung, "rung"));
		f->bad[i] = reply_flag(rung, "bad");
		if (!f->rung[i])
			return ERR_NOMEM;
	}
	f->n_rungs = (unsigned)json_array_size(rungs);
	return 0;
}

static struct person *add_person(struct funnel *f)
{
	struct person *people;

	people = room_for_one(f->people, f->n, &f->capacity, 256, sizeof *people);
	if (!people)
		return NULL;
	f->people = people;
	return memset(&f->people[f->n++], 0, sizeof *f->people);
}

static int take_row(struct funnel *f, const json_t *row)
{
	struct person *p = add_person(f);
	const char *name;
	json_t *at;
	int rung;

	if (!p)
		return ERR_NOMEM;
	p->number = f->n;
	p->first_ms = reply_int(row, "first");
	p->converted_ms = reply_int(row, "converted");
	p->source = intern(f, reply_text(row, "source"));
	p->owner = intern(f, reply_text(row, "owner"));
	p->month = intern(f, reply_text(row, "month"));
	p->why = intern(f, reply_text(row, "why"));
	p->why_group = intern(f, reply_text(row, "why_group"));
	p->missing = intern(f, reply_text(row, "missing"));
	p->rung = rung_index(f, reply_text(row, "rung"));
	p->readiness = (int)(reply_int(row, "yes") - reply_int(row, "no"));
	p->was_actual = reply_flag(row, "was_actual");
	p->cut = reply_flag(row, "cut");
	p->lost = *p->why != 0;
	p->at_once = p->was_actual && p->converted_ms && p->converted_ms <= p->first_ms;
	json_object_foreach(json_object_get(row, "entered"), name, at) {
		rung = rung_index(f, name);
		if (rung >= 0)
			p->entered_ms[rung] = json_integer_value(at);
	}
	return p->source && p->owner && p->month && p->why && p->why_group && p->missing ? 0 : ERR_NOMEM;
}

int funnel_add(struct funnel *f, const json_t *page, const char *since, const char *until)
{
	int rc = json_array_size(json_object_get(page, "rows")) ? take_rungs(f, page) : 0;
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(page, "rows"), i, row) {
		const char *month = reply_text(row, "month");

		if (rc != 0)
			return rc;
		if ((!since || strcmp(month, since) >= 0) && (!until || strcmp(month, until) <= 0))
			rc = take_row(f, row);
	}
	return rc;
}

/* ---- counting */

static int time_compare(const void *a, const void *b)
{
	int64_t p = *(const int64_t *)a, q = *(const int64_t *)b;

	return (p > q) - (p < q);
}

struct spread spread_of(int64_t *list, size_t n)
{
	if (n == 0)
		return (struct spread){ 0 };
	qsort(list, n, sizeof *list, time_compare);
	return (struct spread){ n, list[(n - 1) / 4], list[(n - 1) / 2], list[(n - 1) * 3 / 4] };
}

static const char *const nothing = "";

/* What is not asked for does not tell people apart. */
static struct funnel_group group_of(const struct person *p, unsigned by)
{
	return (struct funnel_group){ .source = by & BY_SOURCE ? p->source : nothing,
		.owner = by & BY_OWNER ? p->owner : nothing,
		.month = by & BY_MONTH ? p->month : nothing };
}

static int person_compare(const void *a, const void *b, void *by)
{
	struct funnel_group p = group_of(a, *(unsigned *)by), q = group_of(b, *(unsigned *)by);
	int c = strcmp(p.source, q.source);

	c = c ? c : strcmp(p.owner, q.owner);
	return c ? c : strcmp(p.month, q.month);
}

static void count(struct funnel_group *g, const struct person *p, int64_t *took, size_t *n)
{
	g->people++;
	g->at_once += p->at_once;
	g->lost += p->lost;
	if (p->at_once)
		return;
	g->prospects++;
	g->converted += p->was_actual;
	if (p->converted_ms)
		took[(*n)++] = p->converted_ms - p->first_ms;
}

int funnel_groups(struct funnel *f, unsigned by, struct funnel_group **ret, size_t *ret_n)
{
	struct funnel_group *g = calloc(f->n + 1, sizeof *g);
	int64_t *took = malloc((f->n + 1) * sizeof *took);

	if (!g || !took) {
		free(g);
		free(took);
		return ERR_NOMEM;
	}
	if (f->n)
		qsort_r(f->people, f->n, sizeof *f->people, person_compare, &by);
	*ret_n = 0;
	for (size_t i = 0, end; i < f->n; i = end) {
		struct funnel_group *one = &g[(*ret_n)++];
		size_t n = 0;

		*one = group_of(&f->people[i], by);
		for (end = i; end < f->n && person_compare(&f->people[i], &f->people[end], &by) == 0; end++)
			count(one, &f->people[end], took, &n);
		one->took = spread_of(took, n);
	}
	free(took);
	*ret = g;
	return 0;
}

/* When P first stood on a rung above RUNG that is no bad news; 0: never. */
static int64_t went_on_ms(const struct funnel *f, const struct person *p, unsigned rung)
{
	int64_t at = 0;

	for (unsigned i = rung + 1; i < f->n_rungs; i++)
		if (p->entered_ms[i] && !f->bad[i] && (!at || p->entered_ms[i] < at))
			at = p->entered_ms[i];
	return at;
}

int funnel_stage(const struct funnel *f, unsigned rung, struct funnel_stage *ret)
{
	int64_t *stayed = malloc((f->n + 1) * sizeof *stayed);
	size_t n = 0;

	*ret = (struct funnel_stage){ 0 };
	if (!stayed)
		return ERR_NOMEM;
	for (size_t i = 0; i < f->n; i++) {
		const struct person *p = &f->people[i];
		int64_t on = went_on_ms(f, p, rung);

		ret->here += p->rung == (int)rung;
		if (!p->entered_ms[rung])
			continue;
		ret->entered++;
		ret->went_on += on != 0;
		if (on && on >= p->entered_ms[rung]) /* else they had been there before */
			stayed[n++] = on - p->entered_ms[rung];
	}
	ret->stayed = spread_of(stayed, n);
	free(stayed);
	return 0;
}

static void tally(json_t *counts, const char *name)
{
	json_object_set_new(counts, name,
		json_integer(json_integer_value(json_object_get(counts, name)) + 1));
}

json_t *funnel_lost(const struct funnel *f)
{
	json_t *out = json_object();

	for (size_t i = 0; i < f->n; i++)
		if (f->people[i].lost)
			tally(out, f->people[i].why);
	return out;
}

json_t *funnel_stopped(const struct funnel *f)
{
	json_t *out = json_object(), *rung;

	for (size_t i = 0; i < f->n; i++) {
		const struct person *p = &f->people[i];

		if (p->was_actual || p->rung < 0)
			continue;
		rung = json_object_get(out, f->rung[p->rung]);
		if (!rung) {
			rung = json_object();
			json_object_set_new(out, f->rung[p->rung], rung);
		}
		tally(rung, *p->missing ? p->missing : "nothing");
	}
	return out;
}
