/* SPDX-License-Identifier: Apache-2.0 */
/* Influence: customers who bring customers.
 *
 * A referral of X that names Y tells Y (who has a source and a `referred_by` then: the earliest
 * referral wins). Y credits who brought them in while they are a buyer: at least one purchase, and
 * not all of it given back. The credit is a function of Y's facts. So it is sent when an event or
 * a message makes it, taken back when one unmakes it (a sale that is wholly refunded; an earlier
 * referral by somebody else that came late), and any order of the same events ends with the
 * same credits. Several ids of one person give one credit, and none to themselves. */
#ifndef KITH_WORKERS_INFLUENCE_H
#define KITH_WORKERS_INFLUENCE_H
#include "workers/settle.h"

/* Whom a customer's buying is credited to; size 0: nobody. */
struct credit {
	uint8_t size;
	uint8_t id[EVENT_CUSTOMER_MAX];
};
/* What C gives as it is now. An id that is merged gives none: the person does. */
int influence_credit(struct shard *s, const struct customer *c, struct credit *ret_credit);

/* Tell others what WHY, which has changed C's facts, means for them. BEFORE: the credit that C
 * gave until then. */
int influence_spread(struct shard *s, const struct customer *c, const struct credit *before,
	const struct cause *why);

#endif
