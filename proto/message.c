/* SPDX-License-Identifier: Apache-2.0 */
/* Unpacking into an arena and packing into a buffer. */
#include "proto/message.h"

static void *arena_alloc_for_protobuf(void *arena, size_t size)
{
	return arena_alloc(arena, size);
}

static void arena_keep(void *arena, void *pointer)
{
	(void)arena; /* freed as a whole */
	(void)pointer;
}

int message_unpack(const ProtobufCMessageDescriptor *type, struct span bytes,
	struct message_limit limit, struct arena *a, void *ret_message, struct complaint *c)
{
	ProtobufCAllocator in_arena = { arena_alloc_for_protobuf, arena_keep, a };
	ProtobufCMessage *m;
	const char *wrong;

	if (bytes.size > limit.bytes)
		return complain(c, ERR_TOOBIG, "a %s has at most %zu bytes", type->short_name,
			limit.bytes);
	wrong = message_scan(type, bytes, limit.fields);
	if (wrong)
		return complain(c, ERR_INVALID, "not a %s: %s", type->short_name, wrong);
	m = protobuf_c_message_unpack(type, &in_arena, bytes.size, bytes.data);
	if (!m) /* what the scan lets through parses, so memory is out */
		return complain(c, ERR_NOMEM, "no memory for a %s of %zu bytes", type->short_name,
			bytes.size);
	*(ProtobufCMessage **)ret_message = m;
	return 0;
}

void message_append(struct buf *out, const void *message)
{
	size_t size = protobuf_c_message_get_packed_size(message);
	uint8_t *room = buf_room(out, size);

	if (!room)
		return;
	(void)protobuf_c_message_pack(message, room);
	out->size += size;
}
