/* SPDX-License-Identifier: Apache-2.0 */
/* Subscriptions as a shard keeps them: a row a name with what it has acknowledged here, and of a
 * webhook the letters that could not be delivered yet. */
#ifndef KITH_WORKERS_SUBSCRIPTION_H
#define KITH_WORKERS_SUBSCRIPTION_H
#include "workers/shard.h"

/* INPUT_SUBSCRIPTION: open (a name that is there keeps its place) or forget. Shard 0 announces a
 * webhook that has been paused by its failures: webhook.paused. */
int subscription_apply(struct shard *s, const struct input *in, struct outcome *out);
/* INPUT_LETTERS: those of its changes that are this shard's. Changes of a name that has been
 * forgotten meanwhile are passed over. */
int letters_apply(struct shard *s, const struct input *in);

#endif
