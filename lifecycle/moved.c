/* SPDX-License-Identifier: Apache-2.0 */
/* What a purchase or a refund has made different, and which numbers go by that. A bit too many costs
 * time, one too few tells lies: tests/unit/test_quantity.c looks for such. */
#include "lifecycle/moved.h"

static inline unsigned differs(const struct facts *was, const struct facts *is, enum fact fact,
	enum moved bit)
{
	return (unsigned)(was->scalar[fact].i != is->scalar[fact].i) << bit;
}

static inline bool anything_was_said(const struct facts *f)
{
	int64_t told = 0;

	for (unsigned i = 0; i < FACTOR_COUNT; i++)
		told |= f->reg[REGISTER_FACTOR + i].time_ms;
	return told != 0;
}

unsigned facts_moved(const struct facts *was, const struct facts *is)
{
	unsigned moved = differs(was, is, FACT_events, MOVED_EVENTS) |
		differs(was, is, FACT_channels, MOVED_CHANNELS) |
		differs(was, is, FACT_purchases, MOVED_PURCHASES) |
		differs(was, is, FACT_cancelled, MOVED_CANCELLED) |
		differs(was, is, FACT_spent, MOVED_SPENT) |
		differs(was, is, FACT_refunds, MOVED_REFUNDS) |
		differs(was, is, FACT_refunded, MOVED_REFUNDED) |
		differs(was, is, FACT_margin, MOVED_MARGIN) |
		differs(was, is, FACT_margins, MOVED_MARGIN) |
		differs(was, is, FACT_first_purchase, MOVED_FIRST) |
		differs(was, is, FACT_last_purchase, MOVED_LAST) |
		differs(was, is, FACT_last_refund, MOVED_LAST_REFUND) |
		differs(was, is, FACT_pleased_180d, MOVED_ANSWERS) |
		differs(was, is, FACT_displeased_180d, MOVED_ANSWERS) |
		differs(was, is, FACT_feedback_180d, MOVED_ANSWERS);

	moved |= (unsigned)(facts_purchase_days(was) != facts_purchase_days(is)) << MOVED_DAYS;
	if (is->wallet[0].to_ms)
		moved |= differs(was, is, FACT_spend_180d, MOVED_SHARE) |
			differs(was, is, FACT_refund_180d, MOVED_SHARE);
	if ((was->scalar[FACT_purchases].i > 0) != (is->scalar[FACT_purchases].i > 0) ||
		((moved >> MOVED_LAST & 1) && anything_was_said(is)))
		moved |= 1u << MOVED_READINESS;
	return moved;
}

unsigned quantity_goes_by(unsigned q)
{
	switch (q) {
	case QUANTITY_events: return 1u << MOVED_EVENTS;
	case QUANTITY_channels: return 1u << MOVED_CHANNELS;
	case QUANTITY_purchases: return 1u << MOVED_PURCHASES;
	case QUANTITY_cancelled: return 1u << MOVED_CANCELLED;
	case QUANTITY_purchase_days: return 1u << MOVED_DAYS;
	case QUANTITY_refunds: return 1u << MOVED_REFUNDS;
	case QUANTITY_satisfaction: return 1u << MOVED_ANSWERS;
	case QUANTITY_spent: return 1u << MOVED_SPENT;
	case QUANTITY_refunded: return 1u << MOVED_REFUNDED;
	case QUANTITY_net_spent:
	case QUANTITY_refund_share: return 1u << MOVED_SPENT | 1u << MOVED_REFUNDED;
	case QUANTITY_average_purchase: return 1u << MOVED_SPENT | 1u << MOVED_PURCHASES;
	case QUANTITY_margin: return 1u << MOVED_MARGIN;
	case QUANTITY_historic_value:
		return 1u << MOVED_SPENT | 1u << MOVED_REFUNDED | 1u << MOVED_PURCHASES |
			1u << MOVED_MARGIN;
	case QUANTITY_loyalty: return 1u << MOVED_DAYS | 1u << MOVED_SHARE;
	case QUANTITY_buying_for: return 1u << MOVED_FIRST | 1u << MOVED_LAST;
	case QUANTITY_usual_gap: return 1u << MOVED_FIRST | 1u << MOVED_LAST | 1u << MOVED_DAYS;
	case QUANTITY_returned: return 1u << MOVED_LAST_REFUND | 1u << MOVED_LAST;
	case QUANTITY_ready:
	case QUANTITY_missing: return 1u << MOVED_READINESS;
	default: return 0;
	}
}
