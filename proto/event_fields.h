/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of an event: one table that the wire decoder, the encoder, the checks, the
 * fingerprint and JSON all walk. A new field is one row here and one member in base/event.h.
 *
 * Row i of a part is field number i + 1 of its message. The canonical form of an event is its
 * encoding in table order; its hash is the fingerprint that stores keep for weeks. So rows are
 * only ever appended. */
#ifndef KITH_PROTO_EVENT_FIELDS_H
#define KITH_PROTO_EVENT_FIELDS_H
#include "proto/codec.h"
#include "proto/wire.h"

enum field_kind {
	FIELD_TEXT,     /* struct span */
	FIELD_AMOUNT,   /* int64_t, minor units */
	FIELD_TIME,     /* int64_t, Unix ms; 0: not said */
	FIELD_ENUM,     /* uint8_t; 0: not said */
	FIELD_ANSWER,   /* uint8_t, enum answer; a bool in messages */
	FIELD_SCORE,    /* double, 0 to 10 */
	FIELD_SEQUENCE, /* uint64_t, from 1; 0: none */
};

struct event_field {
	const char *name;    /* in the message and in JSON */
	const char *rule;    /* the sentence of a rejection */
	uint16_t offset;     /* in struct event */
	uint16_t has;        /* of a bool that says whether there is a value; 0: none needed */
	uint8_t kind;        /* enum field_kind */
	uint8_t code;        /* enum reject, when the rule is broken */
	bool required;
	bool clearable;      /* an empty text is a statement, not an absent one */
	bool negative;       /* an amount may be below 0 */
	uint8_t max;         /* texts: bytes; enums: how many values */
	const char *(*naming)(unsigned); /* of an enum's values */
};

/* The head of an event, or one of its bodies. */
struct event_part {
	const char *name; /* of the body; NULL for the head */
	unsigned n;
	const struct event_field *fields;
};

enum head { HEAD_SOURCE, HEAD_ID, HEAD_SEQUENCE, HEAD_CUSTOMER, HEAD_TIME, HEAD_CHANNEL };
#define HEAD_ALL 0x3fu
#define HEAD_BIT(f) (1u << HEAD_##f)

#define EVENT_BYTES_MAX   (16u << 10)  /* of one encoded event; a larger one is not read */
#define EVENT_ENCODED_MAX 1024u        /* what a checked event needs at most */
#define EVENT_SEQUENCE_MAX ((uint64_t)INT64_MAX)

extern const struct event_part event_head;
extern const struct event_part event_bodies[BODY_COUNT];

/* enum wire_type of a field_kind */
static inline enum wire_type wire_type_of(uint8_t kind)
{
	return kind == FIELD_TEXT ? WIRE_BYTES : kind == FIELD_SCORE ? WIRE_FIXED64 : WIRE_VARINT;
}

static inline void *field_of(struct event *e, const struct event_field *f)
{
	return (uint8_t *)e + f->offset;
}
static inline const void *field_in(const struct event *e, const struct event_field *f)
{
	return (const uint8_t *)e + f->offset;
}

/* Whether E says something for F. */
static inline bool field_is_said(const struct event *e, const struct event_field *f)
{
	const void *at = field_in(e, f);
	const struct span *text = at;

	switch ((enum field_kind)f->kind) {
	case FIELD_TEXT:
		return f->clearable ? text->data != NULL : text->size > 0;
	case FIELD_AMOUNT:
		return !f->has || *((const bool *)e + f->has);
	case FIELD_TIME:
	case FIELD_SEQUENCE:
		return *(const uint64_t *)at != 0;
	case FIELD_ENUM:
	case FIELD_ANSWER:
		return *(const uint8_t *)at != 0;
	case FIELD_SCORE:
		break;
	}
	return true;
}

/* Fill E from one encoded Event and check it; REJECT_NONE, or the code and *RET_TEXT. A body not
 * known leaves e->body at BODY_COUNT. BATCH_SOURCE serves an event that names none. */
enum reject event_decode(struct event *e, struct span message, struct span batch_source,
	const char **ret_text);

/* event_check() when it is known which fields were given: bit i for row i of the part. Tells a
 * required number that is absent from a 0. */
enum reject event_check_given(struct event *e, uint32_t head, uint32_t body,
	const char **ret_text);
/* The same for an event that came just as event_write() makes it, in a fraction of the time. False:
 * it did not, or something is wrong with it; E is then to be decoded anew. */
bool event_take_canonical(struct event *e, struct span message, struct span batch_source);

/* Write the encoded Event with the HEAD_BITs of HEAD to P and return its end: at most
 * event_bound() bytes, and EVENT_ENCODED_MAX of a checked event. */
uint8_t *event_write(uint8_t *p, const struct event *e, unsigned head);
size_t event_bound(const struct event *e);

#endif
