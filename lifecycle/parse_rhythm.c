/* SPDX-License-Identifier: Apache-2.0 */
/* The rhythm blocks: parameters of the chances, of all customers and of classes of them; the
 * season. Each setting at most once, each with a default. */
#include <stdio.h>
#include "lifecycle/parse.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const struct parse_setting settings[] = {
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
static const struct parse_settings block = { settings, COUNT(settings),
	"r, alpha, a, b, floor, window or }" };

/* ---- classes */

static const struct known {
	const char *name;
	bool is_text;
	uint8_t which;
} knowns[] = {
	{ "role", false, REGISTER_ROLE }, { "acquisition", false, REGISTER_ACQUISITION },
	{ "region", true, TEXT_REGION }, { "segment", true, TEXT_SEGMENT },
};

static int take_class_name(struct parser *p, struct class_condition *c)
{
	unsigned found;
	int rc = parse_one_of(p, facts_register_naming(c->which), facts_register_name(c->which), &found);

	if (rc == 0)
		c->names |= UINT64_C(1) << found;
	return rc;
}

static int take_class_text(struct parser *p, struct class_condition *c)
{
	if (p->token.kind != TOKEN_STRING)
		return parse_expected(p, "a text in quotes such as \"north\"", NULL);
	c->text = span_of(p->token.text.data + 1, p->token.text.size - 2);
	return parse_next(p);
}

/* role = consumer, role in (agent, retailer), region = "north". */
static int parse_condition(struct parser *p, struct rhythm_class *class)
{
	struct class_condition *c = &class->conditions[class->n_conditions];
	const struct known *known = knowns;
	int rc;

	while (known < knowns + COUNT(knowns) && !token_is(&p->token, known->name))
		known++;
	if (p->token.kind != TOKEN_NAME || known == knowns + COUNT(knowns))
		return parse_expected(p, "role, acquisition, region or segment", NULL);
	if (class->n_conditions == CLASS_CONDITIONS_MAX)
		return parse_fail(p, &p->token, "a class has at most %d conditions",
			CLASS_CONDITIONS_MAX);
	*c = (struct class_condition){ .is_text = known->is_text, .which = known->which };
	class->n_conditions++;
	rc = parse_next(p);
	if (rc == 0 && !c->is_text && token_is(&p->token, "in")) {
		rc = parse_next(p);
		if (rc == 0)
			rc = parse_take(p, "(", "( after in");
		if (rc == 0)
			rc = take_class_name(p, c);
		while (rc == 0 && token_is(&p->token, ",")) {
			rc = parse_next(p);
			if (rc == 0)
				rc = take_class_name(p, c);
		}
		return rc == 0 ? parse_take(p, ")", ", or )") : rc;
	}
	if (rc == 0)
		rc = parse_take(p, "=", c->is_text ? "= and a text in quotes" : "= or in");
	if (rc != 0)
		return rc;
	return c->is_text ? take_class_text(p, c) : take_class_name(p, c);
}

/* From `for` on. */
static int parse_class(struct parser *p)
{
	struct rhythm_classes *all = &p->machine->classes;
	struct rhythm_class *class = &all->classes[all->n];
	int rc;

	if (all->n == CLASSES_MAX)
		return parse_fail(p, &p->token, "a file has at most %d rhythms of classes",
			CLASSES_MAX);
	class->line = p->token.line;
	do {
		rc = parse_next(p);
		if (rc == 0)
			rc = parse_condition(p, class);
	} while (rc == 0 && token_is(&p->token, "and"));
	if (rc == 0)
		rc = parse_settings(p, &block, &class->rhythm, &class->given, "and, or {");
	all->n++;
	return rc;
}

int parse_rhythm(struct parser *p)
{
	unsigned given = 0;
	int rc = parse_next(p);

	if (rc != 0)
		return rc;
	if (token_is(&p->token, "for"))
		return parse_class(p);
	if (p->rhythm_line != 0)
		return parse_fail(p, &p->before, "the rhythm is set already, in line %d",
			p->rhythm_line);
	p->rhythm_line = p->before.line;
	return parse_settings(p, &block, &p->machine->rhythm, &given, "{ after rhythm");
}

/* ---- the season */

static const char *const months[12] = { "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug",
	"sep", "oct", "nov", "dec" };

static int parse_month(struct parser *p)
{
	double *season = p->machine->classes.season;
	unsigned month = 0;
	int rc;

	while (month < 12 && !token_is(&p->token, months[month]))
		month++;
	if (p->token.kind != TOKEN_NAME || month == 12)
		return parse_expected(p, "a month such as dec, or }", NULL);
	if (season[month] != 0)
		return parse_fail(p, &p->token, "%s is given twice", months[month]);
	rc = parse_next(p);
	return rc == 0 ? parse_number(p, UNIT_RATIO, SEASON_MIN, SEASON_MAX,
		"a factor from 0.1 to 10", &season[month]) : rc;
}

int parse_season(struct parser *p)
{
	struct rhythm_classes *all = &p->machine->classes;
	int rc = parse_next(p);

	if (rc == 0 && all->has_season)
		return parse_fail(p, &p->before, "the season is set already");
	all->has_season = true;
	if (rc == 0)
		rc = parse_take(p, "{", "{ after season");
	while (rc == 0 && !token_is(&p->token, "}"))
		rc = parse_month(p);
	return rc == 0 ? parse_next(p) : rc;
}

/* The whole may stand below a class: what the class leaves out is known only at the end. */
void parse_rhythm_end(struct parser *p)
{
	struct machine *m = p->machine;
	struct rhythm_classes *all = &m->classes;

	for (unsigned month = 0; month < 12; month++)
		if (all->season[month] == 0)
			all->season[month] = 1;
	for (unsigned i = 0; i < all->n; i++)
		for (size_t k = 0; k < COUNT(settings); k++)
			if (!(all->classes[i].given >> k & 1))
				memcpy((char *)&all->classes[i].rhythm + settings[k].at,
					(char *)&m->rhythm + settings[k].at, sizeof(double));
	all->zone = &m->zone;
	if (all->n > 0 || all->has_season)
		m->rhythm.classes = all;
	value_prepare(&m->value);
	m->rhythm.value = &m->value;
}
