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
