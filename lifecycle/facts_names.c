/* SPDX-License-Identifier: Apache-2.0 */
/* What the facts are called, and the law of each row: facts.def as tables. */
#include <assert.h>
#include "base/notification.h"
#include "lifecycle/facts_parts.h"

struct row {
	const char *name, *text;
	uint8_t law, unit;
};

static const struct row rows[FACTS_SCALARS] = {
#define FACT(name, law, unit, text) { #name, text, FACT_##law, UNIT_##unit },
#include "lifecycle/facts.def"
#undef FACT
};

static const struct row *row_of(enum fact fact)
{
	assert((unsigned)fact < FACTS_SCALARS);
	return &rows[fact];
}

const char *fact_name(enum fact fact)
{
	return row_of(fact)->name;
}

const char *fact_text(enum fact fact)
{
	return row_of(fact)->text;
}

enum fact_law fact_law(enum fact fact)
{
	return (enum fact_law)row_of(fact)->law;
}

unsigned fact_unit(enum fact fact)
{
	return row_of(fact)->unit;
}

int64_t fact_half_life_ms(enum fact fact)
{
	if (fact_law(fact) != FACT_DECAY)
		return 0;
	return ROWS_30D >> fact & 1 ? 30 * DAY_MS : 180 * DAY_MS;
}

static const struct {
	const char *name;
	const char *(*naming)(unsigned);
} registers[REGISTERS] = {
	[REGISTER_MEMBERSHIP] = { "membership", membership_name },
	[REGISTER_PARTNERSHIP] = { "partnership", partnership_name },
	[REGISTER_CONTRACT] = { "contract", contract_name },
	[REGISTER_CONTRACT_ENDS] = { "contract_ends", NULL },
	[REGISTER_REASON] = { "reason", reason_name },
	[REGISTER_ROLE] = { "role", role_name },
	[REGISTER_ACQUISITION] = { "acquisition", acquisition_name },
	[REGISTER_EXPECTED_MARGIN] = { "expected_margin", NULL },
	[REGISTER_SIGHTING] = { "sighting", sighting_name },
	[REGISTER_MARKET] = { "market", market_name },
	[REGISTER_MARKET_UNTIL] = { "market_until", NULL },
};

const char *facts_register_name(enum facts_register r)
{
	assert((unsigned)r < REGISTERS);
	return r < REGISTER_FACTOR + FACTOR_COUNT ? factor_name(r - REGISTER_FACTOR)
						  : registers[r].name;
}

const char *(*facts_register_naming(enum facts_register r))(unsigned)
{
	assert((unsigned)r < REGISTERS);
	return r < REGISTER_FACTOR + FACTOR_COUNT ? answer_name : registers[r].naming;
}

const char *facts_text_name(enum facts_text t)
{
	static const char *const names[TEXTS] = { "owner", "region", "segment", "held_by",
		"competitor", "account" };

	assert((unsigned)t < TEXTS);
	return names[t];
}
