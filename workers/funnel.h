/* SPDX-License-Identifier: Apache-2.0 */
/* Funnel: how each customer came along the ladder that has sides, read a page at a time between two
 * inputs. It changes nothing.
 *
 * When a rung was first come to is in the customer's history, which keeps the latest changes only
 * (history-keep). Of one whose history no longer begins at the beginning the facts tell when they
 * were met and bought first, and `cut` says that rungs between may be missing. */
#ifndef KITH_WORKERS_FUNNEL_H
#define KITH_WORKERS_FUNNEL_H
#include "workers/worker.h"

#define FUNNEL_PAGE 128 /* customers looked at: less than a millisecond, of the main thread too */

/* Why somebody is lost, beside the reasons of enum reason. */
enum { FUNNEL_SILENCE = REASON_COUNT, FUNNEL_GIVEN_BACK };

struct funnel_row {
	uint8_t customer_size, customer[EVENT_CUSTOMER_MAX];
	uint8_t owner_size;
	char owner[EVENT_TEXT_MAX];
	int64_t first_ms;              /* met, by the time of the first event */
	int64_t converted_ms;          /* first on the actual side; 0: never, or nobody knows when */
	int64_t lost_ms;               /* last lost; 0 likewise */
	int64_t entered_ms[RUNGS_MAX]; /* each rung of the ladder for the first time; 0: never */
	uint8_t rung;                  /* where they stand; RUNG_NONE */
	uint8_t source;                /* enum acquisition */
	uint8_t missing;               /* what holds them back: quantity `missing`; 0 nothing */
	uint8_t why_lost;              /* of who is lost now: enum reason, FUNNEL_…; else 0 */
	uint8_t yes, no;               /* factors told to be there, and not to be, before they converted */
	bool was_actual;
	bool cut;
};

/* The ladder that has sides, or -1. */
int funnel_ladder(const struct machine *m);

/* QUERY_FUNNEL: the page behind Q's key into Q's funnel; `done` at the end. */
int funnel_read(struct shard *s, struct query *q);

#endif
