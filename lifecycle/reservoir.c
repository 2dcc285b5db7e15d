/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing without knowing how many will come. */
#include "lifecycle/reservoir.h"

/* Splitmix64 (Steele, Lea & Flood 2014). */
static uint64_t draw(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

void reservoir_init(struct reservoir *r, uint64_t seed)
{
	r->seen = 0;
	r->state = seed;
	r->n = 0;
}

void reservoir_add(struct reservoir *r, const struct sampled *row)
{
	uint64_t at = r->seen++;

	/* The remainder favours small numbers by less than one in 2^40 for a billion customers. */
	if (r->n < RESERVOIR_ROWS)
		at = r->n++;
	else
		at = draw(&r->state) % r->seen;
	if (at < RESERVOIR_ROWS)
		r->rows[at] = *row;
}
