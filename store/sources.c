/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: name -> number (4, LE), highest sequence (8, LE), lanes (lane.h). Numbers count from 1,
 * for ever.
 *
 * Nearly each event names a source that was named just before, and raises its sequence or its top id.
 * So the open transaction keeps them in memory: one slot for each hash, SOURCES_CACHED of them. What
 * is dirty is written when its slot is wanted for another and before each commit; dropping the
 * transaction drops the cache. What is in the rows then does not depend on what was in the cache. */
#include <stdlib.h>
#include "base/hash.h"
#include "store/table.h"

size_t source_pack(const struct source *s, uint8_t out[SOURCE_BYTES_MAX])
{
	size_t n = SOURCE_BYTES;

	put_le32(out, s->number);
	put_le64(out + 4, s->highest);
	for (unsigned i = 0; i < s->n_lanes; i++)
		n += lane_pack(&s->lanes[i], out + n);
	return n;
}

int source_unpack(struct span value, struct source *ret)
{
	struct span rest;

	if (value.size < SOURCE_BYTES || get_le32(value.data) == 0)
		return ERR_CORRUPT;
	ret->number = get_le32(value.data);
	ret->highest = get_le64(value.data + 4);
	rest = span_of(value.data + SOURCE_BYTES, value.size - SOURCE_BYTES);
	for (ret->n_lanes = 0; rest.size > 0; ret->n_lanes++) {
		struct lane *l = &ret->lanes[ret->n_lanes];

		if (ret->n_lanes == LANES_MAX || lane_take(&rest, l) != OK)
			return ERR_CORRUPT;
		for (unsigned i = 0; i < ret->n_lanes; i++)
			if (lane_is_twin(l, &ret->lanes[i]))
				return ERR_CORRUPT;
	}
	return OK;
}

static int source_store(struct env *e, struct source *s)
{
	uint8_t bytes[SOURCE_BYTES_MAX];
	struct span value = span_of(bytes, source_pack(s, bytes));
	int rc = table_put(e, TABLE_SOURCES, span_of(s->name, s->size), &value, 1, TABLE_REPLACE);

	for (unsigned i = 0; i < s->n_lanes && rc == OK; i++)
		rc = lane_store(e, s, &s->lanes[i]);
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

/* Have S be that of NAME, of which nothing is known. */
static int source_read(struct env *e, struct span name, struct source *s)
{
	struct span value;
	int rc;

	s->n_lanes = 0;
	s->size = (uint8_t)name.size;
	memcpy(s->name, name.data, name.size);
	rc = table_get(e, TABLE_SOURCES, name, &value);
	if (rc == OK)
		return source_unpack(value, s);
	return rc == ERR_NOTFOUND ? source_make(e, s) : rc;
}

int source_find(struct env *e, struct span name, struct source **ret_source)
{
	struct source *slot = e->recent;
	int rc = table_begin(e);

	if (rc != OK)
		return rc;
	*ret_source = slot;
	if (slot && slot->number && span_eq(span_of(slot->name, slot->size), name))
		return OK;
	if (name.size == 0 || name.size > EVENT_SOURCE_MAX)
		return ERR_INVALID;
	slot = &e->sources[hash_32(name.data, name.size) % SOURCES_CACHED];
	*ret_source = e->recent = slot;
	if (slot->number && span_eq(span_of(slot->name, slot->size), name))
		return OK;
	rc = slot->dirty ? source_store(e, slot) : OK;
	if (rc != OK)
		return rc;
	slot->number = 0;
	rc = source_read(e, name, slot);
	if (rc != OK)
		slot->number = 0;
	return rc;
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

int sources_rotate(struct env *e)
{
	int rc = sources_flush(e);

	for (unsigned i = 0; i < SOURCES_CACHED && rc == OK; i++)
		for (unsigned n = 0; n < e->sources[i].n_lanes; n++)
			e->sources[i].lanes[n].state = LANE_CLOSED;
	return rc;
}

void sources_drop(struct env *e)
{
	for (unsigned i = 0; i < SOURCES_CACHED; i++) {
		struct source *s = &e->sources[i];

		for (unsigned n = 0; n < LANES_MAX; n++)
			free(s->lanes[n].block);
	}
	memset(e->sources, 0, SOURCES_CACHED * sizeof *e->sources);
	e->recent = NULL;
}
