/* SPDX-License-Identifier: Apache-2.0 */
/* Any payload of any type read back from the journal: an input or a clear refusal. What is an input
 * encodes and decodes to the same again. The first byte is the type. */
#include <stdlib.h>
#include "workers/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
	f.type = data[0] == INPUT_MESSAGES ? INPUT_MESSAGES : data[0] % 8;
	f.payload = span_of(data + 1, size - 1);
	rc = input_decode(&f, a, &in, &c);
	if (rc != 0 && c.text[0] == '\0' && rc != ERR_NOMEM)
		abort(); /* refused without a word */
	if (rc == 0 && in.sequence != 7)
		abort();
	input_fini(&in);
	arena_free(a);
	return 0;
}
