/* SPDX-License-Identifier: Apache-2.0 */
/* Putting something to the end of a trail, and that end to and from a record. */
#include <assert.h>
#include "base/bytes.h"
#include "workers/tail.h"

#define EVENTS_MAX 0x7f
#define FLAG_VOID  0x80

static void forget_added(struct tail *t)
{
	t->anew = t->is_retold = false;
	t->n_added = 0;
	t->last_added = t->size = 0;
}

void tail_init(struct tail *t)
{
	memset(t, 0, offsetof(struct tail, added));
}

void tail_cut(struct tail *t)
{
	forget_added(t);
	t->held = span_of(NULL, 0);
	t->last = 0;
	t->kept = false;
	t->is_void = t->generation != 0;
}

void tail_lose(struct tail *t)
{
	t->generation = 0;
	t->is_void = false;
	t->held = span_of(NULL, 0);
	t->last = 0;
}

void tail_begin(struct tail *t)
{
	forget_added(t);
	t->kept = t->anew = true;
}

void tail_retold(struct tail *t)
{
	forget_added(t);
	t->held = span_of(NULL, 0);
	t->last = 0;
	t->is_retold = true;
}

void tail_add(struct tail *t, const struct event *e, const struct message *m, int64_t at_ms)
{
	uint8_t *p = t->added + t->size;

	if (!t->kept)
		return;
	if (t->size + PIECE_EVENT_MAX > TAIL_ADDED_MAX) {
		tail_cut(t);
		return;
	}
	t->last_added = t->size;
	t->size = (uint16_t)(piece_put_event(p, e, m, at_ms) - t->added);
	assert(t->size <= t->last_added + PIECE_EVENT_MAX);
	t->n_added++;
}

void tail_take_back(struct tail *t, uint16_t size)
{
	if (t->size == size)
		return; /* it was not kept */
	t->size = size;
	t->n_added--;
	t->last_added = 0;
}

static void add_told(struct tail *t, enum piece tag, const struct told *told)
{
	if (!t->kept)
		return;
	if (t->size + PIECE_TOLD_MAX > TAIL_ADDED_MAX) {
		tail_cut(t);
		return;
	}
	t->size = (uint16_t)(piece_put_told(t->added + t->size, tag, told) - t->added);
}

void tail_tell(struct tail *t, const struct change *ch, uint64_t sequence)
{
	add_told(t, PIECE_TOLD, &(struct told){ .change = *ch, .sequence = sequence });
}

void tail_tell_again(struct tail *t, const struct told *told)
{
	add_told(t, PIECE_TOLD, told);
}

void tail_announced(struct tail *t, const struct told *told)
{
	add_told(t, PIECE_ANNOUNCED, told);
}

bool tail_is_in_order(const struct tail *t)
{
	struct span mine = span_of(t->added + t->last_added, t->size - t->last_added), bytes;
	struct span held = span_of(t->held.data + t->held.size - t->last, t->last);
	struct moment last, now;
	uint8_t tag;

	return t->n_added == 1 && t->last != 0 && !t->anew && !t->is_void &&
		piece_next(&held, &tag, &bytes) == 0 && moment_take(&last, bytes) == 0 &&
		piece_next(&mine, &tag, &bytes) == 0 && moment_take(&now, bytes) == 0 &&
		moment_order(&last, &now) <= 0;
}

void tail_moved(struct tail *t, uint32_t generation, size_t since, unsigned events)
{
	t->generation = generation;
	t->row_since = (uint16_t)since;
	t->n_events = (uint8_t)events;
	t->is_void = t->anew = t->is_retold = false;
	t->last = 0;
	t->held = span_of(NULL, 0);
}

uint8_t *tail_put(struct tail *t, uint8_t *p)
{
	size_t last = t->n_added ? (size_t)(t->size - t->last_added) :
		t->last ? (size_t)(t->last + t->size) : 0;

	if (t->generation == 0)
		return p;
	t->n_events = (uint8_t)(t->n_events + t->n_added);
	p = put_varint(p, t->generation);
	*p++ = (uint8_t)(t->n_events | (t->is_void ? FLAG_VOID : 0));
	p = put_varint(p, t->row_since);
	p = put_varint(p, last);
	if (t->held.size)
		memcpy(p, t->held.data, t->held.size);
	p += t->held.size;
	memcpy(p, t->added, t->size);
	return p + t->size;
}

const uint8_t *tail_take(struct tail *t, struct span section)
{
	const uint8_t *p = section.data, *end = p + section.size;
	uint64_t generation, since, last;
	uint8_t flags;

	p = get_varint(p, end, &generation);
	if (!p || p == end || generation == 0 || generation > UINT32_MAX)
		return NULL;
	flags = *p++;
	p = get_varint(p, end, &since);
	p = p ? get_varint(p, end, &last) : NULL;
	if (!p || since > 2 * TAIL_HALF_BYTES || last > (size_t)(end - p) ||
		(size_t)(end - p) > TAIL_HALF_BYTES)
		return NULL;
	t->generation = (uint32_t)generation;
	t->n_events = flags & EVENTS_MAX;
	t->is_void = flags & FLAG_VOID;
	t->row_since = (uint16_t)since;
	t->last = (uint16_t)last;
	t->held = span_of(p, (size_t)(end - p));
	return p;
}

void tail_written(struct tail *t)
{
	tail_cut(t);
}
