/* SPDX-License-Identifier: Apache-2.0 */
/* The formulas of rhythm.h. No power is ever formed of which only the logarithm is small enough:
 * ((A + s) / A)^n overflows for who buys daily. And no deadline is a difference of two large
 * numbers: everything runs in u = ln((A + s) / A), and s = A expm1(u). */
#include "lifecycle/rhythm.h"
#include <math.h>
#include <stddef.h>

#define STEPS_MAX 200
#define TERMS_MAX 1000000
#define U_MAX     690.0 /* expm1 of more leaves little room below the largest double */

double rhythm_drop(const struct rhythm *r, double x)
{
	return fmax(r->a / (r->b + x), r->floor);
}

struct tempo rhythm_pace(const struct rhythm *r, double x, double tx)
{
	return (struct tempo){ .n = r->r + x, .base = r->alpha + tx };
}

struct tempo rhythm_tempo(const struct rhythm *r, double x, double tx)
{
	struct tempo p = rhythm_pace(r, x, tx);

	p.log_drop = log(rhythm_drop(r, x));
	return p;
}

/* P(alive) at u; its odds are S / c. */
static double alive_at(const struct tempo *p, double u)
{
	return 1 / (1 + exp(p->log_drop + p->n * u));
}

/* The chance of a purchase within W of somebody who is alive, when A + s is GROWN. */
static double comes_at(const struct tempo *p, double grown, double w)
{
	return -expm1(-p->n * log1p(w / grown));
}

double tempo_alive(const struct tempo *p, double s)
{
	return alive_at(p, log1p(s / p->base));
}

/* (S(s) - S(s + W)) / (S(s) + c), with S(s + W) / S(s) = (1 + W / (A + s))^-n. */
double tempo_active(const struct tempo *p, double s, double w)
{
	return tempo_alive(p, s) * comes_at(p, p->base + s, w);
}

static double logit(double q)
{
	return log(q) - log1p(-q);
}

/* The u at which P(alive) is THETA. */
static double alive_root(const struct tempo *p, double theta)
{
	return -(p->log_drop + logit(theta)) / p->n;
}

double tempo_alive_until(const struct tempo *p, double theta)
{
	double u;

	if (theta >= 1)
		return isfinite(p->log_drop) ? 0 : INFINITY;
	if (!(theta > 0))
		return INFINITY;
	u = alive_root(p, theta);
	return u > 0 ? p->base * expm1(u) : 0;
}

/* logit P(active) at u, and its slope. 1 - P is summed, not subtracted: P may be next to 1. As few powers
 * as will do: it is where half of a solution goes. Beyond the range of doubles it is no number, and the
 * bracket decides. */
static double active_logit(const struct tempo *p, double w, double u, double *ret_slope)
{
	double grown = p->base * exp(u), odds = exp(p->log_drop + p->n * u);
	double alive = 1 / (1 + odds), dead = 1 / (1 + 1 / odds);
	double comes = comes_at(p, grown, w), stays_away = 1 - comes;
	double inactive = dead + alive * stays_away;

	*ret_slope = -p->n * (dead + stays_away * w / ((grown + w) * comes)) / inactive;
	return log(alive * comes / inactive);
}

/* An u at which P(active) is not above THETA: where P(alive) alone is not, or where it would not
 * be if nobody ever left. */
static double active_bound(const struct tempo *p, double w, double theta)
{
	double grown = w / expm1(-log1p(-theta) / p->n);
	double u = fmin(alive_root(p, theta), log(grown / p->base));

	return u > 0 ? fmin(u, U_MAX) : 0;
}

/* Newton in u, kept within a bracket that each step narrows. */
double tempo_active_until_counted(const struct tempo *p, double w, double theta, int *ret_steps)
{
	double low = 0, high, u, goal, slope;
	int steps = 1;

	if (ret_steps)
		*ret_steps = steps;
	if (tempo_active(p, 0, w) <= theta)
		return 0;
	if (!(theta > 0))
		return INFINITY;
	goal = logit(theta);
	high = u = active_bound(p, w, theta);
	for (; steps < STEPS_MAX && high > low; steps++) {
		double over = active_logit(p, w, u, &slope) - goal, next = u - over / slope;

		if (over > 0)
			low = u;
		else
			high = u;
		if (over == 0)
			break;
		if (fabs(next - u) <= 1e-8 * u) { /* each step doubles the digits */
			u = next;
			break;
		}
		u = next > low && next < high ? next : low + (high - low) / 2;
		if (u <= low || u >= high)
			break;
	}
	if (ret_steps)
		*ret_steps = steps;
	return p->base * expm1(u);
}

double tempo_active_until(const struct tempo *p, double w, double theta)
{
	return tempo_active_until_counted(p, w, theta, NULL);
}

double tempo_median(const struct tempo *p)
{
	return p->base * expm1(M_LN2 / p->n);
}

/* (2F1(g, e; c; z) - 1) / e, which is finite at e = 0. */
static double hypergeometric_slope(double g, double e, double c, double z)
{
	double term = g / c * z, sum = 0;

	for (int k = 1; k < TERMS_MAX; k++) {
		sum += term;
		if (fabs(term) <= 1e-17 * fabs(sum) * (1 - z))
			break;
		term *= (g + k) * (e + k) / ((c + k) * (k + 1)) * z;
	}
	return sum;
}

/* Hoppe & Wagner (2007), with the 2F1 by Euler's transformation:
 *
 *   P(alive) C / (a - 1) [1 - (1 - z)^(a - 1) 2F1(a + b - r, a - 1; C; z)]
 *   C = a + b + x, z = t / (A + s + t)
 *
 * Large x cannot overflow that, and with e = a - 1 taken out of the bracket nothing is divided by
 * it: 2F1 = 1 + e H makes the bracket  -expm1(e ln(1 - z)) - e (1 - z)^e H. */
double rhythm_expected(const struct rhythm *r, double x, double tx, double s, double t)
{
	struct tempo p = rhythm_tempo(r, x, tx);
	double grown = p.base + s, z = t / (grown + t), l = -log1p(t / grown);
	double e = r->a - 1, c = r->a + r->b + x;
	double h = hypergeometric_slope(r->a + r->b - r->r, e, c, z);
	double direct = e == 0 ? -l : -expm1(e * l) / e;

	return tempo_alive(&p, s) * c * (direct - exp(e * l) * h);
}

/* lgamma() writes a global. */
static double log_gamma(double v)
{
	int sign;

	return lgamma_r(v, &sign);
}

static double log_add(double a, double b)
{
	double high = fmax(a, b), low = fmin(a, b);

	return isinf(low) ? high : high + log1p(exp(low - high));
}

double rhythm_log_likelihood(const struct rhythm *r, double x, double tx, double t)
{
	double n = r->r + x, base = r->alpha + tx;
	double gaps = log_gamma(n) - log_gamma(r->r) - r->r * log1p(tx / r->alpha) - x * log(base);
	double survived = -n * log1p((t - tx) / base);
	double stayed = log_gamma(r->b + x + 1) - log_gamma(r->b) + log_gamma(r->a + r->b) -
		log_gamma(r->a + r->b + x + 1);

	return gaps + stayed + log_add(survived, log(r->a) - log(r->b + x));
}
