/* SPDX-License-Identifier: Apache-2.0 */
/* Index: linear probing, half empty, without tombstones. */
#include "daemon/index.h"
#include <stdlib.h>
#include <string.h>
#include "base/err.h"

#define FIRST_SLOTS 16u

static void take(struct index_slot *slots, uint32_t mask, struct index_slot s)
{
	uint32_t i = (uint32_t)s.hash & mask;

	while (slots[i].item)
		i = (i + 1) & mask;
	slots[i] = s;
}

static int grow(struct index *x)
{
	uint32_t n = x->slots ? 2 * (x->mask + 1) : FIRST_SLOTS;
	struct index_slot *slots = n ? calloc(n, sizeof *slots) : NULL;

	if (!slots)
		return ERR_NOMEM;
	for (uint32_t i = 0; x->slots && i <= x->mask; i++)
		if (x->slots[i].item)
			take(slots, n - 1, x->slots[i]);
	free(x->slots);
	x->slots = slots;
	x->mask = n - 1;
	return 0;
}

int index_add(struct index *x, uint64_t hash, void *item)
{
	if ((!x->slots || 2 * x->used > x->mask) && grow(x) != 0)
		return ERR_NOMEM;
	take(x->slots, x->mask, (struct index_slot){ hash, item });
	x->used++;
	return 0;
}

void index_del(struct index *x, uint64_t hash, const void *item)
{
	uint32_t hole = (uint32_t)hash & x->mask;

	if (!x->slots)
		return;
	while (x->slots[hole].item != item) {
		if (!x->slots[hole].item)
			return;
		hole = (hole + 1) & x->mask;
	}
	/* Whoever stands behind the hole and would be sought before it moves into it. */
	for (uint32_t i = (hole + 1) & x->mask; x->slots[i].item; i = (i + 1) & x->mask) {
		uint32_t from = (uint32_t)x->slots[i].hash & x->mask;

		if (((i - from) & x->mask) >= ((i - hole) & x->mask)) {
			x->slots[hole] = x->slots[i];
			hole = i;
		}
	}
	x->slots[hole].item = NULL;
	x->used--;
}

void *index_next(const struct index *x, uint64_t hash, uint32_t *cursor)
{
	while (x->slots) {
		const struct index_slot *s = &x->slots[((uint32_t)hash + (*cursor)++) & x->mask];

		if (!s->item || s->hash == hash)
			return s->item;
	}
	return NULL;
}

void index_fini(struct index *x)
{
	free(x->slots);
	memset(x, 0, sizeof *x);
}
