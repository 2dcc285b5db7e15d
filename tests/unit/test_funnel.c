/* SPDX-License-Identifier: Apache-2.0 */
/* The funnel: what is made of rows, without a daemon. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "ctl/funnel.h"

#define DAY 86400000

static json_t *page_of(const char *rows)
{
	char text[16384];
	json_t *page;

	snprintf(text, sizeof text, "{\"clock\":1,\"lifecycle_version\":1,\"rungs\":[{\"rung\":\"prospect\"},"
		"{\"rung\":\"qualified\"},{\"rung\":\"stalled\",\"bad\":true},{\"rung\":\"buyer\"},"
		"{\"rung\":\"lapsed\",\"bad\":true}],\"rows\":[%s]}", rows);
	page = json_loads(text, 0, NULL);
	assert_non_null(page);
	return page;
}

static void add(struct funnel *f, const char *rows)
{
	json_t *page = page_of(rows);

	assert_int_equal(funnel_add(f, page, NULL, NULL), 0);
	json_decref(page);
}

/* One who came on DAY by SOURCE, with YES factors, and bought on BOUGHT (0: not). */
static void came(struct funnel *f, const char *source, int day, int yes, int bought)
{
	char row[400], converted[64] = "";

	if (bought)
		snprintf(converted, sizeof converted, ",\"was_actual\":true,\"converted\":%lld",
			(long long)bought * DAY);
	snprintf(row, sizeof row, "{\"source\":\"%s\",\"month\":\"1970-01\",\"first\":%lld,\"yes\":%d%s}", source,
		(long long)day * DAY, yes, converted);
	add(f, row);
}

static void a_spread_has_its_quarters(void **state)
{
	int64_t list[] = { 50, 10, 40, 20, 30 };
	struct spread s = spread_of(list, 5);

	(void)state;
	assert_true(s.n == 5 && s.low == 20 && s.middle == 30 && s.high == 40);
	assert_int_equal(spread_of(list, 0).n, 0);
	assert_true(spread_of(list, 1).low == 10 && spread_of(list, 1).high == 10);
}

static void coming_to_bad_news_is_no_going_on(void **state)
{
	struct funnel f = { 0 };
	struct funnel_stage s;

	(void)state;
	add(&f, "{\"first\":1,\"rung\":\"stalled\",\"entered\":{\"prospect\":1,\"qualified\":4,\"stalled\":9}},"
		"{\"first\":1,\"rung\":\"lapsed\",\"was_actual\":true,\"entered\":{\"prospect\":1,\"buyer\":8,"
		"\"lapsed\":9}},"
		"{\"first\":1,\"rung\":\"prospect\",\"entered\":{\"prospect\":5,\"qualified\":3}}"); /* and back */
	assert_int_equal(funnel_stage(&f, 0, &s), 0);
	assert_true(s.entered == 3 && s.went_on == 3 && s.here == 1);
	assert_true(s.stayed.n == 2 && s.stayed.low == 3 && s.stayed.high == 3);
	assert_int_equal(funnel_stage(&f, 1, &s), 0);
	assert_true(s.entered == 2 && s.went_on == 0);
	assert_int_equal(funnel_stage(&f, 3, &s), 0);
	assert_true(s.entered == 1 && s.went_on == 0);
	funnel_fini(&f);
}

static void who_is_ready_comes_first(void **state)
{
	struct funnel f = { 0 };
	struct funnel_first r;

	(void)state;
	for (int i = 0; i < 16; i++)
		came(&f, "web", 1 + i, 1, i == 0 ? 30 : 0);
	for (int i = 0; i < 4; i++)
		came(&f, "social", 20 + i, 3, i < 3 ? 30 : 0);
	assert_int_equal(funnel_first(&f, &r), 0);
	assert_true(r.by_readiness && r.first == 4 && r.first_converted == 3);
	assert_true(r.rest == 16 && r.rest_converted == 1);
	funnel_fini(&f);
}

/* All who came by agents bought, but nobody could know before the first had. */
static void ranks_know_nothing_of_what_came_later(void **state)
{
	struct funnel f = { 0 };
	struct funnel_first r;

	(void)state;
	for (int i = 0; i < 10; i++) {
		came(&f, "agent", 2 * i + 2, 0, 100 + i);
		came(&f, "web", 2 * i + 1, 0, 0);
	}
	assert_int_equal(funnel_first(&f, &r), 0);
	assert_true(r.first == 4 && r.first_converted < 4 && r.rest == 16);
	funnel_fini(&f);
	for (int i = 0; i < 10; i++) {
		came(&f, "agent", 2 * i + 2, 0, 2 * i + 2 + (i < 9)); /* at once, or a day later */
		came(&f, "web", 2 * i + 1, 0, 0);
	}
	assert_int_equal(funnel_first(&f, &r), 0);
	assert_true(r.by_source && r.first == 4 && r.first_converted == 4);
	assert_int_equal(r.rest, 15); /* the last one bought at once, and was no prospect */
	funnel_fini(&f);
}

static void groups_are_by_what_is_asked(void **state)
{
	static const char rows[] =
		"{\"source\":\"web\",\"owner\":\"max\",\"month\":\"2026-01\",\"first\":1,\"was_actual\":true,"
		"\"converted\":11},"
		"{\"source\":\"web\",\"owner\":\"eva\",\"month\":\"2026-01\",\"first\":2},"
		"{\"source\":null,\"owner\":\"max\",\"month\":\"2026-02\",\"first\":3,\"was_actual\":true,\"converted\":3,"
		"\"why\":\"price\"}";
	struct funnel f = { 0 };
	struct funnel_group *g;
	json_t *page, *lost;
	size_t n;

	(void)state;
	add(&f, rows);
	assert_int_equal(funnel_groups(&f, 0, &g, &n), 0);
	assert_true(n == 1 && g->people == 3 && g->at_once == 1 && g->prospects == 2 && g->converted == 1);
	assert_true(g->took.n == 1 && g->took.middle == 10 && g->lost == 1);
	free(g);
	assert_int_equal(funnel_groups(&f, BY_OWNER, &g, &n), 0);
	assert_int_equal(n, 2);
	assert_string_equal(g[0].owner, "eva");
	assert_int_equal(g[1].people, 2);
	free(g);
	assert_int_equal(funnel_groups(&f, BY_SOURCE | BY_OWNER | BY_MONTH, &g, &n), 0);
	assert_int_equal(n, 3);
	free(g);
	lost = funnel_lost(&f);
	assert_int_equal(json_integer_value(json_object_get(lost, "price")), 1);
	json_decref(lost);
	funnel_fini(&f);
	page = page_of(rows);
	assert_int_equal(funnel_add(&f, page, "2026-02", "2026-02"), 0);
	assert_int_equal(f.n, 1);
	json_object_set_new(page, "lifecycle_version", json_integer(2));
	assert_int_equal(funnel_add(&f, page, NULL, NULL), ERR_EXISTS);
	json_decref(page);
	funnel_fini(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_spread_has_its_quarters),
		cmocka_unit_test(coming_to_bad_news_is_no_going_on),
		cmocka_unit_test(who_is_ready_comes_first),
		cmocka_unit_test(ranks_know_nothing_of_what_came_later),
		cmocka_unit_test(groups_are_by_what_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
