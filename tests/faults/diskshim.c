/* SPDX-License-Identifier: Apache-2.0 */
/* Disk shim: an LD_PRELOAD library that makes fdatasync() of a journal as slow as a test wants, or
 * fail once; and lets the main thread have no memory for new buffers.
 *
 *   KITH_DISK=…   a path: while PATH.hold exists, no sync of a file below a folder `journal` ends;
 *                 one that begins to wait makes PATH.held
 *                 when PATH.fail exists, the next one fails with EIO, and the file is gone;
 *                 while PATH.nomem exists, realloc() of nothing gives the main thread nothing
 *
 * All are looked at anew with each call, the first one every millisecond while a sync lasts. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static bool is_of_a_journal(int fd)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof path - 1);
	if (n <= 0)
		return false;
	path[n] = '\0';
	return strstr(path, "/journal/") != NULL;
}

static void path_to(const char *what, char out[PATH_MAX])
{
	(void)snprintf(out, PATH_MAX, "%s.%s", getenv("KITH_DISK"), what);
}

static void wait_while_held(void)
{
	const struct timespec millisecond = { 0, 1000000 };
	char hold[PATH_MAX], held[PATH_MAX];

	path_to("hold", hold);
	path_to("held", held);
	if (access(hold, F_OK) == 0)
		(void)close(open(held, O_CREAT | O_CLOEXEC, 0600));
	while (access(hold, F_OK) == 0)
		(void)nanosleep(&millisecond, NULL);
}

int fdatasync(int fd)
{
	char path[PATH_MAX];

	if (!getenv("KITH_DISK") || !is_of_a_journal(fd))
		return (int)syscall(SYS_fdatasync, fd);
	wait_while_held();
	path_to("fail", path);
	if (unlink(path) == 0) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

void *__libc_realloc(void *p, size_t size);
void *realloc(void *p, size_t size)
{
	char path[PATH_MAX];

	if (!p && getenv("KITH_DISK") && getpid() == (pid_t)syscall(SYS_gettid)) {
		path_to("nomem", path);
		if (access(path, F_OK) == 0) {
			errno = ENOMEM;
			return NULL;
		}
	}
	return __libc_realloc(p, size);
}
