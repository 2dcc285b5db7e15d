/* SPDX-License-Identifier: Apache-2.0 */
/* The parts that facts are folded from, each commutative by itself. Only for facts*.c and the
 * files that hold the parts: days.c, cases.c, registers.c, decay.c. */
#ifndef KITH_LIFECYCLE_FACTS_PARTS_H
#define KITH_LIFECYCLE_FACTS_PARTS_H
#include "lifecycle/facts.h"

/* The set of purchase days. */
void days_add(struct facts *f, int32_t day);
void days_join(struct facts *f, const struct facts *from);
bool days_equal(const struct facts *a, const struct facts *b);

/* The set of openings and resolutions. */
int case_compare(const struct facts_case *a, const struct facts_case *b); /* later is greater */
void cases_add(struct facts *f, const struct facts_case *c);
void cases_join(struct facts *f, const struct facts *from);
bool cases_equal(const struct facts *a, const struct facts *b);

/* Last-writer-wins registers, and the wallets. */
void register_tell(struct facts *f, enum facts_register r, int64_t time_ms, int64_t value);
void text_tell(struct facts *f, enum facts_text t, int64_t time_ms, struct span text);
void referrer_tell(struct facts *f, int64_t time_ms, struct span by);
void wallet_tell(struct facts *f, const struct facts_wallet *w);
int wallet_compare(const struct facts_wallet *a, const struct facts_wallet *b); /* by period */
void registers_join(struct facts *f, const struct facts *from);
bool registers_equal(const struct facts *a, const struct facts *b);

/* Decayed sums. What remains at `decayed_at` of a weight of 1, by half-life. */
struct decay {
	double keep_30d, keep_180d;
};
/* Make room for an event at TIME_MS: when it is the latest, the sums so far fade up to it. */
struct decay decay_at(struct facts *f, int64_t time_ms);
void decay_add(struct facts *f, const struct decay *d, enum fact fact, double weight);
void decay_join(struct facts *f, const struct facts *from);
bool decay_equal(double a, double b);

#endif
