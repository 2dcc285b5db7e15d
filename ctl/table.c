/* SPDX-License-Identifier: Apache-2.0 */
/* Tables. */
#include "ctl/table.h"
#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include "ctl/text.h"

#define CELL_MAX 512

void table_init(struct table *t, const char *const *heads, unsigned columns)
{
	assert(columns <= TABLE_COLUMNS_MAX);
	memset(t, 0, sizeof *t);
	t->columns = columns;
	for (unsigned i = 0; i < columns; i++) {
		t->right[i] = heads[i][0] == '>';
		table_add(t, "%s", heads[i] + 1);
	}
}

void table_fini(struct table *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->cells[i]);
	free(t->cells);
}

static bool table_grow(struct table *t)
{
	size_t capacity = t->capacity ? 2 * t->capacity : 64;
	char **cells = realloc(t->cells, capacity * sizeof *cells);

	if (!cells)
		return false;
	t->cells = cells;
	t->capacity = capacity;
	return true;
}

void table_add(struct table *t, const char *format, ...)
{
	char cell[CELL_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(cell, sizeof cell, format, arguments);
	va_end(arguments);
	if (t->failed || (t->n == t->capacity && !table_grow(t))) {
		t->failed = true;
		return;
	}
	t->cells[t->n] = strdup(cell);
	if (t->cells[t->n])
		t->n++;
	else
		t->failed = true;
}

static void print_cell(const struct table *t, size_t i, unsigned width, bool last, FILE *out)
{
	unsigned column = (unsigned)(i % t->columns);
	int pad = (int)(width - text_width(t->cells[i]));

	if (t->right[column])
		fprintf(out, "%*s%s", pad, "", t->cells[i]);
	else
		fprintf(out, "%s%*s", t->cells[i], last ? 0 : pad, "");
	fputs(last ? "\n" : "  ", out);
}

/* The cells of the row from START that are worth printing: not the empty ones at its end. */
static size_t row_cells(const struct table *t, size_t start)
{
	size_t n = start + t->columns <= t->n ? t->columns : t->n - start;

	while (n > 0 && !*t->cells[start + n - 1])
		n--;
	return n;
}

void table_print(const struct table *t, int indent, FILE *out)
{
	unsigned width[TABLE_COLUMNS_MAX] = { 0 };

	for (size_t i = 0; i < t->n; i++) {
		unsigned w = text_width(t->cells[i]);

		if (w > width[i % t->columns])
			width[i % t->columns] = w;
	}
	for (size_t start = 0; start < t->n; start += t->columns) {
		size_t n = row_cells(t, start);

		if (n > 0)
			fprintf(out, "%*s", indent, "");
		for (size_t i = 0; i < n; i++)
			print_cell(t, start + i, width[i], i + 1 == n, out);
	}
}
