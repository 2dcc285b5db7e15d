/* SPDX-License-Identifier: Apache-2.0 */
/* A notification from the wire, in one pass. By hand because the main thread reads each of those that a
 * subscriber's filter asks about or that a sentence is made of. What protobuf-c would not unpack, or
 * message_scan() not let it, is refused here too; tests/unit/test_notification.c holds the two against
 * each other. */
#include "proto/notification.h"
#include "proto/wire.h"

#define FIELDS_MAX 1024 /* those of evidence too */

enum { FACT = 1, TEST = 2, VALUE = 3, TEXT_VALUE = 4, UNIT = 5, HOLDS = 6, SPEAKS = 60, LEFT = 61 };

/* Bits of what a message has had: of a Notification, and of an Evidence. */
enum row {
	ROW_id,
#define TEXT(number, name)             ROW_##name,
#define NUMBER(number, name, member)   ROW_##name,
#define GIVEN(number, name, has)       ROW_##name,
#define ALWAYS(number, name)           ROW_##name,
#define ENUM(number, name, count)      ROW_##name,
#define LIST(number, name, max, tests) ROW_##name,
#include "proto/notification.def"
	ROWS
};
_Static_assert(ROWS <= 64, "a bit each");

/* One message being read. */
struct reading {
	struct wire wire;
	struct wire_field field;
	uint64_t seen;
	unsigned unknown;
	unsigned *fields_left;
};

/* The next field into r->field; false at the end, and where it is none: then the end is not reached. */
static inline bool next_field(struct reading *r)
{
	if (r->wire.at == r->wire.end || *r->fields_left == 0)
		return false;
	--*r->fields_left;
	return wire_read(&r->wire, &r->field);
}

/* Whether a field that there is once is there for the first time, and of its TYPE. */
static inline bool is_first(struct reading *r, unsigned row, enum wire_type type)
{
	uint64_t bit = UINT64_C(1) << row, seen = r->seen;

	r->seen |= bit;
	return r->field.type == type && !(seen & bit);
}

static inline bool take_text(struct reading *r, unsigned row, struct span *to)
{
	*to = r->field.bytes;
	return is_first(r, row, WIRE_BYTES) && bytes_are_plain_utf8(*to);
}

static inline bool take_flag(struct reading *r, unsigned row, bool *to)
{
	*to = r->field.value != 0;
	return is_first(r, row, WIRE_VARINT);
}

static bool evidence_field(struct reading *r, struct evidence *e)
{
	switch (r->field.number) {
	case FACT: return take_text(r, FACT, &e->fact);
	case TEST: return take_text(r, TEST, &e->test);
	case VALUE:
		memcpy(&e->value, &r->field.value, sizeof e->value);
		return is_first(r, VALUE, WIRE_FIXED64);
	case TEXT_VALUE: return take_text(r, TEXT_VALUE, &e->text);
	case UNIT:
		e->unit = (uint8_t)name_lookup(unit_name, UNIT_COUNT_, r->field.bytes);
		return is_first(r, UNIT, WIRE_BYTES);
	case HOLDS: return take_flag(r, HOLDS, &e->holds);
	case SPEAKS: return take_flag(r, SPEAKS, &e->speaks);
	case LEFT: return take_flag(r, LEFT, &e->left);
	default: return ++r->unknown <= WIRE_UNKNOWN_MAX;
	}
}

static bool evidence_read(struct evidence *e, struct span bytes, unsigned *fields_left)
{
	struct reading r = { .wire = wire_of(bytes), .fields_left = fields_left };

	memset(e, 0, sizeof *e);
	while (next_field(&r))
		if (!evidence_field(&r, e))
			return false;
	e->known = r.seen >> (e->unit == UNIT_NAME ? TEXT_VALUE : VALUE) & 1;
	return r.wire.at == r.wire.end;
}

static bool list_field(struct reading *r, struct evidence *list, unsigned *n, unsigned max)
{
	return r->field.type == WIRE_BYTES && *n < max &&
		evidence_read(&list[(*n)++], r->field.bytes, r->fields_left);
}

/* Numbers of a newer version's enums become "not said". */
static bool notification_field(struct reading *r, struct notification *n)
{
	switch (r->field.number) {
	case 1: return is_first(r, ROW_id, WIRE_BYTES); /* what it says shard and sequence say, too */
#define TEXT(number, name) \
	case number: return take_text(r, ROW_##name, &n->name);
#define NUMBER(number, name, member) \
	case number: \
		n->member = (__typeof__(n->member))r->field.value; \
		return is_first(r, ROW_##name, WIRE_VARINT);
#define GIVEN(number, name, has) \
	case number: \
		n->name = (int64_t)r->field.value; \
		n->has = true; \
		return is_first(r, ROW_##name, WIRE_VARINT);
#define ALWAYS(number, name) NUMBER(number, name, name)
#define ENUM(number, name, count) \
	case number: \
		n->name = (uint32_t)r->field.value < count ? (uint8_t)r->field.value : 0; \
		return is_first(r, ROW_##name, WIRE_VARINT);
#define LIST(number, name, max, tests) \
	case number: return list_field(r, n->name, &n->n_##name, max);
#include "proto/notification.def"
	default: return ++r->unknown <= WIRE_UNKNOWN_MAX;
	}
}

static bool notification_read(struct notification *n, struct span bytes)
{
	unsigned fields_left = FIELDS_MAX;
	struct reading r = { .wire = wire_of(bytes), .fields_left = &fields_left };

	memset(n, 0, offsetof(struct notification, context)); /* of its lists what is said to be there */
	while (next_field(&r))
		if (!notification_field(&r, n))
			return false;
	return r.wire.at == r.wire.end && n->sequence > 0;
}

int notification_decode(struct notification *n, const void *data, size_t size, struct arena *a)
{
	uint8_t *copy;

	if (size > NOTIFICATION_BYTES_MAX)
		return ERR_TOOBIG;
	copy = arena_alloc(a, size);
	if (!copy)
		return ERR_NOMEM;
	if (size)
		memcpy(copy, data, size);
	return notification_read(n, span_of(copy, size)) ? 0 : ERR_INVALID;
}
