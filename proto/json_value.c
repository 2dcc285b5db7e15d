/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of an event from and to JSON values, by their kind. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/zone.h"
#include "proto/json_value.h"

/* Copy TEXT, cut at a character where it is too long. */
static void copy_short(char out[JSON_FOUND_MAX], const char *text)
{
	size_t size = strlen(text);

	if (size < JSON_FOUND_MAX) {
		memcpy(out, text, size + 1);
		return;
	}
	size = JSON_FOUND_MAX - sizeof "...";
	while (size > 0 && ((uint8_t)text[size] & 0xc0) == 0x80)
		size--;
	memcpy(out, text, size);
	memcpy(out + size, "...", sizeof "...");
}

const char *json_found(const json_t *v, char out[JSON_FOUND_MAX])
{
	char *text;

	if (json_is_object(v))
		return "an object";
	if (json_is_array(v))
		return "a list";
	text = json_dumps(v, JSON_ENCODE_ANY);
	if (!text)
		return "something else";
	copy_short(out, text);
	free(text);
	return out;
}

static const char *kind_of(const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_OBJECT: return "an object";
	case JSON_ARRAY: return "a list";
	case JSON_STRING: return "text";
	case JSON_INTEGER:
	case JSON_REAL: return "a number";
	default: return "true or false";
	}
}

static int text_take(struct span *to, const char *label, const json_t *v, struct arena *a,
	struct complaint *c)
{
	size_t size;
	char *copy;

	if (!json_is_string(v))
		return complain(c, ERR_INVALID, "%s must be text, found %s", label, kind_of(v));
	size = json_string_length(v);
	copy = arena_alloc(a, size + 1); /* not NULL for an empty text: that may be a statement */
	if (!copy)
		return complain(c, ERR_NOMEM, "no memory for %s", label);
	memcpy(copy, json_string_value(v), size);
	*to = span_of(copy, size);
	return 0;
}

/* "-12": an optional minus and digits, nothing else. */
static bool decimal_take(int64_t *to, const char *s, size_t size)
{
	size_t i = size > 0 && s[0] == '-';
	int64_t v = 0;

	if (i == size)
		return false;
	for (; i < size; i++) {
		int digit = s[i] - '0';

		if (digit < 0 || digit > 9 || __builtin_mul_overflow(v, 10, &v) ||
			__builtin_sub_overflow(v, digit, &v)) /* below 0: reaches INT64_MIN */
			return false;
	}
	return s[0] == '-' ? (*to = v, true) : !__builtin_sub_overflow(0, v, to);
}

static int integer_take(int64_t *to, const char *label, const char *what, const json_t *v,
	struct complaint *c)
{
	char found[JSON_FOUND_MAX];

	if (json_is_integer(v)) {
		*to = json_integer_value(v);
		return 0;
	}
	if (json_is_string(v) && decimal_take(to, json_string_value(v), json_string_length(v)))
		return 0;
	return complain(c, ERR_INVALID, "%s is an integer%s; found %s", label, what,
		json_found(v, found));
}

static int time_take(int64_t *to, const char *label, const json_t *v, struct complaint *c)
{
	char found[JSON_FOUND_MAX];

	if (json_is_integer(v)) {
		*to = json_integer_value(v);
		return 0;
	}
	if (json_is_string(v) && time_parse(json_string_value(v), json_string_length(v), to) == 0)
		return 0;
	return complain(c, ERR_INVALID, "%s is a time, 1323435000000 (Unix ms) or "
		"\"2011-12-09T12:50:00Z\" (RFC 3339); found %s", label, json_found(v, found));
}

/* "store, web, app" into OUT. */
static void names_list(char *out, size_t size, const struct event_field *f)
{
	size_t used = 0;

	out[0] = '\0';
	for (unsigned v = 1; v < f->max && used < size; v++)
		used += (size_t)snprintf(out + used, size - used, "%s%s", v > 1 ? ", " : "",
			f->naming(v));
}

static int enum_take(uint8_t *to, const struct event_field *f, const char *label, const json_t *v,
	struct complaint *c)
{
	char found[JSON_FOUND_MAX], names[256];
	unsigned value = 0;

	if (json_is_integer(v) && json_integer_value(v) >= 0 && json_integer_value(v) < f->max) {
		*to = (uint8_t)json_integer_value(v);
		return 0;
	}
	if (json_is_string(v))
		value = name_lookup(f->naming, f->max,
			span_of(json_string_value(v), json_string_length(v)));
	if (value == 0) {
		names_list(names, sizeof names, f);
		return complain(c, ERR_INVALID, "%s is one of %s; found %s", label, names,
			json_found(v, found));
	}
	*to = (uint8_t)value;
	return 0;
}

static int answer_take(uint8_t *to, const char *label, const json_t *v, struct complaint *c)
{
	char found[JSON_FOUND_MAX];

	if (!json_is_boolean(v))
		return complain(c, ERR_INVALID, "%s is true or false; found %s", label,
			json_found(v, found));
	*to = json_is_true(v) ? ANSWER_YES : ANSWER_NO;
	return 0;
}

static int score_take(double *to, const char *label, const json_t *v, struct complaint *c)
{
	char found[JSON_FOUND_MAX];

	if (!json_is_number(v))
		return complain(c, ERR_INVALID, "%s is a number from 0 to 10; found %s", label,
			json_found(v, found));
	*to = json_number_value(v);
	return 0;
}

int field_from_json(struct event *e, const struct event_field *f, const char *label,
	const json_t *v, struct arena *a, struct complaint *c)
{
	void *to = field_of(e, f);

	if (f->has)
		*((bool *)e + f->has) = true;
	switch ((enum field_kind)f->kind) {
	case FIELD_TEXT:
		return text_take(to, label, v, a, c);
	case FIELD_AMOUNT:
		return integer_take(to, label, " in minor units", v, c);
	case FIELD_SEQUENCE:
		return integer_take(to, label, "", v, c);
	case FIELD_TIME:
		return time_take(to, label, v, c);
	case FIELD_ENUM:
		return enum_take(to, f, label, v, c);
	case FIELD_ANSWER:
		return answer_take(to, label, v, c);
	case FIELD_SCORE:
		return score_take(to, label, v, c);
	}
	return ERR_INVALID;
}

json_t *json_of_double(double value)
{
	if (fabs(value) < 9007199254740992.0 && value == (double)(int64_t)value) /* 2^53 */
		return json_integer((int64_t)value);
	return json_real(value);
}

json_t *field_to_json(const struct event *e, const struct event_field *f)
{
	const void *at = field_in(e, f);
	const struct span *text = at;
	uint8_t v = *(const uint8_t *)at;

	switch ((enum field_kind)f->kind) {
	case FIELD_TEXT:
		return json_stringn((const char *)text->data, text->size);
	case FIELD_ENUM:
		return v < f->max ? json_string(f->naming(v)) : json_integer(v);
	case FIELD_ANSWER:
		return json_boolean(v == ANSWER_YES);
	case FIELD_SCORE:
		return json_of_double(*(const double *)at);
	default:
		return json_integer((json_int_t)get_le64(at));
	}
}
