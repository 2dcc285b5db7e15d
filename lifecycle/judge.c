/* SPDX-License-Identifier: Apache-2.0 */
/* Judging: which rungs and risks the rules give for facts at an instant. No allocation, and
 * 2^x and its like only where what needs it is compared. */
#include <math.h>
#include "lifecycle/reading.h"
#include "lifecycle/value.h"

/* The bound by the clock that T's working time is, of what began or will end at LAW's instant. */
static double business_bound(const struct test *t, const struct facts *f, const struct law *law)
{
	const struct facts_string *region = &f->text[TEXT_REGION];
	const struct calendar *calendar = calendar_of_region(t->regions,
		span_of(region->text, region->size), t->calendar);
	bool beyond = t->op == OP_GT || t->op == OP_LE; /* their line lies behind the span */
	bool grows = law->kind == LAW_AGE;
	int64_t span = (int64_t)t->number, at;
	double at_ms;

	if (law->t_ms < -EVENT_TIME_MAX || law->t_ms > 2 * EVENT_TIME_MAX)
		return t->number; /* in no calendar */
	if (grows)
		span += beyond;
	else
		span = beyond ? -span : 1 - span;
	at = business_add(calendar, t->business, law->t_ms, span);
	at_ms = at == BUSINESS_NEVER ? INFINITY : at == -BUSINESS_NEVER ? -INFINITY : (double)at;
	return grows ? at_ms - (double)law->t_ms - beyond : (double)law->t_ms - at_ms + !beyond;
}

bool comparison_read(const struct test *t, const struct facts *f, const struct law *law,
	struct comparison *ret_c)
{
	*ret_c = (struct comparison){ law, t->number, t->op };
	if (t->top > 0 && isnan(t->number))
		return false; /* a rank that nobody knows */
	if (t->other != QUANTITY_NONE) {
		struct law other = quantity_law(t->other, f, t->rhythm);

		if (other.kind != LAW_CONST)
			return false;
		ret_c->bound *= other.c;
	}
	if (t->business && law->kind != LAW_UNKNOWN)
		ret_c->bound = business_bound(t, f, law);
	return law->kind != LAW_UNKNOWN;
}

bool comparison_holds(const struct comparison *c, int64_t now_ms)
{
	const struct law *l = c->law;
	double v = l->c;

	/* What decays keeps its sign for ever, also when 2^x has become 0; a chance is above 0. */
	if (c->bound == 0 && law_is_chance(l->kind))
		v = 1;
	else if (l->kind == LAW_VALUE)
		v = lifetime_value_near(l->facts, l->rhythm, l->whole, now_ms, c->bound, l->memo);
	else if (l->kind != LAW_CONST && !(l->kind == LAW_EXP && c->bound == 0) &&
		 !law_value(l, now_ms, &v))
		return false;
	return is_accepted(c->op, v, c->bound);
}

bool comparison_accepts(const struct comparison *c, double v)
{
	const struct law *l = c->law;

	if (c->bound == 0 && law_is_chance(l->kind)) /* as above */
		v = 1;
	else if (c->bound == 0 && l->kind == LAW_EXP)
		v = l->c;
	return is_accepted(c->op, v, c->bound);
}

static bool name_holds(const struct test *t, const struct facts *f, const struct verdict *v)
{
	struct law l;

	if (t->quantity >= QUANTITY_LADDER)
		return t->names >> v->rung[t->quantity - QUANTITY_LADDER] & 1;
	l = quantity_law(t->quantity, f, t->rhythm);
	return l.kind == LAW_CONST && l.c >= 0 && l.c < 64 && (t->names >> (unsigned)l.c & 1);
}

static bool number_holds(const struct test *t, const struct facts *f, int64_t now_ms)
{
	struct law law = quantity_law(t->quantity, f, t->rhythm);
	struct comparison c;

	law_adopt_window(&law, t);
	return comparison_read(t, f, &law, &c) && comparison_holds(&c, now_ms);
}

bool test_holds(const struct test *t, const struct facts *f, const struct verdict *v,
	int64_t now_ms)
{
	return t->op == OP_IN ? name_holds(t, f, v) : number_holds(t, f, now_ms);
}

static bool test_is_held(struct reading *r, const struct test *t, const struct verdict *v,
	int64_t now_ms)
{
	struct comparison c;
	struct law law;

	if (!t->moves)
		return reading_still(r, t, v);
	return reading_compare(r, t, &law, &c) && comparison_holds(&c, now_ms);
}

/* Recursion only into groups within groups: at most DEPTH_MAX deep (machine.h). */
static bool term_holds(struct reading *r, unsigned at, const struct verdict *v, int64_t now_ms)
{
	const struct term *terms = r->m->terms, *t = &terms[at];
	bool holds;

	if (t->kind == TERM_TEST)
		return test_is_held(r, &r->m->tests[t->test], v, now_ms) != t->negated;
	holds = reading_agrees(r, t, v);
	for (unsigned i = at + 1; i < t->end && holds; i = terms[i].end)
		holds = term_holds(r, i, v, now_ms);
	return holds != t->negated;
}

/* The last rung whose rule holds wins, so look from there. */
static uint8_t ladder_judge(struct reading *r, unsigned ladder, const struct verdict *v,
	int64_t now_ms)
{
	const struct rule *first = &r->m->rules[r->m->first_rule[ladder]];
	unsigned rung = r->m->first_rule[ladder + 1] - r->m->first_rule[ladder];

	while (rung > 0 && !term_holds(r, first[rung - 1].plan, v, now_ms))
		rung--;
	return (uint8_t)rung;
}

void reading_judge(struct reading *r, int64_t now_ms, struct verdict *ret_verdict)
{
	const struct machine *m = r->m;
	const struct rule *risks = &m->rules[m->first_rule[m->n_ladders]];

	r->asked &= ~m->ladder_stills; /* of another verdict */
	r->held &= ~m->ladder_stills;
	memset(ret_verdict->rung, RUNG_NONE, sizeof ret_verdict->rung);
	for (unsigned i = 0; i < m->n_ladders; i++)
		ret_verdict->rung[i] = ladder_judge(r, i, ret_verdict, now_ms);
	ret_verdict->risks = 0;
	for (unsigned i = 0; i < m->n_risks; i++)
		if (term_holds(r, risks[i].plan, ret_verdict, now_ms))
			ret_verdict->risks |= UINT32_C(1) << i;
}

/* Judging what was judged before, of which only some has been touched since. */
struct rejudging {
	struct reading *r;
	struct touched *t;
	int64_t now_ms;
	struct verdict *v;
	uint64_t asked[2][RULE_WORDS]; /* rules_touched(): that did not hold, that did */
};

static void rejudging_touch(struct rejudging *j)
{
	for (unsigned word = 0; 64 * word < j->r->m->n_rules; word++) {
		j->asked[false][word] = rules_touched(j->r->m, j->t, false, word);
		j->asked[true][word] = rules_touched(j->r->m, j->t, true, word);
	}
}

/* Whether RULE holds, which did or did not. */
static inline bool rule_holds_still(const struct rejudging *j, unsigned rule, bool held)
{
	if (!(j->asked[held][rule / 64] >> rule % 64 & 1))
		return held;
	return term_holds(j->r, j->r->m->rules[rule].plan, j->v, j->now_ms);
}

/* Of the rungs below the one that was stood on, WAS, nobody knows. */
static uint8_t ladder_rejudge(const struct rejudging *j, unsigned ladder, unsigned was)
{
	const struct machine *m = j->r->m;
	unsigned first = m->first_rule[ladder], rung = m->first_rule[ladder + 1] - first;

	while (rung > was && !rule_holds_still(j, first + rung - 1, false))
		rung--;
	if (rung > was || (rung > 0 && rule_holds_still(j, first + rung - 1, true)))
		return (uint8_t)rung;
	while (rung > 0 && (rung == was ||
		!term_holds(j->r, m->rules[first + rung - 1].plan, j->v, j->now_ms)))
		rung--;
	return (uint8_t)rung;
}

/* Touch the tests that ask for a rung of LADDER, and are answered otherwise now. */
static void ladder_is_another(struct rejudging *j, unsigned ladder, unsigned was, unsigned is)
{
	const struct machine *m = j->r->m;
	uint64_t turned = 0;

	for (uint64_t left = m->stills_of[ladder]; left; left &= left - 1) {
		uint64_t names = m->still[__builtin_ctzll(left)].names;

		if ((names >> was ^ names >> is) & 1)
			turned |= left & -left;
	}
	j->t->ladders |= (uint8_t)(1u << ladder);
	j->t->stills |= turned;
	if (turned)
		rejudging_touch(j);
}

void reading_rejudge(struct reading *r, const struct verdict *v, struct touched *t, int64_t now_ms,
	struct verdict *ret_verdict)
{
	struct rejudging j = { r, t, now_ms, ret_verdict };
	const struct machine *m = r->m;
	unsigned risks = m->first_rule[m->n_ladders];

	r->asked &= ~m->ladder_stills; /* of another verdict */
	r->held &= ~m->ladder_stills;
	memset(ret_verdict->rung, RUNG_NONE, sizeof ret_verdict->rung);
	rejudging_touch(&j);
	for (unsigned i = 0; i < m->n_ladders; i++) {
		ret_verdict->rung[i] = ladder_rejudge(&j, i, v->rung[i]);
		if (ret_verdict->rung[i] != v->rung[i])
			ladder_is_another(&j, i, v->rung[i], ret_verdict->rung[i]);
	}
	ret_verdict->risks = 0;
	for (unsigned i = 0; i < m->n_risks; i++)
		if (rule_holds_still(&j, risks + i, v->risks >> i & 1))
			ret_verdict->risks |= UINT32_C(1) << i;
	t->risks = ret_verdict->risks ^ v->risks;
	t->whole = true;
}

void machine_judge(const struct machine *m, const struct facts *f, int64_t now_ms,
	struct verdict *ret_verdict)
{
	struct reading r;

	reading_init(&r, m, f);
	reading_judge(&r, now_ms, ret_verdict);
}

bool rung_holds(const struct machine *m, const struct rung *rung, const struct facts *f,
	const struct verdict *v, int64_t now_ms)
{
	struct reading r;

	reading_init(&r, m, f);
	return rung->rule == NODE_NONE || term_holds(&r, rung->plan, v, now_ms);
}

bool verdict_equal(const struct machine *m, const struct verdict *a, const struct verdict *b)
{
	return a->risks == b->risks && memcmp(a->rung, b->rung, m->n_ladders) == 0;
}
