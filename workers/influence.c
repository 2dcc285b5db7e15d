/* SPDX-License-Identifier: Apache-2.0 */
/* Who is told what. */
#include "workers/group.h"
#include "workers/influence.h"
#include "workers/send.h"

static struct span credit_to(const struct credit *c)
{
	return span_of(c->id, c->size);
}

int influence_credit(struct shard *s, const struct customer *c, struct credit *ret_credit)
{
	const struct facts *f;
	struct span row;
	int rc = group_person(s, c, &f);

	ret_credit->size = 0;
	if (rc != 0 || f->referrer.size == 0 || customer_is_merged(c) || !facts_has_bought(f))
		return rc;
	ret_credit->size = f->referrer.size;
	memcpy(ret_credit->id, f->referrer.id, f->referrer.size);
	if (c->bond.ids == 0)
		return 0;
	/* By whichever of their ids: nobody brings in themselves. */
	if (span_eq(credit_to(ret_credit), customer_id(c)) ||
		env_member_get(s->env, customer_id(c), BELONGS_AS_ID, credit_to(ret_credit), &row) == 0)
		ret_credit->size = 0;
	return env_failed(s->env);
}

static int send(struct shard *s, enum message_kind kind, struct span to, struct span other,
	const struct cause *why)
{
	struct message m = { .kind = (uint8_t)kind, .customer = to, .other = other };

	return message_send(s, &m, why);
}

int influence_spread(struct shard *s, const struct customer *c, const struct credit *before,
	const struct cause *why)
{
	const struct event *e = why->event;
	struct credit after;
	int rc = influence_credit(s, c, &after);

	/* Who names themselves has brought in nobody. */
	if (rc == 0 && e && e->body == BODY_REFERRAL &&
		!span_eq(e->as.referral.customer, e->customer))
		rc = send(s, MESSAGE_INTRODUCED, e->as.referral.customer, customer_id(c), why);
	if (rc != 0 || span_eq(credit_to(before), credit_to(&after)))
		return rc;
	if (before->size)
		rc = send(s, MESSAGE_TOOK_BACK, credit_to(before), customer_id(c), why);
	if (rc == 0 && after.size)
		rc = send(s, MESSAGE_BOUGHT, credit_to(&after), customer_id(c), why);
	return rc;
}
