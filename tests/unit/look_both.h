/* SPDX-License-Identifier: Apache-2.0 */
/* One customer looked at both ways: lazily, as kith does, and by an oracle that reads the rules as they
 * are written and asks every one of them, and when each test flips next, after every event. Needs
 * cmocka. */
#ifndef KITH_TESTS_LOOK_BOTH_H
#define KITH_TESTS_LOOK_BOTH_H
#include "lifecycle/judge.h"
#include "random_lifecycle.h"

/* ---- the oracle: no plan, no cache, no mask */

RANDOM_UNUSED bool node_holds(const struct machine *m, uint16_t node, const struct facts *f,
	const struct verdict *v, int64_t now_ms)
{
	const struct node *n = &m->nodes[node];

	switch ((enum node_kind)n->kind) {
	case NODE_TEST: return test_holds(&m->tests[n->left], f, v, now_ms);
	case NODE_NOT: return !node_holds(m, n->left, f, v, now_ms);
	case NODE_AND:
		return node_holds(m, n->left, f, v, now_ms) && node_holds(m, n->right, f, v, now_ms);
	case NODE_OR: break;
	}
	return node_holds(m, n->left, f, v, now_ms) || node_holds(m, n->right, f, v, now_ms);
}

RANDOM_UNUSED void plainly_judge(const struct machine *m, const struct facts *f, int64_t now_ms,
	struct verdict *v)
{
	memset(v->rung, RUNG_NONE, sizeof v->rung);
	for (unsigned i = 0; i < m->n_ladders; i++) {
		const struct ladder *l = &m->ladders[i];

		v->rung[i] = 0;
		for (unsigned r = 1; r < l->n_rungs; r++) {
			struct verdict before = *v;

			if (node_holds(m, l->rungs[r].rule, f, &before, now_ms))
				v->rung[i] = (uint8_t)r;
		}
	}
	v->risks = 0;
	for (unsigned i = 0; i < m->n_risks; i++)
		v->risks |= (uint32_t)node_holds(m, m->risks[i].rule, f, v, now_ms) << i;
}

/* The first flip of any test at which the verdict is another. */
RANDOM_UNUSED int64_t plainly_next(const struct machine *m, const struct facts *f, int64_t now_ms,
	const struct verdict *v)
{
	int64_t flips[TESTS_MAX];
	unsigned n = 0;

	for (unsigned i = 0; i < m->n_tests; i++) {
		flips[n] = m->tests[i].moves ? test_flips_at(m, &m->tests[i], f, v, now_ms) : NEVER;
		n += flips[n] != NEVER;
	}
	for (; n > 0; n--) {
		struct verdict then;
		unsigned first = 0;
		int64_t at_ms;

		for (unsigned i = 1; i < n; i++)
			if (flips[i] < flips[first])
				first = i;
		at_ms = flips[first];
		flips[first] = flips[n - 1];
		plainly_judge(m, f, at_ms, &then);
		if (!verdict_equal(m, &then, v))
			return at_ms;
	}
	return NEVER;
}

/* ---- one customer, looked at both ways */

struct two {
	struct random r;
	const struct machine *m;
	struct facts f;
	struct standing eager, lazy;
	struct buf told, told_lazily; /* every change, as text */
	unsigned looks, left;         /* events, and those after which the instant stayed */
};

RANDOM_UNUSED void tell(struct buf *b, const struct change *changes, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		buf_printf(b, "%lld: kind %u crossing %u ladder %u %u->%u risk %u job %u since %lld\n",
			(long long)changes[i].at_ms, changes[i].kind, changes[i].crossing,
			changes[i].ladder, changes[i].from, changes[i].to, changes[i].risk,
			changes[i].job, (long long)changes[i].since_ms);
}

RANDOM_UNUSED void look_eagerly(struct two *t, int64_t at_ms)
{
	struct change changes[CHANGES_MAX];
	struct verdict v;

	plainly_judge(t->m, &t->f, at_ms, &v);
	tell(&t->told, changes, standing_move(&t->eager, t->m, &v, at_ms, changes));
	t->eager.settled_ms = at_ms;
	t->eager.due_ms = plainly_next(t->m, &t->f, at_ms, &v);
}

RANDOM_UNUSED void assert_same_story(const struct two *t)
{
	const struct standing *a = &t->eager, *b = &t->lazy;

	if (!span_eq(span_of(t->told.data, t->told.size),
		    span_of(t->told_lazily.data, t->told_lazily.size)))
		fail_msg("eager:\n%.*s\nlazy:\n%.*s\n%.*s", (int)t->told.size,
			(const char *)t->told.data, (int)t->told_lazily.size,
			(const char *)t->told_lazily.data, (int)t->m->text.size,
			(const char *)t->m->text.data);
	assert_true(verdict_equal(t->m, &a->verdict, &b->verdict));
	assert_int_equal(a->settled_ms, b->settled_ms);
	assert_int_equal(a->was_actual, b->was_actual);
	assert_memory_equal(a->since_ms, b->since_ms, sizeof a->since_ms);
	assert_memory_equal(a->risk_since_ms, b->risk_since_ms, sizeof a->risk_since_ms);
	assert_true(b->due_ms <= a->due_ms); /* early perhaps, never late */
	assert_true(b->due_ms > b->settled_ms);
}

RANDOM_UNUSED void settle_both(struct two *t, int64_t to_ms)
{
	struct change changes[CHANGES_MAX];

	while (t->eager.due_ms <= to_ms)
		look_eagerly(t, t->eager.due_ms);
	while (t->lazy.due_ms <= to_ms)
		tell(&t->told_lazily, changes, standing_wake(&t->lazy, t->m, &t->f, changes));
	assert_same_story(t);
}

/* As workers/shard.c folds an event: settle up to it, add it, look. */
RANDOM_UNUSED void happens(struct two *t, const struct event *e)
{
	int64_t at_ms = e->time_ms - (random_below(&t->r, 10) ? 0 : (int64_t)random_below(&t->r, DAY));
	bool exactly = random_below(&t->r, 8) == 0;
	struct change changes[CHANGES_MAX];
	struct before before;
	int64_t due_ms;

	settle_both(t, at_ms);
	if (at_ms < t->eager.settled_ms)
		at_ms = t->eager.settled_ms;
	standing_before(t->m, &t->f, e->body, &before);
	machine_add(t->m, &t->f, e);
	due_ms = t->lazy.due_ms;
	look_eagerly(t, at_ms);
	tell(&t->told_lazily, changes, t->lazy.settled_ms == 0
		? standing_begin(&t->lazy, t->m, &t->f, at_ms, changes)
		: standing_event(&t->lazy, t->m, &t->f, e->body, &before, at_ms, exactly, changes));
	assert_same_story(t);
	if (exactly)
		assert_int_equal(t->lazy.due_ms, t->eager.due_ms);
	t->looks++;
	t->left += t->lazy.due_ms == due_ms && due_ms != NEVER;
}

#define EVENTS 60

/* As customers come: again within the hour, the day, the month or the year. Else they are spread evenly. */
RANDOM_UNUSED void cluster(struct random *r, struct event *events, unsigned n)
{
	uint64_t span = (uint64_t)DAY << random_below(r, 7);
	int64_t at_ms = RANDOM_BEGIN_MS + (int64_t)random_below(r, (uint64_t)RANDOM_SPAN_MS);

	for (unsigned i = 0; i < n; i++) {
		switch (random_below(r, 8)) {
		case 0: break; /* at the same millisecond */
		case 1:
		case 2: at_ms += (int64_t)random_below(r, (uint64_t)DAY / 24); break;
		case 3:
		case 4: at_ms += (int64_t)random_below(r, (uint64_t)DAY); break;
		case 5:
		case 6: at_ms += (int64_t)random_below(r, span); break;
		default: at_ms += (int64_t)random_below(r, 300 * (uint64_t)DAY);
		}
		events[i].time_ms = at_ms;
	}
}

RANDOM_UNUSED void happens_at_times(struct two *t, struct event *events, unsigned n)
{
	for (unsigned i = 1; i < n; i++)
		for (unsigned j = i; j > 0 && events[j].time_ms < events[j - 1].time_ms; j--) {
			struct event swap = events[j];

			events[j] = events[j - 1];
			events[j - 1] = swap;
		}
	for (unsigned i = 0; i + 1 < n; i++) /* some come late */
		if (random_below(&t->r, 8) == 0) {
			unsigned j = i + 1 + (unsigned)random_below(&t->r, n - i - 1);
			struct event swap = events[i];

			events[i] = events[j];
			events[j] = swap;
		}
	for (unsigned i = 0; i < n; i++)
		happens(t, &events[i]);
}

#endif
