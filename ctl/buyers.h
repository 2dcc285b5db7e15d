/* SPDX-License-Identifier: Apache-2.0 */
/* Buyers: of each customer the first and last day with a purchase and how many there were, from a
 * file of events or from a store that no daemon has. What a fit needs, and no more. */
#ifndef KITH_CTL_BUYERS_H
#define KITH_CTL_BUYERS_H
#include "base/bytes.h"
#include "base/err.h"
#include "fit/fit.h"

#define DAY_NONE INT32_MIN

struct buyer {
	uint64_t hash;      /* of the id */
	size_t name;        /* where the id begins in `names`, NUL-ended */
	double days;        /* different days with a purchase, at least 1 */
	double first, last; /* days since 1970; whole ones from a file */
};

struct buyers {
	struct buyer *rows; /* owned; in the order of their hashes, so as good as shuffled */
	size_t n, capacity;
	struct buf names;
	double until;       /* up to when they were watched */
	uint64_t skipped;   /* lines that are no event, rows that cannot be read */
};

void buyers_fini(struct buyers *b);

/* Read PATH ("-": standard input) as `kith send` does; MAP may be NULL. Purchases of nothing
 * (amount 0) are none. Days are those of ZONE_NAME (NULL: the mapping's zone, else UTC).
 * UNTIL_DAY: the last day that counts, DAY_NONE for the last one with a purchase. */
struct mapping;
int buyers_from_file(struct buyers *b, const char *path, const struct mapping *map,
	const char *zone_name, int32_t until_day, struct complaint *c);
/* Read the facts of the store in DIR, watched until its clock. */
int buyers_from_store(struct buyers *b, const char *dir, struct complaint *c);

/* The first MOST of them as histories, folded; 0 or ERR_NOMEM. */
int buyers_histories(const struct buyers *b, size_t most, struct histories *ret);

/* ---- for the readers */

int buyers_add(struct buyers *b, const struct buyer *row);
/* Append ID to `names`; returns where. Check names.failed at the end. */
size_t buyers_name(struct buyers *b, struct span id);
void buyers_sort(struct buyers *b);
static inline const char *buyer_name(const struct buyers *b, const struct buyer *row)
{
	return (const char *)b->names.data + row->name;
}

#endif
