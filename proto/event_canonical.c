/* SPDX-License-Identifier: Apache-2.0 */
/* An event in canonical form: just as event_write() makes it, which is how kith's own clients and most
 * others send all of theirs. Then it is read, checked and hashed in one walk along the table, and what
 * it says need not be written again for its fingerprint, nor to be kept.
 *
 * What differs in the least (another order, a number that is longer than it need be, a field that says
 * nothing, a rule that is broken) is left to event_decode.c, which also has the words for it. */
#include "base/hash.h"
#include "proto/event_rules.h"

static inline const uint8_t *varint_take(const uint8_t *p, const uint8_t *end, uint64_t *ret_v)
{
	const uint8_t *next = wire_varint(p, end, ret_v);

	return next && (next[-1] != 0 || next - p == 1) ? next : NULL;
}

static inline const uint8_t *text_take(struct span *to, const struct event_field *f,
	const uint8_t *p, const uint8_t *end)
{
	uint64_t size;

	p = varint_take(p, end, &size);
	if (!p || size > (size_t)(end - p) || (size == 0 && !f->clearable))
		return NULL;
	*to = span_of(p, size);
	return text_holds(to, f) ? p + size : NULL;
}

static inline const uint8_t *score_take(double *to, const uint8_t *p, const uint8_t *end)
{
	if (end - p < 8)
		return NULL;
	memcpy(to, p, sizeof *to);
	return score_holds(to) && memcmp(to, p, sizeof *to) == 0 ? p + 8 : NULL; /* not -0 */
}

/* Take F, whose tag is behind. */
static inline const uint8_t *field_take(struct event *e, const struct event_field *f,
	const uint8_t *p, const uint8_t *end)
{
	void *to = field_of(e, f);
	uint64_t value;

	if (f->kind == FIELD_TEXT)
		return text_take(to, f, p, end);
	if (f->kind == FIELD_SCORE)
		return score_take(to, p, end);
	p = varint_take(p, end, &value);
	if (!p)
		return NULL;
	switch ((enum field_kind)f->kind) {
	case FIELD_ENUM:
		*(uint8_t *)to = (uint8_t)value;
		return value != 0 && value < f->max ? p : NULL;
	case FIELD_ANSWER:
		*(uint8_t *)to = value ? ANSWER_YES : ANSWER_NO;
		return value <= 1 ? p : NULL;
	case FIELD_AMOUNT:
		if (f->has)
			*((bool *)e + f->has) = true;
		break;
	default:
		if (value == 0)
			return NULL;
	}
	memcpy(to, &value, sizeof value);
	return field_holds(e, f) ? p : NULL;
}

/* Take the rows FROM … UPTO - 1 of PART; NULL unless all that it needs are there and in order. */
static const uint8_t *rows_take(struct event *e, const struct event_part *part, unsigned from,
	unsigned upto, const uint8_t *p, const uint8_t *end)
{
	for (unsigned i = from; p && i < upto; i++) {
		const struct event_field *f = &part->fields[i];

		if (p < end && *p == ((i + 1) << 3 | wire_type_of(f->kind)))
			p = field_take(e, f, p + 1, end);
		else if (f->required)
			return NULL;
	}
	return p;
}

/* The body is the last thing in the message. */
static bool body_take(struct event *e, const uint8_t *at, const uint8_t *end)
{
	const uint8_t *p;
	uint64_t tag, size;

	p = varint_take(at, end, &tag);
	if (!p || (tag & 7) != WIRE_BYTES || (tag >> 3) - EVENT_BODY_FIRST >= BODY_COUNT)
		return false;
	e->body = (uint8_t)((tag >> 3) - EVENT_BODY_FIRST);
	e->wire = span_of(at, (size_t)(end - at));
	p = varint_take(p, end, &size);
	if (!p || size != (size_t)(end - p))
		return false;
	return rows_take(e, &event_bodies[e->body], 0, event_bodies[e->body].n, p, end) == end &&
		!event_body_check(e);
}

bool event_take_canonical(struct event *e, struct span message, struct span batch_source)
{
	const uint8_t *p = message.data, *end = p + message.size, *said;

	if (message.size == 0 || message.size > EVENT_BYTES_MAX)
		return false;
	memset(e, 0, sizeof *e);
	if (*p == ((HEAD_SOURCE + 1) << 3 | WIRE_BYTES))
		p = rows_take(e, &event_head, HEAD_SOURCE, HEAD_ID, p, end);
	else
		e->source = batch_source;
	if (e->source.size == 0 || !text_holds(&e->source, &event_head.fields[HEAD_SOURCE]))
		return false;
	said = rows_take(e, &event_head, HEAD_ID, HEAD_CUSTOMER, p, end);
	p = rows_take(e, &event_head, HEAD_CUSTOMER, event_head.n, said, end);
	if (!p || !body_take(e, p, end))
		return false;
	e->fingerprint = hash_32(said, (size_t)(end - said));
	return true;
}
