/* SPDX-License-Identifier: Apache-2.0 */
/* The funnel as tools ask for it: a page of customers of one shard after the other, each with when they
 * were met, which rungs they came to, whether and when they converted. What is made of it is the
 * asker's business (ctl/funnel.h). */
#ifndef KITH_DAEMON_FUNNEL_H
#define KITH_DAEMON_FUNNEL_H
#include "daemon/control.h"

/* R's JSON: { "shard": 0, "after": "anna" }, both may be left out. The answer has `rows` and, unless it
 * was the last page of the last shard, `next`: the JSON to ask with. */
void funnel_request(struct daemon *d, const struct peer *peer, const struct request *r);

#endif
