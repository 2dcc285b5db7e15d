/* SPDX-License-Identifier: Apache-2.0 */
/* Decimal: exact money. */
#include "ctl/decimal.h"

static bool is_digit(uint8_t b)
{
	return b >= '0' && b <= '9';
}

static struct span trimmed(struct span s)
{
	while (s.size > 0 && s.data[0] == ' ') {
		s.data++;
		s.size--;
	}
	while (s.size > 0 && s.data[s.size - 1] == ' ')
		s.size--;
	return s;
}

/* Digits since the last separator of thousands, and whether there was one. */
struct groups {
	unsigned run;
	bool any;
};

static bool groups_are_whole(const struct groups *g)
{
	return !g->any || g->run == 3;
}

static bool groups_separate(struct groups *g)
{
	bool well = g->any ? g->run == 3 : g->run >= 1 && g->run <= 3;

	*g = (struct groups){ .any = true };
	return well;
}

int decimal_parse(struct span text, char point, char group, struct decimal *ret)
{
	struct span s = trimmed(text);
	bool negative = s.size > 0 && s.data[0] == '-', after_point = false;
	unsigned digits = 0, significant = 0;
	struct groups groups = { 0 };
	struct decimal d = { 0, 0 };

	for (size_t i = negative || (s.size > 0 && s.data[0] == '+'); i < s.size; i++) {
		if (s.data[i] == (uint8_t)point && !after_point && groups_are_whole(&groups)) {
			after_point = true;
			continue;
		}
		if (group && s.data[i] == (uint8_t)group && !after_point && groups_separate(&groups))
			continue;
		if (!is_digit(s.data[i]))
			return ERR_INVALID;
		digits++;
		groups.run += !after_point;
		significant += significant > 0 || s.data[i] != '0';
		d.scale += after_point;
		if (significant > DECIMAL_DIGITS_MAX || d.scale > DECIMAL_DIGITS_MAX)
			return ERR_TOOBIG;
		d.value = d.value * 10 + (s.data[i] - '0');
	}
	if (digits == 0 || !groups_are_whole(&groups))
		return ERR_INVALID;
	if (negative)
		d.value = -d.value;
	*ret = d;
	return 0;
}

int decimal_multiply(struct decimal a, struct decimal b, struct decimal *ret)
{
	struct decimal d = { .scale = a.scale + b.scale };

	if (__builtin_mul_overflow(a.value, b.value, &d.value))
		return ERR_TOOBIG;
	*ret = d;
	return 0;
}

static int rescale(struct decimal *d, unsigned scale)
{
	for (; d->scale < scale; d->scale++)
		if (__builtin_mul_overflow(d->value, (__int128)10, &d->value))
			return ERR_TOOBIG;
	return 0;
}

int decimal_add(struct decimal a, struct decimal b, struct decimal *ret)
{
	struct decimal d;

	if (rescale(&a, b.scale) || rescale(&b, a.scale) ||
		__builtin_add_overflow(a.value, b.value, &d.value))
		return ERR_TOOBIG;
	d.scale = a.scale;
	*ret = d;
	return 0;
}

int decimal_round(struct decimal a, unsigned decimals, int64_t *ret)
{
	__int128 divisor = 1, half;

	if (rescale(&a, decimals))
		return ERR_TOOBIG;
	for (; a.scale > decimals; a.scale--)
		if (__builtin_mul_overflow(divisor, (__int128)10, &divisor))
			return ERR_TOOBIG;
	half = divisor / 2;
	if (divisor > 1 && __builtin_add_overflow(a.value, a.value < 0 ? -half : half, &a.value))
		return ERR_TOOBIG;
	a.value /= divisor;
	if (a.value > INT64_MAX || a.value < INT64_MIN)
		return ERR_TOOBIG;
	*ret = (int64_t)a.value;
	return 0;
}
