/* SPDX-License-Identifier: Apache-2.0 */
/* Reading fields of events. */
#include <assert.h>
#include "lifecycle/event_field.h"
#include "lifecycle/judge.h"

static const struct {
	const char *name;
	uint8_t body, unit;
	const char *(*naming)(unsigned);
} fields[EVENT_FIELDS] = {
#define NUMBER(name, body, unit, known, value) { #name, BODY_##body, UNIT_##unit, NULL },
#define NAMES(name, body, value, naming) { #name, BODY_##body, UNIT_NAME, naming },
#define TEXT(name, body, value) { #name, BODY_##body, UNIT_NONE, NULL },
#include "lifecycle/event_field.def"
#undef NUMBER
#undef NAMES
#undef TEXT
};

const char *event_field_name(enum event_field f)
{
	return fields[f].name;
}

enum body event_field_body(enum event_field f)
{
	return (enum body)fields[f].body;
}

unsigned event_field_unit(enum event_field f)
{
	return fields[f].unit;
}

const char *(*event_field_naming(enum event_field f))(unsigned)
{
	return fields[f].naming;
}

int event_field_lookup(enum body body, struct span name)
{
	for (int f = 0; f < EVENT_FIELDS; f++)
		if ((fields[f].body == body || fields[f].body == BODY_EVENT) &&
		    span_eq(span_str(fields[f].name), name))
			return f;
	return -1;
}

static bool is_of_body(const struct event *e, enum event_field f)
{
	return fields[f].body == BODY_EVENT || fields[f].body == e->body;
}

bool event_number(const struct event *e, enum event_field field, double *ret_value)
{
	if (!is_of_body(e, field))
		return false;
	switch (field) {
#define NUMBER(name, body, unit, known, value) \
	case FIELD_##body##_##name: *ret_value = (double)(value); return known;
#define NAMES(name, body, value, naming) \
	case FIELD_##body##_##name: *ret_value = (double)(value); return (value) != 0;
#define TEXT(name, body, value) case FIELD_##body##_##name: return false;
#include "lifecycle/event_field.def"
#undef NUMBER
#undef NAMES
#undef TEXT
	case EVENT_FIELDS: break;
	}
	assert(!"not a field");
}

static struct span event_text(const struct event *e, enum event_field field)
{
	struct span none = span_of("", 0);

	if (!is_of_body(e, field))
		return none;
	switch (field) {
#define NUMBER(name, body, unit, known, value) case FIELD_##body##_##name: return none;
#define NAMES(name, body, value, naming) case FIELD_##body##_##name: return none;
#define TEXT(name, body, value) case FIELD_##body##_##name: return value;
#include "lifecycle/event_field.def"
#undef NUMBER
#undef NAMES
#undef TEXT
	case EVENT_FIELDS: break;
	}
	assert(!"not a field");
}

static bool text_holds(const struct event_test *t, struct span text)
{
	bool same = t->prefix ? text.size >= t->text.size &&
			memcmp(text.data, t->text.data, t->text.size) == 0
		: span_eq(text, t->text);

	return text.size > 0 && same != t->differs;
}

bool event_test_holds(const struct event_test *t, const struct event *e)
{
	struct law law = { .kind = LAW_CONST };
	struct comparison c = { &law, t->number, t->op };

	if (fields[t->field].unit == UNIT_NONE)
		return text_holds(t, event_text(e, t->field));
	if (!event_number(e, t->field, &law.c))
		return false;
	return t->op == OP_IN ? t->names >> (unsigned)law.c & 1 : comparison_holds(&c, 0);
}
