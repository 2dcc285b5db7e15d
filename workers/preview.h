/* SPDX-License-Identifier: Apache-2.0 */
/* Preview: who would stand elsewhere under a lifecycle file that is not in force, and what would be
 * announced, counted a page of customers at a time between two inputs.
 *
 * It changes nothing, and writes no name into the store. Everybody is read once, as they are when
 * their page comes, and judged as the sweep after a switch-on would judge them at one instant: with
 * the same code, from what was last announced of them and of what waits to be. Of a
 * breaker it is known that it holds, and what a new file may find. */
#ifndef KITH_WORKERS_PREVIEW_H
#define KITH_WORKERS_PREVIEW_H
#include "base/preview.h"
#include "workers/worker.h"

#define PREVIEW_PAGE 128 /* customers: a millisecond or less */

struct preview {
	struct lifecycle *wanted; /* one reference; its version is that after the one in force */
	int64_t now_ms;
	unsigned shard;           /* that the rest is about: what its breakers let through */
	double limit;             /* what a rule may find there; 0: as much as it likes */
	double rung_said[LADDERS_MAX][RUNGS_MAX], risk_said[RISKS_MAX]; /* lately; or RULE_HELD */
	struct numbering numbering; /* as far as the shard has numbers for the names of `wanted` */
	struct preview_report report;
};

/* Compile TEXT as what would follow version IN_FORCE, with the parameters P (version 0: none), and
 * begin to count. ERR_INVALID and the like come with a complaint. *RET is the caller's. */
int preview_new(struct span text, uint32_t in_force, const struct parameters *p, int64_t now_ms,
	struct preview **ret, struct complaint *c);
void preview_free(struct preview *p); /* ignores NULL */

/* Count the next PREVIEW_PAGE customers of S behind the id AFTER, which is moved on. *RET_DONE: there
 * are no more. ERR_EXISTS: another file has come into force. Uses s->customer. */
int preview_page(struct shard *s, struct preview *p, struct buf *after, bool *ret_done);
/* QUERY_PREVIEW: the same with Q's preview, key and done. */
int preview_read(struct shard *s, struct query *q);

#endif
