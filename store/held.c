/* SPDX-License-Identifier: Apache-2.0 */
/* Held: what is not announced for now: number of the type (2, BE), customer -> why (1), rule (2),
 * from (2), at ms (8), until ms (8), all LE. One row a customer and type: what comes later takes
 * its place. */
#include "store/pair.h"

#define HELD_BYTES 21

int env_held_put(struct env *e, uint16_t type, struct span customer, const struct held *h)
{
	uint8_t value[HELD_BYTES];

	value[0] = h->why;
	put_le16(value + 1, h->rule);
	put_le16(value + 3, h->from);
	put_le64(value + 5, (uint64_t)h->at_ms);
	put_le64(value + 13, (uint64_t)h->until_ms);
	return pair_put(e, TABLE_HELD, type, customer, span_of(value, sizeof value));
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
	struct span value;
	int rc = pair_get(e, TABLE_HELD, type, customer, &value);

	return rc != OK ? rc : held_unpack(value, ret);
}

int env_held_del(struct env *e, uint16_t type, struct span customer)
{
	return pair_del(e, TABLE_HELD, type, customer);
}

int env_held_next(struct env *e, uint16_t type, struct span after, struct span *ret_customer,
	struct held *ret)
{
	struct span value;
	int rc = pair_next(e, TABLE_HELD, type, after, ret_customer, &value);

	return rc != OK ? rc : held_unpack(value, ret);
}

int env_held_walk(struct env *e, uint16_t type, struct span after, uint16_t *ret_type,
	struct span *ret_customer, struct held *ret)
{
	struct span value;
	int rc = pair_walk(e, TABLE_HELD, type, after, ret_type, ret_customer, &value);

	return rc != OK ? rc : held_unpack(value, ret);
}

uint64_t env_helds(struct env *e)
{
	return table_rows(e, TABLE_HELD);
}
