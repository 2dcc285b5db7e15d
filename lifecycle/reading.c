/* SPDX-License-Identifier: Apache-2.0 */
/* Laws and answers, remembered for one judgement. */
#include "lifecycle/moved.h"
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
	if (law->kind == LAW_VALUE)
		law->memo = &r->value[law->whole];
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

void numbers_read(struct numbers *n, uint64_t watches, const struct machine *m,
	const struct facts *f)
{
	n->read |= watches;
	n->known |= quantity_numbers(m->watched, watches, f, &m->rhythm, n->value);
}

static inline bool number_of(struct numbers *n, unsigned watch, const struct reading *r,
	double *ret_value)
{
	if (!(n->read >> watch & 1))
		numbers_read(n, UINT64_C(1) << watch, r->m, r->f);
	*ret_value = n->value[watch];
	return n->known >> watch & 1;
}

static bool odd_still_holds(const struct still *s, struct numbers *n, const struct reading *r,
	const struct verdict *v)
{
	double value, other;

	if (s->of_ladder)
		return s->names >> v->rung[s->watch] & 1;
	if (!number_of(n, s->watch, r, &value))
		return false;
	if (s->op == OP_IN)
		return value >= 0 && value < 64 && (s->names >> (unsigned)value & 1);
	return number_of(n, s->other, r, &other) && is_accepted(s->op, value, s->number * other);
}

/* By the numbers N, and by what R's facts are for those that are not in it yet. */
static inline bool still_holds(const struct still *s, struct numbers *n, const struct reading *r,
	const struct verdict *v)
{
	double value;

	if (!s->plain)
		return odd_still_holds(s, n, r, v);
	return number_of(n, s->watch, r, &value) & is_accepted(s->op, value, s->number);
}

/* Whether a number that was WAS and is IS, both known, is on the same side of all that W's tests
 * compare it with. */
static inline bool stays_beyond(const struct watch *w, double was, double is)
{
	return (was > w->high && is > w->high) || (was < w->low && is < w->low);
}

/* The tests that read a number which is now another, and not on the same side of all of them. What is
 * unknown has the number 0. */
static uint64_t doubtful_stills(const struct reading *r, const struct numbers *before,
	uint64_t watches)
{
	const struct numbers *n = &r->numbers;
	uint64_t turned = before->known ^ n->known, known = before->known & n->known, doubtful = 0;

	for (; watches; watches &= watches - 1) {
		unsigned i = (unsigned)__builtin_ctzll(watches);
		const struct watch *w = &r->m->watches[i];
		double was = before->value[i], is = n->value[i];

		if (!(turned >> i & 1) && (!(was < is || was > is) ||
			((known >> i & 1) && stays_beyond(w, was, is))))
			continue;
		doubtful |= w->places;
	}
	return doubtful;
}

/* The numbers that what has moved can have changed, read as they were and as they are. */
static uint64_t moved_watches(struct reading *r, struct before *before)
{
	uint64_t watches = 0;

	for (unsigned moved = facts_moved(&before->head, r->f) & r->m->watched_moves; moved;
	     moved &= moved - 1)
		watches |= r->m->watches_moved[__builtin_ctz(moved)];
	numbers_read(&before->numbers, watches, r->m, &before->head);
	return watches;
}

/* A plain test whose bound the number has neither passed nor met: nothing of it is asked. */
static inline bool is_passed_by(const struct still *s, const struct numbers *was,
	const struct numbers *is)
{
	double before = was->value[s->watch], now = is->value[s->watch];

	return s->plain && (was->known & is->known) >> s->watch & 1 &&
		((before < s->number && now < s->number) || (before > s->number && now > s->number));
}

uint64_t reading_turned(struct reading *r, struct before *before, unsigned body,
	const struct verdict *v)
{
	uint64_t watches = r->m->watches_by[body], doubtful, turned = 0;

	if (before->has_head)
		watches |= moved_watches(r, before);
	numbers_read(&r->numbers, watches & ~r->numbers.read, r->m, r->f);
	doubtful = doubtful_stills(r, &before->numbers, watches);
	for (; doubtful; doubtful &= doubtful - 1) {
		unsigned place = (unsigned)__builtin_ctzll(doubtful);
		const struct still *s = &r->m->still[place];
		bool held;

		if (is_passed_by(s, &before->numbers, &r->numbers))
			continue;
		held = still_holds(s, &before->numbers, r, v);
		turned |= (uint64_t)(still_holds(s, &r->numbers, r, v) != held) << place;
	}
	return turned;
}

bool reading_ask(struct reading *r, const struct term *t, const struct verdict *v)
{
	uint64_t left = t->stills & ~r->asked;

	while (left) {
		unsigned place = (unsigned)__builtin_ctzll(left);
		uint64_t bit = left & -left;

		r->asked |= bit;
		if (still_holds(&r->m->still[place], &r->numbers, r, v))
			r->held |= bit;
		if ((r->held ^ t->holding) & bit)
			return false;
		left ^= bit;
	}
	return true;
}
