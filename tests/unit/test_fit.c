/* SPDX-License-Identifier: Apache-2.0 */
/* The fit: published figures of real shops, and parameters that were put into simulated ones. */
#define _GNU_SOURCE /* nftw() */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include "ctl/buyers.h"
#include "ctl/mapping.h"
#include "fit/spend.h"
#include "lifecycle/classes.h"
#include "lifecycle/machine.h"
#include "env_fixture.h"
#include "simulated_shop.h"
#include "workers/customer.h"

#define SUMMARY "../shared/data/cdnow_customers_summary.csv"
#define GROCERY "../shared/data/groceryElog.csv"

static struct fit fit(struct histories *h)
{
	struct complaint c = { 0 };
	struct fit f;

	histories_fold(h);
	if (fit_histories(h, NULL, NULL, &f, &c) != 0)
		fail_msg("%s", c.text);
	return f;
}

static void skip_without(const char *path)
{
	if (access(path, R_OK) == 0)
		return;
	print_message("# %s is absent\n", path);
	skip();
}

/* ---- real shops; likelihoods are of times in weeks */

static void assert_about(double v, double expected, double off)
{
	if (fabs(v - expected) > off)
		fail_msg("%.6f, expected %.6f", v, expected);
}

static void cdnow_has_its_published_parameters(void **state)
{
	struct histories h = { 0 };
	double x, tx, t;
	char line[256];
	struct fit f;
	FILE *in;

	(void)state;
	skip_without(SUMMARY);
	in = fopen(SUMMARY, "r");
	while (fgets(line, sizeof line, in))
		if (sscanf(line, "%*[^,],%lf,%lf,%lf", &x, &tx, &t) == 3)
			assert_int_equal(histories_add(&h, x, 7 * tx, 7 * t), 0);
	fclose(in);
	f = fit(&h);
	assert_int_equal(f.customers, 2357);
	assert_about(f.likely.rhythm.r, .525, .0005);
	assert_about(f.likely.rhythm.alpha / 7, 6.183, .0005);
	assert_about(f.likely.rhythm.a, .891, .0005);
	assert_about(f.likely.rhythm.b, 1.614, .0005);
	assert_about(f.likely.log_likelihood + f.repeats * log(7), -9582.13, .01);
	assert_true(f.dropout_identified);
	histories_fini(&h);
}

static void the_grocer_has_his_likelihood(void **state)
{
	struct buyers b = { 0 };
	struct complaint c = { 0 };
	struct mapping *map;
	struct histories h;
	struct fit f;

	(void)state;
	skip_without(GROCERY);
	assert_int_equal(mapping_load("examples/grocery.yaml", &map, &c), 0);
	assert_int_equal(buyers_from_file(&b, GROCERY, map, NULL, 13513, &c), 0); /* 2006-12-31 */
	assert_int_equal(b.n, 1525);
	assert_int_equal(buyers_histories(&b, CLASS_ANY, SIZE_MAX, &h), 0);
	f = fit(&h);
	assert_about(f.likely.log_likelihood + f.repeats * log(7), -15781.94, .01);
	assert_true(f.dropout_identified);
	histories_fini(&h);
	buyers_fini(&b);
	mapping_free(map);
}

/* ---- simulated shops */

static void simulate_one(struct random *r, const struct rhythm *m, struct histories *h)
{
	double x, tx, t;

	simulated_customer(r, m, &x, &tx, &t);
	assert_int_equal(histories_add(h, x, tx, t), 0);
}

static struct histories simulate(uint64_t seed, const struct rhythm *m, unsigned n)
{
	struct random r = { seed };
	struct histories h = { 0 };

	for (unsigned i = 0; i < n; i++)
		simulate_one(&r, m, &h);
	return h;
}

static void what_was_put_in_comes_out(void **state)
{
	struct rhythm m = { .r = 1.1, .alpha = 40, .a = .8, .b = 2.2 };
	struct histories h = simulate(random_seed(1), &m, 6000);
	struct fit f = fit(&h);

	(void)state;
	assert_true(fabs(log(f.likely.rhythm.r / m.r)) < .15);
	assert_true(fabs(log(f.likely.rhythm.alpha / m.alpha)) < .15);
	assert_true(fabs(log(f.likely.rhythm.a / m.a)) < .3);
	assert_true(fabs(log(f.likely.rhythm.b / m.b)) < .3);
	assert_true(f.likely.log_likelihood >= fit_log_likelihood(&h, &m));
	assert_true(f.dropout_identified);
	/* so many outweigh the prior */
	assert_true(fabs(log(f.map.rhythm.r / f.likely.rhythm.r)) < .05);
	assert_true(f.map.log_likelihood <= f.likely.log_likelihood + 1e-6);
	histories_fini(&h);
}

static void no_neighbour_of_the_maximum_is_better(void **state)
{
	struct rhythm m = { .r = .6, .alpha = 70, .a = .5, .b = 1.5 };
	struct histories h = simulate(random_seed(2), &m, 800);
	struct fit f = fit(&h);

	(void)state;
	for (int i = 0; i < 8; i++) {
		struct rhythm near = f.likely.rhythm;
		double by = i % 2 ? 1.002 : 1 / 1.002;

		*(double *[]){ &near.r, &near.alpha, &near.a, &near.b }[i / 2] *= by;
		assert_true(fit_log_likelihood(&h, &near) < f.likely.log_likelihood);
	}
	histories_fini(&h);
}

static void where_nobody_leaves_drop_out_is_not_identified(void **state)
{
	struct rhythm m = { .r = .8, .alpha = 50, .b = 1 };
	struct histories h = simulate(random_seed(3), &m, 3000);
	struct fit f = fit(&h);

	(void)state;
	assert_false(f.dropout_identified);
	assert_true(fabs(log(f.no_dropout.rhythm.r / m.r)) < .15);
	histories_fini(&h);
}

static void a_handful_of_customers_stays_near_the_prior(void **state)
{
	struct histories h = { 0 };
	struct fit f;

	(void)state;
	for (int i = 1; i <= 5; i++)
		assert_int_equal(histories_add(&h, i, 30 * i, 30 * i + 10), 0);
	f = fit(&h);
	assert_true(fabs(f.mean_gap - 30) < 1e-9);
	assert_true(fabs(log(f.map.rhythm.r / .85)) < 1 && fabs(log(f.map.rhythm.alpha / 45)) < 1.6);
	assert_true(fabs(log(f.map.rhythm.a / .6)) < 1.4 && fabs(log(f.map.rhythm.b)) < 1.4);
	histories_fini(&h);
}

/* Forty who come thrice as often are a class of their own; five are believed less; nobody is the whole. */
static void a_class_stays_near_the_whole_as_long_as_it_is_small(void **state)
{
	const struct rhythm m = { .r = 1, .alpha = 60, .a = .5, .b = 2 };
	const struct rhythm fast = { .r = 1, .alpha = 20, .a = .5, .b = 2 };
	static const unsigned sizes[] = { 0, 5, 40, 2000 };
	struct histories all = simulate(random_seed(4), &m, 3000), h;
	struct rhythm near = fit(&all).map.rhythm;

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct complaint c = { 0 };
		double pace, of_all = near.alpha / near.r;
		struct fit f;

		h = simulate(random_seed(5), &fast, sizes[i]);
		histories_fold(&h);
		assert_int_equal(fit_histories(&h, &near, NULL, &f, &c), 0);
		pace = f.map.rhythm.alpha / f.map.rhythm.r;
		assert_true(f.customers == sizes[i]);
		if (i == 0)
			assert_about(pace / of_all, 1, 1e-6);
		else if (sizes[i] < 100)
			assert_true(pace < of_all && pace > 10);
		else
			assert_true(fabs(log(pace / 20)) < .2);
		histories_fini(&h);
	}
	histories_fini(&all);
}

static void who_never_came_back_is_told_by_the_whole(void **state)
{
	struct rhythm near = { .r = 1.2, .alpha = 30, .a = .4, .b = 1.5 };
	struct histories h = { 0 };
	struct complaint c = { 0 };
	struct fit f;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(histories_add(&h, 0, 0, 20), 0);
	histories_fold(&h);
	assert_int_equal(fit_histories(&h, &near, NULL, &f, &c), 0);
	assert_true(f.likely.rhythm.r == near.r && !f.dropout_identified && f.repeats == 0);
	assert_true(fabs(log(f.map.rhythm.alpha / 30)) < .5);
	histories_fini(&h);
}

static void from_who_never_came_back_nothing_is_learnt(void **state)
{
	struct histories h = { 0 };
	struct complaint c = { 0 };
	struct fit f;

	(void)state;
	assert_int_equal(fit_histories(&h, NULL, NULL, &f, &c), ERR_INVALID);
	assert_int_equal(histories_add(&h, 0, 0, 10), 0);
	assert_int_equal(histories_add(&h, 0, 0, 10), 0);
	histories_fold(&h);
	assert_int_equal(h.n, 1);
	assert_int_equal(fit_histories(&h, NULL, NULL, &f, &c), ERR_INVALID);
	assert_string_equal(c.text, "there is nothing to learn from 2 customers: nobody came back on "
		"another day");
	histories_fini(&h);
}

/* ---- reading */

static const struct buyer *buyer_of(const struct buyers *b, const char *name)
{
	for (size_t i = 0; i < b->n; i++)
		if (strcmp(buyer_name(b, &b->rows[i]), name) == 0)
			return &b->rows[i];
	fail_msg("%s is not there", name);
	return NULL;
}

static const char sales[] =
	"customer,date,amount\n"
	"anna,2026-01-01,10.00\n"
	"bert,2026-01-02,1.00\n"
	"anna,2026-01-05,10.00\n"
	"anna,2026-01-05,3.00\n" /* the same day */
	"anna,2026-01-09,0.00\n" /* nothing bought */
	"carl,2026-01-09,-4.00\n" /* a refund */
	"anna,2026-13-01,1.00\n" /* no such month */
	"bert,2026-01-20,1.00\n"
	"dora,2026-01-21,1.00\n";

static const char sales_map[] = "source: x\ncustomer: customer\n"
	"time: {column: date, format: \"%Y-%m-%d\", zone: Asia/Tokyo}\n"
	"body: purchase\nid: [$line]\norder: $line\n"
	"amount: {columns: [amount], decimals: 2, negative: refund}\n";

static void days_with_a_purchase_are_counted_up_to_the_last_that_counts(void **state)
{
	char dir[200], path[300];
	struct buyers b = { 0 };
	struct complaint c = { 0 };
	struct mapping *map;
	FILE *f;

	(void)state;
	fixture_temporary_dir(dir, sizeof dir);
	snprintf(path, sizeof path, "%s/sales.csv", dir);
	f = fopen(path, "w");
	assert_true(fputs(sales, f) >= 0 && fclose(f) == 0);
	if (mapping_parse("map", sales_map, strlen(sales_map), &map, &c) != 0)
		fail_msg("%s", c.text);
	assert_int_equal(buyers_from_file(&b, path, map, NULL, 20473, &c), 0); /* 2026-01-20 */
	assert_int_equal(b.n, 2);
	assert_true(b.until == 20473 && b.skipped == 1);
	assert_true(buyer_of(&b, "anna")->days == 2 && buyer_of(&b, "bert")->days == 2);
	assert_true(buyer_of(&b, "anna")->first == 20454 && buyer_of(&b, "anna")->last == 20458);
	buyers_fini(&b);
	assert_int_equal(buyers_from_file(&b, path, map, NULL, DAY_NONE, &c), 0);
	assert_true(b.n == 3 && b.until == 20474 && buyer_of(&b, "dora")->days == 1);
	buyers_fini(&b);
	/* elsewhere these midnights belong to the day before */
	assert_int_equal(buyers_from_file(&b, path, map, "UTC", DAY_NONE, &c), 0);
	assert_true(b.until == 20473);
	buyers_fini(&b);
	assert_int_equal(buyers_from_file(&b, path, map, "Asia/Toko", DAY_NONE, &c), ERR_NOTFOUND);
	buyers_fini(&b);
	mapping_free(map);
	fixture_remove_dir(dir);
}

static const char told[] =
	"{\"customer\":\"anna\",\"id\":\"1\","
	"\"time\":\"2026-01-01\",\"profile\":{\"role\":\"agent\"}}\n"
	"{\"customer\":\"anna\",\"id\":\"2\","
	"\"time\":\"2026-01-05\",\"profile\":{\"role\":\"retailer\",\"region\":\"north\"}}\n"
	"{\"customer\":\"anna\",\"id\":\"3\","
	"\"time\":\"2026-01-09\",\"contact\":{\"direction\":\"in\",\"acquisition\":\"web\"}}\n"
	"{\"customer\":\"anna\",\"id\":\"4\","
	"\"time\":\"2026-01-03\",\"contact\":{\"direction\":\"in\",\"acquisition\":\"agent\"}}\n"
	"{\"customer\":\"anna\",\"id\":\"5\","
	"\"time\":\"2026-01-10\",\"purchase\":{\"order\":\"a\",\"amount\":500}}\n"
	"{\"customer\":\"anna\",\"id\":\"6\","
	"\"time\":\"2026-01-10\",\"purchase\":{\"order\":\"b\",\"amount\":300}}\n"
	"{\"customer\":\"anna\",\"id\":\"7\","
	"\"time\":\"2026-01-12\",\"refund\":{\"order\":\"b\",\"amount\":100}}\n"
	"{\"customer\":\"bert\",\"id\":\"8\","
	"\"time\":\"2026-01-12\",\"purchase\":{\"order\":\"c\",\"amount\":70}}\n"
	"{\"customer\":\"carl\",\"id\":\"9\","
	"\"time\":\"2026-01-12\",\"refund\":{\"order\":\"d\",\"amount\":70}}\n";

static void classes_and_money_are_those_of_the_facts(void **state)
{
	static const char rules[] = "rhythm for role in (agent, retailer) { alpha 90d }\n"
		"rhythm for region = \"north\" and role = agent { r 2 }\nrisk x when purchases > 1";
	char dir[200], path[300], text[100];
	struct complaint c = { 0 };
	struct buyers b = { 0 };
	const struct buyer *anna;
	struct spenders s;
	FILE *f;

	(void)state;
	fixture_temporary_dir(dir, sizeof dir);
	snprintf(path, sizeof path, "%s/told.ndjson", dir);
	f = fopen(path, "w");
	assert_true(fputs(told, f) >= 0 && fclose(f) == 0);
	assert_int_equal(machine_compile(rules, strlen(rules), &b.machine, &c), 0);
	if (buyers_from_file(&b, path, NULL, NULL, DAY_NONE, &c) != 0)
		fail_msg("%s", c.text);
	assert_int_equal(b.n, 2);
	anna = buyer_of(&b, "anna");
	assert_true(anna->class == 1 && anna->days == 1 && anna->money == 700);
	assert_string_equal(buyer_trait(&b, anna, TRAIT_ROLE), "retailer");
	assert_string_equal(buyer_trait(&b, anna, TRAIT_ACQUISITION), "agent");
	assert_string_equal(buyer_trait(&b, anna, TRAIT_REGION), "north");
	assert_string_equal(buyer_trait(&b, buyer_of(&b, "bert"), TRAIT_ROLE), "");
	assert_int_equal(buyers_spenders(&b, SIZE_MAX, &s), 0);
	assert_true(s.n == 2 && s.rows[0].mean + s.rows[1].mean == 770);
	spenders_fini(&s);
	rhythm_class_text(&b.machine->classes.classes[0], text, sizeof text);
	assert_string_equal(text, "role in (agent, retailer)");
	rhythm_class_text(&b.machine->classes.classes[1], text, sizeof text);
	assert_string_equal(text, "region = \"north\" and role = agent");
	rhythm_class_text(&b.machine->classes.classes[1], text, 12);
	assert_string_equal(text, "region = \"n");
	buyers_fini(&b);
	fixture_remove_dir(dir);
}

static void put_customer(struct env *e, const struct machine *m, const struct numbering *names,
	const char *id, int purchases)
{
	static struct customer c;
	uint8_t record[RECORD_MAX];

	customer_init(&c, span_str(id));
	for (int i = 0; i < purchases; i++) {
		struct event event = { .body = BODY_PURCHASE, .time_ms = (100 + 10 * i) * DAY_MS };

		facts_add(&c.facts, &event, NULL);
	}
	assert_int_equal(env_customer_put(e, span_str(id),
		span_of(record, customer_pack(&c, m, names, record)), true), 0);
}

static void a_store_is_read_as_its_last_checkpoint_left_it(void **state)
{
	struct complaint c = { 0 };
	struct machine *m;
	struct numbering names;
	struct buyers b = { 0 };
	struct store s;
	char dir[200];

	(void)state;
	fixture_temporary_dir(dir, sizeof dir);
	assert_int_equal(machine_compile((const char *)machine_default_text().data,
		machine_default_text().size, &m, &c), 0);
	assert_int_equal(store_open(dir, 2, true, &s, &c), 0);
	for (unsigned i = 0; i < 2; i++) {
		struct env *e;

		assert_int_equal(env_open(&s, i, FIXTURE_MAP, false, &e, &c), 0);
		assert_int_equal(numbering_make(&names, e, m), 0);
		env_meta(e)->clock_ms = (200 + i) * DAY_MS + DAY_MS / 2;
		put_customer(e, m, &names, i ? "anna" : "bert", i ? 4 : 1);
		put_customer(e, m, &names, i ? "carl" : "dora", 0);
		assert_int_equal(env_commit(e), 0);
		env_close(e);
	}
	assert_int_equal(buyers_from_store(&b, dir, &c), ERR_BUSY); /* we have it */
	store_close(&s);
	if (buyers_from_store(&b, dir, &c) != 0)
		fail_msg("%s", c.text);
	assert_true(b.n == 2 && b.skipped == 0 && b.until == 201.5);
	assert_true(buyer_of(&b, "anna")->days == 4 && buyer_of(&b, "anna")->first == 100);
	assert_true(buyer_of(&b, "anna")->last == 130 && buyer_of(&b, "bert")->days == 1);
	buyers_fini(&b);
	machine_free(m);
	fixture_remove_dir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cdnow_has_its_published_parameters),
		cmocka_unit_test(the_grocer_has_his_likelihood),
		cmocka_unit_test(what_was_put_in_comes_out),
		cmocka_unit_test(no_neighbour_of_the_maximum_is_better),
		cmocka_unit_test(where_nobody_leaves_drop_out_is_not_identified),
		cmocka_unit_test(a_handful_of_customers_stays_near_the_prior),
		cmocka_unit_test(a_class_stays_near_the_whole_as_long_as_it_is_small),
		cmocka_unit_test(who_never_came_back_is_told_by_the_whole),
		cmocka_unit_test(from_who_never_came_back_nothing_is_learnt),
		cmocka_unit_test(days_with_a_purchase_are_counted_up_to_the_last_that_counts),
		cmocka_unit_test(classes_and_money_are_those_of_the_facts),
		cmocka_unit_test(a_store_is_read_as_its_last_checkpoint_left_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
