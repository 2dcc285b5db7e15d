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

/* The calling thread, and those that it starts from now on, run for microseconds and then wait: who
 * has the processor gives it up for them at once, and not at its next tick. False: for whoever works
 * on, as threads are by themselves.
 *
 * Note "prompt". Fair scheduling gives a thread that wakes up the processor only if it would have
 * had to give it up sooner than who has it. All have the same slice, some milliseconds, unless they
 * ask for another one; so whoever sends receipts waited for whoever applies events, up to the next
 * tick, which may be 4 ms away. Linux takes a slice with SCHED_OTHER since 6.12; before, it does
 * nothing, nor with a thread that is not ordinary. */
void thread_is_prompt(bool prompt);

/* Wait for NS nanoseconds, or until a signal comes. */
void thread_rest(int64_t ns);

#endif
