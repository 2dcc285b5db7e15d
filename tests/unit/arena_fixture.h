/* SPDX-License-Identifier: Apache-2.0 */
/* The arena that a test of messages decodes into: one for each test program. */
#ifndef KITH_TESTS_UNIT_ARENA_FIXTURE_H
#define KITH_TESTS_UNIT_ARENA_FIXTURE_H
#include "proto/codec.h"

static struct arena *arena;

static int arena_setup(void **state)
{
	(void)state;
	arena = arena_new(64 << 10, 64 << 20);
	return arena ? 0 : -1;
}

static int arena_teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

#endif
