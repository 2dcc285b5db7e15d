/* SPDX-License-Identifier: Apache-2.0 */
/* Reading quantities from facts: the functions that quantity.def names. */
#include "lifecycle/classes.h"
#include "lifecycle/missing.h"
#include "lifecycle/quantity.h"
#include "lifecycle/quantity_told.h"
#include "lifecycle/value.h"

static struct law count_of(const struct facts *f, enum fact fact)
{
	return constant((double)f->scalar[fact].i);
}

static struct law age_of(const struct facts *f, enum fact fact)
{
	return age(f->scalar[fact].i);
}

static struct law channels_used(const struct facts *f)
{
	return constant(__builtin_popcountll((uint64_t)f->scalar[FACT_channels].i));
}

/* A steady flow of r a ms keeps a decayed sum at r * half / ln 2. */
static double flow_per_year(double sum, double half_ms)
{
	return sum * M_LN2 / half_ms * VALUE_YEAR_MS;
}

static struct law rate(const struct facts *f, enum fact fact)
{
	double half_ms = (double)fact_half_life_ms(fact);

	return decaying(f, flow_per_year(f->scalar[fact].d, half_ms), half_ms);
}

/* The quotient of two decays is a decay, whose pace is the difference of theirs. */
static struct law trend(const struct facts *f, enum fact quick, enum fact slow)
{
	double quick_ms = (double)fact_half_life_ms(quick);
	double slow_ms = (double)fact_half_life_ms(slow);
	double now = f->scalar[quick].d / quick_ms, before = f->scalar[slow].d / slow_ms;

	if (!(before > 1e-200))
		return LAW_OF_NOTHING;
	return decaying(f, now / before, 1 / (1 / quick_ms - 1 / slow_ms));
}

static struct law spend_rate(const struct facts *f)
{
	double half_ms = (double)fact_half_life_ms(FACT_spend_180d);
	double sum = f->scalar[FACT_spend_180d].d - f->scalar[FACT_refund_180d].d;

	return decaying(f, flow_per_year(sum, half_ms), half_ms);
}

static double wallet_per_year(const struct facts_wallet *w)
{
	if (w->to_ms == 0 || w->to_ms <= w->from_ms)
		return 0;
	return (double)w->amount / (double)(w->to_ms - w->from_ms) * VALUE_YEAR_MS;
}

static struct law share_of_wallet(const struct facts *f)
{
	double wallet = wallet_per_year(&f->wallet[0]);
	struct law l = spend_rate(f);

	if (!(wallet > 0))
		return LAW_OF_NOTHING;
	l.c /= wallet;
	return l;
}

static struct law wallet_trend(const struct facts *f)
{
	if (f->wallet[0].to_ms == 0)
		return LAW_OF_NOTHING;
	return quotient(wallet_per_year(&f->wallet[0]), wallet_per_year(&f->wallet[1]));
}

/* All three sums decay alike, so their quotient stands still. */
static struct law satisfaction(const struct facts *f)
{
	double answers = f->scalar[FACT_feedback_180d].d;

	if (!(answers > 1e-200))
		return LAW_OF_NOTHING;
	return quotient(f->scalar[FACT_pleased_180d].d - f->scalar[FACT_displeased_180d].d,
			answers);
}

static struct law margin(const struct facts *f)
{
	return f->scalar[FACT_margins].i > 0 ? count_of(f, FACT_margin) : LAW_OF_NOTHING;
}

static struct law buying_for(const struct facts *f)
{
	if (f->scalar[FACT_last_purchase].i == 0)
		return LAW_OF_NOTHING;
	return constant((double)f->scalar[FACT_last_purchase].i -
			(double)f->scalar[FACT_first_purchase].i);
}

static struct law usual_gap(const struct facts *f)
{
	int64_t days = facts_purchase_days(f);

	return days < 2 ? LAW_OF_NOTHING : quotient(buying_for(f).c, (double)(days - 1));
}

static struct law complaint_age(const struct facts *f)
{
	int64_t oldest_ms = 0;

	(void)facts_open_complaints(f, &oldest_ms);
	return age(oldest_ms);
}

/* Who buys on has not left, whatever they gave back before. */
static struct law returned(const struct facts *f)
{
	if (f->scalar[FACT_last_refund].i == 0)
		return LAW_OF_NOTHING;
	return constant(f->scalar[FACT_last_refund].i >= f->scalar[FACT_last_purchase].i);
}

static struct law missing(const struct facts *f)
{
	enum factor factor = factor_missing(f);

	return factor < FACTOR_COUNT ? constant(1 + (double)factor) : LAW_OF_NOTHING;
}

static struct law chance(const struct facts *f, const struct rhythm *whole, enum law_kind kind)
{
	const struct rhythm *r = rhythm_of(whole, f);
	struct law l = { .kind = kind, .t_ms = f->scalar[FACT_last_purchase].i };
	double x, tx;

	if (!rhythm_gaps(f, &x, &tx))
		return LAW_OF_NOTHING;
	l.window_ms = r->window;
	l.tempo = rhythm_tempo(r, x, tx);
	return l;
}

/* The customer's own median gap; false without a purchase. */
static bool own_gap(const struct facts *f, const struct rhythm *whole, double *ret_ms)
{
	struct tempo p;
	double x, tx;

	if (!rhythm_gaps(f, &x, &tx))
		return false;
	p = rhythm_pace(rhythm_of(whole, f), x, tx);
	*ret_ms = fmin(tempo_median(&p), CHANCE_SPAN_MS);
	return true;
}

static struct law overdue(const struct facts *f, const struct rhythm *r)
{
	struct law l = { .kind = LAW_MULTIPLE, .t_ms = f->scalar[FACT_last_purchase].i };

	return own_gap(f, r, &l.c) ? l : LAW_OF_NOTHING;
}

/* Rounded up, so that nobody is expected before half of their like have come. */
static struct law expected_next(const struct facts *f, const struct rhythm *r)
{
	double gap_ms;

	if (!own_gap(f, r, &gap_ms))
		return LAW_OF_NOTHING;
	return (struct law){ .kind = LAW_REMAINING, .t_ms = f->scalar[FACT_last_purchase].i +
			     (int64_t)ceil(gap_ms) };
}

static struct law historic_value(const struct facts *f, const struct rhythm *r)
{
	return constant(margin_rate(f, r->value) *
		((double)f->scalar[FACT_spent].i - (double)f->scalar[FACT_refunded].i));
}

static struct law current_value(const struct facts *f, const struct rhythm *r)
{
	struct law l = spend_rate(f);

	l.c *= margin_rate(f, r->value);
	return fabs(l.c) < 1e-200 ? constant(0) : l;
}

/* Read from the facts each time it is asked: most comparisons do not need all of it. */
static struct law outlook(const struct facts *f, const struct rhythm *r, bool whole)
{
	struct law l = { .kind = LAW_VALUE, .t_ms = f->scalar[FACT_last_purchase].i };

	l.facts = f;
	l.rhythm = r;
	l.whole = whole;
	l.memo = NULL;
	return l.t_ms && r->value ? l : LAW_OF_NOTHING;
}

/* The mean of what of these is known: how much of their buying is coming back, whether they bring
 * others, whether they have joined, and our share of their wallet as of the last event. Each from 0
 * to 1, the first two nearing 1 the more there are. */
static struct law loyalty(const struct facts *f)
{
	double days = (double)facts_purchase_days(f), wallet = wallet_per_year(&f->wallet[0]);
	double brought = fmax((double)f->scalar[FACT_converted_referrals].i, 0);
	bool joined = f->reg[REGISTER_MEMBERSHIP].value == MEMBERSHIP_JOINED ||
		f->reg[REGISTER_PARTNERSHIP].value == PARTNERSHIP_BEGUN;
	double sum, share = 0;

	if (!(days > 0))
		return LAW_OF_NOTHING;
	sum = 1 - 1 / days + (1 - 1 / (1 + brought)) + joined;
	if (wallet > 0)
		share = fmax(fmin(spend_rate(f).c / wallet, 1), 0);
	return constant((sum + share) / (wallet > 0 ? 4 : 3));
}

/* F has been adopted by the machine that declares it; else nothing is known. */
static struct law custom_reading(const struct facts *f, unsigned index)
{
	const struct facts_custom *v = &f->custom[index];

	if (index >= f->n_custom)
		return LAW_OF_NOTHING;
	switch ((enum custom_law)v->law) {
	case CUSTOM_SUM: return constant((double)v->v.i);
	case CUSTOM_FIRST:
	case CUSTOM_LAST: return age(v->v.i);
	case CUSTOM_DECAY:
		if (fabs(v->v.d) < 1e-200)
			return constant(0);
		return (struct law){ .kind = LAW_EXP, .c = v->v.d, .t_ms = v->at_ms,
				     .half_ms = (double)v->half_ms };
	case CUSTOM_NONE: break;
	}
	return LAW_OF_NOTHING;
}

void quantity_read(enum quantity q, const struct facts *f, const struct rhythm *rhythm,
	struct law *ret_law)
{
	switch (q) {
#define QUANTITY(name, unit, law, by, reading, text) case QUANTITY_##name: *ret_law = reading; return;
#include "lifecycle/quantity.def"
#undef QUANTITY
	default: *ret_law = custom_reading(f, (unsigned)q - QUANTITY_CUSTOM);
	}
}

struct law quantity_law(enum quantity q, const struct facts *f, const struct rhythm *rhythm)
{
	struct law law;

	quantity_read(q, f, rhythm, &law);
	return law;
}

/* The readings once more, this time without laws around them: most tests are of such numbers. */
static inline bool number_of(struct law law, double *ret_value)
{
	*ret_value = law.c;
	return law.kind == LAW_CONST;
}

uint64_t quantity_numbers(const uint16_t *quantities, uint64_t which, const struct facts *f,
	const struct rhythm *rhythm, double *ret_values)
{
	uint64_t known = 0;

	for (; which; which &= which - 1) {
		unsigned i = (unsigned)__builtin_ctzll(which);
		bool is_known = false;

		ret_values[i] = 0;
		switch (quantities[i]) {
#define QUANTITY(name, unit, law, by, reading, text) \
		case QUANTITY_##name: \
			is_known = LAW_##law == LAW_CONST && number_of(reading, &ret_values[i]); \
			break;
#include "lifecycle/quantity.def"
#undef QUANTITY
		default:
			is_known = number_of(custom_reading(f, quantities[i] - QUANTITY_CUSTOM),
				&ret_values[i]);
		}
		known |= (uint64_t)is_known << i;
	}
	return known;
}

bool quantity_number(enum quantity q, const struct facts *f, const struct rhythm *rhythm,
	double *ret_value)
{
	return quantity_numbers(&(uint16_t){ (uint16_t)q }, 1, f, rhythm, ret_value) != 0;
}
