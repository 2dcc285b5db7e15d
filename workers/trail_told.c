/* SPDX-License-Identifier: Apache-2.0 */
/* What was announced, as a trail keeps it. */
#include "workers/trail.h"

unsigned trail_told(const struct trail *t, struct told out[TRAIL_TOLD_COUNT])
{
	struct span rest = span_of(t->told, t->told_size), bytes;
	unsigned n = 0;
	uint8_t head;

	while (n < TRAIL_TOLD_COUNT && piece_next(&rest, &head, &bytes) == 0)
		if (told_take(&out[n++], bytes) != 0)
			return 0;
	return n;
}

static bool is_same_change(const struct change *a, const struct change *b)
{
	return a->kind == b->kind && a->crossing == b->crossing && a->at_ms == b->at_ms &&
		(a->kind == CHANGE_CROSSING || (a->ladder == b->ladder && a->to == b->to &&
		a->risk == b->risk));
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

/* What was held before the base can still be taken back when it was told of a later reason, whose
 * instant need not lie before it. */
static bool is_told_behind(const struct told *told, int64_t base_ms)
{
	return told->told_ms > base_ms;
}

void trail_announced(struct trail *t, const struct told *now)
{
	struct told all[TRAIL_TOLD_COUNT + 1];
	unsigned n = trail_told(t, all + 1), at = n;

	while (at > 0 && (all[at].sequence != 0 || !is_same_change(&all[at].change, &now->change)))
		at--;
	if (at > 0) {
		all[at].sequence = now->sequence;
		all[at].told_ms = now->told_ms;
		all[at].told_risk = now->told_risk;
		tell_all(t, all + 1, n);
	} else if (now->told_ms) { /* held before the base */
		all[0] = *now;
		tell_all(t, all, n + 1);
	}
}

void trail_forget_told(struct trail *t, int64_t settled_ms, struct trail *gone)
{
	struct told all[TRAIL_TOLD_COUNT], old[TRAIL_TOLD_COUNT];
	unsigned n = trail_told(t, all), n_old = 0, n_new = 0;

	for (unsigned i = 0; i < n; i++)
		if (all[i].change.at_ms <= settled_ms && !is_told_behind(&all[i], settled_ms))
			old[n_old++] = all[i];
		else
			all[n_new++] = all[i];
	tell_all(gone, old, n_old);
	tell_all(t, all, n_new);
}
