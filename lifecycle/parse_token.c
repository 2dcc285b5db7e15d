/* SPDX-License-Identifier: Apache-2.0 */
/* What all parts of the parser stand on: tokens, complaints with a place, kept names. */
#include <assert.h>
#include <stdio.h>
#include "lifecycle/parse.h"

int parse_next(struct parser *p)
{
	p->before = p->token;
	return lexer_next(&p->lexer, &p->token, p->complaint);
}

int parse_fail(struct parser *p, const struct token *t, const char *format, ...)
{
	struct complaint *c = p->complaint;
	va_list args;

	if (!c)
		return ERR_INVALID;
	token_place(t, c);
	va_start(args, format);
	(void)vsnprintf(c->text, sizeof c->text, format, args);
	va_end(args);
	return ERR_INVALID;
}

int parse_expected(struct parser *p, const char *what, struct suggestion *s)
{
	char found[TOKEN_SHOWN_MAX];

	token_show(&p->token, found);
	return parse_fail(p, &p->token, "expected %s, found %s%s", what, found,
		s ? suggestion_text(s) : "");
}

bool parse_is_among(struct span name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (span_eq(span_str(list[i]), name))
			return true;
	return false;
}

int parse_take(struct parser *p, const char *text, const char *what)
{
	return token_is(&p->token, text) ? parse_next(p) : parse_expected(p, what, NULL);
}

int parse_one_of(struct parser *p, const char *(*naming)(unsigned), const char *of, unsigned *ret)
{
	struct suggestion s;
	char what[80];

	*ret = 0;
	suggestion_init(&s, p->token.text);
	for (unsigned v = 1; v < 64 && naming(v); v++) {
		suggestion_offer(&s, span_str(naming(v)));
		if (p->token.kind == TOKEN_NAME && token_is(&p->token, naming(v)))
			*ret = v;
	}
	snprintf(what, sizeof what, "a name that %s can have", of);
	return *ret ? parse_next(p) : parse_expected(p, what, &s);
}

/* Each test is kept once, no longer than TEST_TEXT_MAX; each rung and risk has an id. A bound: what
 * is not used is never touched. */
size_t parse_names_max(void)
{
	size_t ids = LADDERS_MAX * RUNGS_MAX + RISKS_MAX + 2 * FOLLOW_UPS_MAX + 1;

	return TESTS_MAX * TEST_TEXT_MAX + ids * (2 * NAME_MAX_BYTES + 1);
}

struct span parse_keep_begin(const struct parser *p)
{
	return span_of(p->machine->names + p->names_used, 0);
}

void parse_keep(struct parser *p, struct span *s, struct span more)
{
	assert(p->names_used + more.size <= parse_names_max());
	assert(s->data + s->size == (uint8_t *)p->machine->names + p->names_used);
	memcpy(p->machine->names + p->names_used, more.data, more.size);
	p->names_used += more.size;
	s->size += more.size;
}
