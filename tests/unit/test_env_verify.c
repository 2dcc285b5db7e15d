/* SPDX-License-Identifier: Apache-2.0 */
/* Env: what damage is noticed, dumping and verifying. */
#define _GNU_SOURCE /* nftw() */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "tests/unit/env_steps.h"

static void every_flipped_bit_of_a_record_is_noticed(void **state)
{
	struct fixture *f = *state;
	struct span record, id;
	char dir[4096];

	shard_dir(f, dir);
	assert_int_equal(env_customer_put(f->e, S("anna"), S("rec"), true), OK);
	assert_int_equal(env_customer_put(f->e, S("bob"), S("rec"), true), OK);
	commit(f);
	for (unsigned bit = 0; bit < 8 * (3 + 4); bit++) {
		flip(f, "customers", S("anna"), bit);
		assert_int_equal(env_customer_get(f->e, S("anna"), &record), ERR_CORRUPT);
		assert_int_equal(env_failed(f->e), OK);
		assert_int_equal(env_customer_next(f->e, S(""), &id, &record), ERR_CORRUPT);
		assert_span(id, "anna");
		assert_int_equal(env_customer_next(f->e, id, &id, &record), OK);
		assert_span(id, "bob");
		assert_int_equal(env_customer_put(f->e, S("carl"), S("x"), false), OK);
		commit(f);
		flip(f, "customers", S("anna"), bit);
		assert_int_equal(env_customer_get(f->e, S("anna"), &record), OK);
	}
}

static void a_value_under_another_key_is_noticed(void **state)
{
	struct fixture *f = *state;
	struct span record;
	char dir[4096];
	struct raw r;
	MDB_val anna = { 4, (void *)"anna" }, anne = { 4, (void *)"anne" }, v;
	uint8_t copy[64];

	assert_int_equal(env_customer_put(f->e, S("anna"), S("rec"), true), OK);
	commit(f);
	shard_dir(f, dir);
	env_close(f->e);
	f->e = NULL;
	r = raw_open(dir, "customers");
	assert_int_equal(mdb_get(r.txn, r.dbi, &anna, &v), 0);
	memcpy(copy, v.mv_data, v.mv_size);
	v.mv_data = copy;
	assert_int_equal(mdb_put(r.txn, r.dbi, &anne, &v, 0), 0);
	raw_close(&r);
	fixture_open(f, FIXTURE_MAP);
	assert_int_equal(env_customer_get(f->e, S("anna"), &record), OK);
	assert_int_equal(env_customer_get(f->e, S("anne"), &record), ERR_CORRUPT);
}

struct lines {
	char text[8192];
	size_t size;
	unsigned rows;
};

static int add_line(void *arg, const char *table, struct span key, struct span value)
{
	struct lines *l = arg;

	l->rows++;
	l->size += (size_t)snprintf(l->text + l->size, sizeof l->text - l->size, "%s %zu %zu\n", table,
		key.size, value.size);
	return l->rows == 100 ? ERR_CLOSED : OK;
}

static void a_dump_shows_every_row_of_the_transaction(void **state)
{
	struct fixture *f = *state;
	struct lines l = { .rows = 0 };

	assert_int_equal(env_customer_put(f->e, S("anna"), S("rec"), true), OK);
	assert_int_equal(env_deadline_put(f->e, 5, S("anna")), OK);
	assert_int_equal(env_guard_sequence(f->e, S("till"), 5), OK);
	assert_int_equal(env_guard_id(f->e, S("till"), S("77"), 5), OK);
	assert_int_equal(env_guard_id(f->e, S("till"), S("76"), 5), OK);
	assert_int_equal(env_dump(f->e, add_line, &l), OK);
	assert_string_equal(l.text, "meta 4 140\nsources 4 24\ncustomers 4 7\ndeadlines 12 4\n"
		"guard0 6 8\nblocks0 8 9\n");
	l.rows = 98;
	assert_int_equal(env_dump(f->e, add_line, &l), ERR_CLOSED);
}

static char problems[4096];

static void note(void *arg, const char *text)
{
	(void)arg;
	strncat(problems, text, sizeof problems - strlen(problems) - 2);
	strcat(problems, "\n");
}

/* In these tests a record begins with the instant it is armed for. */
static int64_t armed(struct span record)
{
	return record.size < 8 ? 0 : (int64_t)get_le64(record.data);
}

static void put_armed(struct fixture *f, const char *id, int64_t due_ms)
{
	uint8_t record[8];

	put_le64(record, (uint64_t)due_ms);
	assert_int_equal(env_customer_put(f->e, S(id), span_of(record, 8), false), OK);
}

static void fill(struct fixture *f)
{
	struct history_entry h = { .at_ms = 1, .type = 1 };
	uint64_t sequence;

	put_armed(f, "anna", 5);
	put_armed(f, "bob", 0);
	assert_int_equal(env_deadline_put(f->e, 5, S("anna")), OK);
	assert_int_equal(env_guard_sequence(f->e, S("till"), 5), OK);
	assert_int_equal(env_guard_id(f->e, S("till"), S("77"), 5), OK);
	assert_int_equal(env_guard_id(f->e, S("till"), S("79"), 5), OK);
	assert_int_equal(env_guard_id(f->e, S("till"), S("76"), 5), OK);
	assert_int_equal(env_guard_rotate(f->e, 10, 5), OK);
	assert_int_equal(env_guard_rotate(f->e, 15, 5), OK);
	assert_int_equal(env_guard_id(f->e, S("shop"), S("78"), 5), OK);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(env_outbox_add(f->e, 1, S("n"), &sequence), OK);
		assert_int_equal(env_history_add(f->e, S("anna"), &h, 3), OK);
	}
	assert_int_equal(trim(f->e, 4, 0, 10), OK);
	assert_int_equal(env_lifecycle_put(f->e, 1, 1, S("text")), OK);
	env_meta(f->e)->lifecycle_version = 1;
	assert_int_equal(env_name_number(f->e, S("stage")), 1);
	assert_int_equal(env_setting_put(f->e, "x", S("y")), OK);
	assert_int_equal(env_subscription_put(f->e, S("crm"), S("z")), OK);
	commit(f);
}

static long verify(struct fixture *f, struct env_report *r)
{
	problems[0] = '\0';
	return env_verify(f->e, r, note, NULL, armed);
}

static void a_sound_environment_has_no_problems(void **state)
{
	struct fixture *f = *state;
	struct env_report r;

	fill(f);
	assert_int_equal(verify(f, &r), 0);
	assert_string_equal(problems, "");
	assert_int_equal(r.customers, 2);
	assert_int_equal(r.deadlines, 1);
	assert_int_equal(r.outbox, 4);
	assert_int_equal(r.history, 3);
	assert_int_equal(r.guard_ids, 4);
	assert_int_equal(r.sources, 2);
	assert_true(r.bytes_used > 4096);
	env_close(f->e);
	assert_int_equal(env_open(&f->s, 1, 0, true, &f->e, &f->c), OK);
	assert_int_equal(verify(f, &r), 0);
}

static void expect_problem(struct fixture *f, long n, const char *words)
{
	struct env_report r;

	assert_int_equal(verify(f, &r), n);
	if (!strstr(problems, words))
		fail_msg("\"%s\" does not say \"%s\"", problems, words);
}

static void verify_finds_what_does_not_fit_together(void **state)
{
	struct fixture *f = *state;
	struct history_entry h = { .at_ms = 1 };

	fill(f);
	assert_int_equal(env_deadline_put(f->e, 7, S("anna")), OK);
	expect_problem(f, 1, "not armed for it");
	env_abort(f->e);
	assert_int_equal(env_deadline_put(f->e, 7, S("carl")), OK);
	expect_problem(f, 1, "its customer is not there");
	env_abort(f->e);
	assert_int_equal(env_deadline_del(f->e, 5, S("anna")), OK);
	expect_problem(f, 1, "armed for a deadline that is not there");
	env_abort(f->e);
	assert_int_equal(env_history_add(f->e, S("carl"), &h, 5), OK);
	expect_problem(f, 1, "its customer is not there");
	env_abort(f->e);
	assert_int_equal(env_trail_put(f->e, 1, 2, (struct span[]){ S("row") }, 1), OK);
	expect_problem(f, 2, "its number is none that was given");
	env_abort(f->e);
	env_meta(f->e)->customers++;
	expect_problem(f, 1, "customers by the meta record are 3, and should be 2");
	env_abort(f->e);
	env_meta(f->e)->outbox_last++;
	expect_problem(f, 1, "notifications by the meta record are 5, and should be 4");
	env_abort(f->e);
	env_meta(f->e)->lifecycle_version = 2;
	expect_problem(f, 1, "the version in force is not there");
	env_abort(f->e);
	expect_problem(f, 0, "");
}

static void verify_finds_a_flipped_bit_in_each_table(void **state)
{
	struct fixture *f = *state;
	static const struct { const char *table; struct span key; } rows[] = {
		{ "settings", { (const uint8_t *)"x", 1 } },
		{ "names", { (const uint8_t *)"nstage", 6 } },
		{ "names", { (const uint8_t *)"i\0\1", 3 } },
		{ "lifecycles", { (const uint8_t *)"\0\0\0\1", 4 } },
		{ "sources", { (const uint8_t *)"till", 4 } },
		{ "customers", { (const uint8_t *)"bob", 3 } },
		{ "deadlines", { (const uint8_t *)"\0\0\0\0\0\0\0\5" "anna", 12 } },
		{ "guard0", { (const uint8_t *)"\0\0\0\1" "76", 6 } },
		{ "blocks0", { (const uint8_t *)"\0\0\0\1\0\2" "77", 8 } },
		{ "blocks1", { (const uint8_t *)"\0\0\0\2\0\2" "78", 8 } },
		{ "outbox", { (const uint8_t *)"\0\0\0\0\0\0\0\3", 8 } },
		{ "history", { (const uint8_t *)"anna", 4 } },
		{ "subscriptions", { (const uint8_t *)"crm", 3 } },
	};
	struct env_report r;

	fill(f);
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		flip(f, rows[i].table, rows[i].key, i);
		assert_true(verify(f, &r) >= 1);
		if (!strstr(problems, rows[i].table) || !strstr(problems, "checksum does not match"))
			fail_msg("%s: \"%s\"", rows[i].table, problems);
		flip(f, rows[i].table, rows[i].key, i);
		assert_int_equal(verify(f, &r), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_flipped_bit_of_a_record_is_noticed),
		T(a_value_under_another_key_is_noticed),
		T(a_dump_shows_every_row_of_the_transaction),
		T(a_sound_environment_has_no_problems),
		T(verify_finds_what_does_not_fit_together),
		T(verify_finds_a_flipped_bit_in_each_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
