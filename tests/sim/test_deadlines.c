/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines: nothing happens, and that is the event. */
#include <math.h>
#include "tests/sim/story.h"

/* Buys every five days, three times: from then on silence means something. */
static void buys_every_five_days(struct sim *s, const char *who)
{
	static unsigned number;
	char line[64];

	for (int i = 0; i < 3; i++) {
		snprintf(line, sizeof line, "till-1/%u %s buys 100 @%dd", ++number, who, 5 * i);
		sim_send(s, line);
	}
}

static int64_t armed(struct sim *s, const char *who, int64_t *ret_due_ms)
{
	struct customer *c = sim_customer(s, who);
	int64_t at;

	assert_non_null(c);
	at = c->armed_ms;
	*ret_due_ms = c->standing.due_ms;
	free(c);
	return at;
}

static void silence_speaks_at_its_instant_once_and_needs_no_event(void **state)
{
	struct sim *s = story_new();

	(void)state;
	sim_until(s, "10d");
	buys_every_five_days(s, "anna");
	free(sim_trace_take(s));
	sim_until_ms(s, sim_ms("40d"));
	SIM_TRACE(s, "");
	sim_until_ms(s, sim_ms("40d1ms"));
	SIM_TRACE(s, "[  40d1ms] anna risk.silent raised, customer.at_risk\n");
	sim_until(s, "134d");
	SIM_TRACE(s, "");
	story_end(s);
}

/* spend_trend: what is left of purchases with half-life 30 days against 180 days, as paces. */
static void a_pace_that_fades_passes_its_bound_at_the_millisecond_that_was_solved(void **state)
{
	double left_30d = exp2(-10 / 30.0) + exp2(-5 / 30.0) + 1;
	double left_180d = exp2(-10 / 180.0) + exp2(-5 / 180.0) + 1;
	double days = log2(6 * left_30d / left_180d / 0.5) / (1 / 30.0 - 1 / 180.0);
	int64_t at_ms = sim_ms("10d") + (int64_t)ceil(days * (double)DAY_MS);
	struct sim *s = story_new();

	(void)state;
	sim_until(s, "10d");
	buys_every_five_days(s, "anna");
	sim_until_ms(s, at_ms - 1);
	free(sim_trace_take(s));
	sim_until_ms(s, at_ms);
	SIM_TRACE(s, "[134d6h47m33s342ms] anna phase.decline <- formation\n");
	assert_int_equal(at_ms, sim_ms("134d6h47m33s342ms"));
	story_end(s);
}

static void silence_that_fell_due_while_nobody_ran_is_told_once_with_its_true_time(void **state)
{
	struct sim *s = story_new();

	(void)state;
	sim_until(s, "10d");
	buys_every_five_days(s, "anna");
	free(sim_trace_take(s));
	sim_stop(s);
	sim_sleep_until(s, "50d");
	sim_start(s);
	sim_until(s, "50d");
	SIM_TRACE(s, "[  40d1ms] anna risk.silent raised, customer.at_risk (noticed at 50d)\n");
	sim_stop(s);
	sim_start(s);
	sim_crash(s);
	sim_start(s);
	sim_until(s, "60d");
	SIM_TRACE(s, "");
	story_end(s);
}

static void a_deadline_that_fired_before_a_crash_does_not_fire_again(void **state)
{
	struct sim *s = story_new();

	(void)state;
	sim_until(s, "10d");
	buys_every_five_days(s, "anna");
	sim_checkpoint(s); /* the row is on disk, its firing will only be in the journal */
	free(sim_trace_take(s));
	sim_until(s, "41d");
	SIM_TRACE(s, "[  40d1ms] anna risk.silent raised, customer.at_risk\n");
	sim_crash(s);
	sim_start(s);
	sim_until(s, "60d");
	SIM_TRACE(s, "");
	assert_int_equal(sim_notes(s), 6);
	story_end(s);
}

/* The crash comes at each point of the TIME input that fires it. */
static void a_deadline_whose_firing_is_cut_short_fires_exactly_once(void **state)
{
	(void)state;
	for (enum sim_point p = POINT_BEFORE_WRITE; p <= POINT_AFTER_APPLY; p++) {
		for (uint64_t seed = 1; seed <= 8; seed++) {
			struct sim *s = sim_new(&(struct sim_options){ .seed = seed });

			sim_until(s, "10d");
			buys_every_five_days(s, "anna");
			sim_crash_at(s, p);
			assert_false(sim_until(s, "50d"));
			sim_start(s);
			free(sim_trace_take(s));
			assert_true(sim_until(s, "50d"));
			assert_int_equal(sim_count(s, "risk.silent"), 1);
			assert_int_equal(sim_notes(s), 6);
			story_end(s);
		}
	}
}

static void after_days_down_deadlines_come_out_in_due_order_with_own_times_and_paced(void **state)
{
	struct sim *s = sim_new(&(struct sim_options){ .seed = 1, .shards = 1, .due_per_input = 2,
		.step_ms = 1000 });
	uint64_t fired;

	(void)state;
	/* eva first, anna last; the ids sort the other way */
	sim_send(s, "t/1 eva buys 100 @0\n" "t/2 eva complains c-1 @0");
	sim_send(s, "t/3 dora buys 100 @1h\n" "t/4 dora complains c-2 @1h");
	sim_until(s, "2h");
	sim_send(s, "t/5 carl buys 100\n" "t/6 carl complains c-3");
	sim_send(s, "t/7 bert buys 100\n" "t/8 bert complains c-4");
	sim_until(s, "3h");
	sim_send(s, "t/9 anna buys 100\n" "t/10 anna complains c-5");
	sim_stop(s);
	sim_sleep_until(s, "6d");
	sim_start(s);
	free(sim_trace_take(s));
	fired = s->time_inputs;
	sim_until(s, "7d");
	SIM_TRACE(s, "[   2d1ms] eva risk.complaint raised, customer.at_risk (noticed at 6d)\n"
		     "[ 2d1h1ms] dora risk.complaint raised, customer.at_risk (noticed at 6d)\n"
		     "[ 2d2h1ms] bert risk.complaint raised, customer.at_risk (noticed at 6d1s)\n"
		     "[ 2d2h1ms] carl risk.complaint raised, customer.at_risk (noticed at 6d1s)\n"
		     "[ 2d3h1ms] anna risk.complaint raised, customer.at_risk (noticed at 6d2s)\n");
	assert_int_equal(s->time_inputs - fired, 3);
	story_end(s);
}

static void a_customer_with_several_deadlines_behind_them_goes_through_all_of_them(void **state)
{
	struct sim *s = story_new();

	(void)state;
	sim_send(s, "t/1 anna buys 100\n" "t/2 anna complains c-1");
	free(sim_trace_take(s));
	sim_sleep_until(s, "500d");
	sim_until(s, "500d");
	SIM_TRACE(s, "[   2d1ms] anna risk.complaint raised, customer.at_risk (noticed at 500d)\n"
		     "[  90d1ms] anna risk.no_second_purchase raised (noticed at 500d)\n"
		     "[ 365d1ms] anna stage.lapsed <- first_time, customer.lost (noticed at 500d)\n");
	assert_int_equal(s->time_inputs, 1);
	story_end(s);
}

static void a_purchase_moves_a_deadline_without_touching_the_index(void **state)
{
	struct sim *s = story_new();
	int64_t due, row;

	(void)state;
	sim_until(s, "10d");
	buys_every_five_days(s, "anna");
	row = armed(s, "anna", &due);
	assert_int_equal(due, sim_ms("40d1ms"));
	sim_until(s, "20d");
	sim_send(s, "till-2/1 anna buys 100");
	assert_int_equal(armed(s, "anna", &due), row); /* left where it was */
	assert_int_equal(due, row); /* nothing can come sooner; what comes later is not asked yet */
	assert_int_equal(sim_deadlines(s), 1);
	free(sim_trace_take(s));

	sim_until(s, "45d"); /* the stale row comes up, says nothing and goes where it belongs */
	SIM_TRACE(s, "");
	assert_int_equal(armed(s, "anna", &due), sim_ms("50d1ms"));
	assert_int_equal(sim_deadlines(s), 1);
	sim_until(s, "60d");
	SIM_TRACE(s, "[  50d1ms] anna risk.silent raised, customer.at_risk\n");
	story_end(s);
}

static void a_deadline_that_comes_nearer_replaces_its_row(void **state)
{
	struct sim *s = story_new();
	int64_t due;

	(void)state;
	sim_send(s, "t/1 anna buys 100");
	assert_int_equal(armed(s, "anna", &due), sim_ms("90d1ms"));
	sim_send(s, "t/2 anna complains c-1");
	assert_int_equal(armed(s, "anna", &due), sim_ms("2d1ms"));
	assert_int_equal(sim_deadlines(s), 1);
	assert_int_equal(s->shard[sim_shard_of(s, "anna")].next_due_ms, sim_ms("2d1ms"));
	story_end(s);
}

static void an_event_that_takes_the_reason_away_leaves_no_alarm_behind(void **state)
{
	struct sim *s = story_new();

	(void)state;
	sim_send(s, "t/1 anna buys 100\n" "t/2 anna complains c-1");
	sim_until(s, "1d");
	sim_send(s, "t/3 anna resolved c-1");
	free(sim_trace_take(s));
	sim_until(s, "80d");
	SIM_TRACE(s, "");
	story_end(s);
}

static void on_the_event_clock_silence_ends_with_the_next_event_of_anybody(void **state)
{
	struct sim *s = sim_new(&(struct sim_options){ .seed = 1, .event_clock = true });

	(void)state;
	sim_send(s, "t/1 anna buys 100 @0\n" "t/2 anna complains c-1 @0");
	sim_until(s, "30d"); /* the wall clock means nothing here */
	SIM_TRACE(s, "[       0] anna stage.first_time <- new, customer.converted\n");
	sim_send(s, "t/3 bert calls @2d");
	SIM_TRACE(s, "[      2d] bert stage.prospect <- new\n");
	sim_send(s, "t/4 bert calls @3d");
	SIM_TRACE(s, "[   2d1ms] anna risk.complaint raised, customer.at_risk (noticed at 3d)\n");
	story_end(s);
}

static void the_event_clock_does_not_go_back_at_a_restart(void **state)
{
	struct sim *s = sim_new(&(struct sim_options){ .seed = 1, .event_clock = true });

	(void)state;
	sim_send(s, "t/1 anna buys 100 @0\n" "t/2 anna complains c-1 @0");
	sim_send(s, "t/3 bert calls @3d");
	free(sim_trace_take(s));
	sim_crash(s);
	sim_start(s);
	sim_send(s, "t/4 anna resolved c-1 @2d12h\n" "t/5 carl buys 100 @0\n"
		    "t/6 carl complains c-2 @0");
	SIM_TRACE(s, "[       0] carl stage.first_time <- new, customer.converted (noticed at 3d)\n"
		     "[   2d12h] anna risk.complaint cleared, customer.recovered (noticed at 3d)\n"
		     "[   2d1ms] carl risk.complaint raised, customer.at_risk (noticed at 3d)\n");
	story_end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silence_speaks_at_its_instant_once_and_needs_no_event),
		cmocka_unit_test(a_pace_that_fades_passes_its_bound_at_the_millisecond_that_was_solved),
		cmocka_unit_test(silence_that_fell_due_while_nobody_ran_is_told_once_with_its_true_time),
		cmocka_unit_test(a_deadline_that_fired_before_a_crash_does_not_fire_again),
		cmocka_unit_test(a_deadline_whose_firing_is_cut_short_fires_exactly_once),
		cmocka_unit_test(after_days_down_deadlines_come_out_in_due_order_with_own_times_and_paced),
		cmocka_unit_test(a_customer_with_several_deadlines_behind_them_goes_through_all_of_them),
		cmocka_unit_test(a_purchase_moves_a_deadline_without_touching_the_index),
		cmocka_unit_test(a_deadline_that_comes_nearer_replaces_its_row),
		cmocka_unit_test(an_event_that_takes_the_reason_away_leaves_no_alarm_behind),
		cmocka_unit_test(on_the_event_clock_silence_ends_with_the_next_event_of_anybody),
		cmocka_unit_test(the_event_clock_does_not_go_back_at_a_restart),
	};

	sim_failed = story_failed;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
