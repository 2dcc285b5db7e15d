/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines: due ms (8, BE), customer -> nothing but the checksum, walked in key order. The
 * leading number makes key order the order in which they fall due.
 *
 * Rows that were taken out stand in the way until they are gone from LMDB too: a thousand deadlines
 * that fell due together would be stepped over a thousand times. So the open transaction notes a
 * key before which there is none; what is put earlier moves it back. */
#include "store/table.h"

#define DUE_BYTES 8

static struct span deadline_key(uint8_t *key, int64_t due_ms, struct span customer)
{
	put_be64(key, (uint64_t)due_ms);
	memcpy(key + DUE_BYTES, customer.data, customer.size);
	return span_of(key, DUE_BYTES + customer.size);
}

static bool deadline_fits(int64_t due_ms, struct span customer)
{
	return due_ms >= 0 && customer.size > 0 && customer.size <= EVENT_CUSTOMER_MAX;
}

void deadlines_drop(struct env *e)
{
	e->due_floor_size = 0;
}

static void floor_set(struct env *e, struct span key)
{
	memcpy(e->due_floor, key.data, key.size);
	e->due_floor_size = key.size;
}

int env_deadline_put(struct env *e, int64_t due_ms, struct span customer)
{
	uint8_t key[DUE_BYTES + EVENT_CUSTOMER_MAX];

	if (!deadline_fits(due_ms, customer))
		return ERR_INVALID;
	struct span k = deadline_key(key, due_ms, customer);
	int rc = table_put(e, TABLE_DEADLINES, k, NULL, 0, TABLE_REPLACE);
	if (rc == OK && key_order(k, span_of(e->due_floor, e->due_floor_size)) < 0)
		floor_set(e, k);
	return rc;
}

int env_deadline_del(struct env *e, int64_t due_ms, struct span customer)
{
	uint8_t key[DUE_BYTES + EVENT_CUSTOMER_MAX];

	if (!deadline_fits(due_ms, customer))
		return ERR_INVALID;
	int rc = table_del(e, TABLE_DEADLINES, deadline_key(key, due_ms, customer));
	return rc == ERR_NOTFOUND ? OK : rc;
}

int env_deadline_first(struct env *e, int64_t *ret_due_ms, uint8_t *id, size_t *ret_id_size)
{
	struct row row;
	int rc = table_seek(e, TABLE_DEADLINES, span_of(e->due_floor, e->due_floor_size), SEEK_FROM,
		&row);

	if (rc != OK && (rc != ERR_CORRUPT || e->failed != OK))
		return rc;
	if (row.key.size <= DUE_BYTES || row.key.size > DUE_BYTES + EVENT_CUSTOMER_MAX) {
		e->failed = ERR_CORRUPT; /* no flipped bit in a value: the tree itself is damaged */
		return ERR_CORRUPT;
	}
	floor_set(e, row.key);
	*ret_due_ms = (int64_t)get_be64(row.key.data);
	*ret_id_size = row.key.size - DUE_BYTES;
	memcpy(id, row.key.data + DUE_BYTES, *ret_id_size);
	return rc;
}

uint64_t env_deadlines(struct env *e)
{
	return table_rows(e, TABLE_DEADLINES);
}
