/* SPDX-License-Identifier: Apache-2.0 */
/* Facts: the fold of events into numbers. Each part is commutative by itself (facts_parts.h), so
 * the whole is. */
#include "lifecycle/facts.h"
#include <assert.h>
#include <string.h>
#include "base/hash.h"
#include "lifecycle/orders.h"

void facts_init(struct facts *f)
{
	memset(f, 0, offsetof(struct facts, text));
	for (enum facts_text t = 0; t < TEXTS; t++) {
		f->text[t].time_ms = 0;
		f->text[t].size = 0;
	}
	f->referrer.time_ms = 0;
	f->referrer.size = 0;
}

void facts_copy(struct facts *to, const struct facts *from)
{
	memcpy(to, from, offsetof(struct facts, gaps) + from->gaps_size);
	memcpy(to->custom, from->custom, from->n_custom * sizeof from->custom[0]);
}

void facts_copy_head(struct facts *to, const struct facts *from)
{
	memcpy(to, from, offsetof(struct facts, text));
}

/* Fold VALUE into a row that is not a decayed sum, by the row's law. */
static inline __attribute__((always_inline)) void fact_fold(struct facts *f, enum fact fact,
	int64_t value)
{
	int64_t *i = &f->scalar[fact].i;

	switch (law_of(fact)) {
	case FACT_COUNT: *i = (int64_t)((uint64_t)*i + (uint64_t)value); break; /* wraps, defined */
	case FACT_FIRST: *i = value && (*i == 0 || value < *i) ? value : *i; break;
	case FACT_LAST: *i = value > *i ? value : *i; break;
	case FACT_MASK: *i |= value; break;
	case FACT_DECAY: assert(!"a decayed sum is folded by decay_add()");
	}
}

static void add_contact(struct facts *f, const struct event *e)
{
	struct decay d = decay_at(f, e->time_ms);

	if (e->as.contact.direction == DIRECTION_IN) {
		fact_fold(f, FACT_contacts_in, 1);
		fact_fold(f, FACT_last_inbound, e->time_ms);
	} else {
		fact_fold(f, FACT_contacts_out, 1);
	}
	fact_fold(f, FACT_first_contact, e->time_ms);
	fact_fold(f, FACT_last_contact, e->time_ms);
	decay_add(f, &d, FACT_contacts_30d, 1);
	if (e->as.contact.acquisition)
		register_tell(f, REGISTER_ACQUISITION, e->time_ms, e->as.contact.acquisition);
}

static void add_readiness(struct facts *f, const struct event *e)
{
	for (unsigned i = 0; i < FACTOR_COUNT; i++)
		if (e->as.readiness.factor[i])
			register_tell(f, REGISTER_FACTOR + i, e->time_ms,
				e->as.readiness.factor[i]);
}

static void add_purchase(struct facts *f, const struct event *e, const struct zone *zone)
{
	struct decay d = decay_at(f, e->time_ms);
	double amount = (double)e->as.purchase.amount;
	struct facts_order order = {
		.time_ms = e->time_ms,
		.amount = e->as.purchase.amount,
		.margin = e->as.purchase.has_margin ? e->as.purchase.margin : 0,
		.has_margin = e->as.purchase.has_margin,
		.order = hash_32(e->as.purchase.order.data, e->as.purchase.order.size),
		.day = zone_day(zone, e->time_ms),
	};

	fact_fold(f, FACT_purchases, 1);
	fact_fold(f, FACT_spent, e->as.purchase.amount);
	fact_fold(f, FACT_first_purchase, e->time_ms);
	fact_fold(f, FACT_last_purchase, e->time_ms);
	if (e->as.purchase.has_margin) {
		fact_fold(f, FACT_margin, e->as.purchase.margin);
		fact_fold(f, FACT_margins, 1);
	}
	decay_add(f, &d, FACT_spend_30d, amount);
	decay_add(f, &d, FACT_spend_180d, amount);
	decay_add(f, &d, FACT_purchases_30d, 1);
	decay_add(f, &d, FACT_purchases_180d, 1);
	days_add(f, order.day);
	orders_add(f, &order);
}

static void add_reason(struct facts *f, const struct event *e, uint8_t reason)
{
	if (reason)
		register_tell(f, REGISTER_REASON, e->time_ms, reason);
}

static void add_refund(struct facts *f, const struct event *e)
{
	struct decay d = decay_at(f, e->time_ms);
	struct facts_order order = {
		.time_ms = e->time_ms,
		.amount = e->as.refund.amount,
		.order = hash_32(e->as.refund.order.data, e->as.refund.order.size),
		.refund = true,
	};

	fact_fold(f, FACT_refunds, 1);
	fact_fold(f, FACT_refunded, e->as.refund.amount);
	fact_fold(f, FACT_last_refund, e->time_ms);
	decay_add(f, &d, FACT_refund_180d, (double)e->as.refund.amount);
	add_reason(f, e, e->as.refund.reason);
	orders_add(f, &order);
}

static void add_complaint(struct facts *f, const struct event *e)
{
	struct decay d = decay_at(f, e->time_ms);
	struct facts_case c = {
		.time_ms = e->time_ms,
		.complaint = hash_32(e->as.complaint.complaint.data, e->as.complaint.complaint.size),
		.reason = e->as.complaint.reason,
		.severity = e->as.complaint.severity,
	};

	fact_fold(f, FACT_complaints, 1);
	fact_fold(f, FACT_last_complaint, e->time_ms);
	decay_add(f, &d, FACT_complaints_180d, 1);
	add_reason(f, e, e->as.complaint.reason);
	cases_add(f, &c);
}

static void add_resolution(struct facts *f, const struct event *e)
{
	struct span id = e->as.resolution.complaint;
	struct facts_case c = {
		.time_ms = e->time_ms,
		.complaint = hash_32(id.data, id.size),
		.resolved = 1,
	};

	fact_fold(f, FACT_resolutions, 1);
	cases_add(f, &c);
}

/* Satisfaction is not symmetric (Kano 1984; DOMAIN section 4): a must-be quality that fails hurts
 * twice and earns nothing when it works, an attractive one can only add. */
static void add_feedback(struct facts *f, const struct event *e)
{
	struct decay d = decay_at(f, e->time_ms);
	double gap = e->as.feedback.perceived - e->as.feedback.expected;
	double pleased = gap > 0 ? gap : 0, displeased = gap < 0 ? -gap : 0;

	if (e->as.feedback.quality == QUALITY_MUST_BE) {
		pleased = 0;
		displeased *= 2;
	} else if (e->as.feedback.quality == QUALITY_ATTRACTIVE) {
		displeased = 0;
	}
	fact_fold(f, FACT_feedbacks, 1);
	fact_fold(f, FACT_last_feedback, e->time_ms);
	decay_add(f, &d, FACT_pleased_180d, pleased);
	decay_add(f, &d, FACT_displeased_180d, displeased);
	decay_add(f, &d, FACT_feedback_180d, 1);
}

static void add_referral(struct facts *f, const struct event *e)
{
	fact_fold(f, FACT_referrals, 1);
	fact_fold(f, FACT_last_referral, e->time_ms);
}

static void add_contract(struct facts *f, const struct event *e)
{
	register_tell(f, REGISTER_CONTRACT, e->time_ms, e->as.contract.change);
	if (e->as.contract.ends_ms)
		register_tell(f, REGISTER_CONTRACT_ENDS, e->time_ms, e->as.contract.ends_ms);
	add_reason(f, e, e->as.contract.reason);
}

static void add_wallet(struct facts *f, const struct event *e)
{
	struct facts_wallet w = {
		.from_ms = e->as.wallet.from_ms,
		.to_ms = e->as.wallet.to_ms,
		.amount = e->as.wallet.amount,
	};

	wallet_tell(f, &w);
}

static void add_competitor(struct facts *f, const struct event *e)
{
	fact_fold(f, FACT_competitor_seen, 1);
	fact_fold(f, FACT_last_competitor, e->time_ms);
	text_tell(f, TEXT_COMPETITOR, e->time_ms, e->as.competitor.name);
	if (e->as.competitor.seen)
		register_tell(f, REGISTER_SIGHTING, e->time_ms, e->as.competitor.seen);
}

/* A text that is there but empty takes the old one back; one that is not there leaves it. */
static void add_text(struct facts *f, const struct event *e, enum facts_text t, struct span text)
{
	if (text.data)
		text_tell(f, t, e->time_ms, text);
}

static void add_profile(struct facts *f, const struct event *e)
{
	if (e->as.profile.role)
		register_tell(f, REGISTER_ROLE, e->time_ms, e->as.profile.role);
	if (e->as.profile.acquisition)
		register_tell(f, REGISTER_ACQUISITION, e->time_ms, e->as.profile.acquisition);
	if (e->as.profile.has_expected_margin)
		register_tell(f, REGISTER_EXPECTED_MARGIN, e->time_ms,
			e->as.profile.expected_margin);
	add_text(f, e, TEXT_HELD_BY, e->as.profile.held_by);
	add_text(f, e, TEXT_REGION, e->as.profile.region);
	add_text(f, e, TEXT_SEGMENT, e->as.profile.segment);
	add_text(f, e, TEXT_OWNER, e->as.profile.owner);
	add_text(f, e, TEXT_ACCOUNT, e->as.profile.account);
}

static void add_market(struct facts *f, const struct event *e)
{
	register_tell(f, REGISTER_MARKET, e->time_ms, e->as.market.factor);
	register_tell(f, REGISTER_MARKET_UNTIL, e->time_ms, e->as.market.until_ms);
}

void facts_add(struct facts *f, const struct event *e, const struct zone *zone)
{
	assert(e->time_ms >= EVENT_TIME_MIN && e->time_ms <= EVENT_TIME_MAX);
	fact_fold(f, FACT_events, 1);
	fact_fold(f, FACT_first_event, e->time_ms);
	fact_fold(f, FACT_last_event, e->time_ms);
	if (e->channel)
		fact_fold(f, FACT_channels, INT64_C(1) << e->channel);
	switch ((enum body)e->body) {
	case BODY_CONTACT: add_contact(f, e); break;
	case BODY_READINESS: add_readiness(f, e); break;
	case BODY_PURCHASE: add_purchase(f, e, zone); break;
	case BODY_REFUND: add_refund(f, e); break;
	case BODY_COMPLAINT: add_complaint(f, e); break;
	case BODY_RESOLUTION: add_resolution(f, e); break;
	case BODY_FEEDBACK: add_feedback(f, e); break;
	case BODY_REFERRAL: add_referral(f, e); break;
	case BODY_MEMBERSHIP:
		register_tell(f, REGISTER_MEMBERSHIP, e->time_ms, e->as.membership.change);
		break;
	case BODY_PARTNERSHIP:
		register_tell(f, REGISTER_PARTNERSHIP, e->time_ms, e->as.partnership.change);
		break;
	case BODY_CONTRACT: add_contract(f, e); break;
	case BODY_WALLET: add_wallet(f, e); break;
	case BODY_COMPETITOR: add_competitor(f, e); break;
	case BODY_PROFILE: add_profile(f, e); break;
	case BODY_MARKET: add_market(f, e); break;
	case BODY_COUNT: assert(!"not a body");
	}
}

void facts_introduce(struct facts *f, struct span by, int64_t time_ms)
{
	assert(time_ms >= EVENT_TIME_MIN && time_ms <= EVENT_TIME_MAX);
	fact_fold(f, FACT_events, 1);
	fact_fold(f, FACT_first_event, time_ms);
	fact_fold(f, FACT_last_event, time_ms);
	register_tell(f, REGISTER_ACQUISITION, time_ms, ACQUISITION_REFERRAL);
	referrer_tell(f, time_ms, by);
}

void facts_credit(struct facts *f, int by)
{
	fact_fold(f, FACT_converted_referrals, by);
}

bool facts_has_bought(const struct facts *f)
{
	bool all_back = f->scalar[FACT_last_refund].i >= f->scalar[FACT_last_purchase].i &&
		f->scalar[FACT_refunded].i >= f->scalar[FACT_spent].i;

	return f->scalar[FACT_purchases].i >= 1 && !all_back;
}

void facts_join(struct facts *f, const struct facts *from)
{
	assert(f != from);
	decay_join(f, from); /* first: it needs F's own decayed_at */
	for (enum fact i = 0; i < FACTS_SCALARS; i++)
		if (law_of(i) != FACT_DECAY)
			fact_fold(f, i, from->scalar[i].i);
	registers_join(f, from);
	cases_join(f, from);
	days_join(f, from);
	customs_join(f, from);
	orders_join(f, from);
}

bool facts_equal(const struct facts *a, const struct facts *b)
{
	for (enum fact i = 0; i < FACTS_SCALARS; i++)
		if (law_of(i) == FACT_DECAY ? !decay_equal(a->scalar[i].d, b->scalar[i].d)
					      : a->scalar[i].i != b->scalar[i].i)
			return false;
	return registers_equal(a, b) && cases_equal(a, b) && days_equal(a, b) &&
		customs_equal(a, b) && orders_equal(a, b);
}
