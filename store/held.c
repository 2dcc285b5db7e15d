/* SPDX-License-Identifier: Apache-2.0 */
/* Held: what is not announced for now: number of the type (2, BE), customer -> why (1), rule (2),
 * from (2), at ms (8), until ms (8), all LE. One row a customer and type: what comes later takes
 * its place. */
#include "store/table.h"

#define TYPE_BYTES 2
#define HELD_BYTES 21
#define KEY_BYTES  (TYPE_BYTES + EVENT_CUSTOMER_MAX)

static struct span held_key(uint8_t key[KEY_BYTES], uint16_t type, struct span customer)
{
	key[0] = (uint8_t)(type >> 8);
	key[1] = (uint8_t)type;
	if (customer.size) /* of nobody: where the type begins */
		memcpy(key + TYPE_BYTES, customer.data, customer.size);
	return span_of(key, TYPE_BYTES + customer.size);
}

int env_held_put(struct env *e, uint16_t type, struct span customer, const struct held *h)
{
	uint8_t key[KEY_BYTES], value[HELD_BYTES];
	struct span v = span_of(value, sizeof value);

	if (customer.size == 0 || customer.size > EVENT_CUSTOMER_MAX)
		return ERR_INVALID;
	value[0] = h->why;
	put_le16(value + 1, h->rule);
	put_le16(value + 3, h->from);
	put_le64(value + 5, (uint64_t)h->at_ms);
	put_le64(value + 13, (uint64_t)h->until_ms);
	return table_put(e, TABLE_HELD, held_key(key, type, customer), &v, 1, TABLE_REPLACE);
}

static int held_unpack(struct span value, struct held *ret)
{
	if (value.size != HELD_BYTES)
		return ERR_CORRUPT;
	ret->why = value.data[0];
	ret->rule = get_le16(value.data + 1);
	ret->from = get_le16(value.data + 3);
	ret->at_ms = (int64_t)get_le64(value.data + 5);
	ret->until_ms = (int64_t)get_le64(value.data + 13);
	return OK;
}

int env_held_get(struct env *e, uint16_t type, struct span customer, struct held *ret)
{
	uint8_t key[KEY_BYTES];
	struct span value;
	int rc;

	if (customer.size == 0 || customer.size > EVENT_CUSTOMER_MAX)
		return ERR_NOTFOUND;
	rc = table_get(e, TABLE_HELD, held_key(key, type, customer), &value);
	return rc != OK ? rc : held_unpack(value, ret);
}

int env_held_del(struct env *e, uint16_t type, struct span customer)
{
	uint8_t key[KEY_BYTES];
	int rc;

	if (customer.size == 0 || customer.size > EVENT_CUSTOMER_MAX)
		return OK;
	rc = table_del(e, TABLE_HELD, held_key(key, type, customer));
	return rc == ERR_NOTFOUND ? OK : rc;
}

int env_held_next(struct env *e, uint16_t type, struct span after, struct span *ret_customer,
	struct held *ret)
{
	uint8_t key[KEY_BYTES];
	struct row row;
	int rc;

	if (after.size > EVENT_CUSTOMER_MAX)
		return ERR_INVALID;
	rc = table_seek(e, TABLE_HELD, held_key(key, type, after), SEEK_AFTER, &row);
	if (rc != OK && (rc != ERR_CORRUPT || e->failed != OK))
		return rc;
	if (row.key.size <= TYPE_BYTES || row.key.data[0] != type >> 8 ||
		row.key.data[1] != (uint8_t)type)
		return ERR_NOTFOUND;
	*ret_customer = span_of(row.key.data + TYPE_BYTES, row.key.size - TYPE_BYTES);
	return rc == OK ? held_unpack(row.value, ret) : rc;
}

uint64_t env_helds(struct env *e)
{
	return table_rows(e, TABLE_HELD);
}
