/* SPDX-License-Identifier: Apache-2.0 */
/* Flush: the frozen memtable into LMDB, in key order, in one transaction that is durable at its end.
 *
 * Runs in one thread from begin to commit, as LMDB wants it, which need not be the shard's: it
 * reads of the environment only what stands still while there is a frozen memtable (the memtable
 * itself, the open tables) and tells the outcome by its result. */
#include <errno.h>
#include <stdlib.h>
#include "store/filesystem.h"
#include "store/tree.h"

static int flush_row(MDB_cursor *cursor, enum table t, const struct memtable *m,
	const struct memrow *r)
{
	struct span key = memrow_key(r), value = memrow_value(m, r);
	MDB_val k = { key.size, (void *)key.data }, v = { value.size + SUM_BYTES, NULL };
	int rc;

	if (r->gone && r->fresh)
		return 0;
	if (r->gone) {
		rc = mdb_cursor_get(cursor, &k, &v, MDB_SET);
		return rc == MDB_NOTFOUND ? 0 : rc != 0 ? rc : mdb_cursor_del(cursor, 0);
	}
	rc = mdb_cursor_put(cursor, &k, &v, MDB_RESERVE);
	if (rc != 0)
		return rc;
	if (value.size)
		memcpy(v.mv_data, value.data, value.size);
	put_le32((uint8_t *)v.mv_data + value.size, tree_sum(t, key, value));
	return 0;
}

static int flush_table(struct env *e, MDB_txn *txn, enum table t)
{
	const struct memtable *m = e->previous;
	MDB_cursor *cursor = NULL;
	mem_at *rows = NULL;
	uint32_t n = 0;
	int rc = 0;

	if (m->tables[t].emptied)
		rc = mdb_drop(txn, e->dbi[t], 0);
	if (rc != 0 || m->tables[t].used == 0)
		return rc;
	if (memtable_sorted(m, t, &rows, &n) != OK)
		return ENOMEM;
	rc = mdb_cursor_open(txn, e->dbi[t], &cursor);
	for (uint32_t i = 0; rc == 0 && i < n; i++)
		rc = flush_row(cursor, t, m, mem_ptr(m, rows[i]));
	if (cursor)
		mdb_cursor_close(cursor);
	free(rows);
	return rc;
}

/* LMDB has dropped the transaction. That nothing was committed is known when the environment can
 * still begin one: after a failed write of its own meta page, the last step, LMDB refuses to.
 * A disk that fills up within a write shows as a short one, which LMDB calls EIO, so that has to
 * be told from a broken disk, on which we do not go on. */
static int flush_failed(struct env *e, int lmdb_rc)
{
	const char *dir = "";
	bool full = err_from_lmdb(lmdb_rc) == ERR_NOSPACE;
	MDB_txn *txn;

	(void)mdb_env_get_path(e->lmdb, &dir);
	if (lmdb_rc == EIO)
		full = filesystem_is_full(dir, e->frozen_pages * e->page_bytes);
	if (!full || mdb_txn_begin(e->lmdb, NULL, 0, &txn) != 0)
		return ERR_UNKNOWN;
	mdb_txn_abort(txn);
	return ERR_NOSPACE;
}

int env_flush(struct env *e)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(e->lmdb, NULL, 0, &txn);

	if (rc != 0)
		return flush_failed(e, rc);
	for (unsigned t = 0; t < TABLES && rc == 0; t++)
		rc = flush_table(e, txn, (enum table)t);
	if (rc != 0) {
		mdb_txn_abort(txn);
		return err_from_lmdb(rc);
	}
	rc = mdb_txn_commit(txn);
	return rc == 0 ? OK : flush_failed(e, rc);
}
