/* SPDX-License-Identifier: Apache-2.0 */
/* Dead letters: listed, driven again, or dropped. They lie in the shards' rows; one question after
 * the other walks them. Who asks is an operator, or a replay. */
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "daemon/daemon.h"
#include "daemon/webhook_letter.h"
#include "proto/json.h"

#define CHANGES_BYTES_MAX (2u << 20) /* one input's; what is left takes another command */

struct walking {
	struct daemon *d;
	struct asked *asked;    /* or NULL */
	void (*done)(void *arg, int rc); /* of a replay, or NULL */
	void *arg;
	uint64_t behind[SHARDS_MAX]; /* only those behind it, in each shard */
	struct webhook *w;      /* one reference */
	enum dead_verb verb;
	bool one;               /* the letter (only_shard, only) alone */
	uint32_t only_shard;
	uint64_t only;
	unsigned shard;
	uint64_t after;
	json_t *list;
	struct buf changes;
	unsigned n, left;
};

static void step(struct walking *k);

static void walking_free(struct walking *k)
{
	if (k->verb != DEAD_LIST && !k->done) /* a replay goes on */
		k->w->changing = false;
	webhook_release(k->w);
	json_decref(k->list);
	buf_fini(&k->changes);
	free(k);
}

static void walking_fail(struct walking *k, int rc)
{
	if (k->done)
		k->done(k->arg, rc);
	else
		asked_error(k->asked, "busy", err_text(rc));
	walking_free(k);
}

static void list_one(struct walking *k, uint64_t sequence, const struct letter *row,
	struct span body)
{
	struct arena *a = k->d->subscribers.arena;
	struct notification n;
	json_t *o;
	char id[48];

	snprintf(id, sizeof id, "%u-%llu", k->shard, (unsigned long long)sequence);
	o = json_pack("{s:s,s:i,s:i,s:s,s:I,s:I}", "id", id, "attempts", row->attempts, "status",
		row->status, "error", row->error, "first_attempt", (json_int_t)row->first_ms,
		"last_attempt", (json_int_t)row->last_ms);
	arena_reset(a);
	if (notification_decode(&n, body.data, body.size, a) == 0) {
		n.text = sentence_of(k->d, &n);
		json_object_set_new(o, "notification", notification_to_json(&n));
	}
	json_array_append_new(k->list, o);
}

static void change_one(struct walking *k, uint64_t sequence, struct letter *row, struct span body)
{
	struct letter_change c = { .verb = LETTER_DELETE, .shard = (uint16_t)k->shard,
		.sequence = sequence, .name = span_str(k->w->set.name) };
	struct buf record = { 0 };

	if (k->changes.size > CHANGES_BYTES_MAX) {
		k->left++;
		return;
	}
	if (k->verb == DEAD_REDRIVE) {
		c.verb = LETTER_PUT;
		row->attempts = 0;
		row->first_ms = 0;
		row->due_ms = clock_wall_ms();
		row->body = (uint8_t *)(uintptr_t)body.data;
		row->size = (uint32_t)body.size;
		letter_pack(&record, row, ROW_WAITS);
		c.record = span_of(record.data, record.size);
	}
	letter_change_add(&k->changes, &c);
	k->changes.failed |= record.failed;
	buf_fini(&record);
	k->n++;
}

static void see(struct walking *k, uint64_t sequence, struct span record)
{
	enum letter_row kind;
	struct letter row;
	struct span body;

	if (letter_unpack(record, &row, &kind, &body) != 0 || kind != ROW_DEAD)
		return;
	if (k->one && (k->only_shard != k->shard || k->only != sequence))
		return;
	if (sequence <= k->behind[k->shard])
		return;
	if (k->verb == DEAD_LIST)
		list_one(k, sequence, &row, body);
	else
		change_one(k, sequence, &row, body);
}

/* The journal has it: so do we. */
static void take_over(struct walking *k)
{
	struct span rest = span_of(k->changes.data, k->changes.size), body;
	struct webhook *w = k->w;
	struct letter_change c;
	enum letter_row kind;
	struct letter row, *l;

	if (w->removed)
		return;
	while (letter_change_take(&rest, &c)) {
		l = queue_find(&w->queue, c.shard, c.sequence);
		if (l && l->state == LETTER_DEAD)
			queue_remove(&w->queue, l);
		if (w->dead)
			w->dead--;
		if (c.verb != LETTER_PUT || letter_unpack(c.record, &row, &kind, &body) != 0)
			continue;
		(void)webhook_take_row(w, c.shard, c.sequence, &row);
	}
	webhooks_notify(k->d);
}

/* From the first row on. */
static void begin(struct walking *k)
{
	k->shard = 0;
	k->after = 0;
	k->n = k->left = 0;
	buf_clear(&k->changes);
	step(k);
}

static void written(struct daemon *d, void *arg, int rc)
{
	struct walking *k = arg;

	(void)d;
	if (rc != 0) {
		walking_fail(k, rc);
		return;
	}
	take_over(k);
	if (k->done && k->left) {
		begin(k);
		return;
	}
	if (k->done)
		k->done(k->arg, 0);
	else
		asked_json(k->asked, json_pack("{s:i,s:i}", k->verb == DEAD_REDRIVE ? "redriven" :
			"dropped", (int)k->n, "left", (int)k->left));
	walking_free(k);
}

static void finish(struct walking *k)
{
	int rc;

	if (k->verb == DEAD_LIST) {
		asked_json(k->asked, json_incref(k->list));
		walking_free(k);
	} else if (k->n == 0 && k->done) {
		k->done(k->arg, 0);
		walking_free(k);
	} else if (k->n == 0) {
		asked_error(k->asked, "not_found", k->one ? "no dead letter has this id" :
			"there are no dead letters");
		walking_free(k);
	} else {
		rc = k->changes.failed ? ERR_NOMEM : webhook_letters_submit(k->d,
			span_of(k->changes.data, k->changes.size), written, k);
		if (rc != 0)
			walking_fail(k, rc);
	}
}

static void seen(struct query *q)
{
	struct walking *k = q->arg;
	int rc = q->rc;

	for (unsigned i = 0; rc == 0 && i < q->notes.n_notes; i++)
		see(k, q->notes.notes[i].sequence, span_of(q->notes.bytes.data +
			q->notes.notes[i].offset, q->notes.notes[i].size));
	k->after = q->upto;
	if (q->upto == UINT64_MAX) {
		k->shard++;
		k->after = 0;
	}
	query_free(q);
	if (rc != 0)
		walking_fail(k, rc);
	else if (k->shard == k->d->store.shards)
		finish(k);
	else
		step(k);
}

static void step(struct walking *k)
{
	struct query *q = query_new(QUERY_LETTERS, seen, k);

	if (q)
		buf_add_str(&q->key, k->w->set.name);
	if (!q || q->key.failed) {
		query_free(q);
		walking_fail(k, ERR_NOMEM);
		return;
	}
	q->shard = k->shard;
	q->from = k->after;
	q->cap_notes = QUERY_NOTES_MAX;
	q->cap_bytes = 1u << 20;
	worker_post(&k->d->workers[k->shard], &q->mail);
}

void webhook_redrive_after(struct daemon *d, struct webhook *w, const uint64_t *after,
	void (*done)(void *arg, int rc), void *arg)
{
	struct walking *k = w->dead ? calloc(1, sizeof *k) : NULL;

	if (!k) {
		done(arg, w->dead ? ERR_NOMEM : 0);
		return;
	}
	k->d = d;
	k->w = w;
	k->verb = DEAD_REDRIVE;
	k->done = done;
	k->arg = arg;
	memcpy(k->behind, after, d->store.shards * sizeof *after);
	w->references++;
	begin(k);
}

void webhook_dead(struct asked *a, struct webhook *w, enum dead_verb verb, const char *id)
{
	struct walking *k;

	if (verb != DEAD_LIST && w->changing) {
		asked_error(a, "busy", "another change of it is under way: try again");
		return;
	}
	k = calloc(1, sizeof *k);
	if (k)
		k->list = json_array();
	if (!k || !k->list) {
		free(k);
		asked_error(a, "busy", err_text(ERR_NOMEM));
		return;
	}
	k->d = a->d;
	k->asked = a;
	k->w = w;
	k->verb = verb;
	k->one = id[0] != '\0';
	if (k->one && !letter_id_parse(id, &k->only_shard, &k->only)) {
		json_decref(k->list);
		free(k);
		asked_error(a, "malformed", "expected the id of a notification: 0-1042");
		return;
	}
	w->references++;
	if (verb != DEAD_LIST)
		w->changing = true;
	begin(k);
}
