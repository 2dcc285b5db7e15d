/* SPDX-License-Identifier: Apache-2.0 */
/* Classes: rhythms of their own for kinds of customers, and how the year goes for all.
 *
 * A customer's class follows from what the profile says, and so from the facts: the last class in
 * the file whose conditions hold, or the whole. The season is that of the month of the last
 * purchase: it scales the window that `active` looks ahead, and stands until the next purchase, so
 * that the law in time is the same and its instants are solved as ever (docs/LIFECYCLE.md, section
 * 6). */
#ifndef KITH_LIFECYCLE_CLASSES_H
#define KITH_LIFECYCLE_CLASSES_H
#include "lifecycle/facts.h"
#include "lifecycle/rhythm.h"

#define CLASSES_MAX          16
#define CLASS_CONDITIONS_MAX 4
#define SEASON_MIN           0.1
#define SEASON_MAX           10.0

/* role, acquisition: one of NAMES. region, segment: TEXT. What was not told fits nothing. */
struct class_condition {
	bool is_text;
	uint8_t which;      /* enum facts_register or enum facts_text */
	uint64_t names;     /* bit per enum value */
	struct span text;
};

struct rhythm_class {
	struct rhythm rhythm;  /* what the class does not say is that of the whole */
	unsigned given;        /* a bit per setting that it says, for the parser */
	unsigned n_conditions;
	struct class_condition conditions[CLASS_CONDITIONS_MAX]; /* all hold */
	int line;
};

struct rhythm_classes {
	unsigned n;
	struct rhythm_class classes[CLASSES_MAX];
	bool has_season;
	double season[12];     /* from January */
	const struct zone *zone; /* whose months; not owned */
};

/* What the rhythm needs of F: purchase days after the first one, and the time from the first
 * purchase to the last. False when nothing was bought. */
bool rhythm_gaps(const struct facts *f, double *ret_x, double *ret_tx_ms);
/* The rhythm of F's class; WHOLE itself when there are no classes or none fits. */
const struct rhythm *rhythm_of(const struct rhythm *whole, const struct facts *f);
/* The number of that class: 1 + its place in the file; 0 the whole. */
unsigned rhythm_class_of(const struct rhythm *whole, const struct facts *f);
/* What tells C's customers, as a file has it: role in (agent, retailer) and region = "north". */
void rhythm_class_text(const struct rhythm_class *c, char *out, size_t size);
/* What the windows of one who bought last at LAST_MS are multiplied by. */
double rhythm_season(const struct rhythm *whole, int64_t last_ms);

#endif
