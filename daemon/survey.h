/* SPDX-License-Identifier: Apache-2.0 */
/* Surveyor: goes through all shards now and then, a page at a time, to know who is among the best,
 * and puts the cut-offs into the journal when they have moved. Everybody is then judged by them as
 * the sweep comes round; ingest goes on meanwhile. Main thread only. */
#ifndef KITH_DAEMON_SURVEY_H
#define KITH_DAEMON_SURVEY_H
#include "workers/survey.h"

/* A cut-off that has moved by less than so much of itself is left where it is. */
#define CUT_MOVES 0.02

struct daemon;
struct surveyor {
	struct event *timer;      /* the next page, or the next survey */
	bool under_way;
	struct query *page;       /* the next one, with the counts of all so far */
	uint32_t version;         /* of the file it is made for */
	bool again;               /* asked for while one was under way */
	uint64_t finished;
	int64_t finished_ms;      /* the last one, by the engine's clock */
	uint64_t buyers;          /* then */
	double best_share;        /* of margin earned that the best 20 % have made */
};

int surveyor_open(struct daemon *d);
void surveyor_close(struct daemon *d);
/* Begin one now; when one is under way, another after it. */
void surveyor_now(struct daemon *d);

#endif
