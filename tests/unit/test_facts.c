/* SPDX-License-Identifier: Apache-2.0 */
/* Facts: any order and any partition of the same events give the same facts; and what each kind
 * of event does to them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "base/hash.h"
#include "base/notification.h"
#include "lifecycle/facts.h"
#include "tests/unit/random_event.h"

#define EVENTS 120
#define PARTS  6
#define NOON_MS INT64_C(1323435000000) /* 2011-12-09T12:50:00Z */

static uint64_t seed;

static int64_t value(const struct facts *f, enum fact fact)
{
	return f->scalar[fact].i;
}

static void fold(struct facts *f, const struct event *events, size_t n)
{
	facts_init(f);
	for (size_t i = 0; i < n; i++)
		facts_add(f, &events[i], NULL);
}

/* Deal the events to PARTS, fold each, and join them in random pairs until one is left. */
static void fold_in_parts(struct random *r, struct facts *ret, const struct event *events, size_t n)
{
	static struct facts part[PARTS];
	size_t parts = 1 + random_below(r, PARTS);

	for (size_t i = 0; i < parts; i++)
		facts_init(&part[i]);
	for (size_t i = 0; i < n; i++)
		facts_add(&part[random_below(r, parts)], &events[i], NULL);
	while (parts > 1) {
		size_t to = random_below(r, parts), from = random_below(r, parts - 1);

		from += from >= to;
		facts_join(&part[to], &part[from]);
		facts_copy(&part[from], &part[parts - 1]);
		if (to == parts - 1)
			to = from;
		parts--;
	}
	facts_copy(ret, &part[0]);
}

static void any_order_and_any_partition_gives_the_same_facts(void **state)
{
	static char ids[EVENTS][RANDOM_ID_SIZE];
	static struct event events[EVENTS];
	static struct facts a, b;

	(void)state;
	for (unsigned run = 0; run < random_runs(2000); run++) {
		struct random r = { seed + run };
		size_t n = random_below(&r, EVENTS);

		for (size_t i = 0; i < n; i++)
			random_event(&r, i, ids[i], &events[i]);
		fold(&a, events, n);
		random_shuffle(&r, events, n);
		fold(&b, events, n);
		if (!facts_equal(&a, &b))
			fail_msg("another order, other facts: SEED=%llu",
				(unsigned long long)(seed + run));
		fold_in_parts(&r, &b, events, n);
		if (!facts_equal(&a, &b))
			fail_msg("in parts, other facts: SEED=%llu",
				(unsigned long long)(seed + run));
	}
}

static void what_is_packed_unpacks_equal(void **state)
{
	static char ids[EVENTS][RANDOM_ID_SIZE];
	static struct event events[EVENTS];
	static struct facts a, b;
	uint8_t bytes[FACTS_PACKED_MAX + 8], again[FACTS_PACKED_MAX];

	(void)state;
	for (unsigned run = 0; run < random_runs(3000); run++) {
		struct random r = { seed + run };
		size_t n = random_below(&r, EVENTS), size, used;

		for (size_t i = 0; i < n; i++)
			random_event(&r, i, ids[i], &events[i]);
		fold(&a, events, n);
		size = facts_pack(&a, bytes);
		memset(bytes + size, 0xff, 8); /* what follows is not touched */
		memset(&b, 0xee, sizeof b);
		if (facts_unpack(&b, bytes, size + 8, &used) != OK || used != size ||
			!facts_equal(&a, &b) || facts_pack(&b, again) != size ||
			memcmp(bytes, again, size) != 0)
			fail_msg("does not come back: SEED=%llu", (unsigned long long)(seed + run));
		assert_true(size < 1900);
	}
}

static struct event purchase(int64_t time_ms, int64_t amount)
{
	return (struct event){
		.time_ms = time_ms,
		.channel = CHANNEL_STORE,
		.body = BODY_PURCHASE,
		.as.purchase = { .order = span_str("o"), .amount = amount },
	};
}

static void more_days_than_fit_commute_too(void **state)
{
	enum { DAYS = 1000 };
	static struct event events[DAYS];
	static struct facts a, b;

	(void)state;
	for (unsigned run = 0; run < random_runs(50); run++) {
		struct random r = { seed + run };
		size_t n = FACTS_DAYS_MAX - 5 + random_below(&r, DAYS - FACTS_DAYS_MAX + 6);

		for (size_t i = 0; i < n; i++)
			events[i] = purchase(RANDOM_BEGIN_MS + (int64_t)(i * 3 + i % 2) * DAY_MS,
				(int64_t)random_below(&r, 1000));
		fold(&a, events, n);
		assert_int_equal(facts_purchase_days(&a), n);
		random_shuffle(&r, events, n);
		fold(&b, events, n);
		if (!facts_equal(&a, &b))
			fail_msg("another order: SEED=%llu", (unsigned long long)(seed + run));
		fold_in_parts(&r, &b, events, n);
		if (!facts_equal(&a, &b))
			fail_msg("in parts: SEED=%llu", (unsigned long long)(seed + run));
	}
}

static int32_t day_at(const struct facts *f, size_t i)
{
	int32_t day[FACTS_DAYS_MAX];

	facts_days(f, day);
	return day[i];
}

static void the_oldest_day_becomes_a_number(void **state)
{
	static struct facts f;
	struct event e;

	(void)state;
	facts_init(&f);
	for (int i = 0; i < FACTS_DAYS_MAX; i++)
		for (int twice = 0; twice < 2; twice++) {
			e = purchase((1000 + i) * DAY_MS + twice, 1);
			facts_add(&f, &e, NULL);
		}
	assert_int_equal(f.n_days, FACTS_DAYS_MAX);
	assert_int_equal(f.older_days, 0);
	e = purchase((1000 + FACTS_DAYS_MAX + 7) * DAY_MS, 1);
	facts_add(&f, &e, NULL);
	assert_int_equal(f.older_days, 1);
	assert_int_equal(day_at(&f, 0), 1001);
	assert_int_equal(day_at(&f, FACTS_DAYS_MAX - 1), 1000 + FACTS_DAYS_MAX + 7);
	e = purchase((1000 + FACTS_DAYS_MAX + 3) * DAY_MS, 1); /* late, but among the latest */
	facts_add(&f, &e, NULL);
	assert_int_equal(f.older_days, 2);
	assert_int_equal(day_at(&f, FACTS_DAYS_MAX - 2), 1000 + FACTS_DAYS_MAX + 3);
	assert_int_equal(day_at(&f, 0), 1002);
	e = purchase(1000 * DAY_MS, 1); /* nobody knows any more that it was counted */
	facts_add(&f, &e, NULL);
	assert_int_equal(facts_purchase_days(&f), FACTS_DAYS_MAX + 3);
}

static int later_day_first(const void *a, const void *b)
{
	return *(const int32_t *)b - *(const int32_t *)a;
}

/* Against a plain list: any order, gaps of one byte to three, and more of them than are kept. */
static void days_are_the_latest_of_all_days_in_whatever_order_they_come(void **state)
{
	static struct facts f, packed;
	static uint8_t bytes[FACTS_PACKED_MAX];
	struct random r = { seed };

	(void)state;
	for (unsigned run = 0; run < 60; run++) {
		int32_t given[700], kept[FACTS_DAYS_MAX];
		unsigned n = 1 + (unsigned)random_below(&r, 699), distinct = 1;
		uint64_t span = UINT64_C(4) << random_below(&r, 15);
		size_t used;

		facts_init(&f);
		for (unsigned i = 0; i < n; i++) {
			struct event e;

			given[i] = (int32_t)(1000 + random_below(&r, span) + (run % 2 ? i * 3 : 0));
			e = purchase(given[i] * DAY_MS + 5, 1);
			facts_add(&f, &e, NULL);
		}
		qsort(given, n, sizeof given[0], later_day_first);
		for (unsigned i = 1; i < n; i++)
			if (given[i] != given[distinct - 1])
				given[distinct++] = given[i];
		assert_int_equal(f.n_days, distinct < FACTS_DAYS_MAX ? distinct : FACTS_DAYS_MAX);
		assert_true(facts_purchase_days(&f) >= distinct);
		facts_days(&f, kept);
		for (unsigned i = 0; i < f.n_days; i++)
			assert_int_equal(kept[f.n_days - 1 - i], given[i]);
		assert_int_equal(facts_unpack(&packed, bytes, facts_pack(&f, bytes), &used), OK);
		assert_true(facts_equal(&f, &packed));
	}
}

static void a_day_is_the_zones_own(void **state)
{
	static struct facts f;
	struct complaint c;
	struct zone london;
	/* 23:30 and 00:30 in London on 1 July 2022, one day in UTC; then 20:00 */
	static const int64_t times[] = { 1656628200000, 1656631800000, 1656702000000 };

	(void)state;
	assert_int_equal(zone_open("Europe/London", &london, &c), OK);
	facts_init(&f);
	for (int i = 0; i < 3; i++) {
		struct event e = purchase(times[i], 1);

		facts_add(&f, &e, &london);
	}
	assert_int_equal(facts_purchase_days(&f), 2);
	assert_int_equal(day_at(&f, 0), 19173);
	assert_int_equal(day_at(&f, 1), 19174);
	zone_close(&london);
}

static void a_purchase_is_counted_everywhere(void **state)
{
	static struct facts f;
	struct event e = purchase(NOON_MS, 1200);

	(void)state;
	facts_init(&f);
	e.as.purchase.has_margin = true;
	e.as.purchase.margin = -300;
	facts_add(&f, &e, NULL);
	e = purchase(NOON_MS - 1000, 800);
	e.channel = CHANNEL_WEB;
	facts_add(&f, &e, NULL);
	assert_int_equal(value(&f, FACT_events), 2);
	assert_int_equal(value(&f, FACT_purchases), 2);
	assert_int_equal(value(&f, FACT_spent), 2000);
	assert_int_equal(value(&f, FACT_margin), -300);
	assert_int_equal(value(&f, FACT_margins), 1);
	assert_int_equal(value(&f, FACT_first_purchase), NOON_MS - 1000);
	assert_int_equal(value(&f, FACT_last_purchase), NOON_MS);
	assert_int_equal(value(&f, FACT_channels), 1 << CHANNEL_STORE | 1 << CHANNEL_WEB);
	assert_int_equal(facts_purchase_days(&f), 1);
}

static void contacts_are_counted_by_who_began(void **state)
{
	static struct facts f;
	struct event e = { .time_ms = NOON_MS, .body = BODY_CONTACT };

	(void)state;
	facts_init(&f);
	e.as.contact.direction = DIRECTION_IN;
	facts_add(&f, &e, NULL);
	e.time_ms += 5;
	e.as.contact.direction = DIRECTION_OUT;
	e.as.contact.acquisition = ACQUISITION_EXHIBITION;
	facts_add(&f, &e, NULL);
	assert_int_equal(value(&f, FACT_contacts_in), 1);
	assert_int_equal(value(&f, FACT_contacts_out), 1);
	assert_int_equal(value(&f, FACT_first_contact), NOON_MS);
	assert_int_equal(value(&f, FACT_last_contact), NOON_MS + 5);
	assert_int_equal(value(&f, FACT_last_inbound), NOON_MS);
	assert_int_equal(f.reg[REGISTER_ACQUISITION].value, ACQUISITION_EXHIBITION);
}

static void a_decayed_sum_halves_in_its_half_life(void **state)
{
	static struct facts f, g;
	struct event early = purchase(NOON_MS, 1000), late = purchase(NOON_MS + 30 * DAY_MS, 10);
	struct event last = purchase(EVENT_TIME_MAX, 1), first = purchase(EVENT_TIME_MIN, 5000);

	(void)state;
	facts_init(&f);
	facts_add(&f, &early, NULL);
	facts_add(&f, &late, NULL);
	assert_float_equal(f.scalar[FACT_spend_30d].d, 510, 1e-9);
	assert_float_equal(f.scalar[FACT_spend_180d].d, 1000 * exp2(-1.0 / 6) + 10, 1e-9);
	assert_float_equal(f.scalar[FACT_purchases_30d].d, 1.5, 1e-12);
	assert_int_equal(value(&f, FACT_decayed_at), late.time_ms);
	/* 230 years apart: nothing is left, and nothing is not a number */
	facts_init(&f);
	facts_init(&g);
	facts_add(&f, &first, NULL);
	facts_add(&f, &early, NULL);
	facts_add(&f, &last, NULL);
	facts_add(&g, &last, NULL);
	facts_add(&g, &early, NULL);
	facts_add(&g, &first, NULL);
	assert_float_equal(f.scalar[FACT_spend_30d].d, 1, 1e-12);
	assert_true(facts_equal(&f, &g));
}

static void refunds_fade_apart_from_purchases(void **state)
{
	static struct facts f;
	struct event e = { .time_ms = NOON_MS, .body = BODY_REFUND };

	(void)state;
	facts_init(&f);
	e.as.refund.amount = 700;
	e.as.refund.reason = REASON_PRICE;
	facts_add(&f, &e, NULL);
	assert_int_equal(value(&f, FACT_refunds), 1);
	assert_int_equal(value(&f, FACT_refunded), 700);
	assert_int_equal(value(&f, FACT_last_refund), NOON_MS);
	assert_float_equal(f.scalar[FACT_refund_180d].d, 700, 1e-9);
	assert_float_equal(f.scalar[FACT_spend_180d].d, 0, 0);
	assert_int_equal(f.reg[REGISTER_REASON].value, REASON_PRICE);
}

static void feedback_hurts_and_pleases_as_kano_says(void **state)
{
	static const struct { uint8_t quality; double expected, perceived, pleased, displeased; }
	cases[] = {
		{ QUALITY_MUST_BE, 5, 8, 0, 0 },    { QUALITY_MUST_BE, 8, 5, 0, 6 },
		{ QUALITY_LINEAR, 5, 8, 3, 0 },     { QUALITY_LINEAR, 8, 5, 0, 3 },
		{ QUALITY_NONE, 5, 8, 3, 0 },       { QUALITY_NONE, 8, 5, 0, 3 },
		{ QUALITY_ATTRACTIVE, 5, 8, 3, 0 }, { QUALITY_ATTRACTIVE, 8, 5, 0, 0 },
		{ QUALITY_MUST_BE, 5, 5, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		static struct facts f;
		struct event e = { .time_ms = NOON_MS, .body = BODY_FEEDBACK };

		facts_init(&f);
		e.as.feedback.expected = cases[i].expected;
		e.as.feedback.perceived = cases[i].perceived;
		e.as.feedback.quality = cases[i].quality;
		facts_add(&f, &e, NULL);
		assert_float_equal(f.scalar[FACT_pleased_180d].d, cases[i].pleased, 1e-12);
		assert_float_equal(f.scalar[FACT_displeased_180d].d, cases[i].displeased, 1e-12);
		assert_float_equal(f.scalar[FACT_feedback_180d].d, 1, 1e-12);
		assert_int_equal(value(&f, FACT_feedbacks), 1);
		assert_int_equal(value(&f, FACT_last_feedback), NOON_MS);
	}
}

static void tell_role(struct facts *f, int64_t time_ms, uint8_t role, uint8_t acquisition)
{
	struct event e = { .time_ms = time_ms, .body = BODY_PROFILE };

	e.as.profile.role = role;
	e.as.profile.acquisition = acquisition;
	facts_add(f, &e, NULL);
}

static void the_latest_told_wins_but_acquisition_the_earliest(void **state)
{
	static struct facts f;

	(void)state;
	facts_init(&f);
	tell_role(&f, 100, ROLE_AGENT, ACQUISITION_WEB);
	tell_role(&f, 50, ROLE_RETAILER, ACQUISITION_AGENT);
	tell_role(&f, 200, ROLE_NONE, ACQUISITION_SOCIAL);
	assert_int_equal(f.reg[REGISTER_ROLE].value, ROLE_AGENT);
	assert_int_equal(f.reg[REGISTER_ACQUISITION].value, ACQUISITION_AGENT);
	tell_role(&f, 100, ROLE_CONSUMER, ACQUISITION_NONE);
	assert_int_equal(f.reg[REGISTER_ROLE].value, ROLE_AGENT); /* the greater at equal times */
	tell_role(&f, 100, ROLE_WHOLESALER, ACQUISITION_NONE);
	assert_int_equal(f.reg[REGISTER_ROLE].value, ROLE_WHOLESALER);
	assert_int_equal(f.reg[REGISTER_ROLE].time_ms, 100);
	assert_int_equal(f.reg[REGISTER_EXPECTED_MARGIN].time_ms, 0);
}

static void tell_owner(struct facts *f, int64_t time_ms, struct span owner)
{
	struct event e = { .time_ms = time_ms, .body = BODY_PROFILE };

	e.as.profile.owner = owner;
	facts_add(f, &e, NULL);
}

static bool owner_is(const struct facts *f, const char *owner)
{
	const struct facts_string *s = &f->text[TEXT_OWNER];

	return s->time_ms && span_eq(span_of(s->text, s->size), span_str(owner));
}

static void an_empty_text_takes_back_and_a_missing_one_does_not(void **state)
{
	static struct facts f;

	(void)state;
	facts_init(&f);
	tell_owner(&f, 100, span_str("mei"));
	tell_owner(&f, 90, span_str("zoe"));
	tell_owner(&f, 110, (struct span){ NULL, 0 });
	assert_true(owner_is(&f, "mei"));
	tell_owner(&f, 120, span_str(""));
	assert_true(owner_is(&f, ""));
	tell_owner(&f, 120, span_str("a"));
	tell_owner(&f, 120, span_str("ab")); /* equal so far, and longer */
	tell_owner(&f, 120, span_str("aa"));
	assert_true(owner_is(&f, "ab"));
	assert_int_equal(f.text[TEXT_REGION].time_ms, 0);
}

static void contracts_and_answers_are_remembered(void **state)
{
	static struct facts f;
	struct event e = { .time_ms = 100, .body = BODY_CONTRACT };

	(void)state;
	facts_init(&f);
	e.as.contract.change = CONTRACT_SIGNED;
	e.as.contract.ends_ms = 9000;
	facts_add(&f, &e, NULL);
	e.time_ms = 200;
	e.as.contract.change = CONTRACT_NOTICE;
	e.as.contract.ends_ms = 0;
	e.as.contract.reason = REASON_STAFF;
	facts_add(&f, &e, NULL);
	e = (struct event){ .time_ms = 300, .body = BODY_READINESS };
	e.as.readiness.factor[FACTOR_TIMING] = ANSWER_NO;
	facts_add(&f, &e, NULL);
	assert_int_equal(f.reg[REGISTER_CONTRACT].value, CONTRACT_NOTICE);
	assert_int_equal(f.reg[REGISTER_CONTRACT_ENDS].value, 9000);
	assert_int_equal(f.reg[REGISTER_REASON].value, REASON_STAFF);
	assert_int_equal(f.reg[REGISTER_FACTOR + FACTOR_TIMING].value, ANSWER_NO);
	assert_int_equal(f.reg[REGISTER_FACTOR + FACTOR_NEED].time_ms, 0);
}

static void complain_about(struct facts *f, int64_t time_ms, const char *id, bool resolved)
{
	struct event e = { .time_ms = time_ms, .body = resolved ? BODY_RESOLUTION : BODY_COMPLAINT };

	if (resolved)
		e.as.resolution.complaint = span_str(id);
	else
		e.as.complaint.complaint = span_str(id);
	facts_add(f, &e, NULL);
}

static void a_complaint_is_open_until_it_is_resolved(void **state)
{
	static struct facts f;
	int64_t oldest_ms;

	(void)state;
	facts_init(&f);
	assert_int_equal(facts_open_complaints(&f, &oldest_ms), 0);
	assert_int_equal(oldest_ms, 0);
	complain_about(&f, 100, "c1", false);
	complain_about(&f, 150, "c2", false);
	complain_about(&f, 150, "c2", false); /* told again: the same */
	complain_about(&f, 160, "c2", false); /* and later: still one complaint */
	assert_int_equal(facts_open_complaints(&f, &oldest_ms), 2);
	assert_int_equal(oldest_ms, 100);
	complain_about(&f, 99, "c1", true); /* before it was opened: of an earlier one */
	assert_int_equal(facts_open_complaints(&f, &oldest_ms), 2);
	complain_about(&f, 100, "c1", true);
	assert_int_equal(facts_open_complaints(&f, &oldest_ms), 1);
	assert_int_equal(oldest_ms, 150);
	complain_about(&f, 155, "c2", true); /* does not answer the one at 160 */
	assert_int_equal(facts_open_complaints(&f, &oldest_ms), 1);
	assert_int_equal(oldest_ms, 160);
	complain_about(&f, 300, "c2", true);
	assert_int_equal(facts_open_complaints(&f, &oldest_ms), 0);
	assert_int_equal(value(&f, FACT_complaints), 4);
	assert_int_equal(value(&f, FACT_resolutions), 4);
	assert_int_equal(value(&f, FACT_last_complaint), 160);
}

static void the_latest_cases_are_kept(void **state)
{
	static struct facts f;
	int64_t oldest_ms;

	(void)state;
	facts_init(&f);
	for (int i = 0; i < FACTS_CASES_MAX + 4; i++) {
		char id[12];

		(void)snprintf(id, sizeof id, "%d", i);
		complain_about(&f, 1000 - i, id, false);
	}
	complain_about(&f, 2, "late", true); /* too old to be kept */
	assert_int_equal(facts_open_complaints(&f, &oldest_ms), FACTS_CASES_MAX);
	assert_int_equal(oldest_ms, 1000 - FACTS_CASES_MAX + 1);
	assert_int_equal(f.cases[0].time_ms, 1000);
}

static void tell_wallet(struct facts *f, int64_t from_ms, int64_t to_ms, int64_t amount)
{
	struct event e = { .time_ms = NOON_MS, .body = BODY_WALLET };

	e.as.wallet.from_ms = from_ms;
	e.as.wallet.to_ms = to_ms;
	e.as.wallet.amount = amount;
	facts_add(f, &e, NULL);
}

static void the_latest_two_wallets_are_of_two_periods(void **state)
{
	static struct facts f;

	(void)state;
	facts_init(&f);
	tell_wallet(&f, 100, 200, 5);
	tell_wallet(&f, 300, 400, 7);
	tell_wallet(&f, 200, 300, 6);
	tell_wallet(&f, 300, 400, 9);
	tell_wallet(&f, 300, 400, 8);
	assert_int_equal(f.wallet[0].to_ms, 400);
	assert_int_equal(f.wallet[0].amount, 9);
	assert_int_equal(f.wallet[1].to_ms, 300);
	assert_int_equal(f.wallet[1].amount, 6);
	tell_wallet(&f, 350, 400, 1);
	assert_int_equal(f.wallet[0].from_ms, 350);
	assert_int_equal(f.wallet[1].from_ms, 300);
}

static void the_rest_is_counted_and_told(void **state)
{
	static struct facts f;
	struct event e = { .time_ms = 100, .body = BODY_COMPETITOR };

	(void)state;
	facts_init(&f);
	e.as.competitor.name = span_str("rival");
	e.as.competitor.seen = SIGHTING_QUOTE;
	facts_add(&f, &e, NULL);
	e = (struct event){ .time_ms = 200, .body = BODY_REFERRAL };
	facts_add(&f, &e, NULL);
	e = (struct event){ .time_ms = 300, .body = BODY_MEMBERSHIP };
	e.as.membership.change = MEMBERSHIP_JOINED;
	facts_add(&f, &e, NULL);
	e = (struct event){ .time_ms = 400, .body = BODY_PARTNERSHIP };
	e.as.partnership.change = PARTNERSHIP_BEGUN;
	facts_add(&f, &e, NULL);
	e = (struct event){ .time_ms = 500, .body = BODY_MARKET };
	e.as.market.factor = MARKET_POLICY;
	e.as.market.until_ms = 900;
	facts_add(&f, &e, NULL);
	assert_int_equal(value(&f, FACT_competitor_seen), 1);
	assert_int_equal(value(&f, FACT_last_competitor), 100);
	assert_memory_equal(f.text[TEXT_COMPETITOR].text, "rival", 5);
	assert_int_equal(f.reg[REGISTER_SIGHTING].value, SIGHTING_QUOTE);
	assert_int_equal(value(&f, FACT_referrals), 1);
	assert_int_equal(value(&f, FACT_last_referral), 200);
	assert_int_equal(f.reg[REGISTER_MEMBERSHIP].value, MEMBERSHIP_JOINED);
	assert_int_equal(f.reg[REGISTER_PARTNERSHIP].value, PARTNERSHIP_BEGUN);
	assert_int_equal(f.reg[REGISTER_MARKET].value, MARKET_POLICY);
	assert_int_equal(f.reg[REGISTER_MARKET_UNTIL].value, 900);
	assert_int_equal(value(&f, FACT_first_event), 100);
	assert_int_equal(value(&f, FACT_last_event), 500);
	assert_int_equal(value(&f, FACT_channels), 0);
}

static void facts_that_differ_are_not_equal(void **state)
{
	static struct facts a, b;
	static char id[RANDOM_ID_SIZE];

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		struct random r = { seed + i };
		struct event e;

		facts_init(&a);
		for (unsigned k = 0; k < 5; k++) {
			random_event(&r, k, id, &e);
			facts_add(&a, &e, NULL);
		}
		facts_copy(&b, &a);
		assert_true(facts_equal(&a, &b));
		facts_add(&b, &e, NULL); /* twice counts twice */
		assert_false(facts_equal(&a, &b));
	}
	facts_init(&a);
	facts_init(&b);
	a.scalar[FACT_spend_30d].d = 1;
	b.scalar[FACT_spend_30d].d = 1 + 2e-9;
	assert_false(facts_equal(&a, &b));
	b.scalar[FACT_spend_30d].d = 1 + 5e-10;
	assert_true(facts_equal(&a, &b));
}

static void every_row_has_a_name_and_every_decay_its_half_life(void **state)
{
	(void)state;
	for (enum fact i = 0; i < FACTS_SCALARS; i++) {
		const char *suffix = strrchr(fact_name(i), '_');

		assert_true(strlen(fact_text(i)) > 3);
		assert_true(fact_unit(i) < UNIT_COUNT_);
		if (fact_law(i) != FACT_DECAY)
			assert_int_equal(fact_half_life_ms(i), 0);
		else
			assert_int_equal(fact_half_life_ms(i),
				strtol(suffix + 1, NULL, 10) * DAY_MS);
	}
	for (enum facts_register i = 0; i < REGISTERS; i++)
		assert_non_null(facts_register_name(i));
	assert_string_equal(facts_register_name(REGISTER_FACTOR + FACTOR_TRUST), "trust");
	assert_string_equal(facts_register_naming(REGISTER_FACTOR)(ANSWER_YES), "yes");
	assert_string_equal(facts_register_naming(REGISTER_ROLE)(ROLE_CONSUMER), "consumer");
	assert_null(facts_register_naming(REGISTER_MARKET_UNTIL));
	assert_string_equal(facts_text_name(TEXT_COMPETITOR), "competitor");
}

/* The example in facts_layout.h. */
static void the_bytes_are_as_drawn(void **state)
{
	static const uint8_t drawn[] = {
		0x04, 0x10, 0x09, 0x00, 0x00, 0x00, 0x00, 0x00,
		0xc0, 0x80, 0xdf, 0x22, 0x34, 0x01, 0xc0, 0x80, 0xdf, 0x22, 0x34, 0x01,
		0x01, 0x00, 0x00, 0x01, 0x00, 0x00, 0xb0, 0x04, 0x00, 0x00, 0x00, 0x02, 0x00,
		0x00, 0x00, 0x00, 0x00, 0x00, 0xc0, 0x92, 0x40,
		0x00, 0x00, 0x00, 0x00, 0x00, 0xc0, 0x92, 0x40,
		0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf0, 0x3f,
		0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf0, 0x3f, 0x01, 0x00,
		0x02, 0xc0, 0x80, 0xdf, 0x22, 0x34, 0x09, 0xb0, 0x04, 0x00, 0x00, 0x00, 0x2b, 0x01, 0xed,
		0x72,
	};
	static struct facts f, g;
	struct event e = purchase(NOON_MS, 1200);
	uint8_t bytes[FACTS_PACKED_MAX];
	size_t size, used;

	(void)state;
	facts_init(&f);
	size = facts_pack(&f, bytes);
	assert_int_equal(size, 8);
	facts_add(&f, &e, NULL);
	size = facts_pack(&f, bytes);
	assert_int_equal(size, sizeof drawn);
	assert_memory_equal(bytes, drawn, size);
	assert_int_equal(facts_unpack(&g, drawn, sizeof drawn, &used), OK);
	assert_true(facts_equal(&f, &g));
}

static void a_customer_with_five_purchases_takes_a_hundred_and_forty_bytes(void **state)
{
	static struct facts f;
	uint8_t bytes[FACTS_PACKED_MAX];
	size_t size;

	(void)state;
	facts_init(&f);
	for (int i = 0; i < 5; i++) {
		struct event e = purchase(NOON_MS + i * 17 * DAY_MS + i * 12345, 1999 + i * 100);

		facts_add(&f, &e, NULL);
	}
	size = facts_pack(&f, bytes);
	assert_in_range(size, 130, 145);
}

static void the_widest_numbers_fit(void **state)
{
	static struct facts f;
	static uint8_t bytes[FACTS_PACKED_MAX];

	(void)state;
	facts_init(&f);
	for (enum fact i = 0; i < FACTS_SCALARS; i++)
		if (fact_law(i) == FACT_DECAY)
			f.scalar[i].d = 1e300;
		else
			f.scalar[i].i = i % 2 ? INT64_MIN : INT64_MAX;
	for (unsigned i = 0; i < REGISTERS; i++)
		f.reg[i] = (struct facts_reg){ i % 2 ? INT64_MAX : 1, INT64_MIN };
	for (unsigned i = 0; i < TEXTS; i++)
		f.text[i] = (struct facts_string){ i % 2 ? INT64_MAX : 1, EVENT_TEXT_MAX, "x" };
	for (unsigned i = 0; i < 2; i++)
		f.wallet[i] = (struct facts_wallet){ INT64_MIN, INT64_MAX, INT64_MIN };
	f.n_cases = FACTS_CASES_MAX;
	for (unsigned i = 0; i < FACTS_CASES_MAX; i++)
		f.cases[i].time_ms = i % 2 ? INT64_MAX : INT64_MIN;
	f.n_orders = FACTS_ORDERS_MAX;
	f.orders_size = FACTS_ORDERS_BYTES;
	f.settled = (struct facts_settled){ INT64_MIN, INT64_MAX, 0 };
	f.n_days = FACTS_DAYS_MAX;
	f.older_days = UINT32_MAX;
	f.latest_day = INT32_MIN;
	f.gaps_size = FACTS_GAPS_MAX;
	assert_in_range(facts_pack(&f, bytes), 2000, FACTS_PACKED_MAX);
}

/* A customer of everything, with every day, text and case in use. */
static size_t pack_everything(struct facts *f, uint8_t *bytes)
{
	static char id[RANDOM_ID_SIZE];
	struct random r = { seed };
	struct event e;

	facts_init(f);
	for (unsigned i = 0; i < 3000; i++) {
		random_event(&r, i, id, &e);
		facts_add(f, &e, NULL);
	}
	return facts_pack(f, bytes);
}

static void what_is_cut_off_is_corrupt(void **state)
{
	static struct facts f, g;
	static uint8_t bytes[FACTS_PACKED_MAX];
	size_t size = pack_everything(&f, bytes), used;

	(void)state;
	assert_true(f.older_days > 0 && size < 1900);
	for (size_t n = 0; n < size; n++) {
		uint8_t *exact = malloc(n ? n : 1); /* so that a sanitizer sees a read past the end */

		memcpy(exact, bytes, n);
		assert_int_equal(facts_unpack(&g, exact, n, &used), ERR_CORRUPT);
		assert_int_equal(value(&g, FACT_events), 0);
		free(exact);
	}
	assert_int_equal(facts_unpack(&g, bytes, size, &used), OK);
	assert_true(facts_equal(&f, &g));
}

static void a_changed_bit_never_harms(void **state)
{
	static struct facts f, g, h;
	static uint8_t bytes[FACTS_PACKED_MAX], again[FACTS_PACKED_MAX];
	size_t size = pack_everything(&f, bytes), used;

	(void)state;
	for (size_t bit = 0; bit < size * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (facts_unpack(&g, bytes, size, &used) == OK) {
			size_t n = facts_pack(&g, again);

			assert_int_equal(facts_unpack(&h, again, n, &used), OK);
			assert_true(facts_equal(&g, &h));
		}
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void nonsense_is_corrupt(void **state)
{
	static const struct { const char *what; uint8_t size, bytes[90]; } cases[] = {
		{ "nothing", 0, { 0 } },
		{ "a head cut off", 7, { 4, 0, 0, 0, 0, 0, 0 } },
		{ "another version", 8, { 3, 0, 0, 0, 0, 0, 0, 0 } },
		{ "an unknown section", 8, { 4, 0, 2, 0, 0, 0, 0, 0 } },
		{ "an unknown row", 10, { 4, 0, 0, 0, 0, 0, 0, 0x10, 1, 1 } },
		{ "a time of 0", 9, { 4, 0, 0x40, 0, 0, 0, 0, 0, 0 } },
		{ "a time before it all", 11, { 4, 0, 0x60, 0, 0, 0, 0, 0, 0x11, 9, 0x1e } },
		{ "a time after it all", 15, {
			4, 0, 0x40, 0, 0, 0, 0, 0, 6, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } },
		{ "a value of nine bytes", 18, {
			4, 0, 0x10, 0, 0, 0, 0, 0, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1 } },
		{ "a value cut off", 10, { 4, 0, 0x10, 0, 0, 0, 0, 0, 2, 1 } },
		{ "sizes cut off", 8, { 4, 0, 0x10, 0, 0, 0, 0, 0 } },
		{ "not a number", 16, { 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f } },
		{ "a sum below nothing", 16, {
			4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xf0, 0xbf } },
		{ "regular rows cut off", 64, { 4, 0, 8, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1 } },
		{ "a regular time of 0", 65, { 4, 0, 8, 0, 0, 0, 0, 0, 1 } },
		{ "a regular row twice", 67, {
			4, 0, 0x18, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, [65] = 1, [66] = 2 } },
		{ "a regular sum below nothing", 65, {
			4, 0, 8, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, [64] = 0x80 } },
		{ "no registers", 9, { 4, 1, 0, 0, 0, 0, 0, 0, 0 } },
		{ "a register too many", 13, { 4, 1, 0, 0, 0, 0, 0, 0, 0x80, 0x80, 0x80, 1, 0 } },
		{ "a text of 65 bytes", 78, {
			4, 2, 0x40, 0, 0, 0, 0, 0, 1, 0x0a, 1, 0, 0x41, 0x78, 0, 0, 0, 0, 0, 0, 0,
			0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
			0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
			0, 0, 0, 0, 0, 0, 0 } },
		{ "three wallets", 18, { 4, 4, 0, 0, 0, 0, 0, 0, 3, 4, 2, 2, 2, 2, 2, 2, 2, 2 } },
		{ "one wallet twice", 15, { 4, 4, 0, 0, 0, 0, 0, 0, 2, 4, 2, 2, 4, 2, 2 } },
		{ "a wallet without an end", 12, { 4, 4, 0, 0, 0, 0, 0, 0, 1, 0, 2, 2 } },
		{ "no cases", 9, { 4, 8, 0, 0, 0, 0, 0, 0, 0 } },
		{ "one case twice", 21, {
			4, 8, 0, 0, 0, 0, 0, 0, 2, 1, 7, 7, 7, 7, 0, 0, 7, 7, 7, 7, 0 } },
		{ "an unknown reason", 15, { 4, 8, 0, 0, 0, 0, 0, 0, 1, 1, 7, 7, 7, 7, 0x0f } },
		{ "no days", 10, { 4, 0x10, 0, 0, 0, 0, 0, 0, 0, 0 } },
		{ "more days than fit", 11, { 4, 0x10, 0, 0, 0, 0, 0, 0, 0x91, 3, 0 } },
		{ "one day twice", 11, { 4, 0x10, 0, 0, 0, 0, 0, 0, 2, 0x14, 0 } },
		{ "a day before it all", 11, { 4, 0x10, 0, 0, 0, 0, 0, 0, 2, 4, 4 } },
		{ "older days without any", 9, { 4, 0x20, 0, 0, 0, 0, 0, 0, 1 } },
		{ "no orders", 9, { 4, 0, 1, 0, 0, 0, 0, 0, 0 } },
		{ "five orders", 84, {
			4, 0, 1, 0, 0, 0, 0, 0, 0x0a, 9, 0, 0, 0, 0, 8, 1, 0, 0, 0, 0, 7, 7, 7, 7,
			8, 0, 0, 0, 0, 8, 1, 0, 0, 0, 0, 7, 7, 7, 7, 7, 0, 0, 0, 0, 8, 1, 0, 0, 0,
			0, 7, 7, 7, 7, 6, 0, 0, 0, 0, 8, 1, 0, 0, 0, 0, 7, 7, 7, 7, 5, 0, 0, 0, 0,
			8, 1, 0, 0, 0, 0, 7, 7, 7, 7 } },
		{ "an order of no time", 24, {
			4, 0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 8, 1, 0, 0, 0, 0, 7, 7, 7, 7 } },
		{ "an order after it all", 24, {
			4, 0, 1, 0, 0, 0, 0, 0, 2, 1, 0xa8, 0x91, 0xe9, 0x99, 0x0e, 1, 0, 0, 0, 0,
			7, 7, 7, 7 } },
		{ "an order of more than there is", 24, {
			4, 0, 1, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 8, 1, 0x10, 0xa5, 0xd4, 0xe8, 7,
			7, 7, 7 } },
		{ "an order of no day", 24, {
			4, 0, 1, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0x18, 1, 0, 0, 0, 0, 7, 7, 7, 7 } },
		{ "a refund with a day", 24, {
			4, 0, 1, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0x28, 1, 0, 0, 0, 0, 7, 7, 7, 7 } },
		{ "an order cut off", 23, {
			4, 0, 1, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 8, 1, 0, 0, 0, 0, 7, 7, 7 } },
		{ "a margin cut off", 29, {
			4, 0, 1, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0x88, 1, 0, 0, 0, 0, 7, 7, 7, 7,
			1, 1, 1, 1, 1 } },
		{ "orders the wrong way round", 39, {
			4, 0, 1, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 8, 1, 0, 0, 0, 0, 7, 7, 7, 7, 2,
			0, 0, 0, 0, 8, 1, 0, 0, 0, 0, 7, 7, 7, 7 } },
		{ "settled ones that end before they begin", 21, {
			4, 0, 1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 8, 2, 0, 0, 0, 0, 0 } },
		{ "settled ones cut off", 20, {
			4, 0, 1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 8, 1, 0, 0, 0, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		static struct facts f;
		size_t used;

		if (facts_unpack(&f, cases[i].bytes, cases[i].size, &used) != ERR_CORRUPT)
			fail_msg("%s was taken", cases[i].what);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order_and_any_partition_gives_the_same_facts),
		cmocka_unit_test(what_is_packed_unpacks_equal),
		cmocka_unit_test(more_days_than_fit_commute_too),
		cmocka_unit_test(the_oldest_day_becomes_a_number),
		cmocka_unit_test(days_are_the_latest_of_all_days_in_whatever_order_they_come),
		cmocka_unit_test(a_day_is_the_zones_own),
		cmocka_unit_test(a_purchase_is_counted_everywhere),
		cmocka_unit_test(contacts_are_counted_by_who_began),
		cmocka_unit_test(a_decayed_sum_halves_in_its_half_life),
		cmocka_unit_test(refunds_fade_apart_from_purchases),
		cmocka_unit_test(feedback_hurts_and_pleases_as_kano_says),
		cmocka_unit_test(the_latest_told_wins_but_acquisition_the_earliest),
		cmocka_unit_test(an_empty_text_takes_back_and_a_missing_one_does_not),
		cmocka_unit_test(contracts_and_answers_are_remembered),
		cmocka_unit_test(a_complaint_is_open_until_it_is_resolved),
		cmocka_unit_test(the_latest_cases_are_kept),
		cmocka_unit_test(the_latest_two_wallets_are_of_two_periods),
		cmocka_unit_test(the_rest_is_counted_and_told),
		cmocka_unit_test(facts_that_differ_are_not_equal),
		cmocka_unit_test(every_row_has_a_name_and_every_decay_its_half_life),
		cmocka_unit_test(the_bytes_are_as_drawn),
		cmocka_unit_test(a_customer_with_five_purchases_takes_a_hundred_and_forty_bytes),
		cmocka_unit_test(the_widest_numbers_fit),
		cmocka_unit_test(what_is_cut_off_is_corrupt),
		cmocka_unit_test(a_changed_bit_never_harms),
		cmocka_unit_test(nonsense_is_corrupt),
	};

	seed = random_seed(1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
