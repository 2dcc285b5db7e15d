/* SPDX-License-Identifier: Apache-2.0 */
/* What an event must be to be taken, whatever it came from: the wire, JSON, a file of columns. */
#include <assert.h>
#include "base/hash.h"
#include "proto/event_fields.h"

static bool text_holds(struct span *text, const struct event_field *f)
{
	if (text->size == 0) {
		if (!f->clearable)
			*text = (struct span){ 0 }; /* an empty text is the same as none */
		return !f->required;
	}
	return text->size <= f->max && bytes_are_plain_utf8(*text);
}

static bool amount_holds(const struct event *e, const struct event_field *f, int64_t amount)
{
	if (f->has && !*((const bool *)e + f->has))
		return true;
	return amount >= (f->negative ? -EVENT_AMOUNT_MAX : 0) && amount <= EVENT_AMOUNT_MAX;
}

static bool time_holds(const struct event_field *f, int64_t ms)
{
	if (ms == 0)
		return !f->required;
	return ms >= EVENT_TIME_MIN && ms <= EVENT_TIME_MAX;
}

static bool score_holds(double *score)
{
	*score += 0.0; /* makes -0 a 0, so that equal answers have equal bytes */
	return *score >= 0 && *score <= 10;
}

static bool field_holds(struct event *e, const struct event_field *f)
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

/* A market event that names nobody is for everybody it covers. */
static bool may_be_absent(const struct event *e, const struct event_field *f)
{
	return f == &event_head.fields[HEAD_CUSTOMER] && e->body == BODY_MARKET &&
		e->customer.size == 0;
}

/* The first field of PART whose rule is broken, or NULL. */
static const struct event_field *part_check(struct event *e, const struct event_part *part,
	uint32_t given)
{
	for (unsigned i = 0; i < part->n; i++) {
		const struct event_field *f = &part->fields[i];

		if (given >> i & 1 ? !field_holds(e, f) : f->required)
			if (!may_be_absent(e, f))
				return f;
	}
	return NULL;
}

/* Rules between fields. */
static const char *body_check(const struct event *e)
{
	if (e->body == BODY_WALLET && e->as.wallet.to_ms <= e->as.wallet.from_ms)
		return "wallet.to must be later than wallet.from";
	if (e->body == BODY_READINESS) {
		for (unsigned i = 0; i < FACTOR_COUNT; i++) {
			if (e->as.readiness.factor[i] != ANSWER_NONE)
				return NULL;
		}
		return "readiness says nothing: need, desire, ability, authority, timing, "
		       "awareness, recognition or trust is required";
	}
	return NULL;
}

/* The hash of the canonical form without what names the event: a resend has the same. */
static uint32_t event_fingerprint(const struct event *e)
{
	uint8_t bytes[EVENT_ENCODED_MAX];
	const unsigned said = HEAD_BIT(CUSTOMER) | HEAD_BIT(TIME) | HEAD_BIT(CHANNEL);
	uint8_t *end = event_write(bytes, e, said);

	assert(end <= bytes + sizeof bytes);
	return hash_32(bytes, (size_t)(end - bytes));
}

enum reject event_check_given(struct event *e, uint32_t head, uint32_t body,
	const char **ret_text)
{
	const struct event_field *broken = part_check(e, &event_head, head);

	if (!broken && e->body >= BODY_COUNT) {
		*ret_text = "the event has no body, or one that this version does not know";
		return REJECT_UNKNOWN_BODY;
	}
	if (!broken)
		broken = part_check(e, &event_bodies[e->body], body);
	if (broken) {
		*ret_text = broken->rule;
		return (enum reject)broken->code;
	}
	*ret_text = body_check(e);
	if (*ret_text)
		return REJECT_BAD_BODY;
	e->fingerprint = event_fingerprint(e);
	return REJECT_NONE;
}

enum reject event_check(struct event *e, const char **ret_text)
{
	uint32_t head = e->sequence ? HEAD_ALL : HEAD_ALL & ~HEAD_BIT(SEQUENCE);

	return event_check_given(e, head, ~0u, ret_text);
}
