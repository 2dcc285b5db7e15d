/* SPDX-License-Identifier: Apache-2.0 */
/* Trails: number (4, BE) -> bytes, opaque here, in two tables that are emptied in turn. Rows are
 * numbered as they come, so those that are new stand behind all others, in pages that they fill, and
 * not each in the page of its customer. */
#include "store/table.h"

static enum table trail_table(uint32_t generation)
{
	return generation & 1 ? TABLE_TRAILS1 : TABLE_TRAILS0;
}

int env_trail_add(struct env *e, uint32_t generation, const struct span *parts, unsigned n,
	uint32_t *ret_number)
{
	enum table t = trail_table(generation);
	uint64_t number = table_rows(e, t) + 1; /* none goes before all do */
	uint8_t key[4];
	int rc;

	if (number > UINT32_MAX)
		return ERR_TOOBIG;
	put_be32(key, (uint32_t)number);
	rc = table_put(e, t, span_of(key, sizeof key), parts, n, TABLE_FRESH);
	if (rc == OK)
		*ret_number = (uint32_t)number;
	return rc;
}

int env_trail_put(struct env *e, uint32_t generation, uint32_t number, const struct span *parts,
	unsigned n)
{
	uint8_t key[4];

	put_be32(key, number);
	return table_put(e, trail_table(generation), span_of(key, sizeof key), parts, n, TABLE_OVER);
}

int env_trail_get(struct env *e, uint32_t generation, uint32_t number, struct span *ret_trail)
{
	uint8_t key[4];

	put_be32(key, number);
	return table_get(e, trail_table(generation), span_of(key, sizeof key), ret_trail);
}

void env_trail_ahead(struct env *e, uint32_t generation, uint32_t number, unsigned step)
{
	uint8_t key[4];

	put_be32(key, number);
	table_step_ahead(e, trail_table(generation), span_of(key, sizeof key), (enum memtable_step)step);
}

int env_trails_empty(struct env *e, uint32_t generation)
{
	return table_empty(e, trail_table(generation));
}
