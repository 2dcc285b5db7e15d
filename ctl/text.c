/* SPDX-License-Identifier: Apache-2.0 */
/* Text: numbers for people. */
#include "ctl/text.h"
#include <math.h>
#include <string.h>
#include <time.h>

#define SECOND 1000.0
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* Two neighbouring units, the smaller one only when it is not 0. */
static char *two_units(double ms, double big, const char *big_name, double small,
	const char *small_name, char out[TEXT_MAX])
{
	double whole = floor(ms / big), rest = floor((ms - whole * big) / small);

	if (rest > 0)
		snprintf(out, TEXT_MAX, "%.0f%s %.0f%s", whole, big_name, rest, small_name);
	else
		snprintf(out, TEXT_MAX, "%.0f%s", whole, big_name);
	return out;
}

char *text_duration(double ms, char out[TEXT_MAX])
{
	char positive[TEXT_MAX];

	if (!isfinite(ms) || fabs(ms) > 1e17)
		return strcpy(out, "for ever");
	if (ms < 0) {
		snprintf(out, TEXT_MAX, "-%.60s", text_duration(-ms, positive));
		return out;
	}
	if (ms >= DAY)
		return two_units(ms, DAY, "d", HOUR, "h", out);
	if (ms >= HOUR)
		return two_units(ms, HOUR, "h", MINUTE, "m", out);
	if (ms >= MINUTE)
		return two_units(ms, MINUTE, "m", SECOND, "s", out);
	snprintf(out, TEXT_MAX, ms >= SECOND || ms == 0 ? "%.0fs" : "%.0fms",
		ms >= SECOND ? floor(ms / SECOND) : ms);
	return out;
}

/* DIGITS with a thin gap every three from the right. */
static char *grouped(const char *digits, const char *tail, char out[TEXT_MAX])
{
	size_t n = strlen(digits), at = 0, start = digits[0] == '-';

	for (size_t i = 0; i < n && at + 2 < TEXT_MAX; i++) {
		if (i > start && (n - i) % 3 == 0)
			out[at++] = ' ';
		out[at++] = digits[i];
	}
	snprintf(out + at, TEXT_MAX - at, "%s", tail);
	return out;
}

char *text_count(int64_t n, char out[TEXT_MAX])
{
	char digits[32];

	snprintf(digits, sizeof digits, "%lld", (long long)n);
	return grouped(digits, "", out);
}

#define CURRENCY_MAX 16 /* with its end; no daemon is told a longer one */
static struct {
	unsigned decimals;
	char currency[CURRENCY_MAX + 1]; /* with a blank behind it, or "" */
} money = { .decimals = 2 };

void text_money_is(unsigned decimals, const char *currency)
{
	money.decimals = decimals < 4 ? decimals : 4;
	snprintf(money.currency, sizeof money.currency, "%.*s%s", CURRENCY_MAX - 1, currency,
		*currency ? " " : "");
}

char *text_money(double minor, char out[TEXT_MAX])
{
	char digits[40], tail[8], amount[TEXT_MAX];
	size_t whole;

	if (!isfinite(minor) || fabs(minor) > 1e17)
		return strcpy(out, "?");
	snprintf(digits, sizeof digits, "%.*f", (int)money.decimals,
		round(minor) / pow(10, money.decimals));
	whole = strcspn(digits, ".");
	snprintf(tail, sizeof tail, "%.7s", digits + whole);
	digits[whole] = 0;
	snprintf(out, TEXT_MAX, "%s%.46s", money.currency, grouped(digits, tail, amount));
	return out;
}

char *text_bytes(uint64_t n, char out[TEXT_MAX])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
	double v = (double)n;
	unsigned u = 0;

	for (; v >= 1024 && u < 5; u++)
		v /= 1024;
	snprintf(out, TEXT_MAX, u && v < 10 ? "%.1f %s" : "%.0f %s", v, units[u]);
	return out;
}

char *text_time(int64_t ms, char out[TEXT_MAX])
{
	time_t s = (time_t)(ms / 1000);
	struct tm tm;

	if (ms == 0 || ms == INT64_MAX)
		return strcpy(out, "never");
	if (!localtime_r(&s, &tm) || !strftime(out, TEXT_MAX, "%Y-%m-%d %H:%M:%S", &tm))
		snprintf(out, TEXT_MAX, "%lld ms", (long long)ms);
	return out;
}

char *text_value(double value, const char *unit, char out[TEXT_MAX])
{
	if (strcmp(unit, "duration") == 0)
		return text_duration(value, out);
	if (strcmp(unit, "money") == 0)
		return text_money(value, out);
	if (strcmp(unit, "time") == 0)
		return text_time((int64_t)value, out);
	if (strcmp(unit, "flag") == 0)
		return strcpy(out, value != 0 ? "yes" : "no");
	if (strcmp(unit, "ratio") == 0)
		snprintf(out, TEXT_MAX, "%.1f %%", value * 100);
	else if (value == floor(value) && fabs(value) < 1e15)
		snprintf(out, TEXT_MAX, "%.0f", value);
	else
		snprintf(out, TEXT_MAX, "%.3g", value);
	return out;
}

/* The first byte of a wide character: CJK, Hangul, fullwidth forms, emoji. Coarse on purpose. */
static unsigned lead_width(unsigned char lead, unsigned char next)
{
	if (lead >= 0xf0)
		return 2;
	if (lead == 0xe2)
		return 1;
	return lead >= 0xe3 && !(lead == 0xef && next < 0xbc) ? 2 : 1;
}

static unsigned span_width(struct span s)
{
	unsigned width = 0;

	for (size_t i = 0; i < s.size; i++)
		if ((s.data[i] & 0xc0) != 0x80)
			width += lead_width(s.data[i], i + 1 < s.size ? s.data[i + 1] : 0);
	return width;
}

unsigned text_width(const char *s)
{
	return span_width(span_str(s));
}

void text_print(FILE *out, struct span text, unsigned width)
{
	fwrite(text.data, 1, text.size, out);
	for (unsigned w = span_width(text); w < width; w++)
		fputc(' ', out);
}
