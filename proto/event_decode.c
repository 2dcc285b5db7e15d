/* SPDX-License-Identifier: Apache-2.0 */
/* An event from the wire into a plain struct, whatever form it has: scan and decode in one pass by the
 * table, then check.
 *
 * By hand because this is the one message that comes by the million: protobuf-c needs a scan
 * before it and a copy after it. tests/unit/test_codec.c holds the two against each other. */
#include "proto/event_fields.h"

/* One part being read. */
struct reading {
	const struct event_part *part;
	uint32_t given;   /* bit i: row i has been read */
	unsigned unknown; /* fields of a newer version */
};

static const char *unknown_skip(struct reading *r)
{
	return ++r->unknown > WIRE_UNKNOWN_MAX ? "the event has more than 32 unknown fields" : NULL;
}

static void number_put(struct event *e, const struct event_field *f, uint64_t value)
{
	void *to = field_of(e, f);

	switch ((enum field_kind)f->kind) {
	case FIELD_ENUM: /* whatever does not fit stays out of range */
		*(uint8_t *)to = value < UINT8_MAX ? (uint8_t)value : UINT8_MAX;
		break;
	case FIELD_ANSWER:
		*(uint8_t *)to = value ? ANSWER_YES : ANSWER_NO;
		break;
	default: /* 64 bits, as they are */
		memcpy(to, &value, sizeof value);
	}
}

/* Put one field of the wire where it belongs; NULL, or why the event is malformed. */
static const char *field_take(struct event *e, struct reading *r, const struct wire_field *w)
{
	const struct event_field *f;
	uint32_t bit;

	if (w->number > r->part->n)
		return unknown_skip(r);
	f = &r->part->fields[w->number - 1];
	bit = 1u << (w->number - 1);
	if (w->type != wire_type_of(f->kind))
		return "a field of the event has another type than in kith.proto";
	if (r->given & bit)
		return "a field of the event is given twice";
	r->given |= bit;
	if (f->kind == FIELD_TEXT)
		*(struct span *)field_of(e, f) = w->bytes;
	else
		number_put(e, f, w->value);
	if (f->has)
		*((bool *)e + f->has) = true;
	return NULL;
}

static const char *body_read(struct event *e, struct reading *r, struct span message)
{
	struct wire w = wire_of(message);
	struct wire_field f = { 0 };

	while (w.at < w.end) {
		const char *wrong = wire_read(&w, &f) ? field_take(e, r, &f)
						      : "the body of the event is not a message";
		if (wrong)
			return wrong;
	}
	return NULL;
}

static const char *event_read(struct event *e, struct reading *head, struct reading *body,
	struct span message)
{
	struct wire w = wire_of(message);
	struct wire_field f = { 0 };

	while (w.at < w.end) {
		const char *wrong;

		if (!wire_read(&w, &f))
			return "the event is not a message";
		if (f.number - EVENT_BODY_FIRST < BODY_COUNT) {
			if (f.type != WIRE_BYTES)
				return "the body of the event is not a message";
			if (body->part)
				return "the event has two bodies";
			e->body = (uint8_t)(f.number - EVENT_BODY_FIRST);
			body->part = &event_bodies[e->body];
			wrong = body_read(e, body, f.bytes);
		} else {
			wrong = field_take(e, head, &f);
		}
		if (wrong)
			return wrong;
	}
	return NULL;
}

enum reject event_decode(struct event *e, struct span message, struct span batch_source,
	const char **ret_text)
{
	struct reading head = { .part = &event_head }, body = { 0 };
	const char *wrong;

	if (event_take_canonical(e, message, batch_source))
		return REJECT_NONE;
	memset(e, 0, sizeof *e);
	e->body = BODY_COUNT;
	if (message.size > EVENT_BYTES_MAX) {
		*ret_text = "an event has at most 16384 bytes";
		return REJECT_TOO_LARGE;
	}
	wrong = event_read(e, &head, &body, message);
	if (wrong) {
		*ret_text = wrong;
		return REJECT_MALFORMED;
	}
	if (e->source.size == 0)
		e->source = batch_source;
	return event_check_given(e, head.given | HEAD_BIT(SOURCE), body.given, ret_text);
}

int event_reread(struct event *e, int64_t time_ms, struct span message)
{
	struct reading head = { .part = &event_head }, body = { 0 };

	memset(e, 0, sizeof *e);
	e->body = BODY_COUNT;
	if (event_read(e, &head, &body, message) || e->body == BODY_COUNT)
		return ERR_CORRUPT;
	e->time_ms = time_ms;
	return time_ms >= EVENT_TIME_MIN && time_ms <= EVENT_TIME_MAX ? 0 : ERR_CORRUPT;
}
