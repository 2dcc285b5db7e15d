/* SPDX-License-Identifier: Apache-2.0 */
/* What is in force, as JSON, and what is to be from now on, checked as bytes are. */
#include <inttypes.h>
#include "base/clock.h"
#include "daemon/daemon.h"
#include "daemon/parameters.h"

#define KEY_BYTES 17

/* A JSON number has no room for 64 bits. */
static void key_text(uint64_t key, char out[KEY_BYTES])
{
	snprintf(out, KEY_BYTES, "%016" PRIx64, key);
}

static json_t *fits_json(const struct parameters *p)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < p->n_fits; i++) {
		const struct fit_of_class *f = &p->fits[i];

		json_array_append_new(list, json_pack("{s:i,s:f,s:f,s:f,s:f}", "class", (int)f->class,
			"r", f->r, "alpha", f->alpha, "a", f->a, "b", f->b));
	}
	return list;
}

static json_t *cuts_json(const struct parameters *p)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < p->n_cuts; i++)
		json_array_append_new(list, json_pack("{s:s,s:f,s:f}", "quantity", p->cuts[i].quantity,
			"top", p->cuts[i].share, "least", p->cuts[i].bound));
	return list;
}

/* "fitted": whether the file in force lets them speak. */
static json_t *parameters_json(const struct daemon *d)
{
	const struct machine *m = d->lifecycle->machine;
	const struct parameters *p = &d->parameters;
	json_t *out, *spend = json_null();
	char key[KEY_BYTES];

	key_text(m->rhythm_key, key);
	if (p->spend.given)
		spend = json_pack("{s:f,s:f,s:f}", "p", p->spend.p, "q", p->spend.q, "v", p->spend.v);
	out = json_pack("{s:i,s:I,s:s,s:i,s:o,s:b,s:o,s:b,s:o}", "parameters_version", (int)p->version,
		"since", (json_int_t)p->since_ms, "rhythm_for", key, "classes", (int)m->classes.n, "fits",
		fits_json(p), "fitted", m->fitted, "spend", spend, "spend_fitted", m->spend_fitted, "cuts",
		cuts_json(p));
	return out;
}

/* ---- given */

static bool take_fit(json_t *json, struct parameters *p)
{
	struct fit_of_class *f = &p->fits[p->n_fits++];
	int class;

	if (json_unpack(json, "{s:i,s:F,s:F,s:F,s:F}", "class", &class, "r", &f->r, "alpha",
		&f->alpha, "a", &f->a, "b", &f->b) != 0 || class < 0 || class > CLASSES_MAX)
		return false;
	f->class = (uint8_t)class;
	return true;
}

static bool take_fits(json_t *fits, const struct machine *m, struct parameters *p)
{
	json_t *fit;
	size_t i;

	if (!fits)
		return true;
	if (!json_is_array(fits) || json_array_size(fits) > CLASSES_MAX + 1)
		return false;
	p->n_fits = 0;
	p->fitted_ms = clock_wall_ms();
	p->fitted_for = m->rhythm_key;
	json_array_foreach(fits, i, fit)
		if (!take_fit(fit, p))
			return false;
	return true;
}

static bool take_spend(json_t *spend, const struct machine *m, struct parameters *p)
{
	if (!spend)
		return true;
	p->spend = (struct fit_of_spend){ .given = !json_is_null(spend) };
	p->spend_for = p->spend.given ? m->spend_key : 0;
	return !p->spend.given || json_unpack(spend, "{s:F,s:F,s:F}", "p", &p->spend.p, "q",
		&p->spend.q, "v", &p->spend.v) == 0;
}

/* Whoever writes what cannot be read back stops the daemon at its next start. */
static bool may_be(const struct parameters *p)
{
	struct parameters again;
	struct buf bytes = { 0 };
	bool well;

	parameters_encode(&bytes, p);
	well = !bytes.failed && parameters_decode(&again, span_of(bytes.data, bytes.size)) == 0;
	buf_fini(&bytes);
	return well;
}

static bool is_for(const json_t *wanted, const struct machine *m)
{
	char key[KEY_BYTES];

	key_text(m->rhythm_key, key);
	return !wanted || (json_is_string(wanted) && strcmp(json_string_value(wanted), key) == 0);
}

static void give(struct daemon *d, const struct peer *peer, const struct request *r, json_t *json)
{
	const struct machine *m = d->lifecycle->machine;
	json_t *fits = json_object_get(json, "fits"), *spend = json_object_get(json, "spend");
	struct parameters p = d->parameters;
	struct complaint c = { 0 };

	if ((!fits && !spend) || !take_fits(fits, m, &p) || !take_spend(spend, m, &p) || !may_be(&p))
		control_error(d, peer, r->number, "malformed", "expected fits with class, r, alpha in "
			"ms, a and b as a rhythm block may have them, or spend with p, q and v as a value "
			"block may");
	else if (!is_for(json_object_get(json, "for"), m))
		control_error(d, peer, r->number, "other_file", "the rhythms of the file in force, or their "
			"classes, are not those that the fit was made for");
	else if (!daemon_fires(d) || inputs_parameters(d, &p, &c) != 0)
		control_error(d, peer, r->number, "busy",
			c.text[0] ? c.text : "nothing can be written for now");
	else
		control_when_in_force(d, peer, r->number, json_pack("{s:i,s:i}",
			"parameters_version", (int)p.version, "fits", (int)p.n_fits));
}

void parameters_request(struct daemon *d, const struct peer *peer, const struct request *r)
{
	json_t *json;

	if (r->json.size == 0) {
		control_json(d, peer, r->number, parameters_json(d));
		return;
	}
	json = json_loadb((const char *)r->json.data, r->json.size, 0, NULL);
	give(d, peer, r, json);
	json_decref(json);
}
