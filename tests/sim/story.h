/* SPDX-License-Identifier: Apache-2.0 */
/* What the test programs of this folder share: cmocka, and the trace as an assertion. */
#ifndef KITH_TESTS_STORY_H
#define KITH_TESTS_STORY_H
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "tests/sim/sim.h"

static inline void story_failed(const char *text)
{
	fail_msg("%s", text);
}

/* Everything that left the process since the last look. */
#define SIM_TRACE(s, expected) story_compare(sim_trace_take(s), expected, __FILE__, __LINE__)
#define SIM_HISTORY(s, id, expected) story_compare(sim_history(s, id), expected, __FILE__, __LINE__)

/* TEXT, which is freed. */
static inline void story_compare(char *text, const char *expected, const char *file, int line)
{
	bool equal = strcmp(text, expected) == 0;

	if (!equal)
		print_error("got:\n%s\nexpected:\n%s\n", text, expected);
	free(text);
	if (!equal)
		_fail(file, line);
}

static inline struct sim *story_new(void)
{
	return sim_new(&(struct sim_options){ .seed = random_seed(1) });
}

/* The end of every story: what must always hold does, also after a crash and after a clean stop. */
static inline void story_end(struct sim *s)
{
	sim_check(s);
	sim_crash(s);
	sim_start(s);
	sim_check(s);
	sim_stop(s);
	sim_start(s);
	sim_check(s);
	sim_free(s);
}

#endif
