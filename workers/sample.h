/* SPDX-License-Identifier: Apache-2.0 */
/* Sample: the past of some customers of all shards, for a fit: of everybody, and of each class of the
 * file. It changes nothing. Which customers are in it is nobody's business but the fit's, whose
 * result goes into the journal. */
#ifndef KITH_WORKERS_SAMPLE_H
#define KITH_WORKERS_SAMPLE_H
#include "lifecycle/reservoir.h"
#include "workers/worker.h"

struct sample {
	unsigned n;              /* 1 and the classes */
	uint64_t looked_at;      /* customers, buyers or not */
	struct reservoir of[];   /* [0] of all buyers, then of each class */
};
/* For the classes of M; NULL when memory is out. For free(). */
struct sample *sample_new(const struct machine *m, uint64_t seed);

/* QUERY_SAMPLE: offer the page behind Q's key to Q's sample, watched until Q's from_ms; `done` at the
 * end. ERR_EXISTS: the file is another one than Q's `from` meanwhile. */
int sample_read(struct shard *s, struct query *q);

#endif
