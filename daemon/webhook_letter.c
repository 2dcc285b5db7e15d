/* SPDX-License-Identifier: Apache-2.0 */
/* A letter's row. */
#include <stdio.h>
#include "daemon/webhook_letter.h"

#define HEAD_BYTES 41

void letter_pack(struct buf *out, const struct letter *l, enum letter_row kind)
{
	size_t error = strlen(l->error);
	uint8_t *p;

	buf_clear(out);
	p = buf_room(out, HEAD_BYTES);
	if (!p)
		return;
	p[0] = 1;
	p[1] = (uint8_t)kind;
	put_le16(p + 2, l->attempts);
	put_le32(p + 4, (uint32_t)l->status);
	put_le64(p + 8, (uint64_t)l->due_ms);
	put_le64(p + 16, (uint64_t)l->first_ms);
	put_le64(p + 24, (uint64_t)l->last_ms);
	put_le64(p + 32, l->customer);
	p[40] = (uint8_t)error;
	out->size += HEAD_BYTES;
	buf_add(out, l->error, error);
	buf_add(out, l->body, l->size);
}

int letter_unpack(struct span record, struct letter *l, enum letter_row *ret_kind,
	struct span *ret_body)
{
	const uint8_t *p = record.data;

	memset(l, 0, sizeof *l);
	if (record.size < HEAD_BYTES || p[0] != 1 || p[1] < ROW_WAITS || p[1] > ROW_WEBHOOK ||
		p[40] >= LETTER_ERROR_MAX || record.size < HEAD_BYTES + (size_t)p[40])
		return ERR_CORRUPT;
	*ret_kind = (enum letter_row)p[1];
	l->attempts = get_le16(p + 2);
	l->status = (int)get_le32(p + 4);
	l->due_ms = (int64_t)get_le64(p + 8);
	l->first_ms = (int64_t)get_le64(p + 16);
	l->last_ms = (int64_t)get_le64(p + 24);
	l->customer = get_le64(p + 32);
	memcpy(l->error, p + HEAD_BYTES, p[40]);
	*ret_body = span_of(p + HEAD_BYTES + p[40], record.size - HEAD_BYTES - p[40]);
	return 0;
}
