/* SPDX-License-Identifier: Apache-2.0 */
/* Rejects: the file of what was refused. */
#include "ctl/rejects.h"
#include <jansson.h>
#include "proto/json.h"

static void set(json_t *object, const char *name, json_t *value)
{
	if (object && value)
		(void)json_object_set_new(object, name, value);
}

static json_t *raw_to_json(struct span raw)
{
	json_t *value = json_loadb((const char *)raw.data, raw.size, 0, NULL);

	if (!value)
		value = json_stringn((const char *)raw.data, raw.size);
	return value ? value : json_string("(bytes that are not UTF-8)");
}

static void write_line(struct rejects *r, int64_t line, const char *code, const char *text,
	struct span raw, const struct event *event)
{
	json_t *o = json_object();

	set(o, "line", json_integer(line));
	set(o, "code", json_string(code));
	set(o, "text", json_string(text));
	if (event)
		set(o, "event", event_to_json(event));
	else if (raw.size)
		set(o, "event", raw_to_json(raw));
	if (!o || json_dumpf(o, r->file, JSON_COMPACT) || fputc('\n', r->file) == EOF)
		r->failed = true;
	json_decref(o);
}

void rejects_add(struct rejects *r, int64_t line, const char *code, const char *text,
	struct span raw, const struct event *event)
{
	if (++r->n <= REJECTS_TOLD_MAX)
		fprintf(stderr, "kith: line %lld rejected: %s: %s\n", (long long)line, code, text);
	if (r->n == REJECTS_TOLD_MAX + 1)
		fprintf(stderr, "kith: more lines are rejected%s%s\n", r->path ? "; all are in " : "",
			r->path ? r->path : "");
	if (!r->path || r->failed)
		return;
	if (!r->file)
		r->file = fopen(r->path, "w");
	if (!r->file) {
		fprintf(stderr, "kith: %s cannot be written: %m\n", r->path);
		r->failed = true;
		return;
	}
	write_line(r, line, code, text, raw, event);
}

int rejects_close(struct rejects *r)
{
	if (r->file && fclose(r->file))
		r->failed = true;
	r->file = NULL;
	return r->failed ? ERR_IO : 0;
}
