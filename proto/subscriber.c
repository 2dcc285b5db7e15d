/* SPDX-License-Identifier: Apache-2.0 */
/* What a subscriber says: open, acknowledge, close, forget. */
#include <assert.h>
#include "proto/filter.h"

static const struct message_limit limit = { SUBSCRIBER_BYTES_MAX, 1024 };

static void open_append(struct buf *out, const struct subscriber_message *from)
{
	Kith__Subscriber m = KITH__SUBSCRIBER__INIT;
	Kith__Subscriber__Open open = KITH__SUBSCRIBER__OPEN__INIT;
	ProtobufCBinaryData types[SUBSCRIBER_TYPES_MAX];
	struct filter_room room;

	assert(from->n_types <= SUBSCRIBER_TYPES_MAX);
	SET_BYTES(&open, name, from->name);
	SET_NUMBER(&open, credit, from->credit);
	open.has_start = from->newest;
	open.start = KITH__SUBSCRIBER__OPEN__START__newest;
	open.n_types = from->n_types;
	open.types = types;
	for (unsigned i = 0; i < from->n_types; i++)
		types[i] = binary_of(from->types[i]);
	open.filter = filter_fill(&room, &from->filter);
	m.open = &open;
	message_append(out, &m);
}

static void ack_append(struct buf *out, const struct subscriber_message *from)
{
	Kith__Subscriber m = KITH__SUBSCRIBER__INIT;
	Kith__Subscriber__Ack ack = KITH__SUBSCRIBER__ACK__INIT;
	Kith__Position positions[SUBSCRIBER_POSITIONS_MAX], *pointers[SUBSCRIBER_POSITIONS_MAX];

	assert(from->n_positions <= SUBSCRIBER_POSITIONS_MAX);
	ack.n_positions = from->n_positions;
	ack.positions = pointers;
	for (unsigned i = 0; i < from->n_positions; i++) {
		kith__position__init(&positions[i]);
		positions[i].has_shard = positions[i].has_sequence = true;
		positions[i].shard = from->positions[i].shard;
		positions[i].sequence = from->positions[i].sequence;
		pointers[i] = &positions[i];
	}
	m.ack = &ack;
	message_append(out, &m);
}

void subscriber_encode(struct buf *out, const struct subscriber_message *from)
{
	Kith__Subscriber m = KITH__SUBSCRIBER__INIT;

	switch (from->verb) {
	case SUBSCRIBER_OPEN:
		open_append(out, from);
		return;
	case SUBSCRIBER_ACK:
		ack_append(out, from);
		return;
	case SUBSCRIBER_CLOSE:
		m.has_close = m.close = true;
		break;
	case SUBSCRIBER_FORGET:
		m.has_forget = m.forget = true;
		break;
	}
	message_append(out, &m);
}

static int open_take(struct subscriber_message *to, const Kith__Subscriber__Open *m,
	struct complaint *c)
{
	to->verb = SUBSCRIBER_OPEN;
	to->name = span_of_binary(m->name);
	if (to->name.size == 0 || to->name.size > SUBSCRIBER_NAME_MAX ||
		!bytes_are_plain_utf8(to->name))
		return complain(c, ERR_INVALID, "open.name is required: 1 to %u bytes of UTF-8 "
			"without control characters", SUBSCRIBER_NAME_MAX);
	if (m->n_types > SUBSCRIBER_TYPES_MAX)
		return complain(c, ERR_INVALID, "open.types has at most %u prefixes; found %zu",
			SUBSCRIBER_TYPES_MAX, m->n_types);
	for (size_t i = 0; i < m->n_types; i++) {
		to->types[i] = span_of_binary(m->types[i]);
		if (to->types[i].size > EVENT_TEXT_MAX || !bytes_are_plain_utf8(to->types[i]))
			return complain(c, ERR_INVALID, "open.types[%zu] is at most %u bytes of "
				"UTF-8 without control characters", i, EVENT_TEXT_MAX);
	}
	to->n_types = (unsigned)m->n_types;
	if (m->has_start && m->start != KITH__SUBSCRIBER__OPEN__START__oldest &&
		m->start != KITH__SUBSCRIBER__OPEN__START__newest)
		return complain(c, ERR_INVALID, "open.start is oldest or newest");
	to->newest = m->start == KITH__SUBSCRIBER__OPEN__START__newest;
	to->credit = m->credit;
	return filter_take(&to->filter, m->filter, c);
}

static int ack_take(struct subscriber_message *to, const Kith__Subscriber__Ack *m,
	struct complaint *c)
{
	to->verb = SUBSCRIBER_ACK;
	if (m->n_positions == 0 || m->n_positions > SUBSCRIBER_POSITIONS_MAX)
		return complain(c, ERR_INVALID, "ack.positions has 1 to %u positions; found %zu",
			SUBSCRIBER_POSITIONS_MAX, m->n_positions);
	for (size_t i = 0; i < m->n_positions; i++)
		to->positions[i] = (struct position){ m->positions[i]->shard,
			m->positions[i]->sequence };
	to->n_positions = (unsigned)m->n_positions;
	return 0;
}

int subscriber_decode(struct subscriber_message *to, const void *data, size_t size,
	struct arena *a, struct complaint *c)
{
	Kith__Subscriber *m;
	int rc = message_unpack(&kith__subscriber__descriptor, span_of(data, size), limit, a,
		&m, c);

	memset(to, 0, sizeof *to);
	if (rc)
		return rc;
	if (!!m->open + !!m->ack + !!m->close + !!m->forget != 1)
		return complain(c, ERR_INVALID,
			"a Subscriber message says one of open, ack, close and forget");
	if (m->open)
		return open_take(to, m->open, c);
	if (m->ack)
		return ack_take(to, m->ack, c);
	to->verb = m->close ? SUBSCRIBER_CLOSE : SUBSCRIBER_FORGET;
	return 0;
}
