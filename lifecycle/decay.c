/* SPDX-License-Identifier: Apache-2.0 */
/* Decayed sums: each event adds a weight that halves every 30 or 180 days.
 *
 * All sums of a customer refer to one instant, `decayed_at`: the latest event that fed any of
 * them. An event after it lets the sums fade up to its own time; an event before it has its
 * weight faded instead. Either way the sum is  Σ weight · 2^(-(decayed_at - time) / half-life),
 * which does not know the order. Weights are never negative, so rounding is all that is lost. */
#include <assert.h>
#include <math.h>
#include "lifecycle/facts_parts.h"

#define NEGLIGIBLE 1e-250

static struct decay decay_over(int64_t ms)
{
	if (ms == 0)
		return (struct decay){ 1, 1 };
	return (struct decay){
		exp2(-(double)ms / (double)(30 * DAY_MS)),
		exp2(-(double)ms / (double)(180 * DAY_MS)),
	};
}

static double decay_keep(const struct decay *d, enum fact fact)
{
	return ROWS_30D >> fact & 1 ? d->keep_30d : d->keep_180d;
}

/* Let the sums of F fade to TIME_MS, which is not before decayed_at. */
static void decay_fade(struct facts *f, int64_t time_ms)
{
	int64_t at_ms = f->scalar[FACT_decayed_at].i;
	uint64_t rows = rows_of(FACT_DECAY);
	struct decay d;

	f->scalar[FACT_decayed_at].i = time_ms;
	if (at_ms == 0 || at_ms == time_ms)
		return; /* nothing was added yet, or nothing fades */
	d = decay_over(time_ms - at_ms);
	FOR_ROWS(fact, rows)
		f->scalar[fact].d *= decay_keep(&d, fact);
}

struct decay decay_at(struct facts *f, int64_t time_ms)
{
	if (time_ms > f->scalar[FACT_decayed_at].i)
		decay_fade(f, time_ms);
	return decay_over(f->scalar[FACT_decayed_at].i - time_ms);
}

void decay_add(struct facts *f, const struct decay *d, enum fact fact, double weight)
{
	assert(weight >= 0);
	f->scalar[fact].d += weight * decay_keep(d, fact);
}

void decay_count(struct facts *f, const struct decay *d, enum fact fact, int by, double weight,
	enum fact total)
{
	double *sum = &f->scalar[fact].d, part = weight * decay_keep(d, fact);

	*sum += by * part;
	if (f->scalar[total].i == 0 || *sum < part * 1e-12)
		*sum = 0;
}

void decay_join(struct facts *f, const struct facts *from)
{
	int64_t from_ms = from->scalar[FACT_decayed_at].i;
	uint64_t rows = rows_of(FACT_DECAY);
	struct decay d;

	if (from_ms == 0)
		return;
	d = decay_at(f, from_ms);
	FOR_ROWS(fact, rows)
		decay_add(f, &d, fact, from->scalar[fact].d);
}

bool decay_equal(double a, double b)
{
	return fabs(a - b) <= fmax(a, b) * 1e-9 + NEGLIGIBLE;
}
