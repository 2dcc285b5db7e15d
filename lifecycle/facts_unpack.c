/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes to facts, as drawn in facts_layout.h. The bytes carry a checksum further out; here they
 * are believed only as far as they make sense, so that damage never becomes a wrong number in a
 * rule, let alone a crash. */
#include <string.h>
#include "base/err.h"
#include "lifecycle/facts_layout.h"
#include "lifecycle/facts_parts.h"

/* A day lies at most one from the UTC day of an instant that an event may have. */
#define DAY_MIN (-1)
#define DAY_MAX (EVENT_TIME_MAX / DAY_MS + 1)

/* What is left to read. After the first fault everything reads as 0: check `bad` at the end, and
 * before a number is used as a count. */
struct reader {
	const uint8_t *p, *end;
	bool bad;
};

static uint64_t take_varint(struct reader *r)
{
	const uint8_t *next;
	uint64_t v = 0;

	next = r->bad ? NULL : get_varint(r->p, r->end, &v);
	if (!next) {
		r->bad = true;
		return 0;
	}
	r->p = next;
	return v;
}

static int64_t take_signed(struct reader *r)
{
	return unzigzag(take_varint(r));
}

/* SIZE bytes, or NULL. */
static const uint8_t *take_bytes(struct reader *r, size_t size)
{
	const uint8_t *p = r->p;

	if (r->bad || (size_t)(r->end - r->p) < size) {
		r->bad = true;
		return NULL;
	}
	r->p += size;
	return p;
}

static uint8_t take_byte(struct reader *r)
{
	const uint8_t *p = take_bytes(r, 1);

	return p ? *p : 0;
}

/* A bit map of N bits in which at least one is set. */
static uint64_t take_bits(struct reader *r, unsigned n)
{
	uint64_t bits = take_varint(r);

	if (bits == 0 || bits >> n != 0)
		r->bad = true;
	return r->bad ? 0 : bits;
}

/* A number from LOW to HIGH. */
static int64_t in_range(struct reader *r, int64_t v, int64_t low, int64_t high)
{
	if (v >= low && v <= high)
		return v;
	r->bad = true;
	return low;
}

static int64_t an_instant(struct reader *r, int64_t ms)
{
	return in_range(r, ms, EVENT_TIME_MIN, EVENT_TIME_MAX);
}

static int64_t take_told(struct reader *r, int64_t *before_ms)
{
	*before_ms = an_instant(r, minus(*before_ms, take_signed(r)));
	return *before_ms;
}

/* A double that is a number and not below 0, as its bits. */
static int64_t take_double(struct reader *r)
{
	const uint8_t *p = take_bytes(r, 8);

	return in_range(r, p ? (int64_t)get_le64(p) : 0, 0, INT64_C(0x7fefffffffffffff));
}

static void take_scalars(struct reader *r, struct facts *f)
{
	uint64_t rows = take_varint(r);
	uint64_t counts = rows & rows_of(FACT_COUNT), firsts = rows & rows_of(FACT_FIRST);
	uint64_t lasts = rows & rows_of(FACT_LAST) & ~ROW(FACT_last_event);
	uint64_t masks = rows & rows_of(FACT_MASK), decays = rows & rows_of(FACT_DECAY);
	int64_t last_ms = 0;

	if (rows >> FACTS_SCALARS != 0)
		r->bad = true;
	if (rows & ROW(FACT_last_event))
		last_ms = an_instant(r, (int64_t)take_varint(r));
	f->scalar[FACT_last_event].i = last_ms;
	FOR_ROWS(row, counts)
		f->scalar[row].i = take_signed(r);
	FOR_ROWS(row, firsts)
		f->scalar[row].i = an_instant(r, row == FACT_first_event
			? minus(last_ms, take_signed(r))
			: plus(f->scalar[FACT_first_event].i, take_signed(r)));
	FOR_ROWS(row, lasts)
		f->scalar[row].i = an_instant(r, minus(last_ms, take_signed(r)));
	FOR_ROWS(row, masks)
		f->scalar[row].i = (int64_t)take_varint(r);
	FOR_ROWS(row, decays)
		f->scalar[row].i = take_double(r);
}

static void take_registers(struct reader *r, struct facts *f)
{
	int64_t before_ms = f->scalar[FACT_last_event].i;
	uint64_t told = take_bits(r, REGISTERS);

	for (unsigned i = 0; i < REGISTERS && !r->bad; i++)
		if (told >> i & 1) {
			f->reg[i].time_ms = take_told(r, &before_ms);
			f->reg[i].value = take_signed(r);
		}
}

static void take_texts(struct reader *r, struct facts *f)
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

static void take_wallets(struct reader *r, struct facts *f)
{
	unsigned n = (unsigned)in_range(r, take_byte(r), 1, 2);

	for (unsigned i = 0; i < n && !r->bad; i++) {
		struct facts_wallet *w = &f->wallet[i];

		w->to_ms = take_signed(r);
		w->from_ms = minus(w->to_ms, take_signed(r));
		w->amount = take_signed(r);
		if (w->to_ms == 0 || (i > 0 && wallet_compare(&w[-1], w) <= 0))
			r->bad = true;
	}
}

static void take_cases(struct reader *r, struct facts *f)
{
	int64_t before_ms = f->scalar[FACT_last_event].i;
	unsigned n = (unsigned)in_range(r, take_byte(r), 1, FACTS_CASES_MAX);

	for (unsigned i = 0; i < n && !r->bad; i++) {
		struct facts_case *c = &f->cases[i];
		const uint8_t *p;

		c->time_ms = take_told(r, &before_ms);
		p = take_bytes(r, 5);
		if (!p)
			return;
		c->complaint = get_le32(p);
		c->resolved = p[4] >> 7;
		c->severity = (uint8_t)in_range(r, p[4] >> 4 & 7, 0, SEVERITY_COUNT - 1);
		c->reason = (uint8_t)in_range(r, p[4] & 15, 0, REASON_COUNT - 1);
		if (i > 0 && case_compare(&c[-1], c) <= 0)
			r->bad = true;
	}
	f->n_cases = (uint8_t)n;
}

/* Gaps of a byte each, eight at once: their sum, or 0 when they are not all from 1 to 127. */
static unsigned eight_gaps(const uint8_t *p)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
	const uint64_t halves = UINT64_C(0x00ff00ff00ff00ff);
	uint64_t x = get_le64(p);

	if ((x | (x - ones)) & highs)
		return 0;
	x = (x & halves) + (x >> 8 & halves);
	return (unsigned)(x * UINT64_C(0x0001000100010001) >> 48);
}

/* Step over N gaps; returns how many days they are. Each is written as short as can be, so that
 * equal days are equal bytes. */
static int64_t take_gaps(struct reader *r, size_t n)
{
	int64_t sum = 0;

	while (n > 0 && !r->bad) {
		unsigned eight = n >= 8 && r->end - r->p >= 8 ? eight_gaps(r->p) : 0;

		if (eight) {
			r->p += 8;
			n -= 8;
			sum += eight;
			continue;
		}
		sum += in_range(r, (int64_t)take_varint(r), 1, DAY_MAX - DAY_MIN);
		if (!r->bad && r->p[-1] == 0)
			r->bad = true;
		n--;
	}
	return sum;
}

static void take_days(struct reader *r, struct facts *f)
{
	uint64_t n = take_varint(r);
	int64_t day = plus(f->scalar[FACT_last_event].i / DAY_MS, take_signed(r));
	const uint8_t *gaps = r->p;

	if (n < 1 || n > FACTS_DAYS_MAX)
		r->bad = true;
	f->latest_day = (int32_t)in_range(r, day, DAY_MIN, DAY_MAX);
	if (r->bad)
		return;
	if (take_gaps(r, n - 1) > f->latest_day - DAY_MIN)
		r->bad = true;
	if (r->bad)
		return;
	f->n_days = (uint16_t)n;
	f->gaps_size = (uint16_t)(r->p - gaps);
	memcpy(f->gaps, gaps, f->gaps_size);
}

static void take_older_days(struct reader *r, struct facts *f)
{
	uint64_t n = take_varint(r);

	if (n < 1 || n > UINT32_MAX || f->n_days == 0)
		r->bad = true;
	f->older_days = (uint32_t)n;
}

static void take_referrer(struct reader *r, struct facts *f)
{
	int64_t before_ms = f->scalar[FACT_last_event].i;
	const uint8_t *id;

	f->referrer.time_ms = take_told(r, &before_ms);
	f->referrer.size = (uint8_t)in_range(r, take_byte(r), 1, EVENT_CUSTOMER_MAX);
	id = take_bytes(r, f->referrer.size);
	if (id)
		memcpy(f->referrer.id, id, f->referrer.size);
}

static void take_custom(struct reader *r, struct facts_custom *v, int64_t last_ms)
{
	const uint8_t *p = take_bytes(r, 5);

	*v = (struct facts_custom){ .law = CUSTOM_SUM };
	if (!p)
		return;
	v->key = get_le32(p);
	v->law = (uint8_t)in_range(r, p[4], CUSTOM_SUM, CUSTOM_DECAY);
	if (v->law == CUSTOM_SUM) {
		v->v.i = take_signed(r);
	} else if (v->law != CUSTOM_DECAY) {
		v->v.i = an_instant(r, minus(last_ms, take_signed(r)));
	} else {
		v->half_ms = in_range(r, (int64_t)take_varint(r), 1, INT64_MAX);
		v->at_ms = an_instant(r, minus(last_ms, take_signed(r)));
		v->v.i = take_double(r);
	}
	if (custom_is_nothing(v))
		r->bad = true;
}

static void take_customs(struct reader *r, struct facts *f)
{
	unsigned n = (unsigned)in_range(r, take_byte(r), 1, CUSTOM_MAX);

	for (unsigned i = 0; i < n && !r->bad; i++) {
		take_custom(r, &f->custom[i], f->scalar[FACT_last_event].i);
		for (unsigned k = 0; k < i; k++)
			if (f->custom[k].key == f->custom[i].key)
				r->bad = true;
	}
	f->n_custom = (uint8_t)n;
}

static int32_t take_order_day(struct reader *r, int64_t time_ms, uint8_t bits)
{
	return (int32_t)(time_ms / DAY_MS + in_range(r, bits >> ORDER_DAY_SHIFT, 0, 2) - 1);
}

static void take_settled(struct reader *r, struct facts *f)
{
	int64_t before_ms = f->scalar[FACT_last_event].i;

	f->settled.last_ms = take_told(r, &before_ms);
	f->settled.first_ms = take_told(r, &before_ms);
	f->settled.last_day = take_order_day(r, f->settled.last_ms, take_byte(r));
	if (f->settled.first_ms > f->settled.last_ms)
		r->bad = true;
}

static void take_order(struct reader *r, struct facts_order *o, int64_t *before_ms)
{
	const uint8_t *p;
	uint8_t bits;

	*o = (struct facts_order){ .time_ms = take_told(r, before_ms) };
	p = take_bytes(r, 5);
	if (!p)
		return;
	o->order = get_le32(p);
	bits = p[4];
	o->refund = bits & ORDER_REFUND;
	o->undone = bits & ORDER_UNDONE;
	o->has_margin = bits & ORDER_HAS_MARGIN;
	if (o->refund && bits & ~(ORDER_REFUND | ORDER_UNDONE))
		r->bad = true;
	if (!o->refund)
		o->day = take_order_day(r, o->time_ms, bits);
	o->amount = in_range(r, take_signed(r), 0, EVENT_AMOUNT_MAX);
	if (o->has_margin)
		o->margin = in_range(r, take_signed(r), -EVENT_AMOUNT_MAX, EVENT_AMOUNT_MAX);
}

static void take_orders(struct reader *r, struct facts *f)
{
	int64_t before_ms = f->scalar[FACT_last_event].i;
	uint8_t head = take_byte(r);
	unsigned n = (unsigned)in_range(r, head >> 1, 0, FACTS_ORDERS_MAX);

	if (head == 0)
		r->bad = true;
	if (head & 1)
		take_settled(r, f);
	for (unsigned i = 0; i < n && !r->bad; i++) {
		take_order(r, &f->orders[i], &before_ms);
		if (i > 0 && order_compare(&f->orders[i - 1], &f->orders[i]) < 0)
			r->bad = true;
	}
	f->n_orders = (uint8_t)n;
}

int facts_unpack(struct facts *f, const uint8_t *data, size_t size, size_t *ret_used)
{
	struct reader r = { data, data + size, false };
	uint8_t version = take_byte(&r);
	unsigned sections = take_byte(&r);

	sections |= (unsigned)take_byte(&r) << 8;
	facts_init(f);
	if (version != FACTS_VERSION || (sections & ~SECTIONS_ALL) != 0)
		r.bad = true;
	take_scalars(&r, f);
	if (sections & SECTION_REGISTERS)
		take_registers(&r, f);
	if (sections & SECTION_TEXTS)
		take_texts(&r, f);
	if (sections & SECTION_WALLETS)
		take_wallets(&r, f);
	if (sections & SECTION_CASES)
		take_cases(&r, f);
	if (sections & SECTION_DAYS)
		take_days(&r, f);
	if (sections & SECTION_OLDER_DAYS)
		take_older_days(&r, f);
	if (sections & SECTION_REFERRER)
		take_referrer(&r, f);
	if (sections & SECTION_CUSTOM)
		take_customs(&r, f);
	if (sections & SECTION_ORDERS)
		take_orders(&r, f);
	if (r.bad) {
		facts_init(f);
		return ERR_CORRUPT;
	}
	*ret_used = (size_t)(r.p - data);
	return OK;
}
