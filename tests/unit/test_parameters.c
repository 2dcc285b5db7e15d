/* SPDX-License-Identifier: Apache-2.0 */
/* Ranks: the sketch against sorting everybody, what `top` means, parameters as bytes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include "lifecycle/parameters.h"
#include "lifecycle/sketch.h"
#include "random_lifecycle.h"

static int downwards(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x < y) - (x > y);
}

static double some_value(struct random *r)
{
	if (random_below(r, 10) == 0)
		return (double)random_below(r, 3) - 1;
	return exp((double)random_below(r, 30000) / 1000);
}

/* Split in two and merged: as counted in one. The value of that rank lies in the bucket. */
static void a_cut_off_is_that_of_sorting_all_to_two_percent(void **state)
{
	static struct sketch s;
	struct random r = { random_seed(1) };

	(void)state;
	for (unsigned run = 0; run < random_runs(50); run++) {
		static double all[2000];
		size_t n = 100 + random_below(&r, 1900);

		memset(&s, 0, sizeof s);
		for (size_t i = 0; i < n; i++) {
			all[i] = some_value(&r);
			sketch_add(&s, all[i]);
		}
		assert_int_equal(s.n, n);
		qsort(all, n, sizeof *all, downwards);
		for (int k = 0; k < 20; k++) {
			double share = (1 + (double)random_below(&r, 1000)) / 1000;
			double exact = all[(size_t)ceil(share * (double)n) - 1];
			double cut = sketch_top(&s, share);
			size_t reached = 0;

			while (reached < n && all[reached] >= cut)
				reached++;
			assert_true(exact < 1 ? cut == 0 : cut <= exact && cut * 1.0201 >= exact);
			assert_true(cut == 0 || (double)reached >= share * (double)n);
		}
	}
}

static void the_best_have_their_part_of_the_sum(void **state)
{
	static struct sketch s;

	(void)state;
	memset(&s, 0, sizeof s);
	assert_true(sketch_top_sum(&s, .2) == 0);
	for (int i = 0; i < 80; i++)
		sketch_add(&s, 25);
	for (int i = 0; i < 20; i++)
		sketch_add(&s, 400);
	assert_true(fabs(sketch_top_sum(&s, .2) - .8) < 1e-12);
	assert_true(fabs(sketch_top_sum(&s, 1) - 1) < 1e-12);
}

static const char file[] =
	"rhythm { r 0.5 alpha 40d }\n"
	"ladder tier { lead\n gold when lifetime_value >= top 5%\n platinum when lifetime_value >= top 1% }\n"
	"risk poor when purchases >= 1 and lifetime_value < top 50%";

static struct parameters some_parameters(const struct machine *m)
{
	return (struct parameters){ .version = 3, .since_ms = 77, .n_cuts = 2, .cuts = {
		{ "lifetime_value", .05, 1000 }, { "lifetime_value", .01, 100000 } },
		.fitted_for = m->rhythm_key, .n_fits = 1,
		.fits = { { 0, .7, 50.0 * DAY, .4, 2 } },
		.spend_for = m->spend_key, .spend = { true, 2.5, 3.5, 1500 } };
}

static struct verdict verdict_of(const struct machine *m, const struct facts *f, int64_t now_ms)
{
	struct verdict v;

	machine_judge(m, f, now_ms, &v);
	return v;
}

/* Neither above nor below what nobody knows. */
static void a_rank_that_is_not_known_holds_for_nobody(void **state)
{
	struct event e = { .body = BODY_PURCHASE, .time_ms = 20000 * DAY };
	struct machine *m = compile_span(span_str(file));
	struct parameters p = some_parameters(m);
	struct facts f;

	(void)state;
	facts_init(&f);
	e.as.purchase.amount = 5000;
	facts_add(&f, &e, NULL);
	assert_int_equal(verdict_of(m, &f, e.time_ms).rung[0], 0);
	assert_int_equal(verdict_of(m, &f, e.time_ms).risks, 0);
	machine_take_parameters(m, &p);
	assert_int_equal(verdict_of(m, &f, e.time_ms).rung[0], 1); /* above 1000, below 100000 */
	assert_int_equal(verdict_of(m, &f, e.time_ms).risks, 0); /* top 50% is still not known */
	assert_int_equal(m->parameters_version, 3);
	machine_free(m);
}

static void a_fit_holds_for_the_rhythm_it_was_made_for(void **state)
{
	struct machine *m = compile_span(span_str(file)), *other;
	struct parameters p = some_parameters(m);

	(void)state;
	machine_take_parameters(m, &p);
	assert_true(m->fitted && m->rhythm.r == .7 && m->rhythm.alpha == 50.0 * DAY);
	other = compile_span(span_str("rhythm { r 0.6 alpha 40d } risk x when member"));
	machine_take_parameters(other, &p);
	assert_true(!other->fitted && other->rhythm.r == .6);
	machine_free(m);
	machine_free(other);
}

static void fitted_spending_holds_for_the_value_block_it_was_made_for(void **state)
{
	struct machine *m = compile_span(span_str(file)), *other;
	struct parameters p = some_parameters(m);

	(void)state;
	assert_true(m->value.p == 6.25 && m->value.v == 0);
	machine_take_parameters(m, &p);
	assert_true(m->spend_fitted && m->value.p == 2.5 && m->value.q == 3.5 && m->value.v == 1500);
	other = compile_span(span_str("value { v 900 } risk x when member"));
	machine_take_parameters(other, &p);
	assert_true(!other->spend_fitted && other->value.p == 6.25 && other->value.v == 900);
	machine_free(m);
	machine_free(other);
}

static void what_no_file_may_have_is_no_parameter(void **state)
{
	const struct fit_of_spend wrong[] = { { true, 0, 3, 1 }, { true, 1, 1, 1 }, { true, 1, 3, -1 },
		{ true, 2e4, 3, 1 }, { true, 1, 2e4, 1 }, { true, 1, 3, 2e12 } };
	struct machine *m = compile_span(span_str(file));

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct parameters p = some_parameters(m), q;
		struct buf b = { 0 };

		p.spend = wrong[i];
		parameters_encode(&b, &p);
		assert_int_equal(parameters_decode(&q, span_of(b.data, b.size)), ERR_CORRUPT);
		buf_fini(&b);
	}
	machine_free(m);
}

static void parameters_are_themselves_again_as_bytes(void **state)
{
	struct machine *m = compile_span(span_str(file));
	struct parameters p = some_parameters(m), q;
	struct buf b = { 0 };

	(void)state;
	parameters_encode(&b, &p);
	assert_int_equal(parameters_decode(&q, span_of(b.data, b.size)), 0);
	assert_memory_equal(&p, &q, sizeof p);
	for (size_t cut = 0; cut < b.size; cut++)
		assert_int_equal(parameters_decode(&q, span_of(b.data, cut)), ERR_CORRUPT);
	buf_fini(&b);
	machine_free(m);
}

static void small_moves_of_a_cut_off_are_let_be(void **state)
{
	struct machine *m = compile_span(span_str(file));
	struct parameters p = some_parameters(m), q = p;

	(void)state;
	q.cuts[1].bound *= 1.019;
	assert_false(parameters_differ(&p, &q, .02));
	q.cuts[1].bound *= 1.01;
	assert_true(parameters_differ(&p, &q, .02));
	q = p;
	q.n_cuts = 1;
	assert_true(parameters_differ(&p, &q, .02));
	machine_free(m);
}

static void ranks_are_of_money(void **state)
{
	const char *wrong[] = { "risk x when silence > top 5%", "risk x when spent = top 5%",
		"risk x when spent > top 0%", "risk x when spent > top", "risk x when spent > top 5" };

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct complaint c = { 0 };
		struct machine *m;

		assert_int_equal(machine_compile(wrong[i], strlen(wrong[i]), &m, &c), ERR_INVALID);
		assert_int_equal(c.line, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cut_off_is_that_of_sorting_all_to_two_percent),
		cmocka_unit_test(the_best_have_their_part_of_the_sum),
		cmocka_unit_test(a_rank_that_is_not_known_holds_for_nobody),
		cmocka_unit_test(a_fit_holds_for_the_rhythm_it_was_made_for),
		cmocka_unit_test(fitted_spending_holds_for_the_value_block_it_was_made_for),
		cmocka_unit_test(what_no_file_may_have_is_no_parameter),
		cmocka_unit_test(parameters_are_themselves_again_as_bytes),
		cmocka_unit_test(small_moves_of_a_cut_off_are_let_be),
		cmocka_unit_test(ranks_are_of_money),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
