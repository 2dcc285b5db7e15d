/* SPDX-License-Identifier: Apache-2.0 */
/* Mix: which bodies events have, and how far apart a customer's events lie.
 *
 * Taken from a log (NDJSON as `kith send --print` writes it): its bodies as they are, drawn
 * with equal chance, so shares of kinds, amounts and texts are the log's; and its mean gap. Without
 * a log two neutral ones: purchases only, or what a shop sees (70 % purchases, 8 % refunds,
 * 16 % contacts, 3 % complaints, 3 % readiness), 30 days apart. */
#ifndef KITH_BENCH_MIX_H
#define KITH_BENCH_MIX_H
#include <stdbool.h>
#include <stddef.h>
#include "base/bytes.h"
#include "base/err.h"
#include "bench/random.h"

struct mix {
	double gap_ms;      /* between two events of one customer, the mean */
	uint64_t events, customers; /* of the log; 0 without one */
	unsigned n;
	struct span *bodies; /* field and content as in an encoded Event */
	uint8_t *bytes;
};
#define MIX_BODY_MAX 1024 /* bytes; longer ones of a log are left out */

int mix_read(struct mix *m, const char *path, struct complaint *c);
int mix_neutral(struct mix *m, bool purchases_only, uint64_t seed);
void mix_fini(struct mix *m);

/* Append one at random to P; returns behind it. */
static inline uint8_t *mix_put(const struct mix *m, struct random *r, uint8_t *p)
{
	struct span b = m->bodies[random_below(r, m->n)];

	memcpy(p, b.data, b.size);
	return p + b.size;
}

#endif
