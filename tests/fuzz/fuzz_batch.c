/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a batch: what is taken of it is taken again, all of it and the same. */
#include <assert.h>
#include <string.h>
#include "proto/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(64 << 10, 2 * BATCH_ARENA_MAX);
	struct buf again = { 0 };
	struct complaint c;
	struct batch b, b2;

	if (a && batch_decode(&b, data, size, a, &c) == 0) {
		assert(b.n_events + b.n_rejected == b.n_all);
		batch_encode(&again, b.number, b.source, b.backfill, b.events, b.n_events);
		assert(batch_decode(&b2, again.data, again.size, a, &c) == 0);
		assert(b2.n_events == b.n_events && b2.n_rejected == 0);
		for (uint32_t i = 0; i < b.n_events; i++)
			assert(b.events[i].fingerprint == b2.events[i].fingerprint);
	}
	buf_fini(&again);
	arena_free(a);
	return 0;
}
