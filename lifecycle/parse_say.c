/* SPDX-License-Identifier: Apache-2.0 */
/* Sentences of the file's own: say "{customer} has 3 big orders and was not visited for
 * {visit}". */
#include "lifecycle/parse.h"

#define SHOW(s)  (int)(s).size, (const char *)(s).data
#define COUNT(a) (sizeof(a) / sizeof *(a))
#define SAY_MAX_BYTES 400

/* What every notification has, whatever its rule compares. docs/LIFECYCLE.md lists them. */
static const char *const of_all[] = { "customer", "name", "from", "at", "value", "owner", "region",
	"tier", "play", "why", "window" };

/* The name within a placeholder: "purchases" of "purchases:time|times", "overdue" of
 * "overdue.times". */
static struct span name_of(struct span inner)
{
	size_t n = 0;

	while (n < inner.size && inner.data[n] != ':' && inner.data[n] != '.')
		n++;
	return span_of(inner.data, n);
}

static bool is_known(const struct machine *m, struct span name)
{
	return parse_is_among(name, of_all, COUNT(of_all)) || machine_quantity_lookup(m, name) >= 0;
}

static int unknown_name(struct parser *p, const struct token *at, struct span name)
{
	struct suggestion s;

	suggestion_init(&s, name);
	for (size_t i = 0; i < COUNT(of_all); i++)
		suggestion_offer(&s, span_str(of_all[i]));
	parse_offer_quantities(p->machine, &s, NULL);
	return parse_fail(p, at, "the text of say names {%.*s}, which is no quantity%s", SHOW(name),
		suggestion_text(&s));
}

/* Braces hold names, square brackets what may be left out; neither stands within its like. */
static int check_say(struct parser *p, const struct token *at, struct span s)
{
	bool optional = false;

	for (size_t i = 0; i < s.size; i++) {
		const uint8_t *end = s.data[i] == '{' ? memchr(s.data + i, '}', s.size - i) : NULL;
		struct span name;

		if (s.data[i] == '}' || (s.data[i] == '{' && !end))
			return parse_fail(p, at, "a brace in the text of say has no partner");
		if (s.data[i] == (optional ? '[' : ']'))
			return parse_fail(p, at, "a square bracket in the text of say has no partner");
		if (s.data[i] == '[' || s.data[i] == ']')
			optional = !optional;
		if (!end)
			continue;
		name = name_of(span_of(s.data + i + 1, (size_t)(end - s.data) - i - 1));
		if (!is_known(p->machine, name))
			return unknown_name(p, at, name);
		i = (size_t)(end - s.data);
	}
	return optional ? parse_fail(p, at, "a square bracket in the text of say has no partner") : 0;
}

static int take_language(struct parser *p, unsigned *ret_index)
{
	struct suggestion s;
	int language;

	*ret_index = 0;
	if (p->token.kind != TOKEN_NAME)
		return 0;
	suggestion_init(&s, p->token.text);
	for (unsigned i = 0; i < LANGUAGES; i++)
		suggestion_offer(&s, span_str(language_name(i)));
	language = language_of(p->token.text);
	if (language < 0)
		return parse_expected(p, "a text in quotes after say, or a language (en, zh)", &s);
	*ret_index = 1 + (unsigned)language;
	return parse_next(p);
}

int parse_say(struct parser *p, struct rung *r)
{
	struct token at;
	unsigned i;
	struct span s;
	int rc = take_language(p, &i);

	if (rc != 0)
		return rc;
	at = p->token;
	if (at.kind != TOKEN_STRING)
		return parse_expected(p, "a text in quotes after say", NULL);
	s = span_of(at.text.data + 1, at.text.size - 2);
	if (r->say[i].size > 0)
		return parse_fail(p, &at, "say is given twice%s%s", i ? " for the language " : "",
			i ? language_name(i - 1) : "");
	if (s.size == 0 || s.size > SAY_MAX_BYTES)
		return parse_fail(p, &at, "a say has from 1 to %d bytes, this one has %zu",
			SAY_MAX_BYTES, s.size);
	if (!bytes_are_plain_utf8(s))
		return parse_fail(p, &at, "the text is not UTF-8, or has control characters");
	rc = check_say(p, &at, s);
	r->say[i] = s;
	return rc != 0 ? rc : parse_next(p);
}
