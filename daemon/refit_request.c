/* SPDX-License-Identifier: Apache-2.0 */
/* Being asked to fit, and telling how far it is and what came of it. */
#include <math.h>
#include "daemon/answer.h"
#include "daemon/daemon.h"

int refit_wish_parse(struct span json, bool *ret_start, struct refit_wish *ret, struct complaint *c)
{
	json_t *o = json.size ? json_loadb((const char *)json.data, json.size, JSON_REJECT_DUPLICATES,
		NULL) : json_object();
	int start = 0, apply = 0, force = 0;
	/* The ! refuses what else there is. */
	bool well = o && json_unpack(o, "{s?b,s?b,s?b!}", "start", &start, "apply", &apply, "force",
		&force) == 0;

	json_decref(o);
	*ret_start = start;
	*ret = (struct refit_wish){ .apply = apply, .force = force };
	if (!well)
		return complain(c, ERR_INVALID, "expected an object with start, apply and force, each "
			"true or false, or nothing");
	if ((apply && !start) || (force && !apply))
		return complain(c, ERR_INVALID, "apply goes with start, and force with apply");
	return 0;
}

/* ---- what came of it */

/* "" for the whole, or for a class of another file than the one in force. */
static json_t *class_name(const struct machine *m, unsigned class, char *text, size_t size)
{
	const struct rhythm_class *k = class && class <= m->classes.n ?
		&m->classes.classes[class - 1] : NULL;

	text[0] = '\0';
	if (k)
		rhythm_class_text(k, text, size);
	return json_string(text);
}

static json_t *rhythm_json(const struct rhythm *r)
{
	return json_pack("{s:f,s:f,s:f,s:f}", "r", r->r, "alpha", r->alpha, "a", r->a, "b", r->b);
}

static json_t *fitted_json(const struct fitted *f)
{
	json_t *o = rhythm_json(&f->rhythm);

	json_object_set_new(o, "log_likelihood", json_real(f->log_likelihood));
	json_object_set_new(o, "steps", json_integer(f->steps));
	return o;
}

/* alpha and gaps in days. */
static json_t *refit_json(const struct refit *f, const struct machine *m, unsigned class)
{
	char name[400];
	json_t *o = json_pack("{s:i,s:o,s:s,s:s,s:I,s:f,s:o}", "class", (int)class, "of",
		class_name(m, class, name, sizeof name), "reason", refit_reason_name(f->reason), "text",
		refit_reason_text(f->reason), "buyers", (json_int_t)f->seen, "fitted",
		f->fit.customers, "now", rhythm_json(&f->now));

	if (f->reason != REFIT_NOTHING)
		json_object_update_new(o, json_pack("{s:f,s:f,s:o,s:o,s:o,s:o,s:b,s:f,s:f,s:f,s:f}",
			"repeats", f->fit.repeats, "mean_gap", f->fit.mean_gap, "then",
			rhythm_json(&f->then), "prior", fitted_json(&f->fit.map), "likelihood",
			fitted_json(&f->fit.likely), "no_dropout", fitted_json(&f->fit.no_dropout),
			"dropout_identified", f->fit.dropout_identified, "gain", f->gain,
			"silent_now", f->change.now, "silent_then", f->change.then, "moved",
			f->change.moved));
	return o;
}

static json_t *spend_fitted_json(const struct spend_fitted *f)
{
	return json_pack("{s:f,s:f,s:f,s:f,s:i}", "p", f->p, "q", f->q, "v", f->v, "log_likelihood",
		f->log_likelihood, "steps", f->steps);
}

/* Money in minor units. */
static json_t *spend_json(const struct refit_spend *f)
{
	json_t *o = json_pack("{s:s,s:s,s:I,s:{s:f,s:f,s:f}}", "reason", refit_reason_name(f->reason), "text",
		refit_reason_text(f->reason), "customers", (json_int_t)f->fit.customers, "now", "p", f->p,
		"q", f->q, "v", f->v);

	if (f->reason != REFIT_NOTHING)
		json_object_update_new(o, json_pack("{s:I,s:f,s:f,s:o,s:o,s:f,s:b,s:f,s:f}", "repeaters",
			(json_int_t)f->fit.repeaters, "mean", f->fit.mean, "correlation",
			f->fit.correlation, "prior", spend_fitted_json(&f->fit.map), "likelihood",
			spend_fitted_json(&f->fit.likely), "all_alike", f->fit.all_alike, "identified",
			f->fit.identified, "gain", f->gain, "moved", f->moved));
	return o;
}

static json_t *outcome_json(const struct refit_outcome *o, const struct machine *now)
{
	static const struct machine other; /* whose classes nobody knows any more */
	const struct machine *m = o->lifecycle_version == now->version ? now : &other;
	json_t *fits = json_array();

	for (unsigned i = 0; i < o->n; i++)
		json_array_append_new(fits, refit_json(&o->list[i], m, i));
	return json_pack("{s:I,s:I,s:f,s:b,s:b,s:I,s:I,s:s,s:o,s:o}", "run", (json_int_t)o->run, "at",
		(json_int_t)o->at_ms, "seconds", o->seconds, "by_itself", o->by_itself, "applied",
		o->applied, "parameters_version", (json_int_t)o->parameters_version, "customers",
		(json_int_t)o->looked_at, "text", o->text, "fits", fits, "spend",
		o->n ? spend_json(&o->spend) : json_null());
}

static json_t *in_force_json(const struct daemon *d)
{
	const struct parameters *p = &d->parameters;
	const struct machine *m = d->lifecycle->machine;
	json_t *fits = json_array();
	char name[400];

	for (unsigned i = 0; m->fitted && i < p->n_fits; i++) {
		const struct fit_of_class *f = &p->fits[i];

		json_array_append_new(fits, json_pack("{s:i,s:o,s:f,s:f,s:f,s:f}", "class",
			(int)f->class, "of", class_name(m, f->class, name, sizeof name), "r", f->r,
			"alpha", f->alpha / (double)DAY_MS, "a", f->a, "b", f->b));
	}
	return json_pack("{s:I,s:I,s:b,s:I,s:o}", "version", (json_int_t)p->version, "since",
		(json_int_t)p->since_ms, "fitted", m->fitted, "fitted_at",
		(json_int_t)(m->fitted ? p->fitted_ms : 0), "fits", fits);
}

json_t *answer_judging(struct daemon *d, struct query *const *census)
{
	struct sweep sum = { 0 };
	bool on = false;

	for (unsigned i = 0; i < d->store.shards; i++) {
		const struct sweep *w = &census[i]->sweep;

		on = on || w->reasons != 0;
		sum.of += w->of;
		sum.visited += w->visited;
		sum.judged += w->judged;
		sum.moved += w->moved;
	}
	return json_pack("{s:b,s:I,s:I,s:I,s:I}", "under_way", on, "of", (json_int_t)sum.of, "visited",
		(json_int_t)sum.visited, "judged", (json_int_t)sum.judged, "moved",
		(json_int_t)sum.moved);
}

static json_t *answer_refit(struct daemon *d, struct query *const *census)
{
	const struct refitter *v = &d->refitter;
	const struct sample *s = v->page ? v->page->sample : NULL;
	uint64_t customers = 0;

	for (unsigned i = 0; i < d->store.shards; i++)
		customers += census[i]->meta.customers;
	return json_pack("{s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o,s:o,s:o,s:o}", "state",
		refit_state_name(v->state), "begun", (json_int_t)v->begun, "finished",
		(json_int_t)v->finished, "looked_at", (json_int_t)(s ? s->looked_at : 0), "customers",
		(json_int_t)customers, "classes_fitted", (json_int_t)atomic_load(&v->fitter.fitted),
		"classes", (json_int_t)(1 + d->lifecycle->machine->classes.n), "every",
		(json_int_t)d->config.refit_ms, "last", v->last.run ?
		outcome_json(&v->last, d->lifecycle->machine) : json_null(), "parameters",
		in_force_json(d), "judging", answer_judging(d, census), "money",
		answer_money(d));
}

void refit_request(struct daemon *d, const struct peer *peer, const struct request *r)
{
	struct refit_wish wish;
	struct complaint c = { 0 };
	bool start;
	int rc = refit_wish_parse(r->json, &start, &wish, &c);

	if (rc != 0)
		control_error(d, peer, r->number, "malformed", c.text);
	else if (!start)
		control_ask_all(d, peer, r, QUERY_CENSUS, answer_refit);
	else if (!daemon_takes_in(d))
		control_error(d, peer, r->number, "busy", "there is no room for what would follow");
	else if ((rc = refitter_begin(d, &wish)) != 0)
		control_error(d, peer, r->number, "busy", rc == ERR_BUSY ?
			"a fit is under way: kith fit --status" : err_text(rc));
	else
		control_json(d, peer, r->number, json_pack("{s:I}", "run",
			(json_int_t)d->refitter.begun));
}
