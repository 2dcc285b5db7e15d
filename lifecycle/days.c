/* SPDX-License-Identifier: Apache-2.0 */
/* Days: the set of calendar days with a purchase.
 *
 * The latest FACTS_DAYS_MAX are kept; when one more comes, the oldest becomes a mere number in
 * older_days. The latest ones of a union do not depend on the order in which it was made, so those
 * kept are always exact; older_days counts each day that was pushed out once, and a late purchase
 * for a day before the oldest kept once more, since nobody knows any more whether that day was
 * among them. */
#include <assert.h>
#include <string.h>
#include "lifecycle/facts_layout.h"
#include "lifecycle/facts_parts.h"

/* A walk from the latest day backwards. */
struct walk {
	const uint8_t *next, *end;
	int64_t day;
	bool ended;
};

static struct walk walk_begin(const struct facts *f)
{
	return (struct walk){ f->gaps, f->gaps + f->gaps_size, f->latest_day, f->n_days == 0 };
}

static void walk_on(struct walk *w)
{
	uint64_t gap = 0;

	w->ended = w->next == w->end;
	if (w->ended)
		return;
	w->next = get_varint(w->next, w->end, &gap);
	assert(w->next);
	w->day -= (int64_t)gap;
}

/* Put BYTES in place of what lies in gaps from AT to its end TO. */
static void gaps_replace(struct facts *f, size_t at, size_t to, const uint8_t *bytes, size_t size)
{
	memmove(f->gaps + at + size, f->gaps + to, f->gaps_size - to);
	if (size)
		memcpy(f->gaps + at, bytes, size);
	f->gaps_size = (uint16_t)(f->gaps_size - (to - at) + size);
}

static void forget_oldest(struct facts *f)
{
	do
		f->gaps_size--;
	while (f->gaps_size > 0 && f->gaps[f->gaps_size - 1] & 0x80);
	f->n_days--;
	f->older_days++;
}

/* DAY comes between the one that lies at OLDER.day, or nothing when that ended, and NEWER. AT:
 * where the gap between them begins. */
static void day_insert(struct facts *f, int32_t day, int64_t newer, const struct walk *older,
	size_t at)
{
	size_t to = (size_t)(older->next - f->gaps);
	uint8_t bytes[20], *p = put_varint(bytes, (uint64_t)(newer - day));

	if (!older->ended)
		p = put_varint(p, (uint64_t)(day - older->day));
	/* Out with the oldest before there are more than there is room for. It is not what is
	 * replaced, or DAY would be before the oldest. */
	if (f->n_days == FACTS_DAYS_MAX && older->next == older->end) {
		p = put_varint(bytes, (uint64_t)(newer - day));
		f->older_days++;
		f->n_days--;
	} else if (f->n_days == FACTS_DAYS_MAX) {
		forget_oldest(f);
	}
	gaps_replace(f, at, to, bytes, (size_t)(p - bytes));
	f->n_days++;
}

static void day_before_latest(struct facts *f, int32_t day)
{
	struct walk w = walk_begin(f);
	int64_t newer = w.day;
	size_t at = 0;

	for (walk_on(&w); !w.ended && w.day > day; walk_on(&w)) {
		newer = w.day;
		at = (size_t)(w.next - f->gaps);
	}
	if (!w.ended && w.day == day)
		return;
	if (w.ended && f->n_days == FACTS_DAYS_MAX)
		f->older_days++;
	else
		day_insert(f, day, newer, &w, at);
}

void days_add(struct facts *f, int32_t day)
{
	uint8_t gap[10];
	size_t size;

	if (f->n_days > 0 && day == f->latest_day)
		return;
	if (f->n_days > 0 && day < f->latest_day) {
		day_before_latest(f, day);
		return;
	}
	if (f->n_days == FACTS_DAYS_MAX)
		forget_oldest(f);
	if (f->n_days > 0) {
		size = (size_t)(put_varint(gap, (uint64_t)((int64_t)day - f->latest_day)) - gap);
		gaps_replace(f, 0, 0, gap, size);
	}
	f->latest_day = day;
	f->n_days++;
}

/* AT_DAY stands on a day before the latest: its gap, which begins at AT, and the one behind it
 * become one. */
static void day_cut(struct facts *f, int64_t newer, struct walk at_day, size_t at)
{
	uint8_t gap[10];
	size_t size = 0;

	walk_on(&at_day);
	if (!at_day.ended)
		size = (size_t)(put_varint(gap, (uint64_t)(newer - at_day.day)) - gap);
	gaps_replace(f, at, (size_t)(at_day.next - f->gaps), gap, size);
	f->n_days--;
}

void days_remove(struct facts *f, int32_t day)
{
	struct walk w = walk_begin(f);
	int64_t newer = w.day;
	size_t at = 0;

	if (w.ended || day > f->latest_day)
		return;
	if (day == f->latest_day) {
		walk_on(&w);
		f->latest_day = w.ended ? 0 : (int32_t)w.day;
		gaps_replace(f, 0, (size_t)(w.next - f->gaps), NULL, 0);
		f->n_days--;
		return;
	}
	for (walk_on(&w); !w.ended && w.day > day; walk_on(&w)) {
		newer = w.day;
		at = (size_t)(w.next - f->gaps);
	}
	if (!w.ended && w.day == day)
		day_cut(f, newer, w, at);
}

/* Merged from the latest backwards; what finds no room is counted. */
void days_join(struct facts *f, const struct facts *from)
{
	struct facts both = { .older_days = f->older_days + from->older_days };
	struct walk a = walk_begin(f), b = walk_begin(from);
	uint8_t *end = both.gaps;
	int64_t newer = 0;

	while (!a.ended || !b.ended) {
		int64_t day = b.ended || (!a.ended && a.day >= b.day) ? a.day : b.day;

		if (both.n_days == FACTS_DAYS_MAX) {
			both.older_days++;
		} else if (both.n_days++ == 0) {
			both.latest_day = (int32_t)day;
			newer = day;
		} else {
			end = put_varint(end, (uint64_t)(newer - day));
			newer = day;
		}
		if (!a.ended && a.day == day)
			walk_on(&a);
		if (!b.ended && b.day == day)
			walk_on(&b);
	}
	f->older_days = both.older_days;
	f->n_days = both.n_days;
	f->latest_day = both.latest_day;
	f->gaps_size = (uint16_t)(end - both.gaps);
	memcpy(f->gaps, both.gaps, f->gaps_size);
}

bool days_equal(const struct facts *a, const struct facts *b)
{
	return a->older_days == b->older_days && a->n_days == b->n_days &&
		a->gaps_size == b->gaps_size && (a->n_days == 0 || a->latest_day == b->latest_day) &&
		memcmp(a->gaps, b->gaps, a->gaps_size) == 0;
}

int64_t facts_purchase_days(const struct facts *f)
{
	return (int64_t)f->older_days + f->n_days;
}

void facts_days(const struct facts *f, int32_t ret_day[FACTS_DAYS_MAX])
{
	struct walk w = walk_begin(f);

	for (size_t i = f->n_days; i > 0; i--, walk_on(&w))
		ret_day[i - 1] = (int32_t)w.day;
}

/* ---- their bytes (facts_layout.h) */

/* A day lies at most one from the UTC day of an instant that an event may have. */
#define DAY_MIN (-1)
#define DAY_MAX (EVENT_TIME_MAX / DAY_MS + 1)

uint8_t *days_pack(uint8_t *p, const struct facts *f)
{
	if (f->n_days == 0)
		return p;
	p = put_varint(p, f->n_days);
	p = put_signed(p, f->latest_day - f->scalar[FACT_last_event].i / DAY_MS);
	memcpy(p, f->gaps, f->gaps_size);
	return p + f->gaps_size;
}

uint8_t *older_days_pack(uint8_t *p, const struct facts *f)
{
	return f->n_days && f->older_days ? put_varint(p, f->older_days) : p;
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
			reader_fail(r);
		n--;
	}
	return sum;
}

void days_unpack(struct reader *r, struct facts *f)
{
	uint64_t n = take_varint(r);
	int64_t day = plus(f->scalar[FACT_last_event].i / DAY_MS, take_signed(r));
	const uint8_t *gaps = r->p;

	if (n < 1 || n > FACTS_DAYS_MAX)
		reader_fail(r);
	f->latest_day = (int32_t)in_range(r, day, DAY_MIN, DAY_MAX);
	if (r->bad)
		return;
	if (take_gaps(r, n - 1) > f->latest_day - DAY_MIN)
		reader_fail(r);
	if (r->bad)
		return;
	f->n_days = (uint16_t)n;
	f->gaps_size = (uint16_t)(r->p - gaps);
	memcpy(f->gaps, gaps, f->gaps_size);
}

void older_days_unpack(struct reader *r, struct facts *f)
{
	uint64_t n = take_varint(r);

	if (n < 1 || n > UINT32_MAX || f->n_days == 0)
		reader_fail(r);
	f->older_days = (uint32_t)n;
}
