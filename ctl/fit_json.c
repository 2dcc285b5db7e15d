/* SPDX-License-Identifier: Apache-2.0 */
/* The report of a fit as one line of JSON. */
#include "ctl/fit_report.h"

static json_t *fitted_json(const struct fit_report *p, const struct fit *f, const struct fitted *of)
{
	return json_pack("{s:f, s:f, s:f, s:f, s:f, s:i}", "r", of->rhythm.r, "alpha",
		fit_shown_alpha(p, of), "a", of->rhythm.a, "b", of->rhythm.b, "log_likelihood",
		fit_shown_likelihood(p, f, of), "steps", of->steps);
}

static void add_fit(json_t *o, const struct fit_report *p, const struct fitted_class *k)
{
	char block[FIT_BLOCK_MAX];

	fit_block(k, block, sizeof block);
	json_object_update_new(o, json_pack("{s:f, s:f, s:f, s:o, s:o, s:o, s:b, s:f, s:f, s:f, s:s}",
		"fitted", k->fit.customers, "repeats", k->fit.repeats, "mean_gap", k->fit.mean_gap,
		"likelihood", fitted_json(p, &k->fit, &k->fit.likely), "prior",
		fitted_json(p, &k->fit, &k->fit.map), "no_dropout",
		fitted_json(p, &k->fit, &k->fit.no_dropout), "dropout_identified",
		k->fit.dropout_identified, "silent_now", k->change.now, "silent_then", k->change.then,
		"moved", k->change.moved, "block", block));
}

static json_t *classes_json(const struct fit_report *p)
{
	json_t *out = json_array();

	for (unsigned i = 1; i < p->n; i++) {
		json_t *o = json_pack("{s:i, s:s, s:b}", "class", p->all[i].class, "of", p->all[i].name,
			"few", p->all[i].few);

		add_fit(o, p, &p->all[i]);
		json_array_append_new(out, o);
	}
	return out;
}

static json_t *spend_fitted_json(const struct spend_fitted *s)
{
	return json_pack("{s:f, s:f, s:f, s:f, s:i}", "p", s->p, "q", s->q, "v", s->v, "log_likelihood",
		s->log_likelihood, "steps", s->steps);
}

static json_t *spend_json(const struct fit_report *p)
{
	const struct spend_fit *f = &p->spend;

	if (!p->has_spend)
		return json_null();
	return json_pack("{s:I, s:I, s:f, s:f, s:o, s:o, s:f, s:b, s:f}", "customers",
		(json_int_t)f->customers, "repeaters", (json_int_t)f->repeaters, "mean", f->mean,
		"correlation", f->correlation, "likelihood", spend_fitted_json(&f->likely), "prior",
		spend_fitted_json(&f->map), "all_alike", f->all_alike, "identified", f->identified,
		"moved", p->buyers.n ? p->spend_moves / (double)p->buyers.n : 0);
}

void fit_report_json(const struct fit_report *p, FILE *out)
{
	char until[FIT_DAY_BYTES];
	json_t *o;

	fit_day(p->buyers.until, until);
	o = json_pack("{s:I, s:s, s:I, s:s, s:o}", "customers", (json_int_t)p->buyers.n, "until", until,
		"skipped", (json_int_t)p->buyers.skipped, "unit",
		p->settings->unit == UNIT_IN_WEEKS ? "week" : "day", "spend", spend_json(p));
	add_fit(o, p, &p->all[0]);
	if (p->n > 1)
		json_object_set_new(o, "classes", classes_json(p));
	if (o)
		json_dumpf(o, out, JSON_COMPACT);
	fputc('\n', out);
	json_decref(o);
}
