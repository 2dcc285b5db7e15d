/* SPDX-License-Identifier: Apache-2.0 */
/* The language of lifecycle files: what it accepts, what it means, and what it says when it does
 * not accept. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/hash.h"
#include "lifecycle/standing.h"
#include "tests/unit/compiled.h"

#define DAY INT64_C(86400000)
#define T0  (20000 * DAY)

/* RULE stands in `risk x when RULE`: its first column is 13. */
static void assert_rule_refused(const char *rule, int column, const char *why)
{
	char text[4096];

	snprintf(text, sizeof text, "risk x when %s", rule);
	assert_refused(text, 1, column, why);
}

static struct event event_of(enum body body, int64_t time_ms)
{
	return (struct event){ .body = (uint8_t)body, .time_ms = time_ms };
}

static void buy(struct facts *f, int64_t time_ms, int64_t amount)
{
	struct event e = event_of(BODY_PURCHASE, time_ms);

	e.as.purchase.amount = amount;
	facts_add(f, &e, NULL);
}

/* Whether RULE holds for F at NOW. */
static bool holds(const char *rule, const struct facts *f, int64_t now_ms)
{
	struct verdict v;
	struct machine *m;
	char text[4096];

	snprintf(text, sizeof text, "risk x when %s", rule);
	m = compile(text);
	machine_judge(m, f, now_ms, &v);
	machine_free(m);
	return v.risks == 1;
}

static void assert_text(struct span s, const char *expected)
{
	char got[256];

	snprintf(got, sizeof got, "%.*s", (int)s.size, (const char *)s.data);
	assert_string_equal(got, expected);
}

/* ---- what is accepted */

static void a_file_becomes_ladders_and_risks(void **state)
{
	struct machine *m = compile("# a comment\n"
		"zone \"Europe/London\"\n"
		"ladder stage {\n"
		"  new potential play \"say hello\"\n"
		"  old actual job win_back severity low when purchases >= 1 # why not\n"
		"}\n"
		"ladder mood { fine  sour severity critical when complaints>=2 }\n"
		"risk gone play \"call\" when stage = old and silence > 45d\n");

	(void)state;
	assert_string_equal(m->zone_name, "Europe/London");
	assert_true(m->zone.n > 0);
	assert_int_equal(m->n_ladders, 2);
	assert_int_equal(machine_ladder(m, span_str("mood")), 1);
	assert_int_equal(machine_ladder(m, span_str("moo")), -1);
	assert_true(m->ladders[0].sided);
	assert_false(m->ladders[1].sided);
	assert_int_equal(ladder_rung(&m->ladders[0], span_str("old")), 1);
	assert_int_equal(m->ladders[0].rungs[0].side, SIDE_POTENTIAL);
	assert_int_equal(m->ladders[0].rungs[0].rule, NODE_NONE);
	assert_text(m->ladders[0].rungs[0].play, "say hello");
	assert_text(m->ladders[0].rungs[1].id, "stage.old");
	assert_int_equal(m->ladders[0].rungs[1].side, SIDE_ACTUAL);
	assert_int_equal(m->ladders[0].rungs[1].job, JOB_WIN_BACK);
	assert_int_equal(m->ladders[0].rungs[1].severity, SEVERITY_LOW);
	assert_int_equal(m->ladders[0].rungs[1].line, 5);
	assert_int_equal(m->ladders[1].rungs[1].severity, SEVERITY_CRITICAL);
	assert_int_equal(machine_risk(m, span_str("gone")), 0);
	assert_text(m->risks[0].id, "risk.gone");
	assert_int_equal(m->risks[0].severity, SEVERITY_MEDIUM);
	assert_int_equal(m->tests[0].owner, 0);
	assert_int_equal(m->tests[3].owner, OWNER_RISK);
	assert_text(m->tests[3].text, "silence > 45d");
	assert_true(m->tests[3].moves);
	assert_false(m->tests[2].moves);
	assert_true(m->fingerprint == hash_64(m->text.data, m->text.size, 0));
	machine_free(m);
}

static void the_zone_is_utc_unless_said(void **state)
{
	struct machine *m = compile("risk x when member");

	(void)state;
	assert_string_equal(m->zone_name, "UTC");
	machine_free(m);
}

static void the_text_of_a_test_has_blanks_and_comments_folded(void **state)
{
	struct machine *m = compile("risk x when silence>3*usual_gap\n or role \t in ( agent, # both\r\n"
		"  retailer )");

	(void)state;
	assert_text(m->tests[0].text, "silence>3*usual_gap");
	assert_text(m->tests[1].text, "role in ( agent, retailer )");
	assert_int_equal(m->tests[1].line, 2);
	machine_free(m);
}

static void the_text_of_a_long_test_is_cut(void **state)
{
	char text[1000] = "risk x when role in (agent";
	struct machine *m;

	(void)state;
	for (int i = 0; i < 60; i++)
		strcat(text, ", agent");
	strcat(text, ") or need");
	m = compile(text);
	assert_true(m->tests[0].text.size <= TEST_TEXT_MAX);
	assert_true(m->tests[0].text.size > TEST_TEXT_MAX - 10);
	assert_memory_equal(m->tests[0].text.data + m->tests[0].text.size - 3, "…", 3);
	assert_text(m->tests[1].text, "need");
	machine_free(m);
}

static void windows_line_ends_and_a_byte_order_mark_are_accepted(void **state)
{
	(void)state;
	machine_free(compile("\xef\xbb\xbf" "ladder a {\r\n  x\r\n  y when member\r\n}\r\n"));
	assert_refused("\xef\xbb\xbf" "ladr", 1, 1,
		"expected ladder, risk, follow_up, rhythm, season, value, fact, zone, calendar, "
		"source, region, let or include, found ladr");
}

/* ---- what it means */

static void not_binds_before_and_and_and_before_or(void **state)
{
	struct facts f;

	(void)state;
	facts_init(&f);
	buy(&f, T0, 100); /* purchases = 1; refunds = 0 */
	assert_true(holds("purchases = 1 or refunds = 1 and refunds = 1", &f, T0));
	assert_false(holds("(purchases = 1 or refunds = 1) and refunds = 1", &f, T0));
	assert_true(holds("refunds = 1 and refunds = 1 or purchases = 1", &f, T0));
	assert_false(holds("not purchases = 1 and refunds = 1", &f, T0));
	assert_true(holds("not refunds = 1 and purchases = 1", &f, T0));
	assert_true(holds("not (purchases = 1 and refunds = 1)", &f, T0));
	assert_true(holds("not not purchases = 1", &f, T0));
	assert_true(holds("refunds = 1 or refunds = 2 or purchases = 1", &f, T0));
	assert_false(holds("purchases = 1 and purchases = 1 and refunds = 1", &f, T0));
}

static void the_last_rung_whose_rule_holds_wins(void **state)
{
	struct machine *m = compile("ladder a { none\n one when purchases >= 1\n"
		" two when purchases >= 2\n odd when purchases = 1 and member }");
	struct facts f;
	struct verdict v;

	(void)state;
	facts_init(&f);
	for (int i = 0; i < 3; i++) {
		machine_judge(m, &f, T0, &v);
		assert_int_equal(v.rung[0], i);
		buy(&f, T0, 1);
	}
	machine_free(m);
}

static void units_are_what_they_say(void **state)
{
	struct { const char *text; int64_t ms; } units[] = {
		{ "250ms", 250 }, { "3s", 3000 }, { "2min", 120000 }, { "1.5h", 5400000 },
		{ "45d", 45 * DAY }, { "2w", 14 * DAY }, { "1y", 365 * DAY }, { "0.1d", 8640000 },
	};
	struct facts f;

	(void)state;
	facts_init(&f);
	buy(&f, T0, 100);
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		char rule[64];

		snprintf(rule, sizeof rule, "silence >= %s", units[i].text);
		assert_false(holds(rule, &f, T0 + units[i].ms - 1));
		assert_true(holds(rule, &f, T0 + units[i].ms));
	}
}

static void each_operator_draws_its_own_line(void **state)
{
	static const struct { const char *op; bool below, at, above; } ops[] = {
		{ "<", true, false, false }, { "<=", true, true, false }, { "=", false, true, false },
		{ "!=", true, false, true }, { ">=", false, true, true }, { ">", false, false, true },
	};
	struct facts f;

	(void)state;
	facts_init(&f);
	buy(&f, T0, 100);
	for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
		char rule[64];

		snprintf(rule, sizeof rule, "spent %s 101", ops[i].op);
		assert_int_equal(holds(rule, &f, T0), ops[i].below);
		snprintf(rule, sizeof rule, "spent %s 100", ops[i].op);
		assert_int_equal(holds(rule, &f, T0), ops[i].at);
		snprintf(rule, sizeof rule, "spent %s 99", ops[i].op);
		assert_int_equal(holds(rule, &f, T0), ops[i].above);
	}
}

static void a_percentage_is_a_ratio(void **state)
{
	struct event e = event_of(BODY_REFUND, T0);
	struct facts f;

	(void)state;
	facts_init(&f);
	buy(&f, T0, 1000);
	e.as.refund.amount = 125;
	facts_add(&f, &e, NULL);
	assert_true(holds("refund_share = 12.5%", &f, T0));
	assert_true(holds("refund_share = 0.125", &f, T0));
	assert_true(holds("refunded = 12.5% * spent", &f, T0));
	assert_true(holds("refunded <= 0.125 * spent and net_spent = 875", &f, T0));
	assert_true(holds("net_spent > -1", &f, T0));
	assert_true(holds("refunded < spent", &f, T0));
}

static void what_is_unknown_holds_in_no_comparison(void **state)
{
	struct facts f;

	(void)state;
	facts_init(&f);
	assert_false(holds("silence > 0d", &f, T0));
	assert_false(holds("silence <= 0d", &f, T0));
	assert_true(holds("not silence > 0d", &f, T0));
	assert_false(holds("average_purchase = 0", &f, T0));
	assert_false(holds("average_purchase != 0", &f, T0));
	assert_false(holds("role = agent", &f, T0));
	assert_false(holds("role != agent", &f, T0));
	assert_false(holds("need", &f, T0));
	assert_false(holds("no_need", &f, T0));
	buy(&f, T0, 100); /* one purchase: no usual gap */
	assert_false(holds("silence < 3 * usual_gap", &f, T0));
	assert_false(holds("silence >= 3 * usual_gap", &f, T0 + DAY));
}

static void names_are_compared_by_in_and_equality(void **state)
{
	struct event e = event_of(BODY_PROFILE, T0);
	struct facts f;

	(void)state;
	facts_init(&f);
	e.as.profile.role = ROLE_AGENT;
	facts_add(&f, &e, NULL);
	assert_true(holds("role = agent", &f, T0));
	assert_false(holds("role != agent", &f, T0));
	assert_true(holds("role != retailer", &f, T0));
	assert_true(holds("role in (retailer, agent)", &f, T0));
	assert_false(holds("role in (retailer, wholesaler)", &f, T0));
	assert_true(holds("not role in (retailer, wholesaler)", &f, T0));
}

static void a_rule_reads_ladders_declared_before(void **state)
{
	struct machine *m = compile("ladder a { x\n y when purchases >= 1 }\n"
		"ladder b { p\n q when a = y\n r when a != x and purchases >= 2 }\n"
		"risk z when b in (q, r) and not a = x");
	struct facts f;
	struct verdict v;

	(void)state;
	facts_init(&f);
	machine_judge(m, &f, T0, &v);
	assert_int_equal(v.rung[1], 0);
	assert_int_equal(v.risks, 0);
	buy(&f, T0, 1);
	machine_judge(m, &f, T0, &v);
	assert_int_equal(v.rung[1], 1);
	buy(&f, T0, 1);
	machine_judge(m, &f, T0, &v);
	assert_int_equal(v.rung[1], 2);
	assert_int_equal(v.risks, 1);
	machine_free(m);
}

static void the_rhythm_is_read_wherever_it_stands_and_has_defaults(void **state)
{
	struct machine *m = compile("risk a when active < 20%\nrisk b when active(2w) < 20%\n"
		"rhythm { alpha 30d window 1w\n a 0 }");
	struct machine *none = compile("risk a when need");

	(void)state;
	assert_true(m->rhythm.r == 0.85 && m->rhythm.alpha == 30.0 * DAY && m->rhythm.a == 0);
	assert_true(m->rhythm.b == 1 && m->rhythm.floor == 0.02 && m->rhythm.window == 7.0 * DAY);
	assert_ptr_equal(m->tests[0].rhythm, &m->rhythm);
	assert_true(m->tests[0].window_ms == 0 && m->tests[1].window_ms == 14.0 * DAY);
	assert_true(span_eq(m->tests[1].text, span_str("active(2w) < 20%")));
	assert_true(none->rhythm.alpha == 45.0 * DAY && none->rhythm.a == 0.6);
	assert_true(none->rhythm.window == 60.0 * DAY);
	machine_free(none);
	machine_free(m);
}

/* ---- what it says */

static void complaints_about_declarations_name_the_place(void **state)
{
	(void)state;
	assert_refused("", 1, 1, "expected a ladder or a risk, found the end of the file");
	assert_refused("zone \"UTC\"\n", 2, 1,
		"expected a ladder or a risk, found the end of the file");
	assert_refused("\n  lader x {}", 2, 3,
		"expected ladder, risk, follow_up, rhythm, season, value, fact, zone, calendar, "
		"source, region, let or include, found lader; did you mean ladder?");
	assert_refused("risk x when member\nzone UTC", 2, 6,
		"expected a time zone in quotes such as \"Europe/London\", found UTC");
	assert_refused("zone \"UTC\" zone \"UTC\"", 1, 12, "the zone is set already, in line 1");
	assert_refused("zone \"Europe/Lundon\"", 1, 6,
		"time zone \"Europe/Lundon\" is not known to this system; write an IANA name such "
		"as \"Europe/London\", or install tzdata");
	assert_refused("ladder 7 {", 1, 8, "expected a name for the ladder, found 7");
	assert_refused("ladder when {", 1, 8,
		"when is a word of the language and cannot name a ladder");
	assert_refused("ladder Stage {", 1, 8, "names are written in lower case, found Stage");
	assert_refused("ladder silence {", 1, 8, "silence is a quantity and cannot name a ladder");
	assert_refused("ladder customer {", 1, 8,
		"customer is a word kept for notifications and cannot name a ladder");
	assert_refused("ladder a { x }\nladder a { y }", 2, 8, "ladder a exists already");
	assert_refused("ladder a x", 1, 10, "expected { after the name of the ladder, found x");
	assert_refused("ladder a { }", 1, 8, "ladder a has no rung");
	assert_refused("ladder a {\n x\n", 3, 1,
		"expected the name of a rung, or }, found the end of the file");
	assert_refused("risk aaaaaaaaaabbbbbbbbbbccccccccccddddddddddx when need", 1, 6,
		"a name has at most 40 letters, this one has 41");
}

static void complaints_about_the_rhythm_name_the_place(void **state)
{
	(void)state;
	assert_refused("rhythm r 1", 1, 8, "expected { after rhythm, found r");
	assert_refused("rhythm by role { }", 1, 8, "expected { after rhythm, found by");
	assert_refused("rhythm { alhpa 3d }", 1, 10,
		"expected r, alpha, a, b, floor, window or }, found alhpa; did you mean alpha?");
	assert_refused("rhythm { r 0 }", 1, 12, "expected a number from 0.0001 to 10000, found 0");
	assert_refused("rhythm { a -1 }", 1, 12, "expected a number from 0 to 10000, found -1");
	assert_refused("rhythm { b 10000.5 }", 1, 12,
		"expected a number from 0.0001 to 10000, found 10000.5");
	assert_refused("rhythm { b 12345678901234567 }", 1, 12,
		"a number has at most 15 digits, found 12345678901234567");
	assert_refused("rhythm { r 20% }", 1, 12,
		"expected a number from 0.0001 to 10000, found 20%");
	assert_refused("rhythm { alpha 45 }", 1, 16, "expected a duration from 1h to 100y, found 45");
	assert_refused("rhythm { alpha 101y }", 1, 16,
		"expected a duration from 1h to 100y, found 101y");
	assert_refused("rhythm { window }", 1, 17, "expected a duration from 1h to 100y, found }");
	assert_refused("rhythm { floor 101% }", 1, 16,
		"expected a ratio from 0% to 100%, found 101%");
	assert_refused("rhythm { r 1 r 1 }", 1, 14, "r is given twice");
	assert_refused("rhythm { }\nrhythm { }", 2, 1, "the rhythm is set already, in line 1");
	assert_refused("rhythm { r 1", 1, 13,
		"expected r, alpha, a, b, floor, window or }, found the end of the file");
}

static void complaints_about_rungs_name_the_place(void **state)
{
	(void)state;
	assert_refused("ladder a {\n x\n x when need }", 3, 2, "rung x exists already, in line 2");
	assert_refused("ladder a {\n x when need }", 2, 4,
		"the first rung of a ladder holds when no other does: it takes no when");
	assert_refused("ladder a {\n x\n y\n}", 4, 1, "expected when and a rule (only the first "
		"rung of a ladder goes without), found }");
	assert_refused("ladder a {\n x\n y wen need }", 3, 4, "expected when and a rule (only the "
		"first rung of a ladder goes without), found wen; did you mean when?");
	assert_refused("ladder a {\n x potential\n y when need }", 3, 2, "rung y has no side, and "
		"the first rung has: expected potential or actual after its name");
	assert_refused("ladder a {\n x\n y actual when need }", 3, 2, "rung y has a side, and the "
		"first rung has none: either all rungs of a ladder have one or none");
	assert_refused("ladder a { x actual }\nladder b { y actual }", 2, 12,
		"ladder a has sides already: only one ladder may have them");
	assert_refused("ladder a { x potential actual }", 1, 24, "the side is given twice");
	assert_refused("ladder a { x severity low severity low }", 1, 27,
		"severity is given twice");
	assert_refused("ladder a { x severity hihg }", 1, 23, "expected a severity (watch, low, "
		"medium, high, critical), found hihg; did you mean high?");
	assert_refused("ladder a { x job 3 }", 1, 18,
		"expected a job (develop, maintain, win_back), found 3");
	assert_refused("ladder a { x play call }", 1, 19,
		"expected a text in quotes after play, found call");
	assert_refused("ladder a {\n x\n y when need severity low }", 3, 14,
		"severity must stand before when");
	assert_refused("ladder a {\n x\n y when need desire }", 3, 14,
		"expected and, or, or a new line, found desire");
	assert_refused("risk a\nrisk b when need", 2, 1,
		"expected when and a rule, found risk");
	assert_refused("risk a when need\nrisk a when need", 2, 6,
		"risk a exists already, in line 1");
	assert_refused("risk a actual when need", 1, 6, "risk a has a side: only rungs have one");
}

static void complaints_about_tests_name_the_place(void **state)
{
	(void)state;
	assert_rule_refused("silense > 4d", 13, "unknown quantity silense; did you mean silence?");
	assert_rule_refused("xyzzy > 4d", 13, "unknown quantity xyzzy");
	assert_rule_refused("need and", 21,
		"expected a quantity, not or (, found the end of the file");
	assert_rule_refused("and need", 13, "expected a quantity, not or (, found and");
	assert_rule_refused("(need or desire", 28,
		"expected and, or or ), found the end of the file");
	assert_rule_refused("need)", 17, "expected and, or, or a new line, found )");
	assert_rule_refused("need = 1", 18, "need is yes or no and stands alone, found =");
	assert_rule_refused("need in (a)", 18, "need is yes or no and stands alone, found in");
	assert_rule_refused("silence(60d) > 4d", 20, "silence takes no argument, found (");
	assert_rule_refused("active() < 5%", 20, "expected a duration from 1h to 100y, found )");
	assert_rule_refused("active(30) < 5%", 20, "expected a duration from 1h to 100y, found 30");
	assert_rule_refused("active(59min) < 5%", 20,
		"expected a duration from 1h to 100y, found 59min");
	assert_rule_refused("active(30d < 5%", 24, "expected ) after the window, found <");
	assert_rule_refused("active = 5%", 20, "expected <, <=, > or >= after active, which moves "
		"with time and equals a value for an instant, found =");
	assert_rule_refused("purchases", 22, "expected <, <=, >, >=, = or != after purchases, "
		"found the end of the file");
	assert_rule_refused("silence = 4d", 21, "expected <, <=, > or >= after silence, which moves "
		"with time and equals a value for an instant, found =");
	assert_rule_refused("silence 4d", 21, "expected <, <=, > or >= after silence, found 4d");
	assert_rule_refused("purchases in (1)", 23,
		"expected <, <=, >, >=, = or != after purchases, found in");
	assert_rule_refused("role > agent", 18, "expected =, != or in after role, found >");
	assert_rule_refused("role = agnt", 20,
		"expected a name that role can have, found agnt; did you mean agent?");
	assert_rule_refused("role in agent", 21, "expected ( after in, found agent");
	assert_rule_refused("role in ()", 22, "expected a name that role can have, found )");
	assert_rule_refused("role in (agent retailer)", 28, "expected , or ), found retailer");
	assert_refused("ladder a { x\n y when a = x }", 2, 9,
		"the rules of ladder a cannot read the ladder itself");
	assert_refused("ladder stage { x }\nrisk y when stge = x", 2, 13,
		"unknown quantity stge; did you mean stage?");
	assert_refused("ladder stage { first }\nrisk y when stage = frist", 2, 21,
		"expected a rung of ladder stage, found frist; did you mean first?");
	assert_refused("risk y when need\nrisk z when y", 2, 13,
		"y is a risk: rules read quantities, and ladders declared before");
}

static void complaints_about_values_name_the_place(void **state)
{
	(void)state;
	assert_rule_refused("silence > 45", 23, "expected a duration such as 45d, found 45");
	assert_rule_refused("silence > 45%", 23, "expected a duration such as 45d, found 45%");
	assert_rule_refused("silence > 3m", 23, "expected a duration such as 45d, found 3m (m is "
		"ambiguous: min is minutes, 30d a month)");
	assert_rule_refused("silence > 45 d", 23, "expected a duration such as 45d, found 45");
	assert_rule_refused("silence > 20000y", 23,
		"expected a duration such as 45d, found 20000y");
	assert_rule_refused("silence > )", 23,
		"expected a duration such as 45d, or a constant quantity, found )");
	assert_rule_refused("purchases > 3d", 25, "expected a plain number, found 3d");
	assert_rule_refused("purchases > 3%", 25, "expected a plain number, found 3%");
	assert_rule_refused("purchases > 3.", 25, "expected a plain number, found 3.");
	assert_rule_refused("purchases > 1.2.3", 25, "expected a plain number, found 1.2.3");
	assert_rule_refused("purchases > 1234567890123456", 25,
		"a number has at most 15 digits, found 1234567890123456");
	assert_rule_refused("spent > 12.50", 21,
		"expected whole minor units such as 5000, found 12.50");
	assert_rule_refused("spend_trend < 3d", 27, "expected a ratio such as 50% or 0.5, found 3d");
	assert_rule_refused("silence > usual_gpa", 23, "expected a duration such as 45d, or a "
		"constant quantity, found usual_gpa; did you mean usual_gap?");
	assert_rule_refused("silence > tenure", 23, "tenure moves with time: only what stands "
		"before the comparison may");
	assert_rule_refused("silence > 3 * spent", 27,
		"silence is a duration and spent is money: they cannot be compared");
	assert_rule_refused("silence > 3d * usual_gap", 23,
		"expected a plain number before *, found 3d");
	assert_rule_refused("silence > 3 * 4", 27, "expected a constant quantity after *, found 4");
	assert_rule_refused("spent > 3 * refunde", 25, "expected a constant quantity after *, found "
		"refunde; did you mean refunded?");
	assert_rule_refused("spent > need", 21, "spent is money and need is yes or no: they cannot be "
		"compared");
}

static void complaints_about_characters_name_the_place(void **state)
{
	(void)state;
	assert_refused("risk x\n when \xc3\xa9 > 3", 2, 7,
		"letters beyond ASCII may stand only in comments and in quotes");
	/* columns are characters: é is one */
	assert_refused("risk x play \"\xc3\xa9t\xc3\xa9\" whn need", 1, 19,
		"expected when and a rule, found whn; did you mean when?");
	assert_refused("risk x play \"call", 1, 13, "the text in quotes does not end on its line");
	assert_refused("risk x play \"a\tb\" when need", 1, 13,
		"the text is not UTF-8, or has control characters");
	assert_rule_refused("silence ! 3d", 21, "unexpected character !");
	assert_rule_refused("silence > - 3d", 23, "unexpected character -");
	assert_rule_refused("silence \x01", 21, "unexpected byte 0x01");
}

/* ---- limits */

/* HEAD, then N times MIDDLE with the number in it, then TAIL. */
static char *repeat(const char *head, unsigned n, const char *middle, const char *tail)
{
	struct buf b = { 0 };

	buf_add_str(&b, head);
	for (unsigned i = 0; i < n; i++) {
		for (const char *p = middle; *p; p++) {
			if (*p == '@')
				buf_printf(&b, "%u", i);
			else
				buf_add(&b, p, 1);
		}
	}
	buf_add_str(&b, tail);
	buf_add(&b, "", 1);
	assert_false(b.failed);
	return (char *)b.data;
}

static void assert_limit(const char *head, unsigned max, const char *middle, const char *tail,
	const char *why)
{
	char *text = repeat(head, max, middle, tail);
	struct complaint c = { 0 };
	struct machine *m;

	machine_free(compile(text));
	free(text);
	text = repeat(head, max + 1, middle, tail);
	assert_int_equal(machine_compile(text, strlen(text), &m, &c), ERR_INVALID);
	assert_string_equal(c.text, why);
	assert_true(c.line >= 1 && c.column >= 1);
	free(text);
}

static void limits_are_errors_and_their_last_values_are_not(void **state)
{
	(void)state;
	assert_limit("", LADDERS_MAX, "ladder l@ { x }\n", "", "a file has at most 8 ladders");
	assert_limit("ladder l { x\n", RUNGS_MAX - 1, "r@ when need\n", "}",
		"a ladder has at most 32 rungs");
	assert_limit("", RISKS_MAX, "risk r@ when need\n", "", "a file has at most 32 risks");
	assert_limit("risk r when need", TESTS_MAX - 1, " or need", "",
		"a file has at most 512 tests");
	assert_limit("risk r when ", DEPTH_MAX, "not ", "need",
		"parentheses and nots are nested more than 64 deep");
	/* 341 tests and nots and 340 ors are 1022 nodes, another one makes 1025 */
	assert_limit("risk r when not need", 340, " or not need", "", "the rules of a file have at "
		"most 1024 tests, ands, ors and nots together");
}

static void parentheses_may_nest_64_deep(void **state)
{
	char text[400] = "risk r when ";
	char *end = text + strlen(text);

	(void)state;
	for (unsigned depth = DEPTH_MAX; depth <= DEPTH_MAX + 1; depth++) {
		memset(end, '(', depth);
		memcpy(end + depth, "need", 4);
		memset(end + depth + 4, ')', depth);
		end[2 * depth + 4] = 0;
		if (depth == DEPTH_MAX)
			machine_free(compile(text));
	}
	assert_refused(text, 1, 13 + DEPTH_MAX, "parentheses and nots are nested more than 64 deep");
}

static void a_file_that_is_too_large_is_refused_unread(void **state)
{
	char *text = repeat("risk x when need\n", (LIFECYCLE_BYTES_MAX - 17) / 4, "#\n \n", "");
	struct complaint c = { 0 };
	struct machine *m;

	(void)state;
	machine_free(compile(text));
	free(text);
	text = repeat("risk x when need\n", LIFECYCLE_BYTES_MAX / 4, "#\n \n", "");
	assert_int_equal(machine_compile(text, strlen(text), &m, &c), ERR_TOOBIG);
	assert_string_equal(c.text, "a lifecycle file has at most 262144 bytes, this one has 262161");
	free(text);
}

static void no_place_for_a_complaint_is_no_harm(void **state)
{
	struct complaint c = { 0 };
	struct machine *m;

	(void)state;
	/* Without a place to complain to, an error is still one. */
	assert_int_equal(machine_compile("risk", 4, &m, NULL), ERR_INVALID);
	assert_int_equal(machine_compile("zone \"X\"", 8, &m, NULL), ERR_INVALID);
	assert_int_equal(machine_compile("$", 1, &m, NULL), ERR_INVALID);
	assert_int_equal(machine_compile(NULL, 0, &m, &c), ERR_INVALID);
	machine_free(NULL);
}

/* ---- the files around it */

static char *read_file(const char *path)
{
	struct buf b = { 0 };
	FILE *file = fopen(path, "rb");
	uint8_t *room;
	size_t n;

	if (!file)
		fail_msg("cannot open %s: run from the top of the tree", path);
	do {
		room = buf_room(&b, 65536);
		assert_non_null(room);
		n = fread(room, 1, 65535, file);
		b.size += n;
	} while (n > 0);
	fclose(file);
	b.data[b.size] = 0;
	return (char *)b.data;
}

static void the_file_that_ships_compiles(void **state)
{
	struct span text = machine_default_text();
	struct complaint c = { 0 };
	struct machine *m;
	char *file = read_file("examples/default.lifecycle");

	(void)state;
	assert_true(span_eq(text, span_str(file)));
	free(file);
	if (machine_compile((const char *)text.data, text.size, &m, &c) != 0)
		fail_msg("examples/default.lifecycle:%d:%d: %s", c.line, c.column, c.text);
	assert_true(m->ladders[machine_ladder(m, span_str("stage"))].sided);
	assert_true(machine_ladder(m, span_str("phase")) >= 0);
	assert_true(machine_risk(m, span_str("silent")) >= 0);
	machine_free(m);
}

/* The row that docs/LIFECYCLE.md must have for Q. */
static void manual_row(unsigned q, char *row, size_t size)
{
	static const char *const units[] = { [UNIT_COUNT] = "count", [UNIT_MONEY] = "money",
		[UNIT_RATIO] = "ratio", [UNIT_DURATION] = "duration", [UNIT_FLAG] = "flag",
		[UNIT_NAME] = "name" };
	static const char *const laws[] = { [LAW_CONST] = "stands", [LAW_AGE] = "grows",
		[LAW_REMAINING] = "shrinks", [LAW_EXP] = "decays", [LAW_MULTIPLE] = "grows",
		[LAW_ALIVE] = "falls", [LAW_ACTIVE] = "falls",
		[LAW_VALUE] = "falls" };

	snprintf(row, size, "| `%s` | %s | %s | %s |\n", quantity_name(q),
		units[quantity_unit(q)], laws[quantity_law_kind(q)], quantity_text(q));
}

static void the_manual_has_a_row_for_every_quantity(void **state)
{
	char *manual = read_file("docs/LIFECYCLE.md");
	unsigned missing = 0;

	(void)state;
	for (unsigned q = 0; q < QUANTITIES; q++) {
		char row[512];

		manual_row(q, row, sizeof row);
		if (strstr(manual, row))
			continue;
		print_error("%s", row); /* ready to be pasted */
		missing++;
	}
	free(manual);
	assert_int_equal(missing, 0);
}

/* Each ```lifecycle block of the manual is a file of its own. */
static void the_examples_of_the_manual_compile(void **state)
{
	char *manual = read_file("docs/LIFECYCLE.md"), *at = manual, *end;
	unsigned n = 0;

	(void)state;
	while ((at = strstr(at, "```lifecycle\n"))) {
		at += strlen("```lifecycle\n");
		end = strstr(at, "```");
		assert_non_null(end);
		*end = 0;
		machine_free(compile(at));
		at = end + 3;
		n++;
	}
	free(manual);
	assert_true(n >= 3);
}

static void a_quantity_is_found_by_its_name(void **state)
{
	(void)state;
	for (unsigned q = 0; q < QUANTITIES; q++) {
		assert_int_equal(quantity_lookup(span_str(quantity_name(q))), q);
		assert_int_equal(quantity_unit(q) == UNIT_NAME, quantity_naming(q) != NULL);
	}
	assert_int_equal(quantity_lookup(span_str("silenc")), -1);
}

static void a_say_names_what_there_is_to_name(void **state)
{
	struct machine *m = compile("fact wine = sum of amount of purchase where category = \"wine\"\n"
		"risk slow say \"{customer} spent {wine}[, {silence.date}]\"\n"
		"\tsay zh \"{customer} {spent}\" when silence > 45d");

	(void)state;
	assert_true(span_eq(machine_say(m, span_str("risk.slow"), LANGUAGE_EN),
		span_str("{customer} spent {wine}[, {silence.date}]")));
	assert_true(span_eq(machine_say(m, span_str("risk.slow"), LANGUAGE_ZH),
		span_str("{customer} {spent}")));
	assert_int_equal(machine_say(m, span_str("risk.fast"), LANGUAGE_ZH).size, 0);
	assert_int_equal(m->risks[0].n_context, 2); /* silence is compared anyway */
	machine_free(m);
	assert_refused("risk x say when need", 1, 12, "expected a text in quotes after say, or a language (en, zh), found when");
	assert_refused("risk x say zj \"\" when need", 1, 12, "expected a text in quotes after say, or a "
		"language (en, zh), found zj; did you mean zh?");
	assert_refused("risk x say \"\" when need", 1, 12, "a say has from 1 to 400 bytes, this one has 0");
	assert_refused("risk x say \"{silense}\" when need", 1, 12, "the text of say names {silense}, "
		"which is no quantity; did you mean silence?");
	assert_refused("risk x say \"{customer\" when need", 1, 12, "a brace in the text of say has no "
		"partner");
	assert_refused("risk x say \"[x [y]]\" when need", 1, 12, "a square bracket in the text of say has "
		"no partner");
	assert_refused("risk x say \"a\" say \"b\" when need", 1, 20, "say is given twice");
	assert_refused("risk x say zh \"a\" say zh \"b\" when need", 1, 26, "say is given twice for the "
		"language zh");
	assert_refused("risk x when need say \"b\"", 1, 18, "say must stand before when");
	assert_refused("risk say when need", 1, 6, "say is a word of the language and cannot name a risk");
}

/* Which of the tests of `risk x when RULE` speak, as a string of + and -, for one who needs it, may
 * decide, and cannot pay. */
static void assert_speaks(const char *rule, const char *expected)
{
	char text[400], found[EVIDENCE_MAX + 1] = "";
	struct event e = event_of(BODY_READINESS, T0);
	struct evidence list[EVIDENCE_MAX];
	struct verdict v;
	struct facts f;
	struct machine *m;
	unsigned n;

	snprintf(text, sizeof text, "risk x when %s", rule);
	m = compile(text);
	facts_init(&f);
	e.as.readiness.factor[FACTOR_NEED] = e.as.readiness.factor[FACTOR_AUTHORITY] = ANSWER_YES;
	e.as.readiness.factor[FACTOR_ABILITY] = ANSWER_NO;
	facts_add(&f, &e, &m->zone);
	machine_judge(m, &f, T0, &v);
	n = rule_evidence(m, m->risks[0].rule, &f, &v, T0, list);
	for (unsigned i = 0; i < n; i++)
		found[i] = list[i].speaks ? '+' : '-';
	assert_string_equal(found, expected);
	machine_free(m);
}

static void only_what_the_verdict_rests_on_speaks(void **state)
{
	(void)state;
	assert_speaks("need", "+");
	assert_speaks("need and authority", "++");
	assert_speaks("need and ability", "-+");
	assert_speaks("ability and trust", "++");
	assert_speaks("need or ability", "+-");
	assert_speaks("ability or authority", "-+");
	assert_speaks("need or authority", "++");
	assert_speaks("ability or trust", "++");
	assert_speaks("not ability and need", "++");
	assert_speaks("not need or authority", "-+");
	assert_speaks("not (need and authority) or need and (ability or authority)", "--+-+");
	assert_speaks("need and (not authority or ability)", "-++");
}

static struct notification describe_risk(struct machine *m, const struct facts *f, int64_t at_ms)
{
	struct change ch = { .kind = CHANGE_RISK_RAISED, .at_ms = at_ms };
	struct notification n;

	memset(&n, 0, sizeof n);
	change_describe(&ch, m, f, NULL, span_of(NULL, 0), &n);
	return n;
}

static void beside_a_comparison_stands_what_people_ask_next(void **state)
{
	struct machine *m = compile("risk x say \"{spent} {silence} {margin}\"\n"
		"when overdue > 1 and active(30d) < 20%");
	struct notification n;
	struct facts f;

	(void)state;
	facts_init(&f);
	for (int i = 0; i < 5; i++)
		buy(&f, T0 + i * 10 * DAY, 700);
	n = describe_risk(m, &f, T0 + 100 * DAY);
	assert_int_equal(n.n_evidence, 2);
	assert_int_equal(n.n_context, 3); /* margin is not known */
	assert_true(span_eq(n.context[0].fact, span_str("spent")));
	assert_true(n.context[0].value == 3500);
	assert_true(span_eq(n.context[1].fact, span_str("silence")));
	assert_true(n.context[1].value == 60.0 * DAY);
	assert_true(span_eq(n.context[2].fact, span_str("window")));
	assert_true(n.context[2].value == 30.0 * DAY);
	assert_int_equal(n.context[2].unit, UNIT_DURATION);
	machine_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_becomes_ladders_and_risks),
		cmocka_unit_test(the_zone_is_utc_unless_said),
		cmocka_unit_test(the_text_of_a_test_has_blanks_and_comments_folded),
		cmocka_unit_test(the_text_of_a_long_test_is_cut),
		cmocka_unit_test(windows_line_ends_and_a_byte_order_mark_are_accepted),
		cmocka_unit_test(not_binds_before_and_and_and_before_or),
		cmocka_unit_test(the_last_rung_whose_rule_holds_wins),
		cmocka_unit_test(units_are_what_they_say),
		cmocka_unit_test(each_operator_draws_its_own_line),
		cmocka_unit_test(a_percentage_is_a_ratio),
		cmocka_unit_test(what_is_unknown_holds_in_no_comparison),
		cmocka_unit_test(names_are_compared_by_in_and_equality),
		cmocka_unit_test(a_rule_reads_ladders_declared_before),
		cmocka_unit_test(the_rhythm_is_read_wherever_it_stands_and_has_defaults),
		cmocka_unit_test(complaints_about_declarations_name_the_place),
		cmocka_unit_test(complaints_about_the_rhythm_name_the_place),
		cmocka_unit_test(complaints_about_rungs_name_the_place),
		cmocka_unit_test(complaints_about_tests_name_the_place),
		cmocka_unit_test(complaints_about_values_name_the_place),
		cmocka_unit_test(complaints_about_characters_name_the_place),
		cmocka_unit_test(limits_are_errors_and_their_last_values_are_not),
		cmocka_unit_test(parentheses_may_nest_64_deep),
		cmocka_unit_test(a_file_that_is_too_large_is_refused_unread),
		cmocka_unit_test(no_place_for_a_complaint_is_no_harm),
		cmocka_unit_test(the_file_that_ships_compiles),
		cmocka_unit_test(the_manual_has_a_row_for_every_quantity),
		cmocka_unit_test(the_examples_of_the_manual_compile),
		cmocka_unit_test(a_quantity_is_found_by_its_name),
		cmocka_unit_test(a_say_names_what_there_is_to_name),
		cmocka_unit_test(only_what_the_verdict_rests_on_speaks),
		cmocka_unit_test(beside_a_comparison_stands_what_people_ask_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
