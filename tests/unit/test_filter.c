/* SPDX-License-Identifier: Apache-2.0 */
/* Filters of notifications: what one takes, and how it is written down. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "proto/codec.h"

static struct notification risk_of_north(void)
{
	return (struct notification){ .sequence = 1, .type = span_str("risk.silent"),
		.customer = span_str("anna"), .ladder = span_str("risk"), .to = span_str("raised"),
		.severity = SEVERITY_HIGH, .owner = span_str("eva"), .region = span_str("north"),
		.tier = span_str("gold"), .cause_source = span_str("till-7") };
}

static struct filter filter_of(const char *const (*pairs)[2], unsigned n)
{
	struct filter f = { 0 };
	struct complaint c;

	for (unsigned i = 0; i < n; i++)
		assert_int_equal(filter_add_list(&f, pairs[i][0], pairs[i][1], &c), 0);
	return f;
}
#define FILTER(...) filter_of((const char *const[][2]){ __VA_ARGS__ }, \
	sizeof((const char *const[][2]){ __VA_ARGS__ }) / sizeof(const char *[2]))

static void a_filter_without_terms_takes_everything(void **state)
{
	struct filter f = { 0 };
	struct notification n = risk_of_north(), bare = { .sequence = 1 };

	(void)state;
	assert_true(filter_takes(&f, &n));
	assert_true(filter_takes(&f, &bare));
}

static void each_field_takes_what_is_its_own_and_nothing_else(void **state)
{
	static const char *const takes[][2] = { { "type", "risk." }, { "type", "risk.silent" },
		{ "tier", "gold" }, { "severity", "high" }, { "severity", "watch" },
		{ "owner", "eva" }, { "source", "till-7" }, { "region", "north" } };
	static const char *const refuses[][2] = { { "type", "customer." },
		{ "type", "risk.silent.more" }, { "stage", "raised" }, { "tier", "go" },
		{ "severity", "critical" }, { "owner", "ev" }, { "source", "till-77" },
		{ "region", "South" } };
	struct notification n = risk_of_north(), bare = { .sequence = 1 };

	(void)state;
	for (size_t i = 0; i < sizeof takes / sizeof takes[0]; i++) {
		struct filter yes = FILTER({ takes[i][0], takes[i][1] });
		struct filter no = FILTER({ refuses[i][0], refuses[i][1] });

		assert_true(filter_takes(&yes, &n));
		assert_false(filter_takes(&yes, &bare));
		assert_false(filter_takes(&no, &n));
	}
}

static void a_stage_is_the_rung_moved_to_on_that_ladder(void **state)
{
	struct filter f = FILTER({ "stage", "repeat,client" });
	struct notification n = { .sequence = 1, .ladder = span_str("stage"),
		.from = span_str("repeat"), .to = span_str("client") };

	(void)state;
	assert_true(filter_takes(&f, &n));
	n.to = span_str("member");
	assert_false(filter_takes(&f, &n));
	n.to = span_str("client");
	n.ladder = span_str("tier");
	assert_false(filter_takes(&f, &n));
}

static void alternatives_within_a_field_and_fields_combined(void **state)
{
	struct filter f = FILTER({ "type", "customer.,risk." }, { "region", "south,north" },
		{ "severity", "medium" });
	struct notification n = risk_of_north();

	(void)state;
	assert_true(filter_takes(&f, &n));
	n.region = span_str("west");
	assert_false(filter_takes(&f, &n));
	n.region = span_str("south");
	n.severity = SEVERITY_LOW;
	assert_false(filter_takes(&f, &n));
	n.severity = SEVERITY_CRITICAL;
	n.type = span_str("customer.lost");
	assert_true(filter_takes(&f, &n));
}

static void a_bad_term_is_refused_with_a_sentence_and_changes_nothing(void **state)
{
	static const char *const bad[][2] = { { "severity", "dire" }, { "type", "" },
		{ "owner", "eva,,ben" }, { "colour", "red" }, { "owner", "e\tva" } };
	struct filter f = FILTER({ "owner", "eva" }), was = f;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct complaint c = { 0 };

		assert_int_equal(filter_add_list(&f, bad[i][0], bad[i][1], &c), ERR_INVALID);
		assert_true(strlen(c.text) > 10);
		assert_true(filter_equal(&f, &was));
	}
	while (f.n < FILTER_TERMS_MAX)
		assert_int_equal(filter_add(&f, FILTER_OWNER, span_str("eva"), NULL), 0);
	assert_int_equal(filter_add(&f, FILTER_OWNER, span_str("eva"), NULL), ERR_TOOBIG);
}

static void a_filter_travels_with_the_name_that_opens(void **state)
{
	static struct subscriber_message m, back;
	struct arena *a = arena_new(4096, 1 << 20);
	struct buf out = { 0 };
	struct complaint c;

	(void)state;
	m.verb = SUBSCRIBER_OPEN;
	m.name = span_str("crm");
	m.filter = FILTER({ "type", "risk.,customer." }, { "stage", "repeat" }, { "tier", "gold" },
		{ "severity", "low" }, { "owner", "eva" }, { "source", "till" }, { "region", "n" });
	subscriber_encode(&out, &m);
	assert_int_equal(subscriber_decode(&back, out.data, out.size, a, &c), 0);
	assert_true(filter_equal(&back.filter, &m.filter));
	buf_fini(&out);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_filter_without_terms_takes_everything),
		cmocka_unit_test(each_field_takes_what_is_its_own_and_nothing_else),
		cmocka_unit_test(a_stage_is_the_rung_moved_to_on_that_ladder),
		cmocka_unit_test(alternatives_within_a_field_and_fields_combined),
		cmocka_unit_test(a_bad_term_is_refused_with_a_sentence_and_changes_nothing),
		cmocka_unit_test(a_filter_travels_with_the_name_that_opens),
	};

	return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
