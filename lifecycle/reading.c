/* SPDX-License-Identifier: Apache-2.0 */
/* Laws and answers, remembered for one judgement. */
#include "lifecycle/reading.h"

void reading_init(struct reading *r, const struct machine *m, const struct facts *f)
{
	r->m = m;
	r->f = f;
	r->laws = 0;
	for (unsigned i = 0; i * 64 < m->n_tests; i++)
		r->asked[i] = r->held[i] = 0;
}

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

/* A test of what does not move: a number, a flag or a name. */
static bool still_holds(const struct reading *r, const struct test *t)
{
	double v, bound = t->number, other;

	if (!quantity_number(t->quantity, r->f, &v))
		return false;
	if (t->op == OP_IN)
		return v >= 0 && v < 64 && (t->names >> (unsigned)v & 1);
	if (t->other != QUANTITY_NONE) {
		if (!quantity_number(t->other, r->f, &other))
			return false;
		bound *= other;
	}
	return is_accepted(t->op, v, bound);
}

bool reading_ask(struct reading *r, unsigned test, const struct verdict *v, int64_t now_ms)
{
	const struct test *t = &r->m->tests[test];
	uint64_t bit = UINT64_C(1) << test % 64;
	struct comparison c;
	struct law other;
	bool holds;

	if (t->quantity >= QUANTITY_LADDER)
		return t->names >> v->rung[t->quantity - QUANTITY_LADDER] & 1;
	if (t->moves)
		return reading_compare(r, t, &other, &c) && comparison_holds(&c, now_ms);
	holds = still_holds(r, t);
	r->asked[test / 64] |= bit;
	r->held[test / 64] |= holds ? bit : 0;
	return holds;
}
