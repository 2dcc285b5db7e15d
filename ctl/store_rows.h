/* SPDX-License-Identifier: Apache-2.0 */
/* Store rows: two environments compared row by row, through files. */
#ifndef KITH_CTL_STORE_ROWS_H
#define KITH_CTL_STORE_ROWS_H
#include <stdio.h>
#include "store/env.h"

struct rows_compared {
	uint64_t rows;      /* of the first */
	uint64_t missing;   /* in the first, not in the second */
	uint64_t extra;     /* in the second only */
	uint64_t different; /* in both, with other values */
};

/* Compare A with B. Subscriptions are compared by name only: what a subscriber has acknowledged
 * is not in the journal. The first few differences go to OUT. 0, or an error of either. */
int rows_compare(struct env *a, struct env *b, FILE *out, struct rows_compared *ret);

#endif
