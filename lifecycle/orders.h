/* SPDX-License-Identifier: Apache-2.0 */
/* Orders: the latest purchases and refunds of a customer. They stay as they are packed, since a purchase
 * mostly is put in front and pushes the oldest out; one by one they are only for what is more. */
#ifndef KITH_LIFECYCLE_ORDERS_H
#define KITH_LIFECYCLE_ORDERS_H
#include "lifecycle/facts_parts.h"

/* A purchase, or a refund of one. */
struct facts_order {
	int64_t time_ms;
	int64_t amount;
	int64_t margin;   /* 0 without has_margin */
	int32_t day;      /* of a purchase: the calendar day it counts for; of a refund 0 */
	uint32_t order;   /* hash of the order's id */
	bool refund;
	bool has_margin;
	bool undone;      /* its order is cancelled: it counts for nothing */
};

struct orders {
	unsigned n;
	struct facts_order order[2 * FACTS_ORDERS_MAX]; /* latest first, by order_compare() */
};

/* Later is greater. */
int order_compare(const struct facts_order *a, const struct facts_order *b);
/* One by one, and back: at most FACTS_ORDERS_MAX. */
void orders_open(const struct facts *f, struct orders *ret);
void orders_close(struct facts *f, const struct orders *os);
/* Put O where it belongs, when it is alone in its order, and pushes out no more than the oldest, which
 * is not undone. False, and nothing done, when it is not so. */
bool orders_put_alone(struct facts *f, const struct facts_order *o);
/* Remember what is kept no longer. */
void settled_tell(struct facts *f, int64_t first_ms, int64_t last_ms, int32_t last_day);

#endif
