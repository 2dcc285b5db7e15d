/* SPDX-License-Identifier: Apache-2.0 */
/* From the queues to the receivers, and what they answer. */
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/hash.h"
#include "daemon/daemon.h"
#include "daemon/webhook_event.h"
#include "proto/json.h"

/* Whose letter a request carries. */
struct posting {
	struct daemon *d;
	struct webhook *w; /* one reference */
	uint32_t shard;
	uint64_t sequence;
	uint32_t flight; /* of the letter */
};

uint64_t webhooks_chance(struct webhooks *s)
{
	return s->random = hash_64(&s->random, sizeof s->random, 7);
}

static int make_body(struct daemon *d, const struct webhook *w, const struct letter *l,
	struct event_head *head, struct buf *body)
{
	struct notification n;
	json_t *data;
	int rc;

	arena_reset(d->subscribers.arena);
	rc = notification_decode(&n, l->body, l->size, d->subscribers.arena);
	if (rc != 0)
		return rc;
	n.text = sentence_of(d, &n);
	data = notification_to_json(&n);
	if (!data)
		return ERR_NOMEM;
	event_head_of(&n, d->webhooks.source, head);
	event_body(body, head, data, (enum webhook_format)w->set.format);
	json_decref(data);
	return body->failed ? ERR_NOMEM : 0;
}

/* 410 and too many dead letters end it; so do days of nothing but failures. */
static void note_failure(struct daemon *d, struct webhook *w, enum fate fate, int64_t now_ms)
{
	int64_t failing_ms = failing_note(&w->failing, now_ms, clock_monotonic_ns(), &w->row_changed);

	if (w->failures < UINT16_MAX)
		w->failures++;
	if (fate == FATE_GONE)
		webhook_pause(d, w, WEBHOOK_GONE, "the receiver answered 410 Gone: it wants no more");
	else if (w->dead >= WEBHOOK_DEAD_MAX)
		webhook_pause(d, w, WEBHOOK_FULL, "%u letters are dead: re-drive or drop them, then "
			"resume", w->dead);
	else if (failing_ms >= d->config.webhook_pause_ms)
		webhook_pause(d, w, WEBHOOK_FAILING, "nothing but failures for %lld hours; the last: "
			"%s", (long long)(failing_ms / 3600000), w->error);
}

static void note_success(struct webhook *w, int64_t now_ms)
{
	w->delivered++;
	w->success_ms = now_ms;
	w->failures = 0;
	if (w->failing.since_ms) {
		w->failing.since_ms = 0;
		w->row_changed = true;
	}
}

static void judge(struct daemon *d, struct webhook *w, struct letter *l, const struct attempt *a,
	int64_t now_ms)
{
	int64_t due;
	enum fate v = schedule_judge(&d->config.webhook_schedule, l->attempts, a, now_ms,
		webhooks_chance(&d->webhooks), &due);

	switch (v) {
	case FATE_DELIVERED:
		queue_end(&w->queue, l, LETTER_DONE);
		note_success(w, now_ms);
		return;
	case FATE_AGAIN:
		queue_wait(&w->queue, l, due);
		break;
	case FATE_GONE: /* what was under way waits for whoever resumes it */
		queue_wait(&w->queue, l, now_ms);
		break;
	case FATE_DEAD:
		queue_end(&w->queue, l, LETTER_DEAD);
		w->dead++;
		log_warn("webhook", "a letter is dead", "name=%s id=%u-%llu attempts=%u error=%s",
			log_quote(w->set.name), l->shard, (unsigned long long)l->sequence,
			l->attempts, log_quote(l->error));
		break;
	}
	note_failure(d, w, v, now_ms);
}

static void posted(void *arg, const struct attempt *a, const char *error, int64_t took_ms)
{
	struct posting *p = arg;
	struct daemon *d = p->d;
	struct webhook *w = p->w;
	struct letter *l = queue_find(&w->queue, p->shard, p->sequence);
	int64_t now = clock_wall_ms();

	(void)took_ms;
	w->attempts++;
	w->status = a->status;
	utf8_clean(w->error, sizeof w->error, error); /* it may quote a certificate */
	if (l && l->state == LETTER_FLYING && l->flight == p->flight && !w->removed) {
		if (l->attempts < UINT16_MAX)
			l->attempts++;
		if (l->first_ms == 0)
			l->first_ms = now;
		l->last_ms = now;
		l->status = a->status;
		memcpy(l->error, w->error, sizeof l->error);
		judge(d, w, l, a, now);
	}
	webhooks_notify(d);
	webhook_release(w);
	free(p);
}

static int post(struct daemon *d, struct webhook *w, struct letter *l)
{
	struct posting *p = calloc(1, sizeof *p);
	struct buf body = { 0 }, headers = { 0 };
	struct event_head head;
	struct sender_request r = { .url = w->set.url, .body = &body, .done = posted, .arg = p,
		.timeout_ms = d->config.webhook_timeout_ms, .ca = d->config.webhook_ca,
		.allow_private = w->set.allow_private };
	int rc = p ? make_body(d, w, l, &head, &body) : ERR_NOMEM;

	if (rc == 0) {
		event_headers(&headers, &head, (enum webhook_format)w->set.format, &w->secrets,
			clock_wall_ms(), span_of(body.data, body.size));
		rc = headers.failed ? ERR_NOMEM : 0;
	}
	if (rc == 0) {
		*p = (struct posting){ .d = d, .w = w, .shard = l->shard, .sequence = l->sequence };
		r.headers = span_of(headers.data, headers.size);
		rc = sender_send(&d->webhooks.sender, &r);
	}
	buf_fini(&headers);
	buf_fini(&body);
	if (rc != 0) {
		free(p);
		return rc;
	}
	queue_fly(&w->queue, l);
	p->flight = l->flight;
	w->references++;
	return 0;
}

/* Those that are not well share half of the connections, so that the others always find one. */
static bool may_post(const struct daemon *d, const struct webhook *w)
{
	bool ails = w->failures >= WEBHOOK_AILING;
	unsigned most = d->config.webhook_connections;

	return w->queue.n[LETTER_FLYING] < (ails ? 1 : WEBHOOK_TOGETHER) &&
		d->webhooks.sender.under_way < (ails ? (most + 1) / 2 : most);
}

/* With a rate: take the next slot, if it has come. Up to a second's worth may be saved up. */
static bool take_slot(struct webhook *w, int64_t now_ns)
{
	int64_t step;

	if (w->set.rate == 0)
		return true;
	step = INT64_C(1000000000) / w->set.rate;
	if (w->slot_ns > now_ns)
		return false;
	if (w->slot_ns < now_ns - INT64_C(1000000000) + step)
		w->slot_ns = now_ns - INT64_C(1000000000) + step;
	w->slot_ns += step;
	return true;
}

static void post_some(struct daemon *d, struct webhook *w, int64_t now_ns)
{
	struct letter *l;

	while (w->fetching < WEBHOOK_TOGETHER && !queue_ready(&w->queue, false) &&
		(l = queue_ready(&w->queue, true))) {
		webhook_fetch(d, w, l);
		if (!l->fetching)
			break; /* out of memory: the next tick tries again */
	}
	while (may_post(d, w) && (l = queue_ready(&w->queue, false)) && take_slot(w, now_ns)) {
		int rc = post(d, w, l);

		if (rc == ERR_NOMEM)
			return; /* the next tick tries again */
		if (rc != 0) { /* no notification: damaged in memory or by another version */
			log_error("webhook", "a letter cannot be read", "name=%s id=%u-%llu",
				log_quote(w->set.name), l->shard, (unsigned long long)l->sequence);
			queue_end(&w->queue, l, LETTER_DONE);
		}
	}
}

void webhooks_post(struct daemon *d)
{
	struct webhooks *s = &d->webhooks;
	int64_t now = clock_monotonic_ns();
	unsigned start = s->n ? (unsigned)(webhooks_chance(s) % s->n) : 0;

	for (unsigned i = 0; i < s->n; i++) {
		struct webhook *w = s->list[(start + i) % s->n];

		if (webhook_is_active(w) && w->queue.n[LETTER_READY])
			post_some(d, w, now);
	}
}
