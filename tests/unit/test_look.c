/* SPDX-License-Identifier: Apache-2.0 */
/* Looking lazily against looking eagerly: random files and random histories. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "look_both.h"

static void looking_lazily_tells_the_same_at_the_same_instants(void **state)
{
	uint64_t seed = random_seed(3);
	unsigned runs = random_runs(1200), looks = 0, left = 0;
	size_t told = 0;

	(void)state;
	for (unsigned run = 0; run < runs; run++) {
		static struct two t;
		static struct facts all;
		static char ids[EVENTS][RANDOM_ID_SIZE];
		struct event events[EVENTS];
		unsigned n = 2 + (unsigned)random_below(&(struct random){ run }, EVENTS - 2);
		struct writer w = { .r = &t.r, .f = &all };

		memset(&t, 0, sizeof t);
		t.r.state = seed * 1000003 + run;
		facts_init(&all);
		for (unsigned i = 0; i < n; i++) {
			random_event(&t.r, i, ids[i], &events[i]);
			facts_add(&all, &events[i], NULL);
		}
		if (run % 2)
			cluster(&t.r, events, n);
		/* bounds of what the quantities will be somewhere on the way */
		w.now_ms = RANDOM_BEGIN_MS + (int64_t)random_below(&t.r, (uint64_t)RANDOM_SPAN_MS);
		write_file(&w);
		t.m = compile_span(span_of(w.out.data, w.out.size));
		facts_init(&t.f);
		standing_init(&t.eager);
		standing_init(&t.lazy);
		happens_at_times(&t, events, n);
		settle_both(&t, RANDOM_BEGIN_MS + 20 * RANDOM_SPAN_MS);
		settle_both(&t, SOLVE_HORIZON_MS);
		assert_int_equal(t.eager.due_ms, NEVER);
		assert_int_equal(t.lazy.due_ms, NEVER);
		looks += t.looks;
		left += t.left;
		told += t.told.size;
		machine_free((struct machine *)(uintptr_t)t.m);
		buf_fini(&w.out);
		buf_fini(&t.told);
		buf_fini(&t.told_lazily);
	}
	if (getenv("VERBOSE"))
		print_message("%u events, %u left the instant, %zu bytes told\n", looks, left, told);
	assert_true(left > looks / 8); /* else nothing was lazy … */
	assert_true(told > runs * 100); /* … or nothing happened */
}

static void a_plan_judges_as_the_rules_are_written(void **state)
{
	uint64_t seed = random_seed(4);
	unsigned runs = random_runs(3000);

	(void)state;
	for (unsigned run = 0; run < runs; run++) {
		struct random r = { seed * 1000003 + run };
		static struct facts f;
		struct writer w = { .r = &r, .f = &f };
		struct verdict plain, planned;
		struct machine *m;

		random_facts(&r, &f);
		w.now_ms = some_time_ms(&r);
		write_file(&w);
		m = compile_span(span_of(w.out.data, w.out.size));
		for (unsigned i = 0; i < 10; i++) {
			int64_t at_ms = later(&r, w.now_ms);

			plainly_judge(m, &f, at_ms, &plain);
			machine_judge(m, &f, at_ms, &planned);
			if (!verdict_equal(m, &plain, &planned))
				fail_msg("run %u differs at %lld\n%.*s", run, (long long)at_ms,
					(int)m->text.size, (const char *)m->text.data);
		}
		machine_free(m);
		buf_fini(&w.out);
	}
}

static void buy(struct facts *f, int64_t at_ms)
{
	struct event e = { .time_ms = at_ms, .body = BODY_PURCHASE };

	e.as.purchase.amount = 1000;
	facts_add(f, &e, NULL);
}

/* Seed 77, run 177474: two purchases of one day, the second by a clock that was ahead of ours. There is
 * no silence yet that it could end, and the span that they came in is longer: the chance falls. */
static void a_purchase_by_a_clock_that_is_ahead_may_lower_a_chance(void **state)
{
	int64_t now_ms = RANDOM_BEGIN_MS + 100 * (int64_t)DAY;
	struct change out[CHANGES_MAX];
	struct standing s;
	struct before before;
	struct machine *m;
	static struct facts f, then;
	char file[100];
	double was, is;
	struct law law;

	(void)state;
	facts_init(&f);
	for (int i = 0; i <= 10; i++)
		buy(&f, RANDOM_BEGIN_MS + i * 10 * (int64_t)DAY);
	facts_init(&then);
	facts_copy(&then, &f);
	buy(&then, now_ms + (int64_t)DAY / 4);
	law = quantity_law(QUANTITY_active, &f, &RHYTHM_DEFAULT);
	assert_true(law_value(&law, now_ms, &was));
	law = quantity_law(QUANTITY_active, &then, &RHYTHM_DEFAULT);
	assert_true(law_value(&law, now_ms, &is));
	assert_true(is < was);
	snprintf(file, sizeof file, "risk low when active < %.12f", (was + is) / 2);
	m = compile_span(span_str(file));
	standing_init(&s);
	(void)standing_begin(&s, m, &f, now_ms, out);
	assert_int_equal(s.verdict.risks, 0);
	standing_before(m, &f, BODY_PURCHASE, &before);
	(void)standing_event(&s, m, &then, BODY_PURCHASE, &before, now_ms, false, out);
	assert_int_equal(s.verdict.risks, 1);
	machine_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looking_lazily_tells_the_same_at_the_same_instants),
		cmocka_unit_test(a_plan_judges_as_the_rules_are_written),
		cmocka_unit_test(a_purchase_by_a_clock_that_is_ahead_may_lower_a_chance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
