/* SPDX-License-Identifier: Apache-2.0 */
/* The order of a memtable's rows: a skip list (Pugh 1990, p = 1/4), made when somebody first asks
 * for it and kept up from then on. Tables that are only looked up by key never pay for it. How high
 * a row stands follows from its key's hash: no randomness, and nobody sees it. */
#include <stdlib.h>
#include "store/memtable.h"

struct sorted {
	uint64_t prefix; /* the key's first eight bytes, which nearly always decide */
	const struct memrow *row;
};

static mem_at *links_of(const struct memtable *m, mem_at row)
{
	return mem_ptr(m, ((struct memrow *)mem_ptr(m, row))->links);
}

static unsigned height_of(uint32_t hash)
{
	unsigned height = 1;

	hash *= UINT32_C(0x9e3779b1);
	hash ^= hash >> 15;
	for (; height < MEM_HEIGHT_MAX && (hash & 3) == 3; hash >>= 2)
		height++;
	return height;
}

static bool links_make(struct memtable *m, struct memrow *row, uint32_t hash)
{
	if (row->links)
		return true;
	row->height = (uint8_t)height_of(hash);
	row->links = memtable_alloc(m, row->height * sizeof(mem_at));
	if (row->links)
		memset(mem_ptr(m, row->links), 0, row->height * sizeof(mem_at));
	return row->links != 0;
}

/* Fill RET with where, on each level, the links of the last row lie whose key is < KEY, or <= KEY
 * when EQUAL; returns that row on the lowest level, 0 when it is the head. */
static mem_at find_before(const struct memtable *m, const struct memrows *rows, struct span key,
	bool equal, mem_at *ret[MEM_HEIGHT_MAX])
{
	mem_at *links = mem_ptr(m, rows->order), before = 0;

	for (int level = MEM_HEIGHT_MAX - 1; level >= 0; level--) {
		while (links[level]) {
			int order = key_order(memrow_key(mem_ptr(m, links[level])), key);

			if (order > 0 || (order == 0 && !equal))
				break;
			before = links[level];
			links = links_of(m, before);
		}
		ret[level] = links;
	}
	return before;
}

static mem_at find_last(const struct memtable *m, const struct memrows *rows)
{
	mem_at *links = mem_ptr(m, rows->order), last = 0;

	for (int level = MEM_HEIGHT_MAX - 1; level >= 0; level--)
		while (links[level]) {
			last = links[level];
			links = links_of(m, last);
		}
	return last;
}

static int by_key(const void *a, const void *b)
{
	const struct sorted *x = a, *y = b;

	return key_order(memrow_key(x->row), memrow_key(y->row));
}

static uint64_t prefix_of(struct span key, size_t from)
{
	uint8_t first[8] = { 0 };
	size_t size = key.size - from;

	memcpy(first, key.data + from, size < 8 ? size : 8);
	return get_be64(first);
}

/* How far ahead of its use a row is asked of memory: they lie all over the arena. */
#define AHEAD 12

/* How many of the first COMMON bytes KEY has as FIRST has them. */
static size_t common_with(struct span first, struct span key, size_t common)
{
	common = key.size < common ? key.size : common;
	while (common && memcmp(key.data, first.data, common) != 0)
		common--;
	return common;
}

/* The rows as they were made. True: they rise already, as ids mostly do that are counted up. Else
 * *RET_COMMON is how many bytes all their keys begin with. */
static bool list_rows(const struct memtable *m, const struct memrows *rows, struct sorted *s,
	size_t *ret_common)
{
	struct span first = memrow_key(mem_ptr(m, rows->list[0])), before = span_of(NULL, 0);
	size_t common = first.size;
	bool rises = true;

	for (uint32_t n = 0; n < rows->used; n++) {
		struct span key;

		if (n + AHEAD < rows->used)
			__builtin_prefetch(mem_ptr(m, rows->list[n + AHEAD]));
		s[n].row = mem_ptr(m, rows->list[n]);
		key = memrow_key(s[n].row);
		if (rises && key_order(before, key) >= 0) {
			rises = false;
			common = common_with(first, before, common); /* so all between have it, too */
		}
		if (!rises)
			common = common_with(first, key, common);
		before = key;
	}
	*ret_common = common;
	return rises;
}

/* By one byte of the prefix, keeping the order of equals. False: they are all equal, and nothing
 * moved. */
static bool sort_by_byte(const struct sorted *from, struct sorted *to, uint32_t n, unsigned shift)
{
	uint32_t at[256] = { 0 }, sum = 0;

	for (uint32_t i = 0; i < n; i++)
		at[from[i].prefix >> shift & 255]++;
	if (at[from[0].prefix >> shift & 255] == n)
		return false;
	for (unsigned b = 0; b < 256; b++) {
		uint32_t count = at[b];

		at[b] = sum;
		sum += count;
	}
	for (uint32_t i = 0; i < n; i++)
		to[at[from[i].prefix >> shift & 255]++] = from[i];
	return true;
}

/* What the prefix has not told apart. */
static void sort_equals(struct sorted *s, uint32_t n)
{
	uint32_t from = 0;

	for (uint32_t i = 1; i <= n; i++) {
		bool rises = true;

		if (i < n && s[i].prefix == s[from].prefix)
			continue;
		for (uint32_t k = from + 1; k < i && rises; k++)
			rises = by_key(&s[k - 1], &s[k]) < 0;
		if (!rises)
			qsort(s + from, i - from, sizeof *s, by_key);
		from = i;
	}
}

/* N rows at S; as many again behind them are scratch. Returns where they lie in the end. */
static struct sorted *sort_rows(struct sorted *s, uint32_t n, size_t common)
{
	struct sorted *other = s + n;

	for (uint32_t i = 0; i < n; i++) {
		if (i + AHEAD < n)
			__builtin_prefetch(s[i + AHEAD].row);
		s[i].prefix = prefix_of(memrow_key(s[i].row), common);
	}
	for (unsigned shift = 0; shift < 64; shift += 8)
		if (sort_by_byte(s, other, n, shift)) {
			struct sorted *sorted = other;

			other = s;
			s = sorted;
		}
	sort_equals(s, n);
	return s;
}

int memtable_sorted(const struct memtable *m, unsigned table, mem_at **ret_rows, uint32_t *ret_n)
{
	const struct memrows *rows = &m->tables[table];
	uint32_t n = rows->used;
	struct sorted *all = malloc(((size_t)n + 1) * 2 * sizeof *all), *s = all;
	mem_at *list = malloc(((size_t)n + 1) * sizeof *list);
	size_t common;

	if (!all || !list) {
		free(all);
		free(list);
		return ERR_NOMEM;
	}
	if (n && !list_rows(m, rows, all, &common))
		s = sort_rows(all, n, common);
	for (uint32_t i = 0; i < n; i++)
		list[i] = s[i].row->at;
	free(all);
	*ret_rows = list;
	*ret_n = n;
	return OK;
}

static void link_after(const struct memtable *m, struct memrow *row,
	mem_at *before[MEM_HEIGHT_MAX])
{
	mem_at *links = mem_ptr(m, row->links);

	for (unsigned level = 0; level < row->height; level++) {
		links[level] = before[level][level];
		before[level][level] = row->at;
	}
	row->listed = true;
}

/* Link the rows from the lowest to the highest; what is fresh and gone is no part of it. */
static int order_make(struct memtable *m, unsigned table)
{
	struct memrows *rows = &m->tables[table];
	mem_at *before[MEM_HEIGHT_MAX], *sorted, head;
	uint32_t n;
	int rc = memtable_sorted(m, table, &sorted, &n);

	if (rc != OK)
		return rc;
	head = memtable_alloc(m, MEM_HEIGHT_MAX * sizeof *before[0]);
	if (!head)
		rc = ERR_NOMEM;
	else
		memset(mem_ptr(m, head), 0, MEM_HEIGHT_MAX * sizeof *before[0]);
	for (unsigned level = 0; rc == OK && level < MEM_HEIGHT_MAX; level++)
		before[level] = mem_ptr(m, head);
	for (uint32_t i = 0; rc == OK && i < n; i++) {
		struct memrow *row = mem_ptr(m, sorted[i]);

		if (row->fresh && row->gone)
			continue;
		if (!links_make(m, row, memtable_hash(table, memrow_key(row)))) {
			rc = ERR_NOMEM;
			break;
		}
		link_after(m, row, before);
		for (unsigned level = 0; level < row->height; level++)
			before[level] = mem_ptr(m, row->links);
	}
	free(sorted);
	if (rc == OK)
		rows->order = head;
	return rc;
}

int memtable_order_add(struct memtable *m, unsigned table, struct memrow *row, uint32_t hash)
{
	const struct memrows *rows = &m->tables[table];
	mem_at *before[MEM_HEIGHT_MAX];

	if (!rows->order || row->listed)
		return OK;
	if (!links_make(m, row, hash))
		return ERR_NOMEM;
	(void)find_before(m, rows, memrow_key(row), false, before);
	link_after(m, row, before);
	return OK;
}

void memtable_order_del(struct memtable *m, unsigned table, struct memrow *row)
{
	const struct memrows *rows = &m->tables[table];
	mem_at *before[MEM_HEIGHT_MAX], *links;

	if (!row->listed)
		return;
	row->listed = false;
	if (!rows->order)
		return;
	links = mem_ptr(m, row->links);
	(void)find_before(m, rows, memrow_key(row), false, before);
	for (unsigned level = 0; level < row->height; level++)
		if (before[level][level] == row->at)
			before[level][level] = links[level];
}

int memtable_seek(struct memtable *m, unsigned table, struct span key, enum memtable_seek how,
	struct memrow **ret_row)
{
	const struct memrows *rows = &m->tables[table];
	mem_at *before[MEM_HEIGHT_MAX], at;

	*ret_row = NULL;
	if (rows->used == 0)
		return OK;
	if (!rows->order) {
		int rc = order_make(m, table);

		if (rc != OK)
			return rc;
	}
	if (key.size == 0) {
		at = how == MEM_BEFORE ? find_last(m, rows) : *(mem_at *)mem_ptr(m, rows->order);
	} else {
		at = find_before(m, rows, key, how == MEM_AFTER, before);
		if (how != MEM_BEFORE)
			at = before[0][0];
	}
	*ret_row = at ? mem_ptr(m, at) : NULL;
	return OK;
}

struct memrow *memtable_next(const struct memtable *m, const struct memrow *row)
{
	mem_at next = links_of(m, row->at)[0];

	return next ? mem_ptr(m, next) : NULL;
}
