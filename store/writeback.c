/* SPDX-License-Identifier: Apache-2.0 */
/* Writeback: fdatasync(), a slice at a time. */
#define _GNU_SOURCE /* sync_file_range(), RTLD_NEXT */
#include "store/writeback.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/thread.h"

#define REST_LEAST_NS 100000   /* nothing was written of a slice that was over sooner */
#define TURN_NS       20000000 /* it is waited for, … */
#define TURN_LOOK_NS  300000   /* … looking so often */

static _Thread_local const atomic_int *paced; /* by this enum haste; NULL: not */

void writeback_pace(const atomic_int *haste)
{
	paced = haste;
}

uint64_t writeback_next_slice(uint64_t bytes, int64_t took_ns, int64_t aim_ns)
{
	if (took_ns > 3 * aim_ns && bytes > 2 * WRITEBACK_SLICE_LEAST)
		return bytes / 4;
	if (took_ns > aim_ns && bytes > WRITEBACK_SLICE_LEAST)
		return bytes / 2;
	if (took_ns < aim_ns / 4 && bytes < WRITEBACK_SLICE_MOST * (uint64_t)(aim_ns / 1000000))
		return bytes * 2;
	return bytes;
}

/* One slice of the process is on its way at a time, and for as long as it has taken none is: else each
 * sync of the journal would find some before it, as the next one would always have begun. Not when
 * somebody waits for the end. Whoever has the turn may lose its processor, so nobody waits long. */
static atomic_bool taken;

static bool turn_take(void)
{
	for (int64_t until = clock_monotonic_ns() + TURN_NS;
		atomic_load(paced) == HASTE_NONE && clock_monotonic_ns() < until; thread_rest(TURN_LOOK_NS))
		if (!atomic_exchange(&taken, true))
			return true;
	return false;
}

static void turn_give(int64_t took_ns)
{
	if (took_ns >= REST_LEAST_NS && atomic_load(paced) == HASTE_NONE)
		thread_rest(took_ns < WRITEBACK_LONG_NS ? took_ns : WRITEBACK_LONG_NS);
	atomic_store(&taken, false);
}

static int write_slice(int fd, uint64_t at, uint64_t bytes, int64_t *ret_took_ns)
{
	const unsigned how =
		SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
	bool my_turn = turn_take();
	int64_t began = clock_monotonic_ns();
	int rc = sync_file_range(fd, (off64_t)at, (off64_t)bytes, how), why = errno;

	*ret_took_ns = clock_monotonic_ns() - began;
	if (my_turn)
		turn_give(*ret_took_ns);
	errno = why;
	return rc;
}

/* An error of a page that was written is told once, and here: it must not be lost to who asked for
 * a sync. A file system that cannot do it does all at once. */
static int write_slices(int fd)
{
	uint64_t slice = WRITEBACK_SLICE_FIRST;
	struct stat st;

	if (fstat(fd, &st) != 0)
		return -1;
	for (uint64_t at = 0; at < (uint64_t)st.st_size && atomic_load(paced) != HASTE_NOW;) {
		int64_t took;

		if (write_slice(fd, at, slice, &took) != 0)
			return errno == EINVAL || errno == ESPIPE || errno == ENOSYS ? 0 : -1;
		at += slice;
		slice = writeback_next_slice(slice, took,
			atomic_load(paced) == HASTE_NONE ? WRITEBACK_SHORT_NS : WRITEBACK_LONG_NS);
	}
	return 0;
}

/* Weak: a test may have one of its own. */
__attribute__((weak)) int fdatasync(int fd)
{
	static int (*next)(int);

	/* The same for all threads. Not SYS_fdatasync: someone may have put himself in between. */
	if (!__atomic_load_n(&next, __ATOMIC_RELAXED))
		__atomic_store_n(&next, (int (*)(int))dlsym(RTLD_NEXT, "fdatasync"), __ATOMIC_RELAXED);
	if (paced && write_slices(fd) != 0)
		return -1;
	return __atomic_load_n(&next, __ATOMIC_RELAXED)(fd);
}
