/* SPDX-License-Identifier: Apache-2.0 */
/* What a law comes to at an instant. */
#include "lifecycle/law.h"
#include "lifecycle/value.h"

/* How far a chance has come, for the formulas of the rhythm. */
static double chance_span(double s)
{
	s = s > 0 ? s : 0;
	return s < CHANCE_SPAN_MS ? s : CHANCE_SPAN_MS;
}

/* In doubles: whole milliseconds are exact up to 2^53 and nothing can overflow. */
bool law_value(const struct law *l, int64_t now_ms, double *ret_value)
{
	double s = (double)now_ms - (double)l->t_ms;

	switch ((enum law_kind)l->kind) {
	case LAW_CONST: *ret_value = l->c; return true;
	case LAW_AGE: *ret_value = s; return true;
	case LAW_REMAINING: *ret_value = -s; return true;
	case LAW_EXP: *ret_value = l->c * exp2(-s / l->half_ms); return true;
	case LAW_MULTIPLE: *ret_value = s / l->c; return true;
	case LAW_ALIVE: *ret_value = tempo_alive(&l->tempo, chance_span(s)); return true;
	case LAW_ACTIVE:
		*ret_value = tempo_active(&l->tempo, chance_span(s), l->window_ms);
		return true;
	case LAW_VALUE:
		*ret_value = lifetime_value(l->facts, l->rhythm, l->whole, now_ms);
		return true;
	case LAW_UNKNOWN: break;
	}
	return false;
}
