/* SPDX-License-Identifier: Apache-2.0 */
/* Which class a customer is of, and which season. */
#include <string.h>
#include "lifecycle/classes.h"

/* x is counted in calendar days, so that two baskets of one day are one purchase; tx is measured
 * to the millisecond, as the silence is: a day more or less of rounding would move a deadline by
 * so much. Who bought on one day only has no tx, however long that day was. */
bool rhythm_gaps(const struct facts *f, double *ret_x, double *ret_tx_ms)
{
	int64_t x = facts_purchase_days(f) - 1, last_ms = f->scalar[FACT_last_purchase].i;
	double tx_ms = (double)last_ms - (double)f->scalar[FACT_first_purchase].i;

	*ret_x = x > 0 ? (double)x : 0;
	*ret_tx_ms = x > 0 && tx_ms > 0 ? tx_ms : 0;
	return last_ms != 0;
}

static bool condition_holds(const struct class_condition *c, const struct facts *f)
{
	const struct facts_reg *r = &f->reg[c->which];
	const struct facts_string *s = &f->text[c->is_text ? c->which : 0];

	if (c->is_text)
		return s->time_ms && span_eq(span_of(s->text, s->size), c->text);
	return r->time_ms && r->value > 0 && r->value < 64 && (c->names >> r->value & 1);
}

static bool class_fits(const struct rhythm_class *c, const struct facts *f)
{
	for (unsigned i = 0; i < c->n_conditions; i++)
		if (!condition_holds(&c->conditions[i], f))
			return false;
	return true;
}

unsigned rhythm_class_of(const struct rhythm *whole, const struct facts *f)
{
	const struct rhythm_classes *c = whole->classes;

	for (unsigned i = c ? c->n : 0; i > 0; i--)
		if (class_fits(&c->classes[i - 1], f))
			return i;
	return 0;
}

const struct rhythm *rhythm_of(const struct rhythm *whole, const struct facts *f)
{
	unsigned class = rhythm_class_of(whole, f);

	return class ? &whole->classes->classes[class - 1].rhythm : whole;
}

/* Append to OUT, of which *N bytes are taken. */
static void append(char *out, size_t size, size_t *n, const char *text, size_t bytes)
{
	bytes = *n + bytes < size ? bytes : size - 1 - *n;
	memcpy(out + *n, text, bytes);
	*n += bytes;
	out[*n] = '\0';
}

static void append_names(const struct class_condition *c, char *out, size_t size, size_t *n)
{
	const char *(*naming)(unsigned) = facts_register_naming(c->which);
	bool several = (c->names & (c->names - 1)) != 0, first = true;

	append(out, size, n, several ? " in (" : " = ", several ? 5 : 3);
	for (unsigned v = 1; v < 64 && naming(v); v++) {
		if (!(c->names >> v & 1))
			continue;
		if (!first)
			append(out, size, n, ", ", 2);
		append(out, size, n, naming(v), strlen(naming(v)));
		first = false;
	}
	if (several)
		append(out, size, n, ")", 1);
}

void rhythm_class_text(const struct rhythm_class *class, char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < class->n_conditions; i++) {
		const struct class_condition *c = &class->conditions[i];
		const char *name = c->is_text ? facts_text_name(c->which) : facts_register_name(c->which);

		if (i > 0)
			append(out, size, &n, " and ", 5);
		append(out, size, &n, name, strlen(name));
		if (!c->is_text) {
			append_names(c, out, size, &n);
			continue;
		}
		append(out, size, &n, " = \"", 4);
		append(out, size, &n, (const char *)c->text.data, c->text.size);
		append(out, size, &n, "\"", 1);
	}
}

double rhythm_season(const struct rhythm *whole, int64_t last_ms)
{
	unsigned month, day;
	int64_t year;

	if (!whole->classes || !whole->classes->has_season)
		return 1;
	date_from_days(zone_day(whole->classes->zone, last_ms), &year, &month, &day);
	return whole->classes->season[month - 1];
}
