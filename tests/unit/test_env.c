/* SPDX-License-Identifier: Apache-2.0 */
/* Env: what a shard's environment keeps, drops, refuses and notices. */
#define _GNU_SOURCE /* nftw(), unshare() */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "base/event.h"
#include "base/hash.h"
#include "tests/unit/env_fixture.h"

#define S(text) span_str(text)

static void assert_span(struct span s, const char *text)
{
	assert_int_equal(s.size, strlen(text));
	assert_memory_equal(s.data, text, s.size);
}

static void commit(struct fixture *f)
{
	assert_int_equal(env_commit(f->e), OK);
}

static void shard_dir(const struct fixture *f, char *out)
{
	store_shard_dir(&f->s, 1, out);
}

/* Close, flip one bit of a value, open again. */
static void flip(struct fixture *f, const char *table, struct span key, unsigned bit)
{
	char dir[4096];

	shard_dir(f, dir);
	env_close(f->e);
	f->e = NULL;
	raw_flip(dir, table, key, bit);
	fixture_open(f, FIXTURE_MAP);
}

/* ---- opening */

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

/* ---- customers */

static void customers_are_walked_in_order(void **state)
{
	struct fixture *f = *state;
	struct span id = S(""), record;
	const char *ids[] = { "b", "a", "zoë", "ab" }, *sorted[] = { "a", "ab", "b", "zoë" };

	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(env_customer_put(f->e, S(ids[i]), S(ids[i]), true), OK);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(env_customer_next(f->e, id, &id, &record), OK);
		assert_span(id, sorted[i]);
		assert_span(record, sorted[i]);
	}
	assert_int_equal(env_customer_next(f->e, id, &id, &record), ERR_NOTFOUND);
	assert_int_equal(env_customer_next(f->e, S("aa"), &id, &record), OK);
	assert_span(id, "ab");
}

static void customers_are_counted(void **state)
{
	struct fixture *f = *state;
	struct span record;

	assert_int_equal(env_customer_put(f->e, S("anna"), S("one"), true), OK);
	assert_int_equal(env_customer_put(f->e, S("anna"), S("two"), true), ERR_EXISTS);
	assert_int_equal(env_customer_get(f->e, S("anna"), &record), OK);
	assert_span(record, "one");
	assert_int_equal(env_customer_put(f->e, S("anna"), S("two"), false), OK);
	assert_int_equal(env_customer_put(f->e, S("bob"), S(""), true), OK);
	assert_int_equal(env_meta(f->e)->customers, 2);
	assert_int_equal(env_customer_get(f->e, S("bob"), &record), OK);
	assert_int_equal(record.size, 0);
	assert_int_equal(env_customer_del(f->e, S("anna")), OK);
	assert_int_equal(env_customer_del(f->e, S("anna")), ERR_NOTFOUND);
	assert_int_equal(env_meta(f->e)->customers, 1);
	assert_int_equal(env_failed(f->e), OK);
}

static void a_key_or_value_that_does_not_fit_is_refused_alone(void **state)
{
	struct fixture *f = *state;
	static uint8_t big[2 << 20];
	struct span record;

	memset(big, 'x', sizeof big);
	assert_int_equal(env_customer_put(f->e, S(""), S("x"), true), ERR_INVALID);
	assert_int_equal(env_customer_put(f->e, span_of(big, 129), S("x"), true), ERR_INVALID);
	assert_int_equal(env_customer_put(f->e, S("a"), span_of(big, sizeof big), true), ERR_TOOBIG);
	assert_int_equal(env_customer_get(f->e, S(""), &record), ERR_INVALID);
	assert_int_equal(env_customer_get(f->e, span_of(big, 600), &record), ERR_INVALID);
	assert_int_equal(env_deadline_put(f->e, -1, S("a")), ERR_INVALID);
	assert_int_equal(env_deadline_put(f->e, 1, span_of(big, 129)), ERR_INVALID);
	assert_int_equal(env_guard_id(f->e, S("s"), span_of(big, 65), 1), ERR_TOOBIG);
	assert_int_equal(env_guard_id(f->e, span_of(big, 65), S("1"), 1), ERR_TOOBIG);
	assert_int_equal(env_guard_id(f->e, S(""), S("1"), 1), ERR_TOOBIG);
	assert_int_equal(env_subscription_put(f->e, span_of(big, 512), S("x")), ERR_INVALID);
	assert_int_equal(env_name_number(f->e, span_of(big, 256)), 0);
	assert_int_equal(env_history_del(f->e, span_of("a\0b", 3)), ERR_INVALID);
	assert_int_equal(env_failed(f->e), OK);
	assert_int_equal(env_customer_put(f->e, span_of(big, 128), S("x"), true), OK);
	commit(f);
}

static void spans_from_the_environment_may_go_back_into_it(void **state)
{
	struct fixture *f = *state;
	struct span id = S(""), record;
	char name[32];
	uint8_t bytes[300];

	for (unsigned i = 0; i < 500; i++) {
		snprintf(name, sizeof name, "c%03u", i);
		memset(bytes, (int)i, sizeof bytes);
		assert_int_equal(env_customer_put(f->e, S(name), span_of(bytes, sizeof bytes), true), OK);
	}
	for (unsigned i = 0; i < 500; i++) { /* each record shrinks, under its own id */
		assert_int_equal(env_customer_next(f->e, id, &id, &record), OK);
		memcpy(name, id.data, id.size);
		record = span_of(record.data + i % 100, 300 - i % 100);
		assert_int_equal(env_customer_put(f->e, id, record, false), OK);
		id = span_of(name, id.size);
	}
	for (unsigned i = 0; i < 500; i++) {
		snprintf(name, sizeof name, "c%03u", i);
		assert_int_equal(env_customer_get(f->e, S(name), &record), OK);
		assert_int_equal(record.size, 300 - i % 100);
		for (size_t k = 0; k < record.size; k++)
			assert_int_equal(record.data[k], (uint8_t)i);
	}
}

/* ---- deadlines */

static void deadlines_come_in_due_order(void **state)
{
	struct fixture *f = *state;
	const struct { int64_t due; const char *id; } in[] = {
		{ 300, "a" }, { 5, "z" }, { 5, "b" }, { INT64_C(1) << 40, "c" }, { 0, "d" },
	}, out[] = {
		{ 0, "d" }, { 5, "b" }, { 5, "z" }, { 300, "a" }, { INT64_C(1) << 40, "c" },
	};
	uint8_t id[EVENT_CUSTOMER_MAX];
	size_t size;
	int64_t due;

	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(env_deadline_put(f->e, in[i].due, S(in[i].id)), OK);
	assert_int_equal(env_deadline_put(f->e, 5, S("b")), OK);
	assert_int_equal(env_deadlines(f->e), 5);
	assert_int_equal(env_deadline_del(f->e, 6, S("b")), OK);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(env_deadline_first(f->e, &due, id, &size), OK);
		assert_int_equal(due, out[i].due);
		assert_span(span_of(id, size), out[i].id);
		assert_int_equal(env_deadline_del(f->e, due, span_of(id, size)), OK);
	}
	assert_int_equal(env_deadline_first(f->e, &due, id, &size), ERR_NOTFOUND);
}

static void what_is_due_comes_in_order_until_something_is_put_before_it(void **state)
{
	struct fixture *f = *state;
	struct due due[4];
	unsigned n;

	assert_int_equal(env_deadlines_due(f->e, 100, due, 4, &n), OK);
	assert_int_equal(n, 0);
	assert_int_equal(env_deadline_put(f->e, 9, S("c")), OK);
	assert_int_equal(env_deadline_put(f->e, 5, S("z")), OK);
	commit(f);
	assert_int_equal(env_deadline_put(f->e, 5, S("b")), OK);
	assert_int_equal(env_deadline_put(f->e, 101, S("a")), OK);
	assert_int_equal(env_deadlines_due(f->e, 100, due, 2, &n), OK);
	assert_int_equal(n, 2);
	assert_int_equal(env_deadlines_due(f->e, 100, due, 4, &n), OK);
	assert_int_equal(n, 3);
	assert_span(span_of(due[0].customer, due[0].size), "b");
	assert_span(span_of(due[1].customer, due[1].size), "z");
	assert_span(span_of(due[2].customer, due[2].size), "c");
	assert_int_equal(due[2].due_ms, 9);
	assert_int_equal(env_deadline_put(f->e, 7, S("new")), OK);
	assert_int_equal(env_deadline_put(f->e, 200, S("b")), OK);
	assert_true(env_deadline_is_next(f->e, &due[1]));
	assert_false(env_deadline_is_next(f->e, &due[2]));
	assert_int_equal(env_deadline_del(f->e, 5, S("b")), OK);
	assert_int_equal(env_deadline_del(f->e, 5, S("z")), OK);
	assert_int_equal(env_deadlines_due(f->e, 100, due, 4, &n), OK);
	assert_int_equal(n, 2);
	assert_span(span_of(due[0].customer, due[0].size), "new");
	assert_true(env_deadline_is_next(f->e, &due[1]));
}

static void a_damaged_deadline_can_be_taken_out_of_the_way(void **state)
{
	struct fixture *f = *state;
	uint8_t key[9] = { 0, 0, 0, 0, 0, 0, 0, 5, 'a' }, id[EVENT_CUSTOMER_MAX];
	size_t size;
	int64_t due;

	assert_int_equal(env_deadline_put(f->e, 5, S("a")), OK);
	assert_int_equal(env_deadline_put(f->e, 6, S("b")), OK);
	commit(f);
	flip(f, "deadlines", span_of(key, sizeof key), 3);
	assert_int_equal(env_deadline_first(f->e, &due, id, &size), ERR_CORRUPT);
	assert_int_equal(env_failed(f->e), OK);
	assert_int_equal(due, 5);
	assert_int_equal(env_deadline_del(f->e, due, span_of(id, size)), OK);
	assert_int_equal(env_deadline_first(f->e, &due, id, &size), OK);
	assert_int_equal(due, 6);
}

/* ---- guard */

static void an_id_is_remembered_with_its_fingerprint(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(env_guard_id(f->e, S("till-7"), S("41"), 100), OK);
	assert_int_equal(env_guard_id(f->e, S("till-7"), S("41"), 100), ERR_EXISTS);
	assert_int_equal(env_guard_id(f->e, S("till-7"), S("41"), 101), ERR_INVALID);
	assert_int_equal(env_guard_id(f->e, S("till-8"), S("41"), 101), OK);
	commit(f);
	fixture_reopen(f);
	assert_int_equal(env_guard_id(f->e, S("till-7"), S("41"), 100), ERR_EXISTS);
	assert_int_equal(env_guard_id(f->e, S("till-8"), S("41"), 101), ERR_EXISTS);
	assert_int_equal(env_guard_id(f->e, S("till-8"), S("42"), 101), OK);
}

static void say_fault(void *arg, const char *text)
{
	(void)arg;
	print_error("%s\n", text);
}

/* Row counts among others, which the store keeps without asking what was there. */
static void verify_clean(struct fixture *f)
{
	struct env_report report;

	assert_int_equal(env_verify(f->e, &report, say_fault, NULL, NULL), 0);
}

static void assert_trail(struct env *e, uint32_t generation, uint32_t number, const char *want)
{
	struct span got;
	int rc = env_trail_get(e, generation, number, &got);

	assert_int_equal(rc, want ? OK : ERR_NOTFOUND);
	if (want)
		assert_true(span_eq(got, S(want)));
}

static uint32_t trail_add(struct fixture *f, uint32_t generation, const struct span *parts, unsigned n)
{
	uint32_t number = 0;

	assert_int_equal(env_trail_add(f->e, generation, parts, n, &number), OK);
	return number;
}

static void the_older_generation_of_trails_goes_at_once_and_the_other_stays(void **state)
{
	struct fixture *f = *state;
	struct span parts[2] = { S("was "), S("here") };

	assert_int_equal(trail_add(f, 1, parts, 2), 1);
	assert_int_equal(trail_add(f, 2, parts, 1), 1);
	assert_int_equal(trail_add(f, 1, parts, 1), 2);
	commit(f);
	fixture_reopen(f);
	assert_trail(f->e, 1, 1, "was here");
	assert_trail(f->e, 1, 2, "was ");
	assert_trail(f->e, 2, 1, "was ");
	assert_trail(f->e, 2, 2, NULL);
	/* one that lies in the tree is replaced without being asked for; a new one added */
	assert_int_equal(env_trail_put(f->e, 2, 1, parts, 2), OK);
	assert_int_equal(trail_add(f, 2, parts, 1), 2);
	assert_trail(f->e, 2, 1, "was here");
	verify_clean(f);
	assert_int_equal(env_trails_empty(f->e, 3), OK); /* where generation 1 stood */
	assert_trail(f->e, 3, 1, NULL);
	assert_int_equal(trail_add(f, 3, parts + 1, 1), 1);
	verify_clean(f);
	commit(f);
	fixture_reopen(f);
	assert_trail(f->e, 3, 1, "here");
	assert_trail(f->e, 3, 2, NULL);
	assert_trail(f->e, 2, 1, "was here");
	assert_trail(f->e, 2, 2, "was ");
	assert_int_equal(trail_add(f, 2, parts, 2), 3);
	assert_int_equal(trail_add(f, 3, parts, 2), 2);
	verify_clean(f);
}

static void assert_record(struct env *e, const char *record)
{
	struct span got = { 0 };

	assert_int_equal(env_customer_get(e, S("anna"), &got), record ? OK : ERR_NOTFOUND);
	if (record)
		assert_true(span_eq(got, span_str(record)));
}

/* Who writes a record has mostly just read it, and it is not looked for again. */
static void what_was_found_is_not_believed_when_it_has_changed(void **state)
{
	struct fixture *f = *state;

	assert_record(f->e, NULL);
	assert_int_equal(env_customer_put(f->e, S("anna"), S("one"), true), OK);
	assert_int_equal(env_customer_put(f->e, S("anna"), S("one"), true), ERR_EXISTS);
	assert_int_equal(env_customer_put(f->e, S("anna"), S("two"), false), OK);
	assert_record(f->e, "two");
	commit(f); /* now it lies below */
	assert_int_equal(env_customer_put(f->e, S("anna"), S("three"), true), ERR_EXISTS);
	assert_int_equal(env_customer_put(f->e, S("anna"), S("three"), false), OK);
	assert_record(f->e, "three");
	assert_int_equal(env_customer_del(f->e, S("anna")), OK);
	assert_int_equal(env_customer_put(f->e, S("anna"), S("four"), true), OK);
	assert_record(f->e, "four");
	commit(f);
	assert_record(f->e, "four");
	assert_int_equal(env_customer_put(f->e, S("anna"), S("five"), false), OK);
	env_abort(f->e);
	assert_record(f->e, "four");
	assert_int_equal(env_customer_put(f->e, S("anna"), S("six"), false), OK);
	assert_int_equal(env_meta(f->e)->customers, 1);
	commit(f);
	fixture_reopen(f);
	assert_record(f->e, "six");
	verify_clean(f);
}

static void an_id_is_forgotten_after_two_generations(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(env_guard_rotate(f->e, 1000, 100), OK);
	assert_int_equal(env_meta(f->e)->guard_since_ms, 1000);
	assert_int_equal(env_guard_id(f->e, S("s"), S("a"), 1), OK);
	assert_int_equal(env_guard_rotate(f->e, 1099, 100), OK);
	assert_int_equal(env_meta(f->e)->guard_since_ms, 1000);
	assert_int_equal(env_guard_id(f->e, S("s"), S("b"), 1), OK);
	assert_int_equal(env_guard_rotate(f->e, 1100, 100), OK);
	assert_int_equal(env_meta(f->e)->guard_since_ms, 1100);
	assert_int_equal(env_guard_id(f->e, S("s"), S("b"), 1), ERR_EXISTS);
	assert_int_equal(env_guard_id(f->e, S("s"), S("b"), 2), ERR_INVALID);
	assert_int_equal(env_guard_id(f->e, S("s"), S("c"), 1), OK);
	commit(f);
	fixture_reopen(f);
	assert_int_equal(env_guard_id(f->e, S("s"), S("a"), 1), ERR_EXISTS);
	assert_int_equal(env_guard_rotate(f->e, 1200, 100), OK);
	assert_int_equal(env_guard_id(f->e, S("s"), S("c"), 1), ERR_EXISTS);
	assert_int_equal(env_guard_id(f->e, S("s"), S("a"), 1), OK);
	assert_int_equal(env_guard_id(f->e, S("s"), S("b"), 1), OK);
}

/* Only ids at or below the top one of their source are looked up. */
static void an_id_is_new_or_known_whether_it_is_above_the_top_one_or_not(void **state)
{
	static const char *const rising[] = { "8", "9", "10", "99", "100", "x-1" };
	struct fixture *f = *state;

	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(env_guard_id(f->e, S("s"), S(rising[i]), 1), OK);
	for (unsigned twice = 0; twice < 2; twice++) {
		for (unsigned i = 0; i < 6; i++)
			assert_int_equal(env_guard_id(f->e, S("s"), S(rising[i]), 1), ERR_EXISTS);
		assert_int_equal(env_guard_id(f->e, S("s"), S("99"), 2), ERR_INVALID);
		assert_int_equal(env_guard_id(f->e, S("t"), S(twice ? "7" : "5"), 1), OK);
		assert_int_equal(env_guard_id(f->e, S("s"), S(twice ? "98" : "97"), 1), OK);
		assert_int_equal(env_guard_id(f->e, S("s"), S(twice ? "98" : "97"), 1), ERR_EXISTS);
		commit(f);
		fixture_reopen(f);
	}
	assert_int_equal(env_guard_id(f->e, S("t"), S("5"), 1), ERR_EXISTS);
	assert_int_equal(env_guard_id(f->e, S("t"), S("6"), 1), OK);
	assert_int_equal(env_guard_id(f->e, S("t"), S("6"), 1), ERR_EXISTS);
}

static void a_sequence_only_rises(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(env_guard_sequence(f->e, S("s"), 0), ERR_EXISTS);
	assert_int_equal(env_guard_sequence(f->e, S("s"), 5), OK);
	assert_int_equal(env_guard_sequence(f->e, S("s"), 5), ERR_EXISTS);
	assert_int_equal(env_guard_sequence(f->e, S("s"), 4), ERR_EXISTS);
	assert_int_equal(env_guard_sequence(f->e, S("t"), 4), OK);
	assert_int_equal(env_guard_sequence(f->e, S("s"), UINT64_MAX), OK);
	commit(f);
	fixture_reopen(f);
	assert_int_equal(env_guard_sequence(f->e, S("s"), UINT64_MAX), ERR_EXISTS);
	assert_int_equal(env_guard_sequence(f->e, S("t"), 4), ERR_EXISTS);
	assert_int_equal(env_guard_sequence(f->e, S("t"), 5), OK);
}

/* Far more sources than the cache has slots: each must come back from its row. */
static void more_sources_than_the_cache_holds_keep_their_sequence(void **state)
{
	struct fixture *f = *state;
	char name[32];

	for (unsigned round = 1; round <= 3; round++)
		for (unsigned i = 0; i < 6000; i++) {
			snprintf(name, sizeof name, "source-%u", i);
			assert_int_equal(env_guard_sequence(f->e, S(name), i + round), OK);
		}
	commit(f);
	fixture_reopen(f);
	for (unsigned i = 0; i < 6000; i++) {
		snprintf(name, sizeof name, "source-%u", i);
		assert_int_equal(env_guard_sequence(f->e, S(name), i + 3), ERR_EXISTS);
		assert_int_equal(env_guard_id(f->e, S(name), S("1"), i), OK);
	}
	env_abort(f->e);
	for (unsigned i = 0; i < 6000; i++) {
		snprintf(name, sizeof name, "source-%u", i);
		assert_int_equal(env_guard_sequence(f->e, S(name), i + 3), ERR_EXISTS);
		assert_int_equal(env_guard_sequence(f->e, S(name), i + 4), OK);
	}
}

/* ---- outbox */

static void the_outbox_is_gap_free_and_trimmed_from_the_front(void **state)
{
	struct fixture *f = *state;
	struct span encoded;
	uint64_t sequence;
	int64_t taken;
	char text[32];

	for (unsigned i = 1; i <= 300; i++) {
		snprintf(text, sizeof text, "n%u", i);
		assert_int_equal(env_outbox_add(f->e, 1000 + i, S(text), &sequence), OK);
		assert_int_equal(sequence, i);
	}
	assert_int_equal(env_outbox_get(f->e, 0, &taken, &encoded), ERR_NOTFOUND);
	assert_int_equal(env_outbox_get(f->e, 301, &taken, &encoded), ERR_NOTFOUND);
	assert_int_equal(env_outbox_get(f->e, 300, &taken, &encoded), OK);
	assert_int_equal(taken, 1300);
	assert_span(encoded, "n300");
	assert_int_equal(trim(f->e, 290, 0, 4), OK); /* four only: the limit */
	assert_int_equal(env_meta(f->e)->outbox_first, 5);
	assert_int_equal(trim(f->e, 290, 0, 100), OK);
	assert_int_equal(env_meta(f->e)->outbox_first, 11);
	assert_int_equal(trim(f->e, 290, 1021, 100), OK); /* taken before 1021 */
	assert_int_equal(env_meta(f->e)->outbox_first, 21);
	assert_int_equal(env_outbox_get(f->e, 20, &taken, &encoded), ERR_NOTFOUND);
	commit(f);
	fixture_reopen(f);
	assert_int_equal(env_outbox_get(f->e, 21, &taken, &encoded), OK);
	assert_span(encoded, "n21");
	assert_int_equal(trim(f->e, 0, 0, 10000), OK);
	assert_int_equal(env_meta(f->e)->outbox_first, 301);
	assert_int_equal(env_meta(f->e)->outbox_last, 300);
	assert_int_equal(env_outbox_add(f->e, 1, S("next"), &sequence), OK);
	assert_int_equal(sequence, 301);
}

static void the_outbox_is_trimmed_to_its_bytes(void **state)
{
	struct fixture *f = *state;
	struct outbox_keep keep = { UINT64_MAX, 25, 0 };
	uint64_t sequence;

	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(env_outbox_add(f->e, 1, S("ten bytes."), &sequence), OK);
	assert_int_equal(env_meta(f->e)->outbox_bytes, 60);
	assert_int_equal(env_outbox_trim(f->e, &keep, 1), OK); /* the limit goes before */
	assert_int_equal(env_meta(f->e)->outbox_bytes, 50);
	assert_int_equal(env_outbox_trim(f->e, &keep, 100), OK);
	assert_int_equal(env_meta(f->e)->outbox_first, 5);
	assert_int_equal(env_meta(f->e)->outbox_bytes, 20);
	commit(f);
	fixture_reopen(f);
	assert_int_equal(env_meta(f->e)->outbox_bytes, 20);
	keep.bytes = 0;
	assert_int_equal(env_outbox_trim(f->e, &keep, 100), OK);
	assert_int_equal(env_meta(f->e)->outbox_bytes, 0);
	assert_int_equal(env_meta(f->e)->outbox_first, 7);
}

static uint64_t outbox_rows(struct env *e)
{
	const char *name;
	uint64_t rows, bytes;

	for (unsigned i = 0; (name = env_table(e, i, &rows, &bytes)) != NULL; i++)
		if (strcmp(name, "outbox") == 0)
			return rows;
	return UINT64_MAX;
}

static void what_is_trimmed_leaves_no_row_wherever_it_lay(void **state)
{
	struct fixture *f = *state;
	struct span encoded;
	uint64_t sequence;
	int64_t taken;

	for (unsigned i = 1; i <= 100; i++)
		assert_int_equal(env_outbox_add(f->e, i, S("committed"), &sequence), OK);
	commit(f);
	assert_int_equal(env_outbox_add(f->e, 101, S("frozen"), &sequence), OK);
	assert_int_equal(trim(f->e, 71, 0, 1000), OK);
	assert_int_equal(env_freeze(f->e), OK);
	for (unsigned i = 102; i <= 150; i++)
		assert_int_equal(env_outbox_add(f->e, i, S("in memory"), &sequence), OK);
	assert_int_equal(trim(f->e, 20, 0, 1000), OK); /* all of the first two, some of the last */
	env_flushed(f->e, env_flush(f->e));
	assert_int_equal(outbox_rows(f->e), 71); /* as it was frozen */
	assert_int_equal(env_meta(f->e)->outbox_first, 131);
	assert_int_equal(env_outbox_get(f->e, 130, &taken, &encoded), ERR_NOTFOUND);
	assert_int_equal(env_outbox_get(f->e, 131, &taken, &encoded), OK);
	assert_int_equal(taken, 131);
	commit(f);
	fixture_reopen(f);
	assert_int_equal(outbox_rows(f->e), 20);
	assert_int_equal(env_outbox_get(f->e, 131, &taken, &encoded), OK);
	assert_int_equal(taken, 131);
}

static void a_damaged_notification_does_not_hold_up_the_trimming(void **state)
{
	struct fixture *f = *state;
	uint8_t key[8] = { 0, 0, 0, 0, 0, 0, 0, 1 };
	struct span encoded;
	uint64_t sequence;
	int64_t taken;

	assert_int_equal(env_outbox_add(f->e, 50, S("a"), &sequence), OK);
	assert_int_equal(env_outbox_add(f->e, 60, S("b"), &sequence), OK);
	commit(f);
	flip(f, "outbox", span_of(key, 8), 60);
	assert_int_equal(env_outbox_get(f->e, 1, &taken, &encoded), ERR_CORRUPT);
	assert_int_equal(env_outbox_get(f->e, 2, &taken, &encoded), OK);
	assert_int_equal(trim(f->e, 100, 55, 100), OK);
	assert_int_equal(env_meta(f->e)->outbox_first, 2);
}

/* ---- history */

static void history_keeps_the_latest(void **state)
{
	struct fixture *f = *state;
	struct history_entry h = { 0 }, got[20];

	for (unsigned i = 1; i <= 12; i++) {
		h = (struct history_entry){ .at_ms = -3 + (int64_t)i, .outbox_sequence = i % 3 ? i : 0,
			.type = (uint16_t)(60000 + i), .from = (uint16_t)(i - 1), .to = (uint16_t)i,
			.kind = (uint8_t)(i % 4) };
		assert_int_equal(env_history_add(f->e, S("anna"), &h, 8), OK);
		h.to = 999;
		assert_int_equal(env_history_add(f->e, S("ann"), &h, 8), OK);
		assert_int_equal(env_history_add(f->e, S("annaz"), &h, 8), OK);
	}
	commit(f);
	fixture_reopen(f);
	assert_int_equal(env_history_get(f->e, S("anna"), got, 20), 8);
	for (unsigned i = 5; i <= 12; i++) {
		assert_int_equal(got[i - 5].at_ms, -3 + (int64_t)i);
		assert_int_equal(got[i - 5].outbox_sequence, i % 3 ? i : 0);
		assert_int_equal(got[i - 5].type, 60000 + i);
		assert_int_equal(got[i - 5].from, i - 1);
		assert_int_equal(got[i - 5].to, i);
		assert_int_equal(got[i - 5].kind, i % 4);
	}
	assert_int_equal(env_history_get(f->e, S("anna"), got, 3), 3);
	assert_int_equal(got[0].to, 10);
	assert_int_equal(got[2].to, 12);
	assert_int_equal(env_history_add(f->e, S("anna"), &h, 2), OK); /* KEEP was lowered */
	assert_int_equal(env_history_get(f->e, S("anna"), got, 20), 2);
	assert_int_equal(env_history_del(f->e, S("anna")), OK);
	assert_int_equal(env_history_get(f->e, S("anna"), got, 20), 0);
	assert_int_equal(env_history_del(f->e, S("anna")), OK);
	assert_int_equal(env_history_get(f->e, S("ann"), got, 20), 8);
	assert_int_equal(env_history_get(f->e, S("annaz"), got, 20), 8);
	assert_int_equal(env_history_get(f->e, S("an"), got, 20), 0);
	assert_int_equal(env_history_add(f->e, S("b"), &h, 0), OK);
	assert_int_equal(env_history_get(f->e, S("b"), got, 20), 0);
}

/* ---- names, settings, lifecycles, subscriptions */

static void a_change_that_is_announced_later_gets_its_number(void **state)
{
	struct fixture *f = *state;
	struct history_entry got[4];

	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(env_history_add(f->e, S("anna"), &(struct history_entry){ .at_ms = i / 2,
			.type = 7, .outbox_sequence = i == 3 ? 9 : 0 }, 8), OK);
	assert_int_equal(env_history_announced(f->e, S("anna"), 7, 1, 300), OK);
	assert_int_equal(env_history_announced(f->e, S("anna"), 7, 1, 301), ERR_NOTFOUND);
	assert_int_equal(env_history_announced(f->e, S("anna"), 8, 0, 301), ERR_NOTFOUND);
	assert_int_equal(env_history_announced(f->e, S("bert"), 7, 0, 301), ERR_NOTFOUND);
	assert_int_equal(env_history_announced(f->e, S("anna"), 7, 0, 70000), OK);
	assert_int_equal(env_history_get(f->e, S("anna"), got, 4), 4);
	for (unsigned i = 0; i < 4; i++) {
		static const uint64_t sequence[] = { 0, 70000, 300, 9 };

		assert_int_equal(got[i].at_ms, i / 2);
		assert_int_equal(got[i].outbox_sequence, sequence[i]);
	}
}

static void names_keep_their_numbers(void **state)
{
	struct fixture *f = *state;
	char name[32];

	for (unsigned i = 1; i <= 300; i++) {
		snprintf(name, sizeof name, "rung-%u", i);
		assert_int_equal(env_name_number(f->e, S(name)), i);
	}
	assert_int_equal(env_name_number(f->e, S("rung-7")), 7);
	commit(f);
	assert_int_equal(env_name_number(f->e, S("lost")), 301);
	env_abort(f->e);
	fixture_reopen(f);
	assert_int_equal(env_name_number(f->e, S("other")), 301);
	assert_int_equal(env_name_number(f->e, S("rung-300")), 300);
	assert_span(env_name(f->e, 300), "rung-300");
	assert_span(env_name(f->e, 1), "rung-1");
	assert_int_equal(env_name(f->e, 0).size, 0);
	assert_int_equal(env_name(f->e, 302).size, 0);
	assert_int_equal(env_name_number(f->e, S("")), 0);
}

static void lifecycles_and_settings_are_kept(void **state)
{
	struct fixture *f = *state;
	static uint8_t text[256 << 10];
	struct span got;
	int64_t since;

	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (uint8_t)(i * 31);
	assert_int_equal(env_lifecycle_put(f->e, 1, 500, S("ladder stage { }")), OK);
	assert_int_equal(env_lifecycle_put(f->e, 2, 600, span_of(text, sizeof text)), OK);
	assert_int_equal(env_setting_put(f->e, "sweep", S("at anna")), OK);
	assert_int_equal(env_setting_put(f->e, "sweep", S("at bob")), OK);
	commit(f);
	fixture_reopen(f);
	assert_int_equal(env_lifecycle_get(f->e, 1, &since, &got), OK);
	assert_int_equal(since, 500);
	assert_span(got, "ladder stage { }");
	assert_int_equal(env_lifecycle_get(f->e, 2, &since, &got), OK);
	assert_int_equal(got.size, sizeof text);
	assert_memory_equal(got.data, text, sizeof text);
	assert_int_equal(env_lifecycle_get(f->e, 3, &since, &got), ERR_NOTFOUND);
	assert_int_equal(env_setting_get(f->e, "sweep", &got), OK);
	assert_span(got, "at bob");
	assert_int_equal(env_setting_get(f->e, "none", &got), ERR_NOTFOUND);
}

static void subscriptions_are_kept_by_name(void **state)
{
	struct fixture *f = *state;
	struct span name, record;

	assert_int_equal(env_subscription_put(f->e, S("crm"), S("1")), OK);
	assert_int_equal(env_subscription_put(f->e, S("mail"), S("2")), OK);
	assert_int_equal(env_subscription_put(f->e, S("crm"), S("3")), OK);
	assert_int_equal(env_subscription_get(f->e, S("crm"), &record), OK);
	assert_span(record, "3");
	assert_int_equal(env_subscription_next(f->e, S(""), &name, &record), OK);
	assert_span(name, "crm");
	assert_int_equal(env_subscription_next(f->e, name, &name, &record), OK);
	assert_span(name, "mail");
	assert_int_equal(env_subscription_next(f->e, name, &name, &record), ERR_NOTFOUND);
	assert_int_equal(env_subscription_del(f->e, S("crm")), OK);
	assert_int_equal(env_subscription_del(f->e, S("crm")), ERR_NOTFOUND);
	assert_int_equal(env_subscription_get(f->e, S("crm"), &record), ERR_NOTFOUND);
}

/* ---- damage */

static void every_flipped_bit_of_a_record_is_noticed(void **state)
{
	struct fixture *f = *state;
	struct span record, id;
	char dir[4096];

	shard_dir(f, dir);
	assert_int_equal(env_customer_put(f->e, S("anna"), S("rec"), true), OK);
	assert_int_equal(env_customer_put(f->e, S("bob"), S("rec"), true), OK);
	commit(f);
	for (unsigned bit = 0; bit < 8 * (3 + 4); bit++) {
		flip(f, "customers", S("anna"), bit);
		assert_int_equal(env_customer_get(f->e, S("anna"), &record), ERR_CORRUPT);
		assert_int_equal(env_failed(f->e), OK);
		assert_int_equal(env_customer_next(f->e, S(""), &id, &record), ERR_CORRUPT);
		assert_span(id, "anna");
		assert_int_equal(env_customer_next(f->e, id, &id, &record), OK);
		assert_span(id, "bob");
		assert_int_equal(env_customer_put(f->e, S("carl"), S("x"), false), OK);
		commit(f);
		flip(f, "customers", S("anna"), bit);
		assert_int_equal(env_customer_get(f->e, S("anna"), &record), OK);
	}
}

static void a_value_under_another_key_is_noticed(void **state)
{
	struct fixture *f = *state;
	struct span record;
	char dir[4096];
	struct raw r;
	MDB_val anna = { 4, (void *)"anna" }, anne = { 4, (void *)"anne" }, v;
	uint8_t copy[64];

	assert_int_equal(env_customer_put(f->e, S("anna"), S("rec"), true), OK);
	commit(f);
	shard_dir(f, dir);
	env_close(f->e);
	f->e = NULL;
	r = raw_open(dir, "customers");
	assert_int_equal(mdb_get(r.txn, r.dbi, &anna, &v), 0);
	memcpy(copy, v.mv_data, v.mv_size);
	v.mv_data = copy;
	assert_int_equal(mdb_put(r.txn, r.dbi, &anne, &v, 0), 0);
	raw_close(&r);
	fixture_open(f, FIXTURE_MAP);
	assert_int_equal(env_customer_get(f->e, S("anna"), &record), OK);
	assert_int_equal(env_customer_get(f->e, S("anne"), &record), ERR_CORRUPT);
}

/* ---- full */

static void a_full_map_loses_nothing_and_works_again(void **state)
{
	struct fixture *f = fixture_new(2 << 20);
	uint8_t record[1000] = { 0 };
	char id[32];
	struct span got;
	unsigned n = 0;

	(void)state;
	assert_int_equal(env_customer_put(f->e, S("kept"), S("yes"), true), OK);
	env_meta(f->e)->position = 10;
	commit(f);
	for (; n < 10000; n++) {
		snprintf(id, sizeof id, "c%u", n);
		assert_int_equal(env_customer_put(f->e, S(id), span_of(record, sizeof record), true), OK);
		env_meta(f->e)->position++;
	}
	assert_int_equal(env_commit(f->e), ERR_NOSPACE);
	assert_int_equal(env_failed(f->e), OK);
	assert_int_equal(env_committed(f->e), 10);
	assert_int_equal(env_meta(f->e)->position, 10010);
	assert_int_equal(env_customer_get(f->e, S("c0"), &got), OK);
	assert_int_equal(env_customer_put(f->e, S("later"), S("too"), true), OK);
	assert_int_equal(env_commit(f->e), ERR_NOSPACE);
	assert_int_equal(env_customer_get(f->e, S("later"), &got), OK);
	env_abort(f->e);
	assert_int_equal(env_meta(f->e)->position, 10);
	assert_int_equal(env_meta(f->e)->customers, 1);
	assert_int_equal(env_customer_get(f->e, S("later"), &got), ERR_NOTFOUND);
	assert_int_equal(env_customer_get(f->e, S("kept"), &got), OK);
	assert_int_equal(env_customer_get(f->e, S("c0"), &got), ERR_NOTFOUND);
	assert_int_equal(env_customer_put(f->e, S("c0"), span_of(record, sizeof record), true), OK);
	commit(f);
	fixture_free(f);
}

static void a_map_that_filled_slowly_works_again_after_trimming(void **state)
{
	struct fixture *f = fixture_new(1 << 20);
	uint8_t text[900] = { 0 };
	uint64_t sequence, last = 0, used, map;
	int rc = OK;

	(void)state;
	while (rc == OK) {
		for (unsigned i = 0; i < 40 && rc == OK; i++)
			rc = env_outbox_add(f->e, 1, span_of(text, sizeof text), &sequence);
		rc = env_commit(f->e);
		if (rc == OK)
			last = sequence;
	}
	assert_int_equal(rc, ERR_NOSPACE);
	assert_int_equal(env_meta(f->e)->outbox_last, last + 40);
	env_abort(f->e);
	assert_int_equal(env_meta(f->e)->outbox_last, last);
	env_space(f->e, &used, &map);
	assert_int_equal(map, 1 << 20);
	assert_in_range(used, map / 2, map);
	for (unsigned i = 0; i < 60; i++) {
		assert_int_equal(trim(f->e, 100, 0, 20), OK);
		commit(f);
	}
	env_space(f->e, &used, &map);
	assert_in_range(used, 0, map / 2);
	for (unsigned i = 1; i <= 40; i++) {
		assert_int_equal(env_outbox_add(f->e, 1, span_of(text, sizeof text), &sequence), OK);
		assert_int_equal(sequence, last + i);
	}
	commit(f);
	fixture_free(f);
}

/* A real full disk: a small file system of our own. Returns the step that failed. */
static int fill_a_disk(struct fixture *f)
{
	static uint8_t record[1000];
	struct env *e;
	struct span got;
	char id[32];
	int rc = OK;

	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		mount("tmpfs", f->s.dir, "tmpfs", 0, "size=2m") != 0)
		return 77;
	if (env_open(&f->s, 0, FIXTURE_MAP, false, &e, &f->c) != OK)
		return 1;
	if (env_customer_put(e, S("kept"), S("yes"), true) != OK || env_commit(e) != OK)
		return 2;
	for (unsigned i = 0; i < 5000 && rc == OK; i++) {
		snprintf(id, sizeof id, "c%u", i);
		rc = env_customer_put(e, S(id), span_of(record, sizeof record), true);
	}
	if (rc != OK || env_commit(e) != ERR_NOSPACE)
		return 3;
	if (env_customer_get(e, S("kept"), &got) != OK || env_customer_get(e, S("c4999"), &got) != OK)
		return 4;
	if (mount("none", f->s.dir, NULL, MS_REMOUNT, "size=64m") != 0)
		return 77;
	if (env_commit(e) != OK || env_meta(e)->customers != 5001)
		return 5;
	env_close(e);
	return 0;
}

static void a_full_disk_loses_nothing_and_works_again(void **state)
{
	struct fixture *f = *state;
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(fill_a_disk(f));
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip(); /* needs the right to mount */
	assert_int_equal(status, 0);
}

/* A limit on the size of files makes the write of a page fail: with EFBIG, which says nothing of
 * what is on disk. */
static void a_failed_commit_is_final(void **state)
{
	struct fixture *f = *state;
	struct rlimit old, small;
	uint8_t record[1000] = { 0 };
	struct span got;
	uint64_t used, map;
	char id[32];

	assert_int_equal(env_customer_put(f->e, S("kept"), S("yes"), true), OK);
	env_meta(f->e)->position = 10;
	commit(f);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(id, sizeof id, "c%u", i);
		assert_int_equal(env_customer_put(f->e, S(id), span_of(record, sizeof record), true), OK);
	}
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){ 256 << 10, old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	int rc = env_commit(f->e);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(rc, ERR_UNKNOWN);
	assert_int_equal(env_failed(f->e), ERR_UNKNOWN);
	assert_int_equal(env_customer_get(f->e, S("kept"), &got), ERR_UNKNOWN);
	assert_int_equal(env_commit(f->e), ERR_UNKNOWN);
	env_abort(f->e);
	assert_int_equal(env_customer_put(f->e, S("c0"), S("x"), true), ERR_UNKNOWN);
	env_space(f->e, &used, &map);
	assert_true(used > 0);
	fixture_reopen(f);
	assert_int_equal(env_meta(f->e)->position, 10);
	assert_int_equal(env_customer_get(f->e, S("kept"), &got), OK);
	assert_int_equal(env_customer_get(f->e, S("c0"), &got), ERR_NOTFOUND);
}

/* ---- dirty pages, space */

static uint64_t file_pages(struct fixture *f)
{
	char dir[4096], path[5000];
	struct stat st;

	shard_dir(f, dir);
	snprintf(path, sizeof path, "%s/data.mdb", dir);
	assert_int_equal(stat(path, &st), 0);
	return (uint64_t)st.st_size / 4096;
}

/* In a file without free pages each dirty page is a new one at its end: the file grows by just
 * as many, and the estimate must be near. */
static void the_estimate_of_dirty_pages_is_near(void **state)
{
	struct fixture *f = *state;
	uint8_t record[200] = { 0 };
	char id[32];
	uint64_t before, grown, estimate;

	for (unsigned i = 0; i < 40000; i++) {
		snprintf(id, sizeof id, "customer-%05u", i);
		assert_int_equal(env_customer_put(f->e, S(id), span_of(record, sizeof record), true), OK);
	}
	estimate = env_dirty_pages(f->e);
	before = 2;
	commit(f);
	grown = file_pages(f) - before;
	assert_in_range(estimate, grown * 9 / 10, grown * 2);
	assert_int_equal(env_dirty_pages(f->e), 0);
	before += grown;
	for (unsigned i = 0; i < 1500; i++) { /* one put in nearly each page */
		snprintf(id, sizeof id, "customer-%05u", i * 7919 % 40000);
		assert_int_equal(env_customer_put(f->e, S(id), span_of(record, sizeof record), false), OK);
	}
	estimate = env_dirty_pages(f->e);
	commit(f);
	grown = file_pages(f) - before;
	assert_in_range(estimate, grown * 8 / 10, grown * 2);
}

/* Until a first flush has told how rows lie, which is when a start applies the journal again. */
static void what_is_appended_is_not_taken_for_scattered(void **state)
{
	struct fixture *f = *state;
	uint8_t note[240] = { 0 };
	uint64_t before, grown, estimate, number;

	for (unsigned i = 0; i < 40000; i++)
		assert_int_equal(env_outbox_add(f->e, 1, span_of(note, sizeof note), &number), OK);
	commit(f);
	fixture_reopen(f);
	before = file_pages(f);
	for (unsigned i = 0; i < 2500; i++)
		assert_int_equal(env_outbox_add(f->e, 1, span_of(note, sizeof note), &number), OK);
	estimate = env_dirty_pages(f->e);
	commit(f);
	grown = file_pages(f) - before;
	assert_in_range(estimate, grown * 5 / 10, grown * 2);
}

/* ---- dump, verify */

struct lines {
	char text[8192];
	size_t size;
	unsigned rows;
};

static int add_line(void *arg, const char *table, struct span key, struct span value)
{
	struct lines *l = arg;

	l->rows++;
	l->size += (size_t)snprintf(l->text + l->size, sizeof l->text - l->size, "%s %zu %zu\n", table,
		key.size, value.size);
	return l->rows == 100 ? ERR_CLOSED : OK;
}

static void a_dump_shows_every_row_of_the_transaction(void **state)
{
	struct fixture *f = *state;
	struct lines l = { .rows = 0 };

	assert_int_equal(env_customer_put(f->e, S("anna"), S("rec"), true), OK);
	assert_int_equal(env_deadline_put(f->e, 5, S("anna")), OK);
	assert_int_equal(env_guard_sequence(f->e, S("till"), 5), OK);
	assert_int_equal(env_guard_id(f->e, S("till"), S("77"), 5), OK);
	assert_int_equal(env_guard_id(f->e, S("till"), S("76"), 5), OK);
	assert_int_equal(env_dump(f->e, add_line, &l), OK);
	assert_string_equal(l.text, "meta 4 140\nsources 4 24\ncustomers 4 7\ndeadlines 12 4\n"
		"guard0 6 8\nblocks0 8 9\n");
	l.rows = 98;
	assert_int_equal(env_dump(f->e, add_line, &l), ERR_CLOSED);
}

static char problems[4096];

static void note(void *arg, const char *text)
{
	(void)arg;
	strncat(problems, text, sizeof problems - strlen(problems) - 2);
	strcat(problems, "\n");
}

/* In these tests a record begins with the instant it is armed for. */
static int64_t armed(struct span record)
{
	return record.size < 8 ? 0 : (int64_t)get_le64(record.data);
}

static void put_armed(struct fixture *f, const char *id, int64_t due_ms)
{
	uint8_t record[8];

	put_le64(record, (uint64_t)due_ms);
	assert_int_equal(env_customer_put(f->e, S(id), span_of(record, 8), false), OK);
}

static void fill(struct fixture *f)
{
	struct history_entry h = { .at_ms = 1, .type = 1 };
	uint64_t sequence;

	put_armed(f, "anna", 5);
	put_armed(f, "bob", 0);
	assert_int_equal(env_deadline_put(f->e, 5, S("anna")), OK);
	assert_int_equal(env_guard_sequence(f->e, S("till"), 5), OK);
	assert_int_equal(env_guard_id(f->e, S("till"), S("77"), 5), OK);
	assert_int_equal(env_guard_id(f->e, S("till"), S("79"), 5), OK);
	assert_int_equal(env_guard_id(f->e, S("till"), S("76"), 5), OK);
	assert_int_equal(env_guard_rotate(f->e, 10, 5), OK);
	assert_int_equal(env_guard_rotate(f->e, 15, 5), OK);
	assert_int_equal(env_guard_id(f->e, S("shop"), S("78"), 5), OK);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(env_outbox_add(f->e, 1, S("n"), &sequence), OK);
		assert_int_equal(env_history_add(f->e, S("anna"), &h, 3), OK);
	}
	assert_int_equal(trim(f->e, 4, 0, 10), OK);
	assert_int_equal(env_lifecycle_put(f->e, 1, 1, S("text")), OK);
	env_meta(f->e)->lifecycle_version = 1;
	assert_int_equal(env_name_number(f->e, S("stage")), 1);
	assert_int_equal(env_setting_put(f->e, "x", S("y")), OK);
	assert_int_equal(env_subscription_put(f->e, S("crm"), S("z")), OK);
	commit(f);
}

static long verify(struct fixture *f, struct env_report *r)
{
	problems[0] = '\0';
	return env_verify(f->e, r, note, NULL, armed);
}

static void a_sound_environment_has_no_problems(void **state)
{
	struct fixture *f = *state;
	struct env_report r;

	fill(f);
	assert_int_equal(verify(f, &r), 0);
	assert_string_equal(problems, "");
	assert_int_equal(r.customers, 2);
	assert_int_equal(r.deadlines, 1);
	assert_int_equal(r.outbox, 4);
	assert_int_equal(r.history, 3);
	assert_int_equal(r.guard_ids, 4);
	assert_int_equal(r.sources, 2);
	assert_true(r.bytes_used > 4096);
	env_close(f->e);
	assert_int_equal(env_open(&f->s, 1, 0, true, &f->e, &f->c), OK);
	assert_int_equal(verify(f, &r), 0);
}

static void expect_problem(struct fixture *f, long n, const char *words)
{
	struct env_report r;

	assert_int_equal(verify(f, &r), n);
	if (!strstr(problems, words))
		fail_msg("\"%s\" does not say \"%s\"", problems, words);
}

static void verify_finds_what_does_not_fit_together(void **state)
{
	struct fixture *f = *state;
	struct history_entry h = { .at_ms = 1 };

	fill(f);
	assert_int_equal(env_deadline_put(f->e, 7, S("anna")), OK);
	expect_problem(f, 1, "not armed for it");
	env_abort(f->e);
	assert_int_equal(env_deadline_put(f->e, 7, S("carl")), OK);
	expect_problem(f, 1, "its customer is not there");
	env_abort(f->e);
	assert_int_equal(env_deadline_del(f->e, 5, S("anna")), OK);
	expect_problem(f, 1, "armed for a deadline that is not there");
	env_abort(f->e);
	assert_int_equal(env_history_add(f->e, S("carl"), &h, 5), OK);
	expect_problem(f, 1, "its customer is not there");
	env_abort(f->e);
	assert_int_equal(env_trail_put(f->e, 1, 2, (struct span[]){ S("row") }, 1), OK);
	expect_problem(f, 2, "its number is none that was given");
	env_abort(f->e);
	env_meta(f->e)->customers++;
	expect_problem(f, 1, "customers by the meta record are 3, and should be 2");
	env_abort(f->e);
	env_meta(f->e)->outbox_last++;
	expect_problem(f, 1, "notifications by the meta record are 5, and should be 4");
	env_abort(f->e);
	env_meta(f->e)->lifecycle_version = 2;
	expect_problem(f, 1, "the version in force is not there");
	env_abort(f->e);
	expect_problem(f, 0, "");
}

static void verify_finds_a_flipped_bit_in_each_table(void **state)
{
	struct fixture *f = *state;
	static const struct { const char *table; struct span key; } rows[] = {
		{ "settings", { (const uint8_t *)"x", 1 } },
		{ "names", { (const uint8_t *)"nstage", 6 } },
		{ "names", { (const uint8_t *)"i\0\1", 3 } },
		{ "lifecycles", { (const uint8_t *)"\0\0\0\1", 4 } },
		{ "sources", { (const uint8_t *)"till", 4 } },
		{ "customers", { (const uint8_t *)"bob", 3 } },
		{ "deadlines", { (const uint8_t *)"\0\0\0\0\0\0\0\5" "anna", 12 } },
		{ "guard0", { (const uint8_t *)"\0\0\0\1" "76", 6 } },
		{ "blocks0", { (const uint8_t *)"\0\0\0\1\0\2" "77", 8 } },
		{ "blocks1", { (const uint8_t *)"\0\0\0\2\0\2" "78", 8 } },
		{ "outbox", { (const uint8_t *)"\0\0\0\0\0\0\0\3", 8 } },
		{ "history", { (const uint8_t *)"anna", 4 } },
		{ "subscriptions", { (const uint8_t *)"crm", 3 } },
	};
	struct env_report r;

	fill(f);
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		flip(f, rows[i].table, rows[i].key, i);
		assert_true(verify(f, &r) >= 1);
		if (!strstr(problems, rows[i].table) || !strstr(problems, "checksum does not match"))
			fail_msg("%s: \"%s\"", rows[i].table, problems);
		flip(f, rows[i].table, rows[i].key, i);
		assert_int_equal(verify(f, &r), 0);
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

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
		T(customers_are_walked_in_order),
		T(customers_are_counted),
		T(a_key_or_value_that_does_not_fit_is_refused_alone),
		T(spans_from_the_environment_may_go_back_into_it),
		T(deadlines_come_in_due_order),
		T(what_is_due_comes_in_order_until_something_is_put_before_it),
		T(a_damaged_deadline_can_be_taken_out_of_the_way),
		T(an_id_is_remembered_with_its_fingerprint),
		T(the_older_generation_of_trails_goes_at_once_and_the_other_stays),
		T(what_was_found_is_not_believed_when_it_has_changed),
		T(an_id_is_forgotten_after_two_generations),
		T(an_id_is_new_or_known_whether_it_is_above_the_top_one_or_not),
		T(a_sequence_only_rises),
		T(more_sources_than_the_cache_holds_keep_their_sequence),
		T(the_outbox_is_gap_free_and_trimmed_from_the_front),
		T(the_outbox_is_trimmed_to_its_bytes),
		T(what_is_trimmed_leaves_no_row_wherever_it_lay),
		T(a_damaged_notification_does_not_hold_up_the_trimming),
		T(history_keeps_the_latest),
		T(a_change_that_is_announced_later_gets_its_number),
		T(names_keep_their_numbers),
		T(lifecycles_and_settings_are_kept),
		T(subscriptions_are_kept_by_name),
		T(every_flipped_bit_of_a_record_is_noticed),
		T(a_value_under_another_key_is_noticed),
		cmocka_unit_test(a_full_map_loses_nothing_and_works_again),
		cmocka_unit_test(a_map_that_filled_slowly_works_again_after_trimming),
		T(a_full_disk_loses_nothing_and_works_again),
		T(a_failed_commit_is_final),
		T(the_estimate_of_dirty_pages_is_near),
		T(what_is_appended_is_not_taken_for_scattered),
		T(a_dump_shows_every_row_of_the_transaction),
		T(a_sound_environment_has_no_problems),
		T(verify_finds_what_does_not_fit_together),
		T(verify_finds_a_flipped_bit_in_each_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
