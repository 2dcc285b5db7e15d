/* SPDX-License-Identifier: Apache-2.0 */
/* Sources and their opening hours:
 *
 *   source "till-*", "kiosk-*" in shop_hours
 *   source "*" in business time
 *   source "import-*" unwatched */
#include "lifecycle/parse.h"

#define SHOW(s) (int)(s).size, (const char *)(s).data

static int source_is_new(struct parser *p, const struct source_hours *h, const struct token *t)
{
	const struct machine *m = p->machine;

	for (unsigned i = 0; i < m->n_sources; i++)
		if (m->sources[i].begins == h->begins && span_eq(m->sources[i].name, h->name))
			return parse_fail(p, t, "line %d says already what holds for %.*s",
				m->sources[i].line, SHOW(t->text));
	return 0;
}

static int take_source(struct parser *p)
{
	struct machine *m = p->machine;
	struct source_hours *h = &m->sources[m->n_sources];
	struct token t = p->token;
	const uint8_t *star;
	int rc;

	if (t.kind != TOKEN_STRING || t.text.size < 3)
		return parse_expected(p, "the name of a source in quotes, such as \"till-7\", or "
			"\"till-*\" for all that begin so", NULL);
	if (m->n_sources == SOURCE_HOURS_MAX)
		return parse_fail(p, &t, "a file says something of at most %d sources or beginnings",
			SOURCE_HOURS_MAX);
	h->name = span_of(t.text.data + 1, t.text.size - 2);
	star = memchr(h->name.data, '*', h->name.size);
	if (h->name.size > EVENT_SOURCE_MAX || (star && star != h->name.data + h->name.size - 1))
		return parse_fail(p, &t, "a source has at most %d bytes, and a * only at the end stands "
			"for whatever follows", EVENT_SOURCE_MAX);
	h->begins = star != NULL;
	h->name.size -= h->begins;
	h->line = t.line;
	rc = source_is_new(p, h, &t);
	if (rc != 0)
		return rc;
	m->n_sources++;
	return parse_next(p);
}

/* `in CALENDAR` or `in business time`, from `in` on. */
static int parse_in_calendar(struct parser *p, const struct calendar **ret)
{
	const struct machine *m = p->machine;
	struct suggestion s;
	int rc = parse_next(p);

	if (rc != 0)
		return rc;
	suggestion_init(&s, p->token.text);
	for (unsigned i = 0; i < m->n_calendars; i++)
		suggestion_offer(&s, m->calendars[i].name);
	if (token_is(&p->token, "business")) {
		rc = parse_next(p);
		*ret = parse_calendar_find(m, span_of("", 0));
		if (rc == 0 && !*ret)
			return parse_fail(p, &p->before, "there is no calendar without a name yet: "
				"declare calendar { hours mon..fri 9:00-17:00 } before, or say in which "
				"calendar");
		return rc != 0 ? rc : parse_take(p, "time", "time after business");
	}
	*ret = parse_calendar_find(m, p->token.text);
	return *ret && p->token.kind == TOKEN_NAME ? parse_next(p) :
		parse_expected(p, "the name of a calendar declared before, or business time", &s);
}

int parse_source(struct parser *p)
{
	struct machine *m = p->machine;
	unsigned first = m->n_sources;
	const struct calendar *calendar = NULL;
	bool unwatched = false;
	int rc;

	do {
		rc = parse_next(p);
		if (rc == 0)
			rc = take_source(p);
	} while (rc == 0 && token_is(&p->token, ","));
	if (rc != 0)
		return rc;
	if (token_is(&p->token, "unwatched")) {
		unwatched = true;
		rc = parse_next(p);
	} else if (token_is(&p->token, "in")) {
		rc = parse_in_calendar(p, &calendar);
	} else {
		rc = parse_expected(p, "in and a calendar, or unwatched", NULL);
	}
	for (unsigned i = first; i < m->n_sources; i++) {
		m->sources[i].unwatched = unwatched;
		m->sources[i].calendar = calendar;
	}
	return rc;
}

/* `region "north", "south" in CALENDAR`, from the word on. */
int parse_region(struct parser *p)
{
	struct calendar_regions *all = &p->machine->regions;
	unsigned first = all->n;
	const struct calendar *calendar = NULL;
	int rc;

	do {
		struct calendar_region *r = &all->list[all->n];

		rc = parse_next(p);
		if (rc != 0)
			return rc;
		if (p->token.kind != TOKEN_STRING || p->token.text.size < 3)
			return parse_expected(p, "the name of a region in quotes", NULL);
		if (all->n == CALENDAR_REGIONS_MAX)
			return parse_fail(p, &p->token, "a file says something of at most %d regions",
				CALENDAR_REGIONS_MAX);
		*r = (struct calendar_region){ .line = p->token.line,
			.name = span_of(p->token.text.data + 1, p->token.text.size - 2) };
		for (unsigned i = 0; i < all->n; i++)
			if (span_eq(all->list[i].name, r->name))
				return parse_fail(p, &p->token, "line %d says already what holds for "
					"%.*s", all->list[i].line, SHOW(p->token.text));
		all->n++;
		rc = parse_next(p);
	} while (rc == 0 && token_is(&p->token, ","));
	if (rc == 0 && !token_is(&p->token, "in"))
		return parse_expected(p, "in and a calendar", NULL);
	if (rc == 0)
		rc = parse_in_calendar(p, &calendar);
	for (unsigned i = first; i < all->n; i++)
		all->list[i].calendar = calendar;
	return rc;
}
