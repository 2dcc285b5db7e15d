/* SPDX-License-Identifier: Apache-2.0 */
/* The payload of a journal frame, to and from an input.
 *
 *   every type  0  u8  version (1)      BATCH      24  u32 refused events, n
 *               1  u8  flags (1: backfill,         28  u32 × n their indexes in the batch
 *                      2: forget the name)             the Batch message as received
 *               2  u16 0, u32 0         TIME       24  u32 due, u32 sweep (per shard)
 *               8  i64 taken_ms         LIFECYCLE  24  u32 version, the file's text
 *              16  i64 clock_ms         SETTINGS   24  i64 guard, u64 keep, i64 keep_ms, u32 history,
 *                                                      u64 keep_bytes, u32 floor, u32 factor, i64 cool_ms,
 *                                                      i64 late_ms
 *                                       ENGINE     24  u32 engine version
 *                                       SUBSCRIPTION 24 the Subscriber message that opens
 *                                                      it; a forgetting carries one with the name
 *                                       MESSAGES   24  u32 shard, u64 number of the first,
 *                                                      n × { u32 size, message }
 *                                       COMMAND    24  the Command message
 *                                       LISTENING  24  nothing
 *                                       LETTERS    24  changes: u8 verb, u8 name size, u16 shard,
 *                                                      u32 record size, u64 sequence, name, record
 * Little-endian. */
#include <stdlib.h>
#include "workers/input.h"

#define HEAD_BYTES 24
#define FLAG_BACKFILL 1
#define FLAG_FORGET   2

const struct settings settings_default = {
	.guard_window_ms = 30 * DAY_MS,
	.outbox_keep = 1000000,
	.outbox_keep_ms = 30 * DAY_MS,
	.history_keep = 32,
	.late_window_ms = 3 * DAY_MS,
	.source_silence_ms = 15 * INT64_C(60000),
	.source_grace_ms = 15 * INT64_C(60000),
	.source_hold_ms = 7 * DAY_MS,
	.source_events = 50,
	.outbox_keep_bytes = UINT64_C(1) << 30,
	.breaker_floor = 40,
	.breaker_factor = 20,
};

void payload_fini(struct payload *p)
{
	buf_fini(&p->head);
}

static void add_u32(struct buf *b, uint32_t v)
{
	uint8_t *p = buf_room(b, 4);

	if (!p)
		return;
	put_le32(p, v);
	b->size += 4;
}

static void add_u64(struct buf *b, uint64_t v)
{
	uint8_t *p = buf_room(b, 8);

	if (!p)
		return;
	put_le64(p, v);
	b->size += 8;
}

void settings_encode(const struct settings *s, uint8_t out[SETTINGS_BYTES])
{
	put_le64(out, (uint64_t)s->guard_window_ms);
	put_le64(out + 8, s->outbox_keep);
	put_le64(out + 16, (uint64_t)s->outbox_keep_ms);
	put_le32(out + 24, s->history_keep);
	put_le64(out + 28, s->outbox_keep_bytes);
	put_le32(out + 36, s->breaker_floor);
	put_le32(out + 40, s->breaker_factor);
	put_le64(out + 44, (uint64_t)s->cool_down_ms);
	put_le64(out + 52, (uint64_t)s->late_window_ms);
	put_le64(out + 60, (uint64_t)s->source_silence_ms);
	put_le64(out + 68, (uint64_t)s->source_grace_ms);
	put_le64(out + 76, (uint64_t)s->source_hold_ms);
	put_le32(out + 84, s->source_events);
}

void settings_decode(struct settings *s, const uint8_t in[SETTINGS_BYTES])
{
	memset(s, 0, sizeof *s);
	s->guard_window_ms = (int64_t)get_le64(in);
	s->outbox_keep = get_le64(in + 8);
	s->outbox_keep_ms = (int64_t)get_le64(in + 16);
	s->history_keep = get_le32(in + 24);
	s->outbox_keep_bytes = get_le64(in + 28);
	s->breaker_floor = get_le32(in + 36);
	s->breaker_factor = get_le32(in + 40);
	s->cool_down_ms = (int64_t)get_le64(in + 44);
	s->late_window_ms = (int64_t)get_le64(in + 52);
	s->source_silence_ms = (int64_t)get_le64(in + 60);
	s->source_grace_ms = (int64_t)get_le64(in + 68);
	s->source_hold_ms = (int64_t)get_le64(in + 76);
	s->source_events = get_le32(in + 84);
}

bool settings_equal(const struct settings *a, const struct settings *b)
{
	uint8_t x[SETTINGS_BYTES], y[SETTINGS_BYTES];

	settings_encode(a, x);
	settings_encode(b, y);
	return memcmp(x, y, SETTINGS_BYTES) == 0;
}

static void add_settings(struct buf *b, const struct settings *s)
{
	uint8_t *p = buf_room(b, SETTINGS_BYTES);

	if (!p)
		return;
	settings_encode(s, p);
	b->size += SETTINGS_BYTES;
}

void letter_change_add(struct buf *out, const struct letter_change *c)
{
	uint8_t *p = buf_room(out, 16);

	if (!p)
		return;
	p[0] = c->verb;
	p[1] = (uint8_t)c->name.size;
	put_le16(p + 2, c->shard);
	put_le32(p + 4, (uint32_t)c->record.size);
	put_le64(p + 8, c->sequence);
	out->size += 16;
	buf_add(out, c->name.data, c->name.size);
	buf_add(out, c->record.data, c->record.size);
}

bool letter_change_take(struct span *bytes, struct letter_change *c)
{
	const uint8_t *p = bytes->data;
	size_t size;

	if (bytes->size < 16)
		return false;
	size = 16 + (size_t)p[1] + get_le32(p + 4);
	if (size > bytes->size || p[0] < LETTER_PUT || p[0] > LETTER_POSITION || p[1] == 0 ||
		p[1] > SUBSCRIBER_NAME_MAX || get_le32(p + 4) > LETTER_RECORD_MAX)
		return false;
	*c = (struct letter_change){ .verb = p[0], .shard = get_le16(p + 2),
		.sequence = get_le64(p + 8), .name = span_of(p + 16, p[1]),
		.record = span_of(p + 16 + p[1], get_le32(p + 4)) };
	*bytes = span_of(p + size, bytes->size - size);
	return true;
}

void input_encode(const struct input *in, struct span raw, const uint32_t *refused,
	unsigned n_refused, struct payload *p)
{
	struct buf *b = &p->head;
	bool forget = in->type == INPUT_SUBSCRIPTION &&
		in->subscription->verb == SUBSCRIBER_FORGET;

	buf_clear(b);
	add_u32(b, 1u | (in->backfill ? FLAG_BACKFILL << 8 : 0) | (forget ? FLAG_FORGET << 8 : 0));
	add_u32(b, 0);
	add_u64(b, (uint64_t)in->taken_ms);
	add_u64(b, (uint64_t)in->clock_ms);
	p->n = 1;
	switch (in->type) {
	case INPUT_BATCH:
		add_u32(b, n_refused);
		for (unsigned i = 0; i < n_refused; i++)
			add_u32(b, refused[i]);
		p->parts[p->n++] = raw;
		break;
	case INPUT_TIME:
		add_u32(b, in->pace.due);
		add_u32(b, in->pace.sweep);
		break;
	case INPUT_LIFECYCLE:
		add_u32(b, in->lifecycle->machine->version);
		p->parts[p->n++] = in->lifecycle->machine->text;
		break;
	case INPUT_SETTINGS: add_settings(b, &in->settings); break;
	case INPUT_PARAMETERS: parameters_encode(b, in->parameters); break;
	case INPUT_ENGINE: add_u32(b, in->engine); break;
	case INPUT_SUBSCRIPTION: p->parts[p->n++] = in->subscriber; break;
	case INPUT_MESSAGES:
		add_u32(b, in->from_shard);
		add_u64(b, in->first_message);
		p->parts[p->n++] = raw;
		break;
	case INPUT_COMMAND: command_encode(b, &in->command); break;
	case INPUT_LISTENING: break;
	case INPUT_LETTERS: p->parts[p->n++] = in->letters; break;
	}
	p->parts[0] = span_of(b->data, b->size);
}

/* Take the refused events out of the batch, as they were when it was received: what a later
 * version would accept was refused then, and the sender knows it. */
static void drop_refused(struct batch *b, const uint8_t *refused, uint32_t n)
{
	uint32_t kept = 0, r = 0;

	for (uint32_t i = 0; i < b->n_events; i++) {
		while (r < n && get_le32(refused + 4 * r) < b->index[i])
			r++;
		if (r < n && get_le32(refused + 4 * r) == b->index[i])
			continue;
		b->events[kept] = b->events[i];
		b->index[kept++] = b->index[i];
	}
	b->n_events = kept;
}

static int decode_batch(struct span body, struct arena *a, struct input *in, struct complaint *c)
{
	uint32_t n;
	int rc;

	if (body.size < 4)
		return complain(c, ERR_CORRUPT, "batch input of %zu bytes", body.size);
	n = get_le32(body.data);
	if (n > BATCH_EVENTS_MAX || body.size < 4 + 4 * (size_t)n)
		return complain(c, ERR_CORRUPT, "batch input names %u refused events", n);
	rc = batch_decode(&in->batch, body.data + 4 + 4 * (size_t)n,
		body.size - 4 - 4 * (size_t)n, a, c);
	if (rc != 0)
		return rc == ERR_NOMEM ? rc : ERR_CORRUPT;
	drop_refused(&in->batch, body.data + 4, n);
	return 0;
}

static int decode_lifecycle(struct span body, struct input *in, struct complaint *c)
{
	struct machine *m;
	int rc;

	if (body.size < 4)
		return complain(c, ERR_CORRUPT, "lifecycle input of %zu bytes", body.size);
	rc = lifecycle_compile((const char *)body.data + 4, body.size - 4, &m, c);
	if (rc != 0)
		return rc;
	m->version = get_le32(body.data);
	m->since_ms = in->clock_ms;
	in->lifecycle = lifecycle_new(m);
	return in->lifecycle ? 0 : ERR_NOMEM;
}

static int decode_messages(struct span body, struct arena *a, struct input *in,
	struct complaint *c)
{
	int rc;

	if (body.size < 12)
		return complain(c, ERR_CORRUPT, "messages input of %zu bytes", body.size);
	in->from_shard = get_le32(body.data);
	in->first_message = get_le64(body.data + 4);
	rc = messages_decode(span_of(body.data + 12, body.size - 12), a, &in->messages,
		&in->n_messages);
	return rc == ERR_CORRUPT ? complain(c, rc, "what stands there are no messages") : rc;
}

static int decode_subscription(struct span body, bool forget, struct arena *a, struct input *in,
	struct complaint *c)
{
	in->subscriber = body;
	in->subscription = arena_alloc(a, sizeof *in->subscription);
	if (!in->subscription)
		return ERR_NOMEM;
	if (subscriber_decode(in->subscription, body.data, body.size, a, c) != 0)
		return ERR_CORRUPT;
	if (forget)
		in->subscription->verb = SUBSCRIBER_FORGET;
	return 0;
}

static int decode_letters(struct span body, struct input *in, struct complaint *c)
{
	struct span rest = body;
	struct letter_change change;

	while (rest.size)
		if (!letter_change_take(&rest, &change))
			return complain(c, ERR_CORRUPT, "letters input: no change at byte %zu",
				body.size - rest.size);
	in->letters = body;
	return 0;
}

static int decode_parameters(struct span body, struct arena *a, struct input *in, struct complaint *c)
{
	in->parameters = arena_alloc(a, sizeof *in->parameters);
	if (!in->parameters)
		return ERR_NOMEM;
	if (parameters_decode(in->parameters, body) != 0)
		return complain(c, ERR_CORRUPT, "what stands there are no parameters");
	return 0;
}

int input_decode(const struct frame *f, struct arena *a, struct input *in, struct complaint *c)
{
	struct span body;

	memset(in, 0, sizeof *in);
	if (f->payload.size < HEAD_BYTES || f->payload.data[0] != 1)
		return complain(c, ERR_CORRUPT, "frame %llu: no input of version 1",
			(unsigned long long)f->sequence);
	in->sequence = f->sequence;
	in->type = f->type;
	in->backfill = f->payload.data[1] & FLAG_BACKFILL;
	in->taken_ms = (int64_t)get_le64(f->payload.data + 8);
	in->clock_ms = (int64_t)get_le64(f->payload.data + 16);
	body = span_of(f->payload.data + HEAD_BYTES, f->payload.size - HEAD_BYTES);
	switch (f->type) {
	case INPUT_BATCH: return decode_batch(body, a, in, c);
	case INPUT_LIFECYCLE: return decode_lifecycle(body, in, c);
	case INPUT_MESSAGES: return decode_messages(body, a, in, c);
	case INPUT_SUBSCRIPTION:
		return decode_subscription(body, f->payload.data[1] & FLAG_FORGET, a, in, c);
	case INPUT_COMMAND:
		return command_decode(&in->command, body.data, body.size, a, c) != 0 ? ERR_CORRUPT : 0;
	case INPUT_LETTERS: return decode_letters(body, in, c);
	case INPUT_PARAMETERS: return decode_parameters(body, a, in, c);
	case INPUT_LISTENING: return 0;
	case INPUT_SETTINGS:
		if (body.size < SETTINGS_BYTES)
			break;
		settings_decode(&in->settings, body.data);
		return 0;
	case INPUT_TIME:
		if (body.size < 8)
			break;
		in->pace.due = get_le32(body.data);
		in->pace.sweep = get_le32(body.data + 4);
		return 0;
	case INPUT_ENGINE:
		if (body.size < 4)
			break;
		in->engine = get_le32(body.data);
		return 0;
	}
	return complain(c, ERR_CORRUPT, "frame %llu: input of type %u and %zu bytes",
		(unsigned long long)f->sequence, f->type, body.size);
}

void input_fini(struct input *in)
{
	lifecycle_drop(in->lifecycle);
	in->lifecycle = NULL;
}
