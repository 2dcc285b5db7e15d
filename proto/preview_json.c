/* SPDX-License-Identifier: Apache-2.0 */
/* What another lifecycle file would change, as JSON. */
#include "proto/json.h"

static json_t *sample_to_json(const struct preview_crowd *w)
{
	json_t *out = json_array();

	for (unsigned i = 0; i < w->n_sample; i++)
		json_array_append_new(out, json_stringn((const char *)w->sample[i].id,
			w->sample[i].size));
	return out;
}

static json_t *move_to_json(const struct preview_move *m)
{
	return json_pack("{s:s,s:s,s:s,s:I,s:o}", "of", m->of, "from", m->from, "to", m->to,
		"customers", (json_int_t)m->who.customers, "sample", sample_to_json(&m->who));
}

static json_t *type_to_json(const struct preview_type *t)
{
	json_t *out = json_pack("{s:s,s:I,s:I,s:o}", "type", t->type, "customers",
		(json_int_t)t->who.customers, "held", (json_int_t)t->held, "sample",
		sample_to_json(&t->who));

	if (t->severity)
		json_object_set_new(out, "severity", json_string(severity_name(t->severity)));
	if (t->follow_up[0])
		json_object_set_new(out, "opens", json_string(t->follow_up));
	return out;
}

json_t *preview_to_json(const struct preview_report *r)
{
	json_t *moves = json_array(), *types = json_array(), *facts = json_array();

	for (unsigned i = 0; i < r->n_moves; i++)
		json_array_append_new(moves, move_to_json(&r->moves[i]));
	for (unsigned i = 0; i < r->n_types; i++)
		json_array_append_new(types, type_to_json(&r->types[i]));
	for (unsigned i = 0; i < r->n_facts; i++)
		json_array_append_new(facts, json_string(r->facts[i]));
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:b,s:o,s:o,s:o}", "lifecycle_version",
		(json_int_t)r->lifecycle_version, "clock", (json_int_t)r->clock_ms, "customers",
		(json_int_t)r->customers, "moved", (json_int_t)r->moved, "damaged",
		(json_int_t)r->damaged, "left_out", (json_int_t)r->left_out, "hushed", r->hushed,
		"moves", moves, "announcements", types, "new_facts", facts);
}
