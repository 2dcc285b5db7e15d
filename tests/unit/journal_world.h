/* SPDX-License-Identifier: Apache-2.0 */
/* A directory with a journal in it, and storage calls that fail on demand: this program's own
 * pwrite, fallocate, … take the place of libc's for the code under test. */
#ifndef KITH_TESTS_JOURNAL_WORLD_H
#define KITH_TESTS_JOURNAL_WORLD_H
#define _GNU_SOURCE /* fallocate */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>
#include "store/journal.h"

/* The calls that change storage are counted; from number `at` on, `times` of them fail with
 * `error`, but for the one numbered `spared`. A failed pwrite has written `half` of its bytes. */
static struct {
	long calls, at, times, spared;
	int error;
	double half;
} fault = { .at = -1 };

static void fault_none(void)
{
	fault.at = -1;
	fault.calls = 0;
}

static void fault_arm(long at, long times, int error, double half)
{
	fault.calls = 0;
	fault.at = at;
	fault.times = times;
	fault.spared = -1;
	fault.error = error;
	fault.half = half;
}

static bool fault_strikes(void)
{
	long call = fault.calls++;

	if (fault.at < 0 || call < fault.at || call >= fault.at + fault.times ||
		call == fault.spared)
		return false;
	errno = fault.error;
	return true;
}

/* What the disk itself has of the one segment there is: a sync that succeeds brings there what was
 * written before; one that fails leaves it clean in memory, and no later one brings it there. */
static struct {
	bool watched;
	uint8_t bytes[1 << 16];
	bool dirty[1 << 16];
} disk;

static void disk_written(size_t size, off_t offset)
{
	for (size_t at = (size_t)offset; disk.watched && at < (size_t)offset + size; at++)
		disk.dirty[at] = true;
}

static int disk_synced(int fd, int rc)
{
	for (size_t at = 0; disk.watched && at < sizeof disk.bytes; at++) {
		if (disk.dirty[at] && rc == 0)
			(void)syscall(SYS_pread64, fd, disk.bytes + at, (size_t)1, (off_t)at);
		disk.dirty[at] = false;
	}
	return rc;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
	disk_written(size, offset);
	if (fault_strikes()) {
		int error = errno;

		(void)syscall(SYS_pwrite64, fd, data, (size_t)((double)size * fault.half), offset);
		errno = error;
		return -1;
	}
	return syscall(SYS_pwrite64, fd, data, size, offset);
}

int fsync(int fd)
{
	return disk_synced(fd, fault_strikes() ? -1 : (int)syscall(SYS_fsync, fd));
}

int fdatasync(int fd)
{
	return disk_synced(fd, fault_strikes() ? -1 : (int)syscall(SYS_fdatasync, fd));
}

int ftruncate(int fd, off_t size)
{
	return fault_strikes() ? -1 : (int)syscall(SYS_ftruncate, fd, size);
}

int fallocate(int fd, int mode, off_t offset, off_t size)
{
	return fault_strikes() ? -1 : (int)syscall(SYS_fallocate, fd, mode, offset, size);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return fault_strikes() ? -1 : (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);
}

int unlinkat(int fd, const char *name, int flags)
{
	return fault_strikes() ? -1 : (int)syscall(SYS_unlinkat, fd, name, flags);
}

#define NOW INT64_C(1700000000000)

static const uint8_t id[16] = "a store's own id";
static char dir[4096];
static struct journal *j;
static struct complaint said;
static struct journal_settings settings;

static inline void path_of(uint64_t first, char *out)
{
	(void)snprintf(out, 8192, "%s/%020llu.journal", dir, (unsigned long long)first);
}

static int world_setup(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	fault_none();
	memset(&disk, 0, sizeof disk);
	settings = (struct journal_settings){
		.segment_bytes = 16384, .keep_bytes = 1 << 30, .keep_ms = INT64_C(1) << 40
	};
	(void)snprintf(dir, sizeof dir, "%s/kith-journal-XXXXXX", tmp ? tmp : "/tmp");
	j = NULL;
	return mkdtemp(dir) ? 0 : -1;
}

static void remove_files(void)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char path[8192];

	while (d && (e = readdir(d))) {
		(void)snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
		(void)unlink(path);
	}
	if (d)
		(void)closedir(d);
}

static int world_teardown(void **state)
{
	(void)state;
	fault_none();
	journal_close(j);
	remove_files();
	return rmdir(dir);
}

static int try_open(uint64_t floor)
{
	journal_close(j);
	j = NULL;
	memset(&said, 0, sizeof said);
	return journal_open(dir, id, &settings, 1, floor, NOW, &j, &said);
}

static void must_open(void)
{
	int rc = try_open(0);

	if (rc != 0)
		fail_msg("did not open: %s", said.text);
}

/* The payload of frame N in the LIFE-th writing of it; SIZE bytes, at least 8. */
static struct span payload_of(uint64_t n, unsigned life, size_t size)
{
	static uint8_t bytes[1 << 16];

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(n * 31 + life * 7 + i);
	put_le32(bytes, (uint32_t)n);
	put_le32(bytes + 4, life);
	return span_of(bytes, size);
}

static uint64_t append(unsigned life, size_t size)
{
	struct span p = payload_of(journal_last(j) + 1, life, size);
	int rc;

	return journal_append(j, INPUT_BATCH, &p, 1, &rc);
}

/* Write and sync N frames of SIZE bytes, each in a group of its own. */
static inline void put(unsigned n, size_t size)
{
	while (n-- > 0) {
		assert_true(append(0, size) != 0);
		assert_int_equal(journal_write(j, NOW), 0);
		assert_int_equal(journal_sync(j), 0);
	}
}

/* Read from FROM to the end; each frame must be what put() or append(LIFE) made. Returns the
 * reader's last word; *RET_LAST the last frame. */
static int read_from(uint64_t from, uint64_t *ret_last)
{
	struct journal_reader *r;
	struct frame f;
	uint64_t expected = from;
	int rc = journal_reader_open(dir, id, from, &r, &said);

	*ret_last = 0;
	if (rc != 0)
		return rc;
	while ((rc = journal_reader_next(r, &f, &said)) == 0) {
		if (expected == 0)
			expected = f.sequence;
		assert_int_equal(f.sequence, expected++);
		assert_int_equal(f.type, INPUT_BATCH);
		assert_true(span_eq(f.payload,
			payload_of(f.sequence, get_le32(f.payload.data + 4), f.payload.size)));
		*ret_last = f.sequence;
	}
	journal_reader_close(r);
	return rc;
}

static inline void must_read_up_to(uint64_t last)
{
	uint64_t got;
	int rc = read_from(0, &got);

	if (rc != ERR_NOTFOUND)
		fail_msg("reading said: %s", said.text);
	assert_int_equal(got, last);
}

static inline size_t file_load(const char *path, uint8_t *out, size_t cap)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, out, cap);

	if (n < 0)
		fail_msg("%s: %s", path, strerror(errno));
	(void)close(fd);
	return (size_t)n;
}

static inline void file_store(const char *path, const uint8_t *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0640);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
	(void)close(fd);
}

#endif
