/* SPDX-License-Identifier: Apache-2.0 */
/* Buyers as a table, and as histories for the fit. */
#include "ctl/buyers.h"
#include <stdlib.h>

void buyers_fini(struct buyers *b)
{
	free(b->rows);
	buf_fini(&b->names);
	*b = (struct buyers){ 0 };
}

int buyers_add(struct buyers *b, const struct buyer *row)
{
	if (b->n == b->capacity) {
		size_t capacity = b->capacity ? 2 * b->capacity : 1024;
		struct buyer *rows = realloc(b->rows, capacity * sizeof *rows);

		if (!rows)
			return ERR_NOMEM;
		b->rows = rows;
		b->capacity = capacity;
	}
	b->rows[b->n++] = *row;
	return 0;
}

size_t buyers_name(struct buyers *b, struct span id)
{
	size_t at = b->names.size;

	buf_add(&b->names, id.data, id.size);
	buf_add(&b->names, "", 1);
	return at;
}

static int buyer_compare(const void *a, const void *b)
{
	const struct buyer *p = a, *q = b;

	return (p->hash > q->hash) - (p->hash < q->hash);
}

void buyers_sort(struct buyers *b)
{
	if (b->n > 0)
		qsort(b->rows, b->n, sizeof *b->rows, buyer_compare);
}

/* Who bought on one day only has no time between, whatever the hours (quantity.c says why). */
int buyers_histories(const struct buyers *b, size_t most, struct histories *ret)
{
	*ret = (struct histories){ 0 };
	for (size_t i = 0; i < b->n && i < most; i++) {
		const struct buyer *row = &b->rows[i];
		double tx = row->days > 1 ? row->last - row->first : 0;
		double t = b->until - row->last + tx;
		int rc = histories_add(ret, row->days - 1, tx, t > tx ? t : tx);

		if (rc != 0)
			return rc;
	}
	histories_fold(ret);
	return 0;
}
