/* SPDX-License-Identifier: Apache-2.0 */
/* One customer: show and explain. */
#include "daemon/answer.h"
#include "daemon/daemon.h"

static json_t *json_span(struct span s)
{
	return json_stringn((const char *)s.data, s.size);
}

static void set_span(json_t *to, struct span key, json_t *value)
{
	char name[256];
	size_t n = key.size < sizeof name - 1 ? key.size : sizeof name - 1;

	memcpy(name, key.data, n);
	name[n] = '\0';
	json_object_set_new(to, name, value);
}

static void add_scalars(json_t *out, const struct facts *f)
{
	for (unsigned i = 0; i < FACTS_SCALARS; i++) {
		bool decay = fact_law(i) == FACT_DECAY;

		if (decay ? f->scalar[i].d == 0 : f->scalar[i].i == 0)
			continue;
		json_object_set_new(out, fact_name(i), decay ? json_real(f->scalar[i].d) :
			json_integer(f->scalar[i].i));
	}
}

static void add_registers(json_t *out, const struct facts *f)
{
	for (unsigned r = 0; r < REGISTERS; r++) {
		const char *(*naming)(unsigned) = facts_register_naming(r);
		const char *name = naming ? naming((unsigned)f->reg[r].value) : NULL;

		if (f->reg[r].time_ms == 0)
			continue;
		if (r < FACTOR_COUNT)
			json_object_set_new(out, facts_register_name(r),
				json_boolean(f->reg[r].value == ANSWER_YES));
		else
			json_object_set_new(out, facts_register_name(r),
				name ? json_string(name) : json_integer(f->reg[r].value));
	}
	for (unsigned t = 0; t < TEXTS; t++)
		if (f->text[t].time_ms != 0 && f->text[t].size != 0)
			json_object_set_new(out, facts_text_name(t),
				json_stringn(f->text[t].text, f->text[t].size));
	if (f->covered.until_ms) {
		json_object_set_new(out, "covered_by", json_string(market_name(f->covered.factor)));
		json_object_set_new(out, "covered_until", json_integer(f->covered.until_ms));
	}
	if (f->referrer.time_ms)
		json_object_set_new(out, "referred_by",
			json_stringn((const char *)f->referrer.id, f->referrer.size));
}

/* Always there, so that a reader need not ask whether they are. */
static const enum fact always[] = { FACT_events, FACT_purchases, FACT_spent, FACT_refunds,
	FACT_refunded, FACT_first_purchase, FACT_last_purchase };

static json_t *facts_json(const struct facts *f)
{
	json_t *out = json_object();

	for (unsigned i = 0; i < sizeof always / sizeof always[0]; i++)
		json_object_set_new(out, fact_name(always[i]),
			json_integer(f->scalar[always[i]].i));
	json_object_set_new(out, "purchase_days", json_integer(facts_purchase_days(f)));
	json_object_set_new(out, "open_complaints",
		json_integer(facts_open_complaints(f, &(int64_t){ 0 })));
	add_scalars(out, f);
	add_registers(out, f);
	return out;
}

/* The first file of a store counts from the first event on. */
bool answer_is_counted_late(const struct query *q, unsigned fact)
{
	return q->fact_born[fact] > 1;
}

static void set_counted(json_t *to, const struct query *q, unsigned fact)
{
	json_object_set_new(to, "since", json_integer(q->fact_since_ms[fact]));
	json_object_set_new(to, "counts_from", json_string(answer_is_counted_late(q, fact) ?
		"change" : "beginning"));
}

/* Facts that the lifecycle file declares itself, as rules read them. */
static json_t *customs_json(const struct query *q, int64_t now_ms)
{
	const struct machine *m = q->lifecycle->machine;
	json_t *out = json_object();

	for (unsigned i = 0; i < m->n_customs; i++) {
		struct law law = quantity_law(QUANTITY_CUSTOM + i, &q->who->facts, &m->rhythm);
		double v;
		json_t *row = json_pack("{s:o,s:s}", "value",
			law_value(&law, now_ms, &v) ? json_real(v) : json_null(), "unit",
			unit_name(m->customs[i].unit));

		set_counted(row, q, i);
		set_span(out, m->customs[i].name, row);
	}
	return out;
}

static json_t *standing_json(const struct query *q)
{
	const struct machine *m = q->lifecycle->machine;
	const struct standing *s = &q->who->standing;
	json_t *out = json_object(), *since = json_object(), *risk = json_array();

	for (unsigned l = 0; l < m->n_ladders; l++) {
		unsigned r = s->verdict.rung[l];

		set_span(out, m->ladders[l].name, r == RUNG_NONE ? json_null() :
			json_span(m->ladders[l].rungs[r].name));
		set_span(since, m->ladders[l].name, json_integer(s->since_ms[l]));
	}
	for (unsigned k = 0; k < m->n_risks; k++)
		if (s->verdict.risks >> k & 1) {
			json_array_append_new(risk, json_span(m->risks[k].name));
			set_span(since, m->risks[k].id, json_integer(s->risk_since_ms[k]));
		}
	json_object_set_new(out, "risk", risk);
	json_object_set_new(out, "since", since);
	return out;
}

/* The record only knows from when to look again. */
static int64_t solve_due(const struct query *q)
{
	const struct standing *s = &q->who->standing;

	return q->who->stale ? s->due_ms : machine_next_change(q->lifecycle->machine,
		&q->who->facts, s->settled_ms, &s->verdict);
}

/* What will be different at the solved instant. */
static json_t *next_change_json(const struct query *q, int64_t due_ms)
{
	const struct machine *m = q->lifecycle->machine;
	const struct standing *s = &q->who->standing;
	struct standing then = *s;
	struct change changes[CHANGES_MAX];
	struct notification n;
	struct verdict v;
	unsigned count;

	if (due_ms == NEVER || q->who->stale)
		return json_null();
	machine_judge(m, &q->who->facts, due_ms, &v);
	count = standing_move(&then, m, &v, due_ms, changes);
	if (count == 0)
		return json_null();
	change_describe(&changes[0], m, &q->who->facts, &v, span_of(NULL, 0), &n);
	return json_pack("{s:I,s:s#}", "at", (json_int_t)due_ms, "what",
		(const char *)n.type.data, (int)n.type.size);
}

/* Null: announced to nobody. */
static json_t *id_json(const struct query *q, uint64_t sequence)
{
	char id[48];

	snprintf(id, sizeof id, "%u-%llu", q->shard, (unsigned long long)sequence);
	return sequence ? json_string(id) : json_null();
}

static json_t *history_json(const struct query *q)
{
	json_t *out = json_array();

	for (unsigned i = 0; i < q->n_history; i++) {
		const struct history_entry *h = &q->history[i];

		json_array_append_new(out, json_pack("{s:I,s:s+,s:s,s:s,s:o,s:o*}", "at",
			(json_int_t)h->at_ms, "type", query_name(q, h->type),
			h->kind == CHANGE_RETRACTED ? ".retracted" : "", "from",
			query_name(q, h->from), "to", query_name(q, h->to), "id",
			id_json(q, h->outbox_sequence), "retracts",
			h->retracts ? id_json(q, h->retracts) : NULL));
	}
	return out;
}

static json_t *group_json(const struct query *q, enum belonging how)
{
	const uint8_t *p = q->group.data, *end = p + q->group.size;
	json_t *out = json_array();

	for (; p < end; p += 2 + p[1])
		if (p[0] == how)
			json_array_append_new(out, json_stringn((const char *)p + 2, p[1]));
	return out;
}

json_t *answer_money(const struct daemon *d)
{
	return json_pack("{s:i,s:s}", "decimals", (int)d->config.decimals, "currency",
		d->config.currency);
}

json_t *answer_show(const struct daemon *d, const struct query *q, int64_t now_ms)
{
	const struct customer *who = q->who;
	int64_t due_ms = solve_due(q);

	return json_pack("{s:s#,s:i,s:o,s:o,s:o,s:o,s:o,s:o,s:I,s:I,s:o,s:o,s:I,s:o}",
		"customer", (const char *)who->id, (int)who->id_size, "shard", (int)q->shard,
		"facts", facts_json(&who->facts), "own_facts", customs_json(q, now_ms),
		"standing", standing_json(q),
		"next_change", next_change_json(q, due_ms),
		"due", due_ms == NEVER ? json_null() : json_integer(due_ms),
		"history", history_json(q),
		"lifecycle_version", (json_int_t)who->standing.lifecycle_version,
		"clock", (json_int_t)now_ms,
		"ids", group_json(q, BELONGS_AS_ID), "members", group_json(q, BELONGS_TO_ACCOUNT),
		"members_in_all", (json_int_t)who->bond.members, "money", answer_money(d));
}

static json_t *evidence_json(const struct evidence *e)
{
	json_t *out = json_object();

	json_object_set_new(out, "test", json_span(e->test));
	json_object_set_new(out, "fact", json_span(e->fact));
	json_object_set_new(out, "unit", json_string(unit_name(e->unit)));
	json_object_set_new(out, "known", json_boolean(e->known));
	if (e->known && e->unit == UNIT_NAME)
		json_object_set_new(out, "text", json_span(e->text));
	else if (e->known)
		json_object_set_new(out, "value", json_real(e->value));
	json_object_set_new(out, "holds", json_boolean(e->holds));
	return out;
}

/* The instant at which a test that E shows flips by itself, as JSON. */
static json_t *flip_json(const struct machine *m, const struct evidence *e, const struct query *q,
	const struct verdict *v, int64_t now_ms)
{
	for (unsigned t = 0; t < m->n_tests; t++)
		if (m->tests[t].text.data == e->test.data && m->tests[t].text.size == e->test.size) {
			int64_t at = test_flips_at(m, &m->tests[t], &q->who->facts, v, now_ms);

			return at == NEVER ? json_null() : json_integer(at);
		}
	return json_null();
}

static json_t *tests_json(const struct query *q, uint16_t rule, const struct verdict *v,
	int64_t now_ms)
{
	const struct machine *m = q->lifecycle->machine;
	struct evidence list[EVIDENCE_MAX];
	unsigned n = rule == NODE_NONE ? 0 :
		rule_evidence(m, rule, &q->who->facts, v, now_ms, list);
	json_t *out = json_array();

	for (unsigned i = 0; i < n; i++) {
		json_t *test = evidence_json(&list[i]);

		json_object_set_new(test, "flips_at", flip_json(m, &list[i], q, v, now_ms));
		if (machine_custom(m, list[i].fact) >= 0)
			set_counted(test, q, (unsigned)machine_custom(m, list[i].fact));
		json_array_append_new(out, test);
	}
	return out;
}

static json_t *rungs_json(const struct query *q, unsigned l, const struct verdict *v,
	int64_t now_ms)
{
	const struct ladder *ladder = &q->lifecycle->machine->ladders[l];
	json_t *out = json_array();

	for (unsigned r = 0; r < ladder->n_rungs; r++) {
		const struct rung *rung = &ladder->rungs[r];
		json_t *row = json_object();

		json_object_set_new(row, "name", json_span(rung->name));
		if (rung->side != SIDE_NONE)
			json_object_set_new(row, "side", json_string(side_name(rung->side)));
		json_object_set_new(row, "wins", json_boolean(v->rung[l] == r));
		json_object_set_new(row, "holds", json_boolean(rung_holds(q->lifecycle->machine,
			rung, &q->who->facts, v, now_ms)));
		json_object_set_new(row, "tests", tests_json(q, rung->rule, v, now_ms));
		json_array_append_new(out, row);
	}
	return out;
}

json_t *answer_explain(struct daemon *d, const struct query *q, int64_t now_ms,
	enum language language)
{
	const struct machine *m = q->lifecycle->machine;
	const struct customer *who = q->who;
	json_t *ladders = json_array(), *risks = json_array();
	struct verdict v;

	/* The clock may stand before what has been announced: explain that. */
	if (now_ms < who->standing.settled_ms)
		now_ms = who->standing.settled_ms;
	machine_judge(m, &who->facts, now_ms, &v);
	for (unsigned l = 0; l < m->n_ladders; l++) {
		json_t *row = json_object();

		json_object_set_new(row, "name", json_span(m->ladders[l].name));
		json_object_set_new(row, "rung", json_span(m->ladders[l].rungs[v.rung[l]].name));
		json_object_set_new(row, "since", json_integer(who->standing.since_ms[l]));
		json_object_set_new(row, "rungs", rungs_json(q, l, &v, now_ms));
		json_array_append_new(ladders, row);
	}
	for (unsigned k = 0; k < m->n_risks; k++) {
		const struct rung *risk = &m->risks[k];
		bool on = v.risks >> k & 1;
		json_t *row = json_object();

		json_object_set_new(row, "name", json_span(risk->name));
		json_object_set_new(row, "severity", risk->severity ?
			json_string(severity_name(risk->severity)) : json_null());
		json_object_set_new(row, "holds", json_boolean(on));
		json_object_set_new(row, "since", on ?
			json_integer(who->standing.risk_since_ms[k]) : json_null());
		json_object_set_new(row, "tests", tests_json(q, risk->rule, &v, now_ms));
		json_array_append_new(risks, row);
	}
	return json_pack("{s:s#,s:I,s:s,s:o,s:o,s:o,s:o,s:o}", "customer", (const char *)who->id,
		(int)who->id_size, "clock", (json_int_t)now_ms, "language", language_name(language),
		"text", answer_account(d, q, now_ms, language), "ladders", ladders, "risks", risks,
		"next_change", next_change_json(q, solve_due(q)), "money", answer_money(d));
}
