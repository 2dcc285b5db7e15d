/* SPDX-License-Identifier: Apache-2.0 */
/* The customer's own rhythm: reference values computed with 60 digits, and each trap of floating
 * point by name. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lifecycle/rhythm.h"
#include "random_event.h"

#define SAMPLE    "tests/data/rhythm_reference.csv"
#define REFERENCE "../shared/data/rhythm_reference_values.csv"
#define SUMMARY   "../shared/data/cdnow_customers_summary.csv"

/* ---- reference values */

struct row {
	char set[32], model[8];
	double k, r, alpha, a, b, x, tx, t, theta, alive, silence, until, window, active, expected,
		active_13, silence_13;
};

static bool row_read(const char *line, struct row *w)
{
	return sscanf(line, "%31[^,],%7[^,],%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf,"
		"%lf,%lf,%lf", w->set, w->model, &w->k, &w->r, &w->alpha, &w->a, &w->b, &w->x, &w->tx,
		&w->t, &w->theta, &w->alive, &w->silence, &w->until, &w->window, &w->active,
		&w->expected, &w->active_13, &w->silence_13) == 19;
}

static void assert_near(double v, double reference, double limit, const char *what,
	const char *line)
{
	if (v == reference || fabs(v - reference) <= limit * fabs(reference))
		return;
	fail_msg("%s is %.17g, off by %.2g: %s", what, v, fabs(v / reference - 1), line);
}

static void assert_row(const struct row *w, const char *line)
{
	struct rhythm r = { .r = w->r, .alpha = w->alpha, .a = w->a, .b = w->b };
	struct tempo p = rhythm_tempo(&r, w->x, w->tx);
	double s = w->t - w->tx;

	assert_near(tempo_alive(&p, s), w->alive, 1e-11, "P(alive)", line);
	assert_near(tempo_active(&p, s, w->window), w->active, 1e-11, "P(active)", line);
	assert_near(tempo_active(&p, s, 13), w->active_13, 1e-11, "P(active in 13)", line);
	assert_near(tempo_alive_until(&p, w->theta), w->silence, 1e-11, "D_alive", line);
	assert_near(w->tx + tempo_alive_until(&p, w->theta), w->until, 1e-11, "deadline", line);
	assert_near(tempo_active_until(&p, 13, w->theta), w->silence_13, 1e-11, "D_active", line);
	assert_near(rhythm_expected(&r, w->x, w->tx, s, w->window), w->expected, 1e-11, "E[X]", line);
}

/* The rows of the plain model, k = 1; how many. */
static unsigned assert_rows(FILE *f)
{
	char line[512];
	unsigned n = 0;
	struct row w;

	while (fgets(line, sizeof line, f)) {
		if (!row_read(line, &w) || strcmp(w.model, "mbg") != 0 || w.k != 1)
			continue;
		assert_row(&w, line);
		n++;
	}
	fclose(f);
	return n;
}

static void the_reference_values_are_met_to_eleven_digits(void **state)
{
	FILE *f = fopen(SAMPLE, "r");

	(void)state;
	assert_non_null(f);
	assert_int_equal(assert_rows(f), 18);
}

static void all_reference_values_are_met_to_eleven_digits(void **state)
{
	FILE *f = fopen(REFERENCE, "r");

	(void)state;
	if (!f) {
		print_message("# %s is absent\n", REFERENCE);
		skip();
	}
	assert_true(assert_rows(f) >= 76);
}

/* Fader & Hardie's 39 weeks of CDNOW; the parameters and the sum are published figures. */
static void the_likelihood_of_the_cdnow_sample_is_the_published_one(void **state)
{
	struct rhythm r = { .r = .525, .alpha = 6.183, .a = .891, .b = 1.614 };
	FILE *f = fopen(SUMMARY, "r");
	double sum = 0, x, tx, t;
	char line[256];
	unsigned n = 0;

	(void)state;
	if (!f) {
		print_message("# %s is absent\n", SUMMARY);
		skip();
	}
	while (fgets(line, sizeof line, f))
		if (sscanf(line, "%*[^,],%lf,%lf,%lf", &x, &tx, &t) == 3) {
			sum += rhythm_log_likelihood(&r, x, tx, t);
			n++;
		}
	fclose(f);
	assert_int_equal(n, 2357);
	assert_true(fabs(sum + 9582.13) <= 0.01);
}

/* The likelihood against the plain product of the model, where that does not overflow. */
static void the_likelihood_is_the_plain_product_in_logarithms(void **state)
{
	struct rhythm r = { .r = 2, .alpha = 3, .a = .8, .b = 1.5 };

	(void)state;
	for (int x = 0; x < 5; x++) {
		double tx = x * 1.25, t = tx + 2.5, n = r.r + x;
		double gaps = tgamma(n) / tgamma(r.r) * pow(r.alpha, r.r) / pow(r.alpha + tx, n);
		double beta = tgamma(r.b + x + 1) / tgamma(r.b) * tgamma(r.a + r.b) /
			tgamma(r.a + r.b + x + 1);
		double plain = gaps * beta * (pow((r.alpha + tx) / (r.alpha + t), n) + r.a / (r.b + x));

		assert_true(fabs(rhythm_log_likelihood(&r, x, tx, t) - log(plain)) < 1e-12);
	}
}

/* ---- the traps */

static const struct rhythm cdnow = { .r = .525, .alpha = 6.183, .a = .891, .b = 1.614 };

static void four_hundred_purchases_overflow_nothing(void **state)
{
	(void)state;
	for (double x = 400; x <= 1e6; x *= 10) {
		struct tempo p = rhythm_tempo(&cdnow, x, 50);
		double alive = tempo_alive(&p, 50), active = tempo_active(&p, 50, 13);

		assert_true(alive >= 0 && alive < 1e-90 && active >= 0 && active <= alive);
		assert_true(isfinite(rhythm_log_likelihood(&cdnow, x, 50, 100)));
		assert_true(isfinite(rhythm_expected(&cdnow, x, 50, .01, 13)));
	}
}

/* D = A (...)^(1/n) - alpha - tx has no digit left here; the series of expm1 has them all. */
static void ten_million_purchases_keep_the_digits_of_a_deadline(void **state)
{
	struct tempo p = rhythm_tempo(&cdnow, 1e7, 520);
	double u = -(p.log_drop + log(.25)) / p.n; /* theta = 0.2 */

	(void)state;
	assert_near(tempo_alive_until(&p, .2), p.base * (u + u * u / 2 + u * u * u / 6), 1e-12,
		"D_alive", "1e7");
	assert_near(tempo_alive(&p, tempo_alive_until(&p, .2)), .2, 1e-12, "P(alive)", "1e7");
	assert_near(tempo_active(&p, tempo_active_until(&p, 8, .2), 8), .2, 1e-10, "P(active)", "1e7");
	assert_near(tempo_median(&p), p.base * (M_LN2 / p.n + M_LN2 * M_LN2 / p.n / p.n / 2), 1e-12,
		"median", "1e7");
}

static void where_nobody_drops_out_nobody_is_ever_gone(void **state)
{
	struct rhythm r = { .r = .85, .alpha = 45 };
	struct tempo p;

	(void)state;
	r.b = 1;
	p = rhythm_tempo(&r, 3, 100);
	assert_true(tempo_alive(&p, 0) == 1 && tempo_alive(&p, 1e9) == 1);
	assert_true(isinf(tempo_alive_until(&p, .2)) && isinf(tempo_alive_until(&p, 1)));
	assert_true(isfinite(tempo_active_until(&p, 60, .2)));
	assert_near(tempo_active(&p, tempo_active_until(&p, 60, .2), 60), .2, 1e-12, "P(active)", "a 0");
	r.a = 1e-4;
	r.b = RHYTHM_MAX;
	p = rhythm_tempo(&r, 0, 0);
	assert_true(tempo_alive_until(&p, .2) > 1e9);
	assert_near(tempo_active(&p, tempo_active_until(&p, 60, .2), 60), .2, 1e-12, "P(active)", "b");
}

static void the_floor_bounds_what_the_best_customer_is_believed(void **state)
{
	struct rhythm r = { .r = .85, .alpha = 45, .a = .6, .b = 1, .floor = .02 };
	struct tempo often = rhythm_tempo(&r, 1000, 3000), once = rhythm_tempo(&r, 0, 0);

	(void)state;
	assert_true(tempo_alive(&often, 0) == 1 / 1.02);
	assert_true(fabs(tempo_alive(&once, 0) - 1 / 1.6) < 1e-15);
}

static void alpha_alone_carries_the_unit_of_time(void **state)
{
	struct rhythm days = cdnow;
	struct tempo p = rhythm_tempo(&cdnow, 4, 12), q;

	(void)state;
	days.alpha *= 7;
	q = rhythm_tempo(&days, 4, 84);
	assert_near(tempo_alive(&q, 70), tempo_alive(&p, 10), 1e-14, "P(alive)", "days");
	assert_near(tempo_active(&q, 70, 91), tempo_active(&p, 10, 13), 1e-14, "P(active)", "days");
	assert_near(tempo_active_until(&q, 91, .2), 7 * tempo_active_until(&p, 13, .2), 1e-13, "D",
		"days");
	assert_near(rhythm_log_likelihood(&days, 4, 84, 154),
		rhythm_log_likelihood(&cdnow, 4, 12, 22) - 4 * log(7), 1e-13, "likelihood", "days");
}

static void more_purchases_mean_less_patience_with_the_same_silence(void **state)
{
	double before = 1;

	(void)state;
	for (double x = 1; x < 50; x++) {
		struct tempo p = rhythm_tempo(&cdnow, x, 30);
		double alive = tempo_alive(&p, 20);

		assert_true(x < 4 || alive < before);
		before = alive;
	}
}

/* At a = 1 the textbook's formula divides nothing by nothing. */
static void expected_purchases_are_smooth_where_a_is_one(void **state)
{
	double at[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct rhythm r = { .r = .5, .alpha = 6, .a = 1 + (i - 1) * 1e-6, .b = 1.6 };

		at[i] = rhythm_expected(&r, 3, 20, 5, 39);
		assert_true(at[i] > 0 && at[i] < 10);
	}
	assert_near((at[0] + at[2]) / 2, at[1], 1e-11, "E[X]", "a = 1");
}

static void a_chance_that_is_low_from_the_start_is_due_at_once(void **state)
{
	struct tempo p = rhythm_tempo(&cdnow, 0, 0);

	(void)state;
	assert_true(tempo_alive_until(&p, .99) == 0);
	assert_true(tempo_active_until(&p, 13, .99) == 0);
	assert_true(tempo_active_until(&p, 13, 1) == 0);
	assert_true(isinf(tempo_alive_until(&p, 0)) && isinf(tempo_active_until(&p, 13, 0)));
	assert_true(isinf(tempo_alive_until(&p, -1)) && isinf(tempo_active_until(&p, 13, -1)));
}

/* ---- properties */

/* Log-uniform. */
static double random_scale(struct random *r, double least, double most)
{
	double at = (double)random_below(r, 1000001) / 1e6;

	return least * pow(most / least, at);
}

static struct rhythm random_rhythm(struct random *r)
{
	struct rhythm m = { .r = random_scale(r, RHYTHM_MIN, RHYTHM_MAX),
			    .alpha = random_scale(r, 1e-3, 1e4),
			    .a = random_scale(r, RHYTHM_MIN, RHYTHM_MAX),
			    .b = random_scale(r, RHYTHM_MIN, RHYTHM_MAX) };

	if (random_below(r, 3)) /* as shops have it */
		m.r = random_scale(r, .1, 3), m.alpha = random_scale(r, 1, 300);
	if (random_below(r, 4) == 0)
		m.a = 0;
	if (random_below(r, 2))
		m.floor = .02;
	return m;
}

static struct tempo random_tempo(struct random *r)
{
	struct rhythm m = random_rhythm(r);
	double x = random_below(r, 2) ? (double)random_below(r, 10)
				      : floor(random_scale(r, 1, 1e5));

	return rhythm_tempo(&m, x, x > 0 ? random_scale(r, .1, 4000) : 0);
}

static void chances_never_rise_while_nothing_happens(void **state)
{
	uint64_t seed = random_seed(5);
	unsigned runs = random_runs(20000);

	(void)state;
	for (unsigned i = 0; i < runs; i++) {
		struct random r = { seed * 1000003 + i };
		struct tempo p = random_tempo(&r);
		double w = random_scale(&r, .1, 1000), s = random_scale(&r, 1e-3, 1e5);
		double later = random_below(&r, 2) ? nextafter(s, INFINITY)
						   : s + random_scale(&r, 1e-8, 1e5);
		double alive = tempo_alive(&p, s), active = tempo_active(&p, s, w);

		if (!(alive >= 0 && active >= 0 && active <= alive && alive <= 1 &&
		      tempo_alive(&p, later) <= alive && tempo_active(&p, later, w) <= active))
			fail_msg("SEED=%llu run %u: s %.17g, then %.17g", (unsigned long long)seed, i, s,
				later);
	}
}

static void the_chance_at_its_deadline_is_the_bound(void **state)
{
	uint64_t seed = random_seed(6), all = 0;
	unsigned runs = random_runs(20000), n = 0;
	int most = 0;

	(void)state;
	for (unsigned i = 0; i < runs; i++) {
		struct random r = { seed * 1000003 + i };
		struct tempo p = random_tempo(&r);
		double w = random_scale(&r, .1, 1000), theta = random_scale(&r, 1e-3, .999);
		int steps;
		double d = tempo_active_until_counted(&p, w, theta, &steps);
		double off = 1e-9 * (1 + d / p.base); /* of s, by rounding of d itself */

		if (d == 0) {
			assert_true(tempo_active(&p, 0, w) <= theta);
			continue;
		}
		if (d > 1e200) /* an infinite patience to all ends */
			continue;
		if (!(tempo_active(&p, d * (1 - 1e-9), w) >= theta * (1 - off) &&
		      tempo_active(&p, d * (1 + 1e-9), w) <= theta * (1 + off)))
			fail_msg("SEED=%llu run %u: D %.17g, P %.17g, theta %.17g", (unsigned long long)seed,
				i, d, tempo_active(&p, d, w), theta);
		all += (uint64_t)steps;
		n++;
		most = steps > most ? steps : most;
	}
	if (getenv("VERBOSE"))
		print_message("# %.2f steps on average, %d at most\n", (double)all / n, most);
	assert_true((double)all / n < 9 && most <= 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_reference_values_are_met_to_eleven_digits),
		cmocka_unit_test(all_reference_values_are_met_to_eleven_digits),
		cmocka_unit_test(the_likelihood_of_the_cdnow_sample_is_the_published_one),
		cmocka_unit_test(the_likelihood_is_the_plain_product_in_logarithms),
		cmocka_unit_test(four_hundred_purchases_overflow_nothing),
		cmocka_unit_test(ten_million_purchases_keep_the_digits_of_a_deadline),
		cmocka_unit_test(where_nobody_drops_out_nobody_is_ever_gone),
		cmocka_unit_test(the_floor_bounds_what_the_best_customer_is_believed),
		cmocka_unit_test(alpha_alone_carries_the_unit_of_time),
		cmocka_unit_test(more_purchases_mean_less_patience_with_the_same_silence),
		cmocka_unit_test(expected_purchases_are_smooth_where_a_is_one),
		cmocka_unit_test(a_chance_that_is_low_from_the_start_is_due_at_once),
		cmocka_unit_test(chances_never_rise_while_nothing_happens),
		cmocka_unit_test(the_chance_at_its_deadline_is_the_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
