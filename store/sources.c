/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: name -> number (4, LE), highest sequence (8, LE). Numbers count from 1, for ever.
 *
 * Nearly each event names a source that was named just before, and raises its sequence. So the
 * open transaction keeps them in memory: one slot for each hash, SOURCES_CACHED of them. What
 * is dirty is written when its slot is wanted for another and before each commit; dropping the
 * transaction drops the cache. */
#include "base/hash.h"
#include "store/table.h"

#define SOURCE_BYTES 12

int source_unpack(struct span value, uint32_t *ret_number, uint64_t *ret_highest)
{
	if (value.size != SOURCE_BYTES || get_le32(value.data) == 0)
		return ERR_CORRUPT;
	*ret_number = get_le32(value.data);
	*ret_highest = get_le64(value.data + 4);
	return OK;
}

static int source_store(struct env *e, struct source *s)
{
	uint8_t bytes[SOURCE_BYTES];
	struct span value = span_of(bytes, sizeof bytes);

	put_le32(bytes, s->number);
	put_le64(bytes + 4, s->highest);
	int rc = table_put(e, TABLE_SOURCES, span_of(s->name, s->size), &value, 1, TABLE_REPLACE);
	if (rc == OK)
		s->dirty = false;
	return rc;
}

/* A new source is written at once, so that the table's rows count the numbers given out. */
static int source_make(struct env *e, struct source *s)
{
	uint64_t next = table_rows(e, TABLE_SOURCES) + 1;

	if (next > UINT32_MAX)
		return ERR_TOOBIG;
	s->number = (uint32_t)next;
	s->highest = 0;
	return source_store(e, s);
}

int source_find(struct env *e, struct span name, struct source **ret_source)
{
	struct source *slot, fresh = { .size = (uint8_t)name.size };
	struct span value;
	int rc = table_begin(e);

	if (rc != OK)
		return rc;
	if (name.size == 0 || name.size > EVENT_SOURCE_MAX)
		return ERR_INVALID;
	slot = &e->sources[hash_32(name.data, name.size) % SOURCES_CACHED];
	*ret_source = slot;
	if (slot->number && span_eq(span_of(slot->name, slot->size), name))
		return OK;
	if (slot->dirty && (rc = source_store(e, slot)) != OK)
		return rc;
	memcpy(fresh.name, name.data, name.size);
	rc = table_get(e, TABLE_SOURCES, name, &value);
	if (rc == OK)
		rc = source_unpack(value, &fresh.number, &fresh.highest);
	else if (rc == ERR_NOTFOUND)
		rc = source_make(e, &fresh);
	if (rc == OK)
		*slot = fresh;
	return rc;
}

int sources_flush(struct env *e)
{
	int rc = e->failed;

	for (unsigned i = 0; i < SOURCES_CACHED && rc == OK; i++)
		if (e->sources[i].dirty)
			rc = source_store(e, &e->sources[i]);
	return rc;
}

void sources_drop(struct env *e)
{
	memset(e->sources, 0, SOURCES_CACHED * sizeof *e->sources);
}
