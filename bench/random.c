/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers and Zipf ranks. */
#include <math.h>
#include "bench/random.h"

static uint64_t splitmix(uint64_t *x)
{
	uint64_t z = *x += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

void random_seed_with(struct random *r, uint64_t seed)
{
	for (unsigned i = 0; i < 4; i++)
		r->s[i] = splitmix(&seed);
}

/* xoshiro256** (Blackman & Vigna 2018) */
uint64_t random_next(struct random *r)
{
	uint64_t *s = r->s, m = s[1] * 5, result = (m << 7 | m >> 57) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = s[3] << 45 | s[3] >> 19;
	return result;
}

double random_unit(struct random *r)
{
	return (double)(random_next(r) >> 11) * 0x1p-53;
}

uint64_t random_below(struct random *r, uint64_t n)
{
	return (uint64_t)(((unsigned __int128)random_next(r) * n) >> 64);
}

/* The approximation of Gray et al., "Quickly generating billion-record synthetic databases",
 * SIGMOD 1994, section 3. The sum over all ranks is exact up to a million; beyond, the rest is
 * the integral, by the midpoint rule: right to 1e-9. */
void zipf_init(struct zipf *z, uint64_t n, double theta)
{
	uint64_t exact = n < 1000000 ? n : 1000000;

	z->n = n;
	z->theta = theta;
	z->zeta = 0;
	if (theta <= 0)
		return;
	for (uint64_t i = 1; i <= exact; i++)
		z->zeta += pow(1.0 / (double)i, theta);
	if (exact < n)
		z->zeta += (pow((double)n + 0.5, 1 - theta) - pow((double)exact + 0.5, 1 - theta)) /
			(1 - theta);
	z->alpha = 1 / (1 - theta);
	z->half = 1 + pow(0.5, theta);
	z->eta = (1 - pow(2 / (double)n, 1 - theta)) / (1 - z->half / z->zeta);
}

uint64_t zipf_next(const struct zipf *z, struct random *r)
{
	double u, uz;
	uint64_t rank;

	if (z->theta <= 0)
		return random_below(r, z->n);
	u = random_unit(r);
	uz = u * z->zeta;
	if (uz < 1)
		return 0;
	if (uz < z->half)
		return 1;
	rank = (uint64_t)((double)z->n * pow(z->eta * u - z->eta + 1, z->alpha));
	return rank < z->n ? rank : z->n - 1;
}
