/* SPDX-License-Identifier: Apache-2.0 */
/* Filters to and from their message, which has a list for each field, in the fields' order. */
#include "proto/filter.h"

struct list {
	size_t *n;
	ProtobufCBinaryData **texts;
};

static void lists_of(Kith__Filter *m, struct list lists[FILTER_FIELDS])
{
	lists[FILTER_TYPE] = (struct list){ &m->n_type, &m->type };
	lists[FILTER_STAGE] = (struct list){ &m->n_stage, &m->stage };
	lists[FILTER_TIER] = (struct list){ &m->n_tier, &m->tier };
	lists[FILTER_SEVERITY] = (struct list){ &m->n_severity, &m->severity };
	lists[FILTER_OWNER] = (struct list){ &m->n_owner, &m->owner };
	lists[FILTER_SOURCE] = (struct list){ &m->n_source, &m->source };
	lists[FILTER_REGION] = (struct list){ &m->n_region, &m->region };
}

Kith__Filter *filter_fill(struct filter_room *room, const struct filter *f)
{
	struct list lists[FILTER_FIELDS];
	unsigned used = 0;

	kith__filter__init(&room->message);
	lists_of(&room->message, lists);
	for (unsigned field = 0; field < FILTER_FIELDS; field++) {
		*lists[field].texts = room->texts + used;
		for (unsigned i = 0; i < f->n; i++)
			if (f->terms[i].field == field)
				(*lists[field].texts)[(*lists[field].n)++] = binary_of(
					span_of(f->terms[i].text, f->terms[i].size));
		used += (unsigned)*lists[field].n;
	}
	return f->n ? &room->message : NULL;
}

int filter_take(struct filter *f, const Kith__Filter *m, struct complaint *c)
{
	struct list lists[FILTER_FIELDS];
	int rc = 0;

	memset(f, 0, sizeof *f);
	if (!m)
		return 0;
	lists_of((Kith__Filter *)(uintptr_t)m, lists);
	for (unsigned field = 0; field < FILTER_FIELDS; field++)
		for (size_t i = 0; rc == 0 && i < *lists[field].n; i++)
			rc = filter_add(f, (enum filter_field)field,
				span_of_binary((*lists[field].texts)[i]), c);
	return rc;
}
