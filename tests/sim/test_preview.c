/* SPDX-License-Identifier: Apache-2.0 */
/* Preview: a random crowd is asked what another file would change; switching it on then announces just
 * that, and asking has written nothing: what the journal gives is still what the store has. */
#include "tests/sim/crowd.h"
#include "tests/sim/story.h"
#include "workers/preview.h"

#define EVENTS 250

/* What was announced since it was last emptied. */
struct heard {
	unsigned n;
	struct {
		char type[PREVIEW_NAME_BYTES];
		uint64_t times;
	} type[PREVIEW_TYPES_MAX];
};

static void on_note(void *arg, const struct notification *n)
{
	struct heard *h = arg;
	unsigned i = 0;

	while (i < h->n && !span_eq(span_str(h->type[i].type), n->type))
		i++;
	if (i == h->n) {
		assert_true(h->n < PREVIEW_TYPES_MAX);
		h->type[i].times = 0;
		snprintf(h->type[h->n++].type, sizeof h->type[i].type, "%.*s", (int)n->type.size,
			(const char *)n->type.data);
	}
	h->type[i].times++;
}

static uint64_t times(const struct heard *h, const char *type)
{
	for (unsigned i = 0; i < h->n; i++)
		if (strcmp(h->type[i].type, type) == 0)
			return h->type[i].times;
	return 0;
}

static struct preview *ask(struct sim *s, const char *text)
{
	struct preview *p;
	struct complaint c = { 0 };

	assert_int_equal(preview_new(span_str(text), s->lifecycle->machine->version,
		&(struct parameters){ 0 }, s->o.event_clock ? s->event_ms : s->now_ms, &p, &c), 0);
	for (unsigned i = 0; i < s->o.shards; i++) {
		struct buf after = { 0 };
		bool done = false;

		while (!done)
			assert_int_equal(preview_page(&s->shard[i], p, &after, &done), 0);
		buf_fini(&after);
	}
	return p;
}

/* Somebody snoozes a customer, holds a rule by hand, or ends that. */
static void operate(struct sim *s, struct random *r)
{
	static const char *const rules[] = { "risk.silent", "risk.no_second_purchase", "risk.contract",
		"stage.repeat", "stage.lapsed", "risk.competitor" };
	struct command c = { .verb = COMMAND_SNOOZE };

	if (random_below(r, 3) > 0) {
		c.customer = span_str(crowd_customer[random_below(r, CROWD_CUSTOMERS)]);
		c.at_ms = s->now_ms + (int64_t)random_below(r, 300 * DAY_MS);
	} else {
		c.verb = random_below(r, 2) ? COMMAND_PAUSE : COMMAND_RELEASE;
		c.name = span_str(rules[random_below(r, sizeof rules / sizeof rules[0])]);
	}
	(void)sim_obey(s, &c);
}

static void make_crowd(struct sim *s, struct crowd *c, struct random *r, bool operated)
{
	crowd_init(c, r, EVENTS);
	for (unsigned i = 0; i < EVENTS; i++) {
		int64_t at = SIM_BEGIN_MS + (int64_t)i * 2 * DAY_MS;
		unsigned place = crowd_event(c, at);

		s->now_ms = at > s->now_ms ? at : s->now_ms;
		sim_submit(s, i + 1, false, &c->events[place], 1);
		assert_true(sim_flush(s));
		if (operated && i % 5 == 0)
			operate(s, r);
	}
	for (unsigned i = 0; i < 1000 && !sim_is_drained(s); i++)
		sim_until_ms(s, s->now_ms + 1000);
	assert_true(sim_is_drained(s));
}

static void compare(uint64_t seed, const struct heard *heard, const struct preview_report *said,
	uint64_t *ret_held)
{
	unsigned n = 0;

	for (unsigned i = 0; i < said->n_types; i++) {
		const struct preview_type *t = &said->types[i];

		n += t->who.customers > t->held;
		*ret_held += t->held;
		if (times(heard, t->type) != t->who.customers - t->held)
			fail_msg("seed %llu: %s was announced %llu times, not %llu (%llu held)",
				(unsigned long long)seed, t->type,
				(unsigned long long)times(heard, t->type),
				(unsigned long long)(t->who.customers - t->held),
				(unsigned long long)t->held);
	}
	for (unsigned i = 0; heard->n > n && i < heard->n; i++)
		print_error("heard of %s\n", heard->type[i].type);
	assert_int_equal(heard->n, n);
}

static void run_all(unsigned runs, bool operated)
{
	uint64_t seed = random_seed(1), moved = 0, held = 0;
	struct heard *heard = calloc(1, sizeof *heard);

	for (unsigned run = 0; run < random_runs(runs); run++, seed++) {
		struct random r = { seed };
		struct settings settings = settings_default;
		struct preview *p, *again;
		struct crowd crowd;
		struct sim *s;

		settings.breaker_floor = 0;
		settings.cool_down_ms = operated ? (int64_t)random_below(&r, 200 * DAY_MS) : 0;
		settings.source_hold_ms = 0;
		s = sim_new(&(struct sim_options){ .seed = seed, .shards = 3, .settings = settings,
			.keep_journal = true });
		s->arg = heard;
		s->on_note = on_note;
		make_crowd(s, &crowd, &r, operated);
		p = ask(s, sim_other_shop);
		again = ask(s, sim_other_shop);
		assert_memory_equal(&p->report, &again->report, sizeof p->report);
		assert_int_equal(p->report.damaged, 0);
		sim_check_replay(s, 0);
		heard->n = 0;
		assert_true(sim_lifecycle(s, sim_other_shop));
		for (unsigned i = 0; i < 1000 && !sim_is_drained(s); i++)
			assert_true(sim_tick(s));
		compare(seed, heard, &p->report, &held);
		moved += p->report.moved;
		preview_free(p);
		preview_free(again);
		sim_check(s);
		sim_free(s);
		crowd_fini(&crowd);
	}
	assert_true(moved > 0);
	assert_int_equal(held > 0, operated);
	free(heard);
}

static void what_a_preview_says_is_what_the_switch_announces_and_it_writes_nothing(void **state)
{
	(void)state;
	run_all(4, false);
}

static void it_knows_of_snoozes_cool_downs_and_rules_that_are_held_by_hand(void **state)
{
	(void)state;
	run_all(6, true);
}

/* They have been lost with a reason that still holds; another file wins them back. WHEN the reason is
 * snoozed, or has been told. */
static void won_back(const char *when, uint64_t at_risk, uint64_t held)
{
	struct heard *heard = calloc(1, sizeof *heard);
	struct sim *s = story_new();
	struct preview *p;
	uint64_t all_held = 0;

	s->arg = heard;
	s->on_note = on_note;
	sim_send(s, "till/1 anna buys 100\n");
	assert_true(sim_command(s, "snooze anna 20d"));
	sim_send(s, "shop/1 anna complains c1 staff @1h\n");
	sim_until(s, "10d");
	sim_send(s, "till/2 anna returns 100\n");
	sim_until(s, when);
	p = ask(s, sim_other_shop);
	heard->n = 0;
	assert_true(sim_lifecycle(s, sim_other_shop));
	for (unsigned i = 0; i < 1000 && !sim_is_drained(s); i++)
		assert_true(sim_tick(s));
	compare(0, heard, &p->report, &all_held);
	assert_int_equal(times(heard, "customer.won_back"), 1);
	assert_int_equal(times(heard, "customer.at_risk"), at_risk);
	assert_int_equal(all_held, held);
	preview_free(p);
	story_end(s);
	free(heard);
}

static void who_is_won_back_is_at_risk_again_by_a_reason_that_was_told(void **state)
{
	(void)state;
	won_back("15d", 0, 1);
	won_back("25d", 1, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			what_a_preview_says_is_what_the_switch_announces_and_it_writes_nothing),
		cmocka_unit_test(
			it_knows_of_snoozes_cool_downs_and_rules_that_are_held_by_hand),
		cmocka_unit_test(who_is_won_back_is_at_risk_again_by_a_reason_that_was_told),
	};

	sim_failed = story_failed;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
