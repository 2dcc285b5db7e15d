/* SPDX-License-Identifier: Apache-2.0 */
/* Guard: which events have been seen. By sequence: the highest of each source, for ever. By id:
 * source number (4, BE), id -> fingerprint (4, LE), in two generations; an id is looked up in
 * both and put into the current one. Keys of one source lie together, so ids that rise with
 * time fill pages from left to right.
 *
 * Most ids are new, and most sources count: of each source its top id is kept, the shorter being
 * the lower, and what is above it has never been seen. Only an id at or below it is looked up. One
 * that is far above by mistake makes its source's later ids be looked up, and nothing else. */
#include "store/table.h"

static int guard_answer(int rc, struct span value, uint32_t fingerprint)
{
	if (rc != OK)
		return rc;
	if (value.size != 4)
		return ERR_CORRUPT;
	return get_le32(value.data) == fingerprint ? ERR_EXISTS : ERR_INVALID;
}

static enum table guard_table(const struct env *e, bool current)
{
	return (e->meta.guard_current == 1) == current ? TABLE_GUARD1 : TABLE_GUARD0;
}

int env_guard_id(struct env *e, struct span source, struct span id, uint32_t fingerprint)
{
	uint8_t key[4 + EVENT_ID_MAX], print[4];
	struct span k = span_of(key, 4 + id.size), value = span_of(print, sizeof print), found;
	struct source *s;
	int rc;

	if (id.size == 0 || id.size > EVENT_ID_MAX)
		return ERR_TOOBIG;
	rc = source_find(e, source, &s);
	if (rc != OK)
		return rc == ERR_INVALID ? ERR_TOOBIG : rc;
	put_be32(key, s->number);
	memcpy(key + 4, id.data, id.size);
	put_le32(print, fingerprint);
	if (source_is_above(s, id)) {
		rc = table_put(e, guard_table(e, true), k, &value, 1, TABLE_FRESH);
		if (rc == OK)
			source_raise(s, id);
		return rc;
	}
	rc = table_get(e, guard_table(e, false), k, &found);
	if (rc != ERR_NOTFOUND)
		return guard_answer(rc, found, fingerprint);
	rc = table_get(e, guard_table(e, true), k, &found);
	if (rc != ERR_NOTFOUND)
		return guard_answer(rc, found, fingerprint);
	return table_put(e, guard_table(e, true), k, &value, 1, TABLE_FRESH);
}

int env_guard_sequence(struct env *e, struct span source, uint64_t sequence)
{
	struct source *s;
	int rc = source_find(e, source, &s);

	if (rc != OK)
		return rc == ERR_INVALID ? ERR_TOOBIG : rc;
	if (e->read_only)
		return ERR_DENIED;
	if (sequence <= s->highest)
		return ERR_EXISTS;
	s->highest = sequence;
	s->dirty = true;
	return OK;
}

int env_guard_rotate(struct env *e, int64_t taken_ms, int64_t window_ms)
{
	int rc = table_begin(e);

	if (rc != OK)
		return rc;
	if (e->meta.guard_since_ms == 0 || taken_ms < e->meta.guard_since_ms) /* the clock was set back */
		e->meta.guard_since_ms = taken_ms;
	if (taken_ms - e->meta.guard_since_ms < window_ms)
		return OK;
	rc = table_empty(e, guard_table(e, false));
	if (rc != OK)
		return rc;
	e->meta.guard_current = !e->meta.guard_current;
	e->meta.guard_since_ms = taken_ms;
	return OK;
}
