/* SPDX-License-Identifier: Apache-2.0 */
/* The values of a shard's environment that are taken apart by hand, behind their checksum: the
 * first byte picks which. What is accepted must come out the same when written again. */
#include <assert.h>
#include <stdlib.h>
#include "store/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_history(struct span value)
{
	uint8_t bytes[HISTORY_BYTES_MAX];
	struct history_entry h, h2;
	uint64_t n, all;

	if (history_count(value, &all) != OK)
		return;
	for (n = 0; value.size > 0; n++) {
		size_t before = value.size, size;
		struct span again;

		assert(history_next(&value, &h) == OK);
		size = history_pack(&h, bytes);
		assert(size <= sizeof bytes && size <= before - value.size); /* the shortest form */
		again = span_of(bytes, size);
		assert(history_next(&again, &h2) == OK && again.size == 0);
		assert(h.at_ms == h2.at_ms && h.outbox_sequence == h2.outbox_sequence);
	}
	assert(n == all);
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
	struct span top;

	assert(source_unpack(value, &number, &highest, &top) != OK ||
		(value.size == 12 + top.size && top.size <= EVENT_ID_MAX && number > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest;

	if (size == 0)
		return 0;
	rest = span_of(data + 1, size - 1);
	switch (data[0] % 4) {
	case 0:
	case 1: try_history(rest); break;
	case 2: try_meta(rest); break;
	case 3: try_source(rest); break;
	}
	return 0;
}
