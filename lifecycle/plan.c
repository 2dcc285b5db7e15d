/* SPDX-License-Identifier: Apache-2.0 */
/* Plan: the rules of a machine as they are judged. Nots become a mark, an and within an and
 * becomes one, tests that say the same become one, and what is cheap to ask is asked first. */
#include "lifecycle/parse.h"

static bool tests_say_the_same(const struct test *a, const struct test *b)
{
	return a->quantity == b->quantity && a->other == b->other && a->op == b->op &&
		a->names == b->names && a->rhythm == b->rhythm &&
		a->business == b->business && a->calendar == b->calendar &&
		memcmp(&a->number, &b->number, sizeof a->number) == 0 &&
		memcmp(&a->window_ms, &b->window_ms, sizeof a->window_ms) == 0;
}

static bool tests_share_a_law(const struct test *a, const struct test *b)
{
	return a->quantity == b->quantity && a->rhythm == b->rhythm &&
		memcmp(&a->window_ms, &b->window_ms, sizeof a->window_ms) == 0;
}

static void plan_tests(struct machine *m)
{
	unsigned slots = 0;

	for (unsigned i = 0; i < m->n_tests; i++) {
		struct test *t = &m->tests[i];
		unsigned same = 0, law = 0;

		while (!tests_say_the_same(&m->tests[same], t))
			same++;
		while (!tests_share_a_law(&m->tests[law], t))
			law++;
		t->same = (uint16_t)same;
		if (law < i)
			t->slot = m->tests[law].slot;
		else
			t->slot = slots < SLOTS_MAX ? (uint8_t)slots++ : SLOT_NONE;
	}
}

/* How dear it is to ask a test, 0 to COSTS - 1. */
#define COSTS 6
static unsigned test_cost(const struct test *t)
{
	if (t->quantity >= QUANTITY_LADDER)
		return 0;
	if (t->business)
		return COSTS - 1; /* a walk through a calendar */
	switch (quantity_law_kind(t->quantity)) {
	case LAW_UNKNOWN:
	case LAW_CONST: return 0;
	case LAW_AGE:
	case LAW_REMAINING: return 1;
	case LAW_EXP: return 2;
	case LAW_MULTIPLE: return 3;
	case LAW_ALIVE: return 4;
	case LAW_ACTIVE: break;
	}
	return 5;
}

static unsigned node_cost(const struct machine *m, uint16_t node)
{
	const struct node *n = &m->nodes[node];
	unsigned left, right;

	if (n->kind == NODE_TEST)
		return test_cost(&m->tests[n->left]);
	left = node_cost(m, n->left);
	right = n->kind == NODE_NOT ? 0 : node_cost(m, n->right);
	return left > right ? left : right;
}

static uint16_t plan_node(struct machine *m, uint16_t node);

/* Those members of NODE's group, an and or an or, that cost COST. Chains lean to the right. */
static void plan_members(struct machine *m, uint8_t kind, uint16_t node, unsigned cost)
{
	while (m->nodes[node].kind == kind) {
		plan_members(m, kind, m->nodes[node].left, cost);
		node = m->nodes[node].right;
	}
	if (node_cost(m, node) == cost)
		(void)plan_node(m, node);
}

static uint16_t plan_node(struct machine *m, uint16_t node)
{
	uint16_t at = (uint16_t)m->n_terms++;
	struct term *t = &m->terms[at];

	*t = (struct term){ .kind = TERM_TEST };
	for (; m->nodes[node].kind == NODE_NOT; node = m->nodes[node].left)
		t->negated = !t->negated;
	if (m->nodes[node].kind == NODE_TEST) {
		t->test = m->tests[m->nodes[node].left].same;
		t->moves = m->tests[t->test].moves;
	} else {
		t->kind = m->nodes[node].kind == NODE_AND ? TERM_ALL : TERM_ANY;
		for (unsigned cost = 0; cost < COSTS; cost++)
			plan_members(m, m->nodes[node].kind, node, cost);
	}
	t->end = (uint16_t)m->n_terms;
	return at;
}

static void plan_rung(struct machine *m, struct rung *r)
{
	if (r->rule != NODE_NONE)
		r->plan = plan_node(m, r->rule);
}

static void plan_bodies(struct machine *m)
{
	for (unsigned i = 0; i < m->n_tests; i++) {
		const struct test *t = &m->tests[i];
		unsigned by = t->quantity < QUANTITIES ? quantity_changed_by(t->quantity) : 0;

		if (t->other != QUANTITY_NONE)
			by |= quantity_changed_by(t->other);
		for (unsigned body = 0; body < BODY_COUNT; body++)
			if (by >> body & 1)
				m->changed_by[body] |= UINT64_C(1) << t->owner;
	}
}

void machine_plan(struct machine *m)
{
	plan_tests(m);
	plan_bodies(m);
	for (unsigned i = 0; i < m->n_ladders; i++)
		for (unsigned r = 0; r < m->ladders[i].n_rungs; r++)
			plan_rung(m, &m->ladders[i].rungs[r]);
	for (unsigned i = 0; i < m->n_risks; i++)
		plan_rung(m, &m->risks[i]);
}
