/* SPDX-License-Identifier: Apache-2.0 */
/* Event file: a file of events, NDJSON or CSV with a mapping, as JSON texts one at a time. */
#ifndef KITH_CTL_EVENT_FILE_H
#define KITH_CTL_EVENT_FILE_H
#include "base/err.h"
#include "base/event.h"

struct event_file;
struct mapping;

struct event_item {
	int64_t line;     /* where it begins, from 1 */
	struct span json; /* the event; of a bad NDJSON line the line itself; size 0: there is none */
	enum reject code; /* REJECT_NONE, or why there is no event, and … */
	const char *text; /* … in words */
};

/* Read PATH ("-": standard input). MAPPING (NULL: NDJSON) is the caller's and must outlive the
 * file. Errors come with a complaint that names the file. */
int event_file_open(const char *path, const struct mapping *mapping, struct event_file **ret_file,
	struct complaint *c);
void event_file_close(struct event_file *in); /* ignores NULL */

/* The next item, valid until the next call. ERR_NOTFOUND at the end; ERR_IO; ERR_CORRUPT when the
 * file is no text. */
int event_file_next(struct event_file *in, struct event_item *ret_item, struct complaint *c);

/* Bytes read and in all; 0 in all: unknown, as for a pipe. */
void event_file_progress(const struct event_file *in, uint64_t *ret_read, uint64_t *ret_all);

#endif
