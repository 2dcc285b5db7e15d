/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, money, durations and dates in words. */
#include <math.h>
#include <stdio.h>
#include "words/words.h"

#define SECOND 1000.0
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define WEEK   (7 * DAY)
#define YEAR   (365 * DAY)
#define MONTH  (YEAR / 12)

/* One number, for templates of units. */
struct one_number {
	double n;
	unsigned decimals;
};

/* Most are small whole numbers: what printf() makes of a double takes as long as the rest of a
 * sentence. */
static bool add_small(struct buf *out, double n, unsigned decimals)
{
	unsigned v = n > 0 && n < 10000 ? (unsigned)n : 0;
	uint8_t digits[4], *p = digits + sizeof digits;

	if (decimals || v == 0 || v != n)
		return false;
	for (; v; v /= 10)
		*--p = (uint8_t)('0' + v % 10);
	buf_add(out, p, (size_t)(digits + sizeof digits - p));
	return true;
}

/* DIGITS of a number with a gap every three from the right, as in "12 345.50". */
static void add_grouped(struct buf *out, double n, unsigned decimals)
{
	char digits[48];
	size_t whole, start;

	if (add_small(out, n, decimals))
		return;
	if (!isfinite(n) || fabs(n) > 1e15) {
		buf_add_str(out, "?");
		return;
	}
	snprintf(digits, sizeof digits, "%.*f", (int)decimals, n);
	start = digits[0] == '-';
	whole = strcspn(digits, ".");
	for (size_t i = 0; digits[i]; i++) {
		if (whole - start > 4 && i > start && i < whole && (whole - i) % 3 == 0)
			buf_add_str(out, " ");
		buf_add(out, &digits[i], 1);
	}
}

static bool fill_number(void *arg, const struct hole *h, struct buf *out)
{
	const struct one_number *one = arg;
	bool is_one = one->n == 1;

	add_grouped(out, one->n, one->decimals);
	if (h->one.size > 0) {
		buf_add_str(out, " ");
		buf_add(out, is_one ? h->one.data : h->many.data,
			is_one ? h->one.size : h->many.size);
	}
	return true;
}

/* The message KEY, whose only hole is a number; the bare number without it. */
static void add_unit(struct buf *out, const struct words *w, const char *key, double n,
	unsigned decimals)
{
	const struct saying *m = messages_find(w->messages, key);
	struct one_number one = { n, decimals };

	if (!m || !template_fill(out, m->text, fill_number, &one))
		add_grouped(out, n, decimals);
}

void measure_count(struct buf *out, const struct words *w, double n)
{
	(void)w;
	add_grouped(out, n, n == floor(n) ? 0 : 1);
}

void measure_times(struct buf *out, double n)
{
	add_grouped(out, n, fabs(n) < 10 ? 1 : 0);
}

void measure_percent(struct buf *out, const struct words *w, double ratio)
{
	double percent = ratio * 100;

	add_unit(out, w, "unit.percent", percent, fabs(percent) < 1 && percent != 0 ? 1 : 0);
}

/* The amount without its currency, which stands where the language puts it. */
static bool fill_money(void *arg, const struct hole *h, struct buf *out)
{
	const struct one_number *one = ((void **)arg)[0];
	const struct words *w = ((void **)arg)[1];

	if (span_eq(h->name, span_str("n")))
		add_grouped(out, one->n, one->decimals);
	else
		buf_add_str(out, w->currency);
	return span_eq(h->name, span_str("n")) || w->currency[0];
}

void measure_money(struct buf *out, const struct words *w, double minor)
{
	const struct saying *m = messages_find(w->messages, "unit.money");
	struct one_number one = { minor / pow(10, w->decimals), w->decimals };
	void *arg[] = { &one, (void *)w };

	if (!m || !template_fill(out, m->text, fill_money, arg))
		add_grouped(out, one.n, one.decimals);
}

void measure_duration(struct buf *out, const struct words *w, double ms)
{
	/* Up to LIMIT it is told in UNIT: whole ones, off by an eighth at most, as people say
	 * it. */
	static const struct {
		double limit, unit;
		const char *key;
	} scale[] = {
		{ 1.5 * MINUTE, SECOND, "unit.second" },
		{ 1.5 * HOUR, MINUTE, "unit.minute" },
		{ 1.5 * DAY, HOUR, "unit.hour" },
		{ 28 * DAY, DAY, "unit.day" },
		{ 18 * WEEK, WEEK, "unit.week" },
		{ 2 * YEAR - MONTH / 2, MONTH, "unit.month" },
	};
	double years;

	ms = fabs(ms);
	for (unsigned i = 0; i < sizeof scale / sizeof *scale; i++)
		if (ms < scale[i].limit) {
			add_unit(out, w, scale[i].key, round(ms / scale[i].unit), 0);
			return;
		}
	years = round(ms / YEAR * 10) / 10;
	add_unit(out, w, "unit.year", years, years == floor(years) ? 0 : 1);
}

void measure_days(struct buf *out, const struct words *w, double ms)
{
	add_unit(out, w, "unit.day", round(fabs(ms) / DAY), 0);
}

struct date {
	const struct words *w;
	int64_t year;
	unsigned month, day;
};

static bool fill_date(void *arg, const struct hole *h, struct buf *out)
{
	const struct date *d = arg;
	const struct saying *m;
	char key[24];

	if (span_eq(h->name, span_str("year")))
		return buf_printf(out, "%lld", (long long)d->year), true;
	if (span_eq(h->name, span_str("day")))
		return buf_printf(out, "%u", d->day), true;
	snprintf(key, sizeof key, "unit.month.%u", d->month);
	m = messages_find(d->w->messages, key);
	if (m)
		buf_add(out, m->text.data, m->text.size);
	return m != NULL;
}

void measure_date(struct buf *out, const struct words *w, int64_t ms)
{
	const struct saying *m = messages_find(w->messages, "unit.date");
	struct date d = { .w = w };

	if (ms > INT64_C(100000000000000000) || ms < -INT64_C(100000000000000000)) {
		buf_add_str(out, "?");
		return;
	}
	date_from_days(zone_day(w->zone, ms), &d.year, &d.month, &d.day);
	if (!m || !template_fill(out, m->text, fill_date, &d))
		buf_printf(out, "%lld-%02u-%02u", (long long)d.year, d.month, d.day);
}
