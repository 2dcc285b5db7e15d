/* SPDX-License-Identifier: Apache-2.0 */
/* The rhythm block: parameters of the chances, each at most once, each with a default. */
#include "lifecycle/parse.h"

#define SHOW(s)  (int)(s).size, (const char *)(s).data
#define COUNT(a) (sizeof(a) / sizeof *(a))

static const struct setting {
	const char *name;
	unsigned unit; /* enum unit */
	double least, most;
	const char *range;
	size_t at;     /* in struct rhythm */
} settings[] = {
	{ "r", UNIT_COUNT, RHYTHM_MIN, RHYTHM_MAX, "a number from 0.0001 to 10000",
		offsetof(struct rhythm, r) },
	{ "alpha", UNIT_DURATION, RHYTHM_TIME_MIN_MS, RHYTHM_TIME_MAX_MS, RHYTHM_TIME_RANGE,
		offsetof(struct rhythm, alpha) },
	{ "a", UNIT_COUNT, 0, RHYTHM_MAX, "a number from 0 to 10000", offsetof(struct rhythm, a) },
	{ "b", UNIT_COUNT, RHYTHM_MIN, RHYTHM_MAX, "a number from 0.0001 to 10000",
		offsetof(struct rhythm, b) },
	{ "floor", UNIT_RATIO, 0, 1, "a ratio from 0% to 100%", offsetof(struct rhythm, floor) },
	{ "window", UNIT_DURATION, RHYTHM_TIME_MIN_MS, RHYTHM_TIME_MAX_MS, RHYTHM_TIME_RANGE,
		offsetof(struct rhythm, window) },
};

static const struct setting *setting_find(struct span name, struct suggestion *s)
{
	const struct setting *found = NULL;

	for (size_t i = 0; i < COUNT(settings); i++) {
		suggestion_offer(s, span_str(settings[i].name));
		if (span_eq(span_str(settings[i].name), name))
			found = &settings[i];
	}
	return found;
}

/* One setting. *GIVEN: a bit for each that has been. */
static int parse_setting(struct parser *p, unsigned *given)
{
	const struct setting *found;
	struct suggestion s;
	unsigned bit;
	int rc;

	suggestion_init(&s, p->token.text);
	found = p->token.kind == TOKEN_NAME ? setting_find(p->token.text, &s) : NULL;
	if (!found)
		return parse_expected(p, "r, alpha, a, b, floor, window or }", &s);
	bit = 1u << (found - settings);
	if (*given & bit)
		return parse_fail(p, &p->token, "%s is given twice", found->name);
	*given |= bit;
	rc = parse_next(p);
	return rc == 0 ? parse_number(p, found->unit, found->least, found->most, found->range,
			(double *)((char *)&p->machine->rhythm + found->at)) : rc;
}

int parse_rhythm(struct parser *p)
{
	unsigned given = 0;
	int rc = parse_next(p);

	if (rc != 0)
		return rc;
	if (p->rhythm_line != 0)
		return parse_fail(p, &p->before, "the rhythm is set already, in line %d",
			p->rhythm_line);
	p->rhythm_line = p->before.line;
	rc = parse_take(p, "{", "{ after rhythm");
	while (rc == 0 && !token_is(&p->token, "}"))
		rc = parse_setting(p, &given);
	return rc == 0 ? parse_next(p) : rc;
}
