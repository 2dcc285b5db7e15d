/* SPDX-License-Identifier: Apache-2.0 */
/* The bump allocator behind decoding: what a message costs is freed as a whole, and what it may
 * cost is bounded. */
#include <assert.h>
#include <stdlib.h>
#include "proto/codec.h"

#define ALIGN 16u

struct block {
	struct block *next; /* the one before */
	size_t size;        /* bytes after this header */
	_Alignas(ALIGN) uint8_t bytes[];
};

struct arena {
	struct block *block; /* the newest: the only one with room; NULL before the first use */
	size_t used;         /* bytes of it */
	size_t held;         /* bytes of all blocks */
	size_t first;
	size_t limit;
};

struct arena *arena_new(size_t first_block, size_t limit)
{
	struct arena *a = calloc(1, sizeof *a);

	if (!a)
		return NULL;
	a->first = first_block < limit ? first_block : limit;
	a->limit = limit;
	return a;
}

/* Free every block but KEEP, which may be NULL. */
static void blocks_free(struct arena *a, struct block *keep)
{
	struct block *next;

	for (struct block *b = a->block; b; b = next) {
		next = b->next;
		if (b != keep)
			free(b);
	}
	if (keep)
		keep->next = NULL;
	a->block = keep;
	a->held = keep ? keep->size : 0;
	a->used = 0;
}

void arena_reset(struct arena *a)
{
	struct block *largest = a->block;

	for (struct block *b = a->block; b; b = b->next) {
		if (b->size > largest->size)
			largest = b;
	}
	blocks_free(a, largest);
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	blocks_free(a, NULL);
	free(a);
}

size_t arena_held(const struct arena *a)
{
	return a->held;
}

/* A new block of at least NEED bytes, twice the last one where the limit leaves room. */
static bool grow(struct arena *a, size_t need)
{
	size_t size = a->block ? 2 * a->block->size : a->first;
	struct block *b;

	if (a->block && a->used == 0 && !a->block->next) /* kept from last time, and too small */
		blocks_free(a, NULL);
	if (size < need)
		size = need;
	if (size > a->limit - a->held)
		size = a->limit - a->held;
	if (size < need)
		return false;
	b = malloc(sizeof *b + size);
	if (!b)
		return false;
	*b = (struct block){ a->block, size };
	a->block = b;
	a->used = 0;
	a->held += size;
	return true;
}

void *arena_alloc(struct arena *a, size_t size)
{
	void *p;

	if (size > a->limit)
		return NULL;
	size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (!a->block || size > a->block->size - a->used) {
		if (!grow(a, size))
			return NULL;
	}
	assert(a->used % ALIGN == 0);
	p = a->block->bytes + a->used;
	a->used += size;
	return p;
}
