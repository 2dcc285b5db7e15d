/* SPDX-License-Identifier: Apache-2.0 */
/* Follow-ups: `follow_up NAME on TYPE [owner WHO] due DELAY [escalate DELAY [to WHO]] [outcome
 * DAYS]`. */
#include <stdio.h>
#include "lifecycle/parse.h"

#define SHOW(s) (int)(s).size, (const char *)(s).data
#define OUTCOME_MAX_MS (3 * 365 * 86400000.0)

int64_t delay_after(const struct delay *d, struct span region, int64_t t_ms)
{
	if (d->business)
		return business_add(calendar_of_region(d->regions, region, d->calendar), d->business,
			t_ms, d->ms);
	return t_ms + d->ms;
}

static bool is_type(const struct machine *m, struct span ladder, struct span name)
{
	static const char *const crossings[] = { "at_risk", "lost", "won_back", "converted" };
	int l = machine_ladder(m, ladder);

	if (span_eq(ladder, span_str("risk")))
		return machine_risk(m, name) >= 0;
	if (span_eq(ladder, span_str("customer")))
		return parse_is_among(name, crossings, sizeof crossings / sizeof *crossings);
	return l >= 0 && ladder_rung(&m->ladders[l], name) >= 0;
}

/* risk.silent, stage.lapsed, customer.lost: what has been declared before. */
static int take_type(struct parser *p, struct span *ret_type)
{
	static const char what[] = "a notification's type, of a risk or a rung declared before "
		"(risk.silent, stage.lapsed), or customer.at_risk, lost, won_back, converted";
	struct token first = p->token;
	int rc;

	if (first.kind != TOKEN_NAME)
		return parse_expected(p, what, NULL);
	rc = parse_next(p);
	if (rc == 0)
		rc = parse_take(p, ".", ". and a name, as in risk.silent");
	if (rc != 0)
		return rc;
	if (p->token.kind != TOKEN_NAME || !is_type(p->machine, first.text, p->token.text))
		return parse_expected(p, what, NULL);
	*ret_type = parse_keep_begin(p);
	parse_keep(p, ret_type, first.text);
	parse_keep(p, ret_type, span_str("."));
	parse_keep(p, ret_type, p->token.text);
	return parse_next(p);
}

static int take_who(struct parser *p, struct span *ret_who)
{
	struct span s = p->token.text;

	if (p->token.kind != TOKEN_STRING)
		return parse_expected(p, "somebody's name in quotes", NULL);
	*ret_who = span_of(s.data + 1, s.size - 2);
	if (ret_who->size == 0 || ret_who->size > FOLLOW_UP_OWNER_MAX ||
	    !bytes_are_plain_utf8(*ret_who))
		return parse_fail(p, &p->token, "an owner is named by 1 to %d bytes of UTF-8 without "
			"control characters", FOLLOW_UP_OWNER_MAX);
	return parse_next(p);
}

/* `account_manager`, with `or "…"`; or "…" alone. */
static int parse_owner(struct parser *p, struct follow_up *f)
{
	int rc;

	f->of_customer = token_is(&p->token, "account_manager");
	if (!f->of_customer && p->token.kind != TOKEN_STRING)
		return parse_expected(p, "account_manager, or somebody's name in quotes", NULL);
	if (!f->of_customer)
		return take_who(p, &f->owner);
	rc = parse_next(p);
	if (rc != 0 || !token_is(&p->token, "or"))
		return rc;
	rc = parse_next(p);
	return rc == 0 ? take_who(p, &f->owner) : rc;
}

/* Read like the bound of a comparison with an age. */
static int take_delay(struct parser *p, struct delay *d)
{
	struct test t = { .quantity = QUANTITY_silence, .other = QUANTITY_NONE, .op = OP_GE };
	struct token at = p->token;
	int rc = parse_value(p, &t);

	if (rc != 0)
		return rc;
	if (t.other != QUANTITY_NONE || !(t.number >= 1))
		return parse_fail(p, &at, "expected a length of time such as 2d or 2 business days");
	*d = (struct delay){ (int64_t)t.number, t.business, t.calendar, t.regions };
	return 0;
}

static int take_outcome(struct parser *p, struct follow_up *f)
{
	double ms;
	int rc = parse_number(p, UNIT_DURATION, 86400000, OUTCOME_MAX_MS, "a duration from 1d to 3y", &ms);

	if (rc == 0)
		f->outcome_ms = (int64_t)ms;
	return rc;
}

static int parse_clause(struct parser *p, struct follow_up *f, bool *ret_found)
{
	int rc;

	*ret_found = true;
	if (token_is(&p->token, "owner"))
		return (rc = parse_next(p)) == 0 ? parse_owner(p, f) : rc;
	if (token_is(&p->token, "due"))
		return (rc = parse_next(p)) == 0 ? take_delay(p, &f->due) : rc;
	if (token_is(&p->token, "outcome"))
		return (rc = parse_next(p)) == 0 ? take_outcome(p, f) : rc;
	if (!token_is(&p->token, "escalate"))
		return *ret_found = false, 0;
	rc = parse_next(p);
	if (rc == 0)
		rc = take_delay(p, &f->escalate);
	if (rc != 0 || !token_is(&p->token, "to"))
		return rc;
	rc = parse_next(p);
	return rc == 0 ? take_who(p, &f->next) : rc;
}

static bool is_sooner(const struct delay *a, const struct delay *b)
{
	return a->business == b->business && a->calendar == b->calendar && a->ms <= b->ms;
}

static int check(struct parser *p, const struct follow_up *f, const struct token *name)
{
	const struct machine *m = p->machine;

	if (f->due.ms == 0)
		return parse_fail(p, name, "follow-up %.*s has no due time: due 2d", SHOW(f->name));
	if (f->escalate.ms != 0 && is_sooner(&f->escalate, &f->due))
		return parse_fail(p, name, "follow-up %.*s is escalated before it is overdue: make "
			"escalate later than due", SHOW(f->name));
	for (unsigned i = 0; i < m->n_follow_ups; i++)
		if (span_eq(m->follow_ups[i].on, f->on))
			return parse_fail(p, name, "%.*s opens follow-up %.*s already, in line %d",
				SHOW(f->on), SHOW(m->follow_ups[i].name), m->follow_ups[i].line);
	return 0;
}

int parse_follow_up(struct parser *p)
{
	struct machine *m = p->machine;
	struct follow_up *f = &m->follow_ups[m->n_follow_ups];
	struct token name;
	bool found = true;
	int rc = parse_next(p);

	if (rc != 0)
		return rc;
	name = p->token;
	if (m->n_follow_ups == FOLLOW_UPS_MAX)
		return parse_fail(p, &name, "a file has at most %d follow-ups", FOLLOW_UPS_MAX);
	*f = (struct follow_up){ .outcome_ms = FOLLOW_UP_OUTCOME_MS, .of_customer = true,
		.line = name.line };
	rc = parse_name(p, "follow-up", &f->name);
	for (unsigned i = 0; rc == 0 && i < m->n_follow_ups; i++)
		if (span_eq(m->follow_ups[i].name, f->name))
			return parse_fail(p, &name, "follow-up %.*s exists already, in line %d",
				SHOW(f->name), m->follow_ups[i].line);
	if (rc == 0)
		rc = parse_take(p, "on", "on and the type of a notification");
	if (rc == 0)
		rc = take_type(p, &f->on);
	while (rc == 0 && found)
		rc = parse_clause(p, f, &found);
	if (rc == 0)
		rc = check(p, f, &name);
	if (rc != 0)
		return rc;
	f->id = parse_keep_begin(p);
	parse_keep(p, &f->id, span_str("follow_up."));
	parse_keep(p, &f->id, f->name);
	m->n_follow_ups++;
	return 0;
}
