/* SPDX-License-Identifier: Apache-2.0 */
/* Control verbs. */
#include <stdio.h>
#include <stdlib.h>
#include "base/hash.h"
#include "daemon/answer.h"
#include "daemon/daemon.h"
#include "daemon/funnel.h"
#include "daemon/merging.h"
#include "daemon/parameters.h"
#include "daemon/subscriber_delivery.h"

/* One question under way, from one peer. */
struct question {
	struct daemon *d;
	struct peer peer;
	uint64_t number;
	bool explain;
	enum language language; /* of an explanation */
	json_t *(*answer)(struct daemon *d, struct query *const *answers); /* of all shards */
	unsigned awaited;
	struct query *answers[SHARDS_MAX];
};

static int reply(struct daemon *d, const struct peer *to, const struct reply *r)
{
	struct buf out = { 0 };
	int rc;

	reply_encode(&out, r);
	rc = out.failed ? ERR_NOMEM :
		router_send(&d->control.socket, to, span_of(out.data, out.size));
	buf_fini(&out);
	return rc;
}

bool control_alive(struct daemon *d, const struct peer *to, uint64_t number)
{
	return reply(d, to, &(struct reply){ .number = number }) != ERR_CLOSED;
}

void control_refuse(struct daemon *d, const struct peer *to, uint64_t number,
	const char *code, const char *text, const char *json)
{
	struct reply r = { .number = number, .error = span_str(code), .text = span_str(text),
		.json = span_str(json) };

	(void)reply(d, to, &r);
}

void control_error(struct daemon *d, const struct peer *to, uint64_t number,
	const char *code, const char *text)
{
	control_refuse(d, to, number, code, text, "");
}

void control_json(struct daemon *d, const struct peer *to, uint64_t number, json_t *json)
{
	struct reply r = { .number = number };
	char *text = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;

	json_decref(json);
	if (!text) {
		control_error(d, to, number, "busy", "out of memory");
		return;
	}
	r.json = span_str(text);
	(void)reply(d, to, &r);
	free(text);
}

struct asked *asked_new(struct daemon *d, const struct peer *peer, uint64_t number)
{
	struct asked *a = NULL;

	if (d->control.waiting < CONTROL_WAITING_MAX && d->state != DAEMON_STOPPING)
		a = malloc(sizeof *a);
	if (!a) {
		control_error(d, peer, number, "busy", "too many questions under way");
		return NULL;
	}
	*a = (struct asked){ d, *peer, number };
	d->control.waiting++;
	return a;
}

void asked_json(struct asked *a, json_t *json)
{
	control_json(a->d, &a->peer, a->number, json);
	a->d->control.waiting--;
	free(a);
}

void asked_error(struct asked *a, const char *code, const char *text)
{
	control_error(a->d, &a->peer, a->number, code, text);
	a->d->control.waiting--;
	free(a);
}

void control_when_in_force(struct daemon *d, const struct peer *peer, uint64_t number, json_t *json)
{
	struct asked *a = json ? asked_new(d, peer, number) : NULL;

	if (!a) { /* it is done all the same */
		json_decref(json);
		return;
	}
	d->control.changer = a;
	d->control.changed = json;
}

void control_in_force(struct daemon *d, int rc)
{
	struct asked *a = d->control.changer;
	json_t *json = d->control.changed;

	d->control.changer = NULL;
	d->control.changed = NULL;
	if (a && rc == 0) {
		asked_json(a, json);
	} else if (a) {
		asked_error(a, "full", err_text(rc));
		json_decref(json);
	}
}

static struct question *question_new(struct daemon *d, const struct peer *peer,
	const struct request *r)
{
	struct question *q;

	if (d->control.waiting >= CONTROL_WAITING_MAX || d->state == DAEMON_STOPPING)
		return NULL;
	q = calloc(1, sizeof *q);
	if (!q)
		return NULL;
	q->d = d;
	q->peer = *peer;
	q->number = r->number;
	d->control.waiting++;
	return q;
}

static void question_free(struct question *q)
{
	for (unsigned i = 0; i < SHARDS_MAX; i++)
		query_free(q->answers[i]);
	q->d->control.waiting--;
	free(q);
}

static void customer_answered(struct query *answer);

/* Ask the shard of CUSTOMER; false when memory is out. */
static bool ask_shard(struct question *q, struct span customer)
{
	struct query *query = query_new(QUERY_CUSTOMER, customer_answered, q);

	if (query)
		buf_add(&query->key, customer.data, customer.size);
	if (!query || query->key.failed) {
		query_free(query);
		return false;
	}
	query->shard = hash_shard(customer.data, customer.size, q->d->store.shards);
	worker_post(&q->d->workers[query->shard], &query->mail);
	return true;
}

void control_no_customer(struct daemon *d, const struct peer *to, uint64_t number, struct span id)
{
	char text[EVENT_CUSTOMER_MAX + 32];

	snprintf(text, sizeof text, "no such customer: %.*s", (int)id.size, (const char *)id.data);
	control_error(d, to, number, "not_found", text);
}

/* The person's answer, and which of their ids was asked for. */
static json_t *answer_of_id(const struct question *q, json_t *answer)
{
	const struct customer *id = q->answers[1] ? q->answers[1]->who : NULL;

	if (id)
		json_object_set_new(answer, "asked", json_stringn((const char *)id->id, id->id_size));
	return answer;
}

static void customer_answered(struct query *answer)
{
	struct question *q = answer->arg;
	struct daemon *d = q->d;

	if (answer->rc == 0 && customer_is_merged(answer->who) && !q->answers[1]) {
		q->answers[1] = answer;
		if (ask_shard(q, span_of(answer->who->bond.head, answer->who->bond.head_size)))
			return;
		control_error(d, &q->peer, q->number, "busy", "out of memory");
		question_free(q);
		return;
	}
	q->answers[0] = answer;
	if (answer->rc == ERR_NOTFOUND)
		control_no_customer(d, &q->peer, q->number, span_of(answer->key.data, answer->key.size));
	else if (answer->rc == ERR_CORRUPT)
		control_error(d, &q->peer, q->number, "damaged",
			"the customer's record is damaged and set aside; see kith store verify");
	else if (answer->rc != 0)
		control_error(d, &q->peer, q->number, "failed", err_text(answer->rc));
	else if (q->explain)
		control_json(d, &q->peer, q->number, answer_of_id(q, answer_explain(d, answer,
			timekeeper_now(d), q->language)));
	else
		control_json(d, &q->peer, q->number,
			answer_of_id(q, answer_show(d, answer, timekeeper_now(d))));
	question_free(q);
}

static void ask_customer(struct daemon *d, const struct peer *peer, const struct request *r,
	bool whole, enum language language)
{
	struct question *q;

	if (r->customer.size == 0 || r->customer.size > EVENT_CUSTOMER_MAX) {
		control_error(d, peer, r->number, "malformed", "a customer id has 1 to 128 bytes");
		return;
	}
	q = question_new(d, peer, r);
	if (q) {
		q->explain = whole;
		q->language = language;
	}
	if (q && ask_shard(q, r->customer))
		return;
	if (q)
		question_free(q);
	control_error(d, peer, r->number, "busy", "too many questions under way");
}

/* {"customer": "anna", "language": "zh"}; or, as ever, the customer by itself. */
static void explain(struct daemon *d, const struct peer *peer, const struct request *r)
{
	json_t *args = r->json.size ? json_loadb((const char *)r->json.data, r->json.size,
		JSON_REJECT_DUPLICATES, NULL) : NULL;
	const char *customer = json_string_value(json_object_get(args, "customer"));
	const char *word = json_string_value(json_object_get(args, "language"));
	int language = word ? language_of(span_str(word)) : (int)d->config.language;
	struct request asked = *r;

	if (customer)
		asked.customer = span_str(customer);
	if (language < 0 || (r->json.size && !args))
		control_error(d, peer, r->number, "malformed", args ? "languages are en and zh" :
			"expected an object with customer and language");
	else
		ask_customer(d, peer, &asked, true, (enum language)language);
	json_decref(args);
}

static void shard_answered(struct query *answer)
{
	struct question *q = answer->arg;
	struct daemon *d = q->d;

	q->answers[answer->shard] = answer;
	if (--q->awaited > 0)
		return;
	control_json(d, &q->peer, q->number, q->answer(d, q->answers));
	question_free(q);
}

void control_ask_all(struct daemon *d, const struct peer *peer, const struct request *r,
	enum query_kind kind, json_t *(*answer)(struct daemon *d, struct query *const *answers))
{
	struct question *q = question_new(d, peer, r);
	struct query *list[SHARDS_MAX] = { 0 };
	bool whole = q != NULL;

	for (unsigned i = 0; whole && i < d->store.shards; i++) {
		list[i] = query_new(kind, shard_answered, q);
		if (list[i])
			buf_add(&list[i]->key, r->customer.data, r->customer.size);
		whole = list[i] && !list[i]->key.failed;
	}
	if (!whole) {
		for (unsigned i = 0; i < d->store.shards; i++)
			query_free(list[i]);
		if (q)
			question_free(q);
		control_error(d, peer, r->number, "busy", "too many questions under way");
		return;
	}
	q->answer = answer;
	q->awaited = d->store.shards;
	for (unsigned i = 0; i < d->store.shards; i++) {
		list[i]->shard = i;
		worker_post(&d->workers[i], &list[i]->mail);
	}
}

static void tell_facts(json_t *to, const struct machine *of, const struct machine *other)
{
	for (unsigned i = 0; of && i < of->n_customs; i++)
		if (!machine_has_fact(other, of->customs[i].key))
			json_array_append_new(to, json_stringn((const char *)of->customs[i].name.data,
				of->customs[i].name.size));
}

/* What each fact of M knows: all that was told, since the first file asked for it, what OLD has
 * counted, or what is told from now on. */
static json_t *counts_json(const struct machine *old, const struct machine *m)
{
	json_t *out = json_object();

	for (unsigned i = 0; i < m->n_customs; i++) {
		const struct custom *c = &m->customs[i];
		bool kept = machine_has_fact(old, c->key);
		json_t *from = json_pack("{s:s}", "counts_from", m->version == 1 ? "beginning" :
			kept ? "before" : "change");

		if (!kept)
			json_object_set_new(from, "since", json_integer(m->since_ms));
		json_object_setn_new(out, (const char *)c->name.data, c->name.size, from);
	}
	return out;
}

/* Whose facts are new in M, and whose are gone, beside OLD (may be NULL). */
static json_t *reloaded_json(bool changed, const struct machine *old, const struct machine *m)
{
	json_t *begun = json_array(), *dropped = json_array();

	tell_facts(begun, m, old);
	tell_facts(dropped, old, m);
	return json_pack("{s:b,s:i,s:o,s:o,s:o}", "changed", changed, "version", (int)m->version,
		"new_facts", begun, "dropped_facts", dropped, "facts", counts_json(old, m));
}

static void reload(struct daemon *d, const struct peer *peer, const struct request *r)
{
	struct lifecycle *old = d->lifecycle ? lifecycle_hold(d->lifecycle) : NULL;
	struct complaint c = { 0 };
	char why[sizeof c.text + 64];
	bool changed;
	json_t *json;

	webhooks_secrets(d);
	if (!daemon_fires(d) || d->reloading)
		control_error(d, peer, r->number, "busy", d->reloading ?
			"another reload is on its way" : "nothing can be written for now");
	else if (inputs_lifecycle(d, &changed, &c) != 0) {
		snprintf(why, sizeof why, "%s; the old rules stay in force", c.text);
		control_error(d, peer, r->number, "malformed", why);
	} else {
		json = reloaded_json(changed, old ? old->machine : NULL, d->lifecycle->machine);
		if (changed)
			control_when_in_force(d, peer, r->number, json);
		else
			control_json(d, peer, r->number, json);
	}
	lifecycle_drop(old);
}

/* A command is on its way through the journal. */
struct order {
	struct peer peer;
	uint64_t number;
};

static bool is_of_two(const struct command *cmd)
{
	return cmd->verb == COMMAND_MERGE || cmd->verb == COMMAND_UNMERGE;
}

static void order_over(struct daemon *d, const struct command *cmd)
{
	if (is_of_two(cmd))
		d->control.merging = false;
}

static json_t *obeyed_json(const struct input *in)
{
	const struct command *cmd = &in->command;
	json_t *out = json_pack("{s:s,s:I}", "command", command_verb_name(cmd->verb), "clock",
		(json_int_t)in->clock_ms);

	if (cmd->other.size)
		json_object_set_new(out, "other", json_stringn((const char *)cmd->other.data,
			cmd->other.size));
	return out;
}

/* What concerns one customer only its shard can obey; what concerns a rule each may know or not. */
static void obeyed(struct daemon *d, struct task *t)
{
	const struct order *o = t->message;
	const struct command *cmd = &t->work.input.command;
	bool refused = true;

	d->control.waiting--;
	order_over(d, cmd);
	for (unsigned i = 0; i < t->work.n_parts; i++)
		refused = refused && t->work.parts[i].outcome.refused;
	if (refused)
		control_error(d, &o->peer, o->number, "not_found", cmd->customer.size ?
			(cmd->verb == COMMAND_DONE || cmd->verb == COMMAND_REASSIGN ?
			"no such customer, or no such follow-up is open" :
			"no such customer, or it is another id of somebody: kith show says whose") :
			cmd->verb == COMMAND_FORGET_SOURCE ?
			"no source has this name; kith sources lists them" :
			"no rule has this name; kith rule list shows them");
	else
		control_json(d, &o->peer, o->number, obeyed_json(&t->work.input));
}

static void not_obeyed(struct daemon *d, struct task *t, int rc)
{
	const struct order *o = t->message;

	d->control.waiting--;
	order_over(d, &t->work.input.command);
	control_error(d, &o->peer, o->number, "full", err_text(rc));
}

static struct span keep_span(struct arena *a, struct span s)
{
	uint8_t *copy = arena_alloc(a, s.size + 1);

	if (copy && s.size)
		memcpy(copy, s.data, s.size);
	return span_of(copy, copy ? s.size : 0);
}

void control_order(struct daemon *d, const struct peer *peer, uint64_t number,
	const struct command *cmd)
{
	bool room = d->control.waiting < CONTROL_WAITING_MAX;
	struct task *t = room && daemon_fires(d) ? task_new(d) : NULL;
	struct order *o = t ? arena_alloc(t->arena, sizeof *o) : NULL;

	if (!o) {
		if (t)
			task_free(d, t);
		order_over(d, cmd);
		control_error(d, peer, number, "busy", room ? "nothing can be written for now" :
			"too many commands under way: try again");
		return;
	}
	d->control.waiting++;
	*o = (struct order){ *peer, number };
	t->message = o;
	t->done = obeyed;
	t->failed = not_obeyed;
	t->work.input.type = INPUT_COMMAND;
	t->work.input.command = *cmd;
	t->work.input.command.customer = keep_span(t->arena, cmd->customer);
	t->work.input.command.name = keep_span(t->arena, cmd->name);
	t->work.input.command.other = keep_span(t->arena, cmd->other);
	timekeeper_stamp(d, &t->work.input);
	if (pipeline_submit(d, t, span_of(NULL, 0), NULL, 0) != 0) {
		not_obeyed(d, t, ERR_NOSPACE);
		task_free(d, t);
		return;
	}
	daemon_flush_soon(d);
}

static void obey(struct daemon *d, const struct peer *peer, const struct request *r)
{
	if (r->command.verb == COMMAND_NONE)
		control_error(d, peer, r->number, "malformed", "expected a command");
	else if (is_of_two(&r->command))
		merging_begin(d, peer, r);
	else
		control_order(d, peer, r->number, &r->command);
}

static void forget(struct daemon *d, const struct peer *peer, const struct request *r)
{
	struct asked *a = asked_new(d, peer, r->number);

	if (a && subscriber_forget(d, r->customer, a) != 0)
		asked_error(a, "not_found", "no subscription has this name");
}

static void answer(struct daemon *d, const struct peer *peer, const struct request *r)
{
	if (span_eq(r->verb, span_str("show")))
		ask_customer(d, peer, r, false, d->config.language);
	else if (span_eq(r->verb, span_str("explain")))
		explain(d, peer, r);
	else if (span_eq(r->verb, span_str("stats")))
		control_ask_all(d, peer, r, QUERY_CENSUS, answer_stats);
	else if (span_eq(r->verb, span_str("rules")))
		control_ask_all(d, peer, r, QUERY_RULES, answer_rules);
	else if (span_eq(r->verb, span_str("follow_ups")))
		control_ask_all(d, peer, r, QUERY_FOLLOW_UPS, answer_follow_ups);
	else if (span_eq(r->verb, span_str("sources")))
		control_ask_all(d, peer, r, QUERY_SOURCES, answer_sources);
	else if (span_eq(r->verb, span_str("command")))
		obey(d, peer, r);
	else if (span_eq(r->verb, span_str("reload")))
		reload(d, peer, r);
	else if (span_eq(r->verb, span_str("preview")))
		preview_ask(d, peer, r);
	else if (span_eq(r->verb, span_str("parameters")))
		parameters_request(d, peer, r);
	else if (span_eq(r->verb, span_str("funnel")))
		funnel_request(d, peer, r);
	else if (span_eq(r->verb, span_str("survey"))) {
		surveyor_now(d);
		control_json(d, peer, r->number, json_pack("{s:I}", "surveys",
			(json_int_t)d->surveyor.finished));
	}
	else if (span_eq(r->verb, span_str("fit")))
		refit_request(d, peer, r);
	else if (span_eq(r->verb, span_str("webhook")))
		webhook_request(d, peer, r);
	else if (span_eq(r->verb, span_str("subscriptions")))
		control_json(d, peer, r->number, answer_subscriptions(d));
	else if (span_eq(r->verb, span_str("forget")))
		forget(d, peer, r);
	else if (span_eq(r->verb, span_str("ping")))
		control_json(d, peer, r->number, json_pack("{s:s,s:s,s:i,s:o}", "version", KITH_VERSION,
			"state", daemon_state_name(d->state), "shards", (int)d->store.shards,
			"money", answer_money(d)));
	else
		control_error(d, peer, r->number, "malformed",
			"verbs are stats, funnel, rules, sources, follow_ups, command, show, explain, "
			"reload, preview, survey, fit, parameters, subscriptions, forget, webhook, ping");
}

static bool take(void *arg)
{
	struct daemon *d = arg;
	struct request r;
	struct peer peer;
	zmq_msg_t body;
	int rc = router_take(&d->control.socket, &peer, &body);

	if (rc == ERR_INVALID)
		control_error(d, &peer, 0, "malformed", "expected one frame with one Request");
	if (rc != 0)
		return rc != ERR_NOTFOUND;
	arena_reset(d->control.arena);
	if (request_decode(&r, zmq_msg_data(&body), zmq_msg_size(&body), d->control.arena) != 0)
		control_error(d, &peer, 0, "malformed", "not a Request");
	else
		answer(d, &peer, &r);
	zmq_msg_close(&body);
	return true;
}

int control_open(struct daemon *d, struct complaint *c)
{
	d->control.arena = arena_new(16 << 10, 8 << 20);
	if (!d->control.arena)
		return ERR_NOMEM;
	d->control.socket.take = take;
	d->control.socket.arg = d;
	return socket_open(&d->control.socket, d->zmq, ZMQ_ROUTER, d->config.control, d->base, c);
}

void control_close(struct daemon *d)
{
	socket_close(&d->control.socket);
	arena_free(d->control.arena);
	d->control.arena = NULL;
	json_decref(d->control.changed);
	free(d->control.changer);
	d->control.changed = NULL;
	d->control.changer = NULL;
}
