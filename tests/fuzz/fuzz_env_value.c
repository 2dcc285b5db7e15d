/* SPDX-License-Identifier: Apache-2.0 */
/* The values of a shard's environment that are taken apart by hand, behind their checksum: the
 * first byte picks which. What is accepted must come out the same when written again. */
#include <assert.h>
#include <stdlib.h>
#include "store/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_history(struct span value)
{
	uint8_t bytes[HISTORY_BYTES_MAX], again[HISTORY_BYTES_MAX];
	struct history_entry h, h2;
	size_t n;

	if (history_unpack(value, &h) != OK)
		return;
	n = history_pack(&h, bytes);
	assert(n <= sizeof bytes && n <= value.size); /* the shortest form */
	assert(history_unpack(span_of(bytes, n), &h2) == OK);
	assert(history_pack(&h2, again) == n && memcmp(bytes, again, n) == 0);
}

static void try_history_key(struct span key)
{
	struct span customer;
	uint64_t number;

	if (history_key_split(key, &customer, &number) != OK)
		return;
	assert(customer.size >= 1 && customer.size <= EVENT_CUSTOMER_MAX);
	assert(customer.size + 9 == key.size);
}

static void try_meta(struct span value)
{
	static struct env e;
	uint8_t bytes[META_BYTES];

	if (meta_unpack(value, &e) != OK)
		return;
	meta_pack(&e, bytes);
	assert(value.size == sizeof bytes && memcmp(bytes, value.data, sizeof bytes) == 0);
}

static void try_source(struct span value)
{
	uint32_t number;
	uint64_t highest;

	assert(source_unpack(value, &number, &highest) != OK || (value.size == 12 && number > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest;

	if (size == 0)
		return 0;
	rest = span_of(data + 1, size - 1);
	switch (data[0] % 4) {
	case 0: try_history(rest); break;
	case 1: try_history_key(rest); break;
	case 2: try_meta(rest); break;
	case 3: try_source(rest); break;
	}
	return 0;
}
