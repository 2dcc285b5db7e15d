/* SPDX-License-Identifier: Apache-2.0 */
/* The formulas of value.h. What falls with the silence is a product and a sum of things that never
 * are below 0 and fall each, also as rounded: see rhythm.c. */
#include <math.h>
#include "lifecycle/classes.h"
#include "lifecycle/quantity.h"
#include "lifecycle/value.h"

#define STEPS_MAX 100

void value_prepare(struct value *v)
{
	double next;

	v->n_steps = 0;
	v->span_ms = 0;
	for (unsigned k = 0; k < VALUE_YEARS_MAX && (double)k * VALUE_YEAR_MS < v->horizon; k++) {
		bool last = (double)(k + 1) * VALUE_YEAR_MS >= v->horizon || k + 1 == VALUE_YEARS_MAX;

		next = last ? 0 : pow(1 + v->discount, -(k + 1.5));
		v->step_ms[k] = last ? fmin(v->horizon, VALUE_YEARS_MAX * VALUE_YEAR_MS)
				     : (k + 1) * VALUE_YEAR_MS;
		v->weight[k] = pow(1 + v->discount, -(k + .5)) - next;
		v->span_ms += v->weight[k] * v->step_ms[k];
		v->n_steps++;
	}
}

double margin_rate(const struct facts *f, const struct value *v)
{
	double spent = (double)f->scalar[FACT_spent].i;
	double purchases = (double)f->scalar[FACT_purchases].i;
	double untold = purchases - (double)f->scalar[FACT_margins].i;
	double rest = v ? v->margin : 1;

	if (!(spent > 0) || !(purchases > 0))
		return rest;
	return (double)f->scalar[FACT_margin].i / spent + untold / purchases * rest;
}

double gamma_gamma_mean(const struct value *v, double n, double mean)
{
	if (!(v->v > 0))
		return mean;
	return v->p * (v->v + n * mean) / (v->p * n + v->q - 1);
}

/* lgamma() writes a global. */
static double log_gamma(double v)
{
	int sign;

	return lgamma_r(v, &sign);
}

double gamma_gamma_log_likelihood(const struct value *v, double n, double mean)
{
	double shape = v->p * n, ratio = n * mean / v->v;

	return log_gamma(shape + v->q) - log_gamma(shape) - log_gamma(v->q) -
		v->q * log1p(ratio) - shape * log1p(1 / ratio) - log(mean);
}

/* Money expected of one purchase day, not below 0; 0 of who never bought. */
static double money_a_day(const struct facts *f, const struct value *v)
{
	double days = (double)facts_purchase_days(f);
	double net = (double)f->scalar[FACT_spent].i - (double)f->scalar[FACT_refunded].i;

	if (!(days > 0))
		return 0;
	return fmax(gamma_gamma_mean(v, days, net > 0 ? net / days : 0), 0);
}

/* What tables know of X by R. */
static void outlook_look_up(struct outlook *o, const struct rhythm *r, double x)
{
	const struct outlook_table *t = r->table;

	o->table = NULL;
	o->coarse = NULL;
	if (!t || t->a != r->a || t->b != r->b || !(x < OUTLOOK_TABLE))
		return;
	o->table = &t->nodes[(unsigned)x];
	if (t->r == r->r && t->alpha == r->alpha && t->discount == o->value->discount &&
		t->horizon == o->value->horizon)
		o->coarse = &t->coarse[(unsigned)x];
	o->alpha = t->alpha;
}

bool outlook_read(const struct facts *f, const struct rhythm *rhythm, bool whole,
	struct outlook *ret_outlook)
{
	const struct rhythm *r = rhythm_of(rhythm, f);
	struct outlook *o = ret_outlook;
	double x, tx, rate;

	o->value = rhythm->value;
	if (!o->value || !rhythm_gaps(f, &x, &tx))
		return false;
	rate = margin_rate(f, o->value);
	o->last_ms = f->scalar[FACT_last_purchase].i;
	o->worth = fmax(rate, 0) * money_a_day(f, o->value);
	o->tempo = rhythm_pace(r, x, tx);
	o->drop = rhythm_drop(r, x);
	o->a = r->a;
	o->b = r->b + x + 1;
	outlook_look_up(o, r, x);
	o->past = o->rate = 0;
	o->rate_ms = f->scalar[FACT_decayed_at].i;
	o->half_ms = (double)fact_half_life_ms(FACT_spend_180d);
	if (whole) {
		double sum = f->scalar[FACT_spend_180d].d - f->scalar[FACT_refund_180d].d;

		o->past = rate * ((double)f->scalar[FACT_spent].i -
			(double)f->scalar[FACT_refunded].i);
		o->rate = fmax(rate * sum * M_LN2 / o->half_ms * VALUE_YEAR_MS, 0);
	}
	return true;
}

/* The cubic's roots, all of them real: t^3 + c2 t^2 + c1 t + c0. */
static void cubic_roots(double c2, double c1, double c0, double ret_root[3])
{
	double m = -c2 / 3;
	double p = c1 - c2 * c2 / 3, q = c0 - c1 * c2 / 3 + 2 * c2 * c2 * c2 / 27;
	double radius = 2 * sqrt(fmax(-p / 3, 0));
	double cosine = radius > 0 ? 3 * q / (p * radius) : 0;
	double angle = acos(fmax(fmin(cosine, 1), -1)) / 3;

	for (int k = 0; k < 3; k++)
		ret_root[k] = m + radius * cos(angle - 2 * M_PI / 3 * k);
}

/* Three nodes for the distribution Beta(A, B) of the chance to drop out, by the recurrence of its
 * orthogonal polynomials. With A = 0 nobody does. */
static void nodes_make(struct outlook_nodes *nodes, double a, double b)
{
	double s = a + b, mean = a / s, m1, m2, e1, e2;

	*nodes = (struct outlook_nodes){ .n = 1, .weight = { 1 } };
	if (!(a > 0))
		return;
	m1 = .5 + .5 * (a - b) * (s - 2) / (s * (s + 2));
	m2 = .5 + .5 * (a - b) * (s - 2) / ((s + 2) * (s + 4));
	e1 = a * b / (s * s * (s + 1));
	e2 = 2 * (a + 1) * (b + 1) * s / ((s + 2) * (s + 2) * (s + 1) * (s + 3));
	cubic_roots(-(mean + m1 + m2), mean * m1 + mean * m2 + m1 * m2 - e1 - e2,
		-mean * m1 * m2 + e1 * m2 + e2 * mean, nodes->at);
	for (nodes->n = 0; nodes->n < OUTLOOK_NODES; nodes->n++) {
		double *t = &nodes->at[nodes->n], one, two;

		*t = fmax(*t, 0);
		one = *t - mean;
		two = (*t - m1) * one - e1;
		nodes->weight[nodes->n] = 1 / (1 + one * one / e1 + two * two / (e1 * e2));
	}
}

void outlook_table_make(struct outlook_table *t, struct rhythm *r, const struct value *value)
{
	t->r = r->r;
	t->alpha = r->alpha;
	t->a = r->a;
	t->b = r->b;
	t->discount = value ? value->discount : 0;
	t->horizon = value ? value->horizon : 0;
	for (unsigned x = 0; x < OUTLOOK_TABLE; x++) {
		nodes_make(&t->nodes[x], r->a, r->b + x + 1);
		if (value)
			outlook_coarse_make(t, x, value);
	}
	r->table = t;
}

void outlook_ready(struct outlook *o)
{
	o->tempo.log_drop = log(o->drop);
	if (o->table)
		o->nodes = *o->table;
	else
		nodes_make(&o->nodes, o->a, o->b);
}

/* Purchase days within T of one who is alive, when A + s is GROWN: over each node
 * (1 - (grown / (grown + p t))^n) / p. */
static double outlook_comes(const struct outlook *o, double grown, double t)
{
	double n = o->tempo.n, sum = 0;

	for (unsigned i = 0; i < o->nodes.n; i++) {
		double p = o->nodes.at[i];

		sum += o->nodes.weight[i] * (p < 1e-12 ? n * (t / grown)
						: -expm1(-n * log1p(p * (t / grown))) / p);
	}
	return sum;
}

double outlook_silence(const struct outlook *o, int64_t now_ms)
{
	double s = (double)now_ms - (double)o->last_ms;

	return s < 0 ? 0 : s < CHANCE_SPAN_MS ? s : CHANCE_SPAN_MS;
}

static double current_at(const struct outlook *o, int64_t now_ms)
{
	return o->rate > 0 ? o->rate * exp2(-((double)now_ms - (double)o->rate_ms) / o->half_ms) : 0;
}

double outlook_at(const struct outlook *o, int64_t now_ms)
{
	double s = outlook_silence(o, now_ms), sum = 0;

	for (unsigned k = 0; k < o->value->n_steps; k++)
		sum += o->value->weight[k] *
			outlook_comes(o, o->tempo.base + s, o->value->step_ms[k]);
	return o->past + current_at(o, now_ms) + o->worth * tempo_alive(&o->tempo, s) * sum;
}

double lifetime_value(const struct facts *f, const struct rhythm *rhythm, bool whole, int64_t now_ms)
{
	struct outlook o;

	if (!outlook_read(f, rhythm, whole, &o))
		return NAN;
	outlook_ready(&o);
	return outlook_at(&o, now_ms);
}

/* The chances stand still from then on, and only the rate still falls. */
static double decays_to(const struct outlook *o, int64_t from_ms, double bound)
{
	double rest = bound - (outlook_at(o, from_ms) - current_at(o, from_ms));

	if (!(rest > 0) || !(o->rate > 0))
		return NAN;
	return (double)o->rate_ms + o->half_ms * log2(o->rate / rest);
}

/* Regula falsi, with the end that stays made smaller (Anderson & Björck 1973). ABOVE and BELOW are by
 * how much the value is above the bound at LOW and at HIGH. */
static double falls_between(const struct outlook *o, double low, double high, double above,
	double below, double bound)
{
	double before = low;

	for (int i = 0, side = 0; i < STEPS_MAX && high - low > 1; i++) {
		double at = (low * below - high * above) / (below - above), v, less;

		if (!(at > low && at < high))
			at = low + (high - low) / 2;
		if (fabs(at - before) < .25)
			return at; /* who asks looks around there anyway */
		before = at;
		v = outlook_at(o, (int64_t)at) - bound;
		less = 1 - v / (v > 0 ? above : below);
		less = less > 0 ? less : .5;
		if (v > 0) {
			low = at;
			above = v;
			below *= side > 0 ? less : 1;
			side = 1;
		} else {
			high = at;
			below = v;
			above *= side < 0 ? less : 1;
			side = -1;
		}
	}
	return high;
}

double lifetime_value_until(const struct facts *f, const struct rhythm *rhythm, bool whole,
	double bound)
{
	struct outlook o;
	double low, high, above, below;

	if (!outlook_read(f, rhythm, whole, &o))
		return NAN;
	outlook_ready(&o);
	low = (double)o.last_ms;
	high = low + CHANCE_SPAN_MS;
	above = outlook_at(&o, (int64_t)low) - bound;
	below = outlook_at(&o, (int64_t)high) - bound;
	if (above <= 0)
		return low;
	if (below > 0)
		return decays_to(&o, (int64_t)high, bound);
	return falls_between(&o, low, high, above, below, bound);
}

double value_expected(const struct rhythm *r, double x, double tx, double s, double t)
{
	struct outlook o = { .tempo = rhythm_tempo(r, x, tx) };

	nodes_make(&o.nodes, r->a, r->b + x + 1);
	return tempo_alive(&o.tempo, s) * outlook_comes(&o, o.tempo.base + s, t);
}
