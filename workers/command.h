/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of an operator, applied by each shard to its own share. */
#ifndef KITH_WORKERS_COMMAND_H
#define KITH_WORKERS_COMMAND_H
#include "workers/shard.h"

/* Obey IN's command. What it cannot obey (a customer or a rule that is not here) is told by
 * OUT->refused and changes nothing. 0, or the environment's error. */
int command_apply(struct shard *s, const struct input *in, struct outcome *out);

#endif
