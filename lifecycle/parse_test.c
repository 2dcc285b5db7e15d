/* SPDX-License-Identifier: Apache-2.0 */
/* One test: a quantity and what it is compared with. */
#include <stdio.h>
#include "lifecycle/parse.h"

#define SHOW(s) (int)(s).size, (const char *)(s).data

static bool fits(const struct machine *m, const struct test *t, unsigned q)
{
	struct quantity_about about = machine_quantity(m, q);

	return !t || (about.law == LAW_CONST &&
		about.unit == machine_quantity(m, t->quantity).unit);
}

void parse_offer_quantities(const struct machine *m, struct suggestion *s, const struct test *t)
{
	for (unsigned q = 0; q < QUANTITIES; q++)
		if (fits(m, t, q))
			suggestion_offer(s, span_str(quantity_name(q)));
	for (unsigned i = 0; i < m->n_customs; i++)
		if (fits(m, t, QUANTITY_CUSTOM + i))
			suggestion_offer(s, m->customs[i].name);
}

/* The name is neither a quantity nor a ladder declared before: say what is nearest. */
static int unknown_quantity(struct parser *p)
{
	const struct machine *m = p->machine;
	struct span name = p->token.text;
	struct suggestion s;

	if (p->owner < LADDERS_MAX && span_eq(m->ladders[m->n_ladders].name, name))
		return parse_fail(p, &p->token, "the rules of ladder %.*s cannot read the ladder "
			"itself", SHOW(name));
	if (machine_risk(m, name) >= 0)
		return parse_fail(p, &p->token, "%.*s is a risk: rules read quantities, and "
			"ladders declared before", SHOW(name));
	suggestion_init(&s, name);
	parse_offer_quantities(m, &s, NULL);
	for (unsigned i = 0; i < m->n_ladders; i++)
		suggestion_offer(&s, m->ladders[i].name);
	return parse_fail(p, &p->token, "unknown quantity %.*s%s", SHOW(name),
		suggestion_text(&s));
}

/* (30d) after a quantity that takes one. */
static int take_window(struct parser *p, struct test *t, struct span name)
{
	int rc;

	if (!token_is(&p->token, "("))
		return 0;
	if (t->quantity >= QUANTITIES || !quantity_takes_window(t->quantity))
		return parse_fail(p, &p->token, "%.*s takes no argument, found (", SHOW(name));
	rc = parse_next(p);
	if (rc == 0)
		rc = parse_number(p, UNIT_DURATION, RHYTHM_TIME_MIN_MS, RHYTHM_TIME_MAX_MS,
			RHYTHM_TIME_RANGE, &t->window_ms);
	return rc == 0 ? parse_take(p, ")", ") after the window") : rc;
}

/* The quantity or ladder, and what belongs to it. */
static int take_quantity(struct parser *p, struct test *t)
{
	struct span name = p->token.text;
	int found, rc;

	if (p->token.kind != TOKEN_NAME || token_is(&p->token, "and") ||
	    token_is(&p->token, "or") || token_is(&p->token, "when") || token_is(&p->token, "in"))
		return parse_expected(p, "a quantity, not or (", NULL);
	found = machine_quantity_lookup(p->machine, name);
	if (found < 0) {
		found = machine_ladder(p->machine, name);
		if (found < 0)
			return unknown_quantity(p);
		found += QUANTITY_LADDER;
	}
	t->quantity = (uint16_t)found;
	rc = parse_next(p);
	return rc == 0 ? take_window(p, t, name) : rc;
}

static unsigned unit_of(const struct machine *m, const struct test *t)
{
	return t->quantity >= QUANTITY_LADDER ? UNIT_NAME : machine_quantity(m, t->quantity).unit;
}

/* The number behind the name at the next token, or 64 when there is none; offers all to S. */
static unsigned find_name(const struct parser *p, const struct test *t, struct suggestion *s)
{
	unsigned found = 64;

	if (t->quantity >= QUANTITY_LADDER) {
		const struct ladder *l = &p->machine->ladders[t->quantity - QUANTITY_LADDER];

		for (unsigned i = 0; i < l->n_rungs; i++) {
			suggestion_offer(s, l->rungs[i].name);
			if (span_eq(l->rungs[i].name, p->token.text))
				found = i;
		}
		return found;
	}
	for (unsigned v = 1; v < 64 && quantity_naming(t->quantity)(v); v++) {
		struct span name = span_str(quantity_naming(t->quantity)(v));

		suggestion_offer(s, name);
		if (span_eq(name, p->token.text))
			found = v;
	}
	return found;
}

static int take_one_name(struct parser *p, struct test *t, struct span quantity)
{
	struct suggestion s;
	unsigned v;

	suggestion_init(&s, p->token.text);
	v = find_name(p, t, &s);
	if (p->token.kind != TOKEN_NAME || v == 64) {
		char what[80];

		snprintf(what, sizeof what, t->quantity >= QUANTITY_LADDER
			? "a rung of ladder %.*s" : "a name that %.*s can have", SHOW(quantity));
		return parse_expected(p, what, &s);
	}
	t->names |= UINT64_C(1) << v;
	return parse_next(p);
}

static int take_name_list(struct parser *p, struct test *t, struct span quantity)
{
	int rc = parse_take(p, "(", "( after in");

	if (rc == 0)
		rc = take_one_name(p, t, quantity);
	while (rc == 0 && token_is(&p->token, ",")) {
		rc = parse_next(p);
		if (rc == 0)
			rc = take_one_name(p, t, quantity);
	}
	return rc == 0 ? parse_take(p, ")", ", or )") : rc;
}

/* = NAME, != NAME, in (NAME, …): all become OP_IN. */
static int parse_names(struct parser *p, struct test *t, struct span quantity)
{
	bool differs = token_is(&p->token, "!="), list = token_is(&p->token, "in");
	char what[80];
	int rc;

	t->op = OP_IN;
	snprintf(what, sizeof what, "=, != or in after %.*s", SHOW(quantity));
	if (!differs && !list && !token_is(&p->token, "="))
		return parse_expected(p, what, NULL);
	rc = parse_next(p);
	if (rc == 0)
		rc = list ? take_name_list(p, t, quantity) : take_one_name(p, t, quantity);
	if (differs)
		t->names = ~t->names;
	return rc;
}

static int parse_comparison(struct parser *p, struct test *t, struct span quantity)
{
	static const char *const ops[] = { [OP_LT] = "<", [OP_LE] = "<=", [OP_GT] = ">",
		[OP_GE] = ">=", [OP_EQ] = "=", [OP_NE] = "!=" };
	char what[120];
	int rc;

	for (t->op = OP_LT; t->op <= OP_NE && !token_is(&p->token, ops[t->op]);)
		t->op++;
	if (t->op <= OP_GE || (t->op <= OP_NE && !t->moves)) {
		rc = parse_next(p);
		return rc == 0 ? parse_value(p, t) : rc;
	}
	snprintf(what, sizeof what, "<, <=, >%s after %.*s%s",
		t->moves ? " or >=" : ", >=, = or !=", SHOW(quantity),
		t->op <= OP_NE ? ", which moves with time and equals a value for an instant" : "");
	return parse_expected(p, what, NULL);
}

static int parse_flag(struct parser *p, struct test *t, struct span quantity)
{
	char found[TOKEN_SHOWN_MAX];

	t->op = OP_IS;
	if (p->token.kind != TOKEN_NUMBER && !token_is(&p->token, "in") &&
	    (p->token.kind != TOKEN_MARK || token_is(&p->token, ")") || token_is(&p->token, "}")))
		return 0;
	token_show(&p->token, found);
	return parse_fail(p, &p->token, "%.*s is yes or no and stands alone, found %s",
		SHOW(quantity), found);
}

/* The text of T, from START to the token before the next one; blanks and comments become one space,
 * a constant its number: it is read where the file is not at hand. */
static struct span keep_text(struct parser *p, const struct test *test, const uint8_t *start)
{
	const uint8_t *end = p->before.text.data + p->before.text.size;
	struct span text = parse_keep_begin(p);
	struct token t;
	struct lexer l;
	const uint8_t *last = start;

	lexer_init(&l, span_of(start, (size_t)(end - start)));
	while (lexer_next(&l, &t, NULL) == 0 && t.kind != TOKEN_END) {
		const struct constant *c = test->op != OP_IN && t.kind == TOKEN_NAME
			? parse_constant_find(p, t.text) : NULL;
		struct span word = c ? c->number : t.text;

		if (text.size + word.size + 4 > TEST_TEXT_MAX) {
			parse_keep(p, &text, span_str("…"));
			break;
		}
		if (t.text.data > last)
			parse_keep(p, &text, span_str(" "));
		parse_keep(p, &text, word);
		last = t.text.data + t.text.size;
	}
	return text;
}

int parse_test(struct parser *p, uint16_t *ret_test)
{
	struct machine *m = p->machine;
	struct test *t = &m->tests[m->n_tests];
	struct token name = p->token;
	int rc;

	if (m->n_tests == TESTS_MAX)
		return parse_fail(p, &name, "a file has at most %d tests", TESTS_MAX);
	*t = (struct test){ .other = QUANTITY_NONE, .owner = p->owner, .line = name.line,
			     .rhythm = &m->rhythm };
	rc = take_quantity(p, t);
	if (rc != 0)
		return rc;
	t->moves = t->quantity < QUANTITY_LADDER &&
		machine_quantity(m, t->quantity).law != LAW_CONST;
	switch (unit_of(m, t)) {
	case UNIT_FLAG: rc = parse_flag(p, t, name.text); break;
	case UNIT_NAME: rc = parse_names(p, t, name.text); break;
	default: rc = parse_comparison(p, t, name.text); break;
	}
	if (rc != 0)
		return rc;
	t->text = keep_text(p, t, name.text.data);
	*ret_test = (uint16_t)m->n_tests++;
	return 0;
}
