/* SPDX-License-Identifier: Apache-2.0 */
/* Control: questions to the daemon, and their answers. */
#include "proto/message.h"

static const struct message_limit request_limit = { REQUEST_BYTES_MAX, 64 };
static const struct message_limit reply_limit = { REPLY_BYTES_MAX, 64 };

static Kith__Command command_pack(const struct command *c)
{
	Kith__Command m = KITH__COMMAND__INIT;

	m.has_verb = true;
	m.verb = (Kith__Command__Verb)c->verb;
	SET_BYTES(&m, customer, c->customer);
	SET_BYTES(&m, name, c->name);
	SET_BYTES(&m, other, c->other);
	SET_NUMBER(&m, at, c->at_ms);
	return m;
}

static int command_take(struct command *c, const Kith__Command *m, struct complaint *why)
{
	const char *wrong;

	*c = (struct command){ .verb = (unsigned)m->verb < COMMAND_VERBS ? (uint8_t)m->verb : COMMAND_NONE,
		.customer = span_of_binary(m->customer), .name = span_of_binary(m->name),
		.other = span_of_binary(m->other),
		.at_ms = m->at };
	wrong = command_complaint(c);
	return wrong ? complain(why, ERR_INVALID, "%s", wrong) : 0;
}

void command_encode(struct buf *out, const struct command *c)
{
	Kith__Command m = command_pack(c);

	message_append(out, &m);
}

int command_decode(struct command *c, const void *data, size_t size, struct arena *a,
	struct complaint *why)
{
	Kith__Command *m;
	int rc = message_unpack(&kith__command__descriptor, span_of(data, size), request_limit, a,
		&m, why);

	return rc ? rc : command_take(c, m, why);
}

void request_encode(struct buf *out, const struct request *r)
{
	Kith__Request m = KITH__REQUEST__INIT;
	Kith__Command command = command_pack(&r->command);

	m.command = r->command.verb ? &command : NULL;
	SET_NUMBER(&m, number, r->number);
	SET_BYTES(&m, verb, r->verb);
	SET_BYTES(&m, customer, r->customer);
	SET_BYTES(&m, lifecycle, r->lifecycle);
	SET_BYTES(&m, json, r->json);
	message_append(out, &m);
}

int request_decode(struct request *r, const void *data, size_t size, struct arena *a)
{
	Kith__Request *m;
	int rc = message_unpack(&kith__request__descriptor, span_of(data, size), request_limit, a,
		&m, NULL);

	memset(r, 0, sizeof *r);
	if (rc)
		return rc;
	r->number = m->number;
	r->verb = span_of_binary(m->verb);
	r->customer = span_of_binary(m->customer);
	r->lifecycle = span_of_binary(m->lifecycle); /* many lines: its compiler judges the text */
	r->json = span_of_binary(m->json);
	if (r->verb.size == 0 || r->verb.size > EVENT_TEXT_MAX || !bytes_are_plain_utf8(r->verb))
		return ERR_INVALID;
	if (r->customer.size > EVENT_CUSTOMER_MAX || !bytes_are_plain_utf8(r->customer))
		return ERR_INVALID;
	return m->command ? command_take(&r->command, m->command, NULL) : 0;
}

void reply_encode(struct buf *out, const struct reply *r)
{
	Kith__Reply m = KITH__REPLY__INIT;

	SET_NUMBER(&m, number, r->number);
	SET_BYTES(&m, error, r->error);
	SET_BYTES(&m, text, r->text);
	SET_BYTES(&m, json, r->json);
	message_append(out, &m);
}

int reply_decode(struct reply *r, const void *data, size_t size, struct arena *a)
{
	Kith__Reply *m;
	int rc = message_unpack(&kith__reply__descriptor, span_of(data, size), reply_limit, a, &m,
		NULL);

	memset(r, 0, sizeof *r);
	if (rc)
		return rc;
	r->number = m->number;
	r->error = span_of_binary(m->error);
	r->text = span_of_binary(m->text);
	r->json = span_of_binary(m->json);
	return bytes_are_plain_utf8(r->error) ? 0 : ERR_INVALID;
}
