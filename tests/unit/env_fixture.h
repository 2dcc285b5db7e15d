/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of store/env.h share: an environment in a directory of its own, and a way past
 * it into LMDB. Define _GNU_SOURCE and include cmocka first. */
#ifndef KITH_TESTS_ENV_FIXTURE_H
#define KITH_TESTS_ENV_FIXTURE_H
#include <ftw.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "store/env.h"

#define FIXTURE_MAP (256u << 20)

struct fixture {
	struct store s; /* dir is the temporary directory */
	struct env *e;  /* shard 1 of 2 */
	struct complaint c;
};

static inline int fixture_remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	(void)st;
	(void)flag;
	(void)at;
	return remove(path);
}

static inline void fixture_remove_dir(const char *dir)
{
	(void)nftw(dir, fixture_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void fixture_temporary_dir(char *out, size_t size)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(out, size, "%s/kith-test-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(out));
}

static inline void fixture_open(struct fixture *f, uint64_t map_bytes)
{
	int rc = env_open(&f->s, 1, map_bytes, false, &f->e, &f->c);

	if (rc != OK)
		print_error("%s\n", f->c.text);
	assert_int_equal(rc, OK);
}

static inline void fixture_reopen(struct fixture *f)
{
	env_close(f->e);
	f->e = NULL;
	fixture_open(f, FIXTURE_MAP);
}

/* Trim E's outbox by number and age alone. */
static inline int trim(struct env *e, uint64_t keep, int64_t since_ms, unsigned limit)
{
	const struct outbox_keep k = { keep, UINT64_MAX, since_ms };

	return env_outbox_trim(e, &k, limit);
}

static inline struct fixture *fixture_new(uint64_t map_bytes)
{
	struct fixture *f = calloc(1, sizeof *f);

	assert_non_null(f);
	fixture_temporary_dir(f->s.dir, sizeof f->s.dir);
	f->s.lock_fd = -1;
	f->s.shards = 2;
	for (unsigned i = 0; i < sizeof f->s.id; i++)
		f->s.id[i] = (uint8_t)i;
	fixture_open(f, map_bytes);
	return f;
}

static inline void fixture_free(struct fixture *f)
{
	env_close(f->e);
	fixture_remove_dir(f->s.dir);
	free(f);
}

static inline int fixture_setup(void **state)
{
	*state = fixture_new(FIXTURE_MAP);
	return 0;
}

static inline int fixture_teardown(void **state)
{
	fixture_free(*state);
	return 0;
}

/* Past the environment, which must be closed: one write transaction in its LMDB file. */
struct raw {
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
};

static inline struct raw raw_open(const char *dir, const char *table)
{
	struct raw r;

	assert_int_equal(mdb_env_create(&r.env), 0);
	assert_int_equal(mdb_env_set_maxdbs(r.env, 16), 0);
	assert_int_equal(mdb_env_set_mapsize(r.env, FIXTURE_MAP), 0);
	assert_int_equal(mdb_env_open(r.env, dir, 0, 0640), 0);
	assert_int_equal(mdb_txn_begin(r.env, NULL, 0, &r.txn), 0);
	assert_int_equal(mdb_dbi_open(r.txn, table, MDB_CREATE, &r.dbi), 0);
	return r;
}

static inline void raw_close(struct raw *r)
{
	assert_int_equal(mdb_txn_commit(r->txn), 0);
	mdb_env_close(r->env);
}

/* Flip bit BIT of the value at KEY in a closed environment. */
static inline void raw_flip(const char *dir, const char *table, struct span key, unsigned bit)
{
	struct raw r = raw_open(dir, table);
	MDB_val k = { key.size, (void *)key.data }, v;
	uint8_t copy[4096];

	assert_int_equal(mdb_get(r.txn, r.dbi, &k, &v), 0);
	assert_true(v.mv_size <= sizeof copy && bit / 8 < v.mv_size);
	memcpy(copy, v.mv_data, v.mv_size);
	copy[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	v.mv_data = copy;
	assert_int_equal(mdb_put(r.txn, r.dbi, &k, &v, 0), 0);
	raw_close(&r);
}

#endif
