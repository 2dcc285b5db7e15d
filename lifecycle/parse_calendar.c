/* SPDX-License-Identifier: Apache-2.0 */
/* Calendars, and spans of working time:
 *
 *   calendar support { hours mon..fri 9:00-12:30, 13:30-18:00  hours sat 9:00-12:00
 *                      closed "12-25", "2026-12-28".."2026-12-31" }
 *   complaint_age > 2 business days in support */
#include <stdio.h>
#include "lifecycle/parse.h"

#define SHOW(s) (int)(s).size, (const char *)(s).data

static const char *const weekdays[7] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

static int weekday_of(const struct token *t)
{
	for (int i = 0; t->kind == TOKEN_NAME && i < 7; i++)
		if (token_is(t, weekdays[i]))
			return i;
	return -1;
}

/* mon, or mon..fri; a bit each into *DAYS. */
static int take_weekdays(struct parser *p, unsigned *days)
{
	int first = weekday_of(&p->token), last = first, rc;

	if (first < 0)
		return parse_expected(p, "a day such as mon, or mon..fri", NULL);
	rc = parse_next(p);
	if (rc == 0 && token_is(&p->token, "..")) {
		rc = parse_next(p);
		last = weekday_of(&p->token);
		if (rc == 0 && last <= first)
			return parse_expected(p, "a later day of the week after ..", NULL);
		if (rc == 0)
			rc = parse_next(p);
	}
	for (int i = first; i <= last; i++)
		*days |= 1u << i;
	return rc;
}

/* H:MM or HH:MM at *AT; -1: none. */
static int clock_read(const uint8_t **at, const uint8_t *end)
{
	const uint8_t *p = *at;
	int hour = 0, minute = 0, digits = 0;

	for (; p < end && *p >= '0' && *p <= '9' && digits < 2; p++, digits++)
		hour = hour * 10 + (*p - '0');
	if (digits == 0 || end - p < 3 || *p++ != ':')
		return -1;
	for (digits = 0; digits < 2 && *p >= '0' && *p <= '9'; p++, digits++)
		minute = minute * 10 + (*p - '0');
	*at = p;
	return digits == 2 && minute < 60 && hour * 60 + minute <= 1440 ? hour * 60 + minute : -1;
}

/* 9:00-18:00, added to the hours of DAYS. */
static int take_hours(struct parser *p, struct calendar *c, unsigned days)
{
	const uint8_t *at = p->token.text.data, *end = at + p->token.text.size;
	int from = -1, to = -1;

	if (p->token.kind == TOKEN_NUMBER) {
		from = clock_read(&at, end);
		if (from >= 0 && at < end && *at++ == '-')
			to = clock_read(&at, end);
	}
	if (to <= from || at != end)
		return parse_expected(p, "hours such as 9:00-18:00, at most to 24:00", NULL);
	for (int i = 0; i < 7; i++) {
		struct calendar_hours *h = &c->hours[i][c->n_hours[i]];

		if (!(days >> i & 1))
			continue;
		if (c->n_hours[i] == CALENDAR_HOURS_MAX)
			return parse_fail(p, &p->token, "%s has hours %d times already", weekdays[i],
				CALENDAR_HOURS_MAX);
		if (c->n_hours[i] > 0 && h[-1].to_min >= from)
			return parse_fail(p, &p->token, "%s has hours until %u:%02u already: earlier "
				"ones come first, apart from later ones", weekdays[i],
				h[-1].to_min / 60, h[-1].to_min % 60);
		*h = (struct calendar_hours){ (uint16_t)from, (uint16_t)to };
		c->n_hours[i]++;
	}
	return parse_next(p);
}

static int parse_hours(struct parser *p, struct calendar *c)
{
	unsigned days = 0;
	int rc = parse_next(p);

	if (rc == 0)
		rc = take_weekdays(p, &days);
	while (rc == 0 && token_is(&p->token, ",")) {
		rc = parse_next(p);
		if (rc == 0)
			rc = take_weekdays(p, &days);
	}
	if (rc == 0)
		rc = take_hours(p, c, days);
	while (rc == 0 && token_is(&p->token, ",")) {
		rc = parse_next(p);
		if (rc == 0)
			rc = take_hours(p, c, days);
	}
	return rc;
}

/* "2026-12-25", or "12-25" of every year. */
static int take_date(struct parser *p, struct calendar_closed *ret_closed)
{
	struct span s = p->token.text;
	char date[16];
	unsigned month, day;
	int64_t ms, year;
	bool yearly = s.size == 7;

	snprintf(date, sizeof date, "%s%.*s", yearly ? "2000-" : "",
		s.size >= 2 && s.size <= 12 ? (int)s.size - 2 : 0, (const char *)s.data + 1);
	if (p->token.kind != TOKEN_STRING || strlen(date) != 10 || time_parse(date, 10, &ms) != 0)
		return parse_expected(p, "a day in quotes such as \"2026-12-25\", or \"12-25\" of "
			"every year", NULL);
	ret_closed->first = (int32_t)(ms / DAY_MS);
	ret_closed->yearly = yearly;
	date_from_days(ms / DAY_MS, &year, &month, &day);
	if (yearly)
		ret_closed->first = (int32_t)(month * 100 + day);
	ret_closed->last = ret_closed->first;
	return parse_next(p);
}

static int take_closed(struct parser *p, struct calendar *c)
{
	struct calendar_closed *closed = &c->closed[c->n_closed], until = { 0 };
	struct token first = p->token;
	int rc;

	if (c->n_closed == CALENDAR_CLOSED_MAX)
		return parse_fail(p, &first, "a calendar is closed at most %d times",
			CALENDAR_CLOSED_MAX);
	rc = take_date(p, closed);
	if (rc == 0 && token_is(&p->token, "..")) {
		rc = parse_next(p);
		if (rc == 0)
			rc = take_date(p, &until);
		if (rc != 0)
			return rc;
		closed->last = until.first;
		if (closed->yearly || until.yearly || closed->last < closed->first ||
		    closed->last - closed->first >= CALENDAR_RANGE_MAX)
			return parse_fail(p, &p->before, "days from .. to are two dates with their "
				"years, the earlier one first, at most %d days", CALENDAR_RANGE_MAX);
	}
	c->n_closed++;
	return rc;
}

static int parse_closed(struct parser *p, struct calendar *c)
{
	int rc = parse_next(p);

	if (rc == 0)
		rc = take_closed(p, c);
	while (rc == 0 && token_is(&p->token, ",")) {
		rc = parse_next(p);
		if (rc == 0)
			rc = take_closed(p, c);
	}
	return rc;
}

const struct calendar *parse_calendar_find(const struct machine *m, struct span name)
{
	for (unsigned i = 0; i < m->n_calendars; i++)
		if (span_eq(m->calendars[i].name, name))
			return &m->calendars[i];
	return NULL;
}

static int parse_calendar_name(struct parser *p, struct calendar *c)
{
	struct token name = p->token;
	int rc;

	c->name = span_of("", 0);
	if (token_is(&name, "{"))
		return 0;
	rc = parse_name(p, "calendar", &c->name);
	return rc == 0 ? parse_name_is_free(p, &name, "calendar") : rc;
}

int parse_calendar(struct parser *p)
{
	struct machine *m = p->machine;
	struct calendar *c = &m->calendars[m->n_calendars];
	struct token word = p->token;
	const struct calendar *same;
	bool open = false;
	int rc = parse_next(p);

	if (m->n_calendars == CALENDARS_MAX)
		return parse_fail(p, &word, "a file has at most %d calendars", CALENDARS_MAX);
	c->line = word.line;
	c->zone = &m->zone;
	if (rc == 0)
		rc = parse_calendar_name(p, c);
	same = rc == 0 ? parse_calendar_find(m, c->name) : NULL;
	if (same)
		return parse_fail(p, &p->before, "this calendar exists already, in line %d",
			same->line);
	if (rc == 0)
		rc = parse_take(p, "{", "{ after calendar and its name");
	while (rc == 0 && !token_is(&p->token, "}")) {
		if (token_is(&p->token, "hours"))
			rc = parse_hours(p, c);
		else if (token_is(&p->token, "closed"))
			rc = parse_closed(p, c);
		else
			rc = parse_expected(p, "hours, closed or }", NULL);
	}
	for (int i = 0; i < 7; i++)
		open |= c->n_hours[i] > 0;
	if (rc == 0 && !open)
		return parse_fail(p, &word, "a calendar without hours is never open");
	if (rc != 0)
		return rc;
	m->n_calendars++;
	return parse_next(p);
}

/* `in NAME`, or the calendar without a name. */
static int take_calendar(struct parser *p, struct test *t)
{
	const struct machine *m = p->machine;
	struct span name = span_of("", 0);
	struct suggestion s;
	int rc = 0;

	if (token_is(&p->token, "in")) {
		rc = parse_next(p);
		if (rc != 0)
			return rc;
		name = p->token.text;
		suggestion_init(&s, name);
		for (unsigned i = 0; i < m->n_calendars; i++)
			suggestion_offer(&s, m->calendars[i].name);
		t->calendar = parse_calendar_find(m, name);
		return t->calendar ? parse_next(p)
			: parse_expected(p, "the name of a calendar declared before", &s);
	}
	t->calendar = parse_calendar_find(m, name);
	t->regions = &m->regions;
	return t->calendar ? 0 : parse_fail(p, &p->before, "there is no calendar yet for business "
		"%.*s: declare calendar { hours mon..fri 9:00-17:00 } before, or say in which "
		"calendar", SHOW(p->before.text));
}

int parse_business(struct parser *p, const struct token *number, struct test *t)
{
	struct quantity_about about = machine_quantity(p->machine, t->quantity);
	double most;
	int rc = parse_next(p);

	if (rc != 0)
		return rc;
	if (about.law != LAW_AGE && about.law != LAW_REMAINING)
		return parse_fail(p, &p->before, "%.*s has no beginning or end that business time "
			"could be counted from", SHOW(about.name));
	t->business = token_is(&p->token, "days") || token_is(&p->token, "day") ? BUSINESS_DAYS
		: BUSINESS_HOURS;
	if (t->business == BUSINESS_HOURS && !token_is(&p->token, "hours") &&
	    !token_is(&p->token, "hour"))
		return parse_expected(p, "days or hours after business", NULL);
	most = t->business == BUSINESS_DAYS ? CALENDAR_DAYS_MAX : CALENDAR_HOURS_SPAN_MAX;
	if (t->number < -most || t->number > most)
		return parse_fail(p, number, "at most %.0f business %.*s either way", most,
			SHOW(p->token.text));
	t->number = __builtin_round(t->number *
		(t->business == BUSINESS_DAYS ? (double)DAY_MS : 3600000.0));
	rc = parse_next(p);
	return rc == 0 ? take_calendar(p, t) : rc;
}
