/* SPDX-License-Identifier: Apache-2.0 */
/* Guard: which events have been seen. By sequence: the highest of each source, for ever. By id,
 * in two generations, of which one is current and takes what is new: ids that are counted up in the
 * blocks of their lane (lane.h), any other in a row of its own, source number (4, BE), id ->
 * fingerprint (4, LE). What is above the top of its lane, or within its open block, is not looked up
 * anywhere else. */
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

int guard_put(struct env *e, const struct source *s, struct span id, uint32_t fingerprint)
{
	uint8_t key[4 + EVENT_ID_MAX], print[4];
	struct span value = span_of(print, sizeof print);

	put_be32(key, s->number);
	memcpy(key + 4, id.data, id.size);
	put_le32(print, fingerprint);
	return table_put(e, guard_table(e, true), span_of(key, 4 + id.size), &value, 1, TABLE_FRESH);
}

/* ID is not in the open block of its lane L (or has none, NULL), but may be anywhere else. */
static int guard_look_up(struct env *e, const struct source *s, const struct lane *l,
	struct span id, uint32_t fingerprint)
{
	uint8_t key[4 + EVENT_ID_MAX];
	struct span k = span_of(key, 4 + id.size), found;
	bool blocks = l && l->nature != LANE_SCATTERED;
	uint32_t known;
	int rc;

	for (unsigned generation = 0; blocks && generation < 2; generation++) {
		rc = lane_find(e, s, l, generation, id, &known);
		if (rc != ERR_NOTFOUND)
			return rc != OK ? rc : known == fingerprint ? ERR_EXISTS : ERR_INVALID;
	}
	put_be32(key, s->number);
	memcpy(key + 4, id.data, id.size);
	rc = table_get(e, guard_table(e, false), k, &found);
	if (rc != ERR_NOTFOUND)
		return guard_answer(rc, found, fingerprint);
	rc = table_get(e, guard_table(e, true), k, &found);
	if (rc != ERR_NOTFOUND)
		return guard_answer(rc, found, fingerprint);
	return guard_put(e, s, id, fingerprint);
}

int env_guard_id(struct env *e, struct span source, struct span id, uint32_t fingerprint)
{
	struct source *s;
	struct lane *l;
	int rc;

	if (id.size == 0 || id.size > EVENT_ID_MAX)
		return ERR_TOOBIG;
	rc = source_find(e, source, &s);
	if (rc != OK)
		return rc == ERR_INVALID ? ERR_TOOBIG : rc;
	l = lane_of(s, id, !e->read_only);
	if (l) {
		rc = lane_meet(e, s, l, id, fingerprint);
		if (rc != ERR_NOTFOUND)
			return rc;
	}
	return guard_look_up(e, s, l, id, fingerprint);
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
	rc = e->read_only ? ERR_DENIED : sources_rotate(e);
	if (rc == OK)
		rc = table_empty(e, guard_table(e, false));
	if (rc == OK)
		rc = table_empty(e, e->meta.guard_current ? TABLE_BLOCKS0 : TABLE_BLOCKS1);
	if (rc != OK)
		return rc;
	e->meta.guard_current = !e->meta.guard_current;
	e->meta.guard_since_ms = taken_ms;
	return OK;
}
