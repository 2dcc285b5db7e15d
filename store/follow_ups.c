/* SPDX-License-Identifier: Apache-2.0 */
/* Follow-ups: number of its name (2, BE), customer -> a record, opaque here. */
#include "store/pair.h"

int env_follow_up_put(struct env *e, uint16_t name, struct span customer, struct span record)
{
	return pair_put(e, TABLE_FOLLOW_UPS, name, customer, record);
}

int env_follow_up_get(struct env *e, uint16_t name, struct span customer, struct span *ret_record)
{
	return pair_get(e, TABLE_FOLLOW_UPS, name, customer, ret_record);
}

int env_follow_up_del(struct env *e, uint16_t name, struct span customer)
{
	return pair_del(e, TABLE_FOLLOW_UPS, name, customer);
}

int env_follow_up_next(struct env *e, uint16_t name, struct span after, struct span *ret_customer,
	struct span *ret_record)
{
	return pair_next(e, TABLE_FOLLOW_UPS, name, after, ret_customer, ret_record);
}

uint64_t env_follow_ups(struct env *e)
{
	return table_rows(e, TABLE_FOLLOW_UPS);
}
