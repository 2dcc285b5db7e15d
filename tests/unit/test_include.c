/* SPDX-License-Identifier: Apache-2.0 */
/* Lifecycle files in parts: constants, and files that include others. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "lifecycle/include.h"
#include "lifecycle/standing.h"

#define DAY INT64_C(86400000)

/* Files by their paths; the last one has no path. */
struct entry {
	const char *path, *text;
};

static int read_entry(void *arg, const char *path, struct buf *out, struct complaint *c)
{
	for (const struct entry *e = arg; e->path; e++)
		if (strcmp(e->path, path) == 0) {
			buf_add_str(out, e->text);
			return 0;
		}
	return complain(c, ERR_NOTFOUND, "cannot be read: no %s", path);
}

static int flatten(const char *text, const struct entry *files, struct buf *out,
	struct complaint *c)
{
	struct include_reader r = { read_entry, (void *)(uintptr_t)files };

	return include_flatten(&r, span_str(text), out, c);
}

static int compile_flat(const char *text, const struct entry *files, struct machine **ret_machine,
	struct complaint *c)
{
	struct buf flat = { 0 };
	int rc = flatten(text, files, &flat, c);

	*ret_machine = NULL;
	if (rc == 0)
		rc = machine_compile((const char *)flat.data, flat.size, ret_machine, c);
	buf_fini(&flat);
	return rc;
}

static struct machine *compile(const char *text, const struct entry *files)
{
	struct complaint c = { 0 };
	struct machine *m = NULL;

	if (compile_flat(text, files, &m, &c) != 0)
		fail_msg("%s:%d:%d: %s", c.file, c.line, c.column, c.text);
	return m;
}

static void assert_refused(const char *text, const struct entry *files, const char *file, int line,
	int column, const char *why)
{
	struct complaint c = { 0 };
	struct machine *m;

	if (compile_flat(text, files, &m, &c) == 0)
		fail_msg("accepted: %s", text);
	if (strcmp(c.file, file) != 0 || c.line != line || c.column != column ||
	    strcmp(c.text, why) != 0)
		fail_msg("%s\nsays     %s:%d:%d: %s\nexpected %s:%d:%d: %s", text, c.file, c.line,
			c.column, c.text, file, line, column, why);
}

static const struct entry none[] = { { 0 } };

static void a_constant_stands_wherever_its_number_may(void **state)
{
	struct machine *m = compile("let regular = 45d\n"
		"let lost = regular   let half = 50%  let three = 3\n"
		"rhythm { alpha regular  floor half }\n"
		"risk a when silence > regular or silence > three * usual_gap\n"
		"risk b when active(lost) < half and purchases >= three\n", none);

	(void)state;
	assert_true(m->tests[0].number == 45.0 * DAY);
	assert_true(m->tests[1].number == 3);
	assert_true(m->tests[2].window_ms == 45.0 * DAY && m->tests[2].number == .5);
	assert_true(m->tests[3].number == 3);
	assert_true(m->rhythm.alpha == 45.0 * DAY && m->rhythm.floor == .5);
	machine_free(m);
}

static void evidence_shows_the_number_and_not_the_name(void **state)
{
	struct machine *m = compile("let regular = 45d let high = 1\n"
		"risk a when silence   > regular or role in (agent)", none);

	(void)state;
	assert_true(span_eq(m->tests[0].text, span_str("silence > 45d")));
	assert_true(span_eq(m->tests[1].text, span_str("role in (agent)")));
	machine_free(m);
}

static void complaints_about_constants_name_the_place(void **state)
{
	(void)state;
	assert_refused("let x = 45d risk a when purchases > x", none, "", 1, 37,
		"expected a plain number, found x, which is 45d");
	assert_refused("let x", none, "", 1, 6,
		"expected = after the name of the constant, found the end of the file");
	assert_refused("let x = y", none, "", 1, 9,
		"expected a number such as 45d, 20% or 5000, found y");
	assert_refused("let spent = 5", none, "", 1, 5,
		"spent is a quantity and cannot name a constant");
	assert_refused("let in = 5", none, "", 1, 5,
		"in is a word of the language and cannot name a constant");
	assert_refused("let x = 5\nlet x = 6", none, "", 2, 5, "x is a constant already, in line 1");
	assert_refused("let x = 5\nladder x { a }", none, "", 2, 8,
		"x is a constant already, in line 1");
	assert_refused("let regular = 5d risk a when silence > regulra", none, "", 1, 40,
		"expected a duration such as 45d, or a constant quantity, found regulra; did you mean "
		"regular?");
}

static const struct entry parts[] = {
	{ "parts/rungs.lc", "# \xc3\xa9\nladder stage {\n new\n old when purchases >= many\n}\n"
		"include \"deep/risks.lc\" # and on\nrisk last when stage = old\n" },
	{ "parts/deep/risks.lc", "\xef\xbb\xbfrisk big when spent > 5" },
	{ "wrong.lc", "risk a when need\n\n  risk b when spent > 5d" },
	{ "bad.lc", "risk a when need $" },
	{ "self.lc", "include \"self.lc\"" },
	{ "a.lc", "risk a when need\ninclude \"b.lc\"" },
	{ "b.lc", "\ninclude \"a.lc\"" },
	{ 0 },
};

static void an_included_file_stands_where_it_is_named(void **state)
{
	struct machine *m = compile("let many = 2\ninclude \"parts/rungs.lc\" risk x when need", parts);

	(void)state;
	assert_int_equal(m->n_ladders, 1);
	assert_int_equal(m->n_risks, 3);
	assert_true(span_eq(m->risks[0].name, span_str("big")));
	assert_true(span_eq(m->risks[2].name, span_str("x")));
	machine_free(m);
}

static void a_flat_file_compiles_alone_and_flattens_to_itself(void **state)
{
	const char *text = "let many = 2 include \"parts/rungs.lc\"";
	struct buf once = { 0 }, twice = { 0 };
	struct complaint c;
	struct machine *m;

	(void)state;
	assert_int_equal(flatten(text, parts, &once, &c), 0);
	buf_add(&once, "", 1);
	once.size--;
	assert_int_equal(flatten((const char *)once.data, none, &twice, &c), 0);
	assert_true(span_eq(span_of(once.data, once.size), span_of(twice.data, twice.size)));
	assert_int_equal(machine_compile((const char *)once.data, once.size, &m, &c), 0);
	machine_free(m);
	buf_fini(&once);
	buf_fini(&twice);
}

static void a_file_without_includes_is_left_as_it_is(void **state)
{
	const char *text = "\xef\xbb\xbf# include \"x\"\nrisk a play \"include\" when need";
	struct buf flat = { 0 };

	(void)state;
	assert_int_equal(flatten(text, none, &flat, NULL), 0);
	assert_true(span_eq(span_of(flat.data, flat.size), span_str(text)));
	buf_fini(&flat);
}

static void complaints_name_the_file_the_line_and_the_column(void **state)
{
	(void)state;
	assert_refused("include \"wrong.lc\"", parts, "wrong.lc", 3, 23,
		"expected whole minor units such as 5000, found 5d");
	assert_refused("include \"bad.lc\"", parts, "bad.lc", 1, 18, "unexpected character $");
	assert_refused("risk x when need\ninclude \"bad.lc\"\n", parts, "bad.lc", 1, 18,
		"unexpected character $");
	/* what stands behind an include has its own place again, on the same line and below */
	assert_refused("let many = 1\ninclude \"parts/rungs.lc\" riks", parts, "", 2, 26,
		"expected ladder, risk, follow_up, rhythm, season, value, fact, zone, calendar, "
		"source, region, let or include, found riks; did you mean risk?");
	assert_refused("let many = 1\ninclude \"parts/rungs.lc\"\n\n riks", parts, "", 4, 2,
		"expected ladder, risk, follow_up, rhythm, season, value, fact, zone, calendar, "
		"source, region, let or include, found riks; did you mean risk?");
	assert_refused("include \"parts/rungs.lc\"", parts, "parts/rungs.lc", 4, 24,
		"expected a plain number, or a constant quantity, found many");
}

static void the_line_of_a_complaint_is_found_in_the_flat_text(void **state)
{
	struct buf flat = { 0 };
	struct span line;

	(void)state;
	assert_int_equal(flatten("let many = 1\ninclude \"parts/rungs.lc\"\n\nrisk z", parts, &flat,
		NULL), 0);
	line = include_line(span_of(flat.data, flat.size), span_str("parts/rungs.lc"), 4);
	assert_true(span_eq(line, span_str(" old when purchases >= many")));
	line = include_line(span_of(flat.data, flat.size), span_str(""), 4);
	assert_true(span_eq(line, span_str("risk z")));
	assert_int_equal(include_line(span_of(flat.data, flat.size), span_str("x"), 1).size, 0);
	buf_fini(&flat);
}

#define DOWN "a file to include is named from the folder of the file that includes it, without .. " \
	"and not from /"

static void a_path_only_goes_down(void **state)
{
	(void)state;
	assert_refused("include \"../x\"", parts, "", 1, 9, DOWN);
	assert_refused("include \"a/../x\"", parts, "", 1, 9, DOWN);
	assert_refused("include \"/etc/passwd\"", parts, "", 1, 9, DOWN);
	assert_refused("include \"a//b\"", parts, "", 1, 9, DOWN);
	assert_refused("include \".hidden\"", parts, "", 1, 9, DOWN);
	assert_refused("include \"a\\b\"", parts, "", 1, 9, DOWN);
	assert_refused("include \"\"", parts, "", 1, 9, DOWN);
	assert_refused("include \"nix\"", parts, "", 1, 9, "cannot be read: no nix");
	assert_refused("include 5", parts, "", 1, 9,
		"expected a file in quotes after include, found 5");
	assert_refused("ladder l { include \"a.lc\" }", parts, "", 1, 12,
		"include is a word of the language and cannot name a rung");
}

static void circles_and_depths_are_refused(void **state)
{
	static struct entry chain[12];
	static char names[12][8], texts[12][24];

	(void)state;
	assert_refused("include \"self.lc\"", parts, "self.lc", 1, 9,
		"self.lc includes itself, by way of this line");
	assert_refused("include \"a.lc\"", parts, "b.lc", 2, 9,
		"a.lc includes itself, by way of this line");
	for (int i = 0; i < 11; i++) {
		snprintf(names[i], sizeof names[i], "%d", i);
		snprintf(texts[i], sizeof texts[i], "include \"%d\"", i + 1);
		chain[i] = (struct entry){ names[i], texts[i] };
	}
	assert_refused("include \"0\"", chain, "7", 1, 9, "files include each other more than 8 deep");
	chain[7].text = "risk a when need";
	machine_free(compile("include \"0\"", chain));
}

static void files_that_grow_by_including_are_stopped(void **state)
{
	static struct entry files[] = { { "0", NULL }, { "1", NULL }, { "2", NULL }, { "3", NULL },
		{ "4", NULL }, { "5", NULL }, { "6", NULL }, { 0 } };
	static char text[7][8192];
	struct complaint c = { 0 };
	struct machine *m;

	(void)state;
	for (int i = 0; i < 7; i++) {
		for (int k = 0; i < 6 && k < 500; k++)
			snprintf(text[i] + strlen(text[i]), 16, "include \"%d\"\n", i + 1);
		files[i].text = text[i];
	}
	assert_int_equal(compile_flat("include \"0\"", files, &m, &c), ERR_TOOBIG);
	assert_string_equal(c.text,
		"with what it includes a lifecycle file has at most 262144 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_constant_stands_wherever_its_number_may),
		cmocka_unit_test(evidence_shows_the_number_and_not_the_name),
		cmocka_unit_test(complaints_about_constants_name_the_place),
		cmocka_unit_test(an_included_file_stands_where_it_is_named),
		cmocka_unit_test(a_flat_file_compiles_alone_and_flattens_to_itself),
		cmocka_unit_test(a_file_without_includes_is_left_as_it_is),
		cmocka_unit_test(complaints_name_the_file_the_line_and_the_column),
		cmocka_unit_test(the_line_of_a_complaint_is_found_in_the_flat_text),
		cmocka_unit_test(a_path_only_goes_down),
		cmocka_unit_test(circles_and_depths_are_refused),
		cmocka_unit_test(files_that_grow_by_including_are_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
