/* SPDX-License-Identifier: Apache-2.0 */
/* Seeking in a table: what its three places have, merged. */
#include "store/tree.h"

/* Where a row can come from: the active memtable, the one that is being flushed, the tree. */
#define PLACES 3
struct candidate {
	struct row row;            /* the tree's with its checksum */
	const struct memtable *m;  /* NULL: the tree */
	const struct memrow *r;
};

static int take_memory(struct candidate *c, struct memrow *r)
{
	c->r = r;
	if (!r)
		return ERR_NOTFOUND;
	c->row = (struct row){ memrow_key(r), memrow_value(c->m, r) };
	return OK;
}

static int seek_memory(struct env *e, struct memtable *m, enum table t, struct span key,
	enum table_seek how, struct candidate *c)
{
	struct memrow *r;
	int rc = memtable_seek(m, t, key, (enum memtable_seek)how, &r);

	if (rc != OK)
		return table_fail(e, rc);
	c->m = m;
	return take_memory(c, r);
}

/* Of the place I, when what has a key below LEAST is hidden there. */
static int seek_place(struct env *e, enum table t, unsigned i, struct span least, struct span key,
	enum table_seek how, struct candidate *c)
{
	int rc;

	*c = (struct candidate){ 0 };
	if (how != SEEK_BEFORE && key_order(key, least) < 0) {
		key = least;
		how = SEEK_FROM;
	}
	if (i == 1 && !e->frozen)
		return ERR_NOTFOUND; /* the tree has it all */
	if (i < 2)
		rc = seek_memory(e, i == 0 ? e->active : e->previous, t, key, how, c);
	else
		rc = tree_seek(e, t, key, how, &c->row);
	return rc == OK && key_order(c->row.key, least) < 0 ? ERR_NOTFOUND : rc;
}

/* Up to which key the place below I is hidden, which is hidden itself up to LEAST; false: all of it
 * is. What has been flushed hides nothing: the tree is like it. */
static bool hidden_below(const struct env *e, enum table t, unsigned i, struct span *least)
{
	const struct memtable *m = i == 0 ? e->active : e->previous;
	struct span cut = memtable_cut(m, t);

	if (i == 1 && !e->frozen)
		return true;
	if (m->tables[t].emptied)
		return false;
	if (key_order(cut, *least) > 0)
		*least = cut;
	return true;
}

/* The next one by key, whether gone or not; of several with the same key the newest. */
static int seek_any(struct env *e, enum table t, struct span key, enum table_seek how,
	struct candidate *best)
{
	struct span least = span_of(NULL, 0);
	bool found = false;

	for (unsigned i = 0; i < PLACES; i++) {
		struct candidate c;
		int rc = seek_place(e, t, i, least, key, how, &c), order;

		if (rc != OK && rc != ERR_NOTFOUND)
			return rc;
		order = rc != OK ? 0 : !found ? -1 : key_order(c.row.key, best->row.key);
		if (rc == OK && (!found || (how == SEEK_BEFORE ? order > 0 : order < 0)))
			*best = c;
		found |= rc == OK;
		if (i + 1 < PLACES && !hidden_below(e, t, i, &least))
			break;
	}
	return found ? OK : ERR_NOTFOUND;
}

int table_seek(struct env *e, enum table t, struct span key, enum table_seek how,
	struct row *ret_row)
{
	struct candidate c;
	int rc = table_begin(e);

	if (rc != OK)
		return rc;
	if (key.size > TABLE_KEY_MAX)
		return ERR_INVALID;
	while ((rc = seek_any(e, t, key, how, &c)) == OK) {
		*ret_row = c.row;
		if (!c.m)
			return tree_unwrap(t, c.row.key, c.row.value, &ret_row->value);
		if (!c.r->gone)
			return OK;
		key = c.row.key; /* in the arena: it stays */
		if (how == SEEK_FROM)
			how = SEEK_AFTER;
	}
	return rc;
}

/* The first of each place from FROM on; of those that have none, R and the key's data are NULL. */
static int begin(struct env *e, enum table t, struct span from, struct candidate c[PLACES])
{
	struct span least = span_of(NULL, 0);
	int rc = OK;

	memset(c, 0, PLACES * sizeof *c);
	for (unsigned i = 0; i < PLACES && (rc == OK || rc == ERR_NOTFOUND); i++) {
		rc = seek_place(e, t, i, least, from, SEEK_FROM, &c[i]);
		if (rc != OK)
			c[i] = (struct candidate){ 0 };
		if (i + 1 < PLACES && !hidden_below(e, t, i, &least))
			break;
	}
	return rc == ERR_NOTFOUND ? OK : rc;
}

static int step(struct env *e, enum table t, struct candidate *c)
{
	int rc = c->m ? take_memory(c, memtable_next(c->m, c->r)) : tree_next(e, t, &c->row);

	if (rc == ERR_NOTFOUND)
		*c = (struct candidate){ 0 };
	return rc == ERR_NOTFOUND ? OK : rc;
}

/* The lowest, of several with the same key the newest, with the others stepped beyond it; NULL. */
static int take_lowest(struct env *e, enum table t, struct candidate c[PLACES],
	struct candidate *ret)
{
	struct candidate *low = NULL;
	int rc = OK;

	for (unsigned i = 0; i < PLACES; i++)
		if (c[i].row.key.data && (!low || key_order(c[i].row.key, low->row.key) < 0))
			low = &c[i];
	if (!low)
		return ERR_NOTFOUND;
	*ret = *low;
	for (unsigned i = 0; rc == OK && i < PLACES; i++)
		if (c[i].row.key.data && key_order(c[i].row.key, ret->row.key) == 0)
			rc = step(e, t, &c[i]);
	return rc;
}

int table_keys(struct env *e, enum table t, struct span from, struct span *keys, unsigned max,
	unsigned *ret_n)
{
	struct candidate c[PLACES], low;
	int rc = table_begin(e);

	*ret_n = 0;
	if (rc == OK)
		rc = begin(e, t, from, c);
	while (rc == OK && *ret_n < max) {
		rc = take_lowest(e, t, c, &low);
		if (rc == OK && (!low.m || !low.r->gone))
			keys[(*ret_n)++] = low.row.key;
	}
	return rc == ERR_NOTFOUND ? OK : rc;
}
