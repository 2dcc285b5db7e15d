/* SPDX-License-Identifier: Apache-2.0 */
/* Writeback: what a flush has written reaches the device a slice at a time.
 *
 * The journal and the environments share a device, and a device answers in order: an fdatasync of
 * the journal that comes behind 30 MiB of a checkpoint waits for all of them, 20 ms here, and with
 * it each receipt. LMDB writes a commit's pages into the page cache and then calls fdatasync()
 * once. So this file defines fdatasync() for the process. In a thread that paces itself it first
 * has the file's dirty pages written slice by slice, waiting for each, and what others want of the
 * device comes in between; then it calls the system's own, which has little left to do. In all
 * other threads it is the system's own. */
#ifndef KITH_STORE_WRITEBACK_H
#define KITH_STORE_WRITEBACK_H
#include <stdatomic.h>
#include <stdint.h>

/* Nobody waits for the end of it; somebody will; somebody does. */
enum haste { HASTE_NONE, HASTE_SOON, HASTE_NOW };

/* From here on the calling thread's fdatasync() goes in slices. They are short ones, one at a time of
 * the process, with as long a rest after each; longer ones without a rest once *HASTE is HASTE_SOON;
 * and with HASTE_NOW all that is left goes at once: a device that has much to choose from writes a
 * fifth more where pages lie alone. NULL: at once, as at first. */
void writeback_pace(const atomic_int *haste);

/* How many bytes of a file the next slice spans when one of BYTES took TOOK_NS: as many as the
 * device writes in about AIM_NS. */
#define WRITEBACK_SHORT_NS    INT64_C(1000000)
#define WRITEBACK_LONG_NS     INT64_C(8000000)
#define WRITEBACK_SLICE_FIRST (UINT64_C(256) << 10)
#define WRITEBACK_SLICE_LEAST (UINT64_C(64) << 10)
#define WRITEBACK_SLICE_MOST  (UINT64_C(4) << 20) /* for each millisecond of AIM_NS */
uint64_t writeback_next_slice(uint64_t bytes, int64_t took_ns, int64_t aim_ns);

#endif
