/* SPDX-License-Identifier: Apache-2.0 */
/* The trail of a customer as bytes: its pieces, the end that stands in the record, and the whole as
 * it is told again. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "lifecycle/facts.h"
#include "tests/unit/random_event.h"
#include "workers/trail.h"

#define RECORD_TAIL_BYTES (2 * TAIL_ADDED_MAX)

static struct trail t, u;
static struct tail end;

/* PIECES as a strip of their own. */
static int trail_read(struct trail *into, struct span pieces)
{
	struct strip k;

	strip_begin(&k);
	return trail_take(into, &k, pieces);
}

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
		trail_begin(&t, span_of(NULL, 0));
		trail_insert(&t, &e, NULL, e.time_ms + (int64_t)random_below(&r, 3) - 1);
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
		trail_begin(&t, span_of(NULL, 0));
		trail_begin(&u, span_of(NULL, 0));
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

static struct event purchase(unsigned i, char id[24])
{
	struct event e = { .source = span_str("till-7"), .time_ms = RANDOM_BEGIN_MS + i * 60000,
		.body = BODY_PURCHASE };

	(void)snprintf(id, 24, "2023/01/01/%03u", i * 50);
	e.id = span_str(id);
	e.as.purchase.order = span_str("o-1");
	e.as.purchase.amount = 1200;
	return e;
}

static void what_has_been_taken_in_goes_and_the_others_say_all_that_they_did(void **state)
{
	struct trail_event te;
	char id[16][24];
	size_t place = 0;

	(void)state;
	trail_begin(&t, span_of(NULL, 0));
	for (unsigned i = 0; i < 16; i++) {
		struct event e = purchase(i, id[i]);

		trail_insert(&t, &e, NULL, e.time_ms);
	}
	assert_int_equal(t.n_events, 16);
	assert_int_equal(trail_next(&t, &place, &te), 0);
	trail_advance(&t, place, te.at_ms, span_str("base"), &u);
	assert_int_equal(u.n_events, 1); /* they go on from there */
	assert_int_equal(u.base_size, 0);
	assert_int_equal(t.base_size, 4);
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
	tail_init(&end);
	tail_begin(&end);
	tail_tell(&end, &a, 7);
	tail_tell(&end, &b, 0); /* held */
	tail_announced(&end, &(struct told){ .change = b, .sequence = 1000000 });
	trail_begin(&t, span_of(NULL, 0));
	assert_int_equal(trail_read(&t, tail_news(&end)), 0);
	assert_int_equal(trail_told(&t, told), 2);
	assert_int_equal(told[0].sequence, 7);
	assert_int_equal(told[1].sequence, 1000000);
	assert_int_equal(told[1].change.risk, 2);
	assert_int_equal(told[1].change.at_ms, 2000);
	trail_forget_told(&t, 1000, &u);
	assert_int_equal(trail_told(&u, told), 1);
	assert_int_equal(told[0].sequence, 7);
	assert_int_equal(trail_told(&t, told), 1);
	assert_int_equal(told[0].sequence, 1000000);
}

static void what_was_held_before_the_base_and_told_of_a_later_reason_is_known_behind_it(void **state)
{
	struct told told[TRAIL_TOLD_COUNT], late = { .sequence = 9, .told_ms = 3000, .told_risk = 2 };
	struct change b = change_at(2500, 2);

	(void)state;
	late.change = (struct change){ .kind = CHANGE_CROSSING, .crossing = CROSSING_AT_RISK,
		.risk = 1, .from = RUNG_NONE, .to = RUNG_NONE, .at_ms = 1000 };
	tail_init(&end);
	tail_begin(&end);
	tail_tell(&end, &late.change, 0); /* held */
	tail_tell(&end, &b, 8);
	tail_announced(&end, &late);
	trail_begin(&t, span_of(NULL, 0));
	assert_int_equal(trail_read(&t, tail_news(&end)), 0);
	trail_forget_told(&t, 2000, &u);
	assert_int_equal(trail_told(&u, told), 0);
	assert_int_equal(trail_told(&t, told), 2);
	assert_int_equal(told[0].sequence, 9);
	assert_int_equal(told[0].told_ms, 3000);
	trail_forget_told(&t, 3000, &u); /* with the reason that was told, it goes */
	assert_int_equal(trail_told(&t, told), 0);

	tail_init(&end); /* the base came between */
	tail_begin(&end);
	tail_tell(&end, &b, 8);
	tail_announced(&end, &late);
	trail_begin(&t, span_str("base"));
	assert_int_equal(trail_read(&t, tail_news(&end)), 0);
	assert_int_equal(trail_told(&t, told), 2);
	assert_int_equal(told[0].sequence, 9);
	assert_int_equal(told[0].change.at_ms, 1000);
	assert_int_equal(told[0].told_risk, 2);
	assert_int_equal(told[1].sequence, 8);
}

/* A base, N events and as many announcements. */
static void some_trail(unsigned n)
{
	char id[24];

	trail_begin(&t, span_str("a base"));
	tail_init(&end);
	tail_begin(&end);
	for (unsigned i = 0; i < n; i++) {
		struct event e = purchase(i, id);
		struct change ch = change_at(e.time_ms, 1);

		tail_add(&end, &e, NULL, e.time_ms);
		tail_tell(&end, &ch, i + 1);
	}
	assert_int_equal(trail_read(&t, tail_news(&end)), 0);
}

static void a_trail_is_read_as_it_was_written_and_nothing_else_is(void **state)
{
	uint8_t bytes[TRAIL_BYTES_MAX];
	size_t n;

	(void)state;
	some_trail(4);
	n = (size_t)(trail_put(&t, bytes) - bytes);
	assert_int_equal(n, trail_bytes(&t));
	trail_cut(&u);
	assert_int_equal(trail_read(&u, span_of(bytes, n)), 0);
	assert_int_equal(u.base_size, t.base_size);
	assert_memory_equal(u.base, t.base, t.base_size);
	assert_int_equal(u.told_size, t.told_size);
	assert_memory_equal(u.told, t.told, t.told_size);
	assert_same_story(&t, &u);
	trail_cut(&u);
	assert_int_equal(trail_read(&u, span_of(bytes, 7)), ERR_CORRUPT);
	bytes[0] = 77;
	assert_int_equal(trail_read(&u, span_of(bytes, n)), ERR_CORRUPT);
	assert_false(u.kept);
}

static void what_stands_before_the_first_base_belongs_to_a_row_that_is_gone(void **state)
{
	uint8_t bytes[2 * TRAIL_BYTES_MAX], *p = bytes;

	(void)state;
	some_trail(2);
	memcpy(p, end.added, end.size);
	p = trail_put(&t, p + end.size);
	p = piece_put(p, PIECE_BASE, span_str("another"));
	trail_cut(&u);
	assert_int_equal(trail_read(&u, span_of(bytes, (size_t)(p - bytes))), 0);
	assert_true(span_eq(span_of(u.base, u.base_size), span_str("a base")));
	assert_int_equal(u.n_events, 2);
	assert_int_equal(u.told_size, t.told_size);
}

static void more_than_there_is_room_for_cuts_the_trail(void **state)
{
	struct change ch = change_at(1700000000000, 1);
	uint8_t base[TRAIL_BASE_MAX + 1] = { 0 };

	(void)state;
	trail_begin(&t, span_of(NULL, 0));
	for (unsigned i = 0; t.kept && i < 10; i++) {
		tail_init(&end);
		tail_begin(&end);
		for (unsigned k = 0; k < 30; k++)
			tail_tell(&end, &ch, UINT64_MAX);
		assert_true(end.kept);
		assert_int_equal(trail_read(&t, tail_news(&end)), 0);
	}
	assert_false(t.kept);
	for (unsigned k = 0; end.kept && k < 1000; k++)
		tail_tell(&end, &ch, UINT64_MAX);
	assert_false(end.kept);
	assert_false(tail_has_news(&end));
	trail_begin(&t, span_of(base, sizeof base));
	assert_false(t.kept);
}

/* END as a record would hold it, in BYTES. */
static void written_and_read(uint8_t bytes[RECORD_TAIL_BYTES])
{
	size_t n = (size_t)(tail_put(&end, bytes) - bytes);

	tail_init(&end);
	assert_non_null(tail_take(&end, span_of(bytes, n)));
	end.kept = true;
}

static void an_event_at_the_end_of_a_record_says_whether_another_comes_behind_it(void **state)
{
	uint8_t one[RECORD_TAIL_BYTES], two[RECORD_TAIL_BYTES];
	struct change ch = change_at(RANDOM_BEGIN_MS, 1);
	char id[3][24];
	struct event e[3] = { purchase(2, id[0]), purchase(3, id[1]), purchase(1, id[2]) };

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		e[i].time_ms = RANDOM_BEGIN_MS; /* then their ids order them */
	tail_init(&end);
	tail_begin(&end);
	tail_moved(&end, 3, 70000, 100, 0);
	tail_add(&end, &e[0], NULL, e[0].time_ms);
	tail_tell(&end, &ch, 9);
	assert_false(tail_is_in_order(&end)); /* of what was before it nothing is known */
	written_and_read(one);
	assert_int_equal(end.generation, 3);
	assert_int_equal(end.row, 70000);
	assert_int_equal(end.row_since, 100);
	assert_int_equal(end.n_events, 1);
	tail_tell(&end, &ch, 10);
	written_and_read(two);
	assert_int_equal(end.n_events, 1);
	tail_add(&end, &e[1], NULL, e[1].time_ms);
	assert_true(tail_is_in_order(&end));
	tail_take_back(&end, 0);
	tail_add(&end, &e[2], NULL, e[2].time_ms);
	assert_false(tail_is_in_order(&end));
}

static void an_end_that_was_cut_is_void_until_the_story_begins_anew(void **state)
{
	uint8_t bytes[RECORD_TAIL_BYTES];
	char id[24];
	struct event e = purchase(1, id);

	(void)state;
	tail_init(&end);
	assert_ptr_equal(tail_put(&end, bytes), bytes); /* nothing to keep */
	tail_begin(&end);
	tail_moved(&end, 3, 70000, 100, 4);
	tail_add(&end, &e, NULL, e.time_ms);
	tail_cut(&end);
	tail_add(&end, &e, NULL, e.time_ms);
	assert_int_equal(end.size, 0);
	written_and_read(bytes);
	assert_true(end.is_void);
	assert_int_equal(end.generation, 3);
	assert_int_equal(end.row, 70000);
	assert_int_equal(end.held.size, 0);
}

static struct moment moment_random(struct random *r, uint64_t n, struct event *e,
	char id[RANDOM_ID_SIZE], uint8_t room[PIECE_KEY_MAX])
{
	random_event(r, n, id, e);
	return moment_of(e, NULL, e->time_ms + (int64_t)random_below(r, 2) * 1000, room);
}

static void assert_same_moment(const struct moment *a, const struct moment *b)
{
	assert_int_equal(a->at_ms, b->at_ms);
	assert_int_equal(a->time_ms, b->time_ms);
	assert_int_equal(a->is_message, b->is_message);
	assert_int_equal(a->key.size, b->key.size);
	assert_memory_equal(a->key.data, b->key.data, a->key.size);
}

static void whatever_leans_on_others_comes_back_as_it_was(void **state)
{
	struct random r = { random_seed(1) };

	(void)state;
	for (unsigned run = 0; run < random_runs(500); run++) {
		static uint8_t bytes[12 * PIECE_EVENT_MAX], keys[12][PIECE_KEY_MAX];
		struct moment m[12], got;
		struct event e;
		char id[RANDOM_ID_SIZE];
		uint8_t *p = bytes, room[PIECE_KEY_MAX];
		struct strip k;
		struct strip_piece piece;
		struct span rest;

		strip_begin(&k);
		for (unsigned i = 0; i < 12; i++) {
			uint8_t *begin = p;

			if (i == 6)
				strip_begin(&k); /* another strip, put behind */
			m[i] = moment_random(&r, i, &e, id, keys[i]);
			p = strip_put_event(&k, p, &m[i]);
			assert_true(p <= begin + PIECE_EVENT_MAX);
		}
		rest = span_of(bytes, (size_t)(p - bytes));
		strip_begin(&k);
		for (unsigned i = 0; i < 12; i++) {
			assert_int_equal(strip_next(&k, &rest, &piece), 0);
			assert_int_equal(piece.tag, PIECE_EVENT);
			assert_int_equal(packed_open(&piece.event, room, &got), 0);
			assert_same_moment(&m[i], &got);
		}
		assert_int_equal(strip_next(&k, &rest, &piece), ERR_NOTFOUND);
	}
}

static void announcements_are_counted_from_what_stands_before_them(void **state)
{
	static const uint64_t numbers[] = { 7, 8, 0, 9, UINT64_MAX, 1 };
	uint8_t bytes[512], *p = bytes, room[PIECE_KEY_MAX];
	char id[24];
	struct event e = purchase(1, id);
	struct moment m = moment_of(&e, NULL, e.time_ms, room);
	struct strip k;
	struct strip_piece piece;
	struct span rest;

	(void)state;
	strip_begin(&k);
	for (unsigned i = 0; i < 6; i++) {
		struct told told = { .change = change_at(e.time_ms + (i % 2 ? 5 : -5), 3),
			.sequence = numbers[i] };

		if (i == 1)
			p = strip_put_event(&k, p, &m);
		p = strip_put_told(&k, p, PIECE_TOLD, &told);
	}
	rest = span_of(bytes, (size_t)(p - bytes));
	strip_begin(&k);
	for (unsigned i = 0; i < 6; i++) {
		if (i == 1)
			assert_int_equal(strip_next(&k, &rest, &piece), 0);
		assert_int_equal(strip_next(&k, &rest, &piece), 0);
		assert_int_equal(piece.tag, PIECE_TOLD);
		assert_int_equal(piece.told.sequence, numbers[i]);
		assert_int_equal(piece.told.change.at_ms, e.time_ms + (i % 2 ? 5 : -5));
		assert_int_equal(piece.told.change.risk, 3);
	}
}

static void the_next_purchase_at_the_same_till_says_only_what_is_new(void **state)
{
	uint8_t bytes[2 * PIECE_EVENT_MAX], room[PIECE_KEY_MAX], *p, *q;
	char id[2][24];
	struct strip k;

	(void)state;
	strip_begin(&k);
	for (unsigned i = 0; i < 2; i++) {
		struct event e = purchase(i, id[i]);
		struct moment m = moment_of(&e, NULL, e.time_ms, room);

		q = p = i ? q : bytes;
		q = strip_put_event(&k, p, &m);
	}
	/* head, size, a minute (3), so much is as there, "50" of the id, the body (2 + 5 + 3) */
	assert_true(q - p <= 18);
}

static void what_leans_on_an_end_that_goes_elsewhere_stands_alone(void **state)
{
	static struct trail all, moved;
	uint8_t bytes[RECORD_TAIL_BYTES], held[RECORD_TAIL_BYTES];
	struct change ch = change_at(RANDOM_BEGIN_MS, 1);
	struct strip k;
	char id[24];
	struct span was;

	(void)state;
	tail_init(&end);
	tail_begin(&end);
	tail_moved(&end, 3, 70000, 100, 0);
	for (unsigned i = 0; i < 4; i++) {
		struct event e = purchase(i, id);

		tail_add(&end, &e, NULL, e.time_ms);
		tail_tell(&end, &ch, 70 + i);
		if (i == 2)
			written_and_read(bytes);
	}
	trail_begin(&all, span_str("base"));
	strip_begin(&k);
	assert_int_equal(trail_take(&all, &k, end.held), 0);
	assert_int_equal(trail_take(&all, &k, tail_news(&end)), 0);
	was = span_of(memcpy(held, end.held.data, end.held.size), end.held.size);
	tail_stand_alone(&end);
	tail_moved(&end, 3, 70000, 100, 0);
	assert_true(end.kept);
	trail_begin(&moved, span_str("base"));
	assert_int_equal(trail_read(&moved, was), 0);
	assert_int_equal(trail_read(&moved, tail_news(&end)), 0);
	assert_same_story(&all, &moved);
	assert_int_equal(all.told_size, moved.told_size);
	assert_memory_equal(all.told, moved.told, all.told_size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_of_a_trail_folds_as_it_did),
		cmocka_unit_test(events_stand_in_one_order_whatever_order_they_come_in),
		cmocka_unit_test(what_has_been_taken_in_goes_and_the_others_say_all_that_they_did),
		cmocka_unit_test(what_was_announced_later_gets_its_number),
		cmocka_unit_test(
			what_was_held_before_the_base_and_told_of_a_later_reason_is_known_behind_it),
		cmocka_unit_test(a_trail_is_read_as_it_was_written_and_nothing_else_is),
		cmocka_unit_test(what_stands_before_the_first_base_belongs_to_a_row_that_is_gone),
		cmocka_unit_test(more_than_there_is_room_for_cuts_the_trail),
		cmocka_unit_test(an_event_at_the_end_of_a_record_says_whether_another_comes_behind_it),
		cmocka_unit_test(whatever_leans_on_others_comes_back_as_it_was),
		cmocka_unit_test(announcements_are_counted_from_what_stands_before_them),
		cmocka_unit_test(the_next_purchase_at_the_same_till_says_only_what_is_new),
		cmocka_unit_test(what_leans_on_an_end_that_goes_elsewhere_stands_alone),
		cmocka_unit_test(an_end_that_was_cut_is_void_until_the_story_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
