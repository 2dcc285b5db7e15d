/* SPDX-License-Identifier: Apache-2.0 */
/* Standing: the crossings as stories with a clock, and what a notification says of a change. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "lifecycle/standing.h"

#define DAY INT64_C(86400000)
#define T0  (20000 * DAY)

/* ---- a customer, a clock, and what was announced: "[day] type from -> to, severity, job" */

struct story {
	struct machine *m;
	struct facts f;
	struct standing s;
	struct buf trace;
	struct notification last; /* the latest one described */
};

static struct machine *compile(struct span text)
{
	struct complaint c = { 0 };
	struct machine *m = NULL;

	if (machine_compile((const char *)text.data, text.size, &m, &c) != 0)
		fail_msg("%d:%d: %s", c.line, c.column, c.text);
	m->version = 7;
	return m;
}

static struct story *story_new(const char *text)
{
	struct story *y = calloc(1, sizeof *y);

	assert_non_null(y);
	y->m = compile(text ? span_str(text) : machine_default_text());
	facts_init(&y->f);
	standing_init(&y->s);
	return y;
}

static void tell(struct story *y, const struct change *ch)
{
	struct notification *n = &y->last;
	struct buf *b = &y->trace;

	memset(n, 0, sizeof *n);
	change_describe(ch, y->m, &y->f, NULL, span_str(""), n);
	buf_printf(b, "[%4lld] %.*s %.*s -> %.*s", (long long)((n->at_ms - T0) / DAY),
		(int)n->type.size, (const char *)n->type.data, (int)n->from.size,
		(const char *)n->from.data, (int)n->to.size, (const char *)n->to.data);
	buf_printf(b, ", %s, %s\n", n->severity ? severity_name(n->severity) : "-",
		n->job ? job_name(n->job) : "-");
}

static void move_to(struct story *y, int64_t at_ms)
{
	struct change changes[CHANGES_MAX];
	struct verdict v;
	unsigned n;

	machine_judge(y->m, &y->f, at_ms, &v);
	n = standing_move(&y->s, y->m, &v, at_ms, changes);
	assert_true(n <= CHANGES_MAX);
	for (unsigned i = 0; i < n; i++)
		tell(y, &changes[i]);
	y->s.due_ms = machine_next_change(y->m, &y->f, at_ms, &v);
}

/* Time passes to day DAY_NUMBER; what falls due is announced with its own time. */
static void wait_until(struct story *y, int day_number)
{
	int64_t now_ms = T0 + day_number * DAY;

	while (y->s.due_ms <= now_ms)
		move_to(y, y->s.due_ms);
	move_to(y, now_ms);
}

static void happens(struct story *y, int day_number, struct event e)
{
	wait_until(y, day_number);
	e.time_ms = T0 + day_number * DAY;
	facts_add(&y->f, &e, NULL);
	move_to(y, e.time_ms);
}

static void buys(struct story *y, int day_number, int64_t amount)
{
	struct event e = { .body = BODY_PURCHASE };

	e.as.purchase.amount = amount;
	happens(y, day_number, e);
}

static void returns(struct story *y, int day_number, int64_t amount)
{
	struct event e = { .body = BODY_REFUND };

	e.as.refund.order = span_str("of several"); /* whole orders: test_orders.c */
	e.as.refund.amount = amount;
	happens(y, day_number, e);
}

static void answers(struct story *y, int day_number, enum factor factor, enum answer answer)
{
	struct event e = { .body = BODY_READINESS };

	e.as.readiness.factor[factor] = (uint8_t)answer;
	happens(y, day_number, e);
}

/* What was announced since the last time. */
static void assert_told(struct story *y, const char *expected)
{
	buf_add(&y->trace, "", 1);
	assert_false(y->trace.failed);
	assert_string_equal((const char *)y->trace.data, expected);
	buf_clear(&y->trace);
}

static void story_end(struct story *y)
{
	machine_free(y->m);
	buf_fini(&y->trace);
	free(y);
}

static void assert_span(struct span s, const char *expected)
{
	char got[256];

	snprintf(got, sizeof got, "%.*s", (int)s.size, (const char *)s.data);
	assert_string_equal(got, expected);
}

/* ---- stories, by the file that ships */

static void a_first_purchase_converts(void **state)
{
	struct story *y = story_new(NULL);

	(void)state;
	wait_until(y, 0);
	assert_told(y, "");
	answers(y, 1, FACTOR_NEED, ANSWER_YES);
	assert_told(y, "[   1] stage.prospect suspect -> prospect, -, develop\n");
	answers(y, 2, FACTOR_ABILITY, ANSWER_YES);
	answers(y, 2, FACTOR_AUTHORITY, ANSWER_YES);
	assert_told(y, "[   2] stage.qualified prospect -> qualified, -, develop\n");
	answers(y, 3, FACTOR_TIMING, ANSWER_NO);
	assert_told(y, "[   3] stage.prospect qualified -> prospect, -, develop\n");
	buys(y, 4, 1200);
	assert_told(y, "[   4] stage.first_time prospect -> first_time, -, maintain\n"
		"[   4] customer.converted prospect -> first_time, -, maintain\n");
	story_end(y);
}

static void a_customer_met_by_a_purchase_converts_from_nothing(void **state)
{
	struct story *y = story_new(NULL);
	struct event e = { .body = BODY_PURCHASE, .time_ms = T0 };

	(void)state;
	facts_add(&y->f, &e, NULL);
	move_to(y, T0);
	assert_told(y, "[   0] stage.first_time  -> first_time, -, maintain\n"
		"[   0] customer.converted  -> first_time, -, maintain\n");
	assert_int_equal(y->last.since_ms, 0);
	assert_true(y->s.was_actual);
	story_end(y);
}

static void silence_loses_and_a_purchase_wins_back(void **state)
{
	struct story *y = story_new(NULL);

	(void)state;
	buys(y, 0, 1000);
	buf_clear(&y->trace);
	wait_until(y, 56); /* the own gap of one day is 45 (2^(1 / 0.85) - 1) = 56.7 days */
	assert_told(y, "");
	wait_until(y, 800);
	assert_told(y, "[  56] risk.no_second_purchase clear -> raised, low, maintain\n"
		"[  56] customer.at_risk clear -> raised, low, maintain\n"
		"[ 730] stage.lapsed first_time -> lapsed, high, win_back\n"
		"[ 730] phase.ended exploration -> ended, -, win_back\n"
		"[ 730] risk.no_second_purchase raised -> clear, -, win_back\n"
		"[ 730] customer.lost first_time -> lapsed, high, win_back\n");
	assert_int_equal(y->s.due_ms, NEVER);
	buys(y, 900, 1000);
	assert_told(y, "[ 900] stage.repeat lapsed -> repeat, -, maintain\n"
		"[ 900] phase.formation ended -> formation, -, maintain\n"
		"[ 900] customer.won_back lapsed -> repeat, -, maintain\n");
	story_end(y);
}

static void everything_returned_loses(void **state)
{
	struct story *y = story_new(NULL);

	(void)state;
	buys(y, 0, 1000);
	buys(y, 5, 500);
	returns(y, 6, 1499);
	buf_clear(&y->trace);
	returns(y, 7, 1);
	assert_told(y, "[   7] stage.lapsed repeat -> lapsed, high, win_back\n"
		"[   7] phase.ended formation -> ended, -, win_back\n"
		"[   7] customer.lost repeat -> lapsed, high, win_back\n");
	answers(y, 8, FACTOR_NEED, ANSWER_YES); /* a former customer stays one */
	assert_told(y, "");
	buys(y, 9, 10);
	assert_told(y, "[   9] stage.repeat lapsed -> repeat, -, maintain\n"
		"[   9] phase.formation ended -> formation, -, maintain\n"
		"[   9] customer.won_back lapsed -> repeat, -, maintain\n");
	story_end(y);
}

static void a_regular_one_who_stays_away_is_at_risk_and_recovers(void **state)
{
	struct story *y = story_new(NULL);
	/* x = 2 in 28 days: by bisection in a few lines of script, 89.5375941843417 days of
	 * silence */
	int64_t at_ms = T0 + 28 * DAY + (int64_t)ceil(89.5375941843417 * DAY);

	(void)state;
	for (int i = 0; i < 3; i++)
		buys(y, 14 * i, 1000);
	buf_clear(&y->trace);
	wait_until(y, 28 + 89);
	assert_told(y, "");
	wait_until(y, 118);
	assert_told(y, "[ 117] risk.silent clear -> raised, high, maintain\n"
		"[ 117] customer.at_risk clear -> raised, high, maintain\n");
	assert_int_equal(y->last.at_ms, at_ms);
	buys(y, 120, 1000);
	assert_told(y, "[ 120] risk.silent raised -> clear, -, maintain\n"
		"[ 120] customer.recovered raised -> clear, -, maintain\n");
	assert_int_equal(y->last.since_ms, at_ms);
	story_end(y);
}

/* Nothing remains bought: there is nobody left who could be silent, and the door has been told of. */
static void whoever_gave_all_back_is_neither_silent_nor_recovered(void **state)
{
	struct story *y = story_new(NULL);

	(void)state;
	buys(y, 0, 1000);
	returns(y, 5, 1000);
	buf_clear(&y->trace);
	wait_until(y, 800);
	assert_told(y, "");
	assert_int_equal(y->s.due_ms, NEVER);
	buys(y, 801, 1000); /* the own gap: 846 (2^(1 / 1.85) - 1) = 384.5 days */
	buf_clear(&y->trace);
	wait_until(y, 1500);
	assert_told(y, "[1185] risk.silent clear -> raised, high, maintain\n"
		"[1185] customer.at_risk clear -> raised, high, maintain\n");
	returns(y, 1501, 1000);
	assert_told(y, "[1501] stage.lapsed repeat -> lapsed, high, win_back\n"
		"[1501] phase.ended formation -> ended, -, win_back\n"
		"[1501] risk.silent raised -> clear, -, win_back\n"
		"[1501] customer.lost repeat -> lapsed, high, win_back\n");
	story_end(y);
}

/* One is at risk while one can be lost. A reason that outlasts the loss is one again afterwards. */
static void being_lost_ends_being_at_risk_and_being_won_back_with_a_reason_begins_it(void **state)
{
	struct story *y = story_new(NULL);
	struct event e = { .body = BODY_COMPLAINT }, r = { .body = BODY_RESOLUTION };

	(void)state;
	e.as.complaint.complaint = span_str("c1");
	r.as.resolution.complaint = span_str("c1");
	buys(y, 0, 1000);
	happens(y, 1, e);
	wait_until(y, 5);
	buf_clear(&y->trace);
	returns(y, 6, 1000);
	assert_told(y, "[   6] stage.lapsed first_time -> lapsed, high, win_back\n"
		"[   6] customer.lost first_time -> lapsed, high, win_back\n");
	assert_int_equal(y->s.verdict.risks, 1 << machine_risk(y->m, span_str("complaint")));
	buys(y, 7, 500);
	assert_told(y, "[   7] stage.repeat lapsed -> repeat, -, maintain\n"
		"[   7] phase.formation exploration -> formation, -, maintain\n"
		"[   7] customer.won_back lapsed -> repeat, -, maintain\n"
		"[   7] customer.at_risk clear -> raised, high, maintain\n");
	assert_span(y->last.rule, "risk.complaint");
	returns(y, 8, 500);
	buf_clear(&y->trace);
	happens(y, 9, r); /* too late */
	assert_told(y, "[   9] phase.ended formation -> ended, -, win_back\n"
		"[   9] risk.complaint raised -> clear, -, win_back\n");
	story_end(y);
}

static void a_complaint_left_lying_is_a_risk_until_resolved(void **state)
{
	struct story *y = story_new(NULL);
	struct event e = { .body = BODY_COMPLAINT }, r = { .body = BODY_RESOLUTION };

	(void)state;
	e.as.complaint.complaint = span_str("c1");
	r.as.resolution.complaint = span_str("c1");
	buys(y, 0, 1000);
	happens(y, 1, e);
	buf_clear(&y->trace);
	wait_until(y, 5);
	assert_told(y, "[   3] risk.complaint clear -> raised, high, maintain\n"
		"[   3] customer.at_risk clear -> raised, high, maintain\n");
	happens(y, 6, r);
	assert_told(y, "[   6] risk.complaint raised -> clear, -, maintain\n"
		"[   6] customer.recovered raised -> clear, -, maintain\n");
	story_end(y);
}

static void a_contract_that_runs_out_is_a_risk_until_renewed(void **state)
{
	struct story *y = story_new(NULL);
	struct event e = { .body = BODY_CONTRACT };

	(void)state;
	buys(y, 0, 1000);
	e.as.contract.change = CONTRACT_SIGNED;
	e.as.contract.ends_ms = T0 + 80 * DAY;
	happens(y, 1, e);
	buf_clear(&y->trace);
	wait_until(y, 30);
	assert_told(y, "[  20] risk.contract clear -> raised, high, maintain\n"
		"[  20] customer.at_risk clear -> raised, high, maintain\n");
	e.as.contract.change = CONTRACT_RENEWED;
	e.as.contract.ends_ms = T0 + 800 * DAY;
	happens(y, 31, e);
	assert_told(y, "[  31] risk.contract raised -> clear, -, maintain\n"
		"[  31] customer.recovered raised -> clear, -, maintain\n");
	story_end(y);
}

static void stages_climb_as_the_relationship_does(void **state)
{
	struct story *y = story_new(NULL);
	struct event member = { .body = BODY_MEMBERSHIP }, partner = { .body = BODY_PARTNERSHIP };

	(void)state;
	member.as.membership.change = MEMBERSHIP_JOINED;
	partner.as.partnership.change = PARTNERSHIP_BEGUN;
	for (int i = 0; i <= 6; i++)
		buys(y, 30 * i, 1000);
	assert_told(y, "[   0] stage.first_time suspect -> first_time, -, maintain\n"
		"[   0] customer.converted suspect -> first_time, -, maintain\n"
		"[  30] stage.repeat first_time -> repeat, -, maintain\n"
		"[  30] phase.formation exploration -> formation, -, maintain\n"
		"[ 180] stage.client repeat -> client, -, maintain\n"
		"[ 180] phase.stable formation -> stable, -, maintain\n");
	happens(y, 181, member);
	wait_until(y, 182);
	facts_credit(&y->f, 1);
	move_to(y, T0 + 182 * DAY);
	happens(y, 183, partner);
	assert_told(y, "[ 181] stage.member client -> member, -, maintain\n"
		"[ 181] relation.affectionate acquaintance -> affectionate, -, maintain\n"
		"[ 182] stage.advocate member -> advocate, -, maintain\n"
		"[ 183] stage.partner advocate -> partner, -, maintain\n");
	partner.as.partnership.change = PARTNERSHIP_ENDED;
	happens(y, 184, partner);
	assert_told(y, "[ 184] stage.advocate partner -> advocate, -, maintain\n");
	/* silent from day 180 on. The trend is then 6 * 1.984 / 5.083 = 2.342 (half-lives of 30 and
	 * 180 days, summed by hand) and falls below a half after 36 * log2(4.685) = 80.2 days. x =
	 * 6 in 180 days: the chance to come within 60 days is one in five after 137.5 (bisection,
	 * by script) */
	wait_until(y, 1000);
	assert_told(y, "[ 260] phase.decline stable -> decline, medium, maintain\n"
		"[ 260] risk.shrinking clear -> raised, watch, maintain\n"
		"[ 260] customer.at_risk clear -> raised, watch, maintain\n"
		"[ 317] risk.silent clear -> raised, high, maintain\n"
		"[ 910] stage.lapsed advocate -> lapsed, high, win_back\n"
		"[ 910] phase.ended decline -> ended, -, win_back\n"
		"[ 910] risk.silent raised -> clear, -, win_back\n"
		"[ 910] risk.shrinking raised -> clear, -, win_back\n"
		"[ 910] customer.lost advocate -> lapsed, high, win_back\n");
	story_end(y);
}

/* ---- the mover */

static const char two_risks[] = "ladder side { out potential\n in_there actual when purchases >= 1 }\n"
	"risk a severity low when purchases >= 2\n"
	"risk b severity high play \"run\" when purchases >= 2\n"
	"risk c job win_back when purchases = 3\n";

static void the_most_severe_of_several_reasons_names_the_crossing(void **state)
{
	struct story *y = story_new(two_risks);

	(void)state;
	buys(y, 0, 1);
	buf_clear(&y->trace);
	buys(y, 1, 1);
	assert_told(y, "[   1] risk.a clear -> raised, low, maintain\n"
		"[   1] risk.b clear -> raised, high, maintain\n"
		"[   1] customer.at_risk clear -> raised, high, maintain\n");
	assert_span(y->last.rule, "risk.b");
	assert_span(y->last.play, "run");
	buys(y, 2, 1); /* another reason is no other crossing */
	assert_told(y, "[   2] risk.c clear -> raised, medium, win_back\n");
	buys(y, 3, 1);
	assert_told(y, "[   3] risk.c raised -> clear, -, win_back\n");
	story_end(y);
}

static void a_ladder_that_a_new_file_adds_announces_nobody_at_its_foot(void **state)
{
	struct change changes[CHANGES_MAX];
	struct machine *m;
	struct complaint c;
	struct standing s;
	struct verdict v = { .risks = 0 };
	const char text[] = "ladder stage {\n a\n b when purchases >= 1\n}\n"
		"ladder pace {\n slow\n quick when purchases >= 9\n}\n";

	(void)state;
	assert_int_equal(machine_compile(text, sizeof text - 1, &m, &c), 0);
	standing_init(&s);
	s.settled_ms = 1000; /* known, on the rung b of the only ladder there was */
	s.verdict.rung[0] = 1;
	s.since_ms[0] = 500;
	v.rung[0] = 1;
	v.rung[1] = 0;
	assert_int_equal(standing_move(&s, m, &v, 2000, changes), 0);
	assert_int_equal(s.since_ms[1], 2000);
	v.rung[1] = 1;
	assert_int_equal(standing_move(&s, m, &v, 3000, changes), 1);
	v.rung[1] = 0;
	assert_int_equal(standing_move(&s, m, &v, 4000, changes), 1);
	machine_free(m);
}

static void moving_again_to_the_same_verdict_is_no_change(void **state)
{
	struct story *y = story_new(NULL);
	struct standing before;

	(void)state;
	buys(y, 0, 1);
	buf_clear(&y->trace);
	before = y->s;
	move_to(y, T0 + DAY);
	assert_told(y, "");
	assert_int_equal(y->s.settled_ms, T0 + DAY);
	assert_int_equal(y->s.since_ms[0], before.since_ms[0]);
	move_to(y, T0); /* never back */
	assert_int_equal(y->s.settled_ms, T0 + DAY);
	assert_int_equal(y->s.lifecycle_version, 7);
	story_end(y);
}

static void a_change_tells_since_when_the_old_state_had_held(void **state)
{
	struct story *y = story_new("ladder side { out potential\n inside actual when silence < 9d }\n"
		"ladder other { none\n some when purchases >= 2 }");

	(void)state;
	wait_until(y, 1);
	assert_int_equal(y->s.since_ms[0], T0 + DAY); /* met, though not announced */
	buys(y, 3, 1);
	assert_span(y->last.type, "customer.converted");
	assert_int_equal(y->last.since_ms, T0 + DAY);
	wait_until(y, 20);
	assert_span(y->last.type, "customer.lost");
	assert_int_equal(y->last.since_ms, T0 + 3 * DAY);
	assert_int_equal(y->last.at_ms, T0 + 12 * DAY);
	assert_int_equal(y->last.severity, SEVERITY_HIGH); /* the rung told none */
	assert_int_equal(y->s.since_ms[0], T0 + 12 * DAY);
	assert_int_equal(y->s.since_ms[1], T0 + DAY);
	story_end(y);
}

/* A rung that is gone from the file: what is told must be certain. */
static void a_rung_that_is_gone_makes_only_certain_crossings(void **state)
{
	struct story *y = story_new(two_risks);
	struct change changes[CHANGES_MAX];
	struct verdict in = { { 1, RUNG_NONE }, 0 }, out = { { 0, RUNG_NONE }, 0 };
	struct notification n;

	(void)state;
	y->s.settled_ms = T0;
	y->s.since_ms[0] = T0; /* as its record tells */
	assert_int_equal(standing_move(&y->s, y->m, &out, T0 + 1, changes), 1);
	assert_int_equal(changes[0].kind, CHANGE_RUNG);
	assert_int_equal(changes[0].job, JOB_DEVELOP);
	change_describe(&changes[0], y->m, &y->f, &y->s.verdict, span_str("old_name"), &n);
	assert_span(n.from, "old_name");
	assert_span(n.to, "out");

	y->s.verdict.rung[0] = RUNG_NONE; /* never actual before: certain */
	assert_int_equal(standing_move(&y->s, y->m, &in, T0 + 2, changes), 2);
	assert_int_equal(changes[1].crossing, CROSSING_CONVERTED);

	y->s.verdict.rung[0] = RUNG_NONE; /* actual at some time, on which side just now? */
	assert_int_equal(standing_move(&y->s, y->m, &in, T0 + 3, changes), 1);
	y->s.verdict.rung[0] = RUNG_NONE;
	assert_int_equal(standing_move(&y->s, y->m, &out, T0 + 4, changes), 1);
	assert_int_equal(changes[0].job, JOB_WIN_BACK);
	story_end(y);
}

static void every_change_at_once_fits(void **state)
{
	struct buf b = { 0 };
	struct story *y;

	(void)state;
	for (int i = 0; i < LADDERS_MAX; i++)
		buf_printf(&b, "ladder l%d { x%s\n y%s when purchases >= 1 }\n", i,
			i == 3 ? " potential" : "", i == 3 ? " actual" : "");
	for (int i = 0; i < RISKS_MAX; i++)
		buf_printf(&b, "risk r%d when purchases >= 1\n", i);
	buf_add(&b, "", 1);
	y = story_new((const char *)b.data);
	buys(y, 0, 1);
	assert_span(y->last.type, "customer.at_risk");
	story_end(y);
	buf_fini(&b);
}

static void crossings_have_names(void **state)
{
	(void)state;
	assert_null(crossing_name(CROSSING_NONE));
	assert_string_equal(crossing_name(CROSSING_CONVERTED), "customer.converted");
	assert_string_equal(crossing_name(CROSSING_LOST), "customer.lost");
	assert_string_equal(crossing_name(CROSSING_WON_BACK), "customer.won_back");
	assert_string_equal(crossing_name(CROSSING_AT_RISK), "customer.at_risk");
	assert_string_equal(crossing_name(CROSSING_RECOVERED), "customer.recovered");
	assert_null(crossing_name(CROSSING_COUNT));
}

/* ---- what a notification says */

static void a_notification_of_risk_says_why_and_what_is_at_stake(void **state)
{
	struct story *y = story_new(NULL);
	struct event e = { .body = BODY_PROFILE };
	const struct evidence *v;

	(void)state;
	e.as.profile.owner = span_str("wang");
	happens(y, 0, e);
	for (int i = 0; i < 3; i++)
		buys(y, 14 * i, 1000);
	returns(y, 29, 400);
	wait_until(y, 118);
	assert_span(y->last.type, "customer.at_risk");
	assert_span(y->last.ladder, "risk");
	assert_span(y->last.rule, "risk.silent");
	assert_span(y->last.owner, "wang");
	assert_span(y->last.play, "call: ask how they are, offer what they usually buy");
	assert_int_equal(y->last.lifecycle_version, 7);
	assert_true(y->last.has_value);
	assert_int_equal(y->last.value, 2600);
	assert_int_equal(y->last.n_evidence, 4);
	v = y->last.evidence;
	assert_span(v[0].fact, "purchase_days");
	assert_span(v[0].test, "purchase_days >= 2");
	assert_true(v[0].value == 3 && v[0].known && v[0].holds);
	assert_int_equal(v[0].unit, UNIT_COUNT);
	assert_span(v[1].test, "overdue > 1"); /* the own gap: 73 (2^(1 / 2.85) - 1) days */
	assert_true(fabs(v[1].value - 89.5375941843417 / 20.099515313719124) < 1e-9 && v[1].holds);
	assert_int_equal(v[1].unit, UNIT_RATIO);
	assert_span(v[2].test, "active < 20%");
	assert_true(fabs(v[2].value - 0.2) < 1e-9 && v[2].value < 0.2 && v[2].holds);
	assert_int_equal(v[2].unit, UNIT_RATIO);
	assert_span(v[3].test, "stage = lapsed");
	assert_false(v[3].holds);
	story_end(y);
}

static void the_value_is_the_margin_where_every_purchase_told_it(void **state)
{
	struct story *y = story_new(NULL);
	struct event e = { .body = BODY_PURCHASE };

	(void)state;
	e.as.purchase.amount = 1000;
	e.as.purchase.has_margin = true;
	e.as.purchase.margin = 300;
	happens(y, 0, e);
	assert_int_equal(y->last.value, 300);
	happens(y, 1, e);
	assert_int_equal(y->last.value, 600);
	buys(y, 2, 50); /* this one did not tell */
	returns(y, 2, 2050);
	assert_span(y->last.type, "customer.lost");
	assert_int_equal(y->last.value, 0);
	assert_true(y->last.has_value);
	story_end(y);
}

static void a_potential_customer_has_no_value_yet(void **state)
{
	struct story *y = story_new(NULL);

	(void)state;
	answers(y, 0, FACTOR_DESIRE, ANSWER_YES);
	assert_span(y->last.type, "stage.prospect");
	assert_false(y->last.has_value);
	assert_int_equal(y->last.n_evidence, 4);
	assert_false(y->last.evidence[0].known); /* nobody said whether there is a need */
	assert_false(y->last.evidence[0].holds);
	assert_span(y->last.evidence[1].fact, "desire");
	assert_int_equal(y->last.evidence[1].unit, UNIT_FLAG);
	assert_true(y->last.evidence[1].holds && y->last.evidence[1].value == 1);
	story_end(y);
}

static void moving_down_shows_the_rule_that_ceased_as_well(void **state)
{
	struct story *y = story_new("ladder mood { calm\n warm when contacts < 5 and purchases >= 1\n"
		" hot when silence < 9d }");

	(void)state;
	buys(y, 0, 1);
	assert_span(y->last.rule, "mood.hot");
	assert_int_equal(y->last.n_evidence, 1);
	wait_until(y, 20);
	assert_span(y->last.to, "warm");
	assert_span(y->last.rule, "mood.warm");
	assert_int_equal(y->last.n_evidence, 3);
	assert_span(y->last.evidence[2].test, "silence < 9d");
	assert_false(y->last.evidence[2].holds);
	for (int i = 0; i < 5; i++)
		happens(y, 21, (struct event){ .body = BODY_CONTACT });
	/* the first rung has no rule: the one that ceased speaks */
	assert_span(y->last.to, "calm");
	assert_span(y->last.rule, "mood.warm");
	assert_int_equal(y->last.n_evidence, 2);
	assert_false(y->last.evidence[0].holds);
	story_end(y);
}

static void evidence_of_names_carries_their_words(void **state)
{
	struct story *y = story_new("ladder a { x\n y when purchases >= 1 }\n"
		"risk k when a in (x, y) and role = wholesaler or acquisition = web");
	struct event e = { .body = BODY_PROFILE };

	(void)state;
	e.as.profile.role = ROLE_WHOLESALER;
	buys(y, 0, 1);
	happens(y, 1, e);
	assert_span(y->last.rule, "risk.k");
	assert_int_equal(y->last.n_evidence, 3);
	assert_span(y->last.evidence[0].fact, "a");
	assert_span(y->last.evidence[0].text, "y");
	assert_int_equal(y->last.evidence[0].unit, UNIT_NAME);
	assert_span(y->last.evidence[1].text, "wholesaler");
	assert_true(y->last.evidence[1].holds);
	assert_false(y->last.evidence[2].known);
	assert_int_equal(y->last.evidence[2].text.size, 0);
	story_end(y);
}

static void long_evidence_is_cut_at_its_limit(void **state)
{
	struct buf b = { 0 };
	struct story *y;

	(void)state;
	buf_add_str(&b, "ladder a { x\n y when purchases >= 1 or purchases >= 2\n"
		" z when purchases >= 2");
	for (int i = 0; i < 30; i++)
		buf_printf(&b, " and (not refunds >= %d or need)", 1 + i);
	buf_add_str(&b, " }");
	buf_add(&b, "", 1);
	y = story_new((const char *)b.data);
	buys(y, 0, 1);
	assert_int_equal(y->last.n_evidence, 2);
	buys(y, 1, 1);
	assert_int_equal(y->last.n_evidence, EVIDENCE_MAX);
	assert_span(y->last.evidence[1].test, "refunds >= 1");
	returns(y, 2, 0); /* down to y: its two, and as many of z's as there is room for */
	assert_span(y->last.to, "y");
	assert_int_equal(y->last.n_evidence, EVIDENCE_MAX);
	assert_span(y->last.evidence[3].test, "refunds >= 1");
	assert_true(y->last.evidence[3].holds);
	story_end(y);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_first_purchase_converts),
		cmocka_unit_test(a_customer_met_by_a_purchase_converts_from_nothing),
		cmocka_unit_test(silence_loses_and_a_purchase_wins_back),
		cmocka_unit_test(everything_returned_loses),
		cmocka_unit_test(a_regular_one_who_stays_away_is_at_risk_and_recovers),
		cmocka_unit_test(whoever_gave_all_back_is_neither_silent_nor_recovered),
		cmocka_unit_test(
			being_lost_ends_being_at_risk_and_being_won_back_with_a_reason_begins_it),
		cmocka_unit_test(a_complaint_left_lying_is_a_risk_until_resolved),
		cmocka_unit_test(a_contract_that_runs_out_is_a_risk_until_renewed),
		cmocka_unit_test(stages_climb_as_the_relationship_does),
		cmocka_unit_test(the_most_severe_of_several_reasons_names_the_crossing),
		cmocka_unit_test(a_ladder_that_a_new_file_adds_announces_nobody_at_its_foot),
		cmocka_unit_test(moving_again_to_the_same_verdict_is_no_change),
		cmocka_unit_test(a_change_tells_since_when_the_old_state_had_held),
		cmocka_unit_test(a_rung_that_is_gone_makes_only_certain_crossings),
		cmocka_unit_test(every_change_at_once_fits),
		cmocka_unit_test(crossings_have_names),
		cmocka_unit_test(a_notification_of_risk_says_why_and_what_is_at_stake),
		cmocka_unit_test(the_value_is_the_margin_where_every_purchase_told_it),
		cmocka_unit_test(a_potential_customer_has_no_value_yet),
		cmocka_unit_test(moving_down_shows_the_rule_that_ceased_as_well),
		cmocka_unit_test(evidence_of_names_carries_their_words),
		cmocka_unit_test(long_evidence_is_cut_at_its_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
