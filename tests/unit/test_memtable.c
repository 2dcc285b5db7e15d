/* SPDX-License-Identifier: Apache-2.0 */
/* Memtable against a model: random rows of random tables, put, deleted, emptied, sought in either
 * direction, with an order asked for early, late or never. SEED and RUNS from the environment. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "store/memtable.h"

#define KEYS  600
#define STEPS 20000
#define T     3 /* the table; the one behind it has to stay as it is */

enum what { NOTHING, LIVE, GONE };

static struct {
	struct memtable m;
	enum what is[KEYS];
	bool fresh[KEYS];
	uint32_t value[KEYS], size[KEYS];
	uint64_t random;
	unsigned long seed;
	unsigned step;
} w;

#define CHECK(condition) \
	do { \
		if (!(condition)) \
			fail_msg("SEED=%lu step %u: %s does not hold", w.seed, w.step, #condition); \
	} while (0)

static uint32_t rnd(uint32_t below)
{
	w.random ^= w.random << 13;
	w.random ^= w.random >> 7;
	w.random ^= w.random << 17;
	return (uint32_t)((w.random * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % below;
}

/* In the order of their numbers; many begin alike for more than eight bytes, and some are the
 * beginning of others. */
static struct span key_of(unsigned i)
{
	static char text[4][64];
	static unsigned turn;
	char *t = text[turn++ % 4];

	if (i % 3 == 0)
		return span_of(t, (size_t)snprintf(t, 64, "customer-%03u", i / 3));
	return span_of(t, (size_t)snprintf(t, 64, "customer-%03u-%u", i / 3, i % 3));
}

static struct span value_of(unsigned i)
{
	static uint8_t bytes[4000];

	for (unsigned k = 0; k < w.size[i]; k++)
		bytes[k] = (uint8_t)((w.value[i] + k) * 2654435761u >> 24);
	return span_of(bytes, w.size[i]);
}

static uint32_t hash(struct span key)
{
	return memtable_hash(T, key);
}

static void check_one(unsigned i)
{
	struct span key = key_of(i);
	const struct memrow *r = memtable_find(&w.m, T, key, hash(key));

	CHECK((r != NULL) == (w.is[i] != NOTHING));
	if (!r)
		return;
	CHECK(r->gone == (w.is[i] == GONE) && r->fresh == w.fresh[i]);
	CHECK(span_eq(memrow_key(r), key));
	CHECK(r->gone || span_eq(memrow_value(&w.m, r), value_of(i)));
}

/* What a walk in order comes by. */
static bool is_listed(unsigned i)
{
	return w.is[i] == LIVE || (w.is[i] == GONE && !w.fresh[i]);
}

static void put_step(unsigned i)
{
	static const uint32_t sizes[] = { 1, 30, 200, 4000 };
	struct span key = key_of(i);
	struct memrow *r;

	bool unseen = w.is[i] == NOTHING && rnd(2);

	if (w.is[i] == NOTHING)
		w.fresh[i] = unseen || rnd(2);
	w.is[i] = LIVE;
	w.value[i] = rnd(1u << 30);
	w.size[i] = rnd(sizes[rnd(4)]);
	if (unseen)
		CHECK(memtable_add(&w.m, T, key, value_of(i), &r) == OK);
	else
		CHECK(memtable_put(&w.m, T, key, hash(key), value_of(i), w.fresh[i], &r) == OK);
	CHECK(span_eq(memrow_key(r), key));
}

static void del_step(unsigned i)
{
	struct span key = key_of(i);

	CHECK(memtable_del(&w.m, T, key, hash(key)) == OK);
	if (w.is[i] == NOTHING)
		w.fresh[i] = false;
	w.is[i] = GONE;
}

static void seek_step(unsigned i)
{
	enum memtable_seek how = (enum memtable_seek)rnd(3);
	bool any = rnd(10) == 0;
	int at = any ? (how == MEM_BEFORE ? KEYS - 1 : 0) :
		(int)i + (how == MEM_AFTER) - (how == MEM_BEFORE);
	struct memrow *r;

	while (at >= 0 && at < KEYS && !is_listed((unsigned)at))
		at += how == MEM_BEFORE ? -1 : 1;
	CHECK(memtable_seek(&w.m, T, any ? span_of(NULL, 0) : key_of(i), how, &r) == OK);
	CHECK((r != NULL) == (at >= 0 && at < KEYS));
	CHECK(!r || span_eq(memrow_key(r), key_of((unsigned)at)));
}

static void sorted_step(void)
{
	mem_at *rows;
	uint32_t n;
	unsigned k = 0;

	CHECK(memtable_sorted(&w.m, T, &rows, &n) == OK);
	for (unsigned i = 0; i < KEYS; i++)
		if (w.is[i] != NOTHING)
			CHECK(k < n && span_eq(memrow_key(mem_ptr(&w.m, rows[k++])), key_of(i)));
	CHECK(k == n);
	free(rows);
}

static void empty_step(bool reset)
{
	if (reset)
		memtable_reset(&w.m);
	else
		memtable_empty(&w.m, T);
	CHECK(w.m.tables[T].emptied == !reset);
	CHECK(!reset || (memtable_is_empty(&w.m) && memtable_bytes(&w.m) == 0));
	memset(w.is, 0, sizeof w.is);
}

static void account_check(void)
{
	uint64_t bytes = 0;
	uint32_t used = 0, fresh = 0;

	for (unsigned i = 0; i < KEYS; i++) {
		used += w.is[i] != NOTHING;
		fresh += w.is[i] != NOTHING && w.fresh[i];
		if (w.is[i] == LIVE && w.fresh[i])
			bytes += key_of(i).size + w.size[i];
	}
	CHECK(w.m.tables[T].used == used && w.m.tables[T].fresh == fresh);
	CHECK(w.m.tables[T].fresh_bytes == bytes);
}

static void step(bool seeks)
{
	unsigned i = rnd(KEYS), n = rnd(1000);

	if (n < 400)
		put_step(i);
	else if (n < 600)
		del_step(i);
	else if (n < 900 && seeks)
		seek_step(i);
	else if (n < 995)
		check_one(i);
	else if (n < 998)
		sorted_step();
	else if (rnd(3) == 0)
		empty_step(rnd(2));
	if (n % 100 == 0)
		account_check();
}

static void a_memtable_does_what_the_model_does(void **state)
{
	const char *seed = getenv("SEED"), *runs = getenv("RUNS");
	unsigned n = runs ? (unsigned)atoi(runs) : 1;

	(void)state;
	for (unsigned run = 0; run < n * 6; run++) {
		unsigned first_seek;
		struct memrow *r;

		memset(&w, 0, sizeof w);
		w.seed = (seed ? strtoul(seed, NULL, 10) : 20260107) + run;
		w.random = w.seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
		memtable_init(&w.m, NULL);
		first_seek = rnd(STEPS);
		for (w.step = 0; w.step < STEPS; w.step++)
			step(w.step >= first_seek);
		for (unsigned i = 0; i < KEYS; i++)
			check_one(i);
		CHECK(memtable_seek(&w.m, T + 1, span_of(NULL, 0), MEM_FROM, &r) == OK && !r);
		memtable_fini(&w.m);
	}
}

static void rows_that_rise_and_rows_that_do_not_are_sorted(void **state)
{
	static const char *const keys[] = { "b", "a", "ab", "abcdefghij-2", "abcdefghij-1", "abcdefghij",
		"abcdefgh", "b1", "c" };
	static const unsigned order[] = { 1, 2, 6, 5, 4, 3, 0, 7, 8 };
	struct memtable m;
	struct memrow *r;
	mem_at *rows;
	uint32_t n;

	(void)state;
	memtable_init(&m, NULL);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 9; i++)
			assert_int_equal(memtable_add(&m, T, span_str(keys[round ? order[i] : i]),
				span_str("x"), &r), OK);
		assert_int_equal(memtable_sorted(&m, T, &rows, &n), OK);
		assert_int_equal(n, 9);
		for (unsigned i = 0; i < 9; i++)
			assert_true(span_eq(memrow_key(mem_ptr(&m, rows[i])), span_str(keys[order[i]])));
		free(rows);
		memtable_reset(&m);
	}
	memtable_fini(&m);
}

static void a_value_may_come_from_the_memtable(void **state)
{
	struct memtable m;
	struct memrow *r;
	struct span key = span_str("anna"), got;

	(void)state;
	memtable_init(&m, NULL);
	assert_int_equal(memtable_put(&m, 0, key, 1, span_str("0123456789"), false, &r), OK);
	got = memrow_value(&m, r);
	assert_int_equal(memtable_put(&m, 0, key, 1, span_of(got.data + 2, 8), false, &r), OK);
	assert_true(span_eq(memrow_value(&m, r), span_str("23456789")));
	assert_int_equal(memtable_put(&m, 0, span_str("bert"), 1, memrow_value(&m, r), false, &r), OK);
	assert_true(span_eq(memrow_value(&m, r), span_str("23456789")));
	memtable_fini(&m);
}

/* Two records that grow by turns, as they do with each event: one stands where the other did. */
static void what_a_value_has_grown_out_of_is_taken_by_the_next(void **state)
{
	static const char *const keys[] = { "anna", "bert" };
	struct memtable m;
	struct memrow *r, *rows[2] = { NULL, NULL };
	uint8_t value[1200];
	uint64_t bytes;

	(void)state;
	memset(value, 7, sizeof value);
	memtable_init(&m, NULL);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(memtable_put(&m, 0, span_str(keys[i]), i, span_of(value, 400), false,
			&rows[i]), OK);
	assert_int_equal(memtable_write(&m, 0, rows[0], 0, span_of(value, 1200)), OK);
	bytes = memtable_bytes(&m);
	assert_int_equal(memtable_put(&m, 0, span_str("carl"), 2, span_of(value, 390), false, &r), OK);
	assert_in_range(memtable_bytes(&m), bytes, bytes + 64); /* its row alone */
	/* What it is copied from stands in what it leaves. */
	for (unsigned i = 0; i < 256; i++)
		value[i] = (uint8_t)i;
	assert_int_equal(memtable_write(&m, 0, rows[1], 1, span_of(value, 400)), OK);
	memcpy(value + 400, value, 400);
	assert_int_equal(memtable_make(&m, 0, span_str("dora"), 3, memrow_value(&m, rows[1]), false, &r),
		OK);
	assert_int_equal(memtable_write(&m, 0, rows[1], 1, span_of(value, 1000)), OK);
	assert_memory_equal(memrow_value(&m, rows[1]).data, value, 800);
	assert_memory_equal(memrow_value(&m, r).data, value, 400);
	memtable_reset(&m);
	assert_int_equal(memtable_put(&m, 0, span_str("anna"), 0, span_of(value, 390), false, &r), OK);
	assert_memory_equal(memrow_value(&m, r).data, value, 390);
	memtable_fini(&m);
}

/* Values of a chunk's size, so that each takes one. */
static struct span number_of(uint32_t i)
{
	static uint8_t bytes[4];

	put_be32(bytes, i);
	return span_of(bytes, sizeof bytes);
}

/* As many as make slots of several chunks, twice: the second time in what the first has left. */
static void what_is_only_appended_is_found_when_somebody_asks(void **state)
{
	const uint32_t many = 500000;
	struct memtable m;
	struct memrow *r;

	(void)state;
	memtable_init(&m, NULL);
	for (unsigned round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < many; i++) {
			struct span key = number_of(i);

			assert_int_equal(memtable_add(&m, T, key, key, &r), OK);
			/* nobody has a slot that could be looked at */
			assert_false(memtable_ahead(&m, T, memtable_hash(T, key), MEM_ROW));
		}
		assert_int_equal(m.tables[T].seen, 0);
		for (uint32_t i = 0; i <= many; i += 997) {
			struct span key = number_of(i);

			assert_non_null(memtable_find(&m, T, key, memtable_hash(T, key)));
		}
		assert_null(memtable_find(&m, T, number_of(many), memtable_hash(T, number_of(many))));
		memtable_reset(&m);
	}
	memtable_fini(&m);
}

static void grow(struct memtable *m, unsigned chunks)
{
	static const uint8_t value[MEM_CHUNK_BYTES - 4096];
	uint8_t key[4];
	struct memrow *r;

	for (unsigned i = 0; i < chunks; i++) {
		put_be32(key, i);
		assert_int_equal(memtable_put(m, 0, span_of(key, 4), i, span_of(value, sizeof value), true,
			&r), OK);
	}
}

static void memory_that_lies_ready_is_taken_first_and_kept_through_a_reset(void **state)
{
	struct mem_spares spares = { 0 };
	struct memtable m;
	uint8_t *ready[MEM_SPARES];

	(void)state;
	memtable_init(&m, &spares);
	assert_false(memtable_wants_spares(&m)); /* who has little needs none */
	grow(&m, 1);
	assert_true(memtable_wants_spares(&m));
	mem_spares_fill(&spares);
	assert_false(memtable_wants_spares(&m));
	for (unsigned i = 0; i < MEM_SPARES; i++)
		ready[i] = spares.chunk[i];
	memtable_reset(&m);
	grow(&m, 2 + MEM_SPARES);
	for (unsigned i = 0; i < MEM_SPARES; i++)
		assert_ptr_equal(m.chunks[1 + i], ready[i]);
	assert_true(memtable_wants_spares(&m));
	grow(&m, 3 * MEM_CHUNKS_KEPT);
	memtable_reset(&m);
	assert_true(m.n_chunks >= 3 * MEM_CHUNKS_KEPT);
	assert_false(memtable_wants_spares(&m));
	assert_int_equal(memtable_bytes(&m), 0);
	memtable_relax(&m);
	assert_int_equal(m.n_chunks, MEM_CHUNKS_KEPT);
	grow(&m, 4);
	memtable_fini(&m);
	mem_spares_fini(&spares);
}

static struct span number(uint8_t key[8], uint64_t n)
{
	put_be64(key, n);
	return span_of(key, 8);
}

static void what_is_appended_has_no_room_to_grow_and_may(void **state)
{
	uint8_t key[8], value[400];
	struct memtable m;
	struct memrow *r, *first;
	mem_at before;

	(void)state;
	memset(value, 7, sizeof value);
	memtable_init(&m, NULL);
	assert_int_equal(memtable_append(&m, T, number(key, 1), span_of(value, 300), &first), OK);
	before = first->value;
	assert_int_equal(memtable_append(&m, T, number(key, 2), span_of(value, 300), &r), OK);
	/* In 8 bytes, and nothing between the two but the second one's row. */
	assert_int_equal(r->value - before, (300 + 7) / 8 + (sizeof *r + 8 + 7) / 8);
	assert_int_equal(memtable_put(&m, T, number(key, 1), memtable_hash(T, number(key, 1)),
		span_of(value, 400), true, &r), OK);
	assert_ptr_equal(r, first);
	assert_true(span_eq(memrow_value(&m, r), span_of(value, 400)));
	assert_int_equal(m.tables[T].fresh_bytes, 8 + 400 + 8 + 300);
	memtable_fini(&m);
}

static void rows_that_were_appended_are_found_as_they_rise(void **state)
{
	const unsigned n = 1000;
	struct memtable m;
	struct memrow *r;
	uint8_t key[8];

	(void)state;
	memtable_init(&m, NULL);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(memtable_append(&m, T, number(key, 10 + 2 * i), span_of("v", 1), &r),
			OK);
	}
	for (unsigned i = 0; i <= 10 + 2 * n; i++) {
		bool there = i >= 10 && i % 2 == 0 && i < 10 + 2 * n;

		r = memtable_find(&m, T, number(key, i), memtable_hash(T, number(key, i)));
		assert_int_equal(r != NULL, there);
		assert_true(!r || get_be64(r->key) == i);
	}
	assert_int_equal(m.tables[T].seen, 0); /* nobody had to be given a slot */
	assert_int_equal(memtable_del(&m, T, number(key, 10), memtable_hash(T, number(key, 10))), OK);
	assert_true(memtable_find(&m, T, number(key, 10), memtable_hash(T, number(key, 10)))->gone);
	/* One that is among them, and was not appended: from now on all have a slot. */
	assert_int_equal(memtable_del(&m, T, number(key, 11), memtable_hash(T, number(key, 11))), OK);
	assert_true(memtable_find(&m, T, number(key, 11), memtable_hash(T, number(key, 11)))->gone);
	assert_false(memtable_find(&m, T, number(key, 12), memtable_hash(T, number(key, 12)))->gone);
	memtable_fini(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_that_were_appended_are_found_as_they_rise),
		cmocka_unit_test(what_is_appended_has_no_room_to_grow_and_may),
		cmocka_unit_test(what_is_only_appended_is_found_when_somebody_asks),
		cmocka_unit_test(a_memtable_does_what_the_model_does),
		cmocka_unit_test(a_value_may_come_from_the_memtable),
		cmocka_unit_test(what_a_value_has_grown_out_of_is_taken_by_the_next),
		cmocka_unit_test(memory_that_lies_ready_is_taken_first_and_kept_through_a_reset),
		cmocka_unit_test(rows_that_rise_and_rows_that_do_not_are_sorted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
