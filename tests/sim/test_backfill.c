/* SPDX-License-Identifier: Apache-2.0 */
/* Backfill: years of events at once. They make facts and history, and flood nobody. */
#include "tests/sim/story.h"

static void backfill(struct sim *s, const char *lines)
{
	s->o.backfill = true;
	sim_send(s, lines);
	s->o.backfill = false;
}

static void what_is_back_filled_goes_to_the_history_and_to_no_outbox(void **state)
{
	struct sim *s = story_new();

	(void)state;
	backfill(s, "log/1 anna buys 100 @-400d\n"
		    "log/2 anna buys 100 @-390d\n"
		    "log/3 anna buys 100 @-380d\n"
		    "log/4 bert buys 100 @-3d\n");
	sim_until(s, "1d");
	SIM_TRACE(s, "");
	assert_int_equal(sim_notes(s), 0);
	assert_int_equal(sim_count(s, "risk.silent"), 1);
	SIM_HISTORY(s, "anna", "[   -400d] stage.first_time <- new (silent)\n"
		    "[   -400d] customer.converted (silent)\n"
		    "[   -390d] stage.repeat <- first_time (silent)\n"
		    "[   -390d] phase.formation <- exploration (silent)\n"
		    "[-349d23h59m59s999ms] risk.silent raised (silent)\n"
		    "[-349d23h59m59s999ms] customer.at_risk (silent)\n"
		    "[-260d1h7m32s391ms] phase.decline <- formation (silent)\n"
		    "[-14d23h59m59s999ms] stage.lapsed <- repeat (silent)\n"
		    "[-14d23h59m59s999ms] phase.ended <- decline (silent)\n"
		    "[-14d23h59m59s999ms] customer.lost (silent)\n");
	story_end(s);
}

static void going_live_floods_nobody_and_what_is_new_is_announced(void **state)
{
	struct sim *s = story_new();

	(void)state;
	backfill(s, "log/1 anna buys 100 @-50d\n"
		    "log/2 bert buys 100 @-89d\n");
	sim_until(s, "1d");
	SIM_TRACE(s, "");
	sim_until(s, "2d");
	SIM_TRACE(s, "[   1d1ms] bert risk.no_second_purchase raised, customer.at_risk\n");
	sim_send(s, "till/1 anna buys 200");
	SIM_TRACE(s, "[      2d] anna stage.repeat <- first_time, phase.formation <- exploration\n");
	story_end(s);
}

static void the_order_of_a_backfill_does_not_matter_to_the_facts(void **state)
{
	struct sim *s = story_new();
	struct customer *anna, *bert;

	(void)state;
	backfill(s, "log/1 anna buys 100 @-50d\n" "log/2 anna returns 30 @-40d\n"
		    "log/3 anna buys 70 @-10d");
	backfill(s, "book/3 bert buys 70 @-10d\n" "book/2 bert returns 30 @-40d\n"
		    "book/1 bert buys 100 @-50d");
	sim_until(s, "1d");
	anna = sim_customer(s, "anna");
	bert = sim_customer(s, "bert");
	assert_true(facts_equal(&anna->facts, &bert->facts));
	free(anna);
	free(bert);
	assert_int_equal(sim_notes(s), 0);
	story_end(s);
}

static void a_resent_backfill_changes_nothing(void **state)
{
	struct sim *s = story_new();
	const char *log = "log/1 anna buys 100 @-50d\n" "log/2 bert buys 100 @-89d\n";

	(void)state;
	backfill(s, log);
	backfill(s, log);
	SIM_TRACE(s, "[       0] batch: 0 accepted, 2 duplicates, 0 rejected\n");
	story_end(s);
}

/* What fell due while the process was down is live, whatever comes in first afterwards. */
static void a_backfill_does_not_silence_a_deadline_that_is_already_past(void **state)
{
	struct sim *s = story_new();

	(void)state;
	sim_send(s, "till/1 anna buys 100\n" "till/2 anna complains c-1");
	free(sim_trace_take(s));
	sim_stop(s);
	sim_sleep_until(s, "5d");
	sim_start(s);
	backfill(s, "log/1 anna buys 100 @-300d");
	sim_until(s, "5d");
	SIM_TRACE(s, "[   2d1ms] anna risk.complaint raised, customer.at_risk (noticed at 5d)\n");
	story_end(s);
}

/* A till that was offline while the history was read in: late, but live. */
static void a_live_event_from_before_the_backfill_is_announced(void **state)
{
	struct sim *s = story_new();

	(void)state;
	sim_until(s, "10d");
	backfill(s, "log/1 anna buys 100 @-50d");
	sim_send(s, "till/1 anna buys 100 @5d");
	SIM_TRACE(s, "[      5d] anna stage.repeat <- first_time, phase.formation <- exploration "
		     "(noticed at 10d)\n");
	story_end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_back_filled_goes_to_the_history_and_to_no_outbox),
		cmocka_unit_test(going_live_floods_nobody_and_what_is_new_is_announced),
		cmocka_unit_test(the_order_of_a_backfill_does_not_matter_to_the_facts),
		cmocka_unit_test(a_resent_backfill_changes_nothing),
		cmocka_unit_test(a_backfill_does_not_silence_a_deadline_that_is_already_past),
		cmocka_unit_test(a_live_event_from_before_the_backfill_is_announced),
	};

	sim_failed = story_failed;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
