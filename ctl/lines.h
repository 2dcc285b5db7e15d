/* SPDX-License-Identifier: Apache-2.0 */
/* Lines: the lines of a file, of bounded length. */
#ifndef KITH_CTL_LINES_H
#define KITH_CTL_LINES_H
#include <stdbool.h>
#include <stdio.h>
#include "base/bytes.h"
#include "base/err.h"

#define LINE_BYTES_MAX (64u << 10)

struct lines {
	FILE *file;       /* the caller's */
	int64_t line;     /* of the one last read, from 1 */
	uint64_t bytes;   /* read */
	bool too_long;    /* the one last read was, and is cut */
	char text[LINE_BYTES_MAX + 1];
};

/* The next line without its end, the first without a byte order mark; valid until the next call.
 * ERR_NOTFOUND at the end; ERR_IO. */
int lines_next(struct lines *l, struct span *ret_line);

#endif
