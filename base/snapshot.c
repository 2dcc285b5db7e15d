/* SPDX-License-Identifier: Apache-2.0 */
/* Which rows of a snapshot a filter is for. */
#include "base/snapshot.h"

/* Whether FIRST "." SECOND begins with PREFIX. */
static bool id_begins_with(struct span first, struct span second, struct span prefix)
{
	uint8_t id[2 * 255 + 1];
	size_t size = first.size + 1 + second.size;

	if (size > sizeof id || prefix.size > size)
		return false;
	memcpy(id, first.data, first.size);
	id[first.size] = '.';
	memcpy(id + first.size + 1, second.data, second.size);
	return memcmp(id, prefix.data, prefix.size) == 0;
}

static bool type_wanted(const struct snapshot_row *r, struct span type)
{
	static const char *const crossings[] = { "customer.converted", "customer.lost",
		"customer.won_back", "customer.recovered", "customer.at_risk" };
	unsigned moments = r->n_risks ? 5 : 4;

	for (unsigned i = 0; i < moments; i++)
		if (type.size <= strlen(crossings[i]) &&
			memcmp(crossings[i], type.data, type.size) == 0)
			return true;
	for (unsigned i = 0; i < r->n_places; i++)
		if (id_begins_with(r->places[i].ladder, r->places[i].rung, type))
			return true;
	for (unsigned i = 0; i < r->n_risks; i++)
		if (id_begins_with(span_str("risk"), r->risks[i].name, type))
			return true;
	return false;
}

static bool stands_on(const struct snapshot_row *r, const char *ladder, struct span rung)
{
	for (unsigned i = 0; i < r->n_places; i++)
		if (span_eq(r->places[i].ladder, span_str(ladder)))
			return span_eq(r->places[i].rung, rung);
	return false;
}

static bool is_so_severe(const struct snapshot_row *r, struct span severity)
{
	unsigned least = (unsigned)name_lookup(severity_name, SEVERITY_COUNT, severity);

	for (unsigned i = 0; i < r->n_risks; i++)
		if (r->risks[i].severity >= least)
			return true;
	return false;
}

static bool term_wanted(const struct snapshot_row *r, const struct filter_term *t)
{
	struct span text = span_of(t->text, t->size);

	switch (t->field) {
	case FILTER_TYPE: return type_wanted(r, text);
	case FILTER_STAGE: return stands_on(r, "stage", text);
	case FILTER_TIER: return stands_on(r, "tier", text);
	case FILTER_SEVERITY: return is_so_severe(r, text);
	case FILTER_OWNER: return span_eq(r->owner, text);
	case FILTER_REGION: return span_eq(r->region, text);
	default: return true;
	}
}

bool snapshot_row_wanted(const struct snapshot_row *r, const struct filter *f)
{
	unsigned asked = 0, met = 0;

	for (unsigned i = 0; i < f->n; i++) {
		unsigned bit = 1u << f->terms[i].field;

		asked |= bit;
		if (!(met & bit) && term_wanted(r, &f->terms[i]))
			met |= bit;
	}
	return met == asked;
}
