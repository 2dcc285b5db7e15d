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
	static struct source s;
	uint8_t bytes[SOURCE_BYTES_MAX];

	if (source_unpack(value, &s) != OK)
		return;
	assert(source_pack(&s, bytes) == value.size && memcmp(bytes, value.data, value.size) == 0);
}

/* An id as long as the first, which comes before the rest: u8 length, first, id, block. It may be
 * looked for in whatever it is, and be put into what is sound. */
static void try_block(struct span value)
{
	size_t length = value.size ? value.data[0] : 0;
	uint8_t bytes[BLOCK_FULL + BLOCK_ENTRY_MAX], last[EVENT_ID_MAX];
	struct span first, id, block;
	struct block_place p;
	unsigned n, again;
	int rc;

	if (length == 0 || length > EVENT_ID_MAX || value.size < 1 + 2 * length)
		return;
	first = span_of(value.data + 1, length);
	id = span_of(first.data + length, length);
	block = span_of(id.data + length, value.size - 1 - 2 * length);
	if (block.size > BLOCK_FULL || memcmp(id.data, first.data, length) < 0)
		return;
	rc = block_find(block, first, id, &p);
	if (block_check(block, first, &n, last) != OK)
		return;
	assert(rc == OK && block_cut(block, first, BLOCK_CUT, last) <= BLOCK_CUT);
	if (p.found)
		return;
	memcpy(bytes, block.data, block.size);
	block = span_of(bytes, block_insert(bytes, block.size, &p, id, 7));
	assert(block_check(block, first, &again, last) == OK && again == n + 1);
	assert(block_find(block, first, id, &p) == OK && p.found && p.fingerprint == 7);
}

static void try_block_key(struct span key)
{
	struct block_key k;

	assert(block_key_take(key, &k) != OK || (k.first.size == key.size - 6 && k.lane < LANES_MAX));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest;

	if (size == 0)
		return 0;
	rest = span_of(data + 1, size - 1);
	switch (data[0] % 6) {
	case 0:
	case 1: try_history(rest); break;
	case 2: try_meta(rest); break;
	case 3: try_source(rest); break;
	case 4: try_block(rest); break;
	case 5: try_block_key(rest); break;
	}
	return 0;
}
