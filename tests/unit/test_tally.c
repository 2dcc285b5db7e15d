/* SPDX-License-Identifier: Apache-2.0 */
/* Counts by name: the census, and what was passed over. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/err.h"
#include "workers/tally.h"

static void what_was_counted_comes_back_from_its_rows(void **state)
{
	struct tally t = { 0 }, back = { 0 };
	struct buf rows = { 0 };

	(void)state;
	tally_add(&t, 3, 1);
	tally_add(&t, UINT16_MAX, 7);
	tally_add(&t, 900, 2);
	tally_add(&t, 3, 1);
	tally_add(&t, 900, -2); /* none left: no row */
	assert_int_equal(tally_write(&t, &rows), 0);
	assert_int_equal(rows.size, 20);
	tally_add(&back, 8, 5); /* is replaced */
	assert_int_equal(tally_read(&back, span_of(rows.data, rows.size)), 0);
	for (unsigned name = 0; name <= UINT16_MAX; name++)
		assert_int_equal(tally_of(&back, (uint16_t)name),
			name == 3 ? 2 : name == UINT16_MAX ? 7 : 0);
	tally_clear(&back);
	assert_int_equal(tally_of(&back, 3), 0);
	buf_fini(&rows);
	tally_fini(&t);
	tally_fini(&back);
	assert_int_equal(tally_of(&t, 3), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_counted_comes_back_from_its_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
