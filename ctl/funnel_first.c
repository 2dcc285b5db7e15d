/* SPDX-License-Identifier: Apache-2.0 */
/* The first fifth: whom one would have gone to first, by what one could know then.
 *
 * "The first 20 % of prospects deserve 80 % of the work": whether they do is seen by ranking each
 * month's prospects without looking at how they ended, and counting afterwards. Month by month, since
 * who came lately has had less time to convert. */
#include <stdlib.h>
#include <string.h>
#include "ctl/funnel.h"

/* So many prospects of all sources are believed in beside a source's own. */
#define BELIEF 20.0

/* Something that was known from then on. */
struct moment {
	int64_t at_ms;
	struct person *who;
	bool converted; /* else they came */
};

static int moment_compare(const void *a, const void *b)
{
	const struct moment *p = a, *q = b;

	if (p->at_ms != q->at_ms)
		return p->at_ms > q->at_ms ? 1 : -1;
	return p->converted - q->converted; /* who came at that instant does not know of it */
}

struct tally {
	const char *source;
	double came, converted;
};

static struct tally *tally_of(struct tally *list, unsigned *n, const char *source)
{
	unsigned i = 0;

	while (i < *n && list[i].source != source)
		i++;
	if (i == *n)
		list[(*n)++] = (struct tally){ .source = source };
	return &list[i];
}

/* Sources are those of enum acquisition, and none. */
#define SOURCES_MAX 32
static void look_ahead(const struct moment *list, size_t n)
{
	struct tally tallies[SOURCES_MAX], all = { 0 };
	unsigned n_tallies = 0;

	for (size_t i = 0; i < n; i++) {
		struct person *p = list[i].who;
		struct tally *own = n_tallies < SOURCES_MAX
			? tally_of(tallies, &n_tallies, p->source) : &all;
		double common = (all.converted + 1) / (all.came + 2);

		if (!list[i].converted)
			p->promise = (own->converted + BELIEF * common) / (own->came + BELIEF);
		*(list[i].converted ? &own->converted : &own->came) += 1;
		if (own != &all)
			*(list[i].converted ? &all.converted : &all.came) += 1;
	}
}

static int promises(struct funnel *f)
{
	struct moment *list = malloc((2 * f->n + 1) * sizeof *list);
	size_t n = 0;

	if (!list)
		return ERR_NOMEM;
	for (size_t i = 0; i < f->n; i++) {
		struct person *p = &f->people[i];

		if (p->at_once)
			continue;
		list[n++] = (struct moment){ p->first_ms, p, false };
		if (p->was_actual && p->converted_ms)
			list[n++] = (struct moment){ p->converted_ms, p, true };
	}
	if (n)
		qsort(list, n, sizeof *list, moment_compare);
	look_ahead(list, n);
	free(list);
	return 0;
}

/* Prospects first, by month, in the order in which one would go to them. */
static int rank_compare(const void *a, const void *b)
{
	const struct person *p = a, *q = b;
	int month = strcmp(p->month, q->month);

	if (p->at_once != q->at_once)
		return p->at_once - q->at_once;
	if (month != 0)
		return month;
	if (p->readiness != q->readiness)
		return q->readiness - p->readiness;
	if (p->promise != q->promise)
		return p->promise > q->promise ? -1 : 1;
	if (p->first_ms != q->first_ms)
		return p->first_ms > q->first_ms ? 1 : -1;
	return (p->number > q->number) - (p->number < q->number);
}

int funnel_first(struct funnel *f, struct funnel_first *ret)
{
	size_t end, n = 0;
	int rc = promises(f);

	*ret = (struct funnel_first){ 0 };
	if (rc != 0 || f->n == 0)
		return rc;
	qsort(f->people, f->n, sizeof *f->people, rank_compare);
	while (n < f->n && !f->people[n].at_once)
		n++;
	for (size_t begin = 0; begin < n; begin = end) {
		const struct person *p = &f->people[begin];
		size_t fifth;

		for (end = begin; end < n && strcmp(f->people[end].month, p->month) == 0; end++)
			;
		fifth = begin + (size_t)((double)(end - begin) / 5 + .5);
		for (size_t i = begin; i < end; i++) {
			*(i < fifth ? &ret->first : &ret->rest) += 1;
			*(i < fifth ? &ret->first_converted : &ret->rest_converted) +=
				f->people[i].was_actual;
			ret->by_readiness |= f->people[i].readiness != p->readiness;
			ret->by_source |= f->people[i].source != p->source;
		}
	}
	return 0;
}
