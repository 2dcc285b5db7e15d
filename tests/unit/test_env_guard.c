/* SPDX-License-Identifier: Apache-2.0 */
/* Env: ids and sequences of sources, and the trails of ids. */
#define _GNU_SOURCE /* nftw() */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "tests/unit/env_steps.h"

static void an_id_is_remembered_with_its_fingerprint(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(env_guard_id(f->e, S("till-7"), S("41"), 100), OK);
	assert_int_equal(env_guard_id(f->e, S("till-7"), S("41"), 100), ERR_EXISTS);
	assert_int_equal(env_guard_id(f->e, S("till-7"), S("41"), 101), ERR_INVALID);
	assert_int_equal(env_guard_id(f->e, S("till-8"), S("41"), 101), OK);
	commit(f);
	fixture_reopen(f);
	assert_int_equal(env_guard_id(f->e, S("till-7"), S("41"), 100), ERR_EXISTS);
	assert_int_equal(env_guard_id(f->e, S("till-8"), S("41"), 101), ERR_EXISTS);
	assert_int_equal(env_guard_id(f->e, S("till-8"), S("42"), 101), OK);
}

static void an_id_is_forgotten_after_two_generations(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(env_guard_rotate(f->e, 1000, 100), OK);
	assert_int_equal(env_meta(f->e)->guard_since_ms, 1000);
	assert_int_equal(env_guard_id(f->e, S("s"), S("a"), 1), OK);
	assert_int_equal(env_guard_rotate(f->e, 1099, 100), OK);
	assert_int_equal(env_meta(f->e)->guard_since_ms, 1000);
	assert_int_equal(env_guard_id(f->e, S("s"), S("b"), 1), OK);
	assert_int_equal(env_guard_rotate(f->e, 1100, 100), OK);
	assert_int_equal(env_meta(f->e)->guard_since_ms, 1100);
	assert_int_equal(env_guard_id(f->e, S("s"), S("b"), 1), ERR_EXISTS);
	assert_int_equal(env_guard_id(f->e, S("s"), S("b"), 2), ERR_INVALID);
	assert_int_equal(env_guard_id(f->e, S("s"), S("c"), 1), OK);
	commit(f);
	fixture_reopen(f);
	assert_int_equal(env_guard_id(f->e, S("s"), S("a"), 1), ERR_EXISTS);
	assert_int_equal(env_guard_rotate(f->e, 1200, 100), OK);
	assert_int_equal(env_guard_id(f->e, S("s"), S("c"), 1), ERR_EXISTS);
	assert_int_equal(env_guard_id(f->e, S("s"), S("a"), 1), OK);
	assert_int_equal(env_guard_id(f->e, S("s"), S("b"), 1), OK);
}

/* Only ids at or below the top one of their source are looked up. */
static void an_id_is_new_or_known_whether_it_is_above_the_top_one_or_not(void **state)
{
	static const char *const rising[] = { "8", "9", "10", "99", "100", "x-1" };
	struct fixture *f = *state;

	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(env_guard_id(f->e, S("s"), S(rising[i]), 1), OK);
	for (unsigned twice = 0; twice < 2; twice++) {
		for (unsigned i = 0; i < 6; i++)
			assert_int_equal(env_guard_id(f->e, S("s"), S(rising[i]), 1), ERR_EXISTS);
		assert_int_equal(env_guard_id(f->e, S("s"), S("99"), 2), ERR_INVALID);
		assert_int_equal(env_guard_id(f->e, S("t"), S(twice ? "7" : "5"), 1), OK);
		assert_int_equal(env_guard_id(f->e, S("s"), S(twice ? "98" : "97"), 1), OK);
		assert_int_equal(env_guard_id(f->e, S("s"), S(twice ? "98" : "97"), 1), ERR_EXISTS);
		commit(f);
		fixture_reopen(f);
	}
	assert_int_equal(env_guard_id(f->e, S("t"), S("5"), 1), ERR_EXISTS);
	assert_int_equal(env_guard_id(f->e, S("t"), S("6"), 1), OK);
	assert_int_equal(env_guard_id(f->e, S("t"), S("6"), 1), ERR_EXISTS);
}

static void a_sequence_only_rises(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(env_guard_sequence(f->e, S("s"), 0), ERR_EXISTS);
	assert_int_equal(env_guard_sequence(f->e, S("s"), 5), OK);
	assert_int_equal(env_guard_sequence(f->e, S("s"), 5), ERR_EXISTS);
	assert_int_equal(env_guard_sequence(f->e, S("s"), 4), ERR_EXISTS);
	assert_int_equal(env_guard_sequence(f->e, S("t"), 4), OK);
	assert_int_equal(env_guard_sequence(f->e, S("s"), UINT64_MAX), OK);
	commit(f);
	fixture_reopen(f);
	assert_int_equal(env_guard_sequence(f->e, S("s"), UINT64_MAX), ERR_EXISTS);
	assert_int_equal(env_guard_sequence(f->e, S("t"), 4), ERR_EXISTS);
	assert_int_equal(env_guard_sequence(f->e, S("t"), 5), OK);
}

/* Far more sources than the cache has slots: each must come back from its row. */
static void more_sources_than_the_cache_holds_keep_their_sequence(void **state)
{
	struct fixture *f = *state;
	char name[32];

	for (unsigned round = 1; round <= 3; round++)
		for (unsigned i = 0; i < 6000; i++) {
			snprintf(name, sizeof name, "source-%u", i);
			assert_int_equal(env_guard_sequence(f->e, S(name), i + round), OK);
		}
	commit(f);
	fixture_reopen(f);
	for (unsigned i = 0; i < 6000; i++) {
		snprintf(name, sizeof name, "source-%u", i);
		assert_int_equal(env_guard_sequence(f->e, S(name), i + 3), ERR_EXISTS);
		assert_int_equal(env_guard_id(f->e, S(name), S("1"), i), OK);
	}
	env_abort(f->e);
	for (unsigned i = 0; i < 6000; i++) {
		snprintf(name, sizeof name, "source-%u", i);
		assert_int_equal(env_guard_sequence(f->e, S(name), i + 3), ERR_EXISTS);
		assert_int_equal(env_guard_sequence(f->e, S(name), i + 4), OK);
	}
}

static void assert_trail(struct env *e, uint32_t generation, uint32_t number, const char *want)
{
	struct span got;
	int rc = env_trail_get(e, generation, number, &got);

	assert_int_equal(rc, want ? OK : ERR_NOTFOUND);
	if (want)
		assert_true(span_eq(got, S(want)));
}

static uint32_t trail_add(struct fixture *f, uint32_t generation, const struct span *parts, unsigned n)
{
	uint32_t number = 0;

	assert_int_equal(env_trail_add(f->e, generation, parts, n, &number), OK);
	return number;
}

static void the_older_generation_of_trails_goes_at_once_and_the_other_stays(void **state)
{
	struct fixture *f = *state;
	struct span parts[2] = { S("was "), S("here") };

	assert_int_equal(trail_add(f, 1, parts, 2), 1);
	assert_int_equal(trail_add(f, 2, parts, 1), 1);
	assert_int_equal(trail_add(f, 1, parts, 1), 2);
	commit(f);
	fixture_reopen(f);
	assert_trail(f->e, 1, 1, "was here");
	assert_trail(f->e, 1, 2, "was ");
	assert_trail(f->e, 2, 1, "was ");
	assert_trail(f->e, 2, 2, NULL);
	/* one that lies in the tree is replaced without being asked for; a new one added */
	assert_int_equal(env_trail_put(f->e, 2, 1, parts, 2), OK);
	assert_int_equal(trail_add(f, 2, parts, 1), 2);
	assert_trail(f->e, 2, 1, "was here");
	verify_clean(f);
	assert_int_equal(env_trails_empty(f->e, 3), OK); /* where generation 1 stood */
	assert_trail(f->e, 3, 1, NULL);
	assert_int_equal(trail_add(f, 3, parts + 1, 1), 1);
	verify_clean(f);
	commit(f);
	fixture_reopen(f);
	assert_trail(f->e, 3, 1, "here");
	assert_trail(f->e, 3, 2, NULL);
	assert_trail(f->e, 2, 1, "was here");
	assert_trail(f->e, 2, 2, "was ");
	assert_int_equal(trail_add(f, 2, parts, 2), 3);
	assert_int_equal(trail_add(f, 3, parts, 2), 2);
	verify_clean(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_id_is_remembered_with_its_fingerprint),
		T(an_id_is_forgotten_after_two_generations),
		T(an_id_is_new_or_known_whether_it_is_above_the_top_one_or_not),
		T(a_sequence_only_rises),
		T(more_sources_than_the_cache_holds_keep_their_sequence),
		T(the_older_generation_of_trails_goes_at_once_and_the_other_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
