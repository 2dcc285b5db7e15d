/* SPDX-License-Identifier: Apache-2.0 */
/* Seek: where in a shard's outbox a time stands. */
#ifndef KITH_WORKERS_SEEK_H
#define KITH_WORKERS_SEEK_H
#include "workers/shard.h"

/* The position behind which begins what came to light at FROM_MS or later: the newest when
 * nothing did, and the one before the oldest kept when all of it did. By binary search, as what
 * comes to light does so in order; if the clock was set back in between, somewhere near. */
int outbox_seek(struct shard *s, int64_t from_ms, uint64_t *ret_position);
/* When the first notification kept from SEQUENCE on came to light; ERR_NOTFOUND when there is
 * none. */
int outbox_time(struct shard *s, uint64_t sequence, int64_t *ret_ms);

#endif
