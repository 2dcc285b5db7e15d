/* SPDX-License-Identifier: Apache-2.0 */
/* What was announced, as a trail keeps it. */
#include "workers/trail.h"

unsigned trail_told(const struct trail *t, struct told out[TRAIL_TOLD_COUNT])
{
	struct span rest = span_of(t->told, t->told_size), bytes;
	unsigned n = 0;
	uint8_t tag;

	while (n < TRAIL_TOLD_COUNT && piece_next(&rest, &tag, &bytes) == 0)
		if (told_take(&out[n++], bytes) != 0)
			return 0;
	return n;
}

static bool is_same_change(const struct change *a, const struct change *b)
{
	return a->kind == b->kind && a->crossing == b->crossing &&
		(a->kind == CHANGE_CROSSING || (a->at_ms == b->at_ms && a->ladder == b->ladder &&
		a->to == b->to && a->risk == b->risk));
}

static void tell_all(struct trail *t, const struct told *all, unsigned n)
{
	uint8_t *p = t->told;

	for (unsigned i = 0; i < n; i++) {
		if (p + PIECE_TOLD_MAX > t->told + TRAIL_TOLD_MAX) {
			trail_cut(t);
			return;
		}
		p = piece_put_told(p, PIECE_TOLD, &all[i]);
	}
	t->told_size = (uint16_t)(p - t->told);
}

/* A crossing may be told of another reason than that for which it was made. */
void trail_announced(struct trail *t, const struct told *now)
{
	struct told all[TRAIL_TOLD_COUNT];
	unsigned n = trail_told(t, all), at = n;

	while (at > 0 && (all[at - 1].sequence != 0 ||
		!is_same_change(&all[at - 1].change, &now->change)))
		at--;
	if (at == 0)
		return;
	all[at - 1].sequence = now->sequence;
	if (all[at - 1].change.at_ms != now->change.at_ms) {
		all[at - 1].told_ms = now->change.at_ms;
		all[at - 1].told_risk = now->change.risk;
	}
	tell_all(t, all, n);
}

void trail_forget_told(struct trail *t, int64_t settled_ms, struct trail *gone)
{
	struct told all[TRAIL_TOLD_COUNT];
	unsigned n = trail_told(t, all), old = 0;

	while (old < n && all[old].change.at_ms <= settled_ms)
		old++;
	tell_all(gone, all, old);
	tell_all(t, all + old, n - old);
}
