/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the row of a webhook's letter, as changes of such rows, and as a message from one
 * customer to another. What is taken is written to the same bytes again. */
#include <assert.h>
#include "daemon/webhook_letter.h"
#include "workers/input.h"
#include "workers/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_the_same(const struct buf *b, struct span s)
{
	return !b->failed && span_eq(span_of(b->data, b->size), s);
}

static void try_row(struct span bytes)
{
	struct buf again = { 0 };
	enum letter_row kind;
	struct letter l;
	struct span body;

	if (letter_unpack(bytes, &l, &kind, &body) != 0)
		return;
	assert(strlen(l.error) < LETTER_ERROR_MAX);
	l.body = (uint8_t *)(uintptr_t)body.data;
	l.size = (uint32_t)body.size;
	letter_pack(&again, &l, kind);
	if (strlen(l.error) == bytes.data[40]) /* no NUL within */
		assert(is_the_same(&again, bytes));
	buf_fini(&again);
}

static void try_changes(struct span bytes)
{
	struct span rest = bytes;
	struct letter_change c;
	struct buf again = { 0 };

	while (letter_change_take(&rest, &c))
		letter_change_add(&again, &c);
	assert(is_the_same(&again, span_of(bytes.data, bytes.size - rest.size)));
	buf_fini(&again);
}

static void try_messages(struct span bytes)
{
	struct arena *a = arena_new(4096, 16u << 20);
	uint8_t encoded[MESSAGE_BYTES_MAX];
	struct message *list;
	uint32_t n;

	if (!a)
		return;
	if (messages_decode(bytes, a, &list, &n) == 0)
		for (uint32_t i = 0; i < n; i++) {
			struct message m;

			if (list[i].kind == MESSAGE_LOST)
				continue;
			assert(message_decode(&m, span_of(encoded,
				message_encode(&list[i], encoded))) == 0);
			assert(m.time_ms == list[i].time_ms && span_eq(m.customer, list[i].customer));
		}
	arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest;

	if (size == 0)
		return 0;
	rest = span_of(data + 1, size - 1);
	switch (data[0] % 3) {
	case 0: try_row(rest); break;
	case 1: try_changes(rest); break;
	default: try_messages(rest);
	}
	return 0;
}
