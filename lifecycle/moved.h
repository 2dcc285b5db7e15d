/* SPDX-License-Identifier: Apache-2.0 */
/* Moved: what a purchase or a refund has made different about the facts, as far as numbers that do
 * not move with time go by it. Most are read only after those events that can have turned them. */
#ifndef KITH_LIFECYCLE_MOVED_H
#define KITH_LIFECYCLE_MOVED_H
#include "lifecycle/quantity.h"

enum moved {
	MOVED_EVENTS, MOVED_CHANNELS, MOVED_PURCHASES, MOVED_CANCELLED, MOVED_SPENT, MOVED_REFUNDS,
	MOVED_REFUNDED, MOVED_MARGIN, MOVED_FIRST, MOVED_LAST, MOVED_LAST_REFUND, MOVED_DAYS,
	MOVED_ANSWERS,  /* sums of feedback, if only in their last digits */
	MOVED_SHARE,    /* what was spent of late, of somebody whose wallet is known */
	MOVED_READINESS, /* whether they have bought, or what was said since they last did */
};

static inline bool body_is_trade(unsigned body)
{
	return BY_TRADE >> body & 1;
}

/* A bit per enum moved. WAS needs no more than facts_copy_head() gives. */
unsigned facts_moved(const struct facts *was, const struct facts *is);
/* All that a purchase or a refund can change of the number Q, and that it is read from the head of
 * the facts alone; 0: not so, read it before and after each. */
unsigned quantity_goes_by(unsigned q);

#endif
