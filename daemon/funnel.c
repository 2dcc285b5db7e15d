/* SPDX-License-Identifier: Apache-2.0 */
/* One page, as JSON. */
#include <stdlib.h>
#include "daemon/daemon.h"
#include "daemon/funnel.h"
#include "lifecycle/missing.h"
#include "workers/funnel.h"

struct funnel_question {
	struct daemon *d;
	struct peer peer;
	uint64_t number;
};

static json_t *text_json(const void *text, size_t size)
{
	json_t *s = json_stringn(text, size);

	return s ? s : json_string(""); /* not UTF-8 */
}

static json_t *time_json(int64_t ms)
{
	return ms ? json_integer(ms) : json_null();
}

static json_t *name_json(const char *name)
{
	return name ? json_string(name) : json_null();
}

static const char *why_name(unsigned why)
{
	return why == 0 ? NULL : why == FUNNEL_SILENCE ? "silence" : why == FUNNEL_GIVEN_BACK ? "given_back"
		: reason_name(why);
}

static const char *group_name(unsigned why)
{
	return why == 0 || why >= REASON_COUNT ? NULL : reason_group_name(reason_group(why));
}

static json_t *month_json(const struct machine *m, int64_t ms)
{
	unsigned month, day;
	int64_t year;
	char text[32];

	if (ms == 0)
		return json_null();
	date_from_days(zone_day(&m->zone, ms), &year, &month, &day);
	snprintf(text, sizeof text, "%04lld-%02u", (long long)year, month);
	return json_string(text);
}

static json_t *entered_json(const struct ladder *l, const struct funnel_row *r)
{
	json_t *out = json_object();

	for (unsigned i = 0; i < l->n_rungs; i++)
		if (r->entered_ms[i])
			json_object_setn_new_nocheck(out, (const char *)l->rungs[i].name.data,
				l->rungs[i].name.size, json_integer(r->entered_ms[i]));
	return out;
}

static json_t *row_json(const struct machine *m, const struct ladder *l, const struct funnel_row *r)
{
	json_t *rung = r->rung < l->n_rungs ? text_json(l->rungs[r->rung].name.data,
		l->rungs[r->rung].name.size) : json_null();

	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:i,s:i,s:b,s:b,s:o}",
		"customer", text_json(r->customer, r->customer_size),
		"source", name_json(acquisition_name(r->source)),
		"owner", text_json(r->owner, r->owner_size),
		"month", month_json(m, r->first_ms), "first", time_json(r->first_ms),
		"converted", time_json(r->converted_ms), "lost", time_json(r->lost_ms),
		"why", name_json(why_name(r->why_lost)), "why_group", name_json(group_name(r->why_lost)),
		"rung", rung, "missing", name_json(missing_name(r->missing)), "yes", (int)r->yes,
		"no", (int)r->no, "was_actual", r->was_actual, "cut", r->cut, "entered",
		entered_json(l, r));
}

static json_t *rungs_json(const struct ladder *l)
{
	json_t *out = json_array();

	for (unsigned i = 0; i < l->n_rungs; i++)
		json_array_append_new(out, json_pack("{s:o,s:b,s:b}", "rung",
			text_json(l->rungs[i].name.data, l->rungs[i].name.size), "actual",
			l->rungs[i].side == SIDE_ACTUAL, "bad",
			l->rungs[i].severity != SEVERITY_NONE));
	return out;
}

/* Where the next page begins; NULL after the last one. */
static json_t *next_json(const struct daemon *d, const struct query *q)
{
	if (!q->done)
		return json_pack("{s:i,s:o}", "shard", (int)q->shard, "after",
			text_json(q->key.data, q->key.size));
	if (q->shard + 1 < d->store.shards)
		return json_pack("{s:i,s:s}", "shard", (int)q->shard + 1, "after", "");
	return json_null();
}

static json_t *page_json(struct daemon *d, const struct query *q)
{
	json_t *rows = json_array(), *out = json_pack("{s:I,s:o,s:o}", "clock",
		(json_int_t)timekeeper_now(d), "next", next_json(d, q), "rows", rows);
	const struct machine *m;
	const struct ladder *l;

	if (!q->lifecycle)
		return out;
	m = q->lifecycle->machine;
	l = &m->ladders[funnel_ladder(m)];
	json_object_set_new(out, "lifecycle_version", json_integer(m->version));
	json_object_set_new(out, "ladder", text_json(l->name.data, l->name.size));
	json_object_set_new(out, "rungs", rungs_json(l));
	for (unsigned i = 0; i < q->n_funnel; i++)
		json_array_append_new(rows, row_json(m, l, &q->funnel[i]));
	return out;
}

static void page_came(struct query *q)
{
	struct funnel_question *f = q->arg;
	struct daemon *d = f->d;

	if (q->rc == ERR_INVALID)
		control_error(d, &f->peer, f->number, "no_funnel",
			"no ladder of the lifecycle file has potential and actual rungs");
	else if (q->rc != 0)
		control_error(d, &f->peer, f->number, "failed", err_text(q->rc));
	else
		control_json(d, &f->peer, f->number, page_json(d, q));
	d->control.waiting--;
	query_free(q);
	free(f);
}

static bool ask(struct daemon *d, const struct peer *peer, uint64_t number, unsigned shard,
	const char *after)
{
	struct funnel_question *f = NULL;
	struct query *q = NULL;

	if (d->control.waiting < CONTROL_WAITING_MAX && d->state != DAEMON_STOPPING) {
		f = malloc(sizeof *f);
		q = query_new(QUERY_FUNNEL, page_came, f);
	}
	if (q)
		buf_add(&q->key, after, strlen(after));
	if (!f || !q || q->key.failed) {
		query_free(q);
		free(f);
		return false;
	}
	*f = (struct funnel_question){ d, *peer, number };
	q->shard = shard;
	d->control.waiting++;
	worker_post(&d->workers[shard], &q->mail);
	return true;
}

void funnel_request(struct daemon *d, const struct peer *peer, const struct request *r)
{
	json_t *json = r->json.size ? json_loadb((const char *)r->json.data, r->json.size, 0, NULL)
		: json_object();
	const char *after = "";
	int shard = 0;

	if (json_unpack(json, "{s?i,s?s}", "shard", &shard, "after", &after) != 0 || shard < 0 ||
		(unsigned)shard >= d->store.shards || strlen(after) > EVENT_CUSTOMER_MAX)
		control_error(d, peer, r->number, "malformed",
			"expected the shard, and after which customer");
	else if (!ask(d, peer, r->number, (unsigned)shard, after))
		control_error(d, peer, r->number, "busy", "too many questions under way");
	json_decref(json);
}
