/* SPDX-License-Identifier: Apache-2.0 */
/* Business time. A day here is what lies between two local midnights, each at its first instant,
 * so that days follow each other also where the clock is put back over midnight. */
#include "lifecycle/calendar.h"

#define STEPS_MAX (100 * 366)

/* The open time of one day. */
struct open_day {
	unsigned n;
	int64_t from_ms[CALENDAR_HOURS_MAX], to_ms[CALENDAR_HOURS_MAX];
	int64_t total_ms;
};

static int64_t day_begin(const struct calendar *c, int64_t day)
{
	return zone_instant(c->zone, day * DAY_MS);
}

static int64_t day_of(const struct calendar *c, int64_t at_ms)
{
	int64_t day = zone_day(c->zone, at_ms);

	while (day_begin(c, day + 1) <= at_ms)
		day++;
	while (day_begin(c, day) > at_ms)
		day--;
	return day;
}

static bool day_is_closed(const struct calendar *c, int64_t day)
{
	unsigned month, of_month;
	int64_t year;

	if (c->n_closed == 0)
		return false;
	date_from_days(day, &year, &month, &of_month);
	for (unsigned i = 0; i < c->n_closed; i++) {
		int64_t d = c->closed[i].yearly ? (int64_t)(month * 100 + of_month) : day;

		if (d >= c->closed[i].first && d <= c->closed[i].last)
			return true;
	}
	return false;
}

static struct open_day open_day(const struct calendar *c, int64_t day)
{
	unsigned weekday = (unsigned)(day + 3 - div_floor(day + 3, 7) * 7); /* 1970-01-01: Thursday */
	struct open_day d = { 0 };

	if (c->n_hours[weekday] == 0 || day_is_closed(c, day))
		return d;
	for (; d.n < c->n_hours[weekday]; d.n++) {
		const struct calendar_hours *h = &c->hours[weekday][d.n];

		d.from_ms[d.n] = zone_instant(c->zone, day * DAY_MS + h->from_min * INT64_C(60000));
		d.to_ms[d.n] = zone_instant(c->zone, day * DAY_MS + h->to_min * INT64_C(60000));
		d.total_ms += d.to_ms[d.n] - d.from_ms[d.n];
	}
	return d;
}

/* What a whole day counts. */
static int64_t day_full(const struct open_day *d, enum business unit)
{
	return unit == BUSINESS_HOURS || d->total_ms == 0 ? d->total_ms : DAY_MS;
}

/* What D counts up to AT. */
static int64_t day_done(const struct open_day *d, enum business unit, int64_t at_ms)
{
	int64_t open_ms = 0;

	for (unsigned i = 0; i < d->n && at_ms > d->from_ms[i]; i++)
		open_ms += (at_ms < d->to_ms[i] ? at_ms : d->to_ms[i]) - d->from_ms[i];
	return unit == BUSINESS_HOURS || d->total_ms == 0 ? open_ms : open_ms * DAY_MS / d->total_ms;
}

/* The first instant at which D counts GOAL, from 1 to day_full(). */
static int64_t day_reaches(const struct open_day *d, enum business unit, int64_t goal)
{
	int64_t open_ms = goal;
	unsigned i = 0;

	if (unit == BUSINESS_DAYS)
		open_ms = (goal * d->total_ms + DAY_MS - 1) / DAY_MS; /* below 2^53 */
	for (; i + 1 < d->n && open_ms > d->to_ms[i] - d->from_ms[i]; i++)
		open_ms -= d->to_ms[i] - d->from_ms[i];
	return d->from_ms[i] + open_ms;
}

bool calendar_is_open(const struct calendar *c, int64_t at_ms)
{
	struct open_day d = open_day(c, day_of(c, at_ms));

	for (unsigned i = 0; i < d.n; i++)
		if (at_ms >= d.from_ms[i] && at_ms < d.to_ms[i])
			return true;
	return false;
}

int64_t business_between(const struct calendar *c, enum business unit, int64_t a_ms, int64_t b_ms)
{
	int64_t day, last, sum;
	struct open_day d;

	if (b_ms < a_ms)
		return -business_between(c, unit, b_ms, a_ms);
	day = day_of(c, a_ms);
	last = day_of(c, b_ms);
	d = open_day(c, day);
	sum = -day_done(&d, unit, a_ms);
	for (; day < last; d = open_day(c, ++day))
		sum += day_full(&d, unit);
	return sum + day_done(&d, unit, b_ms);
}

int64_t business_add(const struct calendar *c, enum business unit, int64_t t_ms, int64_t span)
{
	int64_t day = day_of(c, t_ms), goal, full;
	struct open_day d = open_day(c, day);

	goal = day_done(&d, unit, t_ms) + span; /* from the beginning of DAY */
	for (unsigned steps = 0; steps < STEPS_MAX; steps++) {
		full = day_full(&d, unit);
		if (goal > 0 && goal <= full)
			return day_reaches(&d, unit, goal);
		if (goal > 0) {
			goal -= full;
			d = open_day(c, ++day);
		} else {
			d = open_day(c, --day);
			goal += day_full(&d, unit);
		}
	}
	return goal > 0 ? BUSINESS_NEVER : -BUSINESS_NEVER;
}

const struct calendar *calendar_of_region(const struct calendar_regions *regions,
	struct span region, const struct calendar *otherwise)
{
	for (unsigned i = 0; regions && i < regions->n; i++)
		if (span_eq(regions->list[i].name, region))
			return regions->list[i].calendar;
	return otherwise;
}
