/* SPDX-License-Identifier: Apache-2.0 */
/* Rhythms of classes of customers, and the season. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include "lifecycle/judge.h"
#include "random_event.h"
#include "tests/unit/compiled.h"

static struct event profile(int64_t time_ms, enum role role, const char *region)
{
	struct event e = { .body = BODY_PROFILE, .time_ms = time_ms };

	e.as.profile.role = (uint8_t)role;
	if (region)
		e.as.profile.region = span_str(region);
	return e;
}

static void buys(struct facts *f, int64_t first_ms, unsigned times, int64_t gap_ms)
{
	for (unsigned i = 0; i < times; i++) {
		struct event e = { .body = BODY_PURCHASE, .time_ms = first_ms + i * gap_ms };

		facts_add(f, &e, NULL);
	}
}

#define RULES "risk silent when active < 20% and overdue > 1\nrisk gone when alive < 50%\n"
#define CLASSES \
	"rhythm for role in (agent, retailer) { alpha 200d  window 90d }\n" \
	"rhythm for role = agent and region = \"north\" { alpha 5d }\n" \
	"rhythm { r 0.9  alpha 40d }\n" RULES

/* What a file says of everybody must be what CLASSES says of its class. */
static void assert_as_if(const struct facts *f, const char *whole)
{
	struct machine *m = compile(CLASSES), *alone = compile(whole);
	int64_t now = f->scalar[FACT_last_purchase].i, next;
	struct verdict a, b;

	for (int i = 0; i < 3 && now != NEVER; i++, now = next) {
		machine_judge(m, f, now, &a);
		machine_judge(alone, f, now, &b);
		assert_int_equal(a.risks, b.risks);
		next = machine_next_change(m, f, now, &a);
		assert_int_equal(next, machine_next_change(alone, f, now, &b));
	}
	machine_free(m);
	machine_free(alone);
}

static void the_last_class_that_fits_is_the_one(void **state)
{
	static struct facts f;
	struct event e;

	(void)state;
	facts_init(&f);
	buys(&f, DAY_MS, 6, 12 * DAY_MS);
	assert_as_if(&f, "rhythm { r 0.9 alpha 40d }" RULES);
	e = profile(2 * DAY_MS, ROLE_CONSUMER, "north");
	facts_add(&f, &e, NULL);
	assert_as_if(&f, "rhythm { r 0.9 alpha 40d }" RULES);
	e = profile(3 * DAY_MS, ROLE_RETAILER, NULL);
	facts_add(&f, &e, NULL);
	assert_as_if(&f, "rhythm { r 0.9 alpha 200d window 90d }" RULES);
	e = profile(4 * DAY_MS, ROLE_AGENT, NULL);
	facts_add(&f, &e, NULL);
	assert_as_if(&f, "rhythm { r 0.9 alpha 5d }" RULES);
	e = profile(5 * DAY_MS, ROLE_NONE, "south");
	facts_add(&f, &e, NULL);
	assert_as_if(&f, "rhythm { r 0.9 alpha 200d window 90d }" RULES);
}

static void a_profile_that_changes_the_class_is_judged_at_once(void **state)
{
	struct machine *m = compile("rhythm for role = agent { a 1000 b 0.1 }\n" RULES);
	struct change out[CHANGES_MAX];
	struct standing s;
	static struct facts f;
	struct event e = profile(40 * DAY_MS, ROLE_AGENT, NULL);
	struct verdict v;
	struct before before;

	(void)state;
	facts_init(&f);
	buys(&f, DAY_MS, 4, 9 * DAY_MS);
	standing_init(&s);
	(void)standing_begin(&s, m, &f, 30 * DAY_MS, out);
	standing_before(m, &f, BODY_PROFILE, &before);
	facts_add(&f, &e, NULL);
	machine_judge(m, &f, 40 * DAY_MS, &v);
	assert_true(v.risks != s.verdict.risks);
	(void)standing_event(&s, m, &f, BODY_PROFILE, &before, 40 * DAY_MS, false, out);
	assert_int_equal(s.verdict.risks, v.risks);
	machine_free(m);
}

static int64_t silent_at(const struct machine *m, int64_t last_ms)
{
	static struct facts f;
	struct verdict v;

	facts_init(&f);
	buys(&f, last_ms - 60 * DAY_MS, 6, 12 * DAY_MS);
	machine_judge(m, &f, last_ms, &v);
	return machine_next_change(m, &f, last_ms, &v) - last_ms;
}

static void the_season_of_the_last_purchase_scales_the_window(void **state)
{
	struct machine *m = compile("zone \"Asia/Tokyo\" season { dec 1.5 jan 0.5 }\n"
		"risk x when active < 20%");
	struct machine *plain = compile("risk x when active < 20%");
	struct machine *dec = compile("rhythm { window 90d } risk x when active < 20%");
	struct machine *jan = compile("risk x when active(30d) < 20%");
	int64_t nov_30, dec_31;

	(void)state;
	assert_int_equal(time_parse("2026-11-30T14:59:59Z", 20, &nov_30), 0); /* 23:59:59 there */
	assert_int_equal(time_parse("2026-12-31T14:59:59Z", 20, &dec_31), 0);
	assert_int_equal(silent_at(m, nov_30), silent_at(plain, nov_30));
	assert_int_equal(silent_at(m, nov_30 + 1000), silent_at(dec, nov_30 + 1000));
	assert_int_equal(silent_at(m, dec_31), silent_at(dec, dec_31));
	assert_int_equal(silent_at(m, dec_31 + 1000), silent_at(jan, dec_31 + 1000));
	assert_true(silent_at(dec, dec_31) > silent_at(plain, dec_31));
	machine_free(m);
	machine_free(plain);
	machine_free(dec);
	machine_free(jan);
}

/* Step by step around the solved instant, and far from it. */
static void the_solver_is_exact_with_classes_and_season(void **state)
{
	struct machine *m = compile("season { mar 2 jul 0.3 }" CLASSES "risk w when active(20d) <= 30%\n");
	uint64_t seed = random_seed(1);
	unsigned runs = random_runs(200);

	(void)state;
	for (unsigned i = 0; i < runs; i++) {
		struct random r = { seed * 1000003 + i };
		int64_t first = RANDOM_BEGIN_MS + (int64_t)random_below(&r, RANDOM_SPAN_MS), now, next;
		struct event e = profile(first, (enum role)random_below(&r, ROLE_COUNT),
			random_below(&r, 2) ? "north" : "south");
		static struct facts f;
		struct verdict v, at;

		facts_init(&f);
		facts_add(&f, &e, NULL);
		buys(&f, first, 1 + (unsigned)random_below(&r, 9), (int64_t)random_below(&r, 50) * DAY_MS);
		now = f.scalar[FACT_last_purchase].i;
		for (int k = 0; k < 4; k++) {
			machine_judge(m, &f, now, &v);
			next = machine_next_change(m, &f, now, &v);
			if (next == NEVER)
				break;
			machine_judge(m, &f, next, &at);
			assert_true(at.risks != v.risks);
			for (int64_t d = 1; d < 5 && next - d > now; d++) {
				machine_judge(m, &f, next - d, &at);
				assert_int_equal(at.risks, v.risks);
			}
			for (int d = 0; d < 20 && next - now > 1; d++) {
				machine_judge(m, &f, now + (int64_t)random_below(&r,
					(uint64_t)(next - now)), &at);
				assert_int_equal(at.risks, v.risks);
			}
			now = next;
		}
	}
	machine_free(m);
}

static void complaints_about_classes_name_the_place(void **state)
{
	(void)state;
	assert_refused("rhythm for rol = agent { }", 1, 12,
		"expected role, acquisition, region or segment, found rol");
	assert_refused("rhythm for role = agnt { }", 1, 19,
		"expected a name that role can have, found agnt; did you mean agent?");
	assert_refused("rhythm for region in (\"a\") { }", 1, 19,
		"expected = and a text in quotes, found in");
	assert_refused("rhythm for region = north { }", 1, 21,
		"expected a text in quotes such as \"north\", found north");
	assert_refused("rhythm for role = agent, { }", 1, 24, "expected and, or {, found ,");
	assert_refused("rhythm for role = agent { r 1 r 2 }", 1, 31, "r is given twice");
	assert_refused("season { dez 1 }", 1, 10, "expected a month such as dec, or }, found dez");
	assert_refused("season { dec 11 }", 1, 14, "expected a factor from 0.1 to 10, found 11");
	assert_refused("season { dec 1 dec 2 }", 1, 16, "dec is given twice");
	assert_refused("season { } season { }", 1, 12, "the season is set already");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_class_that_fits_is_the_one),
		cmocka_unit_test(a_profile_that_changes_the_class_is_judged_at_once),
		cmocka_unit_test(the_season_of_the_last_purchase_scales_the_window),
		cmocka_unit_test(the_solver_is_exact_with_classes_and_season),
		cmocka_unit_test(complaints_about_classes_name_the_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
