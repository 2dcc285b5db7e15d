/* SPDX-License-Identifier: Apache-2.0 */
/* Making the report: everybody together, then each class around that. */
#include "ctl/fit_report.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "lifecycle/machine.h"
#include "lifecycle/quantity.h"

#define DAYS(time) ((time) / (double)DAY_MS)

/* In force now for CLASS, with times in days. */
static struct rhythm rhythm_now(const struct fit_report *p, int class)
{
	const struct machine *m = p->buyers.machine;
	struct rhythm r = RHYTHM_DEFAULT;

	if (m)
		r = p->settings->by == FIT_BY_CLASS && class > 0 ?
			m->classes.classes[class - 1].rhythm : m->rhythm;
	r.alpha = DAYS(r.alpha);
	r.window = DAYS(r.window);
	return r;
}

/* The one for the lifecycle file: days, within what the file allows. */
static struct rhythm rhythm_then(const struct fit_report *p, const struct fitted_class *k)
{
	const struct fitted *of = p->settings->prior ? &k->fit.map : &k->fit.likely;
	struct rhythm r = of->rhythm;

	r.alpha = fmin(fmax(r.alpha, DAYS(RHYTHM_TIME_MIN_MS)), DAYS(RHYTHM_TIME_MAX_MS));
	r.floor = RHYTHM_DEFAULT.floor;
	r.window = (double)p->settings->window;
	return r;
}

/* By the same window, so that what moves does so because of the fit. */
static int compare(const struct fit_report *p, struct fitted_class *k)
{
	struct histories h;
	int rc = buyers_histories(&p->buyers, k->class, SIZE_MAX, &h);

	k->now.window = k->then.window;
	if (rc == 0)
		k->change = silent_compare(&h, &k->now, &k->then);
	histories_fini(&h);
	return rc;
}

static int fit_class(struct fit_report *p, struct fitted_class *k, struct complaint *c)
{
	const struct rhythm *near = k == p->all ? NULL : &p->all[0].fit.map.rhythm;
	struct histories h;
	int rc = buyers_histories(&p->buyers, k->class, (size_t)p->settings->sample, &h);

	if (rc != 0)
		rc = complain(c, rc, "%s", err_text(rc));
	else
		rc = fit_histories(&h, near, NULL, &k->fit, c);
	histories_fini(&h);
	if (rc != 0)
		return rc;
	k->few = near && k->fit.customers < FIT_CLASS_MIN;
	k->now = rhythm_now(p, k->class);
	k->then = rhythm_then(p, k);
	rc = compare(p, k);
	return rc ? complain(c, rc, "%s", err_text(rc)) : 0;
}

/* ---- classes */

static void name_classes(struct fit_report *p)
{
	const struct machine *m = p->buyers.machine;

	for (unsigned i = 0; m && i < m->classes.n; i++) {
		struct fitted_class *k = &p->all[p->n++];

		k->class = (int)i + 1;
		rhythm_class_text(&m->classes.classes[i], k->name, sizeof k->name);
	}
}

struct value_count {
	const char *text;
	size_t n;
};

static int text_compare(const void *a, const void *b)
{
	return strcmp(((const struct value_count *)a)->text, ((const struct value_count *)b)->text);
}

static int count_compare(const void *a, const void *b)
{
	const struct value_count *p = a, *q = b;

	return p->n != q->n ? (p->n < q->n) - (p->n > q->n) : strcmp(p->text, q->text);
}

/* The values of TRAIT, most frequent first; how many. LIST has room for all buyers. */
static size_t find_values(const struct buyers *b, enum trait trait, struct value_count *list)
{
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < b->n; i++)
		if (b->rows[i].trait[trait])
			list[n++] = (struct value_count){ buyer_trait(b, &b->rows[i], trait), 1 };
	if (n > 0)
		qsort(list, n, sizeof *list, text_compare);
	for (size_t i = 0; i < n; i++) {
		if (kept > 0 && strcmp(list[kept - 1].text, list[i].text) == 0)
			list[kept - 1].n++;
		else
			list[kept++] = list[i];
	}
	if (kept > 0)
		qsort(list, kept, sizeof *list, count_compare);
	return kept;
}

/* The most frequent values become classes, as many as a file may have. */
static int classes_of_trait(struct fit_report *p, enum trait trait, struct complaint *c)
{
	struct buyers *b = &p->buyers;
	struct value_count *list = malloc((b->n + 1) * sizeof *list);
	bool quoted = trait == TRAIT_REGION || trait == TRAIT_SEGMENT;
	size_t n;

	if (!list)
		return complain(c, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	n = find_values(b, trait, list);
	n = n < CLASSES_MAX ? n : CLASSES_MAX;
	for (size_t i = 0; i < b->n; i++)
		b->rows[i].class = 0;
	for (size_t k = 0; k < n; k++) {
		struct fitted_class *class = &p->all[p->n++];

		class->class = (int)k + 1;
		snprintf(class->name, sizeof class->name, quoted ? "%s = \"%s\"" : "%s = %s",
			trait_name(trait), list[k].text);
		for (size_t i = 0; i < b->n; i++)
			if (strcmp(buyer_trait(b, &b->rows[i], trait), list[k].text) == 0)
				b->rows[i].class = (uint8_t)(k + 1);
	}
	free(list);
	return n > 0 ? 0 : complain(c, ERR_INVALID, "nobody's %s is told", trait_name(trait));
}

static int find_classes(struct fit_report *p, struct complaint *c)
{
	int by = p->settings->by, rc = 0;

	p->n = 1;
	p->all[0].class = CLASS_ANY;
	if (by == FIT_BY_NOTHING)
		return 0;
	p->n = 2; /* all others */
	if (by == FIT_BY_CLASS)
		name_classes(p);
	else
		rc = classes_of_trait(p, (enum trait)(by - FIT_BY_TRAIT), c);
	if (rc == 0 && p->n == 2)
		rc = complain(c, ERR_INVALID, "the lifecycle file has no rhythm for a class");
	return rc;
}

/* ---- spending */

const struct spend_fitted *fit_spend_chosen(const struct fit_report *p)
{
	return p->settings->prior ? &p->spend.map : &p->spend.likely;
}

bool fit_spend_is_known(const struct fit_report *p)
{
	return p->has_spend && p->spend.identified;
}

/* Customers of whom a day is expected to bring a tenth more or less than by what is in force. */
static double count_moves(const struct fit_report *p)
{
	const struct spend_fitted *s = fit_spend_chosen(p);
	struct value now = p->buyers.machine ? p->buyers.machine->value : VALUE_DEFAULT, then = now;
	double moved = 0;

	then.p = s->p;
	then.q = s->q;
	then.v = s->v;
	for (size_t i = 0; i < p->buyers.n; i++) {
		const struct buyer *b = &p->buyers.rows[i];
		double mean = b->money > 0 ? b->money / b->days : 0;
		double before = gamma_gamma_mean(&now, b->days, mean);

		moved += fabs(gamma_gamma_mean(&then, b->days, mean) - before) > .1 * before;
	}
	return moved;
}

/* A log without money, or in which all costs the same, has none to be fitted; that is no fault. */
static int fit_spending(struct fit_report *p, struct complaint *c)
{
	struct complaint why = { 0 };
	struct spenders s;
	int rc = buyers_spenders(&p->buyers, (size_t)p->settings->sample, &s);

	if (rc == 0)
		rc = spend_fit(&s, NULL, &p->spend, &why);
	spenders_fini(&s);
	p->has_spend = rc == 0;
	if (rc == 0)
		p->spend_moves = count_moves(p);
	return rc == 0 || rc == ERR_INVALID ? 0 : complain(c, rc, "%s", err_text(rc));
}

int fit_report_make(struct fit_report *p, struct complaint *c)
{
	int rc = find_classes(p, c);

	for (unsigned i = 0; i < p->n && rc == 0; i++)
		rc = fit_class(p, &p->all[i], c);
	return rc == 0 && p->settings->spend ? fit_spending(p, c) : rc;
}
