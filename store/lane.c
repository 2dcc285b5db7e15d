/* SPDX-License-Identifier: Apache-2.0 */
/* Lane: the open block of ids that are counted up, and those that are written. */
#include <assert.h>
#include <stdlib.h>
#include "store/table.h"

#define KEY_HEAD 6 /* source, lane, length */

static bool is_letter(uint8_t c)
{
	return (uint8_t)((c | 0x20) - 'a') < 26;
}

static unsigned kind_of(struct span id)
{
	unsigned n = 0;

	while (n < id.size && n <= LANE_KIND_MAX && is_letter(id.data[n]))
		n++;
	if (n == id.size || n > LANE_KIND_MAX || id.data[n] >= 0x80)
		return 0;
	return (uint8_t)(id.data[n] - '0') < 10 ? 0 : n;
}

static struct span key_make(uint8_t key[KEY_HEAD + EVENT_ID_MAX], const struct source *s,
	const struct lane *l, struct span id)
{
	put_be32(key, s->number);
	key[4] = (uint8_t)(l - s->lanes);
	key[5] = (uint8_t)id.size;
	memcpy(key + KEY_HEAD, id.data, id.size);
	return span_of(key, KEY_HEAD + id.size);
}

int block_key_take(struct span key, struct block_key *ret)
{
	if (key.size <= KEY_HEAD || key.data[4] >= LANES_MAX || key.data[5] != key.size - KEY_HEAD ||
		key.data[5] > EVENT_ID_MAX)
		return ERR_CORRUPT;
	*ret = (struct block_key){ get_be32(key.data), key.data[4],
		span_of(key.data + KEY_HEAD, key.size - KEY_HEAD) };
	return OK;
}

static enum table table_of(unsigned generation)
{
	return generation ? TABLE_BLOCKS1 : TABLE_BLOCKS0;
}

struct lane *lane_of(struct source *s, struct span id, bool make)
{
	unsigned kind = kind_of(id);
	struct lane *best = NULL, *l;

	for (l = s->lanes; l < s->lanes + s->n_lanes; l++) {
		if (l->kind != kind || l->shortest > id.size || memcmp(l->top, id.data, kind) != 0)
			continue;
		if (l->shortest == id.size)
			return l;
		if (!best || l->shortest > best->shortest)
			best = l;
	}
	if (s->n_lanes == LANES_MAX)
		return best;
	if (!make) /* none of its kind and length has ever come */
		return NULL;
	s->n_lanes++;
	*l = (struct lane){ .state = LANE_CLOSED, .shortest = (uint8_t)id.size, .kind = (uint8_t)kind,
		.block = l->block };
	return l;
}

int lane_store(struct env *e, const struct source *s, struct lane *l)
{
	uint8_t bytes[KEY_HEAD + EVENT_ID_MAX];
	struct span key, value = span_of(l->block, l->block_size);
	int rc = OK;

	if (!l->dirty)
		return OK;
	key = key_make(bytes, s, l, span_of(l->first, l->first_size));
	rc = table_put(e, table_of(e->meta.guard_current), key, &value, 1,
		l->stored ? TABLE_OVER : TABLE_FRESH);
	if (rc == OK) {
		l->stored = true;
		l->dirty = false;
	}
	return rc;
}

static int block_have(struct env *e, struct lane *l)
{
	if (!l->block)
		l->block = malloc(BLOCK_ROOM);
	return l->block ? OK : table_fail(e, ERR_NOMEM);
}

/* A damaged block is left alone: what comes goes into another one, above it. */
static int lane_read(struct env *e, const struct source *s, struct lane *l)
{
	struct span key, value, first = span_of(l->first, l->first_size);
	uint8_t bytes[KEY_HEAD + EVENT_ID_MAX], last[EVENT_ID_MAX];
	unsigned n;
	int rc;

	key = key_make(bytes, s, l, first);
	rc = table_get(e, table_of(e->meta.guard_current), key, &value);
	if (rc == OK && (value.size > BLOCK_FULL || block_check(value, first, &n, last) != OK ||
		l->top_size != first.size || memcmp(last, l->top, first.size) != 0))
		rc = ERR_CORRUPT;
	if (rc == ERR_NOTFOUND || env_row_is_damaged(e, rc)) {
		l->state = LANE_CLOSED;
		return OK;
	}
	if (rc == OK)
		rc = block_have(e, l);
	if (rc != OK)
		return rc;
	memcpy(l->block, value.data, value.size);
	l->block_size = (uint16_t)value.size;
	l->state = LANE_OPEN;
	l->stored = true;
	l->dirty = false;
	return OK;
}

static int lane_scatter(struct env *e, const struct source *s, struct lane *l)
{
	struct span block = span_of(l->block, l->block_size), key;
	uint8_t bytes[KEY_HEAD + EVENT_ID_MAX], id[EVENT_ID_MAX];
	uint32_t fingerprint;
	size_t at = 0;
	int rc = OK;

	key = key_make(bytes, s, l, span_of(l->first, l->first_size));
	if (l->stored)
		rc = table_del(e, table_of(e->meta.guard_current), key);
	memcpy(id, l->first, l->first_size);
	while (rc == OK && block_next(block, l->first_size, &at, id, &fingerprint))
		rc = guard_put(e, s, span_of(id, l->first_size), fingerprint);
	if (rc != OK)
		return rc;
	l->nature = LANE_SCATTERED;
	l->state = LANE_CLOSED;
	l->first_size = 0;
	l->dirty = l->stored = false;
	free(l->block);
	l->block = NULL;
	return OK;
}

/* The lower part of what has become too long is stored for good; the rest stays open, for what comes
 * late. */
static int lane_cut(struct env *e, const struct source *s, struct lane *l)
{
	uint8_t id[EVENT_ID_MAX], *b = l->block;
	struct span first = span_of(l->first, l->first_size);
	size_t at = block_cut(span_of(b, l->block_size), first, BLOCK_CUT, id);
	size_t from = at + 5 + first.size - b[at], size = l->block_size;
	int rc;

	if (l->nature == LANE_NEW && block_is_scattered(span_of(b, size), first.size,
		l->kind ? l->kind + 1u : 0))
		return lane_scatter(e, s, l);
	l->nature = LANE_COUNTED;
	l->block_size = (uint16_t)at;
	rc = lane_store(e, s, l);
	if (rc != OK)
		return rc;
	(void)block_begin(b, span_of(id, first.size), get_le32(b + from - 4));
	memmove(b + 5, b + from, size - from);
	l->block_size = (uint16_t)(5 + size - from);
	memcpy(l->first, id, first.size);
	l->stored = false;
	l->dirty = true;
	return OK;
}

static int lane_begin(struct env *e, struct source *s, struct lane *l, struct span id,
	uint32_t fingerprint)
{
	int rc = l->state == LANE_OPEN ? lane_store(e, s, l) : block_have(e, l);

	if (rc != OK)
		return rc;
	if (l->first_size)
		l->nature = LANE_COUNTED;
	l->state = LANE_OPEN;
	l->stored = false;
	l->block_size = (uint16_t)block_begin(l->block, id, fingerprint);
	memcpy(l->first, id.data, id.size);
	l->first_size = (uint8_t)id.size;
	return OK;
}

/* ID is above the top one, of which it has the first SHARED bytes. */
static int lane_raise(struct env *e, struct source *s, struct lane *l, struct span id, size_t shared,
	uint32_t fingerprint)
{
	int rc = OK;

	if (e->read_only)
		return ERR_DENIED;
	if (l->nature == LANE_SCATTERED)
		rc = guard_put(e, s, id, fingerprint);
	else if (l->state == LANE_OPEN && l->first_size == id.size)
		l->block_size += (uint16_t)block_append(l->block + l->block_size, id, shared,
			fingerprint);
	else
		rc = lane_begin(e, s, l, id, fingerprint);
	if (rc != OK)
		return rc;
	rest_copy(l->top + shared, id.data + shared, id.size - shared);
	l->top_size = (uint8_t)id.size;
	l->dirty = l->nature != LANE_SCATTERED;
	s->dirty = true;
	return l->dirty && l->block_size > BLOCK_FULL ? lane_cut(e, s, l) : OK;
}

static int lane_insert(struct env *e, struct source *s, struct lane *l, struct span id,
	uint32_t fingerprint)
{
	struct block_place p;
	int rc = block_find(span_of(l->block, l->block_size), span_of(l->first, id.size), id, &p);

	assert(rc == OK);
	if (p.found)
		return p.fingerprint == fingerprint ? ERR_EXISTS : ERR_INVALID;
	if (e->read_only)
		return ERR_DENIED;
	l->block_size = (uint16_t)block_insert(l->block, l->block_size, &p, id, fingerprint);
	l->dirty = s->dirty = true;
	return l->block_size > BLOCK_FULL ? lane_cut(e, s, l) : OK;
}

int lane_meet(struct env *e, struct source *s, struct lane *l, struct span id, uint32_t fingerprint)
{
	size_t most = id.size < l->top_size ? id.size : l->top_size;
	size_t shared = bytes_shared(l->top, id.data, most);
	bool above = id.size == l->top_size ? shared < id.size && id.data[shared] > l->top[shared] :
		id.size > l->top_size;
	int rc = l->state == LANE_UNREAD ? lane_read(e, s, l) : OK;

	if (rc != OK)
		return rc;
	if (above)
		return lane_raise(e, s, l, id, shared, fingerprint);
	if (l->state == LANE_OPEN && id.size == l->first_size && memcmp(id.data, l->first, id.size) >= 0)
		return lane_insert(e, s, l, id, fingerprint);
	return ERR_NOTFOUND;
}

/* The last block that begins at or before ID. One more byte behind its key is right above it. */
int lane_find(struct env *e, const struct source *s, const struct lane *l, unsigned generation,
	struct span id, uint32_t *ret_fingerprint)
{
	uint8_t bytes[KEY_HEAD + EVENT_ID_MAX + 1];
	struct block_place p = { 0 };
	struct block_key at;
	struct span key;
	struct row row;
	int rc;

	if (table_rows(e, table_of(generation)) == 0)
		return ERR_NOTFOUND;
	key = key_make(bytes, s, l, id);
	bytes[key.size++] = 0;
	rc = table_seek(e, table_of(generation), key, SEEK_BEFORE, &row);
	if (rc != OK && (rc != ERR_CORRUPT || e->failed != OK))
		return rc;
	if (block_key_take(row.key, &at) != OK || at.first.size != id.size ||
		memcmp(row.key.data, bytes, KEY_HEAD) != 0)
		return ERR_NOTFOUND;
	if (rc == OK)
		rc = block_find(row.value, at.first, id, &p);
	*ret_fingerprint = p.fingerprint;
	return rc != OK ? rc : p.found ? OK : ERR_NOTFOUND;
}

size_t lane_pack(const struct lane *l, uint8_t *out)
{
	uint8_t *p = out;

	*p++ = l->shortest;
	*p++ = l->nature;
	*p++ = l->top_size;
	memcpy(p, l->top, l->top_size);
	p += l->top_size;
	*p++ = l->first_size;
	memcpy(p, l->first, l->first_size);
	return (size_t)(p - out) + l->first_size;
}

static bool take_id(struct span *rest, uint8_t *ret_size, uint8_t ret_id[EVENT_ID_MAX])
{
	size_t size = rest->size ? rest->data[0] : 0;

	if (size > EVENT_ID_MAX || size >= rest->size)
		return false;
	memcpy(ret_id, rest->data + 1, size);
	*ret_size = (uint8_t)size;
	*rest = span_of(rest->data + 1 + size, rest->size - 1 - size);
	return true;
}

int lane_take(struct span *rest, struct lane *l)
{
	struct span top, first;

	if (rest->size < 2)
		return ERR_CORRUPT;
	l->shortest = rest->data[0];
	l->nature = rest->data[1];
	*rest = span_of(rest->data + 2, rest->size - 2);
	if (!take_id(rest, &l->top_size, l->top) || !take_id(rest, &l->first_size, l->first))
		return ERR_CORRUPT;
	top = span_of(l->top, l->top_size);
	first = span_of(l->first, l->first_size);
	l->state = first.size ? LANE_UNREAD : LANE_CLOSED;
	l->dirty = l->stored = false;
	l->kind = (uint8_t)kind_of(top);
	if (l->nature >= LANE_NATURES || l->shortest == 0 || l->shortest > top.size)
		return ERR_CORRUPT;
	if (l->nature == LANE_SCATTERED)
		return first.size ? ERR_CORRUPT : OK;
	/* a block has ids of one length, and the last one is the top */
	if (first.size != top.size || memcmp(first.data, top.data, top.size) > 0 ||
		kind_of(first) != l->kind || memcmp(first.data, top.data, l->kind) != 0)
		return ERR_CORRUPT;
	return OK;
}

bool lane_is_twin(const struct lane *a, const struct lane *b)
{
	return a->shortest == b->shortest && a->kind == b->kind &&
		memcmp(a->top, b->top, a->kind) == 0;
}
