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

static void make_crowd(struct sim *s, struct crowd *c, struct random *r)
{
	crowd_init(c, r, EVENTS);
	for (unsigned i = 0; i < EVENTS; i++) {
		int64_t at = SIM_BEGIN_MS + (int64_t)i * 2 * DAY_MS;
		unsigned place = crowd_event(c, at);

		s->now_ms = at > s->now_ms ? at : s->now_ms;
		sim_submit(s, i + 1, false, &c->events[place], 1);
		assert_true(sim_flush(s));
	}
	for (unsigned i = 0; i < 1000 && !sim_is_drained(s); i++)
		sim_until_ms(s, s->now_ms + 1000);
	assert_true(sim_is_drained(s));
}

static void what_a_preview_says_is_what_the_switch_announces_and_it_writes_nothing(void **state)
{
	uint64_t seed = random_seed(1), moved = 0;
	struct heard *heard = calloc(1, sizeof *heard);

	(void)state;
	for (unsigned run = 0; run < random_runs(4); run++, seed++) {
		struct random r = { seed };
		struct settings settings = settings_default;
		struct preview *p, *again;
		struct crowd crowd;
		struct sim *s;

		settings.breaker_floor = 0;
		settings.source_hold_ms = 0;
		s = sim_new(&(struct sim_options){ .seed = seed, .shards = 3, .settings = settings,
			.keep_journal = true });
		s->arg = heard;
		s->on_note = on_note;
		make_crowd(s, &crowd, &r);
		p = ask(s, sim_other_shop);
		again = ask(s, sim_other_shop);
		assert_memory_equal(&p->report, &again->report, sizeof p->report);
		assert_int_equal(p->report.damaged, 0);
		sim_check_replay(s, 0);
		heard->n = 0;
		assert_true(sim_lifecycle(s, sim_other_shop));
		for (unsigned i = 0; i < 1000 && !sim_is_drained(s); i++)
			assert_true(sim_tick(s));
		assert_int_equal(heard->n, p->report.n_types);
		for (unsigned i = 0; i < p->report.n_types; i++) {
			const struct preview_type *t = &p->report.types[i];

			if (times(heard, t->type) != t->who.customers)
				fail_msg("seed %llu: %s was announced %llu times, not %llu",
					(unsigned long long)seed, t->type,
					(unsigned long long)times(heard, t->type),
					(unsigned long long)t->who.customers);
		}
		moved += p->report.moved;
		preview_free(p);
		preview_free(again);
		sim_check(s);
		sim_free(s);
		crowd_fini(&crowd);
	}
	assert_true(moved > 0);
	free(heard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			what_a_preview_says_is_what_the_switch_announces_and_it_writes_nothing),
	};

	sim_failed = story_failed;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
