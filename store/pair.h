/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs: rows under a name's number and a customer, in a table of their own: number (2, BE),
 * customer. Private to store/. */
#ifndef KITH_STORE_PAIR_H
#define KITH_STORE_PAIR_H
#include "store/table.h"

#define PAIR_NUMBER_BYTES 2

/* ERR_INVALID for no customer's id. */
int pair_put(struct env *e, enum table t, uint16_t number, struct span customer, struct span value);
int pair_get(struct env *e, enum table t, uint16_t number, struct span customer,
	struct span *ret_value);
int pair_del(struct env *e, enum table t, uint16_t number, struct span customer); /* OK when absent */
/* NUMBER's first whose customer is > AFTER (size 0: the first); ERR_NOTFOUND at its end.
 * ERR_CORRUPT with env_failed() still 0 fills the customer too. */
int pair_next(struct env *e, enum table t, uint16_t number, struct span after,
	struct span *ret_customer, struct span *ret_value);
/* The same over all numbers: the first row behind (NUMBER, AFTER). */
int pair_walk(struct env *e, enum table t, uint16_t number, struct span after,
	uint16_t *ret_number, struct span *ret_customer, struct span *ret_value);

#endif
