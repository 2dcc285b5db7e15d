/* SPDX-License-Identifier: Apache-2.0 */
/* Filters of notifications. */
#include "base/filter.h"

static const char *const field_names[FILTER_FIELDS] = { "type", "stage", "tier", "severity", "owner",
	"source", "region" };

const char *filter_field_name(unsigned field)
{
	return field < FILTER_FIELDS ? field_names[field] : NULL;
}

static struct span term_text(const struct filter_term *t)
{
	return span_of(t->text, t->size);
}

int filter_add(struct filter *f, enum filter_field field, struct span text, struct complaint *c)
{
	struct filter_term *t = &f->terms[f->n];

	if (text.size == 0 || text.size > EVENT_TEXT_MAX || !bytes_are_plain_utf8(text))
		return complain(c, ERR_INVALID, "%s: expected 1 to %d bytes of UTF-8 without control "
			"characters", field_names[field], EVENT_TEXT_MAX);
	if (field == FILTER_SEVERITY && !name_lookup(severity_name, SEVERITY_COUNT, text))
		return complain(c, ERR_INVALID, "severity: expected watch, low, medium, high or "
			"critical, found %.*s", (int)text.size, (const char *)text.data);
	if (f->n == FILTER_TERMS_MAX)
		return complain(c, ERR_TOOBIG, "a filter has at most %d terms", FILTER_TERMS_MAX);
	memset(t, 0, sizeof *t);
	t->field = (uint8_t)field;
	t->size = (uint8_t)text.size;
	memcpy(t->text, text.data, text.size);
	f->n++;
	return 0;
}

int filter_add_list(struct filter *f, const char *field, const char *list, struct complaint *c)
{
	struct filter whole = *f;
	unsigned number = 0;
	int rc = 0;

	while (number < FILTER_FIELDS && strcmp(field_names[number], field) != 0)
		number++;
	if (number == FILTER_FIELDS)
		return complain(c, ERR_INVALID, "%s: a filter has type, stage, tier, severity, owner, "
			"source and region", field);
	for (const char *end; rc == 0; list = end + 1) {
		end = list + strcspn(list, ",");
		rc = filter_add(&whole, (enum filter_field)number,
			span_of(list, (size_t)(end - list)), c);
		if (*end == '\0')
			break;
	}
	if (rc == 0)
		*f = whole;
	return rc;
}

static bool begins_with(struct span text, struct span prefix)
{
	return text.size >= prefix.size && memcmp(text.data, prefix.data, prefix.size) == 0;
}

/* Whoever got what is withdrawn must get the withdrawal, and by then the customer may have another
 * owner: what is not sure to be the same counts as met. */
static bool is_of_the_moment(unsigned field)
{
	return field == FILTER_TIER || field == FILTER_OWNER || field == FILTER_SOURCE ||
		field == FILTER_REGION;
}

static bool term_takes(const struct filter_term *t, const struct notification *n)
{
	struct span text = term_text(t);

	if (n->retracts.size && is_of_the_moment(t->field))
		return true;
	switch ((enum filter_field)t->field) {
	case FILTER_TYPE: return begins_with(n->type, text);
	case FILTER_STAGE: return span_eq(n->ladder, span_str("stage")) && span_eq(n->to, text);
	case FILTER_TIER: return span_eq(n->tier, text);
	case FILTER_SEVERITY:
		return n->severity >= name_lookup(severity_name, SEVERITY_COUNT, text);
	case FILTER_OWNER: return span_eq(n->owner, text);
	case FILTER_SOURCE: return span_eq(n->cause_source, text);
	case FILTER_REGION: return span_eq(n->region, text);
	case FILTER_FIELDS: break;
	}
	return false;
}

bool filter_takes(const struct filter *f, const struct notification *n)
{
	unsigned asked = 0, met = 0;

	for (unsigned i = 0; i < f->n; i++) {
		unsigned bit = 1u << f->terms[i].field;

		asked |= bit;
		if (!(met & bit) && term_takes(&f->terms[i], n))
			met |= bit;
	}
	return met == asked;
}

bool filter_equal(const struct filter *a, const struct filter *b)
{
	if (a->n != b->n)
		return false;
	for (unsigned i = 0; i < a->n; i++)
		if (a->terms[i].field != b->terms[i].field ||
			!span_eq(term_text(&a->terms[i]), term_text(&b->terms[i])))
			return false;
	return true;
}
