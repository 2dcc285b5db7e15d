/* SPDX-License-Identifier: Apache-2.0 */
/* Fold: what one event or message does to its customer. */
#ifndef KITH_WORKERS_FOLD_H
#define KITH_WORKERS_FOLD_H
#include "workers/settle.h"

/* Fold one event that the guard let through, or a message, that happened AT_MS, into s->customer,
 * which has been loaded by RC; announce, tell others, and save. ERR_CORRUPT: the record is
 * damaged. */
int shard_fold(struct shard *s, const struct cause *why, int64_t at_ms, int rc);

#endif
