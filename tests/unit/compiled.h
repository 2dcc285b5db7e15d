/* SPDX-License-Identifier: Apache-2.0 */
/* Lifecycle files in tests: one that compiles, and one that is refused by where and what. Included
 * after cmocka. */
#ifndef KITH_TESTS_COMPILED_H
#define KITH_TESTS_COMPILED_H
#include <string.h>
#include "lifecycle/machine.h"

static inline struct machine *compile(const char *text)
{
	struct complaint c = { 0 };
	struct machine *m = NULL;

	if (machine_compile(text, strlen(text), &m, &c) != 0)
		fail_msg("%d:%d: %s\n%s", c.line, c.column, c.text, text);
	return m;
}

static inline void assert_refused(const char *text, int line, int column, const char *why)
{
	struct complaint c = { 0 };
	struct machine *m = NULL;
	int rc = machine_compile(text, strlen(text), &m, &c);

	if (rc == 0)
		fail_msg("accepted: %s", text);
	assert_null(m);
	assert_int_equal(rc, ERR_INVALID);
	if (c.line != line || c.column != column || strcmp(c.text, why) != 0)
		fail_msg("%s\nsays     %d:%d: %s\nexpected %d:%d: %s", text, c.line, c.column,
			c.text, line, column, why);
}

#endif
