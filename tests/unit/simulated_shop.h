/* SPDX-License-Identifier: Apache-2.0 */
/* A simulated shop: customers whose parameters one knows. */
#ifndef KITH_TESTS_SIMULATED_SHOP_H
#define KITH_TESTS_SIMULATED_SHOP_H
#include <math.h>
#include "lifecycle/rhythm.h"
#include "random_event.h"

static inline double uniform(struct random *r)
{
	return ((double)(random_next(r) >> 11) + .5) / 9007199254740992.0;
}

/* By the sum of 12, which is normal enough here. */
static inline double normal(struct random *r)
{
	double sum = -6;

	for (int i = 0; i < 12; i++)
		sum += uniform(r);
	return sum;
}

/* Marsaglia & Tsang (2000). */
static inline double gamma_of(struct random *r, double shape)
{
	double d = shape + (shape < 1) - 1.0 / 3, v, x;

	do {
		x = normal(r);
		v = pow(1 + x / sqrt(9 * d), 3);
	} while (v <= 0 || log(uniform(r)) > x * x / 2 + d - d * v + d * log(v));
	return d * v * (shape < 1 ? pow(uniform(r), 1 / shape) : 1);
}

/* Watched for 300 to 700 days. All in days, as M's alpha. */
static inline void simulated_customer(struct random *r, const struct rhythm *m, double *ret_x,
	double *ret_tx, double *ret_t)
{
	double rate = gamma_of(r, m->r) / m->alpha, end = 300 + 400 * uniform(r), t = 0, last = 0;
	double stays = gamma_of(r, m->b), leaves = m->a > 0 ? gamma_of(r, m->a) : 0, x = 0;

	while (uniform(r) >= leaves / (leaves + stays)) {
		t -= log(uniform(r)) / rate;
		if (t > end)
			break;
		last = t;
		x++;
	}
	*ret_x = x;
	*ret_tx = last;
	*ret_t = end;
}

#endif
