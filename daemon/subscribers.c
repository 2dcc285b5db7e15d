/* SPDX-License-Identifier: Apache-2.0 */
/* Durable subscriptions: names, messages, and what is acknowledged. Delivery is in
 * subscriber_delivery.c. */
#include <stdio.h>
#include <stdlib.h>
#include "daemon/daemon.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/room.h"
#include "daemon/subscribers_internal.h"

static uint64_t name_hash(struct span name)
{
	return hash_64(name.data, name.size, 0);
}

static uint64_t peer_hash(const struct peer *peer)
{
	return hash_64(peer->id, peer->size, 1);
}

struct subscription *subscription_find(struct subscribers *s, struct span name)
{
	uint32_t cursor = 0;
	struct subscription *sub;

	while ((sub = index_next(&s->by_name, name_hash(name), &cursor)) != NULL)
		if (span_eq(span_str(sub->name), name))
			break;
	return sub;
}

struct subscription *subscription_find_peer(struct subscribers *s, const struct peer *peer)
{
	uint32_t cursor = 0;
	struct subscription *sub;

	while ((sub = index_next(&s->by_peer, peer_hash(peer), &cursor)) != NULL)
		if (peer_equal(&sub->peer, peer))
			break;
	return sub;
}

/* SUB and OTHER change places. */
static void list_swap(struct subscribers *s, struct subscription *sub, struct subscription *other)
{
	unsigned at = sub->at;

	sub->at = other->at;
	other->at = at;
	s->list[sub->at] = sub;
	s->list[other->at] = other;
}

int subscription_connect(struct subscribers *s, struct subscription *sub, const struct peer *peer)
{
	if (index_add(&s->by_peer, peer_hash(peer), sub) != 0)
		return ERR_NOMEM;
	list_swap(s, sub, s->list[s->n_connected++]);
	sub->peer = *peer;
	sub->connected = true;
	return 0;
}

static void subscription_disconnect(struct subscribers *s, struct subscription *sub)
{
	if (!sub->connected)
		return;
	index_del(&s->by_peer, peer_hash(&sub->peer), sub);
	list_swap(s, sub, s->list[--s->n_connected]);
	sub->connected = false;
}

static void subscription_free(struct daemon *d, struct subscription *sub)
{
	for (unsigned i = 0; sub->lanes && i < d->store.shards; i++)
		free(sub->lanes[i].flight);
	free(sub->lanes);
	free(sub->types);
	free(sub);
}

struct subscription *subscription_new(struct daemon *d, struct span name)
{
	struct subscribers *s = &d->subscribers;
	struct subscription *sub, **list;

	list = room_for_one(s->list, s->n, &s->capacity, 16, sizeof *list);
	if (!list)
		return NULL;
	s->list = list;
	sub = calloc(1, sizeof *sub);
	if (!sub)
		return NULL;
	sub->lanes = calloc(d->store.shards, sizeof *sub->lanes);
	if (!sub->lanes || index_add(&s->by_name, name_hash(name), sub) != 0) {
		subscription_free(d, sub);
		return NULL;
	}
	memcpy(sub->name, name.data, name.size);
	sub->at = s->n;
	s->list[s->n++] = sub;
	return sub;
}

void subscription_remove(struct daemon *d, struct subscription *sub)
{
	struct subscribers *s = &d->subscribers;

	subscription_disconnect(s, sub);
	index_del(&s->by_name, name_hash(span_str(sub->name)), sub);
	list_swap(s, sub, s->list[--s->n]);
	s->readings -= sub->reading;
	subscription_free(d, sub);
}

int subscription_set_filter(struct subscription *sub, const struct subscriber_message *m)
{
	char (*types)[EVENT_TEXT_MAX + 1] = calloc(m->n_types + 1, sizeof *types);

	if (!types)
		return ERR_NOMEM;
	for (unsigned i = 0; i < m->n_types; i++) {
		size_t n = m->types[i].size < EVENT_TEXT_MAX ? m->types[i].size : EVENT_TEXT_MAX;

		memcpy(types[i], m->types[i].data, n);
	}
	free(sub->types);
	sub->types = types;
	sub->n_types = m->n_types;
	sub->filter = m->filter;
	return 0;
}

void subscriber_refuse(struct daemon *d, const struct peer *to, const char *code,
	const char *text)
{
	struct buf out = { 0 };

	delivery_add_refused(&out, code, text);
	if (!out.failed)
		(void)router_send(&d->subscribers.socket, to, span_of(out.data, out.size));
	buf_fini(&out);
}

void subscription_leave(struct daemon *d, struct subscription *sub)
{
	subscription_disconnect(&d->subscribers, sub);
	sub->blocked = false;
	sub->epoch++;
	sub->in_flight = 0;
	sub->page.wanted = false;
	for (unsigned i = 0; i < d->store.shards; i++) {
		sub->lanes[i].sent = sub->lanes[i].acked;
		sub->lanes[i].n_flight = sub->lanes[i].first_flight = 0;
	}
}

/* What an opening needs until it is durable; in the task's arena. */
struct opening {
	struct naming naming;
	struct asked *asked; /* who had it forgotten, or NULL */
	struct peer peer;
	uint32_t credit;
	struct span name;
};

void subscription_send_opened(struct daemon *d, struct subscription *sub)
{
	struct position positions[SHARDS_MAX], ends[SHARDS_MAX];
	struct buf out = { 0 };

	for (unsigned i = 0; i < d->store.shards; i++) {
		positions[i] = (struct position){ i, sub->lanes[i].acked };
		ends[i] = (struct position){ i, d->subscribers.last[i] };
	}
	delivery_add_opened(&out, positions, d->store.shards);
	delivery_add_ends(&out, ends, d->store.shards);
	if (out.failed || router_send(&d->subscribers.socket, &sub->peer,
		span_of(out.data, out.size)) != 0)
		subscription_leave(d, sub);
	buf_fini(&out);
}

int subscription_set_credit(struct daemon *d, struct subscription *sub, uint32_t credit)
{
	sub->credit = credit ? credit : 256;
	if (sub->credit > d->config.subscriber_credit)
		sub->credit = d->config.subscriber_credit;
	if (sub->reading && sub->credit < d->store.shards)
		sub->credit = d->store.shards; /* each has a share */
	for (unsigned i = 0; i < d->store.shards; i++) {
		uint64_t *ring = realloc(sub->lanes[i].flight, sub->credit * sizeof *ring);

		if (!ring)
			return ERR_NOMEM;
		sub->lanes[i].flight = ring;
	}
	return 0;
}

/* PEER holds the name from now on; whoever held it before is told. */
static void connect_peer(struct daemon *d, struct subscription *sub, const struct peer *peer,
	uint32_t credit)
{
	struct subscription *other = subscription_find_peer(&d->subscribers, peer);

	if (sub->connected && !peer_equal(&sub->peer, peer)) {
		d->subscribers.fenced++;
		subscriber_refuse(d, &sub->peer, "fenced", "another process has opened this name");
	}
	if (other && other != sub)
		subscription_leave(d, other); /* one name a connection */
	subscription_leave(d, sub);
	if (subscription_set_credit(d, sub, credit) != 0 ||
		subscription_connect(&d->subscribers, sub, peer) != 0) {
		subscriber_refuse(d, peer, "busy", "out of memory");
		return;
	}
	subscription_send_opened(d, sub);
	subscription_pump(d, sub);
}

static void opened(struct daemon *d, struct task *t)
{
	struct opening *o = t->message;
	struct subscription *sub = subscription_find(&d->subscribers, o->name);
	bool loaded = sub != NULL;

	naming_end(d, &o->naming);
	if (!sub)
		sub = subscription_new(d, o->name);
	if (!sub || subscription_set_filter(sub, t->work.input.subscription) != 0) {
		subscriber_refuse(d, &o->peer, "busy", "out of memory");
		return;
	}
	for (unsigned i = 0; i < d->store.shards; i++) {
		uint64_t acked = t->work.parts[i].outcome.acknowledged;
		struct lane *l = &sub->lanes[i];

		if (l->known)
			continue;
		l->known = true;
		l->acked = l->stored = l->sent = acked;
		l->highest = loaded && d->subscribers.last[i] > acked ? d->subscribers.last[i] : acked;
	}
	connect_peer(d, sub, &o->peer, o->credit);
}

static bool same_filter(const struct subscription *sub, const struct subscriber_message *m)
{
	if (sub->n_types != m->n_types || !filter_equal(&sub->filter, &m->filter))
		return false;
	for (unsigned i = 0; i < m->n_types; i++)
		if (!span_eq(span_str(sub->types[i]), m->types[i]))
			return false;
	return true;
}

static void forgotten(struct daemon *d, struct task *t)
{
	struct opening *o = t->message;
	struct subscription *sub = subscription_find(&d->subscribers, o->name);

	naming_end(d, &o->naming);
	if (o->asked)
		asked_json(o->asked, json_pack("{s:b}", "forgotten", 1));
	if (!sub)
		return;
	if (sub->connected)
		subscriber_refuse(d, &sub->peer, "forgotten", "the name and its position are deleted");
	subscription_remove(d, sub);
}

/* To whoever wants something of a name, by whichever way. */
static void refuse(struct daemon *d, const struct peer *peer, struct asked *asked, const char *text)
{
	if (asked)
		asked_error(asked, "full", text);
	else
		subscriber_refuse(d, peer, "full", text);
}

static void not_taken(struct daemon *d, struct task *t, int rc)
{
	struct opening *o = t->message;

	naming_end(d, &o->naming);
	refuse(d, &o->peer, o->asked, err_text(rc));
}

/* Journal an opening or a forgetting; RAW is a message that opens the name. */
static void submit(struct daemon *d, const struct peer *peer, struct span raw,
	enum subscriber_verb verb, struct asked *asked)
{
	bool room = naming_has_room(d);
	struct task *t = room ? task_new(d) : NULL;
	struct opening *o = t ? arena_alloc(t->arena, sizeof *o) : NULL;
	uint8_t *copy = o ? arena_alloc(t->arena, raw.size + 1) : NULL;
	struct input *in = t ? &t->work.input : NULL;
	struct complaint c = { 0 };

	if (copy)
		in->subscription = arena_alloc(t->arena, sizeof *in->subscription);
	if (copy)
		memcpy(copy, raw.data, raw.size);
	if (!copy || !in->subscription ||
		subscriber_decode(in->subscription, copy, raw.size, t->arena, &c) != 0) {
		if (t)
			task_free(d, t);
		refuse(d, peer, asked, room ? "out of memory" :
			"too many openings under way: open again later");
		return;
	}
	in->type = INPUT_SUBSCRIPTION;
	in->subscriber = span_of(copy, raw.size);
	timekeeper_stamp(d, in);
	in->subscription->verb = verb;
	*o = (struct opening){ .asked = asked, .peer = *peer, .credit = in->subscription->credit,
		.name = in->subscription->name };
	naming_begin(d, &o->naming, o->name, false);
	t->message = o;
	t->done = verb == SUBSCRIBER_FORGET ? forgotten : opened;
	t->failed = not_taken;
	if (!daemon_fires(d) || pipeline_submit(d, t, span_of(NULL, 0), NULL, 0) != 0) {
		not_taken(d, t, ERR_NOSPACE);
		task_free(d, t);
		return;
	}
	daemon_flush_soon(d);
}

/* Whether NAME may be opened; else PEER has been told why not. */
static bool may_open(struct daemon *d, const struct peer *peer, struct span name)
{
	bool is_new = !subscription_find(&d->subscribers, name) &&
		!naming_is_under_way(d, name, false);

	if (webhook_find(d, name) || naming_is_under_way(d, name, true))
		subscriber_refuse(d, peer, "taken", "a webhook has this name");
	else if (is_new && !naming_is_allowed(d))
		subscriber_refuse(d, peer, "too_many", "raise subscriptions, or forget some");
	else
		return true;
	return false;
}

void subscription_submit_open(struct daemon *d, const struct peer *peer, struct span name,
	struct span raw)
{
	if (may_open(d, peer, name))
		submit(d, peer, raw, SUBSCRIBER_OPEN, NULL);
}

int subscriber_forget(struct daemon *d, struct span name, struct asked *asked)
{
	/* On the wire a forgetting is of the name that the connection holds; the journal needs
	 * it. */
	struct subscriber_message m = { .verb = SUBSCRIBER_OPEN, .name = name };
	struct peer nobody = { .size = 1, .id = { 0 } };
	struct buf raw = { 0 };

	if (!subscription_find(&d->subscribers, name))
		return ERR_NOTFOUND;
	subscriber_encode(&raw, &m);
	if (raw.failed)
		refuse(d, &nobody, asked, err_text(ERR_NOMEM));
	else
		submit(d, &nobody, span_of(raw.data, raw.size), SUBSCRIBER_FORGET, asked);
	buf_fini(&raw);
	return 0;
}

static void on_ack(struct daemon *d, struct subscription *sub, const struct subscriber_message *m)
{
	for (unsigned i = 0; i < m->n_positions; i++) {
		struct lane *l;
		uint64_t upto = m->positions[i].sequence;

		if (m->positions[i].shard >= d->store.shards)
			continue;
		l = &sub->lanes[m->positions[i].shard];
		if (upto > l->highest)
			upto = l->highest; /* never sent to this name: a slip */
		while (l->n_flight && l->flight[l->first_flight] <= upto) {
			l->first_flight = (l->first_flight + 1) % sub->credit;
			l->n_flight--;
			sub->in_flight--;
		}
		if (upto > l->acked)
			l->acked = upto;
		if (l->sent < l->acked)
			l->sent = l->acked; /* it had them before it opened again */
		lane_settle(l);
	}
	subscription_pump(d, sub);
}

/* A shard whose row was damaged needs a new one. */
static bool known_everywhere(const struct daemon *d, const struct subscription *sub)
{
	for (unsigned i = 0; i < d->store.shards; i++)
		if (!sub->lanes[i].known)
			return false;
	return true;
}

/* Only what is new is an input: who opens again after a silence costs nothing. */
static void open_name(struct daemon *d, const struct peer *peer, struct span raw,
	const struct subscriber_message *m)
{
	struct subscription *sub = subscription_find(&d->subscribers, m->name);

	if (m->has_webhook)
		subscriber_refuse(d, peer, "malformed", "kith webhook makes webhooks");
	else if (sub && same_filter(sub, m) && known_everywhere(d, sub))
		connect_peer(d, sub, peer, m->credit);
	else if (!sub && reading_is_needed(d, m))
		reading_open(d, peer, m);
	else
		subscription_submit_open(d, peer, m->name, raw);
}

static void on_message(struct daemon *d, const struct peer *peer, struct span raw)
{
	struct subscribers *s = &d->subscribers;
	struct subscription *sub = subscription_find_peer(s, peer);
	struct subscriber_message m;
	struct complaint c = { 0 };

	arena_reset(s->arena);
	if (subscriber_decode(&m, raw.data, raw.size, s->arena, &c) != 0) {
		subscriber_refuse(d, peer, "malformed", c.text);
		return;
	}
	if (sub)
		sub->heard_ns = clock_monotonic_ns();
	if (m.verb == SUBSCRIBER_OPEN) {
		if (sub && !span_eq(span_str(sub->name), m.name))
			subscription_leave(d, sub); /* one name a connection */
		if (m.reading)
			reading_open(d, peer, &m);
		else
			open_name(d, peer, raw, &m);
	} else if (!sub) {
		subscriber_refuse(d, peer, "not_open", "open a name first");
	} else if (m.verb == SUBSCRIBER_ACK) {
		on_ack(d, sub, &m);
	} else if (m.verb == SUBSCRIBER_SNAPSHOT) {
		snapshot_ask(d, sub, &m);
	} else if (m.verb == SUBSCRIBER_FORGET && !sub->reading) {
		(void)subscriber_forget(d, span_str(sub->name), NULL);
	} else {
		subscription_leave(d, sub);
	}
}

static bool take(void *arg)
{
	struct daemon *d = arg;
	struct peer peer;
	zmq_msg_t body;
	int rc = router_take(&d->subscribers.socket, &peer, &body);

	if (rc == ERR_INVALID)
		subscriber_refuse(d, &peer, "malformed", "expected one frame with one Subscriber");
	if (rc != 0)
		return rc != ERR_NOTFOUND;
	on_message(d, &peer, span_of(zmq_msg_data(&body), zmq_msg_size(&body)));
	zmq_msg_close(&body);
	return true;
}

/* One shard's record of a name: what it has acknowledged there. */
static int load_one(struct daemon *d, unsigned shard, struct span name, struct span record)
{
	struct subscription *sub = subscription_find(&d->subscribers, name);
	struct subscriber_message m;
	struct complaint c = { 0 };
	struct lane *l;

	if (record.size < 8 || name.size > EVENT_TEXT_MAX)
		return ERR_CORRUPT;
	if (!sub) {
		arena_reset(d->subscribers.arena);
		if (subscriber_decode(&m, record.data + 8, record.size - 8,
			d->subscribers.arena, &c) != 0)
			return ERR_CORRUPT;
		if (m.has_webhook)
			return webhooks_load(d, shard, &m, get_le64(record.data));
		sub = subscription_new(d, name);
		if (!sub)
			return ERR_NOMEM;
		if (subscription_set_filter(sub, &m) != 0)
			return ERR_NOMEM;
	}
	l = &sub->lanes[shard];
	l->known = true;
	l->acked = l->stored = l->sent = get_le64(record.data);
	/* before this daemon's life it may have been sent all there was */
	l->highest = d->subscribers.last[shard] > l->acked ? d->subscribers.last[shard] : l->acked;
	return 0;
}

int subscribers_load(struct daemon *d, const struct query *started)
{
	const uint8_t *p = started->texts.data, *end = p + started->texts.size;

	d->subscribers.last[started->shard] = started->meta.outbox_last;
	while (p < end) { /* written by query_subscriptions() */
		struct span name = span_of(p + 1, p[0]);
		struct span record = span_of(p + 5 + name.size, get_le32(p + 1 + name.size));
		int rc = load_one(d, started->shard, name, record);

		if (rc != 0)
			return rc;
		p += 5 + name.size + record.size;
	}
	return 0;
}

int subscribers_init(struct daemon *d)
{
	d->subscribers.arena = arena_new(16 << 10, 8 << 20);
	d->subscribers.last = calloc(d->store.shards, sizeof *d->subscribers.last);
	d->subscribers.paging = calloc(d->store.shards, sizeof *d->subscribers.paging);
	return d->subscribers.arena && d->subscribers.last && d->subscribers.paging ? 0 : ERR_NOMEM;
}

int subscribers_open(struct daemon *d, struct complaint *c)
{
	d->subscribers.socket.take = take;
	d->subscribers.socket.arg = d;
	return socket_open(&d->subscribers.socket, d->zmq, ZMQ_ROUTER, d->config.subscribe, d->base,
		c);
}

void subscribers_close(struct daemon *d)
{
	struct subscribers *s = &d->subscribers;

	socket_close(&s->socket);
	for (unsigned i = 0; i < s->n; i++)
		subscription_free(d, s->list[i]);
	free(s->list);
	index_fini(&s->by_name);
	index_fini(&s->by_peer);
	free(s->last);
	free(s->paging);
	arena_free(s->arena);
	memset(s, 0, sizeof *s);
}
