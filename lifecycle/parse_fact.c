/* SPDX-License-Identifier: Apache-2.0 */
/* Facts of the file's own:
 *
 *   fact NAME = (count | first | last | sum of FIELD | decayed count | decayed sum of FIELD)
 *               of (BODY | event) [half_life DURATION] [where FILTER] */
#include <stdio.h>
#include "base/hash.h"
#include "lifecycle/parse.h"

#define SHOW(s)  (int)(s).size, (const char *)(s).data
#define HALF_LIFE_RANGE "a half-life from 1h to 100y after half_life"

/* The fields that events of BODY have, of the unit UNIT or of any (UNIT_NONE). */
static void offer_fields(struct suggestion *s, enum body body)
{
	for (enum event_field f = 0; f < EVENT_FIELDS; f++)
		if (event_field_body(f) == body || event_field_body(f) == BODY_EVENT)
			suggestion_offer(s, span_str(event_field_name(f)));
}

static const char *body_text(enum body body)
{
	return body == BODY_EVENT ? "every kind" : body_name(body);
}

static int take_body(struct parser *p, uint8_t *ret_body)
{
	struct suggestion s;
	uint8_t body = 0;

	suggestion_init(&s, p->token.text);
	suggestion_offer(&s, span_str("event"));
	for (unsigned b = 0; b < BODY_COUNT; b++)
		suggestion_offer(&s, span_str(body_name(b)));
	while (body < BODY_COUNT && !token_is(&p->token, body_name(body)))
		body++;
	if (p->token.kind != TOKEN_NAME || (body == BODY_COUNT && !token_is(&p->token, "event")))
		return parse_expected(p, "a kind of event such as purchase, or event for all", &s);
	*ret_body = body;
	return parse_next(p);
}

/* FIELD is the token of the field that is summed, read before its body was known. */
static int check_field(struct parser *p, struct custom *c, const struct token *field)
{
	int f = event_field_lookup(c->body, field->text);
	struct suggestion s;

	suggestion_init(&s, field->text);
	offer_fields(&s, c->body);
	if (f < 0)
		return parse_fail(p, field, "events of %s have no field %.*s%s", body_text(c->body),
			SHOW(field->text), suggestion_text(&s));
	if (event_field_unit(f) != UNIT_MONEY && event_field_unit(f) != UNIT_COUNT)
		return parse_fail(p, field, "%s is no number and has no sum", event_field_name(f));
	if (event_field_unit(f) == UNIT_COUNT && c->law == CUSTOM_SUM)
		return parse_fail(p, field, "%s has decimals: only a decayed sum of it is kept",
			event_field_name(f));
	if (c->law == CUSTOM_DECAY && (f == FIELD_PURCHASE_margin || f == FIELD_PROFILE_expected_margin))
		return parse_fail(p, field, "%s may be negative and has no decayed sum",
			event_field_name(f));
	c->field = (uint8_t)f;
	c->unit = (uint8_t)event_field_unit(f);
	return 0;
}

/* What is done, up to the body. */
static int take_fold(struct parser *p, struct custom *c)
{
	bool decayed = token_is(&p->token, "decayed"), sum;
	struct token field = { 0 };
	int rc = decayed ? parse_next(p) : 0;

	if (rc != 0)
		return rc;
	sum = token_is(&p->token, "sum");
	c->field = EVENT_FIELDS;
	c->unit = UNIT_COUNT;
	c->law = decayed ? CUSTOM_DECAY : CUSTOM_SUM;
	if (!decayed && (token_is(&p->token, "first") || token_is(&p->token, "last"))) {
		c->law = token_is(&p->token, "first") ? CUSTOM_FIRST : CUSTOM_LAST;
		c->unit = UNIT_DURATION;
	} else if (!sum && !token_is(&p->token, "count")) {
		return parse_expected(p, decayed ? "sum or count after decayed"
			: "count, sum, first, last or decayed", NULL);
	}
	rc = parse_next(p);
	if (rc == 0)
		rc = parse_take(p, "of", sum ? "of and the field to sum" : "of and a kind of event");
	if (rc == 0 && sum) {
		field = p->token;
		if (field.kind != TOKEN_NAME)
			return parse_expected(p, "a field such as amount", NULL);
		rc = parse_next(p);
		if (rc == 0)
			rc = parse_take(p, "of", "of and a kind of event after the field");
	}
	if (rc == 0)
		rc = take_body(p, &c->body);
	return rc == 0 && sum ? check_field(p, c, &field) : rc;
}

static int take_half_life(struct parser *p, struct custom *c)
{
	double half_ms = 0;
	int rc;

	if (c->law != CUSTOM_DECAY && token_is(&p->token, "half_life"))
		return parse_fail(p, &p->token, "only what is decayed has a half-life");
	if (c->law != CUSTOM_DECAY)
		return 0;
	rc = parse_take(p, "half_life", "half_life and a duration, as in half_life 90d");
	if (rc == 0)
		rc = parse_number(p, UNIT_DURATION, RHYTHM_TIME_MIN_MS, RHYTHM_TIME_MAX_MS,
			HALF_LIFE_RANGE, &half_ms);
	c->half_ms = (int64_t)half_ms;
	return rc;
}

/* The hash of the words of a definition, constants replaced: blanks and comments do not change
 * it. */
static uint32_t key_of(const struct parser *p, struct span text)
{
	uint64_t hash = 1;
	struct lexer l;
	struct token t;

	lexer_init(&l, text);
	while (lexer_next(&l, &t, NULL) == 0 && t.kind != TOKEN_END) {
		const struct constant *c = t.kind == TOKEN_NAME ? parse_constant_find(p, t.text) : NULL;
		struct span word = c ? c->number : t.text;

		hash = hash_64(word.data, word.size, hash);
	}
	return (uint32_t)hash ? (uint32_t)hash : 1;
}

static int check_key(struct parser *p, const struct custom *c, const struct token *name)
{
	for (const struct custom *o = p->machine->customs; o < c; o++)
		if (o->key == c->key)
			return parse_fail(p, name, "fact %.*s says the same as %.*s in line %d",
				SHOW(c->name), SHOW(o->name), o->line);
	return 0;
}

static int parse_where(struct parser *p, struct custom *c)
{
	int rc;

	c->where = NODE_NONE;
	if (!token_is(&p->token, "where"))
		return 0;
	rc = parse_next(p);
	p->in_filter = true;
	p->filter_body = c->body;
	if (rc == 0)
		rc = parse_rule(p, &c->where);
	p->in_filter = false;
	return rc;
}

int parse_fact(struct parser *p)
{
	struct machine *m = p->machine;
	struct custom *c = &m->customs[m->n_customs];
	const uint8_t *begin;
	struct token name;
	int rc = parse_next(p);

	if (rc != 0)
		return rc;
	name = p->token;
	if (m->n_customs == CUSTOM_MAX)
		return parse_fail(p, &name, "a file has at most %d facts of its own", CUSTOM_MAX);
	c->line = name.line;
	rc = parse_name(p, "fact", &c->name);
	if (rc == 0)
		rc = parse_name_is_free(p, &name, "fact");
	if (rc == 0)
		rc = parse_take(p, "=", "= after the name of the fact");
	begin = p->token.text.data;
	if (rc == 0)
		rc = take_fold(p, c);
	if (rc == 0)
		rc = take_half_life(p, c);
	if (rc == 0)
		rc = parse_where(p, c);
	if (rc != 0)
		return rc;
	c->text = span_of(begin, (size_t)(p->before.text.data + p->before.text.size - begin));
	c->key = key_of(p, c->text);
	rc = check_key(p, c, &name);
	m->n_customs++;
	return rc;
}

/* ---- one test of a filter */

static int filter_names(struct parser *p, struct event_test *t)
{
	unsigned found;
	int rc = parse_one_of(p, event_field_naming(t->field), event_field_name(t->field), &found);

	if (rc == 0)
		t->names = UINT64_C(1) << found;
	return rc;
}

static int filter_text(struct parser *p, struct event_test *t)
{
	struct span s = p->token.text;

	if (p->token.kind != TOKEN_STRING)
		return parse_expected(p, "a text in quotes such as \"wine\", or \"till-*\" for what "
			"begins so", NULL);
	t->text = span_of(s.data + 1, s.size - 2);
	t->prefix = t->text.size > 0 && t->text.data[t->text.size - 1] == '*';
	t->text.size -= t->prefix;
	if (t->text.size == 0 && !t->prefix)
		return parse_fail(p, &p->token, "what is not said equals nothing: the text is empty");
	return parse_next(p);
}

/* = or != and a name or a text. */
static int filter_equality(struct parser *p, struct event_test *t)
{
	bool differs = token_is(&p->token, "!=");
	char what[80];
	int rc;

	snprintf(what, sizeof what, "= or != after %s", event_field_name(t->field));
	t->op = OP_IN;
	if (!differs && !token_is(&p->token, "="))
		return parse_expected(p, what, NULL);
	rc = parse_next(p);
	if (rc == 0 && event_field_unit(t->field) == UNIT_NONE) {
		t->differs = differs;
		return filter_text(p, t);
	}
	if (rc == 0)
		rc = filter_names(p, t);
	if (differs)
		t->names = ~t->names;
	return rc;
}

static int filter_number(struct parser *p, struct event_test *t)
{
	static const char *const ops[] = { [OP_LT] = "<", [OP_LE] = "<=", [OP_GT] = ">",
		[OP_GE] = ">=", [OP_EQ] = "=", [OP_NE] = "!=" };
	bool money = event_field_unit(t->field) == UNIT_MONEY;
	char what[80];
	int rc;

	for (t->op = OP_LT; t->op <= OP_NE && !token_is(&p->token, ops[t->op]);)
		t->op++;
	snprintf(what, sizeof what, "<, <=, >, >=, = or != after %s", event_field_name(t->field));
	if (t->op > OP_NE)
		return parse_expected(p, what, NULL);
	rc = parse_next(p);
	return rc == 0 ? parse_number(p, event_field_unit(t->field), -1e15, 1e15, money
			? "whole minor units such as 5000" : "a plain number", &t->number) : rc;
}

int parse_event_test(struct parser *p, uint16_t *ret_test)
{
	struct machine *m = p->machine;
	struct event_test *t = &m->event_tests[m->n_event_tests];
	struct token name = p->token;
	int field = name.kind == TOKEN_NAME ? event_field_lookup(p->filter_body, name.text) : -1;
	struct suggestion s;
	int rc;

	if (m->n_event_tests == EVENT_TESTS_MAX)
		return parse_fail(p, &name, "the facts of a file have at most %d comparisons",
			EVENT_TESTS_MAX);
	suggestion_init(&s, name.text);
	offer_fields(&s, p->filter_body);
	if (name.kind != TOKEN_NAME)
		return parse_expected(p, "a field of the event, not or (", &s);
	if (field < 0)
		return parse_fail(p, &name, "events of %s have no field %.*s%s",
			body_text(p->filter_body), SHOW(name.text), suggestion_text(&s));
	*t = (struct event_test){ .field = (uint8_t)field };
	rc = parse_next(p);
	if (rc != 0)
		return rc;
	if (event_field_unit(field) == UNIT_NONE || event_field_unit(field) == UNIT_NAME)
		rc = filter_equality(p, t);
	else
		rc = filter_number(p, t);
	*ret_test = (uint16_t)m->n_event_tests++;
	return rc;
}
