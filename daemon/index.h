/* SPDX-License-Identifier: Apache-2.0 */
/* Index: things found again by a hash of what they are called. They belong to others; several may
 * have the same hash, and who looks tells them apart. */
#ifndef KITH_DAEMON_INDEX_H
#define KITH_DAEMON_INDEX_H
#include <stdint.h>

struct index_slot {
	uint64_t hash;
	void *item; /* NULL: free */
};

struct index {
	struct index_slot *slots;
	uint32_t mask, used; /* slots - 1, a power of two less one; 0: there are none */
};

int index_add(struct index *x, uint64_t hash, void *item); /* not NULL; ERR_NOMEM */
void index_del(struct index *x, uint64_t hash, const void *item); /* it may be absent */
/* The items of HASH one after another, NULL after the last. *CURSOR is 0 at the first call, and X
 * is not changed between two. */
void *index_next(const struct index *x, uint64_t hash, uint32_t *cursor);
void index_fini(struct index *x);

#endif
