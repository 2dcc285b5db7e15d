/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what subscribers and operators say to the daemon. */
#include <assert.h>
#include <string.h>
#include "proto/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(4096, 1 << 20);
	static struct subscriber_message m, m2;
	struct buf again = { 0 };
	struct complaint c;
	struct request r;

	if (!a)
		return 0;
	if (subscriber_decode(&m, data, size, a, &c) == 0) {
		assert(arena_held(a) <= 256 << 10); /* the promise of codec.h */
		subscriber_encode(&again, &m);
		assert(subscriber_decode(&m2, again.data, again.size, a, &c) == 0);
		assert(m.verb == m2.verb && m.n_types == m2.n_types && m.newest == m2.newest);
		assert(m.n_positions == m2.n_positions && span_eq(m.name, m2.name));
		assert(m.reading == m2.reading && m.has_from == m2.has_from && m.from_ms == m2.from_ms);
		assert(m.shard == m2.shard && m.limit == m2.limit && span_eq(m.customer, m2.customer));
		assert(memcmp(m.positions, m2.positions, m.n_positions * sizeof m.positions[0]) == 0);
	}
	arena_reset(a);
	(void)request_decode(&r, data, size, a);
	buf_fini(&again);
	arena_free(a);
	return 0;
}
