/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes: the UTF-8 check and the growing buffer. */
#include "base/bytes.h"
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Length of the well-formed UTF-8 sequence of two bytes or more at P (Unicode 15, table 3-7), 0
 * when there is none. Overlong forms, surrogates and what lies beyond U+10FFFF are not
 * well-formed. */
static size_t utf8_sequence(const uint8_t *p, size_t left)
{
	uint8_t low = 0x80, high = 0xbf; /* allowed in the second byte */
	size_t size;

	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		size = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		size = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		size = 4;
	else
		return 0;
	switch (p[0]) {
	case 0xe0: low = 0xa0; break;
	case 0xed: high = 0x9f; break;
	case 0xf0: low = 0x90; break;
	case 0xf4: high = 0x8f; break;
	}
	if (left < size || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < size; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return size;
}

/* Whether the eight bytes of X are all from 0x20 to 0x7e, which most ids and names consist of. */
static inline bool eight_are_plain(uint64_t x)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
	uint64_t deleted = x ^ ones * 0x7f;

	return !((x | (x - ones * 0x20) | (deleted - ones)) & highs);
}

/* 1 to 7 bytes as eight, some of them twice. */
static inline uint64_t few_as_eight(const uint8_t *p, size_t size)
{
	if (size >= 4)
		return get_le32(p) | (uint64_t)get_le32(p + size - 4) << 32;
	return UINT64_C(0x2020202020000000) | (uint64_t)p[0] << 16 | (uint64_t)p[size / 2] << 8 |
		p[size - 1];
}

/* All the bytes at once where they are such; what lies at the end is looked at twice. */
static bool all_are_plain(struct span s, size_t *ret_plain)
{
	size_t i = 0;

	*ret_plain = 0;
	if (s.size < 8)
		return s.size == 0 || eight_are_plain(few_as_eight(s.data, s.size));
	while (s.size - i >= 8 && eight_are_plain(get_le64(s.data + i)))
		i += 8;
	*ret_plain = i;
	return s.size - i < 8 && eight_are_plain(get_le64(s.data + s.size - 8));
}

bool bytes_are_plain_utf8(struct span s)
{
	size_t i;

	if (all_are_plain(s, &i))
		return true;
	while (i < s.size) {
		size_t n = s.data[i] < 0x80 ? s.data[i] >= 0x20 && s.data[i] < 0x7f
					    : utf8_sequence(s.data + i, s.size - i);

		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

struct span utf8_cut(struct span s, size_t most)
{
	if (s.size <= most)
		return s;
	while (most > 0 && (s.data[most] & 0xc0) == 0x80)
		most--;
	return span_of(s.data, most);
}

void utf8_clean(char *out, size_t size, const char *text)
{
	size_t left = strlen(text), at = 0;

	while (left > 0) {
		const uint8_t *p = (const uint8_t *)text;
		size_t n = *p < 0x80 ? *p >= 0x20 && *p < 0x7f : utf8_sequence(p, left);
		const char *good = n ? text : "?";

		n += n == 0;
		if (at + n >= size)
			break;
		memcpy(out + at, good, n);
		at += n;
		text += n;
		left -= n;
	}
	out[at] = '\0';
}

void buf_fini(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}

void buf_clear(struct buf *b)
{
	b->size = 0;
	b->failed = false;
}

uint8_t *buf_room(struct buf *b, size_t more)
{
	size_t need, capacity;
	uint8_t *data;

	if (b->failed)
		return NULL;
	if (more <= b->capacity - b->size && b->data)
		return b->data + b->size;
	if (more > SIZE_MAX / 4 - b->size)
		goto fail;
	need = b->size + more;
	capacity = b->capacity < 64 ? 64 : b->capacity;
	while (capacity < need)
		capacity *= 2;
	data = realloc(b->data, capacity);
	if (!data)
		goto fail;
	b->data = data;
	b->capacity = capacity;
	return data + b->size;

fail:
	b->failed = true;
	return NULL;
}

void buf_add(struct buf *b, const void *data, size_t size)
{
	uint8_t *to = buf_room(b, size);

	if (!to || size == 0)
		return;
	memcpy(to, data, size);
	b->size += size;
}

void buf_add_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args, again;
	uint8_t *to;
	int n;

	va_start(args, format);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, args);
	to = n < 0 ? NULL : buf_room(b, (size_t)n + 1); /* + the NUL, which is not counted in size */
	if (to) {
		(void)vsnprintf((char *)to, (size_t)n + 1, format, again);
		b->size += (size_t)n;
	} else {
		b->failed = true;
	}
	va_end(again);
	va_end(args);
}
