/* SPDX-License-Identifier: Apache-2.0 */
/* Preview: what would change if another lifecycle file were switched on, counted over customers. It
 * owns its texts, so that it outlives the files that they come from. */
#ifndef KITH_BASE_PREVIEW_H
#define KITH_BASE_PREVIEW_H
#include "base/event.h"

#define PREVIEW_SAMPLE     3
#define PREVIEW_MOVES_MAX  512
#define PREVIEW_TYPES_MAX  320 /* as many as a lifecycle file can have */
#define PREVIEW_FACTS_MAX  32
#define PREVIEW_NAME_BYTES 96  /* "follow_up." and two names with a dot, and the NUL */

/* So many, and who came first among them. */
struct preview_crowd {
	uint64_t customers;
	unsigned n_sample;
	struct {
		uint8_t size;
		uint8_t id[EVENT_CUSTOMER_MAX];
	} sample[PREVIEW_SAMPLE];
};

/* From where to where on a ladder; of a risk, clear and raised. */
struct preview_move {
	char of[PREVIEW_NAME_BYTES], from[PREVIEW_NAME_BYTES], to[PREVIEW_NAME_BYTES];
	struct preview_crowd who;
};

/* One type of notification that would follow. */
struct preview_type {
	char type[PREVIEW_NAME_BYTES]; /* "risk.silent" */
	char follow_up[PREVIEW_NAME_BYTES]; /* that it would open, each time; empty: none */
	uint8_t severity;       /* enum severity, the worst of them */
	uint64_t held;          /* of `who.customers`: it would be held, for whatever reason */
	struct preview_crowd who;
};

struct preview_report {
	uint32_t lifecycle_version; /* in force, which it is compared with */
	int64_t clock_ms;           /* as of then */
	bool hushed;                /* kith hush: nothing of it would be announced */
	uint64_t customers, moved;  /* looked at; of them, those who would stand elsewhere */
	uint64_t damaged;           /* their records cannot be read, and count for nobody */
	uint64_t left_out;          /* moves beyond PREVIEW_MOVES_MAX kinds of them */
	unsigned n_moves, n_types, n_facts;
	struct preview_move moves[PREVIEW_MOVES_MAX];
	struct preview_type types[PREVIEW_TYPES_MAX];
	char facts[PREVIEW_FACTS_MAX][PREVIEW_NAME_BYTES]; /* which nobody has counted yet */
};

#endif
