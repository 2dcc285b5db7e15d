/* SPDX-License-Identifier: Apache-2.0 */
/* Previews: one page after the other, one shard after the other. */
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "daemon/daemon.h"
#include "proto/json.h"

#define ALIVE_NS INT64_C(250000000)
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

/* ---- in words */

struct telling {
	const struct words *w;
	json_t *list;
	struct buf text;
};

static void tell(struct telling *t, const char *key, const struct notification *n, uint64_t count)
{
	buf_clear(&t->text);
	preview_write(&t->text, t->w, key, n, (double)count);
	if (t->text.size && !t->text.failed)
		json_array_append_new(t->list, json_stringn((const char *)t->text.data,
			t->text.size));
}

static void tell_move(struct telling *t, const struct machine *m, const struct preview_move *move)
{
	struct notification n = { .ladder = span_str(move->of), .to = span_str(move->to) };
	bool rung = machine_ladder(m, n.ladder) >= 0;
	char rule[PREVIEW_NAME_BYTES + 8];
	struct buf who = { 0 };

	(void)snprintf(rule, sizeof rule, "risk.%s", move->of);
	if (!rung) {
		n.ladder = span_str("risk");
		n.rule = span_str(rule);
	} else if (strcmp(move->from, "none") != 0) {
		n.from = span_str(move->from);
	}
	for (unsigned i = 0; i < move->who.n_sample; i++)
		buf_printf(&who, "%s%.*s", i ? ", " : "", (int)move->who.sample[i].size,
			(const char *)move->who.sample[i].id);
	n.customer = span_of(who.data, who.size);
	tell(t, rung ? "preview.rung" : strcmp(move->to, "raised") == 0 ? "preview.raised" :
		"preview.clear", &n, move->who.customers);
	buf_fini(&who);
}

/* What `kith preview --lang` prints. */
static json_t *in_words(struct daemon *d, const struct preview *p, enum language language)
{
	const struct preview_report *r = &p->report;
	struct words w = sentences_words(d, language);
	struct telling t = { .w = &w, .list = json_array() };

	tell(&t, "preview.head", &(struct notification){ 0 }, r->moved);
	for (unsigned i = 0; i < r->n_moves; i++)
		tell_move(&t, p->wanted->machine, &r->moves[i]);
	for (unsigned i = 0; i < r->n_types; i++) {
		const struct preview_type *type = &r->types[i];
		struct notification n = { .type = span_str(type->type),
			.rule = span_str(type->follow_up) };

		tell(&t, "preview.told", &n, type->who.customers);
		if (type->held)
			tell(&t, "preview.held", &n, type->held);
	}
	for (unsigned i = 0; i < r->n_facts; i++)
		tell(&t, "preview.new_fact", &(struct notification){ .rule = span_str(r->facts[i]) }, 0);
	if (r->hushed)
		tell(&t, "preview.hushed", &(struct notification){ 0 }, 0);
	buf_fini(&t.text);
	return t.list;
}

static json_t *told(struct daemon *d, const struct preview *p)
{
	json_t *out = preview_to_json(&p->report), *text = json_object();

	for (unsigned l = 0; l < LANGUAGES; l++)
		json_object_set_new(text, language_name(l), in_words(d, p, (enum language)l));
	json_object_set_new(out, "text", text);
	return out;
}

/* ---- page after page */

static void give_up(struct daemon *d, const char *why)
{
	control_error(d, &d->previewer.peer, d->previewer.number, "busy", why);
	page_drop(d);
}

/* As far as they let it be known. */
static bool asker_is_there(struct daemon *d)
{
	struct previewer *v = &d->previewer;
	int64_t now = clock_monotonic_ns();

	if (!v->alive || now - v->told_ns < ALIVE_NS)
		return true;
	v->told_ns = now;
	return control_alive(d, &v->peer, v->number);
}

static void page_came(struct query *q)
{
	struct daemon *d = q->arg;
	struct previewer *v = &d->previewer;

	if (q->rc != 0) {
		give_up(d, q->rc == ERR_EXISTS ?
			"another lifecycle file is in force meanwhile: ask again" : err_text(q->rc));
		return;
	}
	if (q->done && ++q->shard == d->store.shards) {
		control_json(d, &v->peer, v->number, told(d, q->preview));
		page_drop(d);
		return;
	}
	if (q->done)
		buf_clear(&q->key);
	if (asker_is_there(d))
		sleep_ms(d, PAGE_MS);
	else
		page_drop(d);
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

static bool wants_alive(struct span json, bool *ret)
{
	json_t *o = json.size ? json_loadb((const char *)json.data, json.size, 0, NULL) : json_object();
	int alive = 0;
	bool well = o && json_unpack(o, "{s?b!}", "alive", &alive) == 0;

	json_decref(o);
	*ret = alive;
	return well;
}

void preview_ask(struct daemon *d, const struct peer *peer, const struct request *r)
{
	struct previewer *v = &d->previewer;
	struct preview *p = NULL;
	struct complaint c = { 0 };
	bool alive;

	if (!wants_alive(r->json, &alive)) {
		control_error(d, peer, r->number, "malformed",
			"expected nothing beside the file, or an object with alive, true or false");
		return;
	}
	if (v->page || !d->lifecycle || d->reloading || d->state == DAEMON_STOPPING) {
		control_error(d, peer, r->number, "busy", v->page ?
			"another preview is under way: try again" : d->reloading ?
			"another file, or parameters, are on their way: try again" :
			"nobody is judged for now");
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
	v->alive = alive;
	v->told_ns = clock_monotonic_ns();
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
