/* SPDX-License-Identifier: Apache-2.0 */
/* Counting allocations: linked into a program, alloc_count.c takes the place of the C library's
 * malloc for everything in the process, shared libraries included. */
#ifndef KITH_BENCH_ALLOC_COUNT_H
#define KITH_BENCH_ALLOC_COUNT_H
#include <stdint.h>

struct alloc_count {
	uint64_t calls; /* of malloc, calloc, realloc, aligned ones, since the start */
	uint64_t bytes; /* asked for */
};
/* Of all threads; exact while the others rest. */
struct alloc_count alloc_count(void);

#endif
