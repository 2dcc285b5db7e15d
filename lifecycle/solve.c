/* SPDX-License-Identifier: Apache-2.0 */
/* Solving: when a comparison, and with it a verdict, changes with nothing happening.
 *
 * Every law is monotone in time, and = and != are not allowed on what moves, so a comparison
 * flips at most once after any instant. The instant is guessed in closed form (a chance by Newton's
 * method, a value by regula falsi) and then settled by the very function that judges
 * (comparison_holds), in whole milliseconds: whatever rounding does, the solver and the judge
 * agree, because the judge decides.
 *
 * The question is always the same: from when to when is asked, and what is the first instant in it
 * at which this holds (or does not)? A group of which all members are wanted asks one after the
 * other, each from where the one before it came to, until all agree: so a chance is only solved
 * where nothing cheaper has said no. Whatever is later than what has been found is not asked for.
 * Until the first change, nothing that other rules read has moved: ladders are read from V. */
#include <math.h>
#include "lifecycle/reading.h"
#include "lifecycle/value.h"

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
	case LAW_VALUE: return lifetime_value_until(l->facts, l->rhythm, l->whole, c->bound);
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

	if (guess >= (double)high)
		at = high - 1;
	else if (guess > (double)low)
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

/* Whether what LAW does to its value can only make C hold (or else only make it fail). */
static bool comparison_may_begin(const struct comparison *c)
{
	const struct law *l = c->law;
	bool rises = l->kind == LAW_AGE || l->kind == LAW_MULTIPLE ||
		(l->kind == LAW_EXP && (l->c < 0) == (l->half_ms > 0));

	return rises == (c->op == OP_GT || c->op == OP_GE);
}

/* The first instant from FROM to UNTIL at which C holds or not, as WANTED; NEVER. */
static int64_t comparison_next(const struct comparison *c, bool wanted, int64_t from_ms,
	int64_t until_ms)
{
	bool may_come = comparison_may_begin(c) == wanted;

	/* Asked at the end first: most do not come, and then once is enough. */
	if (may_come && comparison_holds(c, until_ms) != wanted)
		return NEVER;
	if (comparison_holds(c, from_ms) == wanted)
		return from_ms;
	if (!may_come || from_ms >= until_ms)
		return NEVER;
	/* What another rule asks of the same value has mostly been found. */
	if (c->law->kind == LAW_VALUE && comparison_holds(c, until_ms - 1) != wanted)
		return until_ms;
	return comparison_settle(c, !wanted, from_ms, until_ms, comparison_crosses(c));
}

/* A question: what is asked of whom, for all terms alike. */
struct question {
	struct reading *r;
	const struct verdict *v;
	const struct touched *touched;
};

static int64_t test_next(const struct question *q, unsigned test, bool wanted, int64_t from_ms,
	int64_t until_ms)
{
	const struct test *t = &q->r->m->tests[test];
	struct comparison c;
	struct law law;

	if (!t->moves)
		return reading_still(q->r, t, q->v) == wanted ? from_ms : NEVER;
	if (!reading_compare(q->r, t, &law, &c))
		return wanted ? NEVER : from_ms;
	return comparison_next(&c, wanted, from_ms, until_ms);
}

static int64_t members_next(const struct question *q, unsigned at, bool wanted, int64_t from_ms,
	int64_t until_ms);

/* Most groups are done with when those of their tests have been looked at that do not move. */
static inline int64_t term_next(const struct question *q, unsigned at, bool wanted, int64_t from_ms,
	int64_t until_ms)
{
	const struct term *t = &q->r->m->terms[at];

	wanted ^= t->negated;
	if (t->kind == TERM_TEST)
		return test_next(q, t->test, wanted, from_ms, until_ms);
	if (!reading_agrees(q->r, t, q->v))
		return wanted ? NEVER : from_ms;
	if (t->end == at + 1)
		return wanted ? from_ms : NEVER;
	return members_next(q, at, wanted, from_ms, until_ms);
}

/* All members of the group AT as they should be. Whenever one of them says "later", all others are
 * asked again from then on; each such time is a flip, of which there are as many as tests. */
static int64_t every_next(const struct question *q, unsigned at, int64_t from_ms, int64_t until_ms)
{
	const struct term *terms = q->r->m->terms;
	unsigned i = at + 1, later = 0; /* the last member that said so */

	do {
		int64_t next_ms = term_next(q, i, true, from_ms, until_ms);

		if (next_ms == NEVER)
			return NEVER;
		if (next_ms != from_ms) {
			from_ms = next_ms;
			later = i;
		}
		i = terms[i].end;
		if (i == terms[at].end && later)
			i = at + 1;
	} while (i != later && i != terms[at].end);
	return from_ms;
}

/* Whether TERM may have been made to say something else. */
static inline bool term_is_touched(const struct touched *t, const struct term *term)
{
	return t->all || t->whole || (term->all_stills & t->stills) || (term->touched_by >> t->body & 1);
}

/* A member that is not as it should be, of those that TOUCHED may have made so. */
static int64_t some_next(const struct question *q, unsigned at, const struct touched *touched,
	int64_t from_ms, int64_t until_ms)
{
	const struct term *terms = q->r->m->terms;
	int64_t first_ms = NEVER;

	for (unsigned i = at + 1; i < terms[at].end && first_ms != from_ms; i = terms[i].end) {
		int64_t next_ms;

		if (!term_is_touched(touched, &terms[i]))
			continue;
		next_ms = term_next(q, i, false, from_ms, until_ms);
		if (next_ms != NEVER)
			first_ms = until_ms = next_ms;
	}
	return first_ms;
}

static int64_t members_next(const struct question *q, unsigned at, bool wanted, int64_t from_ms,
	int64_t until_ms)
{
	return wanted ? every_next(q, at, from_ms, until_ms) :
		some_next(q, at, TOUCHED_BY_TIME, from_ms, until_ms);
}

/* The same of a whole rule, which was not WANTED until now. Were all members of its group as they
 * should be, they still are but for those that have been touched. */
static int64_t root_next(const struct question *q, unsigned at, bool wanted, int64_t from_ms,
	int64_t until_ms)
{
	const struct term *t = &q->r->m->terms[at];

	if (t->kind == TERM_TEST || wanted != t->negated)
		return term_next(q, at, wanted, from_ms, until_ms);
	if (!reading_agrees(q->r, t, q->v))
		return from_ms;
	return some_next(q, at, q->touched, from_ms, until_ms);
}

/* Of 64 bits from 64 * WORD on those from AT on. */
static inline uint64_t bits_from(unsigned at, unsigned word)
{
	if (at <= 64 * word)
		return UINT64_MAX;
	return at < 64 * word + 64 ? UINT64_MAX << (at - 64 * word) : 0;
}

/* BITS moved up to AT, likewise. */
static inline uint64_t bits_at(uint32_t bits, unsigned at, unsigned word)
{
	if (at >= 64 * word)
		return at < 64 * word + 64 ? (uint64_t)bits << (at - 64 * word) : 0;
	return 64 * word - at < 32 ? bits >> (64 * word - at) : 0;
}

/* The rules of the word WORD that hold by V, [1], and that do not, [0]. A rung is left when one above it
 * holds, or when its own rule does not; of those below nobody knows. */
static void rules_split(const struct machine *m, const struct verdict *v, unsigned word,
	uint64_t ret_rules[2])
{
	unsigned risks = m->first_rule[m->n_ladders];

	ret_rules[true] = bits_at(v->risks, risks, word);
	ret_rules[false] = bits_from(risks, word) & ~ret_rules[true];
	for (unsigned i = 0; i < m->n_ladders; i++) {
		unsigned at = m->first_rule[i] + v->rung[i];

		ret_rules[false] |= bits_from(at, word) & ~bits_from(m->first_rule[i + 1], word);
		if (v->rung[i] > 0)
			ret_rules[true] |= bits_at(1, at - 1, word);
	}
}

/* The rules of a ladder, of the word WORD. */
static uint64_t rules_of_ladder(const struct machine *m, unsigned ladder, unsigned word)
{
	return bits_from(m->first_rule[ladder], word) & ~bits_from(m->first_rule[ladder + 1], word);
}

uint64_t rules_touched(const struct machine *m, const struct touched *t, bool held, unsigned word)
{
	uint64_t rules = t->all ? m->rules_moving[word] : m->body_rules[t->body].asked[t->calm][held][word];

	for (uint64_t stills = t->stills; stills; stills &= stills - 1)
		rules |= m->rules_of[__builtin_ctzll(stills)][word];
	if (!t->whole || t->all)
		return rules;
	for (unsigned ladders = t->ladders; ladders; ladders &= ladders - 1)
		rules |= rules_of_ladder(m, (unsigned)__builtin_ctz(ladders), word) & m->rules_moving[word];
	return rules | (bits_at(t->risks, m->first_rule[m->n_ladders], word) & m->rules_moving[word]);
}

static bool is_unknown(const struct machine *m, const struct verdict *v)
{
	unsigned i = 0;

	while (i < m->n_ladders && v->rung[i] != RUNG_NONE)
		i++;
	return i < m->n_ladders;
}

int64_t reading_differs_at(struct reading *r, const struct verdict *v, int64_t from_ms,
	int64_t until_ms, const struct touched *touched)
{
	const struct machine *m = r->m;
	struct question q = { r, v, touched };
	int64_t first_ms = NEVER;
	uint64_t known[2];

	if (is_unknown(m, v))
		return from_ms;
	for (unsigned word = 0; word * 64 < m->n_rules; word++) {
		uint64_t left;

		rules_split(m, v, word, known);
		left = (rules_touched(m, touched, false, word) & known[false]) |
			(rules_touched(m, touched, true, word) & known[true]);
		for (left &= ~m->rules_void[word];
		     left && first_ms != from_ms; left &= left - 1) {
			unsigned bit = (unsigned)__builtin_ctzll(left);
			bool held = known[true] >> bit & 1;
			int64_t next_ms = root_next(&q, m->rules[64 * word + bit].plan, !held,
				from_ms, until_ms);

			if (next_ms != NEVER)
				first_ms = until_ms = next_ms;
		}
	}
	return first_ms;
}

int64_t machine_next_change(const struct machine *m, const struct facts *f, int64_t now_ms,
	const struct verdict *v)
{
	struct reading r;

	if (now_ms >= SOLVE_HORIZON_MS)
		return NEVER;
	reading_init(&r, m, f);
	return reading_differs_at(&r, v, now_ms, SOLVE_HORIZON_MS, TOUCHED_BY_TIME);
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
	struct comparison c;
	struct law law;

	if (t->quantity >= QUANTITY_LADDER)
		return ladder_test_flips_at(m, t, f, v, now_ms);
	if (!t->moves || now_ms >= SOLVE_HORIZON_MS)
		return NEVER;
	law = quantity_law(t->quantity, f, t->rhythm);
	law_adopt_window(&law, t);
	if (!comparison_read(t, f, &law, &c))
		return NEVER;
	return comparison_next(&c, !comparison_holds(&c, now_ms), now_ms, SOLVE_HORIZON_MS);
}
