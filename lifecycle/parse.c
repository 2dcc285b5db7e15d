/* SPDX-License-Identifier: Apache-2.0 */
/* Declarations: zone, rhythm, ladders with their rungs, risks. */
#include <stdio.h>
#include "lifecycle/parse.h"

#define SHOW(s)  (int)(s).size, (const char *)(s).data
#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char *const words[] = { "ladder", "risk", "rhythm", "zone", "let", "include",
	"calendar", "fact", "follow_up", "where", "when", "potential", "actual", "severity", "job",
	"play", "say", "and", "or", "not", "in" };
static const char *const declarations[] = { "ladder", "risk", "rhythm", "zone", "let", "include",
	"calendar", "fact", "season", "value", "follow_up", "source", "region" };
/* Ladders share the first part of a notification's type with these. */
static const char *const reserved[] = { "customer", "source", "follow_up" };

int parse_name(struct parser *p, const char *what, struct span *ret_name)
{
	struct span name = p->token.text;
	char expected[40];

	snprintf(expected, sizeof expected, "a name for the %s", what);
	if (p->token.kind != TOKEN_NAME)
		return parse_expected(p, expected, NULL);
	if (parse_is_among(name, words, COUNT(words)))
		return parse_fail(p, &p->token, "%.*s is a word of the language and cannot name "
			"a %s", SHOW(name), what);
	for (size_t i = 0; i < name.size; i++)
		if (name.data[i] >= 'A' && name.data[i] <= 'Z')
			return parse_fail(p, &p->token, "names are written in lower case, "
				"found %.*s", SHOW(name));
	if (name.size > NAME_MAX_BYTES)
		return parse_fail(p, &p->token, "a name has at most %d letters, this one has %zu",
			NAME_MAX_BYTES, name.size);
	*ret_name = name;
	return parse_next(p);
}

static struct span keep_id(struct parser *p, struct span kind, struct span name)
{
	struct span id = parse_keep_begin(p);

	parse_keep(p, &id, kind);
	parse_keep(p, &id, span_str("."));
	parse_keep(p, &id, name);
	return id;
}

/* The rungs of a ladder with sides all have one, and one ladder at most has. NAME: R's token. */
static int check_side(struct parser *p, struct ladder *l, const struct rung *r,
	const struct token *name)
{
	const struct machine *m = p->machine;

	if (r == l->rungs)
		l->sided = r->side != SIDE_NONE;
	if (l->sided && r->side == SIDE_NONE)
		return parse_fail(p, name, "rung %.*s has no side, and the first rung has: "
			"expected potential or actual after its name", SHOW(r->name));
	if (!l->sided && r->side != SIDE_NONE)
		return parse_fail(p, name, "rung %.*s has a side, and the first rung has none: "
			"either all rungs of a ladder have one or none", SHOW(r->name));
	for (const struct ladder *o = m->ladders; l->sided && o < l; o++)
		if (o->sided)
			return parse_fail(p, name, "ladder %.*s has sides already: only one ladder "
				"may have them", SHOW(o->name));
	return 0;
}

static int parse_rung(struct parser *p, struct ladder *l)
{
	struct token name = p->token;
	struct rung *r = &l->rungs[l->n_rungs];
	int rc, same;

	if (name.kind != TOKEN_NAME)
		return parse_expected(p, "the name of a rung, or }", NULL);
	if (l->n_rungs == RUNGS_MAX)
		return parse_fail(p, &name, "a ladder has at most %d rungs", RUNGS_MAX);
	r->line = name.line;
	rc = parse_name(p, "rung", &r->name);
	if (rc != 0)
		return rc;
	same = ladder_rung(l, r->name);
	if (same >= 0)
		return parse_fail(p, &name, "rung %.*s exists already, in line %d", SHOW(r->name),
			l->rungs[same].line);
	r->id = keep_id(p, l->name, r->name);
	rc = parse_body(p, r, l->n_rungs > 0);
	if (rc != 0)
		return rc;
	if (l->n_rungs == 0 && token_is(&p->token, "when"))
		return parse_fail(p, &p->token, "the first rung of a ladder holds when no other "
			"does: it takes no when");
	rc = check_side(p, l, r, &name);
	l->n_rungs++;
	return rc;
}

int parse_name_is_free(struct parser *p, const struct token *name, const char *what)
{
	struct span s = name->text;

	if (machine_ladder(p->machine, s) >= 0)
		return parse_fail(p, name, "ladder %.*s exists already", SHOW(s));
	if (quantity_lookup(s) >= 0)
		return parse_fail(p, name, "%.*s is a quantity and cannot name a %s", SHOW(s), what);
	if (machine_custom(p->machine, s) >= 0)
		return parse_fail(p, name, "%.*s is a fact already, in line %d", SHOW(s),
			p->machine->customs[machine_custom(p->machine, s)].line);
	if (parse_constant_find(p, s))
		return parse_fail(p, name, "%.*s is a constant already, in line %d", SHOW(s),
			parse_constant_find(p, s)->line);
	return 0;
}

static int check_ladder_name(struct parser *p, const struct token *name)
{
	if (parse_is_among(name->text, reserved, COUNT(reserved)))
		return parse_fail(p, name, "%.*s is a word kept for notifications and cannot name "
			"a ladder", SHOW(name->text));
	return parse_name_is_free(p, name, "ladder");
}

/* The ladder counts as declared only after its last rung, so its own rules cannot read it. */
static int parse_ladder(struct parser *p)
{
	struct machine *m = p->machine;
	struct ladder *l = &m->ladders[m->n_ladders];
	struct token name;
	int rc = parse_next(p);

	if (rc != 0)
		return rc;
	name = p->token;
	if (m->n_ladders == LADDERS_MAX)
		return parse_fail(p, &name, "a file has at most %d ladders", LADDERS_MAX);
	rc = parse_name(p, "ladder", &l->name);
	if (rc == 0)
		rc = check_ladder_name(p, &name);
	if (rc == 0)
		rc = parse_take(p, "{", "{ after the name of the ladder");
	p->owner = (uint8_t)m->n_ladders;
	while (rc == 0 && !token_is(&p->token, "}"))
		rc = parse_rung(p, l);
	if (rc != 0)
		return rc;
	if (l->n_rungs == 0)
		return parse_fail(p, &name, "ladder %.*s has no rung", SHOW(l->name));
	m->n_ladders++;
	return parse_next(p);
}

static int parse_risk(struct parser *p)
{
	struct machine *m = p->machine;
	struct rung *r = &m->risks[m->n_risks];
	struct token name;
	int same, rc = parse_next(p);

	if (rc != 0)
		return rc;
	name = p->token;
	if (m->n_risks == RISKS_MAX)
		return parse_fail(p, &name, "a file has at most %d risks", RISKS_MAX);
	r->line = name.line;
	r->severity = SEVERITY_MEDIUM;
	rc = parse_name(p, "risk", &r->name);
	if (rc != 0)
		return rc;
	same = machine_risk(m, r->name);
	if (same >= 0)
		return parse_fail(p, &name, "risk %.*s exists already, in line %d", SHOW(r->name),
			m->risks[same].line);
	r->id = keep_id(p, span_str("risk"), r->name);
	p->owner = (uint8_t)(OWNER_RISK + m->n_risks);
	rc = parse_body(p, r, true);
	if (rc != 0)
		return rc;
	if (r->side != SIDE_NONE)
		return parse_fail(p, &name, "risk %.*s has a side: only rungs have one",
			SHOW(r->name));
	m->n_risks++;
	return 0;
}

static int parse_zone(struct parser *p)
{
	struct machine *m = p->machine;
	struct span name;
	int rc = parse_next(p);

	if (rc != 0)
		return rc;
	if (p->zone_line != 0)
		return parse_fail(p, &p->before, "the zone is set already, in line %d",
			p->zone_line);
	if (p->token.kind != TOKEN_STRING)
		return parse_expected(p, "a time zone in quotes such as \"Europe/London\"", NULL);
	name = span_of(p->token.text.data + 1, p->token.text.size - 2);
	if (name.size >= sizeof m->zone_name || !bytes_are_plain_utf8(name))
		return parse_fail(p, &p->token, "the name of a time zone is a text of at most %zu "
			"bytes", sizeof m->zone_name - 1);
	snprintf(m->zone_name, sizeof m->zone_name, "%.*s", SHOW(name));
	rc = zone_open(m->zone_name, &m->zone, p->complaint);
	if (rc != 0) {
		token_place(&p->token, p->complaint);
		return rc == ERR_NOTFOUND ? ERR_INVALID : rc;
	}
	p->zone_line = p->token.line;
	return parse_next(p);
}

/* include_flatten() has put the file here, if it could. */
static int parse_include(struct parser *p)
{
	struct token word = p->token;
	int rc = parse_next(p);

	if (rc == 0 && p->token.kind != TOKEN_STRING)
		return parse_expected(p, "a file in quotes after include", NULL);
	return rc == 0 ? parse_fail(p, &word, "include works in a file, and this text is none") : rc;
}

static int parse_declaration(struct parser *p)
{
	struct suggestion s;

	if (token_is(&p->token, "zone"))
		return parse_zone(p);
	if (token_is(&p->token, "ladder"))
		return parse_ladder(p);
	if (token_is(&p->token, "risk"))
		return parse_risk(p);
	if (token_is(&p->token, "rhythm"))
		return parse_rhythm(p);
	if (token_is(&p->token, "season"))
		return parse_season(p);
	if (token_is(&p->token, "value"))
		return parse_value_block(p);
	if (token_is(&p->token, "region"))
		return parse_region(p);
	if (token_is(&p->token, "calendar"))
		return parse_calendar(p);
	if (token_is(&p->token, "fact"))
		return parse_fact(p);
	if (token_is(&p->token, "follow_up"))
		return parse_follow_up(p);
	if (token_is(&p->token, "let"))
		return parse_constant(p);
	if (token_is(&p->token, "source"))
		return parse_source(p);
	if (token_is(&p->token, "include"))
		return parse_include(p);
	suggestion_init(&s, p->token.text);
	for (size_t i = 0; i < COUNT(declarations); i++)
		suggestion_offer(&s, span_str(declarations[i]));
	return parse_expected(p, "ladder, risk, follow_up, rhythm, season, value, fact, zone, "
		"calendar, source, region, let or include", &s);
}

int parse_file(struct parser *p)
{
	int rc;

	lexer_init(&p->lexer, p->machine->text);
	rc = parse_next(p);
	while (rc == 0 && p->token.kind != TOKEN_END)
		rc = parse_declaration(p);
	if (rc == 0 && p->machine->n_ladders == 0 && p->machine->n_risks == 0)
		return parse_expected(p, "a ladder or a risk", NULL);
	parse_rhythm_end(p);
	return rc;
}
