/* SPDX-License-Identifier: Apache-2.0 */
/* Context: what a notification tells beside the tests of its rule. */
#include "lifecycle/parse.h"

/* Whoever hears the one asks for the other. */
static const struct {
	uint16_t compared, told;
} companions[] = {
	{ QUANTITY_overdue, QUANTITY_silence },
	{ QUANTITY_active, QUANTITY_WINDOW },
	{ QUANTITY_active, QUANTITY_silence },
	{ QUANTITY_alive, QUANTITY_silence },
	{ QUANTITY_complaint_age, QUANTITY_reason },
	{ QUANTITY_competitor_age, QUANTITY_sighting },
	{ QUANTITY_market_remaining, QUANTITY_market_factor },
};
#define N_COMPANIONS (sizeof companions / sizeof *companions)

/* The first test below RULE that compares QUANTITY, or -1. */
static int find_test(const struct machine *m, uint16_t rule, unsigned quantity)
{
	const struct node *node;
	int found;

	if (rule == NODE_NONE)
		return -1;
	node = &m->nodes[rule];
	if (node->kind == NODE_TEST)
		return m->tests[node->left].quantity == quantity ? node->left : -1;
	found = find_test(m, node->left, quantity);
	return found >= 0 || node->kind == NODE_NOT ? found :
		find_test(m, node->right, quantity);
}

static void add(struct rung *r, unsigned quantity)
{
	for (unsigned i = 0; i < r->n_context; i++)
		if (r->context[i] == quantity)
			return;
	if (r->n_context < CONTEXT_MAX)
		r->context[r->n_context++] = (uint16_t)quantity;
}

/* Every quantity that SAY names and the rule does not compare. */
static void add_named(const struct machine *m, struct rung *r, struct span say)
{
	for (size_t i = 0; i < say.size; i++) {
		size_t n = 0;
		int q;

		if (say.data[i] != '{')
			continue;
		while (!strchr(":.}", say.data[i + 1 + n]))
			n++;
		q = machine_quantity_lookup(m, span_of(say.data + i + 1, n));
		if (q >= 0 && find_test(m, r->rule, (unsigned)q) < 0)
			add(r, (unsigned)q);
	}
}

static void fill(const struct machine *m, struct rung *r)
{
	for (unsigned i = 0; i < 1 + LANGUAGES; i++)
		add_named(m, r, r->say[i]);
	for (unsigned i = 0; i < N_COMPANIONS; i++) {
		int test = find_test(m, r->rule, companions[i].compared);

		if (test < 0 || find_test(m, r->rule, companions[i].told) >= 0)
			continue;
		if (companions[i].told == QUANTITY_WINDOW)
			r->outlook = (uint16_t)test;
		add(r, companions[i].told);
	}
}

void machine_context(struct machine *m)
{
	for (unsigned l = 0; l < m->n_ladders; l++)
		for (unsigned i = 0; i < m->ladders[l].n_rungs; i++)
			fill(m, &m->ladders[l].rungs[i]);
	for (unsigned i = 0; i < m->n_risks; i++)
		fill(m, &m->risks[i]);
}

static const struct rung *find_rule(const struct machine *m, struct span id)
{
	for (unsigned l = 0; l < m->n_ladders; l++)
		for (unsigned i = 0; i < m->ladders[l].n_rungs; i++)
			if (span_eq(m->ladders[l].rungs[i].id, id))
				return &m->ladders[l].rungs[i];
	for (unsigned i = 0; i < m->n_risks; i++)
		if (span_eq(m->risks[i].id, id))
			return &m->risks[i];
	return NULL;
}

struct span machine_say(const struct machine *m, struct span rule, enum language language)
{
	const struct rung *r = find_rule(m, rule);

	if (!r)
		return span_of(NULL, 0);
	return r->say[1 + language].size ? r->say[1 + language] : r->say[0];
}
