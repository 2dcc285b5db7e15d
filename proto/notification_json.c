/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications as JSON: the live feed, webhooks, the command line. */
#include <math.h>
#include <stdio.h>
#include "proto/json_value.h"

/* An object being filled; `failed` remembers the first member that memory was out for. */
struct object {
	json_t *json;
	bool failed;
};

static void set(struct object *o, const char *name, json_t *value)
{
	if (json_object_set_new(o->json, name, value) != 0)
		o->failed = true;
}

static void set_text(struct object *o, const char *name, struct span text)
{
	if (text.size > 0)
		set(o, name, json_stringn((const char *)text.data, text.size));
}

static void set_number(struct object *o, const char *name, int64_t number)
{
	if (number != 0)
		set(o, name, json_integer(number));
}

static void set_name(struct object *o, const char *name, const char *value)
{
	if (value)
		set(o, name, json_string(value));
}

static json_t *object_done(struct object *o)
{
	if (o->failed) {
		json_decref(o->json);
		return NULL;
	}
	return o->json;
}

static json_t *evidence_to_json(const struct evidence *e)
{
	struct object o = { .json = json_object() };

	set_text(&o, "fact", e->fact);
	set_text(&o, "test", e->test);
	if (e->known && e->unit == UNIT_NAME)
		set_text(&o, "text", e->text);
	else if (e->known && isfinite(e->value))
		set(&o, "value", json_of_double(e->value));
	set_name(&o, "unit", unit_name(e->unit));
	if (e->test.size)
		set(&o, "holds", json_boolean(e->holds));
	if (e->speaks)
		set(&o, "speaks", json_true());
	if (e->left)
		set(&o, "left", json_true());
	return object_done(&o);
}

static json_t *evidence_list(const struct evidence *list, unsigned n)
{
	struct object o = { .json = json_array() };

	for (unsigned i = 0; i < n; i++) {
		if (json_array_append_new(o.json, evidence_to_json(&list[i])) != 0)
			o.failed = true;
	}
	return object_done(&o);
}

static json_t *cause_to_json(const struct notification *n)
{
	struct object o = { .json = json_object() };

	set_text(&o, "source", n->cause_source);
	set_text(&o, "id", n->cause_id);
	return object_done(&o);
}

json_t *notification_to_json(const struct notification *n)
{
	struct object o = { .json = json_object() };
	char id[40];

	snprintf(id, sizeof id, "%u-%llu", n->shard, (unsigned long long)n->sequence);
	set(&o, "id", json_string(id));
	set_text(&o, "type", n->type);
	set_text(&o, "retracts", n->retracts);
	set_text(&o, "customer", n->customer);
	set_text(&o, "text", n->text);
	set_text(&o, "other", n->other);
	set_text(&o, "ladder", n->ladder);
	set_text(&o, "from", n->from);
	set_text(&o, "to", n->to);
	set_number(&o, "since", n->since_ms);
	set_number(&o, "at", n->at_ms);
	set_number(&o, "noticed", n->noticed_ms);
	set_text(&o, "rule", n->rule);
	set_number(&o, "lifecycle_version", n->lifecycle_version);
	set(&o, "evidence", evidence_list(n->evidence, n->n_evidence));
	if (n->n_context)
		set(&o, "context", evidence_list(n->context, n->n_context));
	set_number(&o, "parameters_version", n->parameters_version);
	set_name(&o, "severity", severity_name(n->severity));
	set_name(&o, "job", job_name(n->job));
	set_text(&o, "play", n->play);
	set_text(&o, "owner", n->owner);
	set_text(&o, "region", n->region);
	set_text(&o, "tier", n->tier);
	set_text(&o, "missing", n->missing);
	set_text(&o, "reason", n->reason);
	set_text(&o, "reason_group", n->reason_group);
	set_text(&o, "approach", n->approach);
	set_text(&o, "subject", n->subject);
	if (n->has_value)
		set(&o, "value", json_integer(n->value));
	if (n->has_potential)
		set(&o, "potential_value", json_integer(n->potential_value));
	set_number(&o, "replacement_cost", n->replacement_cost);
	if (n->cause_source.size > 0 || n->cause_id.size > 0)
		set(&o, "cause", cause_to_json(n));
	return object_done(&o);
}
