/* SPDX-License-Identifier: Apache-2.0 */
/* Customers who bring customers: across shards, in any order, and once whatever dies. */
#include "tests/sim/crowd.h"
#include "tests/sim/story.h"

#define SHARDS 4
#define EVENTS 150

static const char brings[] =
	"ladder stage {\n"
	"    suspect    potential\n"
	"    first_time actual    when purchases >= 1\n"
	"    advocate   actual    when converted_referrals >= 1\n"
	"}\n"
	"ladder origin {\n"
	"    unknown\n"
	"    referred   when referred\n"
	"}\n";

static struct sim *sim_brings(void)
{
	return sim_new(&(struct sim_options){ .seed = random_seed(1), .shards = SHARDS,
		.lifecycle = brings });
}

static int64_t credits_of(struct sim *s, const char *id)
{
	struct customer *c = sim_customer(s, id);
	int64_t n;

	assert_non_null(c);
	n = c->facts.scalar[FACT_converted_referrals].i;
	free(c);
	return n;
}

static void assert_referred_by(struct sim *s, const char *id, const char *by)
{
	struct customer *c = sim_customer(s, id);

	assert_non_null(c);
	assert_true(span_eq(span_of(c->facts.referrer.id, c->facts.referrer.size), span_str(by)));
	free(c);
}

static void a_referral_reaches_both_people(void **state)
{
	struct sim *s = sim_brings();

	(void)state;
	assert_true(sim_shard_of(s, "anna") != sim_shard_of(s, "carl"));
	sim_send(s, "till/1 anna buys 1000");
	SIM_TRACE(s, "[       0] anna stage.first_time <- new, customer.converted\n");
	sim_until(s, "1d");
	sim_send(s, "till/2 anna refers carl");
	SIM_TRACE(s, "[      1d] carl origin.referred <- new\n");
	assert_referred_by(s, "carl", "anna");
	sim_until(s, "2d");
	sim_send(s, "till/3 carl buys 500");
	SIM_TRACE(s, "[      2d] carl stage.first_time <- suspect, customer.converted\n"
		"[      2d] anna stage.advocate <- first_time\n");
	sim_until(s, "3d");
	sim_send(s, "till/4 carl buys 700"); /* a buyer already */
	SIM_TRACE(s, "");
	assert_int_equal(credits_of(s, "anna"), 1);
	story_end(s);
}

static void who_bought_before_anybody_spoke_of_them_counts_at_once(void **state)
{
	struct sim *s = sim_brings();

	(void)state;
	sim_send(s, "till/1 carl buys 500");
	sim_until(s, "1d");
	sim_send(s, "till/2 anna refers carl @1h");
	assert_int_equal(credits_of(s, "anna"), 1);
	assert_referred_by(s, "carl", "anna");
	story_end(s);
}

static void the_earliest_referral_wins_also_when_it_comes_last(void **state)
{
	struct sim *s = sim_brings();

	(void)state;
	sim_until(s, "9d");
	sim_send(s, "till/1 carl buys 500 @8d");
	sim_send(s, "till/2 bert refers carl @5d");
	assert_int_equal(credits_of(s, "bert"), 1);
	sim_send(s, "till/3 anna refers carl @3d");
	sim_send(s, "till/4 dora refers carl @4d");
	assert_int_equal(credits_of(s, "bert"), 0);
	assert_int_equal(credits_of(s, "anna"), 1);
	assert_int_equal(credits_of(s, "dora"), 0);
	assert_referred_by(s, "carl", "anna");
	story_end(s);
}

static void a_sale_that_is_wholly_given_back_takes_the_credit_back(void **state)
{
	struct sim *s = sim_brings();

	(void)state;
	sim_send(s, "till/1 anna refers carl");
	sim_send(s, "till/2 carl buys 500");
	sim_until(s, "1d");
	sim_send(s, "till/3 carl returns 200");
	assert_int_equal(credits_of(s, "anna"), 1);
	sim_send(s, "till/4 carl returns 300");
	assert_int_equal(credits_of(s, "anna"), 0);
	sim_until(s, "2d");
	sim_send(s, "till/5 carl buys 100");
	assert_int_equal(credits_of(s, "anna"), 1);
	story_end(s);
}

static void who_names_themselves_has_brought_nobody(void **state)
{
	struct sim *s = sim_brings();

	(void)state;
	sim_send(s, "till/1 anna refers anna");
	sim_send(s, "till/2 anna buys 500");
	assert_int_equal(credits_of(s, "anna"), 0);
	assert_referred_by(s, "anna", "");
	story_end(s);
}

static void what_is_read_in_as_history_announces_nothing_to_either(void **state)
{
	struct sim *s = sim_new(&(struct sim_options){ .seed = random_seed(1), .shards = SHARDS,
		.lifecycle = brings, .backfill = true });

	(void)state;
	sim_until(s, "9d");
	sim_send(s, "till/1 anna refers carl @1d");
	sim_send(s, "till/2 carl buys 500 @2d");
	assert_int_equal(credits_of(s, "anna"), 1);
	SIM_TRACE(s, "");
	SIM_HISTORY(s, "anna", "[      2d] stage.advocate <- suspect (silent)\n"
		"[      2d] customer.converted (silent)\n");
	story_end(s);
}

static void a_message_that_waited_when_the_process_died_arrives_after_the_start(void **state)
{
	struct sim *s = sim_new(&(struct sim_options){ .seed = random_seed(1), .shards = SHARDS,
		.lifecycle = brings, .carry_late = true });

	(void)state;
	while (!sim_messages_wait(s)) /* one that no group has taken along */
		sim_send(s, s->restarts == 1 ? "till/1 anna refers carl" : "till/1 anna calls");
	assert_null(sim_customer(s, "carl"));
	sim_checkpoint(s); /* its cause is not in the journal's tail any more */
	sim_crash(s);
	sim_start(s);
	sim_deliver(s);
	assert_referred_by(s, "carl", "anna");
	assert_false(sim_messages_wait(s));
	sim_free(s);
}

/* ---- any way through */

struct way {
	struct customer *who[CROWD_CUSTOMERS];
};

static void make_circle(struct crowd *c, struct random *r)
{
	crowd_init(c, r, EVENTS);
	while (c->n < EVENTS) {
		unsigned i = crowd_event(c, SIM_BEGIN_MS + (int64_t)c->n * 3600000);
		struct event *e = &c->events[i];

		e->sequence = 0;
		if (random_below(r, 2))
			continue;
		memset(&e->as, 0, sizeof e->as);
		e->body = BODY_REFERRAL;
		e->as.referral.customer = span_str(crowd_customer[random_below(r, CROWD_CUSTOMERS)]);
	}
}

/* Send EVENTS; with DISTURBED late and twice, and dying at every point on the way. */
static void go(struct way *way, const struct event *events, unsigned n, uint64_t seed, bool disturbed)
{
	struct sim *s = sim_new(&(struct sim_options){ .seed = seed, .shards = SHARDS,
		.carry_late = disturbed, .settings = { .guard_window_ms = 1000 * DAY_MS,
			.outbox_keep = 1000000, .outbox_keep_bytes = 1 << 30,
			.outbox_keep_ms = 1000 * DAY_MS, .history_keep = 32 } });

	s->now_ms = events[0].time_ms;
	for (unsigned i = 0; i < n; i++) {
		unsigned k = disturbed && i && random_below(&s->random, 4) == 0 ?
			(unsigned)random_below(&s->random, i) : i; /* a resend, and then the event itself */

		s->now_ms = SIM_BEGIN_MS + EVENTS * INT64_C(3600000);
		for (;; k = i) {
			if (disturbed && random_below(&s->random, 3) == 0)
				sim_crash_at(s, POINT_BEFORE_WRITE + random_below(&s->random, 5));
			do
				sim_submit(s, i + 1, false, &events[k], 1);
			while (!sim_flush(s) && (sim_start(s), true));
			if (k == i)
				break;
		}
		if (disturbed && random_below(&s->random, 6) == 0)
			sim_checkpoint_shard(s, (unsigned)random_below(&s->random, SHARDS));
	}
	sim_deliver(s);
	sim_check(s);
	for (unsigned i = 0; i < CROWD_CUSTOMERS; i++)
		way->who[i] = sim_customer(s, crowd_customer[i]);
	sim_free(s);
}

static void shuffled_doubled_delayed_and_killed_it_is_what_an_undisturbed_run_gives(void **state)
{
	unsigned runs = random_runs(12);
	uint64_t seed = random_seed(1);
	int64_t credits = 0;

	(void)state;
	for (unsigned run = 0; run < runs; run++, seed++) {
		struct random r = { seed };
		struct crowd c;
		struct way a, b;

		make_circle(&c, &r);
		go(&a, c.events, c.n, seed, false);
		random_shuffle(&r, c.events, c.n);
		go(&b, c.events, c.n, seed, true);
		for (unsigned i = 0; i < CROWD_CUSTOMERS; i++) {
			assert_int_equal(a.who[i] != NULL, b.who[i] != NULL);
			if (a.who[i] && (!facts_equal(&a.who[i]->facts, &b.who[i]->facts) ||
				memcmp(a.who[i]->standing.verdict.rung, b.who[i]->standing.verdict.rung,
					2) != 0))
				fail_msg("seed %llu: %s", (unsigned long long)seed, crowd_customer[i]);
			credits += a.who[i] ? a.who[i]->facts.scalar[FACT_converted_referrals].i : 0;
			free(a.who[i]);
			free(b.who[i]);
		}
		crowd_fini(&c);
	}
	assert_true(credits > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_referral_reaches_both_people),
		cmocka_unit_test(who_bought_before_anybody_spoke_of_them_counts_at_once),
		cmocka_unit_test(the_earliest_referral_wins_also_when_it_comes_last),
		cmocka_unit_test(a_sale_that_is_wholly_given_back_takes_the_credit_back),
		cmocka_unit_test(who_names_themselves_has_brought_nobody),
		cmocka_unit_test(what_is_read_in_as_history_announces_nothing_to_either),
		cmocka_unit_test(a_message_that_waited_when_the_process_died_arrives_after_the_start),
		cmocka_unit_test(
			shuffled_doubled_delayed_and_killed_it_is_what_an_undisturbed_run_gives),
	};

	sim_failed = story_failed;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
