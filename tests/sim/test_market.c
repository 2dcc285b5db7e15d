/* SPDX-License-Identifier: Apache-2.0 */
/* Market signals that name nobody: whom they cover, when they are heard of, and until when. */
#include "tests/sim/crowd.h"
#include "tests/sim/story.h"

static const char shop[] =
	"ladder stage {\n"
	"    suspect potential\n"
	"    buyer   actual    when purchases >= 1\n"
	"}\n"
	"risk market severity watch when market_remaining > 0d\n"
	"risk silent when silence > 5d\n";

static struct sim *sim_market(unsigned sweep)
{
	return sim_new(&(struct sim_options){ .seed = random_seed(1), .shards = 3, .lifecycle = shop,
		.sweep_per_input = sweep });
}

static void three_move_in(struct sim *s)
{
	sim_send(s, "crm/1 anna profile region=north segment=farms\n"
		"crm/2 bert profile region=south\ncrm/3 carl profile region=north");
	SIM_TRACE(s, "");
}

static void a_signal_reaches_everybody_it_covers_and_nobody_else(void **state)
{
	struct sim *s = sim_market(0);

	(void)state;
	three_move_in(s);
	sim_until(s, "1d");
	sim_send(s, "news/1 * market media 3d north");
	SIM_TRACE(s, "[      1d] anna risk.market raised, customer.at_risk\n"
		"[      1d] carl risk.market raised, customer.at_risk\n");
	sim_until(s, "9d");
	SIM_TRACE(s, "[      3d] anna risk.market cleared, customer.recovered\n"
		"[      3d] carl risk.market cleared, customer.recovered\n");
	story_end(s);
}

static void a_signal_may_be_for_a_segment_of_a_region_or_for_all(void **state)
{
	struct sim *s = sim_market(0);

	(void)state;
	three_move_in(s);
	sim_send(s, "news/1 * market policy 3d north farms");
	SIM_TRACE(s, "[       0] anna risk.market raised, customer.at_risk\n");
	sim_until(s, "1h");
	sim_send(s, "news/2 * market media 2d - -");
	SIM_TRACE(s, "[      1h] bert risk.market raised, customer.at_risk\n"
		"[      1h] carl risk.market raised, customer.at_risk\n");
	story_end(s);
}

static void who_has_an_event_hears_of_it_at_once_and_the_others_by_and_by(void **state)
{
	struct sim *s = sim_market(1);

	(void)state;
	three_move_in(s);
	sim_submit(s, 0, false, NULL, 0);
	{
		struct arena *a = arena_new(4096, 1 << 20);
		struct event e[2];

		s->now_ms = sim_ms("1d");
		sim_event(s, "news/1 * market media 3d north", a, &e[0]);
		sim_event(s, "till/1 carl buys 100", a, &e[1]);
		sim_submit(s, 1, false, e, 2);
		assert_true(sim_flush(s)); /* nothing else: no time has passed */
		arena_free(a);
	}
	SIM_TRACE(s, "[      1d] carl risk.market raised, customer.at_risk, stage.buyer <- suspect, "
		"customer.converted\n");
	sim_until(s, "2d");
	SIM_TRACE(s, "[      1d] anna risk.market raised, customer.at_risk\n");
	story_end(s);
}

static void who_moves_goes_under_the_signal_of_the_new_place(void **state)
{
	struct sim *s = sim_market(0);

	(void)state;
	three_move_in(s);
	sim_send(s, "news/1 * market media 9d north");
	free(sim_trace_take(s));
	sim_until(s, "1d");
	sim_send(s, "crm/4 bert profile region=north");
	SIM_TRACE(s, "[      1d] bert risk.market raised, customer.at_risk\n");
	sim_until(s, "2d");
	sim_send(s, "crm/5 anna profile region=south");
	SIM_TRACE(s, "[      2d] anna risk.market cleared, customer.recovered\n");
	sim_send(s, "crm/6 dora profile region=north"); /* a new one */
	SIM_TRACE(s, "[      2d] dora risk.market raised, customer.at_risk\n");
	story_end(s);
}

static void a_later_word_about_the_same_takes_the_earlier_back(void **state)
{
	struct sim *s = sim_market(0);

	(void)state;
	three_move_in(s);
	sim_until(s, "1d");
	sim_send(s, "news/1 * market media 9d south");
	sim_until(s, "2d");
	sim_send(s, "news/2 * market media 2d south"); /* it is over */
	SIM_TRACE(s, "[      1d] bert risk.market raised, customer.at_risk\n"
		"[      2d] bert risk.market cleared, customer.recovered\n");
	sim_until(s, "3d");
	sim_send(s, "news/3 * market media 9d south @1d12h"); /* late: older than the last word */
	sim_send(s, "news/4 * market media 2d north @2d"); /* had ended, and is the last word */
	sim_send(s, "news/5 * market media 9d north @1d");
	sim_until(s, "4d");
	SIM_TRACE(s, "");
	story_end(s);
}

static void late_ended_and_doubled_signals_do_no_harm(void **state)
{
	struct sim *s = sim_market(0);

	(void)state;
	three_move_in(s);
	sim_until(s, "5d");
	sim_send(s, "news/1 * market media 3d north @1d"); /* has ended */
	SIM_TRACE(s, "");
	sim_send(s, "news/2 * market media 8d north @4d");
	SIM_TRACE(s, "[      4d] anna risk.market raised, customer.at_risk (noticed at 5d)\n"
		"[      4d] carl risk.market raised, customer.at_risk (noticed at 5d)\n");
	sim_send(s, "news/2 * market media 8d north @4d");
	SIM_TRACE(s, "[      5d] news/2 duplicate\n");
	sim_send(s, "news/3 * market expert 7d north @4d");
	sim_until(s, "9d");
	SIM_TRACE(s, "[      8d] anna risk.market cleared, customer.recovered\n"
		"[      8d] carl risk.market cleared, customer.recovered\n");
	story_end(s);
}

static void what_fell_due_before_the_signal_keeps_its_own_instant(void **state)
{
	struct sim *s = sim_market(0);

	(void)state;
	sim_send(s, "till/1 anna buys 100");
	free(sim_trace_take(s));
	sim_stop(s);
	sim_sleep_until(s, "7d");
	sim_start(s);
	sim_send(s, "news/1 * market media 9d - @6d");
	SIM_TRACE(s, "[   5d1ms] anna risk.silent raised, customer.at_risk (noticed at 7d)\n"
		"[      6d] anna risk.market raised (noticed at 7d)\n");
	story_end(s);
}

static void there_are_only_so_many_and_the_next_is_refused(void **state)
{
	struct sim *s = sim_market(0);
	char line[100];

	(void)state;
	for (unsigned i = 0; i <= MARKET_SIGNALS_MAX; i++) {
		snprintf(line, sizeof line, "news/%u * market media 9d r%u", i, i);
		sim_send(s, line);
	}
	SIM_TRACE(s, "[       0] news/32 rejected too_large\n");
	sim_until(s, "10d");
	sim_send(s, "news/new * market media 19d north"); /* the others have ended */
	SIM_TRACE(s, "");
	story_end(s);
}

/* ---- any way through */

#define EVENTS 120

static void make(struct crowd *c, struct random *r)
{
	static const char *const places[] = { "north", "south", "east" };

	crowd_init(c, r, EVENTS);
	while (c->n < EVENTS) {
		struct event *e = &c->events[crowd_event(c, SIM_BEGIN_MS + (int64_t)c->n * 3600000)];
		unsigned k = (unsigned)random_below(r, 4);

		e->sequence = 0;
		if (k > 1)
			continue;
		memset(&e->as, 0, sizeof e->as);
		e->body = k ? BODY_PROFILE : BODY_MARKET;
		if (k) {
			e->as.profile.region = span_str(places[random_below(r, 3)]);
			continue;
		}
		e->customer = span_of(NULL, 0);
		e->as.market.factor = random_certainly(r, MARKET_COUNT);
		e->as.market.region = span_str(places[random_below(r, 3)]);
		e->as.market.until_ms = SIM_BEGIN_MS + (int64_t)(5 + random_below(r, 20)) * DAY_MS;
	}
}

static void go(struct customer *who[CROWD_CUSTOMERS], const struct event *events, uint64_t seed,
	bool disturbed)
{
	struct sim *s = sim_new(&(struct sim_options){ .seed = seed, .shards = 3,
		.carry_late = disturbed, .sweep_per_input = disturbed ? 1 : 0 });

	s->now_ms = SIM_BEGIN_MS + EVENTS * INT64_C(3600000);
	for (unsigned i = 0; i < EVENTS; i++) {
		for (unsigned twice = 0; twice < 1 + disturbed * random_below(&s->random, 2); twice++) {
			if (disturbed && random_below(&s->random, 3) == 0)
				sim_crash_at(s, POINT_BEFORE_WRITE + random_below(&s->random, 5));
			do
				sim_submit(s, i + 1, false, &events[i], 1);
			while (!sim_flush(s) && (sim_start(s), true));
		}
		while (disturbed && random_below(&s->random, 4) == 0)
			sim_tick(s);
		if (disturbed && random_below(&s->random, 6) == 0)
			sim_checkpoint_shard(s, (unsigned)random_below(&s->random, 3));
	}
	sim_crash_at(s, POINT_NONE);
	sim_deliver(s);
	sim_until_ms(s, s->now_ms + DAY_MS);
	sim_check(s);
	for (unsigned i = 0; i < CROWD_CUSTOMERS; i++)
		who[i] = sim_customer(s, crowd_customer[i]);
	sim_free(s);
}

static void shuffled_doubled_and_killed_everybody_is_covered_as_in_an_undisturbed_run(void **state)
{
	unsigned runs = random_runs(12), covered = 0;
	uint64_t seed = random_seed(1);

	(void)state;
	for (unsigned run = 0; run < runs; run++, seed++) {
		struct customer *a[CROWD_CUSTOMERS], *b[CROWD_CUSTOMERS];
		struct random r = { seed };
		struct crowd c;

		make(&c, &r);
		go(a, c.events, seed, false);
		random_shuffle(&r, c.events, c.n);
		go(b, c.events, seed, true);
		for (unsigned i = 0; i < CROWD_CUSTOMERS; i++) {
			assert_int_equal(a[i] != NULL, b[i] != NULL);
			if (a[i] && (!facts_equal(&a[i]->facts, &b[i]->facts) ||
				a[i]->facts.covered.until_ms != b[i]->facts.covered.until_ms ||
				a[i]->standing.verdict.risks != b[i]->standing.verdict.risks))
				fail_msg("seed %llu: %s", (unsigned long long)seed, crowd_customer[i]);
			covered += a[i] && a[i]->facts.covered.until_ms;
			free(a[i]);
			free(b[i]);
		}
		crowd_fini(&c);
	}
	assert_true(covered > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signal_reaches_everybody_it_covers_and_nobody_else),
		cmocka_unit_test(a_signal_may_be_for_a_segment_of_a_region_or_for_all),
		cmocka_unit_test(who_has_an_event_hears_of_it_at_once_and_the_others_by_and_by),
		cmocka_unit_test(who_moves_goes_under_the_signal_of_the_new_place),
		cmocka_unit_test(a_later_word_about_the_same_takes_the_earlier_back),
		cmocka_unit_test(late_ended_and_doubled_signals_do_no_harm),
		cmocka_unit_test(what_fell_due_before_the_signal_keeps_its_own_instant),
		cmocka_unit_test(there_are_only_so_many_and_the_next_is_refused),
		cmocka_unit_test(
			shuffled_doubled_and_killed_everybody_is_covered_as_in_an_undisturbed_run),
	};

	sim_failed = story_failed;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
