/* SPDX-License-Identifier: Apache-2.0 */
/* Env: customers, and the deadlines of theirs. */
#define _GNU_SOURCE /* nftw() */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/event.h"
#include "tests/unit/env_steps.h"

static void customers_are_walked_in_order(void **state)
{
	struct fixture *f = *state;
	struct span id = S(""), record;
	const char *ids[] = { "b", "a", "zoë", "ab" }, *sorted[] = { "a", "ab", "b", "zoë" };

	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(env_customer_put(f->e, S(ids[i]), S(ids[i]), true), OK);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(env_customer_next(f->e, id, &id, &record), OK);
		assert_span(id, sorted[i]);
		assert_span(record, sorted[i]);
	}
	assert_int_equal(env_customer_next(f->e, id, &id, &record), ERR_NOTFOUND);
	assert_int_equal(env_customer_next(f->e, S("aa"), &id, &record), OK);
	assert_span(id, "ab");
}

static void customers_are_counted(void **state)
{
	struct fixture *f = *state;
	struct span record;

	assert_int_equal(env_customer_put(f->e, S("anna"), S("one"), true), OK);
	assert_int_equal(env_customer_put(f->e, S("anna"), S("two"), true), ERR_EXISTS);
	assert_int_equal(env_customer_get(f->e, S("anna"), &record), OK);
	assert_span(record, "one");
	assert_int_equal(env_customer_put(f->e, S("anna"), S("two"), false), OK);
	assert_int_equal(env_customer_put(f->e, S("bob"), S(""), true), OK);
	assert_int_equal(env_meta(f->e)->customers, 2);
	assert_int_equal(env_customer_get(f->e, S("bob"), &record), OK);
	assert_int_equal(record.size, 0);
	assert_int_equal(env_customer_del(f->e, S("anna")), OK);
	assert_int_equal(env_customer_del(f->e, S("anna")), ERR_NOTFOUND);
	assert_int_equal(env_meta(f->e)->customers, 1);
	assert_int_equal(env_failed(f->e), OK);
}

static void a_key_or_value_that_does_not_fit_is_refused_alone(void **state)
{
	struct fixture *f = *state;
	static uint8_t big[2 << 20];
	struct span record;

	memset(big, 'x', sizeof big);
	assert_int_equal(env_customer_put(f->e, S(""), S("x"), true), ERR_INVALID);
	assert_int_equal(env_customer_put(f->e, span_of(big, 129), S("x"), true), ERR_INVALID);
	assert_int_equal(env_customer_put(f->e, S("a"), span_of(big, sizeof big), true), ERR_TOOBIG);
	assert_int_equal(env_customer_get(f->e, S(""), &record), ERR_INVALID);
	assert_int_equal(env_customer_get(f->e, span_of(big, 600), &record), ERR_INVALID);
	assert_int_equal(env_deadline_put(f->e, -1, S("a")), ERR_INVALID);
	assert_int_equal(env_deadline_put(f->e, 1, span_of(big, 129)), ERR_INVALID);
	assert_int_equal(env_guard_id(f->e, S("s"), span_of(big, 65), 1), ERR_TOOBIG);
	assert_int_equal(env_guard_id(f->e, span_of(big, 65), S("1"), 1), ERR_TOOBIG);
	assert_int_equal(env_guard_id(f->e, S(""), S("1"), 1), ERR_TOOBIG);
	assert_int_equal(env_subscription_put(f->e, span_of(big, 512), S("x")), ERR_INVALID);
	assert_int_equal(env_name_number(f->e, span_of(big, 256)), 0);
	assert_int_equal(env_history_del(f->e, span_of("a\0b", 3)), ERR_INVALID);
	assert_int_equal(env_failed(f->e), OK);
	assert_int_equal(env_customer_put(f->e, span_of(big, 128), S("x"), true), OK);
	commit(f);
}

static void spans_from_the_environment_may_go_back_into_it(void **state)
{
	struct fixture *f = *state;
	struct span id = S(""), record;
	char name[32];
	uint8_t bytes[300];

	for (unsigned i = 0; i < 500; i++) {
		snprintf(name, sizeof name, "c%03u", i);
		memset(bytes, (int)i, sizeof bytes);
		assert_int_equal(env_customer_put(f->e, S(name), span_of(bytes, sizeof bytes), true), OK);
	}
	for (unsigned i = 0; i < 500; i++) { /* each record shrinks, under its own id */
		assert_int_equal(env_customer_next(f->e, id, &id, &record), OK);
		memcpy(name, id.data, id.size);
		record = span_of(record.data + i % 100, 300 - i % 100);
		assert_int_equal(env_customer_put(f->e, id, record, false), OK);
		id = span_of(name, id.size);
	}
	for (unsigned i = 0; i < 500; i++) {
		snprintf(name, sizeof name, "c%03u", i);
		assert_int_equal(env_customer_get(f->e, S(name), &record), OK);
		assert_int_equal(record.size, 300 - i % 100);
		for (size_t k = 0; k < record.size; k++)
			assert_int_equal(record.data[k], (uint8_t)i);
	}
}

static void assert_record(struct env *e, const char *record)
{
	struct span got = { 0 };

	assert_int_equal(env_customer_get(e, S("anna"), &got), record ? OK : ERR_NOTFOUND);
	if (record)
		assert_true(span_eq(got, span_str(record)));
}

/* Who writes a record has mostly just read it, and it is not looked for again. */
static void what_was_found_is_not_believed_when_it_has_changed(void **state)
{
	struct fixture *f = *state;

	assert_record(f->e, NULL);
	assert_int_equal(env_customer_put(f->e, S("anna"), S("one"), true), OK);
	assert_int_equal(env_customer_put(f->e, S("anna"), S("one"), true), ERR_EXISTS);
	assert_int_equal(env_customer_put(f->e, S("anna"), S("two"), false), OK);
	assert_record(f->e, "two");
	commit(f); /* now it lies below */
	assert_int_equal(env_customer_put(f->e, S("anna"), S("three"), true), ERR_EXISTS);
	assert_int_equal(env_customer_put(f->e, S("anna"), S("three"), false), OK);
	assert_record(f->e, "three");
	assert_int_equal(env_customer_del(f->e, S("anna")), OK);
	assert_int_equal(env_customer_put(f->e, S("anna"), S("four"), true), OK);
	assert_record(f->e, "four");
	commit(f);
	assert_record(f->e, "four");
	assert_int_equal(env_customer_put(f->e, S("anna"), S("five"), false), OK);
	env_abort(f->e);
	assert_record(f->e, "four");
	assert_int_equal(env_customer_put(f->e, S("anna"), S("six"), false), OK);
	assert_int_equal(env_meta(f->e)->customers, 1);
	commit(f);
	fixture_reopen(f);
	assert_record(f->e, "six");
	verify_clean(f);
}

/* ---- deadlines */

static void deadlines_come_in_due_order(void **state)
{
	struct fixture *f = *state;
	const struct { int64_t due; const char *id; } in[] = {
		{ 300, "a" }, { 5, "z" }, { 5, "b" }, { INT64_C(1) << 40, "c" }, { 0, "d" },
	}, out[] = {
		{ 0, "d" }, { 5, "b" }, { 5, "z" }, { 300, "a" }, { INT64_C(1) << 40, "c" },
	};
	uint8_t id[EVENT_CUSTOMER_MAX];
	size_t size;
	int64_t due;

	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(env_deadline_put(f->e, in[i].due, S(in[i].id)), OK);
	assert_int_equal(env_deadline_put(f->e, 5, S("b")), OK);
	assert_int_equal(env_deadlines(f->e), 5);
	assert_int_equal(env_deadline_del(f->e, 6, S("b")), OK);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(env_deadline_first(f->e, &due, id, &size), OK);
		assert_int_equal(due, out[i].due);
		assert_span(span_of(id, size), out[i].id);
		assert_int_equal(env_deadline_del(f->e, due, span_of(id, size)), OK);
	}
	assert_int_equal(env_deadline_first(f->e, &due, id, &size), ERR_NOTFOUND);
}

static void what_is_due_comes_in_order_until_something_is_put_before_it(void **state)
{
	struct fixture *f = *state;
	struct due due[4];
	unsigned n;

	assert_int_equal(env_deadlines_due(f->e, 100, due, 4, &n), OK);
	assert_int_equal(n, 0);
	assert_int_equal(env_deadline_put(f->e, 9, S("c")), OK);
	assert_int_equal(env_deadline_put(f->e, 5, S("z")), OK);
	commit(f);
	assert_int_equal(env_deadline_put(f->e, 5, S("b")), OK);
	assert_int_equal(env_deadline_put(f->e, 101, S("a")), OK);
	assert_int_equal(env_deadlines_due(f->e, 100, due, 2, &n), OK);
	assert_int_equal(n, 2);
	assert_int_equal(env_deadlines_due(f->e, 100, due, 4, &n), OK);
	assert_int_equal(n, 3);
	assert_span(span_of(due[0].customer, due[0].size), "b");
	assert_span(span_of(due[1].customer, due[1].size), "z");
	assert_span(span_of(due[2].customer, due[2].size), "c");
	assert_int_equal(due[2].due_ms, 9);
	assert_int_equal(env_deadline_put(f->e, 7, S("new")), OK);
	assert_int_equal(env_deadline_put(f->e, 200, S("b")), OK);
	assert_true(env_deadline_is_next(f->e, &due[1]));
	assert_false(env_deadline_is_next(f->e, &due[2]));
	assert_int_equal(env_deadline_del(f->e, 5, S("b")), OK);
	assert_int_equal(env_deadline_del(f->e, 5, S("z")), OK);
	assert_int_equal(env_deadlines_due(f->e, 100, due, 4, &n), OK);
	assert_int_equal(n, 2);
	assert_span(span_of(due[0].customer, due[0].size), "new");
	assert_true(env_deadline_is_next(f->e, &due[1]));
}

static void a_damaged_deadline_can_be_taken_out_of_the_way(void **state)
{
	struct fixture *f = *state;
	uint8_t key[9] = { 0, 0, 0, 0, 0, 0, 0, 5, 'a' }, id[EVENT_CUSTOMER_MAX];
	size_t size;
	int64_t due;

	assert_int_equal(env_deadline_put(f->e, 5, S("a")), OK);
	assert_int_equal(env_deadline_put(f->e, 6, S("b")), OK);
	commit(f);
	flip(f, "deadlines", span_of(key, sizeof key), 3);
	assert_int_equal(env_deadline_first(f->e, &due, id, &size), ERR_CORRUPT);
	assert_int_equal(env_failed(f->e), OK);
	assert_int_equal(due, 5);
	assert_int_equal(env_deadline_del(f->e, due, span_of(id, size)), OK);
	assert_int_equal(env_deadline_first(f->e, &due, id, &size), OK);
	assert_int_equal(due, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(customers_are_walked_in_order),
		T(customers_are_counted),
		T(a_key_or_value_that_does_not_fit_is_refused_alone),
		T(spans_from_the_environment_may_go_back_into_it),
		T(what_was_found_is_not_believed_when_it_has_changed),
		T(deadlines_come_in_due_order),
		T(what_is_due_comes_in_order_until_something_is_put_before_it),
		T(a_damaged_deadline_can_be_taken_out_of_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
