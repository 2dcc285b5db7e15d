/* SPDX-License-Identifier: Apache-2.0 */
/* Calendars: working time against a count of minutes, through clock changes of every kind. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "lifecycle/standing.h"
#include "random_event.h"
#include "tests/unit/compiled.h"

#define MINUTE INT64_C(60000)
#define HOUR   (60 * MINUTE)

static int64_t at(const char *text)
{
	int64_t ms;

	assert_int_equal(time_parse(text, strlen(text), &ms), 0);
	return ms;
}

#define WEEK "calendar { hours mon..fri 9:00-18:00 closed \"2026-12-25\", \"01-01\", " \
	"\"2026-12-28\"..\"2026-12-30\" }\n"

static void assert_reaches(const struct calendar *c, enum business unit, const char *from,
	int64_t span, const char *to)
{
	char got[32];

	time_format(business_add(c, unit, at(from), span), got);
	if (business_add(c, unit, at(from), span) != at(to))
		fail_msg("%s and %lld ms reach to %s, expected %s", from, (long long)span, got, to);
}

static void two_business_days_from_friday_afternoon_end_on_tuesday_afternoon(void **state)
{
	struct machine *m = compile(WEEK "risk x when need");
	const struct calendar *c = &m->calendars[0];

	(void)state;
	assert_reaches(c, BUSINESS_DAYS, "2026-11-20T15:00:00Z", 2 * DAY_MS, "2026-11-24T15:00:00Z");
	assert_reaches(c, BUSINESS_DAYS, "2026-11-21T11:00:00Z", 2 * DAY_MS, "2026-11-24T18:00:00Z");
	assert_reaches(c, BUSINESS_DAYS, "2026-11-20T18:00:00Z", 1, "2026-11-23T09:00:00.001Z");
	assert_reaches(c, BUSINESS_DAYS, "2026-11-24T15:00:00Z", -2 * DAY_MS, "2026-11-20T15:00:00Z");
	assert_reaches(c, BUSINESS_DAYS, "2026-11-21T11:00:00Z", 0, "2026-11-20T18:00:00Z");
	assert_reaches(c, BUSINESS_HOURS, "2026-11-20T17:00:00Z", 2 * HOUR, "2026-11-23T10:00:00Z");
	/* Christmas, closed days, New Year's Day of every year */
	assert_reaches(c, BUSINESS_HOURS, "2026-12-24T17:00:00Z", 2 * HOUR, "2026-12-31T10:00:00Z");
	assert_reaches(c, BUSINESS_HOURS, "2026-12-31T17:00:00Z", 2 * HOUR, "2027-01-04T10:00:00Z");
	assert_reaches(c, BUSINESS_HOURS, "2027-12-31T17:00:00Z", 2 * HOUR, "2028-01-03T10:00:00Z");
	assert_true(calendar_is_open(c, at("2026-11-20T09:00:00Z")));
	assert_false(calendar_is_open(c, at("2026-11-20T18:00:00Z")));
	assert_false(calendar_is_open(c, at("2026-12-25T12:00:00Z")));
	machine_free(m);
}

static void a_day_on_which_the_clock_changes_counts_the_hours_that_pass(void **state)
{
	struct machine *m = compile("zone \"Europe/London\" calendar { hours mon..sun 0:00-6:00 }\n"
		"risk x when need");
	const struct calendar *c = &m->calendars[0];

	(void)state;
	assert_int_equal(business_between(c, BUSINESS_HOURS, at("2026-03-29T00:00:00Z"),
		at("2026-03-29T12:00:00Z")), 5 * HOUR);
	assert_int_equal(business_between(c, BUSINESS_HOURS, at("2026-10-24T23:00:00Z"),
		at("2026-10-25T12:00:00Z")), 7 * HOUR);
	assert_int_equal(business_between(c, BUSINESS_DAYS, at("2026-10-24T23:00:00Z"),
		at("2026-10-25T12:00:00Z")), DAY_MS);
	machine_free(m);
}

/* ---- against minutes */

#define MINUTES (60 * 24 * 40)

struct minutes {
	int64_t begin_ms;
	bool open[MINUTES];
	int64_t before[MINUTES + 1]; /* open minutes before this one */
	int32_t day[MINUTES];        /* as the clock that is never put back says */
};

static int64_t libc_local_ms(int64_t ms)
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;

	localtime_r(&t, &tm);
	return ms + tm.tm_gmtoff * 1000;
}

static bool is_open_at(const struct calendar *c, int64_t local_ms)
{
	int64_t day = div_floor(local_ms, DAY_MS);
	unsigned minute = (unsigned)((local_ms - day * DAY_MS) / MINUTE);
	time_t t = (time_t)(day * 86400);
	struct tm tm;
	int weekday;

	gmtime_r(&t, &tm);
	weekday = (tm.tm_wday + 6) % 7;
	for (unsigned i = 0; i < c->n_closed; i++) {
		const struct calendar_closed *closed = &c->closed[i];
		int64_t d = closed->yearly ? (tm.tm_mon + 1) * 100 + tm.tm_mday : day;

		if (d >= closed->first && d <= closed->last)
			return false;
	}
	for (unsigned i = 0; i < c->n_hours[weekday]; i++)
		if (minute >= c->hours[weekday][i].from_min && minute < c->hours[weekday][i].to_min)
			return true;
	return false;
}

/* Filled from three days before, so that the clock has been as far as it has been. */
static void minutes_fill(struct minutes *m, const struct calendar *c, int64_t begin_ms)
{
	int64_t clock = INT64_MIN;

	m->begin_ms = begin_ms;
	for (int64_t i = -3 * 1440; i < MINUTES; i++) {
		int64_t local = libc_local_ms(begin_ms + i * MINUTE);

		clock = local > clock ? local : clock;
		if (i < 0)
			continue;
		m->open[i] = is_open_at(c, clock);
		m->day[i] = (int32_t)div_floor(clock, DAY_MS);
		m->before[i + 1] = m->before[i] + m->open[i];
	}
}

/* Open ms from the beginning of the minutes to AT. */
static int64_t open_until(const struct minutes *m, int64_t at_ms)
{
	int64_t i = (at_ms - m->begin_ms) / MINUTE;

	return m->before[i] * MINUTE + (m->open[i] ? (at_ms - m->begin_ms) % MINUTE : 0);
}

static int64_t days_until(const struct minutes *m, int64_t at_ms)
{
	int64_t here = (at_ms - m->begin_ms) / MINUTE, sum = 0, first = 0, total, open;

	for (int64_t i = 1; i <= here; i++) {
		if (m->day[i] == m->day[i - 1])
			continue;
		sum += m->before[i] > m->before[first] ? DAY_MS : 0;
		first = i;
	}
	for (int64_t i = first; i < MINUTES && m->day[i] == m->day[first]; i++)
		here = i;
	total = (m->before[here + 1] - m->before[first]) * MINUTE;
	open = open_until(m, at_ms) - m->before[first] * MINUTE;
	return sum + (total ? open * DAY_MS / total : 0);
}

static int64_t counted(const struct minutes *m, enum business unit, int64_t a, int64_t b)
{
	return unit == BUSINESS_HOURS ? open_until(m, b) - open_until(m, a)
		: days_until(m, b) - days_until(m, a);
}

static void write_calendar(struct random *r, struct buf *out)
{
	static const char *const days[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

	buf_add_str(out, "calendar {\n");
	for (unsigned i = 0; i < 7; i++) {
		unsigned from = (unsigned)random_below(r, 700), to = from + 1 +
			(unsigned)random_below(r, 700);

		if (i > 0 && random_below(r, 4) == 0)
			continue;
		if (random_below(r, 3) == 0)
			from = 0;
		buf_printf(out, "hours %s %u:%02u-%u:%02u", days[i], from / 60, from % 60, to / 60,
			to % 60);
		if (random_below(r, 2))
			buf_printf(out, ", %u:%02u-24:00", (to + 1) / 60, (to + 1) % 60);
		buf_add_str(out, "\n");
	}
	if (random_below(r, 2))
		buf_add_str(out, "closed \"03-30\", \"11-02\", \"2011-12-29\"\n");
	buf_add_str(out, "}\nrisk x when need\n");
}

/* Where the clock is put forward and back, at midnight, by half an hour, and by a whole day. */
static const struct {
	const char *zone, *begin;
} changes[] = {
	{ "UTC", "2026-02-20" }, { "Europe/London", "2026-03-10" }, { "Europe/London", "2026-10-10" },
	{ "Australia/Lord_Howe", "2026-03-20" }, { "Australia/Lord_Howe", "2026-09-20" },
	{ "America/St_Johns", "2010-10-25" }, { "America/St_Johns", "2011-03-01" },
	{ "America/Havana", "2026-10-20" }, { "America/Asuncion", "2015-10-01" },
	{ "Pacific/Apia", "2011-12-20" }, { "Africa/Casablanca", "2026-02-05" },
	{ "Asia/Kathmandu", "2026-05-01" },
};

static void assert_add_is_first(const struct minutes *m, const struct calendar *c,
	enum business unit, int64_t t, int64_t span)
{
	int64_t u = business_add(c, unit, t, span), end = m->begin_ms + (MINUTES - 1441) * MINUTE;

	if (u <= m->begin_ms + 1440 * MINUTE || u >= end)
		return;
	assert_true(counted(m, unit, t, u) >= span);
	assert_true(counted(m, unit, t, u - 1) < span);
}

static void working_time_is_what_counting_minutes_says(void **state)
{
	uint64_t seed = random_seed(1);
	unsigned runs = random_runs(1) * (unsigned)(sizeof changes / sizeof *changes);
	static struct minutes minutes;

	(void)state;
	for (unsigned i = 0; i < runs; i++) {
		struct random r = { seed * 1000003 + i };
		const char *zone = changes[i % (sizeof changes / sizeof *changes)].zone;
		struct buf text = { 0 };
		struct machine *m;

		buf_printf(&text, "zone \"%s\" ", zone);
		write_calendar(&r, &text);
		buf_add(&text, "", 1);
		m = compile((const char *)text.data);
		assert_int_equal(setenv("TZ", zone, 1), 0);
		tzset();
		minutes_fill(&minutes, &m->calendars[0], at(changes[i % 12].begin));
		for (int k = 0; k < 40; k++) {
			int64_t a = minutes.begin_ms + 1440 * MINUTE +
				(int64_t)random_below(&r, (MINUTES - 2881) * (uint64_t)MINUTE);
			int64_t b = minutes.begin_ms + 1440 * MINUTE +
				(int64_t)random_below(&r, (MINUTES - 2881) * (uint64_t)MINUTE);
			enum business unit = k % 2 ? BUSINESS_DAYS : BUSINESS_HOURS;
			const struct calendar *c = &m->calendars[0];

			assert_int_equal(business_between(c, unit, a, b),
				counted(&minutes, unit, a, b));
			assert_int_equal(calendar_is_open(c, a),
				minutes.open[(a - minutes.begin_ms) / MINUTE]);
			assert_add_is_first(&minutes, c, unit, a, counted(&minutes, unit, a, b));
			assert_add_is_first(&minutes, c, unit, a,
				(int64_t)random_below(&r, 8 * DAY_MS) - 4 * DAY_MS);
			assert_add_is_first(&minutes, c, unit, a, (int64_t)random_below(&r, 3) - 1);
		}
		machine_free(m);
		buf_fini(&text);
	}
	unsetenv("TZ");
	tzset();
}

/* ---- in rules */

static struct facts complained(int64_t time_ms)
{
	struct event e = { .body = BODY_COMPLAINT, .time_ms = time_ms };
	struct facts f;

	e.as.complaint.complaint = span_str("c1");
	facts_init(&f);
	facts_add(&f, &e, NULL);
	e = (struct event){ .body = BODY_CONTRACT, .time_ms = time_ms };
	e.as.contract.change = CONTRACT_SIGNED;
	e.as.contract.ends_ms = time_ms;
	facts_add(&f, &e, NULL);
	e = (struct event){ .body = BODY_PROFILE, .time_ms = time_ms };
	e.as.profile.region = span_str("north");
	facts_add(&f, &e, NULL);
	return f;
}

static bool by_definition(const struct test *t, int64_t t_ms, int64_t now_ms)
{
	bool age = t->quantity == QUANTITY_complaint_age;
	const struct calendar *c = calendar_of_region(t->regions, span_str("north"), t->calendar);
	double v = (double)business_between(c, t->business, age ? t_ms : now_ms,
		age ? now_ms : t_ms);

	switch (t->op) {
	case OP_LT: return v < t->number;
	case OP_LE: return v <= t->number;
	case OP_GT: return v > t->number;
	default: return v >= t->number;
	}
}

static void a_rule_holds_by_working_time_and_its_flip_is_exact(void **state)
{
	static const char *const ops[] = { "<", "<=", ">", ">=" };
	static const char *const names[] = { "complaint_age", "contract_remaining" };
	uint64_t seed = random_seed(1);
	unsigned runs = random_runs(300);

	(void)state;
	for (unsigned i = 0; i < runs; i++) {
		struct random r = { seed * 1000003 + i };
		int64_t t = at("2026-03-10") + (int64_t)random_below(&r, 40 * (uint64_t)DAY_MS);
		int64_t now = t + (int64_t)random_below(&r, 20 * (uint64_t)DAY_MS) - 10 * DAY_MS, flip;
		struct facts f = complained(t);
		struct verdict v;
		struct machine *m;
		bool regional = random_below(&r, 2);
		char text[500];

		snprintf(text, sizeof text, "zone \"Europe/London\" calendar { hours sat 1:00-2:00 } "
			"calendar shop { hours mon..fri "
			"9:00-12:30, 13:00-18:00 hours sun 0:30-2:30 closed \"2026-04-03\" }\n"
			"region \"north\" in shop\n"
			"risk x when %s %s %d.%u business %s%s", names[random_below(&r, 2)],
			ops[random_below(&r, 4)], (int)random_below(&r, 5) - 2,
			(unsigned)random_below(&r, 2) * 5, random_below(&r, 2) ? "days" : "hours",
			regional ? "" : " in shop");
		m = compile(text);
		for (int k = 0; k < 5; k++) {
			machine_judge(m, &f, now, &v);
			if ((v.risks == 1) != by_definition(&m->tests[0], t, now))
				fail_msg("%s: %d at %lld", text, v.risks, (long long)(now - t));
			flip = machine_next_change(m, &f, now, &v);
			if (flip == NEVER)
				break;
			assert_true(by_definition(&m->tests[0], t, flip) != (v.risks == 1));
			assert_true(by_definition(&m->tests[0], t, flip - 1) == (v.risks == 1));
			now = flip;
		}
		machine_free(m);
	}
}

static void complaints_about_calendars_name_the_place(void **state)
{
	(void)state;
	assert_refused("calendar { }", 1, 1, "a calendar without hours is never open");
	assert_refused("calendar { open }", 1, 12, "expected hours, closed or }, found open");
	assert_refused("calendar { hours 9:00-17:00 }", 1, 18,
		"expected a day such as mon, or mon..fri, found 9:00-17:00");
	assert_refused("calendar { hours fri..mon 9:00-17:00 }", 1, 23,
		"expected a later day of the week after .., found mon");
	assert_refused("calendar { hours mon 9:00 }", 1, 22,
		"expected hours such as 9:00-18:00, at most to 24:00, found 9:00");
	assert_refused("calendar { hours mon 18:00-9:00 }", 1, 22,
		"expected hours such as 9:00-18:00, at most to 24:00, found 18:00-9:00");
	assert_refused("calendar { hours mon 9:00-24:01 }", 1, 22,
		"expected hours such as 9:00-18:00, at most to 24:00, found 9:00-24:01");
	assert_refused("calendar { hours mon..fri 9:00-12:00 hours fri 10:00-13:00 }", 1, 48,
		"fri has hours until 12:00 already: earlier ones come first, apart from later ones");
	assert_refused("calendar { closed \"2026-02-30\" }", 1, 19, "expected a day in quotes such as "
		"\"2026-12-25\", or \"12-25\" of every year, found \"2026-02-30\"");
	assert_refused("calendar { closed \"2026-12-25\"..\"2026-12-24\" }", 1, 33, "days from .. to "
		"are two dates with their years, the earlier one first, at most 366 days");
	assert_refused(WEEK WEEK, 2, 1, "this calendar exists already, in line 1");
}

static void complaints_about_working_time_name_the_place(void **state)
{
	(void)state;
	assert_refused("risk x when complaint_age > 2 business days", 1, 40, "there is no calendar "
		"yet for business days: declare calendar { hours mon..fri 9:00-17:00 } before, or "
		"say in which calendar");
	assert_refused(WEEK "risk x when complaint_age > 2 business weeks", 2, 40,
		"expected days or hours after business, found weeks");
	assert_refused(WEEK "risk x when usual_gap > 2 business days", 2, 27, "usual_gap has no "
		"beginning or end that business time could be counted from");
	assert_refused(WEEK "risk x when complaint_age > 2000 business days", 2, 29,
		"at most 1000 business days either way");
	assert_refused(WEEK "risk x when complaint_age > 2 business days in shop", 2, 48,
		"expected the name of a calendar declared before, found shop");
	assert_refused(WEEK "risk x when complaint_age > 2d business days", 2, 32,
		"expected and, or, or a new line, found business");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_business_days_from_friday_afternoon_end_on_tuesday_afternoon),
		cmocka_unit_test(a_day_on_which_the_clock_changes_counts_the_hours_that_pass),
		cmocka_unit_test(working_time_is_what_counting_minutes_says),
		cmocka_unit_test(a_rule_holds_by_working_time_and_its_flip_is_exact),
		cmocka_unit_test(complaints_about_calendars_name_the_place),
		cmocka_unit_test(complaints_about_working_time_name_the_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
