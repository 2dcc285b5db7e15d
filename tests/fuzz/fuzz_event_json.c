/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as an event: what is taken is printed and taken again as the same event. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "proto/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(4096, 1 << 20);
	struct complaint c = { 0 };
	enum reject code;
	struct event e, again;

	if (a && event_from_json(&e, (const char *)data, size, span_str("fuzz"), a, &c, &code) == 0) {
		json_t *json = event_to_json(&e);
		char *text = json_dumps(json, JSON_COMPACT);

		assert(event_from_json(&again, text, strlen(text), span_str(""), a, &c, &code) == 0);
		assert(e.fingerprint == again.fingerprint && span_eq(e.id, again.id));
		free(text);
		json_decref(json);
	} else if (a) {
		assert(code != REJECT_NONE && c.text[0]);
	}
	arena_free(a);
	return 0;
}
