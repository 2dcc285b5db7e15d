/* SPDX-License-Identifier: Apache-2.0 */
/* Facts to bytes, as drawn in facts_layout.h. */
#include <assert.h>
#include <string.h>
#include "lifecycle/facts_layout.h"
#include "lifecycle/facts_parts.h"

/* The widest that each part can be: a varint of 64 bits takes 10 bytes, of 32 bits 5. */
#define WIDEST_SCALARS   (3 + 10 + FACTS_SCALARS * 10)
#define WIDEST_REGISTERS (10 + REGISTERS * 20)
#define WIDEST_TEXTS     (10 + TEXTS * (10 + 1 + EVENT_TEXT_MAX))
#define WIDEST_WALLETS   (1 + 2 * 30)
#define WIDEST_CASES     (1 + FACTS_CASES_MAX * (10 + 4 + 1))
#define WIDEST_REFERRER  (10 + 1 + EVENT_CUSTOMER_MAX)
#define WIDEST_CUSTOM    (1 + CUSTOM_MAX * (4 + 1 + 10 + 10 + 8))
#define WIDEST_DAYS      (10 + 5 + FACTS_GAPS_MAX + 5)
#define WIDEST_ORDERS    (1 + 21 + FACTS_ORDERS_MAX * (10 + 4 + 1 + 10 + 10))
_Static_assert(WIDEST_SCALARS + WIDEST_REGISTERS + WIDEST_TEXTS + WIDEST_WALLETS + WIDEST_CASES +
	WIDEST_DAYS + WIDEST_REFERRER + WIDEST_CUSTOM + WIDEST_ORDERS <= FACTS_PACKED_MAX,
	"the widest facts fit");

static uint8_t *put_signed(uint8_t *p, int64_t v)
{
	return put_varint(p, zigzag(v));
}

static uint8_t *put_told(uint8_t *p, int64_t time_ms, int64_t *before_ms)
{
	p = put_signed(p, minus(*before_ms, time_ms));
	*before_ms = time_ms;
	return p;
}

static uint64_t rows_used(const struct facts *f)
{
	uint64_t rows = 0;

	for (enum fact i = 0; i < FACTS_SCALARS; i++)
		rows |= (uint64_t)(f->scalar[i].i != 0) << i; /* the bits of 0.0 are 0 too */
	return rows;
}

/* One law after the other: a branch that is taken anew for each row is guessed wrong half the
 * time. */
static uint8_t *put_scalars(uint8_t *p, const struct facts *f)
{
	uint64_t rows = rows_used(f);
	uint64_t counts = rows & rows_of(FACT_COUNT), firsts = rows & rows_of(FACT_FIRST);
	uint64_t lasts = rows & rows_of(FACT_LAST) & ~ROW(FACT_last_event);
	uint64_t masks = rows & rows_of(FACT_MASK), decays = rows & rows_of(FACT_DECAY);
	int64_t last_ms = f->scalar[FACT_last_event].i, first_ms = f->scalar[FACT_first_event].i;

	p = put_varint(p, rows);
	if (last_ms)
		p = put_varint(p, (uint64_t)last_ms);
	FOR_ROWS(row, counts)
		p = put_signed(p, f->scalar[row].i);
	FOR_ROWS(row, firsts)
		p = put_signed(p, row == FACT_first_event ? minus(last_ms, first_ms)
			: minus(f->scalar[row].i, first_ms));
	FOR_ROWS(row, lasts)
		p = put_signed(p, minus(last_ms, f->scalar[row].i));
	FOR_ROWS(row, masks)
		p = put_varint(p, (uint64_t)f->scalar[row].i);
	FOR_ROWS(row, decays) {
		put_le64(p, (uint64_t)f->scalar[row].i);
		p += 8;
	}
	return p;
}

static uint8_t *put_registers(uint8_t *p, const struct facts *f, uint16_t *sections)
{
	int64_t before_ms = f->scalar[FACT_last_event].i;
	uint64_t told = 0;

	for (unsigned r = 0; r < REGISTERS; r++)
		told |= (uint64_t)(f->reg[r].time_ms != 0) << r;
	if (!told)
		return p;
	*sections |= SECTION_REGISTERS;
	p = put_varint(p, told);
	for (unsigned r = 0; r < REGISTERS; r++)
		if (told >> r & 1) {
			p = put_told(p, f->reg[r].time_ms, &before_ms);
			p = put_signed(p, f->reg[r].value);
		}
	return p;
}

static uint8_t *put_texts(uint8_t *p, const struct facts *f, uint16_t *sections)
{
	int64_t before_ms = f->scalar[FACT_last_event].i;
	uint64_t told = 0;

	for (unsigned t = 0; t < TEXTS; t++)
		told |= (uint64_t)(f->text[t].time_ms != 0) << t;
	if (!told)
		return p;
	*sections |= SECTION_TEXTS;
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

static uint8_t *put_wallets(uint8_t *p, const struct facts *f, uint16_t *sections)
{
	uint8_t n = (uint8_t)((f->wallet[0].to_ms != 0) + (f->wallet[1].to_ms != 0));

	if (n == 0)
		return p;
	*sections |= SECTION_WALLETS;
	*p++ = n;
	for (unsigned i = 0; i < n; i++) {
		const struct facts_wallet *w = &f->wallet[i];

		p = put_signed(p, w->to_ms);
		p = put_signed(p, minus(w->to_ms, w->from_ms));
		p = put_signed(p, w->amount);
	}
	return p;
}

static uint8_t *put_cases(uint8_t *p, const struct facts *f, uint16_t *sections)
{
	int64_t before_ms = f->scalar[FACT_last_event].i;

	if (f->n_cases == 0)
		return p;
	*sections |= SECTION_CASES;
	*p++ = f->n_cases;
	for (unsigned i = 0; i < f->n_cases; i++) {
		const struct facts_case *c = &f->cases[i];

		p = put_told(p, c->time_ms, &before_ms);
		put_le32(p, c->complaint);
		p[4] = (uint8_t)(c->resolved << 7 | c->severity << 4 | c->reason);
		p += 5;
	}
	return p;
}

static uint8_t *put_days(uint8_t *p, const struct facts *f, uint16_t *sections)
{
	if (f->n_days == 0)
		return p;
	*sections |= SECTION_DAYS;
	p = put_varint(p, f->n_days);
	p = put_signed(p, f->latest_day - f->scalar[FACT_last_event].i / DAY_MS);
	memcpy(p, f->gaps, f->gaps_size);
	p += f->gaps_size;
	if (f->older_days) {
		*sections |= SECTION_OLDER_DAYS;
		p = put_varint(p, f->older_days);
	}
	return p;
}

static uint8_t *put_referrer(uint8_t *p, const struct facts *f, uint16_t *sections)
{
	int64_t before_ms = f->scalar[FACT_last_event].i;

	if (f->referrer.time_ms == 0)
		return p;
	*sections |= SECTION_REFERRER;
	p = put_told(p, f->referrer.time_ms, &before_ms);
	*p++ = f->referrer.size;
	memcpy(p, f->referrer.id, f->referrer.size);
	return p + f->referrer.size;
}

static uint8_t *put_custom(uint8_t *p, const struct facts_custom *v, int64_t last_ms)
{
	uint64_t bits;

	put_le32(p, v->key);
	p[4] = v->law;
	p += 5;
	if (v->law == CUSTOM_SUM)
		return put_signed(p, v->v.i);
	if (v->law != CUSTOM_DECAY)
		return put_signed(p, minus(last_ms, v->v.i));
	p = put_varint(p, (uint64_t)v->half_ms);
	p = put_signed(p, minus(last_ms, v->at_ms));
	memcpy(&bits, &v->v.d, 8);
	put_le64(p, bits);
	return p + 8;
}

static uint8_t *put_customs(uint8_t *p, const struct facts *f, uint16_t *sections)
{
	uint8_t *count = p;

	if (f->n_custom == 0)
		return p;
	*p++ = 0;
	for (unsigned i = 0; i < f->n_custom; i++)
		if (!custom_is_nothing(&f->custom[i])) {
			p = put_custom(p, &f->custom[i], f->scalar[FACT_last_event].i);
			++*count;
		}
	if (*count == 0)
		return count;
	*sections |= SECTION_CUSTOM;
	return p;
}

/* Which day it is by its zone: one earlier than in UTC, the same, or one later. */
static uint8_t day_bits(int64_t time_ms, int32_t day)
{
	return (uint8_t)((uint64_t)(day - time_ms / DAY_MS + 1) << ORDER_DAY_SHIFT);
}

static uint8_t *put_orders(uint8_t *p, const struct facts *f, uint16_t *sections)
{
	int64_t before_ms = f->scalar[FACT_last_event].i;
	bool settled = f->settled.last_ms != 0;

	if (f->n_orders == 0 && !settled)
		return p;
	*sections |= SECTION_ORDERS;
	*p++ = (uint8_t)(f->n_orders << 1 | settled);
	if (settled) {
		p = put_told(p, f->settled.last_ms, &before_ms);
		p = put_told(p, f->settled.first_ms, &before_ms);
		*p++ = day_bits(f->settled.last_ms, f->settled.last_day);
		before_ms = f->scalar[FACT_last_event].i;
	}
	for (unsigned i = 0; i < f->n_orders; i++) {
		const struct facts_order *o = &f->orders[i];

		p = put_told(p, o->time_ms, &before_ms);
		put_le32(p, o->order);
		p[4] = (uint8_t)((o->refund ? ORDER_REFUND : day_bits(o->time_ms, o->day)) |
			(o->undone ? ORDER_UNDONE : 0) | (o->has_margin ? ORDER_HAS_MARGIN : 0));
		p = put_signed(p + 5, o->amount);
		if (o->has_margin)
			p = put_signed(p, o->margin);
	}
	return p;
}

size_t facts_pack(const struct facts *f, uint8_t *out)
{
	uint8_t *p = out + 3;
	uint16_t sections = 0;

	out[0] = FACTS_VERSION;
	p = put_scalars(p, f);
	p = put_registers(p, f, &sections);
	p = put_texts(p, f, &sections);
	p = put_wallets(p, f, &sections);
	p = put_cases(p, f, &sections);
	p = put_days(p, f, &sections);
	p = put_referrer(p, f, &sections);
	p = put_customs(p, f, &sections);
	p = put_orders(p, f, &sections);
	out[1] = (uint8_t)sections;
	out[2] = (uint8_t)(sections >> 8);
	assert(p - out <= FACTS_PACKED_MAX);
	return (size_t)(p - out);
}
