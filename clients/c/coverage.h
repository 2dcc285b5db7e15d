/* SPDX-License-Identifier: Apache-2.0 */
/* Coverage: what a snapshot has told of one shard: for ranges of customers, as of which
 * notification. What came to that before is old news. Ranges with the same number are one, so a
 * quiet shard has a single one; they are dropped when the notifications have gone past them all. */
#ifndef KITH_CLIENTS_C_COVERAGE_H
#define KITH_CLIENTS_C_COVERAGE_H
#include "base/bytes.h"

struct coverage_range {
	uint64_t as_of;
	uint8_t *upto;     /* owned; the last customer of the range, NULL: everybody behind */
	size_t upto_size;
};

struct coverage {
	unsigned n;
	size_t capacity;
	struct coverage_range *ranges; /* ascending by `upto` */
	uint64_t lowest, highest;      /* as_of of any */
	bool whole;                    /* everybody has been told of */
};

/* Everybody behind the last range, up to UPTO or (DONE) to the end, is known as of AS_OF.
 * ERR_NOMEM. */
int coverage_add(struct coverage *c, struct span upto, bool done, uint64_t as_of);
/* Whether a notification with SEQUENCE about CUSTOMER is in the snapshot. Forgets everything once
 * SEQUENCE is beyond all of it. */
bool coverage_has(struct coverage *c, struct span customer, uint64_t sequence);
/* Whether everything up to SEQUENCE, of whomever, is in the snapshot. */
bool coverage_is_beyond(const struct coverage *c, uint64_t sequence);
void coverage_fini(struct coverage *c); /* may be used again */

#endif
