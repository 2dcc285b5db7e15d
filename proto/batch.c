/* SPDX-License-Identifier: Apache-2.0 */
/* Batches: many events in one message, each read on its own so that a bad one harms no other. */
#include "proto/event_fields.h"

enum { BATCH_NUMBER = 1, BATCH_SOURCE = 2, BATCH_BACKFILL = 3, BATCH_EVENTS = 4 };

static int top_field(struct batch *b, const struct wire_field *f, struct complaint *c)
{
	static const uint8_t types[] = {
		[BATCH_NUMBER] = WIRE_VARINT, [BATCH_SOURCE] = WIRE_BYTES,
		[BATCH_BACKFILL] = WIRE_VARINT, [BATCH_EVENTS] = WIRE_BYTES,
	};

	if (f->type != types[f->number])
		return complain(c, ERR_INVALID,
			"field %u of the batch has another type than in kith.proto", f->number);
	switch (f->number) {
	case BATCH_NUMBER:
		b->number = f->value;
		break;
	case BATCH_SOURCE:
		b->source = f->bytes;
		break;
	case BATCH_BACKFILL:
		b->backfill = f->value != 0;
		break;
	case BATCH_EVENTS:
		if (++b->n_all > BATCH_EVENTS_MAX)
			return complain(c, ERR_TOOBIG, "a batch has at most %u events",
				BATCH_EVENTS_MAX);
		break;
	}
	return 0;
}

/* The fields of the batch itself, and how many events there are: bounds the work that follows. */
static int batch_read_top(struct batch *b, struct wire w, struct complaint *c)
{
	unsigned seen = 0, unknown = 0;
	struct wire_field f = { 0 };

	while (w.at < w.end) {
		int rc;

		if (!wire_read(&w, &f))
			return complain(c, ERR_INVALID, "the batch is not a protobuf message");
		if (f.number > BATCH_EVENTS) {
			if (++unknown > WIRE_UNKNOWN_MAX)
				return complain(c, ERR_INVALID,
					"the batch has more than %u unknown fields",
					WIRE_UNKNOWN_MAX);
			continue;
		}
		if (f.number != BATCH_EVENTS && (seen >> f.number & 1))
			return complain(c, ERR_INVALID, "field %u of the batch is given twice",
				f.number);
		seen |= 1u << f.number;
		rc = top_field(b, &f, c);
		if (rc)
			return rc;
	}
	return 0;
}

static bool batch_reject(struct batch *b, uint32_t index, enum reject code, const char *text,
	struct arena *a)
{
	if (!b->rejected) /* rare: room only for a batch that needs it */
		b->rejected = arena_alloc(a, (b->n_all - index) * sizeof *b->rejected);
	if (!b->rejected)
		return false;
	b->rejected[b->n_rejected++] = (struct rejection){ index, (uint8_t)code, text };
	return true;
}

static bool batch_read_events(struct batch *b, struct wire w, struct arena *a)
{
	struct wire_field f = { 0 };

	for (uint32_t index = 0; index < b->n_all;) {
		struct event *e = &b->events[b->n_events];
		const char *text;
		enum reject code;

		if (!wire_read(&w, &f))
			return false; /* cannot be: it was read before */
		if (f.number != BATCH_EVENTS)
			continue;
		code = event_decode(e, f.bytes, b->source, &text);
		if (code == REJECT_NONE)
			b->index[b->n_events++] = index;
		else if (!batch_reject(b, index, code, text, a))
			return false;
		index++;
	}
	return true;
}

int batch_decode(struct batch *b, const void *data, size_t size, struct arena *a,
	struct complaint *c)
{
	struct wire w = wire_of(span_of(data, size));
	int rc;

	memset(b, 0, sizeof *b);
	if (size > BATCH_BYTES_MAX)
		return complain(c, ERR_TOOBIG, "a batch has at most %u bytes", BATCH_BYTES_MAX);
	rc = batch_read_top(b, w, c);
	if (rc)
		return rc;
	b->events = arena_alloc(a, b->n_all * sizeof *b->events);
	b->index = arena_alloc(a, b->n_all * sizeof *b->index);
	if (!b->events || !b->index || !batch_read_events(b, w, a))
		return complain(c, ERR_NOMEM, "no memory for a batch of %u events", b->n_all);
	return 0;
}

static void event_append(struct buf *out, const struct event *e, struct span source)
{
	unsigned head = span_eq(e->source, source) ? HEAD_ALL & ~HEAD_BIT(SOURCE) : HEAD_ALL;
	uint8_t *p = buf_room(out, 1 + WIRE_HEAD_MAX + event_bound(e));

	if (!p)
		return;
	p = wire_put_tag(p, BATCH_EVENTS, WIRE_BYTES) + 1;
	p = wire_put_length(p, event_write(p, e, head));
	out->size = (size_t)(p - out->data);
}

void batch_encode(struct buf *out, uint64_t number, struct span source, bool backfill,
	const struct event *events, size_t n)
{
	uint8_t head[2 * 10], *p = head;

	if (number)
		p = put_varint(wire_put_tag(p, BATCH_NUMBER, WIRE_VARINT), number);
	buf_add(out, head, (size_t)(p - head));
	if (source.size > 0)
		wire_add_bytes(out, BATCH_SOURCE, source);
	if (backfill) {
		p = put_varint(wire_put_tag(head, BATCH_BACKFILL, WIRE_VARINT), 1);
		buf_add(out, head, (size_t)(p - head));
	}
	for (size_t i = 0; i < n; i++)
		event_append(out, &events[i], source);
}
