/* SPDX-License-Identifier: Apache-2.0 */
/* Messages to and from bytes. */
#include <assert.h>
#include "workers/message.h"

#define MESSAGE_VERSION 1
#define FLAG_BACKFILL   1

static uint8_t *put_text(uint8_t *p, struct span text)
{
	assert(text.size <= EVENT_CUSTOMER_MAX);
	*p++ = (uint8_t)text.size;
	if (text.size)
		memcpy(p, text.data, text.size);
	return p + text.size;
}

static bool is_of_group(const struct message *m)
{
	return m->kind == MESSAGE_MEMBER || m->kind == MESSAGE_LEFT;
}

size_t message_encode(const struct message *m, uint8_t *out)
{
	uint8_t *p = out;

	*p++ = MESSAGE_VERSION;
	*p++ = m->kind;
	*p++ = m->backfill ? FLAG_BACKFILL : 0;
	p = put_varint(p, (uint64_t)m->time_ms);
	p = put_text(p, m->customer);
	p = put_text(p, m->other);
	p = put_text(p, m->cause_source);
	p = put_text(p, m->cause_id);
	if (is_of_group(m)) {
		*p++ = m->belongs;
		*p++ = m->deed;
		p = put_varint(p, m->number);
		p = put_varint(p, m->lifecycle_version);
		if (m->facts.size)
			memcpy(p, m->facts.data, m->facts.size);
		p += m->facts.size;
	}
	assert(p - out <= MESSAGE_BYTES_MAX);
	return (size_t)(p - out);
}

/* NULL stays NULL. */
static const uint8_t *take_text(const uint8_t *p, const uint8_t *end, size_t max, struct span *ret)
{
	if (!p || p == end || *p > max || (size_t)(end - p - 1) < *p)
		return NULL;
	*ret = span_of(p + 1, *p);
	return p + 1 + *p;
}

static bool kind_is_known(const struct message *m)
{
	return m->kind <= MESSAGE_LEFT || (message_is_of_source(m) &&
		m->customer.size <= EVENT_SOURCE_MAX);
}

static const uint8_t *take_group(const uint8_t *p, const uint8_t *end, struct message *m)
{
	uint64_t version = 0;

	if (!p || end - p < 2 || p[0] == BELONGS_SELF || p[0] >= BELONGINGS || p[1] >= DEEDS)
		return NULL;
	m->belongs = *p++;
	m->deed = *p++;
	p = get_varint(p, end, &m->number);
	p = p ? get_varint(p, end, &version) : NULL;
	if (!p || version > UINT32_MAX || (size_t)(end - p) > FACTS_PACKED_MAX ||
		(m->kind == MESSAGE_MEMBER) != (p < end))
		return NULL;
	m->lifecycle_version = (uint32_t)version;
	m->facts = span_of(p, (size_t)(end - p));
	return end;
}

int message_decode(struct message *m, struct span bytes)
{
	const uint8_t *p = bytes.data + 3, *end = bytes.data + bytes.size;
	uint64_t time = 0;

	memset(m, 0, sizeof *m);
	if (bytes.size == 0)
		return 0;
	if (bytes.size < 4 || bytes.data[0] != MESSAGE_VERSION || bytes.data[1] == MESSAGE_LOST ||
		bytes.data[1] >= MESSAGE_KINDS || (bytes.data[2] & ~FLAG_BACKFILL))
		return ERR_CORRUPT;
	m->kind = bytes.data[1];
	m->backfill = bytes.data[2] & FLAG_BACKFILL;
	p = get_varint(p, end, &time);
	p = take_text(p, end, EVENT_CUSTOMER_MAX, &m->customer);
	p = take_text(p, end, EVENT_CUSTOMER_MAX, &m->other);
	p = take_text(p, end, EVENT_SOURCE_MAX, &m->cause_source);
	p = take_text(p, end, EVENT_ID_MAX, &m->cause_id);
	if (is_of_group(m))
		p = take_group(p, end, m);
	m->time_ms = (int64_t)time;
	return p == end && m->customer.size && kind_is_known(m) &&
		(m->other.size == 0) == message_is_of_source(m) && time >= EVENT_TIME_MIN &&
		time <= EVENT_TIME_MAX ? 0 : ERR_CORRUPT;
}

bool message_is_backfill(struct span bytes)
{
	return bytes.size > 2 && (bytes.data[2] & FLAG_BACKFILL);
}

void messages_add(struct buf *list, struct span bytes)
{
	uint8_t size[4];

	put_le32(size, (uint32_t)bytes.size);
	buf_add(list, size, sizeof size);
	buf_add(list, bytes.data, bytes.size);
}

/* The next one of LIST, which moves past it; false when there is none or it does not fit. */
static bool next(struct span *list, struct span *ret_bytes)
{
	uint32_t size = list->size >= 4 ? get_le32(list->data) : UINT32_MAX;

	if (list->size < 4 || list->size - 4 < size)
		return false;
	*ret_bytes = span_of(list->data + 4, size);
	*list = span_of(list->data + 4 + size, list->size - 4 - size);
	return true;
}

int messages_decode(struct span list, struct arena *a, struct message **ret_messages, uint32_t *ret_n)
{
	struct span rest = list, bytes;
	uint32_t n = 0;

	while (next(&rest, &bytes))
		n++;
	if (rest.size)
		return ERR_CORRUPT;
	*ret_messages = arena_alloc(a, (n + 1) * sizeof **ret_messages);
	if (!*ret_messages)
		return ERR_NOMEM;
	rest = list;
	for (*ret_n = 0; next(&rest, &bytes); ++*ret_n) {
		int rc = message_decode(&(*ret_messages)[*ret_n], bytes);

		if (rc != 0)
			return rc;
	}
	return 0;
}
