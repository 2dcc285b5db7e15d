/* SPDX-License-Identifier: Apache-2.0 */
/* Store rows: dump both environments, then merge. A row in a dump is
 *   table: NUL-ended text | u32 key size | u32 value size | key | value     (host byte order) */
#include "ctl/store_rows.h"
#include <stdlib.h>
#include <string.h>

#define TABLE_NAME_MAX 64
#define DIFFERENCES_TOLD 10

struct row {
	char table[TABLE_NAME_MAX];
	unsigned table_number; /* the how-manieth table of its dump */
	struct buf key, value;
	bool there;
};

/* One dump being read. */
struct dump {
	FILE *file;
	struct row row;
};

static int dump_row(void *arg, const char *table, struct span key, struct span value)
{
	FILE *f = arg;
	uint32_t sizes[2] = { (uint32_t)key.size, (uint32_t)value.size };

	if (strcmp(table, "subscriptions") == 0)
		sizes[1] = 0;
	if (fwrite(table, 1, strlen(table) + 1, f) != strlen(table) + 1 ||
		fwrite(sizes, sizeof sizes, 1, f) != 1 || fwrite(key.data, 1, key.size, f) != key.size ||
		fwrite(value.data, 1, sizes[1], f) != sizes[1])
		return ERR_IO;
	return 0;
}

static int read_bytes(FILE *f, struct buf *to, uint32_t size)
{
	uint8_t *room;

	buf_clear(to);
	room = buf_room(to, size);
	if (!room)
		return ERR_NOMEM;
	if (fread(room, 1, size, f) != size)
		return ERR_IO;
	to->size = size;
	return 0;
}

/* The next row; `there` is false at the end. */
static int dump_next(struct dump *d)
{
	char table[TABLE_NAME_MAX];
	uint32_t sizes[2];
	size_t n = 0;
	int b, rc;

	d->row.there = false;
	while ((b = getc(d->file)) != EOF && n < sizeof table) {
		table[n++] = (char)b;
		if (b == 0)
			break;
	}
	if (n == 0)
		return ferror(d->file) ? ERR_IO : 0;
	if (b != 0 || fread(sizes, sizeof sizes, 1, d->file) != 1)
		return ERR_IO;
	if (strcmp(table, d->row.table) != 0) {
		memcpy(d->row.table, table, n);
		d->row.table_number++;
	}
	rc = read_bytes(d->file, &d->row.key, sizes[0]);
	if (!rc)
		rc = read_bytes(d->file, &d->row.value, sizes[1]);
	d->row.there = !rc;
	return rc;
}

static int compare_bytes(const struct buf *a, const struct buf *b)
{
	size_t n = a->size < b->size ? a->size : b->size;
	int order = n ? memcmp(a->data, b->data, n) : 0;

	return order ? order : (a->size > b->size) - (a->size < b->size);
}

/* Which row comes first; a table that only one dump has makes the numbers differ, so compare
 * names where they are the same. */
static int row_order(const struct row *a, const struct row *b)
{
	if (!a->there || !b->there)
		return a->there ? -1 : 1;
	if (strcmp(a->table, b->table) != 0)
		return a->table_number < b->table_number ? -1 : 1;
	return compare_bytes(&a->key, &b->key);
}

static void tell(FILE *out, const struct rows_compared *r, const struct row *row, const char *what)
{
	if (r->missing + r->extra + r->different > DIFFERENCES_TOLD)
		return;
	fprintf(out, "  %s: %s, key ", row->table, what);
	for (size_t i = 0; i < row->key.size && i < 48; i++) {
		uint8_t b = row->key.data[i];

		fprintf(out, b >= 0x20 && b < 0x7f ? "%c" : "\\x%02x", b);
	}
	fputc('\n', out);
}

static int merge(struct dump *a, struct dump *b, FILE *out, struct rows_compared *r)
{
	int rc = dump_next(a);

	if (!rc)
		rc = dump_next(b);
	while (!rc && (a->row.there || b->row.there)) {
		int order = row_order(&a->row, &b->row);

		r->rows += order <= 0;
		if (order < 0) {
			r->missing++;
			tell(out, r, &a->row, "missing in the rebuilt store");
		} else if (order > 0) {
			r->extra++;
			tell(out, r, &b->row, "only in the rebuilt store");
		} else if (compare_bytes(&a->row.value, &b->row.value) != 0) {
			r->different++;
			tell(out, r, &a->row, "another value");
		}
		if (order <= 0)
			rc = dump_next(a);
		if (!rc && order >= 0)
			rc = dump_next(b);
	}
	return rc;
}

static int dump_make(struct env *e, struct dump *d)
{
	int rc;

	memset(d, 0, sizeof *d);
	d->file = tmpfile();
	if (!d->file)
		return ERR_IO;
	rc = env_dump(e, dump_row, d->file);
	if (!rc && (fflush(d->file) || ferror(d->file)))
		rc = ERR_IO;
	rewind(d->file);
	return rc;
}

static void dump_free(struct dump *d)
{
	if (d->file)
		fclose(d->file);
	buf_fini(&d->row.key);
	buf_fini(&d->row.value);
}

int rows_compare(struct env *a, struct env *b, FILE *out, struct rows_compared *ret)
{
	struct dump first = { 0 }, second = { 0 };
	int rc = dump_make(a, &first);

	memset(ret, 0, sizeof *ret);
	if (!rc)
		rc = dump_make(b, &second);
	if (!rc)
		rc = merge(&first, &second, out, ret);
	dump_free(&first);
	dump_free(&second);
	return rc;
}
