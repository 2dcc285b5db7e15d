/* SPDX-License-Identifier: Apache-2.0 */
/* Random events for tests: every body, every field, all well-formed, the same for a seed.
 *
 * Spans point into constant texts and into the id buffer that the caller owns; events may be
 * copied and shuffled freely. */
#ifndef KITH_TESTS_RANDOM_EVENT_H
#define KITH_TESTS_RANDOM_EVENT_H
#include <stdio.h>
#include <stdlib.h>
#include "base/event.h"

#define RANDOM_UNUSED __attribute__((unused)) static
#define RANDOM_ID_SIZE 24
#define RANDOM_BEGIN_MS INT64_C(1672531200000) /* 2023-01-01 */
#define RANDOM_SPAN_MS  INT64_C(94608000000)   /* three years */

struct random {
	uint64_t state;
};

/* splitmix64 (Steele, Lea, Flood 2014): any seed is a good one. */
RANDOM_UNUSED uint64_t random_next(struct random *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* 0 to N - 1, N >= 1. */
RANDOM_UNUSED uint64_t random_below(struct random *r, uint64_t n)
{
	return random_next(r) % n;
}

/* SEED of the environment, or OTHERWISE. */
RANDOM_UNUSED uint64_t random_seed(uint64_t otherwise)
{
	const char *s = getenv("SEED");

	return s && *s ? strtoull(s, NULL, 10) : otherwise;
}

/* OTHERWISE times RUNS of the environment. */
RANDOM_UNUSED unsigned random_runs(unsigned otherwise)
{
	const char *s = getenv("RUNS");
	unsigned long n = s && *s ? strtoul(s, NULL, 10) : 1;

	return otherwise * (unsigned)(n ? n : 1);
}

/* One of a few texts, so that they meet again: "" only when asked for. */
RANDOM_UNUSED struct span random_text(struct random *r, bool may_be_empty)
{
	static const char *const texts[] = { "", "a", "ab", "anna", "beatrix", "north", "Zürich",
		"0123456789012345678901234567890123456789012345678901234567890123" };
	const size_t n = sizeof texts / sizeof *texts;

	return span_str(may_be_empty ? texts[random_below(r, n)] : texts[1 + random_below(r, n - 1)]);
}

/* Three years at any millisecond; one in three on a grid of 40 instants, so that some are equal. */
RANDOM_UNUSED int64_t random_time_ms(struct random *r)
{
	if (random_below(r, 3) == 0)
		return RANDOM_BEGIN_MS + (int64_t)random_below(r, 40) * (RANDOM_SPAN_MS / 40);
	return RANDOM_BEGIN_MS + (int64_t)random_below(r, (uint64_t)RANDOM_SPAN_MS);
}

/* One of 1 to COUNT - 1, or 0 half the time. */
RANDOM_UNUSED uint8_t random_perhaps(struct random *r, unsigned count)
{
	return random_below(r, 2) ? (uint8_t)(1 + random_below(r, count - 1)) : 0;
}

RANDOM_UNUSED uint8_t random_certainly(struct random *r, unsigned count)
{
	return (uint8_t)(1 + random_below(r, count - 1));
}

/* A text, or nothing said. */
RANDOM_UNUSED struct span random_text_perhaps(struct random *r)
{
	return random_below(r, 2) ? random_text(r, true) : (struct span){ NULL, 0 };
}

RANDOM_UNUSED void random_readiness(struct random *r, struct event *e)
{
	for (unsigned i = 0; i < FACTOR_COUNT; i++)
		e->as.readiness.factor[i] = random_perhaps(r, ANSWER_COUNT);
	e->as.readiness.factor[random_below(r, FACTOR_COUNT)] = random_certainly(r, ANSWER_COUNT);
}

RANDOM_UNUSED void random_purchase(struct random *r, struct event *e)
{
	(void)random_text(r, false);
	e->as.purchase.order = e->id; /* test_orders.c has those that meet again */
	e->as.purchase.amount = (int64_t)random_below(r, 1000000);
	e->as.purchase.has_margin = random_below(r, 2);
	if (e->as.purchase.has_margin)
		e->as.purchase.margin = (int64_t)random_below(r, 300000) - 50000;
	if (random_below(r, 2))
		e->as.purchase.category = random_text(r, false);
}

RANDOM_UNUSED void random_profile(struct random *r, struct event *e)
{
	e->as.profile.role = random_perhaps(r, ROLE_COUNT);
	e->as.profile.acquisition = random_perhaps(r, ACQUISITION_COUNT);
	e->as.profile.has_expected_margin = random_below(r, 2);
	if (e->as.profile.has_expected_margin)
		e->as.profile.expected_margin = (int64_t)random_below(r, 1000000) - 1000;
	e->as.profile.held_by = random_text_perhaps(r);
	e->as.profile.region = random_text_perhaps(r);
	e->as.profile.segment = random_text_perhaps(r);
	e->as.profile.owner = random_text_perhaps(r);
}

RANDOM_UNUSED void random_wallet(struct random *r, struct event *e)
{
	int64_t quarter_ms = RANDOM_SPAN_MS / 12;

	e->as.wallet.from_ms = RANDOM_BEGIN_MS + (int64_t)random_below(r, 10) * quarter_ms;
	e->as.wallet.to_ms = e->as.wallet.from_ms + (int64_t)(1 + random_below(r, 2)) * quarter_ms;
	e->as.wallet.amount = (int64_t)random_below(r, 5000000);
}

RANDOM_UNUSED void random_body(struct random *r, struct event *e)
{
	switch ((enum body)e->body) {
	case BODY_CONTACT:
		e->as.contact.direction = random_certainly(r, DIRECTION_COUNT);
		e->as.contact.acquisition = random_perhaps(r, ACQUISITION_COUNT);
		if (random_below(r, 2))
			e->as.contact.subject = random_text(r, false);
		break;
	case BODY_READINESS: random_readiness(r, e); break;
	case BODY_PURCHASE: random_purchase(r, e); break;
	case BODY_REFUND:
		(void)random_text(r, false);
		e->as.refund.order = e->id;
		e->as.refund.amount = (int64_t)random_below(r, 100000);
		e->as.refund.reason = random_perhaps(r, REASON_COUNT);
		break;
	case BODY_COMPLAINT:
		e->as.complaint.complaint = random_text(r, false);
		e->as.complaint.reason = random_perhaps(r, REASON_COUNT);
		e->as.complaint.severity = random_perhaps(r, SEVERITY_COUNT);
		break;
	case BODY_RESOLUTION: e->as.resolution.complaint = random_text(r, false); break;
	case BODY_FEEDBACK:
		e->as.feedback.expected = (double)random_below(r, 101) / 10;
		e->as.feedback.perceived = (double)random_below(r, 101) / 10;
		e->as.feedback.quality = random_perhaps(r, QUALITY_COUNT);
		break;
	case BODY_REFERRAL: e->as.referral.customer = random_text(r, false); break;
	case BODY_MEMBERSHIP: e->as.membership.change = random_certainly(r, MEMBERSHIP_COUNT); break;
	case BODY_PARTNERSHIP:
		e->as.partnership.change = random_certainly(r, PARTNERSHIP_COUNT);
		break;
	case BODY_CONTRACT:
		e->as.contract.change = random_certainly(r, CONTRACT_COUNT);
		e->as.contract.ends_ms = random_below(r, 2) ? e->time_ms + 1000 : 0;
		e->as.contract.reason = random_perhaps(r, REASON_COUNT);
		break;
	case BODY_WALLET: random_wallet(r, e); break;
	case BODY_COMPETITOR:
		e->as.competitor.name = random_text(r, false);
		e->as.competitor.seen = random_perhaps(r, SIGHTING_COUNT);
		break;
	case BODY_PROFILE: random_profile(r, e); break;
	case BODY_MARKET:
		e->as.market.factor = random_certainly(r, MARKET_COUNT);
		e->as.market.region = random_text(r, false);
		e->as.market.until_ms = e->time_ms + 1 + (int64_t)random_below(r, 100000000);
		break;
	case BODY_COUNT: abort();
	}
}

/* An event of any body about "anna"; NUMBER makes its id, which is written to ID. */
RANDOM_UNUSED void random_event(struct random *r, uint64_t number, char id[RANDOM_ID_SIZE],
	struct event *e)
{
	(void)snprintf(id, RANDOM_ID_SIZE, "e-%llu", (unsigned long long)number);
	*e = (struct event){
		.source = span_str("till-7"),
		.id = span_str(id),
		.customer = span_str("anna"),
		.time_ms = random_time_ms(r),
		.channel = random_perhaps(r, CHANNEL_COUNT),
		/* every third is a purchase: a customer of nothing else is not worth a test */
		.body = random_below(r, 3) ? (uint8_t)random_below(r, BODY_COUNT) : BODY_PURCHASE,
	};
	random_body(r, e);
}

/* Put the N events into another order (Fisher and Yates). */
RANDOM_UNUSED void random_shuffle(struct random *r, struct event *events, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = (size_t)random_below(r, i);
		struct event swap = events[i - 1];

		events[i - 1] = events[j];
		events[j] = swap;
	}
}

#endif
