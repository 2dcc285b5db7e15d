/* SPDX-License-Identifier: Apache-2.0 */
/* Counting a page of customers who are judged by a file that is not in force. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "workers/hold.h"
#include "workers/page.h"
#include "workers/preview.h"
#include "workers/query.h"

#define RULE_HELD INFINITY
#define NO_SHARD  UINT_MAX

_Static_assert(PREVIEW_FACTS_MAX >= CUSTOM_MAX, "facts of a file");
_Static_assert(PREVIEW_TYPES_MAX >= LADDERS_MAX * RUNGS_MAX + RISKS_MAX + CROSSING_COUNT, "types");

/* ---- rows of the report */

static void put_name(char to[PREVIEW_NAME_BYTES], struct span name)
{
	(void)snprintf(to, PREVIEW_NAME_BYTES, "%.*s", (int)name.size, (const char *)name.data);
}

static void crowd_add(struct preview_crowd *w, struct span id)
{
	w->customers++;
	if (w->n_sample == PREVIEW_SAMPLE)
		return;
	w->sample[w->n_sample].size = (uint8_t)id.size;
	memcpy(w->sample[w->n_sample++].id, id.data, id.size);
}

static bool is_name(const char *name, struct span is)
{
	return span_eq(span_str(name), is);
}

static void count_move(struct preview_report *r, struct span of, struct span from, struct span to,
	struct span id)
{
	struct preview_move *m = r->moves, *end = r->moves + r->n_moves;

	while (m < end && !(is_name(m->of, of) && is_name(m->from, from) && is_name(m->to, to)))
		m++;
	if (m == r->moves + PREVIEW_MOVES_MAX) {
		r->left_out++;
		return;
	}
	if (m == end) {
		memset(m, 0, sizeof *m);
		put_name(m->of, of);
		put_name(m->from, from);
		put_name(m->to, to);
		r->n_moves++;
	}
	crowd_add(&m->who, id);
}

static struct preview_type *type_row(struct preview *p, struct span type)
{
	const struct machine *m = p->wanted->machine;
	struct preview_report *r = &p->report;
	struct preview_type *t = r->types, *end = r->types + r->n_types;

	while (t < end && !is_name(t->type, type))
		t++;
	if (t < end || t == r->types + PREVIEW_TYPES_MAX)
		return t < end ? t : NULL;
	memset(t, 0, sizeof *t);
	put_name(t->type, type);
	for (unsigned i = 0; i < m->n_follow_ups; i++)
		if (span_eq(m->follow_ups[i].on, type))
			put_name(t->follow_up, m->follow_ups[i].name);
	r->n_types++;
	return t;
}

static void count_type(struct preview *p, struct span type, uint8_t severity, bool held,
	struct span id)
{
	struct preview_type *t = type_row(p, type);

	if (!t)
		return;
	if (severity > t->severity)
		t->severity = severity;
	t->held += held;
	crowd_add(&t->who, id);
}

/* ---- the names of a shard, and its breakers */

static double said_at_first(struct shard *s, uint16_t rule, int64_t now_ms)
{
	const struct breaker *b = rule ? breaker_find(s, rule) : NULL;

	if (!b)
		return 0;
	return b->state == BREAKER_TRIPPED || b->state == BREAKER_PAUSED ? RULE_HELD :
		breaker_recent(b, now_ms);
}

static void begin_shard(struct shard *s, struct preview *p)
{
	const struct machine *m = p->wanted->machine;

	for (unsigned i = 0; p->shard == NO_SHARD && i < m->n_customs; i++)
		if (!machine_has_fact(s->lifecycle->machine, m->customs[i].key))
			put_name(p->report.facts[p->report.n_facts++], m->customs[i].name);
	p->shard = s->number;
	p->limit = breaker_file_limit(s);
	for (unsigned l = 0; l < m->n_ladders; l++)
		for (unsigned r = 0; r < m->ladders[l].n_rungs; r++)
			p->rung_said[l][r] = said_at_first(s, p->numbering.rung_id[l][r], p->now_ms);
	for (unsigned k = 0; k < m->n_risks; k++)
		p->risk_said[k] = said_at_first(s, p->numbering.risk_id[k], p->now_ms);
	if (s->hush.until_ms > p->now_ms)
		p->report.hushed = true;
}

/* As breaker_takes() holds what a new file finds. */
static bool is_held(const struct preview *p, double *said)
{
	if (*said == RULE_HELD)
		return true;
	*said += 1;
	if (p->limit <= 0 || *said <= p->limit)
		return false;
	*said = RULE_HELD;
	return true;
}

/* ---- one customer */

struct look {
	struct preview *p;
	struct shard *s;
	const struct customer *c;
	uint32_t raised; /* risks … */
	uint32_t held;   /* … and those of them that would be held */
	bool rung_held;  /* the sided ladder's change would be, too */
	int rc;          /* of reading what is held now */
};

static enum foresight foresee(struct look *l, const struct change *ch)
{
	enum foresight told = FORESEEN_TOLD;
	int rc = hold_foresee(l->s, l->c, l->p->wanted->machine, &l->p->numbering, ch, &told);

	if (l->rc == 0)
		l->rc = rc;
	return told;
}

static bool is_waiting(struct look *l, uint16_t type)
{
	bool waits;
	int rc = hold_is_held(l->s, l->c, type, &waits);

	if (l->rc == 0)
		l->rc = rc;
	return waits;
}

/* What it is called where C stands: by this file, or by the store when the file has no such rung. */
static struct span rung_left(const struct look *l, const struct change *ch)
{
	const struct ladder *ladder = &l->p->wanted->machine->ladders[ch->ladder];
	uint16_t number = l->p->numbering.ladder[ch->ladder];

	if (ch->from < ladder->n_rungs)
		return ladder->rungs[ch->from].name;
	for (unsigned i = 0; number && i < l->c->n_places; i++)
		if (l->c->places[i].ladder == number)
			return env_name(l->s->env, l->c->places[i].rung);
	return span_str("none");
}

static void look_at_rung(struct look *l, const struct change *ch)
{
	const struct ladder *ladder = &l->p->wanted->machine->ladders[ch->ladder];
	const struct rung *to = &ladder->rungs[ch->to];
	bool falls = to->rule == NODE_NONE && ch->from < ladder->n_rungs; /* the rule left has spoken */
	bool held = foresee(l, ch) == FORESEEN_HELD ||
		is_held(l->p, &l->p->rung_said[ch->ladder][falls ? ch->from : ch->to]);

	if (ladder->sided)
		l->rung_held = held;
	count_move(&l->p->report, ladder->name, rung_left(l, ch), to->name, customer_id(l->c));
	count_type(l->p, to->id, to->severity, held, customer_id(l->c));
}

/* With a reason that is told, "at risk" is told that waited for another one. */
static void look_at_raised(struct look *l, const struct change *ch)
{
	const struct machine *m = l->p->wanted->machine;
	const struct rung *risk = &m->risks[ch->risk];
	bool held = foresee(l, ch) == FORESEEN_HELD || is_held(l->p, &l->p->risk_said[ch->risk]);
	bool first = (l->raised & ~l->held) == 0; /* to be told */

	l->raised |= UINT32_C(1) << ch->risk;
	l->held |= (uint32_t)held << ch->risk;
	count_type(l->p, risk->id, risk->severity, held, customer_id(l->c));
	if (!held && first && is_waiting(l, l->p->numbering.crossing[CROSSING_AT_RISK]))
		count_type(l->p, span_str(crossing_name(CROSSING_AT_RISK)), risk->severity, false,
			customer_id(l->c));
}

/* What has gone is told whatever a breaker says. */
static void look_at_risk(struct look *l, const struct change *ch)
{
	const struct rung *risk = &l->p->wanted->machine->risks[ch->risk];
	bool raised = ch->kind == CHANGE_RISK_RAISED;

	count_move(&l->p->report, risk->name, span_str(raised ? "clear" : "raised"),
		span_str(raised ? "raised" : "clear"), customer_id(l->c));
	if (raised)
		look_at_raised(l, ch);
	else if (foresee(l, ch) == FORESEEN_TOLD)
		count_type(l->p, risk->id, SEVERITY_NONE, false, customer_id(l->c));
}

/* Whether all reasons that there are then would wait. */
static bool all_reasons_held(struct look *l)
{
	const struct machine *m = l->p->wanted->machine;
	uint32_t risks = l->c->standing.verdict.risks;

	for (unsigned k = 0; k < m->n_risks; k++) {
		uint32_t risk = UINT32_C(1) << k;

		if ((risks & risk) && !(l->held & risk) &&
			((l->raised & risk) || !is_waiting(l, l->p->numbering.risk_id[k])))
			return false;
	}
	return true;
}

/* A crossing has the fate of what made it. */
static void look_at_crossing(struct look *l, const struct change *ch)
{
	const struct machine *m = l->p->wanted->machine;
	uint8_t severity = SEVERITY_NONE;
	bool held = l->rung_held;

	if (foresee(l, ch) == FORESEEN_PASSED)
		return;
	if (ch->crossing == CROSSING_AT_RISK) {
		severity = m->risks[ch->risk].severity;
		held = all_reasons_held(l);
	} else if (ch->crossing == CROSSING_RECOVERED) {
		held = false;
	} else {
		severity = m->ladders[ch->ladder].rungs[ch->to].severity;
	}
	if (ch->crossing == CROSSING_LOST && severity == SEVERITY_NONE)
		severity = SEVERITY_HIGH;
	count_type(l->p, span_str(crossing_name(ch->crossing)), severity, held, customer_id(l->c));
}

/* Risks that the file in force has raised and that this one has not: nobody is told of them. */
static unsigned count_risks_gone(struct look *l)
{
	const struct machine *m = l->p->wanted->machine;
	unsigned gone = 0;

	for (unsigned i = 0; i < l->c->n_places; i++) {
		const struct place *at = &l->c->places[i];
		struct span name = at->ladder == 0 ? env_name(l->s->env, at->rung) : span_str("");

		if (at->ladder != 0 || machine_risk(m, name) >= 0)
			continue;
		count_move(&l->p->report, name, span_str("raised"), span_str("clear"),
			customer_id(l->c));
		gone++;
	}
	return gone;
}

static int look_at(struct shard *s, struct preview *p, struct customer *c)
{
	const struct machine *m = p->wanted->machine;
	struct look l = { .p = p, .s = s, .c = c };
	struct change changes[CHANGES_MAX];
	int64_t settled_ms = c->standing.settled_ms;
	int64_t at_ms = p->now_ms > settled_ms ? p->now_ms : settled_ms;
	struct verdict v;
	unsigned n, moves;

	market_cover(&s->market, s->market.version, &c->facts);
	machine_judge(m, &c->facts, at_ms, &v);
	n = standing_move(&c->standing, m, &v, at_ms, changes);
	moves = n + count_risks_gone(&l);
	for (unsigned i = 0; i < n; i++) {
		if (changes[i].kind == CHANGE_RUNG)
			look_at_rung(&l, &changes[i]);
		else if (changes[i].kind == CHANGE_CROSSING)
			look_at_crossing(&l, &changes[i]);
		else
			look_at_risk(&l, &changes[i]);
	}
	p->report.customers++;
	p->report.moved += moves != 0;
	return l.rc;
}

/* ---- pages */

int preview_page(struct shard *s, struct preview *p, struct buf *after, bool *ret_done)
{
	int rc = s->lifecycle ? 0 : ERR_NOTFOUND;
	bool is_whole;

	*ret_done = rc == ERR_NOTFOUND;
	if (rc == 0 && s->lifecycle->machine->version != p->report.lifecycle_version)
		rc = ERR_EXISTS;
	if (rc == 0)
		rc = numbering_find(&p->numbering, s->env, p->wanted->machine);
	if (rc == 0 && p->shard != s->number)
		begin_shard(s, p);
	for (unsigned n = 0; rc == 0 && n < PREVIEW_PAGE; n++) {
		rc = page_next(s, after, p->wanted->machine, &p->numbering, &is_whole);
		if (rc == 0 && !is_whole)
			p->report.damaged++;
		else if (rc == 0 && !customer_is_merged(&s->customer))
			rc = look_at(s, p, &s->customer);
	}
	*ret_done = rc == ERR_NOTFOUND;
	return *ret_done ? 0 : rc;
}

int preview_read(struct shard *s, struct query *q)
{
	return preview_page(s, q->preview, &q->key, &q->done);
}

/* ---- beginning and end */

int preview_new(struct span text, uint32_t in_force, const struct parameters *parameters,
	int64_t now_ms, struct preview **ret, struct complaint *c)
{
	struct preview *p;
	struct machine *m;
	int rc = lifecycle_compile((const char *)text.data, text.size, &m, c);

	*ret = NULL;
	if (rc != 0)
		return rc;
	m->version = in_force + 1;
	m->since_ms = now_ms;
	if (parameters->version)
		machine_take_parameters(m, parameters);
	p = calloc(1, sizeof *p);
	if (!p) {
		machine_free(m);
		return complain(c, ERR_NOMEM, "out of memory");
	}
	p->wanted = lifecycle_new(m);
	if (!p->wanted) {
		free(p);
		return complain(c, ERR_NOMEM, "out of memory");
	}
	p->now_ms = p->report.clock_ms = now_ms;
	p->report.lifecycle_version = in_force;
	p->shard = NO_SHARD;
	*ret = p;
	return 0;
}

void preview_free(struct preview *p)
{
	if (!p)
		return;
	lifecycle_drop(p->wanted);
	free(p);
}
