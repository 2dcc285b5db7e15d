/* SPDX-License-Identifier: Apache-2.0 */
/* The trail of a customer as bytes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "lifecycle/facts.h"
#include "tests/unit/random_event.h"
#include "workers/trail.h"

static struct trail t, u;

static struct change change_at(int64_t at_ms, uint8_t risk)
{
	return (struct change){ .kind = CHANGE_RISK_RAISED, .risk = risk, .from = RUNG_NONE,
		.to = RUNG_NONE, .at_ms = at_ms };
}

static void an_event_of_a_trail_folds_as_it_did(void **state)
{
	struct random r = { random_seed(1) };

	(void)state;
	for (unsigned i = 0; i < random_runs(2000); i++) {
		static struct facts a, b;
		struct trail_event te;
		struct event e;
		char id[RANDOM_ID_SIZE];
		size_t place = 0;

		random_event(&r, i, id, &e);
		trail_begin(&t, span_of(NULL, 0), 0);
		trail_add(&t, &e, NULL, e.time_ms + (int64_t)random_below(&r, 3) - 1);
		assert_int_equal(trail_next(&t, &place, &te), 0);
		facts_init(&a);
		facts_init(&b);
		facts_add(&a, &e, NULL);
		facts_add(&b, &te.event, NULL);
		assert_true(facts_equal(&a, &b));
		assert_true(span_eq(te.event.source, e.source) && span_eq(te.event.id, e.id));
		assert_int_equal(trail_next(&t, &place, &te), ERR_NOTFOUND);
	}
}

/* Their bytes may differ, since what is left out is what the first to come had. */
static void assert_same_story(const struct trail *a, const struct trail *b)
{
	static struct trail_event one, other;
	size_t here = 0, there = 0;
	int rc;

	while ((rc = trail_next(a, &here, &one)) == 0) {
		assert_int_equal(trail_next(b, &there, &other), 0);
		assert_int_equal(one.at_ms, other.at_ms);
		assert_int_equal(one.event.time_ms, other.event.time_ms);
		assert_true(span_eq(one.event.id, other.event.id));
		assert_int_equal(one.event.body, other.event.body);
	}
	assert_int_equal(rc, ERR_NOTFOUND);
	assert_int_equal(trail_next(b, &there, &other), ERR_NOTFOUND);
}

static void events_stand_in_one_order_whatever_order_they_come_in(void **state)
{
	struct random r = { random_seed(1) };

	(void)state;
	for (unsigned run = 0; run < random_runs(200); run++) {
		struct event e[6];
		char id[6][RANDOM_ID_SIZE];

		for (unsigned i = 0; i < 6; i++) {
			random_event(&r, i, id[i], &e[i]);
			e[i].time_ms = RANDOM_BEGIN_MS + (int64_t)random_below(&r, 3);
		}
		trail_begin(&t, span_of(NULL, 0), 0);
		trail_begin(&u, span_of(NULL, 0), 0);
		for (unsigned i = 0; i < 6; i++)
			trail_insert(&t, &e[i], NULL, e[i].time_ms);
		random_shuffle(&r, e, 6);
		for (unsigned i = 0; i < 6; i++)
			trail_insert(&u, &e[i], NULL, e[i].time_ms);
		assert_same_story(&t, &u);
		assert_true(trail_is_last(&t, &e[0], NULL, RANDOM_BEGIN_MS + 3));
		assert_false(trail_is_last(&t, &e[0], NULL, RANDOM_BEGIN_MS - 1));
	}
}

static void what_events_have_alike_is_kept_once(void **state)
{
	struct trail_event te;
	char id[16][24];
	size_t place = 0, first = 0;

	(void)state;
	trail_begin(&t, span_of(NULL, 0), 0);
	for (unsigned i = 0; i < 16; i++) {
		struct event e = { .source = span_str("till-7"),
			.time_ms = RANDOM_BEGIN_MS + i * 60000, .body = BODY_PURCHASE };

		(void)snprintf(id[i], sizeof id[i], "2023/01/01/%03u", i * 50);
		e.id = span_str(id[i]);
		e.as.purchase.order = span_str("o-1");
		e.as.purchase.amount = 1200;
		trail_insert(&t, &e, NULL, e.time_ms);
		if (i == 0)
			first = t.events_size;
	}
	assert_int_equal(t.n_events, 16);
	assert_true(t.events_size < 16 * 24);
	assert_int_equal(trail_next(&t, &place, &te), 0);
	assert_int_equal(place, first);
	/* the first goes, and the others still say all that they did */
	trail_advance(&t, place, te.at_ms, span_of(NULL, 0), 0);
	assert_int_equal(t.n_events, 15);
	place = 0;
	for (unsigned i = 1; i < 16; i++) {
		assert_int_equal(trail_next(&t, &place, &te), 0);
		assert_true(span_eq(te.event.id, span_str(id[i])));
		assert_true(span_eq(te.event.source, span_str("till-7")));
		assert_int_equal(te.event.time_ms, RANDOM_BEGIN_MS + i * 60000);
	}
	assert_int_equal(trail_next(&t, &place, &te), ERR_NOTFOUND);
}

static void what_was_announced_later_gets_its_number(void **state)
{
	struct told told[TRAIL_TOLD_COUNT];
	struct change a = change_at(1000, 1), b = change_at(2000, 2);

	(void)state;
	trail_begin(&t, span_of(NULL, 0), 0);
	trail_tell(&t, &a, 7);
	trail_tell(&t, &b, 0); /* held */
	trail_announced(&t, &b, 1000000);
	assert_int_equal(trail_told(&t, told), 2);
	assert_int_equal(told[0].sequence, 7);
	assert_int_equal(told[1].sequence, 1000000);
	assert_int_equal(told[1].change.risk, 2);
	assert_int_equal(told[1].change.at_ms, 2000);
}

static void a_section_is_read_as_it_was_written_and_nothing_else_is(void **state)
{
	uint8_t base[100], bytes[TRAIL_BASE_MAX + TRAIL_KEPT_MAX + 20];
	struct change ch = change_at(1000, 1);
	size_t n;

	(void)state;
	memset(base, 'x', sizeof base);
	trail_begin(&t, span_of(base, sizeof base), 30);
	assert_int_equal(trail_put(&t, bytes), 0); /* nothing has happened */
	trail_tell(&t, &ch, 7);
	n = trail_put(&t, bytes);
	assert_in_range(n, 1, 60); /* the facts are the record's own */
	assert_true(n <= trail_bytes(&t));
	assert_int_equal(trail_read(&u, span_of(bytes, n), span_of(base + 30, 70)), 0);
	assert_int_equal(u.base_size, 100);
	assert_memory_equal(u.base, base, 100);
	assert_int_equal(u.told_size, t.told_size);
	for (size_t cut = 0; cut < n - 1 - t.told_size; cut++) {
		assert_int_equal(trail_read(&u, span_of(bytes, cut), span_of(base, 70)), ERR_CORRUPT);
		assert_false(u.kept);
	}
}

static void more_than_there_is_room_for_cuts_the_trail(void **state)
{
	struct change ch = change_at(1700000000000, 1);
	uint8_t base[TRAIL_BASE_MAX + 1] = { 0 };

	(void)state;
	trail_begin(&t, span_of(NULL, 0), 0);
	for (unsigned i = 0; t.kept && i < 1000; i++)
		trail_tell(&t, &ch, UINT64_MAX);
	assert_false(t.kept);
	assert_true(trail_is_empty(&t));
	trail_begin(&t, span_of(base, sizeof base), 30);
	assert_false(t.kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_of_a_trail_folds_as_it_did),
		cmocka_unit_test(events_stand_in_one_order_whatever_order_they_come_in),
		cmocka_unit_test(what_events_have_alike_is_kept_once),
		cmocka_unit_test(what_was_announced_later_gets_its_number),
		cmocka_unit_test(a_section_is_read_as_it_was_written_and_nothing_else_is),
		cmocka_unit_test(more_than_there_is_room_for_cuts_the_trail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
