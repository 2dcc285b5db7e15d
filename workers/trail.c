/* SPDX-License-Identifier: Apache-2.0 */
/* The section of a record that is a trail:
 *
 *   u8      flags: 1 the base's facts are those of the record itself (nothing was folded since)
 *   varint  size of the base without its facts, and its bytes
 *   varint  size of the base's facts, and their bytes; absent with flag 1
 *   varint  size of what was announced, and for each announcement
 *             u8      kind | crossing << 2 | job << 5
 *             u8      the risk, for risks and what they cross; else the ladder
 *             u8, u8  the rungs left and reached; only when it is a ladder
 *             varint  at_ms
 *             varint  the notification's number; 0: told to nobody
 *   events  to the end, each
 *             varint  size of what follows
 *             varint  zigzag(judged at ms - the event's time) << 1 | 1 for a message
 *             an Event of kith.proto: source, id, time, channel and body; or a message (message.h)
 *             to a customer of one byte, as whose it is known
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
	struct span head, told;
	uint8_t flags;

	trail_cut(t);
	if (section.size == 0)
		return ERR_CORRUPT;
	flags = *p++;
	p = take_block(p, end, TRAIL_BASE_MAX, &head);
	if (!(flags & FLAG_OWN_FACTS))
		p = take_block(p, end, TRAIL_BASE_MAX, &facts);
	p = take_block(p, end, TRAIL_TOLD_MAX, &told);
	if (!p || head.size + facts.size > TRAIL_BASE_MAX || (size_t)(end - p) > TRAIL_KEPT_MAX)
		return ERR_CORRUPT;
	t->kept = true;
	t->head = (uint16_t)head.size;
	t->base_size = (uint16_t)(head.size + facts.size);
	memcpy(t->base, head.data, head.size);
	memcpy(t->base + head.size, facts.data, facts.size);
	t->told_size = (uint16_t)told.size;
	memcpy(t->told, told.data, told.size);
	t->events_size = (uint16_t)(end - p);
	memcpy(t->events, p, t->events_size);
	return 0;
}

size_t trail_bytes(const struct trail *t)
{
	if (trail_is_empty(t))
		return 0;
	return 1 + 2 + t->head + 2 + (t->events_size ? t->base_size - t->head : 0) + 2 +
		trail_kept_bytes(t);
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
	assert(trail_kept_bytes(t) <= TRAIL_KEPT_MAX);
	*p++ = own ? FLAG_OWN_FACTS : 0;
	p = put_block(p, t->base, t->head);
	if (!own)
		p = put_block(p, t->base + t->head, (size_t)t->base_size - t->head);
	p = put_block(p, t->told, t->told_size);
	memcpy(p, t->events, t->events_size);
	p += t->events_size;
	return (size_t)(p - out);
}

/* ---- what was announced */

static bool is_of_ladder(const struct change *ch)
{
	return ch->kind == CHANGE_RUNG || (ch->kind == CHANGE_CROSSING &&
		ch->crossing != CROSSING_AT_RISK && ch->crossing != CROSSING_RECOVERED);
}

void trail_tell(struct trail *t, const struct change *ch, uint64_t sequence)
{
	uint8_t *p = t->told + t->told_size;

	if (!t->kept)
		return;
	if (t->told_size + TOLD_BYTES_MAX > TRAIL_TOLD_MAX) {
		trail_cut(t);
		return;
	}
	*p++ = (uint8_t)(ch->kind | ch->crossing << 2 | ch->job << 5);
	*p++ = is_of_ladder(ch) ? ch->ladder : ch->risk;
	if (is_of_ladder(ch)) {
		*p++ = ch->from;
		*p++ = ch->to;
	}
	p = put_varint(p, (uint64_t)ch->at_ms);
	p = put_varint(p, sequence);
	t->told_size = (uint16_t)(p - t->told);
}

static const uint8_t *told_take(const uint8_t *p, const uint8_t *end, struct told *ret)
{
	struct change *ch = &ret->change;
	uint64_t at;

	*ch = (struct change){ .kind = *p & 3, .crossing = *p >> 2 & 7, .job = *p >> 5,
		.from = RUNG_NONE, .to = RUNG_NONE };
	if (end - p < (is_of_ladder(ch) ? 4 : 2))
		return NULL;
	if (is_of_ladder(ch)) {
		ch->ladder = p[1];
		ch->from = p[2];
		ch->to = p[3];
		p += 4;
	} else {
		ch->risk = p[1];
		p += 2;
	}
	p = get_varint(p, end, &at);
	ch->at_ms = p ? (int64_t)at : 0;
	return p ? get_varint(p, end, &ret->sequence) : NULL;
}

unsigned trail_told(const struct trail *t, struct told out[TRAIL_TOLD_COUNT])
{
	const uint8_t *p = t->told, *end = t->told + t->told_size;
	unsigned n = 0;

	while (p && p < end && n < TRAIL_TOLD_COUNT)
		p = told_take(p, end, &out[n++]);
	return p ? n : 0;
}

static bool is_same_change(const struct change *a, const struct change *b)
{
	return a->kind == b->kind && a->crossing == b->crossing &&
		(a->kind == CHANGE_CROSSING || (a->at_ms == b->at_ms && a->ladder == b->ladder &&
		a->to == b->to && a->risk == b->risk));
}

void trail_announced(struct trail *t, const struct change *ch, uint64_t sequence)
{
	struct told all[TRAIL_TOLD_COUNT];
	unsigned n = trail_told(t, all), at = n;

	/* A crossing may be told of another reason than that for which it was made. */
	while (at > 0 && (all[at - 1].sequence != 0 || !is_same_change(&all[at - 1].change, ch)))
		at--;
	if (!t->kept || at == 0)
		return;
	all[at - 1].sequence = sequence;
	t->told_size = 0;
	for (unsigned i = 0; i < n; i++)
		trail_tell(t, &all[i].change, all[i].sequence);
}

void trail_tell_as(struct trail *t, const struct trail *from)
{
	t->told_size = from->told_size;
	memcpy(t->told, from->told, from->told_size);
}

/* ---- events */

/* At most TRAIL_EVENT_MAX bytes; *RET_KEY is where those begin that order events of one instant. */
static size_t event_put(uint8_t *out, const struct event *e, const struct message *m,
	int64_t at_ms, size_t *ret_key)
{
	uint8_t bytes[EVENT_KEPT_MAX + 20], *p = bytes;
	size_t size, key;

	p = put_varint(p, zigzag(at_ms - (e ? e->time_ms : m->time_ms)) << 1 | !e);
	key = (size_t)(p - bytes);
	if (e) {
		p = event_keep(p, e);
	} else {
		struct message light = *m;

		assert(m->kind < MESSAGE_MEMBER); /* a story begins anew with those */
		light.customer = span_str("-");
		p += message_encode(&light, p);
	}
	size = (size_t)(p - bytes);
	assert(size <= TRAIL_EVENT_MAX - 2);
	p = put_varint(out, size);
	*ret_key = (size_t)(p - out) + key;
	memcpy(p, bytes, size);
	return (size_t)(p - out) + size;
}

int trail_next(const struct trail *t, size_t *place, struct trail_event *ret)
{
	const uint8_t *p = t->events + *place, *end = t->events + t->events_size;
	uint64_t shift;
	struct span one;

	if (p == end)
		return ERR_NOTFOUND;
	p = take_block(p, end, TRAIL_EVENT_MAX, &one);
	if (!p)
		return ERR_CORRUPT;
	*place = (size_t)(p - t->events);
	p = get_varint(one.data, one.data + one.size, &shift);
	if (!p)
		return ERR_CORRUPT;
	one = span_of(p, one.size - (size_t)(p - one.data));
	ret->is_message = shift & 1;
	if (ret->is_message ? message_decode(&ret->message, one) : event_reread(&ret->event, one))
		return ERR_CORRUPT;
	ret->at_ms = (ret->is_message ? ret->message.time_ms : ret->event.time_ms) +
		unzigzag(shift >> 1);
	return 0;
}

/* The bytes that order the event which ends at END and begins at BEGIN. */
static struct span event_key(const struct trail *t, size_t begin, size_t end)
{
	const uint8_t *p = t->events + begin, *stop = t->events + end;
	uint64_t v;

	p = get_varint(p, stop, &v);
	p = p ? get_varint(p, stop, &v) : NULL;
	return p ? span_of(p, (size_t)(stop - p)) : span_of(stop, 0);
}

static int key_compare(struct span a, struct span b)
{
	int c = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);

	return c ? c : (a.size > b.size) - (a.size < b.size);
}

/* Behind the last event that is before or equal to (AT_MS, KEY). */
static size_t place_of(const struct trail *t, int64_t at_ms, struct span key)
{
	size_t place = 0, begin = 0, found = 0;
	struct trail_event te;

	for (; trail_next(t, &place, &te) == 0; begin = place)
		if (te.at_ms < at_ms || (te.at_ms == at_ms &&
			key_compare(event_key(t, begin, place), key) <= 0))
			found = place;
	return found;
}

/* Whether the last event is before or equal to (AT_MS, KEY), and so are the others. */
static bool last_is_before(const struct trail *t, int64_t at_ms, struct span key)
{
	const uint8_t *p = t->events, *end = t->events + t->events_size, *begin = p;
	struct trail_event te;
	struct span one;
	size_t place;

	while (p && p < end) {
		begin = p;
		p = take_block(p, end, TRAIL_EVENT_MAX, &one);
	}
	place = (size_t)(begin - t->events);
	if (!p || trail_next(t, &place, &te) != 0)
		return t->events_size == 0;
	return te.at_ms < at_ms || (te.at_ms == at_ms &&
		key_compare(event_key(t, (size_t)(begin - t->events), place), key) <= 0);
}

static void put_at(struct trail *t, size_t place, const uint8_t *bytes, size_t size)
{
	assert(t->events_size + size <= TRAIL_EVENTS_MAX);
	memmove(t->events + place + size, t->events + place, t->events_size - place);
	memcpy(t->events + place, bytes, size);
	t->events_size = (uint16_t)(t->events_size + size);
}

void trail_insert(struct trail *t, const struct event *e, const struct message *m, int64_t at_ms)
{
	uint8_t bytes[TRAIL_EVENT_MAX];
	size_t key, size = event_put(bytes, e, m, at_ms, &key);

	if (t->kept)
		put_at(t, place_of(t, at_ms, span_of(bytes + key, size - key)), bytes, size);
}

void trail_add(struct trail *t, const struct event *e, const struct message *m, int64_t at_ms)
{
	size_t key;

	if (!t->kept)
		return;
	assert(t->events_size + TRAIL_EVENT_MAX <= TRAIL_EVENTS_MAX);
	t->events_size = (uint16_t)(t->events_size +
		event_put(t->events + t->events_size, e, m, at_ms, &key));
}

bool trail_is_last(const struct trail *t, const struct event *e, const struct message *m,
	int64_t at_ms)
{
	uint8_t bytes[TRAIL_EVENT_MAX];
	size_t key, size = event_put(bytes, e, m, at_ms, &key);

	return last_is_before(t, at_ms, span_of(bytes + key, size - key));
}

/* The announcements up to SETTLED_MS go. */
static void told_forget(struct trail *t, int64_t settled_ms)
{
	const uint8_t *p = t->told, *end = t->told + t->told_size, *keep = end;

	while (p < end) {
		struct told one;
		const uint8_t *next = told_take(p, end, &one);

		if (!next || one.change.at_ms > settled_ms) {
			keep = p;
			break;
		}
		p = next;
	}
	t->told_size = (uint16_t)(end - keep);
	memmove(t->told, keep, t->told_size);
}

void trail_advance(struct trail *t, size_t place, int64_t settled_ms, struct span base,
	size_t head)
{
	struct span events = span_of(t->events + place, t->events_size - place);
	uint16_t told_size;

	told_forget(t, settled_ms);
	told_size = t->told_size;
	trail_begin(t, base, head);
	if (!t->kept)
		return;
	t->told_size = told_size;
	t->events_size = (uint16_t)events.size;
	memmove(t->events, events.data, events.size);
}
