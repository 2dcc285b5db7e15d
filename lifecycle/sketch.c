/* SPDX-License-Identifier: Apache-2.0 */
/* Buckets by logarithm: bucket k > 0 is from SKETCH_GROWTH^(k - 1) on. */
#include <math.h>
#include "lifecycle/sketch.h"

static double edge(unsigned bucket)
{
	return bucket ? pow(SKETCH_GROWTH, bucket - 1) : 0;
}

/* The edge decides, whatever the logarithm is rounded to: who is asked "is it that much?" is asked
 * with the edge. */
static unsigned bucket_of(double value)
{
	unsigned k;

	if (!(value >= 1))
		return 0;
	k = 1 + (unsigned)fmin(log(value) / log(SKETCH_GROWTH), SKETCH_BUCKETS - 2);
	if (k + 1 < SKETCH_BUCKETS && value >= edge(k + 1))
		k++;
	else if (value < edge(k))
		k--;
	return k;
}

void sketch_add(struct sketch *s, double value)
{
	unsigned k = bucket_of(value);

	s->n++;
	s->count[k]++;
	if (value > 0)
		s->sum[k] += value;
}

double sketch_top(const struct sketch *s, double share)
{
	double wanted = ceil(share * (double)s->n), above = 0;
	unsigned k = SKETCH_BUCKETS;

	while (k > 1 && above < wanted)
		above += (double)s->count[--k];
	return above < wanted ? 0 : edge(k);
}

double sketch_top_sum(const struct sketch *s, double share)
{
	double left = share * (double)s->n, sum = 0, all = 0;

	for (unsigned k = SKETCH_BUCKETS; k-- > 0;) {
		double n = (double)s->count[k], taken = fmin(n, left);

		all += s->sum[k];
		sum += n > 0 ? s->sum[k] * taken / n : 0;
		left -= taken;
	}
	return all > 0 ? sum / all : 0;
}
