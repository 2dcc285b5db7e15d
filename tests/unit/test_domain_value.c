/* SPDX-License-Identifier: Apache-2.0 */
/* The domain, row by row: what customers are worth, by how much of which sign they are loyal, and
 * what a notification says of it. docs/DOMAIN.md names the test of each row. */
#include <math.h>
#include "domain.h"
#include "lifecycle/parameters.h"
#include "lifecycle/sketch.h"

/* Under the file that ships with another value block. */
static struct life *life_with(const char *block)
{
	struct span text = machine_default_text();
	static const char shipped[] = "discount 10%  horizon 3y\n}";
	char *file = strndup((const char *)text.data, text.size), *at = strstr(file, shipped);
	char *all = malloc(text.size + 256);
	struct complaint c = { 0 };
	struct life *y = life_new();

	assert_non_null(at);
	assert_non_null(all);
	snprintf(all, text.size + 256, "%.*s%s\n}%s", (int)(at - file), file, block,
		at + strlen(shipped));
	machine_free(y->m);
	if (machine_compile(all, strlen(all), &y->m, &c) != 0)
		fail_msg("%d:%d: %s", c.line, c.column, c.text);
	free(file);
	free(all);
	return y;
}

/* The value of a quantity on DAY_NUMBER. */
static double worth(struct life *y, const char *name, double day_number)
{
	int q = quantity_lookup(span_str(name));
	struct law l;
	double value;

	assert_true(q >= 0);
	l = quantity_law((unsigned)q, &y->f, &y->m->rhythm);
	assert_true(law_value(&l, T0 + (int64_t)(day_number * (double)DAY), &value));
	return value;
}

static void assert_near(double value, double expected, double share)
{
	if (!(fabs(value - expected) <= share * fabs(expected)))
		fail_msg("%.9g is not %.9g", value, expected);
}

static void historic_value_is_the_margin_earned_until_now(void **state)
{
	struct life *y = life_with("margin 25%");

	(void)state;
	HAPPENS(y, 0, PURCHASE, .as.purchase = { .order = span_str("a"), .amount = 1000,
		.has_margin = true, .margin = 400 });
	assert_near(worth(y, "historic_value", 0), 400, 1e-12);
	HAPPENS(y, 1, PURCHASE, .as.purchase = { .order = span_str("b"), .amount = 1000 });
	assert_near(worth(y, "historic_value", 1), 400 + 250, 1e-12); /* told, and of the file */
	HAPPENS(y, 2, REFUND, .as.refund = { .order = span_str("a"), .amount = 200 });
	assert_near(worth(y, "historic_value", 2), 650 * (1800. / 2000), 1e-12);
	assert_near(worth(y, "historic_value", 900), 585, 1e-12); /* earned is earned */
	life_end(y);
}

static void current_value_is_the_margin_a_year_at_todays_rate(void **state)
{
	struct life *y = life_with("margin 10%");

	(void)state;
	buys_regularly(y, 0, 3600, 10, 1000); /* 36.5 times 1000 a year, for ten years */
	assert_near(worth(y, "current_value", 3605), 36500 * .1, .01);
	/* Half of it after the half-life of the rate. */
	assert_near(worth(y, "current_value", 3605 + 180), worth(y, "current_value", 3605) / 2, 1e-9);
	life_end(y);
}

static void potential_value_is_the_margin_expected_from_here_on(void **state)
{
	struct life *y = life_with("margin 50%  discount 0%  horizon 1y");
	struct life *dear = life_with("margin 50%  discount 20%  horizon 1y");
	double now;

	(void)state;
	buys_regularly(y, 0, 3600, 10, 1000);
	buys_regularly(dear, 0, 3600, 10, 1000);
	now = worth(y, "potential_value", 3600);
	/* Somebody who comes as surely as that comes 36.5 times next year, but for those who leave. */
	assert_true(now > .6 * 36.5 * 500 && now < 36.5 * 500);
	assert_true(worth(y, "potential_value", 3660) < now / 2); /* silence says they have left */
	assert_near(worth(dear, "potential_value", 3600), now / sqrt(1.2), 1e-6);
	life_end(y);
	life_end(dear);
}

static void lifetime_value_is_the_sum_of_the_three(void **state)
{
	struct life *y = life_new();

	(void)state;
	buys_regularly(y, 0, 100, 20, 700);
	for (int day = 100; day < 900; day += 100)
		assert_near(worth(y, "lifetime_value", day), worth(y, "historic_value", day) +
			worth(y, "current_value", day) + worth(y, "potential_value", day), 1e-9);
	life_end(y);
}

/* The cut-offs of a thousand customers, the i-th best of whom is worth 1000 / i times 100. */
static void take_ranks(struct life *y)
{
	static struct sketch s;
	struct parameters p = { .version = 1 };

	memset(&s, 0, sizeof s);
	for (int i = 1; i <= 1000; i++)
		sketch_add(&s, 100000. / i);
	for (unsigned i = 0; i < 3; i++) {
		struct cut *cut = &p.cuts[p.n_cuts++];

		strcpy(cut->quantity, "lifetime_value");
		cut->share = (double[]){ .01, .05, .2 }[i];
		cut->bound = sketch_top(&s, cut->share);
	}
	machine_take_parameters(y->m, &p);
}

/* Where somebody stands who bought once for AMOUNT: with what the pace of then still adds, worth some
 * nine per cent more. */
static void has_rank(int64_t amount, const char *tier)
{
	struct life *y = life_with("horizon 1d");

	take_ranks(y);
	buys(y, 0, amount);
	on_day(y, 720);
	if (strcmp(stands(y, "tier"), tier) != 0)
		fail_msg("%lld of lifetime %.0f stands on %s, not on %s", (long long)amount,
			worth(y, "lifetime_value", 720), stands(y, "tier"), tier);
	life_end(y);
}

static void the_tier_is_by_rank_the_top_1_the_next_4_the_next_15_percent_and_the_rest(void **state)
{
	struct life *y = life_new();

	(void)state;
	buys(y, 0, 1000000);
	STANDS(y, "tier", "lead"); /* nobody has a rank yet */
	life_end(y);
	has_rank(11000, "platinum"); /* the tenth of the thousand is worth 10,000 */
	has_rank(8000, "gold");
	has_rank(2200, "gold");      /* the fiftieth 2,000 */
	has_rank(1600, "iron");
	has_rank(550, "iron");       /* the two hundredth 500 */
	has_rank(400, "lead");
}

static void what_part_of_the_profit_the_best_fifth_make_is_told_as_it_really_is(void **state)
{
	static struct sketch even, steep;

	(void)state;
	for (int i = 1; i <= 1000; i++) {
		sketch_add(&even, 500);
		sketch_add(&steep, i <= 200 ? 400 : 25); /* the rule of thumb: 20 % make 80 % */
	}
	assert_near(sketch_top_sum(&even, .2), .2, .03);
	assert_near(sketch_top_sum(&steep, .2), .8, .03);
}

static void loyalty_is_repeats_referrals_membership_and_share_of_wallet(void **state)
{
	struct life *y = life_new();
	double before;

	(void)state;
	buys(y, 0, 1000);
	assert_near(worth(y, "loyalty", 0) + 1, 1, 1e-12);
	buys(y, 10, 1000); /* repeats: 1 - 1/2, of three signs */
	assert_near(worth(y, "loyalty", 10), .5 / 3, 1e-12);
	HAPPENS(y, 11, MEMBERSHIP, .as.membership = { MEMBERSHIP_JOINED });
	assert_near(worth(y, "loyalty", 11), 1.5 / 3, 1e-12);
	facts_credit(&y->f, 1); /* brought somebody in who buys: 1 - 1/2 */
	on_day(y, 12);
	assert_near(worth(y, "loyalty", 12), 2. / 3, 1e-12);
	before = worth(y, "loyalty", 12);
	HAPPENS(y, 13, WALLET, .as.wallet = { 100000000, T0, T0 + 365 * DAY });
	assert_true(worth(y, "loyalty", 13) < before); /* next to nothing of all they spend */
	life_end(y);
}

static void the_relation_is_value_times_loyalty(void **state)
{
	static const struct {
		int64_t amount;
		bool joins;
		const char *relation;
	} of[] = { { 10, false, "acquaintance" }, { 50000, false, "functional" },
		{ 10, true, "affectionate" }, { 50000, true, "partner" } };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct life *y = life_new();

		take_ranks(y);
		buys(y, 0, of[i].amount);
		buys(y, 10, of[i].amount);
		if (of[i].joins)
			HAPPENS(y, 10, MEMBERSHIP, .as.membership = { MEMBERSHIP_JOINED });
		STANDS(y, "relation", of[i].relation);
		life_end(y);
	}
}

static void a_risk_tells_what_would_be_lost_and_what_replacing_them_would_cost(void **state)
{
	struct life *y = life_with("margin 50%  acquire 7500");

	(void)state;
	buys_regularly(y, 0, 100, 10, 500);
	on_day(y, 200);
	assert_true(span_is(y->last.rule, "risk.silent"));
	assert_int_equal(y->last.replacement_cost, 7500);
	assert_true(y->last.has_potential);
	assert_near((double)y->last.potential_value, worth(y, "potential_value",
		(double)(y->last.at_ms - T0) / (double)DAY), .01);
	assert_true(y->last.has_value && y->last.value == 11 * 500);
	life_end(y);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(historic_value_is_the_margin_earned_until_now),
		cmocka_unit_test(current_value_is_the_margin_a_year_at_todays_rate),
		cmocka_unit_test(potential_value_is_the_margin_expected_from_here_on),
		cmocka_unit_test(lifetime_value_is_the_sum_of_the_three),
		cmocka_unit_test(
			the_tier_is_by_rank_the_top_1_the_next_4_the_next_15_percent_and_the_rest),
		cmocka_unit_test(what_part_of_the_profit_the_best_fifth_make_is_told_as_it_really_is),
		cmocka_unit_test(loyalty_is_repeats_referrals_membership_and_share_of_wallet),
		cmocka_unit_test(the_relation_is_value_times_loyalty),
		cmocka_unit_test(a_risk_tells_what_would_be_lost_and_what_replacing_them_would_cost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
