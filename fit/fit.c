/* SPDX-License-Identifier: Apache-2.0 */
/* The fit of the rhythm. The surface is smooth with one long curved valley (r against alpha, a against
 * b). */
#include "fit/fit.h"
#include <math.h>
#include <stdlib.h>
#include "base/room.h"
#include "fit/search.h"

#define PARAMETERS 4

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
	struct history *rows;

	rows = room_for_one(h->rows, h->n, &h->capacity, 1024, sizeof *rows);
	if (!rows)
		return ERR_NOMEM;
	h->rows = rows;
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

/* What is searched for: the logarithms of r, alpha, and of four parameters a and b. */
struct goal {
	const struct histories *histories;
	const double *centre; /* of the prior; NULL: none */
	unsigned n;
};

static struct rhythm rhythm_at(const double *v, unsigned n)
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

static double log_posterior(const double *v, void *arg)
{
	const struct goal *g = arg;
	struct rhythm r = rhythm_at(v, g->n);
	double sum = fit_log_likelihood(g->histories, &r);

	return g->centre ? sum + log_prior(g->centre, v, g->n) : sum;
}

static const double starts[][PARAMETERS] = { /* added to the prior's centre */
	{ 0, 0, 0, 0 }, { -0.7, -1, 0.5, 1.5 }, { 0.7, 1, -2, 1 },
};
#define STARTS (sizeof starts / sizeof *starts)

static int fit_one(struct goal g, const double *centre, const atomic_bool *give_up,
	struct fitted *ret)
{
	double at[SEARCH_PARAMETERS_MAX], from[STARTS][SEARCH_PARAMETERS_MAX];
	struct search s = { .n = g.n, .value = log_posterior, .arg = &g, .starts = from,
		.n_starts = STARTS, .give_up = give_up };
	int rc;

	for (unsigned j = 0; j < PARAMETERS; j++) {
		s.low[j] = log(RHYTHM_MIN);
		s.high[j] = log(RHYTHM_MAX);
		for (size_t i = 0; i < STARTS; i++)
			from[i][j] = centre[j] + starts[i][j];
	}
	rc = search_maximum(&s, at, &ret->steps);
	if (rc != 0)
		return rc;
	ret->rhythm = rhythm_at(at, g.n);
	ret->log_likelihood = fit_log_likelihood(g.histories, &ret->rhythm);
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

/* A prior's centre: a guess for any shop of that pace, or NEAR. */
static struct rhythm prior_of(const struct fit *f, const struct rhythm *near)
{
	struct rhythm guess = { .r = prior_r, .alpha = prior_gaps * f->mean_gap, .a = prior_a,
				.b = prior_b };

	return near ? *near : guess;
}

static void logarithms(const struct rhythm *r, double ret[PARAMETERS])
{
	ret[0] = log(r->r);
	ret[1] = log(r->alpha);
	ret[2] = log(fmax(r->a, RHYTHM_MIN));
	ret[3] = log(r->b);
}

double fit_log_posterior(const struct histories *h, const struct fit *f, const struct rhythm *r)
{
	double v[PARAMETERS], centre[PARAMETERS];

	logarithms(r, v);
	logarithms(&f->prior, centre);
	return fit_log_likelihood(h, r) + log_prior(centre, v, PARAMETERS);
}

/* What the data say by themselves; of those in whom nobody came back that is nothing. */
static int fit_likely(const struct histories *h, const double *centre, const atomic_bool *give_up,
	struct fit *f)
{
	struct goal g = { .histories = h, .n = PARAMETERS };
	int rc;

	f->likely = (struct fitted){ .rhythm = f->prior,
		.log_likelihood = fit_log_likelihood(h, &f->prior) };
	f->no_dropout = f->likely;
	if (f->repeats == 0)
		return 0;
	rc = fit_one(g, centre, give_up, &f->likely);
	g.n = 2;
	if (rc == 0)
		rc = fit_one(g, centre, give_up, &f->no_dropout);
	if (rc == 0)
		judge_dropout(f);
	return rc;
}

int fit_histories(const struct histories *h, const struct rhythm *near, const atomic_bool *give_up,
	struct fit *ret_fit, struct complaint *c)
{
	double centre[PARAMETERS];
	struct goal g = { .histories = h, .centre = centre, .n = PARAMETERS };
	int rc;

	if (!measure(h, ret_fit) && !near)
		return complain(c, ERR_INVALID, "there is nothing to learn from %.0f customers: nobody "
			"came back on another day", ret_fit->customers);
	ret_fit->prior = prior_of(ret_fit, near);
	logarithms(&ret_fit->prior, centre);
	rc = fit_likely(h, centre, give_up, ret_fit);
	if (rc == 0)
		rc = fit_one(g, centre, give_up, &ret_fit->map);
	return rc ? complain(c, rc, "%s", err_text(rc)) : 0;
}
