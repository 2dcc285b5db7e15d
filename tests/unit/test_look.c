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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looking_lazily_tells_the_same_at_the_same_instants),
		cmocka_unit_test(a_plan_judges_as_the_rules_are_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
