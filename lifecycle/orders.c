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
#include "lifecycle/orders.h"

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
static void find_ends(struct facts *f, const struct orders *os)
{
	int64_t first = f->settled.first_ms, last = f->settled.last_ms;

	for (size_t i = 0; i < os->n; i++) {
		int64_t at = os->order[i].time_ms;

		if (!order_counts(&os->order[i]))
			continue;
		first = first == 0 || at < first ? at : first;
		last = at > last ? at : last;
	}
	f->scalar[FACT_first_purchase].i = first;
	f->scalar[FACT_last_purchase].i = last;
}

/* O has been undone: does another purchase need its day? Of days before the latest settled purchase
 * nobody knows any more. */
static bool day_is_needed(const struct facts *f, const struct orders *os, int32_t day)
{
	if (f->settled.last_ms && f->settled.last_day >= day)
		return true;
	for (size_t i = 0; i < os->n; i++)
		if (order_counts(&os->order[i]) && os->order[i].day == day)
			return true;
	return false;
}

/* Count O, a purchase, BY 1 or -1. */
static void purchase_count(struct facts *f, const struct orders *os, const struct facts_order *o,
	int by)
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
	else if (!day_is_needed(f, os, o->day))
		days_remove(f, o->day);
}

/* Move what O counts for to where it belongs. */
static void order_turn(struct facts *f, const struct orders *os, struct facts_order *o, bool undone)
{
	int by = undone ? -1 : 1;
	struct decay d;

	if (o->undone == undone)
		return;
	o->undone = undone;
	if (!o->refund) {
		purchase_count(f, os, o, by);
		return;
	}
	d = decay_at(f, o->time_ms);
	count(f, FACT_refunded, by * o->amount);
	decay_count(f, &d, FACT_refund_180d, by, (double)o->amount, FACT_refunded);
}

/* Decide about ORDER, as far as it is kept. */
static void order_decide(struct facts *f, struct orders *os, uint32_t order)
{
	int64_t paid = 0, back = 0;
	bool bought = false, returned = false;

	for (size_t i = 0; i < os->n; i++) {
		const struct facts_order *o = &os->order[i];

		if (o->order != order)
			continue;
		*(o->refund ? &back : &paid) += o->amount;
		*(o->refund ? &returned : &bought) = true;
	}
	for (size_t i = 0; i < os->n; i++)
		if (os->order[i].order == order)
			order_turn(f, os, &os->order[i], bought && returned && back >= paid);
}

static void orders_insert(struct orders *os, const struct facts_order *o)
{
	size_t i = 0;

	assert(os->n < 2 * FACTS_ORDERS_MAX);
	while (i < os->n && order_compare(&os->order[i], o) > 0)
		i++;
	memmove(&os->order[i + 1], &os->order[i], (os->n - i) * sizeof os->order[0]);
	os->order[i] = *o;
	os->n++;
}

/* A cancelled order goes as a whole: half of it would look like something else. */
static void forget_cancelled(struct orders *os, uint32_t order)
{
	unsigned n = 0;

	for (size_t i = 0; i < os->n; i++)
		if (os->order[i].order != order || !os->order[i].undone)
			os->order[n++] = os->order[i];
	os->n = n;
}

void settled_tell(struct facts *f, int64_t first_ms, int64_t last_ms, int32_t last_day)
{
	struct facts_settled *s = &f->settled;

	if (first_ms && (s->first_ms == 0 || first_ms < s->first_ms))
		s->first_ms = first_ms;
	if (last_ms > s->last_ms || (last_ms == s->last_ms && last_day > s->last_day)) {
		s->last_ms = last_ms;
		s->last_day = last_day;
	}
}

static void orders_trim(struct facts *f, struct orders *os)
{
	while (os->n > FACTS_ORDERS_MAX) {
		const struct facts_order *o = &os->order[os->n - 1];

		if (o->undone) {
			forget_cancelled(os, o->order);
			continue;
		}
		if (!o->refund)
			settled_tell(f, o->time_ms, o->time_ms, o->day);
		os->n--;
	}
}

/* Whether ORDER is new among those kept: then there is nothing to decide. */
static bool order_is_alone(const struct orders *os, uint32_t order)
{
	unsigned n = 0;

	for (size_t i = 0; i < os->n; i++)
		n += os->order[i].order == order;
	return n <= 1;
}

void orders_add(struct facts *f, const struct facts_order *o)
{
	struct orders all, *os = &all;

	if (orders_put_alone(f, o))
		return;
	orders_open(f, os);
	orders_insert(os, o);
	if (!order_is_alone(os, o->order)) {
		order_decide(f, os, o->order);
		find_ends(f, os);
	}
	orders_trim(f, os);
	orders_close(f, os);
}

void orders_join(struct facts *f, const struct facts *from)
{
	struct orders all, others, *os = &all;

	orders_open(f, os);
	orders_open(from, &others);
	for (size_t i = 0; i < others.n; i++)
		orders_insert(os, &others.order[i]);
	if (from->settled.last_ms)
		settled_tell(f, from->settled.first_ms, from->settled.last_ms,
			from->settled.last_day);
	for (size_t i = 0; i < os->n; i++)
		order_decide(f, os, os->order[i].order);
	if (os->n)
		find_ends(f, os);
	orders_trim(f, os);
	orders_close(f, os);
}

bool orders_equal(const struct facts *a, const struct facts *b)
{
	return a->n_orders == b->n_orders && a->orders_size == b->orders_size &&
		memcmp(a->orders, b->orders, a->orders_size) == 0 &&
		a->settled.first_ms == b->settled.first_ms &&
		a->settled.last_ms == b->settled.last_ms &&
		(a->settled.last_ms == 0 || a->settled.last_day == b->settled.last_day);
}
