/* SPDX-License-Identifier: Apache-2.0 */
/* Fitting with NLopt. The surface is smooth with one long curved valley (r against alpha, a against
 * b), so BOBYQA, which models it as a quadratic, gets close from a few starts, and a subplex search
 * goes on from the best. */
#include "fit/fit.h"
#include <math.h>
#include <nlopt.h>
#include <stdlib.h>

#define PARAMETERS  4
#define STEPS_MAX   4000

/* The prior: logarithms are normal about these, alpha about 1.5 mean gaps. */
static const double prior_r = 0.85, prior_gaps = 1.5, prior_a = 0.6, prior_b = 1.0;
static const double prior_sd[PARAMETERS] = { 0.5, 0.8, 0.7, 0.7 };

void histories_fini(struct histories *h)
{
	free(h->rows);
	*h = (struct histories){ 0 };
}

int histories_add(struct histories *h, double x, double tx, double t)
{
	if (h->n == h->capacity) {
		size_t capacity = h->capacity ? 2 * h->capacity : 1024;
		struct history *rows = realloc(h->rows, capacity * sizeof *rows);

		if (!rows)
			return ERR_NOMEM;
		h->rows = rows;
		h->capacity = capacity;
	}
	h->rows[h->n++] = (struct history){ x, tx, t, 1 };
	return 0;
}

static int compare(double a, double b)
{
	return (a > b) - (a < b);
}

static int history_compare(const void *a, const void *b)
{
	const struct history *p = a, *q = b;
	int c = compare(p->x, q->x);

	c = c ? c : compare(p->tx, q->tx);
	return c ? c : compare(p->t, q->t);
}

void histories_fold(struct histories *h)
{
	size_t n = 0;

	if (h->n == 0)
		return;
	qsort(h->rows, h->n, sizeof *h->rows, history_compare);
	for (size_t i = 1; i < h->n; i++) {
		if (history_compare(&h->rows[i], &h->rows[n]) == 0)
			h->rows[n].weight += h->rows[i].weight;
		else
			h->rows[++n] = h->rows[i];
	}
	h->n = n + 1;
}

double fit_log_likelihood(const struct histories *h, const struct rhythm *r)
{
	double sum = 0;

	for (size_t i = 0; i < h->n; i++) {
		const struct history *w = &h->rows[i];

		sum += w->weight * rhythm_log_likelihood(r, w->x, w->tx, w->t);
	}
	return sum;
}

/* One search. */
struct search {
	const struct histories *histories;
	const double *centre; /* of the prior; NULL: none */
	const atomic_bool *give_up;
	nlopt_opt optimiser;  /* at work */
	int steps;
};

static bool is_given_up(const struct search *s)
{
	return s->give_up && atomic_load(s->give_up);
}

/* V holds ln r, ln alpha, and of four parameters ln a, ln b. */
static struct rhythm rhythm_of(const double *v, unsigned n)
{
	return (struct rhythm){ .r = exp(v[0]), .alpha = exp(v[1]), .a = n > 2 ? exp(v[2]) : 0,
				.b = n > 2 ? exp(v[3]) : 1 };
}

static double log_prior(const double *centre, const double *v, unsigned n)
{
	double sum = 0;

	for (unsigned i = 0; i < n; i++) {
		double away = (v[i] - centre[i]) / prior_sd[i];

		sum -= away * away / 2;
	}
	return sum;
}

static double log_posterior(unsigned n, const double *v, double *gradient, void *arg)
{
	struct search *s = arg;
	struct rhythm r = rhythm_of(v, n);
	double sum;

	(void)gradient; /* neither algorithm asks for one */
	if (is_given_up(s)) {
		nlopt_force_stop(s->optimiser);
		return 0;
	}
	sum = fit_log_likelihood(s->histories, &r);
	if (s->centre)
		sum += log_prior(s->centre, v, n);
	s->steps++;
	return sum;
}

/* Go on from V; returns how good it has become, -HUGE_VAL when the library has no memory. */
static double search_on(struct search *s, nlopt_algorithm algorithm, unsigned n, double *v,
	double step)
{
	double best = -HUGE_VAL;
	nlopt_opt o = nlopt_create(algorithm, n);

	if (!o)
		return best;
	s->optimiser = o;
	nlopt_set_max_objective(o, log_posterior, s);
	nlopt_set_lower_bounds1(o, log(RHYTHM_MIN));
	nlopt_set_upper_bounds1(o, log(RHYTHM_MAX));
	nlopt_set_initial_step1(o, step);
	nlopt_set_xtol_rel(o, 1e-8);
	nlopt_set_xtol_abs1(o, 1e-8);
	nlopt_set_maxeval(o, STEPS_MAX);
	/* "Rounding stops me" is a success too: V and BEST are the best point seen. */
	(void)nlopt_optimize(o, v, &best);
	nlopt_destroy(o);
	return best;
}

static const double starts[][PARAMETERS] = { /* added to the prior's centre */
	{ 0, 0, 0, 0 }, { -0.7, -1, 0.5, 1.5 }, { 0.7, 1, -2, 1 },
};

static int fit_one(struct search s, const double *centre, unsigned n, struct fitted *ret)
{
	double best = -HUGE_VAL, at[PARAMETERS] = { 0 };

	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
		double v[PARAMETERS], found;

		for (unsigned j = 0; j < n; j++)
			v[j] = fmin(fmax(centre[j] + starts[i][j], log(RHYTHM_MIN)), log(RHYTHM_MAX));
		found = search_on(&s, NLOPT_LN_BOBYQA, n, v, 0.5);
		if (!(found > best))
			continue;
		best = found;
		for (unsigned j = 0; j < n; j++)
			at[j] = v[j];
	}
	if (!isfinite(best) || !isfinite(search_on(&s, NLOPT_LN_SBPLX, n, at, 0.05)))
		return is_given_up(&s) ? ERR_CLOSED : ERR_NOMEM;
	if (is_given_up(&s))
		return ERR_CLOSED;
	ret->rhythm = rhythm_of(at, n);
	ret->log_likelihood = fit_log_likelihood(s.histories, &ret->rhythm);
	ret->steps = s.steps;
	return 0;
}

/* Sums over all customers; false when there is nothing to learn from them. */
static bool measure(const struct histories *h, struct fit *f)
{
	double returning = 0;

	*f = (struct fit){ 0 };
	for (size_t i = 0; i < h->n; i++) {
		const struct history *w = &h->rows[i];

		f->customers += w->weight;
		f->repeats += w->weight * w->x;
		returning += w->x > 0 ? w->weight * w->tx : 0;
	}
	f->mean_gap = f->repeats > 0 ? returning / f->repeats : 0;
	return f->mean_gap > 0;
}

static void judge_dropout(struct fit *f)
{
	const struct rhythm *r = &f->likely.rhythm;
	double gain = f->likely.log_likelihood - f->no_dropout.log_likelihood;

	f->dropout_identified = r->a / (r->a + r->b) >= FIT_DROPOUT_MIN && gain >= FIT_GAIN_MIN;
}

static void prior_centre(const struct fit *f, double centre[PARAMETERS])
{
	centre[0] = log(prior_r);
	centre[1] = log(prior_gaps * f->mean_gap);
	centre[2] = log(prior_a);
	centre[3] = log(prior_b);
}

double fit_log_posterior(const struct histories *h, const struct fit *f, const struct rhythm *r)
{
	const double v[] = { log(r->r), log(r->alpha), log(fmax(r->a, RHYTHM_MIN)), log(r->b) };
	double centre[PARAMETERS];

	prior_centre(f, centre);
	return fit_log_likelihood(h, r) + log_prior(centre, v, PARAMETERS);
}

int fit_histories(const struct histories *h, const atomic_bool *give_up, struct fit *ret_fit,
	struct complaint *c)
{
	struct search s = { .histories = h, .give_up = give_up };
	double centre[PARAMETERS];
	int rc;

	if (!measure(h, ret_fit))
		return complain(c, ERR_INVALID, "there is nothing to learn from %.0f customers: nobody "
			"came back on another day", ret_fit->customers);
	prior_centre(ret_fit, centre);
	rc = fit_one(s, centre, PARAMETERS, &ret_fit->likely);
	if (rc == 0)
		rc = fit_one(s, centre, 2, &ret_fit->no_dropout);
	s.centre = centre;
	if (rc == 0)
		rc = fit_one(s, centre, PARAMETERS, &ret_fit->map);
	if (rc != 0)
		return complain(c, rc, "%s", err_text(rc));
	judge_dropout(ret_fit);
	return 0;
}
