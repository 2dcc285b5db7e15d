/* SPDX-License-Identifier: Apache-2.0 */
/* Failing: for how long a receiver has done nothing but fail. Pure: both clocks are arguments.
 *
 * Within a run it is counted by the monotonic clock, so that a wall clock that jumps makes no
 * failure older. What outlives the process is an instant of the wall clock, which is set anew when
 * the two disagree. The time in which the machine slept does not count. */
#ifndef KITH_DAEMON_WEBHOOK_FAILING_H
#define KITH_DAEMON_WEBHOOK_FAILING_H
#include <stdbool.h>
#include <stdint.h>

#define FAILING_JUMP_MS INT64_C(60000) /* by less the two clocks may differ: slewing */

struct failing {
	int64_t since_ms;  /* Unix; 0: it does not fail. This is what is stored */
	int64_t before_ms; /* that it had failed at … */
	int64_t at_ns;     /* … this monotonic instant */
};

/* It failed since SINCE_MS (0: it did not) when the process before ended. */
void failing_load(struct failing *f, int64_t since_ms, int64_t now_ms, int64_t now_ns);
/* It has failed, once more or for the first time. Returns for how long already, in ms; sets
 * *RET_CHANGED when since_ms became another. */
int64_t failing_note(struct failing *f, int64_t now_ms, int64_t now_ns, bool *ret_changed);

#endif
