/* SPDX-License-Identifier: Apache-2.0 */
/* Room for values. A record that is written again and again outgrows its room now and then; what it
 * leaves is taken by the next value of such a size, so that memory follows from what is kept and not
 * from how often it grew. Larger values begin where a line of the processor's memory does. */
#include <assert.h>
#include "store/memtable.h"

#define LINE 64u

/* Some to grow, as records do; more for what has grown once already. */
static size_t room_for(const struct memrow *r, size_t size)
{
	size_t more = r->value_room ? size / 4 : size / 8;
	size_t room = size <= 8 ? 8 : (size + more + 7) & ~(size_t)7;

	if (room >= 2 * LINE)
		room = (room + LINE - 1) & ~(size_t)(LINE - 1);
	return room > MEM_CHUNK_BYTES - LINE ? (size + 7) & ~(size_t)7 : room;
}

static bool is_used_again(size_t room)
{
	return room >= 2 * LINE && room % LINE == 0 && room / LINE < MEM_ROOM_SIZES;
}

/* One that was left and is not much larger than *ROOM, or a new one. */
static mem_at room_take(struct memtable *m, size_t *room)
{
	size_t lines = *room / LINE;

	if (!is_used_again(*room))
		return memtable_alloc_at(m, *room, *room >= 2 * LINE ? LINE : 8);
	for (size_t n = lines; n <= lines + lines / 4 && n < MEM_ROOM_SIZES; n++) {
		mem_at at = m->rooms[n];

		if (!at)
			continue;
		memcpy(&m->rooms[n], mem_ptr(m, at), sizeof m->rooms[n]);
		*room = n * LINE;
		return at;
	}
	return memtable_alloc_at(m, *room, LINE);
}

int memtable_room(struct memtable *m, struct memrow *r, size_t size, struct mem_left *ret_left)
{
	size_t room = room_for(r, size);
	mem_at at = room_take(m, &room);

	if (!at)
		return ERR_NOMEM;
	*ret_left = (struct mem_left){ r->value, r->value_room };
	r->value = at;
	r->value_room = (uint32_t)room;
	return OK;
}

void memtable_room_back(struct memtable *m, struct mem_left left)
{
	mem_at *first;

	if (!left.at || !is_used_again(left.room))
		return;
	first = &m->rooms[left.room / LINE];
	memcpy(mem_ptr(m, left.at), first, sizeof *first);
	*first = left.at;
}
