/* SPDX-License-Identifier: Apache-2.0 */
/* Control: questions to the daemon, and their answers. */
#include "proto/message.h"

static const struct message_limit request_limit = { REQUEST_BYTES_MAX, 64 };
static const struct message_limit reply_limit = { REPLY_BYTES_MAX, 64 };

void request_encode(struct buf *out, const struct request *r)
{
	Kith__Request m = KITH__REQUEST__INIT;

	SET_NUMBER(&m, number, r->number);
	SET_BYTES(&m, verb, r->verb);
	SET_BYTES(&m, customer, r->customer);
	SET_BYTES(&m, lifecycle, r->lifecycle);
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
	if (r->verb.size == 0 || r->verb.size > EVENT_TEXT_MAX || !bytes_are_plain_utf8(r->verb))
		return ERR_INVALID;
	if (r->customer.size > EVENT_CUSTOMER_MAX || !bytes_are_plain_utf8(r->customer))
		return ERR_INVALID;
	return 0;
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
