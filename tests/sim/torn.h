/* SPDX-License-Identifier: Apache-2.0 */
/* Torn: this program's own pwrite, writev, … take the place of libc's, LMDB's calls included, so
 * that a process can die between two of them or in the middle of one. A dead process writes
 * nothing more, until a test brings it to life. For one file of a program that is not preloaded
 * with another shim. */
#ifndef KITH_TESTS_TORN_H
#define KITH_TESTS_TORN_H
#include <errno.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "tests/sim/sim.h"

static struct {
	bool armed, dead;
	unsigned left;       /* calls that still happen */
	unsigned long deaths;
} torn;

static void torn_die_after(unsigned calls)
{
	torn.armed = true;
	torn.dead = false;
	torn.left = calls;
}

static void torn_live(void)
{
	torn.armed = false;
}

static const struct sim_storage torn_storage = { torn_die_after, torn_live };

/* True: this call does not happen; HALF: but for half of its bytes. */
static bool torn_strikes(bool *ret_half)
{
	*ret_half = false;
	if (!torn.armed)
		return false;
	if (torn.left > 0) {
		torn.left--;
		return false;
	}
	*ret_half = !torn.dead && torn.deaths % 2;
	torn.deaths += !torn.dead;
	torn.dead = true;
	errno = EIO;
	return true;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
	bool half;

	if (!torn_strikes(&half))
		return syscall(SYS_pwrite64, fd, data, size, offset);
	if (half)
		(void)!syscall(SYS_pwrite64, fd, data, size / 2, offset);
	errno = EIO;
	return -1;
}

ssize_t writev(int fd, const struct iovec *parts, int n)
{
	bool half;

	if (!torn_strikes(&half))
		return syscall(SYS_writev, fd, parts, n);
	if (half)
		(void)!syscall(SYS_write, fd, parts[0].iov_base, parts[0].iov_len / 2);
	errno = EIO;
	return -1;
}

int fdatasync(int fd)
{
	bool half;

	return torn_strikes(&half) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
	bool half;

	return torn_strikes(&half) ? -1 : (int)syscall(SYS_fsync, fd);
}

#endif
