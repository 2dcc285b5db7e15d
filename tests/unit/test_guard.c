/* SPDX-License-Identifier: Apache-2.0 */
/* The guard by id: blocks by themselves, and the whole of it against a plain set, with freezes,
 * aborts, reopenings and new generations, for ids that are counted up, nearly so, and not at all.
 * SEED and RUNS from the environment. */
#define _GNU_SOURCE /* nftw() */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/hash.h"
#include "store/table.h"
#include "tests/unit/env_fixture.h"

#define S(text) span_str(text)

static uint64_t random_state;

static uint32_t rnd(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)((random_state * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % below;
}

static void seed(unsigned long s)
{
	random_state = s * UINT64_C(0x9e3779b97f4a7c15) + 1;
}

static unsigned long seed_from_environment(void)
{
	const char *s = getenv("SEED");

	return s ? strtoul(s, NULL, 10) : 20260101;
}

/* ---- blocks */

static void a_block_holds_what_was_put_into_it_in_any_order(void **state)
{
	uint8_t bytes[64 * 1024], last[EVENT_ID_MAX];
	uint32_t print[1000];
	char text[8];
	struct span first = S("000");
	struct block_place p;
	unsigned n, put = 1;

	(void)state;
	seed(seed_from_environment());
	memset(print, 0, sizeof print);
	print[0] = 77;
	size_t size = block_begin(bytes, first, 77);
	for (unsigned i = 0; i < 1500; i++) {
		unsigned v = rnd(1000);

		snprintf(text, sizeof text, "%03u", v);
		assert_int_equal(block_find(span_of(bytes, size), first, S(text), &p), OK);
		assert_int_equal(p.found, print[v] != 0);
		if (p.found) {
			assert_int_equal(p.fingerprint, print[v]);
			continue;
		}
		print[v] = 1 + rnd(1u << 30);
		size = block_insert(bytes, size, &p, S(text), print[v]);
		assert_int_equal(block_check(span_of(bytes, size), first, &n, last), OK);
		assert_int_equal(n, ++put);
	}
	for (unsigned v = 0; v < 1000; v++) {
		snprintf(text, sizeof text, "%03u", v);
		assert_int_equal(block_find(span_of(bytes, size), first, S(text), &p), OK);
		assert_int_equal(p.found, print[v] != 0);
	}
}

static void what_is_no_block_is_said_to_be_none(void **state)
{
	static const struct { const char *bytes; size_t size; } wrong[] = {
		{ "", 0 }, { "\2\0\0\0", 4 }, { "\3\0\0\0\0", 5 },
		{ "\2\0\0\0\0\2\0\0\0\0", 10 },              /* shares all */
		{ "\2\0\0\0\0\1" "2\0\0\0", 10 },            /* cut off */
		{ "\2\0\0\0\0\1" "0\0\0\0\0", 11 },          /* not higher: "10" again */
		{ "\2\0\0\0\0\0" "20\0\0\0\0\0" "19\0\0\0\0", 19 }, /* falls */
	};
	uint8_t last[EVENT_ID_MAX];
	struct block_place p;
	unsigned n;

	(void)state;
	for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct span block = span_of(wrong[i].bytes, wrong[i].size);

		assert_int_equal(block_check(block, S("10"), &n, last), ERR_CORRUPT);
		if (i < 5)
			assert_int_equal(block_find(block, S("10"), S("11"), &p), ERR_CORRUPT);
	}
}

/* ---- the guard */

static void say_fault(void *arg, const char *text)
{
	(void)arg;
	print_error("%s\n", text);
}

static void verify_clean(struct env *e, uint64_t *ret_ids)
{
	struct env_report report;

	assert_int_equal(env_verify(e, &report, say_fault, NULL, NULL), 0);
	*ret_ids = report.guard_ids;
}

static uint64_t rows_of(struct env *e, const char *table)
{
	uint64_t rows, bytes;
	const char *name;

	for (unsigned i = 0; (name = env_table(e, i, &rows, &bytes)) != NULL; i++)
		if (strcmp(name, table) == 0)
			return rows;
	return 0;
}

static void count_up(struct fixture *f, const char *format, unsigned from, unsigned n, int want)
{
	char id[EVENT_ID_MAX + 1];

	for (unsigned i = from; i < from + n; i++) {
		snprintf(id, sizeof id, format, i, 100 + i * 7919 % 3000);
		if (env_guard_id(f->e, S("shop"), S(id), i) != want)
			fail_msg("%s", id);
	}
}

static void ids_that_are_counted_up_share_rows(void **state)
{
	struct fixture *f = *state;
	uint64_t ids;

	count_up(f, "T-%08u", 0, 5000, OK);
	assert_int_equal(env_commit(f->e), OK);
	assert_in_range(rows_of(f->e, "blocks0"), 30, 50);
	assert_int_equal(rows_of(f->e, "guard0"), 0);
	count_up(f, "T-%08u", 0, 5000, ERR_EXISTS);
	verify_clean(f->e, &ids);
	assert_int_equal(ids, 5000);
	fixture_reopen(f);
	count_up(f, "T-%08u", 5000, 5000, OK);
	count_up(f, "T-%08u", 0, 10000, ERR_EXISTS);
	verify_clean(f->e, &ids);
	assert_int_equal(ids, 10000);
}

/* As they come from several threads, and as `kith send` makes them. */
static void ids_a_little_out_of_order_of_several_kinds_and_lengths_do_so_too(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < 3000; i += 10) {
		count_up(f, "purchase/%06u/%u", i + 5, 5, OK);
		count_up(f, "refund/C%06u", i, 10, OK);
		count_up(f, "purchase/%06u/%u", i, 5, OK);
	}
	assert_int_equal(env_commit(f->e), OK);
	assert_int_equal(rows_of(f->e, "guard0"), 5); /* below the very first one */
	count_up(f, "purchase/%06u/%u", 0, 3000, ERR_EXISTS);
	count_up(f, "refund/C%06u", 0, 3000, ERR_EXISTS);
}

/* So that random ones cost what a row costs, and no block has to be looked through. */
static void scattered_ids_are_a_row_each(void **state)
{
	struct fixture *f = *state;
	char id[EVENT_ID_MAX + 1];
	uint64_t ids;

	for (unsigned round = 0; round < 4; round++) {
		seed(7);
		for (unsigned i = 0; i < 600; i++) {
			uint32_t a = rnd(1u << 30), b = rnd(1u << 30);
			int want = round == 0 ? OK : round < 3 ? ERR_EXISTS : ERR_INVALID;

			if (i == 20 && round == 0) { /* the block has a row by now */
				assert_int_equal(env_commit(f->e), OK);
				assert_int_equal(rows_of(f->e, "blocks0"), 1);
				fixture_reopen(f);
			}
			snprintf(id, sizeof id, "order/%08x-%08x", a * 4, b);
			assert_int_equal(env_guard_id(f->e, S("shop"), S(id), round < 3 ? i : i + 1), want);
		}
		assert_int_equal(env_commit(f->e), OK);
		assert_int_equal(rows_of(f->e, "blocks0"), 0);
		assert_int_equal(rows_of(f->e, "guard0"), 600);
		fixture_reopen(f);
	}
	assert_int_equal(env_guard_id(f->e, S("shop"), S("order/zzzzzzzz-00000000"), 1), OK);
	assert_int_equal(env_guard_id(f->e, S("shop"), S("order/zzzzzzzz-00000000"), 1), ERR_EXISTS);
	verify_clean(f->e, &ids);
	assert_int_equal(ids, 601);
}

static void other_content_under_an_id_is_told_wherever_the_id_lies(void **state)
{
	struct fixture *f = *state;

	count_up(f, "%u", 100, 900, OK);
	for (unsigned round = 0; round < 3; round++) {
		assert_int_equal(env_guard_id(f->e, S("shop"), S("100"), 1), ERR_INVALID);
		assert_int_equal(env_guard_id(f->e, S("shop"), S("550"), 1), ERR_INVALID);
		assert_int_equal(env_guard_id(f->e, S("shop"), S("999"), 1), ERR_INVALID);
		if (round == 0)
			assert_int_equal(env_commit(f->e), OK);
		else
			assert_int_equal(env_guard_rotate(f->e, round * 1000, 1000), OK);
	}
	assert_int_equal(env_guard_rotate(f->e, 3000, 1000), OK);
	count_up(f, "%u", 100, 900, OK);
}

static void flip(struct fixture *f, const char *table, struct span key, unsigned bit)
{
	char dir[4096];

	store_shard_dir(&f->s, 1, dir);
	env_close(f->e);
	f->e = NULL;
	raw_flip(dir, table, key, bit);
	fixture_open(f, FIXTURE_MAP);
}

static void a_damaged_block_is_an_answer_for_its_ids_and_nothing_else(void **state)
{
	struct fixture *f = *state;
	struct span open = span_of("\0\0\0\1\0\4" "1000", 10);

	count_up(f, "%u", 1000, 10, OK);
	assert_int_equal(env_guard_id(f->e, S("till"), S("1"), 1), OK);
	assert_int_equal(env_commit(f->e), OK);
	flip(f, "blocks0", open, 9);
	assert_int_equal(env_guard_id(f->e, S("shop"), S("1005"), 1005), ERR_CORRUPT);
	assert_int_equal(env_failed(f->e), OK);
	assert_int_equal(env_guard_id(f->e, S("till"), S("1"), 1), ERR_EXISTS);
	assert_int_equal(env_guard_id(f->e, S("shop"), S("999"), 1), OK);
	count_up(f, "%u", 1010, 10, OK);
	count_up(f, "%u", 1010, 10, ERR_EXISTS);
	assert_int_equal(env_commit(f->e), OK);
	fixture_reopen(f);
	count_up(f, "%u", 1010, 10, ERR_EXISTS);
	assert_int_equal(env_guard_id(f->e, S("shop"), S("1005"), 1005), ERR_CORRUPT);
}

static void a_read_only_guard_answers_and_takes_nothing(void **state)
{
	struct fixture *f = *state;

	count_up(f, "%u", 10, 50, OK);
	assert_int_equal(env_commit(f->e), OK);
	env_close(f->e);
	assert_int_equal(env_open(&f->s, 1, 0, true, &f->e, &f->c), OK);
	for (unsigned twice = 0; twice < 2; twice++) {
		count_up(f, "%u", 10, 50, ERR_EXISTS);
		assert_int_equal(env_guard_id(f->e, S("shop"), S("60"), 1), ERR_DENIED);
		assert_int_equal(env_guard_id(f->e, S("shop"), S("9"), 1), ERR_DENIED);
		assert_int_equal(env_guard_id(f->e, S("shop"), S("a-9"), 1), ERR_DENIED);
	}
}

/* ---- against a plain set */

#define SOURCES 12
#define PLACES  (1u << 18)
#define STEPS   24000

struct known {
	char key[80];    /* source, '|', id; empty: the place is free */
	uint32_t print;
	int generation;  /* NEVER: not there */
};
#define NEVER (-1000)

struct undo {
	struct known *place, before;
};

static struct {
	struct fixture *f;
	struct env *plain;           /* takes the same and is never written before the end */
	struct known *set;
	struct undo *log;
	unsigned n_log;
	char source[SOURCES][16];
	unsigned count[SOURCES];
	int generation, committed_generation, frozen_generation;
	int64_t now_ms, committed_ms, frozen_ms;
	unsigned frozen_log;
	unsigned long seed;
	unsigned step;
} w;

/* Sources that want each other's slots. */
static void name_sources(void)
{
	unsigned n = 0;

	for (unsigned i = 0; n < SOURCES; i++) {
		snprintf(w.source[n], sizeof w.source[0], "s%u", i);
		n += n % 4 == 0 || hash_32(w.source[n], strlen(w.source[n])) % SOURCES_CACHED ==
			hash_32(w.source[n - 1], strlen(w.source[n - 1])) % SOURCES_CACHED;
	}
}

static void make_id(unsigned s, char id[EVENT_ID_MAX + 1])
{
	unsigned n = w.count[s] += rnd(3) != 0, late = n > 20 && rnd(20) == 0 ? rnd(20) : 0;

	switch (s % 6) {
	case 0: snprintf(id, EVENT_ID_MAX + 1, "%u", n - late); break;
	case 1: snprintf(id, EVENT_ID_MAX + 1, "T%u-%06u", rnd(3), n - late); break;
	case 2: snprintf(id, EVENT_ID_MAX + 1, "%s/%06u/%u", rnd(3) ? "purchase" : "refund", n - late,
		n * 7919 % 3000); break;
	case 3: snprintf(id, EVENT_ID_MAX + 1, "%08x-%08x", rnd(1u << 30), n); break;
	case 4: snprintf(id, EVENT_ID_MAX + 1, "%.*s%u", (int)rnd(3), "aaa", rnd(5000)); break;
	case 5: snprintf(id, EVENT_ID_MAX + 1, "%s-%u", (const char *[]){ "a", "b", "c", "dd", "e", "f" }
		[rnd(6)], n); break;
	}
}

static struct known *place_of(unsigned s, const char *id)
{
	char key[80];
	unsigned at;

	snprintf(key, sizeof key, "%u|%s", s, id);
	for (at = hash_32(key, strlen(key)); w.set[at % PLACES].key[0]; at++)
		if (strcmp(w.set[at % PLACES].key, key) == 0)
			return &w.set[at % PLACES];
	memcpy(w.set[at % PLACES].key, key, sizeof key);
	w.set[at % PLACES].generation = NEVER;
	return &w.set[at % PLACES];
}

static void event_step(void)
{
	unsigned s = rnd(SOURCES), print = 1 + (rnd(20) == 0);
	char id[EVENT_ID_MAX + 1];
	struct known *k;
	int want, got, plain;

	make_id(s, id);
	k = place_of(s, id);
	want = k->generation < w.generation - 1 ? OK : k->print == print ? ERR_EXISTS : ERR_INVALID;
	got = env_guard_id(w.f->e, S(w.source[s]), S(id), print);
	plain = w.plain ? env_guard_id(w.plain, S(w.source[s]), S(id), print) : got;
	if (got != want || plain != want)
		fail_msg("SEED=%lu step %u: %s of %s: %d, %d and not %d", w.seed, w.step, id, w.source[s],
			got, plain, want);
	if (want != OK)
		return;
	w.log[w.n_log++] = (struct undo){ k, *k };
	k->print = print;
	k->generation = w.generation;
}

static void rotate_step(void)
{
	w.now_ms += rnd(100);
	if (w.now_ms - env_meta(w.f->e)->guard_since_ms >= 1000)
		w.generation += env_meta(w.f->e)->guard_since_ms != 0;
	assert_int_equal(env_guard_rotate(w.f->e, w.now_ms, 1000), OK);
	if (w.plain)
		assert_int_equal(env_guard_rotate(w.plain, w.now_ms, 1000), OK);
}

static void undo_to_commit(void)
{
	while (w.n_log > 0) {
		w.n_log--;
		*w.log[w.n_log].place = w.log[w.n_log].before;
	}
	w.generation = w.committed_generation;
	w.now_ms = w.committed_ms;
	w.frozen_log = 0;
}

static void frozen_is_committed(void)
{
	w.committed_generation = w.frozen_generation;
	w.committed_ms = w.frozen_ms;
	w.n_log -= w.frozen_log;
	memmove(w.log, w.log + w.frozen_log, w.n_log * sizeof *w.log);
	w.frozen_log = 0;
}

static void freeze_step(void)
{
	if (env_frozen(w.f->e)) {
		assert_int_equal(env_flush(w.f->e), OK);
		env_flushed(w.f->e, OK);
		frozen_is_committed();
	} else if (env_freeze(w.f->e) == OK) {
		w.frozen_generation = w.generation;
		w.frozen_ms = w.now_ms;
		w.frozen_log = w.n_log;
	}
}

/* PLAIN cannot go back, so where there is one nothing is dropped. */
static void boundary_step(void)
{
	unsigned what = rnd(4);

	if (what >= 2 || w.plain) {
		assert_int_equal(env_commit(w.f->e), OK);
		w.frozen_generation = w.generation;
		w.frozen_ms = w.now_ms;
		w.frozen_log = w.n_log;
		frozen_is_committed();
	}
	if (what == 0)
		fixture_reopen(w.f);
	else if (what == 1)
		env_abort(w.f->e);
	if (what < 2)
		undo_to_commit();
}

static void step(void)
{
	unsigned n = rnd(2000);

	if (n < 1980)
		event_step();
	else if (n < 1990)
		rotate_step();
	else if (n < 1997)
		freeze_step();
	else
		boundary_step();
}

static int add_row(void *arg, const char *table, struct span key, struct span value)
{
	struct buf *b = arg;

	buf_printf(b, "%s ", table);
	buf_add(b, key.data, key.size);
	buf_add(b, value.data, value.size);
	return OK;
}

static void assert_same_rows(struct env *a, struct env *b)
{
	struct buf rows_a = { 0 }, rows_b = { 0 };

	assert_int_equal(env_dump(a, add_row, &rows_a), OK);
	assert_int_equal(env_dump(b, add_row, &rows_b), OK);
	assert_false(rows_a.failed || rows_b.failed);
	if (!span_eq(span_of(rows_a.data, rows_a.size), span_of(rows_b.data, rows_b.size)))
		fail_msg("SEED=%lu: the rows depend on when they were written", w.seed);
	buf_fini(&rows_a);
	buf_fini(&rows_b);
}

static void run(struct fixture *plain)
{
	uint64_t ids, want = 0;

	w.f = fixture_new(FIXTURE_MAP);
	w.plain = plain ? plain->e : NULL;
	w.set = calloc(PLACES, sizeof *w.set);
	w.log = calloc(STEPS, sizeof *w.log);
	assert_true(w.set && w.log);
	w.now_ms = w.committed_ms = 1000;
	name_sources();
	rotate_step();
	for (w.step = 0; w.step < STEPS; w.step++)
		step();
	verify_clean(w.f->e, &ids);
	for (unsigned i = 0; i < PLACES; i++)
		want += w.set[i].key[0] && w.set[i].generation >= w.generation - 1;
	if (ids != want)
		fail_msg("SEED=%lu: %llu ids and not %llu", w.seed, (unsigned long long)ids,
			(unsigned long long)want);
	if (plain)
		assert_same_rows(w.f->e, plain->e);
	fixture_free(w.f);
	free(w.set);
	free(w.log);
}

static void runs(bool with_plain)
{
	const char *n = getenv("RUNS");

	for (unsigned i = 0; i < (n ? (unsigned)atoi(n) : 1) * 4; i++) {
		struct fixture *plain = with_plain ? fixture_new(FIXTURE_MAP) : NULL;

		memset(&w, 0, sizeof w);
		w.seed = seed_from_environment() + i;
		seed(w.seed);
		run(plain);
		if (plain)
			fixture_free(plain);
	}
}

static void the_guard_knows_what_a_plain_set_knows(void **state)
{
	(void)state;
	runs(false);
}

static void its_rows_do_not_depend_on_when_they_were_written(void **state)
{
	(void)state;
	runs(true);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_block_holds_what_was_put_into_it_in_any_order),
		cmocka_unit_test(what_is_no_block_is_said_to_be_none),
		T(ids_that_are_counted_up_share_rows),
		T(ids_a_little_out_of_order_of_several_kinds_and_lengths_do_so_too),
		T(scattered_ids_are_a_row_each),
		T(other_content_under_an_id_is_told_wherever_the_id_lies),
		T(a_damaged_block_is_an_answer_for_its_ids_and_nothing_else),
		T(a_read_only_guard_answers_and_takes_nothing),
		cmocka_unit_test(the_guard_knows_what_a_plain_set_knows),
		cmocka_unit_test(its_rows_do_not_depend_on_when_they_were_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
