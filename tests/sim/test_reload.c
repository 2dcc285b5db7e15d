/* SPDX-License-Identifier: Apache-2.0 */
/* Another lifecycle file is switched on while customers stand where the old one put them. */
#include "tests/sim/story.h"

#define STAGES(client) \
	"ladder stage {\n" \
	"  suspect potential\n" \
	"  first_time actual when purchases = 1\n" \
	"  repeat actual when purchases >= 2\n" \
	client \
	"  lapsed potential when purchases >= 1 and silence > 365d\n" \
	"}\n"

static const char first[] = STAGES("") "risk complaint when complaint_age > 2d\n";
static const char with_client[] = STAGES("  client actual when purchases >= 2\n")
	"risk complaint when complaint_age > 2d\n";
static const char stricter[] = STAGES("") "risk complaint when complaint_age > 1d\n";
static const char without_risk[] = STAGES("");
static const char other_ladder[] =
	"ladder value { small  big when spent >= 100 }\n"
	"risk complaint when complaint_age > 2d\n";

static struct sim *start(const char *lifecycle)
{
	return sim_new(&(struct sim_options){ .seed = random_seed(1), .lifecycle = lifecycle,
		.shards = 1, .sweep_per_input = 2, .step_ms = 1000 });
}

static void everybody_is_judged_again_paced_and_as_of_the_switch(void **state)
{
	struct sim *s = start(first);

	(void)state;
	sim_send(s, "t/1 anna buys 1\n" "t/2 bert buys 1\n" "t/3 carl buys 1\n"
		    "t/4 dora buys 1\n" "t/5 eva buys 1\n");
	sim_until(s, "1d");
	sim_send(s, "t/6 anna buys 1\n" "t/7 bert buys 1\n" "t/9 dora buys 1\n" "t/10 eva buys 1");
	free(sim_trace_take(s));
	sim_until(s, "2d");
	sim_lifecycle(s, with_client);
	assert_int_equal(sim_count(s, "stage.repeat"), 4);
	sim_until_ms(s, sim_ms("2d1s"));
	assert_int_equal(sim_count(s, "stage.repeat"), 1); /* anna, bert; carl, dora */
	sim_check(s);
	sim_until(s, "3d");
	SIM_TRACE(s, "[      2d] anna stage.client <- repeat\n"
		     "[      2d] bert stage.client <- repeat\n"
		     "[      2d] dora stage.client <- repeat (noticed at 2d1s)\n"
		     "[      2d] eva stage.client <- repeat (noticed at 2d2s)\n");
	assert_int_equal(sim_count(s, "stage.client"), 4);
	assert_int_equal(sim_count(s, "stage.first_time"), 1);
	story_end(s);
}

static void a_rung_that_is_gone_is_left_under_its_old_name(void **state)
{
	struct sim *s = start(with_client);

	(void)state;
	sim_send(s, "t/1 anna buys 1\n" "t/2 anna buys 1");
	free(sim_trace_take(s));
	sim_until(s, "1d");
	sim_lifecycle(s, first);
	assert_int_equal(sim_count(s, "stage.client"), 1); /* nobody has looked yet */
	sim_check(s);
	sim_until(s, "2d");
	SIM_TRACE(s, "[      1d] anna stage.repeat <- client\n");
	assert_int_equal(sim_count(s, "stage.client"), 0);
	sim_lifecycle(s, with_client);
	sim_until(s, "3d");
	SIM_TRACE(s, "[      2d] anna stage.client <- repeat\n");
	SIM_HISTORY(s, "anna", "[       0] stage.first_time <- new\n"
		    "[       0] customer.converted\n"
		    "[       0] stage.client <- first_time\n"
		    "[      1d] stage.repeat <- client\n"
		    "[      2d] stage.client <- repeat\n");
	story_end(s);
}

static void a_ladder_or_a_risk_that_is_gone_is_forgotten_without_a_word(void **state)
{
	struct sim *s = start(first);

	(void)state;
	sim_send(s, "t/1 anna buys 100\n" "t/2 anna complains c-1");
	sim_until(s, "3d");
	free(sim_trace_take(s));
	sim_lifecycle(s, without_risk);
	sim_until(s, "4d");
	SIM_TRACE(s, "");
	assert_int_equal(sim_count(s, "risk.complaint"), 0);
	sim_lifecycle(s, other_ladder);
	sim_until(s, "5d");
	SIM_TRACE(s, "[      4d] anna value.big <- new, risk.complaint raised, customer.at_risk\n");
	assert_int_equal(sim_count(s, "stage.first_time"), 0);
	assert_int_equal(sim_count(s, "value.big"), 1);
	story_end(s);
}

/* Under the stricter rule it was a risk since day 1; it is one since the rule is there. */
static void what_a_new_rule_would_have_seen_earlier_is_seen_from_the_switch_on(void **state)
{
	struct sim *s = start(first);

	(void)state;
	sim_send(s, "t/1 anna buys 1\n" "t/2 anna complains c-1");
	sim_until(s, "1d12h");
	sim_send(s, "t/3 bert buys 1\n" "t/4 bert complains c-2");
	free(sim_trace_take(s));
	sim_lifecycle(s, stricter);
	sim_until(s, "5d");
	SIM_TRACE(s, "[   1d12h] anna risk.complaint raised, customer.at_risk\n"
		     "[2d12h1ms] bert risk.complaint raised, customer.at_risk\n");
	story_end(s);
}

static void an_event_amid_a_sweep_finds_its_customer_judged_as_of_the_switch(void **state)
{
	struct sim *s = start(first);

	(void)state;
	sim_send(s, "t/1 anna buys 1\n" "t/2 anna complains c-1");
	sim_until(s, "1d12h");
	free(sim_trace_take(s));
	sim_lifecycle(s, stricter); /* no TIME input yet */
	sim_send(s, "t/3 anna resolved c-1 @1d11h");
	SIM_TRACE(s, "[   1d12h] anna risk.complaint raised, customer.at_risk, "
		     "risk.complaint cleared, customer.recovered\n");
	story_end(s);
}

static void a_sweep_goes_on_where_a_crash_cut_it_off(void **state)
{
	(void)state;
	for (enum sim_point p = POINT_BEFORE_WRITE; p <= POINT_AFTER_APPLY; p++) {
		struct sim *s = start(first);

		sim_send(s, "t/1 anna buys 1\n" "t/2 bert buys 1\n" "t/3 carl buys 1\n"
			    "t/4 anna buys 1\n" "t/5 bert buys 1\n" "t/6 carl buys 1");
		free(sim_trace_take(s));
		sim_until(s, "1d");
		sim_lifecycle(s, with_client);
		sim_until(s, "1d");
		assert_int_equal(sim_notes(s), 6 + 3 + 2);
		sim_crash_at(s, p);
		assert_false(sim_until(s, "2d"));
		sim_start(s);
		assert_true(sim_until(s, "2d"));
		assert_int_equal(sim_notes(s), 6 + 3 + 3);
		assert_int_equal(sim_count(s, "stage.client"), 3);
		story_end(s);
	}
}

static void a_second_file_before_the_first_sweep_is_over_leaves_nobody_behind(void **state)
{
	struct sim *s = start(first);

	(void)state;
	sim_send(s, "t/1 anna buys 1\n" "t/2 bert buys 1\n" "t/3 carl buys 1\n"
		    "t/4 anna buys 1\n" "t/5 bert buys 1\n" "t/6 carl buys 1");
	free(sim_trace_take(s));
	sim_until(s, "1d");
	sim_lifecycle(s, with_client);
	sim_until(s, "1d"); /* anna and bert are clients now, carl is where he was */
	sim_lifecycle(s, first);
	sim_until(s, "2d");
	SIM_TRACE(s, "[      1d] anna stage.client <- repeat\n"
		     "[      1d] bert stage.client <- repeat\n"
		     "[      1d] anna stage.repeat <- client (noticed at 1d1s)\n"
		     "[      1d] bert stage.repeat <- client (noticed at 1d1s)\n");
	story_end(s);
}

static void the_same_file_again_changes_nothing(void **state)
{
	struct sim *s = start(first);
	uint64_t last = journal_last(s->journal);

	(void)state;
	sim_lifecycle(s, first);
	sim_stop(s);
	sim_start(s);
	assert_int_equal(journal_last(s->journal), last);
	story_end(s);
}

static void a_day_is_a_day_of_the_zone(void **state)
{
	static const char days[] =
		"ladder habit { none  twice when purchase_days >= 2 }\n";
	static const char tokyo[] =
		"zone \"Asia/Tokyo\"\n"
		"ladder habit { none  twice when purchase_days >= 2 }\n";
	struct sim *s = start(days);

	(void)state;
	sim_until(s, "2d");
	sim_send(s, "t/1 anna buys 1 @14h59m\n" "t/2 anna buys 1 @15h1m");
	SIM_TRACE(s, "");
	sim_free(s);
	s = start(tokyo); /* midnight there is 15:00 in Greenwich */
	sim_until(s, "2d");
	sim_send(s, "t/1 anna buys 1 @14h59m\n" "t/2 anna buys 1 @15h1m");
	SIM_TRACE(s, "[   15h1m] anna habit.twice <- none (noticed at 2d)\n");
	sim_send(s, "t/3 bert buys 1 @15h1m\n" "t/4 bert buys 1 @1d14h59m");
	SIM_TRACE(s, "");
	story_end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everybody_is_judged_again_paced_and_as_of_the_switch),
		cmocka_unit_test(a_rung_that_is_gone_is_left_under_its_old_name),
		cmocka_unit_test(a_ladder_or_a_risk_that_is_gone_is_forgotten_without_a_word),
		cmocka_unit_test(what_a_new_rule_would_have_seen_earlier_is_seen_from_the_switch_on),
		cmocka_unit_test(an_event_amid_a_sweep_finds_its_customer_judged_as_of_the_switch),
		cmocka_unit_test(a_sweep_goes_on_where_a_crash_cut_it_off),
		cmocka_unit_test(a_second_file_before_the_first_sweep_is_over_leaves_nobody_behind),
		cmocka_unit_test(the_same_file_again_changes_nothing),
		cmocka_unit_test(a_day_is_a_day_of_the_zone),
	};

	sim_failed = story_failed;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
