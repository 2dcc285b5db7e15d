/* SPDX-License-Identifier: Apache-2.0 */
/* What a field of an event must be, by its kind. In a header because who reads an event in one pass
 * (event_canonical.c) asks it of each field. */
#ifndef KITH_PROTO_EVENT_RULES_H
#define KITH_PROTO_EVENT_RULES_H
#include "proto/event_fields.h"

static inline bool text_holds(struct span *text, const struct event_field *f)
{
	if (text->size == 0) {
		if (!f->clearable)
			*text = (struct span){ 0 }; /* an empty text is the same as none */
		return !f->required;
	}
	return text->size <= f->max && bytes_are_plain_utf8(*text);
}

static inline bool amount_holds(const struct event *e, const struct event_field *f, int64_t amount)
{
	if (f->has && !*((const bool *)e + f->has))
		return true;
	return amount >= (f->negative ? -EVENT_AMOUNT_MAX : 0) && amount <= EVENT_AMOUNT_MAX;
}

static inline bool time_holds(const struct event_field *f, int64_t ms)
{
	if (ms == 0)
		return !f->required;
	return ms >= EVENT_TIME_MIN && ms <= EVENT_TIME_MAX;
}

static inline bool score_holds(double *score)
{
	*score += 0.0; /* makes -0 a 0, so that equal answers have equal bytes */
	return *score >= 0 && *score <= 10;
}

/* Whether F, which was given, keeps its rule; tidies what can be said in two ways. */
static inline bool field_holds(struct event *e, const struct event_field *f)
{
	void *at = field_of(e, f);

	switch ((enum field_kind)f->kind) {
	case FIELD_TEXT:
		return text_holds(at, f);
	case FIELD_AMOUNT:
		return amount_holds(e, f, *(int64_t *)at);
	case FIELD_TIME:
		return time_holds(f, *(int64_t *)at);
	case FIELD_ENUM:
	case FIELD_ANSWER:
		return *(uint8_t *)at < f->max && (*(uint8_t *)at || !f->required);
	case FIELD_SCORE:
		return score_holds(at);
	case FIELD_SEQUENCE:
		return *(uint64_t *)at - 1 < EVENT_SEQUENCE_MAX;
	}
	return false;
}

/* Rules between fields: NULL, or the sentence. */
const char *event_body_check(const struct event *e);

#endif
