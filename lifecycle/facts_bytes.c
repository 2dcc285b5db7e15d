/* SPDX-License-Identifier: Apache-2.0 */
/* Facts to bytes and back, as drawn in facts_layout.h: the rows, and around them the sections, which
 * the files that hold the parts write and read. */
#include <assert.h>
#include <string.h>
#include "base/err.h"
#include "lifecycle/facts_layout.h"
#include "lifecycle/facts_parts.h"

enum section {
	SECTION_REGISTERS, SECTION_TEXTS, SECTION_WALLETS, SECTION_CASES, SECTION_DAYS,
	SECTION_OLDER_DAYS, SECTION_REFERRER, SECTION_CUSTOM, SECTION_ORDERS, SECTIONS
};

/* The widest that each part can be: a varint of 64 bits takes 10 bytes, of 32 bits 5. */
#define WIDEST_SCALARS   (3 + 10 + FACTS_SCALARS * 9)
#define WIDEST_REGISTERS (10 + REGISTERS * 20)
#define WIDEST_TEXTS     (10 + TEXTS * (10 + 1 + EVENT_TEXT_MAX))
#define WIDEST_WALLETS   (1 + 2 * 30)
#define WIDEST_CASES     (1 + FACTS_CASES_MAX * (10 + 4 + 1))
#define WIDEST_REFERRER  (10 + 1 + EVENT_CUSTOMER_MAX)
#define WIDEST_CUSTOM    (1 + CUSTOM_MAX * (4 + 1 + 10 + 10 + 8))
#define WIDEST_DAYS      (10 + 5 + FACTS_GAPS_MAX + 5)
#define WIDEST_ORDERS    (1 + 21 + FACTS_ORDERS_MAX * (6 + 8 + 8 + 9) + 8)
_Static_assert(WIDEST_SCALARS + WIDEST_REGISTERS + WIDEST_TEXTS + WIDEST_WALLETS + WIDEST_CASES +
	WIDEST_DAYS + WIDEST_REFERRER + WIDEST_CUSTOM + WIDEST_ORDERS <= FACTS_PACKED_MAX,
	"the widest facts fit");

/* ---- rows. One law after the other: a branch that is taken anew for each row is guessed wrong half
 * the time. For the same reason their sizes stand apart: no byte has to be looked at to find where
 * the next value begins. */

/* How many bytes may have a size beside them, which is written before the values are. */
#define SIZES_MAX ((FACTS_SCALARS + 1) / 2)

/* The values that have a size, being written or read one after the other. */
struct values {
	uint8_t *out;
	uint8_t *sizes;
	unsigned n;
};

static inline void put_value(struct values *w, uint64_t v)
{
	unsigned size = put_sized(w->out, v); /* what is too much is written over */

	w->out += size;
	w->sizes[w->n / 2] |= (uint8_t)(size << w->n % 2 * 4);
	w->n++;
}

/* From the last row on: so a row is a comparison and an addition with carry. */
static uint64_t rows_used(const struct facts *f)
{
	uint64_t empty = 0;

#pragma GCC unroll 64
	for (int i = FACTS_SCALARS - 1; i >= 0; i--)
		empty += empty + ((uint64_t)f->scalar[i].i < 1); /* the bits of 0.0 are 0 too */
	return ~empty & (UINT64_MAX >> (64 - FACTS_SCALARS));
}

static uint8_t *rows_pack(uint8_t *p, const struct facts *f)
{
	uint64_t rows = rows_used(f);
	uint64_t counts = rows & rows_of(FACT_COUNT), firsts = rows & rows_of(FACT_FIRST);
	uint64_t lasts = rows & rows_of(FACT_LAST) & ~ROW(FACT_last_event);
	uint64_t masks = rows & rows_of(FACT_MASK), decays = rows & rows_of(FACT_DECAY);
	int64_t last_ms = f->scalar[FACT_last_event].i, first_ms = f->scalar[FACT_first_event].i;
	struct values w;

	w.sizes = put_varint(p, rows);
	w.out = w.sizes + (__builtin_popcountll(rows & ~decays) + 1) / 2;
	w.n = 0;
	memset(w.sizes, 0, SIZES_MAX);
	if (last_ms)
		put_value(&w, (uint64_t)last_ms);
	FOR_ROWS(row, counts)
		put_value(&w, zigzag(f->scalar[row].i));
	FOR_ROWS(row, firsts)
		put_value(&w, zigzag(row == FACT_first_event ? minus(last_ms, first_ms)
			: minus(f->scalar[row].i, first_ms)));
	FOR_ROWS(row, lasts)
		put_value(&w, zigzag(minus(last_ms, f->scalar[row].i)));
	FOR_ROWS(row, masks)
		put_value(&w, (uint64_t)f->scalar[row].i);
	FOR_ROWS(row, decays) {
		put_le64(w.out, (uint64_t)f->scalar[row].i);
		w.out += 8;
	}
	return w.out;
}

uint64_t get_last_sized(const uint8_t *p, unsigned size)
{
	uint8_t bytes[8] = { 0 };

	memcpy(bytes, p, size);
	return get_le64(bytes);
}

static inline uint64_t take_value(struct reader *r, const uint8_t *sizes, unsigned *n)
{
	unsigned i = (*n)++;

	return take_sized(r, sizes[i / 2] >> i % 2 * 4 & 15);
}

static void rows_unpack(struct reader *from, struct facts *f)
{
	struct reader reader = *from, *r = &reader; /* whose address nobody else has */
	uint64_t rows = take_varint(r);
	uint64_t counts = rows & rows_of(FACT_COUNT), firsts = rows & rows_of(FACT_FIRST);
	uint64_t lasts = rows & rows_of(FACT_LAST) & ~ROW(FACT_last_event);
	uint64_t masks = rows & rows_of(FACT_MASK), decays = rows & rows_of(FACT_DECAY);
	const uint8_t *sizes = take_bytes(r, (size_t)(__builtin_popcountll(rows & ~decays) + 1) / 2);
	int64_t last_ms = 0;
	unsigned n = 0;

	if (rows >> FACTS_SCALARS != 0 || !sizes) {
		reader_fail(from);
		return;
	}
	if (rows & ROW(FACT_last_event))
		last_ms = an_instant(r, (int64_t)take_value(r, sizes, &n));
	f->scalar[FACT_last_event].i = last_ms;
	FOR_ROWS(row, counts)
		f->scalar[row].i = unzigzag(take_value(r, sizes, &n));
	FOR_ROWS(row, firsts)
		f->scalar[row].i = an_instant(r, row == FACT_first_event
			? minus(last_ms, unzigzag(take_value(r, sizes, &n)))
			: plus(f->scalar[FACT_first_event].i, unzigzag(take_value(r, sizes, &n))));
	FOR_ROWS(row, lasts)
		f->scalar[row].i = an_instant(r, minus(last_ms, unzigzag(take_value(r, sizes, &n))));
	FOR_ROWS(row, masks)
		f->scalar[row].i = (int64_t)take_value(r, sizes, &n);
	FOR_ROWS(row, decays)
		f->scalar[row].i = take_double(r);
	*from = reader;
}

/* ---- the whole */

static inline uint8_t *section(uint8_t *end, uint8_t *p, enum section s, unsigned *sections)
{
	*sections |= (unsigned)(end != p) << s;
	return end;
}

size_t facts_pack(const struct facts *f, uint8_t *out)
{
	uint8_t *p = rows_pack(out + 3, f);
	unsigned sections = 0;

	out[0] = FACTS_VERSION;
	p = section(registers_pack(p, f), p, SECTION_REGISTERS, &sections);
	p = section(texts_pack(p, f), p, SECTION_TEXTS, &sections);
	p = section(wallets_pack(p, f), p, SECTION_WALLETS, &sections);
	if (f->n_cases)
		p = section(cases_pack(p, f), p, SECTION_CASES, &sections);
	if (f->n_days)
		p = section(days_pack(p, f), p, SECTION_DAYS, &sections);
	if (f->older_days)
		p = section(older_days_pack(p, f), p, SECTION_OLDER_DAYS, &sections);
	if (f->referrer.time_ms)
		p = section(referrer_pack(p, f), p, SECTION_REFERRER, &sections);
	if (f->n_custom)
		p = section(customs_pack(p, f), p, SECTION_CUSTOM, &sections);
	p = section(orders_pack(p, f), p, SECTION_ORDERS, &sections);
	put_le16(out + 1, (uint16_t)sections);
	assert(p - out <= FACTS_PACKED_MAX);
	return (size_t)(p - out);
}

int facts_unpack(struct facts *f, const uint8_t *data, size_t size, size_t *ret_used)
{
	static void (*const unpack[SECTIONS])(struct reader *r, struct facts *f) = {
		[SECTION_REGISTERS] = registers_unpack, [SECTION_TEXTS] = texts_unpack,
		[SECTION_WALLETS] = wallets_unpack, [SECTION_CASES] = cases_unpack,
		[SECTION_DAYS] = days_unpack, [SECTION_OLDER_DAYS] = older_days_unpack,
		[SECTION_REFERRER] = referrer_unpack, [SECTION_CUSTOM] = customs_unpack,
		[SECTION_ORDERS] = orders_unpack,
	};
	struct reader r = { data, data + size, false };
	const uint8_t *head = take_bytes(&r, 3);
	unsigned sections = head ? get_le16(head + 1) : 0;

	facts_init(f);
	if (!head || head[0] != FACTS_VERSION || sections >> SECTIONS != 0)
		reader_fail(&r);
	rows_unpack(&r, f);
	for (; sections && !r.bad; sections &= sections - 1)
		unpack[__builtin_ctz(sections)](&r, f);
	if (r.bad) {
		facts_init(f);
		return ERR_CORRUPT;
	}
	*ret_used = (size_t)(r.p - data);
	return OK;
}
