/* SPDX-License-Identifier: Apache-2.0 */
/* Histogram: latencies in nanoseconds, relative error below 1 %, no allocation. */
#ifndef KITH_BENCH_HISTOGRAM_H
#define KITH_BENCH_HISTOGRAM_H
#include <stdint.h>

#define HISTOGRAM_SUB 128u
struct histogram {
	uint64_t count[58 * HISTOGRAM_SUB];
	uint64_t n, max;
};

static inline void histogram_add(struct histogram *h, uint64_t v)
{
	unsigned shift = v < HISTOGRAM_SUB ? 0 : 63u - (unsigned)__builtin_clzll(v) - 7u;
	unsigned i = v < HISTOGRAM_SUB ? (unsigned)v :
		(shift + 1) * HISTOGRAM_SUB + (unsigned)((v >> shift) - HISTOGRAM_SUB);

	h->count[i]++;
	h->n++;
	if (v > h->max)
		h->max = v;
}

/* The middle of the bucket in which the Q-quantile lies. */
static inline double histogram_quantile(const struct histogram *h, double q)
{
	uint64_t wanted = (uint64_t)(q * (double)h->n) + 1, seen = 0;

	for (unsigned i = 0; i < 58 * HISTOGRAM_SUB; i++) {
		seen += h->count[i];
		if (h->n && seen >= wanted) {
			unsigned shift = i < HISTOGRAM_SUB ? 0 : i / HISTOGRAM_SUB - 1;

			if (i < HISTOGRAM_SUB)
				return i;
			return (double)(((uint64_t)(i % HISTOGRAM_SUB) + HISTOGRAM_SUB) << shift) +
				(double)(UINT64_C(1) << shift) / 2;
		}
	}
	return (double)h->max;
}

#endif
