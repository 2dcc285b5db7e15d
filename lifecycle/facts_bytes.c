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
#define WIDEST_SCALARS   (8 + REGULAR_ROOM + FACTS_SCALARS * 9)
#define WIDEST_REGISTERS (10 + REGISTERS * 20)
#define WIDEST_TEXTS     (10 + TEXTS * (10 + 1 + EVENT_TEXT_MAX))
#define WIDEST_WALLETS   (1 + 2 * 30)
#define WIDEST_CASES     (1 + FACTS_CASES_MAX * (10 + 4 + 1))
#define WIDEST_REFERRER  (10 + 1 + EVENT_CUSTOMER_MAX)
#define WIDEST_CUSTOM    (1 + CUSTOM_MAX * (4 + 1 + 10 + 10 + 8))
#define WIDEST_DAYS      (10 + 5 + FACTS_GAPS_MAX + 5)
#define WIDEST_ORDERS    (1 + 12 + FACTS_ORDERS_BYTES)
_Static_assert(WIDEST_SCALARS + WIDEST_REGISTERS + WIDEST_TEXTS + WIDEST_WALLETS + WIDEST_CASES +
	WIDEST_DAYS + WIDEST_REFERRER + WIDEST_CUSTOM + WIDEST_ORDERS <= FACTS_PACKED_MAX,
	"the widest facts fit");

/* ---- rows. One law after the other: a branch that is taken anew for each row is guessed wrong half
 * the time. For the same reason their sizes stand apart: no byte has to be looked at to find where
 * the next value begins. */

/* How many values may have a size, which stands before them; a whole number of eights. */
#define SIZES_MAX ((FACTS_SCALARS + 7) / 8 * 8)

/* The values that have a size, being written one after the other. */
struct values {
	uint8_t *out;
	unsigned n;
	uint8_t size[SIZES_MAX + 8];
};

static inline void put_value(struct values *w, uint64_t v)
{
	unsigned size = put_sized(w->out, v); /* what is too much is written over */

	w->out += size;
	w->size[w->n++] = (uint8_t)size;
}

/* Half a byte each, eight at once; END of them is what is written over and put back. */
static inline void put_sizes(uint8_t *p, uint8_t *end, struct values *w)
{
	uint32_t kept = get_le32(end);

	put_le64(w->size + w->n, 0);
	for (unsigned i = 0; i < w->n; i += 8) {
		uint64_t x = get_le64(w->size + i);

		x = (x | x >> 4) & UINT64_C(0x00ff00ff00ff00ff);
		x = (x | x >> 8) & UINT64_C(0x0000ffff0000ffff);
		put_le32(p + i / 2, (uint32_t)(x | x >> 16));
	}
	put_le32(end, kept);
}

/* From the last row on: so a row is a comparison and an addition with carry. */
uint64_t rows_used(const struct facts *f)
{
	uint64_t empty = 0;

#pragma GCC unroll 64
	for (int i = FACTS_SCALARS - 1; i >= 0; i--)
		empty += empty + ((uint64_t)f->scalar[i].i < 1); /* the bits of 0.0 are 0 too */
	return ~empty & (UINT64_MAX >> (64 - FACTS_SCALARS));
}

static uint8_t *rows_pack(uint8_t *p, const struct facts *f, uint64_t rows)
{
	uint64_t counts = rows & rows_of(FACT_COUNT), firsts = rows & rows_of(FACT_FIRST);
	uint64_t lasts = rows & rows_of(FACT_LAST) & ~ROW(FACT_last_event);
	uint64_t masks = rows & rows_of(FACT_MASK), decays = rows & rows_of(FACT_DECAY);
	int64_t last_ms = f->scalar[FACT_last_event].i, first_ms = f->scalar[FACT_first_event].i;
	uint8_t *values = p + (__builtin_popcountll(rows & ~decays) + 1) / 2;
	struct values w;

	w.out = values;
	w.n = 0;
	if (rows & ROW(FACT_last_event))
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
	put_sizes(p, values, &w);
	FOR_ROWS(row, decays) {
		put_le64(w.out, (uint64_t)f->scalar[row].i);
		w.out += 8;
	}
	return w.out;
}

/* What may be read from the sizes on, whatever they say: two words of them, and the values. */
_Static_assert(FACTS_SCALARS - 10 <= 32, "all but the decayed sums have theirs in two words");
#define ROWS_ROOM(values, decays) (16 + (values) * 15 + (decays) * 8 + 8)
#define ROWS_ROOM_MAX             ROWS_ROOM(FACTS_SCALARS, FACTS_SCALARS)

/* The values being read. What they should not be is added up, and asked at the end. */
struct taken {
	const uint8_t *p;
	uint64_t sizes, more_sizes;
	unsigned sizes_over; /* 16: one has more than 8 bytes */
	bool bad;
};

static inline uint64_t take_value(struct taken *t)
{
	static const uint64_t kept[16] = { 0, 0xff, 0xffff, 0xffffff, 0xffffffff, 0xffffffffff,
		0xffffffffffff, 0xffffffffffffff, UINT64_MAX };
	unsigned size = t->sizes & 15;
	uint64_t v = get_le64(t->p) & kept[size];

	t->sizes = t->sizes >> 4 | t->more_sizes << 60;
	t->more_sizes >>= 4;
	t->sizes_over |= size + 7;
	t->p += size;
	return v;
}

static inline int64_t time_value(struct taken *t, int64_t ms)
{
	t->bad |= (uint64_t)ms - 1 >= (uint64_t)EVENT_TIME_MAX;
	return ms;
}

/* A double that is a number and not below 0, as its bits. */
static inline int64_t double_value(struct taken *t)
{
	uint64_t v = get_le64(t->p);

	t->bad |= v > DOUBLE_MAX;
	t->p += 8;
	return (int64_t)v;
}

/* The rows that stand behind N values' sizes at P, from which on there is room to read. Returns where
 * they end, NULL if they make no sense. */
static inline const uint8_t *rows_take(const uint8_t *p, unsigned n, uint64_t rows, struct facts *f)
{
	uint64_t counts = rows & rows_of(FACT_COUNT), firsts = rows & rows_of(FACT_FIRST);
	uint64_t lasts = rows & rows_of(FACT_LAST) & ~ROW(FACT_last_event);
	uint64_t masks = rows & rows_of(FACT_MASK), decays = rows & rows_of(FACT_DECAY);
	struct taken t = { p + (n + 1) / 2, get_le64(p), get_le64(p + 8), 0, false };
	int64_t last_ms = f->scalar[FACT_last_event].i; /* 0, or a regular one's */

	if (rows & ROW(FACT_last_event))
		last_ms = time_value(&t, (int64_t)take_value(&t));
	f->scalar[FACT_last_event].i = last_ms;
	FOR_ROWS(row, counts)
		f->scalar[row].i = unzigzag(take_value(&t));
	FOR_ROWS(row, firsts)
		f->scalar[row].i = time_value(&t, row == FACT_first_event
			? minus(last_ms, unzigzag(take_value(&t)))
			: plus(f->scalar[FACT_first_event].i, unzigzag(take_value(&t))));
	FOR_ROWS(row, lasts)
		f->scalar[row].i = time_value(&t, minus(last_ms, unzigzag(take_value(&t))));
	FOR_ROWS(row, masks)
		f->scalar[row].i = (int64_t)take_value(&t);
	FOR_ROWS(row, decays)
		f->scalar[row].i = double_value(&t);
	return t.bad || t.sizes_over & 16 ? NULL : t.p;
}

static void rows_unpack(struct reader *r, struct facts *f, uint64_t rows)
{
	unsigned decays = (unsigned)__builtin_popcountll(rows & rows_of(FACT_DECAY));
	unsigned n = (unsigned)__builtin_popcountll(rows) - decays;
	size_t left = (size_t)(r->end - r->p), used;
	uint8_t padded[ROWS_ROOM_MAX]; /* of a small record's end */
	const uint8_t *p = r->p, *end;

	if (left < ROWS_ROOM(n, decays)) {
		memset(padded, 0, sizeof padded);
		memcpy(padded, p, left);
		p = padded;
	}
	end = rows_take(p, n, rows, f);
	used = end ? (size_t)(end - p) : SIZE_MAX;
	if (used > left)
		reader_fail(r);
	else
		r->p += used;
}

/* ---- the whole */

static inline uint8_t *section(uint8_t *end, uint8_t *p, enum section s, unsigned *sections)
{
	*sections |= (unsigned)(end != p) << s;
	return end;
}

size_t facts_pack(const struct facts *f, uint8_t *out)
{
	bool regular = facts_are_regular(f);
	uint64_t rows = regular ? rows_beside(f) : rows_used(f);
	uint8_t *p = regular ? regular_pack(out + 8, f) : out + 8;
	unsigned sections = 0;

	if (rows)
		p = rows_pack(p, f, rows);
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
	put_le64(out, FACTS_VERSION | (uint64_t)sections << SECTIONS_SHIFT |
		(uint64_t)regular << REGULAR_SHIFT | rows << ROWS_SHIFT);
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
	const uint8_t *bytes = take_bytes(&r, 8);
	uint64_t head = bytes ? get_le64(bytes) : 0, rows = head >> ROWS_SHIFT;
	unsigned sections = (unsigned)head >> SECTIONS_SHIFT & 0x7ff;
	bool regular = head >> REGULAR_SHIFT & 1;

	facts_init(f);
	if ((head & 0xff) != FACTS_VERSION || sections >> SECTIONS || rows >> FACTS_SCALARS ||
		(regular && rows & ROWS_REGULAR))
		reader_fail(&r);
	if (regular && !r.bad)
		regular_unpack(&r, f);
	if (rows && !r.bad)
		rows_unpack(&r, f, rows);
	for (; sections && !r.bad; sections &= sections - 1)
		unpack[__builtin_ctz(sections)](&r, f);
	if (r.bad) {
		facts_init(f);
		return ERR_CORRUPT;
	}
	*ret_used = (size_t)(r.p - data);
	return OK;
}
