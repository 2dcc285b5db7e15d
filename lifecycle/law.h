/* SPDX-License-Identifier: Apache-2.0 */
/* Laws: how a quantity moves in time while nothing happens. With s = now - t:
 *   UNKNOWN    there is no value (never bought: no silence); every comparison is false
 *   CONST      c
 *   AGE        s                      grows
 *   REMAINING  -s                     shrinks
 *   EXP        c * 2^(-s / half)      falls (half > 0) or grows (half < 0) towards or from 0
 *   MULTIPLE   s / c                  grows
 *   ALIVE      tempo_alive(s)          falls (rhythm.h)
 *   ACTIVE     tempo_active(s, window) falls
 *   VALUE      lifetime_value()           falls (value.h)
 * For chances s is at least 0 and at most CHANCE_SPAN_MS: then they stand still. */
#ifndef KITH_LIFECYCLE_LAW_H
#define KITH_LIFECYCLE_LAW_H
#include <math.h>
#include "lifecycle/facts.h"
#include "lifecycle/rhythm.h"

enum law_kind { LAW_UNKNOWN, LAW_CONST, LAW_AGE, LAW_REMAINING, LAW_EXP, LAW_MULTIPLE, LAW_ALIVE,
	LAW_ACTIVE, LAW_VALUE };
static inline bool law_is_chance(enum law_kind k)
{
	return k == LAW_ALIVE || k == LAW_ACTIVE;
}

struct value_memo; /* value.h */
struct law {
	uint8_t kind;   /* enum law_kind */
	int64_t t_ms;
	union {
		struct {
			double c, half_ms; /* half_ms: LAW_EXP */
		};
		struct {
			struct tempo tempo; /* times in ms: LAW_ALIVE, LAW_ACTIVE */
			double window_ms; /* LAW_ACTIVE */
		};
		struct {          /* LAW_VALUE: valid as long as these are as they were */
			const struct facts *facts;
			const struct rhythm *rhythm;
			struct value_memo *memo; /* of who asks often; or NULL */
			bool whole;
		};
	};
};

/* Five years. What a chance would do later is nobody's deadline, and no own median gap is
 * longer. */
#define CHANCE_SPAN_MS (5 * 365 * 86400000.0)

/* The value of L at NOW; false and no value when unknown. */
bool law_value(const struct law *l, int64_t now_ms, double *ret_value);

/* ---- making them */

#define LAW_OF_NOTHING ((struct law){ .kind = LAW_UNKNOWN })

static inline struct law constant(double c)
{
	return (struct law){ .kind = LAW_CONST, .c = c };
}

static inline struct law quotient(double a, double b)
{
	return b > 0 ? constant(a / b) : LAW_OF_NOTHING;
}

static inline struct law age(int64_t since_ms)
{
	return since_ms ? (struct law){ .kind = LAW_AGE, .t_ms = since_ms } : LAW_OF_NOTHING;
}

/* What has decayed to nothing is 0 for good: no rule waits for the last bit of a denormal. */
static inline struct law decaying(const struct facts *f, double c, double half_ms)
{
	if (fabs(c) < 1e-200)
		return constant(0);
	return (struct law){ .kind = LAW_EXP, .c = c, .t_ms = f->scalar[FACT_decayed_at].i,
			     .half_ms = half_ms };
}

#endif
