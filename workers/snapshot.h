/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshot: who stands where, a page at a time, in the order of the customers' ids.
 *
 * Note "as of". A page is read from the open transaction between two inputs, so it holds exactly
 * what all notifications of the shard up to the newest one then, its `as_of`, have announced of
 * the customers it speaks of; those are all from behind `after` up to `upto`, whether they have a
 * row or not. Whoever drops what is told of them under a number up to `as_of`, and applies what
 * comes under higher ones, is exact, however long the next page takes and whatever crashes
 * meanwhile: replaying gives the same numbers, so a page stays true. Nothing is kept here between
 * two pages; the one who asks has the cursor. */
#ifndef KITH_WORKERS_SNAPSHOT_H
#define KITH_WORKERS_SNAPSHOT_H
#include "workers/worker.h"

/* Looked at for one page: a millisecond or so. Who is not asked for costs the same. */
#define SNAPSHOT_LOOK_MAX 512
#define SNAPSHOT_BYTES (256u << 10)

/* QUERY_SNAPSHOT: Q's key is the customer to begin behind, `filter` may be NULL. */
int snapshot_read(struct shard *s, struct query *q);

#endif
