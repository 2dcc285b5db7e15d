/* SPDX-License-Identifier: Apache-2.0 */
/* Facts that a lifecycle file declares: what they count, that order does not matter, and that their
 * instants are solved. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include "lifecycle/standing.h"
#include "random_event.h"
#include "tests/unit/compiled.h"

/* RULES with a risk after them, since a file has one at least. */
static struct machine *compile_facts(const char *facts)
{
	char text[4096];

	snprintf(text, sizeof text, "%s\nrisk x when need", facts);
	return compile(text);
}

static void begin(struct facts *f, const struct machine *m)
{
	facts_init(f);
	facts_adopt(f, m);
}

static struct event bought(int64_t time_ms, int64_t amount, const char *category)
{
	struct event e = { .body = BODY_PURCHASE, .time_ms = time_ms, .channel = CHANNEL_WEB,
			   .source = span_str("till-7") };

	e.as.purchase.amount = amount;
	e.as.purchase.category = span_str(category);
	return e;
}

static void facts_count_what_passes_their_filter(void **state)
{
	struct machine *m = compile_facts("let big = 10000\n"
		"fact bigs = count of purchase where amount >= big\n"
		"fact wine = sum of amount of purchase where category = \"wine\" and not channel = app\n"
		"fact first_web = first of purchase where channel = web\n"
		"fact last_any = last of event where source = \"till-*\"\n"
		"fact others = count of purchase where category != \"wine\" or (amount < 5 and amount > 3)\n"
		"fact margins = sum of margin of purchase\n"
		"fact nags = decayed count of complaint half_life 30d");
	static struct facts f;
	struct event e;

	(void)state;
	begin(&f, m);
	e = bought(1000, 9999, "wine");
	machine_add(m, &f, &e);
	e = bought(500, 10000, "beer");
	e.as.purchase.has_margin = true;
	e.as.purchase.margin = -7;
	machine_add(m, &f, &e);
	e = bought(2000, 10001, "wine");
	e.channel = CHANNEL_APP;
	machine_add(m, &f, &e);
	e = bought(3000, 4, "");
	e.source = span_str("shop");
	machine_add(m, &f, &e);
	assert_int_equal(f.custom[0].v.i, 2);
	assert_int_equal(f.custom[1].v.i, 9999);
	assert_int_equal(f.custom[2].v.i, 500);
	assert_int_equal(f.custom[3].v.i, 2000);
	assert_int_equal(f.custom[4].v.i, 2);
	assert_int_equal(f.custom[5].v.i, -7);
	assert_true(f.custom[6].v.d == 0);
	assert_int_equal(f.scalar[FACT_purchases].i, 4); /* what is counted anyway is, too */
	machine_free(m);
}

static void a_fact_is_compared_by_its_law_and_its_flip_is_solved(void **state)
{
	struct machine *m = compile("fact wine = last of purchase where category = \"wine\"\n"
		"fact pace = decayed sum of amount of purchase half_life 10d\n"
		"risk dry when wine > 30d\n"
		"risk slow when pace < 500\n"
		"risk few when purchases >= 2 and wine > 2 * usual_gap");
	static struct facts f;
	struct verdict v;
	struct event e = bought(DAY_MS, 2000, "wine");

	(void)state;
	begin(&f, m);
	machine_judge(m, &f, DAY_MS, &v);
	assert_int_equal(v.risks, 2);
	machine_add(m, &f, &e);
	machine_judge(m, &f, DAY_MS, &v);
	assert_int_equal(v.risks, 0);
	/* 2000 is 500 after two half-lives, and below it a ms later */
	assert_int_equal(machine_next_change(m, &f, DAY_MS, &v), 21 * DAY_MS + 1);
	machine_judge(m, &f, 21 * DAY_MS + 1, &v);
	assert_int_equal(v.risks, 2);
	assert_int_equal(machine_next_change(m, &f, 21 * DAY_MS + 1, &v), 31 * DAY_MS + 1);
	machine_free(m);
}

/* ---- properties, over random events */

#define EVENTS 60
static const char all_kinds[] =
	"fact a = count of event where channel = web or source = \"s*\"\n"
	"fact b = sum of amount of purchase where not category = \"a\"\n"
	"fact c = first of contact where direction = in\n"
	"fact d = last of complaint where severity = high or reason != price\n"
	"fact e = decayed sum of amount of refund half_life 45d where amount > 100\n"
	"fact f = decayed count of event half_life 10h\n"
	"fact g = count of readiness where need = yes and not trust = no\n"
	"fact h = decayed sum of perceived of feedback half_life 300d where quality = linear\n"
	"fact i = sum of margin of purchase\n";

static void random_events(struct random *r, struct event *events, char ids[][RANDOM_ID_SIZE])
{
	for (unsigned i = 0; i < EVENTS; i++)
		random_event(r, i, ids[i], &events[i]);
}

static void facts_do_not_depend_on_order_nor_on_parts(void **state)
{
	static struct facts forward, parts[3];
	struct machine *m = compile_facts(all_kinds);
	unsigned runs = random_runs(200);
	uint64_t seed = random_seed(1);

	(void)state;
	for (unsigned run = 0; run < runs; run++) {
		struct random r = { seed * 1000003 + run };
		char ids[EVENTS][RANDOM_ID_SIZE];
		struct event events[EVENTS];

		random_events(&r, events, ids);
		begin(&forward, m);
		for (int i = 0; i < 3; i++)
			begin(&parts[i], m);
		for (unsigned i = 0; i < EVENTS; i++)
			machine_add(m, &forward, &events[i]);
		for (unsigned i = EVENTS; i > 0; i--)
			machine_add(m, &parts[random_below(&r, 3)], &events[i - 1]);
		facts_join(&parts[1], &parts[2]);
		facts_join(&parts[0], &parts[1]);
		if (!facts_equal(&forward, &parts[0]))
			fail_msg("SEED=%llu run %u", (unsigned long long)seed, run);
	}
	machine_free(m);
}

static void facts_survive_their_bytes(void **state)
{
	static struct facts f, g;
	static uint8_t bytes[FACTS_PACKED_MAX];
	struct machine *m = compile_facts(all_kinds);
	struct random r = { random_seed(1) };

	(void)state;
	for (unsigned run = 0; run < random_runs(100); run++) {
		char ids[EVENTS][RANDOM_ID_SIZE];
		struct event events[EVENTS];
		unsigned n = (unsigned)random_below(&r, EVENTS);
		size_t size, used;

		random_events(&r, events, ids);
		begin(&f, m);
		for (unsigned i = 0; i < n; i++)
			machine_add(m, &f, &events[i]);
		size = facts_pack(&f, bytes);
		assert_int_equal(facts_unpack(&g, bytes, size, &used), 0);
		assert_int_equal(used, size);
		facts_adopt(&g, m);
		assert_true(facts_equal(&f, &g));
		assert_int_equal(g.n_custom, m->n_customs);
		assert_memory_equal(f.custom, g.custom, f.n_custom * sizeof f.custom[0]);
	}
	machine_free(m);
}

/* A file that moves: values stay with their definitions, whatever they are called. */
static void a_definition_keeps_its_value_and_another_begins_anew(void **state)
{
	struct machine *m = compile_facts("fact a = count of purchase\nfact b = sum of amount of purchase");
	struct machine *renamed = compile_facts("fact c = sum of  amount of purchase # the same\n"
		"fact a = count of refund\nfact d = count of purchase");
	static struct facts f;
	struct event e = bought(1000, 5, "");

	(void)state;
	begin(&f, m);
	machine_add(m, &f, &e);
	facts_adopt(&f, renamed);
	assert_int_equal(f.n_custom, 3);
	assert_int_equal(f.custom[0].v.i, 5);
	assert_int_equal(f.custom[1].v.i, 0);
	assert_int_equal(f.custom[2].v.i, 1);
	facts_adopt(&f, m); /* what the file in between did not have would be gone */
	assert_int_equal(f.custom[0].v.i, 1);
	facts_forget(&f, m->customs[0].key);
	facts_adopt(&f, m);
	assert_int_equal(f.custom[0].v.i, 0);
	assert_int_equal(f.custom[1].v.i, 5);
	machine_free(m);
	machine_free(renamed);
}

static void the_definition_follows_its_constants(void **state)
{
	struct machine *a = compile_facts("let big = 5 fact x = count of purchase where amount > big");
	struct machine *b = compile_facts("let big = 6 fact x = count of purchase where amount > big");
	struct machine *c = compile_facts("fact y = count of purchase\n where amount>5");

	(void)state;
	assert_int_not_equal(a->customs[0].key, b->customs[0].key);
	assert_int_equal(a->customs[0].key, c->customs[0].key);
	machine_free(a);
	machine_free(b);
	machine_free(c);
}

static bool brute_holds(const struct machine *m, const struct facts *f, int64_t now_ms)
{
	const struct test *t = &m->tests[0];
	struct law law = quantity_law(t->quantity, f, NULL);
	double v;

	if (!law_value(&law, now_ms, &v))
		return false;
	switch (t->op) {
	case OP_LT: return v < t->number;
	case OP_LE: return v <= t->number;
	case OP_GT: return v > t->number;
	default: return v >= t->number;
	}
}

static void the_solver_is_exact_on_facts_of_the_file(void **state)
{
	static const char *const ops[] = { "<", "<=", ">", ">=" };
	static const char *const kinds[] = {
		"last of event", "first of event", "decayed count of event half_life 10d",
		"decayed sum of amount of purchase half_life 33h" };
	unsigned runs = random_runs(400);
	uint64_t seed = random_seed(1);

	(void)state;
	for (unsigned run = 0; run < runs; run++) {
		struct random r = { seed * 1000003 + run };
		unsigned kind = (unsigned)random_below(&r, 4);
		char ids[EVENTS][RANDOM_ID_SIZE], text[256];
		struct event events[EVENTS];
		static struct facts f;
		struct machine *m;
		struct verdict v;
		int64_t now = RANDOM_BEGIN_MS + RANDOM_SPAN_MS, flip;

		snprintf(text, sizeof text, "fact q = %s\nrisk x when q %s %llu%s", kinds[kind],
			ops[random_below(&r, 4)], (unsigned long long)random_below(&r,
			kind < 2 ? (uint64_t)(1500 * DAY_MS) : kind == 2 ? 8 : 500000),
			kind < 2 ? "ms" : "");
		m = compile(text);
		random_events(&r, events, ids);
		begin(&f, m);
		for (unsigned i = 0; i < EVENTS; i++)
			machine_add(m, &f, &events[i]);
		machine_judge(m, &f, now, &v);
		assert_int_equal(v.risks, brute_holds(m, &f, now));
		flip = machine_next_change(m, &f, now, &v);
		for (int64_t d = -5; flip != NEVER && d <= 5; d++)
			if (flip + d > now)
				assert_int_equal(brute_holds(m, &f, flip + d), (d >= 0) != v.risks);
		for (int i = 0; i < 50; i++) {
			int64_t at = now + (int64_t)random_below(&r, (uint64_t)(4000 * DAY_MS));

			assert_int_equal(brute_holds(m, &f, at), (at >= flip) != v.risks);
		}
		machine_free(m);
	}
}

static void complaints_about_facts_name_the_place(void **state)
{
	(void)state;
	assert_refused("fact x = many of purchase", 1, 10,
		"expected count, sum, first, last or decayed, found many");
	assert_refused("fact x = decayed last of purchase", 1, 18,
		"expected sum or count after decayed, found last");
	assert_refused("fact x = count purchase", 1, 16,
		"expected of and a kind of event, found purchase");
	assert_refused("fact x = count of purchse", 1, 19, "expected a kind of event such as "
		"purchase, or event for all, found purchse; did you mean purchase?");
	assert_refused("fact x = sum of amont of purchase", 1, 17,
		"events of purchase have no field amont; did you mean amount?");
	assert_refused("fact x = sum of category of purchase", 1, 17,
		"category is no number and has no sum");
	assert_refused("fact x = sum of expected of feedback", 1, 17,
		"expected has decimals: only a decayed sum of it is kept");
	assert_refused("fact x = decayed sum of margin of purchase half_life 5d", 1, 25,
		"margin may be negative and has no decayed sum");
	assert_refused("fact x = decayed count of purchase", 1, 35,
		"expected half_life and a duration, as in half_life 90d, found the end of the file");
	assert_refused("fact x = count of purchase half_life 9d", 1, 28,
		"only what is decayed has a half-life");
	assert_refused("fact x = decayed count of event half_life 5min", 1, 43,
		"expected a half-life from 1h to 100y after half_life, found 5min");
	assert_refused("fact x = count of contact where amount > 5", 1, 33,
		"events of contact have no field amount");
	assert_refused("fact x = count of event where category = \"a\"", 1, 31,
		"events of every kind have no field category");
	assert_refused("fact x = count of purchase where amount", 1, 40,
		"expected <, <=, >, >=, = or != after amount, found the end of the file");
	assert_refused("fact x = count of purchase where amount > 5d", 1, 43,
		"expected whole minor units such as 5000, found 5d");
	assert_refused("fact x = count of purchase where category > \"a\"", 1, 43,
		"expected = or != after category, found >");
	assert_refused("fact x = count of purchase where category = wine", 1, 45, "expected a text "
		"in quotes such as \"wine\", or \"till-*\" for what begins so, found wine");
	assert_refused("fact x = count of purchase where category = \"\"", 1, 45,
		"what is not said equals nothing: the text is empty");
	assert_refused("fact x = count of event where channel = wbe", 1, 41,
		"expected a name that channel can have, found wbe; did you mean web?");
	assert_refused("fact spent = count of purchase", 1, 6,
		"spent is a quantity and cannot name a fact");
	assert_refused("fact x = count of event\nfact x = count of purchase", 2, 6,
		"x is a fact already, in line 1");
	assert_refused("fact x = count of event\nfact y = count   of event", 2, 6,
		"fact y says the same as x in line 1");
	assert_refused("fact x = count of event risk a when x > 5d", 1, 41,
		"expected a plain number, found 5d");
	assert_refused("fact x = last of event risk a when x = 5d", 1, 38, "expected <, <=, > or >= "
		"after x, which moves with time and equals a value for an instant, found =");
	assert_refused("fact wines = count of event risk a when wine > 5", 1, 41,
		"unknown quantity wine; did you mean wines?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_count_what_passes_their_filter),
		cmocka_unit_test(a_fact_is_compared_by_its_law_and_its_flip_is_solved),
		cmocka_unit_test(facts_do_not_depend_on_order_nor_on_parts),
		cmocka_unit_test(facts_survive_their_bytes),
		cmocka_unit_test(a_definition_keeps_its_value_and_another_begins_anew),
		cmocka_unit_test(the_definition_follows_its_constants),
		cmocka_unit_test(the_solver_is_exact_on_facts_of_the_file),
		cmocka_unit_test(complaints_about_facts_name_the_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
