/* SPDX-License-Identifier: Apache-2.0 */
/* The only place that reads a clock. Everything else takes "now" as an argument. */
#ifndef KITH_BASE_CLOCK_H
#define KITH_BASE_CLOCK_H
#include <stdint.h>

int64_t clock_wall_ms(void);      /* Unix time, milliseconds; may jump */
int64_t clock_monotonic_ns(void); /* for intervals; never jumps */
int64_t clock_thread_ns(void);    /* processor time of the calling thread; a system call */

#endif
