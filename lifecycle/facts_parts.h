/* SPDX-License-Identifier: Apache-2.0 */
/* The parts that facts are folded from, each commutative by itself. Only for facts*.c and the
 * files that hold the parts: days.c, cases.c, registers.c, decay.c, custom.c. */
#ifndef KITH_LIFECYCLE_FACTS_PARTS_H
#define KITH_LIFECYCLE_FACTS_PARTS_H
#include "lifecycle/facts.h"

/* The rows of facts.def as constants, where a call for each would cost more than the row. */
static const uint8_t fact_laws[FACTS_SCALARS] = {
#define FACT(name, law, unit, text) FACT_##law,
#include "lifecycle/facts.def"
#undef FACT
};
static inline enum fact_law law_of(enum fact fact)
{
	return (enum fact_law)fact_laws[fact];
}

#define ROW(fact) (UINT64_C(1) << (fact))
/* Those of one law, a bit each. */
static inline uint64_t rows_of(enum fact_law law)
{
	const uint64_t zero = 0;
#define FACT(name, its_law, unit, text) | (FACT_##its_law == law ? ROW(FACT_##name) : 0)
	return zero
#include "lifecycle/facts.def"
		;
#undef FACT
}
/* Of those that decay: half-life 30 days; the others have 180. */
#define ROWS_30D (ROW(FACT_spend_30d) | ROW(FACT_purchases_30d) | ROW(FACT_contacts_30d))

/* For each fact of a set, the lowest first. ROWS is used up. */
#define FOR_ROWS(row, rows) \
	for (enum fact row; (rows) && (row = (enum fact)__builtin_ctzll(rows), true); \
	     (rows) &= (rows) - 1)

/* The set of purchase days. */
void days_add(struct facts *f, int32_t day);
void days_join(struct facts *f, const struct facts *from);
/* DAY has no purchase any more; nothing when it is not among those kept. */
void days_remove(struct facts *f, int32_t day);
bool days_equal(const struct facts *a, const struct facts *b);

/* What the file declares: entries of equal keys are joined, others added while there is room. */
void customs_join(struct facts *f, const struct facts *from);
bool customs_equal(const struct facts *a, const struct facts *b);

/* The set of openings and resolutions. */
void cases_add(struct facts *f, const struct facts_case *c);
void cases_join(struct facts *f, const struct facts *from);
bool cases_equal(const struct facts *a, const struct facts *b);

/* The latest purchases and refunds (orders.h). O has been folded as if nothing of its order were known
 * yet. */
struct facts_order;
void orders_add(struct facts *f, const struct facts_order *o);
void orders_join(struct facts *f, const struct facts *from); /* last of all */
bool orders_equal(const struct facts *a, const struct facts *b);

/* Last-writer-wins registers, and the wallets. */
void register_tell(struct facts *f, enum facts_register r, int64_t time_ms, int64_t value);
void text_tell(struct facts *f, enum facts_text t, int64_t time_ms, struct span text);
void referrer_tell(struct facts *f, int64_t time_ms, struct span by);
void wallet_tell(struct facts *f, const struct facts_wallet *w);
void registers_join(struct facts *f, const struct facts *from);
bool registers_equal(const struct facts *a, const struct facts *b);

/* Decayed sums. What remains at `decayed_at` of a weight of 1, by half-life. */
struct decay {
	double keep_30d, keep_180d;
};
/* Make room for an event at TIME_MS: when it is the latest, the sums so far fade up to it. */
struct decay decay_at(struct facts *f, int64_t time_ms);
void decay_add(struct facts *f, const struct decay *d, enum fact fact, double weight);
/* Count a weight (BY 1) or take it out again (-1). TOTAL is the plain count of the same things:
 * when that is 0 nothing can be left, and what is left of a weight by rounding alone is nothing. So
 * a sum from which something was taken is exact to 1e-12 of that, not of what remains. */
void decay_count(struct facts *f, const struct decay *d, enum fact fact, int by, double weight,
	enum fact total);
void decay_join(struct facts *f, const struct facts *from);
bool decay_equal(double a, double b);

#endif
