/* SPDX-License-Identifier: Apache-2.0 */
/* What is true and announced to nobody for now: hushed stores, rules that say too much or are
 * paused, customers who are snoozed, reasons that come back too soon. */
#include "tests/sim/story.h"


static void buy(struct sim *s, unsigned from, unsigned to, const char *when)
{
	char line[100];

	for (unsigned i = from; i < to; i++) {
		snprintf(line, sizeof line, "till/%u c%u buys 100 @%s", i, i, when);
		sim_send(s, line);
	}
}

/* How many lines of the trace hold WORD; the trace is used up. */
static unsigned lines_with(struct sim *s, const char *word)
{
	char *text = sim_trace_take(s), *line = text, *end;
	unsigned n = 0;

	for (; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		n += strstr(line, word) != NULL;
	}
	free(text);
	return n;
}

static uint64_t held(struct sim *s, const char *rule)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < s->o.shards; i++)
		for (unsigned k = 0; k < s->shard[i].breakers.n; k++)
			if (span_eq(env_name(s->env[i], s->shard[i].breakers.list[k].rule),
				span_str(rule)))
				n += s->shard[i].breakers.list[k].held;
	return n;
}

static uint64_t rows(struct sim *s)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < s->o.shards; i++)
		n += env_helds(s->env[i]);
	return n;
}

static void a_hushed_store_announces_nothing_and_counts_it(void **state)
{
	struct sim *s = story_new();

	(void)state;
	assert_true(sim_command(s, "hush"));
	sim_send(s, "till/1 anna buys 100\n");
	sim_until(s, "100d");
	SIM_TRACE(s, "");
	sim_command(s, "live");
	sim_send(s, "till/2 anna buys 100\n");
	SIM_TRACE(s, "[    100d] anna stage.repeat <- first_time, phase.formation <- exploration, "
		"risk.no_second_purchase cleared, customer.recovered\n");
	for (unsigned i = 0; i < s->o.shards; i++)
		if (i == sim_shard_of(s, "anna")) {
			const struct tally *t = &s->shard[i].hush.passed;

			assert_int_equal(tally_of(t, sim_name(s, i, "stage.first_time")), 1);
			assert_int_equal(tally_of(t, sim_name(s, i, "risk.no_second_purchase")), 1);
		}
	story_end(s);
}

static void going_live_at_a_given_time_announces_what_comes_after_it(void **state)
{
	struct sim *s = story_new();

	(void)state;
	sim_command(s, "hush");
	sim_send(s, "till/1 anna buys 100\n");
	sim_command(s, "live 50d");
	sim_send(s, "till/2 bert buys 100\n");
	sim_until(s, "60d");
	SIM_TRACE(s, "");
	sim_crash(s);
	sim_start(s);
	sim_until(s, "91d");
	assert_int_equal(lines_with(s, "risk.no_second_purchase raised"), 2);
	story_end(s);
}

static void a_rule_that_says_too_much_is_stopped_and_says_so(void **state)
{
	struct sim *s = story_new();
	unsigned told;

	(void)state;
	buy(s, 0, 400, "0d");
	sim_until(s, "40d");
	free(sim_trace_take(s));
	sim_lifecycle(s, sim_other_shop); /* 30 days where it was 90 */
	sim_until(s, "41d");
	told = (unsigned)sim_notes(s);
	assert_int_equal(sim_count(s, "risk.no_second_purchase"), 400);
	/* each reason takes along that the customer is at risk */
	assert_int_equal(held(s, "risk.no_second_purchase"),
		2 * (400 - lines_with(s, "risk.no_second_purchase raised, customer.at_risk")));
	assert_true(told < 2 * 400 + 100);
	assert_int_equal(rows(s), held(s, "risk.no_second_purchase"));
	story_end(s);
}

static void what_an_operator_releases_is_announced_as_far_as_it_still_holds(void **state)
{
	struct sim *s = story_new();
	unsigned told;
	uint64_t before;

	(void)state;
	buy(s, 0, 100, "0d");
	sim_until(s, "40d");
	sim_lifecycle(s, sim_other_shop);
	sim_until(s, "41d");
	told = lines_with(s, "risk.no_second_purchase raised");
	before = held(s, "risk.no_second_purchase");
	assert_int_equal(2 * told + before, 200);
	for (unsigned i = 0; i < 100; i += 2) { /* half of them come back: those are over */
		char line[60];

		snprintf(line, sizeof line, "till/%u c%u buys 100", 1000 + i, i);
		sim_send(s, line);
	}
	assert_true(held(s, "risk.no_second_purchase") < before);
	before = held(s, "risk.no_second_purchase");
	free(sim_trace_take(s));
	sim_check(s);
	assert_false(sim_command(s, "release risk.no_such_thing"));
	assert_true(sim_command(s, "release risk.no_second_purchase"));
	sim_until(s, "42d");
	assert_int_equal(2 * lines_with(s, "risk.no_second_purchase raised, customer.at_risk"),
		before);
	assert_int_equal(held(s, "risk.no_second_purchase"), 0);
	assert_int_equal(rows(s), 0);
	story_end(s);
}

static void what_was_over_before_it_was_told_is_told_to_nobody(void **state)
{
	struct sim *s = story_new();

	(void)state;
	sim_command(s, "pause risk.no_second_purchase");
	sim_send(s, "till/1 anna buys 100\n");
	free(sim_trace_take(s));
	sim_until(s, "100d");
	SIM_TRACE(s, "");
	sim_send(s, "till/2 anna buys 100\n");
	SIM_TRACE(s, "[    100d] anna stage.repeat <- first_time, phase.formation <- exploration\n");
	sim_command(s, "resume risk.no_second_purchase");
	sim_until(s, "101d");
	SIM_TRACE(s, "");
	assert_int_equal(rows(s), 0);
	story_end(s);
}

static void a_second_reason_is_told_and_with_it_that_they_are_at_risk(void **state)
{
	struct sim *s = story_new();

	(void)state;
	sim_command(s, "pause risk.no_second_purchase");
	sim_send(s, "till/1 anna buys 100\n");
	sim_until(s, "100d");
	free(sim_trace_take(s));
	sim_send(s, "till/2 anna complains c-1\n");
	sim_until(s, "103d");
	SIM_TRACE(s, "[ 102d1ms] anna risk.complaint raised, customer.at_risk\n");
	sim_command(s, "release risk.no_second_purchase");
	sim_until(s, "104d");
	SIM_TRACE(s, "[  90d1ms] anna risk.no_second_purchase raised (noticed at 103d)\n");
	sim_send(s, "till/3 anna resolved c-1\n" "till/4 anna buys 1\n");
	free(sim_trace_take(s));
	assert_int_equal(rows(s), 0);
	story_end(s);
}

static void what_is_discarded_stays_in_the_history_alone(void **state)
{
	struct sim *s = story_new();

	(void)state;
	sim_command(s, "pause risk.no_second_purchase");
	sim_send(s, "till/1 anna buys 100\n");
	sim_until(s, "100d");
	free(sim_trace_take(s));
	sim_command(s, "discard risk.no_second_purchase");
	sim_until(s, "101d");
	SIM_TRACE(s, "");
	assert_int_equal(rows(s), 0);
	SIM_HISTORY(s, "anna", "[       0] stage.first_time <- new\n"
		"[       0] customer.converted\n"
		"[  90d1ms] risk.no_second_purchase raised (silent)\n"
		"[  90d1ms] customer.at_risk (silent)\n");
	story_end(s);
}

static void a_snoozed_customer_is_told_of_when_it_is_over(void **state)
{
	struct sim *s = story_new();

	(void)state;
	sim_send(s, "till/1 anna buys 100\n" "till/2 bert buys 100\n" "till/3 cora buys 100\n");
	sim_until(s, "80d");
	free(sim_trace_take(s));
	assert_true(sim_command(s, "snooze anna 120d"));
	assert_true(sim_command(s, "snooze cora 120d"));
	assert_false(sim_command(s, "snooze nobody 120d"));
	sim_until(s, "100d");
	SIM_TRACE(s, "[  90d1ms] bert risk.no_second_purchase raised, customer.at_risk\n");
	sim_send(s, "till/4 cora buys 100\n");
	free(sim_trace_take(s));
	sim_crash(s);
	sim_start(s);
	sim_until(s, "119d");
	SIM_TRACE(s, "");
	sim_until(s, "121d");
	SIM_TRACE(s, "[  90d1ms] anna risk.no_second_purchase raised, customer.at_risk "
		"(noticed at 120d)\n");
	assert_int_equal(rows(s), 0);
	story_end(s);
}

static void that_a_snoozed_one_was_at_risk_is_not_told_when_they_are_lost(void **state)
{
	struct sim *s = story_new();

	(void)state;
	sim_send(s, "till/1 anna buys 100\n");
	assert_true(sim_command(s, "snooze anna 20d"));
	sim_send(s, "shop/1 anna complains c1 staff @1h\n");
	sim_until(s, "10d"); /* risk.complaint since the third day, and nobody was told */
	assert_int_equal(rows(s), 3);
	free(sim_trace_take(s));
	sim_send(s, "till/2 anna returns 100\n");
	SIM_TRACE(s, "[     10d] anna stage.lapsed <- first_time, customer.lost\n");
	sim_until(s, "30d"); /* the reason still holds, but they are nobody's to lose */
	SIM_TRACE(s, "[ 2d1h1ms] anna risk.complaint raised (noticed at 20d)\n");
	assert_int_equal(rows(s), 0);
	sim_send(s, "till/3 anna buys 100\n");
	SIM_TRACE(s, "[     30d] anna stage.repeat <- lapsed, phase.formation <- exploration, customer.won_back, customer.at_risk\n");
	story_end(s);
}

static void what_was_told_of_a_later_reason_is_withdrawn_as_it_was_told(void **state)
{
	struct sim *s = story_new();

	(void)state;
	sim_send(s, "till/1 anna buys 100\n" "till/2 bert seen rival quote\n" "till/3 bert buys 1\n");
	assert_true(sim_command(s, "pause risk.competitor"));
	sim_until(s, "10d");
	sim_send(s, "shop/1 anna seen rival quote\n");
	sim_until(s, "11d");
	free(sim_trace_take(s));
	sim_send(s, "shop/2 anna notice\n");
	SIM_TRACE(s, "[     11d] anna risk.contract raised, customer.at_risk\n");
	sim_until(s, "12d");
	sim_send(s, "till/4 anna returns 100 @9d12h\n"); /* nobody's to lose by then */
	SIM_TRACE(s, "[     11d] anna customer.at_risk.retracted (noticed at 12d)\n"
		"[   9d12h] anna stage.lapsed <- first_time, phase.ended <- exploration, customer.lost "
		"(noticed at 12d)\n");
	story_end(s);
}

/* The same, where the story begins anew between the earlier reason and the later one. */
static struct sim *told_of_a_later_reason_behind_a_base(void)
{
	struct sim *s = story_new();

	sim_send(s, "till/1 anna buys 100\n");
	assert_true(sim_command(s, "pause risk.complaint"));
	sim_until(s, "8d");
	sim_send(s, "shop/1 anna complains c-1\n");
	sim_until(s, "10d6h"); /* held since the tenth day */
	sim_lifecycle(s, sim_shop);
	sim_until(s, "11d");
	free(sim_trace_take(s));
	sim_send(s, "shop/2 anna notice\n");
	SIM_TRACE(s, "[     11d] anna risk.contract raised, customer.at_risk\n");
	sim_until(s, "12d");
	return s;
}

static void what_was_held_before_the_story_began_anew_is_withdrawn_as_well(void **state)
{
	struct sim *s = told_of_a_later_reason_behind_a_base();

	(void)state;
	sim_send(s, "till/4 anna returns 100 @10d12h\n");
	SIM_TRACE(s, "[     11d] anna customer.at_risk.retracted (noticed at 12d)\n"
		"[  10d12h] anna stage.lapsed <- first_time, customer.lost (noticed at 12d)\n");
	story_end(s);
}

static void and_is_told_again_where_it_belongs(void **state)
{
	struct sim *s = told_of_a_later_reason_behind_a_base();

	(void)state;
	sim_send(s, "shop/3 anna resolved c-1 @10d12h\n"); /* nobody heard of it: no recovery */
	SIM_TRACE(s, "[     11d] anna customer.at_risk.retracted, customer.at_risk "
		"(noticed at 12d)\n");
	assert_int_equal(rows(s), 0);
	sim_send(s, "shop/4 anna calls @10d13h\n");
	SIM_TRACE(s, "");
	story_end(s);
}

static void and_stands_when_they_were_at_risk_all_the_time(void **state)
{
	struct sim *s = told_of_a_later_reason_behind_a_base();

	(void)state;
	sim_send(s, "shop/3 anna calls @10d12h\n" "till/2 anna buys 100 @10d13h\n");
	SIM_TRACE(s, "[  10d13h] anna stage.repeat <- first_time, phase.formation <- exploration "
		"(noticed at 12d)\n");
	sim_send(s, "shop/4 anna resolved c-1 @10d14h\n"); /* it can still be taken back */
	SIM_TRACE(s, "[     11d] anna customer.at_risk.retracted, customer.at_risk "
		"(noticed at 12d)\n");
	story_end(s);
}

static void who_was_lost_before_the_later_reason_was_not_at_risk_by_it(void **state)
{
	struct sim *s = story_new();

	(void)state;
	sim_send(s, "till/1 anna buys 100\n");
	assert_true(sim_command(s, "pause risk.complaint"));
	sim_until(s, "8d");
	sim_send(s, "shop/1 anna complains c-1\n");
	sim_until(s, "11d");
	free(sim_trace_take(s));
	sim_send(s, "shop/2 anna notice\n");
	SIM_TRACE(s, "[     11d] anna risk.contract raised, customer.at_risk\n");
	sim_until(s, "12d");
	sim_send(s, "till/4 anna returns 100 @10d12h\n"); /* since the tenth at risk, and then not */
	SIM_TRACE(s, "[     11d] anna customer.at_risk.retracted (noticed at 12d)\n"
		"[  10d12h] anna stage.lapsed <- first_time, customer.lost (noticed at 12d)\n");
	assert_int_equal(rows(s), 1); /* risk.complaint */
	story_end(s);
}

static void a_snooze_can_be_ended(void **state)
{
	struct sim *s = story_new();

	(void)state;
	sim_send(s, "till/1 anna buys 100\n");
	sim_command(s, "snooze anna 120d");
	sim_until(s, "100d");
	free(sim_trace_take(s));
	sim_command(s, "snooze anna");
	SIM_TRACE(s, "[  90d1ms] anna risk.no_second_purchase raised, customer.at_risk "
		"(noticed at 100d)\n");
	assert_int_equal(rows(s), 0);
	story_end(s);
}

static void a_reason_that_comes_back_too_soon_waits(void **state)
{
	struct sim *s = sim_new(&(struct sim_options){ .seed = random_seed(1), .settings = {
		.guard_window_ms = 30 * DAY_MS, .outbox_keep = 1000, .outbox_keep_ms = 900 * DAY_MS,
		.outbox_keep_bytes = 1 << 20, .history_keep = 32, .cool_down_ms = 10 * DAY_MS } });

	(void)state;
	sim_send(s, "till/1 anna buys 100\n" "till/2 anna complains c-1\n");
	sim_until(s, "3d");
	sim_send(s, "till/3 anna resolved c-1\n" "till/4 anna complains c-2\n");
	free(sim_trace_take(s));
	sim_until(s, "11d");
	SIM_TRACE(s, "");
	sim_until(s, "13d");
	SIM_TRACE(s, "[   5d1ms] anna risk.complaint raised, customer.at_risk (noticed at 12d1ms)\n");
	assert_int_equal(rows(s), 0);
	story_end(s);
}

/* Deadlines that were solved beforehand are no flood, however many fall at once; what comes to
 * light long after it became true is. */
static void only_what_is_late_by_days_trips_a_rule_without_a_habit(void **state)
{
	struct sim *s = story_new();

	(void)state;
	buy(s, 0, 200, "0d");
	sim_until(s, "91d");
	assert_int_equal(held(s, "risk.no_second_purchase"), 0);
	assert_int_equal(lines_with(s, "risk.no_second_purchase raised"), 200);
	buy(s, 200, 400, "91d");
	free(sim_trace_take(s));
	sim_sleep_until(s, "300d"); /* a clock that jumps */
	sim_until(s, "301d");
	assert_true(lines_with(s, "risk.no_second_purchase raised") < 100);
	assert_true(held(s, "risk.no_second_purchase") > 200);
	story_end(s);
}

/* What a rule said is found again by its name, whatever the file makes of it. */
static const char tried_shop[] = "ladder stage {\n suspect potential\n"
	" tried actual when purchases = 1\n repeat actual when purchases >= 2\n}\n";
static const char first_shop[] = "ladder stage {\n suspect potential\n"
	" first actual when purchases = 1\n repeat actual when purchases >= 2\n}\n";
static const char visitor_shop[] = "ladder stage {\n visitor potential\n"
	" active actual when purchases >= 1 and silence <= 30d\n}\n";

static struct sim *story_of(const char *lifecycle)
{
	return sim_new(&(struct sim_options){ .seed = random_seed(1), .lifecycle = lifecycle });
}

static void a_rule_that_the_file_has_no_more_can_be_released(void **state)
{
	struct sim *s = story_of(tried_shop);

	(void)state;
	sim_command(s, "pause stage.tried");
	buy(s, 0, 10, "0d");
	sim_lifecycle(s, first_shop);
	sim_until(s, "1d");
	free(sim_trace_take(s));
	assert_int_equal(rows(s), held(s, "stage.tried"));
	assert_true(sim_command(s, "release stage.tried"));
	sim_until(s, "2d");
	assert_int_equal(lines_with(s, "customer.converted"), 10);
	assert_int_equal(rows(s), 0);
	story_end(s);
}

/* Seed 700249 of the simulation: whoever was on the rung before it went is there anew. */
static void what_was_held_of_a_rung_that_went_and_came_back_is_of_another_time(void **state)
{
	static const char regulars[] = "ladder stage {\n suspect potential\n"
		" first actual when purchases >= 1\n regular actual when purchases >= 2\n}\n";
	static const char no_regulars[] = "ladder stage {\n suspect potential\n"
		" first actual when purchases >= 1\n}\n";
	struct sim *s = story_of(regulars);

	(void)state;
	sim_command(s, "pause stage.regular");
	sim_send(s, "till/1 anna buys 100\n");
	sim_sleep_until(s, "1d");
	sim_send(s, "till/2 anna buys 100\n");
	sim_lifecycle(s, no_regulars);
	sim_until(s, "2d");
	free(sim_trace_take(s));
	sim_lifecycle(s, regulars);
	sim_command(s, "release stage.regular");
	sim_until(s, "3d");
	SIM_TRACE(s, "[      2d] anna stage.regular <- first\n");
	assert_int_equal(rows(s), 0);
	story_end(s);
}

static void a_rule_that_trips_while_it_is_released_loses_nothing(void **state)
{
	struct sim *s = story_of(visitor_shop);
	unsigned told;

	(void)state;
	sim_command(s, "pause stage.active");
	buy(s, 0, 200, "0d");
	assert_int_equal(held(s, "stage.active"), 400);
	sim_sleep_until(s, "100d");
	free(sim_trace_take(s));
	sim_command(s, "release stage.active");
	sim_until(s, "101d");
	told = lines_with(s, "stage.visitor <- active");
	assert_true(told < 100);
	assert_int_equal(told + rows(s), 200);
	assert_int_equal(rows(s), held(s, "stage.active"));
	sim_command(s, "release stage.active");
	sim_until(s, "102d");
	assert_int_equal(told + lines_with(s, "stage.visitor <- active"), 200);
	assert_int_equal(rows(s), 0);
	story_end(s);
}

static void see_sample(void *arg, const struct notification *n)
{
	unsigned *seen = arg;

	if (!span_eq(n->type, span_str("rule.tripped")))
		return;
	for (unsigned i = 2; i < n->n_evidence; i++, ++*seen)
		assert_true(bytes_are_plain_utf8(n->evidence[i].text));
}

static void a_sample_names_customers_in_whole_characters(void **state)
{
	struct sim *s = story_new();
	unsigned seen = 0;
	char line[200];

	(void)state;
	s->arg = &seen;
	s->on_note = see_sample;
	for (unsigned i = 0; i < 100; i++) {
		snprintf(line, sizeof line, "till/%u c%038u\xc3\xa9t\xc3\xa9 buys 100", i, i);
		sim_send(s, line);
	}
	sim_until(s, "40d");
	sim_lifecycle(s, sim_other_shop);
	sim_until(s, "41d");
	assert_true(seen > 0);
	story_end(s);
}

/* A signal for everybody is meant so: it is no flood by itself, until its rule has a habit that it
 * exceeds. */
static void a_market_signal_for_many_is_told_of_all_it_covers(void **state)
{
	struct sim *s = story_new();

	(void)state;
	buy(s, 0, 300, "0d");
	free(sim_trace_take(s));
	sim_send(s, "news/1 * market media 40d - -");
	sim_until(s, "1d");
	assert_int_equal(lines_with(s, "risk.market raised"), 300);
	assert_int_equal(held(s, "risk.market"), 0);
	story_end(s);
}

static void what_ends_while_nobody_is_told_waits_no_more(void **state)
{
	struct sim *s = story_new();

	(void)state;
	sim_command(s, "pause risk.no_second_purchase");
	sim_send(s, "till/1 anna buys 100\n");
	sim_until(s, "100d");
	assert_int_equal(rows(s), 2);
	sim_command(s, "hush");
	sim_send(s, "till/2 anna buys 100\n");
	assert_int_equal(rows(s), 0);
	assert_int_equal(held(s, "risk.no_second_purchase"), 0);
	story_end(s);
}

static void what_was_withdrawn_cools_nothing(void **state)
{
	struct settings set = settings_default;
	struct sim *s;

	(void)state;
	set.cool_down_ms = 20 * DAY_MS;
	s = sim_new(&(struct sim_options){ .seed = random_seed(1), .settings = set });
	sim_send(s, "till/1 anna buys 100\n" "till/2 anna complains c-1\n");
	sim_until(s, "3d");
	sim_send(s, "till/3 anna resolved c-1 @3d\n");
	free(sim_trace_take(s));
	sim_send(s, "till/4 anna resolved c-1 @1d\n"); /* it had never been so */
	free(sim_trace_take(s));
	sim_send(s, "till/5 anna complains c-2 @3d\n");
	sim_until(s, "6d");
	SIM_TRACE(s, "[   5d1ms] anna risk.complaint raised, customer.at_risk\n");
	story_end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hushed_store_announces_nothing_and_counts_it),
		cmocka_unit_test(going_live_at_a_given_time_announces_what_comes_after_it),
		cmocka_unit_test(a_rule_that_says_too_much_is_stopped_and_says_so),
		cmocka_unit_test(what_an_operator_releases_is_announced_as_far_as_it_still_holds),
		cmocka_unit_test(what_was_over_before_it_was_told_is_told_to_nobody),
		cmocka_unit_test(a_second_reason_is_told_and_with_it_that_they_are_at_risk),
		cmocka_unit_test(what_is_discarded_stays_in_the_history_alone),
		cmocka_unit_test(a_snoozed_customer_is_told_of_when_it_is_over),
		cmocka_unit_test(that_a_snoozed_one_was_at_risk_is_not_told_when_they_are_lost),
		cmocka_unit_test(what_was_told_of_a_later_reason_is_withdrawn_as_it_was_told),
		cmocka_unit_test(what_was_held_before_the_story_began_anew_is_withdrawn_as_well),
		cmocka_unit_test(and_is_told_again_where_it_belongs),
		cmocka_unit_test(and_stands_when_they_were_at_risk_all_the_time),
		cmocka_unit_test(who_was_lost_before_the_later_reason_was_not_at_risk_by_it),
		cmocka_unit_test(a_snooze_can_be_ended),
		cmocka_unit_test(a_reason_that_comes_back_too_soon_waits),
		cmocka_unit_test(only_what_is_late_by_days_trips_a_rule_without_a_habit),
		cmocka_unit_test(a_rule_that_the_file_has_no_more_can_be_released),
		cmocka_unit_test(what_was_held_of_a_rung_that_went_and_came_back_is_of_another_time),
		cmocka_unit_test(a_rule_that_trips_while_it_is_released_loses_nothing),
		cmocka_unit_test(a_sample_names_customers_in_whole_characters),
		cmocka_unit_test(a_market_signal_for_many_is_told_of_all_it_covers),
		cmocka_unit_test(what_ends_while_nobody_is_told_waits_no_more),
		cmocka_unit_test(what_was_withdrawn_cools_nothing),
	};

	sim_failed = story_failed;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
