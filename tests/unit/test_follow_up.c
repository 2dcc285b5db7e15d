/* SPDX-License-Identifier: Apache-2.0 */
/* follow_up in a lifecycle file: what it says, and what is wrong with it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "lifecycle/machine.h"

#define HEAD "risk silent when silence > 30d\ncalendar { hours mon..fri 9:00-17:00 }\n"

static struct machine *compile(const char *text)
{
	struct complaint c = { 0 };
	struct machine *m;

	if (machine_compile(text, strlen(text), &m, &c) != 0)
		fail_msg("%d:%d: %s", c.line, c.column, c.text);
	return m;
}

static void assert_refused(const char *text, int line, int column, const char *why)
{
	struct complaint c = { 0 };
	struct machine *m = NULL;

	assert_int_equal(machine_compile(text, strlen(text), &m, &c), ERR_INVALID);
	if (c.line != line || c.column != column || !strstr(c.text, why))
		fail_msg("says     %d:%d: %s\nexpected %d:%d: … %s …", c.line, c.column, c.text, line,
			column, why);
}

static void assert_span(struct span s, const char *text)
{
	assert_true(span_eq(s, span_str(text)));
}

static void everything_may_be_said(void **state)
{
	struct machine *m = compile(HEAD "let soon = 2d\n"
		"follow_up call_back on risk.silent owner account_manager or \"sales\" due soon\n"
		"  escalate 4d to \"boss\" outcome 60d\n"
		"follow_up win on customer.lost owner \"crm\" due 2 business days\n");
	const struct follow_up *f = m->follow_ups;

	(void)state;
	assert_int_equal(m->n_follow_ups, 2);
	assert_span(f[0].name, "call_back");
	assert_span(f[0].id, "follow_up.call_back");
	assert_span(f[0].on, "risk.silent");
	assert_true(f[0].of_customer);
	assert_span(f[0].owner, "sales");
	assert_int_equal(delay_after(&f[0].due, span_str(""), 1000), 1000 + 2 * DAY_MS);
	assert_int_equal(f[0].escalate.ms, 4 * DAY_MS);
	assert_span(f[0].next, "boss");
	assert_int_equal(f[0].outcome_ms, 60 * DAY_MS);
	assert_false(f[1].of_customer);
	assert_span(f[1].on, "customer.lost");
	assert_int_equal(f[1].due.business, BUSINESS_DAYS);
	assert_int_equal(f[1].escalate.ms, 0);
	assert_int_equal(f[1].outcome_ms, FOLLOW_UP_OUTCOME_MS);
	/* Thursday 1970-01-01 12:00 and two business days: Monday 12:00 */
	assert_int_equal(delay_after(&f[1].due, span_str(""), DAY_MS / 2), 4 * DAY_MS + DAY_MS / 2);
	machine_free(m);
}

/* Friday is a holiday in the north. */
static void a_region_has_opening_hours_of_its_own(void **state)
{
	struct machine *m = compile(HEAD "calendar north { hours mon..thu 9:00-17:00 }\n"
		"region \"north\", \"far north\" in north\n"
		"follow_up win on customer.lost owner \"crm\" due 2 business days\n");
	const struct delay *due = &m->follow_ups[0].due;

	(void)state;
	/* Thursday 12:00: the north has its second day until Tuesday. */
	assert_int_equal(delay_after(due, span_str("south"), DAY_MS / 2), 4 * DAY_MS + DAY_MS / 2);
	assert_int_equal(delay_after(due, span_str("far north"), DAY_MS / 2), 5 * DAY_MS + DAY_MS / 2);
	machine_free(m);
	assert_refused(HEAD "region \"n\" in nowhere\n", 3, 15, "a calendar declared before");
	assert_refused(HEAD "region \"n\" in business time\nregion \"n\" in business time\n", 4, 8,
		"line 3 says already");
	assert_refused(HEAD "region north in business time\n", 3, 8, "in quotes");
}

static void what_is_wrong_is_said_where_it_is(void **state)
{
	(void)state;
	assert_refused("follow_up a on risk.silent due 2d\n", 1, 21, "a risk or a rung declared before");
	assert_refused(HEAD "follow_up a on customer.sleepy due 2d\n", 3, 25, "customer.at_risk");
	assert_refused(HEAD "follow_up a on risk silent due 2d\n", 3, 21, "expected . and a name");
	assert_refused(HEAD "follow_up a risk.silent due 2d\n", 3, 13, "expected on");
	assert_refused(HEAD "follow_up a on risk.silent owner anna due 2d\n", 3, 34,
		"account_manager, or somebody's name in quotes");
	assert_refused(HEAD "follow_up a on risk.silent\n", 3, 11, "has no due time");
	assert_refused(HEAD "follow_up a on risk.silent due usual_gap\n", 3, 32,
		"expected a length of time");
	assert_refused(HEAD "follow_up a on risk.silent due 2d escalate 1d\n", 3, 11,
		"escalated before it is overdue");
	assert_refused(HEAD "follow_up a on risk.silent due 2d\nfollow_up a on customer.lost due 2d\n", 4,
		11, "exists already, in line 3");
	assert_refused(HEAD "follow_up a on risk.silent due 2d\nfollow_up b on risk.silent due 2d\n", 4,
		11, "opens follow-up a already, in line 3");
	assert_refused(HEAD "follow_up a on risk.silent due 2d outcome 5y\n", 3, 43, "1d to 3y");
	assert_refused(HEAD "follow_up a on risk.silent due -2d\n", 3, 32, "expected a length of time");
}

static void a_file_has_so_many_at_most(void **state)
{
	char text[8192] = "", line[128];

	(void)state;
	for (int i = 0; i <= FOLLOW_UPS_MAX; i++) {
		snprintf(line, sizeof line, "risk r%d when silence > 1d\n", i);
		strcat(text, line);
	}
	for (int i = 0; i <= FOLLOW_UPS_MAX; i++) {
		snprintf(line, sizeof line, "follow_up f%d on risk.r%d due 1d\n", i, i);
		strcat(text, line);
	}
	assert_refused(text, 2 * FOLLOW_UPS_MAX + 2, 11, "at most 16 follow-ups");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_may_be_said),
		cmocka_unit_test(a_region_has_opening_hours_of_its_own),
		cmocka_unit_test(what_is_wrong_is_said_where_it_is),
		cmocka_unit_test(a_file_has_so_many_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
