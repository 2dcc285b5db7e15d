/* SPDX-License-Identifier: Apache-2.0 */
/* Ingest: from a message to a task, and from a finished task to a receipt. */
#include <stdlib.h>
#include "base/clock.h"
#include "base/hash.h"
#include "daemon/daemon.h"

/* What a batch needs until its receipt; lives in the task's arena. */
struct delivery_note {
	struct peer peer;
	zmq_msg_t message;
	uint32_t n_rejected;
	struct rejection *rejected; /* found before the journal, ascending; room for all events */
	uint32_t *refused;          /* their indexes */
};

static void send_receipt(struct daemon *d, const struct peer *to, struct receipt *r)
{
	struct buf out = { 0 };

	r->credit = d->config.credit;
	receipt_encode(&out, r);
	/* A peer that is gone, or does not read: it will send again, and get it then. */
	if (out.failed || router_send(&d->ingest.socket, to, span_of(out.data, out.size)) != 0)
		d->ingest.unsent++;
	buf_fini(&out);
}

static void refuse(struct daemon *d, const struct peer *to, uint64_t number, const char *code,
	const char *text)
{
	struct receipt r = { .number = number, .refused = code, .text = text };

	d->ingest.refused++;
	send_receipt(d, to, &r);
}

static struct held_back *held_find(struct ingest *in, const struct peer *peer)
{
	for (unsigned i = 0; i < in->n_held; i++)
		if (peer_equal(&in->held[i].peer, peer))
			return &in->held[i];
	return NULL;
}

static struct answered *answered_slot(struct ingest *in, const struct peer *peer)
{
	uint64_t hash = hash_64(peer->id, peer->size, 0);
	struct answered *a = &in->answered[hash % ANSWERED_SLOTS];

	if (a->peer != hash)
		*a = (struct answered){ .peer = hash };
	return a;
}

/* NUMBER has its receipt, so its sender will not send it again: whoever waits for it, because
 * another copy of it was refused, waits for the next one instead. */
static void answered(struct ingest *in, const struct peer *peer, uint64_t number)
{
	struct answered *a = answered_slot(in, peer);
	struct held_back *h = in->n_held ? held_find(in, peer) : NULL;

	if (number > a->number)
		a->number = number;
	if (h && h->number <= a->number)
		h->number = a->number + 1;
}

/* Refuse for now, and keep the peer's order. */
static void hold_back(struct daemon *d, const struct peer *peer, uint64_t number,
	const char *code, const char *text)
{
	struct ingest *in = &d->ingest;
	struct held_back *h = held_find(in, peer);
	uint64_t from = answered_slot(in, peer)->number + 1; /* what is before it comes no more */

	if (from < number)
		from = number;
	if (!h && number != 0) {
		h = &in->held[in->next_held];
		in->next_held = (in->next_held + 1) % HELD_BACK_MAX;
		if (in->n_held < HELD_BACK_MAX)
			in->n_held++;
		h->peer = *peer;
		h->number = from;
	}
	if (h && from < h->number)
		h->number = from;
	refuse(d, peer, number, code, text);
}

/* Whether a batch must wait for an earlier one of the same peer; forgets the peer when it does
 * not. */
static bool out_of_order(struct ingest *in, const struct peer *peer, uint64_t number)
{
	struct held_back *h = in->n_held ? held_find(in, peer) : NULL;

	if (!h)
		return false;
	if (number > h->number)
		return true;
	h->peer.size = 0; /* nobody's */
	return false;
}

static void receipt_for(struct daemon *d, struct task *t)
{
	struct delivery_note *note = t->message;
	const struct batch *b = &t->work.input.batch;
	struct receipt r = { .number = b->number, .n_rejected = note->n_rejected,
		.rejected = note->rejected };

	for (unsigned i = 0; i < t->work.n_parts; i++) {
		const struct outcome *o = &t->work.parts[i].outcome;

		r.accepted += o->accepted;
		r.duplicates += o->duplicates;
		for (uint32_t k = 0; k < o->n_rejected && r.n_rejected < b->n_all; k++)
			note->rejected[r.n_rejected++] = o->rejected[k];
	}
	d->rejected += r.n_rejected;
	answered(&d->ingest, &note->peer, r.number);
	send_receipt(d, &note->peer, &r);
}

static void batch_end(struct task *t)
{
	struct delivery_note *note = t->message;

	zmq_msg_close(&note->message);
}

static void batch_done(struct daemon *d, struct task *t)
{
	(void)d;
	batch_end(t);
}

static void batch_failed(struct daemon *d, struct task *t, int rc)
{
	struct delivery_note *note = t->message;

	hold_back(d, &note->peer, t->work.input.batch.number, "full", err_text(rc));
	batch_end(t);
}

/* What only the clock can tell: too old for the duplicate guard, or from the future. */
static enum reject time_check(const struct daemon *d, const struct input *in,
	const struct event *e, const char **ret_text)
{
	if (d->config.clock == CLOCK_EVENT)
		return REJECT_NONE;
	if (e->time_ms > in->clock_ms + d->config.in_future_ms) {
		*ret_text = "later than the daemon's clock allows; is the sender's clock right?";
		return REJECT_IN_FUTURE;
	}
	if (!in->backfill && e->sequence == 0 &&
		e->time_ms < in->clock_ms - d->config.settings.guard_window_ms) {
		*ret_text = e->time_ms < EVENT_TIME_SECONDS ?
			"in early 1970: is it in Unix seconds? kith takes milliseconds" :
			"older than the window in which a resend is recognised: give events a "
			"sequence, or send them as backfill (kith send --backfill)";
		return REJECT_TOO_OLD;
	}
	return REJECT_NONE;
}

/* Take out of the batch what the clock refuses, and merge it with what decoding refused. */
static int refuse_by_time(struct daemon *d, struct task *t, struct delivery_note *note)
{
	struct input *in = &t->work.input;
	struct batch *b = &in->batch;
	uint32_t kept = 0, r = 0, n = 0;
	const char *text = NULL;

	note->rejected = arena_alloc(t->arena, (b->n_all + 1) * sizeof *note->rejected);
	note->refused = arena_alloc(t->arena, (b->n_all + 1) * sizeof *note->refused);
	if (!note->rejected || !note->refused)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < b->n_events; i++) {
		enum reject code = time_check(d, in, &b->events[i], &text);

		while (r < b->n_rejected && b->rejected[r].index < b->index[i])
			note->rejected[n++] = b->rejected[r++];
		if (code != REJECT_NONE) {
			note->rejected[n++] = (struct rejection){ b->index[i], (uint8_t)code, text };
			continue;
		}
		if (kept != i)
			b->events[kept] = b->events[i];
		b->index[kept++] = b->index[i];
	}
	while (r < b->n_rejected)
		note->rejected[n++] = b->rejected[r++];
	b->n_events = kept;
	note->n_rejected = n;
	for (uint32_t i = 0; i < n; i++)
		note->refused[i] = note->rejected[i].index;
	return 0;
}

#define FOR_ALL UINT8_MAX /* no shard has this number */

/* Give each shard the positions of its events; what names nobody is for all. */
static int split(struct daemon *d, struct task *t)
{
	const struct batch *b = &t->work.input.batch;
	unsigned shards = d->store.shards;
	uint32_t for_all = 0;
	uint8_t *of = arena_alloc(t->arena, b->n_events + 1);

	if (!of)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < b->n_events; i++) {
		struct span id = b->events[i].customer;

		of[i] = id.size ? (uint8_t)hash_shard(id.data, id.size, shards) : FOR_ALL;
		if (of[i] == FOR_ALL)
			for_all++;
		else
			t->work.parts[of[i]].n++;
	}
	for (unsigned s = 0; s < shards; s++) {
		struct part *p = &t->work.parts[s];

		p->list = arena_alloc(t->arena, (p->n + for_all + 1) * sizeof *p->list);
		if (!p->list)
			return ERR_NOMEM;
		p->n = 0;
	}
	for (uint32_t i = 0; i < b->n_events; i++)
		for (unsigned s = of[i] == FOR_ALL ? 0 : of[i];
			s < (of[i] == FOR_ALL ? shards : of[i] + 1u); s++) {
			struct part *p = &t->work.parts[s];

			p->list[p->n++] = i;
		}
	return 0;
}

static int make_batch(struct daemon *d, struct task *t, struct delivery_note *note,
	struct complaint *c)
{
	struct input *in = &t->work.input;
	struct span raw = span_of(zmq_msg_data(&note->message), zmq_msg_size(&note->message));
	int rc;

	in->type = INPUT_BATCH;
	rc = batch_decode(&in->batch, raw.data, raw.size, t->arena, c);
	if (rc != 0)
		return rc;
	in->backfill = in->batch.backfill;
	timekeeper_stamp(d, in);
	if (out_of_order(&d->ingest, &note->peer, in->batch.number))
		return ERR_BUSY;
	rc = refuse_by_time(d, t, note);
	if (rc == 0)
		rc = split(d, t);
	t->bytes = raw.size + arena_held(t->arena);
	return rc;
}

static void reject_message(struct daemon *d, struct task *t, int rc, const struct complaint *c)
{
	struct delivery_note *note = t->message;
	uint64_t number = t->work.input.batch.number;

	if (rc == ERR_BUSY)
		refuse(d, &note->peer, number, "full",
			"an earlier batch was refused for now: send again from there");
	else if (rc == ERR_TOOBIG)
		refuse(d, &note->peer, number, "too_large", c->text);
	else if (rc == ERR_NOMEM)
		hold_back(d, &note->peer, number, "full", "out of memory");
	else
		refuse(d, &note->peer, number, "malformed", c->text);
}

/* A message becomes a task under way, or an answer at once. */
static void take_batch(struct daemon *d, struct task *t)
{
	struct delivery_note *note = t->message;
	struct input *in = &t->work.input;
	struct complaint c = { 0 };
	int rc = make_batch(d, t, note, &c);

	if (rc == 0 && in->batch.n_events > 0 && !daemon_takes_in(d)) {
		hold_back(d, &note->peer, in->batch.number,
			d->state == DAEMON_STOPPING ? "stopping" : "full",
			"nothing is taken in for now: send it again later");
		rc = 1;
	} else if (rc == 0 && in->batch.n_events > 0) {
		t->answer = receipt_for;
		t->done = batch_done;
		t->failed = batch_failed;
		rc = pipeline_submit(d, t, span_of(zmq_msg_data(&note->message),
			zmq_msg_size(&note->message)), note->refused, note->n_rejected);
		if (rc == 0) {
			timekeeper_saw(d, in);
			return;
		}
		reject_message(d, t, rc, &c);
	} else if (rc == 0) {
		receipt_for(d, t); /* nothing in it that could change anything */
	} else {
		reject_message(d, t, rc, &c);
	}
	batch_end(t);
	task_free(d, t);
}

static bool take(void *arg)
{
	struct daemon *d = arg;
	struct task *t = task_new(d);
	struct delivery_note *note = t ? arena_alloc(t->arena, sizeof *note) : NULL;
	int rc;

	if (!note) {
		if (t)
			task_free(d, t);
		return false; /* out of memory: leave it in its queue, the safety timer comes back */
	}
	memset(note, 0, sizeof *note);
	t->message = note;
	rc = router_take(&d->ingest.socket, &note->peer, &note->message);
	if (rc != 0) {
		if (rc == ERR_INVALID)
			refuse(d, &note->peer, 0, "malformed", "expected one frame with one Batch");
		task_free(d, t);
		return rc != ERR_NOTFOUND;
	}
	d->ingest.batches++;
	take_batch(d, t);
	ingest_regulate(d);
	return !d->ingest.socket.paused;
}

static void drained(void *arg)
{
	struct daemon *d = arg;
	int rc = pipeline_flush(d);

	if (rc != 0)
		daemon_abandon(d, "the journal could not be made durable", rc);
}

void ingest_regulate(struct daemon *d)
{
	const struct pipeline *p = &d->pipeline;
	uint64_t events = p->under_way_events + courier_waiting(d);
	bool over = events >= d->config.under_way_events ||
		p->under_way_bytes >= d->config.under_way_bytes;
	bool below = events <= d->config.under_way_events / 2 &&
		p->under_way_bytes <= d->config.under_way_bytes / 2;

	if (over && !d->ingest.socket.paused)
		socket_pause(&d->ingest.socket, true);
	else if (below && d->ingest.socket.paused)
		socket_pause(&d->ingest.socket, false);
}

int ingest_open(struct daemon *d, struct complaint *c)
{
	struct ingest *in = &d->ingest;

	in->held = calloc(HELD_BACK_MAX, sizeof *in->held);
	in->answered = calloc(ANSWERED_SLOTS, sizeof *in->answered);
	if (!in->held || !in->answered)
		return ERR_NOMEM;
	in->socket.take = take;
	in->socket.drained = drained;
	in->socket.arg = d;
	return socket_open(&in->socket, d->zmq, ZMQ_ROUTER, d->config.ingest, d->base, c);
}

void ingest_close(struct daemon *d)
{
	socket_close(&d->ingest.socket);
	free(d->ingest.held);
	free(d->ingest.answered);
	d->ingest.held = NULL;
	d->ingest.answered = NULL;
}
