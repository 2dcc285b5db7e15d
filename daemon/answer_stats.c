/* SPDX-License-Identifier: Apache-2.0 */
/* The whole store: stats and subscriptions. */
#include "daemon/answer.h"
#include "daemon/daemon.h"

static uint64_t count_of(const struct query *q, struct span id)
{
	for (unsigned i = 0; i < q->n_census; i++)
		if (span_eq(span_str(query_name(q, q->census[i].name)), id))
			return q->census[i].customers;
	return 0;
}

static json_t *sum_of(struct daemon *d, struct query *const *census, struct span id)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < d->store.shards; i++)
		sum += count_of(census[i], id);
	return json_integer((json_int_t)sum);
}

static void set_named(json_t *to, struct span name, json_t *value)
{
	json_object_setn_new_nocheck(to, (const char *)name.data, name.size, value);
}

static json_t *ladders_json(struct daemon *d, struct query *const *census)
{
	const struct machine *m = d->lifecycle->machine;
	json_t *out = json_object();

	for (unsigned l = 0; l < m->n_ladders; l++) {
		const struct ladder *ladder = &m->ladders[l];
		json_t *rungs = json_object();

		for (unsigned r = 0; r < ladder->n_rungs; r++)
			set_named(rungs, ladder->rungs[r].name,
				sum_of(d, census, ladder->rungs[r].id));
		set_named(out, ladder->name, rungs);
	}
	return out;
}

static json_t *risks_json(struct daemon *d, struct query *const *census)
{
	const struct machine *m = d->lifecycle->machine;
	json_t *out = json_object();

	for (unsigned k = 0; k < m->n_risks; k++)
		set_named(out, m->risks[k].name, sum_of(d, census, m->risks[k].id));
	return out;
}

static json_t *since_json(int64_t ms)
{
	return ms ? json_integer(ms) : json_null();
}

static json_t *shards_json(struct daemon *d, struct query *const *census)
{
	json_t *out = json_array();

	for (unsigned i = 0; i < d->store.shards; i++) {
		const struct query *q = census[i];
		const struct worker *w = &d->workers[i];

		json_array_append_new(out, json_pack("{s:i,s:I,s:I,s:I,s:{s:I,s:I,s:I,s:o},s:I,s:{s:I,s:I},"
			"s:{s:I,s:I,s:I}}",
			"shard", (int)i, "customers", (json_int_t)q->meta.customers, "position",
			(json_int_t)q->meta.position, "checkpoint",
			(json_int_t)atomic_load(&w->checkpoint), "outbox", "first",
			(json_int_t)q->meta.outbox_first, "last", (json_int_t)q->meta.outbox_last,
			"bytes", (json_int_t)q->meta.outbox_bytes, "since", since_json(q->outbox_since_ms),
			"deadlines", (json_int_t)q->deadlines, "map", "used",
			(json_int_t)q->map_used, "size", (json_int_t)q->map_size, "flushes", "n",
			(json_int_t)atomic_load(&w->flushes), "ms",
			(json_int_t)(atomic_load(&w->flushed_ns) / 1000000), "waited_ms",
			(json_int_t)(atomic_load(&w->waited_ns) / 1000000)));
	}
	return out;
}

json_t *answer_filter(const struct filter *f)
{
	json_t *out = json_object();

	for (unsigned i = 0; i < f->n; i++) {
		const struct filter_term *t = &f->terms[i];
		const char *field = filter_field_name(t->field);
		json_t *list = json_object_get(out, field);

		if (!list) {
			list = json_array();
			json_object_set_new(out, field, list);
		}
		json_array_append_new(list, json_stringn(t->text, t->size));
	}
	return out;
}

json_t *answer_subscriptions(struct daemon *d)
{
	const struct subscribers *s = &d->subscribers;
	json_t *out = json_array();

	for (unsigned i = 0; i < s->n; i++) {
		const struct subscription *sub = s->list[i];
		json_t *types;
		uint64_t lag = 0;

		if (sub->reading)
			continue;
		types = json_array();
		for (unsigned k = 0; k < d->store.shards; k++)
			lag += s->last[k] - (sub->lanes[k].acked < s->last[k] ?
				sub->lanes[k].acked : s->last[k]);
		for (unsigned k = 0; k < sub->n_types; k++)
			json_array_append_new(types, json_string(sub->types[k]));
		json_array_append_new(out, json_pack("{s:s,s:b,s:I,s:I,s:I,s:o,s:o}", "name", sub->name,
			"connected", sub->connected, "lag", (json_int_t)lag, "delivered",
			(json_int_t)sub->delivered, "gaps", (json_int_t)sub->gaps, "types", types,
			"filter", answer_filter(&sub->filter)));
	}
	return out;
}

static uint64_t rescued(const struct daemon *d)
{
	return d->ingest.socket.rescued + d->feed.protobuf.rescued + d->feed.json.rescued +
		d->subscribers.socket.rescued + d->control.socket.rescued;
}

static void add_sums(struct daemon *d, struct query *const *census, json_t *out)
{
	uint64_t merged = 0, customers = 0, accepted = 0, duplicates = 0, conflicts = 0;
	uint64_t first = 0, last = 0, bytes = 0;
	int64_t since = 0;

	for (unsigned i = 0; i < d->store.shards; i++) {
		const struct env_meta *m = &census[i]->meta;

		merged += count_of(census[i], span_str("customer.merged"));
		customers += m->customers;
		accepted += m->accepted;
		duplicates += m->duplicates;
		conflicts += m->conflicts;
		first += m->outbox_first - 1; /* trimmed */
		last += m->outbox_last;
		bytes += m->outbox_bytes;
		if (census[i]->outbox_since_ms && (!since || census[i]->outbox_since_ms < since))
			since = census[i]->outbox_since_ms;
	}
	json_object_set_new(out, "customers", json_integer((json_int_t)(customers - merged)));
	json_object_set_new(out, "merged", json_integer((json_int_t)merged));
	json_object_set_new(out, "events", json_pack("{s:I,s:I,s:I,s:I}", "accepted",
		(json_int_t)accepted, "duplicates", (json_int_t)duplicates, "rejected",
		(json_int_t)d->rejected, "conflicts", (json_int_t)conflicts));
	json_object_set_new(out, "outbox", json_pack("{s:I,s:I,s:I,s:o}", "first",
		(json_int_t)first + 1, "last", (json_int_t)last, "bytes", (json_int_t)bytes, "since",
		since_json(since)));
}

static json_t *sources_json(struct daemon *d, struct query *const *census)
{
	json_int_t n = 0, silent = 0;

	for (unsigned i = 0; i < d->store.shards; i++) {
		n += census[i]->n_sources;
		silent += census[i]->n_silent;
	}
	return json_pack("{s:I,s:I}", "watched", n, "silent", silent);
}

/* What the last survey found, and by which parameters customers are judged. */
static json_t *value_json(struct daemon *d)
{
	const struct surveyor *v = &d->surveyor;
	const struct parameters *p = &d->parameters;
	json_t *cuts = json_array();

	for (unsigned i = 0; i < p->n_cuts; i++)
		json_array_append_new(cuts, json_pack("{s:s,s:f,s:f}", "quantity", p->cuts[i].quantity,
			"top", p->cuts[i].share, "least", p->cuts[i].bound));
	return json_pack("{s:I,s:o,s:b,s:b,s:I,s:o,s:I,s:f,s:o}", "parameters_version",
		(json_int_t)p->version, "parameters_since", since_json(p->since_ms), "fitted",
		d->lifecycle->machine->fitted, "spend_fitted", d->lifecycle->machine->spend_fitted, "surveys", (json_int_t)v->finished, "surveyed",
		since_json(v->finished_ms), "buyers", (json_int_t)v->buyers,
		"best_fifth", v->best_share, "cuts", cuts);
}

json_t *answer_stats(struct daemon *d, struct query *const *census)
{
	const struct machine *m = d->lifecycle->machine;
	struct journal *j = d->pipeline.journal;
	json_t *out = json_object();

	json_object_set_new(out, "version", json_string(KITH_VERSION));
	json_object_set_new(out, "store", json_string(d->store.dir));
	json_object_set_new(out, "clock", json_pack("{s:s,s:I}", "mode",
		d->config.clock == CLOCK_EVENT ? "event" : "wall", "now",
		(json_int_t)timekeeper_now(d)));
	json_object_set_new(out, "state", json_string(daemon_state_name(d->state)));
	add_sums(d, census, out);
	json_object_set_new(out, "ladders", ladders_json(d, census));
	json_object_set_new(out, "risk", risks_json(d, census));
	json_object_set_new(out, "sources", sources_json(d, census));
	json_object_set_new(out, "shards", shards_json(d, census));
	json_object_set_new(out, "journal", json_pack("{s:I,s:I,s:I,s:I}", "first",
		(json_int_t)journal_first(j), "last", (json_int_t)journal_last(j), "durable",
		(json_int_t)journal_durable(j), "bytes", (json_int_t)journal_bytes(j)));
	json_object_set_new(out, "subscriptions", answer_subscriptions(d));
	json_object_set_new(out, "readings", json_integer(d->subscribers.readings));
	json_object_set_new(out, "lifecycle", json_pack("{s:I,s:I}", "version",
		(json_int_t)m->version, "since", (json_int_t)m->since_ms));
	json_object_set_new(out, "value", value_json(d));
	json_object_set_new(out, "judging", answer_judging(d, census));
	json_object_set_new(out, "under_way", json_integer(
		(json_int_t)(d->pipeline.under_way_events + courier_waiting(d))));
	json_object_set_new(out, "since_start", json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I}",
		"batches", (json_int_t)d->ingest.batches,
		"batches_refused", (json_int_t)d->ingest.refused,
		"receipts_unsent", (json_int_t)d->ingest.unsent,
		"syncs", (json_int_t)d->pipeline.syncs,
		"time_inputs", (json_int_t)d->timekeeper.fired,
		"messages", (json_int_t)d->courier.messages,
		"subscribers_fenced", (json_int_t)d->subscribers.fenced));
	json_object_set_new(out, "money", answer_money(d));
	json_object_set_new(out, "rescued_wakeups", json_integer((json_int_t)rescued(d)));
	return out;
}
