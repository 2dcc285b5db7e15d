/* SPDX-License-Identifier: Apache-2.0 */
/* Registers: the value told last wins, by the time at which it was true and not by the order in
 * which it came. Two values told for the same instant are settled by size, so that all orders
 * agree; which of them is meant nobody can know. */
#include <assert.h>
#include <string.h>
#include "lifecycle/facts_layout.h"
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

/* By period. */
static int wallet_compare(const struct facts_wallet *a, const struct facts_wallet *b)
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

/* ---- their bytes (facts_layout.h) */

static __attribute__((noinline)) uint8_t *told_pack(uint8_t *p, const struct facts *f)
{
	int64_t before_ms = f->scalar[FACT_last_event].i;
	uint64_t told = 0;

	for (unsigned r = 0; r < REGISTERS; r++)
		told |= (uint64_t)(f->reg[r].time_ms != 0) << r;
	p = put_varint(p, told);
	for (unsigned r = 0; r < REGISTERS; r++)
		if (told >> r & 1) {
			p = put_told(p, f->reg[r].time_ms, &before_ms);
			p = put_signed(p, f->reg[r].value);
		}
	return p;
}

/* Of most customers none is told. */
uint8_t *registers_pack(uint8_t *p, const struct facts *f)
{
	int64_t any = 0;

#pragma GCC unroll 64
	for (unsigned r = 0; r < REGISTERS; r++)
		any |= f->reg[r].time_ms;
	return any ? told_pack(p, f) : p;
}

void registers_unpack(struct reader *r, struct facts *f)
{
	int64_t before_ms = f->scalar[FACT_last_event].i;
	uint64_t told = take_bits(r, REGISTERS);

	for (unsigned i = 0; i < REGISTERS && !r->bad; i++)
		if (told >> i & 1) {
			f->reg[i].time_ms = take_told(r, &before_ms);
			f->reg[i].value = take_signed(r);
		}
}

uint8_t *texts_pack(uint8_t *p, const struct facts *f)
{
	int64_t before_ms = f->scalar[FACT_last_event].i;
	uint64_t told = 0;

#pragma GCC unroll 8
	for (unsigned t = 0; t < TEXTS; t++)
		told |= (uint64_t)(f->text[t].time_ms != 0) << t;
	if (!told)
		return p;
	p = put_varint(p, told);
	for (unsigned t = 0; t < TEXTS; t++)
		if (told >> t & 1) {
			p = put_told(p, f->text[t].time_ms, &before_ms);
			*p++ = f->text[t].size;
			memcpy(p, f->text[t].text, f->text[t].size);
			p += f->text[t].size;
		}
	return p;
}

void texts_unpack(struct reader *r, struct facts *f)
{
	int64_t before_ms = f->scalar[FACT_last_event].i;
	uint64_t told = take_bits(r, TEXTS);

	for (unsigned i = 0; i < TEXTS && !r->bad; i++) {
		struct facts_string *s = &f->text[i];
		const uint8_t *text;

		if (!(told >> i & 1))
			continue;
		s->time_ms = take_told(r, &before_ms);
		s->size = (uint8_t)in_range(r, take_byte(r), 0, EVENT_TEXT_MAX);
		text = take_bytes(r, s->size);
		if (text)
			memcpy(s->text, text, s->size);
	}
}

uint8_t *wallets_pack(uint8_t *p, const struct facts *f)
{
	uint8_t n = (uint8_t)((f->wallet[0].to_ms != 0) + (f->wallet[1].to_ms != 0));

	if (n == 0)
		return p;
	*p++ = n;
	for (unsigned i = 0; i < n; i++) {
		const struct facts_wallet *w = &f->wallet[i];

		p = put_signed(p, w->to_ms);
		p = put_signed(p, minus(w->to_ms, w->from_ms));
		p = put_signed(p, w->amount);
	}
	return p;
}

void wallets_unpack(struct reader *r, struct facts *f)
{
	unsigned n = (unsigned)in_range(r, take_byte(r), 1, 2);

	for (unsigned i = 0; i < n && !r->bad; i++) {
		struct facts_wallet *w = &f->wallet[i];

		w->to_ms = take_signed(r);
		w->from_ms = minus(w->to_ms, take_signed(r));
		w->amount = take_signed(r);
		if (w->to_ms == 0 || (i > 0 && wallet_compare(&w[-1], w) <= 0))
			reader_fail(r);
	}
}

uint8_t *referrer_pack(uint8_t *p, const struct facts *f)
{
	int64_t before_ms = f->scalar[FACT_last_event].i;

	if (f->referrer.time_ms == 0)
		return p;
	p = put_told(p, f->referrer.time_ms, &before_ms);
	*p++ = f->referrer.size;
	memcpy(p, f->referrer.id, f->referrer.size);
	return p + f->referrer.size;
}

void referrer_unpack(struct reader *r, struct facts *f)
{
	int64_t before_ms = f->scalar[FACT_last_event].i;
	const uint8_t *id;

	f->referrer.time_ms = take_told(r, &before_ms);
	f->referrer.size = (uint8_t)in_range(r, take_byte(r), 1, EVENT_CUSTOMER_MAX);
	id = take_bytes(r, f->referrer.size);
	if (id)
		memcpy(f->referrer.id, id, f->referrer.size);
}
