/* SPDX-License-Identifier: Apache-2.0 */
/* Wire: one field of a protobuf message at a time, read and written by hand.
 *
 *   message  := field*
 *   field    := tag value             tag is the varint (number << 3 | type)
 *   value    := varint                type 0
 *             | 8 bytes little-endian type 1
 *             | varint length, bytes  type 2
 *             | 4 bytes little-endian type 5
 *
 * Example: 22 04 61 6e 6e 61 is field 4, type 2, four bytes: customer "anna".
 * Groups (types 3 and 4) are refused: nothing of ours has them and they nest without a length. */
#ifndef KITH_PROTO_WIRE_H
#define KITH_PROTO_WIRE_H
#include "base/bytes.h"

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

#define WIRE_UNKNOWN_MAX 32  /* fields of a newer version that one message may carry */
#define WIRE_HEAD_MAX    5   /* bytes of a tag or of a length */

/* What is still to be read. */
struct wire {
	const uint8_t *at;
	const uint8_t *end;
};

struct wire_field {
	uint32_t number;
	uint8_t type;      /* enum wire_type */
	uint64_t value;    /* of the types that are numbers */
	struct span bytes; /* of WIRE_BYTES; points into the message */
};

static inline struct wire wire_of(struct span s)
{
	return (struct wire){ s.data, s.size ? s.data + s.size : s.data };
}

static inline const uint8_t *wire_varint(const uint8_t *p, const uint8_t *end, uint64_t *ret_v)
{
	if (p < end && *p < 0x80) {
		*ret_v = *p;
		return p + 1;
	}
	return get_varint(p, end, ret_v);
}

/* A varint below 2^32 in at most five bytes, as protobuf allows for tags and lengths. */
static inline const uint8_t *wire_head(const uint8_t *p, const uint8_t *end, uint64_t *ret_v)
{
	const uint8_t *q = wire_varint(p, end, ret_v);

	return q && q - p <= WIRE_HEAD_MAX && *ret_v <= UINT32_MAX ? q : NULL;
}

/* Read one field and step over it; false when the bytes are none. Call while W is not at its
 * end. */
static inline bool wire_read(struct wire *w, struct wire_field *f)
{
	uint64_t head;
	const uint8_t *p = wire_head(w->at, w->end, &head);

	if (!p || head < 8)
		return false;
	f->number = (uint32_t)head >> 3;
	f->type = head & 7;
	switch (f->type) {
	case WIRE_VARINT:
		p = wire_varint(p, w->end, &f->value);
		break;
	case WIRE_BYTES:
		p = wire_head(p, w->end, &head);
		if (!p || head > (size_t)(w->end - p))
			return false;
		f->bytes = span_of(p, head);
		p += head;
		break;
	case WIRE_FIXED64:
		if (w->end - p < 8)
			return false;
		f->value = get_le64(p);
		p += 8;
		break;
	case WIRE_FIXED32:
		if (w->end - p < 4)
			return false;
		f->value = get_le32(p);
		p += 4;
		break;
	default:
		return false;
	}
	w->at = p;
	return p != NULL;
}

static inline size_t wire_varint_size(uint64_t v)
{
	return (size_t)(63 - __builtin_clzll(v | 1)) / 7 + 1;
}

static inline uint8_t *wire_put_tag(uint8_t *p, uint32_t number, enum wire_type type)
{
	return put_varint(p, (uint64_t)number << 3 | type);
}

/* Put the length of the bytes from START to END into the byte before START, moving them up where
 * it takes more than one byte. Returns their new end. */
static inline uint8_t *wire_put_length(uint8_t *start, uint8_t *end)
{
	size_t size = (size_t)(end - start);
	size_t head = wire_varint_size(size);

	if (head > 1)
		memmove(start + head - 1, start, size);
	(void)put_varint(start - 1, size);
	return end + head - 1;
}

/* Append field NUMBER holding BYTES. */
static inline void wire_add_bytes(struct buf *out, uint32_t number, struct span bytes)
{
	uint8_t head[2 * WIRE_HEAD_MAX];
	uint8_t *end = put_varint(wire_put_tag(head, number, WIRE_BYTES), bytes.size);

	buf_add(out, head, (size_t)(end - head));
	buf_add(out, bytes.data, bytes.size);
}

#endif
