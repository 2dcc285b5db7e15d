/* SPDX-License-Identifier: Apache-2.0 */
/* The domain, row by row, under the file that ships: the phases, the risks, satisfaction. A test's
 * name is the row's sentence. */
#include "tests/unit/domain.h"

static void feels(struct life *y, double day, double expected, double perceived, enum quality quality)
{
	HAPPENS(y, day, FEEDBACK, .as.feedback = { expected, perceived, (uint8_t)quality });
}

/* What they spend with everybody in the quarter that ends at DAY. */
static void wallet_is(struct life *y, int day, int64_t amount)
{
	HAPPENS(y, day, WALLET, .as.wallet = { .amount = amount, .from_ms = T0 + (day - 90) * DAY,
		.to_ms = T0 + day * DAY });
}

/* ---- phases */

static void in_exploration_little_is_known_and_little_bought(void **state)
{
	struct life *y = life_new();

	(void)state;
	buys(y, 0, 100);
	buys(y, 0.3, 100);
	STANDS(y, "phase", "exploration");
	life_end(y);
}

static void in_formation_they_are_satisfied_and_come_again(void **state)
{
	struct life *y = life_new(), *z = life_new();

	(void)state;
	buys_regularly(y, 0, 20, 20, 100);
	STANDS(y, "phase", "formation");
	buys_regularly(z, 0, 20, 20, 100);
	feels(z, 21, 8, 7.5, QUALITY_LINEAR);
	STANDS(z, "phase", "exploration"); /* not satisfied */
	life_end(y);
	life_end(z);
}

static void stable_is_regular_and_satisfied_for_long(void **state)
{
	struct life *y = life_new();

	(void)state;
	buys_regularly(y, 0, 180, 30, 100);
	STANDS(y, "phase", "stable");
	feels(y, 181, 8, 7.5, QUALITY_LINEAR);
	STANDS(y, "phase", "exploration");
	feels(y, 182, 6, 9, QUALITY_LINEAR);
	STANDS(y, "phase", "stable");
	life_end(y);
}

static void decline_is_their_business_with_us_falling_while_their_own_does_not(void **state)
{
	struct life *same = life_new(), *poorer = life_new();

	(void)state;
	wallet_is(same, 0, 9000);
	wallet_is(poorer, 0, 9000);
	buys_regularly(same, 1, 360, 20, 1000);
	buys_regularly(poorer, 1, 360, 20, 1000);
	buys_regularly(same, 370, 470, 20, 100);
	buys_regularly(poorer, 370, 470, 20, 100);
	STANDS(same, "phase", "decline"); /* only our own side speaks */
	wallet_is(same, 471, 9100);
	wallet_is(poorer, 471, 4000);
	STANDS(same, "phase", "decline");
	STANDS(poorer, "phase", "stable"); /* they buy less from everybody */
	life_end(same);
	life_end(poorer);
}

static void decline_is_dissatisfaction_or_a_changed_need(void **state)
{
	struct life *y = life_new(), *z = life_new();

	(void)state;
	says(z, 0, FACTOR_NEED, ANSWER_NO);
	buys(y, 1, 100);
	buys(z, 1, 100);
	STANDS(z, "phase", "exploration"); /* what was said before they bought is refuted */
	feels(y, 2, 8, 6, QUALITY_LINEAR);
	says(z, 2, FACTOR_NEED, ANSWER_NO);
	STANDS(y, "phase", "decline");
	STANDS(z, "phase", "decline");
	life_end(y);
	life_end(z);
}

static void ended_is_over_and_everything_between_the_two_settled(void **state)
{
	struct life *y = life_new();

	(void)state;
	buys(y, 0, 100);
	HAPPENS(y, 1, COMPLAINT, .as.complaint = { .complaint = span_str("c") });
	on_day(y, 731);
	STANDS(y, "stage", "lapsed");
	assert_string_not_equal(stands(y, "phase"), "ended"); /* a complaint is open */
	HAPPENS(y, 732, RESOLUTION, .as.resolution = { span_str("c") });
	STANDS(y, "phase", "ended");
	life_end(y);
}

/* ---- risks */

static void silent_is_longer_than_their_own_rhythm_explains(void **state)
{
	struct life *weekly = life_new(), *seldom = life_new();

	(void)state;
	buys_regularly(weekly, 0, 175, 7, 100);
	buys_regularly(seldom, 0, 175, 25, 100);
	on_day(weekly, 225);
	on_day(seldom, 225);
	assert_true(is_at_risk(weekly, "silent")); /* fifty days are seven weeks … */
	assert_false(is_at_risk(seldom, "silent")); /* … or two gaps */
	assert_int_equal(weekly->last.cause_id.size, 0); /* nothing happened, and that is the event */
	assert_true(was_told(weekly, "customer.at_risk"));
	buys(weekly, 226, 100);
	assert_true(was_told(weekly, "customer.recovered"));
	life_end(weekly);
	life_end(seldom);
}

static void no_second_purchase_is_the_same_of_those_who_bought_once(void **state)
{
	struct life *y = life_new();

	(void)state;
	buys(y, 0, 100);
	on_day(y, 200);
	assert_true(is_at_risk(y, "no_second_purchase"));
	assert_false(is_at_risk(y, "silent"));
	life_end(y);
}

static void a_cancelled_last_purchase_breaks_no_silence(void **state)
{
	struct life *y = life_new();
	int64_t due_ms;

	(void)state;
	buys_regularly(y, 0, 100, 20, 100);
	due_ms = y->s.due_ms;
	buys(y, 110, 100); /* the seventh order */
	assert_true(y->s.due_ms > due_ms);
	HAPPENS(y, 111, REFUND, .as.refund = { .order = span_str("o7"), .amount = 100 });
	assert_int_equal(y->s.due_ms, due_ms);
	life_end(y);
}

static void shrinking_is_buying_less_than_before_although_the_wallet_has_not_shrunk(void **state)
{
	struct life *y = life_new();

	(void)state;
	wallet_is(y, 0, 9000);
	buys_regularly(y, 1, 360, 20, 1000);
	assert_false(is_at_risk(y, "shrinking"));
	buys_regularly(y, 370, 470, 20, 100);
	assert_true(is_at_risk(y, "shrinking"));
	wallet_is(y, 471, 4000);
	assert_false(is_at_risk(y, "shrinking"));
	life_end(y);
}

static void dissatisfied_is_perceived_below_expected(void **state)
{
	struct life *y = life_new();

	(void)state;
	buys(y, 0, 100);
	feels(y, 1, 7, 6.5, QUALITY_LINEAR);
	assert_false(is_at_risk(y, "dissatisfied")); /* half a point is none */
	feels(y, 1, 9, 6, QUALITY_LINEAR);
	assert_true(is_at_risk(y, "dissatisfied"));
	on_day(y, 370); /* a year old */
	assert_false(is_at_risk(y, "dissatisfied"));
	life_end(y);
}

static void a_must_be_quality_that_fails_hurts_much_and_earns_nothing_when_it_works(void **state)
{
	struct life *y = life_new(), *z = life_new();

	(void)state;
	buys(y, 0, 100);
	buys(z, 0, 100);
	feels(y, 1, 7, 6.4, QUALITY_MUST_BE); /* 0.6, doubled */
	assert_true(is_at_risk(y, "dissatisfied"));
	feels(z, 1, 5, 10, QUALITY_MUST_BE);
	assert_true(quantity_law(QUANTITY_satisfaction, &z->f, &z->m->rhythm).c == 0);
	life_end(y);
	life_end(z);
}

static void a_linear_quality_counts_both_ways_and_an_attractive_one_only_adds(void **state)
{
	static const struct { enum quality quality; double perceived, is; } rows[] = {
		{ QUALITY_LINEAR, 8, 3 }, { QUALITY_LINEAR, 2, -3 }, { QUALITY_ATTRACTIVE, 8, 3 },
		{ QUALITY_ATTRACTIVE, 2, 0 } };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct life *y = life_new();

		feels(y, 0, 5, rows[i].perceived, rows[i].quality);
		assert_true(quantity_law(QUANTITY_satisfaction, &y->f, &y->m->rhythm).c == rows[i].is);
		life_end(y);
	}
}

static void no_complaint_does_not_mean_satisfied(void **state)
{
	struct life *y = life_new();

	(void)state;
	buys(y, 0, 100);
	assert_int_equal(quantity_law(QUANTITY_satisfaction, &y->f, &y->m->rhythm).kind, LAW_UNKNOWN);
	life_end(y);
}

static void complaint_is_one_that_is_open_for_too_long(void **state)
{
	struct life *y = life_new();

	(void)state;
	buys(y, 0, 100);
	HAPPENS(y, 1, COMPLAINT, .as.complaint = { .complaint = span_str("c"),
		.reason = REASON_STAFF });
	on_day(y, 2.9);
	assert_false(is_at_risk(y, "complaint"));
	on_day(y, 3.1);
	assert_true(is_at_risk(y, "complaint"));
	assert_int_equal(y->last.severity, SEVERITY_HIGH);
	HAPPENS(y, 4, RESOLUTION, .as.resolution = { span_str("c") });
	assert_false(is_at_risk(y, "complaint"));
	life_end(y);
}

static void contract_is_a_term_that_ends_soon_or_a_notice(void **state)
{
	struct life *y = life_new(), *z = life_new();

	(void)state;
	buys(y, 0, 100);
	HAPPENS(y, 1, CONTRACT, .as.contract = { CONTRACT_SIGNED, T0 + 365 * DAY, 0 });
	on_day(y, 304);
	assert_false(is_at_risk(y, "contract"));
	on_day(y, 306);
	assert_true(is_at_risk(y, "contract"));
	HAPPENS(y, 310, CONTRACT, .as.contract = { CONTRACT_RENEWED, T0 + 730 * DAY, 0 });
	assert_false(is_at_risk(y, "contract"));
	buys(z, 0, 100);
	HAPPENS(z, 1, CONTRACT, .as.contract = { CONTRACT_NOTICE, T0 + 365 * DAY, REASON_PRICE });
	assert_true(is_at_risk(z, "contract"));
	assert_true(span_is(z->last.reason, "price") && span_is(z->last.reason_group, "price"));
	life_end(y);
	life_end(z);
}

static void competitor_is_seen_with_a_competitor(void **state)
{
	struct life *y = life_new();

	(void)state;
	buys(y, 0, 100);
	HAPPENS(y, 1, COMPETITOR, .as.competitor = { span_str("rival"), SIGHTING_QUOTE });
	assert_true(is_at_risk(y, "competitor"));
	on_day(y, 92);
	assert_false(is_at_risk(y, "competitor"));
	life_end(y);
}

static void market_is_a_signal_that_covers_them_whatever_others_did(void **state)
{
	(void)state;
	for (unsigned factor = 1; factor < MARKET_COUNT; factor++) {
		struct life *y = life_new();

		buys(y, 0, 100);
		HAPPENS(y, 1, MARKET, .as.market = { .factor = (uint8_t)factor,
			.until_ms = T0 + 30 * DAY });
		assert_true(is_at_risk(y, "market"));
		on_day(y, 31);
		assert_false(is_at_risk(y, "market"));
		life_end(y);
	}
	assert_int_equal(MARKET_COUNT - 1, 5);
}

static void who_has_bought_nothing_runs_no_risk(void **state)
{
	struct life *y = life_new();

	(void)state;
	is_qualified(y, 0);
	HAPPENS(y, 1, COMPLAINT, .as.complaint = { .complaint = span_str("c") });
	HAPPENS(y, 1, COMPETITOR, .as.competitor = { span_str("rival"), SIGHTING_QUOTE });
	HAPPENS(y, 1, MARKET, .as.market = { .factor = MARKET_MEDIA, .until_ms = T0 + 900 * DAY });
	HAPPENS(y, 1, CONTRACT, .as.contract = { CONTRACT_NOTICE, 0, 0 });
	feels(y, 1, 9, 1, QUALITY_MUST_BE);
	on_day(y, 500);
	assert_int_equal(y->s.verdict.risks, 0);
	life_end(y);
}

/* ---- what a notification of risk says */

static void a_risk_says_who_why_how_much_is_at_stake_who_owns_it_and_what_to_do(void **state)
{
	struct life *y = life_new();

	(void)state;
	HAPPENS(y, 0, PROFILE, .as.profile = { .owner = span_str("eva"), .region = span_str("north") });
	buys_regularly(y, 0, 100, 10, 500);
	on_day(y, 200);
	assert_true(span_is(y->last.type, "customer.at_risk"));
	assert_true(span_is(y->last.owner, "eva") && span_is(y->last.region, "north"));
	assert_true(span_is(y->last.rule, "risk.silent"));
	assert_int_equal(y->last.severity, SEVERITY_HIGH);
	assert_true(y->last.has_value && y->last.value == 11 * 500);
	assert_int_equal(y->last.n_evidence, 4);
	assert_true(y->last.play.size > 0 && span_is(y->last.approach, "retain"));
	life_end(y);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_exploration_little_is_known_and_little_bought),
		cmocka_unit_test(in_formation_they_are_satisfied_and_come_again),
		cmocka_unit_test(stable_is_regular_and_satisfied_for_long),
		cmocka_unit_test(decline_is_their_business_with_us_falling_while_their_own_does_not),
		cmocka_unit_test(decline_is_dissatisfaction_or_a_changed_need),
		cmocka_unit_test(ended_is_over_and_everything_between_the_two_settled),
		cmocka_unit_test(silent_is_longer_than_their_own_rhythm_explains),
		cmocka_unit_test(no_second_purchase_is_the_same_of_those_who_bought_once),
		cmocka_unit_test(a_cancelled_last_purchase_breaks_no_silence),
		cmocka_unit_test(shrinking_is_buying_less_than_before_although_the_wallet_has_not_shrunk),
		cmocka_unit_test(dissatisfied_is_perceived_below_expected),
		cmocka_unit_test(a_must_be_quality_that_fails_hurts_much_and_earns_nothing_when_it_works),
		cmocka_unit_test(a_linear_quality_counts_both_ways_and_an_attractive_one_only_adds),
		cmocka_unit_test(no_complaint_does_not_mean_satisfied),
		cmocka_unit_test(complaint_is_one_that_is_open_for_too_long),
		cmocka_unit_test(contract_is_a_term_that_ends_soon_or_a_notice),
		cmocka_unit_test(competitor_is_seen_with_a_competitor),
		cmocka_unit_test(market_is_a_signal_that_covers_them_whatever_others_did),
		cmocka_unit_test(who_has_bought_nothing_runs_no_risk),
		cmocka_unit_test(a_risk_says_who_why_how_much_is_at_stake_who_owns_it_and_what_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
