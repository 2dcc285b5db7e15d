/* SPDX-License-Identifier: Apache-2.0 */
/* Include: a lifecycle file and those it includes as one text, which needs no file to be compiled
 * again: it is what is journalled.
 *
 *   include "parts/rhythm.lifecycle"
 *
 * stands between declarations. The path is relative to the file that includes, goes down only
 * (no .., not from /), and is named in complaints as seen from the first file. #@line lines (lex.h)
 * keep the places. Pure: whoever calls reads the files. */
#ifndef KITH_LIFECYCLE_INCLUDE_H
#define KITH_LIFECYCLE_INCLUDE_H
#include "base/bytes.h"
#include "base/err.h"

#define INCLUDE_DEPTH_MAX 8

struct include_reader {
	/* Append the file PATH, relative to the folder of the first file, to OUT. On failure the
	 * complaint says why ("cannot be read: …"); its place is filled in here. */
	int (*read)(void *arg, const char *path, struct buf *out, struct complaint *c);
	void *arg;
};

/* Append TEXT, the first file, with everything it includes to OUT. ERR_INVALID with a place;
 * ERR_TOOBIG beyond LIFECYCLE_BYTES_MAX; the reader's errors. What is wrong with the text otherwise
 * is left for machine_compile() to say.
 * A text without an include comes out as it is. After a failure OUT is good for include_line()
 * only. */
int include_flatten(const struct include_reader *r, struct span text, struct buf *out,
	struct complaint *c);

/* The line NUMBER of FILE in a flattened text, without its end; empty when it is not there. */
struct span include_line(struct span text, struct span file, int number);

#endif
