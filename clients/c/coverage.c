/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of customers that a snapshot has told of. */
#include <stdlib.h>
#include "base/err.h"
#include "base/room.h"
#include "clients/c/coverage.h"

/* As the store orders ids: bytes, and the shorter first. */
static int compare(struct span a, struct span b)
{
	size_t shorter = a.size < b.size ? a.size : b.size;
	int order = shorter ? memcmp(a.data, b.data, shorter) : 0;

	return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int set_upto(struct coverage_range *r, struct span upto, bool done)
{
	uint8_t *copy = NULL;

	if (!done) {
		copy = malloc(upto.size + 1);
		if (!copy)
			return ERR_NOMEM;
		memcpy(copy, upto.data, upto.size);
	}
	free(r->upto);
	r->upto = copy;
	r->upto_size = upto.size;
	return 0;
}

int coverage_add(struct coverage *c, struct span upto, bool done, uint64_t as_of)
{
	struct coverage_range *ranges;

	c->whole = done;
	if (c->n == 0 || as_of < c->lowest)
		c->lowest = as_of;
	if (c->n && c->ranges[c->n - 1].as_of == as_of)
		return set_upto(&c->ranges[c->n - 1], upto, done);
	ranges = room_for_one(c->ranges, c->n, &c->capacity, 16, sizeof *ranges);
	if (!ranges)
		return ERR_NOMEM;
	c->ranges = ranges;
	c->ranges[c->n] = (struct coverage_range){ .as_of = as_of };
	if (set_upto(&c->ranges[c->n], upto, done) != 0)
		return ERR_NOMEM;
	c->n++;
	if (as_of > c->highest)
		c->highest = as_of;
	return 0;
}

bool coverage_has(struct coverage *c, struct span customer, uint64_t sequence)
{
	unsigned low = 0, high = c->n;

	if (c->n == 0)
		return false;
	if (sequence > c->highest) {
		coverage_fini(c);
		return false;
	}
	while (low < high) { /* the first range that reaches CUSTOMER */
		unsigned middle = low + (high - low) / 2;
		const struct coverage_range *r = &c->ranges[middle];

		if (r->upto && compare(span_of(r->upto, r->upto_size), customer) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < c->n && sequence <= c->ranges[low].as_of;
}

bool coverage_is_beyond(const struct coverage *c, uint64_t sequence)
{
	return c->n && c->whole && sequence <= c->lowest;
}

void coverage_fini(struct coverage *c)
{
	for (unsigned i = 0; i < c->n; i++)
		free(c->ranges[i].upto);
	free(c->ranges);
	memset(c, 0, sizeof *c);
}
