/* SPDX-License-Identifier: Apache-2.0 */
/* libkith, as far as it needs no daemon: the window, copies of events, bounds, absence. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "clients/c/coverage.h"
#include "clients/c/event_copy.h"
#include "clients/c/kith.h"
#include "clients/c/window.h"
#include "proto/json.h"

static struct pending *pending_new(uint64_t number, uint32_t events)
{
	struct pending *b = calloc(1, sizeof *b);

	b->number = number;
	b->n_events = events;
	return b;
}

static void unanswered_batches_go_back_to_the_oldest(void **state)
{
	struct window w = { 0 };

	(void)state;
	for (uint64_t i = 1; i <= 4; i++) {
		window_add(&w, pending_new(i, 10));
		if (i < 4)
			window_mark_sent(&w, window_unsent(&w), (int64_t)i);
	}
	assert_int_equal(w.events, 40);
	assert_int_equal(w.sent_events, 30);
	assert_int_equal(window_unsent(&w)->number, 4);
	window_remove(&w, window_find(&w, 2)); /* answered out of turn */
	window_unsend(&w);
	assert_int_equal(w.sent_events, 0);
	assert_int_equal(window_unsent(&w)->number, 1);
	assert_null(window_oldest_sent(&w));
	window_mark_sent(&w, window_unsent(&w), 9);
	assert_int_equal(window_unsent(&w)->number, 3);
	window_remove(&w, window_find(&w, 4));
	window_add(&w, pending_new(5, 1));
	assert_int_equal(w.last->number, 5);
	window_fini(&w);
	assert_int_equal(w.events, 0);
	assert_int_equal(w.sent_events, 0);
	assert_null(w.first);
}

static void a_snapshot_covers_each_customer_up_to_the_number_of_their_page(void **state)
{
	struct coverage c = { 0 };

	(void)state;
	assert_false(coverage_has(&c, span_str("anna"), 1));
	assert_int_equal(coverage_add(&c, span_str("carl"), false, 7), 0);
	assert_int_equal(coverage_add(&c, span_str("dora"), false, 7), 0);
	assert_int_equal(c.n, 1); /* nothing had happened in between */
	assert_int_equal(coverage_add(&c, span_str("gwen"), false, 12), 0);
	assert_false(coverage_is_beyond(&c, 7)); /* not everybody has been told of */
	assert_int_equal(coverage_add(&c, span_of(NULL, 0), true, 9), 0);
	assert_true(coverage_has(&c, span_str("anna"), 7));
	assert_false(coverage_has(&c, span_str("anna"), 8));
	assert_true(coverage_has(&c, span_str("dora"), 7));
	assert_false(coverage_has(&c, span_str("dora"), 8));
	assert_true(coverage_has(&c, span_str("doraa"), 12)); /* the shorter one is before */
	assert_true(coverage_has(&c, span_str("gwen"), 12));
	assert_true(coverage_has(&c, span_str("zoe"), 9));
	assert_false(coverage_has(&c, span_str("zoe"), 10));
	assert_true(coverage_is_beyond(&c, 7));
	assert_false(coverage_is_beyond(&c, 8));
	assert_false(coverage_has(&c, span_str("anna"), 13)); /* beyond all of it: forgotten */
	assert_int_equal(c.n, 0);
	assert_false(coverage_has(&c, span_str("anna"), 7));
	coverage_fini(&c);
}

static void a_copied_event_owns_all_its_texts(void **state)
{
	char text[] = "{\"source\":\"crm\",\"id\":\"1\",\"customer\":\"anna\",\"time\":1000,\"profile\":"
		"{\"held_by\":\"\",\"region\":\"north\",\"segment\":\"b\",\"owner\":\"zoe\"}}";
	struct arena *a = arena_new(4096, 1 << 20), *b = arena_new(4096, 1 << 20);
	struct complaint c = { 0 };
	struct event e, copy;

	(void)state;
	assert_int_equal(event_from_json(&e, text, strlen(text), span_str(""), a, &c, NULL), 0);
	assert_int_equal(event_copy(&copy, &e, b), 0);
	assert_int_equal(event_text_bytes(&e), 3 + 1 + 4 + 0 + 5 + 1 + 3);
	memset((void *)(uintptr_t)e.as.profile.owner.data, '#', e.as.profile.owner.size);
	assert_true(span_eq(copy.as.profile.owner, span_str("zoe")));
	assert_non_null(copy.as.profile.held_by.data); /* empty, but told */
	assert_ptr_not_equal(copy.as.profile.held_by.data, e.as.profile.held_by.data);
	arena_free(a);
	assert_true(span_eq(copy.as.profile.region, span_str("north")));
	arena_free(b);
}

static void settings_out_of_range_are_refused_before_connecting(void **state)
{
	struct kith_producer_settings producer = { .run = "/nowhere", .batch_events = 10001 };
	struct kith_subscriber_settings subscriber = { .run = "/nowhere", .name = "" };
	char long_run[200];
	struct complaint c = { 0 };
	struct kith_subscriber *s = NULL;
	struct kith_producer *p = NULL;

	(void)state;
	assert_int_equal(kith_producer_open(&producer, &p, &c), ERR_INVALID);
	producer.batch_events = 0;
	producer.source = "";
	assert_int_equal(kith_producer_open(&producer, &p, &c), ERR_INVALID);
	assert_int_equal(kith_subscriber_open(&subscriber, &s, &c), ERR_INVALID);
	memset(long_run, 'x', sizeof long_run);
	long_run[0] = '/';
	long_run[120] = 0;
	producer.source = "till";
	producer.run = long_run;
	assert_int_equal(kith_producer_open(&producer, &p, &c), ERR_TOOBIG);
	assert_non_null(strstr(c.text, "shorter run directory"));
}

static void an_absent_daemon_is_named_as_such(void **state)
{
	struct kith_producer_settings settings = { .run = "/nowhere", .source = "till" };
	struct complaint c = { 0 };
	struct kith_producer *p = NULL;
	char *json = NULL;

	(void)state;
	assert_int_equal(kith_call("/nowhere", "ping", NULL, NULL, 50, &json, &c), ERR_CLOSED);
	assert_null(json);
	assert_non_null(strstr(c.text, "/nowhere/control: there is no such socket"));
	assert_int_equal(kith_producer_open(&settings, &p, &c), 0);
	assert_int_equal(kith_producer_poll(p, 10), ERR_TIMEOUT);
	assert_false(kith_producer_stats(p).connected);
	assert_int_equal(kith_producer_unreachable(p, &c), ERR_CLOSED);
	kith_producer_close(p);
}

static void an_event_that_breaks_a_rule_is_not_taken(void **state)
{
	struct kith_producer_settings settings = { .run = "/nowhere", .source = "till" };
	struct event e = { .id = span_str("1"), .time_ms = 1000, .body = BODY_REFERRAL };
	struct complaint c = { 0 };
	struct kith_producer *p = NULL;
	enum reject code;

	(void)state;
	assert_int_equal(kith_producer_open(&settings, &p, &c), 0);
	assert_int_equal(kith_producer_add(p, &e, 0, 0, &code, &c), ERR_INVALID);
	assert_int_equal(code, REJECT_BAD_CUSTOMER);
	e.customer = span_str("anna");
	e.as.referral.customer = span_str("ben");
	assert_int_equal(kith_producer_add(p, &e, 0, 0, &code, &c), 0);
	assert_int_equal(kith_producer_stats(p).waiting, 1);
	kith_producer_close(p);
}

static void what_waits_without_a_daemon_is_bounded(void **state)
{
	struct kith_producer_settings settings = { .run = "/nowhere", .source = "till",
		.batch_events = 10 };
	struct event e = { .id = span_str("1"), .customer = span_str("anna"), .time_ms = 1000,
		.body = BODY_REFERRAL };
	struct complaint c = { 0 };
	struct kith_producer *p = NULL;
	int rc = 0;

	(void)state;
	e.as.referral.customer = span_str("ben");
	assert_int_equal(kith_producer_open(&settings, &p, &c), 0);
	for (unsigned i = 0; i < 100 && !rc; i++)
		rc = kith_producer_add(p, &e, i, 0, NULL, &c);
	assert_int_equal(rc, ERR_TIMEOUT);
	assert_int_equal(kith_producer_stats(p).waiting, 10);
	kith_producer_close(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unanswered_batches_go_back_to_the_oldest),
		cmocka_unit_test(a_snapshot_covers_each_customer_up_to_the_number_of_their_page),
		cmocka_unit_test(a_copied_event_owns_all_its_texts),
		cmocka_unit_test(settings_out_of_range_are_refused_before_connecting),
		cmocka_unit_test(an_absent_daemon_is_named_as_such),
		cmocka_unit_test(an_event_that_breaks_a_rule_is_not_taken),
		cmocka_unit_test(what_waits_without_a_daemon_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
