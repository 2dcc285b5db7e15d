/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing: one test by itself. For judging, the solver and evidence. */
#ifndef KITH_LIFECYCLE_JUDGE_H
#define KITH_LIFECYCLE_JUDGE_H
#include "lifecycle/standing.h"

/* A test between numbers: LAW OP BOUND. The law is apart because quantity_law() shall write it
 * where it stays: copying it just after costs more than all the rest of a test. */
struct comparison {
	const struct law *law;
	double bound;
	uint8_t op; /* enum test_op, not OP_IN */
};

/* Give LAW, that of T's quantity, the window of active(30d), and any window its season. Apart for
 * the same reason. */
static inline void law_adopt_window(struct law *law, const struct test *t)
{
	if (law->kind != LAW_ACTIVE)
		return;
	if (t->window_ms > 0)
		law->window_ms = t->window_ms;
	if (t->rhythm->classes)
		law->window_ms *= rhythm_season(t->rhythm, law->t_ms);
}

/* LAW is that of T's quantity for F; T is not OP_IN. False when a value is unknown, so that T does
 * not hold whatever the time. */
bool comparison_read(const struct test *t, const struct facts *f, const struct law *law,
	struct comparison *ret_c);
bool comparison_holds(const struct comparison *c, int64_t now_ms);
/* The same, by V, the value of its law at that instant. */
bool comparison_accepts(const struct comparison *c, double v);

/* Which of less, equal, greater (bits 0, 1, 2) an operator accepts. Without a branch: the
 * outcome is as good as random, and a judgement is mostly this. */
static inline bool is_accepted(unsigned op, double v, double bound)
{
	static const uint8_t accepts[] = {
		[OP_LT] = 1, [OP_LE] = 3, [OP_GT] = 4, [OP_GE] = 6, [OP_EQ] = 2, [OP_NE] = 5,
		[OP_IS] = 5, /* a flag's bound is 0 */
	};
	unsigned relation = (unsigned)(v < bound) | (unsigned)(v == bound) << 1 |
		(unsigned)(v > bound) << 2;

	return (accepts[op] & relation) != 0;
}

/* One test by itself, its law taken from F anew. V has the rungs of the ladders that it may
 * read. */
bool test_holds(const struct test *t, const struct facts *f, const struct verdict *v,
	int64_t now_ms);

#endif
