/* SPDX-License-Identifier: Apache-2.0 */
/* Search: where a smooth function of a few numbers is greatest.
 *
 * BOBYQA, which models it as a quadratic, gets close from each start; a subplex search goes on from
 * the best of them. */
#ifndef KITH_FIT_SEARCH_H
#define KITH_FIT_SEARCH_H
#include <stdatomic.h>
#include <stddef.h>
#include "base/err.h"

#define SEARCH_PARAMETERS_MAX 4

struct search {
	unsigned n;                          /* numbers */
	double (*value)(const double *v, void *arg);
	void *arg;
	double low[SEARCH_PARAMETERS_MAX], high[SEARCH_PARAMETERS_MAX];
	const double (*starts)[SEARCH_PARAMETERS_MAX]; /* cut to what is allowed */
	size_t n_starts;
	const atomic_bool *give_up;          /* NULL: nobody does */
};

/* RET_AT has what is best, RET_STEPS how often the function was asked. 0; ERR_CLOSED when given up;
 * ERR_NOMEM. */
int search_maximum(const struct search *s, double *ret_at, int *ret_steps);

#endif
