/* SPDX-License-Identifier: Apache-2.0 */
/* Registers: the value told last wins, by the time at which it was true and not by the order in
 * which it came. Two values told for the same instant are settled by size, so that all orders
 * agree; which of them is meant nobody can know. */
#include <assert.h>
#include <string.h>
#include "lifecycle/facts_parts.h"

void register_tell(struct facts *f, enum facts_register r, int64_t time_ms, int64_t value)
{
	struct facts_reg *reg = &f->reg[r];
	bool wins;

	if (time_ms == 0)
		return; /* never told */
	if (reg->time_ms == 0)
		wins = true;
	else if (reg->time_ms == time_ms)
		wins = value > reg->value;
	else if (r == REGISTER_ACQUISITION)
		wins = time_ms < reg->time_ms; /* how somebody was found does not change later */
	else
		wins = time_ms > reg->time_ms;
	if (wins)
		*reg = (struct facts_reg){ time_ms, value };
}

/* By bytes, then by length. */
static int text_compare(struct span a, struct span b)
{
	size_t both = a.size < b.size ? a.size : b.size;
	int c = both ? memcmp(a.data, b.data, both) : 0;

	return c ? c : (a.size > b.size) - (a.size < b.size);
}

void text_tell(struct facts *f, enum facts_text t, int64_t time_ms, struct span text)
{
	struct facts_string *s = &f->text[t];

	assert(text.size <= EVENT_TEXT_MAX);
	if (time_ms == 0 || time_ms < s->time_ms)
		return;
	if (time_ms == s->time_ms && text_compare(text, span_of(s->text, s->size)) <= 0)
		return;
	s->time_ms = time_ms;
	s->size = (uint8_t)text.size;
	if (text.size)
		memcpy(s->text, text.data, text.size);
}

void referrer_tell(struct facts *f, int64_t time_ms, struct span by)
{
	struct facts_referrer *r = &f->referrer;

	assert(by.size >= 1 && by.size <= EVENT_CUSTOMER_MAX);
	if (r->time_ms && time_ms > r->time_ms)
		return;
	if (r->time_ms == time_ms && text_compare(by, span_of(r->id, r->size)) <= 0)
		return;
	r->time_ms = time_ms;
	r->size = (uint8_t)by.size;
	memcpy(r->id, by.data, by.size);
}

int wallet_compare(const struct facts_wallet *a, const struct facts_wallet *b)
{
	if (a->to_ms != b->to_ms)
		return a->to_ms > b->to_ms ? 1 : -1;
	return (a->from_ms > b->from_ms) - (a->from_ms < b->from_ms);
}

void wallet_tell(struct facts *f, const struct facts_wallet *w)
{
	struct facts_wallet *first = &f->wallet[0], *second = &f->wallet[1];

	if (w->to_ms == 0)
		return;
	for (struct facts_wallet *old = first; old <= second; old++)
		if (wallet_compare(w, old) == 0) {
			old->amount = w->amount > old->amount ? w->amount : old->amount;
			return;
		}
	if (first->to_ms == 0 || wallet_compare(w, first) > 0) {
		*second = *first;
		*first = *w;
	} else if (second->to_ms == 0 || wallet_compare(w, second) > 0) {
		*second = *w;
	}
}

void registers_join(struct facts *f, const struct facts *from)
{
	for (enum facts_register r = 0; r < REGISTERS; r++)
		register_tell(f, r, from->reg[r].time_ms, from->reg[r].value);
	for (enum facts_text t = 0; t < TEXTS; t++)
		text_tell(f, t, from->text[t].time_ms,
			span_of(from->text[t].text, from->text[t].size));
	if (from->referrer.time_ms)
		referrer_tell(f, from->referrer.time_ms,
			span_of(from->referrer.id, from->referrer.size));
	for (size_t i = 0; i < 2; i++)
		wallet_tell(f, &from->wallet[i]);
}

bool registers_equal(const struct facts *a, const struct facts *b)
{
	for (size_t r = 0; r < REGISTERS; r++)
		if (a->reg[r].time_ms != b->reg[r].time_ms || a->reg[r].value != b->reg[r].value)
			return false;
	for (size_t t = 0; t < TEXTS; t++)
		if (a->text[t].time_ms != b->text[t].time_ms ||
			!span_eq(span_of(a->text[t].text, a->text[t].size),
				span_of(b->text[t].text, b->text[t].size)))
			return false;
	if (a->referrer.time_ms != b->referrer.time_ms ||
		!span_eq(span_of(a->referrer.id, a->referrer.size),
			span_of(b->referrer.id, b->referrer.size)))
		return false;
	for (size_t i = 0; i < 2; i++)
		if (wallet_compare(&a->wallet[i], &b->wallet[i]) != 0 ||
			a->wallet[i].amount != b->wallet[i].amount)
			return false;
	return true;
}
