/* SPDX-License-Identifier: Apache-2.0 */
/* Scenario: what the outside does to a store in the sweeps: 30 batches in 15 groups, eight days
 * apart, each a function of the seed and its number alone, so that whoever lost a receipt can send
 * the same bytes again. Two sources: a till that numbers nothing (known by ids) and a shop with
 * sequences. Some events are resent, some use an old id for something else, some come late; one
 * batch is a back-fill, and half-way another lifecycle file comes into force. */
#ifndef KITH_TESTS_STORE_SCENARIO_H
#define KITH_TESTS_STORE_SCENARIO_H
#include "base/hash.h"
#include "lifecycle/machine.h"
#include "proto/codec.h"
#include "tests/unit/random_event.h"

#define SCENARIO_BATCHES    30u
#define SCENARIO_GROUPS     15u
#define SCENARIO_EVENTS_MAX 12u
#define SCENARIO_CUSTOMERS  20u
#define SCENARIO_BACKFILL   2u   /* this batch is one */
#define SCENARIO_SUBSCRIBES 2u   /* in this group a subscription is opened */
#define SCENARIO_RELOADS    7u   /* from this group on the other lifecycle file is in force */
#define SCENARIO_BEGIN_MS   INT64_C(1704067200000)
#define SCENARIO_STEP_MS    INT64_C(691200000)

/* An old id comes from at most three batches back, and a batch is sent again at most three later:
 * four groups. */
#define SCENARIO_WINDOW_MS  (5 * SCENARIO_STEP_MS)

enum scenario_kind { EVENT_FRESH, EVENT_RESENT, EVENT_CONFLICT };

struct scenario_event {
	struct event event; /* points into this struct and into constant texts: do not copy */
	enum scenario_kind kind;
	char id[24], customer[8];
};

/* Groups of one, three and two batches, over and over. */
static unsigned scenario_group(unsigned batch)
{
	unsigned i = (batch - 1) % 6;

	return (batch - 1) / 6 * 3 + (i == 0 ? 0 : i < 4 ? 1 : 2);
}

static int64_t scenario_now_ms(unsigned group)
{
	return SCENARIO_BEGIN_MS + (int64_t)(group + 1) * SCENARIO_STEP_MS;
}

static struct random scenario_random(uint64_t seed, unsigned batch, unsigned event)
{
	uint64_t words[] = { seed, batch, event };

	return (struct random){ hash_64(words, sizeof words, 0) };
}

static unsigned scenario_size(uint64_t seed, unsigned batch)
{
	struct random r = scenario_random(seed, batch, SCENARIO_EVENTS_MAX);

	return 6 + (unsigned)random_below(&r, SCENARIO_EVENTS_MAX - 6);
}

static void scenario_fresh(struct random *r, unsigned batch, unsigned i, struct scenario_event *ret)
{
	int64_t now = scenario_now_ms(scenario_group(batch));
	int64_t back = (random_below(r, 6) ? 1 : 3) * SCENARIO_STEP_MS;
	struct event *e = &ret->event;

	(void)snprintf(ret->id, sizeof ret->id, "e-%u-%u", batch, i);
	(void)snprintf(ret->customer, sizeof ret->customer, "c-%02u",
		(unsigned)random_below(r, SCENARIO_CUSTOMERS));
	ret->kind = EVENT_FRESH;
	*e = (struct event){
		.source = span_str(i % 2 ? "shop" : "till-7"),
		.id = span_str(ret->id),
		.customer = span_str(ret->customer),
		.sequence = i % 2 ? batch * 100 + i : 0,
		.time_ms = now - (int64_t)random_below(r, (uint64_t)back),
		.channel = random_perhaps(r, CHANNEL_COUNT),
		.body = random_below(r, 2) ? BODY_PURCHASE : (uint8_t)random_below(r, BODY_COUNT),
	};
	random_body(r, e);
}

/* Event I of a batch. */
static void scenario_event(uint64_t seed, unsigned batch, unsigned i, struct scenario_event *ret)
{
	struct random r = scenario_random(seed, batch, i);
	uint64_t roll = random_below(&r, 12);

	if (batch > 3 && roll < 2) {
		unsigned old = batch - 1 - (unsigned)random_below(&r, 3);

		scenario_event(seed, old, (unsigned)random_below(&r, scenario_size(seed, old)), ret);
		if (ret->kind == EVENT_FRESH && roll == 0) {
			ret->kind = EVENT_RESENT;
			return;
		}
		if (ret->kind == EVENT_FRESH && ret->event.sequence == 0) {
			ret->kind = EVENT_CONFLICT;
			ret->event.time_ms++;
			return;
		}
	}
	scenario_fresh(&r, batch, i, ret);
}

/* Append the message to OUT; HOW (may be NULL) gets how many events are of each kind. */
static void scenario_message(uint64_t seed, unsigned batch, struct buf *out, unsigned how[3])
{
	static struct scenario_event made[SCENARIO_EVENTS_MAX];
	struct event events[SCENARIO_EVENTS_MAX];
	unsigned n = scenario_size(seed, batch);

	for (unsigned i = 0; i < n; i++) {
		scenario_event(seed, batch, i, &made[i]);
		events[i] = made[i].event;
		if (how)
			how[made[i].kind]++;
	}
	batch_encode(out, batch, span_str("till-7"), batch == SCENARIO_BACKFILL, events, n);
}

/* The text of the file in force; the caller frees. */
static void scenario_lifecycle(unsigned group, struct buf *out)
{
	struct span text = machine_default_text();

	buf_add(out, text.data, text.size);
	if (group >= SCENARIO_RELOADS)
		buf_add_str(out, "\nrisk big severity watch\n     when purchases >= 3\n");
}

#endif
