/* SPDX-License-Identifier: Apache-2.0 */
/* A compiled lifecycle file: what it holds and what things in it are called. */
#include <stdlib.h>
#include "lifecycle/machine.h"

/* Made by the Makefile from examples/default.lifecycle. */
extern const unsigned char default_lifecycle[];
extern const unsigned default_lifecycle_size;

void machine_free(struct machine *m)
{
	if (!m)
		return;
	zone_close(&m->zone);
	free((void *)(uintptr_t)m->text.data);
	free(m->names);
	free(m);
}

struct span machine_default_text(void)
{
	return span_of(default_lifecycle, default_lifecycle_size);
}

static int rung_index(const struct rung *rungs, unsigned n, struct span name)
{
	for (unsigned i = 0; i < n; i++)
		if (span_eq(rungs[i].name, name))
			return (int)i;
	return -1;
}

int machine_custom(const struct machine *m, struct span name)
{
	for (unsigned i = 0; i < m->n_customs; i++)
		if (span_eq(m->customs[i].name, name))
			return (int)i;
	return -1;
}

int machine_quantity_lookup(const struct machine *m, struct span name)
{
	int q = quantity_lookup(name), custom;

	if (q >= 0)
		return q;
	custom = machine_custom(m, name);
	return custom < 0 ? -1 : QUANTITY_CUSTOM + custom;
}

static struct quantity_about about_custom(const struct custom *c)
{
	static const uint8_t laws[] = { [CUSTOM_SUM] = LAW_CONST, [CUSTOM_FIRST] = LAW_AGE,
		[CUSTOM_LAST] = LAW_AGE, [CUSTOM_DECAY] = LAW_EXP };

	return (struct quantity_about){ c->name, c->unit, laws[c->law],
		c->body == BODY_EVENT ? BY_ALL : 1u << c->body };
}

struct quantity_about machine_quantity(const struct machine *m, unsigned q)
{
	if (q >= QUANTITY_CUSTOM)
		return about_custom(&m->customs[q - QUANTITY_CUSTOM]);
	return (struct quantity_about){ span_str(quantity_name(q)), (uint8_t)quantity_unit(q),
		(uint8_t)quantity_law_kind(q), quantity_changed_by(q) };
}

int machine_ladder(const struct machine *m, struct span name)
{
	for (unsigned i = 0; i < m->n_ladders; i++)
		if (span_eq(m->ladders[i].name, name))
			return (int)i;
	return -1;
}

int ladder_rung(const struct ladder *l, struct span name)
{
	return rung_index(l->rungs, l->n_rungs, name);
}

int machine_risk(const struct machine *m, struct span name)
{
	return rung_index(m->risks, m->n_risks, name);
}

const struct source_hours *machine_source(const struct machine *m, struct span source)
{
	const struct source_hours *best = NULL;

	for (unsigned i = 0; i < m->n_sources; i++) {
		const struct source_hours *h = &m->sources[i];

		if (!h->begins && span_eq(h->name, source))
			return h;
		if (h->begins && h->name.size <= source.size &&
			span_eq(h->name, span_of(source.data, h->name.size)) &&
			(!best || h->name.size > best->name.size))
			best = h;
	}
	return best;
}
