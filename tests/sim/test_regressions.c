/* SPDX-License-Identifier: Apache-2.0 */
/* Faults that a review found below the daemon, one test each; those that need a whole daemon are in
 * tests/system/test_regressions. */
#include "store/table.h"
#include "tests/sim/story.h"
#include "workers/query.h"

static const char quick[] =
	"ladder stage {\n"
	"    none potential\n"
	"    some actual when purchases >= 1\n"
	"}\n"
	"risk silent severity high when purchases >= 1 and silence > 20min\n";

/* Flip one bit of the value of the row with KEY; size 0: of the table's first. AT counts from the
 * value's end, where the checksum is. */
static void damage(struct sim *s, unsigned shard, enum table t, struct span key, size_t at)
{
	struct env *e = s->env[shard];
	struct row row;
	MDB_txn *txn;
	MDB_val k, v;
	uint8_t *copy;

	sim_checkpoint_shard(s, shard); /* then it is all in LMDB */
	assert_int_equal(table_seek(e, t, key, SEEK_FROM, &row), 0);
	k = (MDB_val){ row.key.size, malloc(row.key.size) };
	memcpy(k.mv_data, row.key.data, row.key.size);
	assert_int_equal(mdb_txn_begin(e->lmdb, NULL, 0, &txn), 0);
	assert_int_equal(mdb_get(txn, e->dbi[t], &k, &v), 0);
	assert_true(at < v.mv_size);
	copy = malloc(v.mv_size);
	memcpy(copy, v.mv_data, v.mv_size);
	copy[v.mv_size - 1 - at] ^= 4;
	v.mv_data = copy;
	assert_int_equal(mdb_put(txn, e->dbi[t], &k, &v, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	env_abort(e); /* and nowhere else */
	free(copy);
	free(k.mv_data);
}

static void a_damaged_deadline_row_goes_and_its_customer_is_settled_and_armed_anew(void **state)
{
	struct sim *s = sim_new(&(struct sim_options){ .seed = random_seed(1), .shards = 1 });
	struct customer *anna;
	uint8_t id[EVENT_CUSTOMER_MAX];
	size_t size;
	int64_t due;

	(void)state;
	sim_send(s, "till/1 anna buys 100");
	sim_until(s, "1d");
	sim_send(s, "till/2 bert buys 100");
	free(sim_trace_take(s));
	damage(s, 0, TABLE_DEADLINES, span_of(NULL, 0), 0);
	assert_int_equal(env_deadline_first(s->env[0], &due, id, &size), ERR_CORRUPT);
	assert_int_equal(sim_deadlines(s), 2);
	sim_stop(s);
	sim_start(s);
	sim_until(s, "89d");
	SIM_TRACE(s, "");
	sim_until(s, "92d");
	SIM_TRACE(s, "[  90d1ms] anna risk.no_second_purchase raised, customer.at_risk\n"
		     "[  91d1ms] bert risk.no_second_purchase raised, customer.at_risk\n");
	anna = sim_customer(s, "anna");
	assert_true(anna->armed_ms > sim_ms("92d"));
	free(anna);
	assert_int_equal(sim_deadlines(s), 2);
	assert_int_equal(env_deadline_first(s->env[0], &due, id, &size), 0);
	sim_until(s, "400d");
	assert_int_equal(sim_count(s, "stage.lapsed"), 2);
	story_end(s);
}

/* A row that is damaged while an input that is no TIME is applied: nobody stumbles over it. */
static void a_damaged_deadline_row_does_not_stop_what_is_sold(void **state)
{
	struct sim *s = sim_new(&(struct sim_options){ .seed = random_seed(1), .shards = 1 });

	(void)state;
	sim_send(s, "till/1 anna buys 100");
	free(sim_trace_take(s));
	damage(s, 0, TABLE_DEADLINES, span_of(NULL, 0), 2);
	sim_until(s, "1d");
	sim_send(s, "till/2 anna buys 100");
	SIM_TRACE(s, "[      1d] anna stage.repeat <- first_time, phase.formation <- exploration\n");
	assert_int_equal(sim_deadlines(s), 1);
	sim_until(s, "91d"); /* the row comes up */
	story_end(s);
}

/* What a shard tells the main thread of its subscriptions when it starts; how many bytes. */
static size_t told_at_start(struct sim *s, unsigned shard)
{
	struct query q = { 0 };
	size_t n;

	assert_int_equal(query_subscriptions(&s->shard[shard], &q), 0);
	n = q.texts.size;
	buf_fini(&q.texts);
	return n;
}

static void a_damaged_subscription_row_is_passed_over_and_made_anew_when_opened(void **state)
{
	struct sim *s = story_new();
	size_t whole;

	(void)state;
	sim_open_subscription(s, "crm", false);
	sim_open_subscription(s, "erp", false);
	whole = told_at_start(s, 0);
	for (size_t at = 0; at < 16; at += 5) { /* the checksum, the message, the position */
		damage(s, 0, TABLE_SUBSCRIPTIONS, span_str("crm"), at);
		sim_stop(s);
		sim_start(s);
		/* of the other name alone: what a damaged row says is believed by nobody */
		assert_int_equal(told_at_start(s, 0), whole / 2);
		assert_int_equal(told_at_start(s, 1), whole);
		sim_open_subscription(s, "crm", false);
		assert_int_equal(told_at_start(s, 0), whole);
	}
	story_end(s);
}

/* The position is lost with the row. To say all of it again is allowed, to leave something out is
 * not, whatever the opening wishes for a name that is new. */
static void a_damaged_position_begins_again_with_the_oldest(void **state)
{
	struct sim *s = sim_new(&(struct sim_options){ .seed = random_seed(1), .shards = 1 });
	struct span record;

	(void)state;
	sim_open_subscription(s, "crm", true);
	sim_send(s, "till/1 anna buys 100\n" "till/2 bert buys 100");
	free(sim_trace_take(s));
	assert_true(env_meta(s->env[0])->outbox_last >= 4);
	damage(s, 0, TABLE_SUBSCRIPTIONS, span_str("crm"), 0);
	sim_open_subscription(s, "crm", true);
	assert_int_equal(env_subscription_get(s->env[0], span_str("crm"), &record), 0);
	assert_int_equal(get_le64(record.data), 0);
	story_end(s);
}

static void look_at_time(void *arg, const struct notification *n)
{
	const struct sim *s = arg;

	if (n->at_ms > s->now_ms)
		fail_msg("%.*s at %lld, and it is %lld", (int)n->type.size, (const char *)n->type.data,
			(long long)n->at_ms, (long long)s->now_ms);
}

static void an_event_dated_ahead_lets_no_deadline_fire_before_its_time(void **state)
{
	struct sim *s = sim_new(&(struct sim_options){ .seed = random_seed(1), .lifecycle = quick });

	(void)state;
	s->arg = s;
	s->on_note = look_at_time;
	sim_send(s, "till/1 anna buys 100");
	sim_until(s, "10m");
	sim_send(s, "till/2 anna called via web @65m");
	sim_send(s, "till/3 bert buys 100 @60m");
	assert_int_equal(sim_count(s, "risk.silent"), 0);
	sim_until(s, "3h");
	assert_int_equal(sim_count(s, "risk.silent"), 2);
	story_end(s);
}

static void a_clock_that_was_set_forward_and_back_does_not_stop_the_guard_s_rotation(void **state)
{
	struct sim *s = story_new();
	struct env *e = s->env[0];
	struct span till = span_str("till"), id = span_str("1");
	const int64_t now = sim_ms("1d"), window = 1000;
	uint8_t generation;

	(void)state;
	assert_int_equal(env_guard_rotate(e, now, window), 0);
	assert_int_equal(env_guard_rotate(e, now + 1000 * DAY_MS, window), 0);
	assert_int_equal(env_guard_rotate(e, now, window), 0);
	generation = env_meta(e)->guard_current;
	assert_int_equal(env_guard_id(e, till, id, 7), 0);
	assert_int_equal(env_guard_rotate(e, now + window, window), 0);
	assert_int_not_equal(env_meta(e)->guard_current, generation);
	assert_int_equal(env_guard_id(e, till, id, 7), ERR_EXISTS); /* for a window at least */
	assert_int_equal(env_guard_rotate(e, now + 2 * window, window), 0);
	assert_int_equal(env_guard_id(e, till, id, 7), 0); /* and not for ever */
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_damaged_deadline_row_goes_and_its_customer_is_settled_and_armed_anew),
		cmocka_unit_test(a_damaged_deadline_row_does_not_stop_what_is_sold),
		cmocka_unit_test(a_damaged_subscription_row_is_passed_over_and_made_anew_when_opened),
		cmocka_unit_test(a_damaged_position_begins_again_with_the_oldest),
		cmocka_unit_test(an_event_dated_ahead_lets_no_deadline_fire_before_its_time),
		cmocka_unit_test(a_clock_that_was_set_forward_and_back_does_not_stop_the_guard_s_rotation),
	};

	sim_failed = story_failed;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
