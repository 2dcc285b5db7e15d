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

#define ORDER_BYTES 15
#define ORDER_TIME  ((UINT64_C(1) << 43) - 1)
enum { ORDER_DAY_SHIFT = 43, ORDER_REFUND_SHIFT = 45, ORDER_UNDONE_SHIFT, ORDER_MARGIN_SHIFT };
#define MOMENT      ((UINT64_C(1) << 48) - 1) /* 6 bytes */
#define AMOUNT      ((UINT64_C(1) << 40) - 1) /* 5 bytes */
_Static_assert(EVENT_TIME_MAX <= ORDER_TIME && EVENT_AMOUNT_MAX <= AMOUNT &&
	2 * EVENT_AMOUNT_MAX <= MOMENT, "they fit");

static inline int32_t day_in_utc(uint64_t time_ms)
{
	return (int32_t)(time_ms / DAY_MS);
}

/* TIME_MS, and which day it is by its zone: one earlier than in UTC, the same, or one later. */
static inline uint64_t moment(int64_t time_ms, int32_t day)
{
	uint64_t ms = (uint64_t)time_ms & ORDER_TIME;

	return ms | (uint64_t)((day - day_in_utc(ms) + 1) & 3) << ORDER_DAY_SHIFT;
}

/* 8 bytes are written, here and below: what is too much is written over. */
static uint8_t *put_six(uint8_t *p, uint64_t v)
{
	put_le64(p, v & MOMENT);
	return p + 6;
}

static inline uint8_t *order_pack(uint8_t *p, const struct facts_order *o)
{
	uint64_t told = o->refund ? (uint64_t)o->time_ms & ORDER_TIME : moment(o->time_ms, o->day);

	told |= (uint64_t)o->refund << ORDER_REFUND_SHIFT | (uint64_t)o->undone << ORDER_UNDONE_SHIFT |
		(uint64_t)o->has_margin << ORDER_MARGIN_SHIFT;
	put_le64(p, told);
	put_le64(p + 6, (uint64_t)o->amount);
	put_le32(p + 11, o->order);
	p += ORDER_BYTES;
	return o->has_margin ? put_six(p, zigzag(o->margin)) : p;
}

uint8_t *orders_pack(uint8_t *p, const struct facts *f)
{
	bool settled = f->settled.last_ms != 0;

	if (f->n_orders == 0 && !settled)
		return p;
	*p++ = (uint8_t)(f->n_orders << 1 | settled);
	if (settled) {
		p = put_six(p, moment(f->settled.last_ms, f->settled.last_day));
		p = put_six(p, (uint64_t)f->settled.first_ms);
	}
	for (unsigned i = 0; i < f->n_orders; i++)
		p = order_pack(p, &f->orders[i]);
	return p;
}

static inline uint64_t get_six(const uint8_t *p)
{
	return get_le32(p) | (uint64_t)get_le16(p + 4) << 32;
}

static inline void take_settled(struct reader *r, struct facts *f)
{
	const uint8_t *p = take_bytes(r, 12);
	uint64_t last, first, last_ms, day;

	if (!p)
		return;
	last = get_six(p);
	first = get_six(p + 6);
	last_ms = last & ORDER_TIME;
	day = last >> ORDER_DAY_SHIFT;
	if (first < EVENT_TIME_MIN || first > last_ms || last_ms > EVENT_TIME_MAX || day > 2)
		reader_fail(r);
	f->settled = (struct facts_settled){ (int64_t)first, (int64_t)last_ms,
		day_in_utc(last_ms) - 1 + (int32_t)day };
}

static inline void take_order(struct reader *r, struct facts_order *o)
{
	const uint8_t *p = take_bytes(r, ORDER_BYTES);
	uint64_t told, ms, amount, day, refund;

	if (!p)
		return;
	told = get_le64(p);
	ms = told & ORDER_TIME;
	day = told >> ORDER_DAY_SHIFT & 3;
	refund = told >> ORDER_REFUND_SHIFT & 1;
	amount = get_le64(p + 6) & AMOUNT;
	if (ms - 1 >= EVENT_TIME_MAX || amount > EVENT_AMOUNT_MAX || day > (refund ? 0 : 2))
		reader_fail(r);
	o->time_ms = (int64_t)ms;
	o->amount = (int64_t)amount;
	o->margin = 0;
	o->day = refund ? 0 : day_in_utc(ms) - 1 + (int32_t)day;
	o->order = get_le32(p + 11);
	o->refund = refund;
	o->undone = told >> ORDER_UNDONE_SHIFT & 1;
	o->has_margin = told >> ORDER_MARGIN_SHIFT & 1;
	if (o->has_margin && (p = take_bytes(r, 6)))
		o->margin = in_range(r, unzigzag(get_six(p)), -EVENT_AMOUNT_MAX, EVENT_AMOUNT_MAX);
}

void orders_unpack(struct reader *from, struct facts *f)
{
	struct reader reader = *from, *r = &reader; /* whose address nobody else has */
	uint8_t head = take_byte(r);
	unsigned n = (unsigned)in_range(r, head >> 1, 0, FACTS_ORDERS_MAX);

	if (head == 0)
		reader_fail(r);
	if (head & 1)
		take_settled(r, f);
	for (unsigned i = 0; i < n && !r->bad; i++) {
		take_order(r, &f->orders[i]);
		if (i > 0 && order_compare(&f->orders[i - 1], &f->orders[i]) < 0)
			reader_fail(r);
	}
	f->n_orders = (uint8_t)n;
	*from = reader;
}
