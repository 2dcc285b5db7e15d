/* SPDX-License-Identifier: Apache-2.0 */
/* The same events on another way: other batches, other shards, another order. */
#include "tests/sim/crowd.h"
#include "tests/sim/story.h"

#define EVENTS 250

/* What stands of what was told: an announcement that was withdrawn is none. */
struct said {
	char id[48], text[512]; /* text: customer, type, from, to, at */
};

/* What one way through gave. */
struct way {
	unsigned shards, batch_max;
	bool shuffled;    /* else in order of time */
	uint64_t seed;
	struct customer *who[CROWD_CUSTOMERS];
	unsigned n_told;
	struct said *told; /* sorted */
};

static bool begins(struct span text, const char *with)
{
	return text.size > strlen(with) && memcmp(text.data, with, strlen(with)) == 0;
}

/* Whence somebody came, as far as it counts (docs/WITHDRAWAL.md, "What counts as the same"): one who
 * was met just then stood at the foot, and that the sides were crossed is all there is to say. In one
 * batch, word that somebody was brought in comes behind what they did themselves. */
static struct span whence(const struct notification *n)
{
	static const char *const crossing[] = { "customer.converted", "customer.lost",
		"customer.won_back" };

	for (unsigned i = 0; i < 3; i++)
		if (span_eq(n->type, span_str(crossing[i])))
			return span_of(NULL, 0);
	if (n->from.size == 0 && n->ladder.size && !begins(n->type, "follow_up."))
		return span_str(span_eq(n->ladder, span_str("stage")) ? "suspect" : "exploration");
	return n->from;
}

static void take_back(struct way *way, struct span id)
{
	for (unsigned i = 0; i < way->n_told; i++)
		if (span_eq(id, span_str(way->told[i].id))) {
			way->told[i] = way->told[--way->n_told];
			return;
		}
	fail_msg("%.*s was withdrawn, and does not stand", (int)id.size, (const char *)id.data);
}

static void on_note(void *arg, const struct notification *n)
{
	struct way *way = arg;
	struct said *said;
	struct span from = whence(n);

	if (n->retracts.size) {
		take_back(way, n->retracts);
		return;
	}
	way->told = realloc(way->told, (way->n_told + 1) * sizeof *way->told);
	said = &way->told[way->n_told++];
	snprintf(said->id, sizeof said->id, "%u-%llu", n->shard, (unsigned long long)n->sequence);
	snprintf(said->text, sizeof said->text, "%.*s %.*s %.*s %.*s %lld",
		(int)n->customer.size, (const char *)n->customer.data, (int)n->type.size,
		(const char *)n->type.data, (int)from.size, (const char *)from.data,
		(int)n->to.size, (const char *)n->to.data, (long long)n->at_ms);
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct said *)a)->text, ((const struct said *)b)->text);
}

static int by_time(const void *a, const void *b)
{
	int64_t x = ((const struct event *)a)->time_ms, y = ((const struct event *)b)->time_ms;

	return x < y ? -1 : x > y;
}

/* Everybody's year, no two events at one instant, so that one order is the order of time. */
static void make_year(struct crowd *c, struct random *r)
{
	crowd_init(c, r, EVENTS);
	while (c->n < EVENTS) {
		unsigned i = crowd_event(c, SIM_BEGIN_MS + (int64_t)random_below(r, 400) * DAY_MS +
			(int64_t)c->n * 1000);

		c->events[i].sequence = 0; /* numbers rise with the order, which is to be changed */
	}
	qsort(c->events, c->n, sizeof *c->events, by_time);
}

/* In order of time an event comes when it happened, or when the last of its batch did; deadlines
 * fall before, between and after, and speak of their own time. */
static void go(struct way *way, const struct event *events, unsigned n)
{
	struct sim *s = sim_new(&(struct sim_options){ .seed = way->seed, .shards = way->shards,
		.settings = { .guard_window_ms = 1000 * DAY_MS,
			.outbox_keep = 1000000, .outbox_keep_ms = 1000 * DAY_MS, .history_keep = 32,
			.outbox_keep_bytes = UINT64_MAX } });
	struct random *r = &s->random;

	s->arg = way;
	s->on_note = on_note;
	if (way->shuffled)
		s->now_ms = sim_ms("401d");
	for (unsigned i = 0; i < n;) {
		unsigned size = 1 + (unsigned)random_below(r, way->batch_max);

		if (size > n - i)
			size = n - i;
		if (!way->shuffled)
			s->now_ms = events[i + size - 1].time_ms;
		sim_submit(s, i + 1, false, events + i, size);
		i += size;
		if (random_below(r, 3) == 0 || way->batch_max == 1) {
			assert_true(sim_flush(s));
			sim_until_ms(s, s->now_ms);
		}
	}
	assert_true(sim_flush(s));
	sim_until(s, "800d");
	sim_check(s);
	for (unsigned i = 0; i < CROWD_CUSTOMERS; i++)
		way->who[i] = sim_customer(s, crowd_customer[i]);
	if (way->n_told)
		qsort(way->told, way->n_told, sizeof *way->told, compare);
	sim_free(s);
}

static void way_fini(struct way *way)
{
	for (unsigned i = 0; i < CROWD_CUSTOMERS; i++)
		free(way->who[i]);
	free(way->told);
}

static void same_facts(const struct way *a, const struct way *b)
{
	for (unsigned i = 0; i < CROWD_CUSTOMERS; i++) {
		assert_int_equal(a->who[i] != NULL, b->who[i] != NULL);
		if (a->who[i] && !facts_equal(&a->who[i]->facts, &b->who[i]->facts))
			fail_msg("%s: other facts with %u shards, seed %llu", crowd_customer[i],
				b->shards, (unsigned long long)b->seed);
	}
}

static void same_story(const struct way *a, const struct way *b)
{
	for (unsigned i = 0; i < a->n_told && i < b->n_told; i++)
		if (strcmp(a->told[i].text, b->told[i].text) != 0)
			fail_msg("seed %llu, %u shards, batches of %u: \"%s\" became \"%s\"",
				(unsigned long long)b->seed, b->shards, b->batch_max,
				a->told[i].text, b->told[i].text);
	assert_int_equal(a->n_told, b->n_told);
	assert_true(a->n_told > EVENTS / 2);
}

static void in_order_of_time_batches_and_shards_make_no_difference_to_what_is_told(void **state)
{
	static const unsigned shards[] = { 1, 2, 5 }, batches[] = { 1, 7, 60 };
	uint64_t seed = random_seed(1);

	(void)state;
	for (unsigned run = 0; run < random_runs(4); run++, seed++) {
		struct random r = { seed };
		struct way first = { 1, 1, false, seed, { 0 }, 0, NULL };
		struct crowd c;

		make_year(&c, &r);
		go(&first, c.events, c.n);
		for (unsigned i = 0; i < 9; i++) {
			struct way way = { shards[i % 3], batches[i / 3], false, seed, { 0 }, 0, NULL };

			go(&way, c.events, c.n);
			same_facts(&first, &way);
			same_story(&first, &way);
			way_fini(&way);
		}
		way_fini(&first);
		crowd_fini(&c);
	}
}

static void in_any_order_everybody_has_the_same_facts(void **state)
{
	static const unsigned shards[] = { 1, 2, 5 };
	uint64_t seed = random_seed(1);

	(void)state;
	for (unsigned run = 0; run < random_runs(4); run++, seed++) {
		struct random r = { seed };
		struct way first = { 2, 1, false, seed, { 0 }, 0, NULL };
		struct crowd c;

		make_year(&c, &r);
		go(&first, c.events, c.n);
		for (unsigned i = 0; i < 6; i++) {
			struct way way = { shards[i % 3], 40, true, seed, { 0 }, 0, NULL };

			random_shuffle(&r, c.events, c.n);
			go(&way, c.events, c.n);
			same_facts(&first, &way);
			way_fini(&way);
		}
		way_fini(&first);
		crowd_fini(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order_of_time_batches_and_shards_make_no_difference_to_what_is_told),
		cmocka_unit_test(in_any_order_everybody_has_the_same_facts),
	};

	sim_failed = story_failed;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
