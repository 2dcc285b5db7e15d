/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a snapshot as JSON, in the words of `kith show`. */
#include <stdio.h>
#include "proto/json.h"

static json_t *text(struct span s)
{
	return json_stringn((const char *)s.data, s.size);
}

/* {"stage": "repeat", …, "risk": ["silent"], "since": {"stage": …, "risk.silent": …}} */
static json_t *standing_to_json(const struct snapshot_row *r)
{
	json_t *out = json_object(), *risk = json_array(), *since = json_object();
	char id[8 + EVENT_TEXT_MAX];

	for (unsigned i = 0; i < r->n_places; i++) {
		const struct snapshot_place *p = &r->places[i];

		json_object_setn_new(out, (const char *)p->ladder.data, p->ladder.size, text(p->rung));
		json_object_setn_new(since, (const char *)p->ladder.data, p->ladder.size,
			json_integer(p->since_ms));
	}
	for (unsigned i = 0; i < r->n_risks; i++) {
		const struct snapshot_risk *k = &r->risks[i];
		int size = k->name.size < EVENT_TEXT_MAX ? (int)k->name.size : EVENT_TEXT_MAX;

		json_array_append_new(risk, text(k->name));
		snprintf(id, sizeof id, "risk.%.*s", size, (const char *)k->name.data);
		json_object_set_new(since, id, json_integer(k->since_ms));
	}
	json_object_set_new(out, "risk", risk);
	json_object_set_new(out, "since", since);
	return out;
}

static json_t *facts_to_json(const struct snapshot_row *r)
{
	return json_pack("{s:I,s:I,s:I,s:I,s:I}", "events", (json_int_t)r->events, "purchases",
		(json_int_t)r->purchases, "spent", (json_int_t)r->spent, "first_purchase",
		(json_int_t)r->first_purchase_ms, "last_purchase", (json_int_t)r->last_purchase_ms);
}

static void set_text(json_t *to, const char *name, struct span value)
{
	if (value.size)
		json_object_set_new(to, name, text(value));
}

json_t *snapshot_row_to_json(const struct snapshot_row *r, uint32_t shard, uint64_t as_of)
{
	json_t *out = json_object();
	char id[40];

	snprintf(id, sizeof id, "%u-%llu", shard, (unsigned long long)as_of);
	json_object_set_new(out, "customer", text(r->customer));
	json_object_set_new(out, "as_of", json_string(id));
	json_object_set_new(out, "standing", standing_to_json(r));
	set_text(out, "owner", r->owner);
	set_text(out, "region", r->region);
	set_text(out, "segment", r->segment);
	if (r->has_value)
		json_object_set_new(out, "value", json_integer(r->value));
	json_object_set_new(out, "facts", facts_to_json(r));
	json_object_set_new(out, "due", r->due_ms ? json_integer(r->due_ms) : json_null());
	json_object_set_new(out, "settled", json_integer(r->settled_ms));
	json_object_set_new(out, "lifecycle_version", json_integer(r->lifecycle_version));
	return out;
}
