/* SPDX-License-Identifier: Apache-2.0 */
/* The kith tool: options, help, numbers and tables for people. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ctl/merge.h"
#include "ctl/options.h"
#include "ctl/start.h"
#include "ctl/table.h"
#include "ctl/text.h"
#include "ctl/verb.h"

struct sample {
	bool fast, wide;
	const char *name;
	int64_t number, wait_ms;
	int colour;
};

static const struct option_def sample_options[] = {
	{ OPTION_FLAG, "fast", 'f', NULL, "", offsetof(struct sample, fast) },
	{ OPTION_FLAG, "wide", 0, NULL, "", offsetof(struct sample, wide) },
	{ OPTION_TEXT, "name", 'n', "NAME", "", offsetof(struct sample, name) },
	{ OPTION_NUMBER, "number", 'N', "N", "", offsetof(struct sample, number), 1, 9 },
	{ OPTION_SECONDS, "wait", 'w', "SECONDS", "", offsetof(struct sample, wait_ms) },
	{ OPTION_CHOICE, "colour", 'c', "red|green|blue", "", offsetof(struct sample, colour) },
	{ OPTION_END },
};

static int parse(struct sample *s, int *first, struct complaint *c, const char *line)
{
	static char copy[256];
	static char *argv[16];
	char *save = NULL;
	int argc = 1;

	snprintf(copy, sizeof copy, "%s", line);
	argv[0] = copy + 200;
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	argv[argc] = NULL;
	return options_parse(sample_options, s, argc, argv, first, c);
}

static void options_fill_their_settings_and_leave_operands(void **state)
{
	struct sample s = { .wide = true };
	struct complaint c = { 0 };
	int first;

	(void)state;
	assert_int_equal(parse(&s, &first, &c, "-f in --name=anna --number 7 -w 0.25 -c blue --no-wide out"),
		0);
	assert_true(s.fast);
	assert_false(s.wide);
	assert_string_equal(s.name, "anna");
	assert_int_equal(s.number, 7);
	assert_int_equal(s.wait_ms, 250);
	assert_int_equal(s.colour, 2);
	assert_int_equal(first, 10); /* "in" and "out" have been moved to the end */
}

static void bad_options_are_refused_with_what_was_expected(void **state)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
		{ "--nmae x", "unknown or ambiguous option \"--nmae\"" },
		{ "--nam x", "unknown option \"--nam\"; options are written in full" },
		{ "--nam=x", "unknown option \"--nam=x\"" },
		{ "--fas", "unknown option \"--fas\"" },
		{ "in --no-wid", "unknown option \"--no-wid\"" },
		{ "--he", "unknown option \"--he\"" },
		{ "--name", "option \"--name\" wants a value" },
		{ "--number 10", "--number takes a whole number from 1 to 9, not \"10\"" },
		{ "--number 3x", "--number takes a whole number from 1 to 9, not \"3x\"" },
		{ "--number 99999999999999999999", "--number takes a whole number from 1 to 9" },
		{ "--wait soon", "--wait takes a number of seconds, not \"soon\"" },
		{ "--wait -1", "--wait takes a number of seconds, not \"-1\"" },
		{ "--wait nan", "--wait takes a number of seconds, not \"nan\"" },
		{ "--colour re", "--colour takes one of red|green|blue, not \"re\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct sample s = { 0 };
		struct complaint c = { 0 };
		int first;

		assert_int_equal(parse(&s, &first, &c, cases[i].line), ERR_INVALID);
		assert_non_null(strstr(c.text, cases[i].says));
	}
}

static void help_is_asked_for_in_two_ways(void **state)
{
	struct sample s = { 0 };
	struct complaint c = { 0 };
	int first;

	(void)state;
	assert_int_equal(parse(&s, &first, &c, "--help"), ERR_CLOSED);
	assert_int_equal(parse(&s, &first, &c, "-h"), ERR_CLOSED);
}

static void every_verb_has_help_one_can_learn_from(void **state)
{
	(void)state;
	for (const struct verb *const *v = verbs; *v; v++) {
		char *text = NULL;
		size_t size;
		FILE *f = open_memstream(&text, &size);

		verb_help(*v, f);
		fclose(f);
		assert_ptr_equal(verb_find((*v)->name), *v);
		assert_true((*v)->settings_size <= VERB_SETTINGS_MAX);
		assert_non_null(strstr(text, "usage: kith "));
		assert_non_null(strstr(text, "--help"));
		assert_non_null(strstr(text, "Examples\n  "));
		assert_non_null(strstr(text, "Exit codes\n  0"));
		free(text);
	}
	assert_null(verb_find("sned"));
}

static void money_is_shown_as_the_store_writes_it(void **state)
{
	char t[TEXT_MAX];

	(void)state;
	text_money_is(0, "¥");
	assert_string_equal(text_money(123456, t), "¥ 123 456");
	text_money_is(3, "KWD");
	assert_string_equal(text_money(-1234500, t), "KWD -1 234.500");
	assert_string_equal(text_value(1500, "money", t), "KWD 1.500");
	text_money_is(4, "fifteen bytes..");
	assert_string_equal(text_money(1e17, t), "fifteen bytes.. 10 000 000 000 000.0000");
	text_money_is(2, "");
	assert_string_equal(text_money(-1, t), "-0.01");
}

static void numbers_are_shown_as_people_read_them(void **state)
{
	char t[TEXT_MAX];

	(void)state;
	assert_string_equal(text_duration(45 * 86400000.0 + 3 * 3600000.0, t), "45d 3h");
	assert_string_equal(text_duration(86400000.0, t), "1d");
	assert_string_equal(text_duration(3 * 3600000.0 + 5 * 60000.0, t), "3h 5m");
	assert_string_equal(text_duration(61000, t), "1m 1s");
	assert_string_equal(text_duration(0, t), "0s");
	assert_string_equal(text_duration(250, t), "250ms");
	assert_string_equal(text_duration(-86400000.0, t), "-1d");
	assert_string_equal(text_money(1200, t), "12.00");
	assert_string_equal(text_money(-123456789, t), "-1 234 567.89");
	assert_string_equal(text_count(1234567, t), "1 234 567");
	assert_string_equal(text_count(-123, t), "-123");
	assert_string_equal(text_bytes(1536, t), "1.5 KiB");
	assert_string_equal(text_value(0.5, "ratio", t), "50.0 %");
	assert_string_equal(text_value(1, "flag", t), "yes");
	assert_string_equal(text_value(3, "count", t), "3");
}

static void table_columns_are_as_wide_as_they_need(void **state)
{
	static const char *const heads[] = { "<name", ">n", "<note" };
	char *text = NULL;
	struct table t;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	table_init(&t, heads, 3);
	table_add(&t, "猜想顾客");
	table_add(&t, "%d", 7);
	table_add(&t, "%s", "");
	table_add(&t, "a");
	table_add(&t, "%d", 1234);
	table_add(&t, "x");
	table_print(&t, 2, f);
	table_fini(&t);
	fclose(f);
	assert_string_equal(text, "  name         n  note\n  猜想顾客     7\n  a         1234  x\n");
	free(text);
}

static void where_to_begin_is_read_in_the_ways_people_write_it(void **state)
{
	static struct start s;
	struct complaint c = { 0 };
	static const char *const wrong[] = { "", "yesterday", "2h3", "h", "3-", "-7", "3-0", "999-1",
		"3-7,", "0-1,x", "2026-13-01", "1-2-3" };

	(void)state;
	assert_int_equal(start_parse("oldest", "from", &s, &c), 0);
	assert_int_equal(s.kind, START_OLDEST);
	assert_int_equal(start_parse("newest", "from", &s, &c), 0);
	assert_int_equal(s.kind, START_NEWEST);
	assert_int_equal(start_parse("2026-01-02", "from", &s, &c), 0);
	assert_int_equal(s.kind, START_TIME);
	assert_int_equal(s.ms, 1767312000000);
	assert_int_equal(s.n, 0);
	assert_int_equal(start_parse("1767312000001", "from", &s, &c), 0);
	assert_int_equal(s.ms, 1767312000001);
	assert_int_equal(start_parse("90m", "from", &s, &c), 0);
	assert_int_equal(s.kind, START_AGO);
	assert_int_equal(s.ms, 5400000);
	assert_int_equal(start_parse("3-1042,0-1", "from", &s, &c), 0);
	assert_int_equal(s.kind, START_IDS);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.behind[0].shard, 3);
	assert_int_equal(s.behind[0].sequence, 1041);
	assert_int_equal(s.behind[1].sequence, 0);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_int_equal(start_parse(wrong[i], "from", &s, &c), ERR_INVALID);
	assert_non_null(strstr(c.text, "--from: expected a time"));
}

static void add_line(struct merge *m, uint32_t shard, int64_t time_ms, const char *text)
{
	struct merge_line line = { .shard = shard, .time_ms = time_ms, .text = strdup(text) };

	assert_int_equal(merge_add(m, &line), 0);
}

static void assert_taken(struct merge *m, const char *text)
{
	struct merge_line *l = merge_take(m);

	assert_true(!text == !l);
	if (!l)
		return;
	assert_string_equal(l->text, text);
	free(l->text);
	free(l);
}

static void lines_of_shards_merge_by_time_and_wait_for_who_may_still_be_earlier(void **state)
{
	static struct merge m;

	(void)state;
	merge_init(&m, 3);
	add_line(&m, 0, 10, "a");
	add_line(&m, 0, 30, "d");
	add_line(&m, 2, 20, "c");
	assert_taken(&m, NULL); /* shard 1 may have an earlier one */
	add_line(&m, 1, 15, "b");
	assert_taken(&m, "a");
	assert_taken(&m, "b");
	assert_taken(&m, NULL);
	merge_over(&m, 1);
	assert_taken(&m, "c");
	assert_taken(&m, NULL);
	merge_over(&m, 2);
	assert_taken(&m, "d");
	assert_false(merge_is_over(&m));
	merge_over(&m, 0);
	assert_true(merge_is_over(&m));
	add_line(&m, 0, 1, "never taken");
	merge_fini(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_fill_their_settings_and_leave_operands),
		cmocka_unit_test(bad_options_are_refused_with_what_was_expected),
		cmocka_unit_test(help_is_asked_for_in_two_ways),
		cmocka_unit_test(every_verb_has_help_one_can_learn_from),
		cmocka_unit_test(numbers_are_shown_as_people_read_them),
		cmocka_unit_test(money_is_shown_as_the_store_writes_it),
		cmocka_unit_test(table_columns_are_as_wide_as_they_need),
		cmocka_unit_test(where_to_begin_is_read_in_the_ways_people_write_it),
		cmocka_unit_test(lines_of_shards_merge_by_time_and_wait_for_who_may_still_be_earlier),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
