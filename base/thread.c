/* SPDX-License-Identifier: Apache-2.0 */
/* Threads, as the kernel sees them. */
#include <sched.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "base/thread.h"

static const uint64_t slice_ns[] = {
	[THREAD_BRISK] = 400000,
	[THREAD_PROMPT] = 100000, /* the shortest that Linux takes */
};

/* As linux/sched/types.h has it in its first version; libc has neither it nor the call. */
struct attributes {
	uint32_t size, policy; /* 0 is SCHED_OTHER */
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

void thread_is(const char *name)
{
	(void)prctl(PR_SET_NAME, name);
}

bool thread_is_ordinary(void)
{
	return sched_getscheduler(0) == SCHED_OTHER;
}

void thread_pace(enum thread_pace pace)
{
	struct attributes a = { .size = sizeof a, .nice = getpriority(PRIO_PROCESS, 0),
		.runtime = slice_ns[pace] };

	if (!thread_is_ordinary())
		return;
	(void)syscall(SYS_sched_setattr, 0, &a, 0);
}

void thread_rest(int64_t ns)
{
	struct timespec t = { ns / 1000000000, ns % 1000000000 };

	if (ns > 0)
		(void)nanosleep(&t, NULL);
}
