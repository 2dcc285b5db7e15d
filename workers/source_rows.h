/* SPDX-License-Identifier: Apache-2.0 */
/* The sources a shard watches, in memory and as rows; private to source*.c. */
#ifndef KITH_WORKERS_SOURCE_ROWS_H
#define KITH_WORKERS_SOURCE_ROWS_H
#include "workers/settle.h"

/* Watch NAME, which nobody does yet, from NOW_MS on; *RET NULL: there is no room. */
int source_make(struct shard *s, struct span name, int64_t now_ms, struct source_watch **ret);
/* Forget W, row and all; it is freed. */
int source_drop(struct shard *s, struct source_watch *w);

#endif
