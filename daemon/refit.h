/* SPDX-License-Identifier: Apache-2.0 */
/* Refitter: fits the rhythm to the store's own customers while the store goes on.
 *
 *   rests ──▶ samples ──▶ fits ──▶ applies ──▶ rests
 *
 * It samples all shards a page at a time, has a thread fit (fitter.h), and puts the result into the
 * journal when it is asked to and nothing speaks against it (fit/refit.h). From there on it is an
 * input like any other: everybody is judged anew as the sweep comes round, and a restart finds it.
 * Asked for by an operator, or by itself every config.refit_ms. Main thread only. */
#ifndef KITH_DAEMON_REFIT_H
#define KITH_DAEMON_REFIT_H
#include "base/bytes.h"
#include "daemon/fitter.h"

enum refit_state { REFIT_RESTS, REFIT_SAMPLES, REFIT_FITS, REFIT_APPLIES };
const char *refit_state_name(enum refit_state s);

struct refit_wish {
	bool apply;  /* put it in force unless something speaks against it … */
	bool force;  /* … and even then */
};

/* What came of a run. */
struct refit_outcome {
	uint64_t run;            /* 0: there was none since the start */
	int64_t at_ms;           /* its end, by the wall clock */
	double seconds;
	bool by_itself;          /* and not because somebody asked */
	bool applied;
	uint32_t parameters_version; /* of what was applied */
	uint32_t lifecycle_version;  /* of the file whose classes these are */
	uint64_t looked_at;      /* customers */
	unsigned n;              /* fits; 0: it came to nothing */
	struct refit list[CLASSES_MAX + 1];
	struct refit_spend spend; /* with the list */
	char text[200];          /* why it is in force or not */
};

struct daemon;
struct request;
struct peer;
struct refitter {
	struct event *timer;     /* the next page, try or run */
	enum refit_state state;
	struct refit_wish wish;  /* of the run under way, as what follows … */
	bool by_itself;
	int64_t began_ns;
	uint32_t version;        /* of the file … */
	struct parameters before; /* … and the fits that were in force when it began */
	uint32_t submitted;      /* the version of the parameters on their way; 0 none yet */
	struct query *page;      /* with the sample */
	struct fitter fitter;
	uint64_t begun, finished;
	struct refit_outcome last;
};

int refitter_open(struct daemon *d);
void refitter_close(struct daemon *d);
/* Begin now. ERR_BUSY: one is under way. */
int refitter_begin(struct daemon *d, const struct refit_wish *wish);

/* refit_request.c: what operators ask. {"start": true, "apply": …, "force": …}, or nothing to be
 * told how things stand. */
void refit_request(struct daemon *d, const struct peer *peer, const struct request *r);
/* Read it. ERR_INVALID with a complaint. */
int refit_wish_parse(struct span json, bool *ret_start, struct refit_wish *ret, struct complaint *c);

#endif
