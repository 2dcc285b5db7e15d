/* SPDX-License-Identifier: Apache-2.0 */
/* The fit of spending: published figures of a real shop, and parameters put into simulated ones. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "fit/spend.h"
#include "simulated_shop.h"

#define SALES "../shared/data/CDNOW_sample.txt"

static struct spend_fit fit(const struct spenders *s)
{
	struct complaint c = { 0 };
	struct spend_fit f;

	if (spend_fit(s, NULL, &f, &c) != 0)
		fail_msg("%s", c.text);
	return f;
}

static void assert_about(double v, double expected, double off)
{
	if (fabs(v - expected) > off)
		fail_msg("%.6f, expected %.6f", v, expected);
}

/* Days of 39 weeks behind the first one: what Fader & Hardie (2013) fit. The file is in the order of
 * customers and dates. */
static void read_repeat_days(FILE *in, struct spenders *s)
{
	char id[16] = "", before[16];
	int date, last = 0;
	double days = -1, money = 0, dollars;

	do {
		strcpy(before, id);
		if (fscanf(in, "%15s %*s %d %*d %lf", id, &date, &dollars) != 3)
			id[0] = '\0';
		if (strcmp(id, before) != 0) {
			assert_int_equal(spenders_add(s, days, money), 0);
			days = -1;
			money = 0;
			last = 0;
		}
		if (!id[0] || date > 19970930)
			continue;
		days += date != last;
		last = date;
		if (days > 0)
			money += dollars;
	} while (id[0]);
}

static void cdnow_has_its_published_p_q_and_v(void **state)
{
	struct spenders s = { 0 };
	struct spend_fit f;
	FILE *in;

	(void)state;
	if (access(SALES, R_OK) != 0) {
		print_message("# %s is absent\n", SALES);
		skip();
	}
	in = fopen(SALES, "r");
	read_repeat_days(in, &s);
	fclose(in);
	f = fit(&s);
	assert_int_equal(f.customers, 946);
	assert_about(f.likely.p, 6.25, .005);
	assert_about(f.likely.q, 3.74, .005);
	assert_about(f.likely.v, 15.44, .01);
	assert_about(f.likely.log_likelihood, -4055.92, .01);
	assert_about(f.map.v, 15.44, .01);
	assert_true(f.identified && fabs(f.correlation) < SPEND_CORRELATION_MAX);
	spenders_fini(&s);
}

/* N customers of 1 to 6 days; Q 0: all have the same mean. */
static struct spenders simulate(uint64_t seed, const struct value *v, unsigned n)
{
	struct random r = { seed };
	struct spenders s = { 0 };

	for (unsigned i = 0; i < n; i++) {
		double days = 1 + (double)random_below(&r, 6);
		double rate = v->q > 0 ? gamma_of(&r, v->q) / v->v : 1 / v->v;

		assert_int_equal(spenders_add(&s, days, gamma_of(&r, v->p * days) / rate), 0);
	}
	return s;
}

static void what_was_put_in_comes_out(void **state)
{
	struct value v = { .p = 2.5, .q = 3.2, .v = 1800 };
	struct spenders s = simulate(random_seed(1), &v, 6000);
	struct spend_fit f = fit(&s);

	(void)state;
	assert_true(fabs(log(f.likely.p / v.p)) < .15);
	assert_true(fabs(log((f.likely.q - 1) / (v.q - 1))) < .2);
	assert_true(fabs(log(f.likely.v / v.v)) < .3);
	assert_true(f.likely.log_likelihood >= spend_log_likelihood(&s, &v) - 1e-6);
	assert_true(f.identified);
	assert_true(fabs(log(f.map.p / f.likely.p)) < .05); /* so many outweigh the prior */
	spenders_fini(&s);
}

static void no_neighbour_of_the_maximum_is_better(void **state)
{
	struct value v = { .p = 4, .q = 2.5, .v = 700 };
	struct spenders s = simulate(random_seed(2), &v, 800);
	struct spend_fit f = fit(&s);

	(void)state;
	for (int i = 0; i < 6; i++) {
		struct value near = { .p = f.likely.p, .q = f.likely.q, .v = f.likely.v };

		*(double *[]){ &near.p, &near.q, &near.v }[i / 2] *= i % 2 ? 1.002 : 1 / 1.002;
		assert_true(spend_log_likelihood(&s, &near) < f.likely.log_likelihood);
	}
	spenders_fini(&s);
}

static void where_all_are_alike_chance_is_not_taken_for_people(void **state)
{
	struct value v = { .p = 3, .v = 500 };
	struct spenders s = simulate(random_seed(3), &v, 1000);
	struct spend_fit f = fit(&s);
	struct value found = { .p = f.map.p, .q = f.map.q, .v = f.map.v };

	(void)state;
	assert_false(f.identified);
	/* one large basket is chance, then */
	assert_true(gamma_gamma_mean(&found, 1, 10 * f.mean) < 2 * f.mean);
	spenders_fini(&s);
}

static void a_handful_of_customers_stays_near_the_prior(void **state)
{
	struct spenders s = { 0 };
	struct complaint c = { 0 };
	struct spend_fit f;

	(void)state;
	assert_int_equal(spend_fit(&s, NULL, &f, &c), ERR_INVALID);
	assert_int_equal(spenders_add(&s, 2, 0), 0); /* all given back */
	assert_int_equal(spend_fit(&s, NULL, &f, &c), ERR_INVALID);
	for (int i = 1; i <= 4; i++)
		assert_int_equal(spenders_add(&s, 1, 1000 * i), 0);
	f = fit(&s);
	assert_false(f.identified); /* nobody came twice */
	assert_true(f.customers == 4 && f.repeaters == 0 && fabs(f.mean - 2500) < 1e-9);
	assert_true(fabs(log(f.map.p / 6.25)) < 1.4 && fabs(log((f.map.q - 1) / 2.74)) < 1.4);
	assert_true(fabs(log(f.map.p * f.map.v / (f.map.q - 1) / 2500)) < .5);
	spenders_fini(&s);
}

static void a_fit_that_nobody_waits_for_ends(void **state)
{
	struct value v = { .p = 3, .q = 3, .v = 500 };
	struct spenders s = simulate(random_seed(4), &v, 100);
	atomic_bool give_up = true;
	struct complaint c = { 0 };
	struct spend_fit f;

	(void)state;
	assert_int_equal(spend_fit(&s, &give_up, &f, &c), ERR_CLOSED);
	spenders_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cdnow_has_its_published_p_q_and_v),
		cmocka_unit_test(what_was_put_in_comes_out),
		cmocka_unit_test(no_neighbour_of_the_maximum_is_better),
		cmocka_unit_test(where_all_are_alike_chance_is_not_taken_for_people),
		cmocka_unit_test(a_handful_of_customers_stays_near_the_prior),
		cmocka_unit_test(a_fit_that_nobody_waits_for_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
