/* SPDX-License-Identifier: Apache-2.0 */
/* Counts by name. */
#include <stdlib.h>
#include "base/err.h"
#include "workers/tally.h"

#define ROW_BYTES 10

void tally_fini(struct tally *t)
{
	free(t->counts);
	*t = (struct tally){ 0 };
}

void tally_clear(struct tally *t)
{
	if (t->size)
		memset(t->counts, 0, t->size * sizeof *t->counts);
}

uint64_t tally_of(const struct tally *t, uint16_t name)
{
	return name < t->size ? t->counts[name] : 0;
}

static int make_room(struct tally *t, uint16_t name)
{
	unsigned size = t->size ? t->size : 64;
	uint64_t *grown;

	if (name < t->size)
		return 0;
	while (size <= name)
		size *= 2;
	grown = realloc(t->counts, size * sizeof *grown);
	if (!grown)
		return ERR_NOMEM;
	memset(grown + t->size, 0, (size - t->size) * sizeof *grown);
	t->counts = grown;
	t->size = size;
	return 0;
}

void tally_add(struct tally *t, uint16_t name, int by)
{
	if (make_room(t, name) == 0)
		t->counts[name] += (uint64_t)(int64_t)by;
}

int tally_read(struct tally *t, struct span rows)
{
	tally_clear(t);
	for (size_t i = 0; i + ROW_BYTES <= rows.size; i += ROW_BYTES) {
		uint16_t name = get_le16(rows.data + i);

		if (make_room(t, name) != 0)
			return ERR_NOMEM;
		t->counts[name] = get_le64(rows.data + i + 2);
	}
	return 0;
}

int tally_write(const struct tally *t, struct buf *out)
{
	for (unsigned name = 0; name < t->size; name++) {
		uint8_t *p = t->counts[name] ? buf_room(out, ROW_BYTES) : NULL;

		if (t->counts[name] && !p)
			return ERR_NOMEM;
		if (!p)
			continue;
		put_le16(p, (uint16_t)name);
		put_le64(p + 2, t->counts[name]);
		out->size += ROW_BYTES;
	}
	return 0;
}
