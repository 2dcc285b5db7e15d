/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of facts.
 *
 *   version      1 byte      1
 *   sections     2 bytes     little-endian: bit 0 registers, 1 texts, 2 wallets, 3 cases, 4 days,
 *                            5 older days, 6 referrer, 7 custom, 8 orders
 *   rows         varint      bit i: row i of facts.def is not 0
 *   last_event   time        when its row's bit is set: written first, others lean on it
 *   each other row that is there, one law after the other, each in the order of facts.def:
 *     COUNT      signed
 *     FIRST      signed      how long after first_event (first_event itself: before last_event)
 *     LAST       signed      how long before last_event
 *     MASK       varint
 *     DECAY      8 bytes     double, little-endian
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
 *   orders       1 byte      how many << 1 | whether there are settled ones: then told last, told
 *                            first, 1 byte as below with the day of the last. For each order,
 *                            latest first: told, hash of its id (4 bytes, little-endian), 1 byte,
 *                            signed amount, signed margin if told. The byte: bit 0 refund, 1
 *                            undone, 2 margin told, 3-4 the day, less that of the time in UTC,
 *                            plus 1 (0 of a refund)
 *
 * varint: 7 bits a byte, low first, bit 7 says "more". signed: zigzag (0, -1, 1, -2, …), then
 * varint. time: Unix ms as varint. told: signed, ms before the told before it; the first one of
 * its section leans on last_event. Nothing is aligned.
 *
 * Anna, who bought once, for 1200, in a store, at 2011-12-09T12:50:00Z (1323435000000 ms):
 *
 *   01                       version
 *   10 01                    days, orders
 *   ff 81 80 c0 1b           rows 0-3 (events, first_event, last_event, channels), 4-7 (purchases,
 *                            spent, first_purchase, last_purchase), 27-29 (decayed_at, spend_30d,
 *                            spend_180d), 31-32 (purchases_30d, purchases_180d)
 *   c0 81 fe 96 c2 26        last_event
 *   02 02 e0 12              events 1, purchases 1, spent 1200
 *   00 00                    first_event: as last_event; first_purchase: as first_event
 *   00 00                    last_purchase, decayed_at
 *   02                       channels: bit 1, store
 *   00 00 00 00 00 c0 92 40  spend_30d 1200.0, and the same for spend_180d
 *   00 00 00 00 00 00 f0 3f  purchases_30d 1.0, and the same for purchases_180d
 *   01 00                    one day, that of last_event
 *   02 00 2b 01 ed 72 08     one order at last_event, a purchase of its UTC day
 *   e0 12                    1200 */
#ifndef KITH_LIFECYCLE_FACTS_LAYOUT_H
#define KITH_LIFECYCLE_FACTS_LAYOUT_H
#include "lifecycle/facts.h"

#define FACTS_VERSION 1

enum section {
	SECTION_REGISTERS = 1, SECTION_TEXTS = 2, SECTION_WALLETS = 4, SECTION_CASES = 8,
	SECTION_DAYS = 16, SECTION_OLDER_DAYS = 32, SECTION_REFERRER = 64, SECTION_CUSTOM = 128,
	SECTION_ORDERS = 256, SECTIONS_ALL = 511,
};

_Static_assert(FACTS_SCALARS <= 64 && REGISTERS <= 64, "a bit for each row in one varint");
_Static_assert(REASON_COUNT <= 16 && SEVERITY_COUNT <= 8, "they share a byte in a case");

enum order_bits { ORDER_REFUND = 1, ORDER_UNDONE = 2, ORDER_HAS_MARGIN = 4, ORDER_DAY_SHIFT = 3 };

/* Sums and differences wrap, so that whatever stands in facts comes back. */
static inline int64_t plus(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}
static inline int64_t minus(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a - (uint64_t)b);
}

#endif
