/* SPDX-License-Identifier: Apache-2.0 */
/* Who is told what. */
#include "workers/influence.h"

void credit_of(const struct facts *f, struct credit *ret_credit)
{
	ret_credit->size = facts_has_bought(f) ? f->referrer.size : 0;
	memcpy(ret_credit->id, f->referrer.id, ret_credit->size);
}

static struct span credit_to(const struct credit *c)
{
	return span_of(c->id, c->size);
}

static int send(struct shard *s, enum message_kind kind, struct span to, struct span other,
	const struct cause *why)
{
	uint8_t bytes[MESSAGE_BYTES_MAX];
	uint64_t number;
	struct message m = {
		.kind = (uint8_t)kind,
		.backfill = why->input->backfill,
		.time_ms = why->event ? why->event->time_ms : why->message->time_ms,
		.customer = to,
		.other = other,
		.cause_source = why->event ? why->event->source : why->message->cause_source,
		.cause_id = why->event ? why->event->id : why->message->cause_id,
	};

	return env_message_add(s->env, span_of(bytes, message_encode(&m, bytes)), &number);
}

int influence_spread(struct shard *s, const struct customer *c, const struct credit *before,
	const struct cause *why)
{
	const struct event *e = why->event;
	struct credit after;
	int rc = 0;

	/* Who names themselves has brought in nobody. */
	if (e && e->body == BODY_REFERRAL && !span_eq(e->as.referral.customer, e->customer))
		rc = send(s, MESSAGE_INTRODUCED, e->as.referral.customer, customer_id(c), why);
	credit_of(&c->facts, &after);
	if (rc != 0 || span_eq(credit_to(before), credit_to(&after)))
		return rc;
	if (before->size)
		rc = send(s, MESSAGE_TOOK_BACK, credit_to(before), customer_id(c), why);
	if (rc == 0 && after.size)
		rc = send(s, MESSAGE_BOUGHT, credit_to(&after), customer_id(c), why);
	return rc;
}
