/* SPDX-License-Identifier: Apache-2.0 */
/* Quantities: the readings of facts that rules may compare, each with its law in time.
 *
 * Between two events a quantity moves by a known law, so the instant at which a comparison flips
 * can be solved. With s = now - t:
 *   UNKNOWN    there is no value (never bought: no silence); every comparison is false
 *   CONST      c
 *   AGE        s                      grows
 *   REMAINING  -s                     shrinks
 *   EXP        c * 2^(-s / half)      falls (half > 0) or grows (half < 0) towards or from 0
 * Durations are in ms, money in minor units, ratios as 0.5 for 50 %, flags 0 or 1. */
#ifndef KITH_LIFECYCLE_QUANTITY_H
#define KITH_LIFECYCLE_QUANTITY_H
#include "base/notification.h"
#include "lifecycle/facts.h"

enum law_kind { LAW_UNKNOWN, LAW_CONST, LAW_AGE, LAW_REMAINING, LAW_EXP };

struct law {
	uint8_t kind;   /* enum law_kind */
	double c;
	int64_t t_ms;
	double half_ms; /* LAW_EXP */
};

/* The list itself is lifecycle/quantity.def. */
enum quantity {
#define QUANTITY(name, unit, law, reading, text) QUANTITY_##name,
#include "lifecycle/quantity.def"
#undef QUANTITY
	QUANTITIES,
	QUANTITY_LADDER = 0x4000, /* + ladder index: the rung just judged */
	QUANTITY_NONE = 0xffff,
};

/* The law of Q for these facts. */
struct law quantity_law(enum quantity q, const struct facts *f);
/* The value of L at NOW; false and no value when unknown. */
bool law_value(const struct law *l, int64_t now_ms, double *ret_value);

/* Q < QUANTITIES in all of these. */
const char *quantity_name(enum quantity q);
const char *quantity_text(enum quantity q);
unsigned quantity_unit(enum quantity q);   /* enum unit */
enum law_kind quantity_law_kind(enum quantity q); /* the law it has when known and not 0 */
/* Whether the passing of time alone changes its value. */
bool quantity_moves(enum quantity q);
/* The naming function of a quantity whose unit is UNIT_NAME. */
const char *(*quantity_naming(enum quantity q))(unsigned);
int quantity_lookup(struct span name); /* or -1 */

#endif
