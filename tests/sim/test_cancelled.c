/* SPDX-License-Identifier: Apache-2.0 */
/* Orders that are given back by another id of the person than bought them: merged they are cancelled,
 * taken apart they are not, in whatever order all that happens and through crashes. */
#include "tests/sim/story.h"

#define IDS   3
#define LINES 4 /* purchases and refunds: as many as are kept one by one (lifecycle/orders.c) */

static const char *const ids[IDS] = { "anna", "card-7", "web-9" };

static const enum fact counted[] = { FACT_events, FACT_purchases, FACT_cancelled, FACT_spent,
	FACT_refunds, FACT_refunded, FACT_first_purchase, FACT_last_purchase };
#define COUNTED (sizeof counted / sizeof counted[0])

static double days_of(const struct facts *f)
{
	struct law l = quantity_law(QUANTITY_purchase_days, f, NULL);
	double days = 0;

	return law_value(&l, 0, &days) ? days : 0;
}

static int64_t fact_of(struct sim *s, const char *id, enum fact fact)
{
	struct customer *c = sim_customer(s, id);
	int64_t n;

	assert_non_null(c);
	n = c->facts.scalar[fact].i;
	free(c);
	return n;
}

static void an_order_that_another_id_gives_back_is_cancelled_while_they_are_one(void **state)
{
	struct sim *s = story_new();

	(void)state;
	sim_send(s, "web/41 anna buys 1000\n");
	sim_until(s, "1d");
	sim_send(s, "till/7 card-7 returns 1000 of 41\n"); /* in the shop, by card */
	assert_int_equal(fact_of(s, "anna", FACT_purchases), 1);
	assert_int_equal(fact_of(s, "card-7", FACT_refunded), 1000);
	assert_true(sim_command(s, "merge anna card-7"));
	sim_deliver(s);
	assert_int_equal(fact_of(s, "anna", FACT_purchases), 0);
	assert_int_equal(fact_of(s, "anna", FACT_cancelled), 1);
	assert_int_equal(fact_of(s, "anna", FACT_spent), 0);
	assert_int_equal(fact_of(s, "anna", FACT_refunded), 0);
	assert_true(sim_command(s, "unmerge card-7"));
	sim_deliver(s);
	assert_int_equal(fact_of(s, "anna", FACT_purchases), 1);
	assert_int_equal(fact_of(s, "anna", FACT_cancelled), 0);
	assert_int_equal(fact_of(s, "card-7", FACT_refunded), 1000);
	assert_int_equal(fact_of(s, "card-7", FACT_cancelled), 0);
	story_end(s);
}

static void half_given_back_by_each_is_given_back(void **state)
{
	struct sim *s = story_new();

	(void)state;
	sim_send(s, "web/41 anna buys 1000\nweb/42 anna buys 1\n");
	assert_true(sim_command(s, "merge anna card-7") == false); /* of whom nothing is known yet */
	sim_send(s, "till/6 card-7 returns 400 of 41\n");
	assert_true(sim_command(s, "merge anna card-7"));
	sim_deliver(s);
	sim_send(s, "web/50 anna returns 599 of 41\n");
	assert_int_equal(fact_of(s, "anna", FACT_purchases), 2);
	sim_send(s, "till/7 card-7 returns 1 of 41\n"); /* by the old id, which goes on working */
	sim_deliver(s);
	assert_int_equal(fact_of(s, "anna", FACT_purchases), 1);
	assert_int_equal(fact_of(s, "anna", FACT_cancelled), 1);
	assert_true(sim_command(s, "unmerge card-7"));
	sim_deliver(s);
	assert_int_equal(fact_of(s, "anna", FACT_purchases), 2);
	assert_int_equal(fact_of(s, "anna", FACT_refunded), 599);
	assert_int_equal(fact_of(s, "card-7", FACT_refunded), 401);
	story_end(s);
}

/* ---- any way through */

struct part_of_order {
	struct event event;
	char id[8];
	unsigned of; /* ids[] */
};

static void make_parts(struct random *r, struct part_of_order parts[LINES])
{
	static const char *const orders[] = { "a", "b" };

	for (unsigned i = 0; i < LINES; i++) {
		struct part_of_order *d = &parts[i];
		struct event *e = &d->event;
		struct span order = span_str(orders[random_below(r, 2)]);

		memset(d, 0, sizeof *d);
		snprintf(d->id, sizeof d->id, "e-%u", i);
		d->of = (unsigned)random_below(r, IDS);
		e->source = span_str("till");
		e->id = span_str(d->id);
		e->customer = span_str(ids[d->of]);
		e->time_ms = SIM_BEGIN_MS + (int64_t)random_below(r, 40) * DAY_MS + i;
		e->body = random_below(r, 2) ? BODY_PURCHASE : BODY_REFUND;
		if (e->body == BODY_PURCHASE) {
			e->as.purchase.order = order;
			e->as.purchase.amount = 100 * (1 + (int64_t)random_below(r, 2));
		} else {
			e->as.refund.order = order;
			e->as.refund.amount = 100 * (1 + (int64_t)random_below(r, 3));
		}
	}
}

/* What all of it, or what ONLY did, comes to when it is one customer's. */
static void fold(const struct part_of_order parts[LINES], int only, struct facts *f)
{
	facts_init(f);
	for (unsigned i = 0; i < LINES; i++)
		if (only < 0 || parts[i].of == (unsigned)only)
			facts_add(f, &parts[i].event, NULL);
}

static void has_facts(struct sim *s, const char *id, const struct facts *wanted, unsigned known,
	uint64_t seed)
{
	struct customer *c = sim_customer(s, id);

	assert_non_null(c);
	for (unsigned i = 0; i < COUNTED; i++) {
		int64_t want = wanted->scalar[counted[i]].i + (counted[i] == FACT_events ? known : 0);

		if (c->facts.scalar[counted[i]].i != want)
			fail_msg("seed %llu: fact %u of %s is %lld, not %lld",
				(unsigned long long)seed, i, id,
				(long long)c->facts.scalar[counted[i]].i, (long long)want);
	}
	if (days_of(&c->facts) != days_of(wanted))
		fail_msg("seed %llu: %s has %g days", (unsigned long long)seed, id, days_of(&c->facts));
	free(c);
}

static void perhaps(struct sim *s, struct random *r)
{
	char command[64];
	unsigned i = 1 + (unsigned)random_below(r, IDS - 1);

	snprintf(command, sizeof command, random_below(r, 2) ? "merge anna %s" : "unmerge %s", ids[i]);
	(void)sim_command(s, command); /* refused when it is so already */
	if (random_below(r, 4) == 0) {
		sim_deliver(s);
		sim_crash(s);
		sim_start(s);
	}
}

static void merged_to_and_fro_an_order_counts_as_all_its_parts_say(void **state)
{
	uint64_t seed = random_seed(1);

	(void)state;
	for (unsigned run = 0; run < random_runs(40); run++, seed++) {
		struct random r = { seed };
		struct part_of_order parts[LINES];
		struct facts all;
		struct sim *s = sim_new(&(struct sim_options){ .seed = seed, .shards = 3,
			.event_clock = true });

		make_parts(&r, parts);
		for (unsigned i = 0; i < IDS; i++) { /* everybody is known, and has one event */
			char line[64];

			snprintf(line, sizeof line, "crm/k-%u %s profile region=north", i, ids[i]);
			sim_send(s, line);
		}
		for (unsigned i = 0; i < LINES; i++) {
			perhaps(s, &r);
			sim_submit(s, i + 1, false, &parts[i].event, 1);
			assert_true(sim_flush(s));
		}
		perhaps(s, &r);
		for (unsigned i = 1; i < IDS; i++) {
			char command[64];

			snprintf(command, sizeof command, "merge anna %s", ids[i]);
			(void)sim_command(s, command);
		}
		sim_deliver(s);
		fold(parts, -1, &all);
		has_facts(s, "anna", &all, IDS, seed);
		for (unsigned i = 1; i < IDS; i++) {
			char command[64];

			snprintf(command, sizeof command, "unmerge %s", ids[i]);
			assert_true(sim_command(s, command));
		}
		sim_deliver(s);
		for (unsigned i = 0; i < IDS; i++) {
			fold(parts, (int)i, &all);
			has_facts(s, ids[i], &all, 1, seed);
		}
		sim_check(s);
		sim_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_order_that_another_id_gives_back_is_cancelled_while_they_are_one),
		cmocka_unit_test(half_given_back_by_each_is_given_back),
		cmocka_unit_test(merged_to_and_fro_an_order_counts_as_all_its_parts_say),
	};

	sim_failed = story_failed;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
