/* SPDX-License-Identifier: Apache-2.0 */
/* An event onto the wire, by the table. Fields come in the order of their numbers and only those
 * that say something, so that one event has one encoding. */
#include <assert.h>
#include "proto/event_fields.h"

/* Of the fields here the tag is one byte: their numbers are below 16. */
static uint8_t *number_write(uint8_t *p, unsigned number, uint64_t value)
{
	*p++ = (uint8_t)(number << 3 | WIRE_VARINT);
	return put_varint(p, value);
}

static uint8_t *text_write(uint8_t *p, unsigned number, const struct span *text)
{
	*p++ = (uint8_t)(number << 3 | WIRE_BYTES);
	p = put_varint(p, text->size);
	if (text->size > 0)
		memcpy(p, text->data, text->size);
	return p + text->size;
}

static uint8_t *field_write(uint8_t *p, const struct event *e, const struct event_field *f,
	unsigned number)
{
	const void *at = field_in(e, f);

	if (!field_is_said(e, f))
		return p;
	switch ((enum field_kind)f->kind) {
	case FIELD_TEXT:
		return text_write(p, number, at);
	case FIELD_ENUM:
		return number_write(p, number, *(const uint8_t *)at);
	case FIELD_ANSWER:
		return number_write(p, number, *(const uint8_t *)at == ANSWER_YES);
	case FIELD_SCORE:
		*p++ = (uint8_t)(number << 3 | WIRE_FIXED64);
		memcpy(p, at, 8);
		return p + 8;
	default:
		return number_write(p, number, get_le64(at));
	}
}

static uint8_t *part_write(uint8_t *p, const struct event *e, const struct event_part *part,
	unsigned which)
{
	for (unsigned i = 0; i < part->n; i++) {
		if (which >> i & 1)
			p = field_write(p, e, &part->fields[i], i + 1);
	}
	return p;
}

uint8_t *event_write(uint8_t *p, const struct event *e, unsigned head)
{
	assert(e->body < BODY_COUNT);
	p = part_write(p, e, &event_head, head);
	p = wire_put_tag(p, EVENT_BODY_FIRST + e->body, WIRE_BYTES) + 1;
	return wire_put_length(p, part_write(p, e, &event_bodies[e->body], ~0u));
}

uint8_t *event_keep(uint8_t *p, const struct event *e)
{
	const unsigned head = HEAD_BIT(SOURCE) | HEAD_BIT(ID) | HEAD_BIT(CHANNEL);

	if (e->wire.size == 0)
		return event_write(p, e, head);
	if (e->source.size)
		p = text_write(p, HEAD_SOURCE + 1, &e->source);
	if (e->id.size)
		p = text_write(p, HEAD_ID + 1, &e->id);
	if (e->channel)
		p = number_write(p, HEAD_CHANNEL + 1, e->channel);
	memcpy(p, e->wire.data, e->wire.size);
	return p + e->wire.size;
}

static size_t part_bound(const struct event *e, const struct event_part *part)
{
	size_t size = 0;

	for (unsigned i = 0; i < part->n; i++) {
		const struct event_field *f = &part->fields[i];

		size += 1 + 10; /* the tag, and the longest number */
		if (f->kind == FIELD_TEXT)
			size += ((const struct span *)field_in(e, f))->size;
	}
	return size;
}

size_t event_bound(const struct event *e)
{
	assert(e->body < BODY_COUNT);
	return part_bound(e, &event_head) + 2 + WIRE_HEAD_MAX +
		part_bound(e, &event_bodies[e->body]);
}
