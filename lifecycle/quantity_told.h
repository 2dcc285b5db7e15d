/* SPDX-License-Identifier: Apache-2.0 */
/* Reading quantities from what was told: registers, texts, market signals. A part of quantity.c, apart
 * for its size alone: what quantity.def names is expanded where all readings can be seen. */
#ifndef KITH_LIFECYCLE_QUANTITY_TOLD_H
#define KITH_LIFECYCLE_QUANTITY_TOLD_H
#include "lifecycle/law.h"

static struct law register_number(const struct facts *f, enum facts_register r)
{
	return f->reg[r].time_ms ? constant((double)f->reg[r].value) : LAW_OF_NOTHING;
}

/* VALUES: a bit per value. */
static struct law register_is(const struct facts *f, enum facts_register r, unsigned values)
{
	int64_t v = f->reg[r].value;

	if (f->reg[r].time_ms == 0)
		return LAW_OF_NOTHING;
	return constant(v >= 0 && v < 32 && (values >> v & 1));
}

static struct law register_age(const struct facts *f, enum facts_register r, int64_t value)
{
	return f->reg[r].value == value ? age(f->reg[r].time_ms) : LAW_OF_NOTHING;
}

static struct law register_name(const struct facts *f, enum facts_register r)
{
	return f->reg[r].time_ms && f->reg[r].value > 0 ? constant((double)f->reg[r].value)
							: LAW_OF_NOTHING;
}

static struct law remaining(const struct facts *f, enum facts_register r)
{
	if (f->reg[r].time_ms == 0 || f->reg[r].value == 0)
		return LAW_OF_NOTHING;
	return (struct law){ .kind = LAW_REMAINING, .t_ms = f->reg[r].value };
}

/* Of the signal that names the customer, and the one that covers them, the one that ends later. */
static bool is_covered(const struct facts *f)
{
	return f->covered.until_ms && f->covered.until_ms >= f->reg[REGISTER_MARKET_UNTIL].value;
}

static struct law market_remaining(const struct facts *f)
{
	if (is_covered(f))
		return (struct law){ .kind = LAW_REMAINING, .t_ms = f->covered.until_ms };
	return remaining(f, REGISTER_MARKET_UNTIL);
}

static struct law market_factor(const struct facts *f)
{
	return is_covered(f) ? constant(f->covered.factor) : register_name(f, REGISTER_MARKET);
}

static struct law answer(const struct facts *f, enum factor factor, enum answer wanted)
{
	return register_is(f, REGISTER_FACTOR + factor, 1u << wanted);
}

static struct law group_of_reason(const struct facts *f)
{
	struct law reason = register_name(f, REGISTER_REASON);

	return reason.kind == LAW_CONST ? constant(reason_group((unsigned)reason.c)) : LAW_OF_NOTHING;
}

static struct law held_by_competitor(const struct facts *f)
{
	const struct facts_string *s = &f->text[TEXT_HELD_BY];

	return s->time_ms ? constant(s->size > 0) : LAW_OF_NOTHING;
}

#endif
