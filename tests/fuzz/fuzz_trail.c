/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the row of a trail and as the end of it that a record has; the first one says how many
 * are the row. What is read is written so that it reads the same, whatever is added. */
#include <assert.h>
#include "workers/trail.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Without what stood before. */
static int trail_read(struct trail *t, struct span pieces)
{
	struct strip k;

	strip_begin(&k);
	return trail_take(t, &k, pieces);
}

static void same_again(const struct trail *t)
{
	static uint8_t one[TRAIL_BYTES_MAX], two[TRAIL_BYTES_MAX];
	static struct trail again;
	size_t n;

	if (!t->kept)
		return;
	n = (size_t)(trail_put(t, one) - one);
	assert(n == trail_bytes(t) && n <= sizeof one);
	trail_cut(&again);
	assert(trail_read(&again, span_of(one, n)) == 0);
	assert(again.n_events == t->n_events && again.told_size == t->told_size);
	assert((size_t)(trail_put(&again, two) - two) == n && memcmp(one, two, n) == 0);
}

static void end_again(struct span section)
{
	static uint8_t bytes[2 * TAIL_ADDED_MAX];
	static struct tail end, again;
	static struct trail alone;
	const struct change ch = { .kind = CHANGE_RUNG, .to = 1, .at_ms = 1700000000000 };
	const struct event e = { .source = span_str("till"), .id = span_str("8"),
		.time_ms = 1700000000000, .body = BODY_CONTACT };

	tail_init(&end);
	if (!tail_take(&end, section))
		return;
	end.kept = true;
	tail_tell(&end, &ch, 1);
	tail_add(&end, &e, NULL, ch.at_ms);
	(void)tail_is_in_order(&end);
	tail_tell(&end, &ch, 2);
	tail_init(&again);
	assert(tail_take(&again, span_of(bytes, (size_t)(tail_put(&end, bytes) - bytes))) ||
		end.held.size + end.size > TAIL_HALF_BYTES);
	assert(again.generation == end.generation || again.generation == 0);
	tail_stand_alone(&end);
	tail_moved(&end, 1, 1, 0, 0);
	assert(!end.kept || (trail_begin(&alone, span_of(NULL, 0)),
		trail_read(&alone, tail_news(&end)) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct trail t;
	static struct told told[TRAIL_TOLD_COUNT];
	const struct told now = { { .kind = CHANGE_RUNG, .from = 1, .to = 2,
		.at_ms = 1700000000000 }, 7, 0, 0 };
	struct event e = { .source = span_str("till"), .id = span_str("7"),
		.time_ms = 1700000000000, .body = BODY_CONTACT };
	struct trail_event te;
	struct strip k;
	size_t place = 0;

	if (size < 1 || size - 1 < data[0])
		return 0;
	end_again(span_of(data + 1 + data[0], size - 1 - data[0]));
	trail_cut(&t);
	strip_begin(&k);
	if (trail_take(&t, &k, span_of(data + 1, data[0])) != 0 || !t.kept)
		return 0;
	(void)trail_take(&t, &k, span_of(data + 1 + data[0], size - 1 - data[0]));
	(void)trail_told(&t, told);
	while (trail_next(&t, &place, &te) == 0)
		assert(place <= t.events_size);
	same_again(&t);
	if (!t.kept)
		return 0;
	trail_announced(&t, &now);
	trail_insert(&t, &e, NULL, e.time_ms);
	same_again(&t);
	return 0;
}
