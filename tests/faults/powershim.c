/* SPDX-License-Identifier: Apache-2.0 */
/* Power shim: an LD_PRELOAD library that carries out a program's storage operations below one
 * directory and records them, so that powercut.c can build what a power cut would have left.
 *
 *   KITH_FAULT_DIR=…     the directory; it may not exist yet, its parent must
 *   KITH_POWER_LOG=…     the record, appended to; outside of KITH_FAULT_DIR
 *   KITH_POWER_STDOUT=1  record what goes to standard output by write(2) as well, between the
 *                        operations: a program that says "acked 7" there says when
 *
 * One lock is held across each operation and its record, so the order in the log is the order in
 * which things happened; several processes may follow one another, not run side by side. A driver
 * whose promises reach another process can note the size of the log when they do: powercut says
 * which operations lie before it.
 *
 * Seen: open and creat (with O_CREAT, O_TRUNC), fopen's creating, write, writev, pwrite, pwritev,
 * fsync, fdatasync, sync, syncfs, ftruncate, truncate, fallocate, posix_fallocate, rename, unlink,
 * remove, mkdir, rmdir, with their 64, at, v2 variants. Not seen: data through stdio, mappings,
 * io_uring, links. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "powerlog.h"

static char watched[PATH_MAX];
static bool stdout_too;
static int log_fd = -1;
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

/* The watched path without links, whether the last part of it exists or not. */
static void resolve_watched(const char *text)
{
	char parent[PATH_MAX], copy[PATH_MAX];
	char *slash;

	if (realpath(text, watched))
		return;
	(void)snprintf(copy, sizeof copy, "%s%s", strchr(text, '/') ? "" : "./", text);
	slash = strrchr(copy, '/');
	*slash = '\0';
	if (realpath(copy[0] ? copy : "/", parent))
		(void)snprintf(
			watched, sizeof watched, "%.*s/%.255s", PATH_MAX - 300, parent, slash + 1);
}

__attribute__((constructor)) static void begin(void)
{
	const char *dir = getenv("KITH_FAULT_DIR"), *path = getenv("KITH_POWER_LOG");
	int fd, high;

	if (!dir || !path)
		return;
	resolve_watched(dir);
	stdout_too = getenv("KITH_POWER_STDOUT") != NULL;
	fd = (int)syscall(
		SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 500); /* out of the program's way */
	if (high < 0 || watched[0] == '\0') {
		(void)fprintf(stderr, "power shim: cannot use %s and %s\n", dir, path);
		_exit(99);
	}
	(void)syscall(SYS_close, fd);
	log_fd = high;
}

/* The part of PATH below the watched directory, "." for itself, NULL for what lies elsewhere. */
static const char *inside(const char *path)
{
	size_t n = strlen(watched);

	if (log_fd < 0 || strncmp(path, watched, n) != 0)
		return NULL;
	if (path[n] == '\0')
		return ".";
	return path[n] == '/' ? path + n + 1 : NULL;
}

/* Of an open file; NULL also when it has been unlinked: what happens to it leaves no trace. */
static const char *path_of_fd(int fd, char out[PATH_MAX])
{
	static const char gone[] = " (deleted)";
	char link[64];
	ssize_t n;

	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, out, PATH_MAX - 1);
	if (n <= 0)
		return NULL;
	out[n] = '\0';
	if ((size_t)n >= sizeof gone && strcmp(out + n - (sizeof gone - 1), gone) == 0)
		return NULL;
	return inside(out);
}

static const char *path_of_name(int dir_fd, const char *name, char out[PATH_MAX])
{
	char at[PATH_MAX] = "", whole[2 * PATH_MAX], parent[PATH_MAX], link[64];
	char *slash;
	ssize_t n;

	if (name[0] != '/' && dir_fd == AT_FDCWD) {
		if (!getcwd(at, sizeof at))
			return NULL;
	} else if (name[0] != '/') {
		(void)snprintf(link, sizeof link, "/proc/self/fd/%d", dir_fd);
		n = readlink(link, at, sizeof at - 1);
		if (n <= 0)
			return NULL;
		at[n] = '\0';
	}
	(void)snprintf(whole, sizeof whole, "%s%s%s", at, at[0] ? "/" : "", name);
	n = (ssize_t)strlen(whole);
	while (n > 1 && whole[n - 1] == '/')
		whole[--n] = '\0';
	slash = strrchr(whole, '/');
	*slash = '\0';
	if (!realpath(whole[0] ? whole : "/", parent))
		return NULL;
	if (strcmp(slash + 1, ".") == 0)
		(void)snprintf(out, PATH_MAX, "%s", parent);
	else
		(void)snprintf(out, PATH_MAX, "%.*s/%.255s", PATH_MAX - 300, parent, slash + 1);
	return inside(out);
}

static void record_gathered(enum power_op op, const char *path, const char *second, uint64_t offset,
	const struct iovec *data, int n, size_t size)
{
	struct power_record r = { .magic = POWER_MAGIC,
		.op = (uint16_t)op,
		.path_size = (uint16_t)strlen(path),
		.second_size = (uint16_t)strlen(second),
		.data_size = (uint32_t)size,
		.offset = offset };
	struct iovec part = { &r, sizeof r };
	int before = errno;

	/* The log is this library's own: a short write of it would be a broken test. */
	if (syscall(SYS_writev, log_fd, &part, 1) != (long)sizeof r ||
		syscall(SYS_write, log_fd, path, r.path_size) != r.path_size ||
		syscall(SYS_write, log_fd, second, r.second_size) != r.second_size)
		abort();
	for (int i = 0; i < n && size > 0; i++) {
		size_t take = data[i].iov_len < size ? data[i].iov_len : size;

		if (syscall(SYS_write, log_fd, data[i].iov_base, take) != (long)take)
			abort();
		size -= take;
	}
	errno = before;
}

static void record(enum power_op op, const char *path, const char *second, uint64_t offset)
{
	record_gathered(op, path, second, offset, NULL, 0, 0);
}

static void lock(void)
{
	(void)pthread_mutex_lock(&one_at_a_time);
}

static void unlock(void)
{
	int before = errno;

	(void)pthread_mutex_unlock(&one_at_a_time);
	errno = before;
}

/* Writing. OFFSET -1: at the file's own position. */

static ssize_t write_plainly(int fd, const struct iovec *v, int n, off_t offset)
{
	return offset < 0 ? syscall(SYS_writev, fd, v, n)
			  : syscall(SYS_pwritev, fd, v, n, offset, 0);
}

static ssize_t gathered(int fd, const struct iovec *v, int n, off_t offset)
{
	char path[PATH_MAX];
	const char *name = NULL;
	ssize_t done;
	int flags;

	if (log_fd < 0)
		return write_plainly(fd, v, n, offset);
	lock();
	if (fd != STDOUT_FILENO || !stdout_too)
		name = path_of_fd(fd, path);
	done = write_plainly(fd, v, n, offset);
	if (done > 0 && fd == STDOUT_FILENO && stdout_too) {
		record_gathered(POWER_SAID, "", "", 0, v, n, (size_t)done);
	} else if (done > 0 && name) {
		flags = fcntl(fd, F_GETFL);
		if (offset < 0)
			offset = lseek(fd, 0, SEEK_CUR) - done;
		record_gathered(flags & O_DSYNC ? POWER_WRITE_SYNCED : POWER_WRITE, name, "",
			(uint64_t)offset, v, n, (size_t)done);
	}
	unlock();
	return done;
}

static ssize_t plain(int fd, const void *data, size_t size, off_t offset)
{
	struct iovec v = { (void *)(uintptr_t)data, size };

	return gathered(fd, &v, 1, offset);
}

ssize_t write(int fd, const void *data, size_t size)
{
	return plain(fd, data, size, -1);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
	return plain(fd, data, size, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
	return plain(fd, data, size, offset);
}

ssize_t writev(int fd, const struct iovec *v, int n)
{
	return gathered(fd, v, n, -1);
}

ssize_t pwritev(int fd, const struct iovec *v, int n, off_t offset)
{
	return gathered(fd, v, n, offset);
}

ssize_t pwritev64(int fd, const struct iovec *v, int n, off64_t offset)
{
	return gathered(fd, v, n, offset);
}

/* On an open file: do CALL, and record OP when it went well. */
#define ON_FD(op, fd, at, call)                                                                    \
	do {                                                                                       \
		char path_[PATH_MAX];                                                              \
		const char *name_;                                                                 \
		long rc_;                                                                          \
		if (log_fd < 0)                                                                    \
			return (int)(call);                                                        \
		lock();                                                                            \
		name_ = path_of_fd(fd, path_);                                                     \
		rc_ = (call);                                                                      \
		if (rc_ == 0 && name_)                                                             \
			record(op, name_, "", (uint64_t)(at));                                     \
		unlock();                                                                          \
		return (int)rc_;                                                                   \
	} while (0)

int fsync(int fd)
{
	ON_FD(POWER_SYNC, fd, 0, syscall(SYS_fsync, fd));
}

int fdatasync(int fd)
{
	ON_FD(POWER_SYNC, fd, 0, syscall(SYS_fdatasync, fd));
}

int syncfs(int fd)
{
	ON_FD(POWER_SYNC_ALL, fd, 0, syscall(SYS_syncfs, fd));
}

void sync(void)
{
	lock();
	(void)syscall(SYS_sync);
	if (log_fd >= 0)
		record(POWER_SYNC_ALL, ".", "", 0);
	unlock();
}

int ftruncate(int fd, off_t size)
{
	ON_FD(POWER_TRUNCATE, fd, size, syscall(SYS_ftruncate, fd, size));
}

int ftruncate64(int fd, off64_t size)
{
	return ftruncate(fd, size);
}

/* Punching holes and the like is not modelled; nobody here does it. */
int fallocate(int fd, int mode, off_t offset, off_t size)
{
	if (mode != 0)
		return (int)syscall(SYS_fallocate, fd, mode, offset, size);
	ON_FD(POWER_EXTEND, fd, offset + size, syscall(SYS_fallocate, fd, mode, offset, size));
}

int fallocate64(int fd, int mode, off64_t offset, off64_t size)
{
	return fallocate(fd, mode, offset, size);
}

int posix_fallocate(int fd, off_t offset, off_t size)
{
	int before = errno, error = fallocate(fd, 0, offset, size) == 0 ? 0 : errno;

	errno = before;
	return error;
}

int posix_fallocate64(int fd, off64_t offset, off64_t size)
{
	return posix_fallocate(fd, offset, size);
}

/* On a name: the same. */
#define ON_NAME(op, dir_fd, name, at, call)                                                        \
	do {                                                                                       \
		char path_[PATH_MAX];                                                              \
		const char *name_;                                                                 \
		long rc_;                                                                          \
		if (log_fd < 0)                                                                    \
			return (int)(call);                                                        \
		lock();                                                                            \
		name_ = path_of_name(dir_fd, name, path_);                                         \
		rc_ = (call);                                                                      \
		if (rc_ == 0 && name_)                                                             \
			record(op, name_, "", (uint64_t)(at));                                     \
		unlock();                                                                          \
		return (int)rc_;                                                                   \
	} while (0)

int truncate(const char *name, off_t size)
{
	ON_NAME(POWER_TRUNCATE, AT_FDCWD, name, size, syscall(SYS_truncate, name, size));
}

int unlinkat(int dir_fd, const char *name, int flags)
{
	ON_NAME(flags & AT_REMOVEDIR ? POWER_RMDIR : POWER_UNLINK, dir_fd, name, 0,
		syscall(SYS_unlinkat, dir_fd, name, flags));
}

int unlink(const char *name)
{
	return unlinkat(AT_FDCWD, name, 0);
}

int rmdir(const char *name)
{
	return unlinkat(AT_FDCWD, name, AT_REMOVEDIR);
}

int remove(const char *name)
{
	return unlink(name) == 0 || (errno == EISDIR && rmdir(name) == 0) ? 0 : -1;
}

int mkdirat(int dir_fd, const char *name, mode_t mode)
{
	ON_NAME(POWER_MKDIR, dir_fd, name, 0, syscall(SYS_mkdirat, dir_fd, name, mode));
}

int mkdir(const char *name, mode_t mode)
{
	return mkdirat(AT_FDCWD, name, mode);
}

/* Both names have to lie inside: moving in or out is not modelled. */
int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	char from_path[PATH_MAX], to_path[PATH_MAX];
	const char *a, *b;
	long rc;

	if (log_fd < 0)
		return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
	lock();
	a = path_of_name(from_fd, from, from_path);
	b = path_of_name(to_fd, to, to_path);
	rc = syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
	if (rc == 0 && a && b)
		record(POWER_RENAME, a, b, 0);
	unlock();
	return (int)rc;
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return renameat2(from_fd, from, to_fd, to, 0);
}

int rename(const char *from, const char *to)
{
	return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

/* Opening: a file that appears, or loses its contents. */

static void record_opening(const char *name, bool was_there, bool emptied)
{
	if (!was_there)
		record(POWER_CREATE, name, "", 0);
	else if (emptied)
		record(POWER_TRUNCATE, name, "", 0);
}

static int open_and_record(int dir_fd, const char *name, int flags, mode_t mode)
{
	char path[PATH_MAX];
	const char *inner;
	bool was_there;
	int fd;

	if (log_fd < 0 || !(flags & (O_CREAT | O_TRUNC)) || (flags & O_TMPFILE) == O_TMPFILE)
		return (int)syscall(SYS_openat, dir_fd, name, flags, mode);
	lock();
	inner = path_of_name(dir_fd, name, path);
	was_there = faccessat(dir_fd, name, F_OK, 0) == 0;
	fd = (int)syscall(SYS_openat, dir_fd, name, flags, mode);
	if (fd >= 0 && inner)
		record_opening(inner, was_there, flags & O_TRUNC);
	unlock();
	return fd;
}

#define MODE_ARGUMENT(flags, mode)                                                                 \
	do {                                                                                       \
		if ((flags) & (O_CREAT | O_TMPFILE)) {                                             \
			va_list a_;                                                                \
			va_start(a_, flags);                                                       \
			mode = va_arg(a_, mode_t);                                                 \
			va_end(a_);                                                                \
		}                                                                                  \
	} while (0)

int openat(int dir_fd, const char *name, int flags, ...)
{
	mode_t mode = 0;

	MODE_ARGUMENT(flags, mode);
	return open_and_record(dir_fd, name, flags, mode);
}

int openat64(int dir_fd, const char *name, int flags, ...)
{
	mode_t mode = 0;

	MODE_ARGUMENT(flags, mode);
	return open_and_record(dir_fd, name, flags, mode);
}

int open(const char *name, int flags, ...)
{
	mode_t mode = 0;

	MODE_ARGUMENT(flags, mode);
	return open_and_record(AT_FDCWD, name, flags, mode);
}

int open64(const char *name, int flags, ...)
{
	mode_t mode = 0;

	MODE_ARGUMENT(flags, mode);
	return open_and_record(AT_FDCWD, name, flags, mode);
}

int creat(const char *name, mode_t mode)
{
	return open_and_record(AT_FDCWD, name, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

static FILE *open_stream(const char *symbol, const char *name, const char *how)
{
	FILE *(*real)(const char *, const char *);
	void *found = dlsym(RTLD_NEXT, symbol);
	char path[PATH_MAX];
	const char *inner = NULL;
	bool was_there;
	FILE *f;

	memcpy(&real, &found, sizeof real);
	if (log_fd < 0 || how[0] == 'r')
		return real(name, how);
	lock();
	inner = path_of_name(AT_FDCWD, name, path);
	was_there = access(name, F_OK) == 0;
	f = real(name, how);
	if (f && inner)
		record_opening(inner, was_there, how[0] == 'w');
	unlock();
	return f;
}

FILE *fopen(const char *name, const char *how)
{
	return open_stream("fopen", name, how);
}

FILE *fopen64(const char *name, const char *how)
{
	return open_stream("fopen64", name, how);
}
