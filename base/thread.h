/* SPDX-License-Identifier: Apache-2.0 */
/* Thread: what the kernel is told of the calling thread. All of it is advice: where the kernel does
 * not take it, nothing is different but the time. */
#ifndef KITH_BASE_THREAD_H
#define KITH_BASE_THREAD_H
#include <stdbool.h>
#include <stdint.h>

/* NAME as `top -H` and `perf` show it, cut after 15 bytes. */
void thread_is(const char *name);

/* Whether the calling thread is scheduled as threads are, SCHED_OTHER. Otherwise somebody who started
 * the process has chosen how, and that stays. */
bool thread_is_ordinary(void);

/* How long the calling thread, and those that it starts from now on, run before they wait.
 *
 * Note "slices". Fair scheduling gives a thread that wakes up the processor only if it would have
 * had to give it up sooner than who has it. All have the same slice, some milliseconds, unless they
 * ask for another one; so whoever sends receipts waited for whoever applies events, up to the next
 * tick, which may be 4 ms away; and whoever applies them for whoever flushes, sends, or is somebody
 * else. Who has a shorter slice than who has the processor gets it at once. Linux takes a slice
 * with SCHED_OTHER since 6.12; before, it does nothing, nor with a thread that is not ordinary. */
enum thread_pace {
	THREAD_STEADY,  /* works on, as threads do by themselves */
	THREAD_BRISK,   /* has a batch to do that somebody waits for */
	THREAD_PROMPT   /* has microseconds to do */
};
void thread_pace(enum thread_pace pace);

/* Wait for NS nanoseconds, or until a signal comes. */
void thread_rest(int64_t ns);

#endif
