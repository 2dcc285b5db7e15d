/* SPDX-License-Identifier: Apache-2.0 */
/* Env's rows on disk, byte for byte: what was written by each released version must still be
 * written and read. tests/golden/shard-v1/rows.txt holds "table key value" in hex, a row a line
 * (LMDB's own file depends on page size and machine, so it is no golden file).
 * UPDATE_GOLDEN=1 writes it anew: for a new version only. */
#define _GNU_SOURCE /* nftw() */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/stat.h>
#include "tests/unit/env_fixture.h"

#define GOLDEN "tests/golden/shard-v1/rows.txt"
#define S(text) span_str(text)

static const struct history_entry changes[] = {
	{ .at_ms = 1767225600000, .outbox_sequence = 2, .type = 1, .from = 2, .to = 3, .kind = 0 },
	{ .at_ms = -1, .outbox_sequence = 0, .type = 300, .from = 0, .to = 65535, .kind = 3 },
};

static void fill(struct env *e)
{
	struct env_meta *m = env_meta(e);
	uint8_t record[8] = { 0, 1, 2, 3, 0xfc, 0xfd, 0xfe, 0xff };
	uint64_t sequence;
	uint32_t trail;

	assert_int_equal(env_setting_put(e, "sweep", S("cursor")), OK);
	assert_int_equal(env_name_number(e, S("stage.repeat")), 1);
	assert_int_equal(env_name_number(e, S("first_time")), 2);
	assert_int_equal(env_name_number(e, S("repeat")), 3);
	assert_int_equal(env_lifecycle_put(e, 1, 1767225600000, S("ladder stage { }\n")), OK);
	assert_int_equal(env_customer_put(e, S("anna"), span_of(record, 8), true), OK);
	assert_int_equal(env_customer_put(e, S("zoë"), S(""), true), OK);
	assert_int_equal(env_deadline_put(e, 1767225600000, S("anna")), OK);
	assert_int_equal(env_guard_rotate(e, 1000, 500), OK);
	assert_int_equal(env_guard_id(e, S("till-7"), S("41"), 0xdeadbeef), OK);
	assert_int_equal(env_guard_rotate(e, 1500, 500), OK);
	assert_int_equal(env_guard_id(e, S("shop"), S("o-10"), 7), OK);
	assert_int_equal(env_guard_id(e, S("shop"), S("o-19"), 8), OK);
	assert_int_equal(env_guard_id(e, S("shop"), S("o-12"), 9), OK);
	assert_int_equal(env_guard_id(e, S("shop"), S("o-09"), 10), OK); /* below the block */
	assert_int_equal(env_guard_sequence(e, S("shop"), 0x0102030405060708), OK);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(env_outbox_add(e, 1767225600000 + i, S("encoded"), &sequence), OK);
	assert_int_equal(trim(e, 2, 0, 9), OK);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(env_history_add(e, S("anna"), &changes[i], 8), OK);
	assert_int_equal(env_subscription_put(e, S("crm"), S("record")), OK);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(env_message_add(e, S("message"), &sequence), OK);
	assert_int_equal(env_messages_done(e, 1), OK);
	assert_int_equal(env_held_put(e, 0x0102, S("anna"), &(struct held){ .why = 1, .rule = 3,
		.from = 4, .at_ms = 1767225600000, .until_ms = 1767225600001 }), OK);
	assert_int_equal(env_letter_put(e, S("crm"), 9, S("letter")), OK);
	assert_int_equal(env_follow_up_put(e, 7, S("anna"), S("follow")), OK);
	assert_int_equal(env_health_put(e, S("wtill-7"), S("record")), OK);
	for (uint32_t generation = 2; generation <= 3; generation++)
		assert_int_equal(env_trail_add(e, generation,
			(struct span[]){ S("row "), S("of pieces") }, 2, &trail), OK);
	m->position = 42;
	m->clock_ms = 1767225600003;
	m->lifecycle_version = 1;
	m->accepted = 10;
	m->duplicates = 2;
	m->conflicts = 1;
	assert_int_equal(env_commit(e), OK);
}

static void put_hex(FILE *f, struct span s)
{
	for (size_t i = 0; i < s.size; i++)
		fprintf(f, "%02x", s.data[i]);
}

static int put_row(void *arg, const char *table, struct span key, struct span value)
{
	FILE *f = arg;

	fprintf(f, "%s ", table);
	put_hex(f, key);
	fputc(' ', f);
	put_hex(f, value);
	fputc('\n', f);
	return OK;
}

static char *dump(struct env *e)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	assert_int_equal(env_dump(e, put_row, f), OK);
	assert_int_equal(fclose(f), 0);
	return text;
}

static char *golden(void)
{
	static char text[16384];
	FILE *f = fopen(GOLDEN, "r");

	assert_non_null(f);
	text[fread(text, 1, sizeof text - 1, f)] = '\0';
	fclose(f);
	return text;
}

static void todays_code_writes_the_golden_rows(void **state)
{
	struct fixture *f = *state;
	char *text;

	fill(f->e);
	text = dump(f->e);
	if (getenv("UPDATE_GOLDEN")) {
		FILE *out = fopen(GOLDEN, "w");

		assert_non_null(out);
		fputs(text, out);
		fclose(out);
	}
	assert_string_equal(text, golden());
	free(text);
}

static size_t from_hex(const char *hex, uint8_t *out)
{
	size_t n = 0;
	unsigned byte;

	for (; sscanf(hex + 2 * n, "%2x", &byte) == 1; n++)
		out[n] = (uint8_t)byte;
	return n;
}

/* An environment made of the golden rows alone, by LMDB alone. */
static void load_golden(const char *dir)
{
	char *line, *rest = golden(), table[32], key_hex[1024], value_hex[8192];
	uint8_t key[512], value[4096];
	static const char *const tables[] = { "meta", "settings", "names", "lifecycles", "sources",
		"customers", "deadlines", "guard0", "guard1", "outbox", "history", "subscriptions",
		"messages", "held", "follow_ups", "letters", "health", "members", "trails0", "trails1",
		"blocks0", "blocks1" };

	assert_int_equal(mkdir(dir, 0750), 0);
	for (unsigned t = 0; t < sizeof tables / sizeof *tables; t++) { /* empty ones have no rows */
		struct raw r = raw_open(dir, tables[t]);

		raw_close(&r);
	}
	while ((line = strsep(&rest, "\n")) && *line) {
		value_hex[0] = '\0';
		assert_true(sscanf(line, "%31s %1023s %8191s", table, key_hex, value_hex) >= 2);
		struct raw r = raw_open(dir, table);
		MDB_val k = { from_hex(key_hex, key), key }, v = { from_hex(value_hex, value), value };

		assert_int_equal(mdb_put(r.txn, r.dbi, &k, &v, 0), 0);
		raw_close(&r);
	}
}

static void assert_span(struct span s, const char *text)
{
	assert_int_equal(s.size, strlen(text));
	assert_memory_equal(s.data, text, s.size);
}

static void told(void *arg, const char *text)
{
	(void)arg;
	print_error("%s\n", text);
}

static void check_meta(struct env *e)
{
	const struct env_meta *m = env_meta(e);

	assert_int_equal(m->position, 42);
	assert_int_equal(m->clock_ms, 1767225600003);
	assert_int_equal(m->lifecycle_version, 1);
	assert_int_equal(m->outbox_first, 2);
	assert_int_equal(m->outbox_last, 3);
	assert_int_equal(m->outbox_bytes, 14);
	assert_int_equal(m->messages_first, 2);
	assert_int_equal(m->messages_last, 3);
	assert_int_equal(m->customers, 2);
	assert_int_equal(m->accepted, 10);
	assert_int_equal(m->duplicates, 2);
	assert_int_equal(m->conflicts, 1);
	assert_int_equal(m->guard_since_ms, 1500);
	assert_int_equal(m->guard_current, 1);
}

static void check_rows(struct env *e)
{
	struct held held;
	struct span got, key;
	uint16_t type;
	int64_t ms;
	uint8_t id[128];
	size_t size;

	assert_int_equal(env_message_get(e, 1, &got), ERR_NOTFOUND);
	assert_int_equal(env_message_get(e, 2, &got), OK);
	assert_span(got, "message");
	assert_int_equal(env_setting_get(e, "sweep", &got), OK);
	assert_span(got, "cursor");
	assert_span(env_name(e, 2), "first_time");
	assert_int_equal(env_lifecycle_get(e, 1, &ms, &got), OK);
	assert_int_equal(ms, 1767225600000);
	assert_span(got, "ladder stage { }\n");
	assert_int_equal(env_follow_up_get(e, 7, S("anna"), &got), OK);
	assert_span(got, "follow");
	assert_int_equal(env_held_get(e, 0x0102, S("anna"), &held), OK);
	assert_int_equal(held.why, 1);
	assert_int_equal(held.rule, 3);
	assert_int_equal(held.from, 4);
	assert_int_equal(held.at_ms, 1767225600000);
	assert_int_equal(held.until_ms, 1767225600001);
	assert_int_equal(env_held_next(e, 0x0102, span_of(NULL, 0), &got, &held), OK);
	assert_span(got, "anna");
	assert_int_equal(env_held_next(e, 0x0101, span_of(NULL, 0), &got, &held), ERR_NOTFOUND);
	assert_int_equal(env_held_walk(e, 0, span_of(NULL, 0), &type, &got, &held), OK);
	assert_int_equal(type, 0x0102);
	assert_int_equal(env_held_walk(e, type, got, &type, &got, &held), ERR_NOTFOUND);
	assert_int_equal(env_health_next(e, S("w"), &key, &got), OK);
	assert_span(key, "wtill-7");
	assert_span(got, "record");
	assert_int_equal(env_health_next(e, S("wtill-7"), &key, &got), ERR_NOTFOUND);
	assert_int_equal(env_customer_get(e, S("anna"), &got), OK);
	assert_int_equal(got.size, 8);
	assert_int_equal(got.data[7], 0xff);
	assert_int_equal(env_customer_get(e, S("zoë"), &got), OK);
	assert_int_equal(env_deadline_first(e, &ms, id, &size), OK);
	assert_int_equal(ms, 1767225600000);
	assert_span(span_of(id, size), "anna");
	assert_int_equal(env_outbox_get(e, 2, &ms, &got), OK);
	assert_int_equal(ms, 1767225600001);
	assert_span(got, "encoded");
	assert_int_equal(env_subscription_get(e, S("crm"), &got), OK);
	assert_span(got, "record");
}

static void check_history(struct env *e)
{
	struct history_entry got[8];

	assert_int_equal(env_history_get(e, S("anna"), got, 8), 2);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(got[i].at_ms, changes[i].at_ms);
		assert_int_equal(got[i].outbox_sequence, changes[i].outbox_sequence);
		assert_int_equal(got[i].type, changes[i].type);
		assert_int_equal(got[i].from, changes[i].from);
		assert_int_equal(got[i].to, changes[i].to);
		assert_int_equal(got[i].kind, changes[i].kind);
	}
}

static void check_guard(struct env *e)
{
	assert_int_equal(env_guard_id(e, S("till-7"), S("41"), 0xdeadbeef), ERR_EXISTS);
	assert_int_equal(env_guard_id(e, S("till-7"), S("41"), 1), ERR_INVALID);
	assert_int_equal(env_guard_id(e, S("shop"), S("o-10"), 7), ERR_EXISTS);
	assert_int_equal(env_guard_id(e, S("shop"), S("o-19"), 8), ERR_EXISTS);
	assert_int_equal(env_guard_id(e, S("shop"), S("o-12"), 9), ERR_EXISTS);
	assert_int_equal(env_guard_id(e, S("shop"), S("o-09"), 10), ERR_EXISTS);
	assert_int_equal(env_guard_sequence(e, S("shop"), 0x0102030405060708), ERR_EXISTS);
	assert_int_equal(env_guard_sequence(e, S("shop"), 0x0102030405060709), OK);
}

static void todays_code_reads_the_golden_rows(void **state)
{
	struct fixture *f = *state;
	char dir[4096], *text;
	struct env_report r;

	store_shard_dir(&f->s, 1, dir);
	env_close(f->e);
	f->e = NULL;
	fixture_remove_dir(dir);
	load_golden(dir);
	fixture_open(f, FIXTURE_MAP);
	text = dump(f->e);
	assert_string_equal(text, golden());
	free(text);
	assert_int_equal(env_verify(f->e, &r, told, NULL, NULL), 0);
	check_meta(f->e);
	check_rows(f->e);
	check_history(f->e);
	check_guard(f->e);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(todays_code_writes_the_golden_rows),
		T(todays_code_reads_the_golden_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
