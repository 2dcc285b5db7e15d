/* SPDX-License-Identifier: Apache-2.0 */
/* Tree: reading what is committed. */
#include <errno.h>
#include "base/hash.h"
#include "store/tree.h"

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

/* Remember the first error. "Not there" is an answer, not an error. */
static int tree_answer(struct env *e, int lmdb_rc)
{
	int rc = err_from_lmdb(lmdb_rc);

	if (rc != OK && rc != ERR_NOTFOUND && e->failed == OK)
		e->failed = rc;
	return rc;
}

/* What is counted once for each commit: rows, leaves, pages. */
static int tree_measure(struct env *e)
{
	MDB_stat stat;
	int rc = 0;

	e->tree_pages = 2; /* LMDB's two meta pages */
	for (unsigned t = 0; t < TABLES && rc == 0; t++) {
		rc = mdb_stat(e->read, e->dbi[t], &stat);
		e->tree_rows[t] = stat.ms_entries;
		e->tree_leaves[t] = stat.ms_leaf_pages;
		e->table_pages[t] = stat.ms_branch_pages + stat.ms_leaf_pages +
			stat.ms_overflow_pages;
		e->tree_pages += e->table_pages[t];
	}
	for (MDB_dbi own = 0; own < 2 && rc == 0; own++) { /* free pages, the list of tables */
		rc = mdb_stat(e->read, own, &stat);
		e->tree_pages += stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
	}
	return rc;
}

int tree_begin(struct env *e)
{
	int rc;

	if (e->failed != OK)
		return e->failed;
	if (e->reading)
		return OK;
	rc = e->read ? mdb_txn_renew(e->read) : mdb_txn_begin(e->lmdb, NULL, MDB_RDONLY, &e->read);
	if (rc == 0)
		rc = tree_measure(e);
	for (unsigned t = 0; t < TABLES && rc == 0; t++)
		if (e->cursor[t])
			rc = mdb_cursor_renew(e->read, e->cursor[t]);
	if (rc == 0)
		e->reading = true;
	else if (e->read)
		mdb_txn_reset(e->read);
	return tree_answer(e, rc);
}

void tree_end(struct env *e)
{
	if (e->reading)
		mdb_txn_reset(e->read);
	e->reading = false;
	table_forget_asked(e);
}

void tree_close(struct env *e)
{
	for (unsigned t = 0; t < TABLES; t++) {
		if (e->cursor[t])
			mdb_cursor_close(e->cursor[t]);
		e->cursor[t] = NULL;
	}
	if (e->read)
		mdb_txn_abort(e->read);
	if (e->lmdb)
		mdb_env_close(e->lmdb);
	e->read = NULL;
	e->lmdb = NULL;
	e->reading = false;
}

static int open_tables(struct env *e, MDB_txn *txn, unsigned flags)
{
	int rc = 0;

	for (unsigned t = 0; t < TABLES && rc == 0; t++)
		rc = mdb_dbi_open(txn, table_name(t), flags, &e->dbi[t]);
	return rc;
}

int tree_open_tables(struct env *e)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(e->lmdb, NULL, MDB_RDONLY, &txn);

	if (rc != 0)
		return rc;
	rc = open_tables(e, txn, 0);
	if (rc == 0) /* a read transaction is committed too: that is how LMDB keeps the opened tables */
		return mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return rc;
}

int tree_create(struct env *e)
{
	uint8_t bytes[META_BYTES + SUM_BYTES];
	struct span key = span_str("meta");
	MDB_val k = { key.size, (void *)key.data }, v = { sizeof bytes, bytes };
	MDB_txn *txn;
	int rc = mdb_txn_begin(e->lmdb, NULL, 0, &txn);

	if (rc != 0)
		return rc;
	meta_pack(e, bytes);
	put_le32(bytes + META_BYTES, tree_sum(TABLE_META, key, span_of(bytes, META_BYTES)));
	rc = open_tables(e, txn, MDB_CREATE);
	if (rc == 0)
		rc = mdb_put(txn, e->dbi[TABLE_META], &k, &v, 0);
	if (rc == 0)
		return mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return rc;
}

static int walk_dbi(MDB_txn *txn, MDB_dbi dbi)
{
	MDB_cursor *cursor;
	MDB_val k, v;
	int rc = mdb_cursor_open(txn, dbi, &cursor);

	if (rc != 0)
		return rc;
	do
		rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
	while (rc == 0);
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

int tree_walk(struct env *e)
{
	int rc = tree_begin(e);

	for (MDB_dbi own = 0; own < 2 && rc == OK; own++) /* free pages, the list of tables */
		rc = tree_answer(e, walk_dbi(e->read, own));
	for (unsigned t = 0; t < TABLES && rc == OK; t++)
		rc = tree_answer(e, walk_dbi(e->read, e->dbi[t]));
	return rc;
}

static int tree_cursor(struct env *e, enum table t)
{
	int rc = tree_begin(e);

	if (rc != OK || e->cursor[t])
		return rc;
	return tree_answer(e, mdb_cursor_open(e->read, e->dbi[t], &e->cursor[t]));
}

uint32_t tree_sum(enum table t, struct span key, struct span value)
{
	return (uint32_t)hash_64(value.data, value.size, hash_64(key.data, key.size, t));
}

int tree_unwrap(enum table t, struct span key, struct span raw, struct span *ret_value)
{
	*ret_value = span_of(raw.data, raw.size < SUM_BYTES ? 0 : raw.size - SUM_BYTES);
	if (raw.size < SUM_BYTES)
		return ERR_CORRUPT;
	if (get_le32(ret_value->data + ret_value->size) != tree_sum(t, key, *ret_value))
		return ERR_CORRUPT;
	return OK;
}

int tree_get(struct env *e, enum table t, struct span key, struct span *ret_raw)
{
	MDB_val k = { key.size, (void *)key.data }, v;
	int rc = tree_cursor(e, t);

	if (rc != OK)
		return rc;
	if (e->tree_rows[t] == 0)
		return ERR_NOTFOUND;
	rc = tree_answer(e, mdb_cursor_get(e->cursor[t], &k, &v, MDB_SET));
	if (rc == OK)
		*ret_raw = span_of(v.mv_data, v.mv_size);
	return rc;
}

static int tree_step(struct env *e, enum table t, MDB_cursor_op op, MDB_val *k, struct row *ret_raw)
{
	MDB_val v;
	int rc = tree_answer(e, mdb_cursor_get(e->cursor[t], k, &v, op));

	if (rc != OK)
		return rc;
	ret_raw->key = span_of(k->mv_data, k->mv_size);
	ret_raw->value = span_of(v.mv_data, v.mv_size);
	return OK;
}

static int seek_before(struct env *e, enum table t, MDB_val k, struct row *ret_raw)
{
	MDB_val v;
	int rc = ERR_NOTFOUND;

	if (k.mv_size > 0)
		rc = tree_answer(e, mdb_cursor_get(e->cursor[t], &k, &v, MDB_SET_RANGE));
	if (rc != OK && rc != ERR_NOTFOUND)
		return rc;
	return tree_step(e, t, rc == OK ? MDB_PREV : MDB_LAST, &k, ret_raw);
}

int tree_seek(struct env *e, enum table t, struct span key, enum table_seek how,
	struct row *ret_raw)
{
	MDB_val k = { key.size, (void *)key.data };
	int rc = tree_cursor(e, t);

	if (rc != OK)
		return rc;
	if (e->tree_rows[t] == 0)
		return ERR_NOTFOUND;
	if (how == SEEK_BEFORE)
		return seek_before(e, t, k, ret_raw);
	if (key.size == 0)
		return tree_step(e, t, MDB_FIRST, &k, ret_raw);
	rc = tree_step(e, t, MDB_SET_RANGE, &k, ret_raw);
	if (how == SEEK_AFTER && rc == OK && span_eq(ret_raw->key, key))
		rc = tree_step(e, t, MDB_NEXT, &k, ret_raw);
	return rc;
}

int tree_next(struct env *e, enum table t, struct row *ret_raw)
{
	MDB_val k;

	return tree_step(e, t, MDB_NEXT, &k, ret_raw);
}
