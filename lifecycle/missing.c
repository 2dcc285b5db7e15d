/* SPDX-License-Identifier: Apache-2.0 */
/* Missing: the first factor that keeps a potential customer from buying. */
#include "lifecycle/missing.h"

#define REQUIRED (1u << FACTOR_NEED | 1u << FACTOR_ABILITY | 1u << FACTOR_AUTHORITY)

enum factor factor_missing(const struct facts *f)
{
	bool bought = f->scalar[FACT_purchases].i > 0;
	int64_t told = 0;
	unsigned i;

	for (i = 0; i < FACTOR_COUNT; i++)
		told |= f->reg[REGISTER_FACTOR + i].time_ms;
	if (!told) /* most, all of their lives */
		return bought ? FACTOR_COUNT : (enum factor)__builtin_ctz(REQUIRED);
	for (i = 0; i < FACTOR_COUNT; i++) {
		const struct facts_reg *r = &f->reg[REGISTER_FACTOR + i];

		if (r->time_ms && r->value == ANSWER_NO &&
			(!bought || r->time_ms > f->scalar[FACT_last_purchase].i))
			break;
		if (!bought && REQUIRED >> i & 1 && (r->time_ms == 0 || r->value != ANSWER_YES))
			break;
	}
	return (enum factor)i;
}

const char *missing_name(unsigned v)
{
	return v > 0 ? factor_name(v - 1) : NULL;
}
