/* SPDX-License-Identifier: Apache-2.0 */
/* Messages between customers as bytes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "tests/unit/random_event.h"
#include "workers/input.h"

static char id_of_128[129];

static struct message example(void)
{
	return (struct message){ .kind = MESSAGE_BOUGHT, .backfill = true, .time_ms = 1704067200000,
		.customer = span_str("anna"), .other = span_str(id_of_128),
		.cause_source = span_str("till-7"), .cause_id = span_str("41") };
}

static void assert_same(const struct message *a, const struct message *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->backfill, b->backfill);
	assert_int_equal(a->time_ms, b->time_ms);
	assert_true(span_eq(a->customer, b->customer) && span_eq(a->other, b->other));
	assert_true(span_eq(a->cause_source, b->cause_source) && span_eq(a->cause_id, b->cause_id));
}

static void what_is_written_is_read(void **state)
{
	uint8_t bytes[MESSAGE_BYTES_MAX];
	struct message m = example(), got;
	size_t size = message_encode(&m, bytes);

	(void)state;
	assert_int_equal(message_decode(&got, span_of(bytes, size)), 0);
	assert_same(&m, &got);
	assert_true(message_is_backfill(span_of(bytes, size)));
}

static void of_a_source_there_is_nobody_else(void **state)
{
	uint8_t bytes[MESSAGE_BYTES_MAX];
	struct message m = { .kind = MESSAGE_SOURCE_SILENT, .time_ms = 1700000000000,
		.customer = span_str("till-7") }, got;

	(void)state;
	assert_int_equal(message_decode(&got, span_of(bytes, message_encode(&m, bytes))), 0);
	assert_same(&m, &got);
	assert_true(message_is_of_source(&got));
	m.other = span_str("anna");
	assert_int_equal(message_decode(&got, span_of(bytes, message_encode(&m, bytes))), ERR_CORRUPT);
	m.kind = MESSAGE_BOUGHT;
	m.other = span_of(NULL, 0);
	assert_int_equal(message_decode(&got, span_of(bytes, message_encode(&m, bytes))), ERR_CORRUPT);
	m.kind = 50; /* no kind between them */
	m.other = span_str("anna");
	assert_int_equal(message_decode(&got, span_of(bytes, message_encode(&m, bytes))), ERR_CORRUPT);
}

static void what_is_cut_or_longer_is_none(void **state)
{
	uint8_t bytes[MESSAGE_BYTES_MAX + 1] = { 0 };
	struct message m = example(), got;
	size_t size = message_encode(&m, bytes);

	(void)state;
	for (size_t cut = 1; cut < size; cut++)
		assert_int_equal(message_decode(&got, span_of(bytes, cut)), ERR_CORRUPT);
	assert_int_equal(message_decode(&got, span_of(bytes, size + 1)), ERR_CORRUPT);
}

static void another_version_kind_or_flag_is_refused(void **state)
{
	uint8_t bytes[MESSAGE_BYTES_MAX];
	struct message m = example(), got;
	size_t size = message_encode(&m, bytes);

	(void)state;
	for (unsigned at = 0; at < 3; at++) {
		uint8_t was = bytes[at];

		bytes[at] = 0x7f;
		assert_int_equal(message_decode(&got, span_of(bytes, size)), ERR_CORRUPT);
		bytes[at] = was;
	}
}

static void word_of_a_member_carries_their_facts(void **state)
{
	static uint8_t bytes[MESSAGE_BYTES_MAX], facts[FACTS_PACKED_MAX];
	struct message m = example(), got;
	size_t size;

	(void)state;
	memset(facts, 7, sizeof facts);
	m.kind = MESSAGE_MEMBER;
	m.belongs = BELONGS_AS_ID;
	m.deed = DEED_CONTACT_OUT;
	m.number = 1000000007;
	m.lifecycle_version = 3;
	m.facts = span_of(facts, sizeof facts);
	m.cause_source = m.cause_id = span_of(NULL, 0); /* a command */
	size = message_encode(&m, bytes);
	assert_int_equal(message_decode(&got, span_of(bytes, size)), 0);
	assert_same(&m, &got);
	assert_int_equal(got.belongs, BELONGS_AS_ID);
	assert_int_equal(got.deed, DEED_CONTACT_OUT);
	assert_int_equal(got.number, 1000000007);
	assert_int_equal(got.lifecycle_version, 3);
	assert_true(span_eq(got.facts, m.facts));
	assert_int_equal(message_decode(&got, span_of(bytes, size - sizeof facts)), ERR_CORRUPT);
	m.kind = MESSAGE_LEFT;
	m.facts = span_of(NULL, 0);
	size = message_encode(&m, bytes);
	assert_int_equal(message_decode(&got, span_of(bytes, size)), 0);
	assert_int_equal(message_decode(&got, span_of(bytes, size - 1)), ERR_CORRUPT);
	assert_int_equal(message_decode(&got, span_of(bytes, size + 1)), ERR_CORRUPT);
}

static void a_damaged_one_keeps_its_place_in_the_list(void **state)
{
	uint8_t bytes[MESSAGE_BYTES_MAX];
	struct message m = example(), *list;
	struct arena *a = arena_new(4096, 1 << 20);
	struct buf b = { 0 };
	uint32_t n;

	(void)state;
	messages_add(&b, span_of(NULL, 0));
	messages_add(&b, span_of(bytes, message_encode(&m, bytes)));
	assert_int_equal(messages_decode(span_of(b.data, b.size), a, &list, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(list[0].kind, MESSAGE_LOST);
	assert_same(&m, &list[1]);
	assert_int_equal(messages_decode(span_of(b.data, b.size - 1), a, &list, &n), ERR_CORRUPT);
	buf_fini(&b);
	arena_free(a);
}

static void an_input_carries_them_from_their_shard_and_number(void **state)
{
	uint8_t bytes[MESSAGE_BYTES_MAX];
	struct message m = example();
	struct arena *a = arena_new(4096, 1 << 20);
	struct input in = { .type = INPUT_MESSAGES, .backfill = true, .taken_ms = 5, .clock_ms = 6,
		.from_shard = 3, .first_message = 1000000007 }, got;
	struct payload p = { 0 };
	struct buf list = { 0 }, whole = { 0 };
	struct frame f = { .sequence = 9, .type = INPUT_MESSAGES };
	struct complaint c = { 0 };

	(void)state;
	messages_add(&list, span_of(bytes, message_encode(&m, bytes)));
	input_encode(&in, span_of(list.data, list.size), NULL, 0, &p);
	for (unsigned i = 0; i < p.n; i++)
		buf_add(&whole, p.parts[i].data, p.parts[i].size);
	f.payload = span_of(whole.data, whole.size);
	assert_int_equal(input_decode(&f, a, &got, &c), 0);
	assert_int_equal(got.from_shard, 3);
	assert_int_equal(got.first_message, 1000000007);
	assert_true(got.backfill);
	assert_int_equal(got.n_messages, 1);
	assert_same(&m, &got.messages[0]);
	input_fini(&got);
	payload_fini(&p);
	buf_fini(&list);
	buf_fini(&whole);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(of_a_source_there_is_nobody_else),
		cmocka_unit_test(what_is_cut_or_longer_is_none),
		cmocka_unit_test(another_version_kind_or_flag_is_refused),
		cmocka_unit_test(word_of_a_member_carries_their_facts),
		cmocka_unit_test(a_damaged_one_keeps_its_place_in_the_list),
		cmocka_unit_test(an_input_carries_them_from_their_shard_and_number),
	};

	memset(id_of_128, 'x', 128);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
