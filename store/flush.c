/* SPDX-License-Identifier: Apache-2.0 */
/* Flush: the frozen memtable into LMDB, in key order, in one transaction that is durable at its
 * end.
 *
 * Runs in one thread from begin to commit, as LMDB wants it, which need not be the shard's: it
 * reads of the environment only what stands still while there is a frozen memtable (the memtable
 * itself, the open tables) and tells the outcome by its result. */
#include <errno.h>
#include <stdlib.h>
#include "base/ahead.h"
#include "store/filesystem.h"
#include "store/tree.h"
#include "store/writeback.h"

struct flush {
	struct env *e;
	MDB_txn *txn;
	MDB_cursor *cursor; /* of the table at hand */
	enum table table;
	uintptr_t page;     /* that was written last */
	bool append;        /* beyond all that the table had: pages are filled, and nothing is sought */
	size_t last_size;   /* of the last key that the table had */
	uint8_t last[TABLE_KEY_MAX];
};

static int flush_last(struct flush *f)
{
	MDB_val k, v;
	int rc = mdb_cursor_get(f->cursor, &k, &v, MDB_LAST);

	f->append = false;
	f->last_size = rc == 0 ? k.mv_size : 0;
	if (rc == 0)
		memcpy(f->last, k.mv_data, k.mv_size);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Rows come in key order, so those in one page come one after another. */
static void flush_count(struct flush *f, const struct memrow *r, const void *written)
{
	struct spread *s = &f->e->flushed[f->table];
	uintptr_t page = (uintptr_t)written / f->e->page_bytes;

	s->rows += r->fresh;
	s->pages += r->fresh && page != f->page;
	f->page = page;
}

static int flush_row(struct flush *f, const struct memtable *m, const struct memrow *r)
{
	struct span key = memrow_key(r), value = memrow_value(m, r);
	MDB_val k = { key.size, (void *)key.data }, v = { value.size + SUM_BYTES, NULL };
	int rc;

	if (r->gone && r->fresh)
		return 0;
	if (r->gone) {
		rc = mdb_cursor_get(f->cursor, &k, &v, MDB_SET);
		return rc == MDB_NOTFOUND ? 0 : rc != 0 ? rc : mdb_cursor_del(f->cursor, 0);
	}
	if (!f->append)
		f->append = key_order(key, span_of(f->last, f->last_size)) > 0;
	rc = mdb_cursor_put(f->cursor, &k, &v, MDB_RESERVE | (f->append ? MDB_APPEND : 0));
	if (rc != 0)
		return rc;
	flush_count(f, r, v.mv_data);
	if (value.size)
		memcpy(v.mv_data, value.data, value.size);
	put_le32((uint8_t *)v.mv_data + value.size, tree_sum(f->table, key, value));
	return 0;
}

/* Have a row near when its turn comes: first the row itself, then what it points to. */
static void flush_ahead(const struct memtable *m, const mem_at *rows, uint32_t i, uint32_t n)
{
	const uint32_t row_ahead = 8, value_ahead = 4;

	if (i + row_ahead < n)
		ahead(mem_ptr(m, rows[i + row_ahead]));
	if (i + value_ahead < n) {
		struct span value = memrow_value(m, mem_ptr(m, rows[i + value_ahead]));

		for (size_t at = 0; at < value.size && at < 1024; at += 64)
			ahead(value.data + at);
	}
}

/* What is hidden below goes: it is what the table begins with. */
static int flush_cut(struct flush *f, struct span cut)
{
	MDB_val k, v;
	int rc = cut.size ? mdb_cursor_get(f->cursor, &k, &v, MDB_FIRST) : MDB_NOTFOUND;

	while (rc == 0 && key_order(span_of(k.mv_data, k.mv_size), cut) < 0) {
		rc = mdb_cursor_del(f->cursor, 0);
		if (rc == 0)
			rc = mdb_cursor_get(f->cursor, &k, &v, MDB_FIRST);
	}
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int flush_table(struct flush *f)
{
	const struct memtable *m = f->e->previous;
	MDB_dbi dbi = f->e->dbi[f->table];
	mem_at *rows = NULL;
	uint32_t n = 0;
	int rc = 0;

	f->e->flushed[f->table] = (struct spread){ 0 };
	if (m->tables[f->table].emptied)
		rc = mdb_drop(f->txn, dbi, 0);
	if (rc != 0 || (m->tables[f->table].used == 0 && m->tables[f->table].cut_size == 0))
		return rc;
	if (memtable_sorted(m, f->table, &rows, &n) != OK)
		return ENOMEM;
	rc = mdb_cursor_open(f->txn, dbi, &f->cursor);
	if (rc == 0)
		rc = flush_cut(f, memtable_cut(m, f->table));
	if (rc == 0)
		rc = flush_last(f);
	for (uint32_t i = 0; rc == 0 && i < n; i++) {
		flush_ahead(m, rows, i, n);
		rc = flush_row(f, m, mem_ptr(m, rows[i]));
	}
	if (f->cursor)
		mdb_cursor_close(f->cursor);
	f->cursor = NULL;
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

/* LMDB allocates its pages one by one and keeps them, and glibc has the kernel enlarge the heap of
 * a thread by as much as it is asked for: 10,000 times a lock that every thread needs for memory,
 * held by one that has little processor time to let go of it. So room for what LMDB has not had yet
 * is taken in larger blocks, and given back to the heap, untouched: twice as much as is expected, as
 * that costs no memory. They are below what glibc maps singly. */
#define BLOCK_BYTES (120u << 10)
static void reserve_heap(size_t bytes)
{
	size_t n = bytes / BLOCK_BYTES + 1;
	void **blocks = malloc(n * sizeof *blocks);

	if (!blocks)
		return;
	for (size_t i = 0; i < n; i++)
		blocks[i] = malloc(BLOCK_BYTES);
	while (n > 0)
		free(blocks[--n]);
	free(blocks);
}

static void flush_reserve(struct env *e)
{
	if (e->frozen_pages <= e->reserved_pages)
		return;
	reserve_heap((e->frozen_pages - e->reserved_pages) * 2 * e->page_bytes);
	e->reserved_pages = e->frozen_pages;
}

void env_hurry(struct env *e, bool now)
{
	if (now || atomic_load(&e->haste) == HASTE_NONE)
		atomic_store(&e->haste, now ? HASTE_NOW : HASTE_SOON);
}

int env_flush(struct env *e)
{
	struct flush f = { .e = e };
	int rc;

	flush_reserve(e);
	rc = mdb_txn_begin(e->lmdb, NULL, 0, &f.txn);
	if (rc != 0)
		return flush_failed(e, rc);
	for (unsigned t = 0; t < TABLES && rc == 0; t++) {
		f.table = (enum table)t;
		rc = flush_table(&f);
	}
	if (rc != 0) {
		mdb_txn_abort(f.txn);
		return err_from_lmdb(rc);
	}
	writeback_pace(&e->haste);
	rc = mdb_txn_commit(f.txn);
	writeback_pace(NULL);
	return rc == 0 ? OK : flush_failed(e, rc);
}
