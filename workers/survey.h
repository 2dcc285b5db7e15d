/* SPDX-License-Identifier: Apache-2.0 */
/* Survey: what all customers of a shard are worth, counted a page at a time between two inputs.
 *
 * It changes nothing. Everybody is read once, as they are when their page comes, and judged by one
 * instant: so who is silent has fallen by as much as they should, which a count kept along with the
 * purchases would not know. */
#ifndef KITH_WORKERS_SURVEY_H
#define KITH_WORKERS_SURVEY_H
#include "lifecycle/parameters.h"
#include "lifecycle/sketch.h"
#include "workers/worker.h"

/* What is counted of buyers, of one shard after the other. */
struct survey {
	unsigned n_quantities;
	uint16_t quantity[TOPS_MAX];  /* of the machine: those with a `top` */
	struct sketch sketch[TOPS_MAX];
	struct sketch historic;       /* margin earned: who makes how much of it */
};
/* The quantities of M's tops, each once; everything else zeroed. */
void survey_begin(struct survey *v, const struct machine *m);
/* The cut-offs for the tops of M; none with fewer than TOP_BUYERS_MIN buyers. */
void survey_cuts(const struct survey *v, const struct machine *m, struct parameters *p);

/* QUERY_SURVEY: count the page behind Q's key, as of Q's from_ms, into Q's survey; `done` at the
 * end. ERR_EXISTS: another machine than the survey's is in force meanwhile. */
int survey_read(struct shard *s, struct query *q);

#endif
