/* SPDX-License-Identifier: Apache-2.0 */
/* Instants as text: RFC 3339, without libc's time zones and locales. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include "base/zone.h"

/* Days since 1970-01-01 of a date of the Gregorian calendar. Years are counted from 1 March, so
 * that the leap day is the last of its year, in eras of 400 years = 146097 days. */
static int64_t days_from_date(int64_t year, unsigned month, unsigned day)
{
	int64_t y = year - (month <= 2), era = div_floor(y, 400);
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
		day_of_year - 719468;
}

void date_from_days(int64_t days, int64_t *ret_year, unsigned *ret_month, unsigned *ret_day)
{
	int64_t z = days + 719468, era = div_floor(z, 146097), d = z - era * 146097;
	int64_t y = (d - d / 1460 + d / 36524 - d / 146096) / 365;
	int64_t day_of_year = d - (365 * y + y / 4 - y / 100);
	unsigned m = (unsigned)((5 * day_of_year + 2) / 153); /* from March */

	*ret_day = (unsigned)(day_of_year - (153 * m + 2) / 5 + 1);
	*ret_month = m < 10 ? m + 3 : m - 9;
	*ret_year = y + era * 400 + (*ret_month <= 2);
}

void time_format(int64_t ms, char *out)
{
	int64_t days = div_floor(ms, DAY_MS), year;
	unsigned rest = (unsigned)((ms % DAY_MS + DAY_MS) % DAY_MS), month, day;
	unsigned s = rest / 1000, fraction = rest % 1000;
	int n;

	date_from_days(days, &year, &month, &day);
	n = snprintf(out, 32, "%04" PRId64 "-%02u-%02uT%02u:%02u:%02u", year, month, day, s / 3600,
		s / 60 % 60, s % 60);
	(void)snprintf(out + n, 32 - (size_t)n, fraction ? ".%03uZ" : "Z", fraction);
}

/* What is left to read. */
struct text {
	const char *p, *end;
};

/* Exactly DIGITS digits with a value from LOW to HIGH. */
static bool take_number(struct text *t, unsigned digits, unsigned low, unsigned high,
	unsigned *ret_v)
{
	unsigned v = 0;

	if ((size_t)(t->end - t->p) < digits)
		return false;
	for (; digits; digits--, t->p++) {
		if (*t->p < '0' || *t->p > '9')
			return false;
		v = v * 10 + (unsigned)(*t->p - '0');
	}
	*ret_v = v;
	return v >= low && v <= high;
}

/* One character of SET. */
static bool take_one(struct text *t, const char *set)
{
	if (t->p == t->end)
		return false;
	for (; *set; set++)
		if (*t->p == *set) {
			t->p++;
			return true;
		}
	return false;
}

static bool take_date(struct text *t, int64_t *ret_days)
{
	static const unsigned char month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	unsigned year, month, day, last;

	if (!take_number(t, 4, 0, 9999, &year) || !take_one(t, "-") ||
		!take_number(t, 2, 1, 12, &month) || !take_one(t, "-") ||
		!take_number(t, 2, 1, 31, &day))
		return false;
	last = month_days[month - 1];
	if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
		last = 29;
	*ret_days = days_from_date(year, month, day);
	return day <= last;
}

/* ".25" is 250 ms; digits beyond milliseconds are cut off, not rounded into the future. */
static bool take_fraction(struct text *t, unsigned *ret_ms)
{
	unsigned digit, weight = 100;

	*ret_ms = 0;
	if (!take_one(t, "."))
		return true;
	if (!take_number(t, 1, 0, 9, &digit))
		return false;
	do {
		*ret_ms += digit * weight;
		weight /= 10;
	} while (t->p < t->end && *t->p >= '0' && *t->p <= '9' && take_number(t, 1, 0, 9, &digit));
	return true;
}

/* "12:50", "12:50:00.5"; second 60 is a leap second and counts as the one after 59. */
static bool take_clock(struct text *t, int64_t *ret_ms)
{
	unsigned hour, minute, second = 0, fraction = 0;

	if (!take_number(t, 2, 0, 23, &hour) || !take_one(t, ":") ||
		!take_number(t, 2, 0, 59, &minute))
		return false;
	if (take_one(t, ":") &&
		(!take_number(t, 2, 0, 60, &second) || !take_fraction(t, &fraction)))
		return false;
	*ret_ms = ((hour * 60 + minute) * 60 + second) * INT64_C(1000) + fraction;
	return true;
}

/* Nothing, "Z", "+05:30", "+0530" or "+05": what to subtract. */
static bool take_offset(struct text *t, int64_t *ret_ms)
{
	unsigned hour, minute = 0;
	int sign;

	*ret_ms = 0;
	if (t->p == t->end || take_one(t, "Zz"))
		return true;
	sign = *t->p == '-' ? -1 : 1;
	if (!take_one(t, "+-") || !take_number(t, 2, 0, 23, &hour))
		return false;
	if (t->p < t->end) {
		(void)take_one(t, ":");
		if (!take_number(t, 2, 0, 59, &minute))
			return false;
	}
	*ret_ms = sign * (int64_t)(hour * 60 + minute) * 60000;
	return true;
}

static int decimal_parse(struct text t, int64_t *ret_ms)
{
	int64_t v = 0;
	unsigned digit;

	while (t.p < t.end)
		if (!take_number(&t, 1, 0, 9, &digit) || __builtin_mul_overflow(v, 10, &v) ||
			__builtin_add_overflow(v, (int64_t)digit, &v))
			return ERR_INVALID;
	*ret_ms = v;
	return OK;
}

int time_parse(const char *s, size_t size, int64_t *ret_ms)
{
	struct text t = { s, s + size };
	int64_t days, clock_ms = 0, offset_ms = 0;

	if (size == 0)
		return ERR_INVALID;
	if (size < 5 || s[4] != '-')
		return decimal_parse(t, ret_ms);
	if (!take_date(&t, &days))
		return ERR_INVALID;
	if (t.p < t.end &&
		(!take_one(&t, "Tt ") || !take_clock(&t, &clock_ms) || !take_offset(&t, &offset_ms)))
		return ERR_INVALID;
	if (t.p != t.end)
		return ERR_INVALID;
	*ret_ms = days * DAY_MS + clock_ms - offset_ms;
	return OK;
}
