/* SPDX-License-Identifier: Apache-2.0 */
/* Judging a fit of spending. */
#include "fit/refit_spend.h"
#include <math.h>

static int spenders_of(const struct reservoir *r, struct spenders *ret)
{
	int rc = 0;

	*ret = (struct spenders){ 0 };
	for (uint32_t i = 0; i < r->n && rc == 0; i++)
		rc = spenders_add(ret, r->rows[i].x + 1, r->rows[i].money);
	return rc;
}

static struct value value_of(double p, double q, double v)
{
	return (struct value){ .p = p, .q = q, .v = v };
}

static void compare(const struct spenders *s, struct refit_spend *f)
{
	struct value now = value_of(f->p, f->q, f->v);
	struct value then = value_of(f->fit.map.p, f->fit.map.q, f->fit.map.v);

	if (f->v > 0)
		f->gain = spend_log_likelihood(s, &then) - spend_log_likelihood(s, &now);
	for (size_t i = 0; i < s->n; i++) {
		double before = gamma_gamma_mean(&now, s->rows[i].days, s->rows[i].mean);
		double after = gamma_gamma_mean(&then, s->rows[i].days, s->rows[i].mean);

		f->moved += fabs(after - before) > .1 * before ? 1.0 / (double)s->n : 0;
	}
}

static enum refit_reason judge(const struct refit_spend *f)
{
	if (f->fit.customers < REFIT_BUYERS_MIN || f->fit.repeaters < REFIT_RETURNS_MIN)
		return REFIT_FEW;
	if (!f->fit.identified)
		return REFIT_ALIKE;
	return f->v > 0 && f->gain < REFIT_GAIN_MIN ? REFIT_SAME : REFIT_WELL;
}

int refit_spend_make(const struct reservoir *r, const struct value *now, const atomic_bool *give_up,
	struct refit_spend *ret)
{
	struct complaint c = { 0 };
	struct spenders s;
	int rc = spenders_of(r, &s);

	*ret = (struct refit_spend){ .reason = REFIT_NOTHING, .p = now->p, .q = now->q, .v = now->v };
	if (rc == 0)
		rc = spend_fit(&s, give_up, &ret->fit, &c);
	if (rc == 0) {
		compare(&s, ret);
		ret->reason = judge(ret);
	}
	spenders_fini(&s);
	return rc == ERR_INVALID ? 0 : rc; /* nobody has spent anything */
}

/* As a value block may have them. */
static double within(double v, double least, double most)
{
	return fmin(fmax(v, least), most);
}

bool refit_spend_parameters(const struct refit_spend *f, const struct machine *m, bool force,
	struct parameters *p)
{
	if (f->reason != REFIT_WELL && !(force && f->reason == REFIT_FEW))
		return false;
	p->spend_for = m->spend_key;
	p->spend = (struct fit_of_spend){ .given = true, .p = within(f->fit.map.p, SPEND_MIN, SPEND_MAX),
		.q = within(f->fit.map.q, SPEND_Q_MIN, SPEND_MAX),
		.v = within(f->fit.map.v, 0, SPEND_SCALE_MAX) };
	return true;
}
