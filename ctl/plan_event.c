/* SPDX-License-Identifier: Apache-2.0 */
/* Plan: the event that a record makes, as JSON. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/hash.h"
#include "ctl/plan.h"

/* What is being made of one record. */
struct making {
	const struct plan *plan;
	const struct record *record;
	struct misfit *misfit;
	json_t *event, *body;
	const char *kind; /* name of the body */
};

static struct span making_field(const struct making *g, int at, char line[24])
{
	return record_field(g->record, at, line);
}

static int set_text(const struct making *g, json_t *object, const char *name, struct span text)
{
	json_t *value = json_stringn((const char *)text.data, text.size);

	if (!value)
		return record_misfit(g->record, g->misfit, REJECT_MALFORMED, "%s is not UTF-8; "
			"convert the file first, as in: iconv -f WINDOWS-1252 -t UTF-8", name);
	return json_object_set_new(object, name, value) ? ERR_NOMEM : 0;
}

/* The id: the kind of event and the columns of the mapping, so that the same line always makes
 * the same id; what would be too long is named by its hash. */
static int set_id(const struct making *g)
{
	struct buf id = { 0 };
	int rc;

	buf_printf(&id, "%s/", g->kind);
	plan_join(&g->plan->id, g->record, '/', &id);
	if (id.size > EVENT_ID_MAX) {
		uint64_t high = hash_64(id.data, id.size, 1), low = hash_64(id.data, id.size, 2);

		buf_clear(&id);
		buf_printf(&id, "%s/~%016llx%016llx", g->kind, (unsigned long long)high,
			(unsigned long long)low);
	}
	rc = id.failed ? ERR_NOMEM : set_text(g, g->event, "id", span_of(id.data, id.size));
	buf_fini(&id);
	return rc;
}

static int set_head(const struct making *g)
{
	const struct mapping *m = g->plan->mapping;
	char line[24];
	struct span customer = record_id(g->record, g->plan->customer, line);
	struct span when = making_field(g, g->plan->time, line);
	int64_t ms;
	int rc;

	if (customer.size == 0)
		return record_misfit(g->record, g->misfit, REJECT_BAD_CUSTOMER,
			"%s: there is no customer on this line", m->customer);
	if (local_time_parse(when, m->time.format, &g->plan->zone, &ms))
		return record_misfit(g->record, g->misfit, REJECT_BAD_TIME,
			"%s: \"%.*s\" is not a time of the form %s", m->time.column,
			(int)(when.size < 64 ? when.size : 64), (const char *)when.data,
			m->time.format ? m->time.format : "RFC 3339 or Unix ms (format: \"%s\" is for Unix seconds)");
	rc = set_id(g);
	if (!rc)
		rc = set_text(g, g->event, "customer", customer);
	if (!rc && json_object_set_new(g->event, "time", json_integer(ms)))
		rc = ERR_NOMEM;
	if (!rc && m->channel)
		rc = set_text(g, g->event, "channel", span_str(m->channel));
	return rc;
}

/* Decide between purchase, refund and nothing, and say the amount. */
static int decide_money(struct making *g, struct decimal total, int64_t *ret_amount, bool *ret_any)
{
	const struct mapping *m = g->plan->mapping;
	int64_t amount = m->amount->value;
	bool refund = m->refund_when &&
		record_matches(g->record, m->refund_when, &g->plan->refund_when);

	if (g->plan->amount.n && decimal_round(total, g->plan->decimals, &amount))
		return record_misfit(g->record, g->misfit, REJECT_BAD_BODY, "the amount is too large");
	if (refund && m->refund_when->amounts == SIGN_NEGATIVE && amount > INT64_MIN)
		amount = -amount;
	if (!refund && amount < 0 && m->amount->negative == NEGATIVE_REFUND && amount > INT64_MIN) {
		refund = true;
		amount = -amount;
	}
	*ret_amount = amount;
	*ret_any = !(amount < 0 && m->amount->negative == NEGATIVE_SKIP);
	if (refund)
		g->kind = "refund";
	if (*ret_any && amount < 0)
		return record_misfit(g->record, g->misfit, REJECT_BAD_BODY,
			"the %s comes to %lld, which is below zero", g->kind, (long long)amount);
	return 0;
}

static int set_money(const struct making *g, int64_t amount)
{
	char line[24];
	int rc = set_text(g, g->body, "order", record_id(g->record, g->plan->order, line));

	if (!rc && json_object_set_new(g->body, "amount", json_integer(amount)))
		rc = ERR_NOMEM;
	return rc;
}

/* What the table of values makes of TEXT; NULL when nothing does. */
static const char *translate(const struct mapping_field *f, struct span text)
{
	for (unsigned i = 0; i < f->values_count; i++)
		if (span_eq(span_str(f->values[i].from), text))
			return f->values[i].to;
	return f->otherwise;
}

/* A member as the JSON type that its body wants. */
static int set_member(const struct making *g, const char *name, struct span text)
{
	bool yes = span_eq(text, span_str("yes")) || span_eq(text, span_str("true"));
	bool no = span_eq(text, span_str("no")) || span_eq(text, span_str("false"));
	char copy[32], *end;
	double number;

	if (strcmp(g->kind, "readiness") == 0 && (yes || no))
		return json_object_set_new(g->body, name, json_boolean(yes)) ? ERR_NOMEM : 0;
	if (strcmp(g->kind, "feedback") == 0 && text.size > 0 && text.size < sizeof copy) {
		memcpy(copy, text.data, text.size);
		copy[text.size] = 0;
		number = strtod(copy, &end);
		if (*end == 0)
			return json_object_set_new(g->body, name, json_real(number)) ? ERR_INVALID : 0;
	}
	return set_text(g, g->body, name, text);
}

static int set_field(const struct making *g, const struct mapping_field *f, int at)
{
	char line[24];
	struct span text = f->value ? span_str(f->value) : making_field(g, at, line);

	if (f->values_count) {
		const char *to = translate(f, text);

		if (!to)
			return record_misfit(g->record, g->misfit, REJECT_BAD_BODY,
				"%s: \"%.*s\" is not in the mapping's table of values", f->column,
				(int)(text.size < 64 ? text.size : 64), (const char *)text.data);
		text = span_str(to);
	}
	return text.size ? set_member(g, f->name, text) : 0;
}

static int make(struct making *g, struct decimal total, bool *ret_any)
{
	const struct mapping *m = g->plan->mapping;
	int64_t amount = 0;
	int rc = 0;

	*ret_any = true;
	if (m->amount)
		rc = decide_money(g, total, &amount, ret_any);
	if (rc || !*ret_any)
		return rc;
	rc = set_head(g);
	if (!rc && m->amount)
		rc = set_money(g, amount);
	for (unsigned i = 0; !rc && i < m->fields_count; i++)
		rc = set_field(g, &m->fields[i], g->plan->fields[i]);
	return rc;
}

int plan_event(const struct plan *p, const struct record *r, struct decimal total, struct buf *out,
	bool *ret_any, struct misfit *m)
{
	struct making g = { .plan = p, .record = r, .misfit = m, .kind = p->mapping->body };
	char *text = NULL;
	int rc = ERR_NOMEM;

	g.event = json_object();
	g.body = json_object();
	if (g.event && g.body)
		rc = make(&g, total, ret_any);
	if (!rc && *ret_any) {
		rc = json_object_set(g.event, g.kind, g.body) ? ERR_NOMEM : 0;
		text = rc ? NULL : json_dumps(g.event, JSON_COMPACT);
		rc = text ? 0 : ERR_NOMEM;
		if (text)
			buf_add_str(out, text);
	}
	free(text);
	json_decref(g.event);
	json_decref(g.body);
	if (rc == ERR_NOMEM)
		(void)record_misfit(r, m, REJECT_MALFORMED, "%s", err_text(rc));
	return rc ? ERR_INVALID : 0;
}
