/* SPDX-License-Identifier: Apache-2.0 */
/* Index: what was added is found, what was taken out is not, and nobody else goes with it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>
#include "daemon/index.h"

#define ITEMS 300
#define STEPS 20000

static bool found(const struct index *x, uint64_t hash, const void *item)
{
	uint32_t cursor = 0;
	const void *i;

	while ((i = index_next(x, hash, &cursor)) != NULL)
		if (i == item)
			return true;
	return false;
}

/* Few hashes, so that they stand in each other's way, around the end of the table too. */
static void an_index_does_what_the_model_does(void **state)
{
	const char *seed = getenv("SEED");
	unsigned random = seed ? (unsigned)strtoul(seed, NULL, 10) : 7;
	struct index x = { 0 };
	uint64_t hash[ITEMS];
	bool in[ITEMS] = { false };
	char item[ITEMS];

	(void)state;
	for (unsigned i = 0; i < ITEMS; i++) {
		random = random * 1103515245 + 12345;
		hash[i] = (uint64_t)(random >> 16) % 50 - 25;
	}
	for (unsigned step = 0; step < STEPS; step++) {
		unsigned i;

		random = random * 1103515245 + 12345;
		i = (random >> 16) % ITEMS;
		if (in[i])
			index_del(&x, hash[i], &item[i]);
		else
			assert_int_equal(index_add(&x, hash[i], &item[i]), 0);
		in[i] = !in[i];
		if (step % 50 != 0)
			continue;
		for (unsigned k = 0; k < ITEMS; k++)
			assert_int_equal(found(&x, hash[k], &item[k]), in[k]);
	}
	index_del(&x, 1000, &item[0]); /* absent */
	index_fini(&x);
	assert_false(found(&x, hash[0], &item[0]));
	index_del(&x, hash[0], &item[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(an_index_does_what_the_model_does) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
