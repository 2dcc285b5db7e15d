/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes: spans of memory, little- and big-endian numbers, varints. Nothing here allocates but
 * `struct buf`. Big-endian is for keys (so that they sort), little-endian for values. */
#ifndef KITH_BASE_BYTES_H
#define KITH_BASE_BYTES_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Memory owned by somebody else. */
struct span {
	const uint8_t *data;
	size_t size;
};

static inline struct span span_of(const void *data, size_t size)
{
	return (struct span){ (const uint8_t *)data, size };
}
static inline struct span span_str(const char *s)
{
	return span_of(s, strlen(s));
}
/* Nothing may lie nowhere: memcpy() must not be given NULL, for no byte either, and an optimiser takes it
 * as said that it was not. */
static inline void span_copy(void *out, struct span s)
{
	if (s.size)
		memcpy(out, s.data, s.size);
}
static inline bool span_eq(struct span a, struct span b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline void put_be64(uint8_t *p, uint64_t v)
{
	v = __builtin_bswap64(v);
	memcpy(p, &v, 8);
}
static inline uint64_t get_be64(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, 8);
	return __builtin_bswap64(v);
}
static inline void put_be32(uint8_t *p, uint32_t v)
{
	v = __builtin_bswap32(v);
	memcpy(p, &v, 4);
}
static inline uint32_t get_be32(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, 4);
	return __builtin_bswap32(v);
}
static inline void put_le64(uint8_t *p, uint64_t v)
{
	memcpy(p, &v, 8);
}
static inline uint64_t get_le64(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, 8);
	return v;
}
static inline void put_le32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, 4);
}
static inline uint32_t get_le32(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, 4);
	return v;
}
static inline void put_le16(uint8_t *p, uint16_t v)
{
	memcpy(p, &v, 2);
}
static inline uint16_t get_le16(const uint8_t *p)
{
	uint16_t v;
	memcpy(&v, p, 2);
	return v;
}

/* At most 10 bytes are written; returns the end. */
static inline uint8_t *put_varint(uint8_t *p, uint64_t v)
{
	while (v >= 0x80) {
		*p++ = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	*p++ = (uint8_t)v;
	return p;
}

/* The varint of 2 to 8 bytes at P, of which 8 may be read; NULL when it is longer. All its bytes at
 * once: the gaps that their high bits leave are closed in pairs, then in fours, then in eights. */
static inline const uint8_t *get_varint_of_eight(const uint8_t *p, uint64_t *ret_v)
{
	uint64_t x = get_le64(p), ends = ~x & UINT64_C(0x8080808080808080);

	if (!ends)
		return NULL;
	p += (unsigned)__builtin_ctzll(ends) / 8 + 1;
	x &= ends ^ (ends - 1);
	x = (x & UINT64_C(0x007f007f007f007f)) | (x & UINT64_C(0x7f007f007f007f00)) >> 1;
	x = (x & UINT64_C(0x00003fff00003fff)) | (x & UINT64_C(0x3fff00003fff0000)) >> 2;
	x = (x & UINT64_C(0x000000000fffffff)) | (x & UINT64_C(0x0fffffff00000000)) >> 4;
	*ret_v = x;
	return p;
}

/* Returns the byte after the varint, or NULL when it is cut off, longer than 10 bytes or
 * overflows 64 bits. */
static inline const uint8_t *get_varint(const uint8_t *p, const uint8_t *end, uint64_t *ret_v)
{
	uint64_t v = 0;

	if (p < end && *p < 0x80) {
		*ret_v = *p;
		return p + 1;
	}
	if (end - p >= 8) {
		const uint8_t *next = get_varint_of_eight(p, ret_v);

		if (next)
			return next;
	}
	for (unsigned shift = 0; p < end && shift < 70; shift += 7) {
		uint8_t c = *p++;
		if (shift == 63 && c > 1)
			return NULL;
		v |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80) {
			*ret_v = v;
			return p;
		}
	}
	return NULL;
}
static inline uint64_t zigzag(int64_t v)
{
	return ((uint64_t)v << 1) ^ (uint64_t)(v >> 63);
}
static inline int64_t unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

/* True when DATA is well-formed UTF-8 without control characters (below 0x20, 0x7f): what an
 * id, a name or an address may consist of. NUL is a control character, so a key may be ended
 * by one. */
bool bytes_are_plain_utf8(struct span s);
/* The longest beginning of S, which is UTF-8, of at most MOST bytes that cuts no character. */
struct span utf8_cut(struct span s, size_t most);
/* TEXT from anywhere as plain UTF-8 that fits into OUT: what is not becomes '?'. */
void utf8_clean(char *out, size_t size, const char *text);

/* A growing buffer. `failed` remembers the first failed allocation, after which appending does
 * nothing: check once at the end. */
struct buf {
	uint8_t *data;
	size_t size;
	size_t capacity;
	bool failed;
};

void buf_fini(struct buf *b);
void buf_clear(struct buf *b);
/* Room for MORE bytes after the end, or NULL (and failed). The caller adds to `size`. */
uint8_t *buf_room(struct buf *b, size_t more);
void buf_add(struct buf *b, const void *data, size_t size);
void buf_add_str(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
