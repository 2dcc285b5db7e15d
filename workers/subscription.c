/* SPDX-License-Identifier: Apache-2.0 */
/* A shard's rows of subscriptions: { u64 acknowledged, the Subscriber message that opened it }. */
#include "workers/announce.h"
#include "workers/seek.h"
#include "workers/subscription.h"

/* Whether a webhook pauses by itself with this input, as it had not before; OLD is its row. */
static bool pauses_itself(const struct input *in, struct span old)
{
	const struct subscriber_message *m = in->subscription;
	static const struct subscriber_message none;
	struct subscriber_message before = none;
	struct arena *a;

	if (!m->has_webhook || m->webhook.paused <= WEBHOOK_BY_HAND)
		return false;
	a = arena_new(1024, SUBSCRIBER_BYTES_MAX * 32);
	if (a && old.size > 8)
		(void)subscriber_decode(&before, old.data + 8, old.size - 8, a, NULL);
	arena_free(a);
	return before.webhook.paused != m->webhook.paused;
}

static int announce_paused(struct shard *s, const struct input *in, struct outcome *out)
{
	const struct subscriber_message *m = in->subscription;
	const struct cause why = { .input = in, .out = out };
	struct notification n;
	uint64_t sequence;

	memset(&n, 0, sizeof n);
	n.type = n.rule = span_str("webhook.paused");
	n.subject = m->name;
	n.to = span_str("paused");
	n.at_ms = in->taken_ms;
	n.severity = SEVERITY_HIGH;
	n.n_evidence = 1;
	n.evidence[0] = (struct evidence){ .fact = span_str("reason"), .text = m->webhook.reason,
		.unit = UNIT_NAME, .known = true, .holds = true };
	return notification_emit(s, &n, &why, &sequence);
}

/* Behind what a name never seen begins. Only what the input and the outbox say decides it. */
static int open_start(struct shard *s, const struct subscriber_message *m, uint64_t *ret_acked)
{
	const struct env_meta *meta = env_meta(s->env);

	*ret_acked = m->newest ? meta->outbox_last : meta->outbox_first - 1;
	for (unsigned i = 0; i < m->n_positions; i++)
		if (m->positions[i].shard == s->number) {
			*ret_acked = m->positions[i].sequence < meta->outbox_last ?
				m->positions[i].sequence : meta->outbox_last;
			return 0;
		}
	return m->has_from ? outbox_seek(s, m->from_ms, ret_acked) : 0;
}

static int subscription_open(struct shard *s, const struct input *in, struct outcome *out)
{
	const struct env_meta *meta = env_meta(s->env);
	bool announces = false;
	uint64_t acked;
	struct span old;
	uint8_t *p;
	int rc = open_start(s, in->subscription, &acked);

	if (rc != 0)
		return rc;
	rc = env_subscription_get(s->env, in->subscription->name, &old);
	if (rc == 0 && old.size >= 8)
		acked = get_le64(old.data);
	else if (rc != 0 && !shard_sets_aside(s, rc))
		return rc;
	else if (rc == ERR_CORRUPT)
		acked = meta->outbox_first - 1; /* its place is lost: rather twice than not at all */
	if (s->number == 0)
		announces = pauses_itself(in, rc == 0 ? old : span_of(NULL, 0));
	if (out)
		out->acknowledged = acked;
	buf_clear(&s->scratch);
	p = buf_room(&s->scratch, 8);
	if (!p)
		return ERR_NOMEM;
	put_le64(p, acked);
	s->scratch.size += 8;
	buf_add(&s->scratch, in->subscriber.data, in->subscriber.size);
	rc = s->scratch.failed ? ERR_NOMEM : env_subscription_put(s->env,
		in->subscription->name, span_of(s->scratch.data, s->scratch.size));
	return rc == 0 && announces ? announce_paused(s, in, out) : rc;
}

static int letters_drop(struct shard *s, struct span name)
{
	uint64_t sequence = 0;
	struct span record;
	int rc;

	do {
		rc = env_letter_next(s->env, name, sequence, &sequence, &record);
		if (rc == 0 || (rc == ERR_CORRUPT && env_failed(s->env) == 0))
			rc = env_letter_del(s->env, name, sequence);
	} while (rc == 0);
	return rc == ERR_NOTFOUND ? 0 : rc;
}

int subscription_apply(struct shard *s, const struct input *in, struct outcome *out)
{
	int rc;

	if (in->subscription->verb != SUBSCRIBER_FORGET)
		return subscription_open(s, in, out);
	rc = env_subscription_del(s->env, in->subscription->name);
	if (rc != 0 && rc != ERR_NOTFOUND)
		return rc;
	return letters_drop(s, in->subscription->name);
}

static int position_set(struct shard *s, const struct letter_change *c, struct span old)
{
	buf_clear(&s->scratch);
	buf_add(&s->scratch, old.data, old.size);
	if (s->scratch.failed)
		return ERR_NOMEM;
	put_le64(s->scratch.data, c->sequence);
	return env_subscription_put(s->env, c->name, span_of(s->scratch.data, s->scratch.size));
}

static int letter_apply(struct shard *s, const struct letter_change *c)
{
	struct span old;
	int rc = env_subscription_get(s->env, c->name, &old);

	if (rc != 0)
		return shard_sets_aside(s, rc) ? 0 : rc;
	switch (c->verb) {
	case LETTER_PUT: return env_letter_put(s->env, c->name, c->sequence, c->record);
	case LETTER_DELETE: return env_letter_del(s->env, c->name, c->sequence);
	default: return old.size >= 8 ? position_set(s, c, old) : 0;
	}
}

int letters_apply(struct shard *s, const struct input *in)
{
	struct span rest = in->letters;
	struct letter_change c;
	int rc = 0;

	while (rc == 0 && letter_change_take(&rest, &c))
		if (c.shard == s->number)
			rc = letter_apply(s, &c);
	return rc;
}
