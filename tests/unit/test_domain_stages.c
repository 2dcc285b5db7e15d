/* SPDX-License-Identifier: Apache-2.0 */
/* The domain, row by row, under the file that ships: the two sides, the stages, what holds people
 * back, where they come from, and the jobs. A test's name is the row's sentence. */
#include "tests/unit/domain.h"

/* ---- two sides, and a door that swings both ways */

static void a_potential_customer_has_no_completed_transaction(void **state)
{
	struct life *y = life_new();

	(void)state;
	says(y, 0, FACTOR_NEED, ANSWER_YES);
	assert_string_equal(side(y), "potential");
	life_end(y);
}

static void an_actual_customer_has_at_least_one_transaction_not_fully_returned(void **state)
{
	struct life *y = life_new();

	(void)state;
	buys(y, 0, 100);
	HAPPENS(y, 1, REFUND, .as.refund = { .order = span_str("o1"), .amount = 99 });
	assert_string_equal(side(y), "actual");
	HAPPENS(y, 2, REFUND, .as.refund = { .order = span_str("o1"), .amount = 1 });
	assert_string_equal(side(y), "potential");
	life_end(y);
}

static void conversion_is_going_from_potential_to_actual(void **state)
{
	struct life *y = life_new();

	(void)state;
	says(y, 0, FACTOR_DESIRE, ANSWER_YES);
	buys(y, 1, 100);
	assert_true(was_told(y, "customer.converted"));
	life_end(y);
}

static void the_door_swings_back_and_who_was_lost_can_be_won_back(void **state)
{
	struct life *y = life_new();

	(void)state;
	buys(y, 0, 100);
	on_day(y, 800);
	assert_true(was_told(y, "customer.lost"));
	assert_string_equal(side(y), "potential");
	buys(y, 801, 100);
	assert_true(was_told(y, "customer.won_back"));
	life_end(y);
}

static void a_potential_customer_is_general_or_a_competitors(void **state)
{
	struct life *y = life_new();

	(void)state;
	says(y, 0, FACTOR_NEED, ANSWER_YES);
	assert_true(span_is(y->last.approach, "contest_general"));
	HAPPENS(y, 1, PROFILE, .as.profile = { .held_by = span_str("rival") });
	says(y, 1, FACTOR_ABILITY, ANSWER_YES);
	says(y, 1, FACTOR_AUTHORITY, ANSWER_YES);
	assert_true(span_is(y->last.type, "stage.qualified"));
	assert_true(span_is(y->last.approach, "contest_competitor"));
	life_end(y);
}

static void a_former_customer_is_a_general_potential_customer(void **state)
{
	struct life *y = life_new();

	(void)state;
	buys(y, 0, 100);
	on_day(y, 731);
	assert_true(span_is(y->last.approach, "contest_general"));
	assert_int_equal(y->last.job, JOB_WIN_BACK);
	life_end(y);
}

static void both_kinds_may_be_final_customers_or_intermediaries(void **state)
{
	static const struct { uint8_t role; double is; } roles[] = { { ROLE_CONSUMER, 0 },
		{ ROLE_ORGANISATION, 0 }, { ROLE_AGENT, 1 }, { ROLE_WHOLESALER, 1 }, { ROLE_RETAILER, 1 } };

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		struct life *y = life_new();

		HAPPENS(y, 0, PROFILE, .as.profile = { .role = roles[i].role });
		assert_true(quantity_law(QUANTITY_intermediary, &y->f, &y->m->rhythm).c == roles[i].is);
		life_end(y);
	}
}

static void actual_customers_are_new_with_one_transaction_and_old_with_more(void **state)
{
	struct life *y = life_new();

	(void)state;
	buys(y, 0, 100);
	STANDS(y, "stage", "first_time");
	buys(y, 1, 100);
	STANDS(y, "stage", "repeat");
	life_end(y);
}

/* ---- the ladder */

static void a_suspect_is_known_and_has_shown_nothing(void **state)
{
	struct life *y = life_new();

	(void)state;
	HAPPENS(y, 0, CONTACT, .as.contact = { .direction = DIRECTION_OUT });
	STANDS(y, "stage", "suspect");
	life_end(y);
}

static void a_prospect_has_shown_a_need_or_a_desire(void **state)
{
	struct life *y = life_new(), *z = life_new(), *came = life_new();

	(void)state;
	says(y, 0, FACTOR_NEED, ANSWER_YES);
	STANDS(y, "stage", "prospect");
	says(z, 0, FACTOR_DESIRE, ANSWER_YES);
	STANDS(z, "stage", "prospect");
	HAPPENS(came, 0, CONTACT, .as.contact = { .direction = DIRECTION_IN });
	STANDS(came, "stage", "prospect");
	life_end(y);
	life_end(z);
	life_end(came);
}

static void the_qualified_have_need_ability_and_authority_and_the_timing_is_not_wrong(void **state)
{
	struct life *y = life_new();

	(void)state;
	is_qualified(y, 0);
	STANDS(y, "stage", "qualified");
	says(y, 1, FACTOR_TIMING, ANSWER_NO);
	STANDS(y, "stage", "prospect");
	assert_true(span_is(y->last.missing, "timing"));
	says(y, 2, FACTOR_TIMING, ANSWER_YES);
	STANDS(y, "stage", "qualified");
	life_end(y);
}

static void first_time_is_one_purchase(void **state)
{
	struct life *y = life_new();

	(void)state;
	buys(y, 0, 100);
	STANDS(y, "stage", "first_time");
	life_end(y);
}

static void repeat_is_two_purchases_and_more(void **state)
{
	struct life *y = life_new();

	(void)state;
	buys_regularly(y, 0, 10, 1, 100);
	STANDS(y, "stage", "repeat"); /* eleven within days are no client */
	life_end(y);
}

static void a_client_buys_regularly_for_long(void **state)
{
	struct life *y = life_new();

	(void)state;
	buys_regularly(y, 0, 150, 30, 100);
	STANDS(y, "stage", "repeat");
	buys(y, 180, 100);
	STANDS(y, "stage", "client");
	life_end(y);
}

static void a_member_has_joined_the_programme(void **state)
{
	struct life *y = life_new();

	(void)state;
	HAPPENS(y, 0, MEMBERSHIP, .as.membership = { MEMBERSHIP_JOINED });
	STANDS(y, "stage", "suspect"); /* joining is no transaction */
	buys(y, 1, 100);
	STANDS(y, "stage", "member");
	HAPPENS(y, 2, MEMBERSHIP, .as.membership = { MEMBERSHIP_LEFT });
	STANDS(y, "stage", "first_time");
	life_end(y);
}

static void an_advocate_brings_others_who_buy(void **state)
{
	struct life *y = life_new();

	(void)state;
	buys(y, 0, 100);
	HAPPENS(y, 1, REFERRAL, .as.referral = { span_str("bob") });
	STANDS(y, "stage", "first_time"); /* bob has not bought */
	facts_credit(&y->f, 1);
	on_day(y, 2);
	STANDS(y, "stage", "advocate");
	life_end(y);
}

static void a_partner_has_an_agreement_to_co_operate(void **state)
{
	struct life *y = life_new();

	(void)state;
	buys(y, 0, 100);
	HAPPENS(y, 1, PARTNERSHIP, .as.partnership = { PARTNERSHIP_BEGUN });
	STANDS(y, "stage", "partner");
	HAPPENS(y, 2, PARTNERSHIP, .as.partnership = { PARTNERSHIP_ENDED });
	STANDS(y, "stage", "first_time");
	life_end(y);
}

static void who_buys_after_a_refund_of_something_unknown_is_no_lapsed_one(void **state)
{
	struct life *y = life_new();

	(void)state;
	HAPPENS(y, 0, REFUND, .as.refund = { .order = span_str("before the log"), .amount = 900 });
	STANDS(y, "stage", "suspect");
	buys(y, 1, 100);
	STANDS(y, "stage", "first_time");
	assert_true(was_told(y, "customer.converted"));
	HAPPENS(y, 2, REFUND, .as.refund = { .order = span_str("part"), .amount = 1 });
	STANDS(y, "stage", "lapsed"); /* nothing is left of all that was paid */
	life_end(y);
}

static void the_lapsed_were_actual_and_must_be_won_again(void **state)
{
	struct life *y = life_new();

	(void)state;
	buys_regularly(y, 0, 200, 20, 100);
	HAPPENS(y, 200, MEMBERSHIP, .as.membership = { MEMBERSHIP_JOINED });
	on_day(y, 929.9);
	STANDS(y, "stage", "member");
	on_day(y, 930.1); /* 730 days */
	STANDS(y, "stage", "lapsed");
	assert_string_equal(side(y), "potential");
	life_end(y);
}

static void whoever_gave_every_order_back_has_lapsed(void **state)
{
	struct life *y = life_new();

	(void)state;
	buys(y, 0, 100);
	forget_told(y);
	HAPPENS(y, 5, REFUND, .as.refund = { .order = span_str("o1"), .amount = 100,
		.reason = REASON_PRODUCT_QUALITY });
	STANDS(y, "stage", "lapsed");
	STANDS(y, "phase", "ended");
	assert_true(was_told(y, "customer.lost"));
	assert_true(span_is(y->last.reason, "product_quality"));
	assert_true(span_is(y->last.reason_group, "product"));
	buys(y, 9, 50);
	STANDS(y, "stage", "first_time");
	assert_true(was_told(y, "customer.won_back"));
	life_end(y);
}

/* ---- what holds a potential customer back */

static void miss_one_and_the_message_is_which_one(void **state)
{
	static const enum factor required[] = { FACTOR_NEED, FACTOR_ABILITY, FACTOR_AUTHORITY };

	(void)state;
	for (enum factor missing = 0; missing < FACTOR_COUNT; missing++) {
		struct life *y = life_new();

		says(y, 0, FACTOR_DESIRE, ANSWER_YES);
		for (size_t i = 0; i < 3; i++)
			if (required[i] != missing)
				says(y, 1, required[i], ANSWER_YES);
		says(y, 2, missing, ANSWER_NO);
		assert_int_equal(quantity_law(QUANTITY_missing, &y->f, &y->m->rhythm).c, 1 + missing);
		assert_string_equal(quantity_naming(QUANTITY_missing)(1 + missing), factor_name(missing));
		HAPPENS(y, 3, CONTACT, .as.contact = { .direction = DIRECTION_IN });
		on_day(y, 60);
		assert_string_not_equal(stands(y, "stage"), "stalled");
		life_end(y);
	}
}

static void the_first_that_is_missing_is_told_in_the_order_people_pass_them(void **state)
{
	struct life *y = life_new();

	(void)state;
	says(y, 0, FACTOR_TRUST, ANSWER_NO);
	says(y, 0, FACTOR_AUTHORITY, ANSWER_NO);
	says(y, 0, FACTOR_DESIRE, ANSWER_YES);
	assert_true(span_is(y->last.missing, "need"));
	says(y, 1, FACTOR_NEED, ANSWER_YES);
	says(y, 1, FACTOR_ABILITY, ANSWER_YES);
	assert_int_equal(quantity_law(QUANTITY_missing, &y->f, &y->m->rhythm).c,
		1 + FACTOR_AUTHORITY);
	says(y, 2, FACTOR_AUTHORITY, ANSWER_YES);
	assert_true(span_is(y->last.type, "stage.qualified"));
	assert_true(span_is(y->last.missing, "trust"));
	life_end(y);
}

static void a_qualified_one_with_nothing_missing_and_nothing_happening_is_stalled(void **state)
{
	struct life *y = life_new();

	(void)state;
	is_qualified(y, 0);
	on_day(y, 29.9);
	STANDS(y, "stage", "qualified");
	on_day(y, 30.1);
	STANDS(y, "stage", "stalled");
	assert_int_equal(y->last.missing.size, 0);
	assert_int_equal(y->last.at_ms, T0 + 30 * DAY + 1);
	HAPPENS(y, 31, CONTACT, .as.contact = { .direction = DIRECTION_OUT });
	STANDS(y, "stage", "qualified");
	life_end(y);
}

static void nothing_is_missing_of_who_has_bought_unless_they_say_so_since(void **state)
{
	struct life *y = life_new();

	(void)state;
	says(y, 0, FACTOR_ABILITY, ANSWER_NO);
	buys(y, 1, 100);
	assert_int_equal(quantity_law(QUANTITY_missing, &y->f, &y->m->rhythm).kind, LAW_UNKNOWN);
	says(y, 2, FACTOR_NEED, ANSWER_NO);
	assert_int_equal(quantity_law(QUANTITY_missing, &y->f, &y->m->rhythm).c, 1 + FACTOR_NEED);
	life_end(y);
}

/* ---- what the company did wrong, and where people come from */

static void eleven_reasons_roll_up_to_four_groups(void **state)
{
	static const char *const groups[REASON_COUNT] = { NULL, "product", "product", "price",
		"service", "service", "service", "service", "service", "other", "other", "other" };

	(void)state;
	assert_int_equal(REASON_COUNT - 1, 11);
	for (unsigned r = 1; r < REASON_COUNT; r++) {
		struct life *y = life_new();

		buys(y, 0, 100);
		HAPPENS(y, 1, COMPLAINT, .as.complaint = { .complaint = span_str("c"),
			.reason = (uint8_t)r });
		on_day(y, 4);
		assert_true(is_at_risk(y, "complaint"));
		assert_true(span_is(y->last.reason, reason_name(r)));
		assert_true(span_is(y->last.reason_group, groups[r]));
		life_end(y);
	}
}

static void a_source_is_where_somebody_came_from_first(void **state)
{
	(void)state;
	for (unsigned a = 1; a < ACQUISITION_COUNT; a++) {
		struct life *y = life_new();

		HAPPENS(y, 0, CONTACT, .as.contact = { .direction = DIRECTION_IN,
			.acquisition = (uint8_t)a });
		HAPPENS(y, 1, CONTACT, .as.contact = { .direction = DIRECTION_IN,
			.acquisition = (uint8_t)(a % (ACQUISITION_COUNT - 1) + 1) });
		assert_int_equal(quantity_law(QUANTITY_acquisition, &y->f, &y->m->rhythm).c, a);
		life_end(y);
	}
}

/* ---- three jobs and four plays */

static void a_message_names_its_job(void **state)
{
	struct life *y = life_new();

	(void)state;
	says(y, 0, FACTOR_NEED, ANSWER_YES);
	assert_int_equal(y->last.job, JOB_DEVELOP);
	buys(y, 1, 100);
	assert_int_equal(y->last.job, JOB_MAINTAIN);
	on_day(y, 732);
	assert_int_equal(y->last.job, JOB_WIN_BACK);
	life_end(y);
}

static void a_message_suggests_one_of_four_plays(void **state)
{
	struct life *fresh = life_new(), *y = life_new();

	(void)state;
	says(fresh, 0, FACTOR_NEED, ANSWER_NO); /* nothing is told of a suspect … */
	assert_int_equal(fresh->n_told, 0);
	buys(fresh, 1, 100);
	HAPPENS(fresh, 2, REFUND, .as.refund = { .order = span_str("o1"), .amount = 100 });
	assert_true(span_is(fresh->last.approach, "contest_general"));
	HAPPENS(fresh, 3, PROFILE, .as.profile = { .held_by = span_str("rival") });
	buys(fresh, 4, 100);
	assert_true(span_is(fresh->last.approach, "retain"));
	HAPPENS(fresh, 5, REFUND, .as.refund = { .order = span_str("o2"), .amount = 100 });
	assert_true(span_is(fresh->last.approach, "contest_competitor"));
	/* … until they move: back to where nobody has shown anything is a new market again */
	says(y, 0, FACTOR_NEED, ANSWER_YES);
	assert_true(span_is(y->last.approach, "contest_general"));
	says(y, 1, FACTOR_NEED, ANSWER_NO);
	STANDS(y, "stage", "suspect");
	assert_true(span_is(y->last.approach, "open_market"));
	life_end(fresh);
	life_end(y);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_potential_customer_has_no_completed_transaction),
		cmocka_unit_test(an_actual_customer_has_at_least_one_transaction_not_fully_returned),
		cmocka_unit_test(conversion_is_going_from_potential_to_actual),
		cmocka_unit_test(the_door_swings_back_and_who_was_lost_can_be_won_back),
		cmocka_unit_test(a_potential_customer_is_general_or_a_competitors),
		cmocka_unit_test(a_former_customer_is_a_general_potential_customer),
		cmocka_unit_test(both_kinds_may_be_final_customers_or_intermediaries),
		cmocka_unit_test(actual_customers_are_new_with_one_transaction_and_old_with_more),
		cmocka_unit_test(a_suspect_is_known_and_has_shown_nothing),
		cmocka_unit_test(a_prospect_has_shown_a_need_or_a_desire),
		cmocka_unit_test(the_qualified_have_need_ability_and_authority_and_the_timing_is_not_wrong),
		cmocka_unit_test(first_time_is_one_purchase),
		cmocka_unit_test(repeat_is_two_purchases_and_more),
		cmocka_unit_test(a_client_buys_regularly_for_long),
		cmocka_unit_test(a_member_has_joined_the_programme),
		cmocka_unit_test(an_advocate_brings_others_who_buy),
		cmocka_unit_test(a_partner_has_an_agreement_to_co_operate),
		cmocka_unit_test(who_buys_after_a_refund_of_something_unknown_is_no_lapsed_one),
		cmocka_unit_test(the_lapsed_were_actual_and_must_be_won_again),
		cmocka_unit_test(whoever_gave_every_order_back_has_lapsed),
		cmocka_unit_test(miss_one_and_the_message_is_which_one),
		cmocka_unit_test(the_first_that_is_missing_is_told_in_the_order_people_pass_them),
		cmocka_unit_test(a_qualified_one_with_nothing_missing_and_nothing_happening_is_stalled),
		cmocka_unit_test(nothing_is_missing_of_who_has_bought_unless_they_say_so_since),
		cmocka_unit_test(eleven_reasons_roll_up_to_four_groups),
		cmocka_unit_test(a_source_is_where_somebody_came_from_first),
		cmocka_unit_test(a_message_names_its_job),
		cmocka_unit_test(a_message_suggests_one_of_four_plays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
