/* SPDX-License-Identifier: Apache-2.0 */
/* From a shard's messages to an input. */
#include <stdlib.h>
#include "daemon/daemon.h"

#define CARRY_MESSAGES 1024
#define CARRY_BYTES    (256u << 10)

static uint64_t waiting_in(const struct daemon *d, unsigned shard)
{
	const struct worker *w = &d->workers[shard];
	uint64_t last = atomic_load(&w->messages_last), first = atomic_load(&w->messages_first);
	uint64_t carried = d->courier.lanes[shard].carried;

	if (first <= carried)
		first = carried + 1;
	return last >= first ? last - first + 1 : 0;
}

uint64_t courier_waiting(const struct daemon *d)
{
	uint64_t sum = 0;

	if (!d->courier.lanes)
		return 0;
	for (unsigned i = 0; i < d->store.shards; i++)
		sum += waiting_in(d, i);
	return sum;
}

bool courier_has_news_of_sources(const struct daemon *d)
{
	for (unsigned i = 0; d->courier.lanes && i < d->store.shards; i++) {
		const struct worker *w = &d->workers[i];
		uint64_t told = atomic_load(&w->sources_told);

		if (told >= atomic_load(&w->messages_first) && told > d->courier.lanes[i].carried)
			return true;
	}
	return false;
}

static void carried(struct daemon *d, struct task *t)
{
	const struct input *in = &t->work.input;
	struct courier_lane *l = &d->courier.lanes[in->from_shard];

	l->carried = in->first_message + in->n_messages - 1;
	l->busy = false;
	d->courier.messages += in->n_messages;
}

static void not_carried(struct daemon *d, struct task *t, int rc)
{
	struct courier_lane *l = &d->courier.lanes[t->work.input.from_shard];

	(void)rc; /* what was not taken is in the table still */
	l->busy = false;
	l->resting = true;
}

/* The list, decoded, both in T's arena. */
static int make_input(struct daemon *d, struct task *t, const struct query *q, struct span *ret_list)
{
	struct input *in = &t->work.input;
	uint8_t *list = arena_alloc(t->arena, q->texts.size);

	if (!list)
		return ERR_NOMEM;
	memcpy(list, q->texts.data, q->texts.size);
	*ret_list = span_of(list, q->texts.size);
	in->type = INPUT_MESSAGES;
	in->backfill = q->backfill;
	in->from_shard = q->shard;
	in->first_message = q->from;
	timekeeper_stamp(d, in);
	t->bytes = q->texts.size + arena_held(t->arena);
	return messages_decode(*ret_list, t->arena, &in->messages, &in->n_messages);
}

static int carry(struct daemon *d, const struct query *q)
{
	struct task *t = task_new(d);
	struct span list;
	int rc = t ? make_input(d, t, q, &list) : ERR_NOMEM;

	if (rc == 0) {
		t->done = carried;
		t->failed = not_carried;
		rc = pipeline_submit(d, t, list, NULL, 0);
	}
	if (rc != 0 && t)
		task_free(d, t);
	if (rc == 0)
		daemon_flush_soon(d);
	return rc;
}

static void fetched(struct query *q)
{
	struct daemon *d = q->arg;
	struct courier_lane *l = &d->courier.lanes[q->shard];
	bool carries = q->rc == 0 && q->texts.size && daemon_fires(d);
	int rc = carries ? carry(d, q) : q->rc;

	l->busy = carries && rc == 0;
	l->resting = rc != 0;
	if (rc != 0) {
		log_error("messages", "they wait, and are tried again", "shard=%u error=%s", q->shard,
			log_quote(err_text(rc)));
	}
	query_free(q);
}

static void fetch(struct daemon *d, unsigned shard)
{
	struct query *q = query_new(QUERY_MESSAGES, fetched, d);

	if (!q)
		return; /* the next tick tries again */
	q->shard = shard;
	q->from = d->courier.lanes[shard].carried + 1;
	q->cap_notes = CARRY_MESSAGES;
	q->cap_bytes = CARRY_BYTES;
	d->courier.lanes[shard].busy = true;
	worker_post(&d->workers[shard], &q->mail);
}

void courier_check(struct daemon *d)
{
	if (!daemon_fires(d) || !d->courier.lanes)
		return;
	for (unsigned i = 0; i < d->store.shards; i++)
		if (!d->courier.lanes[i].busy && !d->courier.lanes[i].resting && waiting_in(d, i))
			fetch(d, i);
}

void courier_tick(struct daemon *d)
{
	for (unsigned i = 0; i < d->store.shards; i++)
		d->courier.lanes[i].resting = false;
	courier_check(d);
}

int courier_open(struct daemon *d)
{
	d->courier.lanes = calloc(d->store.shards, sizeof *d->courier.lanes);
	return d->courier.lanes ? 0 : ERR_NOMEM;
}

void courier_close(struct daemon *d)
{
	free(d->courier.lanes);
	d->courier.lanes = NULL;
}
