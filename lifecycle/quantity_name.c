/* SPDX-License-Identifier: Apache-2.0 */
/* What quantities are called, and what their numbers mean. */
#include <assert.h>
#include "lifecycle/missing.h"
#include "lifecycle/quantity.h"

static const struct {
	const char *name, *text;
	uint8_t unit, law;
	uint16_t by;
} quantities[QUANTITIES] = {
#define QUANTITY(name, unit, law, by, reading, text) { #name, text, UNIT_##unit, LAW_##law, by },
#include "lifecycle/quantity.def"
#undef QUANTITY
};

const char *quantity_name(enum quantity q)
{
	assert(q < QUANTITIES);
	return quantities[q].name;
}

const char *quantity_text(enum quantity q)
{
	assert(q < QUANTITIES);
	return quantities[q].text;
}

unsigned quantity_unit(enum quantity q)
{
	assert(q < QUANTITIES);
	return quantities[q].unit;
}

enum law_kind quantity_law_kind(enum quantity q)
{
	assert(q < QUANTITIES);
	return quantities[q].law;
}

unsigned quantity_changed_by(enum quantity q)
{
	assert(q < QUANTITIES);
	return quantities[q].by;
}

bool quantity_has_rhythm(unsigned q)
{
	return q == QUANTITY_alive || q == QUANTITY_active || q == QUANTITY_overdue ||
		q == QUANTITY_expected_next || q == QUANTITY_potential_value ||
		q == QUANTITY_lifetime_value;
}

bool quantity_takes_window(enum quantity q)
{
	return quantity_law_kind(q) == LAW_ACTIVE;
}

const char *(*quantity_naming(enum quantity q))(unsigned)
{
	switch (q) {
	case QUANTITY_role: return role_name;
	case QUANTITY_acquisition: return acquisition_name;
	case QUANTITY_reason: return reason_name;
	case QUANTITY_reason_group: return reason_group_name;
	case QUANTITY_missing: return missing_name;
	case QUANTITY_sighting: return sighting_name;
	case QUANTITY_market_factor: return market_name;
	default: return NULL;
	}
}

int quantity_lookup(struct span name)
{
	for (unsigned q = 0; q < QUANTITIES; q++)
		if (span_eq(span_str(quantities[q].name), name))
			return (int)q;
	return -1;
}
