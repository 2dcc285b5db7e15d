/* SPDX-License-Identifier: Apache-2.0 */
/* Orders: one that was wholly given back counts as if it had not been. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "lifecycle/facts.h"
#include "tests/unit/random_event.h"

#define T0 RANDOM_BEGIN_MS
#define EVENTS_MAX 64

static uint64_t seed;

static struct event bought(int64_t time_ms, const char *order, int64_t amount)
{
	return (struct event){ .time_ms = time_ms, .body = BODY_PURCHASE,
		.as.purchase = { .order = span_str(order), .amount = amount, .margin = amount / 3,
			.has_margin = true } };
}

static struct event returned(int64_t time_ms, const char *order, int64_t amount)
{
	return (struct event){ .time_ms = time_ms, .body = BODY_REFUND,
		.as.refund = { .order = span_str(order), .amount = amount } };
}

static void fold(struct facts *f, const struct event *events, size_t n)
{
	facts_init(f);
	for (size_t i = 0; i < n; i++)
		facts_add(f, &events[i], NULL);
}

static int64_t value(const struct facts *f, enum fact fact)
{
	return f->scalar[fact].i;
}

static void a_returned_order_leaves_no_purchase(void **state)
{
	struct event events[] = { bought(T0, "1", 500), returned(T0 + 3 * DAY_MS, "1", 500) };
	struct facts f;

	(void)state;
	fold(&f, events, 2);
	assert_int_equal(value(&f, FACT_purchases), 0);
	assert_int_equal(value(&f, FACT_cancelled), 1);
	assert_int_equal(value(&f, FACT_spent), 0);
	assert_int_equal(value(&f, FACT_margin), 0);
	assert_int_equal(value(&f, FACT_margins), 0);
	assert_int_equal(value(&f, FACT_refunded), 0);
	assert_int_equal(value(&f, FACT_refunds), 1); /* that happened */
	assert_int_equal(value(&f, FACT_last_refund), T0 + 3 * DAY_MS);
	assert_int_equal(value(&f, FACT_first_purchase), 0);
	assert_int_equal(value(&f, FACT_last_purchase), 0);
	assert_int_equal(facts_purchase_days(&f), 0);
	assert_true(f.scalar[FACT_spend_30d].d == 0 && f.scalar[FACT_spend_180d].d == 0);
	assert_true(f.scalar[FACT_purchases_30d].d == 0 && f.scalar[FACT_refund_180d].d == 0);
	assert_false(facts_has_bought(&f));
}

static void after_a_cancelled_last_purchase_the_one_before_is_the_last(void **state)
{
	struct event events[] = { bought(T0, "1", 500), bought(T0 + 9 * DAY_MS, "2", 700),
		returned(T0 + 10 * DAY_MS, "2", 700) };
	struct facts f;

	(void)state;
	fold(&f, events, 3);
	assert_int_equal(value(&f, FACT_purchases), 1);
	assert_int_equal(value(&f, FACT_last_purchase), T0);
	assert_int_equal(facts_purchase_days(&f), 1);
	events[0].as.purchase.order = span_str("2"); /* and the first, when it is that one … */
	events[1].as.purchase.order = span_str("1");
	events[2].as.refund.amount = 500;
	fold(&f, events, 3);
	assert_int_equal(value(&f, FACT_first_purchase), T0 + 9 * DAY_MS);
	assert_int_equal(value(&f, FACT_last_purchase), T0 + 9 * DAY_MS);
}

static void a_part_given_back_takes_nothing_away_until_the_rest_is(void **state)
{
	struct event events[] = { bought(T0, "1", 500), returned(T0 + DAY_MS, "1", 200),
		returned(T0 + 2 * DAY_MS, "1", 299), returned(T0 + 3 * DAY_MS, "1", 1) };
	struct facts f;

	(void)state;
	fold(&f, events, 3);
	assert_int_equal(value(&f, FACT_purchases), 1);
	assert_int_equal(value(&f, FACT_refunded), 499);
	fold(&f, events, 4);
	assert_int_equal(value(&f, FACT_purchases), 0);
	assert_int_equal(value(&f, FACT_refunded), 0);
}

static void a_day_with_another_purchase_stays(void **state)
{
	struct event events[] = { bought(T0, "1", 500), bought(T0 + 1000, "2", 500),
		returned(T0 + DAY_MS, "1", 500), returned(T0 + DAY_MS, "2", 500) };
	struct facts f;

	(void)state;
	fold(&f, events, 3);
	assert_int_equal(facts_purchase_days(&f), 1);
	assert_int_equal(value(&f, FACT_first_purchase), T0 + 1000);
	fold(&f, events, 4);
	assert_int_equal(facts_purchase_days(&f), 0);
}

/* Five purchases push the first out of those kept; it stays the first, and its day. */
static void what_is_kept_no_longer_stays_as_it_was_decided(void **state)
{
	struct facts f;

	(void)state;
	facts_init(&f);
	for (int i = 0; i < 2 + FACTS_ORDERS_MAX; i++) {
		char order[2] = { (char)('a' + i), 0 };
		struct event e = bought(T0 + i * DAY_MS, order, 100), back;

		facts_add(&f, &e, NULL);
		back = returned(T0 + i * DAY_MS + 1, order, 100);
		if (i == 1)
			facts_add(&f, &back, NULL);
	}
	assert_int_equal(value(&f, FACT_purchases), 1 + FACTS_ORDERS_MAX);
	assert_int_equal(value(&f, FACT_first_purchase), T0);
	assert_int_equal(facts_purchase_days(&f), 1 + FACTS_ORDERS_MAX);
	for (int i = 0; i < 2 + FACTS_ORDERS_MAX; i++) { /* none is left but the first, forgotten */
		char order[2] = { (char)('a' + i), 0 };
		struct event back = returned(T0 + 300 * DAY_MS, order, 100);

		if (i >= 2)
			back.time_ms = T0 + i * DAY_MS + 1;
		if (i != 1)
			facts_add(&f, &back, NULL);
	}
	assert_int_equal(value(&f, FACT_cancelled) + value(&f, FACT_purchases), 2 + FACTS_ORDERS_MAX);
	assert_int_equal(value(&f, FACT_first_purchase), T0);
}

/* A few orders, of one or two purchases each and given back in part, wholly, or not at all: not
 * more than are kept. */
static size_t random_orders(struct random *r, struct event *events, size_t max)
{
	static const char *const names[] = { "a", "b", "c" };
	size_t n = 1 + random_below(r, max);

	for (size_t i = 0; i < n; i++) {
		int64_t at = T0 + (int64_t)random_below(r, 12) * (DAY_MS / 2) +
			(int64_t)random_below(r, 3);
		const char *order = names[random_below(r, 3)];
		int64_t amount = 100 * (int64_t)(1 + random_below(r, 2));

		events[i] = random_below(r, 2) ? bought(at, order, amount) : returned(at, order, amount);
		if (random_below(r, 2) && events[i].body == BODY_PURCHASE)
			events[i].as.purchase.has_margin = false;
	}
	return n;
}

/* By its definition: leave out every order of which at least as much was refunded as was paid. */
static void fold_by_definition(struct facts *f, const struct event *events, size_t n)
{
	facts_init(f);
	for (size_t i = 0; i < n; i++) {
		int64_t paid = 0, back = 0, refunds = 0;
		struct event e = events[i];
		struct span order = e.as.purchase.order;

		_Static_assert(offsetof(struct event, as.purchase.order) ==
			offsetof(struct event, as.refund.order), "an order is an order");
		for (size_t k = 0; k < n; k++)
			if (span_eq(events[k].as.purchase.order, order)) {
				bool is_back = events[k].body == BODY_REFUND;

				*(is_back ? &back : &paid) += is_back
					? events[k].as.refund.amount : events[k].as.purchase.amount;
				refunds += is_back;
			}
		if (paid > 0 && refunds > 0 && back >= paid) {
			if (e.body == BODY_PURCHASE) {
				f->scalar[FACT_cancelled].i++;
				e.body = BODY_MEMBERSHIP; /* an event, and nothing else */
			} else {
				e.as.refund.amount = 0;
			}
		}
		facts_add(f, &e, NULL);
	}
}

static bool same_but_for_orders(struct facts *a, struct facts *b)
{
	static struct facts x, y;

	facts_copy(&x, a);
	facts_copy(&y, b);
	x.n_orders = y.n_orders = x.orders_size = y.orders_size = 0;
	x.scalar[FACT_decayed_at] = y.scalar[FACT_decayed_at] = (union facts_scalar){ 0 };
	for (enum fact i = 0; i < FACTS_SCALARS; i++)
		if (fact_law(i) == FACT_DECAY) { /* they refer to other instants: brought to one */
			int64_t half = fact_half_life_ms(i);

			x.scalar[i].d *= exp2((double)(value(a, FACT_decayed_at) - T0) / (double)half);
			y.scalar[i].d *= exp2((double)(value(b, FACT_decayed_at) - T0) / (double)half);
		}
	x.reg[REGISTER_MEMBERSHIP] = y.reg[REGISTER_MEMBERSHIP] = (struct facts_reg){ 0 };
	return facts_equal(&x, &y);
}

static void a_cancelled_order_counts_as_if_it_had_not_been(void **state)
{
	struct event events[FACTS_ORDERS_MAX];
	static struct facts a, b;
	unsigned cancelled = 0;

	(void)state;
	for (unsigned run = 0; run < random_runs(20000); run++) {
		struct random r = { seed + run };
		size_t n = random_orders(&r, events, FACTS_ORDERS_MAX);

		fold(&a, events, n);
		fold_by_definition(&b, events, n);
		if (!same_but_for_orders(&a, &b))
			fail_msg("SEED=%llu", (unsigned long long)(seed + run));
		cancelled += value(&a, FACT_cancelled) > 0;
	}
	assert_true(cancelled > random_runs(2000));
}

static void orders_meet_in_any_order_and_in_any_parts(void **state)
{
	struct event events[FACTS_ORDERS_MAX];
	static struct facts a, b, c;

	(void)state;
	for (unsigned run = 0; run < random_runs(20000); run++) {
		struct random r = { seed + run };
		size_t n = random_orders(&r, events, FACTS_ORDERS_MAX), cut;

		fold(&a, events, n);
		random_shuffle(&r, events, n);
		fold(&b, events, n);
		if (!facts_equal(&a, &b))
			fail_msg("another order: SEED=%llu", (unsigned long long)(seed + run));
		cut = random_below(&r, n + 1);
		fold(&b, events, cut);
		fold(&c, events + cut, n - cut);
		facts_join(&b, &c);
		if (!facts_equal(&a, &b))
			fail_msg("in parts: SEED=%llu", (unsigned long long)(seed + run));
	}
}

/* More than are kept, and orders that are told twice over: nothing is promised to be exact then,
 * but that counts fit each other and bytes come back. */
static void with_more_than_are_kept_counts_still_fit(void **state)
{
	struct event events[EVENTS_MAX];
	static struct facts a, b;
	uint8_t bytes[FACTS_PACKED_MAX];
	size_t used;

	(void)state;
	for (unsigned run = 0; run < random_runs(4000); run++) {
		struct random r = { seed + run };
		size_t n = random_orders(&r, events, EVENTS_MAX), cut = random_below(&r, n + 1);
		size_t purchases = 0;

		for (size_t i = 0; i < n; i++)
			purchases += events[i].body == BODY_PURCHASE;
		fold(&a, events, cut);
		fold(&b, events + cut, n - cut);
		facts_join(&a, &b);
		assert_int_equal(value(&a, FACT_purchases) + value(&a, FACT_cancelled), purchases);
		assert_true(value(&a, FACT_purchases) >= 0 && value(&a, FACT_spent) >= 0);
		assert_true(value(&a, FACT_refunded) >= 0);
		assert_int_equal(value(&a, FACT_purchases) == 0, value(&a, FACT_last_purchase) == 0);
		assert_int_equal(value(&a, FACT_purchases) == 0, facts_purchase_days(&a) == 0);
		assert_true(a.n_orders <= FACTS_ORDERS_MAX);
		assert_int_equal(facts_unpack(&b, bytes, facts_pack(&a, bytes), &used), OK);
		assert_true(facts_equal(&a, &b));
	}
}

/* A log in order of time, each refund soon after its purchase: exact for any length. */
static void a_long_log_in_order_is_exact(void **state)
{
	static char name[200][16];
	static struct event events[400];
	static struct facts a, b;

	(void)state;
	for (unsigned run = 0; run < random_runs(200); run++) {
		struct random r = { seed + run };
		size_t n = 0;

		for (int i = 0; i < 200; i++) {
			int64_t at = T0 + i * 2 * DAY_MS;

			snprintf(name[i], sizeof name[i], "o%d", i);
			events[n++] = bought(at, name[i], 100 + (int64_t)random_below(&r, 900));
			if (random_below(&r, 3) == 0)
				events[n++] = returned(at + DAY_MS, name[i],
					random_below(&r, 4) ? 1000 : 50);
		}
		fold(&a, events, n);
		fold_by_definition(&b, events, n);
		a.settled = b.settled = (struct facts_settled){ 0 };
		if (!same_but_for_orders(&a, &b))
			fail_msg("SEED=%llu", (unsigned long long)(seed + run));
	}
}

/* One of the ends of what an event may say, or something between. */
static struct event at_the_ends(struct random *r, char *order)
{
	static const int64_t times[] = { EVENT_TIME_MIN, DAY_MS - 1, DAY_MS, T0, T0 + 1,
		EVENT_TIME_MAX - 1, EVENT_TIME_MAX };
	static const int64_t money[] = { 0, 1, EVENT_AMOUNT_MAX - 1, EVENT_AMOUNT_MAX };
	int64_t time_ms = times[random_below(r, 7)], amount = money[random_below(r, 4)];
	struct event e;

	snprintf(order, 8, "o%u", (unsigned)random_below(r, 5));
	if (random_below(r, 4) == 0)
		return returned(time_ms, order, amount);
	e = bought(time_ms, order, amount);
	e.as.purchase.has_margin = random_below(r, 2);
	e.as.purchase.margin = random_below(r, 2) ? -money[random_below(r, 4)] : amount;
	return e;
}

/* The bytes of F in a block of their own, so that a sanitizer sees a read beyond them; each way to
 * cut them is noticed, each bit may change. */
static void must_survive(const struct facts *f, bool cuts)
{
	static struct facts g, h;
	static uint8_t bytes[FACTS_PACKED_MAX], again[FACTS_PACKED_MAX];
	size_t size = facts_pack(f, bytes), used, n;

	assert_int_equal(facts_unpack(&g, bytes, size, &used), OK);
	assert_int_equal(used, size);
	assert_true(facts_equal(f, &g));
	for (n = 0; cuts && n < size; n++) {
		uint8_t *exact = malloc(n ? n : 1);

		memcpy(exact, bytes, n);
		assert_int_equal(facts_unpack(&g, exact, n, &used), ERR_CORRUPT);
		free(exact);
	}
	for (size_t bit = 0; cuts && bit < size * 8; bit++) {
		uint8_t *exact = malloc(size);

		memcpy(exact, bytes, size);
		exact[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (facts_unpack(&g, exact, size, &used) == OK) {
			n = facts_pack(&g, again);
			assert_int_equal(facts_unpack(&h, again, n, &used), OK);
			assert_true(facts_equal(&g, &h));
		}
		free(exact);
	}
}

static void the_ends_of_time_and_money_are_kept_as_they_are(void **state)
{
	static const char *const names[] = { "UTC", "Pacific/Kiritimati", "Etc/GMT+12" };
	static struct facts f, other;
	struct zone zones[3];
	struct complaint c;
	char order[8];

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(zone_open(names[i], &zones[i], &c), OK);
	for (unsigned run = 0; run < random_runs(500); run++) {
		struct random r = { seed + run };
		unsigned n = 1 + (unsigned)random_below(&r, 9);

		facts_init(&f);
		facts_init(&other);
		for (unsigned i = 0; i < n; i++) {
			struct event e = at_the_ends(&r, order);

			facts_add(random_below(&r, 4) ? &f : &other, &e, &zones[random_below(&r, 3)]);
			must_survive(&f, false);
		}
		facts_join(&f, &other);
		must_survive(&f, run < 20);
	}
	for (unsigned i = 0; i < 3; i++)
		zone_close(&zones[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_returned_order_leaves_no_purchase),
		cmocka_unit_test(after_a_cancelled_last_purchase_the_one_before_is_the_last),
		cmocka_unit_test(a_part_given_back_takes_nothing_away_until_the_rest_is),
		cmocka_unit_test(a_day_with_another_purchase_stays),
		cmocka_unit_test(what_is_kept_no_longer_stays_as_it_was_decided),
		cmocka_unit_test(a_cancelled_order_counts_as_if_it_had_not_been),
		cmocka_unit_test(orders_meet_in_any_order_and_in_any_parts),
		cmocka_unit_test(with_more_than_are_kept_counts_still_fit),
		cmocka_unit_test(a_long_log_in_order_is_exact),
		cmocka_unit_test(the_ends_of_time_and_money_are_kept_as_they_are),
	};

	seed = random_seed(1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
