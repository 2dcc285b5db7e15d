/* SPDX-License-Identifier: Apache-2.0 */
/* Events and notifications as JSON: the same event as on the wire, or a sentence that says what is
 * wrong with which member. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "proto/json.h"
#include "tests/unit/arena_fixture.h"
#include "tests/unit/codec_random.h"

static int fresh(void **state)
{
	(void)state;
	arena_reset(arena);
	return 0;
}

static int parse(struct event *e, const char *text, struct complaint *c, enum reject *ret_code)
{
	return event_from_json(e, text, strlen(text), (struct span){ 0 }, arena, c, ret_code);
}

static void assert_taken(struct event *e, const char *text)
{
	struct complaint c = { 0 };
	enum reject code;

	if (parse(e, text, &c, &code) != 0)
		fail_msg("%s: %s", text, c.text);
	assert_int_equal(code, REJECT_NONE);
}

static void assert_refused(const char *text, enum reject code, const char *sentence)
{
	struct complaint c = { 0 };
	enum reject found;
	struct event e;

	assert_int_equal(parse(&e, text, &c, &found), ERR_INVALID);
	assert_string_equal(c.text, sentence);
	assert_int_equal(found, code);
}

#define HEAD "{\"source\":\"till-7\",\"id\":\"41\",\"customer\":\"anna\",\"time\":1323435000000,"
#define BOUGHT "\"purchase\":{\"order\":\"581587\",\"amount\":1200}}"

static void the_example_of_the_manual_is_the_event_of_the_wire(void **state)
{
	struct event e, wire = purchase_event();
	const char *text;

	(void)state;
	assert_taken(&e, "{\"source\":\"till-7\",\"id\":\"41\",\"customer\":\"anna\","
		"\"time\":\"2011-12-09T12:50:00Z\",\"channel\":\"store\","
		"\"purchase\":{\"order\":\"581587\",\"amount\":1200}}");
	assert_int_equal(event_check(&wire, &text), REJECT_NONE);
	assert_true(events_are_equal(&e, &wire));
}

static void every_event_survives_json_with_its_fingerprint(void **state)
{
	struct dice d = { test_seed() };

	(void)state;
	for (unsigned run = 0; run < test_runs(3000); run++) {
		struct event e, back;
		struct complaint c = { 0 };
		json_t *json;
		char *text;

		arena_reset(arena);
		random_event(&e, run % BODY_COUNT, &d, arena);
		json = event_to_json(&e);
		assert_non_null(json);
		text = json_dumps(json, JSON_COMPACT);
		if (parse(&back, text, &c, NULL) != 0)
			fail_msg("SEED=%llu %s: %s", (unsigned long long)test_seed(), text, c.text);
		assert_true(events_are_equal(&e, &back));
		free(text);
		json_decref(json);
	}
}

static void numbers_may_be_text_and_nulls_are_absent(void **state)
{
	struct event e, other;

	(void)state;
	assert_taken(&e, HEAD "\"sequence\":\"77\",\"channel\":null,\"purchase\":{\"order\":\"o\","
		"\"amount\":\"1200\",\"margin\":\"-45\",\"category\":null},\"refund\":null}");
	assert_int_equal(e.sequence, 77);
	assert_int_equal(e.as.purchase.amount, 1200);
	assert_int_equal(e.as.purchase.margin, -45);
	assert_taken(&other, "{\"source\":\"till-7\",\"id\":\"41\",\"customer\":\"anna\","
		"\"time\":\"1323435000000\",\"sequence\":77,\"purchase\":{\"order\":\"o\","
		"\"amount\":1200,\"margin\":-45}}");
	assert_true(events_are_equal(&e, &other));
	assert_taken(&e, HEAD "\"channel\":3,\"feedback\":{\"expected\":7,\"perceived\":7.5}}");
	assert_int_equal(e.channel, CHANNEL_APP);
	assert_true(e.as.feedback.expected == 7 && e.as.feedback.perceived == 7.5);
	assert_taken(&e, HEAD "\"readiness\":{\"need\":true,\"timing\":false}}");
	assert_int_equal(e.as.readiness.factor[FACTOR_NEED], ANSWER_YES);
	assert_int_equal(e.as.readiness.factor[FACTOR_TIMING], ANSWER_NO);
	assert_int_equal(e.as.readiness.factor[FACTOR_DESIRE], ANSWER_NONE);
}

static void an_empty_text_clears_in_a_profile(void **state)
{
	struct event e;

	(void)state;
	assert_taken(&e, HEAD "\"profile\":{\"owner\":\"\",\"region\":null}}");
	assert_non_null(e.as.profile.owner.data);
	assert_int_equal(e.as.profile.owner.size, 0);
	assert_null(e.as.profile.region.data);
}

static void the_default_source_serves_events_that_name_none(void **state)
{
	static const char text[] = "{\"id\":\"1\",\"customer\":\"anna\",\"time\":1," BOUGHT;
	struct complaint c;
	struct event e;
	enum reject code;

	(void)state;
	assert_int_equal(event_from_json(&e, text, strlen(text), span_str("import"), arena, &c, NULL),
		0);
	assert_true(span_eq(e.source, span_str("import")));
	assert_int_equal(parse(&e, text, NULL, &code), ERR_INVALID);
	assert_int_equal(code, REJECT_BAD_SOURCE);
}

/* ---------------------------------------------------------------------------------- complaints */

static void a_value_of_another_kind_is_refused_by_name(void **state)
{
	(void)state;
	assert_refused("{\"customer\":17}", REJECT_BAD_CUSTOMER,
		"customer must be text, found a number");
	assert_refused("{\"id\":[41]}", REJECT_BAD_ID, "id must be text, found a list");
	assert_refused(HEAD "\"purchase\":{\"order\":581587}}", REJECT_BAD_BODY,
		"purchase.order must be text, found a number");
	assert_refused(HEAD "\"purchase\":{\"amount\":12.5}}", REJECT_BAD_BODY,
		"purchase.amount is an integer in minor units; found 12.5");
	assert_refused(HEAD "\"purchase\":{\"amount\":\"12,50\"}}", REJECT_BAD_BODY,
		"purchase.amount is an integer in minor units; found \"12,50\"");
	assert_refused(HEAD "\"purchase\":{\"amount\":\"9223372036854775808\"}}", REJECT_BAD_BODY,
		"purchase.amount is an integer in minor units; found \"9223372036854775808\"");
	assert_refused(HEAD "\"purchase\":{\"amount\":\"18446744073709551617\"}}", REJECT_BAD_BODY,
		"purchase.amount is an integer in minor units; found \"18446744073709551617\"");
	assert_refused(HEAD "\"purchase\":{\"amount\":\"-\"}}", REJECT_BAD_BODY,
		"purchase.amount is an integer in minor units; found \"-\"");
	assert_refused("{\"sequence\":\"a1\"}", REJECT_BAD_ID,
		"sequence is an integer; found \"a1\"");
	assert_refused("{\"time\":\"yesterday\"}", REJECT_BAD_TIME, "time is a time, 1323435000000 "
		"(Unix ms) or \"2011-12-09T12:50:00Z\" (RFC 3339); found \"yesterday\"");
	assert_refused("{\"channel\":\"shop\"}", REJECT_BAD_BODY, "channel is one of store, web, app, "
		"phone, email, chat, visit, social, partner, other; found \"shop\"");
	assert_refused(HEAD "\"membership\":{\"change\":3}}", REJECT_BAD_BODY,
		"membership.change is one of joined, left; found 3");
	assert_refused(HEAD "\"readiness\":{\"need\":\"yes\"}}", REJECT_BAD_BODY,
		"readiness.need is true or false; found \"yes\"");
	assert_refused(HEAD "\"feedback\":{\"expected\":\"7\"}}", REJECT_BAD_BODY,
		"feedback.expected is a number from 0 to 10; found \"7\"");
	assert_refused(HEAD "\"purchase\":17}", REJECT_BAD_BODY,
		"purchase must be an object with its fields");
}

static void an_unknown_member_is_refused_with_what_was_meant(void **state)
{
	(void)state;
	assert_refused(HEAD "\"purchase\":{\"order\":\"1\",\"amout\":5}}", REJECT_BAD_BODY,
		"unknown member \"amout\" in purchase; did you mean \"amount\"?");
	assert_refused(HEAD "\"profile\":{\"heldBy\":\"x\"}}", REJECT_BAD_BODY,
		"unknown member \"heldBy\" in profile; did you mean \"held_by\"?");
	assert_refused(HEAD "\"purchase\":{\"shipping_cost\":5}}", REJECT_BAD_BODY,
		"unknown member \"shipping_cost\" in purchase; it may have order, amount, margin, category");
	assert_refused("{\"custommer\":\"anna\"}", REJECT_MALFORMED,
		"unknown member \"custommer\" in the event; did you mean \"customer\"?");
	assert_refused("{\"purchse\":{}}", REJECT_UNKNOWN_BODY,
		"unknown member \"purchse\" in the event; did you mean \"purchase\"?");
	assert_refused("{\"a\\nb\":1}", REJECT_MALFORMED, "unknown member \"a\\nb\" in the event; it "
		"may have source, id, sequence, customer, time, channel, contact, readiness, purchase, "
		"refund, complaint, resolution, feedback, referral, membership, partnership, contract, "
		"wallet, competitor, profile, market");
}

static void what_is_not_an_event_is_refused(void **state)
{
	struct complaint c = { 0 };
	struct event e;
	char deep[64];

	(void)state;
	assert_refused("[]", REJECT_MALFORMED, "an event is a JSON object");
	assert_refused(HEAD "\"id\":\"42\"," BOUGHT, REJECT_MALFORMED,
		"not JSON: duplicate object key near '\"id\"'");
	assert_refused(HEAD BOUGHT "x", REJECT_MALFORMED, "not JSON: end of file expected near 'x'");
	assert_int_equal(parse(&e, "{\n \"id\" 7}", &c, NULL), ERR_INVALID);
	assert_int_equal(c.line, 2);
	assert_int_equal(c.column, 7);
	assert_int_equal(parse(&e, "", &c, NULL), ERR_INVALID);
	assert_int_equal(parse(&e, "{\"id\":\"\\u0000\"}", &c, NULL), ERR_INVALID);
	assert_int_equal(parse(&e, "{\"id\":\"\xff\"}", &c, NULL), ERR_INVALID);
	assert_int_equal(parse(&e, "{\"sequence\":99999999999999999999}", &c, NULL), ERR_INVALID);
	memset(deep, '[', sizeof deep);
	deep[sizeof deep - 1] = '\0';
	assert_refused(deep, REJECT_MALFORMED, "the event is nested too deeply");
	assert_refused(HEAD "\"refund\":{\"order\":\"1\",\"amount\":1}," BOUGHT, REJECT_MALFORMED,
		"an event has one body; found refund and purchase");
	assert_refused(HEAD "\"channel\":\"web\"}", REJECT_UNKNOWN_BODY,
		"the event has no body, or one that this version does not know");
}

static void a_rule_broken_has_the_code_and_sentence_of_the_wire(void **state)
{
	(void)state;
	assert_refused("{\"source\":\"s\",\"customer\":\"anna\",\"time\":1," BOUGHT, REJECT_BAD_ID,
		"id is required: 1 to 64 bytes of UTF-8 without control characters");
	assert_refused(HEAD "\"purchase\":{\"order\":\"o\"}}", REJECT_BAD_BODY,
		"purchase.amount is required: an integer from 0 to 1000000000000 minor units");
	assert_refused(HEAD "\"sequence\":0," BOUGHT, REJECT_BAD_ID,
		"sequence is an integer from 1 to 2^63 - 1");
	assert_refused(HEAD "\"sequence\":-1," BOUGHT, REJECT_BAD_ID,
		"sequence is an integer from 1 to 2^63 - 1");
	assert_refused(HEAD "\"purchase\":{\"order\":\"a\\tb\",\"amount\":1}}", REJECT_BAD_BODY,
		"purchase.order is required: 1 to 64 bytes of UTF-8 without control characters");
}

static void an_event_of_more_than_64_kib_is_too_large(void **state)
{
	char *text = malloc(66000);
	struct complaint c;
	enum reject code;
	struct event e;

	(void)state;
	memset(text, ' ', 66000);
	memcpy(text, HEAD BOUGHT, sizeof HEAD BOUGHT - 1);
	assert_int_equal(event_from_json(&e, text, 65536, (struct span){ 0 }, arena, &c, &code), 0);
	assert_int_equal(event_from_json(&e, text, 65537, (struct span){ 0 }, arena, &c, &code),
		ERR_INVALID);
	assert_int_equal(code, REJECT_TOO_LARGE);
	free(text);
}

static void no_mutation_of_a_text_harms(void **state)
{
	struct dice d = { test_seed() + 1 };
	struct buf b = { 0 };
	unsigned taken = 0;

	(void)state;
	for (unsigned run = 0; run < test_runs(10000); run++) {
		struct event e, back;
		struct complaint c = { 0 };
		json_t *json;
		char *text;

		arena_reset(arena);
		random_event(&e, run % BODY_COUNT, &d, arena);
		json = event_to_json(&e);
		text = json_dumps(json, JSON_COMPACT);
		buf_clear(&b);
		buf_add_str(&b, text);
		mutate(&b, &d);
		free(text);
		json_decref(json);
		if (event_from_json(&e, (char *)b.data, b.size, (struct span){ 0 }, arena, &c, NULL)) {
			assert_true(strlen(c.text) > 0);
			continue;
		}
		taken++;
		json = event_to_json(&e);
		text = json_dumps(json, 0);
		assert_int_equal(parse(&back, text, &c, NULL), 0);
		assert_true(events_are_equal(&e, &back));
		free(text);
		json_decref(json);
	}
	assert_true(taken > 100);
	buf_fini(&b);
}

/* --------------------------------------------------------------------------------- CloudEvents */

#define ENVELOPE "{\"specversion\":\"1.0\",\"id\":\"41\",\"source\":\"till-7\"," \
	"\"time\":\"2011-12-09T12:50:00Z\",\"subject\":\"anna\",\"traceparent\":\"00-ab\","

static void an_envelope_holds_the_body_or_its_fields(void **state)
{
	struct event plain, e;

	(void)state;
	assert_taken(&plain, HEAD BOUGHT);
	assert_taken(&e, ENVELOPE "\"type\":\"shop.sale\",\"data\":{" BOUGHT "}");
	assert_true(events_are_equal(&e, &plain));
	assert_taken(&e, ENVELOPE "\"type\":\"kith.purchase\",\"data\":{\"order\":\"581587\","
		"\"amount\":1200}}");
	assert_true(events_are_equal(&e, &plain));
	assert_taken(&e, ENVELOPE "\"type\":\"kith.purchase\",\"data\":{" BOUGHT "}");
	assert_true(events_are_equal(&e, &plain));
	assert_taken(&e, ENVELOPE "\"type\":\"kith.complaint\",\"data\":{\"complaint\":\"c1\"}}");
	assert_int_equal(e.body, BODY_COMPLAINT);
	assert_taken(&e, ENVELOPE "\"type\":\"x\",\"data\":{\"customer\":\"bert\"," BOUGHT "}");
	assert_true(span_eq(e.customer, span_str("bert")));
	assert_taken(&e, ENVELOPE "\"type\":\"kith.referral\",\"data\":{\"customer\":\"carl\"}}");
	assert_true(span_eq(e.customer, span_str("anna")));
	assert_true(span_eq(e.as.referral.customer, span_str("carl")));
	assert_taken(&e, ENVELOPE "\"sequence\":\"9\",\"channel\":\"web\",\"type\":\"x\",\"data\":{"
		BOUGHT "}");
	assert_int_equal(e.sequence, 9);
	assert_int_equal(e.channel, CHANNEL_WEB);
}

static void a_bad_envelope_is_refused(void **state)
{
	(void)state;
	assert_refused("{\"specversion\":\"0.3\"}", REJECT_MALFORMED,
		"specversion of the envelope is \"1.0\"");
	assert_refused(ENVELOPE "\"type\":\"x\"}", REJECT_UNKNOWN_BODY,
		"data must be an object: {\"purchase\": {...}}");
	assert_refused(ENVELOPE "\"type\":\"x\",\"data\":{\"id\":\"7\"," BOUGHT "}", REJECT_MALFORMED,
		"id is given twice, in the envelope and in data");
	assert_refused(ENVELOPE "\"type\":\"kith.sale\",\"data\":{\"order\":\"1\"}}", REJECT_MALFORMED,
		"unknown member \"order\" in the event; it may have source, id, sequence, customer, time, "
		"channel, contact, readiness, purchase, refund, complaint, resolution, feedback, referral, "
		"membership, partnership, contract, wallet, competitor, profile, market");
	assert_refused(ENVELOPE "\"type\":\"x\",\"data\":{}}", REJECT_UNKNOWN_BODY,
		"the event has no body, or one that this version does not know");
}

/* ------------------------------------------------------------------------------- notifications */

static void assert_json(const struct notification *n, const char *expected)
{
	json_t *json = notification_to_json(n);
	char *text = json_dumps(json, JSON_COMPACT);

	assert_string_equal(text, expected);
	free(text);
	json_decref(json);
}

static void a_notification_is_printed_with_the_names_of_the_message(void **state)
{
	struct notification n = { .shard = 3, .sequence = 1042, .type = span_str("risk.silent"),
		.customer = span_str("anna"), .ladder = span_str("risk"), .from = span_str("clear"),
		.to = span_str("raised"), .since_ms = 1300000000000, .at_ms = 1323435000000,
		.noticed_ms = 1323435000007, .rule = span_str("risk.silent"), .lifecycle_version = 4,
		.severity = SEVERITY_HIGH, .job = JOB_MAINTAIN, .play = span_str("retain"),
		.owner = span_str("王"), .has_value = true, .value = -45, .n_evidence = 4 };

	(void)state;
	n.evidence[0] = (struct evidence){ span_str("silence"), span_str("silence > 45d"), 3.9e9,
		{ 0 }, UNIT_DURATION, true, true };
	n.evidence[1] = (struct evidence){ span_str("role"), span_str("role is wholesaler"), 0,
		span_str("wholesaler"), UNIT_NAME, true, true };
	n.evidence[2] = (struct evidence){ span_str("overdue"), span_str("overdue > 1.5"), 0, { 0 },
		UNIT_RATIO, false, false };
	n.evidence[3] = (struct evidence){ span_str("trend"), span_str("trend < 50%"), 0.25, { 0 },
		UNIT_RATIO, true, true };
	assert_json(&n, "{\"id\":\"3-1042\",\"type\":\"risk.silent\",\"customer\":\"anna\","
		"\"ladder\":\"risk\",\"from\":\"clear\",\"to\":\"raised\",\"since\":1300000000000,"
		"\"at\":1323435000000,\"noticed\":1323435000007,\"rule\":\"risk.silent\","
		"\"lifecycle_version\":4,\"evidence\":[{\"fact\":\"silence\",\"test\":\"silence > 45d\","
		"\"value\":3900000000,\"unit\":\"duration\",\"holds\":true},{\"fact\":\"role\","
		"\"test\":\"role is wholesaler\",\"text\":\"wholesaler\",\"unit\":\"name\","
		"\"holds\":true},{\"fact\":\"overdue\",\"test\":\"overdue > 1.5\",\"unit\":\"ratio\","
		"\"holds\":false},{\"fact\":\"trend\",\"test\":\"trend < 50%\",\"value\":0.25,"
		"\"unit\":\"ratio\",\"holds\":true}],\"severity\":\"high\",\"job\":\"maintain\","
		"\"play\":\"retain\",\"owner\":\"王\",\"value\":-45}");
}

static void a_notification_says_only_what_it_knows(void **state)
{
	struct notification n = { .shard = 0, .sequence = 1, .type = span_str("customer.converted"),
		.customer = span_str("anna"), .at_ms = 5, .noticed_ms = 6,
		.cause_source = span_str("till-7"), .cause_id = span_str("41") };

	(void)state;
	assert_json(&n, "{\"id\":\"0-1\",\"type\":\"customer.converted\",\"customer\":\"anna\","
		"\"at\":5,\"noticed\":6,\"evidence\":[],\"cause\":{\"source\":\"till-7\",\"id\":\"41\"}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_example_of_the_manual_is_the_event_of_the_wire, fresh),
		cmocka_unit_test_setup(every_event_survives_json_with_its_fingerprint, fresh),
		cmocka_unit_test_setup(numbers_may_be_text_and_nulls_are_absent, fresh),
		cmocka_unit_test_setup(an_empty_text_clears_in_a_profile, fresh),
		cmocka_unit_test_setup(the_default_source_serves_events_that_name_none, fresh),
		cmocka_unit_test_setup(a_value_of_another_kind_is_refused_by_name, fresh),
		cmocka_unit_test_setup(an_unknown_member_is_refused_with_what_was_meant, fresh),
		cmocka_unit_test_setup(what_is_not_an_event_is_refused, fresh),
		cmocka_unit_test_setup(a_rule_broken_has_the_code_and_sentence_of_the_wire, fresh),
		cmocka_unit_test_setup(an_event_of_more_than_64_kib_is_too_large, fresh),
		cmocka_unit_test_setup(no_mutation_of_a_text_harms, fresh),
		cmocka_unit_test_setup(an_envelope_holds_the_body_or_its_fields, fresh),
		cmocka_unit_test_setup(a_bad_envelope_is_refused, fresh),
		cmocka_unit_test_setup(a_notification_is_printed_with_the_names_of_the_message, fresh),
		cmocka_unit_test_setup(a_notification_says_only_what_it_knows, fresh),
	};

	printf("# SEED=%llu\n", (unsigned long long)test_seed());
	return cmocka_run_group_tests_name("json", tests, arena_setup, arena_teardown);
}
