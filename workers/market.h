/* SPDX-License-Identifier: Apache-2.0 */
/* Market: what others did to a region or a segment, and whom it covers.
 *
 * A market event that names no customer reaches every shard, which keeps it as a signal: a bounded
 * number of them, those that have ended until there is no more room. Who is covered follows from
 * the customer's region and segment and the signals in force, so nobody's record is touched when
 * one comes: whoever has an event or a deadline afterwards heeds it then, and a sweep comes to all
 * others. A signal counts from its own time on.
 *
 * Of signals with the same factor, region and segment the one with the latest time holds; so one
 * that ends at once takes another back. One that has ended already when it comes covers nobody.
 *
 * Kept as the setting "market": u64 version, i64 since_ms, then { u8 factor, i64 time_ms,
 * i64 until_ms, u64 version, u8 size, region, u8 size, segment } each, little-endian. */
#ifndef KITH_WORKERS_MARKET_H
#define KITH_WORKERS_MARKET_H
#include "base/event.h"
#include "lifecycle/facts.h"

#define MARKET_SIGNALS_MAX 32

struct shard;

struct market_signal {
	uint64_t version;     /* of the market when it came */
	int64_t time_ms, until_ms;
	uint8_t factor;       /* enum market */
	uint8_t region_size, segment_size; /* 0: any */
	uint8_t region[EVENT_TEXT_MAX], segment[EVENT_TEXT_MAX];
};

struct market_state {
	uint64_t version;     /* counts changes; a customer's record says which one it has heeded */
	int64_t since_ms;     /* the latest time of a signal that changed something */
	unsigned n;
	struct market_signal signals[MARKET_SIGNALS_MAX];
};

/* Take E, a market event without a customer, at CLOCK_MS; begins a sweep when it changes anything.
 * ERR_TOOBIG: there are MARKET_SIGNALS_MAX in force, and nothing has changed. */
int market_take(struct shard *s, const struct event *e, int64_t clock_ms);
int market_load(struct shard *s);

/* Say in F which signal covers them, of those up to VERSION: the one that ends last. */
void market_cover(const struct market_state *m, uint64_t version, struct facts *f);

#endif
