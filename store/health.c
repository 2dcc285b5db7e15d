/* SPDX-License-Identifier: Apache-2.0 */
/* Health: key -> record, both opaque here (workers/source.c, workers/silence.c). */
#include "store/table.h"

#define KEY_MAX 255

int env_health_put(struct env *e, struct span key, struct span record)
{
	if (key.size == 0 || key.size > KEY_MAX)
		return ERR_INVALID;
	return table_put(e, TABLE_HEALTH, key, &record, 1, TABLE_REPLACE);
}

int env_health_del(struct env *e, struct span key)
{
	int rc = table_del(e, TABLE_HEALTH, key);

	return rc == ERR_NOTFOUND ? OK : rc;
}

int env_health_next(struct env *e, struct span after, struct span *ret_key,
	struct span *ret_record)
{
	struct row row;
	int rc = table_seek(e, TABLE_HEALTH, after, after.size ? SEEK_AFTER : SEEK_FROM, &row);

	if (rc != OK && (rc != ERR_CORRUPT || e->failed != OK))
		return rc;
	*ret_key = row.key;
	*ret_record = rc == OK ? row.value : span_of(NULL, 0);
	return rc;
}
