/* SPDX-License-Identifier: Apache-2.0 */
/* The solver against brute force: random files, random customers, and the judge as the oracle. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include "lifecycle/judge.h"
#include "random_event.h"

#define DAY INT64_C(86400000)
#define T0  (20000 * DAY)

/* ---- a random file about given facts: bounds are taken from what its quantities will be, so
 * that comparisons do flip, and sometimes exactly on a millisecond */

struct writer {
	struct random *r;
	const struct facts *f;
	struct buf out;
	int64_t now_ms;   /* from when the file will be followed */
	struct rhythm rhythm;
	unsigned ladders; /* declared so far, each with rungs r0 to r2 at least */
};

/* Mostly soon after the last event, sometimes before it, sometimes in another century. */
static int64_t some_time_ms(struct random *r)
{
	switch (random_below(r, 8)) {
	case 0: return RANDOM_BEGIN_MS + (int64_t)random_below(r, (uint64_t)RANDOM_SPAN_MS);
	case 1: return EVENT_TIME_MAX - (int64_t)random_below(r, 60000 * DAY);
	default: return RANDOM_BEGIN_MS + RANDOM_SPAN_MS + (int64_t)random_below(r, 60 * DAY);
	}
}

/* NOW and a few seconds, days or years. */
static int64_t later(struct random *r, int64_t now_ms)
{
	return now_ms + (int64_t)random_below(r, UINT64_C(1) << (10 + random_below(r, 28)));
}

/* Between LEAST and MOST at any scale, as a file can tell it. */
static double some_parameter(struct random *r, double least, double most)
{
	double v = least * pow(most / least, (double)random_below(r, 1001) / 1000);

	return round(v * 1e4) / 1e4;
}

/* None (the default), as shops have it, or to the ends of what is allowed. */
static void write_rhythm(struct writer *w)
{
	struct random *r = w->r;
	struct rhythm m = RHYTHM_DEFAULT;
	bool extreme = random_below(r, 3) == 0;

	w->rhythm = m;
	if (random_below(r, 4) == 0)
		return;
	m.r = extreme ? some_parameter(r, RHYTHM_MIN, RHYTHM_MAX) : some_parameter(r, .1, 5);
	m.a = extreme ? some_parameter(r, RHYTHM_MIN, RHYTHM_MAX) : some_parameter(r, .05, 5);
	m.b = extreme ? some_parameter(r, RHYTHM_MIN, RHYTHM_MAX) : some_parameter(r, .05, 5);
	m.a = random_below(r, 6) ? m.a : 0;
	m.b = random_below(r, 6) ? m.b : RHYTHM_MAX;
	m.alpha = round(extreme ? some_parameter(r, RHYTHM_TIME_MIN_MS, RHYTHM_TIME_MAX_MS)
				: some_parameter(r, DAY, 300.0 * DAY));
	m.window = round(some_parameter(r, RHYTHM_TIME_MIN_MS, 1000.0 * DAY));
	m.floor = random_below(r, 2) ? 0 : some_parameter(r, 1e-4, 1);
	buf_printf(&w->out, "rhythm { r %.4f alpha %.0fms a %.4f b %.4f floor %.4f window %.0fms }\n",
		m.r, m.alpha, m.a, m.b, m.floor, m.window);
	w->rhythm = m;
}

static void write_number(struct writer *w, enum quantity q)
{
	struct law l = quantity_law(q, w->f, &w->rhythm);
	double v = 0;

	(void)law_value(&l, later(w->r, w->now_ms), &v);
	if (random_below(w->r, 8) == 0)
		v = (double)random_below(w->r, 5);
	switch (quantity_unit(q)) {
	case UNIT_DURATION: buf_printf(&w->out, "%.0fms", v); break;
	case UNIT_MONEY: buf_printf(&w->out, "%.0f", fabs(v) < 1e14 ? v : 1e14); break;
	default: buf_printf(&w->out, "%.*f", fabs(v) < 1e8 ? 6 : 0, fabs(v) < 1e14 ? v : 1e14); break;
	}
}

/* A constant quantity of the same unit, or none. */
static enum quantity other_quantity(struct random *r, enum quantity q)
{
	for (int tries = 0; tries < 20; tries++) {
		enum quantity o = (enum quantity)random_below(r, QUANTITIES);

		if (quantity_unit(o) == quantity_unit(q) && !quantity_moves(o))
			return o;
	}
	return QUANTITY_NONE;
}

static void write_comparison(struct writer *w, enum quantity q)
{
	static const char *const ops[] = { "<", "<=", ">", ">=", "=", "!=" };
	enum quantity other = random_below(w->r, 6) ? QUANTITY_NONE : other_quantity(w->r, q);

	buf_add_str(&w->out, quantity_name(q));
	if (quantity_takes_window(q) && random_below(w->r, 3) == 0)
		buf_printf(&w->out, "(%ud)", 1 + (unsigned)random_below(w->r, 400));
	buf_printf(&w->out, " %s ",
		ops[random_below(w->r, quantity_moves(q) ? 4 : 6)]);
	if (other == QUANTITY_NONE)
		write_number(w, q);
	else if (random_below(w->r, 3))
		buf_printf(&w->out, "%.3f * %s", (double)random_below(w->r, 5000) / 1000,
			quantity_name(other));
	else
		buf_add_str(&w->out, quantity_name(other));
}

static void write_names(struct writer *w, enum quantity q)
{
	unsigned n = 1;

	while (quantity_naming(q)(n))
		n++;
	buf_printf(&w->out, "%s %s %s", quantity_name(q), random_below(w->r, 2) ? "=" : "!=",
		quantity_naming(q)(1 + (unsigned)random_below(w->r, n - 1)));
}

static void write_test(struct writer *w)
{
	enum quantity q = (enum quantity)random_below(w->r, QUANTITIES);

	if (w->ladders > 0 && random_below(w->r, 6) == 0) {
		buf_printf(&w->out, "l%u in (r%u, r1)", (unsigned)random_below(w->r, w->ladders),
			(unsigned)random_below(w->r, 3));
		return;
	}
	if (random_below(w->r, 4) == 0) /* chances are the hardest */
		q = random_below(w->r, 3) ? QUANTITY_active : QUANTITY_alive;
	while (!quantity_moves(q) && random_below(w->r, 3)) /* moving ones are the point */
		q = (enum quantity)random_below(w->r, QUANTITIES);
	if (quantity_unit(q) == UNIT_FLAG)
		buf_add_str(&w->out, quantity_name(q));
	else if (quantity_unit(q) == UNIT_NAME)
		write_names(w, q);
	else
		write_comparison(w, q);
}

static void write_rule(struct writer *w, unsigned depth)
{
	uint64_t kind = depth == 0 ? 0 : random_below(w->r, 5);

	if (kind <= 1) {
		write_test(w);
	} else if (kind == 2) {
		buf_add_str(&w->out, "not (");
		write_rule(w, depth - 1);
		buf_add_str(&w->out, ")");
	} else {
		buf_add_str(&w->out, "(");
		write_rule(w, depth - 1);
		buf_add_str(&w->out, kind == 3 ? " and " : " or ");
		write_rule(w, depth - 1);
		buf_add_str(&w->out, ")");
	}
}

static void write_file(struct writer *w)
{
	unsigned ladders = (unsigned)random_below(w->r, 4), risks = 1 + (unsigned)random_below(w->r, 4);

	write_rhythm(w);
	for (; w->ladders < ladders; w->ladders++) {
		unsigned rungs = 3 + (unsigned)random_below(w->r, 3);

		buf_printf(&w->out, "ladder l%u {\n r0\n", w->ladders);
		for (unsigned i = 1; i < rungs; i++) {
			buf_printf(&w->out, " r%u when ", i);
			write_rule(w, 3);
			buf_add_str(&w->out, "\n");
		}
		buf_add_str(&w->out, "}\n");
	}
	for (unsigned i = 0; i < risks; i++) {
		buf_printf(&w->out, "risk k%u when ", i);
		write_rule(w, 4);
		buf_add_str(&w->out, "\n");
	}
}

/* random_event() keeps terms short; ours end at any time, before or after now. */
static void random_facts(struct random *r, struct facts *f)
{
	unsigned n = (unsigned)random_below(r, 80);
	char id[RANDOM_ID_SIZE];
	struct event e;

	facts_init(f);
	for (unsigned i = 0; i < n; i++) {
		random_event(r, i, id, &e);
		if (e.body == BODY_CONTRACT)
			e.as.contract.ends_ms = later(r, some_time_ms(r));
		if (e.body == BODY_MARKET)
			e.as.market.until_ms = later(r, some_time_ms(r));
		facts_add(f, &e, NULL);
	}
}

static struct machine *compile_span(struct span text)
{
	struct complaint c = { 0 };
	struct machine *m;

	if (machine_compile((const char *)text.data, text.size, &m, &c) != 0)
		fail_msg("%d:%d: %s\n%.*s", c.line, c.column, c.text, (int)text.size,
			(const char *)text.data);
	return m;
}

/* ---- the properties */

/* The run under way, told when a test ends in the middle of one. */
static struct { uint64_t seed; unsigned run; bool under_way; } running;

static int tell_seed(void **state)
{
	(void)state;
	if (running.under_way)
		print_error("failed with SEED=%llu in run %u\n", (unsigned long long)running.seed,
			running.run);
	running.under_way = false;
	return 0;
}

static struct random begin_run(uint64_t seed, unsigned run)
{
	running.seed = seed;
	running.run = run;
	running.under_way = true;
	return (struct random){ seed * 1000003 + run };
}

/* An instant in (LOW, HIGH), at any scale from either end. */
static int64_t instant_between(struct random *r, int64_t low, int64_t high)
{
	uint64_t room = (uint64_t)(high - low - 1);
	uint64_t scale = UINT64_C(1) << random_below(r, 48);
	int64_t away = (int64_t)(1 + random_below(r, scale < room ? scale : room));

	return random_below(r, 2) ? low + away : high - away;
}

static void assert_same(const struct machine *m, const struct facts *f, const struct verdict *v,
	int64_t at_ms, const char *what)
{
	struct verdict at;

	machine_judge(m, f, at_ms, &at);
	if (!verdict_equal(m, v, &at))
		fail_msg("%s: the verdict differs at %lld\n%.*s", what, (long long)at_ms,
			(int)m->text.size, (const char *)m->text.data);
}

/* Nothing changes strictly between LOW and HIGH: asked at random, and beside the flip of each
 * comparison, where it would. */
static void assert_quiet(struct random *r, const struct machine *m, const struct facts *f,
	const struct verdict *v, int64_t low, int64_t high)
{
	for (int i = 0; i < 40 && high - low > 1; i++)
		assert_same(m, f, v, instant_between(r, low, high), "missed a change");
	for (unsigned i = 0; i < m->n_tests; i++) {
		int64_t at_ms = test_flips_at(m, &m->tests[i], f, v, low);

		if (at_ms < high)
			assert_same(m, f, v, at_ms, "missed a change at a flip");
	}
}

/* Follow the changes of one customer from NOW; returns how many there were. */
static unsigned follow(struct random *r, const struct machine *m, const struct facts *f,
	int64_t now_ms)
{
	for (unsigned n = 0;; n++) {
		struct verdict v, after;
		int64_t at_ms;

		machine_judge(m, f, now_ms, &v);
		at_ms = machine_next_change(m, f, now_ms, &v);
		if (at_ms == NEVER) {
			assert_quiet(r, m, f, &v, now_ms, SOLVE_HORIZON_MS);
			return n;
		}
		assert_true(at_ms > now_ms && at_ms <= SOLVE_HORIZON_MS);
		machine_judge(m, f, at_ms, &after);
		assert_false(verdict_equal(m, &v, &after));
		assert_same(m, f, &v, at_ms - 1, "1 ms before the change");
		assert_quiet(r, m, f, &v, now_ms, at_ms);
		assert_true(n <= m->n_tests);
		now_ms = at_ms;
	}
}

static void the_next_change_is_exact_and_none_is_missed(void **state)
{
	uint64_t seed = random_seed(1);
	unsigned runs = random_runs(3000), changes = 0;

	(void)state;
	for (unsigned i = 0; i < runs; i++) {
		struct random r = begin_run(seed, i);
		static struct facts f;
		struct writer w = { .r = &r, .f = &f };
		struct machine *m;

		random_facts(&r, &f);
		w.now_ms = some_time_ms(&r);
		write_file(&w);
		assert_false(w.out.failed);
		m = compile_span(span_of(w.out.data, w.out.size));
		changes += follow(&r, m, &f, w.now_ms);
		machine_free(m);
		buf_fini(&w.out);
	}
	running.under_way = false;
	if (getenv("VERBOSE"))
		print_message("%u changes\n", changes);
	assert_true(changes > runs); /* else the files are too dull to prove anything */
}

/* Each comparison by itself: it flips where it says, not before, and not again. */
static void a_comparison_flips_once_and_where_it_says(void **state)
{
	uint64_t seed = random_seed(2);
	unsigned runs = random_runs(3000), flips = 0;

	(void)state;
	for (unsigned i = 0; i < runs; i++) {
		struct random r = begin_run(seed, i);
		static struct facts f;
		struct writer w = { .r = &r, .f = &f };
		struct machine *m;
		struct verdict v = { { 0 }, 0 };
		int64_t now_ms = some_time_ms(&r), at_ms;
		const struct test *t;
		bool before;

		random_facts(&r, &f);
		w.now_ms = now_ms;
		write_rhythm(&w);
		buf_add_str(&w.out, "risk x when ");
		write_test(&w);
		m = compile_span(span_of(w.out.data, w.out.size));
		t = &m->tests[0];
		before = test_holds(t, &f, &v, now_ms);
		at_ms = test_flips_at(m, t, &f, &v, now_ms);
		for (int k = 0; k < 20; k++) {
			int64_t some_ms = instant_between(&r, now_ms, SOLVE_HORIZON_MS);

			assert_int_equal(test_holds(t, &f, &v, some_ms) == before, some_ms < at_ms);
		}
		if (at_ms != NEVER) {
			flips++;
			assert_int_equal(test_holds(t, &f, &v, at_ms), !before);
			assert_int_equal(test_holds(t, &f, &v, at_ms - 1), before);
			assert_int_equal(test_flips_at(m, t, &f, &v, at_ms), NEVER);
		}
		machine_free(m);
		buf_fini(&w.out);
	}
	running.under_way = false;
	if (getenv("VERBOSE"))
		print_message("%u flips\n", flips);
	assert_true(flips > runs / 8); /* as above */
}

/* ---- instants known by hand */

static void buy(struct facts *f, int64_t time_ms, int64_t amount)
{
	struct event e = { .body = BODY_PURCHASE, .time_ms = time_ms };

	e.as.purchase.amount = amount;
	facts_add(f, &e, NULL);
}

/* When RULE changes for F after NOW. */
static int64_t next_of(const char *rule, const struct facts *f, int64_t now_ms)
{
	char text[512];
	struct machine *m;
	struct verdict v;
	int64_t at_ms;

	snprintf(text, sizeof text, "risk x when %s", rule);
	m = compile_span(span_str(text));
	machine_judge(m, f, now_ms, &v);
	at_ms = machine_next_change(m, f, now_ms, &v);
	machine_free(m);
	return at_ms;
}

static void an_age_passes_its_bound_at_the_millisecond(void **state)
{
	struct facts f;

	(void)state;
	facts_init(&f);
	buy(&f, T0, 100);
	assert_int_equal(next_of("silence > 45d", &f, T0), T0 + 45 * DAY + 1);
	assert_int_equal(next_of("silence >= 45d", &f, T0), T0 + 45 * DAY);
	assert_int_equal(next_of("silence < 45d", &f, T0), T0 + 45 * DAY);
	assert_int_equal(next_of("silence <= 45d", &f, T0), T0 + 45 * DAY + 1);
	assert_int_equal(next_of("not silence <= 45d", &f, T0), T0 + 45 * DAY + 1);
	assert_int_equal(next_of("silence > 45d", &f, T0 + 45 * DAY), T0 + 45 * DAY + 1);
	assert_int_equal(next_of("silence > 45d", &f, T0 + 45 * DAY + 1), NEVER);
	assert_int_equal(next_of("silence > 45d and silence < 46d", &f, T0 + 45 * DAY + 1),
		T0 + 46 * DAY);
	assert_int_equal(next_of("silence > 0.3ms", &f, T0), T0 + 1);
}

static void an_age_may_be_compared_with_a_multiple_of_the_own_gap(void **state)
{
	struct facts f;

	(void)state;
	facts_init(&f);
	buy(&f, T0, 100);
	buy(&f, T0 + DAY, 100);
	buy(&f, T0 + 2 * DAY + 1, 100); /* the gap is one day and half a millisecond */
	assert_int_equal(next_of("silence > 3 * usual_gap", &f, T0 + 3 * DAY),
		T0 + 2 * DAY + 1 + 3 * DAY + 2);
	assert_int_equal(next_of("silence >= usual_gap", &f, T0 + 2 * DAY + 1),
		T0 + 2 * DAY + 1 + DAY + 1);
}

static void what_remains_shrinks(void **state)
{
	struct event e = { .body = BODY_CONTRACT, .time_ms = T0 };
	int64_t ends_ms = T0 + 100 * DAY;
	struct facts f;

	(void)state;
	facts_init(&f);
	e.as.contract.change = CONTRACT_SIGNED;
	e.as.contract.ends_ms = ends_ms;
	facts_add(&f, &e, NULL);
	assert_int_equal(next_of("contract_remaining < 60d", &f, T0), ends_ms - 60 * DAY + 1);
	assert_int_equal(next_of("contract_remaining <= 60d", &f, T0), ends_ms - 60 * DAY);
	assert_int_equal(next_of("contract_remaining > 0d", &f, T0), ends_ms);
	assert_int_equal(next_of("contract_remaining >= 0d", &f, T0), ends_ms + 1);
	assert_int_equal(next_of("contract_remaining > -30d", &f, ends_ms), ends_ms + 30 * DAY);
}

static void what_decays_halves_in_its_half_life(void **state)
{
	struct facts f;
	char rule[64];
	double rate = 1e6 * M_LN2 / 180 * 365;
	int64_t at_ms;

	(void)state;
	facts_init(&f);
	buy(&f, T0, 1000000);
	snprintf(rule, sizeof rule, "spend_rate < %.0f", rate / 2);
	at_ms = next_of(rule, &f, T0);
	assert_true(llabs(at_ms - (T0 + 180 * DAY)) < 30000); /* the bound is rounded */
	/* the sign stays: no rule waits for 2^-x to underflow */
	assert_int_equal(next_of("spend_rate > 0", &f, T0), NEVER);
	assert_int_equal(next_of("not spend_rate <= 0", &f, T0), NEVER);
}

static void a_negative_rate_rises_towards_nothing(void **state)
{
	struct event e = { .body = BODY_REFUND, .time_ms = T0 };
	struct facts f;
	char rule[64];

	(void)state;
	facts_init(&f);
	e.as.refund.amount = 1000000;
	facts_add(&f, &e, NULL);
	snprintf(rule, sizeof rule, "spend_rate < %.0f", -1e6 * M_LN2 / 180 * 365 / 4);
	assert_true(llabs(next_of(rule, &f, T0) - (T0 + 360 * DAY)) < 60000);
	assert_int_equal(next_of("spend_rate < 0", &f, T0), NEVER);
	assert_int_equal(next_of("spend_rate > 5", &f, T0), NEVER);
}

/* As computed with 60 digits, in weeks, and rounded up to the millisecond of the language. */
static void a_chance_falls_below_its_bound_at_the_millisecond(void **state)
{
	static const char block[] = "rhythm { r 0.525 alpha 6.183w a 0.891 b 1.614 floor 0 window 13w }\n"
		"risk y when ";
	struct facts f;
	char rule[256];
	int64_t at_ms;

	(void)state;
	facts_init(&f);
	buy(&f, T0, 100);
	snprintf(rule, sizeof rule, "need\n%s active < 10%%", block);
	at_ms = next_of(rule, &f, T0); /* D_active of x = 0, theta = 0.1 */
	assert_int_equal(at_ms, T0 + (int64_t)ceil(16.769409634113671 * 7 * DAY));
	snprintf(rule, sizeof rule, "need\n%s active(13w) < 10%%", block);
	assert_int_equal(next_of(rule, &f, T0), at_ms);
	assert_int_equal(next_of(rule, &f, at_ms), NEVER);
	assert_int_equal(next_of(rule, &f, at_ms - 1), at_ms);
	buy(&f, T0 + 10 * 7 * DAY, 100);
	snprintf(rule, sizeof rule, "need\n%s alive < 50%%", block); /* A = 16.183, c = 0.891 / 2.614 */
	assert_int_equal(next_of(rule, &f, T0 + 70 * DAY), T0 + 70 * DAY +
		(int64_t)ceil(16.183 * 7 * DAY * expm1(-log(0.891 / 2.614) / 1.525)));
}

static void who_never_drops_out_is_never_gone(void **state)
{
	struct facts f;

	(void)state;
	facts_init(&f);
	buy(&f, T0, 100);
	assert_int_equal(next_of("need\nrhythm { a 0 floor 0 }\nrisk y when alive < 99%", &f, T0),
		NEVER);
	assert_true(next_of("need\nrhythm { a 0 floor 0 }\nrisk y when active < 20%", &f, T0) <
		T0 + 500 * DAY);
	/* more than five years away is nobody's deadline */
	assert_int_equal(next_of("need\nrhythm { a 0.0001 floor 0 }\nrisk y when alive < 20%", &f, T0),
		NEVER);
	/* and a chance is above nothing for ever, also when 2^-x has become 0 */
	assert_int_equal(next_of("need\nrhythm { r 10000 alpha 1h }\nrisk y when alive > 0%", &f, T0),
		NEVER);
	assert_int_equal(next_of("need\nrhythm { r 10000 alpha 1h }\nrisk y when not active <= 0%", &f,
		T0), NEVER);
	assert_int_equal(next_of("active > 0", &f, T0), NEVER);
	assert_int_equal(next_of("alive <= 0%", &f, T0), NEVER);
}

static void overdue_and_expected_next_turn_at_the_own_gap(void **state)
{
	struct facts f;
	int64_t gap_ms = (int64_t)ceil(45.0 * DAY * expm1(M_LN2 / 0.85));

	(void)state;
	facts_init(&f);
	buy(&f, T0, 100);
	assert_int_equal(next_of("expected_next <= 0d", &f, T0), T0 + gap_ms);
	assert_int_equal(next_of("overdue >= 1", &f, T0), T0 + gap_ms);
	assert_int_equal(next_of("overdue > 2 and purchases = 2", &f, T0), NEVER);
}

static void huge_durations_and_factors_are_never(void **state)
{
	struct facts f;

	(void)state;
	facts_init(&f);
	buy(&f, EVENT_TIME_MAX - 2 * DAY, 100);
	buy(&f, EVENT_TIME_MAX - DAY, 100);
	assert_int_equal(next_of("silence > 10000y", &f, EVENT_TIME_MAX), NEVER);
	assert_int_equal(next_of("silence < -10000y", &f, EVENT_TIME_MAX), NEVER);
	assert_int_equal(next_of("silence > 999999999999999 * usual_gap", &f, EVENT_TIME_MAX), NEVER);
	assert_int_equal(next_of("silence > -999999999999999 * usual_gap", &f, EVENT_TIME_MAX), NEVER);
	assert_int_equal(next_of("silence > 1000y", &f, EVENT_TIME_MAX),
		EVENT_TIME_MAX - DAY + 1000 * 365 * DAY + 1);
	assert_int_equal(next_of("silence > 1d", &f, SOLVE_HORIZON_MS), NEVER);
	assert_int_equal(next_of("silence > 1d", &f, NEVER - 1), NEVER);
}

static void what_stands_still_never_changes(void **state)
{
	struct facts f;

	(void)state;
	facts_init(&f);
	assert_int_equal(next_of("silence > 45d or idle > 1d or spend_trend < 50%", &f, T0), NEVER);
	buy(&f, T0, 100);
	assert_int_equal(next_of("purchases = 1 and need or spent > 3", &f, T0), NEVER);
	/* a flip that does not matter is none */
	assert_int_equal(next_of("silence > 45d and purchases = 2", &f, T0), NEVER);
	assert_int_equal(next_of("silence > 45d or silence <= 45d", &f, T0), NEVER);
}

static void a_test_of_a_ladder_flips_when_the_ladder_moves(void **state)
{
	struct machine *m = compile_span(span_str("ladder a { x\n y when silence > 2d\n"
		" z when silence > 5d }\nrisk k when a = z\nrisk q when a in (y, z)"));
	struct verdict v;
	struct facts f;

	(void)state;
	facts_init(&f);
	buy(&f, T0, 100);
	machine_judge(m, &f, T0, &v);
	assert_int_equal(test_flips_at(m, &m->tests[2], &f, &v, T0), T0 + 5 * DAY + 1);
	assert_int_equal(test_flips_at(m, &m->tests[3], &f, &v, T0), T0 + 2 * DAY + 1);
	machine_judge(m, &f, T0 + 6 * DAY, &v);
	assert_int_equal(test_flips_at(m, &m->tests[3], &f, &v, T0 + 6 * DAY), NEVER);
	machine_free(m);
}

static void the_widest_file_is_solved(void **state)
{
	struct buf b = { 0 };
	struct machine *m;
	struct verdict v;
	struct facts f;
	int64_t now_ms = T0;
	unsigned n = 0;

	(void)state;
	facts_init(&f);
	buy(&f, T0, 100);
	buf_add_str(&b, "risk x when silence < 1d");
	for (unsigned i = 1; i < TESTS_MAX / 2; i++) /* in and out, again and again */
		buf_printf(&b, "\n or silence >= %ud and silence < %ud", 2 * i, 2 * i + 1);
	m = compile_span(span_of(b.data, b.size));
	for (machine_judge(m, &f, now_ms, &v);; machine_judge(m, &f, now_ms, &v), n++) {
		now_ms = machine_next_change(m, &f, now_ms, &v);
		if (now_ms == NEVER)
			break;
		assert_int_equal(now_ms, T0 + (n + 1) * DAY);
	}
	assert_int_equal(n, TESTS_MAX - 1);
	machine_free(m);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(the_next_change_is_exact_and_none_is_missed, tell_seed),
		cmocka_unit_test_teardown(a_comparison_flips_once_and_where_it_says, tell_seed),
		cmocka_unit_test(an_age_passes_its_bound_at_the_millisecond),
		cmocka_unit_test(an_age_may_be_compared_with_a_multiple_of_the_own_gap),
		cmocka_unit_test(what_remains_shrinks),
		cmocka_unit_test(what_decays_halves_in_its_half_life),
		cmocka_unit_test(a_negative_rate_rises_towards_nothing),
		cmocka_unit_test(a_chance_falls_below_its_bound_at_the_millisecond),
		cmocka_unit_test(who_never_drops_out_is_never_gone),
		cmocka_unit_test(overdue_and_expected_next_turn_at_the_own_gap),
		cmocka_unit_test(huge_durations_and_factors_are_never),
		cmocka_unit_test(what_stands_still_never_changes),
		cmocka_unit_test(a_test_of_a_ladder_flips_when_the_ladder_moves),
		cmocka_unit_test(the_widest_file_is_solved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
