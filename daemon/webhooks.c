/* SPDX-License-Identifier: Apache-2.0 */
/* Webhooks: which there are. Reading, posting and keeping are in files of their own. */
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/hash.h"
#include "base/room.h"
#include "daemon/daemon.h"
#include "daemon/webhook_event.h"

#define POSITION_TICKS 5 /* positions are told to the shards twice a second */

struct webhook *webhook_find(const struct daemon *d, struct span name)
{
	for (unsigned i = 0; i < d->webhooks.n; i++)
		if (span_eq(span_str(d->webhooks.list[i]->set.name), name))
			return d->webhooks.list[i];
	return NULL;
}

bool webhook_is_active(const struct webhook *w)
{
	return !w->removed && w->in_file && w->set.paused == WEBHOOK_RUNNING && !w->broken[0] &&
		!w->replaying;
}

static void webhook_free(struct webhook *w)
{
	queue_fini(&w->queue);
	secrets_forget(&w->secrets);
	free(w->lanes);
	free(w);
}

void webhook_release(struct webhook *w)
{
	if (--w->references == 0 && w->removed)
		webhook_free(w);
}

static struct webhook *webhook_new(struct daemon *d)
{
	struct webhooks *s = &d->webhooks;
	struct webhook *w, **list;

	list = room_for_one(s->list, s->n, &s->capacity, 16, sizeof *list);
	if (!list)
		return NULL;
	s->list = list;
	w = calloc(1, sizeof *w);
	if (!w)
		return NULL;
	w->lanes = calloc(d->store.shards, sizeof *w->lanes);
	if (!w->lanes) {
		webhook_free(w);
		return NULL;
	}
	queue_init(&w->queue);
	s->list[s->n++] = w;
	return w;
}

static void webhook_remove(struct daemon *d, struct webhook *w)
{
	struct webhooks *s = &d->webhooks;

	for (unsigned i = 0; i < s->n; i++)
		if (s->list[i] == w) {
			s->list[i] = s->list[--s->n];
			break;
		}
	w->removed = true;
	if (w->references == 0)
		webhook_free(w);
}

void webhook_secrets(struct webhook *w)
{
	struct complaint c = { 0 };
	int rc = 0;

	secrets_forget(&w->secrets);
	for (unsigned i = 0; rc == 0 && i < w->set.n_secrets; i++)
		rc = secrets_read(&w->secrets, w->set.secrets[i], &c);
	if (rc == 0) {
		w->broken[0] = '\0';
		return;
	}
	secrets_forget(&w->secrets);
	utf8_clean(w->broken, sizeof w->broken, c.text);
	log_error("webhook", "nothing is sent until its secret can be read", "name=%s error=%s",
		log_quote(w->set.name), log_quote(c.text));
}

void webhooks_secrets(struct daemon *d)
{
	for (unsigned i = 0; i < d->webhooks.n; i++)
		webhook_secrets(d->webhooks.list[i]);
	webhooks_notify(d);
}

int webhooks_load(struct daemon *d, unsigned shard, const struct subscriber_message *m,
	uint64_t acked)
{
	struct webhook *w = webhook_find(d, m->name);
	struct webhook_lane *l;

	if (!w) {
		w = webhook_new(d);
		if (!w)
			return ERR_NOMEM;
		webhook_from_message(&w->set, m);
		w->in_file = !w->set.configured;
	}
	l = &w->lanes[shard];
	l->known = true;
	l->read = l->acked = l->stored = acked;
	return 0;
}

/* A change under way; in the task's arena. */
struct changing {
	struct naming naming;
	struct webhook_settings set;
	webhook_done *done;
	void *arg;
};

static void take_settings(struct daemon *d, struct webhook *w, const struct webhook_settings *set)
{
	bool resumed = w->set.paused != WEBHOOK_RUNNING && set->paused == WEBHOOK_RUNNING;

	w->set = *set;
	w->pause_unsaved = false;
	webhook_secrets(w);
	if (resumed) {
		w->failures = 0;
		w->failing.since_ms = 0;
		w->row_changed = true;
		queue_hurry(&w->queue, clock_wall_ms());
	}
	webhooks_notify(d);
}

static void opened(struct daemon *d, struct task *t)
{
	struct changing *c = t->message;
	struct webhook *w = webhook_find(d, span_str(c->set.name));

	naming_end(d, &c->naming);
	if (!w) {
		w = webhook_new(d);
		if (!w) { /* it is in the journal, and there after the next start */
			c->done(d, c->arg, NULL, ERR_NOMEM);
			return;
		}
		w->in_file = true;
	}
	w->changing = false;
	for (unsigned i = 0; i < d->store.shards; i++) {
		struct webhook_lane *l = &w->lanes[i];

		if (l->known)
			continue;
		l->known = true;
		l->read = l->acked = l->stored = t->work.parts[i].outcome.acknowledged;
	}
	take_settings(d, w, &c->set);
	webhooks_load_letters(d);
	c->done(d, c->arg, w, 0);
}

static void forgotten(struct daemon *d, struct task *t)
{
	struct changing *c = t->message;
	struct webhook *w = webhook_find(d, span_str(c->set.name));

	naming_end(d, &c->naming);
	if (w)
		webhook_remove(d, w);
	c->done(d, c->arg, NULL, 0);
}

static void not_taken(struct daemon *d, struct task *t, int rc)
{
	struct changing *c = t->message;
	struct webhook *w = webhook_find(d, span_str(c->set.name));

	naming_end(d, &c->naming);
	if (w)
		w->changing = false;
	c->done(d, c->arg, w, rc);
}

static int encode(struct task *t, const struct webhook_settings *set, bool forget)
{
	struct input *in = &t->work.input;
	struct subscriber_message m;
	struct buf raw = { 0 };
	uint8_t *copy;
	int rc = ERR_NOMEM;

	webhook_to_message(set, &m);
	subscriber_encode(&raw, &m);
	copy = raw.failed ? NULL : arena_alloc(t->arena, raw.size + 1);
	in->subscription = arena_alloc(t->arena, sizeof *in->subscription);
	if (copy && in->subscription) {
		memcpy(copy, raw.data, raw.size);
		in->type = INPUT_SUBSCRIPTION;
		in->subscriber = span_of(copy, raw.size);
		rc = subscriber_decode(in->subscription, copy, raw.size, t->arena, NULL);
		if (rc == 0 && forget)
			in->subscription->verb = SUBSCRIBER_FORGET;
	}
	buf_fini(&raw);
	return rc;
}

int webhook_change(struct daemon *d, const struct webhook_settings *set, bool forget,
	webhook_done *done, void *arg)
{
	struct webhook *w = webhook_find(d, span_str(set->name));
	struct task *t;
	struct changing *c;
	int rc;

	if (!daemon_fires(d) || (w && w->changing))
		return ERR_BUSY;
	t = task_new(d);
	if (!t)
		return ERR_NOMEM;
	c = arena_alloc(t->arena, sizeof *c);
	rc = c ? encode(t, set, forget) : ERR_NOMEM;
	if (rc == 0) {
		*c = (struct changing){ .set = *set, .done = done, .arg = arg };
		timekeeper_stamp(d, &t->work.input);
		t->message = c;
		t->done = forget ? forgotten : opened;
		t->failed = not_taken;
		rc = pipeline_submit(d, t, span_of(NULL, 0), NULL, 0);
	}
	if (rc != 0) {
		task_free(d, t);
		return rc;
	}
	if (w)
		w->changing = true;
	naming_begin(d, &c->naming, span_str(c->set.name), true);
	daemon_flush_soon(d);
	return 0;
}

static void pause_saved(struct daemon *d, void *arg, struct webhook *w, int rc)
{
	(void)d;
	(void)arg;
	if (w && rc != 0)
		w->pause_unsaved = true; /* the next tick tries again */
}

static void save_pause(struct daemon *d, struct webhook *w)
{
	w->pause_unsaved = webhook_change(d, &w->set, false, pause_saved, NULL) != 0;
}

void webhook_pause(struct daemon *d, struct webhook *w, enum webhook_paused why,
	const char *format, ...)
{
	char reason[2 * sizeof w->set.reason];
	va_list args;

	if (w->set.paused != WEBHOOK_RUNNING)
		return;
	va_start(args, format);
	vsnprintf(reason, sizeof reason, format, args);
	va_end(args);
	utf8_clean(w->set.reason, sizeof w->set.reason, reason);
	w->set.paused = (uint8_t)why;
	log_warn("webhook", "paused", "name=%s reason=%s", log_quote(w->set.name),
		log_quote(w->set.reason));
	save_pause(d, w);
}

static void on_pump(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;

	(void)fd;
	(void)what;
	if (d->state == DAEMON_STOPPING)
		return;
	webhooks_read(d);
	webhooks_post(d);
}

void webhooks_notify(struct daemon *d)
{
	if (d->webhooks.pump && d->webhooks.n)
		event_active(d->webhooks.pump, EV_TIMEOUT, 0);
}

void webhooks_tick(struct daemon *d)
{
	struct webhooks *s = &d->webhooks;
	int64_t now = clock_wall_ms(), longest = schedule_longest(&d->config.webhook_schedule);

	if (!s->pump || s->n == 0)
		return;
	for (unsigned i = 0; i < s->n; i++) {
		struct webhook *w = s->list[i];

		if (webhook_is_active(w))
			queue_wake(&w->queue, now, longest);
		if (w->pause_unsaved && !w->changing)
			save_pause(d, w);
	}
	webhooks_load_letters(d); /* what a failed question left behind */
	webhooks_keep(d);
	if (++s->ticks % POSITION_TICKS == 0)
		webhooks_positions(d);
	webhooks_notify(d);
}

static void configured(struct daemon *d, void *arg, struct webhook *w, int rc)
{
	(void)d;
	(void)w;
	(void)arg;
	if (rc != 0)
		log_error("webhook", "a webhook of the configuration is not opened; the next start "
			"tries again", "error=%s", log_quote(err_text(rc)));
}

/* What stands in the file is opened, or set anew, keeping its place and whether it is paused. */
static int configure(struct daemon *d, const struct webhook_settings *wanted, struct complaint *c)
{
	struct webhook *w = webhook_find(d, span_str(wanted->name));
	struct webhook_settings set = *wanted;
	int rc = 0;

	for (unsigned i = 0; i < d->subscribers.n; i++)
		if (strcmp(d->subscribers.list[i]->name, set.name) == 0)
			return complain(c, ERR_INVALID, "webhooks: %s is the name of a durable "
				"subscription: choose another, or forget that one", set.name);
	if (w) {
		w->in_file = true;
		set.paused = w->set.paused;
		memcpy(set.reason, w->set.reason, sizeof set.reason);
	}
	if (!w || !webhook_same(&w->set, &set))
		rc = webhook_change(d, &set, false, configured, NULL);
	return rc == 0 ? 0 : complain(c, rc, "webhook %s: %s", set.name, err_text(rc));
}

int webhooks_init(struct daemon *d)
{
	d->webhooks.readers = calloc(d->store.shards, sizeof *d->webhooks.readers);
	event_source(d->webhooks.source, d->store.id);
	d->webhooks.random = hash_64(d->store.id, sizeof d->store.id,
		(uint64_t)clock_monotonic_ns() ^ (uint64_t)clock_wall_ms());
	return d->webhooks.readers ? 0 : ERR_NOMEM;
}

int webhooks_open(struct daemon *d, struct complaint *c)
{
	struct webhooks *s = &d->webhooks;
	int rc;

	s->pump = event_new(d->base, -1, 0, on_pump, d);
	rc = s->pump ? sender_open(&s->sender, d->base, d->config.webhook_connections) : ERR_NOMEM;
	for (unsigned i = 0; rc == 0 && i < d->config.n_webhooks; i++)
		rc = configure(d, &d->config.webhooks[i], c);
	if (rc != 0)
		return rc;
	for (unsigned i = 0; i < s->n; i++) {
		webhook_secrets(s->list[i]);
		if (!s->list[i]->in_file)
			log_warn("webhook", "it is not in the configuration any more: nothing is sent",
				"name=%s", log_quote(s->list[i]->set.name));
	}
	webhooks_load_letters(d);
	webhooks_notify(d);
	return 0;
}

void webhooks_close(struct daemon *d)
{
	struct webhooks *s = &d->webhooks;

	sender_close(&s->sender);
	if (s->pump)
		event_free(s->pump);
	for (unsigned i = 0; i < s->n; i++)
		webhook_free(s->list[i]);
	free(s->list);
	free(s->readers);
	buf_fini(&s->scratch);
	memset(s, 0, sizeof *s);
}
