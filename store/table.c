/* SPDX-License-Identifier: Apache-2.0 */
/* Table: rows with checksums in LMDB, one cursor each, and the transaction's first error. */
#include <assert.h>
#include <errno.h>
#include "base/hash.h"
#include "store/table.h"

#define SUM_BYTES 4

const char *table_name(enum table t)
{
	static const char *const names[TABLES] = {
		"meta", "settings", "names", "lifecycles", "sources", "customers", "deadlines",
		"guard0", "guard1", "outbox", "history", "subscriptions",
	};

	return names[t];
}

int err_from_lmdb(int rc)
{
	switch (rc) {
	case MDB_SUCCESS: return OK;
	case MDB_KEYEXIST: return ERR_EXISTS;
	case MDB_NOTFOUND: return ERR_NOTFOUND;
	case MDB_MAP_FULL: return ERR_NOSPACE;
	case MDB_PAGE_NOTFOUND:
	case MDB_CORRUPTED:
	case MDB_INVALID:
	case MDB_INCOMPATIBLE: return ERR_CORRUPT;
	case MDB_VERSION_MISMATCH: return ERR_VERSION;
	case MDB_READERS_FULL: return ERR_BUSY;
	case MDB_TXN_FULL: return ERR_TOOBIG;
	case MDB_BAD_VALSIZE: return ERR_INVALID;
	case MDB_PANIC: return ERR_UNKNOWN;
	}
	return rc > 0 ? err_from_errno(rc) : ERR_UNKNOWN;
}

/* Remember the first error. "Not there" and "there already" are answers, not errors. */
static int table_answer(struct env *e, int lmdb_rc)
{
	int rc = err_from_lmdb(lmdb_rc);

	if (rc != OK && rc != ERR_NOTFOUND && rc != ERR_EXISTS && e->failed == OK)
		e->failed = rc;
	return rc;
}

int table_begin(struct env *e)
{
	if (e->failed != OK)
		return e->failed;
	if (e->txn)
		return OK;
	return table_answer(e, mdb_txn_begin(e->lmdb, NULL, e->read_only ? MDB_RDONLY : 0, &e->txn));
}

/* LMDB frees the cursors of a write transaction with it, and leaves those of a read one. */
static void table_drop_cursors(struct env *e)
{
	for (unsigned t = 0; t < TABLES; t++) {
		if (e->read_only && e->cursor[t])
			mdb_cursor_close(e->cursor[t]);
		e->cursor[t] = NULL;
	}
	if (e->dirty.frames)
		memset(e->dirty.bits, 0, PAGES_BITS / 8);
	e->dirty.frames = 0;
}

void table_abort(struct env *e)
{
	table_drop_cursors(e);
	if (e->txn)
		mdb_txn_abort(e->txn);
	e->txn = NULL;
	if (!e->dead)
		e->failed = OK;
}

int table_commit(struct env *e)
{
	int rc = 0;

	table_drop_cursors(e);
	if (e->txn)
		rc = mdb_txn_commit(e->txn);
	e->txn = NULL;
	return rc;
}

int table_open_all(struct env *e, bool create)
{
	int rc = 0;

	for (unsigned t = 0; t < TABLES && rc == 0; t++)
		rc = mdb_dbi_open(e->txn, table_name(t), create ? MDB_CREATE : 0, &e->dbi[t]);
	return rc;
}

static int table_cursor(struct env *e, enum table t)
{
	int rc = table_begin(e);

	if (rc != OK || e->cursor[t])
		return rc;
	return table_answer(e, mdb_cursor_open(e->txn, e->dbi[t], &e->cursor[t]));
}

static uint32_t table_sum(enum table t, struct span key, struct span value)
{
	return (uint32_t)hash_64(value.data, value.size, hash_64(key.data, key.size, t));
}

static int table_unwrap(enum table t, struct span key, MDB_val v, struct span *ret_value)
{
	*ret_value = span_of(v.mv_data, v.mv_size < SUM_BYTES ? 0 : v.mv_size - SUM_BYTES);
	if (v.mv_size < SUM_BYTES)
		return ERR_CORRUPT;
	if (get_le32(ret_value->data + ret_value->size) != table_sum(t, key, *ret_value))
		return ERR_CORRUPT;
	return OK;
}

/* Count the page around P as written. */
static void pages_mark(struct pages *p, const void *address)
{
	uint64_t frame = ((uintptr_t)address >> p->shift) % PAGES_BITS;
	uint64_t bit = UINT64_C(1) << (frame % 64);

	p->frames += !(p->bits[frame / 64] & bit);
	p->bits[frame / 64] |= bit;
}

int table_get(struct env *e, enum table t, struct span key, struct span *ret_value)
{
	MDB_val k = { key.size, (void *)key.data }, v;
	int rc = table_cursor(e, t);

	if (rc != OK)
		return rc;
	if (key.size == 0 || key.size > TABLE_KEY_MAX)
		return ERR_INVALID;
	rc = table_answer(e, mdb_cursor_get(e->cursor[t], &k, &v, MDB_SET));
	return rc != OK ? rc : table_unwrap(t, key, v, ret_value);
}

/* The parts and their checksum in E's scratch buffer: the caller's spans may point into pages
 * that the put moves. */
static int table_wrap(struct env *e, enum table t, struct span key, const struct span *parts,
	unsigned n)
{
	uint8_t sum[SUM_BYTES];

	buf_clear(&e->scratch);
	for (unsigned i = 0; i < n; i++)
		buf_add(&e->scratch, parts[i].data, parts[i].size);
	put_le32(sum, table_sum(t, key, span_of(e->scratch.data, e->scratch.size)));
	buf_add(&e->scratch, sum, sizeof sum);
	if (e->scratch.failed) {
		buf_fini(&e->scratch);
		e->failed = ERR_NOMEM;
		return ERR_NOMEM;
	}
	return e->scratch.size > TABLE_VALUE_MAX ? ERR_TOOBIG : OK;
}

int table_put(struct env *e, enum table t, struct span key, const struct span *parts, unsigned n,
	enum table_put how)
{
	static const unsigned flags[] = { 0, MDB_NOOVERWRITE, MDB_APPEND };
	uint8_t key_copy[TABLE_KEY_MAX];
	MDB_val k = { key.size, key_copy }, v;
	int rc = table_cursor(e, t);

	if (rc != OK)
		return rc;
	if (e->read_only)
		return ERR_DENIED;
	if (key.size == 0 || key.size > TABLE_KEY_MAX)
		return ERR_INVALID;
	memcpy(key_copy, key.data, key.size);
	rc = table_wrap(e, t, key, parts, n);
	if (rc != OK)
		return rc;
	v = (MDB_val){ e->scratch.size, NULL };
	rc = table_answer(e, mdb_cursor_put(e->cursor[t], &k, &v, flags[how] | MDB_RESERVE));
	if (rc == ERR_EXISTS && how == TABLE_APPEND)
		rc = e->failed = ERR_CORRUPT; /* the counter and the table disagree */
	if (rc != OK)
		return rc;
	memcpy(v.mv_data, e->scratch.data, e->scratch.size);
	pages_mark(&e->dirty, v.mv_data);
	return OK;
}

int table_del(struct env *e, enum table t, struct span key)
{
	MDB_val k = { key.size, (void *)key.data }, v;
	int rc = table_cursor(e, t);

	if (rc != OK)
		return rc;
	if (e->read_only)
		return ERR_DENIED;
	if (key.size == 0 || key.size > TABLE_KEY_MAX)
		return ERR_INVALID;
	rc = table_answer(e, mdb_cursor_get(e->cursor[t], &k, &v, MDB_SET));
	if (rc != OK)
		return rc;
	pages_mark(&e->dirty, v.mv_data);
	return table_answer(e, mdb_cursor_del(e->cursor[t], 0));
}

int table_empty(struct env *e, enum table t)
{
	int rc = table_begin(e);

	if (rc != OK)
		return rc;
	if (e->read_only)
		return ERR_DENIED;
	return table_answer(e, mdb_drop(e->txn, e->dbi[t], 0));
}

uint64_t table_rows(struct env *e, enum table t)
{
	MDB_stat stat;

	if (table_begin(e) != OK || table_answer(e, mdb_stat(e->txn, e->dbi[t], &stat)) != OK)
		return 0;
	return stat.ms_entries;
}

static int table_step(struct env *e, enum table t, MDB_cursor_op op, MDB_val *k, bool raw,
	struct row *ret_row)
{
	MDB_val v;
	int rc = table_answer(e, mdb_cursor_get(e->cursor[t], k, &v, op));

	if (rc != OK)
		return rc;
	ret_row->key = span_of(k->mv_data, k->mv_size);
	ret_row->value = span_of(v.mv_data, v.mv_size);
	return raw ? OK : table_unwrap(t, ret_row->key, v, &ret_row->value);
}

static int seek_before(struct env *e, enum table t, MDB_val k, struct row *ret_row)
{
	MDB_val v;
	int rc = ERR_NOTFOUND;

	if (k.mv_size > 0)
		rc = table_answer(e, mdb_cursor_get(e->cursor[t], &k, &v, MDB_SET_RANGE));
	if (rc != OK && rc != ERR_NOTFOUND)
		return rc;
	return table_step(e, t, rc == OK ? MDB_PREV : MDB_LAST, &k, false, ret_row);
}

int table_seek(struct env *e, enum table t, struct span key, enum table_seek how,
	struct row *ret_row)
{
	MDB_val k = { key.size, (void *)key.data };
	int rc = table_cursor(e, t);

	if (rc != OK)
		return rc;
	if (key.size > TABLE_KEY_MAX)
		return ERR_INVALID;
	if (how == SEEK_BEFORE)
		return seek_before(e, t, k, ret_row);
	if (key.size == 0)
		return table_step(e, t, MDB_FIRST, &k, false, ret_row);
	rc = table_step(e, t, MDB_SET_RANGE, &k, false, ret_row);
	if (how == SEEK_AFTER && (rc == OK || rc == ERR_CORRUPT) && e->failed == OK &&
		span_eq(ret_row->key, key))
		rc = table_step(e, t, MDB_NEXT, &k, false, ret_row);
	return rc;
}

int table_first(struct env *e, enum table t, bool raw, struct row *ret_row)
{
	MDB_val k;
	int rc = table_cursor(e, t);

	return rc != OK ? rc : table_step(e, t, MDB_FIRST, &k, raw, ret_row);
}

int table_next(struct env *e, enum table t, bool raw, struct row *ret_row)
{
	MDB_val k;

	assert(e->cursor[t]);
	return table_step(e, t, MDB_NEXT, &k, raw, ret_row);
}

static uint64_t stat_pages(const MDB_stat *s)
{
	return s->ms_branch_pages + s->ms_leaf_pages + s->ms_overflow_pages;
}

uint64_t table_pages_all(struct env *e)
{
	MDB_stat stat;
	uint64_t sum = 2; /* LMDB's two meta pages */

	if (table_begin(e) != OK)
		return 0;
	for (unsigned t = 0; t < TABLES; t++)
		if (mdb_stat(e->txn, e->dbi[t], &stat) == 0)
			sum += stat_pages(&stat);
	for (MDB_dbi own = 0; own < 2; own++) /* the list of free pages, the list of tables */
		if (mdb_stat(e->txn, own, &stat) == 0)
			sum += stat_pages(&stat);
	return sum;
}

/* A frame is shared by two dirty pages that lie next to each other, hence a quarter more: with
 * one value written in each page a sixth would be missed. Branches are few; all count. */
uint64_t table_pages_dirty(const struct env *e)
{
	MDB_stat stat;
	uint64_t leaves = e->dirty.frames + e->dirty.frames / 4, branches = 0;

	if (!e->txn || leaves == 0)
		return 0;
	for (unsigned t = 0; t < TABLES; t++)
		if (e->cursor[t] && mdb_stat(e->txn, e->dbi[t], &stat) == 0)
			branches += stat.ms_branch_pages;
	return leaves + (branches < leaves ? branches : leaves);
}
