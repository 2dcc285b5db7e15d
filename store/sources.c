/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: name -> number (4, LE), highest sequence (8, LE), top id. Numbers count from 1, for
 * ever.
 *
 * Nearly each event names a source that was named just before, and raises its sequence. So the
 * open transaction keeps them in memory: one slot for each hash, SOURCES_CACHED of them. What
 * is dirty is written when its slot is wanted for another and before each commit; dropping the
 * transaction drops the cache. */
#include "base/hash.h"
#include "store/table.h"

#define SOURCE_BYTES 12 /* and the top id */

int source_unpack(struct span value, uint32_t *ret_number, uint64_t *ret_highest,
	struct span *ret_top)
{
	if (value.size < SOURCE_BYTES || value.size > SOURCE_BYTES + EVENT_ID_MAX ||
		get_le32(value.data) == 0)
		return ERR_CORRUPT;
	*ret_number = get_le32(value.data);
	*ret_highest = get_le64(value.data + 4);
	*ret_top = span_of(value.data + SOURCE_BYTES, value.size - SOURCE_BYTES);
	return OK;
}

/* Shorter ids first, so that a number that is counted up rises also where it gets a digit more. */
bool source_is_above(const struct source *s, struct span id)
{
	if (id.size != s->top_size)
		return id.size > s->top_size;
	return memcmp(id.data, s->top, id.size) > 0;
}

void source_raise(struct source *s, struct span id)
{
	if (id.size)
		memcpy(s->top, id.data, id.size);
	s->top_size = (uint8_t)id.size;
	s->dirty = true;
}

static int source_store(struct env *e, struct source *s)
{
	uint8_t bytes[SOURCE_BYTES + EVENT_ID_MAX];
	struct span value = span_of(bytes, SOURCE_BYTES + s->top_size);

	put_le32(bytes, s->number);
	put_le64(bytes + 4, s->highest);
	memcpy(bytes + SOURCE_BYTES, s->top, s->top_size);
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

/* Have SLOT, which is another's or nobody's, be that of NAME. */
static int source_load(struct env *e, struct span name, struct source *slot)
{
	struct source fresh = { .size = (uint8_t)name.size };
	struct span value, top = { 0 };
	int rc = slot->dirty ? source_store(e, slot) : OK;

	if (rc != OK)
		return rc;
	memcpy(fresh.name, name.data, name.size);
	rc = table_get(e, TABLE_SOURCES, name, &value);
	if (rc == OK)
		rc = source_unpack(value, &fresh.number, &fresh.highest, &top);
	else if (rc == ERR_NOTFOUND)
		rc = source_make(e, &fresh);
	if (rc != OK)
		return rc;
	source_raise(&fresh, top);
	fresh.dirty = false;
	*slot = fresh;
	return OK;
}

int source_find(struct env *e, struct span name, struct source **ret_source)
{
	struct source *slot;
	int rc = table_begin(e);

	if (rc != OK)
		return rc;
	if (name.size == 0 || name.size > EVENT_SOURCE_MAX)
		return ERR_INVALID;
	slot = &e->sources[hash_32(name.data, name.size) % SOURCES_CACHED];
	*ret_source = slot;
	if (slot->number && span_eq(span_of(slot->name, slot->size), name))
		return OK;
	return source_load(e, name, slot);
}

int env_source_number(struct env *e, struct span source, uint32_t *ret_number)
{
	struct source *found;
	int rc = source_find(e, source, &found);

	*ret_number = rc == OK ? found->number : 0;
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
