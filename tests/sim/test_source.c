/* SPDX-License-Identifier: Apache-2.0 */
/* A source falls silent, what is held meanwhile, and what becomes of it when the source is back. */
#include "tests/sim/story.h"

/* Tills are open from 8 to 20, every day, and sell something each quarter of an hour. Day 0 is a
 * Monday. */
static const char quick[] =
	"ladder stage {\n"
	"    prospect potential\n"
	"    buyer    actual when purchases >= 1\n"
	"    lapsed   potential when purchases >= 1 and silence > 60d\n"
	"}\n"
	"risk silent severity high when purchases >= 1 and silence > 20d\n"
	"risk complaint when complaint_age > 12h\n";

static unsigned sale_number;

/* What was said of sources last. */
static struct {
	int64_t silent_ms, back_ms;
	unsigned silent, back;
} said;

static void listen(void *arg, const struct notification *n)
{
	(void)arg;
	if (span_eq(n->type, span_str("source.silent"))) {
		assert_true(span_eq(n->subject, span_str("till-7")));
		assert_true(n->n_evidence == 3 && n->evidence[2].value >= 9);
		said.silent_ms = n->at_ms;
		said.silent++;
	} else if (span_eq(n->type, span_str("source.back"))) {
		said.back_ms = n->at_ms;
		said.back++;
	}
}

/* The trace, without what was said of sources. */
static void assert_told(struct sim *s, const char *expected)
{
	char *text = sim_trace_take(s), *kept = calloc(strlen(text) + 1, 1);
	char *next = text;

	for (char *line; (line = strsep(&next, "\n"));)
		if (*line && !strstr(line, " source."))
			strcat(strcat(kept, line), "\n");
	free(text);
	story_compare(kept, expected, __FILE__, __LINE__);
}

static void sell(struct sim *s, const char *till, const char *customer, const char *when)
{
	char line[200];

	snprintf(line, sizeof line, "%s/%u %s buys 100 @%s", till, ++sale_number, customer, when);
	sim_send(s, line);
}

static bool is_open(int64_t at_ms)
{
	int64_t minute = (at_ms - SIM_BEGIN_MS) / 60000;

	return minute % 1440 >= 8 * 60 && minute % 1440 < 20 * 60;
}

/* The till sells to passers-by from now until UNTIL, but on day CLOSED. */
static void trade(struct sim *s, const char *till, const char *until, int closed)
{
	for (int64_t at = s->now_ms + 15 * 60000; at <= sim_ms(until); at += 15 * 60000) {
		char when[48];

		if (!is_open(at) || (at - SIM_BEGIN_MS) / DAY_MS == closed)
			continue;
		sim_until_ms(s, at);
		sell(s, till, "somebody", sim_offset(at, when));
	}
	sim_until(s, until);
}

static struct sim *shop(unsigned shards, const char *lifecycle)
{
	struct sim *s = sim_new(&(struct sim_options){ .seed = random_seed(1), .shards = shards,
		.keep_journal = true, .lifecycle = lifecycle ? lifecycle : quick });

	sale_number = 0;
	memset(&said, 0, sizeof said);
	s->on_note = listen;
	trade(s, "till-7", "28d", -1);
	free(sim_trace_take(s));
	return s;
}

static uint64_t rows(struct sim *s)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < s->o.shards; i++)
		n += env_helds(s->env[i]);
	return n;
}

static void end(struct sim *s)
{
	sim_check_replay(s, 0);
	sim_check_replay(s, 50);
	story_end(s);
}

static void a_source_that_falls_silent_is_told_of_and_so_is_its_return(void **state)
{
	struct sim *s = shop(0, NULL);

	(void)state;
	trade(s, "till-7", "28d12h", -1);
	sim_until(s, "28d14h");
	assert_int_equal(said.silent, 0);
	sim_until(s, "28d20h"); /* four signs an hour: nine are two hours and a quarter */
	assert_int_equal(said.silent, 1);
	assert_in_range(said.silent_ms, sim_ms("28d14h"), sim_ms("28d14h30m"));
	sim_until(s, "29d9h");
	assert_int_equal(said.silent, 1);
	assert_int_equal(said.back, 0);
	sell(s, "till-7", "somebody", "29d9h");
	assert_int_equal(said.back, 1);
	assert_int_equal(said.back_ms, sim_ms("29d9h"));
	end(s);
}

static void nights_are_quiet_and_resends_are_signs_of_life(void **state)
{
	struct sim *s = shop(0, NULL);

	(void)state;
	trade(s, "till-7", "31d12h", -1);
	assert_int_equal(said.silent, 0);
	for (unsigned i = 0; i < 20; i++) { /* nothing but what it sent before */
		sim_until_ms(s, s->now_ms + 15 * 60000);
		sale_number--;
		sell(s, "till-7", "somebody", "31d12h");
	}
	assert_int_equal(said.silent, 0);
	end(s);
}

/* The regulars come on day 28 at noon, so 20 days later their silence is too long. On day 47 at
 * 20:00 the line to the till breaks. */
static void regulars_come(struct sim *s)
{
	static const char *const names[] = { "anna", "bert", "cora", "eve" };

	trade(s, "till-7", "28d12h", -1);
	for (unsigned i = 0; i < 4; i++)
		sell(s, "till-7", names[i], "28d12h");
	sell(s, "shop", "dora", "28d12h");
	trade(s, "till-7", "47d23h", -1);
	free(sim_trace_take(s));
}

static void weekend_arrives(struct sim *s)
{
	sell(s, "till-7", "anna", "48d9h");
	sell(s, "till-7", "bert", "48d10h");
	sell(s, "till-7", "cora", "49d19h");
}

static void a_till_offline_for_a_weekend_makes_no_false_alarm(void **state)
{
	for (unsigned shards = 1; shards <= 4; shards++) {
		struct sim *s = shop(shards, NULL);

		(void)state;
		regulars_come(s);
		sim_until(s, "50d9h");
		assert_int_equal(said.silent, 1);
		assert_in_range(said.silent_ms, sim_ms("48d10h"), sim_ms("48d11h"));
		assert_told(s, "[48d12h1ms] dora risk.silent raised, customer.at_risk\n");
		assert_int_equal(rows(s), 4 * 2);
		weekend_arrives(s);
		assert_int_equal(said.back, 1);
		assert_int_equal(said.back_ms, sim_ms("50d9h"));
		assert_int_equal(rows(s), 1 * 2); /* eve's */
		trade(s, "till-7", "51d", -1);
		assert_told(s, "[48d12h1ms] eve risk.silent raised, customer.at_risk (noticed at 50d9h15m)\n");
		assert_int_equal(rows(s), 0);
		end(s);
	}
}

/* Move on while another source goes on speaking, and start again whenever it dies. */
static void live_on(struct sim *s, struct random *r, const char *until)
{
	for (int64_t at = s->now_ms; at < sim_ms(until);) {
		at = at + 20 * 60000 < sim_ms(until) ? at + 20 * 60000 : sim_ms(until);
		if (!random_below(r, 20))
			sim_crash_at(s, 1 + (enum sim_point)random_below(r, POINTS - 1));
		if (!sim_until_ms(s, at) || (!random_below(r, 10) && !sim_checkpoint(s)))
			sim_start(s);
		sim_until_ms(s, at);
		if (s->running)
			sell(s, "shop", "somebody", "48d");
		if (!s->running)
			sim_start(s);
	}
	sim_crash_at(s, POINT_NONE);
}

/* The same, killed at any point of it. */
static void dying_changes_nothing(void **state)
{
	struct random r = { random_seed(1) };
	unsigned runs = random_runs(12);
	char *text;

	(void)state;
	for (unsigned run = 0; run < runs; run++) {
		struct sim *s = shop(1 + run % 4, NULL);

		regulars_come(s);
		live_on(s, &r, "50d9h");
		assert_int_equal(said.silent, 1);
		weekend_arrives(s);
		live_on(s, &r, "50d9h20m");
		trade(s, "till-7", "51d", -1);
		text = sim_trace_take(s);
		assert_null(strstr(text, "anna"));
		assert_null(strstr(text, "bert"));
		assert_null(strstr(text, "cora"));
		assert_non_null(strstr(text, "eve risk.silent raised, customer.at_risk"));
		assert_int_equal(said.back, 1);
		free(text);
		assert_int_equal(rows(s), 0);
		end(s);
	}
}

static void a_till_that_never_comes_back_lets_its_customers_go(void **state)
{
	struct sim *s = shop(0, NULL);

	(void)state;
	regulars_come(s);
	sim_until(s, "55d");
	assert_told(s, "[48d12h1ms] dora risk.silent raised, customer.at_risk\n");
	sim_until(s, "56d"); /* a week after it was noticed */
	{
		char *text = sim_trace_take(s);

		assert_non_null(strstr(text, "anna risk.silent raised, customer.at_risk (noticed at 55d10h"));
		assert_non_null(strstr(text, "eve risk.silent raised, customer.at_risk (noticed at 55d10h"));
		free(text);
	}
	assert_int_equal(rows(s), 0);
	sell(s, "till-7", "anna", "56d");
	assert_int_equal(said.back, 1);
	assert_told(s, "[     56d] anna risk.silent cleared, customer.recovered\n");
	end(s);
}

static unsigned watched(struct sim *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->o.shards; i++)
		n += s->shard[i].sources.n;
	return n;
}

static void a_till_that_was_taken_away_is_forgotten_and_not_waited_for(void **state)
{
	struct sim *s = shop(3, NULL);

	(void)state;
	assert_int_equal(watched(s), 1);
	assert_false(sim_command(s, "forget_source till-8"));
	assert_true(sim_command(s, "forget_source till-7"));
	assert_int_equal(watched(s), 0);
	assert_false(sim_command(s, "forget_source till-7"));
	sim_until(s, "40d");
	assert_int_equal(said.silent, 0);
	sale_number--; /* it is sent again: known, and the first sign of a new source */
	sell(s, "till-7", "somebody", "27d19h45m");
	assert_int_equal(watched(s), 1);
	sim_until(s, "60d");
	assert_int_equal(said.silent, 0); /* nothing is known of it */
	free(sim_trace_take(s));
	end(s);
}

static void what_was_held_for_a_till_that_is_forgotten_is_told(void **state)
{
	for (unsigned shards = 1; shards <= 4; shards++) {
		struct sim *s = shop(shards, NULL);
		char *text;

		(void)state;
		regulars_come(s);
		sim_until(s, "49d");
		assert_int_equal(rows(s), 4 * 2);
		free(sim_trace_take(s));
		sim_checkpoint(s);
		assert_true(sim_command(s, "forget_source till-7"));
		sim_crash(s);
		sim_start(s);
		sim_until(s, "49d1h");
		text = sim_trace_take(s);
		assert_non_null(strstr(text, "anna risk.silent raised, customer.at_risk (noticed at 49d"));
		assert_non_null(strstr(text, "eve risk.silent raised, customer.at_risk (noticed at 49d"));
		free(text);
		assert_int_equal(rows(s), 0);
		assert_int_equal(said.back, 0);
		sim_until(s, "60d");
		for (unsigned i = 0; i < shards; i++)
			assert_int_equal(s->shard[i].silences.n, 0);
		end(s);
	}
}

static void what_has_nothing_to_do_with_silence_is_told_all_the_same(void **state)
{
	struct sim *s = shop(0, NULL);

	(void)state;
	sell(s, "till-7", "anna", "28d");
	trade(s, "till-7", "28d12h", -1);
	free(sim_trace_take(s));
	sim_until(s, "29d");
	assert_int_equal(said.silent, 1);
	sim_send(s, "desk/1 anna complains c-1");
	sim_until(s, "29d13h");
	assert_told(s, "[29d12h1ms] anna risk.complaint raised, customer.at_risk\n");
	sim_until(s, "49d"); /* till-7 is gone by now */
	free(sim_trace_take(s));
	end(s);
}

static void a_closed_day_stops_the_clock(void **state)
{
	static const char *const files[] = { "", "calendar shop { hours mon..sun 8:00-20:00 "
		"closed \"2024-01-31\" }\nsource \"till-*\" in shop\n" };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		char text[2000];
		struct sim *s;

		snprintf(text, sizeof text, "%s%s", files[i], quick);
		s = shop(0, text);
		trade(s, "till-7", "33d", 30); /* closed on the 31st */
		assert_int_equal(said.silent, 1 - i);
		assert_int_equal(said.back, 1 - i);
		end(s);
	}
}

static void who_is_unwatched_or_all_if_so_set_is_nobodys_business(void **state)
{
	char text[2000];
	struct sim *s;
	struct settings off;

	(void)state;
	snprintf(text, sizeof text, "source \"till-*\" unwatched\n%s", quick);
	s = shop(0, text);
	sim_until(s, "40d");
	assert_int_equal(said.silent, 0);
	end(s);
	s = shop(0, NULL);
	off = s->o.settings;
	regulars_come(s);
	sim_until(s, "49d");
	assert_int_equal(rows(s), 8);
	free(sim_trace_take(s));
	off.source_silence_ms = 0; /* what is held is let go */
	assert_true(sim_settings(s, &off));
	sim_until(s, "49d1h");
	assert_int_equal(rows(s), 0);
	end(s);
}

static void while_nobody_listens_nobody_is_silent(void **state)
{
	struct sim *s = shop(0, NULL);

	(void)state;
	trade(s, "till-7", "28d12h", -1);
	sim_stop(s);
	sim_sleep_until(s, "31d12h");
	sim_start(s);
	sim_until(s, "31d14h");
	assert_int_equal(said.silent, 0);
	sim_until(s, "31d15h");
	assert_int_equal(said.silent, 1);
	end(s);
}

static void with_the_event_clock_another_source_tells_the_time(void **state)
{
	struct sim *s = sim_new(&(struct sim_options){ .seed = random_seed(1), .event_clock = true,
		.lifecycle = quick });

	(void)state;
	memset(&said, 0, sizeof said);
	s->on_note = listen;
	trade(s, "till-7", "28d", -1);
	trade(s, "shop", "28d10h15m", -1);
	assert_int_equal(said.silent, 0);
	trade(s, "shop", "28d10h45m", -1);
	assert_int_equal(said.silent, 1);
	sell(s, "till-7", "somebody", "28d9h"); /* an old one: it speaks */
	assert_int_equal(said.back, 1);
	story_end(s);
}

/* What it brings is of the silence: that was no habit. Nothing of the silence: it was just
 * quiet. */
static void a_silence_is_learnt_unless_something_had_happened_in_it(void **state)
{
	for (unsigned late = 0; late < 2; late++) {
		struct sim *s = shop(0, NULL);
		struct source_watch *w = NULL;
		double before;

		(void)state;
		for (unsigned i = 0; i < s->o.shards; i++)
			if (source_find_watched(&s->shard[i], span_str("till-7")))
				w = source_find_watched(&s->shard[i], span_str("till-7"));
		before = habit_signs_per_hour(&w->habit);
		sim_until(s, "35d12h");
		assert_int_equal(said.silent, 1);
		sell(s, "till-7", "somebody", late ? "31d12h" : "35d12h");
		assert_int_equal(said.back, 1);
		assert_int_equal(w->late, late);
		if (late)
			assert_true(habit_signs_per_hour(&w->habit) > 0.99 * before);
		else
			assert_true(habit_signs_per_hour(&w->habit) < 0.8 * before);
		end(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_that_falls_silent_is_told_of_and_so_is_its_return),
		cmocka_unit_test(nights_are_quiet_and_resends_are_signs_of_life),
		cmocka_unit_test(a_till_offline_for_a_weekend_makes_no_false_alarm),
		cmocka_unit_test(dying_changes_nothing),
		cmocka_unit_test(a_till_that_never_comes_back_lets_its_customers_go),
		cmocka_unit_test(a_till_that_was_taken_away_is_forgotten_and_not_waited_for),
		cmocka_unit_test(what_was_held_for_a_till_that_is_forgotten_is_told),
		cmocka_unit_test(what_has_nothing_to_do_with_silence_is_told_all_the_same),
		cmocka_unit_test(a_closed_day_stops_the_clock),
		cmocka_unit_test(who_is_unwatched_or_all_if_so_set_is_nobodys_business),
		cmocka_unit_test(while_nobody_listens_nobody_is_silent),
		cmocka_unit_test(with_the_event_clock_another_source_tells_the_time),
		cmocka_unit_test(a_silence_is_learnt_unless_something_had_happened_in_it),
	};

	sim_failed = story_failed;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
