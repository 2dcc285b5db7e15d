/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing two rhythms by whom they call silent. */
#include "fit/silent.h"
#include <math.h>

/* Days of silence after which a customer is silent. */
static double silent_after(const struct rhythm *r, double x, double tx)
{
	struct tempo t = rhythm_tempo(r, x, tx);

	return fmax(tempo_active_until(&t, r->window, SILENT_ACTIVE), tempo_median(&t));
}

struct silent_change silent_compare(const struct histories *h, const struct rhythm *now,
	const struct rhythm *then)
{
	struct silent_change c = { 0 };
	double all = 0;

	for (size_t i = 0; i < h->n; i++) {
		const struct history *w = &h->rows[i];
		double before = silent_after(now, w->x, w->tx), after = silent_after(then, w->x, w->tx);

		all += w->weight;
		c.now += w->t - w->tx >= before ? w->weight : 0;
		c.then += w->t - w->tx >= after ? w->weight : 0;
		c.moved += fabs(after - before) >= 1 ? w->weight : 0;
	}
	if (all > 0)
		c = (struct silent_change){ c.now / all, c.then / all, c.moved / all };
	return c;
}
