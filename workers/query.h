/* SPDX-License-Identifier: Apache-2.0 */
/* Answering a question on the shard's thread. */
#ifndef KITH_WORKERS_QUERY_H
#define KITH_WORKERS_QUERY_H
#include "workers/worker.h"

/* Fill Q's outputs from the open transaction. Failures go into q->rc, never into the shard. */
void query_answer(struct shard *s, struct query *q);

/* Copy the environment's names, so that the asker can read numbers. */
int query_names(struct shard *s, struct query *q);

/* The durable subscriptions the shard knows, into q->texts. */
int query_subscriptions(struct shard *s, struct query *q);

#endif
