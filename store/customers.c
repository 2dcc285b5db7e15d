/* SPDX-License-Identifier: Apache-2.0 */
/* Customers: id -> record, opaque here. The counter in meta follows the table's own. */
#include "store/table.h"

static bool id_fits(struct span id)
{
	return id.size > 0 && id.size <= EVENT_CUSTOMER_MAX;
}

int env_customer_get(struct env *e, struct span id, struct span *ret_record)
{
	return table_get(e, TABLE_CUSTOMERS, id, ret_record);
}

int env_customer_put(struct env *e, struct span id, struct span record, bool is_new)
{
	if (!id_fits(id))
		return ERR_INVALID;
	int rc = table_put(e, TABLE_CUSTOMERS, id, &record, 1, is_new ? TABLE_NEW : TABLE_REPLACE);
	if (rc == OK)
		e->meta.customers = table_rows(e, TABLE_CUSTOMERS);
	return rc;
}

int env_customer_del(struct env *e, struct span id)
{
	int rc = table_del(e, TABLE_CUSTOMERS, id);

	if (rc == OK)
		e->meta.customers = table_rows(e, TABLE_CUSTOMERS);
	return rc;
}

void env_customers_ahead(struct env *e, const struct span *ids, unsigned n)
{
	table_ahead(e, TABLE_CUSTOMERS, ids, n);
}

int env_customer_next(struct env *e, struct span after, struct span *ret_id,
	struct span *ret_record)
{
	struct row row;
	int rc = table_seek(e, TABLE_CUSTOMERS, after, SEEK_AFTER, &row);

	if (rc != OK && (rc != ERR_CORRUPT || e->failed != OK))
		return rc;
	*ret_id = row.key;
	*ret_record = rc == OK ? row.value : span_of(NULL, 0);
	return rc;
}
