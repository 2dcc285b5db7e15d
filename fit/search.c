/* SPDX-License-Identifier: Apache-2.0 */
/* Searching with NLopt. */
#include "fit/search.h"
#include <math.h>
#include <nlopt.h>
#include <stdbool.h>
#include <string.h>

#define STEPS_MAX 4000

struct run {
	const struct search *search;
	nlopt_opt optimiser; /* at work */
	int steps;
};

static bool is_given_up(const struct search *s)
{
	return s->give_up && atomic_load(s->give_up);
}

static double value_at(unsigned n, const double *v, double *gradient, void *arg)
{
	struct run *r = arg;

	(void)n;
	(void)gradient; /* neither algorithm asks for one */
	if (is_given_up(r->search)) {
		nlopt_force_stop(r->optimiser);
		return 0;
	}
	r->steps++;
	return r->search->value(v, r->search->arg);
}

/* Go on from V; returns how good it has become, -HUGE_VAL when the library has no memory. */
static double search_on(struct run *r, nlopt_algorithm algorithm, double *v, double step)
{
	const struct search *s = r->search;
	double best = -HUGE_VAL;
	nlopt_opt o = nlopt_create(algorithm, s->n);

	if (!o)
		return best;
	r->optimiser = o;
	nlopt_set_max_objective(o, value_at, r);
	nlopt_set_lower_bounds(o, s->low);
	nlopt_set_upper_bounds(o, s->high);
	nlopt_set_initial_step1(o, step);
	nlopt_set_xtol_rel(o, 1e-8);
	nlopt_set_xtol_abs1(o, 1e-8);
	nlopt_set_maxeval(o, STEPS_MAX);
	/* "Rounding stops me" is a success too: V and BEST are the best point seen. */
	(void)nlopt_optimize(o, v, &best);
	nlopt_destroy(o);
	return best;
}

int search_maximum(const struct search *s, double *ret_at, int *ret_steps)
{
	struct run r = { .search = s };
	double best = -HUGE_VAL;

	for (size_t i = 0; i < s->n_starts; i++) {
		double v[SEARCH_PARAMETERS_MAX], found;

		for (unsigned j = 0; j < s->n; j++)
			v[j] = fmin(fmax(s->starts[i][j], s->low[j]), s->high[j]);
		found = search_on(&r, NLOPT_LN_BOBYQA, v, 0.5);
		if (!(found > best))
			continue;
		best = found;
		memcpy(ret_at, v, s->n * sizeof *v);
	}
	if (!isfinite(best) || !isfinite(search_on(&r, NLOPT_LN_SBPLX, ret_at, 0.05)))
		return is_given_up(s) ? ERR_CLOSED : ERR_NOMEM;
	*ret_steps = r.steps;
	return is_given_up(s) ? ERR_CLOSED : 0;
}
