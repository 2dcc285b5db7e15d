/* SPDX-License-Identifier: Apache-2.0 */
/* Quantities: the readings of facts that rules may compare, each with its law in time.
 * Between two events a quantity moves by a known law (law.h), so the instant at which a comparison
 * flips can be solved. Durations are in ms, money in minor units, ratios as 0.5 for 50 %, flags 0 or
 * 1. */
#ifndef KITH_LIFECYCLE_QUANTITY_H
#define KITH_LIFECYCLE_QUANTITY_H
#include "base/notification.h"
#include "lifecycle/facts.h"
#include "lifecycle/law.h"

/* The list itself is lifecycle/quantity.def. */
enum quantity {
#define QUANTITY(name, unit, law, by, reading, text) QUANTITY_##name,
#include "lifecycle/quantity.def"
#undef QUANTITY
	QUANTITIES,
	QUANTITY_CUSTOM = 0x2000, /* + index of a fact of the file's own (custom.h) */
	QUANTITY_LADDER = 0x4000, /* + ladder index: the rung just judged */
	QUANTITY_WINDOW = 0xfffe, /* what `active` looks ahead: of a context only */
	QUANTITY_NONE = 0xffff,
};

/* Bodies of events, a bit each, for the column `by` of quantity.def. All decayed sums refer to one
 * instant, so whatever adds to one of them moves all, if only in their last digits. */
enum {
	BY_CONTACT = 1 << BODY_CONTACT, BY_READINESS = 1 << BODY_READINESS,
	BY_PURCHASE = 1 << BODY_PURCHASE, BY_REFUND = 1 << BODY_REFUND,
	BY_COMPLAINT = 1 << BODY_COMPLAINT, BY_RESOLUTION = 1 << BODY_RESOLUTION,
	BY_FEEDBACK = 1 << BODY_FEEDBACK, BY_REFERRAL = 1 << BODY_REFERRAL,
	BY_MEMBERSHIP = 1 << BODY_MEMBERSHIP, BY_PARTNERSHIP = 1 << BODY_PARTNERSHIP,
	BY_CONTRACT = 1 << BODY_CONTRACT, BY_WALLET = 1 << BODY_WALLET,
	BY_COMPETITOR = 1 << BODY_COMPETITOR, BY_PROFILE = 1 << BODY_PROFILE,
	BY_MARKET = 1 << BODY_MARKET,
	BY_ALL = (1 << BODY_COUNT) - 1,
	BY_TRADE = BY_PURCHASE | BY_REFUND, /* a refund can take its purchase back (orders.c) */
	BY_MESSAGE = 0, /* of another customer's doing: then everything is asked */
	BY_DECAYED = BY_CONTACT | BY_PURCHASE | BY_REFUND | BY_COMPLAINT | BY_FEEDBACK,
};

/* The law of Q for these facts; RHYTHM has its times in ms. */
struct law quantity_law(enum quantity q, const struct facts *f, const struct rhythm *rhythm);
/* The same, written where it is to stay: a copy just after costs more than the reading. */
void quantity_read(enum quantity q, const struct facts *f, const struct rhythm *rhythm,
	struct law *ret_law);
/* The value of a Q whose law in the table is CONST; false when it is unknown. */
bool quantity_number(enum quantity q, const struct facts *f, const struct rhythm *rhythm,
	double *ret_value);
/* The same of several, WHICH of QUANTITIES, a bit each, each to its place; 0 when unknown. Returns those
 * that are known. */
uint64_t quantity_numbers(const uint16_t *quantities, uint64_t which, const struct facts *f,
	const struct rhythm *rhythm, double *ret_values);

/* Q < QUANTITIES in all of these; machine_quantity() knows custom facts too. */
const char *quantity_name(enum quantity q);
const char *quantity_text(enum quantity q);
unsigned quantity_unit(enum quantity q);   /* enum unit */
enum law_kind quantity_law_kind(enum quantity q); /* the law it has when known and not 0 */
/* The bodies of events that can change its law: BY_… bits. */
unsigned quantity_changed_by(enum quantity q);
/* Whether it is read by the customer's rhythm. */
bool quantity_has_rhythm(unsigned q);
/* Whether it may be written with a window: active(30d). */
bool quantity_takes_window(enum quantity q);
/* The naming function of a quantity whose unit is UNIT_NAME. */
const char *(*quantity_naming(enum quantity q))(unsigned);
int quantity_lookup(struct span name); /* or -1 */

#endif
