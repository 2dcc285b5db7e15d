/* SPDX-License-Identifier: Apache-2.0 */
/* Room: a list on the heap that grows at its end, by doubling. */
#ifndef KITH_BASE_ROOM_H
#define KITH_BASE_ROOM_H
#include <stddef.h>

/* LIST, of N items of SIZE bytes and with room for *CAPACITY (NULL and 0 at first), with room for one
 * more: where it was, or moved; FIRST items when it had none. The caller keeps what comes back and
 * frees it. NULL without memory: LIST stands as it was. */
void *room_for_one(void *list, size_t n, size_t *capacity, size_t first, size_t size);

#endif
