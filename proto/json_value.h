/* SPDX-License-Identifier: Apache-2.0 */
/* One field of an event as one JSON value, and the words for what was found instead. */
#ifndef KITH_PROTO_JSON_VALUE_H
#define KITH_PROTO_JSON_VALUE_H
#include "proto/event_fields.h"
#include "proto/json.h"

#define JSON_LABEL_MAX 48 /* "profile.expected_margin" */
#define JSON_FOUND_MAX 64

/* What V is, for a complaint: a short value as it was written, else "an object". */
const char *json_found(const json_t *v, char out[JSON_FOUND_MAX]);

/* Read V, which is not null, into field F of E, called LABEL in a complaint. Texts are copied
 * into A. Judges the JSON type; the value itself is for event_check_given(). */
int field_from_json(struct event *e, const struct event_field *f, const char *label,
	const json_t *v, struct arena *a, struct complaint *c);
/* A new reference, NULL when memory is out. */
json_t *field_to_json(const struct event *e, const struct event_field *f);

/* VALUE as a JSON integer where it is one, so that 3 is not printed as 3.0; else as a real.
 * NULL when it is not finite. */
json_t *json_of_double(double value);

/* Complain that KEY is no member of WHERE ("purchase"), naming the one of NAMES that was meant,
 * or all of them. Returns ERR_INVALID. */
int json_complain_unknown(struct complaint *c, const char *key, const char *where,
	const char *const *names, size_t n);

#endif
