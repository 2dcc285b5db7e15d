/* SPDX-License-Identifier: Apache-2.0 */
/* Plan: the rules of a machine as they are judged. Nots become a mark, an or the opposite of an and
 * of opposites, an and within an and becomes one, tests that do not move become bits, those that
 * say the same one bit, and what is cheap to ask is asked first. */
#include "lifecycle/parse.h"

static bool tests_say_the_same(const struct test *a, const struct test *b)
{
	return a->quantity == b->quantity && a->other == b->other && a->op == b->op &&
		a->names == b->names && a->rhythm == b->rhythm &&
		a->business == b->business && a->calendar == b->calendar && a->regions == b->regions &&
		memcmp(&a->number, &b->number, sizeof a->number) == 0 &&
		!(a->top < b->top || a->top > b->top) &&
		memcmp(&a->window_ms, &b->window_ms, sizeof a->window_ms) == 0;
}

static bool tests_share_a_law(const struct test *a, const struct test *b)
{
	return a->quantity == b->quantity && a->rhythm == b->rhythm &&
		memcmp(&a->window_ms, &b->window_ms, sizeof a->window_ms) == 0;
}

/* The place of T among tests that do not move, which it shares with whoever says the same. */
static uint8_t plan_place(struct machine *m, const struct test *t)
{
	for (unsigned place = 0; place < m->n_stills; place++)
		if (tests_say_the_same(&m->tests[m->stills[place]], t))
			return (uint8_t)place;
	if (m->n_stills == STILLS_MAX || !plan_still(m, t))
		return STILLS_MAX;
	m->stills[m->n_stills] = (uint16_t)(t - m->tests);
	return (uint8_t)m->n_stills++;
}

/* Those of one quantity lie together: it is read once for all of them. */
static void plan_stills(struct machine *m)
{
	struct test *end = m->tests + m->n_tests;

	for (struct test *t = m->tests; t < end; t++)
		t->place = STILLS_MAX;
	for (struct test *first = m->tests; first < end; first++)
		for (struct test *t = first; t < end; t++)
			if (!t->moves && t->quantity == first->quantity && t->place == STILLS_MAX)
				t->place = plan_place(m, t);
	for (struct test *t = m->tests; t < end; t++)
		m->has_loose_ladders |= t->quantity >= QUANTITY_LADDER && t->place == STILLS_MAX;
}

static void plan_tests(struct machine *m)
{
	unsigned slots = 0;

	for (struct test *t = m->tests; t < m->tests + m->n_tests; t++) {
		const struct test *law = m->tests;

		while (!tests_share_a_law(law, t))
			law++;
		if (law < t)
			t->slot = law->slot;
		else
			t->slot = t->moves && slots < SLOTS_MAX ? (uint8_t)slots++ : SLOT_NONE;
	}
}

/* How dear it is to ask a test, 0 to COSTS - 1. */
#define COSTS 6
static unsigned test_cost(const struct machine *m, const struct test *t)
{
	if (t->quantity >= QUANTITY_LADDER)
		return 0;
	if (t->business)
		return COSTS - 1; /* a walk through a calendar */
	switch ((enum law_kind)machine_quantity(m, t->quantity).law) {
	case LAW_UNKNOWN:
	case LAW_CONST: return 0;
	case LAW_AGE:
	case LAW_REMAINING: return 1;
	case LAW_EXP: return 2;
	case LAW_MULTIPLE: return 3;
	case LAW_ALIVE: return 4;
	case LAW_ACTIVE:
	case LAW_VALUE: break;
	}
	return 5;
}

static unsigned node_cost(const struct machine *m, uint16_t node)
{
	const struct node *n = &m->nodes[node];
	unsigned left, right;

	if (n->kind == NODE_TEST)
		return test_cost(m, &m->tests[n->left]);
	left = node_cost(m, n->left);
	right = n->kind == NODE_NOT ? 0 : node_cost(m, n->right);
	return left > right ? left : right;
}

static uint16_t plan_node(struct machine *m, uint16_t node, bool negated);

/* Make NODE, a test that does not move, or the opposite of one, a bit of the group AT. False: it is
 * none, or the group has its opposite. */
static bool plan_bit(struct machine *m, uint16_t at, uint16_t node, bool negated)
{
	struct term *group = &m->terms[at];
	uint64_t bit;
	unsigned place;

	for (; m->nodes[node].kind == NODE_NOT; node = m->nodes[node].left)
		negated = !negated;
	place = m->nodes[node].kind == NODE_TEST ? m->tests[m->nodes[node].left].place : STILLS_MAX;
	if (place == STILLS_MAX)
		return false;
	bit = UINT64_C(1) << place;
	if ((group->stills & bit) && !(group->holding & bit) != negated)
		return false;
	group->stills |= bit;
	group->holding |= negated ? 0 : bit;
	return true;
}

/* Those members of NODE, an and or an or, that cost COST, for the group AT. Chains lean to the
 * right. */
static void plan_members(struct machine *m, uint16_t at, uint8_t kind, uint16_t node,
	bool negated, unsigned cost)
{
	while (m->nodes[node].kind == kind) {
		plan_members(m, at, kind, m->nodes[node].left, negated, cost);
		node = m->nodes[node].right;
	}
	if (node_cost(m, node) == cost && !plan_bit(m, at, node, negated))
		(void)plan_node(m, node, negated);
}

static uint16_t plan_node(struct machine *m, uint16_t node, bool negated)
{
	uint16_t at = (uint16_t)m->n_terms++;
	struct term *t = &m->terms[at];
	uint8_t kind;

	for (; m->nodes[node].kind == NODE_NOT; node = m->nodes[node].left)
		negated = !negated;
	kind = m->nodes[node].kind;
	*t = (struct term){ .kind = TERM_ALL };
	if (kind != NODE_TEST) {
		t->negated = kind == NODE_OR ? !negated : negated;
		for (unsigned cost = 0; cost < COSTS; cost++)
			plan_members(m, at, kind, node, kind == NODE_OR, cost);
	} else if (!plan_bit(m, at, node, negated)) {
		*t = (struct term){ .kind = TERM_TEST, .negated = negated,
				    .test = m->nodes[node].left };
	}
	t->end = (uint16_t)m->n_terms;
	return at;
}

static void plan_rule(struct machine *m, struct rung *r)
{
	r->plan = plan_node(m, r->rule, false);
	m->rules[m->n_rules++].plan = r->plan;
}

static void plan_rules(struct machine *m)
{
	for (unsigned l = 0; l < m->n_ladders; l++) {
		m->first_rule[l] = (uint16_t)m->n_rules;
		for (unsigned r = 1; r < m->ladders[l].n_rungs; r++)
			plan_rule(m, &m->ladders[l].rungs[r]);
	}
	m->first_rule[m->n_ladders] = (uint16_t)m->n_rules;
	for (unsigned i = 0; i < m->n_risks; i++)
		plan_rule(m, &m->risks[i]);
}

/* Who asks for the rung of a ladder before moves with it. */
static void plan_silence(struct machine *m)
{
	for (unsigned i = 0; i < m->n_tests; i++) {
		const struct test *t = &m->tests[i];
		bool silent = t->quantity >= QUANTITY_LADDER ?
			m->silent_owners >> (t->quantity - QUANTITY_LADDER) & 1 : t->moves &&
			(machine_quantity(m, t->quantity).changed_by & (BY_PURCHASE | BY_CONTACT));

		if (silent)
			m->silent_owners |= UINT64_C(1) << t->owner;
	}
}

void machine_plan(struct machine *m)
{
	plan_stills(m);
	plan_tests(m);
	plan_silence(m);
	plan_rules(m);
	plan_touch(m);
}
