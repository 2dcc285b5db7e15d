/* SPDX-License-Identifier: Apache-2.0 */
/* Constants: let regular = 45d, and then regular wherever 45d may stand. What unit it has is
 * decided where it is used, as for a number that stands there itself. */
#include "lifecycle/parse.h"

const struct constant *parse_constant_find(const struct parser *p, struct span name)
{
	for (unsigned i = 0; i < p->n_constants; i++)
		if (span_eq(p->constants[i].name, name))
			return &p->constants[i];
	return NULL;
}

void parse_offer_constants(const struct parser *p, struct suggestion *s)
{
	for (unsigned i = 0; i < p->n_constants; i++)
		suggestion_offer(s, p->constants[i].name);
}

bool parse_is_number(const struct parser *p, struct span *ret_digits)
{
	const struct constant *c = NULL;

	if (p->token.kind == TOKEN_NAME)
		c = parse_constant_find(p, p->token.text);
	*ret_digits = c ? c->number : p->token.text;
	return c || p->token.kind == TOKEN_NUMBER;
}

int parse_constant(struct parser *p)
{
	struct constant *c = &p->constants[p->n_constants];
	struct suggestion s;
	struct token name;
	int rc = parse_next(p);

	if (rc != 0)
		return rc;
	name = p->token;
	if (p->n_constants == CONSTANTS_MAX)
		return parse_fail(p, &name, "a file has at most %d constants", CONSTANTS_MAX);
	c->line = name.line;
	rc = parse_name(p, "constant", &c->name);
	if (rc == 0)
		rc = parse_name_is_free(p, &name, "constant");
	if (rc == 0)
		rc = parse_take(p, "=", "= after the name of the constant");
	if (rc != 0)
		return rc;
	suggestion_init(&s, p->token.text);
	parse_offer_constants(p, &s);
	if (!parse_is_number(p, &c->number))
		return parse_expected(p, "a number such as 45d, 20% or 5000", &s);
	p->n_constants++;
	return parse_next(p);
}
