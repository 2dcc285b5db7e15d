/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that the tests of store/env.h have in common. Define _GNU_SOURCE and include cmocka first. */
#ifndef KITH_TESTS_ENV_STEPS_H
#define KITH_TESTS_ENV_STEPS_H
#include "tests/unit/env_fixture.h"

#define S(text) span_str(text)
/* A test with an environment of its own. */
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

static inline void assert_span(struct span s, const char *text)
{
	assert_int_equal(s.size, strlen(text));
	assert_memory_equal(s.data, text, s.size);
}

static inline void commit(struct fixture *f)
{
	assert_int_equal(env_commit(f->e), OK);
}

static inline void shard_dir(const struct fixture *f, char *out)
{
	store_shard_dir(&f->s, 1, out);
}

/* Close, flip one bit of a value, open again. */
static inline void flip(struct fixture *f, const char *table, struct span key, unsigned bit)
{
	char dir[4096];

	shard_dir(f, dir);
	env_close(f->e);
	f->e = NULL;
	raw_flip(dir, table, key, bit);
	fixture_open(f, FIXTURE_MAP);
}

static inline void say_fault(void *arg, const char *text)
{
	(void)arg;
	print_error("%s\n", text);
}

/* Row counts among others, which the store keeps without asking what was there. */
static inline void verify_clean(struct fixture *f)
{
	struct env_report report;

	assert_int_equal(env_verify(f->e, &report, say_fault, NULL, NULL), 0);
}

#endif
