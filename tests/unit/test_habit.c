/* SPDX-License-Identifier: Apache-2.0 */
/* The habit of a source, and its deadline against a count of every minute by libc's own clock. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "lifecycle/habit.h"
#include "lifecycle/machine.h"
#include "random_event.h"
#include "tests/unit/compiled.h"

#define MINUTE INT64_C(60000)
#define LEAST  (15 * MINUTE)

static int64_t at(const char *text)
{
	int64_t ms;

	assert_int_equal(time_parse(text, strlen(text), &ms), 0);
	return ms;
}

static struct machine *compile_for(const char *zone, const char *calendar)
{
	char text[2000];

	snprintf(text, sizeof text, "zone \"%s\"\n%s\nrisk x when need", zone, calendar);
	return compile(text);
}

static struct habit_place place_of(const struct machine *m)
{
	return (struct habit_place){ &m->zone, m->n_calendars ? &m->calendars[0] : NULL };
}

/* The hour of the local week, by libc. */
static unsigned cell_of(int64_t ms)
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;

	localtime_r(&t, &tm);
	return (unsigned)((tm.tm_wday + 6) % 7 * 24 + tm.tm_hour);
}

static bool is_new_hour(int64_t ms)
{
	time_t t = (time_t)(ms / 1000), before = t - 60;
	struct tm a, b;

	localtime_r(&t, &a);
	localtime_r(&before, &b);
	return a.tm_min == 0 || a.tm_gmtoff != b.tm_gmtoff;
}

static double rate_of(const struct habit *h, unsigned cell)
{
	const struct habit_cell *c = &h->cells[cell % 168];

	return c->hours > 0.01f ? (double)(c->signs / c->hours) : 0;
}

static double least_of(const struct habit *h, unsigned cell)
{
	double least = rate_of(h, cell);

	for (unsigned i = 1; i <= 167; i += 166)
		if (h->cells[(cell + i) % 168].hours > 0.01f)
			least = fmin(least, rate_of(h, cell + i));
	return least;
}

/* Minute by minute: what is expected since FROM, whole hours in full; the first minute at which it
 * is enough, or a week after which nobody waits any more. */
static int64_t slow_due(const struct habit *h, const struct habit_place *p, int64_t from)
{
	double sum = 0, in_hour = 0, minutes = 0;
	bool whole = is_new_hour(from);
	int64_t now = from;

	for (; now < from + 30 * DAY_MS; now += MINUTE) {
		unsigned cell = cell_of(now);
		double open = !p->calendar || calendar_is_open(p->calendar, now);

		in_hour += open * least_of(h, cell) / 60;
		minutes += open;
		if (sum + in_hour >= HABIT_EXPECTED)
			break;
		if (!is_new_hour(now + MINUTE))
			continue;
		sum += whole ? minutes * rate_of(h, cell) / 60 : in_hour;
		if (sum >= HABIT_EXPECTED)
			break;
		whole = true;
		in_hour = minutes = 0;
	}
	return now + MINUTE;
}

/* Eight weeks of a shop that is open from 8:30 to 18:00 on weekdays and to 12:00 on Saturdays, with
 * so many customers an hour. */
static void learn(struct habit *h, const struct habit_place *p, int64_t from, int64_t to,
	double per_hour, struct random *r)
{
	memset(h, 0, sizeof *h);
	for (int64_t now = from; now < to; now += MINUTE) {
		unsigned cell = cell_of(now), day = cell / 24, hour = cell % 24;
		unsigned minute = (unsigned)(now / MINUTE % 60);
		bool open = day < 6 && (hour > 8 || (hour == 8 && minute >= 30)) &&
			hour < (day == 5 ? 12 : 18);

		if (open && random_below(r, 1000000) < 1000000 * per_hour / 60)
			habit_hear(h, p, now, 1 + (uint32_t)random_below(r, 3));
	}
}

static void in_zone(const char *name)
{
	setenv("TZ", name, 1);
	tzset();
}

static void the_deadline_is_what_a_count_of_minutes_finds(void **state)
{
	static const char *const zones[] = { "UTC", "Europe/Berlin", "America/New_York",
		"Asia/Kolkata", "Australia/Lord_Howe" };
	static const char *const calendars[] = { "",
		"calendar { hours mon..fri 8:30-18:00 hours sat 8:30-12:00 closed \"2026-04-03\", "
		"\"2026-04-06\" }" };
	struct random r = { random_seed(1) };
	uint64_t runs = random_runs(60);
	struct habit h;

	(void)state;
	for (uint64_t run = 0; run < runs; run++) {
		const char *zone = zones[random_below(&r, 5)];
		struct machine *m = compile_for(zone, calendars[random_below(&r, 2)]);
		struct habit_place p = place_of(m);
		int64_t from, due, slow;

		in_zone(zone);
		learn(&h, &p, at("2026-02-02T00:00:00Z"), at("2026-03-20T00:00:00Z"),
			1 + (double)random_below(&r, 40), &r);
		/* through the change of clocks at the end of March, and Easter */
		from = at("2026-03-20T00:00:00Z") + (int64_t)random_below(&r, 25 * 1440) * MINUTE;
		due = habit_due(&h, &p, from, 0);
		slow = slow_due(&h, &p, from);
		if (due > slow + MINUTE || due < slow - 2 * MINUTE)
			fail_msg("seed %llu, %s: due %lld, by minutes %lld",
				(unsigned long long)random_seed(1), zone, (long long)due,
				(long long)slow);
		assert_true(fabs(habit_expected(&h, &p, from, due) - HABIT_EXPECTED) < 1e-6 ||
			habit_expected(&h, &p, from, due - 1) < HABIT_EXPECTED);
		assert_true(habit_expected(&h, &p, from, due) >= HABIT_EXPECTED - 1e-6);
		machine_free(m);
	}
	in_zone("UTC");
}

static void a_busy_shop_is_missed_within_the_hour_and_not_at_night(void **state)
{
	struct machine *m = compile_for("Europe/Berlin", "");
	struct habit_place p = place_of(m);
	struct random r = { random_seed(1) };
	struct habit h;
	int64_t due;

	(void)state;
	in_zone("Europe/Berlin");
	learn(&h, &p, at("2026-01-05T00:00:00Z"), at("2026-03-02T00:00:00Z"), 40, &r);
	assert_true(habit_knows_week(&h));
	due = habit_due(&h, &p, at("2026-03-03T10:00:00Z"), LEAST); /* 11:00 there, a Tuesday */
	assert_in_range(due, at("2026-03-03T10:15:00Z"), at("2026-03-03T10:30:00Z"));
	/* closing time: the next morning's first half hour counts when it is over */
	due = habit_due(&h, &p, at("2026-03-03T16:50:00Z"), LEAST);
	assert_int_equal(due, at("2026-03-04T08:00:00Z"));
	/* Saturday noon: Monday at nine */
	due = habit_due(&h, &p, at("2026-03-07T10:55:00Z"), LEAST);
	assert_int_equal(due, at("2026-03-09T08:00:00Z"));
	/* the same Monday three weeks on is one hour earlier by the sun */
	due = habit_due(&h, &p, at("2026-03-28T10:55:00Z"), LEAST);
	assert_int_equal(due, at("2026-03-30T07:00:00Z"));
	in_zone("UTC");
	machine_free(m);
}

static void closed_days_stop_the_clock(void **state)
{
	struct machine *m = compile_for("Europe/Berlin", "calendar { hours mon..fri 8:30-18:00 "
		"hours sat 8:30-12:00 closed \"2026-04-03\", \"2026-04-06\" }");
	struct habit_place p = place_of(m);
	struct random r = { random_seed(1) };
	struct habit h;
	int64_t due;

	(void)state;
	in_zone("Europe/Berlin");
	learn(&h, &p, at("2026-01-05T00:00:00Z"), at("2026-03-30T00:00:00Z"), 40, &r);
	due = habit_due(&h, &p, at("2026-04-02T15:55:00Z"), LEAST); /* before Good Friday */
	/* Saturday 8:30 to 9:00 is whole: nothing is open before. The rest of Thursday is 5
	 * minutes. */
	assert_in_range(due, at("2026-04-04T06:36:00Z"), at("2026-04-04T07:00:00Z"));
	due = habit_due(&h, &p, at("2026-04-04T09:55:00Z"), LEAST); /* Easter Monday is closed */
	assert_in_range(due, at("2026-04-07T06:36:00Z"), at("2026-04-07T07:00:00Z"));
	in_zone("UTC");
	machine_free(m);
}

static void before_two_weeks_only_days_of_silence_are_told(void **state)
{
	struct machine *m = compile_for("UTC", "");
	struct habit_place p = place_of(m);
	struct random r = { random_seed(1) };
	struct habit h;

	(void)state;
	in_zone("UTC");
	learn(&h, &p, at("2026-01-05T00:00:00Z"), at("2026-01-10T12:00:00Z"), 40, &r);
	assert_false(habit_knows_week(&h));
	assert_int_equal(habit_due(&h, &p, at("2026-01-10T12:00:00Z"), LEAST),
		at("2026-01-13T12:00:00Z"));
	assert_true(fabs(habit_expected(&h, &p, at("2026-01-10T12:00:00Z"),
		at("2026-01-10T12:00:00Z") + (int64_t)(9 / habit_signs_per_hour(&h) * 3600000)) - 9) <
		1e-3);
	machine_free(m);
}

static void a_batch_of_a_thousand_is_one_sign_of_life(void **state)
{
	struct habit_place p = { NULL, NULL };
	struct habit h = { 0 };
	int64_t now = at("2026-01-05T02:00:00Z");

	(void)state;
	for (unsigned night = 0; night < 30; night++, now += DAY_MS)
		for (unsigned i = 0; i < 1000; i++)
			habit_hear(&h, &p, now + (int64_t)i * 10, 1);
	assert_true(fabs(habit_signs_per_hour(&h) - 1 / 24.0) < 0.005);
	assert_true(fabs(habit_events_per_hour(&h) - 1000 / 24.0) < 5);
	/* nine nights */
	assert_in_range(habit_due(&h, &p, now - DAY_MS + 10000, LEAST), now + 8 * DAY_MS,
		now + 9 * DAY_MS);
}

static void what_was_skipped_is_no_habit(void **state)
{
	struct habit_place p = { NULL, NULL };
	struct habit h = { 0 }, quiet;
	int64_t now = at("2026-01-05T00:00:00Z");

	(void)state;
	for (unsigned i = 0; i < 21 * 24; i++, now += HOUR_MS)
		habit_hear(&h, &p, now, 1);
	quiet = h;
	now += 3 * DAY_MS;
	habit_skip(&h, now);
	habit_hear(&h, &p, now, 1);
	habit_hear(&quiet, &p, now, 1);
	assert_true(fabs(habit_signs_per_hour(&h) - 1) < 0.01);
	assert_true(habit_signs_per_hour(&quiet) < 0.9);
	assert_true(h.pause_ms == HOUR_MS && quiet.pause_ms == 3 * DAY_MS + HOUR_MS);
}

static void years_change_nothing_and_the_bytes_come_back(void **state)
{
	struct habit_place p = { NULL, NULL };
	struct habit h = { 0 }, again;
	uint8_t bytes[HABIT_BYTES], twice[HABIT_BYTES];
	int64_t now = at("2026-01-05T00:00:00Z");

	(void)state;
	for (unsigned i = 0; i < 4 * 365 * 24; i++, now += HOUR_MS)
		habit_hear(&h, &p, now, 2);
	assert_true(fabs(habit_signs_per_hour(&h) - 1) < 0.01);
	assert_true(fabs(habit_events_per_hour(&h) - 2) < 0.02);
	assert_true(h.cells[0].hours < 1e20f);
	habit_pack(&h, bytes);
	habit_unpack(&again, bytes);
	habit_pack(&again, twice);
	assert_memory_equal(bytes, twice, sizeof bytes);
	assert_int_equal(habit_due(&again, &p, now, LEAST), habit_due(&h, &p, now, LEAST));
	now += 5 * 365 * DAY_MS; /* and five years of nothing */
	habit_hear(&h, &p, now, 1);
	assert_true(isfinite(habit_signs_per_hour(&h)) && habit_signs_per_hour(&h) < 0.1);
}

static void who_speaks_too_seldom_is_not_judged(void **state)
{
	struct habit_place p = { NULL, NULL };
	struct habit h = { 0 };
	int64_t now = at("2026-01-05T00:00:00Z");

	(void)state;
	assert_int_equal(habit_due(&h, &p, now, LEAST), HABIT_NEVER);
	for (unsigned i = 0; i < 20; i++, now += 14 * DAY_MS)
		habit_hear(&h, &p, now, 1);
	assert_int_equal(habit_due(&h, &p, now, LEAST), HABIT_NEVER);
}

#define OPEN "calendar shop { hours mon..fri 9:00-18:00 }\n"

static void the_file_says_which_hours_a_source_has(void **state)
{
	struct machine *m = compile_for("UTC", OPEN "calendar { hours mon..sun 6:00-22:00 }\n"
		"source \"till-*\", \"kiosk\" in shop\nsource \"till-9*\" unwatched\n"
		"source \"*\" in business time\nsource \"till-99\" in shop\n");

	(void)state;
	assert_ptr_equal(machine_source(m, span_str("till-7"))->calendar, &m->calendars[0]);
	assert_ptr_equal(machine_source(m, span_str("kiosk"))->calendar, &m->calendars[0]);
	assert_ptr_equal(machine_source(m, span_str("kiosk-2"))->calendar, &m->calendars[1]);
	assert_true(machine_source(m, span_str("till-91"))->unwatched);
	assert_false(machine_source(m, span_str("till-99"))->unwatched);
	machine_free(m);
	m = compile_for("UTC", "");
	assert_null(machine_source(m, span_str("till-7")));
	machine_free(m);
}

static void complaints_about_sources_name_the_place(void **state)
{
	(void)state;
	assert_refused("source till in shop", 1, 8, "expected the name of a source in quotes, such as "
		"\"till-7\", or \"till-*\" for all that begin so, found till");
	assert_refused("source \"a*b\" unwatched", 1, 8, "a source has at most 64 bytes, and a * only "
		"at the end stands for whatever follows");
	assert_refused(OPEN "source \"a\" in shp", 2, 15, "expected the name of a calendar declared "
		"before, or business time, found shp; did you mean shop?");
	assert_refused(OPEN "source \"a\" in business time", 2, 15, "there is no calendar without a "
		"name yet: declare calendar { hours mon..fri 9:00-17:00 } before, or say in which "
		"calendar");
	assert_refused("source \"a\" unwatched\nsource \"b\", \"a\" unwatched", 2, 13,
		"line 1 says already what holds for \"a\"");
	assert_refused("source \"a\"\nrisk x when need", 2, 1,
		"expected in and a calendar, or unwatched, found risk");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_deadline_is_what_a_count_of_minutes_finds),
		cmocka_unit_test(a_busy_shop_is_missed_within_the_hour_and_not_at_night),
		cmocka_unit_test(closed_days_stop_the_clock),
		cmocka_unit_test(before_two_weeks_only_days_of_silence_are_told),
		cmocka_unit_test(a_batch_of_a_thousand_is_one_sign_of_life),
		cmocka_unit_test(what_was_skipped_is_no_habit),
		cmocka_unit_test(years_change_nothing_and_the_bytes_come_back),
		cmocka_unit_test(who_speaks_too_seldom_is_not_judged),
		cmocka_unit_test(the_file_says_which_hours_a_source_has),
		cmocka_unit_test(complaints_about_sources_name_the_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
