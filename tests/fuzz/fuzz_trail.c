/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the section of a record that is a trail; the first one says how many of the others
 * are the record's facts. What is read is written to the same bytes again, whatever is added. */
#include <assert.h>
#include "workers/trail.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same_again(const struct trail *t, struct span facts)
{
	static uint8_t one[8192], two[8192];
	static struct trail again;
	size_t n;

	if (trail_is_empty(t) || trail_kept_bytes(t) > TRAIL_KEPT_MAX)
		return; /* of such a size story_fit() makes none */
	n = trail_put(t, one);
	assert(n <= trail_bytes(t));
	assert(trail_read(&again, span_of(one, n), facts) == 0);
	assert(again.told_size == t->told_size && again.events_size == t->events_size);
	assert(trail_put(&again, two) == n && memcmp(one, two, n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct trail t;
	static struct told told[TRAIL_TOLD_COUNT];
	const struct change ch = { .kind = CHANGE_RUNG, .from = 1, .to = 2, .at_ms = 1700000000000 };
	struct event e = { .source = span_str("till"), .id = span_str("7"), .time_ms = 1700000000000,
		.body = BODY_CONTACT };
	struct trail_event te;
	struct span facts;
	size_t place = 0;

	if (size < 1 || size - 1 < data[0])
		return 0;
	facts = span_of(data + 1, data[0]);
	if (trail_read(&t, span_of(data + 1 + data[0], size - 1 - data[0]), facts) != 0)
		return 0;
	(void)trail_told(&t, told);
	while (trail_next(&t, &place, &te) == 0)
		assert(place <= t.events_size);
	same_again(&t, span_of(t.base + t.head, (size_t)t.base_size - t.head));
	trail_announced(&t, &ch, 7);
	trail_tell(&t, &ch, 0);
	trail_insert(&t, &e, NULL, e.time_ms);
	same_again(&t, span_of(t.base + t.head, (size_t)t.base_size - t.head));
	return 0;
}
