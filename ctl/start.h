/* SPDX-License-Identifier: Apache-2.0 */
/* Start: where among the notifications to begin, as people write it. */
#ifndef KITH_CTL_START_H
#define KITH_CTL_START_H
#include "clients/c/kith.h"

#define START_POSITIONS_MAX 256

enum start_kind { START_OLDEST, START_NEWEST, START_TIME, START_AGO, START_IDS };

struct start {
	enum start_kind kind;
	int64_t ms;        /* START_TIME: Unix; START_AGO: before the daemon's clock */
	unsigned n;
	struct kith_position behind[START_POSITIONS_MAX]; /* START_IDS: begin behind these */
};

/* "oldest", "newest", "2026-11-22T08:00", Unix ms, "2h" ago, "3-1042" or "0-18,1-43": with these
 * notifications. ERR_INVALID with a complaint that names OPTION. */
int start_parse(const char *text, const char *option, struct start *ret, struct complaint *c);
/* Make a time of "2h", by the daemon's clock, which RUN's daemon is asked for. */
int start_resolve(struct start *s, const char *run, int timeout_ms, struct complaint *c);

#endif
