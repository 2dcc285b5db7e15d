/* SPDX-License-Identifier: Apache-2.0 */
/* Table: rows in memory over rows in LMDB, and the transaction's first error. */
#include <assert.h>
#include "store/tree.h"

_Static_assert(TABLES <= MEM_TABLES_MAX, "a memtable has room for all tables");
_Static_assert(TABLE_KEY_MAX <= MEM_KEY_MAX, "a memtable takes all keys");
_Static_assert(TABLE_VALUE_MAX + 8 <= MEM_CHUNK_BYTES, "the longest value fits into a chunk");

const char *table_name(enum table t)
{
	static const char *const names[TABLES] = {
		"meta", "settings", "names", "lifecycles", "sources", "customers", "deadlines",
		"guard0", "guard1", "outbox", "history", "subscriptions", "messages", "held",
		"follow_ups", "letters", "health", "members", "trails0", "trails1",
		"blocks0", "blocks1",
	};

	return names[t];
}

int table_fail(struct env *e, int rc)
{
	if (rc != OK && e->failed == OK)
		e->failed = rc;
	return rc;
}

int table_begin(struct env *e)
{
	bool fresh = !e->reading && !e->frozen && memtable_is_empty(e->active);
	int rc = tree_begin(e);

	if (rc == OK && fresh)
		memcpy(e->rows, e->tree_rows, sizeof e->rows);
	return rc;
}

void table_abort(struct env *e)
{
	memtable_reset(e->active);
	memtable_reset(e->previous);
	e->frozen = false;
	tree_end(e);
	if (!e->dead)
		e->failed = OK;
}

static int table_check(struct env *e, struct span key, bool write)
{
	int rc = table_begin(e);

	if (rc != OK)
		return rc;
	if (write && e->read_only)
		return ERR_DENIED;
	return key.size == 0 || key.size > TABLE_KEY_MAX ? ERR_INVALID : OK;
}

/* The newest word on KEY in memory. *RET_M is NULL when the tree has to be asked. */
static const struct memrow *row_in_memory(const struct env *e, enum table t, struct span key,
	uint32_t hash, const struct memtable **ret_m)
{
	struct memtable *const list[] = { e->active, e->previous };

	for (unsigned i = 0; i < 2; i++) {
		const struct memrow *r = memtable_find(list[i], t, key, hash);

		*ret_m = list[i];
		if (r || memtable_hides(list[i], t, key))
			return r;
	}
	*ret_m = NULL;
	return NULL;
}

/* ROW is that of the active memtable, or BELOW says whether there is one that it hides. */
static void note_asked(struct env *e, enum table t, struct span key, uint32_t hash,
	const struct memrow *row, bool below)
{
	struct asked *a = &e->asked[t];

	a->size = (uint16_t)key.size;
	a->below = below;
	a->hash = hash;
	a->row = (struct memrow *)row;
	memcpy(a->key, key.data, key.size);
}

static bool was_asked(const struct env *e, enum table t, struct span key)
{
	const struct asked *a = &e->asked[t];

	return a->size == key.size && memcmp(a->key, key.data, key.size) == 0;
}

int table_get(struct env *e, enum table t, struct span key, struct span *ret_value)
{
	const struct memtable *m;
	const struct memrow *r;
	struct span raw;
	uint32_t hash;
	int rc = table_check(e, key, false);

	if (rc != OK)
		return rc;
	hash = memtable_hash(t, key);
	r = row_in_memory(e, t, key, hash, &m);
	if (m) {
		note_asked(e, t, key, hash, m == e->active ? r : NULL, r && !r->gone);
		if (!r || r->gone)
			return ERR_NOTFOUND;
		*ret_value = memrow_value(m, r);
		return OK;
	}
	rc = tree_get(e, t, key, &raw);
	if (rc == OK || rc == ERR_NOTFOUND)
		note_asked(e, t, key, hash, NULL, rc == OK);
	return rc != OK ? rc : tree_unwrap(t, key, raw, ret_value);
}

/* Whether there is a row of KEY, sound or damaged, below the active memtable. */
static int exists_below(struct env *e, enum table t, struct span key, uint32_t hash, bool *ret)
{
	const struct memrow *r = memtable_find(e->previous, t, key, hash);
	struct span raw;
	int rc = OK;

	if (memtable_hides(e->active, t, key))
		*ret = false;
	else if (r || memtable_hides(e->previous, t, key))
		*ret = r && !r->gone;
	else {
		rc = tree_get(e, t, key, &raw);
		*ret = rc == OK;
	}
	return rc == ERR_NOTFOUND ? OK : rc;
}

/* Several parts are put together first; one may point to where it will be written. */
static int value_of(struct env *e, const struct span *parts, unsigned n, struct span *ret_value)
{
	*ret_value = n ? parts[0] : span_of(NULL, 0);
	if (n > 1) {
		buf_clear(&e->scratch);
		for (unsigned i = 0; i < n; i++)
			buf_add(&e->scratch, parts[i].data, parts[i].size);
		*ret_value = span_of(e->scratch.data, e->scratch.size);
		if (e->scratch.failed) {
			buf_fini(&e->scratch);
			return table_fail(e, ERR_NOMEM);
		}
	}
	return ret_value->size + SUM_BYTES > TABLE_VALUE_MAX ? ERR_TOOBIG : OK;
}

/* The last row that was appended, if a memtable has it: nobody has to put one of them in order, which
 * for a large one takes a while, to be told of its end. NULL. */
static const struct memrow *appended_last(const struct env *e, enum table t)
{
	struct memtable *const list[] = { e->active, e->previous };

	for (unsigned i = 0; i < 2; i++)
		if (list[i]->tables[t].last_appended)
			return mem_ptr(list[i], list[i]->tables[t].last_appended);
	return NULL;
}

static int append_check(struct env *e, enum table t, struct span key)
{
	const struct memrow *last = appended_last(e, t);
	struct row row = { 0 };
	int rc = OK;

	if (last) {
		row.key = memrow_key(last);
	} else {
		rc = table_seek(e, t, span_of(NULL, 0), SEEK_BEFORE, &row);
		if (rc == ERR_NOTFOUND || (rc == ERR_CORRUPT && e->failed == OK))
			rc = OK;
	}
	if (rc == OK && key_order(key, row.key) <= 0)
		rc = table_fail(e, ERR_CORRUPT); /* the counter and the table disagree */
	return rc;
}

/* What is said of KEY where it will be written. */
static void look_up(struct env *e, enum table t, struct span key, struct asked *ret)
{
	if (was_asked(e, t, key)) {
		const struct asked *a = &e->asked[t];

		ret->size = a->size;
		ret->below = a->below;
		ret->hash = a->hash;
		ret->row = a->row;
		return;
	}
	ret->size = 0;
	ret->below = false;
	ret->hash = memtable_hash(t, key);
	ret->row = memtable_find(e->active, t, key, ret->hash);
}

/* Write what is neither TABLE_FRESH nor TABLE_APPEND. */
static int write_row(struct env *e, enum table t, struct span key, struct span value,
	enum table_put how, struct memrow **ret_row, bool *ret_exists)
{
	struct asked a;
	int rc = OK;

	look_up(e, t, key, &a);
	*ret_exists = how == TABLE_OVER || (a.row && !a.row->gone);
	if (!a.row && how != TABLE_OVER) {
		if (a.size)
			*ret_exists = a.below;
		else
			rc = exists_below(e, t, key, a.hash, ret_exists);
	}
	if (rc == OK && *ret_exists && how == TABLE_NEW)
		rc = ERR_EXISTS;
	if (rc != OK)
		return rc;
	*ret_row = a.row;
	if (a.row)
		return table_fail(e, memtable_write(e->active, t, a.row, a.hash, value));
	rc = memtable_make(e->active, t, key, a.hash, value, !*ret_exists, ret_row);
	if (a.size)
		e->asked[t].row = *ret_row;
	return table_fail(e, rc);
}

int table_put(struct env *e, enum table t, struct span key, const struct span *parts, unsigned n,
	enum table_put how)
{
	struct memrow *r;
	struct span value;
	bool exists = false;
	int rc = table_check(e, key, true);

	if (rc == OK)
		rc = value_of(e, parts, n, &value);
	if (rc == OK && how == TABLE_APPEND)
		rc = append_check(e, t, key);
	if (rc == OK && (how == TABLE_FRESH || how == TABLE_APPEND)) {
		e->asked[t].size = 0;
		rc = table_fail(e, how == TABLE_APPEND ?
			memtable_append(e->active, t, key, value, &r) :
			memtable_add(e->active, t, key, value, &r));
	} else if (rc == OK) {
		rc = write_row(e, t, key, value, how, &r, &exists);
	}
	if (rc != OK)
		return rc;
	e->rows[t] += !exists;
	return OK;
}

void table_ahead(struct env *e, enum table t, const struct span *keys, unsigned n)
{
	uint32_t hash[TABLE_AHEAD_MAX];

	assert(n <= TABLE_AHEAD_MAX);
	for (unsigned i = 0; i < n; i++)
		hash[i] = memtable_hash(t, keys[i]);
	for (enum memtable_step step = MEM_SLOT; step <= MEM_VALUE; step++)
		for (unsigned i = 0; i < n; i++)
			if (!memtable_ahead(e->active, t, hash[i], step))
				(void)memtable_ahead(e->previous, t, hash[i], step);
}

void table_step_ahead(struct env *e, enum table t, struct span key, enum memtable_step step)
{
	uint32_t hash = memtable_hash(t, key);

	if (!memtable_ahead(e->active, t, hash, step))
		(void)memtable_ahead(e->previous, t, hash, step);
}

int table_del(struct env *e, enum table t, struct span key)
{
	const struct memrow *r;
	uint32_t hash;
	bool exists;
	int rc = table_check(e, key, true);

	if (rc != OK)
		return rc;
	hash = memtable_hash(t, key);
	r = memtable_find(e->active, t, key, hash);
	if (r)
		exists = !r->gone;
	else
		rc = exists_below(e, t, key, hash, &exists);
	if (rc == OK && !exists)
		rc = ERR_NOTFOUND;
	if (rc != OK)
		return rc;
	e->rows[t]--;
	e->asked[t].size = 0;
	return table_fail(e, memtable_del(e->active, t, key, hash));
}

int table_del_first(struct env *e, enum table t, struct span key)
{
	struct memrow *r;
	uint32_t hash;
	int rc = table_check(e, key, true);

	if (rc != OK)
		return rc;
	e->asked[t].size = 0;
	hash = memtable_hash(t, key);
	r = memtable_find(e->active, t, key, hash);
	if (r)
		rc = memtable_del(e->active, t, key, hash);
	if (rc == OK)
		rc = memtable_cut_off(e->active, t, key);
	e->rows[t]--;
	return table_fail(e, rc);
}

int table_empty(struct env *e, enum table t)
{
	int rc = table_begin(e);

	if (rc != OK)
		return rc;
	if (e->read_only)
		return ERR_DENIED;
	memtable_empty(e->active, t);
	e->asked[t].size = 0;
	e->rows[t] = 0;
	return OK;
}

uint64_t table_rows(struct env *e, enum table t)
{
	return table_begin(e) == OK ? e->rows[t] : 0;
}

/* Of L leaves D random rows touch about L × D / (L + D / 2), at most all. */
static uint64_t leaves_touched(uint64_t leaves, uint64_t rows)
{
	return leaves == 0 ? 0 : rows < 2 * leaves ? leaves * rows / (leaves + rows / 2) : leaves;
}

/* Rows that are replaced lie anywhere. Fresh ones lie together or anywhere, as ids are made: as they
 * did the last time; until that is known, behind all others when they were appended, else anywhere,
 * and in pages that are filled by half. Those that are cut off lie together. Branch pages are few. */
uint64_t table_pages_dirty(const struct env *e)
{
	uint64_t sum = 0;

	for (unsigned t = 0; t < TABLES; t++) {
		const struct memrows *rows = &e->active->tables[t];
		const struct spread *known = &e->spread[t];
		uint64_t leaves = e->tree_leaves[t], fresh = rows->fresh;
		uint64_t old = leaves ? leaves_touched(leaves, rows->used - fresh) : rows->used - fresh;
		uint64_t tree_rows = e->tree_rows[t] ? e->tree_rows[t] : 1;

		if (rows->used == 0 && rows->n_cut == 0)
			continue;
		if (known->rows)
			fresh = fresh * known->pages / known->rows;
		else if (rows->last_appended)
			fresh = rows->fresh_bytes / e->page_bytes;
		else
			fresh = leaves_touched(leaves, fresh) + rows->fresh_bytes / (e->page_bytes / 2);
		sum += 1 + old + (old + fresh) / 50 + fresh + rows->n_cut * leaves / tree_rows;
	}
	return sum;
}

uint64_t table_bytes(const struct env *e)
{
	return memtable_bytes(e->active);
}
