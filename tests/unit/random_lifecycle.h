/* SPDX-License-Identifier: Apache-2.0 */
/* Random lifecycle files about given facts: bounds are taken from what its quantities will be, so
 * that comparisons do flip, and sometimes exactly on a millisecond. Needs cmocka. */
#ifndef KITH_TESTS_RANDOM_LIFECYCLE_H
#define KITH_TESTS_RANDOM_LIFECYCLE_H
#include <math.h>
#include "lifecycle/standing.h"
#include "random_event.h"

#define DAY INT64_C(86400000)

struct writer {
	struct random *r;
	const struct facts *f;
	struct buf out;
	int64_t now_ms;   /* from when the file will be followed */
	struct rhythm rhythm;
	struct value value;
	unsigned ladders; /* declared so far, each with rungs r0 to r2 at least */
};

/* Mostly soon after the last event, sometimes before it, sometimes in another century. */
RANDOM_UNUSED int64_t some_time_ms(struct random *r)
{
	switch (random_below(r, 8)) {
	case 0: return RANDOM_BEGIN_MS + (int64_t)random_below(r, (uint64_t)RANDOM_SPAN_MS);
	case 1: return EVENT_TIME_MAX - (int64_t)random_below(r, 60000 * DAY);
	default: return RANDOM_BEGIN_MS + RANDOM_SPAN_MS + (int64_t)random_below(r, 60 * DAY);
	}
}

/* NOW and a few seconds, days or years. */
RANDOM_UNUSED int64_t later(struct random *r, int64_t now_ms)
{
	return now_ms + (int64_t)random_below(r, UINT64_C(1) << (10 + random_below(r, 28)));
}

/* Between LEAST and MOST at any scale, as a file can tell it. */
RANDOM_UNUSED double some_parameter(struct random *r, double least, double most)
{
	double v = least * pow(most / least, (double)random_below(r, 1001) / 1000);

	return round(v * 1e4) / 1e4;
}

/* None (the default), as shops have it, or to the ends of what is allowed. */
RANDOM_UNUSED void write_value(struct writer *w)
{
	struct random *r = w->r;
	struct value v = VALUE_DEFAULT;

	if (random_below(r, 2)) {
		v.discount = (double)random_below(r, 101) / 100;
		v.margin = (double)random_below(r, 101) / 100;
		v.horizon = round(some_parameter(r, (double)DAY, 3650.0 * DAY));
		v.v = random_below(r, 2) ? (double)random_below(r, 100000) : 0;
		v.q = some_parameter(r, 1.001, 1e4);
		buf_printf(&w->out, "value { discount %.0f%% margin %.0f%% horizon %.0fms q %.4f v %.0f }\n",
			100 * v.discount, 100 * v.margin, v.horizon, v.q, v.v);
	}
	value_prepare(&v);
	w->value = v;
}

RANDOM_UNUSED void write_rhythm(struct writer *w)
{
	struct random *r = w->r;
	struct rhythm m = RHYTHM_DEFAULT;
	bool extreme = random_below(r, 3) == 0;

	write_value(w);
	m.value = &w->value;
	w->rhythm = m;
	if (random_below(r, 4) == 0)
		return;
	m.r = extreme ? some_parameter(r, RHYTHM_MIN, RHYTHM_MAX) : some_parameter(r, .1, 5);
	m.a = extreme ? some_parameter(r, RHYTHM_MIN, RHYTHM_MAX) : some_parameter(r, .05, 5);
	m.b = extreme ? some_parameter(r, RHYTHM_MIN, RHYTHM_MAX) : some_parameter(r, .05, 5);
	m.a = random_below(r, 6) ? m.a : 0;
	m.b = random_below(r, 6) ? m.b : RHYTHM_MAX;
	m.alpha = round(extreme ? some_parameter(r, RHYTHM_TIME_MIN_MS, RHYTHM_TIME_MAX_MS)
				: some_parameter(r, DAY, 300.0 * DAY));
	m.window = round(some_parameter(r, RHYTHM_TIME_MIN_MS, 1000.0 * DAY));
	m.floor = random_below(r, 2) ? 0 : some_parameter(r, 1e-4, 1);
	buf_printf(&w->out, "rhythm { r %.4f alpha %.0fms a %.4f b %.4f floor %.4f window %.0fms }\n",
		m.r, m.alpha, m.a, m.b, m.floor, m.window);
	w->rhythm = m;
}

RANDOM_UNUSED void write_number(struct writer *w, enum quantity q)
{
	struct law l = quantity_law(q, w->f, &w->rhythm);
	double v = 0;

	(void)law_value(&l, later(w->r, w->now_ms), &v);
	if (random_below(w->r, 8) == 0)
		v = (double)random_below(w->r, 5);
	switch (quantity_unit(q)) {
	case UNIT_DURATION: buf_printf(&w->out, "%.0fms", v); break;
	case UNIT_MONEY: buf_printf(&w->out, "%.0f", fabs(v) < 1e14 ? v : 1e14); break;
	default: buf_printf(&w->out, "%.*f", fabs(v) < 1e8 ? 6 : 0, fabs(v) < 1e14 ? v : 1e14); break;
	}
}

RANDOM_UNUSED bool moves_with_time(enum quantity q)
{
	return quantity_law_kind(q) != LAW_CONST;
}

/* A constant quantity of the same unit, or none. */
RANDOM_UNUSED enum quantity other_quantity(struct random *r, enum quantity q)
{
	for (int tries = 0; tries < 20; tries++) {
		enum quantity o = (enum quantity)random_below(r, QUANTITIES);

		if (quantity_unit(o) == quantity_unit(q) && !moves_with_time(o))
			return o;
	}
	return QUANTITY_NONE;
}

RANDOM_UNUSED void write_comparison(struct writer *w, enum quantity q)
{
	static const char *const ops[] = { "<", "<=", ">", ">=", "=", "!=" };
	enum quantity other = random_below(w->r, 6) ? QUANTITY_NONE : other_quantity(w->r, q);

	buf_add_str(&w->out, quantity_name(q));
	if (quantity_takes_window(q) && random_below(w->r, 3) == 0)
		buf_printf(&w->out, "(%ud)", 1 + (unsigned)random_below(w->r, 400));
	buf_printf(&w->out, " %s ",
		ops[random_below(w->r, moves_with_time(q) ? 4 : 6)]);
	if (other == QUANTITY_NONE)
		write_number(w, q);
	else if (random_below(w->r, 3))
		buf_printf(&w->out, "%.3f * %s", (double)random_below(w->r, 5000) / 1000,
			quantity_name(other));
	else
		buf_add_str(&w->out, quantity_name(other));
}

RANDOM_UNUSED void write_names(struct writer *w, enum quantity q)
{
	unsigned n = 1;

	while (quantity_naming(q)(n))
		n++;
	buf_printf(&w->out, "%s %s %s", quantity_name(q), random_below(w->r, 2) ? "=" : "!=",
		quantity_naming(q)(1 + (unsigned)random_below(w->r, n - 1)));
}

RANDOM_UNUSED void write_test(struct writer *w)
{
	static const enum quantity hard[] = { QUANTITY_active, QUANTITY_active, QUANTITY_alive,
		QUANTITY_lifetime_value, QUANTITY_potential_value };
	enum quantity q = (enum quantity)random_below(w->r, QUANTITIES);

	if (w->ladders > 0 && random_below(w->r, 6) == 0) {
		buf_printf(&w->out, "l%u in (r%u, r1)", (unsigned)random_below(w->r, w->ladders),
			(unsigned)random_below(w->r, 3));
		return;
	}
	if (random_below(w->r, 4) == 0) /* chances and values are the hardest */
		q = hard[random_below(w->r, 5)];
	while (!moves_with_time(q) && random_below(w->r, 3)) /* moving ones are the point */
		q = (enum quantity)random_below(w->r, QUANTITIES);
	if (quantity_unit(q) == UNIT_FLAG)
		buf_add_str(&w->out, quantity_name(q));
	else if (quantity_unit(q) == UNIT_NAME)
		write_names(w, q);
	else
		write_comparison(w, q);
}

RANDOM_UNUSED void write_rule(struct writer *w, unsigned depth)
{
	uint64_t kind = depth == 0 ? 0 : random_below(w->r, 5);

	if (kind <= 1) {
		write_test(w);
	} else if (kind == 2) {
		buf_add_str(&w->out, "not (");
		write_rule(w, depth - 1);
		buf_add_str(&w->out, ")");
	} else {
		buf_add_str(&w->out, "(");
		write_rule(w, depth - 1);
		buf_add_str(&w->out, kind == 3 ? " and " : " or ");
		write_rule(w, depth - 1);
		buf_add_str(&w->out, ")");
	}
}

RANDOM_UNUSED void write_file(struct writer *w)
{
	unsigned ladders = (unsigned)random_below(w->r, 4), risks = 1 + (unsigned)random_below(w->r, 4);

	write_rhythm(w);
	for (; w->ladders < ladders; w->ladders++) {
		unsigned rungs = 3 + (unsigned)random_below(w->r, 3);

		buf_printf(&w->out, "ladder l%u {\n r0\n", w->ladders);
		for (unsigned i = 1; i < rungs; i++) {
			buf_printf(&w->out, " r%u when ", i);
			write_rule(w, 3);
			buf_add_str(&w->out, "\n");
		}
		buf_add_str(&w->out, "}\n");
	}
	for (unsigned i = 0; i < risks; i++) {
		buf_printf(&w->out, "risk k%u when ", i);
		write_rule(w, 4);
		buf_add_str(&w->out, "\n");
	}
}

/* random_event() keeps terms short; ours end at any time, before or after now. */
RANDOM_UNUSED void random_facts(struct random *r, struct facts *f)
{
	unsigned n = (unsigned)random_below(r, 80);
	char id[RANDOM_ID_SIZE];
	struct event e;

	facts_init(f);
	for (unsigned i = 0; i < n; i++) {
		random_event(r, i, id, &e);
		if (e.body == BODY_CONTRACT)
			e.as.contract.ends_ms = later(r, some_time_ms(r));
		if (e.body == BODY_MARKET)
			e.as.market.until_ms = later(r, some_time_ms(r));
		facts_add(f, &e, NULL);
	}
}

RANDOM_UNUSED struct machine *compile_span(struct span text)
{
	struct complaint c = { 0 };
	struct machine *m;

	if (machine_compile((const char *)text.data, text.size, &m, &c) != 0)
		fail_msg("%d:%d: %s\n%.*s", c.line, c.column, c.text, (int)text.size,
			(const char *)text.data);
	return m;
}

#endif
