/* SPDX-License-Identifier: Apache-2.0 */
/* Any payload of any type read back from the journal: an input or a clear refusal. What is an input
 * encodes and decodes to the same again. The first byte is the type. */
#include <assert.h>
#include <stdlib.h>
#include "workers/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of those that are all in their head, or in the bytes that they point to. */
static void same_again(const struct input *in, struct span payload)
{
	struct payload p = { 0 };
	struct buf whole = { 0 };

	input_encode(in, span_of(NULL, 0), NULL, 0, &p);
	for (unsigned i = 0; i < p.n; i++)
		buf_add(&whole, p.parts[i].data, p.parts[i].size);
	assert(!whole.failed && whole.size <= payload.size + 64);
	if (in->type == INPUT_LETTERS || in->type == INPUT_SUBSCRIPTION)
		assert(whole.size == payload.size && memcmp(whole.data + 8, payload.data + 8,
			payload.size - 8) == 0);
	if (in->type == INPUT_PARAMETERS) {
		struct parameters again;

		assert(parameters_decode(&again, span_of(whole.data + 24, whole.size - 24)) == 0);
		assert(memcmp(&again, in->parameters, sizeof again) == 0);
	}
	if (in->type == INPUT_COMMAND) {
		struct arena *a = arena_new(4096, 1 << 20);
		struct frame f = { .sequence = 7, .type = INPUT_COMMAND,
			.payload = span_of(whole.data, whole.size) };
		struct complaint c = { 0 };
		struct input again;

		assert(a && input_decode(&f, a, &again, &c) == 0);
		assert(again.command.verb == in->command.verb &&
			again.command.at_ms == in->command.at_ms &&
			span_eq(again.command.customer, in->command.customer) &&
			span_eq(again.command.name, in->command.name));
		arena_free(a);
	}
	buf_fini(&whole);
	payload_fini(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(4096, 32u << 20);
	struct complaint c = { 0 };
	struct frame f = { .sequence = 7 };
	struct input in;
	int rc;

	if (size == 0 || !a) {
		arena_free(a);
		return 0;
	}
	f.type = data[0] == INPUT_MESSAGES || data[0] == INPUT_LETTERS || data[0] == INPUT_PARAMETERS ?
		data[0] : data[0] % 9;
	f.payload = span_of(data + 1, size - 1);
	rc = input_decode(&f, a, &in, &c);
	if (rc != 0 && c.text[0] == '\0' && rc != ERR_NOMEM)
		abort(); /* refused without a word */
	if (rc == 0 && in.sequence != 7)
		abort();
	if (rc == 0 && (in.type == INPUT_COMMAND || in.type == INPUT_LETTERS ||
		in.type == INPUT_SUBSCRIPTION || in.type == INPUT_PARAMETERS))
		same_again(&in, f.payload);
	input_fini(&in);
	arena_free(a);
	return 0;
}
