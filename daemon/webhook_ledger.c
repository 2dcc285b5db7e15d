/* SPDX-License-Identifier: Apache-2.0 */
/* Keeping letters: their rows by inputs, one of which is under way at a time, and positions. */
#include <stdlib.h>
#include "base/hash.h"
#include "daemon/daemon.h"
#include "daemon/webhook_letter.h"

#define KEEP_BYTES (1u << 20) /* of changes in one input, about */

struct keeping {
	void (*done)(struct daemon *d, void *arg, int rc);
	void *arg;
};

static void kept(struct daemon *d, struct task *t)
{
	struct keeping *k = t->message;

	k->done(d, k->arg, 0);
}

static void not_kept(struct daemon *d, struct task *t, int rc)
{
	struct keeping *k = t->message;

	k->done(d, k->arg, rc);
}

int webhook_letters_submit(struct daemon *d, struct span changes,
	void (*done)(struct daemon *d, void *arg, int rc), void *arg)
{
	struct task *t = daemon_fires(d) ? task_new(d) : NULL;
	struct keeping *k = t ? arena_alloc(t->arena, sizeof *k) : NULL;
	int rc;

	if (!k) {
		if (t)
			task_free(d, t);
		return ERR_BUSY;
	}
	*k = (struct keeping){ done, arg };
	t->work.input.type = INPUT_LETTERS;
	t->work.input.letters = changes;
	timekeeper_stamp(d, &t->work.input);
	t->message = k;
	t->done = kept;
	t->failed = not_kept;
	/* The shards read it after this call has returned. */
	t->work.input.letters.data = arena_alloc(t->arena, changes.size + 1);
	if (!t->work.input.letters.data) {
		task_free(d, t);
		return ERR_NOMEM;
	}
	memcpy((uint8_t *)(uintptr_t)t->work.input.letters.data, changes.data, changes.size);
	rc = pipeline_submit(d, t, span_of(NULL, 0), NULL, 0);
	if (rc != 0)
		task_free(d, t);
	else
		daemon_flush_soon(d);
	return rc;
}

/* A letter that is behind one that waits has to wait as long: it is kept, too. */
static bool wants_row(const struct webhook *w, const struct letter *l)
{
	if (!l->changed || l->writing || l->fetching)
		return false;
	switch (l->state) {
	case LETTER_WAITING:
	case LETTER_AHEAD: return l->body != NULL;
	case LETTER_BEHIND:
		return l->body != NULL && w->queue.n[LETTER_WAITING] > 0 && queue_may_keep(l);
	case LETTER_DEAD: return l->body != NULL;
	default: return false;
	}
}

static void write_letter(struct daemon *d, struct webhook *w, struct letter *l, struct buf *out)
{
	struct letter_change c = { .verb = LETTER_PUT, .shard = (uint16_t)l->shard,
		.sequence = l->sequence, .name = span_str(w->set.name) };

	letter_pack(&d->webhooks.scratch, l, l->state == LETTER_DEAD ? ROW_DEAD : ROW_WAITS);
	c.record = span_of(d->webhooks.scratch.data, d->webhooks.scratch.size);
	if (d->webhooks.scratch.failed)
		out->failed = true;
	letter_change_add(out, &c);
	l->writing = true;
	l->changed = false;
}

static void erase_letter(struct webhook *w, struct letter *l, struct buf *out)
{
	struct letter_change c = { .verb = LETTER_DELETE, .shard = (uint16_t)l->shard,
		.sequence = l->sequence, .name = span_str(w->set.name) };

	letter_change_add(out, &c);
	l->writing = l->erasing = true;
}

/* The webhook's own row, in the shard of its name. */
static void write_webhook(struct daemon *d, struct webhook *w, struct buf *out)
{
	struct letter own = { .first_ms = w->failing.since_ms,
		.attempts = w->failures > UINT16_MAX ? UINT16_MAX : (uint16_t)w->failures };
	struct letter_change c = { .verb = w->failing.since_ms ? LETTER_PUT : LETTER_DELETE,
		.shard = (uint16_t)hash_shard(w->set.name, strlen(w->set.name), d->store.shards),
		.sequence = WEBHOOK_ROW, .name = span_str(w->set.name) };

	letter_pack(&d->webhooks.scratch, &own, ROW_WEBHOOK);
	if (w->failing.since_ms)
		c.record = span_of(d->webhooks.scratch.data, d->webhooks.scratch.size);
	letter_change_add(out, &c);
	w->row_writing = true;
	w->row_changed = false;
}

static void collect(struct daemon *d, struct webhook *w, struct buf *out)
{
	struct letter *next;

	if (w->row_changed)
		write_webhook(d, w, out);
	for (struct letter *l = w->queue.first; l && out->size < KEEP_BYTES; l = next) {
		next = l->next;
		if (l->state == LETTER_DONE && !l->kept && !l->writing && !l->fetching)
			queue_remove(&w->queue, l);
		else if (l->state == LETTER_DONE && l->kept && !l->writing && !l->fetching)
			erase_letter(w, l, out);
		else if (l->state == LETTER_DEAD && l->kept && !l->changed && !l->writing &&
			l->sequence <= w->lanes[l->shard].stored)
			queue_remove(&w->queue, l);
		else if (wants_row(w, l))
			write_letter(d, w, l, out);
	}
}

static void settle(struct webhook *w, struct letter *l, int rc)
{
	if (!l->writing)
		return;
	l->writing = false;
	if (rc != 0) {
		l->changed = true;
		l->erasing = false;
	} else if (l->erasing) {
		queue_remove(&w->queue, l);
	} else {
		queue_mark_kept(&w->queue, l);
		if ((l->state == LETTER_WAITING || l->state == LETTER_BEHIND ||
			l->state == LETTER_AHEAD) && !l->changed) {
			free(l->body);
			l->body = NULL;
		}
	}
}

static void settled(struct daemon *d, void *arg, int rc)
{
	(void)arg;
	d->webhooks.ledger_under_way = false;
	for (unsigned i = 0; i < d->webhooks.n; i++) {
		struct webhook *w = d->webhooks.list[i];
		struct letter *next;

		if (w->row_writing && rc != 0)
			w->row_changed = true;
		w->row_writing = false;
		for (struct letter *l = w->queue.first; l; l = next) {
			next = l->next;
			settle(w, l, rc);
		}
	}
	webhooks_notify(d);
}

void webhooks_keep(struct daemon *d)
{
	struct webhooks *s = &d->webhooks;
	struct buf out = { 0 };
	int rc = 0;

	if (s->ledger_under_way || !daemon_fires(d))
		return;
	for (unsigned i = 0; i < s->n && out.size < KEEP_BYTES; i++)
		collect(d, s->list[i], &out);
	s->ledger_under_way = out.size > 0 || out.failed;
	if (out.size > 0 && !out.failed)
		rc = webhook_letters_submit(d, span_of(out.data, out.size), settled, NULL);
	if (rc != 0 || out.failed)
		settled(d, NULL, ERR_NOMEM);
	buf_fini(&out);
}

static void stored(struct query *q)
{
	query_free(q);
}

static void store(struct daemon *d, struct webhook *w, unsigned shard)
{
	struct webhook_lane *l = &w->lanes[shard];
	struct query *q = query_new(QUERY_ACK, stored, NULL);

	if (!q)
		return;
	buf_add_str(&q->key, w->set.name);
	q->shard = shard;
	q->from = l->acked;
	if (q->key.failed) {
		query_free(q);
		return;
	}
	l->stored = l->acked;
	worker_post(&d->workers[shard], &q->mail);
}

void webhooks_positions(struct daemon *d)
{
	for (unsigned i = 0; i < d->webhooks.n; i++) {
		struct webhook *w = d->webhooks.list[i];

		for (unsigned k = 0; k < d->store.shards; k++) {
			struct webhook_lane *l = &w->lanes[k];

			if (!l->known || !l->loaded || w->changing)
				continue;
			l->acked = queue_position(&w->queue, k, l->read);
			if (l->acked > l->stored)
				store(d, w, k);
		}
	}
}
