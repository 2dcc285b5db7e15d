/* SPDX-License-Identifier: Apache-2.0 */
/* For how long. */
#include "daemon/webhook_failing.h"
#include <stdlib.h>

void failing_load(struct failing *f, int64_t since_ms, int64_t now_ms, int64_t now_ns)
{
	*f = (struct failing){ .since_ms = since_ms, .at_ns = now_ns,
		.before_ms = since_ms && since_ms < now_ms ? now_ms - since_ms : 0 };
}

int64_t failing_note(struct failing *f, int64_t now_ms, int64_t now_ns, bool *ret_changed)
{
	int64_t ms, since_ms;

	if (f->since_ms == 0) {
		*f = (struct failing){ .since_ms = now_ms, .at_ns = now_ns };
		*ret_changed = true;
		return 0;
	}
	ms = f->before_ms + (now_ns - f->at_ns) / 1000000;
	since_ms = now_ms > ms ? now_ms - ms : 1; /* of a clock that says 1970 */
	if (llabs(since_ms - f->since_ms) > FAILING_JUMP_MS) {
		f->since_ms = since_ms;
		*ret_changed = true;
	}
	return ms;
}
