/* SPDX-License-Identifier: Apache-2.0 */
/* Laws and answers, remembered for one judgement. */
#include "lifecycle/reading.h"

/* The law of T's quantity, in its slot or, having none, in OTHER. */
static const struct law *read_law(struct reading *r, const struct test *t, struct law *other)
{
	bool has_slot = t->slot != SLOT_NONE;
	struct law *law = has_slot ? &r->law[t->slot] : other;

	if (has_slot && (r->laws >> t->slot & 1))
		return law;
	quantity_read(t->quantity, r->f, t->rhythm, law);
	law_adopt_window(law, t);
	if (has_slot)
		r->laws |= UINT64_C(1) << t->slot;
	return law;
}

bool reading_compare(struct reading *r, const struct test *t, struct law *other,
	struct comparison *ret_c)
{
	return comparison_read(t, r->f, read_law(r, t, other), ret_c);
}

bool reading_still(const struct reading *r, const struct test *t, const struct verdict *v)
{
	double value, bound = t->number, other;

	if (t->quantity >= QUANTITY_LADDER)
		return t->names >> v->rung[t->quantity - QUANTITY_LADDER] & 1;
	if (!quantity_number(t->quantity, r->f, t->rhythm, &value))
		return false;
	if (t->op == OP_IN)
		return value >= 0 && value < 64 && (t->names >> (unsigned)value & 1);
	if (t->other != QUANTITY_NONE) {
		if (!quantity_number(t->other, r->f, t->rhythm, &other))
			return false;
		bound *= other;
	}
	return is_accepted(t->op, value, bound);
}

uint64_t reading_stills(struct reading *r, uint64_t places, const struct verdict *v)
{
	const struct rhythm *rhythm = NULL;
	unsigned quantity = QUANTITY_NONE;
	uint64_t held = 0;
	bool known = false;
	double value = 0;

	r->asked |= places;
	for (uint64_t left = places; left; left &= left - 1) {
		unsigned place = (unsigned)__builtin_ctzll(left);
		const struct still *t = &r->m->still[place];
		uint64_t holds;

		if (!t->plain) {
			holds = reading_still(r, &r->m->tests[r->m->stills[place]], v);
		} else {
			if (t->quantity != quantity || t->rhythm != rhythm)
				known = quantity_number(t->quantity, r->f, t->rhythm, &value);
			quantity = t->quantity;
			rhythm = t->rhythm;
			holds = known & is_accepted(t->op, value, t->number);
		}
		held |= holds << place;
	}
	r->held |= held;
	return r->held & places;
}

bool reading_ask(struct reading *r, const struct term *t, const struct verdict *v)
{
	uint64_t left = t->stills & ~r->asked;

	while (left) {
		unsigned place = (unsigned)__builtin_ctzll(left);
		uint64_t bit = left & -left;

		r->asked |= bit;
		if (reading_still(r, &r->m->tests[r->m->stills[place]], v))
			r->held |= bit;
		if ((r->held ^ t->holding) & bit)
			return false;
		left ^= bit;
	}
	return true;
}
