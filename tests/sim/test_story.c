/* SPDX-License-Identifier: Apache-2.0 */
/* Stories of customers: what is announced, and when, told from the outside. */
#include "tests/sim/story.h"

static void a_first_purchase_converts_and_a_second_makes_a_repeat_customer(void **state)
{
	struct sim *s = story_new();

	(void)state;
	sim_send(s, "web/1 anna calls");
	sim_until(s, "2h");
	sim_send(s, "till-7/41 anna buys 1200");
	sim_until(s, "3d");
	sim_send(s, "till-7/42 anna buys 800");
	SIM_TRACE(s, "[       0] anna stage.prospect <- new\n"
		     "[      2h] anna stage.first_time <- prospect, customer.converted\n"
		     "[      3d] anna stage.repeat <- first_time, phase.formation <- exploration\n");
	assert_int_equal(sim_count(s, "stage.repeat"), 1);
	assert_int_equal(sim_count(s, "stage.first_time"), 0);
	story_end(s);
}

static void whoever_gives_everything_back_is_lost_and_who_buys_again_is_won_back(void **state)
{
	struct sim *s = story_new();

	(void)state;
	sim_send(s, "till-7/41 anna buys 1200");
	sim_until(s, "1d");
	sim_send(s, "till-7/42 anna returns 1200 product_quality");
	sim_until(s, "5d");
	sim_send(s, "till-7/43 anna buys 500");
	SIM_TRACE(s, "[       0] anna stage.first_time <- new, customer.converted\n"
		     "[      1d] anna stage.lapsed <- first_time, phase.ended <- exploration, "
		     "customer.lost\n"
		     "[      5d] anna stage.repeat <- lapsed, phase.formation <- ended, "
		     "customer.won_back\n");
	story_end(s);
}

static void a_complaint_left_lying_is_a_risk_after_two_days_and_a_resolution_ends_it(void **state)
{
	struct sim *s = story_new();

	(void)state;
	sim_send(s, "till-7/41 anna buys 1200");
	sim_until(s, "1h");
	sim_send(s, "desk/1 anna complains c-1 staff");
	sim_until(s, "2d1h");
	SIM_TRACE(s, "[       0] anna stage.first_time <- new, customer.converted\n");
	sim_until(s, "4d"); /* "more than two days": the first millisecond beyond */
	sim_send(s, "desk/2 anna resolved c-1");
	SIM_TRACE(s, "[ 2d1h1ms] anna risk.complaint raised, customer.at_risk\n"
		     "[      4d] anna risk.complaint cleared, customer.recovered\n");
	assert_int_equal(s->time_inputs, 1);
	story_end(s);
}

static void a_second_reason_is_no_second_alarm_and_one_that_goes_is_no_recovery(void **state)
{
	struct sim *s = story_new();

	(void)state;
	sim_send(s, "till-7/41 anna buys 1200\n"
		    "desk/1 anna complains c-1");
	sim_until(s, "3d");
	sim_send(s, "desk/2 anna seen rival quote");
	sim_until(s, "4d");
	sim_send(s, "desk/3 anna resolved c-1");
	sim_until(s, "200d");
	SIM_TRACE(s, "[       0] anna stage.first_time <- new, customer.converted\n"
		     "[   2d1ms] anna risk.complaint raised, customer.at_risk\n"
		     "[      3d] anna risk.competitor raised\n"
		     "[      4d] anna risk.complaint cleared\n"
		     "[  90d1ms] anna risk.no_second_purchase raised\n"
		     "[     93d] anna risk.competitor cleared\n");
	story_end(s);
}

static void a_late_purchase_shows_that_the_customer_was_a_repeat_one_before(void **state)
{
	struct sim *s = story_new();

	(void)state;
	sim_send(s, "till-7/41 anna buys 1200");
	sim_until(s, "10d");
	sim_send(s, "till-7/43 anna buys 700");
	sim_until(s, "11d");
	/* The other till was offline: this was on day 3. It makes a third purchase day, and the
	 * habit of five days that silence is measured against from the tenth on. */
	sim_send(s, "till-8/1 anna buys 900 @3d");
	sim_until(s, "100d");
	SIM_TRACE(s, "[       0] anna stage.first_time <- new, customer.converted\n"
		     "[     10d] anna stage.repeat <- first_time, phase.formation <- exploration\n"
		     "[     10d] anna phase.formation.retracted <- exploration, "
		     "stage.repeat.retracted <- first_time (noticed at 11d)\n"
		     "[      3d] anna stage.repeat <- first_time, phase.formation <- exploration "
		     "(noticed at 11d)\n"
		     "[  40d1ms] anna risk.silent raised, customer.at_risk\n");
	story_end(s);
}

static void what_is_too_late_is_taken_into_account_from_where_the_customer_stands(void **state)
{
	struct sim *s = story_new();

	(void)state;
	sim_send(s, "till-7/1 anna buys 100");
	sim_until(s, "5d");
	sim_send(s, "till-7/2 anna buys 100");
	sim_until(s, "10d");
	sim_send(s, "till-7/3 anna buys 100");
	sim_until(s, "45d");
	sim_send(s, "till-8/1 anna buys 100 @30d");
	SIM_TRACE(s, "[       0] anna stage.first_time <- new, customer.converted\n"
		     "[      5d] anna stage.repeat <- first_time, phase.formation <- exploration\n"
		     "[  40d1ms] anna risk.silent raised, customer.at_risk\n"
		     /* seen from where she stood, not from day 30 on: what was said was said then */
		     "[  40d1ms] anna risk.silent cleared, customer.recovered (noticed at 45d)\n");
	story_end(s);
}

static void a_deadline_that_fell_before_an_event_is_announced_before_it(void **state)
{
	struct sim *s = story_new();

	(void)state;
	sim_send(s, "till-7/41 anna buys 1200\n"
		    "desk/1 anna complains c-1");
	SIM_TRACE(s, "[       0] anna stage.first_time <- new, customer.converted\n");
	sim_sleep_until(s, "3d"); /* no TIME input has come yet */
	sim_send(s, "till-7/42 anna buys 100");
	SIM_TRACE(s, "[   2d1ms] anna risk.complaint raised, customer.at_risk (noticed at 3d)\n"
		     "[      3d] anna stage.repeat <- first_time, phase.formation <- exploration\n");
	story_end(s);
}

static void a_resend_is_told_apart_by_id_by_sequence_and_from_a_conflict(void **state)
{
	struct sim *s = story_new();
	struct customer *anna;

	(void)state;
	sim_send(s, "till-7/41 anna buys 1200 @0");
	sim_until(s, "1h");
	sim_send(s, "till-7/41 anna buys 1200 @0");
	sim_send(s, "till-7/41 anna buys 1300 @0");
	sim_send(s, "shop/a#5 anna buys 10 @0");
	sim_send(s, "shop/a#5 anna buys 10 @0");
	sim_send(s, "shop/b#4 anna buys 10 @0");
	sim_send(s, "shop/b#6 anna buys 10 @0\n"
		    "shop/b#6 anna buys 10 @0\n"
		    "till-7/41 anna buys 9 @0");
	SIM_TRACE(s, "[       0] anna stage.first_time <- new, customer.converted\n"
		     "[      1h] till-7/41 duplicate\n"
		     "[      1h] till-7/41 rejected conflict\n"
		     "[       0] anna stage.repeat <- first_time (noticed at 1h)\n"
		     "[      1h] shop/a duplicate\n"
		     "[      1h] shop/b duplicate\n"
		     "[      1h] batch: 1 accepted, 1 duplicates, 1 rejected\n");
	anna = sim_customer(s, "anna");
	assert_int_equal(anna->facts.scalar[FACT_purchases].i, 3);
	assert_int_equal(anna->facts.scalar[FACT_spent].i, 1220);
	free(anna);
	story_end(s);
}

static void an_id_is_remembered_for_the_window_and_what_is_older_is_refused(void **state)
{
	struct sim *s = story_new();

	(void)state;
	sim_send(s, "till-7/41 anna buys 1200");
	sim_send(s, "till-9/1#1 anna buys 1");
	sim_until(s, "30d");
	sim_send(s, "till-7/41 anna buys 1200 @0");
	sim_until(s, "30d1ms");
	sim_send(s, "till-7/41 anna buys 1200 @0");
	sim_send(s, "till-9/1#1 anna buys 1 @0"); /* a sequence is for ever */
	sim_until(s, "300d");
	sim_send(s, "till-9/1#1 anna buys 1 @0");
	sim_send(s, "till-7/42 anna buys 1 @300d1h");
	sim_send(s, "till-7/43 anna buys 1 @300d1h1ms");
	SIM_TRACE(s, "[       0] anna stage.first_time <- new, customer.converted\n"
		     "[       0] anna stage.repeat <- first_time\n"
		     "[     30d] till-7/41 duplicate\n"
		     "[  30d1ms] till-7/41 rejected too_old\n"
		     "[  30d1ms] till-9/1 duplicate\n"
		     "[    300d] till-9/1 duplicate\n"
		     /* a till that is fast: not before its customer could know */
		     "[    300d] anna phase.formation <- exploration\n"
		     "[    300d] till-7/43 rejected in_future\n");
	story_end(s);
}

/* It may be taken an hour ahead, so it is not too old an hour longer than its id is kept for. */
static void an_event_dated_ahead_is_recognised_for_as_long_as_it_is_let_in(void **state)
{
	struct sim *s = story_new();
	struct customer *anna;

	(void)state;
	sim_send(s, "till-7/0 anna calls @0"); /* the first generation of ids begins */
	sim_until(s, "29d23h59m");
	sim_send(s, "till-7/41 anna buys 1200 @30d50m");
	sim_until(s, "30d");
	sim_send(s, "till-7/42 anna calls"); /* the second */
	sim_until(s, "60d");
	sim_send(s, "till-7/43 anna calls"); /* the third: the first is forgotten */
	sim_send(s, "till-7/41 anna buys 1200 @30d50m");
	anna = sim_customer(s, "anna");
	assert_int_equal(anna->facts.scalar[FACT_purchases].i, 1);
	free(anna);
	story_end(s);
}

static void no_problem(void *arg, const char *text)
{
	(void)arg;
	fail_msg("%s", text);
}

static void an_id_is_forgotten_after_two_windows(void **state)
{
	struct sim *s = sim_new(&(struct sim_options){ .seed = 1, .shards = 1 });
	struct env_report report;

	(void)state;
	sim_send(s, "t/1 anna calls");
	sim_until(s, "31d");
	sim_send(s, "t/2 anna calls");
	assert_int_equal(env_verify(s->env[0], &report, no_problem, NULL, NULL), 0);
	assert_int_equal(report.guard_ids, 2);
	sim_until(s, "62d");
	sim_send(s, "t/3 anna calls");
	assert_int_equal(env_verify(s->env[0], &report, no_problem, NULL, NULL), 0);
	assert_int_equal(report.guard_ids, 2);
	story_end(s);
}

static void of_the_changes_of_a_customer_the_latest_are_kept(void **state)
{
	struct settings settings = settings_default;
	struct sim *s = story_new();

	(void)state;
	settings.history_keep = 3;
	sim_settings(s, &settings);
	sim_send(s, "t/1 anna buys 1\n" "t/2 bert buys 1");
	sim_until(s, "1d");
	sim_send(s, "t/3 anna buys 1");
	SIM_HISTORY(s, "anna", "[       0] customer.converted\n"
		    "[      1d] stage.repeat <- first_time\n"
		    "[      1d] phase.formation <- exploration\n");
	settings.history_keep = 0;
	sim_settings(s, &settings);
	sim_send(s, "t/4 bert buys 1");
	SIM_HISTORY(s, "bert", "[       0] stage.first_time <- new\n"
		    "[       0] customer.converted\n");
	story_end(s);
}

/* What nobody fetched in time leaves a gap that can be seen, not another number. */
static void the_outbox_lets_the_oldest_go_and_numbers_go_on(void **state)
{
	struct settings settings = settings_default;
	struct sim *s = sim_new(&(struct sim_options){ .seed = 1, .shards = 1 });
	struct span encoded;
	int64_t taken_ms;

	(void)state;
	settings.outbox_keep = 3;
	sim_settings(s, &settings);
	sim_send(s, "t/1 anna buys 1\n" "t/2 bert buys 1\n" "t/3 anna buys 1");
	assert_int_equal(env_meta(s->env[0])->outbox_first, 3);
	assert_int_equal(env_meta(s->env[0])->outbox_last, 5);
	assert_int_equal(env_outbox_get(s->env[0], 2, &taken_ms, &encoded), ERR_NOTFOUND);
	settings.outbox_keep_ms = 10 * DAY_MS;
	sim_settings(s, &settings);
	sim_until(s, "11d");
	sim_send(s, "t/4 carl buys 1");
	assert_int_equal(env_meta(s->env[0])->outbox_first, 6);
	assert_int_equal(env_meta(s->env[0])->outbox_last, 7);
	settings.outbox_keep_bytes = env_meta(s->env[0])->outbox_bytes / 2 + 1;
	sim_settings(s, &settings);
	sim_send(s, "t/5 dora buys 1");
	assert_int_equal(env_meta(s->env[0])->outbox_first, 9);
	assert_int_equal(env_meta(s->env[0])->outbox_last, 9);
	story_end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_first_purchase_converts_and_a_second_makes_a_repeat_customer),
		cmocka_unit_test(whoever_gives_everything_back_is_lost_and_who_buys_again_is_won_back),
		cmocka_unit_test(a_complaint_left_lying_is_a_risk_after_two_days_and_a_resolution_ends_it),
		cmocka_unit_test(a_second_reason_is_no_second_alarm_and_one_that_goes_is_no_recovery),
		cmocka_unit_test(a_late_purchase_shows_that_the_customer_was_a_repeat_one_before),
		cmocka_unit_test(what_is_too_late_is_taken_into_account_from_where_the_customer_stands),
		cmocka_unit_test(a_deadline_that_fell_before_an_event_is_announced_before_it),
		cmocka_unit_test(a_resend_is_told_apart_by_id_by_sequence_and_from_a_conflict),
		cmocka_unit_test(an_id_is_remembered_for_the_window_and_what_is_older_is_refused),
		cmocka_unit_test(an_event_dated_ahead_is_recognised_for_as_long_as_it_is_let_in),
		cmocka_unit_test(an_id_is_forgotten_after_two_windows),
		cmocka_unit_test(of_the_changes_of_a_customer_the_latest_are_kept),
		cmocka_unit_test(the_outbox_lets_the_oldest_go_and_numbers_go_on),
	};

	sim_failed = story_failed;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
