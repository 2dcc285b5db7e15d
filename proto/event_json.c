/* SPDX-License-Identifier: Apache-2.0 */
/* Events from and to JSON, plain or in a CloudEvents envelope, by the table of fields.
 *
 *   {"source":"till-7","id":"41","customer":"anna","time":"2011-12-09T12:50:00Z",
 *    "channel":"store","purchase":{"order":"581587","amount":1200}} */
#include <assert.h>
#include <stdio.h>
#include "proto/json_value.h"

#define EVENT_JSON_BYTES_MAX (64u << 10)
#define EVENT_JSON_DEPTH_MAX 8
#define NAMES_MAX            32

/* One event being read. */
struct reading {
	struct event *e;
	struct arena *a;
	struct complaint *c;
	enum reject code; /* of the complaint */
	uint32_t head;    /* bit i: row i of the head was given */
	uint32_t body;    /* the same of the body */
};

#define refuse(r, reject, ...) ((r)->code = (reject), complain((r)->c, ERR_INVALID, __VA_ARGS__))

static int part_row(const struct event_part *part, const char *name)
{
	for (unsigned i = 0; i < part->n; i++) {
		if (strcmp(part->fields[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}

static int body_number(const char *name)
{
	for (unsigned i = 0; i < BODY_COUNT; i++) {
		if (strcmp(event_bodies[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}

/* Refuse member KEY of PART: of the event itself it may have been meant to be a body. */
static int unknown_member(struct reading *r, const struct event_part *part, const char *key,
	const json_t *value)
{
	const char *names[NAMES_MAX];
	size_t n = 0;

	assert(event_head.n + BODY_COUNT <= NAMES_MAX);
	for (unsigned i = 0; i < part->n; i++)
		names[n++] = part->fields[i].name;
	for (unsigned i = 0; !part->name && i < BODY_COUNT; i++)
		names[n++] = event_bodies[i].name;
	if (part->name)
		r->code = REJECT_BAD_BODY;
	else
		r->code = json_is_object(value) && r->e->body == BODY_COUNT ? REJECT_UNKNOWN_BODY
									     : REJECT_MALFORMED;
	return json_complain_unknown(r->c, key, part->name ? part->name : "the event", names, n);
}

static int row_take(struct reading *r, const struct event_part *part, unsigned row,
	uint32_t *given, const json_t *value)
{
	const struct event_field *f = &part->fields[row];
	char label[JSON_LABEL_MAX];
	int rc;

	if (*given >> row & 1)
		return refuse(r, REJECT_MALFORMED, "%s is given twice, in the envelope and in data",
			f->name);
	snprintf(label, sizeof label, "%s%s%s", part->name ? part->name : "", part->name ? "." : "",
		f->name);
	rc = field_from_json(r->e, f, label, value, r->a, r->c);
	if (rc)
		r->code = (enum reject)f->code;
	*given |= 1u << row;
	return rc;
}

static int body_take(struct reading *r, unsigned body, json_t *value)
{
	const struct event_part *part = &event_bodies[body];
	const char *key;
	json_t *member;

	if (r->e->body != BODY_COUNT)
		return refuse(r, REJECT_MALFORMED, "an event has one body; found %s and %s",
			event_bodies[r->e->body].name, part->name);
	if (!json_is_object(value))
		return refuse(r, REJECT_BAD_BODY, "%s must be an object with its fields",
			part->name);
	r->e->body = (uint8_t)body;
	json_object_foreach (value, key, member) {
		int row = part_row(part, key), rc;

		if (row < 0)
			return unknown_member(r, part, key, member);
		if (json_is_null(member))
			continue;
		rc = row_take(r, part, (unsigned)row, &r->body, member);
		if (rc)
			return rc;
	}
	return 0;
}

/* One member of an event object: a field of the head, or a body. */
static int member_take(struct reading *r, const char *key, json_t *value)
{
	int row = part_row(&event_head, key);

	if (row < 0 && body_number(key) < 0)
		return unknown_member(r, &event_head, key, value);
	if (json_is_null(value))
		return 0;
	if (row >= 0)
		return row_take(r, &event_head, (unsigned)row, &r->head, value);
	return body_take(r, (unsigned)body_number(key), value);
}

static int members_take(struct reading *r, json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach (object, key, value) {
		int rc = member_take(r, key, value);

		if (rc)
			return rc;
	}
	return 0;
}

/* Whether DATA is {"purchase":{…}} rather than the fields of a purchase. A complaint has a text
 * field called complaint: only an object is a body. */
static bool data_names_body(json_t *data)
{
	const char *key;
	json_t *value;

	json_object_foreach (data, key, value) {
		if (json_is_object(value) && body_number(key) >= 0)
			return true;
	}
	return false;
}

static int data_take(struct reading *r, json_t *data, const json_t *type)
{
	const char *name = json_is_string(type) ? json_string_value(type) : "";
	int body = strncmp(name, "kith.", 5) == 0 ? body_number(name + 5) : -1;

	if (!json_is_object(data))
		return refuse(r, REJECT_UNKNOWN_BODY,
			"data must be an object: {\"purchase\": {...}}");
	if (body >= 0 && !data_names_body(data))
		return body_take(r, (unsigned)body, data);
	return members_take(r, data);
}

/* The attributes of CloudEvents that are ours too. Others are extensions and not our business. */
static int envelope_read(struct reading *r, json_t *root)
{
	json_t *subject = json_object_get(root, "subject");
	json_t *version = json_object_get(root, "specversion");
	int rc = 0;

	if (!json_is_string(version) || strcmp(json_string_value(version), "1.0") != 0)
		return refuse(r, REJECT_MALFORMED, "specversion of the envelope is \"1.0\"");
	for (unsigned row = 0; row < event_head.n && rc == 0; row++) {
		json_t *value = json_object_get(root, event_head.fields[row].name);

		if (value && !json_is_null(value))
			rc = row_take(r, &event_head, row, &r->head, value);
	}
	if (rc == 0)
		rc = data_take(r, json_object_get(root, "data"), json_object_get(root, "type"));
	if (rc == 0 && !(r->head & HEAD_BIT(CUSTOMER)) && subject && !json_is_null(subject))
		rc = row_take(r, &event_head, HEAD_CUSTOMER, &r->head, subject);
	return rc;
}

/* Jansson descends by recursion: bound it before. */
static bool depth_is_bounded(const char *text, size_t size)
{
	unsigned depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < size; i++) {
		if (quoted && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && (text[i] == '{' || text[i] == '['))
			depth++;
		else if (!quoted && (text[i] == '}' || text[i] == ']') && depth > 0)
			depth--;
		if (depth > EVENT_JSON_DEPTH_MAX)
			return false;
	}
	return true;
}

static int text_parse(struct reading *r, const char *text, size_t size, json_t **ret_root)
{
	json_error_t wrong;

	*ret_root = NULL;
	if (size > EVENT_JSON_BYTES_MAX)
		return refuse(r, REJECT_TOO_LARGE, "an event has at most %u bytes of JSON",
			EVENT_JSON_BYTES_MAX);
	if (!depth_is_bounded(text, size))
		return refuse(r, REJECT_MALFORMED, "the event is nested too deeply");
	*ret_root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &wrong);
	if (!*ret_root) {
		(void)refuse(r, REJECT_MALFORMED, "not JSON: %.200s", wrong.text);
		if (r->c) {
			r->c->line = wrong.line;
			r->c->column = wrong.column;
		}
		return ERR_INVALID;
	}
	if (!json_is_object(*ret_root))
		return refuse(r, REJECT_MALFORMED, "an event is a JSON object");
	return 0;
}

static int event_judge(struct reading *r, struct span default_source)
{
	const char *text;

	if (r->e->source.size == 0)
		r->e->source = default_source;
	r->code = event_check_given(r->e, r->head | HEAD_BIT(SOURCE), r->body, &text);
	return r->code == REJECT_NONE ? 0 : complain(r->c, ERR_INVALID, "%s", text);
}

int event_from_json(struct event *e, const char *text, size_t size, struct span default_source,
	struct arena *a, struct complaint *c, enum reject *ret_code)
{
	struct reading r = { .e = e, .a = a, .c = c, .code = REJECT_NONE };
	json_t *root;
	int rc;

	memset(e, 0, sizeof *e);
	e->body = BODY_COUNT;
	rc = text_parse(&r, text, size, &root);
	if (rc == 0)
		rc = json_object_get(root, "specversion") ? envelope_read(&r, root)
							  : members_take(&r, root);
	json_decref(root);
	if (rc == 0)
		rc = event_judge(&r, default_source);
	if (ret_code)
		*ret_code = r.code;
	return rc;
}

static bool part_to_json(json_t *object, const struct event *e, const struct event_part *part)
{
	for (unsigned i = 0; i < part->n; i++) {
		const struct event_field *f = &part->fields[i];

		if (field_is_said(e, f) &&
			json_object_set_new(object, f->name, field_to_json(e, f)) != 0)
			return false;
	}
	return true;
}

json_t *event_to_json(const struct event *e)
{
	json_t *root = json_object(), *body = json_object();

	assert(e->body < BODY_COUNT);
	if (!root || !body || !part_to_json(root, e, &event_head) ||
		!part_to_json(body, e, &event_bodies[e->body]) ||
		json_object_set(root, event_bodies[e->body].name, body) != 0) {
		json_decref(root);
		root = NULL;
	}
	json_decref(body);
	return root;
}
