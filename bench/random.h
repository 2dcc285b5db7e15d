/* SPDX-License-Identifier: Apache-2.0 */
/* Random: the same numbers for the same seed, on every machine. */
#ifndef KITH_BENCH_RANDOM_H
#define KITH_BENCH_RANDOM_H
#include <stdint.h>

struct random {
	uint64_t s[4];
};
void random_seed_with(struct random *r, uint64_t seed);
uint64_t random_next(struct random *r);
double random_unit(struct random *r); /* [0, 1) */
uint64_t random_below(struct random *r, uint64_t n); /* [0, n), n > 0 */

/* Ranks 0..n-1, the lower the likelier: the k-th comes up in proportion to 1 / k^theta. */
struct zipf {
	uint64_t n;
	double theta; /* 0 <= theta < 1; 0: uniform */
	double zeta, eta, alpha, half;
};
void zipf_init(struct zipf *z, uint64_t n, double theta);
uint64_t zipf_next(const struct zipf *z, struct random *r);

#endif
