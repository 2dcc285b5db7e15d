/* SPDX-License-Identifier: Apache-2.0 */
/* Dying: at each point of an input's way, of a checkpoint's, and of a recovery. */
#include "tests/sim/story.h"
#include "tests/sim/torn.h"

static void a_resend_after_a_crash_before_the_receipt_is_a_duplicate(void **state)
{
	struct sim *s = story_new();

	(void)state;
	sim_crash_at(s, POINT_AFTER_APPLY);
	assert_false(sim_send(s, "till-7/41 anna buys 1200"));
	sim_start(s);
	SIM_TRACE(s, "[       0] crash before the receipt\n"
		     "[       0] anna stage.first_time <- new, customer.converted\n");
	sim_until(s, "10s");
	sim_send(s, "till-7/41 anna buys 1200 @0");
	SIM_TRACE(s, "[     10s] till-7/41 duplicate\n");
	story_end(s);
}

static void a_crash_before_the_write_leaves_nothing_and_a_resend_is_new(void **state)
{
	struct sim *s = story_new();

	(void)state;
	sim_crash_at(s, POINT_BEFORE_WRITE);
	assert_false(sim_send(s, "till-7/41 anna buys 1200"));
	sim_start(s);
	SIM_TRACE(s, "[       0] crash before the write\n");
	sim_send(s, "till-7/41 anna buys 1200 @0");
	SIM_TRACE(s, "[       0] anna stage.first_time <- new, customer.converted\n");
	story_end(s);
}

/* What the sender does: send again whatever has no receipt. */
static void wherever_it_dies_a_resend_has_its_effect_exactly_once(void **state)
{
	(void)state;
	for (enum sim_point p = POINT_BEFORE_WRITE; p <= POINT_AFTER_APPLY; p++)
		for (uint64_t seed = 1; seed <= 20; seed++) {
			struct sim *s = sim_new(&(struct sim_options){ .seed = seed });
			struct customer *anna;

			sim_send(s, "till-7/40 anna buys 100\n" "till-7/39 bert calls");
			sim_crash_at(s, p);
			assert_false(sim_send(s, "till-7/41 anna buys 1200\n" "till-8/1#1 bert buys 5"));
			sim_start(s);
			sim_send(s, "till-7/41 anna buys 1200\n" "till-8/1#1 bert buys 5");
			anna = sim_customer(s, "anna");
			assert_int_equal(anna->facts.scalar[FACT_spent].i, 1300);
			assert_int_equal(sim_count(s, "stage.first_time"), 1);
			assert_int_equal(sim_count(s, "stage.repeat"), 1);
			assert_int_equal(sim_notes(s), 2 + 1 + 1 + 2);
			free(anna);
			story_end(s);
		}
}

static void a_checkpoint_that_dies_at_any_storage_call_is_whole_or_not_at_all(void **state)
{
	unsigned calls = 0;

	(void)state;
	for (torn.dead = true; torn.dead; calls++) {
		struct sim *s = sim_new(&(struct sim_options){ .seed = calls, .shards = 1 });

		sim_send(s, "till-7/41 anna buys 1200\n" "till-7/42 bert buys 1");
		sim_checkpoint(s);
		sim_send(s, "till-7/43 anna buys 1\n" "till-7/44 carl complains c-1");
		torn_die_after(calls);
		(void)shard_checkpoint(&s->shard[0]);
		sim_crash(s);
		torn_live();
		sim_start(s);
		assert_int_equal(sim_count(s, "stage.repeat"), 1);
		assert_int_equal(env_meta(s->env[0])->customers, 3);
		story_end(s);
	}
	assert_true(calls >= 4); /* pages, sync, meta page; the last one was one too many to die */
}

static void shards_that_committed_at_different_frames_meet_again(void **state)
{
	(void)state;
	for (enum sim_point p = POINT_BEFORE_CHECKPOINT; p < POINTS; p++)
		for (uint64_t seed = 1; seed <= 20; seed++) {
			struct sim *s = sim_new(&(struct sim_options){ .seed = seed, .shards = 3 });

			s->storage = &torn_storage;
			sim_send(s, "t/1 anna buys 1\n" "t/2 bert buys 1\n" "t/3 carl buys 1");
			sim_checkpoint_shard(s, (unsigned)seed % 3);
			sim_send(s, "t/4 anna buys 1\n" "t/5 bert buys 1\n" "t/6 carl buys 1");
			sim_crash_at(s, p);
			assert_false(sim_checkpoint(s));
			sim_start(s);
			assert_int_equal(sim_count(s, "stage.repeat"), 3);
			story_end(s);
		}
}

static void what_is_dropped_and_applied_again_is_told_once(void **state)
{
	struct sim *s = story_new();

	(void)state;
	sim_send(s, "t/1 anna buys 1\n" "t/2 anna complains c-1\n" "t/3 bert calls");
	sim_checkpoint(s);
	sim_send(s, "t/4 anna buys 1\n" "t/5 bert buys 7");
	for (unsigned i = 0; i < s->o.shards; i++)
		sim_reapply(s, i);
	sim_check(s);
	free(sim_trace_take(s));
	sim_until(s, "3d");
	SIM_TRACE(s, "[   2d1ms] anna risk.complaint raised, customer.at_risk\n");
	sim_checkpoint(s);
	story_end(s);
}

static void a_lifecycle_file_whose_frame_is_lost_is_switched_on_at_the_next_start(void **state)
{
	static const char other[] = "ladder stage { none potential  buyer actual when purchases >= 1 }\n";
	struct sim *s = story_new();

	(void)state;
	sim_send(s, "t/1 anna buys 1");
	free(sim_trace_take(s));
	sim_until(s, "1h");
	sim_crash_at(s, POINT_BEFORE_WRITE);
	assert_false(sim_lifecycle(s, other));
	sim_sleep_until(s, "2h");
	sim_start(s);
	sim_until(s, "3h");
	SIM_TRACE(s, "[      1h] crash before the write\n"
		     "[      2h] anna stage.buyer <- first_time\n");
	story_end(s);
}

static void a_trimmed_journal_still_holds_what_is_not_in_every_checkpoint(void **state)
{
	struct sim *s = sim_new(&(struct sim_options){ .seed = 1, .segment_bytes = 8192, .shards = 2 });
	uint64_t gone = 0;

	(void)state;
	for (unsigned i = 1; i <= 300; i++) {
		char line[80];

		snprintf(line, sizeof line, "t/%u c%u buys 1\nt/x%u c%u calls", i, i % 7, i, i % 5);
		sim_send(s, line);
		if (i % 20 == 0)
			sim_checkpoint_shard(s, i / 20 % 2);
		sim_trim(s);
		if (i % 30 == 0) {
			sim_crash(s);
			sim_start(s);
			gone += journal_first(s->journal) > 1;
		}
	}
	assert_true(gone > 5);
	assert_int_equal(env_meta(s->env[0])->accepted + env_meta(s->env[1])->accepted, 600);
	story_end(s);
}

/* A subscription is opened once; opening it again finds where it stands. */
static void a_subscription_outlives_a_crash(void **state)
{
	struct sim *s = story_new();

	(void)state;
	sim_send(s, "t/1 anna buys 1");
	sim_open_subscription(s, "mailer", true);
	sim_send(s, "t/2 anna buys 1");
	sim_crash(s);
	sim_start(s);
	sim_open_subscription(s, "mailer", true); /* "newest" is only for one that is new */
	for (unsigned i = 0; i < s->o.shards; i++) {
		struct span record;

		assert_int_equal(env_subscription_get(s->env[i], span_str("mailer"), &record), 0);
		/* behind the first purchase, before the second */
		assert_int_equal(get_le64(record.data), i == sim_shard_of(s, "anna") ? 2 : 0);
	}
	story_end(s);
}

static void a_damaged_customer_is_set_aside_and_harms_no_neighbour(void **state)
{
	struct sim *s = sim_new(&(struct sim_options){ .seed = 1, .shards = 1 });
	uint64_t ticks;

	(void)state;
	sim_send(s, "t/1 anna buys 1\n" "t/2 anna complains c-1\n"
		    "t/3 bert buys 1\n" "t/4 bert complains c-2");
	assert_int_equal(env_customer_put(s->env[0], span_str("anna"), span_str("nonsense"), false), 0);
	sim_checkpoint(s);
	sim_crash(s);
	sim_start(s);
	free(sim_trace_take(s));
	ticks = s->time_inputs;
	sim_send(s, "t/5 anna buys 1\n" "t/6 bert buys 1");
	sim_until(s, "3d");
	sim_lifecycle(s, "ladder stage { none potential  buyer actual when purchases >= 1 }\n");
	sim_until(s, "4d");
	SIM_TRACE(s, "[       0] bert stage.repeat <- first_time\n"
		     "[       0] batch: 1 accepted, 0 duplicates, 1 rejected\n"
		     "[   2d1ms] bert risk.complaint raised, customer.at_risk\n"
		     "[      3d] bert stage.buyer <- repeat\n");
	assert_int_equal(s->time_inputs - ticks, 2); /* nobody is looked at again and again */
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_resend_after_a_crash_before_the_receipt_is_a_duplicate),
		cmocka_unit_test(a_crash_before_the_write_leaves_nothing_and_a_resend_is_new),
		cmocka_unit_test(wherever_it_dies_a_resend_has_its_effect_exactly_once),
		cmocka_unit_test(a_checkpoint_that_dies_at_any_storage_call_is_whole_or_not_at_all),
		cmocka_unit_test(shards_that_committed_at_different_frames_meet_again),
		cmocka_unit_test(what_is_dropped_and_applied_again_is_told_once),
		cmocka_unit_test(a_lifecycle_file_whose_frame_is_lost_is_switched_on_at_the_next_start),
		cmocka_unit_test(a_trimmed_journal_still_holds_what_is_not_in_every_checkpoint),
		cmocka_unit_test(a_subscription_outlives_a_crash),
		cmocka_unit_test(a_damaged_customer_is_set_aside_and_harms_no_neighbour),
	};

	sim_failed = story_failed;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
