/* SPDX-License-Identifier: Apache-2.0 */
/* Readings: subscriptions without a name. Nothing of them is journalled or kept; who reconnects
 * says where to go on.
 *
 * Where to begin is asked of the shards in two steps: of those that an id was given for, when it
 * came to light, unless a time was given; of the others, where that time stands. A name never seen
 * that wants to begin so takes the first step here, and its opening is then journalled with the
 * time. */
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/hash.h"
#include "daemon/daemon.h"
#include "daemon/subscribers_internal.h"

struct seeking {
	struct daemon *d;
	struct peer peer;
	unsigned awaited;      /* answers of the shards, and one for who asks */
	struct buf raw;        /* the message */
	struct arena *arena;   /* … and what MESSAGE has of it */
	struct subscriber_message message;
	bool has_time;
	int64_t time_ms;       /* of the earliest position that was named */
	bool failed;
	uint64_t position[SHARDS_MAX];
};

static void seeking_free(struct seeking *k)
{
	k->d->subscribers.seeking--;
	buf_fini(&k->raw);
	arena_free(k->arena);
	free(k);
}

static const struct position *named(const struct subscriber_message *m, unsigned shard)
{
	for (unsigned i = 0; i < m->n_positions; i++)
		if (m->positions[i].shard == shard)
			return &m->positions[i];
	return NULL;
}

static bool names_all(const struct daemon *d, const struct subscriber_message *m)
{
	for (unsigned i = 0; i < d->store.shards; i++)
		if (!named(m, i))
			return false;
	return true;
}

bool reading_is_needed(const struct daemon *d, const struct subscriber_message *m)
{
	return m->n_positions > 0 && !m->has_from && !names_all(d, m);
}

/* Ask SHARD; the caller counts itself in `awaited`, so that no answer can be the last before it. */
static void ask(struct seeking *k, unsigned shard, uint64_t from, int64_t from_ms,
	void (*answered)(struct query *))
{
	struct query *q = query_new(QUERY_SEEK, answered, k);

	if (!q) {
		k->failed = true;
		return;
	}
	q->shard = shard;
	q->from = from;
	q->from_ms = from_ms;
	k->awaited++;
	worker_post(&k->d->workers[shard], &q->mail);
}

static void lane_begin(struct daemon *d, struct lane *l, unsigned shard, uint64_t position)
{
	uint64_t last = d->subscribers.last[shard];

	l->known = true;
	l->end = l->highest = last;
	l->acked = l->stored = l->sent = l->told = position < last ? position : last;
}

static void reading_begin(struct seeking *k)
{
	struct daemon *d = k->d;
	struct subscribers *s = &d->subscribers;
	const struct subscriber_message *m = &k->message;
	struct subscription *sub = subscription_find_peer(s, &k->peer);
	char name[32];

	if (sub)
		subscription_leave(d, sub); /* one a connection */
	snprintf(name, sizeof name, "\1%llu", (unsigned long long)++s->readings_ever);
	sub = s->readings < READINGS_MAX ? subscription_new(d, span_str(name)) : NULL;
	if (!sub) {
		subscriber_refuse(d, &k->peer, "busy", "too many readings at once: come again later");
		return;
	}
	s->readings++;
	sub->reading = true;
	span_copy(sub->customer, m->customer);
	sub->customer_size = (uint8_t)m->customer.size;
	for (unsigned i = 0; i < d->store.shards; i++)
		lane_begin(d, &sub->lanes[i], i, k->position[i]);
	if (subscription_set_filter(sub, m) != 0 || subscription_set_credit(d, sub, m->credit) != 0 ||
		subscription_connect(s, sub, &k->peer) != 0) {
		subscriber_refuse(d, &k->peer, "busy", "out of memory");
		return; /* not connected: the next tick takes it away */
	}
	sub->heard_ns = clock_monotonic_ns();
	subscription_send_opened(d, sub);
	subscription_pump(d, sub);
}

static void sought(struct seeking *k)
{
	if (--k->awaited > 0)
		return;
	if (k->failed)
		subscriber_refuse(k->d, &k->peer, "busy", "the shards could not be asked");
	else
		reading_begin(k);
	seeking_free(k);
}

static void position_came(struct query *q)
{
	struct seeking *k = q->arg;

	k->failed = k->failed || q->rc != 0;
	k->position[q->shard] = q->upto;
	query_free(q);
	sought(k);
}

/* Where a reading begins in SHARD, if that needs no asking; for other customers' shards at the
 * end. */
static bool position_known(struct seeking *k, unsigned shard)
{
	const struct subscriber_message *m = &k->message;
	const struct position *p = named(m, shard);

	if (m->customer.size && hash_shard(m->customer.data, m->customer.size,
		k->d->store.shards) != shard)
		k->position[shard] = UINT64_MAX;
	else if (p)
		k->position[shard] = p->sequence;
	else if (m->has_from)
		return false;
	else
		k->position[shard] = m->newest ? UINT64_MAX :
			atomic_load(&k->d->workers[shard].outbox_first) - 1;
	return true;
}

static void seek_positions(struct seeking *k)
{
	k->awaited = 1;
	for (unsigned i = 0; i < k->d->store.shards; i++)
		if (!position_known(k, i))
			ask(k, i, 0, k->message.from_ms, position_came);
	sought(k);
}

static void timed(struct seeking *k)
{
	struct subscriber_message *m = &k->message;
	struct buf raw = { 0 };

	if (--k->awaited > 0)
		return;
	m->has_from = true;
	m->from_ms = k->has_time ? k->time_ms : INT64_MAX; /* all of them lie ahead */
	if (m->reading && !k->failed) {
		seek_positions(k);
		return;
	}
	subscriber_encode(&raw, m);
	if (k->failed || raw.failed)
		subscriber_refuse(k->d, &k->peer, "busy", "the shards could not be asked");
	else
		subscription_submit_open(k->d, &k->peer, m->name, span_of(raw.data, raw.size));
	buf_fini(&raw);
	seeking_free(k);
}

static void time_came(struct query *q)
{
	struct seeking *k = q->arg;

	k->failed = k->failed || (q->rc != 0 && q->rc != ERR_NOTFOUND);
	if (q->rc == 0 && (!k->has_time || q->from_ms < k->time_ms)) {
		k->has_time = true;
		k->time_ms = q->from_ms;
	}
	query_free(q);
	timed(k);
}

static void seek_time(struct seeking *k)
{
	k->awaited = 1;
	for (unsigned i = 0; i < k->d->store.shards; i++) {
		const struct position *p = named(&k->message, i);

		if (p)
			ask(k, i, p->sequence < UINT64_MAX ? p->sequence + 1 : p->sequence, 0, time_came);
	}
	timed(k);
}

void reading_open(struct daemon *d, const struct peer *peer, const struct subscriber_message *m)
{
	bool room = d->subscribers.seeking < READINGS_MAX;
	struct seeking *k = room ? calloc(1, sizeof *k) : NULL;
	struct complaint c = { 0 };

	if (k) {
		k->d = d;
		d->subscribers.seeking++;
		k->peer = *peer;
		k->arena = arena_new(4096, 1 << 20);
		subscriber_encode(&k->raw, m);
	}
	if (!k || !k->arena || k->raw.failed ||
		subscriber_decode(&k->message, k->raw.data, k->raw.size, k->arena, &c) != 0) {
		if (k)
			seeking_free(k);
		subscriber_refuse(d, peer, "busy", room ? "out of memory" :
			"too many readings at once: come again later");
		return;
	}
	if (reading_is_needed(d, m))
		seek_time(k);
	else
		seek_positions(k);
}

void readings_tick(struct daemon *d)
{
	struct subscribers *s = &d->subscribers;
	int64_t now = clock_monotonic_ns();

	for (unsigned i = s->n; i > 0; i--) {
		struct subscription *sub = s->list[i - 1];

		if (sub->reading && (!sub->connected || now - sub->heard_ns > READING_QUIET_NS))
			subscription_remove(d, sub);
	}
}
