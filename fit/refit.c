/* SPDX-License-Identifier: Apache-2.0 */
/* Judging a fit. */
#include "fit/refit.h"
#include <math.h>
#include <string.h>

#define DAYS(ms) ((ms) / (double)DAY_MS)
#define GIVEN_OF_FIT 0xfu /* r, alpha, a, b among the settings of a block (parse_rhythm.c) */

static const struct {
	const char *name, *text;
} reasons[] = {
	[REFIT_WELL] = { "well", "it explains the customers better than what is in force" },
	[REFIT_NOTHING] = { "nothing", "nobody came back on another day: there is nothing to learn" },
	[REFIT_FEW] = { "few", "too few customers, or too few who came back, to go by" },
	[REFIT_AT_END] = { "at_end", "the pace is not identified: a parameter has run to the end of its "
		"range" },
	[REFIT_ALIKE] = { "alike", "how much customers differ in what they spend is not identified: the purchases "
		"do not tell people from chance" },
	[REFIT_SAME] = { "same", "what is in force explains the customers as well" },
};

const char *refit_reason_name(enum refit_reason r)
{
	return reasons[r].name;
}

const char *refit_reason_text(enum refit_reason r)
{
	return reasons[r].text;
}

static int histories_of(const struct reservoir *r, struct histories *ret)
{
	*ret = (struct histories){ 0 };
	for (uint32_t i = 0; i < r->n; i++) {
		const struct sampled *s = &r->rows[i];
		int rc = histories_add(ret, s->x, s->tx, s->t > s->tx ? s->t : s->tx);

		if (rc != 0)
			return rc;
	}
	histories_fold(ret);
	return 0;
}

static bool is_at_end(double v, double least, double most)
{
	return v <= least * 1.001 || v >= most / 1.001;
}

/* Drop-out that is not identified is told, and does not stand in the way: what silence is judged by does
 * not depend on it, and the prior keeps it small but above 0. */
static enum refit_reason judge(const struct refit *f)
{
	const struct rhythm *r = &f->fit.map.rhythm;

	if (f->fit.repeats == 0)
		return REFIT_NOTHING; /* a class: what comes out is the whole's */
	if (f->fit.customers < REFIT_BUYERS_MIN || f->fit.repeats < REFIT_RETURNS_MIN)
		return REFIT_FEW;
	if (is_at_end(r->r, RHYTHM_MIN, RHYTHM_MAX) ||
		is_at_end(r->alpha, DAYS(RHYTHM_TIME_MIN_MS), DAYS(RHYTHM_TIME_MAX_MS)))
		return REFIT_AT_END;
	if (f->gain < REFIT_GAIN_MIN)
		return REFIT_SAME;
	return REFIT_WELL;
}

/* As a rhythm block of a lifecycle file may have it. */
static struct rhythm then_of(const struct rhythm *found, const struct rhythm *now)
{
	struct rhythm r = *now;

	r.r = found->r;
	r.alpha = fmin(fmax(found->alpha, DAYS(RHYTHM_TIME_MIN_MS)), DAYS(RHYTHM_TIME_MAX_MS));
	r.a = found->a;
	r.b = found->b;
	return r;
}

int refit_make(const struct reservoir *r, const struct rhythm *now, const struct rhythm *near,
	const atomic_bool *give_up, struct refit *ret)
{
	struct complaint c = { 0 };
	struct histories h;
	int rc = histories_of(r, &h);

	*ret = (struct refit){ .seen = r->seen, .now = *now };
	ret->now.alpha = DAYS(now->alpha);
	ret->now.window = DAYS(now->window);
	ret->now.classes = NULL; /* nobody's machine is kept */
	ret->now.value = NULL;
	if (rc == 0)
		rc = fit_histories(&h, near, give_up, &ret->fit, &c);
	if (rc == 0) {
		ret->then = then_of(&ret->fit.map.rhythm, &ret->now);
		ret->gain = fit_log_posterior(&h, &ret->fit, &ret->then) -
			fit_log_posterior(&h, &ret->fit, &ret->now);
		ret->change = silent_compare(&h, &ret->now, &ret->then);
		ret->reason = judge(ret);
	} else if (rc == ERR_INVALID) {
		ret->reason = REFIT_NOTHING;
		rc = 0;
	}
	histories_fini(&h);
	return rc;
}

static bool is_taken(const struct refit *f, bool force)
{
	return f->reason == REFIT_WELL || (force && f->reason != REFIT_NOTHING);
}

static void add_fit(struct parameters *p, unsigned class, const struct rhythm *days)
{
	p->fits[p->n_fits++] = (struct fit_of_class){ .class = (uint8_t)class, .r = days->r,
		.alpha = days->alpha * (double)DAY_MS, .a = days->a, .b = days->b };
}

/* What P has of CLASS under M, if it has. */
static const struct fit_of_class *fit_in_force(const struct parameters *p, const struct machine *m,
	unsigned class)
{
	for (unsigned i = 0; p->fitted_for == m->rhythm_key && i < p->n_fits; i++)
		if (p->fits[i].class == class)
			return &p->fits[i];
	return NULL;
}

static bool goes_with_the_whole(const struct refit *f, const struct machine *m, unsigned class)
{
	return f->reason != REFIT_SAME && !(m->classes.classes[class - 1].given & GIVEN_OF_FIT);
}

bool refit_parameters(const struct refit *list, const struct machine *m, bool force,
	struct parameters *p)
{
	const struct parameters before = *p;
	bool whole = is_taken(&list[0], force), any = whole;

	for (unsigned i = 1; i <= m->classes.n; i++)
		any = any || is_taken(&list[i], force);
	if (!any)
		return false;
	p->n_fits = 0;
	p->fitted_for = m->rhythm_key;
	for (unsigned i = 0; i <= m->classes.n; i++) {
		const struct fit_of_class *kept = fit_in_force(&before, m, i);

		if (is_taken(&list[i], force))
			add_fit(p, i, &list[i].then);
		else if (i > 0 && whole && goes_with_the_whole(&list[i], m, i))
			add_fit(p, i, &list[0].then);
		else if (kept)
			p->fits[p->n_fits++] = *kept;
	}
	return true;
}
