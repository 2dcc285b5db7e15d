/* SPDX-License-Identifier: Apache-2.0 */
/* The pre-scan of a message: everything that would make protobuf-c slow, hungry or recursive is
 * refused before it sees the bytes. */
#include <assert.h>
#include "proto/message.h"
#include "proto/wire.h"

#define DEPTH_MAX 4 /* Delivery > SnapshotPage > SnapshotRow > Place */

/* One message being walked; its parents wait below it. */
struct level {
	struct wire wire;
	const ProtobufCMessageDescriptor *type;
	uint64_t seen; /* bit i: field i of the descriptor */
	unsigned unknown;
};

struct scan {
	struct level stack[DEPTH_MAX];
	unsigned depth;
	unsigned fields_left;
	unsigned unknown_left;
};

static uint8_t wire_type_of(const ProtobufCFieldDescriptor *f)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_DOUBLE:
		return WIRE_FIXED64;
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE:
		return WIRE_BYTES;
	default:
		return WIRE_VARINT; /* kith.proto has no other types: a test holds it to that */
	}
}

static const char *level_push(struct scan *s, const ProtobufCMessageDescriptor *type,
	struct span bytes)
{
	if (s->depth == DEPTH_MAX)
		return "messages are nested too deeply";
	assert(type->n_fields <= 64);
	s->stack[s->depth++] = (struct level){ .wire = wire_of(bytes), .type = type };
	s->unknown_left += 16;
	return NULL;
}

static const char *unknown_count(struct scan *s, struct level *at)
{
	if (++at->unknown > WIRE_UNKNOWN_MAX || s->unknown_left == 0)
		return "there are too many unknown fields";
	s->unknown_left--;
	return NULL;
}

static const char *field_scan(struct scan *s, struct level *at, const struct wire_field *w)
{
	const ProtobufCFieldDescriptor *f =
		protobuf_c_message_descriptor_get_field(at->type, w->number);
	uint64_t bit;

	if (!f)
		return unknown_count(s, at);
	if (w->type != wire_type_of(f))
		return "a field has another type than in kith.proto";
	bit = UINT64_C(1) << (f - at->type->fields);
	if ((at->seen & bit) && f->label != PROTOBUF_C_LABEL_REPEATED)
		return "a field is given twice";
	at->seen |= bit;
	if (f->type == PROTOBUF_C_TYPE_MESSAGE)
		return level_push(s, f->descriptor, w->bytes);
	return NULL;
}

const char *message_scan(const ProtobufCMessageDescriptor *type, struct span bytes,
	unsigned fields_max)
{
	struct scan s = { .fields_left = fields_max, .unknown_left = 48 };
	const char *wrong = level_push(&s, type, bytes);

	while (!wrong && s.depth > 0) {
		struct level *at = &s.stack[s.depth - 1];
		struct wire_field f = { 0 };

		if (at->wire.at == at->wire.end)
			s.depth--;
		else if (!wire_read(&at->wire, &f))
			wrong = "it is not a protobuf message";
		else if (s.fields_left-- == 0)
			wrong = "there are too many fields";
		else
			wrong = field_scan(&s, at, &f);
	}
	return wrong;
}
