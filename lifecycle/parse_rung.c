/* SPDX-License-Identifier: Apache-2.0 */
/* What follows the name of a rung or a risk: attributes, and the rule. */
#include <stdio.h>
#include "lifecycle/parse.h"

#define SHOW(s)  (int)(s).size, (const char *)(s).data
#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char *const attributes[] = { "potential", "actual", "severity", "job", "play", "say" };

/* What may stand between a name and `when`. */
struct given {
	bool side, severity, job, play;
};

static int given_twice(struct parser *p, bool *given, const char *what)
{
	if (*given)
		return parse_fail(p, &p->before, "%s is given twice", what);
	*given = true;
	return 0;
}

/* A word of an enum after its keyword. */
static int take_word(struct parser *p, const char *what, const char *(*naming)(unsigned),
	unsigned count, uint8_t *ret_value)
{
	char expected[120];
	struct suggestion s;
	int n = snprintf(expected, sizeof expected, "a %s (", what);

	suggestion_init(&s, p->token.text);
	for (unsigned v = 1; v < count; v++) {
		n += snprintf(expected + n, sizeof expected - (size_t)n, "%s%s", v > 1 ? ", " : "",
			naming(v));
		suggestion_offer(&s, span_str(naming(v)));
	}
	snprintf(expected + n, sizeof expected - (size_t)n, ")");
	*ret_value = p->token.kind == TOKEN_NAME
		? (uint8_t)name_lookup(naming, count, p->token.text) : 0;
	if (*ret_value == 0)
		return parse_expected(p, expected, &s);
	return parse_next(p);
}

static int take_play(struct parser *p, struct span *ret_play)
{
	struct span s = p->token.text;

	if (p->token.kind != TOKEN_STRING)
		return parse_expected(p, "a text in quotes after play", NULL);
	*ret_play = span_of(s.data + 1, s.size - 2);
	if (ret_play->size > PLAY_MAX_BYTES)
		return parse_fail(p, &p->token, "a play has at most %d bytes, this one has %zu",
			PLAY_MAX_BYTES, ret_play->size);
	if (!bytes_are_plain_utf8(*ret_play))
		return parse_fail(p, &p->token, "the text is not UTF-8, or has control characters");
	return parse_next(p);
}

/* One attribute of R. *RET_FOUND false: the next token begins none. */
static int parse_attribute(struct parser *p, struct rung *r, struct given *a, bool *ret_found)
{
	bool *given;
	char word[16];
	int rc;

	*ret_found = p->token.kind == TOKEN_NAME;
	if (token_is(&p->token, "potential") || token_is(&p->token, "actual"))
		given = &a->side;
	else if (token_is(&p->token, "severity"))
		given = &a->severity;
	else if (token_is(&p->token, "job"))
		given = &a->job;
	else if (token_is(&p->token, "play"))
		given = &a->play;
	else if (token_is(&p->token, "say"))
		given = NULL;
	else
		return *ret_found = false, 0;
	snprintf(word, sizeof word, "%.*s", SHOW(p->token.text));
	rc = parse_next(p);
	if (rc == 0 && !given)
		return parse_say(p, r);
	if (rc == 0)
		rc = given_twice(p, given, given == &a->side ? "the side" : word);
	if (rc != 0)
		return rc;
	if (given == &a->severity)
		return take_word(p, word, severity_name, SEVERITY_COUNT, &r->severity);
	if (given == &a->job)
		return take_word(p, word, job_name, JOB_COUNT, &r->job);
	if (given == &a->play)
		return take_play(p, &r->play);
	r->side = word[0] == 'p' ? SIDE_POTENTIAL : SIDE_ACTUAL;
	return 0;
}

/* After a rule something new begins: on its own line, so that a forgotten `and` is not taken
 * for the name of the next rung. */
static int parse_rule_end(struct parser *p)
{
	if (parse_is_among(p->token.text, attributes, COUNT(attributes)))
		return parse_fail(p, &p->token, "%.*s must stand before when",
			SHOW(p->token.text));
	if (token_is(&p->token, "}") || p->token.kind == TOKEN_END)
		return 0;
	if ((p->token.line == p->before.line && p->token.file.data == p->before.file.data) ||
		p->token.kind != TOKEN_NAME)
		return parse_expected(p, "and, or, or a new line", NULL);
	return 0;
}

static int parse_when(struct parser *p, uint16_t *ret_rule)
{
	struct suggestion s;
	int rc;

	suggestion_init(&s, p->token.text);
	suggestion_offer(&s, span_str("when"));
	for (size_t i = 0; i < COUNT(attributes); i++)
		suggestion_offer(&s, span_str(attributes[i]));
	if (!token_is(&p->token, "when"))
		return parse_expected(p, p->owner < LADDERS_MAX
			? "when and a rule (only the first rung of a ladder goes without)"
			: "when and a rule", &s);
	rc = parse_next(p);
	if (rc == 0)
		rc = parse_rule(p, ret_rule);
	return rc == 0 ? parse_rule_end(p) : rc;
}

int parse_body(struct parser *p, struct rung *r, bool has_rule)
{
	struct given given = { 0 };
	bool found = true;
	int rc = 0;

	r->rule = NODE_NONE;
	while (rc == 0 && found)
		rc = parse_attribute(p, r, &given, &found);
	if (rc != 0)
		return rc;
	return has_rule ? parse_when(p, &r->rule) : 0;
}

