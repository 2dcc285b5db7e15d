/* SPDX-License-Identifier: Apache-2.0 */
/* Env: opening, committing and dropping a shard's environment. What is in it is in the files
 * named after it: customers.c, deadlines.c, guard.c, outbox.c, history.c, … */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "store/filesystem.h"
#include "store/tree.h"
#include "store/writeback.h"

#define PATH_BYTES 4096
#define LOCK_BYTES 8192 /* LMDB 0.9, 126 readers */
#define SPREAD_ROWS_MIN 256 /* fewer tell nothing of how many will lie */

/* A file that is shorter than its tree (a copy that was cut off) would kill us with SIGBUS. Grown
 * to its length with zeros, which costs no space, LMDB meets a page that is none and says so.
 * Pages at the end may also be missing because they are free: that is no damage, so then
 * all that are in use are looked at. */
static int cover_file(struct env *e, const char *data_path, bool *ret_short)
{
	struct stat st;
	MDB_envinfo info;
	off_t need;

	(void)mdb_env_info(e->lmdb, &info);
	need = (off_t)(info.me_last_pgno + 1) * e->page_bytes;
	if (stat(data_path, &st) != 0)
		return err_from_errno(errno);
	*ret_short = st.st_size < need;
	if (*ret_short && truncate(data_path, need) != 0)
		return err_from_errno(errno);
	return OK;
}

/* LMDB writes its lock file, two pages, through a sparse memory map: on a full disk that would be
 * SIGBUS. So they are allocated before. Not while it is open: closing a file drops its locks. */
static int reserve_lock_file(const char *dir)
{
	char path[PATH_BYTES + 16];
	int fd, failed;

	snprintf(path, sizeof path, "%s/lock.mdb", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0)
		return err_from_errno(errno);
	failed = posix_fallocate(fd, 0, LOCK_BYTES);
	close(fd);
	return failed ? err_from_errno(failed) : OK;
}

/* LMDB begins a file with two pages in one write, which it does not sync; what a crash leaves of
 * them it may refuse for ever. So a new file gets its name when it is whole and durable. */
static int make_data_file(const char *dir)
{
	char path[PATH_BYTES + 16], fresh[PATH_BYTES + 16];
	MDB_env *lmdb = NULL;
	int rc;

	snprintf(path, sizeof path, "%s/data.mdb", dir);
	snprintf(fresh, sizeof fresh, "%s/data.new", dir);
	if (access(path, F_OK) == 0)
		return OK;
	if (unlink(fresh) != 0 && errno != ENOENT)
		return err_from_errno(errno);
	if ((rc = mdb_env_create(&lmdb)) == 0 &&
		(rc = mdb_env_open(lmdb, fresh, MDB_NOSUBDIR | MDB_NOLOCK, 0640)) == 0)
		rc = mdb_env_sync(lmdb, 1);
	mdb_env_close(lmdb);
	rc = rc != 0 ? err_from_lmdb(rc) : rename(fresh, path) != 0 ? err_from_errno(errno) : OK;
	if (rc != OK)
		(void)unlink(fresh); /* else the next opening does */
	return rc != OK ? rc : filesystem_sync_dir(dir);
}

/* Reading ahead helps until the file outgrows memory. */
static bool outgrows_memory(const char *data_path)
{
	struct stat st;
	double memory = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);

	return stat(data_path, &st) == 0 && (double)st.st_size > memory / 2;
}

int tree_open(struct env *e, const char *dir, uint64_t map_bytes, bool *ret_short)
{
	char data_path[PATH_BYTES + 16];
	unsigned flags = MDB_NOTLS | (e->read_only ? MDB_RDONLY : 0);
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	MDB_stat stat;
	MDB_envinfo info;
	int rc;

	snprintf(data_path, sizeof data_path, "%s/data.mdb", dir);
	if (outgrows_memory(data_path))
		flags |= MDB_NORDAHEAD;
	if ((rc = mdb_env_create(&e->lmdb)) != 0 ||
		(rc = mdb_env_set_maxdbs(e->lmdb, TABLES)) != 0 ||
		(rc = mdb_env_set_mapsize(e->lmdb, (map_bytes + page - 1) / page * page)) != 0 ||
		(rc = mdb_env_open(e->lmdb, dir, flags, 0640)) != 0)
		return err_from_lmdb(rc);
	(void)mdb_env_stat(e->lmdb, &stat);
	(void)mdb_env_info(e->lmdb, &info);
	e->page_bytes = stat.ms_psize;
	e->map_bytes = info.me_mapsize;
	return cover_file(e, data_path, ret_short);
}

/* Of the file that is open: whatever bears its name later. */
static int keep_file(struct env *e)
{
	struct stat st;
	int fd, rc = mdb_env_get_fd(e->lmdb, &fd);

	if (rc != 0 || fstat(fd, &st) != 0)
		return rc != 0 ? err_from_lmdb(rc) : err_from_errno(errno);
	e->file_device = st.st_dev;
	e->file_inode = st.st_ino;
	return OK;
}

bool env_is_there(const struct env *e, const struct store *s)
{
	char dir[PATH_BYTES], path[PATH_BYTES + 16];
	struct stat st;

	store_shard_dir(s, e->shard, dir);
	snprintf(path, sizeof path, "%s/data.mdb", dir);
	if (stat(path, &st) != 0)
		return errno != ENOENT && errno != ENOTDIR;
	return st.st_ino == e->file_inode && st.st_dev == e->file_device;
}

/* Make all tables and the first meta row, in one transaction. */
static int env_create(struct env *e, const struct store *s, unsigned shard)
{
	memcpy(e->store_id, s->id, sizeof e->store_id);
	e->shard = shard;
	e->shards = s->shards;
	e->meta = (struct env_meta){ .outbox_first = 1, .messages_first = 1 };
	return err_from_lmdb(tree_create(e));
}

static int env_check_owner(const struct env *e, const struct store *s, unsigned shard,
	const char *dir, struct complaint *c)
{
	if (memcmp(e->store_id, s->id, sizeof e->store_id) != 0)
		return complain(c, ERR_VERSION, "%s belongs to another store (its id is not the one in "
			"store.id): put back the directory that was made with this store", dir);
	if (e->shards != s->shards)
		return complain(c, ERR_VERSION, "%s was made for %u shards, not for %u: start with %u",
			dir, e->shards, s->shards, e->shards);
	if (e->shard != shard)
		return complain(c, ERR_VERSION, "%s holds shard %u, not %u: the directories of the "
			"shards were exchanged", dir, e->shard, shard);
	return OK;
}

static int env_load(struct env *e, const struct store *s, unsigned shard, const char *dir,
	struct complaint *c)
{
	int rc = err_from_lmdb(tree_open_tables(e));

	if (rc == ERR_NOTFOUND)
		return complain(c, ERR_VERSION, "%s/data.mdb is not kith's: a table is missing", dir);
	if (rc == OK)
		rc = meta_load(e, c);
	if (rc != OK)
		return rc;
	return env_check_owner(e, s, shard, dir, c);
}

/* Nothing at all in it: just made, or made and not committed when the power went. */
static bool env_is_blank(const struct env *e)
{
	MDB_stat stat;

	return mdb_env_stat(e->lmdb, &stat) == 0 && stat.ms_entries == 0;
}

static int env_start(struct env *e, const struct store *s, unsigned shard, const char *dir,
	uint64_t map_bytes, struct complaint *c)
{
	int rc, dead_readers;
	bool blank, is_short = false;

	if (!e->read_only && mkdir(dir, 0750) != 0 && errno != EEXIST)
		return err_from_errno(errno);
	if (!e->read_only && ((rc = reserve_lock_file(dir)) != OK || (rc = make_data_file(dir)) != OK))
		return rc;
	if ((rc = tree_open(e, dir, map_bytes, &is_short)) != OK || (rc = keep_file(e)) != OK)
		return rc;
	blank = env_is_blank(e);
	if (blank && e->read_only)
		return complain(c, ERR_NOTFOUND, "%s holds nothing yet", dir);
	rc = blank ? env_create(e, s, shard) : env_load(e, s, shard, dir, c);
	if (rc == OK && is_short)
		rc = tree_walk(e);
	if (rc == OK && blank)
		rc = filesystem_sync_dir(dir);
	if (rc == OK && blank)
		rc = filesystem_sync_dir(s->dir);
	if (rc == OK)
		rc = err_from_lmdb(mdb_reader_check(e->lmdb, &dead_readers));
	return rc;
}

int env_open(const struct store *s, unsigned shard, uint64_t map_bytes, bool read_only,
	struct env **ret_env, struct complaint *c)
{
	char dir[PATH_BYTES];
	struct complaint why = { 0 };
	struct env *e = calloc(1, sizeof *e);
	int rc = ERR_NOMEM;

	assert(shard < s->shards);
	store_shard_dir(s, shard, dir);
	if (!e)
		goto fail;
	e->read_only = read_only;
	memtable_init(&e->memtables[0], &e->spares);
	memtable_init(&e->memtables[1], &e->spares);
	e->active = &e->memtables[0];
	e->previous = &e->memtables[1];
	e->sources = calloc(SOURCES_CACHED, sizeof *e->sources);
	if (!e->sources)
		goto fail;
	rc = env_start(e, s, shard, dir, map_bytes, &why);
	if (rc != OK)
		goto fail;
	e->committed = e->meta;
	*ret_env = e;
	return OK;

fail:
	env_close(e);
	if (why.text[0])
		return complain(c, rc, "%s", why.text);
	return complain(c, rc, "cannot open %s with a map of %llu MiB: %s%s", dir,
		(unsigned long long)(map_bytes >> 20), err_text(rc), rc != ERR_CORRUPT ? "" :
		"; put back a copy, or rebuild the store from its journal");
}

void env_close(struct env *e)
{
	if (!e)
		return;
	tree_close(e);
	memtable_fini(&e->memtables[0]);
	memtable_fini(&e->memtables[1]);
	mem_spares_fini(&e->spares);
	buf_fini(&e->scratch);
	if (e->sources)
		sources_drop(e);
	free(e->sources);
	free(e);
}

struct env_meta *env_meta(struct env *e)
{
	return &e->meta;
}

unsigned env_shards(const struct env *e)
{
	return e->shards;
}

int env_failed(const struct env *e)
{
	return e->failed;
}

void env_abort(struct env *e)
{
	table_abort(e);
	sources_drop(e);
	deadlines_drop(e);
	outbox_drop(e);
	e->meta = e->committed;
}

int env_freeze(struct env *e)
{
	struct memtable *m = e->previous;
	int rc;

	if (e->read_only)
		return ERR_DENIED;
	assert(!e->frozen);
	rc = sources_flush(e);
	if (rc == OK)
		rc = meta_store(e);
	if (rc != OK)
		return rc;
	if (memtable_is_empty(e->active))
		return ERR_NOTFOUND;
	e->frozen_pages = table_pages_dirty(e);
	e->frozen_meta = e->meta;
	e->frozen = true;
	atomic_store(&e->haste, HASTE_NONE);
	e->previous = e->active;
	e->active = m;
	memtable_reset(m);
	table_forget_asked(e);
	return OK;
}

void env_flushed(struct env *e, int rc)
{
	assert(e->frozen);
	if (rc == OK) {
		e->frozen = false;
		e->committed = e->frozen_meta;
		for (unsigned t = 0; t < TABLES; t++)
			if (e->flushed[t].rows >= SPREAD_ROWS_MIN)
				e->spread[t] = e->flushed[t];
		tree_end(e);
	} else if (rc != ERR_NOSPACE) {
		e->dead = rc == ERR_UNKNOWN;
		e->failed = rc;
	}
}

bool env_frozen(const struct env *e)
{
	return e->frozen;
}

uint64_t env_committed(const struct env *e)
{
	return e->committed.position;
}

static int flush_now(struct env *e)
{
	int rc = env_flush(e);

	env_flushed(e, rc);
	return rc;
}

int env_commit(struct env *e)
{
	int rc = e->failed;

	if (e->dead)
		return rc;
	if (rc == OK && e->frozen)
		rc = flush_now(e);
	if (rc == OK)
		rc = env_freeze(e);
	if (rc == OK)
		rc = flush_now(e);
	if (rc == ERR_NOTFOUND) /* nothing to freeze */
		return OK;
	if (rc != OK && rc != ERR_NOSPACE)
		env_abort(e);
	return rc;
}

bool env_wants_memory(const struct env *e)
{
	return memtable_wants_spares(e->active);
}

void env_prepare_memory(struct env *e)
{
	mem_spares_fill(&e->spares);
}

uint64_t env_dirty_pages(const struct env *e)
{
	return table_pages_dirty(e);
}

uint64_t env_checkpoint_pages(const struct env *e)
{
	uint64_t pages = table_pages_dirty(e), memory = 2 * table_bytes(e) / e->page_bytes;

	return memory > pages ? memory : pages;
}

void env_space(struct env *e, uint64_t *ret_used, uint64_t *ret_map)
{
	MDB_envinfo info = { 0 }; /* what has not opened again tells nothing */
	uint64_t pages;

	if (table_begin(e) == OK) {
		pages = e->tree_pages + table_pages_dirty(e);
	} else { /* a failed transaction cannot be asked: at most as much as there ever was */
		(void)mdb_env_info(e->lmdb, &info);
		pages = info.me_last_pgno + 1;
	}
	*ret_used = pages * e->page_bytes;
	*ret_map = e->map_bytes;
}

const char *env_table(struct env *e, unsigned i, uint64_t *ret_rows, uint64_t *ret_bytes)
{
	if (i >= TABLES || table_begin(e) != OK)
		return NULL;
	*ret_rows = e->tree_rows[i];
	*ret_bytes = e->table_pages[i] * e->page_bytes;
	return table_name((enum table)i);
}

/* A row in memory gets its checksum when it is written; a damaged one has its own still behind
 * it. */
static int dump_row(struct env *e, enum table t, const struct row *r, bool damaged,
	int (*row)(void *arg, const char *table, struct span key, struct span value), void *arg)
{
	uint8_t sum[SUM_BYTES];

	if (damaged)
		return row(arg, table_name(t), r->key,
			span_of(r->value.data, r->value.size + SUM_BYTES));
	put_le32(sum, tree_sum(t, r->key, r->value));
	buf_clear(&e->scratch);
	buf_add(&e->scratch, r->value.data, r->value.size);
	buf_add(&e->scratch, sum, sizeof sum);
	if (e->scratch.failed) {
		buf_fini(&e->scratch);
		return ERR_NOMEM;
	}
	return row(arg, table_name(t), r->key, span_of(e->scratch.data, e->scratch.size));
}

static int dump_table(struct env *e, enum table t,
	int (*row)(void *arg, const char *table, struct span key, struct span value), void *arg)
{
	uint8_t key[TABLE_KEY_MAX];
	struct span last = span_of(key, 0);
	struct row r;
	int rc;

	while ((rc = table_seek(e, t, last, SEEK_AFTER, &r)) == OK || env_row_is_damaged(e, rc)) {
		memcpy(key, r.key.data, r.key.size);
		last.size = r.key.size;
		rc = dump_row(e, t, &r, rc != OK, row, arg);
		if (rc != OK)
			return rc;
	}
	return rc == ERR_NOTFOUND ? OK : rc;
}

int env_dump(struct env *e,
	int (*row)(void *arg, const char *table, struct span key, struct span value), void *arg)
{
	int rc = sources_flush(e);

	if (rc == OK)
		rc = meta_store(e);
	for (unsigned t = 0; t < TABLES && rc == OK; t++)
		rc = dump_table(e, (enum table)t, row, arg);
	return rc;
}
