/* SPDX-License-Identifier: Apache-2.0 */
/* Announce: a change of a customer's standing, as a notification with its number in the outbox, and
 * as an entry in the customer's history. */
#ifndef KITH_WORKERS_ANNOUNCE_H
#define KITH_WORKERS_ANNOUNCE_H
#include "workers/settle.h"

/* Give N its number, its instant and its cause, encode it and put it into the outbox and WHY's
 * outcome. Everything else of N is the caller's, who need not fill those. */
int notification_emit(struct shard *s, struct notification *n, const struct cause *why,
	uint64_t *ret_sequence);
/* Announce CH unless it is told to nobody, and write it into the history and C's trail. */
int change_record(struct shard *s, struct customer *c, const struct change *ch,
	const struct cause *why);
/* Take back CH, which was announced under the number RETRACTS (0: to nobody) and was not so: the
 * rule's tests come with it as they are by the facts that C has, those known of that instant. */
int change_retract(struct shard *s, struct customer *c, const struct change *ch,
	uint64_t retracts, const struct cause *why);

/* Announce CH of C, which was recorded earlier and held as H: its history entry gets the number.
 * "At risk" may be told with a later instant and another reason than those for which it was held. */
int change_announce_late(struct shard *s, struct customer *c, const struct change *ch,
	uint16_t type, const struct held *h, const struct cause *why);

#endif
