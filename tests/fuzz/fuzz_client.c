/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what the daemon says to a client; a notification taken is taken again. */
#include <assert.h>
#include <string.h>
#include "proto/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void notification_again(const uint8_t *data, size_t size, struct arena *a)
{
	struct notification n, n2;
	struct buf again = { 0 };

	if (notification_decode(&n, data, size, a) != 0)
		return;
	json_decref(notification_to_json(&n));
	notification_encode(&again, &n);
	assert(notification_decode(&n2, again.data, again.size, a) == 0);
	assert(n.sequence == n2.sequence && n.shard == n2.shard && n.at_ms == n2.at_ms);
	assert(n.n_evidence == n2.n_evidence && span_eq(n.customer, n2.customer));
	buf_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(4096, 64 << 20);
	struct receipt r;
	struct delivery d;
	struct reply p;

	if (!a)
		return 0;
	(void)receipt_decode(&r, data, size, a);
	arena_reset(a);
	(void)delivery_decode(&d, data, size, a);
	arena_reset(a);
	(void)reply_decode(&p, data, size, a);
	arena_reset(a);
	notification_again(data, size, a);
	arena_free(a);
	return 0;
}
