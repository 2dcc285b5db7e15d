/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshot: where customers stand, as last announced, a row each. It owns no memory; spans live as
 * long as what they were taken from. */
#ifndef KITH_BASE_SNAPSHOT_H
#define KITH_BASE_SNAPSHOT_H
#include "base/filter.h"

#define SNAPSHOT_PLACES_MAX 8  /* ladders of a lifecycle file */
#define SNAPSHOT_RISKS_MAX  32

struct snapshot_place {
	struct span ladder, rung; /* "stage", "repeat" */
	int64_t since_ms;
};

struct snapshot_risk {
	struct span name;         /* "silent" */
	uint8_t severity;         /* enum severity; none when the file in force has no such risk */
	int64_t since_ms;
};

struct snapshot_row {
	struct span customer;
	struct span owner, region, segment;
	bool has_value;
	int64_t value;            /* at stake, minor units, as in a notification */
	uint32_t lifecycle_version;
	int64_t settled_ms;       /* everything up to here has been announced */
	int64_t due_ms;           /* the next change if nothing happens; 0 none */
	int64_t events, purchases;
	int64_t spent;            /* minor units, less what was refunded */
	int64_t first_purchase_ms, last_purchase_ms; /* 0 none */
	unsigned n_places, n_risks;
	struct snapshot_place places[SNAPSHOT_PLACES_MAX];
	struct snapshot_risk risks[SNAPSHOT_RISKS_MAX];
};

/* Whether F, made for notifications, is for a customer who stands so. A type takes whoever stands
 * on a rung, or has a risk, whose id begins with it, and of the crossings `customer.at_risk`
 * whoever has a risk and every other one everybody: they tell of a moment. Stage and tier: who
 * stands there. Severity: who has a risk at least so severe. Source is of an event, and holds for
 * everybody. */
bool snapshot_row_wanted(const struct snapshot_row *r, const struct filter *f);

#endif
