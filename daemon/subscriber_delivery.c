/* SPDX-License-Identifier: Apache-2.0 */
/* From the outbox to a subscriber with credit. */
#include <stdlib.h>
#include "daemon/daemon.h"
#include "daemon/subscribers_internal.h"

#define FETCH_NOTES 128
#define FETCH_BYTES (256u << 10)

struct subscription_ref *subscription_ref_new(struct daemon *d, const struct subscription *sub,
	unsigned shard)
{
	struct subscription_ref *ref = calloc(1, sizeof *ref);

	if (!ref)
		return NULL;
	ref->d = d;
	ref->shard = shard;
	ref->epoch = sub->epoch;
	memcpy(ref->name, sub->name, sizeof ref->name);
	return ref;
}

struct subscription *subscription_of(const struct subscription_ref *ref)
{
	return subscription_find(&ref->d->subscribers, span_str(ref->name));
}

static bool wanted(struct daemon *d, const struct subscription *sub, struct span encoded)
{
	struct notification n;

	if (sub->n_types == 0 && sub->filter.n == 0 && sub->customer_size == 0)
		return true;
	arena_reset(d->subscribers.arena);
	if (notification_decode(&n, encoded.data, encoded.size, d->subscribers.arena) != 0)
		return true; /* better once too often */
	if (sub->customer_size && !span_eq(n.customer, span_of(sub->customer, sub->customer_size)))
		return false;
	if (!filter_takes(&sub->filter, &n))
		return false;
	for (unsigned i = 0; i < sub->n_types; i++) {
		size_t size = strlen(sub->types[i]);

		if (n.type.size >= size && memcmp(n.type.data, sub->types[i], size) == 0)
			return true;
	}
	return sub->n_types == 0;
}

/* The credit of a reading is cut in equal shares, so that whoever merges the shards by time has
 * of each what comes next, and need not wait for one that another one's notifications hold up. */
static bool has_credit(const struct daemon *d, const struct subscription *sub,
	const struct lane *l)
{
	return sub->in_flight < sub->credit &&
		(!sub->reading || l->n_flight < sub->credit / d->store.shards);
}

static void fly(struct subscription *sub, struct lane *l, uint64_t sequence)
{
	l->flight[(l->first_flight + l->n_flight++) % sub->credit] = sequence;
	sub->in_flight++;
	sub->delivered++;
}

void lane_settle(struct lane *l)
{
	if (l->n_flight == 0 && l->sent > l->acked)
		l->acked = l->sent;
}

static void push(struct daemon *d, struct subscription *sub, struct lane *l, struct buf *out,
	uint64_t was_sent, unsigned was_flight)
{
	int rc = out->failed ? ERR_NOMEM : 0;

	if (rc == 0 && out->size)
		rc = router_send(&d->subscribers.socket, &sub->peer, span_of(out->data, out->size));
	if (rc == ERR_CLOSED) {
		subscription_leave(d, sub);
	} else if (rc != 0) {
		sub->in_flight -= l->n_flight - was_flight;
		sub->delivered -= l->n_flight - was_flight;
		l->n_flight = was_flight;
		l->sent = was_sent;
		sub->blocked = true;
	}
}

/* Put what fits the credit into one message. */
static void deliver(struct daemon *d, struct subscription *sub, unsigned shard,
	const struct query *q)
{
	struct lane *l = &sub->lanes[shard];
	uint64_t was_sent = l->sent, flown = l->sent;
	unsigned was_flight = l->n_flight, i;
	struct buf out = { 0 };

	if (q->meta.outbox_first > l->sent + 1) {
		struct gap gap = { shard, l->sent + 1, q->meta.outbox_first - 1 };

		delivery_add_gap(&out, &gap);
		delivery_add_text(&out, "trimmed before they could be delivered: ask for a snapshot");
		sub->gaps++;
		fly(sub, l, gap.last); /* told until it is acknowledged */
		l->sent = flown = gap.last;
	}
	for (i = 0; i < q->notes.n_notes && has_credit(d, sub, l); i++) {
		const struct note *n = &q->notes.notes[i];
		struct span encoded = span_of(q->notes.bytes.data + n->offset, n->size);

		if (n->sequence <= l->sent)
			continue;
		if (n->sequence > d->subscribers.last[shard])
			break;
		if (wanted(d, sub, encoded)) {
			delivery_add_notification(&out, encoded, sentence_for(d, shard,
				n->sequence, encoded));
			fly(sub, l, n->sequence);
			flown = n->sequence;
		}
		l->sent = n->sequence;
	}
	/* What could not be read is damaged: its number stays a hole the receiver can see. */
	if (i == q->notes.n_notes && q->upto > l->sent && q->upto <= d->subscribers.last[shard])
		l->sent = q->upto;
	if (flown > l->told)
		l->told = flown;
	if (sub->reading && l->sent > flown &&
		(was_sent < l->end || l->sent - l->told >= PASSED_MAX)) {
		delivery_add_passed(&out, &(struct position){ shard, l->sent });
		l->told = l->sent;
	}
	push(d, sub, l, &out, was_sent, was_flight);
	if (l->sent > l->highest)
		l->highest = l->sent;
	lane_settle(l);
	buf_fini(&out);
}

static void fetched(struct query *q)
{
	struct subscription_ref *f = q->arg;
	struct subscription *sub = subscription_of(f);

	if (sub) {
		sub->lanes[f->shard].fetching = false;
		if (q->rc == 0 && sub->connected && sub->epoch == f->epoch)
			deliver(f->d, sub, f->shard, q);
		if (q->rc == 0)
			subscription_pump(f->d, sub);
	}
	free(f);
	query_free(q);
}

static void fetch(struct daemon *d, struct subscription *sub, unsigned shard)
{
	struct subscription_ref *f = subscription_ref_new(d, sub, shard);
	struct query *q = f ? query_new(QUERY_OUTBOX, fetched, f) : NULL;

	if (!q) {
		free(f);
		return; /* the next tick tries again */
	}
	q->shard = shard;
	q->from = sub->lanes[shard].sent + 1;
	q->cap_notes = FETCH_NOTES;
	q->cap_bytes = FETCH_BYTES;
	sub->lanes[shard].fetching = true;
	worker_post(&d->workers[shard], &q->mail);
}

void subscription_pump(struct daemon *d, struct subscription *sub)
{
	if (!sub->connected || sub->blocked || d->state == DAEMON_STOPPING)
		return;
	for (unsigned i = 0; i < d->store.shards; i++)
		if (!sub->lanes[i].fetching && has_credit(d, sub, &sub->lanes[i]) &&
			sub->lanes[i].sent < d->subscribers.last[i])
			fetch(d, sub, i);
}

void subscribers_notify(struct daemon *d, unsigned shard, uint64_t sequence)
{
	struct subscribers *s = &d->subscribers;

	if (sequence <= s->last[shard])
		return;
	s->last[shard] = sequence;
	for (unsigned i = 0; i < s->n_connected; i++)
		subscription_pump(d, s->list[i]);
}

static void stored(struct query *q)
{
	query_free(q);
}

static void store(struct daemon *d, struct subscription *sub, unsigned shard)
{
	struct query *q = query_new(QUERY_ACK, stored, NULL);

	if (!q)
		return;
	buf_add_str(&q->key, sub->name);
	q->shard = shard;
	q->from = sub->lanes[shard].acked;
	if (q->key.failed) {
		query_free(q);
		return;
	}
	sub->lanes[shard].stored = sub->lanes[shard].acked;
	worker_post(&d->workers[shard], &q->mail);
}

void subscribers_tick(struct daemon *d)
{
	struct subscribers *s = &d->subscribers;

	for (unsigned i = 0; i < s->n; i++) {
		struct subscription *sub = s->list[i];

		for (unsigned k = 0; k < d->store.shards; k++)
			if (!sub->reading && sub->lanes[k].acked != sub->lanes[k].stored)
				store(d, sub, k);
		sub->blocked = false;
		subscription_pump(d, sub); /* also what a failed fetch left behind */
	}
	readings_tick(d);
	snapshots_tick(d);
}
