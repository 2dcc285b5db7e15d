/* SPDX-License-Identifier: Apache-2.0 */
/* Solving: when a comparison, and with it a verdict, changes with nothing happening.
 *
 * Every law is monotone in time, and = and != are not allowed on what moves, so a comparison
 * flips at most once after any instant. The instant is guessed in closed form (a chance by Newton's method) and then settled by
 * the very function that judges (comparison_holds), in whole milliseconds: whatever rounding does,
 * the solver and the judge agree, because the judge decides.
 *
 * A verdict can only change where a comparison flips. Until the first change, nothing that other
 * rules read has moved, so at each flip it is enough to judge the ladder or risk that owns it. */
#include <math.h>
#include "lifecycle/judge.h"

/* Where the law crosses the bound, to within rounding; anything, even NaN, when it never does. */
static double comparison_crosses(const struct comparison *c)
{
	const struct law *l = c->law;

	switch ((enum law_kind)l->kind) {
	case LAW_AGE: return (double)l->t_ms + c->bound;
	case LAW_REMAINING: return (double)l->t_ms - c->bound;
	case LAW_EXP: return (double)l->t_ms + l->half_ms * log2(l->c / c->bound);
	case LAW_MULTIPLE: return (double)l->t_ms + l->c * c->bound;
	case LAW_ALIVE: return (double)l->t_ms + tempo_alive_until(&l->tempo, c->bound);
	case LAW_ACTIVE:
		return (double)l->t_ms + tempo_active_until(&l->tempo, l->window_ms, c->bound);
	case LAW_CONST:
	case LAW_UNKNOWN: break;
	}
	return NAN;
}

/* The first instant in (LOW, HIGH] at which C is not BEFORE: it is at LOW and is not at HIGH.
 * Asks at GUESS, then further and further beside it, then halves what is left: two or three
 * questions for a good guess, a hundred for the worst. */
static int64_t comparison_settle(const struct comparison *c, bool before, int64_t low, int64_t high,
	double guess)
{
	int64_t at = low;

	if (guess > (double)low && guess < (double)high)
		at = (int64_t)guess;
	for (int64_t step = 1; high - low > 1; step += step < high - low ? step : 0) {
		if (at <= low || at >= high)
			at = low + (high - low) / 2;
		if (comparison_holds(c, at) == before) {
			low = at;
			at = step < high - low ? low + step : high;
		} else {
			high = at;
			at = step < high - low ? high - step : low;
		}
	}
	return high;
}

/* The first instant after NOW at which T, which moves, flips. */
static int64_t moving_test_flips_at(const struct test *t, const struct facts *f, int64_t now_ms)
{
	struct law law = quantity_law(t->quantity, f, t->rhythm);
	struct comparison c;
	bool before;

	law_adopt_window(&law, t);
	if (!comparison_read(t, f, &law, &c) || law.kind == LAW_CONST)
		return NEVER;
	before = comparison_holds(&c, now_ms);
	if (comparison_holds(&c, SOLVE_HORIZON_MS) == before)
		return NEVER;
	return comparison_settle(&c, before, now_ms, SOLVE_HORIZON_MS, comparison_crosses(&c));
}

/* Whether the ladder or risk OWNER is judged otherwise than in V. */
static bool owner_differs(const struct machine *m, unsigned owner, const struct facts *f,
	const struct verdict *v, int64_t now_ms)
{
	unsigned risk = owner - OWNER_RISK;

	if (owner < LADDERS_MAX)
		return ladder_judge(m, owner, f, v, now_ms) != v->rung[owner];
	return rule_holds(m, m->risks[risk].rule, f, v, now_ms) != (v->risks >> risk & 1);
}

struct flip {
	int64_t at_ms;
	uint8_t owner;
};

/* Take the earliest out of FLIPS[0, N). */
static struct flip flip_take(struct flip *flips, unsigned n)
{
	struct flip earliest;
	unsigned first = 0;

	for (unsigned i = 1; i < n; i++)
		if (flips[i].at_ms < flips[first].at_ms)
			first = i;
	earliest = flips[first];
	flips[first] = flips[n - 1];
	return earliest;
}

int64_t machine_next_change(const struct machine *m, const struct facts *f, int64_t now_ms,
	const struct verdict *v)
{
	struct flip flips[TESTS_MAX];
	unsigned n = 0;

	if (now_ms >= SOLVE_HORIZON_MS)
		return NEVER;
	for (unsigned i = 0; i < m->n_tests; i++) {
		const struct test *t = &m->tests[i];
		int64_t at_ms = t->moves ? moving_test_flips_at(t, f, now_ms) : NEVER;

		if (at_ms != NEVER)
			flips[n++] = (struct flip){ at_ms, t->owner };
	}
	for (; n > 0; n--) {
		struct flip flip = flip_take(flips, n);

		if (owner_differs(m, flip.owner, f, v, flip.at_ms))
			return flip.at_ms;
	}
	return NEVER;
}

/* A test of a ladder flips at one of the changes of the verdict. Each change uses up at least one
 * flip of a comparison, so there are at most as many as tests. */
static int64_t ladder_test_flips_at(const struct machine *m, const struct test *t,
	const struct facts *f, const struct verdict *v, int64_t now_ms)
{
	bool before = test_holds(t, f, v, now_ms);
	struct verdict at = *v;

	while ((now_ms = machine_next_change(m, f, now_ms, &at)) != NEVER) {
		machine_judge(m, f, now_ms, &at);
		if (test_holds(t, f, &at, now_ms) != before)
			return now_ms;
	}
	return NEVER;
}

int64_t test_flips_at(const struct machine *m, const struct test *t, const struct facts *f,
	const struct verdict *v, int64_t now_ms)
{
	if (t->quantity >= QUANTITY_LADDER)
		return ladder_test_flips_at(m, t, f, v, now_ms);
	if (!t->moves || now_ms >= SOLVE_HORIZON_MS)
		return NEVER;
	return moving_test_flips_at(t, f, now_ms);
}
