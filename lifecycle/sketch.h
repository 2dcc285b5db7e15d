/* SPDX-License-Identifier: Apache-2.0 */
/* Sketch: how many customers are worth how much, in buckets whose edges grow by 2 %, so that a rank
 * over all is found without sorting anybody.
 *
 * Counts are exact, in whatever order values come; only where in its bucket a value lies is not
 * known. What is below 1 is in the first bucket. */
#ifndef KITH_LIFECYCLE_SKETCH_H
#define KITH_LIFECYCLE_SKETCH_H
#include <stdint.h>

#define SKETCH_GROWTH  1.02
#define SKETCH_BUCKETS 1792 /* up to 2e15 */

struct sketch {
	uint64_t n;
	uint64_t count[SKETCH_BUCKETS];
	double sum[SKETCH_BUCKETS]; /* of what is above 0 */
};

void sketch_add(struct sketch *s, double value);
/* The value that the best SHARE of all reach, and no more of them than a bucket's width allows: at
 * least ceil(SHARE n) have it or more. 0 when SHARE takes in the first bucket. */
double sketch_top(const struct sketch *s, double share);
/* What part of the sum of all the best SHARE has, 0 to 1; 0 of nothing. */
double sketch_top_sum(const struct sketch *s, double share);

#endif
