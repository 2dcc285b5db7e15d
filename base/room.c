/* SPDX-License-Identifier: Apache-2.0 */
/* Lists that grow. */
#include <stdint.h>
#include <stdlib.h>
#include "base/room.h"

void *room_for_one(void *list, size_t n, size_t *capacity, size_t first, size_t size)
{
	size_t more = *capacity ? 2 * *capacity : first;
	void *grown;

	if (n < *capacity)
		return list;
	grown = more <= SIZE_MAX / size ? realloc(list, more * size) : NULL;
	if (grown)
		*capacity = more;
	return grown;
}
