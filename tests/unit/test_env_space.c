/* SPDX-License-Identifier: Apache-2.0 */
/* Env: a full map, a full disk, a write that fails; how many pages are dirty. */
#define _GNU_SOURCE /* nftw(), unshare() */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "tests/unit/env_steps.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_map_loses_nothing_and_works_again),
		cmocka_unit_test(a_map_that_filled_slowly_works_again_after_trimming),
		T(a_full_disk_loses_nothing_and_works_again),
		T(a_failed_commit_is_final),
		T(the_estimate_of_dirty_pages_is_near),
		T(what_is_appended_is_not_taken_for_scattered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
