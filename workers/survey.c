/* SPDX-License-Identifier: Apache-2.0 */
/* Counting a page of customers, and what follows from the counts. */
#include <math.h>
#include "workers/query.h"
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
static void count(struct survey *v, const struct machine *m, const struct facts *f, int64_t now_ms)
{
	struct law l;
	double value;

	if (!facts_has_bought(f))
		return;
	l = quantity_law(QUANTITY_historic_value, f, &m->rhythm);
	sketch_add(&v->historic, l.c);
	for (unsigned i = 0; i < v->n_quantities; i++) {
		l = quantity_law(v->quantity[i], f, &m->rhythm);
		if (law_value(&l, now_ms, &value))
			sketch_add(&v->sketch[i], value);
	}
}

int survey_read(struct shard *s, struct query *q)
{
	struct customer *c = &s->customer;
	struct span id, record;
	int rc = s->lifecycle ? 0 : ERR_NOTFOUND;

	if (rc == 0 && s->lifecycle->machine->version != q->from)
		return ERR_EXISTS;
	for (unsigned n = 0; rc == 0 && n < SURVEY_PAGE; n++) {
		rc = env_customer_next(s->env, span_of(q->key.data, q->key.size), &id, &record);
		if (rc != 0 && (rc != ERR_CORRUPT || env_failed(s->env) != 0))
			break;
		buf_clear(&q->key);
		buf_add(&q->key, id.data, id.size);
		if (rc == 0)
			rc = customer_unpack(c, id, record, s->lifecycle->machine, &s->numbering);
		if (rc == 0)
			count(q->survey, s->lifecycle->machine, &c->facts, q->from_ms);
		rc = q->key.failed ? ERR_NOMEM : 0; /* a damaged record counts for nobody */
	}
	q->done = rc == ERR_NOTFOUND;
	return q->done ? 0 : rc;
}
