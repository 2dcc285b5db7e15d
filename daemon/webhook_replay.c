/* SPDX-License-Identifier: Apache-2.0 */
/* Replay: a webhook's position is set back, and what comes after it is sent again, under the same
 * ids and in its order: what is in the queue, and what is dead, waits until it is read again. */
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/zone.h"
#include "daemon/daemon.h"

#define AHEAD_MAX (4 * QUEUE_LETTERS_MAX) /* each replay may add as many as the queue has */

struct replaying {
	struct asked *asked;
	struct webhook *w;     /* one reference */
	unsigned awaited;
	bool failed;
	bool is_set[SHARDS_MAX];
	uint64_t position[SHARDS_MAX];
};

bool letter_id_parse(const char *text, uint32_t *ret_shard, uint64_t *ret_sequence)
{
	unsigned long long sequence;
	unsigned shard;
	char more;

	if (sscanf(text, "%9u-%19llu%c", &shard, &sequence, &more) != 2 || sequence == 0)
		return false;
	*ret_shard = shard;
	*ret_sequence = sequence;
	return true;
}

static void replaying_end(struct replaying *r, const char *error)
{
	struct daemon *d = r->asked->d;
	uint64_t again = 0;

	for (unsigned i = 0; i < d->store.shards; i++)
		if (r->is_set[i] && d->subscribers.last[i] > r->position[i])
			again += d->subscribers.last[i] - r->position[i];
	if (error)
		asked_error(r->asked, "busy", error);
	else
		asked_json(r->asked, json_pack("{s:I}", "notifications", (json_int_t)again));
	r->w->changing = r->w->replaying = false;
	webhooks_notify(d);
	webhook_release(r->w);
	free(r);
}

static void positions_set(struct daemon *d, void *arg, int rc)
{
	struct replaying *r = arg;

	for (unsigned i = 0; rc == 0 && i < d->store.shards; i++) {
		struct webhook_lane *l = &r->w->lanes[i];

		if (!r->is_set[i])
			continue;
		l->read = l->acked = l->stored = r->position[i];
		r->w->dead -= queue_set_back(&r->w->queue, i, r->position[i], clock_wall_ms());
	}
	replaying_end(r, rc == 0 ? NULL : err_text(rc));
}

static void set_positions(struct replaying *r)
{
	struct daemon *d = r->asked->d;
	struct buf out = { 0 };
	int rc;

	for (unsigned i = 0; i < d->store.shards; i++) {
		struct letter_change c = { .verb = LETTER_POSITION, .shard = (uint16_t)i,
			.sequence = r->position[i], .name = span_str(r->w->set.name) };

		if (r->is_set[i])
			letter_change_add(&out, &c);
	}
	rc = out.failed ? ERR_NOMEM : webhook_letters_submit(d, span_of(out.data, out.size),
		positions_set, r);
	buf_fini(&out);
	if (rc != 0)
		replaying_end(r, err_text(rc));
}

static void redriven(void *arg, int rc)
{
	struct replaying *r = arg;

	if (rc != 0)
		replaying_end(r, err_text(rc));
	else
		set_positions(r);
}

/* What is dead there first: afterwards nobody could tell who died before the replay. */
static void redrive(struct replaying *r)
{
	uint64_t after[SHARDS_MAX];

	for (unsigned i = 0; i < SHARDS_MAX; i++)
		after[i] = r->is_set[i] ? r->position[i] : UINT64_MAX;
	webhook_redrive_after(r->asked->d, r->w, after, redriven, r);
}

static void looked_up(struct query *q)
{
	struct replaying *r = q->arg;

	if (q->rc == 0) {
		r->is_set[q->shard] = true;
		r->position[q->shard] = q->upto;
	} else {
		r->failed = true;
	}
	query_free(q);
	if (--r->awaited > 0)
		return;
	if (r->failed)
		replaying_end(r, "a shard could not say where that is");
	else
		redrive(r);
}

/* Each shard knows where its outbox is at FROM_MS; 0: where it begins. */
static void look_up(struct replaying *r, int64_t from_ms)
{
	struct daemon *d = r->asked->d;
	struct query *list[SHARDS_MAX] = { 0 };
	bool whole = true;

	for (unsigned i = 0; whole && i < d->store.shards; i++) {
		list[i] = query_new(from_ms ? QUERY_SEEK : QUERY_OUTBOX, looked_up, r);
		whole = list[i] != NULL;
	}
	for (unsigned i = 0; !whole && i < d->store.shards; i++)
		query_free(list[i]);
	if (!whole) {
		replaying_end(r, err_text(ERR_NOMEM));
		return;
	}
	r->awaited = d->store.shards;
	for (unsigned i = 0; i < d->store.shards; i++) {
		list[i]->shard = i;
		list[i]->from = from_ms ? 0 : 1;
		list[i]->from_ms = from_ms;
		worker_post(&d->workers[i], &list[i]->mail);
	}
}

void webhook_replay(struct asked *a, struct webhook *w, const char *from)
{
	struct replaying *r;
	uint64_t sequence;
	uint32_t shard;
	int64_t ms = 0;
	bool is_id = letter_id_parse(from, &shard, &sequence);

	if (w->changing) {
		asked_error(a, "busy", "another change of it is under way: try again");
		return;
	}
	if (w->queue.n[LETTER_AHEAD] > AHEAD_MAX) {
		asked_error(a, "busy", "the last replay has not come to its end: try again later");
		return;
	}
	if ((is_id && (shard >= a->d->store.shards || sequence > a->d->subscribers.last[shard])) ||
		(!is_id && strcmp(from, "oldest") != 0 && time_parse(from, strlen(from), &ms) != 0)) {
		asked_error(a, "malformed", "from: expected oldest, the id of a notification (0-1042) "
			"or an instant (2026-04-17T08:00:00Z)");
		return;
	}
	r = calloc(1, sizeof *r);
	if (!r) {
		asked_error(a, "busy", err_text(ERR_NOMEM));
		return;
	}
	r->asked = a;
	r->w = w;
	w->references++;
	w->changing = w->replaying = true;
	if (!is_id) {
		look_up(r, ms);
		return;
	}
	r->is_set[shard] = true;
	r->position[shard] = sequence - 1;
	redrive(r);
}
