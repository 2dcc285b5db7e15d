/* SPDX-License-Identifier: Apache-2.0 */
/* Learning the rates of an hourly week, and walking along it. */
#include <math.h>
#include <string.h>
#include "lifecycle/habit.h"

#define RESCALE_HALVES 32 /* half-lives after which the weights are made small again */
#define LITTLE_HOURS   0.01f /* a cell with less has never been listened to */

/* A piece of time within one hour of the local clock. */
struct hour {
	int64_t from_ms, to_ms;
	unsigned cell;
};

/* Monday 00:00 is cell 0. */
static struct hour hour_of(const struct habit_place *at, int64_t ms)
{
	int64_t until, local = zone_local(at->zone, ms, &until);
	int64_t hour = div_floor(local, HOUR_MS) + 72; /* 1970-01-01 was a Thursday */
	int64_t end = ms + HOUR_MS - (local - div_floor(local, HOUR_MS) * HOUR_MS);
	int64_t week = div_floor(hour, HABIT_CELLS);

	return (struct hour){ ms, end < until ? end : until, (unsigned)(hour - week * HABIT_CELLS) };
}

static int64_t open_ms(const struct habit_place *at, int64_t from_ms, int64_t to_ms)
{
	if (!at->calendar)
		return to_ms - from_ms;
	return business_between(at->calendar, BUSINESS_HOURS, from_ms, to_ms);
}

/* The first instant at which so much of opening hours has passed. */
static int64_t open_add(const struct habit_place *at, int64_t from_ms, int64_t span_ms)
{
	if (!at->calendar)
		return from_ms + span_ms;
	return business_add(at->calendar, BUSINESS_HOURS, from_ms, span_ms);
}

/* ---- learning */

static double weight(const struct habit *h, int64_t at_ms)
{
	return exp2((double)(at_ms - h->weight_ms) / (double)HABIT_FADES_MS);
}

static void rescale(struct habit *h, int64_t at_ms)
{
	while (at_ms - h->weight_ms > RESCALE_HALVES * HABIT_FADES_MS) {
		h->weight_ms += RESCALE_HALVES * HABIT_FADES_MS;
		h->events *= exp2(-RESCALE_HALVES);
		for (unsigned i = 0; i < HABIT_CELLS; i++) {
			h->cells[i].signs *= exp2f(-RESCALE_HALVES);
			h->cells[i].hours *= exp2f(-RESCALE_HALVES);
		}
	}
}

/* Whether an hour begins at MS. */
static bool is_edge(const struct habit_place *at, int64_t ms)
{
	return hour_of(at, ms - 1).to_ms == ms;
}

/* The source was listened to until TO_MS. */
static void pass(struct habit *h, const struct habit_place *at, int64_t to_ms)
{
	if (to_ms - h->passed_ms > HABIT_WALK_MS) /* what is older has no weight left */
		h->passed_ms = to_ms - HABIT_WALK_MS;
	while (h->passed_ms < to_ms) {
		struct hour hour = hour_of(at, h->passed_ms);

		if (hour.to_ms > to_ms)
			hour.to_ms = to_ms;
		h->cells[hour.cell].hours += (float)((double)open_ms(at, hour.from_ms, hour.to_ms) /
			(double)HOUR_MS * weight(h, hour.to_ms));
		h->passed_ms = hour.to_ms;
	}
}

bool habit_hear(struct habit *h, const struct habit_place *at, int64_t at_ms, uint32_t events)
{
	if (h->first_ms == 0)
		h->first_ms = h->sign_ms = h->passed_ms = h->weight_ms = at_ms;
	else if (at_ms - h->sign_ms < HABIT_SIGN_MS) {
		h->events += events * weight(h, h->sign_ms);
		return false;
	}
	rescale(h, at_ms);
	if (at_ms - h->sign_ms > h->pause_ms && h->passed_ms < at_ms)
		h->pause_ms = at_ms - h->sign_ms;
	pass(h, at, at_ms);
	h->sign_ms = at_ms;
	h->events += events * weight(h, at_ms);
	if (!at->calendar || calendar_is_open(at->calendar, at_ms))
		h->cells[hour_of(at, at_ms).cell].signs += (float)weight(h, at_ms);
	return true;
}

void habit_skip(struct habit *h, int64_t to_ms)
{
	if (h->first_ms != 0 && to_ms > h->passed_ms)
		h->passed_ms = to_ms;
}

/* ---- what is known */

bool habit_knows_week(const struct habit *h)
{
	return h->first_ms != 0 && h->sign_ms - h->first_ms >= HABIT_KNOWN_MS;
}

static double sum_hours(const struct habit *h)
{
	double sum = 0;

	for (unsigned i = 0; i < HABIT_CELLS; i++)
		sum += (double)h->cells[i].hours;
	return sum;
}

double habit_signs_per_hour(const struct habit *h)
{
	double signs = 0, hours = sum_hours(h);

	for (unsigned i = 0; i < HABIT_CELLS; i++)
		signs += (double)h->cells[i].signs;
	return hours > 0 ? signs / hours : 0;
}

double habit_events_per_hour(const struct habit *h)
{
	double hours = sum_hours(h);

	return hours > 0 ? h->events / hours : 0;
}

static double rate(const struct habit *h, unsigned cell)
{
	const struct habit_cell *c = &h->cells[cell % HABIT_CELLS];

	return c->hours > LITTLE_HOURS ? (double)(c->signs / c->hours) : 0;
}

/* What is certain of a part of CELL: the hours beside it are no less busy. One in which it is never
 * open says nothing. */
static double rate_within(const struct habit *h, unsigned cell)
{
	static const unsigned beside[] = { HABIT_CELLS - 1, 1 };
	double least = rate(h, cell);

	for (unsigned i = 0; i < 2; i++) {
		unsigned other = (cell + beside[i]) % HABIT_CELLS;

		if (h->cells[other].hours > LITTLE_HOURS && rate(h, other) < least)
			least = rate(h, other);
	}
	return least;
}

/* ---- the walk */

/* What HOUR adds to what is expected: evenly while it lasts, and all of it at its end when it was
 * silent from its beginning. */
struct step {
	double within, whole; /* at its end, before and after the rest is added */
	double per_ms;        /* of opening hours */
};

static struct step step_of(const struct habit *h, const struct habit_place *at, double mean,
	const struct hour *hour, bool is_whole)
{
	double ms = (double)open_ms(at, hour->from_ms, hour->to_ms);
	struct step s;

	s.per_ms = (mean > 0 ? mean : rate_within(h, hour->cell)) / (double)HOUR_MS;
	s.within = s.whole = ms * s.per_ms;
	if (mean <= 0 && is_whole)
		s.whole = ms * rate(h, hour->cell) / (double)HOUR_MS;
	return s;
}

/* No week has more. */
static double week_has(const struct habit *h)
{
	double sum = 0;

	for (unsigned i = 0; i < HABIT_CELLS; i++)
		sum += rate(h, i);
	return sum;
}

/* By the hours of the week, when so much is expected at last. */
static int64_t reaches(const struct habit *h, const struct habit_place *at, int64_t from_ms)
{
	double left = HABIT_EXPECTED;
	int64_t now = from_ms;

	if (week_has(h) * (HABIT_WALK_MS / (7 * DAY_MS) + 1) < left)
		return HABIT_NEVER;
	while (now - from_ms < HABIT_WALK_MS) {
		struct hour hour = hour_of(at, now);
		struct step s;

		/* Only the first one may begin within its hour. */
		s = step_of(h, at, 0, &hour, now != from_ms || is_edge(at, now));
		if (s.within >= left)
			return open_add(at, now, (int64_t)ceil(left / s.per_ms));
		if (s.whole >= left)
			return hour.to_ms;
		left -= s.whole;
		now = hour.to_ms;
	}
	return HABIT_NEVER;
}

/* By the mean rate. */
static int64_t reaches_evenly(const struct habit_place *at, double mean, int64_t from_ms)
{
	double ms = HABIT_EXPECTED / mean * (double)HOUR_MS;
	int64_t due = ms > (double)HABIT_WALK_MS ? HABIT_NEVER : open_add(at, from_ms,
		(int64_t)ceil(ms));

	return due == HABIT_NEVER || due - from_ms > HABIT_WALK_MS ? HABIT_NEVER : due;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

int64_t habit_due(const struct habit *h, const struct habit_place *at, int64_t from_ms,
	int64_t least_ms)
{
	double mean = habit_knows_week(h) ? 0 : habit_signs_per_hour(h);
	int64_t due;

	if (h->first_ms == 0 || (mean <= 0 && !habit_knows_week(h)))
		return HABIT_NEVER;
	due = mean > 0 ? reaches_evenly(at, mean, from_ms) : reaches(h, at, from_ms);
	if (due == HABIT_NEVER)
		return due;
	due = later(due, open_add(at, from_ms, least_ms));
	if (mean > 0)
		due = later(due, from_ms + later(HABIT_YOUNG_MS, 2 * h->pause_ms));
	return due;
}

double habit_expected(const struct habit *h, const struct habit_place *at, int64_t from_ms,
	int64_t to_ms)
{
	double mean = habit_knows_week(h) ? 0 : habit_signs_per_hour(h), sum = 0;
	int64_t now = from_ms;

	if (h->first_ms == 0 || (mean <= 0 && !habit_knows_week(h)))
		return 0;
	if (to_ms - from_ms > HABIT_WALK_MS)
		to_ms = from_ms + HABIT_WALK_MS;
	while (now < to_ms) {
		struct hour hour = hour_of(at, now);
		struct step s = step_of(h, at, mean, &hour,
			now != from_ms || is_edge(at, now));

		if (hour.to_ms > to_ms)
			return sum + (double)open_ms(at, now, to_ms) * s.per_ms;
		sum += s.whole;
		now = hour.to_ms;
	}
	return sum;
}

/* ---- bytes */

static uint8_t *put_float(uint8_t *p, float v)
{
	uint32_t bits;

	memcpy(&bits, &v, sizeof bits);
	put_le32(p, bits);
	return p + 4;
}

static float get_float(const uint8_t *p)
{
	uint32_t bits = get_le32(p);
	float v;

	memcpy(&v, &bits, sizeof v);
	return v;
}

void habit_pack(const struct habit *h, uint8_t out[HABIT_BYTES])
{
	uint8_t *p = out;
	uint64_t events;

	memcpy(&events, &h->events, sizeof events);
	put_le64(p, (uint64_t)h->first_ms);
	put_le64(p + 8, (uint64_t)h->sign_ms);
	put_le64(p + 16, (uint64_t)h->passed_ms);
	put_le64(p + 24, (uint64_t)h->weight_ms);
	put_le64(p + 32, (uint64_t)h->pause_ms);
	put_le64(p + 40, events);
	p += 48;
	for (unsigned i = 0; i < HABIT_CELLS; i++) {
		p = put_float(p, h->cells[i].signs);
		p = put_float(p, h->cells[i].hours);
	}
}

void habit_unpack(struct habit *h, const uint8_t in[HABIT_BYTES])
{
	const uint8_t *p = in;
	uint64_t events = get_le64(p + 40);

	h->first_ms = (int64_t)get_le64(p);
	h->sign_ms = (int64_t)get_le64(p + 8);
	h->passed_ms = (int64_t)get_le64(p + 16);
	h->weight_ms = (int64_t)get_le64(p + 24);
	h->pause_ms = (int64_t)get_le64(p + 32);
	memcpy(&h->events, &events, sizeof events);
	p += 48;
	for (unsigned i = 0; i < HABIT_CELLS; i++, p += 8)
		h->cells[i] = (struct habit_cell){ get_float(p), get_float(p + 4) };
}
