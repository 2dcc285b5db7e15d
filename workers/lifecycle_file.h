/* SPDX-License-Identifier: Apache-2.0 */
/* A lifecycle file on disk, with the files that it includes. */
#ifndef KITH_WORKERS_LIFECYCLE_FILE_H
#define KITH_WORKERS_LIFECYCLE_FILE_H
#include "base/bytes.h"
#include "base/err.h"

/* Append the file PATH ("-": standard input) with everything it includes to OUT: what
 * machine_compile() takes and the journal keeps. Places in the complaint are those of the files. */
int lifecycle_read(const char *path, struct buf *out, struct complaint *c);

/* The file that C, from lifecycle_read() or a compilation of what it read, is about. */
#define LIFECYCLE_PATH_MAX (4096 + COMPLAINT_FILE_MAX)
void lifecycle_path_of(const char *path, const struct complaint *c, char out[LIFECYCLE_PATH_MAX]);

#endif
