/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing a value with a bound: nearly always an estimate with known bounds of error decides.
 *
 * The value is a sum of a dozen powers. Here each is made of a logarithm and an exponential of a few
 * terms, without the C library. What they leave out is known, and so between which two numbers the
 * value of outlook_at() lies, however that is rounded. Only where the bound lies between them too is
 * outlook_at() itself asked, so comparisons come out as if it always were. */
#include <math.h>
#include "lifecycle/value.h"

/* Relative error of a power with exponent N, with a factor of two and more to spare: that of
 * about_exp2(), and N times what about_log2() leaves out. */
#define POWER_ERROR(n) (1e-7 + (n) * 1e-7)
#define POWER_MAX 900 /* binary exponents that about_exp2() takes either way */

/* log2(X) of an X >= 1, within 5e-8: 2 artanh(z) / ln 2 with z = (m - 1) / (m + 1) and m from
 * sqrt(1/2) to sqrt(2), up to z^7; what is left out is below 2 z^9 / (9 ln 2) / (1 - z^2). */
static double about_log2(double x)
{
	uint64_t bits;
	int64_t exponent;
	double m, z, zz;

	memcpy(&bits, &x, sizeof bits);
	bits += UINT64_C(0x3ff0000000000000) - UINT64_C(0x3fe6a09e667f3bcd);
	exponent = (int64_t)(bits >> 52) - 1023;
	bits = (bits & UINT64_C(0x000fffffffffffff)) + UINT64_C(0x3fe6a09e667f3bcd);
	memcpy(&m, &bits, sizeof m);
	z = (m - 1) / (m + 1);
	zz = z * z;
	return (double)exponent + 2 / M_LN2 * z * (1 + zz * (1. / 3 + zz * (1. / 5 + zz * (1. / 7))));
}

/* 2^Y for a Y within POWER_MAX either way, within 1e-8 of itself: Taylor's series up to t^7 of the
 * part that is no whole number, at most 1/2 either way. */
static double about_exp2(double y)
{
	int64_t whole = (int64_t)(y + 1024.5) - 1024;
	uint64_t bits = (uint64_t)(whole + 1023) << 52;
	double t = (y - (double)whole) * M_LN2, power;

	memcpy(&power, &bits, sizeof power);
	return power * (1 + t * (1 + t * (1. / 2 + t * (1. / 6 + t * (1. / 24 + t * (1. / 120 +
		t * (1. / 720 + t * (1. / 5040))))))));
}

/* Four at once, in single precision: that is enough, and there are a dozen of them. */
typedef float four __attribute__((vector_size(16)));
typedef int32_t four_int __attribute__((vector_size(16)));
#define FOURS_MAX ((VALUE_YEARS_MAX * OUTLOOK_NODES + 3) / 4)

/* As above with a third of the digits. Absolute error of a power with exponent N: what the series
 * leave out and what is rounded away of a logarithm up to 2^6, with a factor of two to spare. */
#define FOURS_ERROR(n) (1e-5 + (n) * 1e-5)
#define FOURS_MAX_EXPONENT 120.f

static inline four about_log2_four(four x)
{
	four_int bits = (four_int)x + (0x3f800000 - 0x3f3504f3);
	four exponent = __builtin_convertvector((bits >> 23) - 127, four);
	four m = (four)((bits & 0x007fffff) + 0x3f3504f3), z = (m - 1) / (m + 1), zz = z * z;

	return exponent + 2 / (float)M_LN2 * z * (1 + zz * (1.f / 3 + zz * (1.f / 5)));
}

/* Of a Y from 0 on: 2^-Y. Beyond FOURS_MAX_EXPONENT nothing is left that anybody would see. */
static inline four about_exp2_four(four y)
{
	four_int beyond = y > FOURS_MAX_EXPONENT, whole;
	four t, power;

	y = (four)(((four_int)y & ~beyond) | ((four_int)(four){ FOURS_MAX_EXPONENT,
		FOURS_MAX_EXPONENT, FOURS_MAX_EXPONENT, FOURS_MAX_EXPONENT } & beyond));
	whole = __builtin_convertvector(y + .5f, four_int);
	t = (__builtin_convertvector(whole, four) - y) * (float)M_LN2;
	power = (four)((127 - whole) << 23);
	return power * (1 + t * (1 + t * (1.f / 2 + t * (1.f / 6 + t * (1.f / 24 + t * (1.f / 120))))));
}

/* What is summed, side by side: SHARE times one less the power, and at its end what has no weight. */
struct powers {
	unsigned n;
	union {
		float one[4 * FOURS_MAX];
		four all[FOURS_MAX];
	} base, share;
};

/* The sum over the years of outlook_at(), and by how much it may be wrong. */
static void about_comes(const struct outlook *o, const struct outlook_nodes *nodes, double grown,
	double *ret_sum, double *ret_error)
{
	double n = o->tempo.n, straight = 0, loose = 0, sum = 0;
	struct powers w = { 0 };

	for (unsigned k = 0; k < o->value->n_steps; k++) {
		double grows = o->value->step_ms[k] / grown, weight = o->value->weight[k];

		for (unsigned i = 0; i < nodes->n; i++) {
			double p = nodes->at[i], share = weight * nodes->weight[i];

			if (p < 1e-12) {
				straight += share * n * grows;
				continue;
			}
			w.base.one[w.n] = (float)(1 + p * grows);
			w.share.one[w.n++] = (float)(share / p);
			loose += share / p;
		}
	}
	for (; w.n % 4; w.n++) {
		w.base.one[w.n] = 1;
		w.share.one[w.n] = 0;
	}
	for (unsigned i = 0; i < w.n / 4; i++) {
		four y = (float)n * about_log2_four(w.base.all[i]);
		four part = w.share.all[i] * (1 - about_exp2_four(y));

		sum += (double)(part[0] + part[1]) + (double)(part[2] + part[3]);
	}
	*ret_sum = straight + sum;
	*ret_error = loose * FOURS_ERROR(n);
}

/* Where the bin begins that GROWN lies in, AT bins behind that of ALPHA: an eighth of a power of two, of
 * the same size up to the next one, which is what the three first bits after the point of a double
 * tell. */
#define BIN_BITS 49

static uint64_t bin_of(double grown)
{
	uint64_t bits;

	memcpy(&bits, &grown, sizeof bits);
	return bits >> BIN_BITS;
}

static double bin_begins(double alpha, unsigned at)
{
	uint64_t bits = (bin_of(alpha) + at) << BIN_BITS;
	double grown;

	memcpy(&grown, &bits, sizeof grown);
	return grown;
}

/* With twice the digits of about_comes(): tables are made seldom. */
void outlook_coarse_make(struct outlook_table *t, unsigned x, const struct value *value)
{
	const struct outlook_nodes *nodes = &t->nodes[x];
	double n = t->r + x, sum, loose;

	for (unsigned at = 0; at <= OUTLOOK_BINS; at++) {
		double grown = bin_begins(t->alpha, at);

		sum = loose = 0;
		for (unsigned i = 0; i < value->n_steps * nodes->n; i++) {
			double p = nodes->at[i % nodes->n], grows = value->step_ms[i / nodes->n] / grown;
			double share = value->weight[i / nodes->n] * nodes->weight[i % nodes->n], y;

			if (p < 1e-12) {
				sum += share * n * grows;
				continue;
			}
			y = n * about_log2(1 + p * grows);
			sum += share / p * (1 - (y < POWER_MAX ? about_exp2(-y) : 0));
			loose += share / p;
		}
		t->coarse[x].comes[at] = (float)sum;
		t->coarse[x].error = loose * 2 * POWER_ERROR(n);
	}
}

/* Of the sum over the years of outlook_at(): between which two numbers it lies. False where the table
 * does not tell. */
static bool coarse_comes(const struct outlook *o, double grown, double *ret_low, double *ret_high)
{
	uint64_t bin = bin_of(grown) - bin_of(o->alpha);

	if (!o->coarse || !(grown >= o->alpha) || bin >= OUTLOOK_BINS)
		return false;
	*ret_low = (double)o->coarse->comes[bin + 1] * (1 - 1e-6) - o->coarse->error;
	*ret_high = (double)o->coarse->comes[bin] * (1 + 1e-6) + o->coarse->error;
	return true;
}

/* Between which two numbers the value at NOW lies: between the infinities when that cannot be told.
 * COARSELY: by the table, if there is one. Returns whether it was. */
static bool estimate(const struct outlook *o, const struct outlook_nodes *nodes, int64_t now_ms,
	bool coarsely, double *ret_low, double *ret_high)
{
	double s = outlook_silence(o, now_ms), n = o->tempo.n;
	double y = n * about_log2(1 + s / o->tempo.base), alive, low, high, error, rest = o->past;
	double halvings = ((double)now_ms - (double)o->rate_ms) / o->half_ms;

	*ret_low = -INFINITY;
	*ret_high = INFINITY;
	if (!(y < POWER_MAX) || !(fabs(halvings) < POWER_MAX))
		return false;
	coarsely = coarsely && coarse_comes(o, o->tempo.base + s, &low, &high);
	if (!coarsely) {
		about_comes(o, nodes, o->tempo.base + s, &low, &error);
		high = low + error;
		low -= error;
	}
	alive = o->worth / (1 + o->drop * about_exp2(y));
	error = alive * 2 * high * POWER_ERROR(n) + (fabs(o->past) + alive * high) * 1e-9;
	if (o->rate > 0) {
		double current = o->rate * about_exp2(-halvings);

		rest += current;
		error += current * (POWER_ERROR(0) + 1e-9);
	}
	if (!(error < INFINITY))
		return coarsely;
	*ret_low = rest + alive * low - error;
	*ret_high = rest + alive * high + error;
	return coarsely;
}

static void memo_read(struct value_memo *memo, const struct facts *f, const struct rhythm *rhythm,
	bool whole)
{
	if (memo->is_read)
		return;
	memo->is_read = true;
	memo->is_ready = false;
	memo->n = 0;
	memo->is_known = outlook_read(f, rhythm, whole, &memo->outlook);
}

static void memo_ready(struct value_memo *memo)
{
	if (!memo->is_ready)
		outlook_ready(&memo->outlook);
	memo->is_ready = true;
}

/* Estimate number I, of its instant. */
static void memo_estimate(struct value_memo *memo, unsigned i, bool coarsely)
{
	if (!memo->outlook.table)
		memo_ready(memo); /* the nodes are to be made in any case */
	memo->estimate[i].is_coarse = estimate(&memo->outlook,
		memo->outlook.table ? memo->outlook.table : &memo->outlook.nodes,
		memo->estimate[i].at_ms, coarsely, &memo->estimate[i].low, &memo->estimate[i].high);
}

/* Which of the estimates is that of NOW. */
static unsigned memo_find(struct value_memo *memo, int64_t now_ms)
{
	unsigned i = memo->n & 1;

	for (unsigned k = 0; k < 2 && k < memo->n; k++)
		if (memo->estimate[k].at_ms == now_ms)
			return k;
	memo->estimate[i].at_ms = now_ms;
	memo->n = (uint8_t)(memo->n < 2 ? memo->n + 1 : 2 + (memo->n + 1) % 2);
	memo_estimate(memo, i, true);
	return i;
}

static inline bool is_between(const struct value_memo *memo, unsigned i, double bound)
{
	return !(memo->estimate[i].low > bound) && !(memo->estimate[i].high < bound);
}

static double memo_compare(struct value_memo *memo, const struct facts *f,
	const struct rhythm *rhythm, bool whole, int64_t now_ms, double bound)
{
	unsigned i;

	memo_read(memo, f, rhythm, whole);
	if (!memo->is_known)
		return NAN;
	if (memo->outlook.past > bound)
		return INFINITY;
	i = memo_find(memo, now_ms);
	if (is_between(memo, i, bound) && memo->estimate[i].is_coarse)
		memo_estimate(memo, i, false);
	if (memo->estimate[i].low > bound)
		return INFINITY;
	if (memo->estimate[i].high < bound)
		return -INFINITY;
	memo_ready(memo);
	memo->estimate[i].low = memo->estimate[i].high = outlook_at(&memo->outlook, now_ms);
	return memo->estimate[i].low;
}

double lifetime_value_near(const struct facts *f, const struct rhythm *rhythm, bool whole,
	int64_t now_ms, double bound, struct value_memo *memo)
{
	struct value_memo own;

	if (memo)
		return memo_compare(memo, f, rhythm, whole, now_ms, bound);
	own.is_read = false;
	return memo_compare(&own, f, rhythm, whole, now_ms, bound);
}
