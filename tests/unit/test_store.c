/* SPDX-License-Identifier: Apache-2.0 */
/* Store: making, locking, recognising and refusing a directory. */
#define _GNU_SOURCE /* nftw() */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "store/filesystem.h"
#include "tests/unit/env_fixture.h"

struct place {
	char parent[200], dir[300];
	struct complaint c;
};

static int place_setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);

	assert_non_null(p);
	fixture_temporary_dir(p->parent, sizeof p->parent);
	snprintf(p->dir, sizeof p->dir, "%s/kith", p->parent);
	*state = p;
	return 0;
}

static int place_teardown(void **state)
{
	struct place *p = *state;

	fixture_remove_dir(p->parent);
	free(p);
	return 0;
}

static void expect(struct place *p, const char *dir, unsigned shards, bool create, int rc,
	const char *words)
{
	struct store s;

	p->c.text[0] = '\0';
	assert_int_equal(store_open(dir, shards, create, &s, &p->c), rc);
	if (!strstr(p->c.text, words))
		fail_msg("\"%s\" does not say \"%s\"", p->c.text, words);
	store_close(&s);
}

static void in_place(const struct place *p, const char *name, char out[400])
{
	snprintf(out, 400, "%s/%s", p->dir, name);
}

static void write_file(const struct place *p, const char *name, const void *bytes, size_t size)
{
	char path[400];
	FILE *f;

	in_place(p, name, path);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, size, f), size);
	fclose(f);
}

static size_t read_file(const struct place *p, const char *name, char *out, size_t size)
{
	char path[400];
	size_t n;
	FILE *f;

	in_place(p, name, path);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(out, 1, size - 1, f);
	out[n] = '\0';
	fclose(f);
	return n;
}

static void a_new_store_is_made_and_found_again(void **state)
{
	struct place *p = *state;
	struct store s, again;
	struct stat st;
	char path[4096];

	assert_int_equal(store_open(p->dir, 0, true, &s, &p->c), OK);
	assert_int_equal(s.shards, 2);
	assert_int_equal(stat(p->dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	store_journal_dir(&s, path);
	assert_int_equal(stat(path, &st), 0);
	store_close(&s);
	assert_int_equal(store_open(p->dir, 0, false, &again, &p->c), OK);
	assert_memory_equal(again.id, s.id, 16);
	assert_int_equal(again.shards, 2);
	store_shard_dir(&again, 1, path);
	assert_non_null(strstr(path, "/kith/shard-1"));
	store_close(&again);
	expect(p, p->dir, 2, true, OK, "");
}

static void each_store_has_an_id_of_its_own(void **state)
{
	struct place *p = *state;
	struct store a, b;
	char other[400];

	snprintf(other, sizeof other, "%s/other///", p->parent);
	assert_int_equal(store_open(p->dir, 3, true, &a, &p->c), OK);
	assert_int_equal(store_open(other, 1, true, &b, &p->c), OK);
	assert_memory_not_equal(a.id, b.id, 16);
	assert_int_equal(a.shards, 3);
	assert_null(strstr(b.dir, "other/"));
	store_close(&a);
	store_close(&b);
}

static void a_store_that_is_in_use_is_refused(void **state)
{
	struct place *p = *state;
	struct store s;
	char pid[32];
	int status;

	assert_int_equal(store_open(p->dir, 2, true, &s, &p->c), OK);
	expect(p, p->dir, 2, true, ERR_BUSY, "in use");
	snprintf(pid, sizeof pid, "(%d)", (int)getpid());
	pid_t child = fork();
	if (child == 0) {
		struct store second;
		int rc = store_open(p->dir, 2, false, &second, &p->c);

		_exit(rc == ERR_BUSY && strstr(p->c.text, pid) ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	store_close(&s);
	expect(p, p->dir, 2, true, OK, "");
}

static void a_killed_process_leaves_no_lock(void **state)
{
	struct place *p = *state;
	struct store s;
	int status;
	pid_t child = fork();

	if (child == 0) {
		assert_int_equal(store_open(p->dir, 2, true, &s, &p->c), OK);
		_exit(0); /* without closing */
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	expect(p, p->dir, 2, false, OK, "");
}

static void another_number_of_shards_is_refused(void **state)
{
	struct place *p = *state;

	expect(p, p->dir, 4, true, OK, "");
	expect(p, p->dir, 2, true, ERR_VERSION, "has 4 shards, not 2");
	expect(p, p->dir, 65, true, ERR_INVALID, "65 shards");
	expect(p, p->dir, 4, true, OK, "");
}

static void another_version_is_refused(void **state)
{
	struct place *p = *state;
	static const char text[] = "kith store\nversion 2\nsomething new\n";

	expect(p, p->dir, 2, true, OK, "");
	write_file(p, "store.id", text, sizeof text - 1);
	expect(p, p->dir, 2, true, ERR_VERSION, "version 2");
}

static void no_store_is_found_where_there_is_none(void **state)
{
	struct place *p = *state;
	char deep[400];

	expect(p, p->dir, 2, false, ERR_NOTFOUND, "no store at");
	snprintf(deep, sizeof deep, "%s/a/b", p->parent);
	expect(p, deep, 2, true, ERR_NOTFOUND, "cannot make");
	expect(p, p->parent, 2, false, ERR_NOTFOUND, "holds no store");
	expect(p, "", 2, true, ERR_INVALID, "path");
}

static void a_directory_with_other_things_in_it_is_left_alone(void **state)
{
	struct place *p = *state;
	char path[400];

	assert_int_equal(mkdir(p->dir, 0750), 0);
	write_file(p, "letters.txt", "dear", 4);
	expect(p, p->dir, 2, true, ERR_INVALID, "not empty");
	in_place(p, "store.id", path);
	assert_int_not_equal(access(path, F_OK), 0);
	in_place(p, "letters.txt", path);
	expect(p, path, 2, true, ERR_INVALID, "not a directory");
}

/* The power goes after each step of making a store. */
static void an_interrupted_creation_is_taken_up_again(void **state)
{
	struct place *p = *state;
	char path[400];

	assert_int_equal(mkdir(p->dir, 0750), 0);
	write_file(p, "lock", "", 0);
	write_file(p, "store.id.new", "kith st", 7);
	expect(p, p->dir, 2, true, OK, "");
	in_place(p, "journal", path);
	assert_int_equal(rmdir(path), 0);
	expect(p, p->dir, 2, false, OK, "");
	assert_int_equal(access(path, F_OK), 0);
}

static void every_damage_to_the_id_is_noticed(void **state)
{
	struct place *p = *state;
	char text[400], copy[400];
	struct store s;
	size_t n;
	int rc;

	expect(p, p->dir, 2, true, OK, "");
	n = read_file(p, "store.id", text, sizeof text);
	for (size_t bit = 0; bit < 8 * n; bit++) {
		memcpy(copy, text, n);
		copy[bit / 8] ^= (char)(1 << (bit % 8));
		write_file(p, "store.id", copy, n);
		rc = store_open(p->dir, 0, true, &s, &p->c);
		/* a flip in the digit of the version makes another version */
		assert_true(rc == ERR_CORRUPT || rc == ERR_VERSION);
	}
	for (size_t size = 0; size < n; size++) {
		write_file(p, "store.id", text, size);
		expect(p, p->dir, 0, true, ERR_CORRUPT, "damaged");
	}
	text[n] = '\n';
	write_file(p, "store.id", text, n + 1);
	expect(p, p->dir, 0, true, ERR_CORRUPT, "damaged");
	write_file(p, "store.id", text, n);
	expect(p, p->dir, 0, true, OK, "");
}

/* Root may write everywhere, so as root we are somebody else for a moment. */
static void a_directory_that_may_not_be_written_is_refused(void **state)
{
	struct place *p = *state;
	bool root = geteuid() == 0;

	expect(p, p->dir, 2, true, OK, "");
	assert_int_equal(chmod(p->parent, 0755), 0);
	assert_int_equal(chmod(p->dir, 0555), 0);
	if (root)
		assert_int_equal(seteuid(65534), 0);
	expect(p, p->dir, 2, true, ERR_DENIED, "may not be written");
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod(p->dir, 0750), 0);
}

static void space_is_told(void **state)
{
	struct place *p = *state;
	struct store s;
	uint64_t free_bytes = 0, total = 0;

	assert_int_equal(store_open(p->dir, 2, true, &s, &p->c), OK);
	assert_int_equal(store_space(&s, &free_bytes, &total), OK);
	assert_true(free_bytes > 0 && free_bytes <= total);
	store_close(&s);
	store_close(&s);
	store_close(NULL);
}

static void shared_file_systems_are_known(void **state)
{
	(void)state;
	assert_true(filesystem_is_shared(0x6969, "nfs4"));
	assert_true(filesystem_is_shared(0xff534d42, "cifs"));
	assert_true(filesystem_is_shared((unsigned long)(int32_t)0xff534d42, "cifs"));
	assert_true(filesystem_is_shared(0x01021997, "9p"));
	assert_true(filesystem_is_shared(0x65735546, "fuse.sshfs"));
	assert_true(filesystem_is_shared(0x65735546, "fuse.glusterfs"));
	assert_false(filesystem_is_shared(0x65735546, "fuse.ntfs-3g"));
	assert_false(filesystem_is_shared(0x65735546, "fuseblk"));
	assert_false(filesystem_is_shared(0x65735546, ""));
	assert_false(filesystem_is_shared(0xef53, "ext4"));
	assert_false(filesystem_is_shared(0x01021994, "tmpfs"));
	assert_false(filesystem_is_shared(0x9123683e, "btrfs"));
}

static void the_file_system_of_a_directory_is_looked_up(void **state)
{
	struct place *p = *state;
	char name[64];

	assert_false(filesystem_of_is_shared(p->parent, name, sizeof name));
	assert_false(filesystem_of_is_shared("/nowhere/at/all", name, sizeof name));
	assert_string_equal(name, "");
	(void)filesystem_of_is_shared("/proc", name, sizeof name);
	assert_string_equal(name, "proc");
}

#define T(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_new_store_is_made_and_found_again),
		T(each_store_has_an_id_of_its_own),
		T(a_store_that_is_in_use_is_refused),
		T(a_killed_process_leaves_no_lock),
		T(another_number_of_shards_is_refused),
		T(another_version_is_refused),
		T(no_store_is_found_where_there_is_none),
		T(a_directory_with_other_things_in_it_is_left_alone),
		T(an_interrupted_creation_is_taken_up_again),
		T(every_damage_to_the_id_is_noticed),
		T(a_directory_that_may_not_be_written_is_refused),
		T(space_is_told),
		T(shared_file_systems_are_known),
		T(the_file_system_of_a_directory_is_looked_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
