/* SPDX-License-Identifier: Apache-2.0 */
/* Custom facts: what a lifecycle file counts beside what is counted anyway.
 *
 *   fact big_orders = count of purchase where amount >= 10000
 *   fact wine_pace  = decayed sum of amount of purchase half_life 90d where category = "wine"
 *
 * Each is a commutative fold like those of facts.def, and a quantity of rules with a law in time: a
 * sum stands, first and last are ages, a decayed sum fades.
 *
 * What is kept of a customer is known by a key: the hash of the definition, not of the name. So it
 * means the same in every shard and in every version of the file; renamed, it is kept; defined
 * otherwise, it is another fact and begins anew. */
#ifndef KITH_LIFECYCLE_CUSTOM_H
#define KITH_LIFECYCLE_CUSTOM_H
#include "lifecycle/facts.h"
#include "lifecycle/event_field.h"

struct machine;

/* As the file declares it. */
struct custom {
	struct span name;
	struct span text;   /* the definition as written, from after the = */
	uint32_t key;
	uint8_t law;        /* enum custom_law */
	uint8_t unit;       /* enum unit of the quantity */
	uint8_t body;       /* enum body, or BODY_EVENT */
	uint8_t field;      /* what is summed, or EVENT_FIELDS: each event counts 1 */
	int64_t half_ms;    /* CUSTOM_DECAY */
	uint16_t where;     /* node over machine->event_tests, NODE_NONE: all */
	int line;
};

/* Give F the entries that M declares, in M's order: those that it has keep their value, others
 * begin at nothing, what M does not declare is forgotten. Before F is read by M's rules. */
void facts_adopt(struct facts *f, const struct machine *m);

/* Whether M (may be NULL) declares a fact that is defined so. */
bool machine_has_fact(const struct machine *m, uint32_t key);

/* Take the entry KEY out of F, if it has one. */
void facts_forget(struct facts *f, uint32_t key);

/* facts_add(), and M's own facts too: what every event of a store goes through. F is adopted. */
void machine_add(const struct machine *m, struct facts *f, const struct event *e);

/* "added", "the later wins": how a value is folded; how it is said ("stands", "grows", "fades"). */
const char *custom_fold_text(enum custom_law law);

#endif
