/* SPDX-License-Identifier: Apache-2.0 */
/* A change, described for a person: who speaks, how bad it is, what to do, and why. */
#include <assert.h>
#include <math.h>
#include "lifecycle/missing.h"
#include "lifecycle/standing.h"

#define NO_RUNG ((struct span){ (const uint8_t *)"", 0 })

bool change_is_of_risk(const struct change *ch)
{
	return ch->kind == CHANGE_RISK_RAISED || ch->kind == CHANGE_RISK_CLEARED ||
		(ch->kind == CHANGE_CROSSING &&
		 (ch->crossing == CROSSING_AT_RISK || ch->crossing == CROSSING_RECOVERED));
}

static bool is_raised(const struct change *ch)
{
	return ch->kind == CHANGE_RISK_RAISED || ch->crossing == CROSSING_AT_RISK;
}

/* Good news has no severity and asks for no play. */
static void describe_risk(const struct change *ch, const struct machine *m, struct notification *n)
{
	const struct rung *risk = &m->risks[ch->risk];
	bool raised = is_raised(ch);

	n->type = risk->id;
	n->ladder = span_str("risk");
	n->from = span_str(raised ? "clear" : "raised");
	n->to = span_str(raised ? "raised" : "clear");
	n->rule = risk->id;
	n->severity = raised ? risk->severity : SEVERITY_NONE;
	n->job = risk->job ? risk->job : ch->job;
	n->play = raised ? risk->play : NO_RUNG;
}

static const struct rung *rung_left(const struct change *ch, const struct machine *m)
{
	const struct ladder *l = &m->ladders[ch->ladder];

	return ch->from < l->n_rungs ? &l->rungs[ch->from] : NULL;
}

static void describe_rung(const struct change *ch, const struct machine *m, struct span from_name,
	struct notification *n)
{
	const struct rung *to = &m->ladders[ch->ladder].rungs[ch->to];
	const struct rung *from = rung_left(ch, m);

	n->type = to->id;
	n->ladder = m->ladders[ch->ladder].name;
	n->from = from ? from->name : from_name;
	n->to = to->name;
	/* A rung without a rule is where one falls to: the rule that ceased has spoken. */
	n->rule = to->rule == NODE_NONE && from ? from->id : to->id;
	n->severity = to->severity;
	if (ch->kind == CHANGE_CROSSING && ch->crossing == CROSSING_LOST && !n->severity)
		n->severity = SEVERITY_HIGH;
	n->job = to->job ? to->job : ch->job;
	n->play = to->play;
}

/* Moving up, the rule that now holds says why; moving down, also the one that ceased to. */
static void describe_evidence(const struct change *ch, const struct machine *m,
	const struct facts *f, const struct verdict *v, struct notification *n)
{
	const struct rung *to, *from;
	struct evidence more[EVIDENCE_MAX];
	struct verdict judged;
	unsigned n_more;

	if (!v) {
		machine_judge(m, f, ch->at_ms, &judged);
		v = &judged;
	}
	if (change_is_of_risk(ch)) {
		n->n_evidence = rule_evidence(m, m->risks[ch->risk].rule, f, v, ch->at_ms,
			n->evidence);
		rung_context(m, &m->risks[ch->risk], f, ch->at_ms, n);
		return;
	}
	to = &m->ladders[ch->ladder].rungs[ch->to];
	from = rung_left(ch, m);
	n->n_evidence = rule_evidence(m, to->rule, f, v, ch->at_ms, n->evidence);
	rung_context(m, to, f, ch->at_ms, n);
	if (!from || (ch->to > ch->from && to->rule != NODE_NONE))
		return;
	n_more = rule_evidence(m, from->rule, f, v, ch->at_ms, more);
	for (unsigned i = 0; i < n_more && n->n_evidence < EVIDENCE_MAX; i++) {
		more[i].left = true;
		n->evidence[n->n_evidence++] = more[i];
	}
	rung_context(m, from, f, ch->at_ms, n);
}

/* Old grievances explain nothing. */
#define REASON_COUNTS_MS (365 * DAY_MS)

static void describe_reason(const struct change *ch, const struct facts *f, struct notification *n)
{
	const struct facts_reg *r = &f->reg[REGISTER_REASON];

	if (n->severity == SEVERITY_NONE || r->time_ms == 0 ||
		ch->at_ms - r->time_ms > REASON_COUNTS_MS)
		return;
	n->reason = span_str(reason_name((unsigned)r->value));
	n->reason_group = span_str(reason_group_name(reason_group((unsigned)r->value)));
}

/* Whether F has ever had to do with us, or said that they want something. */
static bool has_shown_something(const struct facts *f)
{
	if (f->scalar[FACT_contacts_in].i + f->scalar[FACT_contacts_out].i > 0)
		return true;
	for (unsigned i = 0; i < FACTOR_COUNT; i++)
		if (f->reg[REGISTER_FACTOR + i].value == ANSWER_YES)
			return true;
	return false;
}

static enum approach approach_of(const struct change *ch, const struct facts *f)
{
	if (ch->job == JOB_NONE)
		return APPROACH_NONE;
	if (ch->job == JOB_MAINTAIN)
		return APPROACH_RETAIN;
	if (f->text[TEXT_HELD_BY].size > 0)
		return APPROACH_CONTEST_COMPETITOR;
	return ch->job == JOB_WIN_BACK || has_shown_something(f) ? APPROACH_CONTEST_GENERAL
								  : APPROACH_OPEN_MARKET;
}

/* What an account manager needs beside the rule. */
static void describe_customer(const struct change *ch, const struct facts *f, struct notification *n)
{
	enum factor missing = factor_missing(f);
	enum approach approach = approach_of(ch, f);

	if (missing < FACTOR_COUNT)
		n->missing = span_str(factor_name(missing));
	describe_reason(ch, f, n);
	if (approach)
		n->approach = span_str(approach_name(approach));
}

bool value_at_stake(const struct facts *f, int64_t *ret_value)
{
	int64_t purchases = f->scalar[FACT_purchases].i, margins = f->scalar[FACT_margins].i;

	*ret_value = 0;
	if (purchases > 0)
		*ret_value = margins == purchases
			? f->scalar[FACT_margin].i
			: f->scalar[FACT_spent].i - f->scalar[FACT_refunded].i;
	return purchases > 0;
}

/* What is lost if they go: the margin they would bring, and what another customer costs. */
static void describe_stake(const struct change *ch, const struct machine *m, const struct facts *f,
	struct notification *n)
{
	double expected = lifetime_value(f, &m->rhythm, false, ch->at_ms);

	n->has_potential = expected >= 0 && expected < 9e15;
	n->potential_value = n->has_potential ? llround(expected) : 0;
	n->replacement_cost = (int64_t)m->value.acquire;
}

void change_describe(const struct change *ch, const struct machine *m, const struct facts *f,
	const struct verdict *v, struct span from_name, struct notification *n)
{
	n->n_context = 0;
	if (change_is_of_risk(ch))
		describe_risk(ch, m, n);
	else
		describe_rung(ch, m, from_name, n);
	if (ch->kind == CHANGE_CROSSING)
		n->type = span_str(crossing_name(ch->crossing));
	n->since_ms = ch->since_ms;
	n->at_ms = ch->at_ms;
	n->lifecycle_version = m->version;
	n->parameters_version = m->parameters_version;
	n->owner = span_of(f->text[TEXT_OWNER].text, f->text[TEXT_OWNER].size);
	n->region = span_of(f->text[TEXT_REGION].text, f->text[TEXT_REGION].size);
	n->has_value = value_at_stake(f, &n->value);
	if (change_is_of_risk(ch))
		describe_stake(ch, m, f, n);
	describe_customer(ch, f, n);
	describe_evidence(ch, m, f, v, n);
}
