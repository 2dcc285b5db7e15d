/* SPDX-License-Identifier: Apache-2.0 */
/* An event from the wire into a plain struct: scan, decode and check in one pass by the table.
 *
 * By hand because this is the one message that comes by the million: protobuf-c needs a scan
 * before it and a copy after it. tests/unit/test_codec.c holds the two against each other. */
#include "proto/event_rules.h"

static const uint8_t wire_type_of[] = {
	[FIELD_TEXT] = WIRE_BYTES,
	[FIELD_AMOUNT] = WIRE_VARINT,
	[FIELD_TIME] = WIRE_VARINT,
	[FIELD_ENUM] = WIRE_VARINT,
	[FIELD_ANSWER] = WIRE_VARINT,
	[FIELD_SCORE] = WIRE_FIXED64,
	[FIELD_SEQUENCE] = WIRE_VARINT,
};

/* One part being read. */
struct reading {
	const struct event_part *part;
	uint32_t given;   /* bit i: row i has been read */
	uint32_t broken;  /* … and breaks its rule */
	unsigned unknown; /* fields of a newer version */
	size_t size;      /* that the fields read need at least */
	bool canonical;   /* so far they are what event_write() makes: but for their size */
};

static const char *unknown_skip(struct reading *r)
{
	r->canonical = false;
	return ++r->unknown > WIRE_UNKNOWN_MAX ? "the event has more than 32 unknown fields" : NULL;
}

/* Put what W says where it belongs. False: as it came it is not what event_write() would make of it. */
static bool field_put(struct event *e, const struct event_field *f, const struct wire_field *w)
{
	void *to = field_of(e, f);

	switch ((enum field_kind)f->kind) {
	case FIELD_TEXT:
		*(struct span *)to = w->bytes;
		return w->bytes.size > 0 || f->clearable;
	case FIELD_ENUM: /* whatever does not fit stays out of range */
		*(uint8_t *)to = w->value < UINT8_MAX ? (uint8_t)w->value : UINT8_MAX;
		return w->value != 0;
	case FIELD_ANSWER:
		*(uint8_t *)to = w->value ? ANSWER_YES : ANSWER_NO;
		return w->value <= 1;
	case FIELD_AMOUNT:
		memcpy(to, &w->value, sizeof w->value);
		if (f->has)
			*((bool *)e + f->has) = true;
		return true;
	case FIELD_TIME:
	case FIELD_SEQUENCE:
		memcpy(to, &w->value, sizeof w->value);
		return w->value != 0;
	case FIELD_SCORE:
		memcpy(to, &w->value, sizeof w->value);
		return w->value != UINT64_C(1) << 63; /* -0 */
	}
	return false;
}

/* Bytes of a field whose numbers are no longer than they need be, and whose tag is one byte. */
static size_t least_size(const struct wire_field *w)
{
	if (w->type == WIRE_BYTES)
		return 1 + wire_varint_size(w->bytes.size) + w->bytes.size;
	return w->type == WIRE_FIXED64 ? 1 + 8 : 1 + wire_varint_size(w->value);
}

/* Take one field of the wire; NULL, or why the event is malformed. */
static const char *field_take(struct event *e, struct reading *r, const struct wire_field *w)
{
	const struct event_field *f;
	uint32_t bit;

	if (w->number > r->part->n)
		return unknown_skip(r);
	f = &r->part->fields[w->number - 1];
	bit = 1u << (w->number - 1);
	if (w->type != wire_type_of[f->kind])
		return "a field of the event has another type than in kith.proto";
	if (r->given & bit)
		return "a field of the event is given twice";
	r->canonical &= field_put(e, f, w) && r->given < bit;
	r->given |= bit;
	r->size += least_size(w);
	if (!field_holds(e, f, f->kind))
		r->broken |= bit;
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
	r->canonical &= r->size == message.size; /* no number is longer than it need be */
	return NULL;
}

/* AT is where the field F begins. */
static const char *body_take(struct event *e, struct reading *head, struct reading *body,
	const struct wire_field *f, const uint8_t *at)
{
	size_t size = wire_varint_size((uint64_t)f->number << 3) + wire_varint_size(f->bytes.size) +
		f->bytes.size;
	const char *wrong;

	if (f->type != WIRE_BYTES)
		return "the body of the event is not a message";
	if (body->part)
		return "the event has two bodies";
	e->body = (uint8_t)(f->number - EVENT_BODY_FIRST);
	body->part = &event_bodies[e->body];
	wrong = body_read(e, body, f->bytes);
	head->size += size;
	if (body->canonical && f->bytes.data + f->bytes.size == at + size)
		e->wire = span_of(at, size);
	return wrong;
}

/* The part of the message that is the canonical form of what the event says, beginning behind its
 * id and sequence; of size 0 when it came otherwise. */
static struct span canonical_part(struct span message, const struct reading *head,
	const struct reading *body, const uint8_t *said)
{
	if (!head->canonical || !body->canonical || head->size != message.size)
		return span_of(NULL, 0);
	return span_of(said, (size_t)(message.data + message.size - said));
}

static const char *event_read(struct event *e, struct reading *head, struct reading *body,
	struct span message, struct span *ret_canonical)
{
	struct wire w = wire_of(message);
	struct wire_field f = { 0 };
	const uint8_t *said = NULL;

	while (w.at < w.end) {
		const uint8_t *at = w.at;
		const char *wrong;

		if (!wire_read(&w, &f))
			return "the event is not a message";
		if (f.number > HEAD_SEQUENCE + 1 && !said)
			said = at;
		if (f.number - EVENT_BODY_FIRST < BODY_COUNT) {
			wrong = body_take(e, head, body, &f, at);
		} else {
			head->canonical &= !body->part;
			wrong = field_take(e, head, &f);
		}
		if (wrong)
			return wrong;
	}
	*ret_canonical = canonical_part(message, head, body, said);
	return NULL;
}

/* The source of the batch, for an event that names none. */
static void source_take(struct event *e, struct reading *head, struct span source)
{
	e->source = source;
	head->given |= HEAD_BIT(SOURCE);
	head->broken &= ~HEAD_BIT(SOURCE);
	if (!field_holds(e, &event_head.fields[HEAD_SOURCE], FIELD_TEXT))
		head->broken |= HEAD_BIT(SOURCE);
}

enum reject event_decode(struct event *e, struct span message, struct span batch_source,
	const char **ret_text)
{
	struct reading head = { .part = &event_head, .canonical = true }, body = { .canonical = true };
	struct span canonical;
	const char *wrong;

	memset(e, 0, sizeof *e);
	e->body = BODY_COUNT;
	if (message.size > EVENT_BYTES_MAX) {
		*ret_text = "an event has at most 16384 bytes";
		return REJECT_TOO_LARGE;
	}
	wrong = event_read(e, &head, &body, message, &canonical);
	if (wrong) {
		*ret_text = wrong;
		return REJECT_MALFORMED;
	}
	if (e->source.size == 0)
		source_take(e, &head, batch_source);
	head.broken |= part_lacks(&event_head, head.given);
	if (body.part)
		body.broken |= part_lacks(body.part, body.given);
	return event_conclude(e, head.broken, body.broken, canonical, ret_text);
}

int event_reread(struct event *e, int64_t time_ms, struct span message)
{
	struct reading head = { .part = &event_head }, body = { 0 };
	struct span ignored;

	memset(e, 0, sizeof *e);
	e->body = BODY_COUNT;
	if (event_read(e, &head, &body, message, &ignored) || e->body == BODY_COUNT)
		return ERR_CORRUPT;
	e->time_ms = time_ms;
	return time_ms >= EVENT_TIME_MIN && time_ms <= EVENT_TIME_MAX ? 0 : ERR_CORRUPT;
}
