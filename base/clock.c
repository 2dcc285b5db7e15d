/* SPDX-License-Identifier: Apache-2.0 */
/* The only place that reads a clock. */
#include "base/clock.h"
#include <assert.h>
#include <time.h>

static struct timespec clock_read(clockid_t id)
{
	struct timespec t;
	int rc = clock_gettime(id, &t);

	assert(rc == 0); /* these exist on every Linux */
	return t;
}

int64_t clock_wall_ms(void)
{
	struct timespec t = clock_read(CLOCK_REALTIME);

	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_monotonic_ns(void)
{
	struct timespec t = clock_read(CLOCK_MONOTONIC);

	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t clock_thread_ns(void)
{
	struct timespec t = clock_read(CLOCK_THREAD_CPUTIME_ID);

	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
