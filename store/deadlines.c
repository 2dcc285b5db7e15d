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

static void note_put(struct env *e, struct span key)
{
	if (e->due_put_size && key_order(key, span_of(e->due_put, e->due_put_size)) > 0)
		return;
	memcpy(e->due_put, key.data, key.size);
	e->due_put_size = key.size;
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
	if (rc == OK)
		note_put(e, k);
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

/* The first row FROM there on; ERR_CORRUPT with its key when only its checksum is wrong. */
static int deadline_seek(struct env *e, struct span from, enum table_seek how, struct span *ret_key)
{
	struct row row;
	int rc = table_seek(e, TABLE_DEADLINES, from, how, &row);

	if (rc != OK && (rc != ERR_CORRUPT || e->failed != OK))
		return rc;
	if (row.key.size <= DUE_BYTES || row.key.size > DUE_BYTES + EVENT_CUSTOMER_MAX) {
		e->failed = ERR_CORRUPT; /* no flipped bit in a value: the tree itself is damaged */
		return ERR_CORRUPT;
	}
	*ret_key = row.key;
	return rc;
}

static struct span floor_key(const struct env *e)
{
	return span_of(e->due_floor, e->due_floor_size);
}

int env_deadline_first(struct env *e, int64_t *ret_due_ms, uint8_t *id, size_t *ret_id_size)
{
	struct span key;
	int rc = deadline_seek(e, floor_key(e), SEEK_FROM, &key);

	if (rc != OK && (rc != ERR_CORRUPT || e->failed != OK))
		return rc;
	floor_set(e, key);
	*ret_due_ms = (int64_t)get_be64(key.data);
	*ret_id_size = key.size - DUE_BYTES;
	memcpy(id, key.data + DUE_BYTES, *ret_id_size);
	return rc;
}

int env_deadlines_due(struct env *e, int64_t upto_ms, struct due *list, unsigned max,
	unsigned *ret_n)
{
	uint8_t last[DUE_BYTES + EVENT_CUSTOMER_MAX];
	struct span from = floor_key(e), key;
	enum table_seek how = SEEK_FROM;

	*ret_n = 0;
	e->due_put_size = 0;
	while (*ret_n < max) {
		struct due *d = &list[*ret_n];
		int rc = deadline_seek(e, from, how, &key);

		if (rc == ERR_NOTFOUND)
			return OK;
		if (rc != OK && (rc != ERR_CORRUPT || e->failed != OK))
			return rc;
		if (*ret_n == 0)
			floor_set(e, key);
		d->due_ms = (int64_t)get_be64(key.data);
		if (d->due_ms > upto_ms)
			return OK;
		d->size = (uint8_t)(key.size - DUE_BYTES);
		memcpy(d->customer, key.data + DUE_BYTES, d->size);
		memcpy(last, key.data, key.size);
		from = span_of(last, key.size);
		how = SEEK_AFTER;
		++*ret_n;
	}
	return OK;
}

bool env_deadline_is_next(const struct env *e, const struct due *d)
{
	uint8_t key[DUE_BYTES + EVENT_CUSTOMER_MAX];

	return e->due_put_size == 0 ||
		key_order(deadline_key(key, d->due_ms, span_of(d->customer, d->size)),
			span_of(e->due_put, e->due_put_size)) <= 0;
}

uint64_t env_deadlines(struct env *e)
{
	return table_rows(e, TABLE_DEADLINES);
}
