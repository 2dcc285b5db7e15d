/* SPDX-License-Identifier: Apache-2.0 */
/* The section of a record that is a trail:
 *
 *   u8      flags: 1 the base's facts are those of the record itself (nothing was folded since)
 *   varint  size of the base without its facts, and its bytes
 *   varint  size of the base's facts, and their bytes; absent with flag 1
 *   varint  size of what was announced, and for each announcement
 *             u8      kind | crossing << 2 | job << 5 | 128 told of a later reason
 *             u8      the risk, for risks and what they cross; else the ladder
 *             u8, u8  the rungs left and reached; only when it is a ladder
 *             varint  at_ms
 *             varint  the notification's number; 0: told to nobody
 *             u8, varint  with 128: that reason, and the instant that was told
 *   u8      how many events; what follows is there only when it is not 0
 *   varint  the instant of the reference
 *   varint  size of the reference, and its bytes: how the event began that came first
 *   events  to the end, each
 *             varint  size of what follows
 *             varint  zigzag(judged at ms - the instant of the reference)
 *             varint  zigzag(judged at ms - the event's time) << 1 | 1 for a message
 *             u8      how many bytes of the reference come first
 *             the rest of an Event of kith.proto: source, id, channel and body; or of a message
 *             (message.h) to a customer of one byte, as whose it is known
 *
 * No event hangs on another, so one is put between two and others go without writing any again.
 *
 * Ladders, rungs and risks are indexes of the machine that judged the record: a trail does not
 * outlive a lifecycle file. */
#include <assert.h>
#include "proto/codec.h"
#include "workers/trail.h"

#define FLAG_OWN_FACTS 1

void trail_begin(struct trail *t, struct span base, size_t head)
{
	t->told_size = t->events_size = 0;
	t->n_events = t->ref_size = 0;
	t->kept = base.size <= TRAIL_BASE_MAX;
	t->base_size = t->kept ? (uint16_t)base.size : 0;
	t->head = t->kept ? (uint16_t)head : 0;
	if (t->base_size)
		memcpy(t->base, base.data, base.size);
}

void trail_cut(struct trail *t)
{
	trail_begin(t, span_of(NULL, 0), 0);
	t->kept = false;
}

/* Takes SIZE bytes that a varint before them announces. */
static const uint8_t *take_block(const uint8_t *p, const uint8_t *end, size_t max,
	struct span *ret)
{
	uint64_t size;

	p = p ? get_varint(p, end, &size) : NULL;
	if (!p || size > max || size > (size_t)(end - p))
		return NULL;
	*ret = span_of(p, (size_t)size);
	return p + size;
}

int trail_read(struct trail *t, struct span section, struct span facts)
{
	const uint8_t *p = section.data, *end = section.data + section.size;
	struct span head = { 0 }, told = { 0 }, ref = { 0 };
	uint64_t ref_ms = 0;
	uint8_t flags, count = 0;

	trail_cut(t);
	if (section.size == 0)
		return ERR_CORRUPT;
	flags = *p++;
	p = take_block(p, end, TRAIL_BASE_MAX, &head);
	if (!(flags & FLAG_OWN_FACTS))
		p = take_block(p, end, TRAIL_BASE_MAX, &facts);
	p = take_block(p, end, TRAIL_TOLD_MAX, &told);
	if (p && p < end)
		count = *p++;
	if (count) {
		p = get_varint(p, end, &ref_ms);
		p = take_block(p, end, TRAIL_REF_MAX, &ref);
	}
	if (!p || (count > 0) != (p < end) || count > TRAIL_COUNT_MAX ||
		head.size + facts.size > TRAIL_BASE_MAX || (size_t)(end - p) > TRAIL_KEPT_MAX)
		return ERR_CORRUPT;
	t->kept = true;
	t->head = (uint16_t)head.size;
	t->base_size = (uint16_t)(head.size + facts.size);
	memcpy(t->base, head.data, head.size);
	memcpy(t->base + head.size, facts.data, facts.size);
	t->told_size = (uint16_t)told.size;
	memcpy(t->told, told.data, told.size);
	t->n_events = count;
	t->ref_ms = (int64_t)ref_ms;
	t->ref_size = (uint8_t)ref.size;
	if (ref.size)
		memcpy(t->ref, ref.data, ref.size);
	t->events_size = (uint16_t)(end - p);
	memcpy(t->events, p, t->events_size);
	return 0;
}

size_t trail_bytes(const struct trail *t)
{
	if (trail_is_empty(t))
		return 0;
	return 1 + 2 + t->head + 2 + (t->events_size ? t->base_size - t->head : 0) + 2 +
		1 + (t->events_size ? 10 + 1 + t->ref_size : 0) + trail_kept_bytes(t);
}

static uint8_t *put_block(uint8_t *p, const uint8_t *bytes, size_t size)
{
	p = put_varint(p, size);
	memcpy(p, bytes, size);
	return p + size;
}

size_t trail_put(const struct trail *t, uint8_t *out)
{
	bool own = t->events_size == 0 && t->base_size > 0;
	uint8_t *p = out;

	if (trail_is_empty(t))
		return 0;
	assert(!trail_is_too_long(t));
	*p++ = own ? FLAG_OWN_FACTS : 0;
	p = put_block(p, t->base, t->head);
	if (!own)
		p = put_block(p, t->base + t->head, (size_t)t->base_size - t->head);
	p = put_block(p, t->told, t->told_size);
	*p++ = t->n_events;
	if (t->n_events) {
		p = put_varint(p, (uint64_t)t->ref_ms);
		p = put_block(p, t->ref, t->ref_size);
		memcpy(p, t->events, t->events_size);
		p += t->events_size;
	}
	return (size_t)(p - out);
}

/* What an event says before the bytes that it does not share with the reference. */
struct head {
	int64_t at_ms;
	int64_t shift_ms; /* at_ms - its own time */
	bool is_message;
	uint8_t shared;
	struct span rest;
};

/* Its end, or NULL. */
static const uint8_t *head_take(const struct trail *t, const uint8_t *p, struct head *ret)
{
	uint64_t at, shift;
	struct span one;
	const uint8_t *end, *next;

	next = take_block(p, t->events + t->events_size, TRAIL_EVENT_MAX, &one);
	if (!next)
		return NULL;
	end = one.data + one.size;
	p = get_varint(one.data, end, &at);
	p = p ? get_varint(p, end, &shift) : NULL;
	if (!p || p == end || *p > t->ref_size || *p + (size_t)(end - p - 1) > TRAIL_EVENT_MAX)
		return NULL;
	ret->at_ms = (int64_t)((uint64_t)t->ref_ms + (uint64_t)unzigzag(at));
	ret->shift_ms = unzigzag(shift >> 1);
	ret->is_message = shift & 1;
	ret->shared = *p;
	ret->rest = span_of(p + 1, (size_t)(end - p - 1));
	return next;
}

/* The bytes that order events of one instant, in ROOM. */
static struct span head_key(const struct trail *t, const struct head *h,
	uint8_t room[TRAIL_EVENT_MAX])
{
	memcpy(room, t->ref, h->shared);
	memcpy(room + h->shared, h->rest.data, h->rest.size);
	return span_of(room, h->shared + h->rest.size);
}

static int64_t time_of(const struct event *e, const struct message *m)
{
	return e ? e->time_ms : m->time_ms;
}

static struct span key_make(const struct event *e, const struct message *m,
	uint8_t room[EVENT_KEPT_MAX])
{
	struct message light;

	if (e)
		return span_of(room, (size_t)(event_keep(room, e) - room));
	assert(m->kind < MESSAGE_MEMBER); /* a story begins anew with those */
	light = *m;
	light.customer = span_str("-");
	return span_of(room, message_encode(&light, room));
}

static uint8_t shared_with(const struct trail *t, struct span key)
{
	uint8_t n = 0;

	while (n < t->ref_size && n < key.size && t->ref[n] == key.data[n])
		n++;
	return n;
}

/* Put the event of KEY at PLACE. */
static void put_at(struct trail *t, size_t place, struct span key, const struct event *e,
	const struct message *m, int64_t at_ms)
{
	uint8_t bytes[TRAIL_EVENT_MAX], size_bytes[10], *p = bytes;
	uint8_t shared;
	size_t n, head;

	if (t->n_events == 0) {
		t->ref_ms = at_ms;
		t->ref_size = (uint8_t)(key.size < TRAIL_REF_MAX ? key.size : TRAIL_REF_MAX);
		memcpy(t->ref, key.data, t->ref_size);
	}
	shared = shared_with(t, key);
	assert(key.size + 30 <= TRAIL_EVENT_MAX);
	p = put_varint(p, zigzag(at_ms - t->ref_ms));
	p = put_varint(p, zigzag(at_ms - time_of(e, m)) << 1 | !e);
	*p++ = shared;
	memcpy(p, key.data + shared, key.size - shared);
	n = (size_t)(p - bytes) + key.size - shared;
	head = (size_t)(put_varint(size_bytes, n) - size_bytes);
	assert(t->events_size + head + n <= TRAIL_EVENTS_MAX && t->n_events <= TRAIL_COUNT_MAX);
	p = t->events + place;
	memmove(p + head + n, p, t->events_size - place);
	memcpy(p, size_bytes, head);
	memcpy(p + head, bytes, n);
	t->events_size = (uint16_t)(t->events_size + head + n);
	t->n_events++;
}

int trail_next(const struct trail *t, size_t *place, struct trail_event *ret)
{
	const uint8_t *p = t->events + *place;
	struct span key;
	struct head h;
	int rc;

	if (p == t->events + t->events_size)
		return ERR_NOTFOUND;
	p = head_take(t, p, &h);
	if (!p)
		return ERR_CORRUPT;
	*place = (size_t)(p - t->events);
	key = head_key(t, &h, ret->bytes);
	ret->at_ms = h.at_ms;
	ret->is_message = h.is_message;
	rc = h.is_message ? message_decode(&ret->message, key)
			  : event_reread(&ret->event, h.at_ms - h.shift_ms, key);
	return rc ? ERR_CORRUPT : 0;
}

int trail_skip(const struct trail *t, size_t *place, int64_t *ret_at_ms)
{
	const uint8_t *p = t->events + *place;
	struct head h;

	if (p == t->events + t->events_size)
		return ERR_NOTFOUND;
	p = head_take(t, p, &h);
	if (!p)
		return ERR_CORRUPT;
	*place = (size_t)(p - t->events);
	*ret_at_ms = h.at_ms;
	return 0;
}

static int key_compare(struct span a, struct span b)
{
	int c = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);

	return c ? c : (a.size > b.size) - (a.size < b.size);
}

/* Whether H is before or equal to (AT_MS, KEY). */
static bool head_is_before(const struct trail *t, const struct head *h, int64_t at_ms,
	struct span key, int64_t time_ms)
{
	uint8_t room[TRAIL_EVENT_MAX];
	int c;

	if (h->at_ms != at_ms)
		return h->at_ms < at_ms;
	c = key_compare(head_key(t, h, room), key);
	return c < 0 || (c == 0 && h->at_ms - h->shift_ms <= time_ms);
}

/* Behind the last event that is before or equal to (AT_MS, KEY). */
static size_t place_of(const struct trail *t, int64_t at_ms, struct span key, int64_t time_ms)
{
	const uint8_t *p = t->events, *end = p + t->events_size, *found = p;
	struct head h;

	while (p && p < end) {
		p = head_take(t, p, &h);
		if (p && head_is_before(t, &h, at_ms, key, time_ms))
			found = p;
	}
	return (size_t)(found - t->events);
}

void trail_insert(struct trail *t, const struct event *e, const struct message *m, int64_t at_ms)
{
	uint8_t room[EVENT_KEPT_MAX];
	struct span key = key_make(e, m, room);

	if (t->kept)
		put_at(t, place_of(t, at_ms, key, time_of(e, m)), key, e, m, at_ms);
}

void trail_add(struct trail *t, const struct event *e, const struct message *m, int64_t at_ms)
{
	uint8_t room[EVENT_KEPT_MAX];

	if (t->kept)
		put_at(t, t->events_size, key_make(e, m, room), e, m, at_ms);
}

bool trail_is_last(const struct trail *t, const struct event *e, const struct message *m,
	int64_t at_ms)
{
	const uint8_t *p = t->events, *end = p + t->events_size, *last = p;
	uint8_t room[EVENT_KEPT_MAX];
	struct span one;
	struct head h;

	if (p == end)
		return true;
	while (p && p < end) {
		last = p;
		p = take_block(p, end, TRAIL_EVENT_MAX, &one);
	}
	if (!p || !head_take(t, last, &h))
		return false;
	if (h.at_ms != at_ms)
		return h.at_ms < at_ms;
	return head_is_before(t, &h, at_ms, key_make(e, m, room), time_of(e, m));
}

/* How many events stand before PLACE. */
static unsigned count_before(const struct trail *t, size_t place)
{
	const uint8_t *p = t->events, *end = t->events + place;
	struct span one;
	unsigned n = 0;

	while (p && p < end) {
		p = take_block(p, end, TRAIL_EVENT_MAX, &one);
		n++;
	}
	return n;
}

void trail_advance(struct trail *t, size_t place, int64_t settled_ms, struct span base,
	size_t head)
{
	struct span events = span_of(t->events + place, t->events_size - place);
	uint8_t n = (uint8_t)(t->n_events - count_before(t, place)), ref_size = t->ref_size;
	uint16_t told_size;

	trail_forget_told(t, settled_ms);
	told_size = t->told_size;
	trail_begin(t, base, head);
	if (!t->kept)
		return;
	t->told_size = told_size;
	t->n_events = n;
	t->ref_size = ref_size;
	t->events_size = (uint16_t)events.size;
	memmove(t->events, events.data, events.size);
}
