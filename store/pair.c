/* SPDX-License-Identifier: Apache-2.0 */
/* Rows by number and customer. */
#include "store/pair.h"

#define KEY_BYTES (PAIR_NUMBER_BYTES + EVENT_CUSTOMER_MAX)

static struct span pair_key(uint8_t key[KEY_BYTES], uint16_t number, struct span customer)
{
	key[0] = (uint8_t)(number >> 8);
	key[1] = (uint8_t)number;
	if (customer.size > 0)
		memcpy(key + PAIR_NUMBER_BYTES, customer.data, customer.size);
	return span_of(key, PAIR_NUMBER_BYTES + customer.size);
}

static bool is_id(struct span customer)
{
	return customer.size > 0 && customer.size <= EVENT_CUSTOMER_MAX;
}

int pair_put(struct env *e, enum table t, uint16_t number, struct span customer, struct span value)
{
	uint8_t key[KEY_BYTES];

	if (!is_id(customer))
		return ERR_INVALID;
	return table_put(e, t, pair_key(key, number, customer), &value, 1, TABLE_REPLACE);
}

int pair_get(struct env *e, enum table t, uint16_t number, struct span customer,
	struct span *ret_value)
{
	uint8_t key[KEY_BYTES];

	if (!is_id(customer))
		return ERR_NOTFOUND;
	return table_get(e, t, pair_key(key, number, customer), ret_value);
}

int pair_del(struct env *e, enum table t, uint16_t number, struct span customer)
{
	uint8_t key[KEY_BYTES];
	int rc;

	if (!is_id(customer))
		return OK;
	rc = table_del(e, t, pair_key(key, number, customer));
	return rc == ERR_NOTFOUND ? OK : rc;
}

int pair_walk(struct env *e, enum table t, uint16_t number, struct span after,
	uint16_t *ret_number, struct span *ret_customer, struct span *ret_value)
{
	uint8_t key[KEY_BYTES];
	struct row row;
	int rc;

	if (after.size > EVENT_CUSTOMER_MAX)
		return ERR_INVALID;
	rc = table_seek(e, t, pair_key(key, number, after), SEEK_AFTER, &row);
	if (rc != OK && (rc != ERR_CORRUPT || e->failed != OK))
		return rc;
	if (row.key.size <= PAIR_NUMBER_BYTES)
		return ERR_NOTFOUND;
	*ret_number = (uint16_t)(row.key.data[0] << 8 | row.key.data[1]);
	*ret_customer = span_of(row.key.data + PAIR_NUMBER_BYTES, row.key.size - PAIR_NUMBER_BYTES);
	*ret_value = rc == OK ? row.value : span_of(NULL, 0);
	return rc;
}

int pair_next(struct env *e, enum table t, uint16_t number, struct span after,
	struct span *ret_customer, struct span *ret_value)
{
	struct span customer, value;
	uint16_t found;
	int rc = pair_walk(e, t, number, after, &found, &customer, &value);

	if (rc != OK && (rc != ERR_CORRUPT || e->failed != OK))
		return rc;
	if (found != number)
		return ERR_NOTFOUND;
	*ret_customer = customer;
	*ret_value = value;
	return rc;
}
