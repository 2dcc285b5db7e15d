/* SPDX-License-Identifier: Apache-2.0 */
/* Reservoir: a uniform sample of customers' past, drawn while they pass by once.
 *
 * Of those that were offered each is in it with the same chance, however many came (Vitter 1985,
 * algorithm R). Which ones follows from the seed. What a fit needs of them, and no more. */
#ifndef KITH_LIFECYCLE_RESERVOIR_H
#define KITH_LIFECYCLE_RESERVOIR_H
#include <stdint.h>

/* About 2,000 are enough for four parameters; as many again cost half a second of a fit. */
#define RESERVOIR_ROWS 4000

/* Times in days. */
struct sampled {
	double x, tx, t; /* purchase days after the first; first to last; first to the end */
	double money;    /* spent less what was refunded, in minor units */
};

struct reservoir {
	uint64_t seen;   /* how many were offered */
	uint64_t state;  /* of the random numbers */
	uint32_t n;      /* how many are in it */
	struct sampled rows[RESERVOIR_ROWS];
};

void reservoir_init(struct reservoir *r, uint64_t seed);
void reservoir_add(struct reservoir *r, const struct sampled *row);

#endif
