/* SPDX-License-Identifier: Apache-2.0 */
/* What events touch: the numbers that tests compare which do not move, and for each body of an event
 * the rules that are to be asked after it. */
#include <math.h>
#include "lifecycle/moved.h"
#include "lifecycle/parse.h"

_Static_assert(BODY_COUNT <= 16, "a bit for each body in struct rule");

static uint8_t plan_watch(struct machine *m, uint16_t quantity)
{
	unsigned i = 0;

	while (i < m->n_watches && m->watched[i] != quantity)
		i++;
	if (i == WATCHES_MAX)
		return WATCH_NONE;
	if (i == m->n_watches)
		m->watched[m->n_watches++] = quantity;
	return (uint8_t)i;
}

bool plan_still(struct machine *m, const struct test *t)
{
	uint64_t place = UINT64_C(1) << m->n_stills;
	struct still s = { .names = t->names, .op = t->op, .other = WATCH_NONE };

	if (t->quantity >= QUANTITY_LADDER) {
		s.of_ladder = true;
		s.watch = (uint8_t)(t->quantity - QUANTITY_LADDER);
		m->ladder_stills |= place;
		m->stills_of[s.watch] |= place;
	} else {
		s.watch = plan_watch(m, t->quantity);
		if (t->other != QUANTITY_NONE)
			s.other = plan_watch(m, t->other);
		if (s.watch == WATCH_NONE || (t->other != QUANTITY_NONE && s.other == WATCH_NONE))
			return false;
		m->watches[s.watch].places |= place;
		if (s.other != WATCH_NONE)
			m->watches[s.other].places |= place;
	}
	s.plain = !s.of_ladder && s.op != OP_IN && s.other == WATCH_NONE;
	m->still[m->n_stills] = s;
	return true;
}

static void watch_bounds(const struct machine *m, struct watch *w)
{
	w->low = INFINITY;
	w->high = -INFINITY;
	for (uint64_t left = w->places; left; left &= left - 1) {
		const struct still *s = &m->still[__builtin_ctzll(left)];

		w->low = s->plain ? fmin(w->low, s->number) : -INFINITY;
		w->high = s->plain ? fmax(w->high, s->number) : INFINITY;
		if (!s->plain)
			return;
	}
}

/* Whether the term AT is never as WANTED while ranks are not known. */
static bool term_is_void(const struct machine *m, unsigned at, bool wanted)
{
	const struct term *t = &m->terms[at];

	wanted ^= t->negated;
	if (t->kind == TERM_TEST)
		return wanted && m->tests[t->test].top > 0 && isnan(m->tests[t->test].number);
	if (!wanted && t->stills)
		return false;
	for (unsigned i = at + 1; i < t->end; i = m->terms[i].end)
		if (term_is_void(m, i, wanted) == wanted)
			return wanted;
	return !wanted;
}

/* What is dear about them is made only where a test of a value may ask for it. */
static void plan_outlooks(struct machine *m)
{
	const struct value *value = NULL;

	for (unsigned i = 0; i < m->n_tests; i++)
		if (m->tests[i].quantity < QUANTITIES &&
			quantity_law_kind(m->tests[i].quantity) == LAW_VALUE)
			value = &m->value;
	outlook_table_make(&m->outlooks[0], &m->rhythm, value);
	for (unsigned i = 0; i < m->classes.n; i++)
		outlook_table_make(&m->outlooks[1 + i], &m->classes.classes[i].rhythm, value);
}

void machine_plan_numbers(struct machine *m)
{
	plan_outlooks(m);
	memset(m->rules_void, 0, sizeof m->rules_void);
	for (unsigned i = 0; i < m->n_rules; i++)
		m->rules_void[i / 64] |= (uint64_t)term_is_void(m, m->rules[i].plan, true) << i % 64;
	for (unsigned place = 0; place < m->n_stills; place++)
		m->still[place].number = m->tests[m->stills[place]].number;
	for (unsigned i = 0; i < m->n_watches; i++)
		watch_bounds(m, &m->watches[i]);
}

static unsigned quantity_touched_by(const struct machine *m, unsigned quantity)
{
	unsigned by = machine_quantity(m, quantity).changed_by;

	if (m->rhythm.classes && quantity_has_rhythm(quantity))
		by |= BY_PROFILE | BY_CONTACT; /* either may tell what the class goes by */
	return by;
}

/* The bodies of events that can touch T. A ladder's test turns when the verdict does. */
static unsigned test_touched_by(const struct machine *m, const struct test *t)
{
	unsigned by = t->quantity < QUANTITY_LADDER ? quantity_touched_by(m, t->quantity) : 0;

	if (t->regions && m->regions.n > 0)
		by |= BY_PROFILE; /* which tells the region */
	if (t->other != QUANTITY_NONE)
		by |= quantity_touched_by(m, t->other);
	return by;
}

/* Where an event that is so calm can have moved a quantity that moves, at all times: up, down, or
 * both for whatever is not known here. */
enum { MAY_RISE = 1, MAY_FALL = 2, MAY_BOTH = 3 };

static unsigned quantity_drifts(const struct machine *m, unsigned quantity, enum calm calm)
{
	if (calm == CALM_NOT || (m->rhythm.classes && quantity_has_rhythm(quantity)))
		return MAY_BOTH; /* of another class or season, perhaps */
	switch (quantity) {
	/* ages of what is now later, or as it was */
	case QUANTITY_silence:
	case QUANTITY_idle: return MAY_FALL;
	case QUANTITY_tenure:
	case QUANTITY_known_for: return 0;
	/* With as many days, x is as it was and A + s too (or A, of who bought on one day only), with a
	 * silence s that is shorter: rhythm.h. */
	case QUANTITY_overdue: return calm == CALM_SAME_DAY ? MAY_FALL : MAY_BOTH;
	case QUANTITY_active:
	case QUANTITY_alive:
	case QUANTITY_expected_next: return calm == CALM_SAME_DAY ? MAY_RISE : MAY_BOTH;
	default: return MAY_BOTH;
	}
}

/* What may become of T: true, or false, or both. */
enum { MAY_HOLD = 1, MAY_FAIL = 2 };

static unsigned test_may(const struct machine *m, const struct test *t, enum calm calm)
{
	bool grows = t->op == OP_GT || t->op == OP_GE;
	unsigned drift;

	if (t->business || t->other != QUANTITY_NONE)
		return MAY_HOLD | MAY_FAIL;
	drift = quantity_drifts(m, t->quantity, calm);
	return (drift & MAY_RISE ? (grows ? MAY_HOLD : MAY_FAIL) : 0) |
		(drift & MAY_FALL ? (grows ? MAY_FAIL : MAY_HOLD) : 0);
}

/* Bodies that touch a test of the rule INDEX so that it may do something for the rule. OPPOSED: the test
 * stands in it as its opposite. */
static void touch_test(struct machine *m, unsigned index, const struct test *t, unsigned by,
	bool opposed)
{
	unsigned begins = opposed ? MAY_FAIL : MAY_HOLD, ceases = opposed ? MAY_HOLD : MAY_FAIL;
	uint64_t bit = UINT64_C(1) << index % 64;

	for (enum calm calm = 0; calm < CALM_COUNT; calm++) {
		unsigned may = test_may(m, t, calm);

		for (unsigned bodies = by; bodies; bodies &= bodies - 1) {
			struct body_rules *b = &m->body_rules[__builtin_ctz(bodies)];

			b->asked[calm][false][index / 64] |= may & begins ? bit : 0;
			b->asked[calm][true][index / 64] |= may & ceases ? bit : 0;
		}
	}
}

static void touch_terms(struct machine *m, unsigned index, unsigned at, bool opposed)
{
	struct term *t = &m->terms[at];

	opposed ^= t->negated;
	if (t->kind == TERM_TEST) {
		m->rules_moving[index / 64] |= UINT64_C(1) << index % 64;
		t->touched_by = (uint16_t)test_touched_by(m, &m->tests[t->test]);
		touch_test(m, index, &m->tests[t->test], t->touched_by, opposed);
		return;
	}
	t->all_stills = t->stills;
	for (unsigned i = at + 1; i < t->end; i = m->terms[i].end) {
		touch_terms(m, index, i, opposed);
		t->touched_by |= m->terms[i].touched_by;
		t->all_stills |= m->terms[i].all_stills;
	}
}

static void plan_rule_touch(struct machine *m, unsigned index)
{
	unsigned plan = m->rules[index].plan;

	touch_terms(m, index, plan, false);
	for (uint64_t left = m->terms[plan].all_stills; left; left &= left - 1)
		m->rules_of[__builtin_ctzll(left)][index / 64] |= UINT64_C(1) << index % 64;
}

/* Those that a test compares with WATCH: if that is read before and after, so will they be. */
static uint64_t partners(const struct machine *m, unsigned watch)
{
	uint64_t found = 0;

	for (uint64_t left = m->watches[watch].places; left; left &= left - 1) {
		const struct still *s = &m->still[__builtin_ctzll(left)];

		if (s->plain || s->other == WATCH_NONE)
			continue;
		found |= quantity_goes_by(m->watched[s->watch]) ? UINT64_C(1) << s->watch : 0;
		found |= quantity_goes_by(m->watched[s->other]) ? UINT64_C(1) << s->other : 0;
	}
	return found;
}

static void plan_watch_touch(struct machine *m, unsigned watch)
{
	unsigned by = quantity_touched_by(m, m->watched[watch]);
	unsigned moves = quantity_goes_by(m->watched[watch]);

	for (unsigned body = 0; body < BODY_COUNT; body++)
		if ((by >> body & 1) && !(moves && body_is_trade(body)))
			m->watches_by[body] |= UINT64_C(1) << watch;
	m->watched_moves |= moves;
	for (; moves; moves &= moves - 1)
		m->watches_moved[__builtin_ctz(moves)] |= UINT64_C(1) << watch | partners(m, watch);
}

void plan_touch(struct machine *m)
{
	for (unsigned i = 0; i < m->n_watches; i++)
		plan_watch_touch(m, i);
	for (unsigned i = 0; i < m->n_rules; i++)
		plan_rule_touch(m, i);
	machine_plan_numbers(m);
}
