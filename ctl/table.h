/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: rows of cells, printed in columns as wide as they need. */
#ifndef KITH_CTL_TABLE_H
#define KITH_CTL_TABLE_H
#include <stdbool.h>
#include <stdio.h>
#include "base/bytes.h"

#define TABLE_COLUMNS_MAX 12

struct table {
	unsigned columns;
	bool right[TABLE_COLUMNS_MAX]; /* align to the right: numbers */
	bool failed;                   /* memory was out: table_print() prints what there is */
	size_t n, capacity;            /* cells */
	char **cells;
};

/* HEADS are the titles and become the first row: "<name" for text, ">name" for numbers. A row
 * whose cells are all empty is not printed, so that "<" and ">" make a table without titles. */
void table_init(struct table *t, const char *const *heads, unsigned columns);
void table_fini(struct table *t);
/* Append one cell; rows fill from the left. */
void table_add(struct table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void table_print(const struct table *t, int indent, FILE *out);

#endif
