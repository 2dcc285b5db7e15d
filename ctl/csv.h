/* SPDX-License-Identifier: Apache-2.0 */
/* CSV: records of RFC 4180, one at a time.
 *
 * Fields in double quotes may hold delimiters, line ends and doubled quotes; a record ends with
 * LF or CRLF; a byte order mark is skipped; empty lines are skipped. A quote inside a field that
 * does not begin with one stands for itself. A record that cannot be read costs its first line
 * only: reading goes on with the next. Memory is bounded by CSV_RECORD_MAX. */
#ifndef KITH_CTL_CSV_H
#define KITH_CTL_CSV_H
#include <stdio.h>
#include "base/bytes.h"
#include "base/err.h"

#define CSV_RECORD_MAX (64u << 10) /* bytes, line end included */
#define CSV_FIELDS_MAX 512

struct csv {
	FILE *file;          /* the caller's */
	char delimiter;      /* one byte; not a quote, not a line end */
	bool collapse;       /* runs of the delimiter count as one, those at the ends as none */
	bool started, ended;
	int64_t line;        /* of the record last read, from 1 */
	int64_t next_line;
	uint64_t bytes;      /* read and done with */
	size_t begin, end;   /* of what `raw` still holds */
	uint8_t raw[CSV_RECORD_MAX];
	uint8_t text[CSV_RECORD_MAX]; /* of quoted fields, unquoted */
	unsigned n_fields;
	struct span fields[CSV_FIELDS_MAX]; /* valid until the next call */
};

void csv_init(struct csv *v, FILE *file, char delimiter, bool collapse);

/* Read the next record into `fields`. ERR_NOTFOUND at the end; ERR_INVALID for a record that is
 * not one, with line and column in the complaint: call again; ERR_IO. */
int csv_next(struct csv *v, struct complaint *c);

#endif
