/* SPDX-License-Identifier: Apache-2.0 */
/* Env: what a shard's environment keeps over an opening, and what it refuses to open. */
#define _GNU_SOURCE /* nftw() */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include "base/event.h"
#include "base/hash.h"
#include "tests/unit/env_steps.h"

static void a_new_environment_is_empty(void **state)
{
	struct fixture *f = *state;
	struct span id, record;
	int64_t due;
	uint8_t customer[EVENT_CUSTOMER_MAX];
	size_t size;

	assert_int_equal(env_meta(f->e)->position, 0);
	assert_int_equal(env_meta(f->e)->outbox_first, 1);
	assert_int_equal(env_meta(f->e)->outbox_last, 0);
	assert_int_equal(env_customer_get(f->e, S("anna"), &record), ERR_NOTFOUND);
	assert_int_equal(env_customer_next(f->e, S(""), &id, &record), ERR_NOTFOUND);
	assert_int_equal(env_deadline_first(f->e, &due, customer, &size), ERR_NOTFOUND);
	assert_int_equal(env_deadlines(f->e), 0);
	assert_int_equal(env_failed(f->e), OK);
}

static void what_was_committed_is_there_after_reopening(void **state)
{
	struct fixture *f = *state;
	struct span record;

	assert_int_equal(env_customer_put(f->e, S("anna"), S("one"), true), OK);
	env_meta(f->e)->position = 77;
	env_meta(f->e)->clock_ms = -5;
	env_meta(f->e)->accepted = 3;
	env_meta(f->e)->duplicates = 2;
	env_meta(f->e)->conflicts = 1;
	env_meta(f->e)->lifecycle_version = 9;
	commit(f);
	fixture_reopen(f);
	assert_int_equal(env_meta(f->e)->position, 77);
	assert_int_equal(env_meta(f->e)->clock_ms, -5);
	assert_int_equal(env_meta(f->e)->accepted, 3);
	assert_int_equal(env_meta(f->e)->duplicates, 2);
	assert_int_equal(env_meta(f->e)->conflicts, 1);
	assert_int_equal(env_meta(f->e)->lifecycle_version, 9);
	assert_int_equal(env_meta(f->e)->customers, 1);
	assert_int_equal(env_customer_get(f->e, S("anna"), &record), OK);
	assert_span(record, "one");
}

static void what_was_not_committed_is_gone_after_reopening(void **state)
{
	struct fixture *f = *state;
	struct span record;

	assert_int_equal(env_customer_put(f->e, S("anna"), S("one"), true), OK);
	env_meta(f->e)->position = 77;
	fixture_reopen(f);
	assert_int_equal(env_customer_get(f->e, S("anna"), &record), ERR_NOTFOUND);
	assert_int_equal(env_meta(f->e)->position, 0);
	assert_int_equal(env_meta(f->e)->customers, 0);
}

static void abort_goes_back_to_the_last_commit(void **state)
{
	struct fixture *f = *state;
	struct span record;
	uint64_t sequence;

	assert_int_equal(env_customer_put(f->e, S("anna"), S("one"), true), OK);
	assert_int_equal(env_guard_sequence(f->e, S("till-7"), 10), OK);
	env_meta(f->e)->position = 5;
	commit(f);
	assert_int_equal(env_customer_put(f->e, S("anna"), S("two"), false), OK);
	assert_int_equal(env_customer_put(f->e, S("bob"), S("two"), true), OK);
	assert_int_equal(env_guard_sequence(f->e, S("till-7"), 20), OK);
	assert_int_equal(env_outbox_add(f->e, 1, S("x"), &sequence), OK);
	env_meta(f->e)->position = 6;
	env_abort(f->e);
	assert_int_equal(env_meta(f->e)->position, 5);
	assert_int_equal(env_meta(f->e)->customers, 1);
	assert_int_equal(env_meta(f->e)->outbox_last, 0);
	assert_int_equal(env_customer_get(f->e, S("anna"), &record), OK);
	assert_span(record, "one");
	assert_int_equal(env_customer_get(f->e, S("bob"), &record), ERR_NOTFOUND);
	assert_int_equal(env_guard_sequence(f->e, S("till-7"), 15), OK);
}

static void an_unchanged_commit_writes_nothing(void **state)
{
	struct fixture *f = *state;
	char dir[4096], path[5000];
	struct stat before, after;
	struct span record;

	assert_int_equal(env_customer_put(f->e, S("anna"), S("one"), true), OK);
	commit(f);
	shard_dir(f, dir);
	snprintf(path, sizeof path, "%s/data.mdb", dir);
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(env_customer_get(f->e, S("anna"), &record), OK);
	commit(f);
	commit(f);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_mtim.tv_sec, after.st_mtim.tv_sec);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

/* Opening with a changed store must be refused with these words in the complaint. */
static void refuse(struct fixture *f, unsigned shard, int rc, const char *words)
{
	struct env *e = NULL;

	assert_int_equal(env_open(&f->s, shard, FIXTURE_MAP, false, &e, &f->c), rc);
	assert_null(e);
	if (!strstr(f->c.text, words))
		fail_msg("\"%s\" does not say \"%s\"", f->c.text, words);
}

static void an_environment_of_another_store_is_refused(void **state)
{
	struct fixture *f = *state;

	env_close(f->e);
	f->e = NULL;
	f->s.id[3] ^= 1;
	refuse(f, 1, ERR_VERSION, "another store");
	f->s.id[3] ^= 1;
	f->s.shards = 3;
	refuse(f, 1, ERR_VERSION, "made for 2 shards");
	f->s.shards = 2;
	fixture_open(f, FIXTURE_MAP);
}

static void exchanged_shards_are_refused(void **state)
{
	struct fixture *f = *state;
	char one[4096], zero[4096];

	env_close(f->e);
	f->e = NULL;
	store_shard_dir(&f->s, 1, one);
	store_shard_dir(&f->s, 0, zero);
	assert_int_equal(rename(one, zero), 0);
	refuse(f, 0, ERR_VERSION, "exchanged");
}

static void a_newer_schema_is_refused(void **state)
{
	struct fixture *f = *state;
	char dir[4096];
	/* the meta row of version 2, with its checksum as docs/FORMAT.md says */
	uint8_t value[16] = "kith\2\0\0\0future";
	uint32_t sum;
	struct raw r;
	MDB_val k = { 4, (void *)"meta" }, v = { 18, NULL };
	uint8_t row[18];

	shard_dir(f, dir);
	env_close(f->e);
	f->e = NULL;
	sum = (uint32_t)hash_64(value, 14, hash_64("meta", 4, 0));
	memcpy(row, value, 14);
	put_le32(row + 14, sum);
	v.mv_data = row;
	r = raw_open(dir, "meta");
	assert_int_equal(mdb_put(r.txn, r.dbi, &k, &v, 0), 0);
	raw_close(&r);
	refuse(f, 1, ERR_VERSION, "version 2");
}

static void a_damaged_meta_row_is_refused(void **state)
{
	struct fixture *f = *state;
	char dir[4096];

	shard_dir(f, dir);
	env_close(f->e);
	f->e = NULL;
	raw_flip(dir, "meta", S("meta"), 8 * 40);
	refuse(f, 1, ERR_CORRUPT, "meta record");
}

static void a_file_that_is_no_environment_is_refused(void **state)
{
	struct fixture *f = *state;
	char dir[4096], path[5000];
	int fd;

	shard_dir(f, dir);
	env_close(f->e);
	f->e = NULL;
	snprintf(path, sizeof path, "%s/data.mdb", dir);
	fd = open(path, O_WRONLY | O_TRUNC);
	for (unsigned i = 0; i < 4096; i++)
		assert_int_equal(write(fd, "garbage!", 8), 8);
	close(fd);
	refuse(f, 1, ERR_CORRUPT, "rebuild");
}

static void a_file_that_was_cut_off_does_not_kill_us(void **state)
{
	struct fixture *f = *state;
	char dir[4096], path[5000], id[32];
	uint8_t record[1000] = { 1 };
	struct span found;
	struct stat st;
	struct env *e = NULL;
	int rc = OK;

	for (unsigned i = 0; i < 2000; i++) {
		snprintf(id, sizeof id, "c%u", i);
		assert_int_equal(env_customer_put(f->e, S(id), span_of(record, sizeof record), true), OK);
	}
	commit(f);
	shard_dir(f, dir);
	env_close(f->e);
	f->e = NULL;
	snprintf(path, sizeof path, "%s/data.mdb", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size / 2), 0);
	rc = env_open(&f->s, 1, FIXTURE_MAP, false, &e, &f->c);
	for (unsigned i = 0; i < 2000 && rc == OK; i++) {
		snprintf(id, sizeof id, "c%u", i);
		rc = env_customer_get(e, S(id), &found);
	}
	assert_int_equal(rc, ERR_CORRUPT);
	env_close(e);
}

/* A hole in it would be filled through the memory map: SIGBUS when the disk is full. */
static void the_lock_file_has_no_holes(void **state)
{
	struct fixture *f = *state;
	char dir[4096], path[5000];
	struct stat st;

	shard_dir(f, dir);
	snprintf(path, sizeof path, "%s/lock.mdb", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 8192);
	assert_true(st.st_blocks * 512 >= st.st_size);
}

static void a_read_only_environment_reads_and_refuses_writes(void **state)
{
	struct fixture *f = *state;
	struct span record;
	uint64_t sequence;
	struct env *e;

	assert_int_equal(env_customer_put(f->e, S("anna"), S("one"), true), OK);
	assert_int_equal(env_guard_sequence(f->e, S("till"), 4), OK);
	commit(f);
	env_close(f->e);
	f->e = NULL;
	assert_int_equal(env_open(&f->s, 0, FIXTURE_MAP, true, &e, &f->c), ERR_NOTFOUND);
	assert_int_equal(env_open(&f->s, 1, 0, true, &e, &f->c), OK);
	assert_int_equal(env_customer_get(e, S("anna"), &record), OK);
	assert_int_equal(env_customer_put(e, S("bob"), S("x"), true), ERR_DENIED);
	assert_int_equal(env_customer_del(e, S("anna")), ERR_DENIED);
	assert_int_equal(env_outbox_add(e, 1, S("x"), &sequence), ERR_DENIED);
	assert_int_equal(env_guard_id(e, S("till"), S("1"), 1), ERR_DENIED);
	assert_int_equal(env_guard_sequence(e, S("till"), 9), ERR_DENIED);
	assert_int_equal(env_guard_sequence(e, S("new till"), 9), ERR_DENIED);
	assert_int_equal(env_name_number(e, S("new")), 0);
	assert_int_equal(env_commit(e), ERR_DENIED);
	assert_int_equal(env_failed(e), OK);
	assert_int_equal(env_customer_get(e, S("anna"), &record), OK);
	env_close(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_new_environment_is_empty),
		T(what_was_committed_is_there_after_reopening),
		T(what_was_not_committed_is_gone_after_reopening),
		T(abort_goes_back_to_the_last_commit),
		T(an_unchanged_commit_writes_nothing),
		T(an_environment_of_another_store_is_refused),
		T(exchanged_shards_are_refused),
		T(a_newer_schema_is_refused),
		T(a_damaged_meta_row_is_refused),
		T(a_file_that_is_no_environment_is_refused),
		T(a_file_that_was_cut_off_does_not_kill_us),
		T(the_lock_file_has_no_holes),
		T(a_read_only_environment_reads_and_refuses_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
