/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots: pages of who stands where, asked of the shards for subscribers.
 *
 * Ingest comes first: of each shard one page is under way at a time, whoever asks, and a page is
 * bounded (workers/snapshot.h), so between any two events a shard does at most one. A subscriber
 * gets its next page when it asks for it, which is its credit. Nothing but the question is kept
 * here; after a crash of either side it asks again from where it is. */
#include <stdlib.h>
#include "daemon/daemon.h"
#include "daemon/subscribers_internal.h"

static void page_next(struct daemon *d, unsigned shard);

static void page_send(struct daemon *d, struct subscription *sub, const struct query *q)
{
	struct page_question *p = &sub->page;
	struct snapshot_page page = { .shard = q->shard, .as_of = q->upto,
		.after = span_of(p->after, p->after_size), .upto = span_of(q->key.data, q->key.size),
		.done = q->done };
	struct buf out = { 0 };
	int rc;

	delivery_add_page(&out, &page, span_of(q->notes.bytes.data, q->notes.bytes.size));
	rc = out.failed ? ERR_NOMEM : router_send(&d->subscribers.socket, &sub->peer,
		span_of(out.data, out.size));
	buf_fini(&out);
	if (rc == ERR_CLOSED)
		subscription_leave(d, sub);
	else if (rc != 0)
		p->wanted = true; /* the peer's queue is full: read it anew, a little later */
}

static void page_came(struct query *q)
{
	struct subscription_ref *ref = q->arg;
	struct daemon *d = ref->d;
	struct subscription *sub = subscription_of(ref);
	unsigned shard = ref->shard;

	d->subscribers.paging[shard] = false;
	/* Wanted again: another page was asked for meanwhile, and this one is not awaited any
	 * more. */
	if (sub && sub->connected && sub->epoch == ref->epoch && !sub->page.wanted) {
		if (q->rc == 0)
			page_send(d, sub, q);
		else
			subscriber_refuse(d, &sub->peer, "busy", err_text(q->rc));
	}
	free(ref);
	query_free(q);
	page_next(d, shard);
}

static void page_read(struct daemon *d, struct subscription *sub)
{
	struct page_question *p = &sub->page;
	struct subscription_ref *ref = subscription_ref_new(d, sub, p->shard);
	struct query *q = ref ? query_new(QUERY_SNAPSHOT, page_came, ref) : NULL;

	if (q)
		q->filter = malloc(sizeof *q->filter);
	if (q)
		buf_add(&q->key, p->after, p->after_size);
	if (!q || !q->filter || q->key.failed) {
		query_free(q);
		free(ref);
		return; /* the next tick tries again */
	}
	*q->filter = sub->filter;
	q->shard = p->shard;
	q->cap_notes = p->limit;
	p->wanted = false;
	d->subscribers.paging[p->shard] = true;
	worker_post(&d->workers[p->shard], &q->mail);
}

/* The next in turn who wants a page of SHARD. */
static void page_next(struct daemon *d, unsigned shard)
{
	struct subscribers *s = &d->subscribers;

	if (s->paging[shard] || d->state == DAEMON_STOPPING)
		return;
	for (unsigned i = 0; i < s->n; i++) {
		struct subscription *sub = s->list[++s->page_turn % s->n];

		if (sub->connected && sub->page.wanted && sub->page.shard == shard) {
			page_read(d, sub);
			return;
		}
	}
}

void snapshot_ask(struct daemon *d, struct subscription *sub, const struct subscriber_message *m)
{
	struct page_question *p = &sub->page;

	if (m->shard >= d->store.shards) {
		subscriber_refuse(d, &sub->peer, "malformed", "snapshot.shard is none of this store");
		return;
	}
	p->wanted = true;
	p->shard = m->shard;
	p->limit = m->limit;
	span_copy(p->after, m->customer);
	p->after_size = (uint8_t)m->customer.size;
	page_next(d, p->shard);
}

void snapshots_tick(struct daemon *d)
{
	for (unsigned i = 0; i < d->store.shards; i++)
		page_next(d, i);
}
