/* SPDX-License-Identifier: Apache-2.0 */
/* From the outbox, and from the rows of letters, into the queues.
 *
 * One question a shard is under way, and its answer serves every webhook that stands within it:
 * those who are at the end, which is nearly all of them, cost one question together. Whose place
 * the next question is for goes round, so one that catches up holds nobody back. */
#include <stdlib.h>
#include "base/clock.h"
#include "base/hash.h"
#include "daemon/daemon.h"
#include "daemon/webhook_letter.h"

#define READ_NOTES 128
#define READ_BYTES (256u << 10)

struct reading {
	struct daemon *d;
	struct webhook *w;   /* of letters: one reference */
	unsigned shard;
	uint64_t sequence;   /* of one letter */
};

static bool wants(const struct daemon *d, const struct webhook *w, unsigned shard)
{
	const struct webhook_lane *l = &w->lanes[shard];

	return webhook_is_active(w) && l->known && l->loaded && queue_has_room(&w->queue) &&
		l->read < d->subscribers.last[shard];
}

/* Whether this one is in the queue, or was and has a row. */
static bool is_there(const struct webhook *w, const struct webhook_lane *l,
	const struct notification *n)
{
	return n->sequence <= l->highest && queue_find(&w->queue, n->shard, n->sequence);
}

/* It has been read up to UPTO: letters that were ahead are in their places now. */
static void reach(struct webhook *w, unsigned shard, uint64_t upto)
{
	queue_reach(&w->queue, shard, upto, w->set.order == WEBHOOK_BY_CUSTOMER);
	w->lanes[shard].read = upto;
}

static bool take(struct webhook *w, struct webhook_lane *l, const struct notification *n,
	struct span encoded)
{
	uint64_t customer = n->customer.size ? hash_64(n->customer.data, n->customer.size, 1) : 0;

	if (filter_takes(&w->set.filter, n) && !is_there(w, l, n)) {
		if (!queue_add(&w->queue, n->shard, n->sequence, customer, encoded,
			w->set.order == WEBHOOK_BY_CUSTOMER))
			return false;
		if (n->sequence > l->highest)
			l->highest = n->sequence;
	}
	return true;
}

static void serve(struct daemon *d, struct webhook *w, unsigned shard, const struct query *q,
	const struct notification *notes)
{
	struct webhook_lane *l = &w->lanes[shard];
	unsigned i;

	if (!wants(d, w, shard) || l->read + 1 < q->from || l->read > q->upto)
		return;
	if (q->meta.outbox_first > l->read + 1) {
		w->gaps += q->meta.outbox_first - 1 - l->read;
		log_warn("webhook", "notifications were trimmed before they were delivered",
			"name=%s shard=%u first=%llu last=%llu", log_quote(w->set.name), shard,
			(unsigned long long)l->read + 1,
			(unsigned long long)q->meta.outbox_first - 1);
		reach(w, shard, q->meta.outbox_first - 1);
	}
	for (i = 0; i < q->notes.n_notes; i++) {
		const struct note *n = &q->notes.notes[i];

		if (n->sequence <= l->read)
			continue;
		if (n->sequence > d->subscribers.last[shard] || !queue_has_room(&w->queue))
			return;
		reach(w, shard, n->sequence - 1);
		if (notes[i].sequence && !take(w, l, &notes[i],
			span_of(q->notes.bytes.data + n->offset, n->size)))
			return;
		reach(w, shard, n->sequence);
	}
	if (q->upto > l->read && q->upto <= d->subscribers.last[shard])
		reach(w, shard, q->upto);
}

static void answered(struct query *q)
{
	struct reading *r = q->arg;
	struct daemon *d = r->d;
	struct notification *notes = calloc(q->notes.n_notes + 1, sizeof *notes);

	d->webhooks.readers[r->shard].fetching = false;
	arena_reset(d->subscribers.arena);
	for (unsigned i = 0; notes && i < q->notes.n_notes; i++)
		if (notification_decode(&notes[i], q->notes.bytes.data + q->notes.notes[i].offset,
			q->notes.notes[i].size, d->subscribers.arena) != 0)
			notes[i].sequence = 0; /* damaged: its number stays a hole */
	for (unsigned i = 0; notes && q->rc == 0 && i < d->webhooks.n; i++)
		serve(d, d->webhooks.list[i], r->shard, q, notes);
	if (notes && q->rc == 0)
		webhooks_notify(d);
	free(notes);
	free(r);
	query_free(q);
}

static struct query *ask(struct daemon *d, enum query_kind kind,
	void (*done)(struct query *), struct webhook *w, unsigned shard)
{
	struct reading *r = calloc(1, sizeof *r);
	struct query *q = r ? query_new(kind, done, r) : NULL;

	if (q && w)
		buf_add_str(&q->key, w->set.name);
	if (!q || q->key.failed) {
		query_free(q);
		free(r);
		return NULL; /* the next tick tries again */
	}
	*r = (struct reading){ d, w, shard, 0 };
	q->shard = shard;
	q->cap_notes = READ_NOTES;
	q->cap_bytes = READ_BYTES;
	if (w)
		w->references++;
	return q;
}

static void read_shard(struct daemon *d, unsigned shard)
{
	struct webhooks *s = &d->webhooks;
	struct webhook_reader *reader = &s->readers[shard];
	struct query *q;

	for (unsigned i = 0; i < s->n && !reader->fetching; i++) {
		struct webhook *w = s->list[(reader->next + i) % s->n];

		if (!wants(d, w, shard))
			continue;
		q = ask(d, QUERY_OUTBOX, answered, NULL, shard);
		if (!q)
			return;
		q->from = w->lanes[shard].read + 1;
		reader->fetching = true;
		reader->next = (reader->next + i + 1) % s->n;
		worker_post(&d->workers[shard], &q->mail);
	}
}

void webhooks_read(struct daemon *d)
{
	for (unsigned i = 0; i < d->store.shards; i++)
		read_shard(d, i);
}

struct letter *webhook_take_row(struct webhook *w, unsigned shard, uint64_t sequence,
	const struct letter *row)
{
	struct webhook_lane *lane = &w->lanes[shard];
	struct letter *l = sequence > lane->read ?
		queue_add_ahead(&w->queue, shard, sequence, row->customer, row->due_ms) :
		queue_add_kept(&w->queue, shard, sequence, row->customer, row->due_ms,
			w->set.order == WEBHOOK_BY_CUSTOMER);

	if (!l)
		return NULL;
	l->attempts = row->attempts;
	l->status = row->status;
	l->first_ms = row->first_ms;
	l->last_ms = row->last_ms;
	memcpy(l->error, row->error, sizeof l->error);
	if (sequence > lane->highest)
		lane->highest = sequence;
	return l;
}

static void load_row(struct webhook *w, unsigned shard, uint64_t sequence, struct span record)
{
	struct webhook_lane *lane = &w->lanes[shard];
	enum letter_row kind;
	struct letter row, *l;
	struct span body;

	if (letter_unpack(record, &row, &kind, &body) != 0)
		return; /* no version of kith wrote it */
	if (kind == ROW_WEBHOOK) {
		failing_load(&w->failing, row.first_ms, clock_wall_ms(), clock_monotonic_ns());
		w->failures = row.attempts;
		return;
	}
	w->dead += kind == ROW_DEAD;
	if (kind == ROW_DEAD && sequence <= lane->acked)
		return;
	l = webhook_take_row(w, shard, sequence, &row);
	if (l && kind == ROW_DEAD) { /* not to be read again from the outbox */
		queue_end(&w->queue, l, LETTER_DEAD);
		l->changed = false;
	}
}

static void loaded(struct query *q)
{
	struct reading *r = q->arg;
	struct webhook *w = r->w;
	struct webhook_lane *l = &w->lanes[r->shard];

	l->loading = false;
	for (unsigned i = 0; !w->removed && q->rc == 0 && i < q->notes.n_notes; i++) {
		const struct note *n = &q->notes.notes[i];

		load_row(w, r->shard, n->sequence, span_of(q->notes.bytes.data + n->offset, n->size));
	}
	if (q->rc == 0) {
		l->load_after = q->upto;
		l->loaded = q->upto == UINT64_MAX;
	}
	if (q->rc == 0 && !w->removed) {
		webhooks_load_letters(r->d);
		webhooks_notify(r->d);
	}
	webhook_release(w);
	free(r);
	query_free(q);
}

void webhooks_load_letters(struct daemon *d)
{
	for (unsigned i = 0; i < d->webhooks.n; i++)
		for (unsigned k = 0; k < d->store.shards; k++) {
			struct webhook *w = d->webhooks.list[i];
			struct webhook_lane *l = &w->lanes[k];
			struct query *q;

			if (l->loaded || l->loading || !l->known)
				continue;
			q = ask(d, QUERY_LETTERS, loaded, w, k);
			if (!q)
				return;
			q->from = l->load_after;
			l->loading = true;
			worker_post(&d->workers[k], &q->mail);
		}
}

static void fetched(struct query *q)
{
	struct reading *r = q->arg;
	struct webhook *w = r->w;
	struct letter *l = queue_find(&w->queue, r->shard, r->sequence), row;
	enum letter_row kind;
	struct span body = span_of(NULL, 0);

	w->fetching--;
	if (l && l->fetching) {
		l->fetching = false;
		if (q->rc == 0 && q->notes.n_notes && q->notes.notes[0].sequence == r->sequence &&
			letter_unpack(span_of(q->notes.bytes.data + q->notes.notes[0].offset,
				q->notes.notes[0].size), &row, &kind, &body) == 0) {
			l->body = malloc(body.size + 1);
			if (l->body)
				memcpy(l->body, body.data, body.size);
			l->size = (uint32_t)body.size;
		} else if (q->rc == 0) { /* a damaged row: it is nobody's any more, and stays one */
			log_error("webhook", "a letter's row is damaged", "name=%s id=%u-%llu",
				log_quote(w->set.name), r->shard, (unsigned long long)r->sequence);
			queue_end(&w->queue, l, LETTER_DONE);
		}
	}
	if (q->rc == 0)
		webhooks_notify(r->d);
	webhook_release(w);
	free(r);
	query_free(q);
}

void webhook_fetch(struct daemon *d, struct webhook *w, struct letter *l)
{
	struct query *q = ask(d, QUERY_LETTERS, fetched, w, l->shard);

	if (!q)
		return;
	((struct reading *)q->arg)->sequence = l->sequence;
	q->from = l->sequence - 1;
	q->cap_notes = 1;
	l->fetching = true;
	w->fetching++;
	worker_post(&d->workers[l->shard], &q->mail);
}
