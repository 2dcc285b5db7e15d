/* SPDX-License-Identifier: Apache-2.0 */
/* Orders: CSV records gathered into orders, and orders made into events.
 *
 * Lines of one order (the same group_by columns and customer) become one event, whose amount is
 * their exact sum. They need not be adjacent, but near: an order is closed when lines of
 * ORDERS_OPEN others have come since its last. Without group_by each record is an order. */
#ifndef KITH_CTL_ORDERS_H
#define KITH_CTL_ORDERS_H
#include "ctl/csv.h"
#include "ctl/plan.h"

#define ORDERS_OPEN 8

struct order {
	bool used;
	uint64_t touched;     /* when its last line came, in lines */
	struct buf key;
	struct buf texts;     /* of its first record */
	struct record first;
	struct span *fields;  /* first.fields; plan.columns of them, owned */
	struct decimal total;
	bool bad;             /* a line of it was: no part of it is sent */
	struct misfit misfit;
};

struct orders {
	const struct plan *plan; /* the caller's */
	uint64_t lines;
	struct order open[ORDERS_OPEN];
};

/* One event, or why there is none. */
struct order_result {
	int64_t line;         /* of the order's first record */
	bool bad;
	struct misfit misfit; /* when bad */
	struct buf json;      /* the event; owned by whoever made the struct, kept between calls */
};

void orders_init(struct orders *o, const struct plan *plan);
void orders_fini(struct orders *o);

/* Take one record. True when an order is closed by it, and OUT says what became of that. */
bool orders_take(struct orders *o, const struct record *r, struct order_result *out);
/* At the end: the next order that is still open; false when none is left. */
bool orders_finish(struct orders *o, struct order_result *out);

#endif
