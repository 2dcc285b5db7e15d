/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of facts.
 *
 *   head         8 bytes     little-endian: bits 0-7 version, 4
 *                            8-19 sections: 8 registers, 9 texts, 10 wallets, 11 cases, 12 days,
 *                            13 older days, 14 referrer, 15 custom, 16 orders; 19 regular
 *                            20-63 rows: 20 + i, row i of facts.def is not 0
 *   regular      57 bytes    of who has bought, each little-endian: last_event and first_event (6 bytes
 *                            each), events and purchases (3), spent (5), channels (2); spend_30d,
 *                            spend_180d, purchases_30d, purchases_180d (8, doubles). Then none of
 *                            these is a row of the head; first_purchase is only if it is not
 *                            first_event, last_purchase and decayed_at if they are not last_event.
 *                            Who has larger numbers is not regular
 *   sizes        half a byte for each of them that is no decayed sum, in the order of the values
 *                below, low half first: how many bytes its value has, 0 to 8
 *   values       little-endian, without the zeros at their ends. last_event is the first, others
 *                lean on it; then one law after the other, each in the order of facts.def:
 *     last_event time
 *     COUNT      signed
 *     FIRST      signed      how long after first_event (first_event itself: before last_event)
 *     LAST       signed      how long before last_event
 *     MASK       as it is
 *   decays       8 bytes for each DECAY row: double, little-endian
 *   registers    varint      bit per enum facts_register, then for each one: told, signed value
 *   texts        varint      bit per enum facts_text, then for each one: told, size (1 byte), bytes
 *   wallets      1 byte      how many, then for each: signed to, signed to - from, signed amount
 *   cases        1 byte      how many, then for each, latest first: told, hash of the complaint's
 *                            id (4 bytes, little-endian), resolved << 7 | severity << 4 | reason
 *   days         varint      how many, then the latest as signed days after last_event's UTC day,
 *                            then for each earlier one how many days before the one before it
 *   older days   varint      only when the days have been full
 *   referrer     told, size (1 byte), id
 *   custom       1 byte      how many facts of the file's own say something, then for each: key (4
 *                            bytes, little-endian), law (1 byte, enum custom_law), then
 *                              CUSTOM_SUM          signed
 *                              CUSTOM_FIRST, LAST  signed, how long before last_event
 *                              CUSTOM_DECAY        half-life in ms as varint, signed how long its
 *                                                  instant lies before last_event, double (8 bytes)
 *
 *   orders       1 byte      how many << 1 | whether there are settled ones; then their last (6
 *                            bytes, as an order's own) and their first (6 bytes, a time). For each
 *                            order, latest first, 15 bytes: bits 0-42 its time, 43-44 the day, less
 *                            that of the time in UTC, plus 1 (0 of a refund), 45 refund, 46 undone,
 *                            47 margin told; 5 bytes amount; 4 bytes hash of its id. If told, the
 *                            margin: 6 bytes, zigzag
 *
 * varint: 7 bits a byte, low first, bit 7 says "more". signed: zigzag (0, -1, 1, -2, …), a varint
 * but among the values of rows. time: Unix ms. told: signed, ms before the told before it; the first
 * one of its section leans on last_event. Nothing is aligned.
 *
 * Anna, who bought once, for 1200, in a store, at 2011-12-09T12:50:00Z (1323435000000 ms):
 *
 *   04                       version 4
 *   10 09 00 00 00 00 00     days, orders, regular; no other rows
 *   c0 80 df 22 34 01        last_event, and once more: first_event
 *   01 00 00                 events 1, purchases 1 likewise
 *   b0 04 00 00 00           spent 1200
 *   02 00                    channels: bit 1, store
 *   00 00 00 00 00 c0 92 40  spend_30d 1200.0, and the same for spend_180d
 *   00 00 00 00 00 00 f0 3f  purchases_30d 1.0, and the same for purchases_180d
 *   01 00                    one day, that of last_event
 *   02                       one order
 *   c0 80 df 22 34 09        a purchase at last_event, of its day in UTC
 *   b0 04 00 00 00 2b 01 ed 72   1200; the hash of an order without an id */
#ifndef KITH_LIFECYCLE_FACTS_LAYOUT_H
#define KITH_LIFECYCLE_FACTS_LAYOUT_H
#include "lifecycle/facts.h"

#define FACTS_VERSION   4
#define SECTIONS_SHIFT  8
#define REGULAR_SHIFT   19
#define ROWS_SHIFT      20
#define DOUBLE_MAX      UINT64_C(0x7fefffffffffffff) /* its bits, if it is not below 0 */
_Static_assert(FACTS_SCALARS <= 64 - ROWS_SHIFT, "a bit for each row in the head");
_Static_assert(REGISTERS <= 64, "a bit for each in one varint");

/* Sums and differences wrap, so that whatever stands in facts comes back. */
static inline int64_t plus(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}
static inline int64_t minus(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a - (uint64_t)b);
}

/* ---- writing: each puts what there is, or nothing, and returns the end */

static inline uint8_t *put_signed(uint8_t *p, int64_t v)
{
	return put_varint(p, zigzag(v));
}

static inline uint8_t *put_told(uint8_t *p, int64_t time_ms, int64_t *before_ms)
{
	p = put_signed(p, minus(*before_ms, time_ms));
	*before_ms = time_ms;
	return p;
}

/* The bytes of V without the zeros at their end: how many, 0 to 8. 8 are written. */
static inline unsigned put_sized(uint8_t *p, uint64_t v)
{
	put_le64(p, v);
	return (unsigned)(71 - __builtin_clzll(v | 1)) / 8 - (v == 0);
}

uint8_t *registers_pack(uint8_t *p, const struct facts *f);
uint8_t *texts_pack(uint8_t *p, const struct facts *f);
uint8_t *wallets_pack(uint8_t *p, const struct facts *f);
uint8_t *cases_pack(uint8_t *p, const struct facts *f);
uint8_t *days_pack(uint8_t *p, const struct facts *f);
uint8_t *older_days_pack(uint8_t *p, const struct facts *f);
uint8_t *referrer_pack(uint8_t *p, const struct facts *f);
uint8_t *customs_pack(uint8_t *p, const struct facts *f);
uint8_t *orders_pack(uint8_t *p, const struct facts *f);

/* ---- reading. The bytes carry a checksum further out; here they are believed only as far as they
 * make sense, so that damage never becomes a wrong number in a rule, let alone a crash. */

/* What is left to read. After the first fault nothing is left and everything reads as 0: check `bad`
 * at the end, and before a number is used as a count. */
struct reader {
	const uint8_t *p, *end;
	bool bad;
};

static inline void reader_fail(struct reader *r)
{
	r->bad = true;
	r->p = r->end;
}

static inline uint64_t take_varint(struct reader *r)
{
	uint64_t v = 0;
	const uint8_t *next = get_varint(r->p, r->end, &v);

	if (!next) {
		reader_fail(r);
		return 0;
	}
	r->p = next;
	return v;
}

static inline int64_t take_signed(struct reader *r)
{
	return unzigzag(take_varint(r));
}

/* SIZE bytes, or NULL. */
static inline const uint8_t *take_bytes(struct reader *r, size_t size)
{
	const uint8_t *p = r->p;

	if ((size_t)(r->end - r->p) < size) {
		reader_fail(r);
		return NULL;
	}
	r->p += size;
	return p;
}

static inline uint8_t take_byte(struct reader *r)
{
	const uint8_t *p = take_bytes(r, 1);

	return p ? *p : 0;
}

/* A bit map of N bits in which at least one is set. */
static inline uint64_t take_bits(struct reader *r, unsigned n)
{
	uint64_t bits = take_varint(r);

	if (bits == 0 || bits >> n != 0)
		reader_fail(r);
	return r->bad ? 0 : bits;
}

/* A number from LOW to HIGH. */
static inline int64_t in_range(struct reader *r, int64_t v, int64_t low, int64_t high)
{
	if (v >= low && v <= high)
		return v;
	reader_fail(r);
	return low;
}

static inline int64_t an_instant(struct reader *r, int64_t ms)
{
	return in_range(r, ms, EVENT_TIME_MIN, EVENT_TIME_MAX);
}

static inline int64_t take_told(struct reader *r, int64_t *before_ms)
{
	*before_ms = an_instant(r, minus(*before_ms, take_signed(r)));
	return *before_ms;
}

/* A double that is a number and not below 0, as its bits. */
static inline int64_t take_double(struct reader *r)
{
	const uint8_t *p = take_bytes(r, 8);

	return in_range(r, p ? (int64_t)get_le64(p) : 0, 0, (int64_t)DOUBLE_MAX);
}

/* ---- the regular rows (facts_regular.c) */

#define ROWS_REGULAR (ROW(FACT_last_event) | ROW(FACT_first_event) | ROW(FACT_events) | \
	ROW(FACT_purchases) | ROW(FACT_spent) | ROW(FACT_channels) | ROW(FACT_spend_30d) | \
	ROW(FACT_spend_180d) | ROW(FACT_purchases_30d) | ROW(FACT_purchases_180d))
#define ROWS_DERIVED (ROW(FACT_first_purchase) | ROW(FACT_last_purchase) | ROW(FACT_decayed_at))
#define REGULAR_ROOM 64
/* The rows that are not 0. */
uint64_t rows_used(const struct facts *f);
/* Whether those fit; if so, which others are to be written; and these to and from bytes. */
bool facts_are_regular(const struct facts *f);
uint64_t rows_beside(const struct facts *f);
uint8_t *regular_pack(uint8_t *p, const struct facts *f);
void regular_unpack(struct reader *r, struct facts *f);

void registers_unpack(struct reader *r, struct facts *f);
void texts_unpack(struct reader *r, struct facts *f);
void wallets_unpack(struct reader *r, struct facts *f);
void cases_unpack(struct reader *r, struct facts *f);
void days_unpack(struct reader *r, struct facts *f);
void older_days_unpack(struct reader *r, struct facts *f);
void referrer_unpack(struct reader *r, struct facts *f);
void customs_unpack(struct reader *r, struct facts *f);
void orders_unpack(struct reader *r, struct facts *f);

#endif
