/* SPDX-License-Identifier: Apache-2.0 */
/* Trails: customer -> bytes, opaque here, in two tables that are emptied in turn. */
#include "store/table.h"

static enum table trail_table(uint32_t generation)
{
	return generation & 1 ? TABLE_TRAILS1 : TABLE_TRAILS0;
}

int env_trail_put(struct env *e, uint32_t generation, struct span customer,
	const struct span *parts, unsigned n, bool is_new)
{
	return table_put(e, trail_table(generation), customer, parts, n,
		is_new ? TABLE_FRESH : TABLE_OVER);
}

int env_trail_get(struct env *e, uint32_t generation, struct span customer, struct span *ret_trail)
{
	return table_get(e, trail_table(generation), customer, ret_trail);
}

int env_trails_empty(struct env *e, uint32_t generation)
{
	return table_empty(e, trail_table(generation));
}
