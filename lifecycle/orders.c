/* SPDX-License-Identifier: Apache-2.0 */
/* Orders: the latest purchases and refunds one by one, so that an order which was wholly given
 * back can be taken out again.
 *
 * An order is cancelled when what was refunded of it is at least what was paid for it, as far as
 * both are among those kept. Its purchases then count for nothing: not for counts, sums, days, nor
 * as first or last purchase; nor do its refunds count as money. That there were refunds stays told.
 * It is decided anew from the whole order whenever one of its parts comes, so any order in which
 * they come ends alike, as long as all are kept.
 *
 * The latest FACTS_ORDERS_MAX of a union do not depend on how it was made. What is pushed out stays
 * as it was decided, and of the purchases among it only the first and the last are remembered. The
 * exception that follows: a refund that comes when its purchase has been pushed out cancels
 * nothing. */
#include <assert.h>
#include <string.h>
#include "lifecycle/facts_layout.h"
#include "lifecycle/facts_parts.h"

static int compare(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

int order_compare(const struct facts_order *a, const struct facts_order *b)
{
	int c;

	if (a->time_ms != b->time_ms) /* nearly always */
		return a->time_ms > b->time_ms ? 1 : -1;
	c = compare(a->order, b->order);
	c = c ? c : compare(a->refund, b->refund);
	c = c ? c : compare(a->amount, b->amount);
	c = c ? c : compare(a->has_margin, b->has_margin);
	return c ? c : compare(a->margin, b->margin);
}

static bool order_counts(const struct facts_order *o)
{
	return !o->refund && !o->undone;
}

static void count(struct facts *f, enum fact fact, int64_t by)
{
	f->scalar[fact].i = (int64_t)((uint64_t)f->scalar[fact].i + (uint64_t)by);
}

/* First and last purchase, from those kept and those before. */
static void find_ends(struct facts *f)
{
	int64_t first = f->settled.first_ms, last = f->settled.last_ms;

	for (size_t i = 0; i < f->n_orders; i++) {
		int64_t at = f->orders[i].time_ms;

		if (!order_counts(&f->orders[i]))
			continue;
		first = first == 0 || at < first ? at : first;
		last = at > last ? at : last;
	}
	f->scalar[FACT_first_purchase].i = first;
	f->scalar[FACT_last_purchase].i = last;
}

/* O has been undone: does another purchase need its day? Of days before the latest settled purchase
 * nobody knows any more. */
static bool day_is_needed(const struct facts *f, int32_t day)
{
	if (f->settled.last_ms && f->settled.last_day >= day)
		return true;
	for (size_t i = 0; i < f->n_orders; i++)
		if (order_counts(&f->orders[i]) && f->orders[i].day == day)
			return true;
	return false;
}

/* Count O, a purchase, BY 1 or -1. */
static void purchase_count(struct facts *f, const struct facts_order *o, int by)
{
	static const enum fact money[] = { FACT_spend_30d, FACT_spend_180d };
	static const enum fact number[] = { FACT_purchases_30d, FACT_purchases_180d };
	struct decay d = decay_at(f, o->time_ms);

	count(f, FACT_purchases, by);
	count(f, FACT_cancelled, -by);
	count(f, FACT_spent, by * o->amount);
	if (o->has_margin) {
		count(f, FACT_margin, by * o->margin);
		count(f, FACT_margins, by);
	}
	for (size_t i = 0; i < 2; i++) {
		decay_count(f, &d, money[i], by, (double)o->amount, FACT_spent);
		decay_count(f, &d, number[i], by, 1, FACT_purchases);
	}
	if (by > 0)
		days_add(f, o->day);
	else if (!day_is_needed(f, o->day))
		days_remove(f, o->day);
}

/* Move what O counts for to where it belongs. */
static void order_turn(struct facts *f, struct facts_order *o, bool undone)
{
	int by = undone ? -1 : 1;
	struct decay d;

	if (o->undone == undone)
		return;
	o->undone = undone;
	if (!o->refund) {
		purchase_count(f, o, by);
		return;
	}
	d = decay_at(f, o->time_ms);
	count(f, FACT_refunded, by * o->amount);
	decay_count(f, &d, FACT_refund_180d, by, (double)o->amount, FACT_refunded);
}

/* Decide about ORDER, as far as it is kept. */
static void order_decide(struct facts *f, uint32_t order)
{
	int64_t paid = 0, back = 0;
	bool bought = false, returned = false;

	for (size_t i = 0; i < f->n_orders; i++) {
		const struct facts_order *o = &f->orders[i];

		if (o->order != order)
			continue;
		*(o->refund ? &back : &paid) += o->amount;
		*(o->refund ? &returned : &bought) = true;
	}
	for (size_t i = 0; i < f->n_orders; i++)
		if (f->orders[i].order == order)
			order_turn(f, &f->orders[i], bought && returned && back >= paid);
}

static void orders_insert(struct facts *f, const struct facts_order *o)
{
	size_t i = 0;

	assert(f->n_orders < 2 * FACTS_ORDERS_MAX);
	while (i < f->n_orders && order_compare(&f->orders[i], o) > 0)
		i++;
	memmove(&f->orders[i + 1], &f->orders[i], (f->n_orders - i) * sizeof f->orders[0]);
	f->orders[i] = *o;
	f->n_orders++;
}

/* A cancelled order goes as a whole: half of it would look like something else. */
static void forget_cancelled(struct facts *f, uint32_t order)
{
	uint8_t n = 0;

	for (size_t i = 0; i < f->n_orders; i++)
		if (f->orders[i].order != order || !f->orders[i].undone)
			f->orders[n++] = f->orders[i];
	f->n_orders = n;
}

static void settled_tell(struct facts *f, int64_t first_ms, int64_t last_ms, int32_t last_day)
{
	struct facts_settled *s = &f->settled;

	if (first_ms && (s->first_ms == 0 || first_ms < s->first_ms))
		s->first_ms = first_ms;
	if (last_ms > s->last_ms || (last_ms == s->last_ms && last_day > s->last_day)) {
		s->last_ms = last_ms;
		s->last_day = last_day;
	}
}

static void orders_trim(struct facts *f)
{
	while (f->n_orders > FACTS_ORDERS_MAX) {
		const struct facts_order *o = &f->orders[f->n_orders - 1];

		if (o->undone) {
			forget_cancelled(f, o->order);
			continue;
		}
		if (!o->refund)
			settled_tell(f, o->time_ms, o->time_ms, o->day);
		f->n_orders--;
	}
}

/* Whether ORDER is new among those kept: then there is nothing to decide. */
static bool order_is_alone(const struct facts *f, uint32_t order)
{
	unsigned n = 0;

	for (size_t i = 0; i < f->n_orders; i++)
		n += f->orders[i].order == order;
	return n <= 1;
}

void orders_add(struct facts *f, const struct facts_order *o)
{
	orders_insert(f, o);
	if (!order_is_alone(f, o->order)) {
		order_decide(f, o->order);
		find_ends(f);
	}
	orders_trim(f);
}

void orders_join(struct facts *f, const struct facts *from)
{
	for (size_t i = 0; i < from->n_orders; i++)
		orders_insert(f, &from->orders[i]);
	if (from->settled.last_ms)
		settled_tell(f, from->settled.first_ms, from->settled.last_ms,
			from->settled.last_day);
	for (size_t i = 0; i < f->n_orders; i++)
		order_decide(f, f->orders[i].order);
	if (f->n_orders)
		find_ends(f);
	orders_trim(f);
}

bool orders_equal(const struct facts *a, const struct facts *b)
{
	if (a->n_orders != b->n_orders || a->settled.first_ms != b->settled.first_ms ||
		a->settled.last_ms != b->settled.last_ms ||
		(a->settled.last_ms && a->settled.last_day != b->settled.last_day))
		return false;
	for (size_t i = 0; i < a->n_orders; i++)
		if (order_compare(&a->orders[i], &b->orders[i]) != 0 ||
			a->orders[i].undone != b->orders[i].undone)
			return false;
	return true;
}

/* ---- their bytes (facts_layout.h) */

enum order_bits { ORDER_REFUND = 1, ORDER_UNDONE = 2, ORDER_HAS_MARGIN = 4, ORDER_DAY_SHIFT = 3 };

/* Which day it is by its zone: one earlier than in UTC, the same, or one later. */
static uint8_t day_bits(int64_t time_ms, int32_t day)
{
	return (uint8_t)((uint64_t)(day - time_ms / DAY_MS + 1) << ORDER_DAY_SHIFT);
}

static uint8_t *order_pack(uint8_t *p, const struct facts_order *o, int64_t *before_ms)
{
	unsigned told = put_sized(p + 6, zigzag(minus(*before_ms, o->time_ms)));
	unsigned amount = put_sized(p + 6 + told, (uint64_t)o->amount);

	*before_ms = o->time_ms;
	p[0] = (uint8_t)((o->refund ? ORDER_REFUND : day_bits(o->time_ms, o->day)) |
		(o->undone ? ORDER_UNDONE : 0) | (o->has_margin ? ORDER_HAS_MARGIN : 0));
	p[1] = (uint8_t)(told | amount << 4);
	put_le32(p + 2, o->order);
	p += 6 + told + amount;
	if (o->has_margin) {
		*p = (uint8_t)put_sized(p + 1, zigzag(o->margin));
		p += 1 + *p;
	}
	return p;
}

uint8_t *orders_pack(uint8_t *p, const struct facts *f)
{
	int64_t before_ms = f->scalar[FACT_last_event].i;
	bool settled = f->settled.last_ms != 0;

	if (f->n_orders == 0 && !settled)
		return p;
	*p++ = (uint8_t)(f->n_orders << 1 | settled);
	if (settled) {
		p = put_told(p, f->settled.last_ms, &before_ms);
		p = put_told(p, f->settled.first_ms, &before_ms);
		*p++ = day_bits(f->settled.last_ms, f->settled.last_day);
		before_ms = f->scalar[FACT_last_event].i;
	}
	for (unsigned i = 0; i < f->n_orders; i++)
		p = order_pack(p, &f->orders[i], &before_ms);
	return p;
}

static inline int32_t take_order_day(struct reader *r, int64_t time_ms, uint8_t bits)
{
	return (int32_t)(time_ms / DAY_MS + in_range(r, bits >> ORDER_DAY_SHIFT, 0, 2) - 1);
}

static inline void take_settled(struct reader *r, struct facts *f)
{
	int64_t before_ms = f->scalar[FACT_last_event].i;

	f->settled.last_ms = take_told(r, &before_ms);
	f->settled.first_ms = take_told(r, &before_ms);
	f->settled.last_day = take_order_day(r, f->settled.last_ms, take_byte(r));
	if (f->settled.first_ms > f->settled.last_ms)
		reader_fail(r);
}

static inline void take_order(struct reader *r, struct facts_order *o, int64_t *before_ms)
{
	const uint8_t *p = take_bytes(r, 6);
	uint8_t bits, sizes;

	if (!p)
		return;
	bits = p[0];
	sizes = p[1];
	o->order = get_le32(p + 2);
	o->refund = bits & ORDER_REFUND;
	o->undone = bits & ORDER_UNDONE;
	o->has_margin = bits & ORDER_HAS_MARGIN;
	*before_ms = an_instant(r, minus(*before_ms, unzigzag(take_sized(r, sizes & 15))));
	o->time_ms = *before_ms;
	o->amount = in_range(r, (int64_t)take_sized(r, sizes >> 4), 0, EVENT_AMOUNT_MAX);
	o->day = o->refund ? 0 : take_order_day(r, o->time_ms, bits);
	if (o->refund && bits & ~(ORDER_REFUND | ORDER_UNDONE))
		reader_fail(r);
	o->margin = !o->has_margin ? 0 : in_range(r, unzigzag(take_sized(r, take_byte(r))),
		-EVENT_AMOUNT_MAX, EVENT_AMOUNT_MAX);
}

static bool are_in_order(const struct facts_order *later, const struct facts_order *o)
{
	return later->time_ms > o->time_ms || order_compare(later, o) >= 0;
}

void orders_unpack(struct reader *from, struct facts *f)
{
	struct reader reader = *from, *r = &reader; /* whose address nobody else has */
	int64_t before_ms = f->scalar[FACT_last_event].i;
	uint8_t head = take_byte(r);
	unsigned n = (unsigned)in_range(r, head >> 1, 0, FACTS_ORDERS_MAX);

	if (head == 0)
		reader_fail(r);
	if (head & 1)
		take_settled(r, f);
	for (unsigned i = 0; i < n && !r->bad; i++) {
		take_order(r, &f->orders[i], &before_ms);
		if (i > 0 && !are_in_order(&f->orders[i - 1], &f->orders[i]))
			reader_fail(r);
	}
	f->n_orders = (uint8_t)n;
	*from = reader;
}
