/* SPDX-License-Identifier: Apache-2.0 */
/* Values: a number with its unit, a constant quantity, or a number times one.
 *
 * A number is read as a whole number of at most 15 digits over a power of ten, both exact in a
 * double, so that 0.3 here is the 0.3 that anybody else's program means. */
#include <math.h>
#include <stdio.h>
#include "lifecycle/parse.h"

#define SHOW(s) (int)(s).size, (const char *)(s).data
#define DIGITS_MAX      15
#define DURATION_MAX_MS (10000 * 365 * 86400000.0)

struct literal {
	double whole, divisor; /* the value is whole / divisor */
	bool fraction;         /* has a decimal point */
	struct span unit;      /* what follows the digits */
};

static const struct {
	const char *name;
	double ms;
} durations[] = {
	{ "ms", 1 }, { "s", 1000 }, { "min", 60000 }, { "h", 3600000 }, { "d", 86400000 },
	{ "w", 7 * 86400000.0 }, { "y", 365 * 86400000.0 },
};

/* What is expected of a value of each unit. */
static const char *expectation(unsigned unit)
{
	switch (unit) {
	case UNIT_DURATION: return "a duration such as 45d";
	case UNIT_MONEY: return "whole minor units such as 5000";
	case UNIT_RATIO: return "a ratio such as 50% or 0.5";
	default: return "a plain number";
	}
}

static const char *kind_of(unsigned unit)
{
	switch (unit) {
	case UNIT_DURATION: return "a duration";
	case UNIT_MONEY: return "money";
	case UNIT_RATIO: return "a ratio";
	case UNIT_FLAG: return "yes or no";
	case UNIT_NAME: return "a name";
	default: return "a count";
	}
}

/* False: too many digits. */
static bool literal_read(struct span s, struct literal *ret_literal)
{
	const uint8_t *p = s.data, *end = s.data + s.size;
	struct literal l = { .divisor = 1 };
	bool negative = *p == '-';
	unsigned digits = 0;

	for (p += negative; p < end; p++) {
		if (*p == '.' && !l.fraction && p + 1 < end && p[1] >= '0' && p[1] <= '9') {
			l.fraction = true;
			continue;
		}
		if (*p < '0' || *p > '9')
			break;
		if (++digits > DIGITS_MAX)
			return false;
		l.whole = l.whole * 10 + (*p - '0');
		l.divisor *= l.fraction ? 10 : 1;
	}
	l.whole = negative ? -l.whole : l.whole;
	l.unit = span_of(p, (size_t)(end - p));
	*ret_literal = l;
	return true;
}

static bool duration_of(const struct literal *l, double *ret_ms)
{
	for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
		if (!span_eq(span_str(durations[i].name), l->unit))
			continue;
		*ret_ms = l->whole * durations[i].ms / l->divisor; /* 0.1d is exact this way */
		return *ret_ms <= DURATION_MAX_MS && *ret_ms >= -DURATION_MAX_MS;
	}
	return false;
}

/* L as a value of UNIT; false when it is none. */
static bool literal_is(const struct literal *l, unsigned unit, double *ret_value)
{
	bool percent = span_eq(l->unit, span_str("%"));

	if (unit == UNIT_DURATION)
		return duration_of(l, ret_value);
	if (l->unit.size != 0 && !(percent && unit == UNIT_RATIO))
		return false;
	if (unit == UNIT_MONEY && l->fraction)
		return false;
	*ret_value = l->whole / (percent ? l->divisor * 100 : l->divisor);
	return true;
}

/* T is a number, or the constant of one. */
static int bad_literal(struct parser *p, const struct token *t, const struct literal *l,
	const char *what)
{
	const struct constant *c = t->kind == TOKEN_NAME ? parse_constant_find(p, t->text) : NULL;
	char found[2 * TOKEN_SHOWN_MAX], shown[TOKEN_SHOWN_MAX];

	token_show(t, shown);
	snprintf(found, sizeof found, "%s%s%.*s", shown, c ? ", which is " : "",
		c ? (int)c->number.size : 0, c ? (const char *)c->number.data : "");
	if (!l)
		return parse_fail(p, t, "a number has at most %d digits, found %s", DIGITS_MAX,
			found);
	if (span_eq(l->unit, span_str("m")))
		return parse_fail(p, t, "expected %s, found %s (m is ambiguous: min is minutes, "
			"30d a month)", what, found);
	return parse_fail(p, t, "expected %s, found %s", what, found);
}

/* The constant quantity at the next token, of the unit of T. WHAT: what is expected there. */
static int take_other(struct parser *p, struct test *t, const char *what)
{
	struct quantity_about about = machine_quantity(p->machine, t->quantity), that;
	struct span name = p->token.text;
	struct suggestion s;
	int other = p->token.kind == TOKEN_NAME ? machine_quantity_lookup(p->machine, name) : -1;

	suggestion_init(&s, name);
	parse_offer_quantities(p->machine, &s, t);
	parse_offer_constants(p, &s);
	if (other < 0)
		return parse_expected(p, what, &s);
	that = machine_quantity(p->machine, (unsigned)other);
	if (that.law != LAW_CONST)
		return parse_fail(p, &p->token, "%.*s moves with time: only what stands before the "
			"comparison may", SHOW(name));
	if (that.unit != about.unit)
		return parse_fail(p, &p->token, "%.*s is %s and %.*s is %s: they cannot be compared",
			SHOW(about.name), kind_of(about.unit), SHOW(name), kind_of(that.unit));
	t->other = (uint16_t)other;
	return parse_next(p);
}

int parse_number(struct parser *p, unsigned unit, double least, double most, const char *range,
	double *ret_value)
{
	struct token number = p->token;
	struct suggestion s;
	struct span digits;
	struct literal l;

	suggestion_init(&s, number.text);
	parse_offer_constants(p, &s);
	if (!parse_is_number(p, &digits))
		return parse_expected(p, range, &s);
	if (!literal_read(digits, &l))
		return bad_literal(p, &number, NULL, range);
	if (!literal_is(&l, unit, ret_value) || !(*ret_value >= least && *ret_value <= most))
		return bad_literal(p, &number, &l, range);
	return parse_next(p);
}

/* Ranks are of all customers, so there are few of them. */
static unsigned count_tops(const struct machine *m, const struct test *t)
{
	unsigned n = 0;

	for (const struct test *o = m->tests; o < m->tests + m->n_tests; o++) {
		const struct test *same = m->tests;

		while (same < o && !(same->top == o->top && same->quantity == o->quantity))
			same++;
		if (o->top > 0 && same == o && !(o->top == t->top && o->quantity == t->quantity))
			n++;
	}
	return n;
}

/* `top 1%`, from the word on. */
static int parse_top(struct parser *p, struct test *t)
{
	struct quantity_about about = machine_quantity(p->machine, t->quantity);
	struct token word = p->token;
	int rc;

	if (t->quantity >= QUANTITY_CUSTOM || about.unit != UNIT_MONEY)
		return parse_fail(p, &word, "ranks are of money, and %.*s is %s", SHOW(about.name),
			t->quantity >= QUANTITY_CUSTOM ? "a fact of the file's own" : kind_of(about.unit));
	if (t->op == OP_EQ || t->op == OP_NE)
		return parse_fail(p, &word, "expected <, <=, > or >= before top");
	rc = parse_next(p);
	if (rc == 0)
		rc = parse_number(p, UNIT_RATIO, 1e-4, 1, "a share from 0.01% to 100%", &t->top);
	t->number = NAN;
	if (rc == 0 && count_tops(p->machine, t) >= TOPS_MAX)
		return parse_fail(p, &word, "a file has at most %d different ranks", TOPS_MAX);
	return rc;
}

int parse_value(struct parser *p, struct test *t)
{
	struct token number = p->token;
	unsigned unit = machine_quantity(p->machine, t->quantity).unit;
	struct span digits;
	struct literal l;
	bool read;
	int rc;

	if (token_is(&p->token, "top"))
		return parse_top(p, t);
	if (!parse_is_number(p, &digits)) {
		char what[80];

		t->number = 1;
		snprintf(what, sizeof what, "%s, or a constant quantity", expectation(unit));
		return take_other(p, t, what);
	}
	read = literal_read(digits, &l);
	rc = parse_next(p);
	if (rc != 0)
		return rc;
	if (read && unit == UNIT_DURATION && l.unit.size == 0 && token_is(&p->token, "business")) {
		t->number = l.whole / l.divisor;
		return parse_business(p, &number, t);
	}
	if (!token_is(&p->token, "*")) {
		if (!read || !literal_is(&l, unit, &t->number))
			return bad_literal(p, &number, read ? &l : NULL, expectation(unit));
		return 0;
	}
	if (!read || !literal_is(&l, UNIT_RATIO, &t->number))
		return bad_literal(p, &number, read ? &l : NULL, "a plain number before *");
	rc = parse_next(p);
	return rc == 0 ? take_other(p, t, "a constant quantity after *") : rc;
}
