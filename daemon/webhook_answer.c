/* SPDX-License-Identifier: Apache-2.0 */
/* What operators ask of webhooks, by the control socket. */
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "daemon/answer.h"
#include "daemon/daemon.h"
#include "daemon/webhook_event.h"

static const char *state_of(const struct webhook *w)
{
	if (!w->in_file)
		return "unconfigured";
	if (w->set.paused == WEBHOOK_RUNNING && w->broken[0])
		return "broken";
	return webhook_paused_name(w->set.paused);
}

static const char *reason_of(const struct webhook *w)
{
	if (!w->in_file)
		return "it is not in the configuration any more: put it back, or remove it";
	return w->set.paused == WEBHOOK_RUNNING ? w->broken : w->set.reason;
}

static json_t *secret_names(const struct webhook *w)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < w->set.n_secrets; i++)
		json_array_append_new(list, json_string(w->set.secrets[i]));
	return list;
}

static json_t *describe(const struct daemon *d, const struct webhook *w)
{
	const struct queue *q = &w->queue;
	uint64_t behind = 0;

	for (unsigned i = 0; i < d->store.shards; i++)
		if (d->subscribers.last[i] > w->lanes[i].read)
			behind += d->subscribers.last[i] - w->lanes[i].read;
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:i,s:b,s:b,s:o,s:o,s:I,s:i,s:i,s:i,s:I,s:I,s:I,"
		"s:I,s:I,s:i,s:s}", "name", w->set.name, "url", w->set.url, "state", state_of(w),
		"reason", reason_of(w), "format", webhook_format_name(w->set.format), "order",
		webhook_order_name(w->set.order), "rate", (int)w->set.rate, "allow_private",
		w->set.allow_private, "configured", w->set.configured, "secrets", secret_names(w),
		"filter", answer_filter(&w->set.filter), "unread", (json_int_t)behind, "waiting",
		(int)(q->n[LETTER_READY] + q->n[LETTER_BEHIND] + q->n[LETTER_WAITING] +
		q->n[LETTER_AHEAD]), "in_flight",
		(int)q->n[LETTER_FLYING], "dead", (int)w->dead, "delivered",
		(json_int_t)w->delivered, "attempts", (json_int_t)w->attempts, "trimmed",
		(json_int_t)w->gaps, "failing_since", (json_int_t)w->failing.since_ms,
		"last_success", (json_int_t)w->success_ms, "last_status", w->status, "last_error",
		w->status >= 200 && w->status < 300 ? "" : w->error);
}

static void list(struct asked *a)
{
	json_t *out = json_array();

	for (unsigned i = 0; i < a->d->webhooks.n; i++)
		json_array_append_new(out, describe(a->d, a->d->webhooks.list[i]));
	asked_json(a, out);
}

static void changed(struct daemon *d, void *arg, struct webhook *w, int rc)
{
	if (rc != 0)
		asked_error(arg, "busy", err_text(rc));
	else
		asked_json(arg, w ? describe(d, w) : json_pack("{s:b}", "removed", 1));
}

static void change(struct asked *a, const struct webhook_settings *set, bool forget)
{
	struct daemon *d = a->d;
	int rc = naming_has_room(d) ? webhook_change(d, set, forget, changed, a) : ERR_BUSY;

	if (rc != 0)
		asked_error(a, "busy", rc == ERR_BUSY ? "nothing can be written for now, or another "
			"change is under way: try again" : err_text(rc));
}

static bool name_is_taken(const struct daemon *d, const char *name)
{
	for (unsigned i = 0; i < d->subscribers.n; i++)
		if (strcmp(d->subscribers.list[i]->name, name) == 0)
			return true;
	return naming_is_under_way(d, span_str(name), false);
}

static int read_settings(struct webhook_settings *s, json_t *args, struct complaint *c)
{
	const char *key;
	json_t *value;
	int rc = 0;

	memset(s, 0, sizeof *s);
	json_object_foreach(args, key, value) {
		if (strcmp(key, "do") == 0)
			continue;
		if (!json_is_string(value))
			return complain(c, ERR_INVALID, "%s: expected a text", key);
		rc = webhook_set(s, key, json_string_value(value), c);
		if (rc != 0)
			return rc;
	}
	return webhook_check(s, c);
}

static void add(struct asked *a, json_t *args)
{
	struct webhook_settings set;
	struct secrets secrets = { 0 };
	struct complaint c = { 0 };
	struct daemon *d = a->d;
	int rc = read_settings(&set, args, &c);

	for (unsigned i = 0; rc == 0 && i < set.n_secrets; i++)
		rc = secrets_read(&secrets, set.secrets[i], &c);
	secrets_forget(&secrets);
	if (rc != 0)
		asked_error(a, "malformed", c.text[0] ? c.text : err_text(rc));
	else if (webhook_find(d, span_str(set.name)) ||
		naming_is_under_way(d, span_str(set.name), true))
		asked_error(a, "exists", "a webhook has this name; remove it first");
	else if (name_is_taken(d, set.name))
		asked_error(a, "exists", "a durable subscription has this name");
	else if (!naming_is_allowed(d))
		asked_error(a, "too_many", "raise subscriptions, or remove some");
	else
		change(a, &set, false);
}

static void set_paused(struct asked *a, struct webhook *w, bool paused)
{
	struct webhook_settings set = w->set;

	set.paused = paused ? WEBHOOK_BY_HAND : WEBHOOK_RUNNING;
	snprintf(set.reason, sizeof set.reason, "%s", paused ? "paused by hand" : "");
	change(a, &set, false);
}

static void remove_it(struct asked *a, struct webhook *w)
{
	if (w->set.configured && w->in_file)
		asked_error(a, "denied", "it stands in the configuration file: take it out there and "
			"restart kithd, or pause it");
	else
		change(a, &w->set, true);
}

static void tested(void *arg, const struct attempt *a, const char *error, int64_t took_ms)
{
	char text[LETTER_ERROR_MAX];

	utf8_clean(text, sizeof text, error);
	asked_json(arg, json_pack("{s:b,s:i,s:s,s:I}", "delivered", a->status >= 200 &&
		a->status < 300, "status", a->status, "text", text, "ms", (json_int_t)took_ms));
}

/* One event of its own type, at once, whatever else waits and even while it is paused. */
static void test(struct asked *a, struct webhook *w)
{
	struct daemon *d = a->d;
	struct buf body = { 0 }, headers = { 0 };
	struct event_head head = { .type = span_str(WEBHOOK_TEST_TYPE),
		.subject = span_str(w->set.name), .time_ms = clock_wall_ms() };
	struct sender_request r = { .url = w->set.url, .body = &body, .done = tested, .arg = a,
		.timeout_ms = d->config.webhook_timeout_ms, .ca = d->config.webhook_ca,
		.allow_private = w->set.allow_private };
	json_t *data = json_pack("{s:s,s:s}", "type", WEBHOOK_TEST_TYPE, "subject", w->set.name);
	int rc;

	webhook_secrets(w);
	if (w->broken[0]) {
		json_decref(data);
		asked_error(a, "malformed", w->broken);
		return;
	}
	snprintf(head.id, sizeof head.id, "test-%016llx",
		(unsigned long long)webhooks_chance(&d->webhooks));
	snprintf(head.source, sizeof head.source, "%s", d->webhooks.source);
	event_body(&body, &head, data, (enum webhook_format)w->set.format);
	json_decref(data);
	event_headers(&headers, &head, (enum webhook_format)w->set.format, &w->secrets,
		head.time_ms, span_of(body.data, body.size));
	r.headers = span_of(headers.data, headers.size);
	rc = body.failed || headers.failed ? ERR_NOMEM : sender_send(&d->webhooks.sender, &r);
	buf_fini(&headers);
	buf_fini(&body);
	if (rc != 0)
		asked_error(a, "busy", err_text(rc));
}

static const char *text_of(json_t *args, const char *name)
{
	const char *text = json_string_value(json_object_get(args, name));

	return text ? text : "";
}

static void of_one(struct asked *a, const char *what, struct webhook *w, json_t *args)
{
	if (strcmp(what, "pause") == 0)
		set_paused(a, w, true);
	else if (strcmp(what, "resume") == 0)
		set_paused(a, w, false);
	else if (strcmp(what, "test") == 0)
		test(a, w);
	else if (strcmp(what, "remove") == 0)
		remove_it(a, w);
	else if (strcmp(what, "replay") == 0)
		webhook_replay(a, w, text_of(args, "from"));
	else if (strcmp(what, "dead") == 0)
		webhook_dead(a, w, DEAD_LIST, "");
	else if (strcmp(what, "redrive") == 0)
		webhook_dead(a, w, DEAD_REDRIVE, text_of(args, "id"));
	else if (strcmp(what, "drop") == 0)
		webhook_dead(a, w, DEAD_DROP, text_of(args, "id"));
	else
		asked_error(a, "malformed", "webhook does add, list, pause, resume, test, replay, "
			"remove, dead, redrive and drop");
}

void webhook_request(struct daemon *d, const struct peer *peer, const struct request *r)
{
	struct asked *a = asked_new(d, peer, r->number);
	struct webhook *w;
	const char *what;
	json_t *args;

	if (!a)
		return;
	args = json_loadb((const char *)r->json.data, r->json.size, JSON_REJECT_DUPLICATES, NULL);
	what = text_of(args, "do");
	w = webhook_find(d, span_str(text_of(args, "name")));
	if (!json_is_object(args))
		asked_error(a, "malformed", "expected an object: {\"do\": \"list\"}");
	else if (strcmp(what, "list") == 0)
		list(a);
	else if (strcmp(what, "add") == 0)
		add(a, args);
	else if (!w)
		asked_error(a, "not_found", "no webhook has this name; kith webhook list shows them");
	else
		of_one(a, what, w, args);
	json_decref(args);
}
