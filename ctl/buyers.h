/* SPDX-License-Identifier: Apache-2.0 */
/* Buyers: of each customer the first and last day with a purchase, how many there were, what was spent,
 * and what tells classes apart; from a file of events or from a store that no daemon has. What a fit
 * needs, and no more. */
#ifndef KITH_CTL_BUYERS_H
#define KITH_CTL_BUYERS_H
#include "base/bytes.h"
#include "base/err.h"
#include "fit/fit.h"

#define DAY_NONE INT32_MIN

/* What classes of customers are told apart by. */
enum trait { TRAIT_ROLE, TRAIT_ACQUISITION, TRAIT_REGION, TRAIT_SEGMENT, TRAITS };
const char *trait_name(enum trait t);

struct buyer {
	uint64_t hash;      /* of the id */
	size_t name;        /* where the id begins in `names`, NUL-ended */
	double days;        /* different days with a purchase, at least 1 */
	double first, last; /* days since 1970; whole ones from a file */
	double money;       /* spent less what was refunded, in minor units */
	uint8_t class;      /* of the machine's rhythms: 1 + its place in the file; 0 none */
	size_t trait[TRAITS]; /* in `names`; 0: not told, which is an empty text */
};

struct buyers {
	struct buyer *rows; /* owned; in the order of their hashes, so as good as shuffled */
	size_t n, capacity;
	struct buf names;
	struct machine *machine; /* owned: whose classes, and what is in force; NULL none */
	double until;       /* up to when they were watched */
	uint64_t skipped;   /* lines that are no event, rows that cannot be read */
};

void buyers_fini(struct buyers *b);

/* Read PATH ("-": standard input) as `kith send` does; MAP may be NULL. Purchases of nothing
 * (amount 0) are none. Days are those of ZONE_NAME (NULL: the mapping's zone, else UTC).
 * UNTIL_DAY: the last day that counts, DAY_NONE for the last one with a purchase. Classes are those of
 * B's machine, which is set before. */
struct mapping;
int buyers_from_file(struct buyers *b, const char *path, const struct mapping *map,
	const char *zone_name, int32_t until_day, struct complaint *c);
/* Read the facts of the store in DIR, watched until its clock. B's machine becomes that of the file and
 * the parameters in force there. */
int buyers_from_store(struct buyers *b, const char *dir, struct complaint *c);

#define CLASS_ANY (-1)
/* The first MOST of a class, or of all, as histories, folded; 0 or ERR_NOMEM. */
int buyers_histories(const struct buyers *b, int class, size_t most, struct histories *ret);
/* The first MOST of all as spenders; likewise. */
struct spenders;
int buyers_spenders(const struct buyers *b, size_t most, struct spenders *ret);

/* ---- for the readers */

int buyers_add(struct buyers *b, const struct buyer *row);
/* Append ID to `names`; returns where, never 0. Check names.failed at the end. */
size_t buyers_name(struct buyers *b, struct span id);
void buyers_sort(struct buyers *b);
/* Set ROW's class and traits by what is known of the customer. */
struct facts;
void buyer_classify(struct buyers *b, struct buyer *row, const struct facts *f);
static inline const char *buyer_name(const struct buyers *b, const struct buyer *row)
{
	return (const char *)b->names.data + row->name;
}
static inline const char *buyer_trait(const struct buyers *b, const struct buyer *row, enum trait t)
{
	return (const char *)b->names.data + row->trait[t];
}

#endif
