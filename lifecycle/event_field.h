/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of events, and filters over them: which events a fact of the file's own counts.
 *
 * A comparison with a field that was not said is false, whichever way it is turned, as in rules. */
#ifndef KITH_LIFECYCLE_EVENT_FIELD_H
#define KITH_LIFECYCLE_EVENT_FIELD_H
#include "base/event.h"
#include "base/notification.h"

/* The list itself is lifecycle/event_field.def. */
enum event_field {
#define NUMBER(name, body, unit, known, value) FIELD_##body##_##name,
#define NAMES(name, body, value, naming) FIELD_##body##_##name,
#define TEXT(name, body, value) FIELD_##body##_##name,
#include "lifecycle/event_field.def"
#undef NUMBER
#undef NAMES
#undef TEXT
	EVENT_FIELDS
};

#define BODY_EVENT BODY_COUNT /* events of every body */

/* One comparison of a filter. */
struct event_test {
	uint8_t field;    /* enum event_field */
	uint8_t op;       /* enum test_op: a number; OP_IN: names, or a text */
	bool prefix;      /* the text need only begin so: "till-*" */
	bool differs;     /* a text that is said and is not this one */
	double number;
	uint64_t names;   /* bit per enum value */
	struct span text;
};

/* What E says in a field that is a number or a name (its enum value); false: nothing, or E is of
 * another body. */
bool event_number(const struct event *e, enum event_field field, double *ret_value);
bool event_test_holds(const struct event_test *t, const struct event *e);

const char *event_field_name(enum event_field f);
enum body event_field_body(enum event_field f); /* BODY_EVENT: every one */
unsigned event_field_unit(enum event_field f);  /* enum unit; UNIT_NONE: a text */
const char *(*event_field_naming(enum event_field f))(unsigned); /* of UNIT_NAME */
/* The field that events of BODY have, or -1. */
int event_field_lookup(enum body body, struct span name);

#endif
