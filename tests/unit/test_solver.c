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
#include "random_lifecycle.h"

#define T0  (20000 * DAY)

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
