/* SPDX-License-Identifier: Apache-2.0 */
/* The rows that nearly everybody has who buys, each of one width (facts_layout.h). */
#include <string.h>
#include "lifecycle/facts_layout.h"
#include "lifecycle/facts_parts.h"

#define TIME_BYTES   6
#define COUNT_BYTES  3
#define SPENT_BYTES  5
#define MASK_BYTES   2
#define DECAYS       4
#define REGULAR_BYTES (2 * TIME_BYTES + 2 * COUNT_BYTES + SPENT_BYTES + MASK_BYTES + DECAYS * 8)
#define BITS(bytes)  ((UINT64_C(1) << 8 * (bytes)) - 1)
_Static_assert(EVENT_TIME_MAX <= BITS(TIME_BYTES), "times fit");
_Static_assert(REGULAR_BYTES <= REGULAR_ROOM, "there is room for it");

static const enum fact decays[DECAYS] = { FACT_spend_30d, FACT_spend_180d, FACT_purchases_30d,
	FACT_purchases_180d };

static inline uint64_t row(const struct facts *f, enum fact fact)
{
	return (uint64_t)f->scalar[fact].i;
}

bool facts_are_regular(const struct facts *f)
{
	uint64_t first = row(f, FACT_first_event), last = row(f, FACT_last_event);

	return !((row(f, FACT_events) | row(f, FACT_purchases)) & ~BITS(COUNT_BYTES)) &&
		!(row(f, FACT_spent) & ~BITS(SPENT_BYTES)) &&
		!(row(f, FACT_channels) & ~BITS(MASK_BYTES)) &&
		!((first | last) & ~BITS(TIME_BYTES)) && first && last && row(f, FACT_purchases) &&
		row(f, FACT_first_purchase) && row(f, FACT_last_purchase) && row(f, FACT_decayed_at);
}

uint64_t rows_beside(const struct facts *f)
{
	uint64_t first = row(f, FACT_first_event), last = row(f, FACT_last_event), any = 0;

#pragma GCC unroll 64
	for (unsigned i = 0; i < FACTS_SCALARS; i++)
		if (!((ROWS_REGULAR | ROWS_DERIVED) >> i & 1))
			any |= row(f, (enum fact)i);
	return (any ? rows_used(f) & ~(ROWS_REGULAR | ROWS_DERIVED) : 0) |
		(row(f, FACT_first_purchase) != first ? ROW(FACT_first_purchase) : 0) |
		(row(f, FACT_last_purchase) != last ? ROW(FACT_last_purchase) : 0) |
		(row(f, FACT_decayed_at) != last ? ROW(FACT_decayed_at) : 0);
}

/* 8 bytes are written: what is too much is written over. */
static inline uint8_t *put(uint8_t *p, uint64_t v, unsigned bytes)
{
	put_le64(p, v);
	return p + bytes;
}

uint8_t *regular_pack(uint8_t *p, const struct facts *f)
{
	p = put(p, row(f, FACT_last_event), TIME_BYTES);
	p = put(p, row(f, FACT_first_event), TIME_BYTES);
	p = put(p, row(f, FACT_events), COUNT_BYTES);
	p = put(p, row(f, FACT_purchases), COUNT_BYTES);
	p = put(p, row(f, FACT_spent), SPENT_BYTES);
	p = put(p, row(f, FACT_channels), MASK_BYTES);
	for (unsigned i = 0; i < DECAYS; i++)
		p = put(p, row(f, decays[i]), 8);
	return p;
}

static inline uint64_t get(const uint8_t **p, unsigned bytes)
{
	uint64_t v = get_le64(*p) & (bytes < 8 ? BITS(bytes % 8) : UINT64_MAX);

	*p += bytes;
	return v;
}

void regular_unpack(struct reader *r, struct facts *f)
{
	const uint8_t *p = take_bytes(r, REGULAR_BYTES);
	uint64_t first, last;
	bool bad;

	if (!p)
		return;
	last = get(&p, TIME_BYTES);
	first = get(&p, TIME_BYTES);
	bad = last - 1 >= EVENT_TIME_MAX || first - 1 >= EVENT_TIME_MAX;
	f->scalar[FACT_events].i = (int64_t)get(&p, COUNT_BYTES);
	f->scalar[FACT_purchases].i = (int64_t)get(&p, COUNT_BYTES);
	f->scalar[FACT_spent].i = (int64_t)get(&p, SPENT_BYTES);
	f->scalar[FACT_channels].i = (int64_t)get(&p, MASK_BYTES);
	for (unsigned i = 0; i < DECAYS; i++) {
		uint64_t v = get(&p, 8);

		bad |= v > DOUBLE_MAX;
		f->scalar[decays[i]].i = (int64_t)v;
	}
	f->scalar[FACT_first_event].i = f->scalar[FACT_first_purchase].i = (int64_t)first;
	f->scalar[FACT_last_event].i = f->scalar[FACT_last_purchase].i = (int64_t)last;
	f->scalar[FACT_decayed_at].i = (int64_t)last;
	if (bad)
		reader_fail(r);
}
