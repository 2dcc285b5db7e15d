/* SPDX-License-Identifier: Apache-2.0 */
/* The journal is the truth, the store is its fold. */
#include "tests/sim/crowd.h"
#include "tests/sim/story.h"

static struct sim *start(uint64_t seed, unsigned shards)
{
	return sim_new(&(struct sim_options){ .seed = seed, .shards = shards, .keep_journal = true,
		.segment_bytes = 8192 });
}

/* Some months of everybody, with checkpoints here and there. */
static void live(struct sim *s, unsigned events)
{
	struct crowd c;

	crowd_init(&c, &s->random, events);
	for (unsigned i = 0; i < events; i++) {
		sim_until_ms(s, s->now_ms + (int64_t)random_below(&s->random, DAY_MS));
		(void)crowd_event(&c, s->now_ms - (int64_t)random_below(&s->random, 2 * DAY_MS));
		sim_submit(s, i + 1, i % 9 == 0, &c.events[i], 1);
		if (i % 3 == 0)
			assert_true(sim_flush(s));
		if (random_below(&s->random, 10) == 0)
			sim_checkpoint_shard(s, (unsigned)random_below(&s->random, s->o.shards));
	}
	assert_true(sim_flush(s));
	crowd_fini(&c);
}

static void the_kept_journal_gives_the_same_store_row_by_row(void **state)
{
	(void)state;
	for (uint64_t seed = random_seed(1), end = seed + random_runs(6); seed < end; seed++) {
		struct sim *s = start(seed, 1 + (unsigned)seed % 5);
		struct settings settings = { 20 * DAY_MS, 50, 10 * DAY_MS, 4, 12000 };

		live(s, 150);
		sim_lifecycle(s, (const char *)machine_default_text().data);
		sim_settings(s, &settings);
		live(s, 150);
		sim_open_subscription(s, "mailer", true);
		sim_crash(s);
		sim_start(s);
		sim_check(s);
		sim_check_replay(s, 0);
		sim_check_replay(s, 8); /* where it commits makes no difference */
		sim_check_replay(s, 7); /* nor where it freezes */
		sim_free(s);
	}
}

static int run(struct sim *s, uint64_t upto, bool any_engine, struct complaint *c)
{
	struct shard *list[SIM_SHARDS_MAX];
	struct replay r = { .store_id = s->store.id, .shards = s->o.shards, .upto = upto,
		.any_engine = any_engine };
	char dir[4096];

	store_journal_dir(&s->store, dir);
	r.journal_dir = dir;
	for (unsigned i = 0; i < s->o.shards; i++)
		list[i] = &s->shard[i];
	return replay_run(&r, list, s->o.shards, c);
}

static void go_back_to_the_checkpoint(struct sim *s)
{
	struct complaint c = { 0 };

	for (unsigned i = 0; i < s->o.shards; i++) {
		shard_close(&s->shard[i]);
		env_abort(s->env[i]);
		assert_int_equal(shard_open(&s->shard[i], i, s->env[i], &c), 0);
	}
}

static void a_tail_taken_by_another_engine_is_not_replayed_without_being_told_to(void **state)
{
	struct sim *s = start(1, 2);
	struct complaint c = { 0 };

	(void)state;
	sim_checkpoint(s);
	sim_send(s, "t/1 anna buys 1");
	go_back_to_the_checkpoint(s);
	for (unsigned i = 0; i < 2; i++)
		s->shard[i].engine = ENGINE_VERSION + 1;
	assert_int_equal(run(s, 0, false, &c), ERR_VERSION);
	assert_non_null(strstr(c.text, "--accept-engine"));
	assert_int_equal(run(s, 0, true, &c), 0);
	assert_int_equal(sim_count(s, "stage.first_time"), 1);
	sim_free(s);
}

static void a_replay_stops_where_it_is_told_and_goes_on_from_there(void **state)
{
	struct sim *s = start(1, 2);
	struct complaint c = { 0 };
	uint64_t last;

	(void)state;
	sim_checkpoint(s);
	sim_send(s, "t/1 anna buys 1");
	last = journal_last(s->journal);
	sim_send(s, "t/2 anna buys 1");
	go_back_to_the_checkpoint(s);
	assert_int_equal(run(s, last, false, &c), 0);
	assert_int_equal(env_meta(s->env[0])->position, last);
	assert_int_equal(sim_count(s, "stage.first_time"), 1);
	assert_int_equal(run(s, 0, false, &c), 0);
	assert_int_equal(run(s, 0, false, &c), 0); /* nothing is left, and that is no error */
	assert_int_equal(sim_count(s, "stage.repeat"), 1);
	story_end(s);
}

static void a_start_writes_nothing_that_can_be_written_later(void **state)
{
	struct sim *s = start(1, 1);
	struct shard *list[1] = { &s->shard[0] };
	struct replay r = { .store_id = s->store.id, .shards = 1, .checkpoint_events = 2,
		.freezes = true };
	struct complaint c = { 0 };
	uint64_t begin, sent[6];
	char dir[4096], line[40];

	(void)state;
	sim_checkpoint(s);
	begin = env_committed(s->env[0]);
	for (unsigned i = 0; i < 6; i++) {
		snprintf(line, sizeof line, "t/%u anna buys 1", i);
		sim_send(s, line);
		sent[i] = journal_last(s->journal);
	}
	store_journal_dir(&s->store, dir);
	r.journal_dir = dir;
	r.upto = sent[3] - 1;
	go_back_to_the_checkpoint(s);
	assert_int_equal(replay_run(&r, list, 1, &c), 0);
	assert_true(env_frozen(s->env[0]));
	assert_int_equal(env_committed(s->env[0]), begin); /* there is room for both */
	assert_int_equal(r.applied, 3);
	assert_int_equal(r.frozen, 2);
	r.upto = 0;
	assert_int_equal(replay_run(&r, list, 1, &c), 0);
	assert_true(env_frozen(s->env[0]));
	assert_int_equal(env_committed(s->env[0]), sent[1]); /* there was none for three */
	assert_int_equal(sim_count(s, "stage.repeat"), 1);
	sim_check(s);
	story_end(s);
}

static void a_journal_that_begins_too_late_is_refused(void **state)
{
	struct sim *s = sim_new(&(struct sim_options){ .seed = 1, .segment_bytes = 8192 });
	struct complaint c = { 0 };
	int rc;

	(void)state;
	sim_checkpoint(s);
	while (s->journal && journal_first(s->journal) == 1) { /* segments fill, and one goes */
		static unsigned n;
		char line[40];

		snprintf(line, sizeof line, "t/%u anna calls", ++n);
		sim_send(s, line);
		s->committed[0] = s->committed[1] = journal_last(s->journal); /* a lie */
		sim_trim(s);
	}
	go_back_to_the_checkpoint(s);
	rc = run(s, 0, false, &c);
	assert_int_equal(rc, ERR_CORRUPT);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kept_journal_gives_the_same_store_row_by_row),
		cmocka_unit_test(a_tail_taken_by_another_engine_is_not_replayed_without_being_told_to),
		cmocka_unit_test(a_replay_stops_where_it_is_told_and_goes_on_from_there),
		cmocka_unit_test(a_start_writes_nothing_that_can_be_written_later),
		cmocka_unit_test(a_journal_that_begins_too_late_is_refused),
	};

	sim_failed = story_failed;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
