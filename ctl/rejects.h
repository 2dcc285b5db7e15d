/* SPDX-License-Identifier: Apache-2.0 */
/* Rejects: a file of what was refused and why, one JSON object a line:
 *   {"line":7,"code":"bad_time","text":"…","event":{…}}
 * `event` is the event as an object, or the line as text when it is none; absent where the line
 * made no event. The file is made at the first rejection, so that none means none. */
#ifndef KITH_CTL_REJECTS_H
#define KITH_CTL_REJECTS_H
#include <stdio.h>
#include "base/event.h"

#define REJECTS_TOLD_MAX 5 /* are told on standard error, too */

struct rejects {
	const char *path;   /* the caller's; NULL: keep none */
	FILE *file;
	uint64_t n;
	bool failed;        /* the file could not be written */
};

void rejects_add(struct rejects *r, int64_t line, const char *code, const char *text,
	struct span raw, const struct event *event);
/* 0, or ERR_IO when the file is not complete. */
int rejects_close(struct rejects *r);

#endif
