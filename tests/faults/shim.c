/* SPDX-License-Identifier: Apache-2.0 */
/* Fault shim: an LD_PRELOAD library that counts a program's storage calls below one directory and
 * lets one of them go wrong. Works with any dynamically linked program.
 *
 *   KITH_FAULT_DIR=…    the directory; calls on files elsewhere are neither counted nor touched
 *   KITH_FAULT_AT=n     the call to strike, from 1
 *   KITH_FAULT_KIND=…   none         only count
 *                       kill-before  SIGKILL instead of the call
 *                       kill-half    half of the data, then SIGKILL; a call without data is done
 *                                    first, then SIGKILL
 *                       eio-once     this call fails with EIO, nothing done
 *                       eio-forever  this and every later call
 *                       eio-half     half of the data is written, then EIO; a call without data is
 *                                    not done
 *                       enospc       this call and the K calls that allocate after it fail with
 *                                    ENOSPC (write, fallocate; nothing else), then there is room
 *                       short        half of the data is written and the short count returned;
 *                                    a call without data is left alone
 *   KITH_FAULT_K=k      for enospc, default 4
 *   KITH_FAULT_COUNT=f  file that holds the number of calls so far, kept up to date at each call,
 *                       so that a killed process leaves it too; outside of KITH_FAULT_DIR
 *   KITH_FAULT_TRACE=f  file to which each call is appended: number, name, path, bytes
 *
 * Counted: write, writev, pwrite, pwritev, fsync, fdatasync, msync, ftruncate, rename, unlink,
 * fallocate, posix_fallocate, with their 64, at, v2 variants; not open, not mkdir. Every process
 * counts for itself, all threads together. What a program writes through stdio is not seen,
 * because libc does not call itself by these names; nor is io_uring or a store through mmap. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind {
	NONE,
	KILL_BEFORE,
	KILL_HALF,
	EIO_ONCE,
	EIO_FOREVER,
	EIO_HALF,
	ENOSPC_FOR_A_WHILE,
	SHORT
};
static const char *const kind_names[] = { "none", "kill-before", "kill-half", "eio-once",
	"eio-forever", "eio-half", "enospc", "short" };

/* What a call is to the one that strikes. */
enum shape { DATA, ALLOCATION, OTHER };

/* What is to become of a call. */
enum verdict { GO_ON, FAIL, HALF, HALF_AND_FAIL, HALF_AND_DIE };

static char watched[PATH_MAX]; /* "" until the directory exists */
static const char *watched_text;
static enum kind kind;
static long strike_at, more_without_room;
static atomic_long calls;
static int count_fd = -1, trace_fd = -1;

static long number_from(const char *name, long otherwise)
{
	const char *text = getenv(name);

	return text ? atol(text) : otherwise;
}

static int open_beyond_stdio(const char *name, int flags)
{
	const char *path = getenv(name);
	int fd, high;

	if (!path)
		return -1;
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 500); /* out of the program's way */
	if (high < 0)
		return fd;
	(void)syscall(SYS_close, fd);
	return high;
}

__attribute__((constructor)) static void begin(void)
{
	const char *name = getenv("KITH_FAULT_KIND");

	watched_text = getenv("KITH_FAULT_DIR");
	for (unsigned i = 0; name && i < sizeof kind_names / sizeof *kind_names; i++)
		if (strcmp(name, kind_names[i]) == 0)
			kind = (enum kind)i;
	if (name && strcmp(name, kind_names[kind]) != 0) {
		(void)fprintf(stderr, "fault shim: no kind '%s'\n", name);
		_exit(99);
	}
	strike_at = number_from("KITH_FAULT_AT", -1);
	more_without_room = number_from("KITH_FAULT_K", 4);
	count_fd = open_beyond_stdio("KITH_FAULT_COUNT", O_TRUNC);
	trace_fd = open_beyond_stdio("KITH_FAULT_TRACE", O_APPEND);
}

/* Is PATH, absolute and without links, inside? The directory may be made by the program itself. */
static bool is_inside(const char *path)
{
	size_t n;

	if (!watched_text)
		return false;
	if (watched[0] == '\0' && !realpath(watched_text, watched)) {
		watched[0] = '\0';
		return false;
	}
	n = strlen(watched);
	return strncmp(path, watched, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

static bool path_of_fd(int fd, char out[PATH_MAX])
{
	char link[64];
	ssize_t n;

	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, out, PATH_MAX - 1);
	if (n <= 0)
		return false;
	out[n] = '\0';
	return is_inside(out);
}

/* The name need not exist; its directory must. */
static bool path_of_name(int dir_fd, const char *name, char out[PATH_MAX])
{
	char at[PATH_MAX] = "", whole[2 * PATH_MAX], parent[PATH_MAX];
	char *slash;

	if (name[0] != '/') {
		if (dir_fd == AT_FDCWD) {
			if (!getcwd(at, sizeof at))
				return false;
		} else {
			(void)path_of_fd(dir_fd, at);
		}
	}
	(void)snprintf(whole, sizeof whole, "%s%s%s", at, at[0] ? "/" : "", name);
	slash = strrchr(whole, '/');
	if (!slash)
		return false;
	*slash = '\0';
	if (!realpath(whole[0] ? whole : "/", parent))
		return false;
	(void)snprintf(out, PATH_MAX, "%.*s/%.255s", PATH_MAX - 300, parent, slash + 1);
	return is_inside(out);
}

static void note(long number, const char *name, const char *path, size_t bytes)
{
	char line[PATH_MAX + 100];
	int n;

	if (count_fd >= 0) {
		n = snprintf(line, sizeof line, "%ld\n", number);
		(void)syscall(SYS_pwrite64, count_fd, line, (size_t)n, 0);
	}
	if (trace_fd >= 0) {
		n = snprintf(line, sizeof line, "%ld %s %s %zu\n", number, name, path, bytes);
		(void)syscall(SYS_write, trace_fd, line, (size_t)n);
	}
}

static void die(void)
{
	(void)syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
	for (;;)
		(void)pause();
}

static bool is_without_room(long number, enum shape shape)
{
	static atomic_long refused;

	if (kind != ENOSPC_FOR_A_WHILE || shape == OTHER || number < strike_at)
		return false;
	return atomic_fetch_add(&refused, 1) <= more_without_room;
}

/* Count a call on PATH and say what becomes of it; FAIL comes with errno. */
static enum verdict judge(const char *name, const char *path, size_t bytes, enum shape shape)
{
	long number = atomic_fetch_add(&calls, 1) + 1;
	bool struck = number == strike_at;

	note(number, name, path, bytes);
	if (struck && kind == KILL_BEFORE)
		die();
	if ((struck && kind == EIO_ONCE) ||
		(kind == EIO_FOREVER && strike_at > 0 && number >= strike_at)) {
		errno = EIO;
		return FAIL;
	}
	if (strike_at > 0 && is_without_room(number, shape)) {
		errno = ENOSPC;
		return FAIL;
	}
	if (struck && kind == EIO_HALF && shape == DATA)
		return HALF_AND_FAIL;
	if (struck && kind == EIO_HALF) {
		errno = EIO;
		return FAIL;
	}
	if (struck && kind == KILL_HALF)
		return HALF_AND_DIE;
	if (struck && kind == SHORT && shape == DATA)
		return HALF;
	return GO_ON;
}

static enum verdict judge_fd(const char *name, int fd, size_t bytes, enum shape shape)
{
	char path[PATH_MAX];
	int before = errno;
	enum verdict v = GO_ON;

	if (path_of_fd(fd, path))
		v = judge(name, path, bytes, shape);
	if (v != FAIL)
		errno = before;
	return v;
}

/* A call without data: do it unless it fails, and die behind it when that is its fate. */
#define WITHOUT_DATA(fate, call)                                                                   \
	do {                                                                                       \
		enum verdict v_ = (fate);                                                          \
		long rc_;                                                                          \
		if (v_ == FAIL)                                                                    \
			return -1;                                                                 \
		rc_ = (call);                                                                      \
		if (v_ == HALF_AND_DIE)                                                            \
			die();                                                                     \
		return (int)rc_;                                                                   \
	} while (0)

/* What the caller hears of a write of which DONE bytes were written. */
static ssize_t outcome(enum verdict v, ssize_t done)
{
	if (v == HALF_AND_DIE)
		die();
	if (v != HALF_AND_FAIL)
		return done;
	errno = EIO;
	return -1;
}

static size_t half_of(size_t size)
{
	return size > 1 ? size / 2 : size;
}

/* OFFSET -1: at the file's own position. */
static ssize_t plain(const char *name, int fd, const void *data, size_t size, off_t offset)
{
	enum verdict v = judge_fd(name, fd, size, DATA);
	ssize_t n;

	if (v == FAIL)
		return -1;
	if (v != GO_ON)
		size = half_of(size);
	n = offset < 0 ? syscall(SYS_write, fd, data, size)
		       : syscall(SYS_pwrite64, fd, data, size, offset);
	return outcome(v, n);
}

static ssize_t gathered(const char *name, int fd, const struct iovec *v, int n, off_t offset)
{
	struct iovec part[IOV_MAX];
	size_t size = 0, left;
	enum verdict verdict;
	ssize_t done;

	if (n < 0 || n > IOV_MAX) {
		errno = EINVAL;
		return -1;
	}
	for (int i = 0; i < n; i++)
		size += v[i].iov_len;
	verdict = judge_fd(name, fd, size, DATA);
	if (verdict == FAIL)
		return -1;
	left = verdict == GO_ON ? size : half_of(size);
	for (int i = 0; i < n; i++) {
		part[i] = v[i];
		if (part[i].iov_len > left)
			part[i].iov_len = left;
		left -= part[i].iov_len;
	}
	done = offset < 0 ? syscall(SYS_writev, fd, part, n)
			  : syscall(SYS_pwritev, fd, part, n, offset, 0);
	return outcome(verdict, done);
}

ssize_t write(int fd, const void *data, size_t size)
{
	return plain("write", fd, data, size, -1);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
	return plain("pwrite", fd, data, size, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
	return plain("pwrite", fd, data, size, offset);
}

ssize_t writev(int fd, const struct iovec *v, int n)
{
	return gathered("writev", fd, v, n, -1);
}

ssize_t pwritev(int fd, const struct iovec *v, int n, off_t offset)
{
	return gathered("pwritev", fd, v, n, offset);
}

ssize_t pwritev64(int fd, const struct iovec *v, int n, off64_t offset)
{
	return gathered("pwritev", fd, v, n, offset);
}

int fsync(int fd)
{
	WITHOUT_DATA(judge_fd("fsync", fd, 0, OTHER), syscall(SYS_fsync, fd));
}

int fdatasync(int fd)
{
	WITHOUT_DATA(judge_fd("fdatasync", fd, 0, OTHER), syscall(SYS_fdatasync, fd));
}

/* A mapping has no path at hand: counted wherever it is. */
int msync(void *at, size_t size, int flags)
{
	WITHOUT_DATA(watched_text ? judge("msync", "", size, OTHER) : GO_ON,
		syscall(SYS_msync, at, size, flags));
}

int ftruncate(int fd, off_t size)
{
	WITHOUT_DATA(
		judge_fd("ftruncate", fd, (size_t)size, OTHER), syscall(SYS_ftruncate, fd, size));
}

int ftruncate64(int fd, off64_t size)
{
	return ftruncate(fd, size);
}

int fallocate(int fd, int mode, off_t offset, off_t size)
{
	WITHOUT_DATA(judge_fd("fallocate", fd, (size_t)size, ALLOCATION),
		syscall(SYS_fallocate, fd, mode, offset, size));
}

int fallocate64(int fd, int mode, off64_t offset, off64_t size)
{
	return fallocate(fd, mode, offset, size);
}

/* Returns its error. No emulation: what a file system cannot do, the caller hears. */
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

static enum verdict judge_name(const char *name, int dir_fd, const char *path)
{
	char whole[PATH_MAX];
	int before = errno;
	enum verdict v = GO_ON;

	if (path_of_name(dir_fd, path, whole))
		v = judge(name, whole, 0, OTHER);
	if (v != FAIL)
		errno = before;
	return v;
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	WITHOUT_DATA(judge_name("rename", to_fd, to),
		syscall(SYS_renameat2, from_fd, from, to_fd, to, flags));
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return renameat2(from_fd, from, to_fd, to, 0);
}

int rename(const char *from, const char *to)
{
	return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlinkat(int dir_fd, const char *name, int flags)
{
	WITHOUT_DATA(
		judge_name("unlink", dir_fd, name), syscall(SYS_unlinkat, dir_fd, name, flags));
}

int unlink(const char *name)
{
	return unlinkat(AT_FDCWD, name, 0);
}
