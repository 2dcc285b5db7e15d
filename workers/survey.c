/* SPDX-License-Identifier: Apache-2.0 */
/* Counting a page of customers, and what follows from the counts. */
#include <math.h>
#include "workers/page.h"
#include "workers/survey.h"

void survey_begin(struct survey *v, const struct machine *m)
{
	memset(v, 0, sizeof *v);
	for (const struct test *t = m->tests; t < m->tests + m->n_tests; t++) {
		unsigned i = 0;

		while (i < v->n_quantities && v->quantity[i] != t->quantity)
			i++;
		if (t->top > 0 && i == v->n_quantities)
			v->quantity[v->n_quantities++] = t->quantity;
	}
}

static void add_cut(const struct survey *v, const struct machine *m, const struct test *t,
	struct parameters *p)
{
	struct span name = machine_quantity(m, t->quantity).name;
	struct cut *cut = &p->cuts[p->n_cuts];
	unsigned i = 0;

	for (unsigned k = 0; k < p->n_cuts; k++)
		if (span_eq(span_str(p->cuts[k].quantity), name) && p->cuts[k].share == t->top)
			return;
	while (i < v->n_quantities && v->quantity[i] != t->quantity)
		i++;
	if (i == v->n_quantities || p->n_cuts == TOPS_MAX)
		return;
	memset(cut, 0, sizeof *cut);
	memcpy(cut->quantity, name.data, name.size);
	cut->share = t->top;
	cut->bound = sketch_top(&v->sketch[i], t->top);
	p->n_cuts++;
}

void survey_cuts(const struct survey *v, const struct machine *m, struct parameters *p)
{
	p->n_cuts = 0;
	if (v->historic.n < TOP_BUYERS_MIN)
		return;
	for (unsigned i = 0; i < m->n_tests; i++)
		if (m->tests[i].top > 0)
			add_cut(v, m, &m->tests[i], p);
}

/* Only buyers have a rank. */
static void count(struct shard *s, struct query *q, const struct customer *c)
{
	const struct machine *m = s->lifecycle->machine;
	struct survey *v = q->survey;
	struct law l;
	double value;

	if (!facts_has_bought(&c->facts))
		return;
	l = quantity_law(QUANTITY_historic_value, &c->facts, &m->rhythm);
	sketch_add(&v->historic, l.c);
	for (unsigned i = 0; i < v->n_quantities; i++) {
		l = quantity_law(v->quantity[i], &c->facts, &m->rhythm);
		if (law_value(&l, q->from_ms, &value))
			sketch_add(&v->sketch[i], value);
	}
}

int survey_read(struct shard *s, struct query *q)
{
	return page_read(s, q, count);
}
