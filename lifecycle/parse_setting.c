/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of settings: { NAME NUMBER … }, each at most once; and the value block, which is just
 * that. */
#include <stdio.h>
#include "lifecycle/parse.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static int parse_setting(struct parser *p, const struct parse_settings *block, void *into,
	unsigned *given)
{
	const struct parse_setting *found = NULL;
	struct suggestion s;
	unsigned bit;
	int rc;

	suggestion_init(&s, p->token.text);
	for (size_t i = 0; i < block->n; i++) {
		suggestion_offer(&s, span_str(block->settings[i].name));
		if (p->token.kind == TOKEN_NAME && token_is(&p->token, block->settings[i].name))
			found = &block->settings[i];
	}
	if (!found)
		return parse_expected(p, block->expected, &s);
	bit = 1u << (found - block->settings);
	if (*given & bit)
		return parse_fail(p, &p->token, "%s is given twice", found->name);
	*given |= bit;
	rc = parse_next(p);
	return rc == 0 ? parse_number(p, found->unit, found->least, found->most, found->range,
			(double *)((char *)into + found->at)) : rc;
}

int parse_settings(struct parser *p, const struct parse_settings *block, void *into,
	unsigned *given, const char *what)
{
	int rc = parse_take(p, "{", what);

	while (rc == 0 && !token_is(&p->token, "}"))
		rc = parse_setting(p, block, into, given);
	return rc == 0 ? parse_next(p) : rc;
}

int parse_value_block(struct parser *p)
{
	static const struct parse_setting settings[] = {
		{ "discount", UNIT_RATIO, 0, 1, "a ratio from 0% to 100%",
			offsetof(struct value, discount) },
		{ "margin", UNIT_RATIO, 0, 1, "a ratio from 0% to 100%",
			offsetof(struct value, margin) },
		{ "horizon", UNIT_DURATION, 86400000.0, VALUE_YEARS_MAX * VALUE_YEAR_MS,
			"a duration from 1d to 10y", offsetof(struct value, horizon) },
		{ "p", UNIT_COUNT, SPEND_MIN, SPEND_MAX, "a number from 0.001 to 10000",
			offsetof(struct value, p) },
		{ "q", UNIT_COUNT, SPEND_Q_MIN, SPEND_MAX, "a number from 1.001 to 10000",
			offsetof(struct value, q) },
		{ "v", UNIT_COUNT, 0, SPEND_SCALE_MAX,
			"a number from 0 to 1000000000000, in minor units",
			offsetof(struct value, v) },
		{ "acquire", UNIT_MONEY, 0, 1e12, "whole minor units such as 5000",
			offsetof(struct value, acquire) },
	};
	static const struct parse_settings block = { settings, COUNT(settings),
		"discount, margin, horizon, p, q, v, acquire or }" };
	unsigned given = 0;
	int rc = parse_next(p);

	if (rc == 0 && p->value_line != 0)
		return parse_fail(p, &p->before, "the value block is there already, in line %d",
			p->value_line);
	p->value_line = p->before.line;
	return rc == 0 ? parse_settings(p, &block, &p->machine->value, &given, "{ after value") : rc;
}
