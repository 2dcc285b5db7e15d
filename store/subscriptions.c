/* SPDX-License-Identifier: Apache-2.0 */
/* Subscriptions: name -> record, opaque here. */
#include "store/table.h"

int env_subscription_put(struct env *e, struct span name, struct span record)
{
	return table_put(e, TABLE_SUBSCRIPTIONS, name, &record, 1, TABLE_REPLACE);
}

int env_subscription_get(struct env *e, struct span name, struct span *ret_record)
{
	return table_get(e, TABLE_SUBSCRIPTIONS, name, ret_record);
}

int env_subscription_del(struct env *e, struct span name)
{
	return table_del(e, TABLE_SUBSCRIPTIONS, name);
}

int env_subscription_next(struct env *e, struct span after, struct span *ret_name,
	struct span *ret_record)
{
	struct row row;
	int rc = table_seek(e, TABLE_SUBSCRIPTIONS, after, SEEK_AFTER, &row);

	if (rc != OK && (rc != ERR_CORRUPT || e->failed != OK))
		return rc;
	*ret_name = row.key;
	*ret_record = rc == OK ? row.value : span_of(NULL, 0);
	return rc;
}
