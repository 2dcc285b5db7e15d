/* SPDX-License-Identifier: Apache-2.0 */
/* Writeback: a sync that goes in slices leaves nothing out, and tells what went wrong. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "store/writeback.h"

static _Atomic uint64_t reached; /* up to here slices have been asked for, without a gap */
static atomic_uint slices;
static unsigned fail_at, now_at;
static int fail_with;
static atomic_int haste;
static int64_t slow_ns;
static _Atomic int64_t rested_ns;
static bool together; /* in several threads */
static atomic_uint on_their_way, overlaps;

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
	(void)left;
	rested_ns += wanted->tv_sec * 1000000000 + wanted->tv_nsec;
	return 0;
}

/* Instead of the system's. */
int sync_file_range(int fd, off64_t from, off64_t bytes, unsigned how)
{
	(void)fd;
	assert_true(together || (uint64_t)from == reached);
	assert_true(bytes > 0);
	assert_int_equal(how, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
		SYNC_FILE_RANGE_WAIT_AFTER);
	if (++slices == fail_at) {
		errno = fail_with;
		return -1;
	}
	if (slices == now_at)
		atomic_store(&haste, HASTE_NOW);
	reached += (uint64_t)bytes;
	overlaps += atomic_fetch_add(&on_their_way, 1) != 0;
	for (int64_t until = clock_monotonic_ns() + slow_ns; clock_monotonic_ns() < until;)
		;
	on_their_way--;
	return 0;
}

static int setup(void **state)
{
	char path[200];
	const char *tmp = getenv("TMPDIR");
	int fd;

	snprintf(path, sizeof path, "%s/kith-test-XXXXXX", tmp ? tmp : "/tmp");
	fd = mkstemp(path);
	if (fd < 0)
		return -1;
	(void)unlink(path);
	*state = (void *)(intptr_t)fd;
	reached = fail_at = now_at = 0;
	slices = overlaps = 0;
	slow_ns = rested_ns = 0;
	together = false;
	atomic_store(&haste, HASTE_NONE);
	return ftruncate(fd, 9 << 20);
}

static int teardown(void **state)
{
	writeback_pace(NULL);
	return close((int)(intptr_t)*state);
}

static void a_thread_that_paces_itself_writes_slice_by_slice_to_the_end(void **state)
{
	writeback_pace(&haste);
	assert_int_equal(fdatasync((int)(intptr_t)*state), 0);
	assert_true(reached >= 9 << 20);
	assert_true(slices > 2);
}

static void the_device_is_left_alone_for_as_long_as_a_slice_has_taken(void **state)
{
	writeback_pace(&haste);
	slow_ns = 200000;
	assert_int_equal(fdatasync((int)(intptr_t)*state), 0);
	assert_true(rested_ns >= (int64_t)slices * slow_ns);
}

static void *sync_paced(void *arg)
{
	writeback_pace(&haste);
	(void)fdatasync((int)(intptr_t)arg);
	return NULL;
}

/* A thread that has lost its processor holds nobody up for long, so some may. */
static void one_slice_is_on_its_way_at_a_time(void **state)
{
	pthread_t thread[3];

	together = true;
	slow_ns = 300000;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, sync_paced, *state), 0);
	for (unsigned i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	assert_true(slices > 30);
	assert_true(overlaps < slices / 4);
}

static void nobody_rests_while_somebody_waits(void **state)
{
	writeback_pace(&haste);
	slow_ns = 200000;
	atomic_store(&haste, HASTE_SOON);
	assert_int_equal(fdatasync((int)(intptr_t)*state), 0);
	assert_true(reached >= 9 << 20);
	assert_int_equal(rested_ns, 0);
}

static void what_is_left_when_somebody_waits_goes_at_once(void **state)
{
	writeback_pace(&haste);
	now_at = 2;
	assert_int_equal(fdatasync((int)(intptr_t)*state), 0);
	assert_int_equal(slices, 2);
	assert_true(reached < 9 << 20);
}

static void all_others_sync_at_once(void **state)
{
	assert_int_equal(fdatasync((int)(intptr_t)*state), 0);
	writeback_pace(&haste);
	writeback_pace(NULL);
	assert_int_equal(fdatasync((int)(intptr_t)*state), 0);
	assert_int_equal(slices, 0);
	assert_int_equal(fdatasync(-1), -1);
	assert_int_equal(errno, EBADF);
}

static void a_slice_that_fails_is_a_sync_that_failed(void **state)
{
	writeback_pace(&haste);
	fail_at = 2;
	fail_with = EIO;
	assert_int_equal(fdatasync((int)(intptr_t)*state), -1);
	assert_int_equal(errno, EIO);
	assert_int_equal(slices, 2);
}

static void a_file_system_without_slices_is_synced_at_once(void **state)
{
	writeback_pace(&haste);
	fail_at = 1;
	fail_with = EINVAL;
	assert_int_equal(fdatasync((int)(intptr_t)*state), 0);
	assert_int_equal(slices, 1);
}

static void a_slice_is_as_long_as_the_device_is_fast(void **state)
{
	uint64_t slice = WRITEBACK_SLICE_FIRST;

	(void)state;
	assert_int_equal(writeback_next_slice(slice, 500000, WRITEBACK_SHORT_NS), slice);
	assert_int_equal(writeback_next_slice(slice, 1500000, WRITEBACK_SHORT_NS), slice / 2);
	assert_int_equal(writeback_next_slice(slice, 3500000, WRITEBACK_SHORT_NS), slice / 4);
	assert_int_equal(writeback_next_slice(slice, 1500000, WRITEBACK_LONG_NS), slice * 2);
	for (unsigned i = 0; i < 20; i++)
		slice = writeback_next_slice(slice, 50000000, WRITEBACK_LONG_NS);
	assert_int_equal(slice, WRITEBACK_SLICE_LEAST);
	for (unsigned i = 0; i < 20; i++)
		slice = writeback_next_slice(slice, 1000, WRITEBACK_SHORT_NS);
	assert_int_equal(slice, WRITEBACK_SLICE_MOST);
	for (unsigned i = 0; i < 20; i++)
		slice = writeback_next_slice(slice, 1000, WRITEBACK_LONG_NS);
	assert_int_equal(slice, 8 * WRITEBACK_SLICE_MOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_thread_that_paces_itself_writes_slice_by_slice_to_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_device_is_left_alone_for_as_long_as_a_slice_has_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(one_slice_is_on_its_way_at_a_time, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_rests_while_somebody_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_is_left_when_somebody_waits_goes_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(all_others_sync_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(a_slice_that_fails_is_a_sync_that_failed, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_file_system_without_slices_is_synced_at_once, setup, teardown),
		cmocka_unit_test(a_slice_is_as_long_as_the_device_is_fast),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
