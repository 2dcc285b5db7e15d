/* SPDX-License-Identifier: Apache-2.0 */
/* Writing and reading the pieces of a trail. */
#include <assert.h>
#include "proto/codec.h"
#include "workers/piece.h"

#define FLAG_TOLD_LATER 0x80

int piece_next(struct span *rest, uint8_t *ret_head, struct span *ret_bytes)
{
	const uint8_t *end = rest->data + rest->size, *p;
	uint64_t size;

	if (rest->size == 0)
		return ERR_NOTFOUND;
	*ret_head = rest->data[0];
	p = get_varint(rest->data + 1, end, &size);
	if (!p || size > (size_t)(end - p))
		return ERR_CORRUPT;
	*ret_bytes = span_of(p, (size_t)size);
	*rest = span_of(p + size, (size_t)(end - p) - (size_t)size);
	return 0;
}

uint8_t *piece_close(uint8_t *p, unsigned head, uint8_t *end)
{
	size_t size = (size_t)(end - p);

	p[-2] = (uint8_t)head;
	if (size > 127) {
		memmove(p + 1, p, size);
		end++;
	}
	(void)put_varint(p - 1, size);
	return end;
}

uint8_t *piece_put(uint8_t *p, enum piece tag, struct span bytes)
{
	*p++ = (uint8_t)tag;
	p = put_varint(p, bytes.size);
	if (bytes.size)
		memcpy(p, bytes.data, bytes.size);
	return p + bytes.size;
}

struct moment moment_of(const struct event *e, const struct message *m, int64_t at_ms,
	uint8_t room[PIECE_KEY_MAX])
{
	struct moment ret = { .at_ms = at_ms, .is_message = !e };
	struct message light;
	uint8_t *end;

	if (e) {
		ret.time_ms = e->time_ms;
		end = event_keep(room, e);
	} else {
		assert(m->kind < MESSAGE_MEMBER); /* a story begins anew with those */
		light = *m;
		light.customer = span_str("-");
		ret.time_ms = m->time_ms;
		end = room + message_encode(&light, room);
	}
	ret.key = span_of(room, (size_t)(end - room));
	assert(ret.key.size <= PIECE_KEY_MAX);
	return ret;
}

uint8_t *moment_put_times(uint8_t *p, const struct moment *m, int64_t since_ms)
{
	p = put_varint(p, (uint64_t)m->at_ms - (uint64_t)since_ms);
	if (moment_is_shifted(m))
		p = put_varint(p, zigzag(m->at_ms - m->time_ms) << 1 | m->is_message);
	return p;
}

uint8_t *piece_put_moment(uint8_t *p, const struct moment *m)
{
	uint8_t *begin = p + 2;

	p = moment_put_times(begin, m, 0);
	memcpy(p, m->key.data, m->key.size);
	return piece_close(begin, PIECE_EVENT | (moment_is_shifted(m) ? EVENT_SHIFTED : 0),
		p + m->key.size);
}

int moment_take(struct moment *ret, unsigned head, struct span bytes, int64_t since_ms)
{
	const uint8_t *end = bytes.data + bytes.size, *p;
	uint64_t at, shift = 0;

	p = get_varint(bytes.data, end, &at);
	if (p && head & EVENT_SHIFTED)
		p = get_varint(p, end, &shift);
	if (!p)
		return ERR_CORRUPT;
	at += (uint64_t)since_ms;
	ret->at_ms = (int64_t)at;
	ret->time_ms = (int64_t)(at - (uint64_t)unzigzag(shift >> 1));
	ret->is_message = shift & 1;
	ret->key = span_of(p, (size_t)(end - p));
	return 0;
}

static int bytes_order(struct span a, struct span b)
{
	int c = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);

	return c ? c : (a.size > b.size) - (a.size < b.size);
}

int moment_order(const struct moment *a, const struct moment *b)
{
	int c;

	if (a->at_ms != b->at_ms)
		return a->at_ms > b->at_ms ? 1 : -1;
	c = bytes_order(a->key, b->key);
	return c ? c : (a->time_ms > b->time_ms) - (a->time_ms < b->time_ms);
}

static bool is_of_ladder(const struct change *ch)
{
	return ch->kind == CHANGE_RUNG || (ch->kind == CHANGE_CROSSING &&
		ch->crossing != CROSSING_AT_RISK && ch->crossing != CROSSING_RECOVERED);
}

struct change told_change(const struct told *t)
{
	struct change ch = t->change;

	if (t->told_ms) {
		ch.at_ms = t->told_ms;
		ch.risk = t->told_risk;
	}
	return ch;
}

uint8_t *piece_put_told(uint8_t *p, unsigned head, const struct told *told)
{
	const struct change *ch = &told->change;
	uint8_t *begin = p + 2;

	p = begin;
	*p++ = (uint8_t)(ch->kind | ch->crossing << 2 | ch->job << 5 |
		(told->told_ms ? FLAG_TOLD_LATER : 0));
	*p++ = is_of_ladder(ch) ? ch->ladder : ch->risk;
	if (is_of_ladder(ch)) {
		*p++ = ch->from;
		*p++ = ch->to;
	}
	p = put_varint(p, (uint64_t)ch->at_ms);
	p = put_varint(p, told->sequence);
	if (told->told_ms) {
		*p++ = told->told_risk;
		p = put_varint(p, (uint64_t)told->told_ms);
	}
	return piece_close(begin, head, p);
}

int told_take(struct told *ret, struct span bytes)
{
	const uint8_t *p = bytes.data, *end = bytes.data + bytes.size;
	struct change *ch = &ret->change;
	uint64_t at;
	bool later;

	if (bytes.size < 2)
		return ERR_CORRUPT;
	later = *p & FLAG_TOLD_LATER;
	ret->told_ms = 0;
	ret->told_risk = 0;
	*ch = (struct change){ .kind = *p & 3, .crossing = *p >> 2 & 7, .job = *p >> 5 & 3,
		.from = RUNG_NONE, .to = RUNG_NONE };
	if (is_of_ladder(ch) && bytes.size < 4)
		return ERR_CORRUPT;
	if (is_of_ladder(ch)) {
		ch->ladder = p[1];
		ch->from = p[2];
		ch->to = p[3];
	} else {
		ch->risk = p[1];
	}
	p = get_varint(p + (is_of_ladder(ch) ? 4 : 2), end, &at);
	ch->at_ms = p ? (int64_t)at : 0;
	p = p ? get_varint(p, end, &ret->sequence) : NULL;
	if (!p || !later)
		return p == end ? 0 : ERR_CORRUPT;
	if (p == end)
		return ERR_CORRUPT;
	ret->told_risk = *p++;
	p = get_varint(p, end, &at);
	ret->told_ms = p ? (int64_t)at : 0;
	return p == end && ret->told_ms != 0 ? 0 : ERR_CORRUPT;
}
