/* SPDX-License-Identifier: Apache-2.0 */
/* Backlog: how long the main thread may leave the shards to themselves. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "daemon/backlog.h"

#define US INT64_C(1000)
#define MS INT64_C(1000000)

static struct backlog two[2];
static int64_t now;

static int setup(void **state)
{
	(void)state;
	memset(two, 0, sizeof two);
	now = 1000 * MS;
	return 0;
}

/* Both shards get EVENTS, and give back as many of those they had, EACH_NS apiece. */
static void go_on(unsigned events, int64_t each_ns)
{
	for (unsigned i = 0; i < 2; i++)
		backlog_given(&two[i], events, now);
	now += events * each_ns;
	for (unsigned i = 0; i < 2; i++)
		backlog_given_back(&two[i], events, now);
}

static void who_has_nothing_to_do_is_not_left_alone(void **state)
{
	(void)state;
	assert_int_equal(backlog_rest_ns(two, 2), 0);
	go_on(1000, 2 * US);
	assert_int_equal(backlog_rest_ns(two, 2), 0);
	assert_int_equal(backlog_late_ns(two, 2), 0);
	backlog_given(&two[0], 100000, now); /* the other one still has nothing */
	assert_int_equal(backlog_rest_ns(two, 2), 0);
}

static void little_work_is_no_reason_to_rest(void **state)
{
	(void)state;
	go_on(50, 4 * US);
	for (unsigned i = 0; i < 2; i++)
		backlog_given(&two[i], 50, now); /* 0.2 ms */
	assert_int_equal(backlog_rest_ns(two, 2), 0);
	assert_int_equal(backlog_late_ns(two, 2), 0);
}

static void a_rest_is_a_part_of_the_smaller_backlog(void **state)
{
	(void)state;
	go_on(1000, 2 * US);
	backlog_given(&two[0], 1200, now); /* 2.4 ms */
	backlog_given(&two[1], 100000, now);
	assert_int_equal(backlog_rest_ns(two, 2), 2400 * US / LULL_SHARE);
}

static void a_sync_waits_for_a_part_of_the_larger_backlog(void **state)
{
	(void)state;
	go_on(1000, 2 * US);
	backlog_given(&two[1], 1200, now);
	assert_int_equal(backlog_late_ns(two, 2), 2400 * US / LULL_SHARE);
	backlog_given(&two[0], 50, now);
	assert_int_equal(backlog_late_ns(two, 2), 2400 * US / LULL_SHARE);
	backlog_given(&two[0], 1000000, now);
	assert_int_equal(backlog_late_ns(two, 2), LULL_MAX_NS);
}

static void a_rest_has_an_end(void **state)
{
	(void)state;
	go_on(1000, 2 * US);
	for (unsigned i = 0; i < 2; i++)
		backlog_given(&two[i], 1000000, now);
	assert_int_equal(backlog_rest_ns(two, 2), LULL_MAX_NS);
}

/* What an event takes, told by how long N are to be left alone. */
static int64_t event_ns(void)
{
	struct backlog b = two[0];

	backlog_given(&b, 1000, now);
	return backlog_rest_ns(&b, 1) * LULL_SHARE / 1000;
}

static void what_an_event_takes_is_learnt(void **state)
{
	(void)state;
	go_on(1000, 3 * US);
	assert_int_equal(event_ns(), 3 * US);
	for (unsigned i = 0; i < 100; i++)
		go_on(1000, 1 * US);
	assert_in_range(event_ns(), 1 * US, 1 * US + 10);
}

/* Whoever looks twice in a row sees the second time what was long in the making. */
static void it_does_not_matter_how_often_one_looks(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		backlog_given(&two[0], 600, now);
		now += 1100 * US;
		backlog_given_back(&two[0], 100, now);
		now += 10 * US;
		backlog_given_back(&two[0], 400, now);
		now += 90 * US;
		backlog_given_back(&two[0], 100, now);
	}
	assert_in_range(event_ns(), 2 * US - 100, 2 * US + 100);
}

static void time_without_work_is_no_work(void **state)
{
	(void)state;
	go_on(1000, 2 * US);
	now += 60000 * MS;
	go_on(1000, 2 * US);
	assert_int_equal(event_ns(), 2 * US);
}

/* It waits for its flush, say: what it will be at afterwards takes no longer than before. */
static void a_shard_that_stood_still_is_not_taken_for_a_slow_one(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++)
		go_on(1000, 2 * US);
	backlog_given(&two[0], 1000, now);
	now += 300 * MS;
	backlog_given_back(&two[0], 1000, now);
	assert_in_range(event_ns(), 2 * US, 3 * US);
}

static void inputs_without_events_change_nothing(void **state)
{
	(void)state;
	go_on(1000, 2 * US);
	backlog_given(&two[0], 0, now);
	backlog_given_back(&two[0], 0, now + 5 * MS);
	assert_int_equal(two[0].events, 0);
	assert_int_equal(event_ns(), 2 * US);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(who_has_nothing_to_do_is_not_left_alone, setup),
		cmocka_unit_test_setup(little_work_is_no_reason_to_rest, setup),
		cmocka_unit_test_setup(a_rest_is_a_part_of_the_smaller_backlog, setup),
		cmocka_unit_test_setup(a_sync_waits_for_a_part_of_the_larger_backlog, setup),
		cmocka_unit_test_setup(a_rest_has_an_end, setup),
		cmocka_unit_test_setup(what_an_event_takes_is_learnt, setup),
		cmocka_unit_test_setup(it_does_not_matter_how_often_one_looks, setup),
		cmocka_unit_test_setup(time_without_work_is_no_work, setup),
		cmocka_unit_test_setup(a_shard_that_stood_still_is_not_taken_for_a_slow_one, setup),
		cmocka_unit_test_setup(inputs_without_events_change_nothing, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
