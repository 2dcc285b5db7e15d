/* SPDX-License-Identifier: Apache-2.0 */
/* What a subscriber says: open, acknowledge, ask for a snapshot, close, forget. */
#include <assert.h>
#include "proto/filter.h"

static const struct message_limit limit = { SUBSCRIBER_BYTES_MAX, 1024 };

/* Positions as a message wants them: pointers to messages. */
struct position_room {
	Kith__Position list[SUBSCRIBER_POSITIONS_MAX];
	Kith__Position *pointers[SUBSCRIBER_POSITIONS_MAX];
};

static Kith__Position **positions_fill(struct position_room *room,
	const struct subscriber_message *from)
{
	assert(from->n_positions <= SUBSCRIBER_POSITIONS_MAX);
	for (unsigned i = 0; i < from->n_positions; i++) {
		Kith__Position *p = room->pointers[i] = &room->list[i];

		kith__position__init(p);
		p->has_shard = p->has_sequence = true;
		p->shard = from->positions[i].shard;
		p->sequence = from->positions[i].sequence;
	}
	return room->pointers;
}

static void webhook_fill(Kith__Webhook *m, ProtobufCBinaryData secrets[WEBHOOK_SECRETS_MAX],
	const struct webhook_message *w)
{
	kith__webhook__init(m);
	SET_BYTES(m, url, w->url);
	m->n_secrets = w->n_secrets;
	m->secrets = secrets;
	for (unsigned i = 0; i < w->n_secrets; i++)
		secrets[i] = binary_of(w->secrets[i]);
	SET_NUMBER(m, format, (Kith__Webhook__Format)w->format);
	SET_NUMBER(m, order, (Kith__Webhook__Order)w->order);
	SET_NUMBER(m, rate, w->rate);
	SET_NUMBER(m, allow_private, w->allow_private);
	SET_NUMBER(m, configured, w->configured);
	SET_NUMBER(m, paused, (Kith__Webhook__Paused)w->paused);
	SET_BYTES(m, reason, w->reason);
}

static void open_append(struct buf *out, const struct subscriber_message *from)
{
	Kith__Subscriber m = KITH__SUBSCRIBER__INIT;
	Kith__Subscriber__Open open = KITH__SUBSCRIBER__OPEN__INIT;
	ProtobufCBinaryData types[SUBSCRIBER_TYPES_MAX];
	ProtobufCBinaryData secrets[WEBHOOK_SECRETS_MAX];
	struct filter_room room;
	struct position_room positions;
	Kith__Webhook webhook;

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
	open.has_from = from->has_from;
	open.from = from->from_ms;
	open.n_positions = from->n_positions;
	open.positions = positions_fill(&positions, from);
	open.has_reading = open.reading = from->reading;
	SET_BYTES(&open, customer, from->customer);
	if (from->has_webhook) {
		webhook_fill(&webhook, secrets, &from->webhook);
		open.webhook = &webhook;
	}
	m.open = &open;
	message_append(out, &m);
}

static void ack_append(struct buf *out, const struct subscriber_message *from)
{
	Kith__Subscriber m = KITH__SUBSCRIBER__INIT;
	Kith__Subscriber__Ack ack = KITH__SUBSCRIBER__ACK__INIT;
	struct position_room positions;

	ack.n_positions = from->n_positions;
	ack.positions = positions_fill(&positions, from);
	m.ack = &ack;
	message_append(out, &m);
}

static void snapshot_append(struct buf *out, const struct subscriber_message *from)
{
	Kith__Subscriber m = KITH__SUBSCRIBER__INIT;
	Kith__Subscriber__Snapshot snapshot = KITH__SUBSCRIBER__SNAPSHOT__INIT;

	snapshot.has_shard = true;
	snapshot.shard = from->shard;
	SET_BYTES(&snapshot, after, from->customer);
	SET_NUMBER(&snapshot, limit, from->limit);
	m.snapshot = &snapshot;
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
	case SUBSCRIBER_SNAPSHOT:
		snapshot_append(out, from);
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

static int positions_take(struct subscriber_message *to, Kith__Position *const *from, size_t n,
	const char *whose, struct complaint *c)
{
	if (n > SUBSCRIBER_POSITIONS_MAX)
		return complain(c, ERR_INVALID, "%s.positions has at most %u positions; found %zu",
			whose, SUBSCRIBER_POSITIONS_MAX, n);
	for (size_t i = 0; i < n; i++)
		to->positions[i] = (struct position){ from[i]->shard, from[i]->sequence };
	to->n_positions = (unsigned)n;
	return 0;
}

/* Where to begin, and who: a name, or a reading that has none. */
static int open_take_start(struct subscriber_message *to, const Kith__Subscriber__Open *m,
	struct complaint *c)
{
	to->name = span_of_binary(m->name);
	to->reading = m->reading;
	to->customer = span_of_binary(m->customer);
	to->has_from = m->has_from;
	to->from_ms = m->from;
	if (to->reading ? to->name.size != 0 : to->name.size == 0 ||
		to->name.size > SUBSCRIBER_NAME_MAX || !bytes_are_plain_utf8(to->name))
		return complain(c, ERR_INVALID, to->reading ? "open.reading has no name" :
			"open.name is required: 1 to %u bytes of UTF-8 without control characters",
			SUBSCRIBER_NAME_MAX);
	if (to->customer.size > EVENT_CUSTOMER_MAX || !bytes_are_plain_utf8(to->customer) ||
		(to->customer.size && !to->reading))
		return complain(c, ERR_INVALID, "open.customer is for a reading: at most %u bytes of "
			"UTF-8 without control characters", EVENT_CUSTOMER_MAX);
	if (m->has_start && m->start != KITH__SUBSCRIBER__OPEN__START__oldest &&
		m->start != KITH__SUBSCRIBER__OPEN__START__newest)
		return complain(c, ERR_INVALID, "open.start is oldest or newest");
	to->newest = m->start == KITH__SUBSCRIBER__OPEN__START__newest;
	return positions_take(to, m->positions, m->n_positions, "open", c);
}

static int webhook_take(struct webhook_message *to, const Kith__Webhook *m, struct complaint *c)
{
	to->url = span_of_binary(m->url);
	to->reason = span_of_binary(m->reason);
	if (to->url.size == 0 || to->url.size > WEBHOOK_URL_MAX || !bytes_are_plain_utf8(to->url))
		return complain(c, ERR_INVALID, "webhook.url is required: at most %d bytes",
			WEBHOOK_URL_MAX);
	if (m->n_secrets > WEBHOOK_SECRETS_MAX || to->reason.size > WEBHOOK_REASON_MAX ||
		!bytes_are_plain_utf8(to->reason))
		return complain(c, ERR_INVALID, "webhook: at most %d secrets and %d bytes of reason",
			WEBHOOK_SECRETS_MAX, WEBHOOK_REASON_MAX);
	to->n_secrets = (unsigned)m->n_secrets;
	for (unsigned i = 0; i < to->n_secrets; i++) {
		to->secrets[i] = span_of_binary(m->secrets[i]);
		if (to->secrets[i].size == 0 || to->secrets[i].size > WEBHOOK_SECRET_MAX ||
			!bytes_are_plain_utf8(to->secrets[i]))
			return complain(c, ERR_INVALID, "webhook.secrets[%u]: 1 to %d bytes", i,
				WEBHOOK_SECRET_MAX);
	}
	if ((unsigned)m->format >= WEBHOOK_FORMATS || (unsigned)m->order >= WEBHOOK_ORDERS ||
		(unsigned)m->paused >= WEBHOOK_PAUSES)
		return complain(c, ERR_INVALID, "webhook: format, order or paused is none that is known");
	to->format = (uint8_t)m->format;
	to->order = (uint8_t)m->order;
	to->paused = (uint8_t)m->paused;
	to->rate = m->rate;
	to->allow_private = m->allow_private;
	to->configured = m->configured;
	return 0;
}

static int open_take(struct subscriber_message *to, const Kith__Subscriber__Open *m,
	struct complaint *c)
{
	int rc = open_take_start(to, m, c);

	to->verb = SUBSCRIBER_OPEN;
	if (rc)
		return rc;
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
	to->credit = m->credit;
	to->has_webhook = m->webhook != NULL;
	if (m->webhook && webhook_take(&to->webhook, m->webhook, c) != 0)
		return ERR_INVALID;
	return filter_take(&to->filter, m->filter, c);
}

static int ack_take(struct subscriber_message *to, const Kith__Subscriber__Ack *m,
	struct complaint *c)
{
	to->verb = SUBSCRIBER_ACK;
	if (m->n_positions == 0)
		return complain(c, ERR_INVALID, "ack.positions has 1 to %u positions; found 0",
			SUBSCRIBER_POSITIONS_MAX);
	return positions_take(to, m->positions, m->n_positions, "ack", c);
}

static int snapshot_take(struct subscriber_message *to, const Kith__Subscriber__Snapshot *m,
	struct complaint *c)
{
	to->verb = SUBSCRIBER_SNAPSHOT;
	to->shard = m->shard;
	to->customer = span_of_binary(m->after);
	to->limit = m->limit == 0 || m->limit > SNAPSHOT_ROWS_MAX ? SNAPSHOT_ROWS_MAX : m->limit;
	if (to->customer.size > EVENT_CUSTOMER_MAX || !bytes_are_plain_utf8(to->customer))
		return complain(c, ERR_INVALID, "snapshot.after is a customer: at most %u bytes of "
			"UTF-8 without control characters", EVENT_CUSTOMER_MAX);
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
	if (!!m->open + !!m->ack + !!m->close + !!m->forget + !!m->snapshot != 1)
		return complain(c, ERR_INVALID,
			"a Subscriber message says one of open, ack, snapshot, close and forget");
	if (m->open)
		return open_take(to, m->open, c);
	if (m->ack)
		return ack_take(to, m->ack, c);
	if (m->snapshot)
		return snapshot_take(to, m->snapshot, c);
	to->verb = m->close ? SUBSCRIBER_CLOSE : SUBSCRIBER_FORGET;
	return 0;
}
