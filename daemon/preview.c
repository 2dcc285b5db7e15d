/* SPDX-License-Identifier: Apache-2.0 */
/* Previews: one page after the other, one shard after the other. */
#include <stdio.h>
#include <stdlib.h>
#include "daemon/daemon.h"
#include "proto/json.h"

#define PAGE_MS 3 /* between two pages: at most 40,000 customers a second are looked at */

static void sleep_ms(struct daemon *d, int64_t ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	event_add(d->previewer.timer, &tv);
}

static void page_drop(struct daemon *d)
{
	struct query *q = d->previewer.page;

	d->previewer.page = NULL;
	if (q)
		preview_free(q->preview);
	query_free(q);
}

static void give_up(struct daemon *d, const char *why)
{
	control_error(d, &d->previewer.peer, d->previewer.number, "busy", why);
	page_drop(d);
}

static void page_came(struct query *q)
{
	struct daemon *d = q->arg;
	struct previewer *v = &d->previewer;

	if (q->rc != 0) {
		give_up(d, err_text(q->rc));
		return;
	}
	if (q->done && ++q->shard == d->store.shards) {
		control_json(d, &v->peer, v->number, preview_to_json(&q->preview->report));
		page_drop(d);
		return;
	}
	if (q->done)
		buf_clear(&q->key);
	sleep_ms(d, PAGE_MS);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;
	struct query *q = d->previewer.page;

	(void)fd;
	(void)what;
	if (q && d->state == DAEMON_STOPPING)
		give_up(d, "kithd stops");
	else if (q)
		worker_post(&d->workers[q->shard], &q->mail);
}

/* {"file": "part", "line": 12, "column": 25, "error": "expected …"} beside the sentence. */
static void refuse(struct daemon *d, const struct peer *peer, uint64_t number,
	const struct complaint *c)
{
	json_t *place = json_pack("{s:s,s:i,s:i,s:s}", "file", c->file, "line", c->line, "column",
		c->column, "error", c->text);
	char *json = place ? json_dumps(place, JSON_COMPACT) : NULL;
	char text[sizeof c->text + sizeof c->file + 32];

	if (c->line)
		(void)snprintf(text, sizeof text, "%s%s%d:%d: %s", c->file, c->file[0] ? ":" : "",
			c->line, c->column, c->text);
	else
		(void)snprintf(text, sizeof text, "%s", c->text);
	control_refuse(d, peer, number, "malformed", text, json ? json : "");
	free(json);
	json_decref(place);
}

void preview_ask(struct daemon *d, const struct peer *peer, const struct request *r)
{
	struct previewer *v = &d->previewer;
	struct preview *p = NULL;
	struct complaint c = { 0 };

	if (v->page || !d->lifecycle || d->state == DAEMON_STOPPING) {
		control_error(d, peer, r->number, "busy", v->page ?
			"another preview is under way: try again" : "nobody is judged for now");
		return;
	}
	if (preview_new(r->lifecycle, d->lifecycle->machine->version, &d->parameters,
		timekeeper_now(d), &p, &c) != 0) {
		refuse(d, peer, r->number, &c);
		return;
	}
	v->page = query_new(QUERY_PREVIEW, page_came, d);
	if (!v->page) {
		preview_free(p);
		control_error(d, peer, r->number, "busy", "out of memory");
		return;
	}
	v->page->preview = p;
	v->peer = *peer;
	v->number = r->number;
	worker_post(&d->workers[0], &v->page->mail);
}

int previewer_open(struct daemon *d)
{
	d->previewer.timer = evtimer_new(d->base, on_timer, d);
	return d->previewer.timer ? 0 : ERR_NOMEM;
}

void previewer_close(struct daemon *d)
{
	if (d->previewer.timer)
		event_free(d->previewer.timer);
	d->previewer.timer = NULL;
	page_drop(d);
}
