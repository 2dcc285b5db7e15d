/* SPDX-License-Identifier: Apache-2.0 */
/* The fit of spending. Searched for are ln p, ln (q - 1) and the logarithm of the mean of all,
 * p v / (q - 1): the last is what the data know best, and has little to do with the other two. */
#include "fit/spend.h"
#include <math.h>
#include <stdlib.h>
#include "base/room.h"
#include "fit/search.h"

/* The prior: logarithms are normal about the published figures of CDNOW (p 6.25, q 3.74) and the mean
 * of the customers' means. */
static const double prior_p = 6.25, prior_q_above_1 = 2.74;
static const double prior_sd[3] = { 0.7, 0.7, 0.5 };

void spenders_fini(struct spenders *s)
{
	free(s->rows);
	*s = (struct spenders){ 0 };
}

int spenders_add(struct spenders *s, double days, double money)
{
	struct spender *rows;

	if (!(days > 0 && money > 0))
		return 0;
	rows = room_for_one(s->rows, s->n, &s->capacity, 1024, sizeof *rows);
	if (!rows)
		return ERR_NOMEM;
	s->rows = rows;
	s->rows[s->n++] = (struct spender){ days, money / days };
	return 0;
}

double spend_log_likelihood(const struct spenders *s, const struct value *v)
{
	double sum = 0;

	for (size_t i = 0; i < s->n; i++)
		sum += gamma_gamma_log_likelihood(v, s->rows[i].days, s->rows[i].mean);
	return sum;
}

struct goal {
	const struct spenders *spenders;
	const double *centre; /* of the prior; NULL: none */
};

/* AT is ln p, ln (q - 1), ln mean. */
static struct value value_of(const double *at)
{
	double p = exp(at[0]), above = exp(at[1]);

	return (struct value){ .p = p, .q = 1 + above, .v = exp(at[2]) * above / p };
}

static double log_posterior(const double *at, void *arg)
{
	const struct goal *g = arg;
	struct value v = value_of(at);
	double sum = spend_log_likelihood(g->spenders, &v);

	for (unsigned i = 0; g->centre && i < 3; i++) {
		double away = (at[i] - g->centre[i]) / prior_sd[i];

		sum -= away * away / 2;
	}
	return sum;
}

/* Everybody spends about the same: the mean of n days is gamma of shape p n. AT is ln p, ln mean. */
static double log_alike(const double *at, void *arg)
{
	const struct goal *g = arg;
	double p = exp(at[0]), mean = exp(at[1]), sum = 0;
	int sign;

	for (size_t i = 0; i < g->spenders->n; i++) {
		const struct spender *s = &g->spenders->rows[i];
		double shape = p * s->days, rate = shape / mean;

		sum += shape * log(rate) - lgamma_r(shape, &sign) + (shape - 1) * log(s->mean) -
			rate * s->mean;
	}
	return sum;
}

/* The mean may be as far away as money goes. */
#define LOG_MEAN_SPAN 12.0

static int fit_one(const struct goal *g, const double *centre, const atomic_bool *give_up,
	struct spend_fitted *ret)
{
	const double starts[][SEARCH_PARAMETERS_MAX] = { { centre[0], centre[1], centre[2] },
		{ centre[0] - 1.5, centre[1] - 1.5, centre[2] },
		{ centre[0] + 1.5, centre[1] + 1, centre[2] } };
	struct search s = { .n = 3, .value = log_posterior, .arg = (void *)g,
		.low = { log(SPEND_MIN), log(SPEND_Q_MIN - 1), centre[2] - LOG_MEAN_SPAN },
		.high = { log(SPEND_MAX), log(SPEND_MAX - 1), centre[2] + LOG_MEAN_SPAN },
		.starts = starts, .n_starts = 3, .give_up = give_up };
	double at[SEARCH_PARAMETERS_MAX];
	struct value v;
	int rc = search_maximum(&s, at, &ret->steps);

	if (rc != 0)
		return rc;
	v = value_of(at);
	ret->p = v.p;
	ret->q = v.q;
	ret->v = v.v;
	ret->log_likelihood = spend_log_likelihood(g->spenders, &v);
	return 0;
}

static int fit_alike(const struct goal *g, const double *centre, const atomic_bool *give_up,
	double *ret)
{
	const double starts[][SEARCH_PARAMETERS_MAX] = { { 0, centre[2] } };
	struct search s = { .n = 2, .value = log_alike, .arg = (void *)g,
		.low = { log(SPEND_MIN), centre[2] - LOG_MEAN_SPAN },
		.high = { log(SPEND_MAX), centre[2] + LOG_MEAN_SPAN }, .starts = starts, .n_starts = 1,
		.give_up = give_up };
	double at[SEARCH_PARAMETERS_MAX];
	int steps, rc = search_maximum(&s, at, &steps);

	*ret = rc == 0 ? log_alike(at, (void *)g) : 0;
	return rc;
}

static void measure(const struct spenders *s, struct spend_fit *f)
{
	double days = 0, n = (double)s->n, days_2 = 0, mean_2 = 0, both = 0;

	*f = (struct spend_fit){ .customers = s->n };
	for (size_t i = 0; i < s->n; i++) {
		f->repeaters += s->rows[i].days > 1;
		f->mean += s->rows[i].mean / n;
		days += s->rows[i].days / n;
	}
	for (size_t i = 0; i < s->n; i++) {
		double x = s->rows[i].days - days, y = s->rows[i].mean - f->mean;

		days_2 += x * x;
		mean_2 += y * y;
		both += x * y;
	}
	f->correlation = days_2 > 0 && mean_2 > 0 ? both / sqrt(days_2 * mean_2) : 0;
}

int spend_fit(const struct spenders *s, const atomic_bool *give_up, struct spend_fit *ret,
	struct complaint *c)
{
	double centre[3];
	struct goal likelihood = { s, NULL }, posterior = { s, centre };
	int rc;

	if (s->n == 0)
		return complain(c, ERR_INVALID, "nobody has spent anything");
	measure(s, ret);
	centre[0] = log(prior_p);
	centre[1] = log(prior_q_above_1);
	centre[2] = log(ret->mean);
	rc = fit_one(&likelihood, centre, give_up, &ret->likely);
	if (rc == 0)
		rc = fit_one(&posterior, centre, give_up, &ret->map);
	if (rc == 0)
		rc = fit_alike(&likelihood, centre, give_up, &ret->all_alike);
	if (rc != 0)
		return complain(c, rc, "%s", err_text(rc));
	ret->identified = ret->repeaters >= SPEND_REPEATERS_MIN &&
		ret->likely.log_likelihood - ret->all_alike >= SPEND_GAIN_MIN;
	return 0;
}
