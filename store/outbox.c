/* SPDX-License-Identifier: Apache-2.0 */
/* Outbox: sequence (8, BE) -> taken ms (8, LE), encoded notification. Appended at the end, cut off
 * at the front (memtable.h), so that no row has to say of each that it is gone; meta says where both
 * are. */
#include "store/table.h"

int env_outbox_add(struct env *e, int64_t at_taken_ms, struct span encoded, uint64_t *ret_sequence)
{
	uint8_t key[8], taken[8];
	struct span parts[] = { span_of(taken, sizeof taken), encoded };

	put_be64(key, e->meta.outbox_last + 1);
	put_le64(taken, (uint64_t)at_taken_ms);
	int rc = table_put(e, TABLE_OUTBOX, span_of(key, sizeof key), parts, 2, TABLE_APPEND);
	if (rc != OK)
		return rc;
	*ret_sequence = ++e->meta.outbox_last;
	e->meta.outbox_bytes += encoded.size;
	if (e->meta.outbox_first == e->meta.outbox_last) /* or it would be looked for to be trimmed */
		e->outbox_head = (struct outbox_head){ .sequence = e->meta.outbox_last,
			.taken_ms = at_taken_ms, .bytes = encoded.size };
	return rc;
}

int env_outbox_get(struct env *e, uint64_t sequence, int64_t *ret_taken_ms, struct span *ret_encoded)
{
	uint8_t key[8];
	struct span value;
	int rc = table_begin(e);

	if (rc != OK)
		return rc;
	if (sequence < e->meta.outbox_first || sequence > e->meta.outbox_last)
		return ERR_NOTFOUND;
	put_be64(key, sequence);
	rc = table_get(e, TABLE_OUTBOX, span_of(key, sizeof key), &value);
	if (rc == ERR_NOTFOUND || (rc == OK && value.size < 8))
		rc = ERR_CORRUPT;
	if (rc != OK)
		return rc;
	*ret_taken_ms = (int64_t)get_le64(value.data);
	*ret_encoded = span_of(value.data + 8, value.size - 8);
	return OK;
}

void outbox_drop(struct env *e)
{
	e->outbox_head.sequence = 0;
}

/* What is known of the oldest one: it is asked about whenever one is added. A damaged one can be given
 * to nobody any more: it goes too, or it would hold up the rest. */
static int head_read(struct env *e, struct span key)
{
	struct outbox_head *h = &e->outbox_head;
	struct span value;
	int rc;

	if (h->sequence == e->meta.outbox_first)
		return OK;
	rc = table_get(e, TABLE_OUTBOX, key, &value);
	if (e->failed != OK)
		return e->failed;
	h->missing = rc == ERR_NOTFOUND;
	h->taken_ms = rc == OK && value.size >= 8 ? (int64_t)get_le64(value.data) : INT64_MIN;
	h->bytes = h->taken_ms != INT64_MIN ? value.size - 8 : 0;
	h->sequence = e->meta.outbox_first;
	return OK;
}

static bool head_is_old(const struct env *e, const struct outbox_keep *keep)
{
	const struct env_meta *m = &e->meta;

	return e->outbox_head.taken_ms == INT64_MIN || e->outbox_head.taken_ms < keep->since_ms ||
		m->outbox_bytes > keep->bytes ||
		m->outbox_last - m->outbox_first + 1 > keep->notifications;
}

int env_outbox_trim(struct env *e, const struct outbox_keep *keep, unsigned limit)
{
	struct env_meta *m = &e->meta;
	uint8_t key[8];
	int rc = table_begin(e);

	for (; rc == OK && limit > 0 && m->outbox_first <= m->outbox_last; limit--) {
		put_be64(key, m->outbox_first);
		rc = head_read(e, span_of(key, sizeof key));
		if (rc != OK || !head_is_old(e, keep))
			return rc;
		if (!e->outbox_head.missing)
			rc = table_del_first(e, TABLE_OUTBOX, span_of(key, sizeof key));
		if (rc == OK) {
			m->outbox_first++;
			m->outbox_bytes -= e->outbox_head.bytes;
		}
	}
	if (rc == OK && m->outbox_first > m->outbox_last)
		m->outbox_bytes = 0;
	return rc;
}
