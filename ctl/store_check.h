/* SPDX-License-Identifier: Apache-2.0 */
/* Store check: what `kith store` does, an action a function. Each prints what it finds on
 * standard output, problems on standard error, and returns an exit code. */
#ifndef KITH_CTL_STORE_CHECK_H
#define KITH_CTL_STORE_CHECK_H
#include "ctl/progress.h"
#include "ctl/verb.h"
#include "store/journal.h"
#include "store/store.h"

#define STORE_MAP_BYTES (UINT64_C(64) << 30) /* address space, as the daemon's default */

struct store_settings {
	bool json, progress;
	const char *into;
};

/* What is in a journal; filled by journal_walk(). */
struct journal_report {
	uint64_t first, last, frames, events, bytes;
};

/* Read the whole journal of S, decoding every frame; ERR_CORRUPT and the like with a complaint. */
int journal_walk(const struct store *s, struct progress *p, struct journal_report *ret,
	struct complaint *c);

int store_verify(struct store *s, const struct store_settings *o);
int store_stat(struct store *s, const struct store_settings *o);
int store_rebuild(struct store *s, const struct store_settings *o);

#endif
