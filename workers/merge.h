/* SPDX-License-Identifier: Apache-2.0 */
/* Merge: an operator says that two ids are one person, or that they are not. */
#ifndef KITH_WORKERS_MERGE_H
#define KITH_WORKERS_MERGE_H
#include "workers/shard.h"

/* NULL, or why ID cannot become another id of HEAD, both known and not the same. */
const char *merge_complaint(const struct customer *id, const struct customer *head);

/* COMMAND_MERGE: the customer is another id of `other` from now on. COMMAND_UNMERGE: no more. Each
 * shard does the part of whoever is its own. The main thread has asked both before, and lets one
 * such command at a time into the journal, so what is refused here changes nothing in either.
 * OUT->refused: neither is here, or it cannot be. */
int merge_apply(struct shard *s, const struct input *in, struct outcome *out);

#endif
