/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the table `held`; private to hold*.c. */
#ifndef KITH_WORKERS_HOLD_ROWS_H
#define KITH_WORKERS_HOLD_ROWS_H
#include "workers/hold.h"
#include "workers/settle.h"

#define SNOOZE_NAME "snooze" /* the type of the row that says until when */

/* The row of TYPE, when there is one that waits or cools; a damaged one counts as none. */
int held_row_get(struct shard *s, const struct customer *c, uint16_t type, struct held *ret,
	bool *ret_there);
int held_row_put(struct shard *s, struct customer *c, uint16_t type, const struct held *h);
int held_row_del(struct shard *s, const struct customer *c, uint16_t type, const struct held *h);
bool held_row_waits(const struct held *h); /* to be announced, that is */
/* C is looked at again at UNTIL_MS (0: no), or before. */
void held_wake_at(struct customer *c, int64_t until_ms);
/* CH, a reason, is told while "at risk" still waits for another one: then that is told as well. */
int hold_tell_at_risk(struct shard *s, struct customer *c, const struct change *ch,
	const struct cause *why);

/* Why a risk of C that is raised at AT_MS has to wait; a crossing: as what made it. RET->why and
 * until_ms stay as they are when it need not. */
int hold_risk_waits(struct shard *s, const struct customer *c, uint16_t type, int64_t at_ms,
	struct held *ret);
int hold_crossing_waits(struct shard *s, const struct customer *c, const struct change *ch,
	struct held *ret);
/* All that is held of C for its source, in the order in which it would have been told; TYPE's row
 * is gone or held for another reason then, whatever it was. */
int hold_release_source(struct shard *s, struct customer *c, uint16_t type,
	const struct cause *why);

#endif
