/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines: due ms (8, BE), customer -> nothing but the checksum, walked in key order. The
 * leading number makes key order the order in which they fall due.
 *
 * Those that come up are taken from the front: the table is cut off behind them (memtable.h), and no
 * row has to say of each that it is gone. A row that was deleted otherwise stands in the way until it
 * is gone from LMDB too. So the open transaction also notes a key before which there is none; what is
 * put earlier moves it back. */
#include <assert.h>
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

static struct span floor_key(const struct env *e)
{
	return span_of(e->due_floor, e->due_floor_size);
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

int env_deadline_take(struct env *e, const struct due *d)
{
	uint8_t key[DUE_BYTES + EVENT_CUSTOMER_MAX + 1];
	struct span k = deadline_key(key, d->due_ms, span_of(d->customer, d->size));
	int rc = table_del_first(e, TABLE_DEADLINES, k);

	if (rc == OK) {
		key[k.size] = 0; /* the least key above it */
		floor_set(e, span_of(key, k.size + 1));
	}
	return rc;
}

static bool key_is_sound(struct env *e, struct span key)
{
	bool sound = key.size > DUE_BYTES && key.size <= DUE_BYTES + EVENT_CUSTOMER_MAX;

	if (!sound)
		e->failed = ERR_CORRUPT; /* no flipped bit in a value: the tree itself is damaged */
	return sound;
}

int env_deadline_first(struct env *e, int64_t *ret_due_ms, uint8_t *id, size_t *ret_id_size)
{
	struct row row;
	int rc = table_seek(e, TABLE_DEADLINES, floor_key(e), SEEK_FROM, &row);

	if (rc != OK && (rc != ERR_CORRUPT || e->failed != OK))
		return rc;
	if (!key_is_sound(e, row.key))
		return ERR_CORRUPT;
	floor_set(e, row.key);
	*ret_due_ms = (int64_t)get_be64(row.key.data);
	*ret_id_size = row.key.size - DUE_BYTES;
	memcpy(id, row.key.data + DUE_BYTES, *ret_id_size);
	return rc;
}

int env_deadlines_due(struct env *e, int64_t upto_ms, struct due *list, unsigned max,
	unsigned *ret_n)
{
	struct span keys[DEADLINES_DUE_MAX];
	unsigned n = 0;
	int rc;

	assert(max <= DEADLINES_DUE_MAX);
	*ret_n = 0;
	e->due_put_size = 0;
	rc = table_keys(e, TABLE_DEADLINES, floor_key(e), keys, max, &n);
	for (unsigned i = 0; rc == OK && i < n; i++) {
		struct due *d = &list[i];

		if (!key_is_sound(e, keys[i]))
			return ERR_CORRUPT;
		d->due_ms = (int64_t)get_be64(keys[i].data);
		if (d->due_ms > upto_ms)
			break;
		d->size = (uint8_t)(keys[i].size - DUE_BYTES);
		memcpy(d->customer, keys[i].data + DUE_BYTES, d->size);
		++*ret_n;
	}
	if (rc == OK && n)
		floor_set(e, keys[0]);
	return rc;
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
