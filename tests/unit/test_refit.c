/* SPDX-License-Identifier: Apache-2.0 */
/* The refit: a sample that is fair, fits that are put in force or not, which class goes with whom. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "daemon/refit.h"
#include "simulated_shop.h"
#include "tests/unit/compiled.h"

#define DAY ((double)DAY_MS)

/* ---- the reservoir */

static void who_is_drawn_has_nothing_to_do_with_when_they_came(void **state)
{
	static struct reservoir r;
	unsigned tenths[10] = { 0 };
	const unsigned n = 40000;

	(void)state;
	reservoir_init(&r, random_seed(1));
	for (unsigned i = 0; i < n; i++)
		reservoir_add(&r, &(struct sampled){ .x = i });
	assert_int_equal(r.n, RESERVOIR_ROWS);
	assert_int_equal(r.seen, n);
	for (unsigned i = 0; i < r.n; i++)
		tenths[(unsigned)r.rows[i].x * 10 / n]++;
	for (unsigned i = 0; i < 10; i++) /* 400 of each, give or take five standard deviations of 19 */
		assert_in_range(tenths[i], 305, 495);
}

static void of_few_each_is_there_once(void **state)
{
	static struct reservoir r;

	(void)state;
	reservoir_init(&r, 1);
	for (unsigned i = 0; i < RESERVOIR_ROWS; i++)
		reservoir_add(&r, &(struct sampled){ .x = i });
	for (unsigned i = 0; i < RESERVOIR_ROWS; i++)
		assert_true(r.rows[i].x == i);
}

/* ---- one fit */

static struct reservoir *shop(const struct rhythm *m, unsigned n, uint64_t seed)
{
	struct reservoir *r = malloc(sizeof *r);
	struct random random = { seed };
	struct sampled row;

	assert_non_null(r);
	reservoir_init(r, seed);
	for (unsigned i = 0; i < n; i++) {
		simulated_customer(&random, m, &row.x, &row.tx, &row.t);
		reservoir_add(r, &row);
	}
	return r;
}

static const struct rhythm true_rhythm = { .r = 1.1, .alpha = 40, .a = .8, .b = 2.2 };
/* As a machine has them: in ms. */
static const struct rhythm guess = { .r = .85, .alpha = 120 * (double)DAY_MS, .a = .6, .b = 1, .floor = .02,
	.window = 60 * (double)DAY_MS };

static struct refit refit_of(struct reservoir *r, const struct rhythm *now)
{
	struct refit f;

	assert_int_equal(refit_make(r, now, NULL, NULL, &f), 0);
	free(r);
	return f;
}

static void a_better_fit_is_put_in_force(void **state)
{
	struct refit f = refit_of(shop(&true_rhythm, 3000, random_seed(1)), &guess);

	(void)state;
	assert_int_equal(f.reason, REFIT_WELL);
	assert_true(f.gain > 100 && f.change.moved > .9);
	assert_true(fabs(log(f.then.alpha / true_rhythm.alpha)) < .3 && f.then.window == 60);
	/* who comes every month is late sooner than who comes every four */
	assert_true(f.change.then > f.change.now && f.change.then < 1);
}

static void another_sample_of_the_same_customers_changes_nothing(void **state)
{
	(void)state;
	for (uint64_t seed = random_seed(1), end = seed + random_runs(4); seed < end; seed++) {
		struct refit f = refit_of(shop(&true_rhythm, 2000, seed), &guess);
		struct rhythm now = f.then;

		now.alpha *= DAY;
		now.window *= DAY;
		f = refit_of(shop(&true_rhythm, 2000, seed + 1000), &now);
		assert_int_equal(f.reason, REFIT_SAME);
		assert_true(f.gain >= -1e-6 && f.gain < REFIT_GAIN_MIN);
		assert_true(fabs(f.change.then - f.change.now) < .05);
	}
}

static void too_few_are_not_gone_by(void **state)
{
	struct rhythm seldom = { .r = .1, .alpha = 300, .a = .8, .b = 2.2 };

	(void)state;
	assert_int_equal(refit_of(shop(&true_rhythm, REFIT_BUYERS_MIN - 1, 7), &guess).reason, REFIT_FEW);
	assert_int_equal(refit_of(shop(&seldom, 150, 7), &guess).reason, REFIT_FEW); /* 30 returns or so */
	assert_int_equal(refit_of(shop(&true_rhythm, 0, 7), &guess).reason, REFIT_NOTHING);
}

static void where_nobody_leaves_that_is_told_and_the_pace_is_put_in_force(void **state)
{
	struct rhythm loyal = { .r = 1.1, .alpha = 40, .a = 0, .b = 1 };
	struct refit f = refit_of(shop(&loyal, 2000, 3), &guess);

	(void)state;
	assert_int_equal(f.reason, REFIT_WELL);
	assert_false(f.fit.dropout_identified);
	assert_true(f.then.a > 0 && f.then.a / (f.then.a + f.then.b) < .05);
}

static void a_class_of_few_stays_near_the_whole(void **state)
{
	struct rhythm near = { .r = 1.3, .alpha = 25, .a = .4, .b = 1.5 };
	struct reservoir *r = shop(&true_rhythm, 0, 7);
	struct refit f;

	(void)state;
	assert_int_equal(refit_make(r, &guess, &near, NULL, &f), 0);
	assert_int_equal(f.reason, REFIT_NOTHING);
	assert_true(fabs(log(f.then.alpha / near.alpha)) < 1e-6 && f.fit.customers == 0);
	assert_true(f.change.moved == 0);
	free(r);
	r = shop(&true_rhythm, 20, 7);
	assert_int_equal(refit_make(r, &guess, &near, NULL, &f), 0);
	assert_int_equal(f.reason, REFIT_FEW);
	assert_true(fabs(log(f.then.alpha / near.alpha)) < .7);
	free(r);
}

static void a_fit_that_is_given_up_ends(void **state)
{
	struct reservoir *r = shop(&true_rhythm, 3000, 5);
	atomic_bool give_up = true;
	struct refit f;

	(void)state;
	assert_int_equal(refit_make(r, &guess, NULL, &give_up, &f), ERR_CLOSED);
	free(r);
}

/* ---- spending */

/* N customers of 1 to 6 days; Q 0: all have the same mean. */
static struct refit_spend spending(const struct value *v, unsigned n, uint64_t seed,
	const struct value *now)
{
	static struct reservoir r;
	struct random random = { seed };
	struct refit_spend f;

	reservoir_init(&r, seed);
	for (unsigned i = 0; i < n; i++) {
		double days = 1 + (double)random_below(&random, 6);
		double rate = v->q > 0 ? gamma_of(&random, v->q) / v->v : 1 / v->v;

		reservoir_add(&r, &(struct sampled){ .x = days - 1,
			.money = gamma_of(&random, v->p * days) / rate });
	}
	assert_int_equal(refit_spend_make(&r, now, NULL, &f), 0);
	return f;
}

static void spending_is_put_in_force_where_people_differ_and_not_for_chance(void **state)
{
	const struct value people = { .p = 2.5, .q = 3.2, .v = 1800 }, chance = { .p = 3, .v = 500 };
	struct machine *m = compile("risk x when lifetime_value > 5");
	struct parameters p = { .version = 3 }, before = p;
	struct refit_spend f = spending(&people, 3000, random_seed(1), &VALUE_DEFAULT);
	struct value now = { .p = f.fit.map.p, .q = f.fit.map.q, .v = f.fit.map.v };

	(void)state;
	assert_int_equal(f.reason, REFIT_WELL);
	assert_true(f.moved > .3 && fabs(log(f.fit.map.p / 2.5)) < .3);
	assert_true(refit_spend_parameters(&f, m, false, &p));
	assert_true(p.spend.given && p.spend.p == f.fit.map.p && p.spend_for == m->spend_key);
	p = before;
	f = spending(&people, 3000, random_seed(2), &now);
	assert_int_equal(f.reason, REFIT_SAME);
	assert_true(f.gain < REFIT_GAIN_MIN && f.moved < .3);
	f = spending(&chance, 1000, random_seed(3), &VALUE_DEFAULT);
	assert_int_equal(f.reason, REFIT_ALIKE);
	assert_false(refit_spend_parameters(&f, m, true, &p));
	f = spending(&people, 40, 4, &VALUE_DEFAULT);
	assert_int_equal(f.reason, REFIT_FEW);
	assert_false(refit_spend_parameters(&f, m, false, &p));
	assert_memory_equal(&p, &before, sizeof p);
	assert_true(refit_spend_parameters(&f, m, true, &p));
	assert_int_equal(spending(&people, 0, 4, &VALUE_DEFAULT).reason, REFIT_NOTHING);
	machine_free(m);
}

/* ---- all classes */

static const char with_classes[] =
	"rhythm { r 0.85 alpha 120d a 0.6 b 1 }\n"
	"rhythm for role = agent { window 90d }\n"         /* 1: its numbers are the whole's */
	"rhythm for role = wholesaler { alpha 200d }\n"    /* 2: has one of its own */
	"risk silent when overdue > 1\n";

static struct refit with_reason(enum refit_reason reason, double r)
{
	return (struct refit){ .reason = reason, .then = { .r = r, .alpha = 10, .a = .5, .b = 1 } };
}

static const struct fit_of_class *fit_in(const struct parameters *p, unsigned class)
{
	for (unsigned i = 0; i < p->n_fits; i++)
		if (p->fits[i].class == class)
			return &p->fits[i];
	return NULL;
}

static void a_small_class_goes_with_the_whole_unless_the_file_gives_it_numbers(void **state)
{
	struct machine *m = compile(with_classes);
	struct parameters p = { .version = 4, .n_cuts = 1, .cuts = { { "spent", .1, 7 } } };
	struct refit list[] = { with_reason(REFIT_WELL, 1), with_reason(REFIT_FEW, 2),
		with_reason(REFIT_NOTHING, 3) };

	(void)state;
	assert_true(refit_parameters(list, m, false, &p));
	assert_int_equal(p.n_fits, 2);
	assert_true(fit_in(&p, 0)->r == 1 && fit_in(&p, 0)->alpha == 10 * DAY);
	assert_true(fit_in(&p, 1)->r == 1);
	assert_null(fit_in(&p, 2));
	assert_true(p.n_cuts == 1 && p.cuts[0].bound == 7 && p.fitted_for == m->rhythm_key);
	machine_take_parameters(m, &p);
	assert_true(m->fitted && m->classes.classes[0].rhythm.r == 1);
	assert_true(m->classes.classes[0].rhythm.window == 90 * DAY);
	assert_true(m->classes.classes[1].rhythm.alpha == 200 * DAY);
	assert_true(m->classes.classes[1].rhythm.r == .85);
	machine_free(m);
}

static void a_class_with_enough_has_a_fit_of_its_own(void **state)
{
	struct machine *m = compile(with_classes);
	struct parameters p = { 0 };
	struct refit list[] = { with_reason(REFIT_SAME, 1), with_reason(REFIT_WELL, 2),
		with_reason(REFIT_WELL, 3) };

	(void)state;
	assert_true(refit_parameters(list, m, false, &p));
	assert_true(p.n_fits == 2 && fit_in(&p, 1)->r == 2 && fit_in(&p, 2)->r == 3);
	/* the next time only the whole is better: what they have is kept */
	list[0] = with_reason(REFIT_WELL, 4);
	list[1] = list[2] = with_reason(REFIT_SAME, 9);
	assert_true(refit_parameters(list, m, false, &p));
	assert_true(p.n_fits == 3 && fit_in(&p, 0)->r == 4);
	assert_true(fit_in(&p, 1)->r == 2 && fit_in(&p, 2)->r == 3);
	machine_free(m);
}

static void what_something_speaks_against_is_put_in_force_by_force_only(void **state)
{
	struct machine *m = compile("rhythm { r 0.85 } risk x when overdue > 1");
	struct parameters p = { .version = 3 }, before = p;

	(void)state;
	for (enum refit_reason reason = REFIT_NOTHING; reason <= REFIT_SAME; reason++) {
		struct refit list[] = { with_reason(reason, 2) };

		assert_false(refit_parameters(list, m, false, &p));
		assert_memory_equal(&p, &before, sizeof p);
		assert_int_equal(refit_parameters(list, m, true, &p), reason != REFIT_NOTHING);
		p = before;
		assert_true(strlen(refit_reason_name(reason)) && strlen(refit_reason_text(reason)) > 20);
	}
	machine_free(m);
}

/* ---- being asked */

static void a_wish_says_what_it_wants_and_nothing_else(void **state)
{
	static const char *const wrong[] = { "[]", "{", "{\"start\":1}", "{\"apply\":true}",
		"{\"start\":true,\"force\":true}", "{\"start\":true,\"aply\":true}", "true",
		"{\"start\":true,\"start\":true}" };
	struct complaint c = { 0 };
	struct refit_wish w;
	bool start;

	(void)state;
	assert_int_equal(refit_wish_parse(span_of(NULL, 0), &start, &w, &c), 0);
	assert_false(start || w.apply || w.force);
	assert_int_equal(refit_wish_parse(span_str("{\"start\":true,\"apply\":true,\"force\":true}"),
		&start, &w, &c), 0);
	assert_true(start && w.apply && w.force);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		c.text[0] = '\0';
		assert_int_equal(refit_wish_parse(span_str(wrong[i]), &start, &w, &c), ERR_INVALID);
		assert_true(c.text[0] != '\0');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_drawn_has_nothing_to_do_with_when_they_came),
		cmocka_unit_test(of_few_each_is_there_once),
		cmocka_unit_test(a_better_fit_is_put_in_force),
		cmocka_unit_test(another_sample_of_the_same_customers_changes_nothing),
		cmocka_unit_test(too_few_are_not_gone_by),
		cmocka_unit_test(where_nobody_leaves_that_is_told_and_the_pace_is_put_in_force),
		cmocka_unit_test(a_class_of_few_stays_near_the_whole),
		cmocka_unit_test(a_fit_that_is_given_up_ends),
		cmocka_unit_test(spending_is_put_in_force_where_people_differ_and_not_for_chance),
		cmocka_unit_test(a_small_class_goes_with_the_whole_unless_the_file_gives_it_numbers),
		cmocka_unit_test(a_class_with_enough_has_a_fit_of_its_own),
		cmocka_unit_test(what_something_speaks_against_is_put_in_force_by_force_only),
		cmocka_unit_test(a_wish_says_what_it_wants_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
