/* SPDX-License-Identifier: Apache-2.0 */
/* Follow-ups: who has what to do by when, and what became of them. */
#include "daemon/answer.h"
#include "daemon/daemon.h"

static json_t *text_json(const void *data, size_t size)
{
	json_t *s = json_stringn(data, size);

	return s ? s : json_string("");
}

/* "follow_up.call_back" without its first part. */
static const char *short_name(const char *id)
{
	const char *dot = strchr(id, '.');

	return dot ? dot + 1 : id;
}

static json_t *time_json(int64_t ms)
{
	return ms ? json_integer(ms) : json_null();
}

static json_t *row_json(const struct query *q, const uint8_t *p)
{
	struct span customer = span_of(p + 3, p[2]);
	struct span record = span_of(p + 4 + customer.size, p[3 + customer.size]);
	struct follow_up_row f;
	char id[48];

	if (follow_up_unpack(&f, record) != 0)
		return NULL;
	snprintf(id, sizeof id, "%u-%llu", q->shard, (unsigned long long)f.opened_by);
	return json_pack("{s:o,s:s,s:s,s:o,s:s,s:I,s:I,s:o,s:b}", "customer",
		text_json(customer.data, customer.size), "follow_up",
		short_name(query_name(q, get_le16(p))), "state", follow_up_state_name(f.state),
		"owner", text_json(f.owner, f.owner_size), "notification", id, "opened",
		(json_int_t)f.opened_ms, "due", (json_int_t)f.due_ms, "escalates",
		time_json(f.escalate_ms), "came_back", f.came_back);
}

static void add_rows(json_t *out, const struct query *q)
{
	const uint8_t *p = q->rows.data, *end = p + q->rows.size;

	while (p < end) { /* written by answer_follow_ups() of the shard */
		json_t *row = row_json(q, p);

		if (row)
			json_array_append_new(out, row);
		p += 3 + p[2];
		p += 1 + *p;
	}
}

static void add_to(json_t *o, const char *key, uint64_t more)
{
	json_int_t old = json_integer_value(json_object_get(o, key));

	json_object_set_new(o, key, json_integer(old + (json_int_t)more));
}

static void add_counts(json_t *rules, const struct query *q)
{
	for (unsigned i = 0; i < q->follow_ups.n; i++) {
		const struct follow_up_counts *n = &q->follow_ups.list[i];
		const char *name = short_name(query_name(q, n->name));
		json_t *o = json_object_get(rules, name);

		if (!o) {
			json_object_set_new(rules, name, json_object());
			o = json_object_get(rules, name);
		}
		add_to(o, "opened", n->opened);
		add_to(o, "answered_in_time", n->in_time);
		add_to(o, "answered_late", n->late);
		add_to(o, "done_by_hand", n->done);
		add_to(o, "over_by_itself", n->over);
		add_to(o, "retracted", n->retracted);
		add_to(o, "overdue", n->overdue);
		add_to(o, "escalated", n->escalated);
		add_to(o, "acted_on", n->outcomes[1]);
		add_to(o, "acted_on_came_back", n->came_back[1]);
		add_to(o, "left_alone", n->outcomes[0]);
		add_to(o, "left_alone_came_back", n->came_back[0]);
	}
}

json_t *answer_follow_ups(struct daemon *d, struct query *const *answers)
{
	json_t *rows = json_array(), *rules = json_object();
	bool more = false;

	for (unsigned i = 0; i < d->store.shards; i++) {
		add_rows(rows, answers[i]);
		add_counts(rules, answers[i]);
		more = more || answers[i]->more;
	}
	return json_pack("{s:o,s:b,s:o,s:I}", "follow_ups", rows, "more", more, "rules", rules,
		"clock", (json_int_t)timekeeper_now(d));
}
