/* SPDX-License-Identifier: Apache-2.0 */
/* Sweep: judge everybody again, a few with each TIME input, in key order from a cursor that is part
 * of the store.
 *
 * For what changes everybody's standing at once: whoever has an event or a deadline is brought up
 * to date by customer_settle(), the sweep comes to all others and calls just that. There is one
 * sweep, with the reasons why it goes on; a reason that comes while it is under way sends it back
 * to the first customer, since those it has passed do not know of it. Whom it visits twice is
 * judged the same twice. */
#ifndef KITH_WORKERS_SWEEP_H
#define KITH_WORKERS_SWEEP_H
#include "workers/shard.h"

/* Bits; on disk, never reused. */
enum sweep_reason {
	SWEEP_LIFECYCLE = 1, /* another lifecycle file */
	SWEEP_MARKET = 2,    /* market signals have changed */
	SWEEP_PARAMETERS = 4, /* cut-offs or a fitted rhythm have */
};

/* Go through everybody because of REASON. */
int sweep_begin(struct shard *s, enum sweep_reason reason);
static inline bool sweep_is_on(const struct shard *s)
{
	return s->sweep.reasons != 0;
}
/* Settle the next IN->pace.sweep customers. */
int sweep_step(struct shard *s, const struct input *in, struct outcome *out);
int sweep_load(struct shard *s);
int sweep_store(struct shard *s);

#endif
