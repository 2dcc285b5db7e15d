/* SPDX-License-Identifier: Apache-2.0 */
/* Subscriber: who stands where, and how that and the notifications after it make one story.
 *
 * Pages are asked for one at a time, shard by shard, behind the last customer that came, so a lost
 * connection or a daemon that was killed costs one page. Each says as of which notification it
 * is; what comes later under a number up to that, about a customer of that page, is passed over.
 * Why that is exact: the note in workers/snapshot.h. */
#include "clients/c/subscriber.h"

int kith_subscriber_snapshot(struct kith_subscriber *s)
{
	if (s->refused)
		return s->refused;
	for (unsigned i = 0; i < SUBSCRIBER_POSITIONS_MAX; i++)
		coverage_fini(&s->shards[i].coverage);
	s->snapshot = (struct subscriber_snapshot){ .phase = SNAPSHOT_ROWS };
	return 0;
}

int subscriber_snapshot_ask(struct kith_subscriber *s)
{
	struct subscriber_snapshot *at = &s->snapshot;
	struct subscriber_message m = { .verb = SUBSCRIBER_SNAPSHOT, .shard = at->shard,
		.customer = span_of(at->after, at->after_size) };
	int rc;

	if (at->phase != SNAPSHOT_ROWS || at->asked || at->ended || !s->opened)
		return 0;
	rc = subscriber_say(s, &m);
	at->asked = rc == 0;
	return rc == ERR_BUSY ? 0 : rc;
}

/* A page that was not asked for, or was before the connection was lost, is none. */
static bool is_awaited(const struct kith_subscriber *s)
{
	const struct subscriber_snapshot *at = &s->snapshot;
	const struct snapshot_page *p = s->delivery.page;

	return at->phase == SNAPSHOT_ROWS && at->asked && p && p->shard == at->shard &&
		span_eq(p->after, span_of(at->after, at->after_size));
}

int subscriber_snapshot_receive(struct kith_subscriber *s)
{
	struct subscriber_snapshot *at = &s->snapshot;
	const struct snapshot_page *p = s->delivery.page;

	if (at->phase == SNAPSHOT_REOPENING && s->delivery.opened)
		at->phase = SNAPSHOT_NONE; /* what was left alone comes again behind this */
	if (!is_awaited(s)) {
		s->delivery.page = NULL;
		return 0;
	}
	at->asked = false;
	if (p->upto.size) /* a shard of nobody has no last one */
		memcpy(at->after, p->upto.data, p->upto.size);
	at->after_size = (uint8_t)p->upto.size;
	if (coverage_add(&s->shards[p->shard].coverage, p->upto, p->done, p->as_of) != 0)
		return ERR_NOMEM;
	if (!p->done)
		return 0;
	at->after_size = 0;
	at->ended = ++at->shard >= s->n_shards;
	return 0;
}

bool subscriber_snapshot_take(struct kith_subscriber *s, struct kith_item *i)
{
	struct subscriber_snapshot *at = &s->snapshot;
	const struct snapshot_page *p = s->delivery.page;

	if (p && at->next_row < p->n_rows) {
		*i = (struct kith_item){ .kind = KITH_STANDING, .shard = p->shard,
			.sequence = p->as_of, .standing = &p->rows[at->next_row++] };
		return true;
	}
	if (!at->ended || !s->opened)
		return false;
	at->ended = false;
	at->phase = SNAPSHOT_REOPENING;
	s->asked = s->opened = false;
	*i = (struct kith_item){ .kind = KITH_SNAPSHOT_END };
	return true;
}

bool subscriber_snapshot_told(struct kith_subscriber *s, struct kith_item *i)
{
	struct subscriber_shard *shard = &s->shards[i->shard];

	if (i->kind == KITH_GAP) {
		i->in_snapshot = coverage_is_beyond(&shard->coverage, i->sequence);
		return false;
	}
	/* What is about no customer, a rule or a source, is in no snapshot. */
	if (i->notification->customer.size == 0 ||
		!coverage_has(&shard->coverage, i->notification->customer, i->sequence))
		return false;
	if (shard->done >= shard->given && i->sequence > shard->done) {
		shard->done = i->sequence;
		s->unacknowledged++;
	}
	return true;
}
