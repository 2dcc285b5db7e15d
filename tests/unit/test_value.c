/* SPDX-License-Identifier: Apache-2.0 */
/* Value: the gamma-gamma model and the expected purchases against published figures, the nodes
 * against the series, the sum against one worked out step by step, and when it falls. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include "lifecycle/quantity.h"
#include "lifecycle/value.h"
#include "random_lifecycle.h"

#define T0  (20000 * DAY)

static const struct rhythm cdnow = { .r = .525, .alpha = 6.183 * 7 * DAY, .a = .891, .b = 1.614 };

static double value_of(enum quantity q, const struct facts *f, const struct rhythm *r, int64_t now_ms)
{
	struct law l = quantity_law(q, f, r);
	double v;

	return law_value(&l, now_ms, &v) ? v : NAN;
}

static void buy(struct facts *f, int day, int64_t amount, int64_t margin)
{
	struct event e = { .body = BODY_PURCHASE, .time_ms = T0 + day * DAY };

	e.as.purchase.amount = amount;
	e.as.purchase.has_margin = margin >= 0;
	e.as.purchase.margin = margin >= 0 ? margin : 0;
	facts_add(f, &e, NULL);
}

static void give_back(struct facts *f, int day, int64_t amount)
{
	struct event e = { .body = BODY_REFUND, .time_ms = T0 + day * DAY };

	e.as.refund.amount = amount;
	facts_add(f, &e, NULL);
}

/* Fader & Hardie (2013), "The gamma-gamma model of monetary value", fitted to CDNOW: p 6.25, q
 * 3.74, gamma 15.44, a mean of 35.2 over all. The first customer of that sample, two repeat
 * purchases of 22.35, is expected to spend 24.658619 by the fit that is published with the
 * lifetimes package. */
static void money_is_drawn_towards_that_of_all(void **state)
{
	struct value v = { .p = 6.25, .q = 3.74, .v = 15.44 };

	(void)state;
	assert_true(fabs(gamma_gamma_mean(&v, 0, 0) - 6.25 * 15.44 / 2.74) < 1e-12);
	assert_true(fabs(gamma_gamma_mean(&v, 0, 0) - 35.2190) < 1e-4); /* that of all, as published */
	assert_true(fabs(gamma_gamma_mean(&v, 1, 50) / (6.25 * 65.44 / 8.99) - 1) < 1e-12);
	assert_true(fabs(gamma_gamma_mean(&v, 1e6, 22.35) - 22.35) < 1e-4);
	v = (struct value){ .p = 6.248802, .q = 3.744588, .v = 15.447748 };
	assert_true(fabs(gamma_gamma_mean(&v, 2, 22.35) - 24.658619) < 1e-4);
	v.v = 0;
	assert_true(gamma_gamma_mean(&v, 1, 50) == 50);
}

/* With the parameters of CDNOW, for 39 weeks: what the series says, which the reference values of
 * test_rhythm.c hold to 11 digits. */
static void the_nodes_come_near_the_series_and_never_above_it(void **state)
{
	double worst = 0;

	(void)state;
	for (int x = 0; x <= 30; x++)
		for (int s = 0; s <= 39; s++) {
			double week = 7 * DAY, tx = x * week, t = 39 * week;
			double near = value_expected(&cdnow, x, tx, s * week, t);
			double all = rhythm_expected(&cdnow, x, tx, s * week, t);

			assert_true(near <= all * (1 + 1e-9));
			worst = fmax(worst, 1 - near / all);
		}
	assert_true(worst < .011);
	assert_true(worst > .001); /* else the limit is too wide */
}

static void far_ahead_the_nodes_still_tell_most_of_it(void **state)
{
	const struct rhythm shop = { .r = .85, .alpha = 45.0 * DAY, .a = .6, .b = 1 };
	const double years[] = { 1, 3 }, limit[] = { .018, .111 };

	(void)state;
	for (int i = 0; i < 2; i++)
		for (int x = 0; x <= 20; x++) {
			double t = years[i] * 365 * DAY, tx = x * 20.0 * DAY;
			double near = value_expected(&shop, x, tx, 0, t);
			double all = rhythm_expected(&shop, x, tx, 0, t);

			assert_true(near <= all * (1 + 1e-9) && near >= all * (1 - limit[i]));
		}
}

static void where_nobody_leaves_purchases_go_on_for_ever(void **state)
{
	const struct rhythm r = { .r = 2, .alpha = 100, .a = 0, .b = 1 };

	(void)state;
	assert_true(fabs(value_expected(&r, 3, 300, 100, 50) - 5.0 / 500 * 50) < 1e-12);
}

/* Extreme parameters: weights that add up to 1 give what a short time gives. */
static void nodes_are_weighted_whatever_the_parameters(void **state)
{
	struct random r = { random_seed(3) };

	(void)state;
	for (unsigned i = 0; i < random_runs(2000); i++) {
		struct rhythm m = { .r = some_parameter(&r, RHYTHM_MIN, RHYTHM_MAX), .alpha = 1e9,
			.a = some_parameter(&r, RHYTHM_MIN, RHYTHM_MAX),
			.b = some_parameter(&r, RHYTHM_MIN, RHYTHM_MAX) };
		double x = (double)random_below(&r, 1000), t = 1e9 / (1 + m.r + x) * 1e-6;
		struct tempo p = rhythm_tempo(&m, x, 0);
		double short_time = tempo_alive(&p, 0) * (m.r + x) * t / 1e9;

		assert_true(fabs(value_expected(&m, x, 0, 0, t) / short_time - 1) < 1e-4);
	}
}

/* Three purchases, one of which told its margin, and something given back. */
static void the_parts_are_what_they_say(void **state)
{
	struct value v = { .discount = .1, .margin = .3, .horizon = 730.0 * DAY, .p = 6.25, .q = 3.74,
		.v = 1544 };
	struct rhythm r = { .r = .85, .alpha = 45.0 * DAY, .a = .6, .b = 1, .value = &v };
	int64_t now = T0 + 130 * DAY;
	double rate = 1000.0 / 6000 + 2.0 / 3 * .3, z, potential, current;
	struct facts f;

	(void)state;
	value_prepare(&v);
	facts_init(&f);
	buy(&f, 0, 1000, -1);
	buy(&f, 50, 2000, 1000);
	buy(&f, 100, 3000, -1);
	give_back(&f, 100, 600);
	assert_true(fabs(margin_rate(&f, &v) - rate) < 1e-12);
	assert_true(fabs(value_of(QUANTITY_historic_value, &f, &r, now) - rate * 5400) < 1e-9);
	current = value_of(QUANTITY_current_value, &f, &r, now);
	assert_true(fabs(current - rate * value_of(QUANTITY_spend_rate, &f, &r, now)) < 1e-9);
	z = 6.25 * (1544 + 3 * 1800.0) / (6.25 * 3 + 2.74);
	potential = (pow(1.1, -.5) - pow(1.1, -1.5)) *
		value_expected(&r, 2, 100.0 * DAY, 30.0 * DAY, 365.0 * DAY);
	potential += pow(1.1, -1.5) * value_expected(&r, 2, 100.0 * DAY, 30.0 * DAY, 730.0 * DAY);
	potential *= z * rate;
	assert_true(fabs(value_of(QUANTITY_potential_value, &f, &r, now) / potential - 1) < 1e-12);
	assert_true(fabs(value_of(QUANTITY_lifetime_value, &f, &r, now) /
		(rate * 5400 + current + potential) - 1) < 1e-12);
}

static void who_never_bought_has_no_outlook(void **state)
{
	struct value v = VALUE_DEFAULT;
	struct rhythm r = { .r = .85, .alpha = 45.0 * DAY, .a = .6, .b = 1, .value = &v };
	struct facts f;

	(void)state;
	facts_init(&f);
	assert_true(isnan(value_of(QUANTITY_lifetime_value, &f, &r, T0)));
	assert_true(isnan(value_of(QUANTITY_loyalty, &f, &r, T0)));
	assert_true(value_of(QUANTITY_historic_value, &f, &r, T0) == 0);
}

/* More given back than bought within the half-life is no reason to be worth more later. */
static void value_never_rises_while_nothing_happens(void **state)
{
	struct random r = { random_seed(4) };

	(void)state;
	for (unsigned i = 0; i < random_runs(300); i++) {
		static struct facts f;
		struct writer w = { .r = &r, .f = &f };
		int64_t at_ms = T0;
		double last[2] = { INFINITY, INFINITY };

		random_facts(&r, &f);
		write_rhythm(&w);
		for (int k = 0; k < 200; k++) {
			const enum quantity q[] = { QUANTITY_potential_value, QUANTITY_lifetime_value };

			at_ms = k % 2 ? at_ms + 1 : later(&r, at_ms);
			for (int j = 0; j < 2; j++) {
				double v = value_of(q[j], &f, &w.rhythm, at_ms);

				assert_false(v > last[j]);
				last[j] = v;
			}
		}
		buf_fini(&w.out);
	}
}

/* Bounds at any distance from V, down to the next number. */
static double bound_near(struct random *r, double v)
{
	switch (random_below(r, 4)) {
	case 0: return v * (double)random_below(r, 4000) / 1000;
	case 1: return v * (1 + ((double)random_below(r, 2001) - 1000) * 1e-6);
	case 2: return v * (1 + ((double)random_below(r, 2001) - 1000) * 1e-10);
	default: return nextafter(v, random_below(r, 2) ? INFINITY : -INFINITY);
	}
}

/* Looking only as far as needed says the same as looking, also when asked again. */
static void a_near_value_compares_like_the_value(void **state)
{
	struct random r = { random_seed(5) };
	unsigned spared = 0, asked = 0, runs = random_runs(2000);

	(void)state;
	for (unsigned i = 0; i < runs; i++) {
		static struct outlook_table table;
		static struct facts f;
		struct writer w = { .r = &r, .f = &f };
		struct value_memo memo = { .is_read = false };
		int64_t begin_ms = some_time_ms(&r);

		random_facts(&r, &f);
		write_rhythm(&w);
		buf_fini(&w.out);
		if (random_below(&r, 2))
			outlook_table_make(&table, &w.rhythm, w.rhythm.value);
		for (unsigned k = 0; k < 8; k++) {
			int64_t at_ms = begin_ms + (int64_t)(k & 3) * (int64_t)random_below(&r, 90) * DAY;
			double v = lifetime_value(&f, &w.rhythm, i % 2, at_ms), bound, near;

			if (isnan(v))
				break;
			bound = random_below(&r, 20) ? bound_near(&r, v) : 0;
			near = lifetime_value_near(&f, &w.rhythm, i % 2, at_ms, bound,
				k < 4 ? &memo : NULL);
			asked++;
			spared += isinf(near);
			assert_true((near > bound) == (v > bound) && (near < bound) == (v < bound));
		}
	}
	assert_true(spared > asked / 3);
}

static void loyalty_is_the_mean_of_its_signs(void **state)
{
	struct event join = { .body = BODY_MEMBERSHIP, .time_ms = T0 };
	struct rhythm r = { .r = .85, .alpha = 45.0 * DAY, .a = .6, .b = 1 };
	struct facts f;

	(void)state;
	facts_init(&f);
	buy(&f, 0, 1000, -1);
	assert_true(value_of(QUANTITY_loyalty, &f, &r, T0) == 0);
	buy(&f, 1, 1000, -1);
	assert_true(fabs(value_of(QUANTITY_loyalty, &f, &r, T0) - .5 / 3) < 1e-12);
	join.as.membership.change = MEMBERSHIP_JOINED;
	facts_add(&f, &join, NULL);
	assert_true(fabs(value_of(QUANTITY_loyalty, &f, &r, T0) - 1.5 / 3) < 1e-12);
	facts_credit(&f, 1);
	assert_true(fabs(value_of(QUANTITY_loyalty, &f, &r, T0) - 2.0 / 3) < 1e-12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(money_is_drawn_towards_that_of_all),
		cmocka_unit_test(the_nodes_come_near_the_series_and_never_above_it),
		cmocka_unit_test(far_ahead_the_nodes_still_tell_most_of_it),
		cmocka_unit_test(where_nobody_leaves_purchases_go_on_for_ever),
		cmocka_unit_test(nodes_are_weighted_whatever_the_parameters),
		cmocka_unit_test(the_parts_are_what_they_say),
		cmocka_unit_test(who_never_bought_has_no_outlook),
		cmocka_unit_test(value_never_rises_while_nothing_happens),
		cmocka_unit_test(a_near_value_compares_like_the_value),
		cmocka_unit_test(loyalty_is_the_mean_of_its_signs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
