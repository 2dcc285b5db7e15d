/* SPDX-License-Identifier: Apache-2.0 */
/* Funnel: of those who came, how many went on, how long it took, and where the others stopped. Made of
 * rows that the daemon tells a page at a time; pure otherwise.
 *
 * A *prospect* is whoever was met before they bought; who bought with the first word has no way to look
 * at and is counted as "at once". */
#ifndef KITH_CTL_FUNNEL_H
#define KITH_CTL_FUNNEL_H
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

#define FUNNEL_RUNGS_MAX 32

/* By what people are told apart, a bit each. */
enum { BY_SOURCE = 1, BY_OWNER = 2, BY_MONTH = 4 };

struct person {
	int64_t first_ms, converted_ms;          /* 0: never, or nobody knows when */
	int64_t entered_ms[FUNNEL_RUNGS_MAX];    /* 0: never */
	const char *source, *owner, *month;      /* "": not said. Of the funnel, one address a text */
	const char *why, *why_group, *missing;   /* "": none */
	int rung;                                /* -1: none of the ladder's */
	size_t number;                           /* in the order of the rows */
	int readiness;                           /* factors told to be there, less those told not to be */
	bool was_actual, lost, cut, at_once;
	double promise;                          /* how well earlier ones of the source had done then */
};

struct funnel {
	struct person *people; /* owned */
	size_t n, capacity;
	json_t *texts;         /* owned: each text once */
	unsigned n_rungs;
	const char *rung[FUNNEL_RUNGS_MAX];
	bool bad[FUNNEL_RUNGS_MAX]; /* coming to it is bad news, and no way up */
	int64_t version, clock_ms;
};

void funnel_fini(struct funnel *f);
/* Add the rows of a PAGE that say they were met from SINCE to UNTIL (months as "2026-05", NULL: any).
 * ERR_EXISTS: the lifecycle file has changed since the page before; ERR_CORRUPT; ERR_NOMEM. */
int funnel_add(struct funnel *f, const json_t *page, const char *since, const char *until);

/* Median and quartiles; 0 of nothing. Sorts LIST. */
struct spread {
	size_t n;
	int64_t low, middle, high;
};
struct spread spread_of(int64_t *list, size_t n);

/* One line of the table: those of a source, an owner, a month, as far as asked. */
struct funnel_group {
	const char *source, *owner, *month;
	size_t people, at_once, prospects, converted, lost; /* converted: prospects who did */
	struct spread took;                                 /* ms from meeting to converting */
};
/* In the order of the texts; RET is the caller's to free. One group of all when BY is 0. */
int funnel_groups(struct funnel *f, unsigned by, struct funnel_group **ret, size_t *ret_n);

/* How a rung did, by those whose history reaches back. Of who came to it: */
struct funnel_stage {
	size_t entered, went_on;       /* to one further up that is no bad news */
	size_t here;                   /* now, of all */
	struct spread stayed;          /* ms until they went on */
};
int funnel_stage(const struct funnel *f, unsigned rung, struct funnel_stage *ret);

/* The first fifth of each month's prospects: those of whom most is told to be there, then those of a
 * source of which, when they came, most had converted so far; then who came first. Nothing that happened
 * after somebody came has a part in where they rank, but what was told of them before they bought. */
struct funnel_first {
	size_t first, first_converted, rest, rest_converted;
	bool by_readiness, by_source; /* whether any of that told them apart */
};
int funnel_first(struct funnel *f, struct funnel_first *ret);

/* How often each text is the WHAT of somebody, as an object of counts: why they were lost, and
 * where prospects who have not converted stand and what they miss: { "prospect": { "need": 3 } }. */
json_t *funnel_lost(const struct funnel *f);
json_t *funnel_stopped(const struct funnel *f);

#endif
