/* SPDX-License-Identifier: Apache-2.0 */
/* Message: protobuf-c made safe, for all messages but the event.
 *
 * A message is scanned before it is unpacked, because protobuf-c merges a repeated singular
 * message in O(N^2), keeps each unknown field with two allocations, and trusts every count.
 * Unpacked texts are copies in the arena. Nothing unpacked is ever packed again: unknown fields
 * would ride along. */
#ifndef KITH_PROTO_MESSAGE_H
#define KITH_PROTO_MESSAGE_H
#include "proto/codec.h"
#include "proto/kith.pb-c.h"

/* What one message may be. */
struct message_limit {
	size_t bytes;
	unsigned fields; /* in all, those of sub-messages too */
};

/* Walk BYTES once, without recursion: well-formed, known fields of their own wire type, no
 * singular field twice in one message, at most FIELDS_MAX fields in all, at most
 * WIRE_UNKNOWN_MAX unknown ones in one message and 64 + 16 per sub-message in all. NULL, or
 * what is wrong as a constant sentence. */
const char *message_scan(const ProtobufCMessageDescriptor *type, struct span bytes,
	unsigned fields_max);

/* Scan and unpack into A. ERR_INVALID with a complaint (C may be NULL), ERR_TOOBIG, ERR_NOMEM at
 * the arena's limit. *RET_MESSAGE, a pointer to the generated struct, is the arena's. */
int message_unpack(const ProtobufCMessageDescriptor *type, struct span bytes,
	struct message_limit limit, struct arena *a, void *ret_message, struct complaint *c);

/* Append the packed MESSAGE, a generated struct. Since parts of a message concatenate to the
 * whole, a large one may be appended piece by piece. */
void message_append(struct buf *out, const void *message);

static inline ProtobufCBinaryData binary_of(struct span s)
{
	return (ProtobufCBinaryData){ s.size, (uint8_t *)(uintptr_t)s.data };
}
static inline ProtobufCBinaryData binary_str(const char *s)
{
	return binary_of(span_str(s));
}
static inline struct span span_of_binary(ProtobufCBinaryData b)
{
	return span_of(b.data, b.len);
}

/* Set optional bytes FIELD of M where SPAN says something. */
#define SET_BYTES(m, field, span) \
	do { \
		(m)->has_##field = (span).size > 0; \
		(m)->field = binary_of(span); \
	} while (0)
/* Set an optional number or bool where VALUE is not 0. */
#define SET_NUMBER(m, field, number) \
	do { \
		(m)->has_##field = (number) != 0; \
		(m)->field = (number); \
	} while (0)

#endif
