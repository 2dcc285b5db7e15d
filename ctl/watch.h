/* SPDX-License-Identifier: Apache-2.0 */
/* Watch: notifications, and who stands where, from the daemon to standard output. */
#ifndef KITH_CTL_WATCH_H
#define KITH_CTL_WATCH_H
#include "clients/c/kith.h"
#include "ctl/start.h"
#include "ctl/verb.h"

struct watch_settings {
	struct remote_settings remote;
	const char *name, *from, *until, *customer;
	const char *terms[FILTER_FIELDS]; /* lists between commas, or NULL */
	int64_t count, idle_ms, credit;
	bool follow, snapshot;
};

/* Print until it ends; returns an exit code. WHO: the verb, for complaints. */
int watch_run(const char *who, const struct watch_settings *settings);

/* watch_line.c: as one line, without its end. */
void line_notification(FILE *out, const struct notification *n, bool json);
void line_standing(FILE *out, const struct kith_item *item, bool json);
/* LIVE: nobody keeps the notifications for us. */
void line_gap(FILE *out, uint32_t shard, uint64_t first, uint64_t last, bool json, bool live);

#endif
