/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence: the comparisons of a rule with the numbers they were judged by. */
#include "lifecycle/judge.h"

static void ladder_evidence(const struct machine *m, const struct test *t,
	const struct verdict *v, struct evidence *e)
{
	const struct ladder *l = &m->ladders[t->quantity - QUANTITY_LADDER];
	uint8_t rung = v->rung[t->quantity - QUANTITY_LADDER];

	e->fact = l->name;
	e->unit = UNIT_NAME;
	e->known = rung < l->n_rungs;
	if (!e->known)
		return;
	e->value = rung;
	e->text = l->rungs[rung].name;
}

static void quantity_evidence(const struct machine *m, const struct test *t,
	const struct facts *f, int64_t now_ms, struct evidence *e)
{
	struct quantity_about about = machine_quantity(m, t->quantity);
	struct law law = quantity_law(t->quantity, f, t->rhythm);
	const char *name = NULL;

	law_adopt_window(&law, t);
	e->fact = about.name;
	e->unit = about.unit;
	e->known = law_value(&law, now_ms, &e->value);
	if (e->known && e->unit == UNIT_NAME)
		name = quantity_naming(t->quantity)((unsigned)e->value);
	if (name)
		e->text = span_str(name);
}

/* Tests of one rule were parsed one after the other, so file order is the order from left to
 * right. */
static unsigned add_tests(const struct machine *m, uint16_t rule, const struct facts *f,
	const struct verdict *v, int64_t now_ms, struct evidence *out, unsigned n)
{
	while (rule != NODE_NONE && n < EVIDENCE_MAX) {
		const struct node *node = &m->nodes[rule];
		const struct test *t;

		if (node->kind != NODE_TEST) {
			n = add_tests(m, node->left, f, v, now_ms, out, n);
			rule = node->right;
			continue;
		}
		t = &m->tests[node->left];
		out[n] = (struct evidence){ .test = t->text };
		if (t->quantity >= QUANTITY_LADDER)
			ladder_evidence(m, t, v, &out[n]);
		else
			quantity_evidence(m, t, f, now_ms, &out[n]);
		out[n].holds = test_holds(t, f, v, now_ms);
		return n + 1;
	}
	return n;
}

unsigned rule_evidence(const struct machine *m, uint16_t rule, const struct facts *f,
	const struct verdict *v, int64_t now_ms, struct evidence *out)
{
	return add_tests(m, rule, f, v, now_ms, out, 0);
}
