/* SPDX-License-Identifier: Apache-2.0 */
/* What each quantity reads from facts, against numbers worked out by hand. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include "lifecycle/moved.h"
#include "lifecycle/quantity.h"
#include "lifecycle/value.h"
#include "random_event.h"

#define DAY INT64_C(86400000)
#define T0  (20000 * DAY)
#define NOW (T0 + 200 * DAY)
#define UNKNOWN NAN

static struct value value = { .discount = .1, .margin = .3, .horizon = 730.0 * DAY, .p = 6.25, .q = 3.74,
	.v = 1544 };
static const struct rhythm rhythm = { .r = 0.85, .alpha = 45.0 * DAY, .a = 0.6, .b = 1,
	.window = 60.0 * DAY, .value = &value };

struct reading {
	enum quantity q;
	double value; /* at NOW; UNKNOWN */
};

static double value_of(enum quantity q, const struct facts *f, int64_t now_ms)
{
	struct law l = quantity_law(q, f, &rhythm);
	double v;

	return law_value(&l, now_ms, &v) ? v : UNKNOWN;
}

static void assert_readings(const struct facts *f, const struct reading *r, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		double v = value_of(r[i].q, f, NOW);

		if (isnan(v) && isnan(r[i].value))
			continue;
		if (!(fabs(v - r[i].value) <= 1e-9 * fabs(r[i].value)))
			fail_msg("%s is %.12g, expected %.12g", quantity_name(r[i].q), v,
				r[i].value);
	}
}

#define ASSERT_READINGS(f, ...) \
	do { \
		const struct reading readings_[] = { __VA_ARGS__ }; \
		assert_readings(f, readings_, sizeof readings_ / sizeof *readings_); \
	} while (0)

static void tell(struct facts *f, int day, struct event e)
{
	e.time_ms = T0 + day * DAY;
	facts_add(f, &e, NULL);
}

static void buy(struct facts *f, int day, int64_t amount)
{
	struct event e = { .body = BODY_PURCHASE };

	e.as.purchase.amount = amount;
	tell(f, day, e);
}

static void of_nobody_little_is_known(void **state)
{
	struct facts f;

	(void)state;
	facts_init(&f);
	for (unsigned q = 0; q < QUANTITIES; q++) {
		double v = value_of(q, &f, NOW);
		unsigned unit = quantity_unit(q);

		if (q == QUANTITY_missing || q == QUANTITY_ready)
			continue; /* of nobody: looked at below */
		assert_true(isnan(v) || v == 0);
		if (unit == UNIT_DURATION || unit == UNIT_FLAG || unit == UNIT_NAME)
			assert_true(isnan(v));
	}
	ASSERT_READINGS(&f, { QUANTITY_events, 0 }, { QUANTITY_purchases, 0 }, { QUANTITY_spent, 0 },
		{ QUANTITY_satisfaction, UNKNOWN }, { QUANTITY_average_purchase, UNKNOWN },
		{ QUANTITY_margin, UNKNOWN }, { QUANTITY_expected_margin, UNKNOWN },
		{ QUANTITY_refund_share, UNKNOWN }, { QUANTITY_spend_trend, UNKNOWN },
		{ QUANTITY_share_of_wallet, UNKNOWN }, { QUANTITY_wallet_trend, UNKNOWN },
		{ QUANTITY_spend_rate, 0 }, { QUANTITY_ready, 0 },
		{ QUANTITY_missing, 1 + FACTOR_NEED });
}

static void purchases_and_refunds_are_counted_summed_and_aged(void **state)
{
	struct event e = { .body = BODY_PURCHASE, .channel = CHANNEL_WEB };
	struct event back = { .body = BODY_REFUND, .channel = CHANNEL_STORE };
	struct facts f;

	(void)state;
	facts_init(&f);
	buy(&f, 10, 1000);
	e.as.purchase.amount = 3000;
	e.as.purchase.has_margin = true;
	e.as.purchase.margin = 700;
	tell(&f, 10, e);
	buy(&f, 50, 2000);
	back.as.refund.amount = 1500;
	back.as.refund.reason = REASON_PRICE;
	tell(&f, 60, back);
	ASSERT_READINGS(&f, { QUANTITY_events, 4 }, { QUANTITY_purchases, 3 },
		{ QUANTITY_purchase_days, 2 }, { QUANTITY_refunds, 1 }, { QUANTITY_channels, 2 },
		{ QUANTITY_spent, 6000 }, { QUANTITY_refunded, 1500 }, { QUANTITY_net_spent, 4500 },
		{ QUANTITY_average_purchase, 2000 }, { QUANTITY_margin, 700 },
		{ QUANTITY_refund_share, 0.25 }, { QUANTITY_silence, 150.0 * DAY },
		{ QUANTITY_tenure, 190.0 * DAY }, { QUANTITY_buying_for, 40.0 * DAY },
		{ QUANTITY_usual_gap, 40.0 * DAY }, { QUANTITY_refund_age, 140.0 * DAY },
		{ QUANTITY_known_for, 190.0 * DAY }, { QUANTITY_idle, 140.0 * DAY },
		{ QUANTITY_reason, REASON_PRICE });
}

static void rates_are_a_year_and_halve(void **state)
{
	struct event e = { .body = BODY_CONTACT }, c = { .body = BODY_COMPLAINT };
	double year_180d = M_LN2 / 180 * 365, year_30d = M_LN2 / 30 * 365;
	struct facts f;

	(void)state;
	facts_init(&f);
	buy(&f, 20, 1000); /* 180 days before NOW: half of it */
	e.as.contact.direction = DIRECTION_OUT;
	tell(&f, 170, e); /* 30 days before */
	c.as.complaint.complaint = span_str("c1");
	tell(&f, 200, c);
	ASSERT_READINGS(&f, { QUANTITY_spend_rate, 500 * year_180d },
		{ QUANTITY_purchase_rate, 0.5 * year_180d }, { QUANTITY_contact_rate, 0.5 * year_30d },
		{ QUANTITY_complaint_rate, year_180d },
		{ QUANTITY_spend_trend, 6 * exp2(-6) / 0.5 },
		{ QUANTITY_purchase_trend, 6 * exp2(-6) / 0.5 });
}

/* A steady buyer spends what they spend: the rate finds it, and the trend is 1. */
static void a_steady_flow_is_its_own_rate(void **state)
{
	struct facts f;

	(void)state;
	facts_init(&f);
	for (int day = -4000; day <= 200; day++)
		buy(&f, day, 100);
	/* just after a purchase the sums are half a step above the mean of the flow */
	assert_true(fabs(value_of(QUANTITY_spend_rate, &f, NOW) / 36500 - 1) < 0.002);
	assert_true(fabs(value_of(QUANTITY_purchase_rate, &f, NOW) / 365 - 1) < 0.002);
	assert_true(fabs(value_of(QUANTITY_spend_trend, &f, NOW) - 1) < 0.011);
}

static void refunds_lower_the_rate_below_nothing_if_need_be(void **state)
{
	struct event back = { .body = BODY_REFUND };
	struct facts f;

	(void)state;
	facts_init(&f);
	buy(&f, 200, 1000);
	back.as.refund.order = span_str("another");
	back.as.refund.amount = 3000;
	tell(&f, 200, back);
	ASSERT_READINGS(&f, { QUANTITY_spend_rate, -2000 * M_LN2 / 180 * 365 },
		{ QUANTITY_net_spent, -2000 });
}

static void the_wallet_is_compared_by_the_year(void **state)
{
	struct event e = { .body = BODY_WALLET };
	struct facts f;

	(void)state;
	facts_init(&f);
	buy(&f, 200, 1000);
	e.as.wallet.from_ms = T0 - 365 * DAY;
	e.as.wallet.to_ms = T0;
	e.as.wallet.amount = 10000;
	tell(&f, 1, e);
	ASSERT_READINGS(&f, { QUANTITY_wallet_trend, UNKNOWN },
		{ QUANTITY_share_of_wallet, 1000 * M_LN2 / 180 * 365 / 10000 });
	e.as.wallet.from_ms = T0;
	e.as.wallet.to_ms = T0 + 73 * DAY; /* a fifth of a year */
	e.as.wallet.amount = 1500;
	tell(&f, 80, e);
	ASSERT_READINGS(&f, { QUANTITY_wallet_trend, 0.75 },
		{ QUANTITY_share_of_wallet, 1000 * M_LN2 / 180 * 365 / 7500 });
}

static void satisfaction_is_a_mean_that_stands_still(void **state)
{
	struct event e = { .body = BODY_FEEDBACK };
	struct facts f;

	(void)state;
	facts_init(&f);
	e.as.feedback.expected = 8;
	e.as.feedback.perceived = 6;
	e.as.feedback.quality = QUALITY_MUST_BE; /* -4 */
	tell(&f, 20, e);
	assert_true(value_of(QUANTITY_satisfaction, &f, NOW) == -4);
	e.as.feedback.perceived = 10;
	e.as.feedback.quality = QUALITY_LINEAR; /* +2, and the first has halved */
	tell(&f, 200, e);
	ASSERT_READINGS(&f, { QUANTITY_satisfaction, (2 - 2) / 1.5 }, { QUANTITY_feedbacks, 2 },
		{ QUANTITY_feedback_age, 0 });
	assert_true(value_of(QUANTITY_satisfaction, &f, NOW) ==
		value_of(QUANTITY_satisfaction, &f, NOW + 900 * DAY));
}

static void contacts_complaints_and_the_rest_are_counted_and_aged(void **state)
{
	struct event in = { .body = BODY_CONTACT }, out = { .body = BODY_CONTACT };
	struct event c = { .body = BODY_COMPLAINT }, r = { .body = BODY_RESOLUTION };
	struct event seen = { .body = BODY_COMPETITOR }, referral = { .body = BODY_REFERRAL };
	struct facts f;

	(void)state;
	facts_init(&f);
	in.as.contact.direction = DIRECTION_IN;
	out.as.contact.direction = DIRECTION_OUT;
	tell(&f, 5, in);
	tell(&f, 7, out);
	tell(&f, 8, out);
	c.as.complaint.complaint = span_str("c1");
	tell(&f, 10, c);
	c.as.complaint.complaint = span_str("c2");
	tell(&f, 20, c);
	ASSERT_READINGS(&f, { QUANTITY_complaint_age, 190.0 * DAY },
		{ QUANTITY_open_complaints, 2 });
	r.as.resolution.complaint = span_str("c1");
	tell(&f, 30, r);
	seen.as.competitor.name = span_str("acme");
	seen.as.competitor.seen = SIGHTING_QUOTE;
	tell(&f, 40, seen);
	referral.as.referral.customer = span_str("bob");
	tell(&f, 50, referral);
	ASSERT_READINGS(&f, { QUANTITY_contacts, 3 }, { QUANTITY_contacts_in, 1 },
		{ QUANTITY_contacts_out, 2 }, { QUANTITY_first_contact_age, 195.0 * DAY },
		{ QUANTITY_contact_age, 192.0 * DAY }, { QUANTITY_inbound_age, 195.0 * DAY },
		{ QUANTITY_complaints, 2 }, { QUANTITY_open_complaints, 1 },
		{ QUANTITY_resolutions, 1 }, { QUANTITY_complaint_age, 180.0 * DAY },
		{ QUANTITY_last_complaint_age, 180.0 * DAY }, { QUANTITY_competitor_seen, 1 },
		{ QUANTITY_competitor_age, 160.0 * DAY }, { QUANTITY_sighting, SIGHTING_QUOTE },
		{ QUANTITY_referrals, 1 }, { QUANTITY_referral_age, 150.0 * DAY });
}

static void answers_are_yes_no_or_unknown(void **state)
{
	static const struct { enum quantity yes, no; } factors[FACTOR_COUNT] = {
		[FACTOR_NEED] = { QUANTITY_need, QUANTITY_no_need },
		[FACTOR_DESIRE] = { QUANTITY_desire, QUANTITY_no_desire },
		[FACTOR_ABILITY] = { QUANTITY_ability, QUANTITY_no_ability },
		[FACTOR_AUTHORITY] = { QUANTITY_authority, QUANTITY_no_authority },
		[FACTOR_TIMING] = { QUANTITY_timing, QUANTITY_timing_wrong },
		[FACTOR_AWARENESS] = { QUANTITY_awareness, QUANTITY_no_awareness },
		[FACTOR_RECOGNITION] = { QUANTITY_recognition, QUANTITY_no_recognition },
		[FACTOR_TRUST] = { QUANTITY_trust, QUANTITY_no_trust },
	};
	struct facts f;

	(void)state;
	facts_init(&f);
	for (unsigned i = 0; i < FACTOR_COUNT; i++) {
		struct event e = { .body = BODY_READINESS };

		ASSERT_READINGS(&f, { factors[i].yes, UNKNOWN }, { factors[i].no, UNKNOWN });
		e.as.readiness.factor[i] = ANSWER_YES;
		tell(&f, 1, e);
		ASSERT_READINGS(&f, { factors[i].yes, 1 }, { factors[i].no, 0 });
		e.as.readiness.factor[i] = ANSWER_NO;
		tell(&f, 2, e);
		ASSERT_READINGS(&f, { factors[i].yes, 0 }, { factors[i].no, 1 });
	}
}

static void agreements_are_flags_with_ages(void **state)
{
	struct event m = { .body = BODY_MEMBERSHIP }, p = { .body = BODY_PARTNERSHIP };
	struct event c = { .body = BODY_CONTRACT };
	struct facts f;

	(void)state;
	facts_init(&f);
	m.as.membership.change = MEMBERSHIP_JOINED;
	p.as.partnership.change = PARTNERSHIP_BEGUN;
	c.as.contract.change = CONTRACT_SIGNED;
	c.as.contract.ends_ms = T0 + 230 * DAY;
	tell(&f, 10, m);
	tell(&f, 20, p);
	tell(&f, 30, c);
	ASSERT_READINGS(&f, { QUANTITY_member, 1 }, { QUANTITY_member_for, 190.0 * DAY },
		{ QUANTITY_partner, 1 }, { QUANTITY_partner_for, 180.0 * DAY },
		{ QUANTITY_under_contract, 1 }, { QUANTITY_notice_given, 0 },
		{ QUANTITY_notice_age, UNKNOWN }, { QUANTITY_contract_remaining, 30.0 * DAY });
	m.as.membership.change = MEMBERSHIP_LEFT;
	p.as.partnership.change = PARTNERSHIP_ENDED;
	c.as.contract.change = CONTRACT_NOTICE;
	c.as.contract.ends_ms = 0; /* not said: the term stands */
	tell(&f, 40, m);
	tell(&f, 50, p);
	tell(&f, 60, c);
	ASSERT_READINGS(&f, { QUANTITY_member, 0 }, { QUANTITY_member_for, UNKNOWN },
		{ QUANTITY_partner, 0 }, { QUANTITY_partner_for, UNKNOWN },
		{ QUANTITY_under_contract, 0 }, { QUANTITY_notice_given, 1 },
		{ QUANTITY_notice_age, 140.0 * DAY }, { QUANTITY_contract_remaining, 30.0 * DAY });
	c.as.contract.change = CONTRACT_RENEWED;
	tell(&f, 70, c);
	ASSERT_READINGS(&f, { QUANTITY_under_contract, 1 }, { QUANTITY_notice_given, 0 });
}

static void the_profile_and_the_market_are_read(void **state)
{
	struct event e = { .body = BODY_PROFILE }, m = { .body = BODY_MARKET };
	struct facts f;

	(void)state;
	facts_init(&f);
	e.as.profile.role = ROLE_RETAILER;
	e.as.profile.acquisition = ACQUISITION_EXHIBITION;
	e.as.profile.has_expected_margin = true;
	e.as.profile.expected_margin = -12;
	e.as.profile.held_by = span_str("acme");
	tell(&f, 1, e);
	m.as.market.factor = MARKET_POLICY;
	m.as.market.region = span_str("north");
	m.as.market.until_ms = T0 + 190 * DAY;
	tell(&f, 2, m);
	ASSERT_READINGS(&f, { QUANTITY_role, ROLE_RETAILER },
		{ QUANTITY_acquisition, ACQUISITION_EXHIBITION }, { QUANTITY_expected_margin, -12 },
		{ QUANTITY_held_by_competitor, 1 }, { QUANTITY_market_factor, MARKET_POLICY },
		{ QUANTITY_market_remaining, -10.0 * DAY });
	e = (struct event){ .body = BODY_PROFILE };
	e.as.profile.held_by = span_str(""); /* nobody any more */
	tell(&f, 3, e);
	ASSERT_READINGS(&f, { QUANTITY_held_by_competitor, 0 });
}

/* Days 0, 14 and 28, twice on the last one: x = 2, A = 45 + 28, n = 2.85, c = 0.6 / 3. At NOW the
 * silence is 172 days. */
static void the_rhythm_reads_days_and_times(void **state)
{
	double s = pow(73.0 / (73 + 172), 2.85), later = pow(73.0 / (73 + 232), 2.85);
	double gap = 73 * (exp2(1 / 2.85) - 1);
	struct facts f;

	(void)state;
	facts_init(&f);
	buy(&f, 28, 100);
	buy(&f, 0, 100);
	buy(&f, 14, 100);
	buy(&f, 28, 100);
	ASSERT_READINGS(&f, { QUANTITY_alive, s / (s + 0.2) },
		{ QUANTITY_active, (s - later) / (s + 0.2) }, { QUANTITY_overdue, 172 / gap },
		{ QUANTITY_expected_next, ceil((gap - 172) * DAY) });
}

/* Morning and evening of one day are one purchase, and the hours between no gap. */
static void one_day_has_no_length(void **state)
{
	struct event e = { .body = BODY_PURCHASE, .time_ms = T0 };
	double gap = 45 * (exp2(1 / 0.85) - 1);
	struct facts f;

	(void)state;
	facts_init(&f);
	facts_add(&f, &e, NULL);
	e.time_ms += DAY / 2;
	facts_add(&f, &e, NULL);
	ASSERT_READINGS(&f, { QUANTITY_overdue, 199.5 / gap });
}

/* RHYTHM.md: a late event before the first purchase moves the origin. */
static void a_late_event_before_the_first_moves_the_origin(void **state)
{
	struct facts f;
	double before;

	(void)state;
	facts_init(&f);
	buy(&f, 100, 100);
	buy(&f, 110, 100);
	before = value_of(QUANTITY_alive, &f, NOW);
	buy(&f, -300, 100);
	assert_true(value_of(QUANTITY_alive, &f, NOW) > before);
}

static void a_chance_stands_still_before_the_purchase_and_after_five_years(void **state)
{
	struct facts f;
	int64_t late_ms = T0 + (int64_t)CHANCE_SPAN_MS;

	(void)state;
	facts_init(&f);
	buy(&f, 0, 100);
	for (enum quantity q = QUANTITY_alive; q <= QUANTITY_active; q++) {
		assert_true(value_of(q, &f, T0 - 100 * DAY) == value_of(q, &f, T0));
		assert_true(value_of(q, &f, late_ms - 1) > value_of(q, &f, late_ms));
		assert_true(value_of(q, &f, late_ms + DAY) == value_of(q, &f, late_ms));
	}
}

/* What the compiler believes of a quantity must be what its reading does. */
static void the_law_in_the_table_is_the_law_that_is_read(void **state)
{
	struct event e = { .body = BODY_CONTRACT };
	struct facts f;

	(void)state;
	facts_init(&f);
	for (unsigned r = 0; r < REGISTERS; r++)
		f.reg[r].time_ms = T0, f.reg[r].value = 1;
	for (unsigned i = 0; i < FACTS_SCALARS; i++) {
		if (fact_law(i) == FACT_DECAY)
			f.scalar[i].d = 100 + i;
		else
			f.scalar[i].i = T0 + i;
	}
	for (int i = 0; i < 2; i++)
		f.wallet[i] = (struct facts_wallet){ T0, T0 + (i + 1) * DAY, 100 };
	for (int day = 0; day < 3; day++)
		buy(&f, 1 + day, 100);
	e.body = BODY_COMPLAINT;
	e.as.complaint.complaint = span_str("c1");
	tell(&f, 5, e);
	f.text[TEXT_HELD_BY].time_ms = T0;
	f.group.members = 2;
	facts_introduce(&f, span_str("bob"), T0);
	for (unsigned q = 0; q < QUANTITIES; q++) {
		struct law l = quantity_law(q, &f, &rhythm);

		if (q == QUANTITY_notice_age || q == QUANTITY_missing) /* are looked at below */
			continue;
		if (l.kind != quantity_law_kind(q))
			fail_msg("%s follows law %u, the table says %u", quantity_name(q), l.kind,
				quantity_law_kind(q));
	}
	f.reg[REGISTER_FACTOR + FACTOR_TRUST] = (struct facts_reg){ NOW, ANSWER_NO };
	assert_int_equal(quantity_law(QUANTITY_missing, &f, &rhythm).kind, LAW_CONST);
	f.reg[REGISTER_CONTRACT].value = CONTRACT_NOTICE;
	assert_int_equal(quantity_law(QUANTITY_notice_age, &f, &rhythm).kind, LAW_AGE);
}

static void laws_have_values(void **state)
{
	struct law grow = { LAW_EXP, T0, { { 3, -10.0 * DAY } } }, none = { .kind = LAW_UNKNOWN };
	double v = 0;

	(void)state;
	assert_true(law_value(&grow, T0 + 20 * DAY, &v) && v == 12);
	assert_true(law_value(&grow, T0 - 10 * DAY, &v) && v == 1.5);
	assert_false(law_value(&none, T0, &v));
}

static bool outlooks_are_equal(const struct law *a, const struct law *b)
{
	struct outlook x, y;
	memset(&x, 0, sizeof x);
	memset(&y, 0, sizeof y);
	assert_true(outlook_read(a->facts, a->rhythm, a->whole, &x));
	assert_true(outlook_read(b->facts, b->rhythm, b->whole, &y));
	if (!a->whole)
		x.rate_ms = y.rate_ms = 0; /* of no meaning to it */
	return memcmp(&x, &y, sizeof x) == 0;
}

static bool laws_are_equal(const struct law *a, const struct law *b)
{
	if (a->kind != b->kind || a->t_ms != b->t_ms)
		return false;
	if (a->kind == LAW_VALUE)
		return outlooks_are_equal(a, b);
	if (law_is_chance(a->kind))
		return memcmp(&a->tempo, &b->tempo, sizeof a->tempo) == 0;
	return memcmp(&a->c, &b->c, sizeof a->c) == 0 &&
		memcmp(&a->half_ms, &b->half_ms, sizeof a->half_ms) == 0;
}

/* As workers/market.c does by the signals in force. */
static void cover_the_north(struct facts *f)
{
	const struct facts_string *region = &f->text[TEXT_REGION];

	f->covered = (struct facts_cover){ 0 };
	if (span_eq(span_of(region->text, region->size), span_str("north")))
		f->covered = (struct facts_cover){ RANDOM_BEGIN_MS + RANDOM_SPAN_MS, MARKET_MEDIA };
}

/* Mostly everything is given back of an order that consists of several purchases. */
static void let_orders_meet(struct random *r, struct event *e)
{
	if (e->body == BODY_PURCHASE)
		e->as.purchase.order = span_str(random_below(r, 2) ? "a" : "b");
	if (e->body != BODY_REFUND)
		return;
	e->as.refund.order = span_str(random_below(r, 2) ? "a" : "b");
	e->as.refund.amount *= 1 + (int64_t)random_below(r, 20);
}

/* What an event cannot change is not asked again after it, so the column is a promise, to the bit.
 * And a tight one: each body it names does change the law now and then. */
static void an_event_changes_only_what_the_table_says(void **state)
{
	struct random r = { random_seed(5) };
	unsigned runs = random_runs(400), changed[QUANTITIES] = { 0 };
	char id[RANDOM_ID_SIZE];

	(void)state;
	for (unsigned run = 0; run < runs; run++) {
		struct facts f, before;
		struct event e;

		facts_init(&f);
		for (unsigned n = 0; n < 60; n++) {
			random_event(&r, n, id, &e);
			let_orders_meet(&r, &e);
			facts_copy(&before, &f);
			facts_add(&f, &e, NULL);
			cover_the_north(&f);
			for (enum quantity q = 0; q < QUANTITIES; q++) {
				struct law a = quantity_law(q, &before, &rhythm);
				struct law b = quantity_law(q, &f, &rhythm);

				if (laws_are_equal(&a, &b))
					continue;
				changed[q] |= 1u << e.body;
				if (!(quantity_changed_by(q) >> e.body & 1))
					fail_msg("%s was changed by a %s", quantity_name(q),
						body_name(e.body));
			}
		}
	}
	for (enum quantity q = 0; q < QUANTITIES; q++)
		if (changed[q] != quantity_changed_by(q))
			fail_msg("%s says 0x%x and was changed by 0x%x", quantity_name(q),
				quantity_changed_by(q), changed[q]);
}

/* Both of what goes by it: that it is all that can have changed the number, and that the head of the
 * facts is enough to read it. */
static void a_trade_changes_a_number_only_by_what_it_has_moved(void **state)
{
	struct random r = { random_seed(8) };
	unsigned runs = random_runs(400), changed[QUANTITIES] = { 0 };
	char id[RANDOM_ID_SIZE];

	(void)state;
	for (unsigned run = 0; run < runs; run++) {
		struct facts f;
		static struct facts head; /* its tail stays empty */
		struct event e;

		facts_init(&f);
		for (unsigned n = 0; n < 60; n++) {
			random_event(&r, n, id, &e);
			let_orders_meet(&r, &e);
			facts_copy_head(&head, &f);
			facts_add(&f, &e, NULL);
			if (!body_is_trade(e.body))
				continue;
			for (enum quantity q = 0; q < QUANTITIES; q++) {
				struct law a = quantity_law(q, &head, &rhythm);
				struct law b = quantity_law(q, &f, &rhythm);

				if (!quantity_goes_by(q) || laws_are_equal(&a, &b))
					continue;
				changed[q]++;
				if (!(facts_moved(&head, &f) & quantity_goes_by(q)))
					fail_msg("%s moved by a %s", quantity_name(q), body_name(e.body));
			}
		}
	}
	for (enum quantity q = 0; q < QUANTITIES; q++)
		if (quantity_goes_by(q) && !changed[q])
			fail_msg("%s was never changed", quantity_name(q));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_changes_only_what_the_table_says),
		cmocka_unit_test(a_trade_changes_a_number_only_by_what_it_has_moved),
		cmocka_unit_test(of_nobody_little_is_known),
		cmocka_unit_test(purchases_and_refunds_are_counted_summed_and_aged),
		cmocka_unit_test(rates_are_a_year_and_halve),
		cmocka_unit_test(a_steady_flow_is_its_own_rate),
		cmocka_unit_test(refunds_lower_the_rate_below_nothing_if_need_be),
		cmocka_unit_test(the_wallet_is_compared_by_the_year),
		cmocka_unit_test(satisfaction_is_a_mean_that_stands_still),
		cmocka_unit_test(contacts_complaints_and_the_rest_are_counted_and_aged),
		cmocka_unit_test(answers_are_yes_no_or_unknown),
		cmocka_unit_test(agreements_are_flags_with_ages),
		cmocka_unit_test(the_profile_and_the_market_are_read),
		cmocka_unit_test(the_rhythm_reads_days_and_times),
		cmocka_unit_test(one_day_has_no_length),
		cmocka_unit_test(a_late_event_before_the_first_moves_the_origin),
		cmocka_unit_test(a_chance_stands_still_before_the_purchase_and_after_five_years),
		cmocka_unit_test(the_law_in_the_table_is_the_law_that_is_read),
		cmocka_unit_test(laws_have_values),
	};

	value_prepare(&value);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
