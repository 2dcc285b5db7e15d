/* SPDX-License-Identifier: Apache-2.0 */
/* Settling one customer: judge, move, announce, solve, arm. */
#include <assert.h>
#include "workers/announce.h"

/* A verdict moves at most once per test between two events, so this many steps are a fault. */
#define SETTLE_STEPS_MAX (4 * TESTS_MAX)

static int move(struct shard *s, struct customer *c, const struct verdict *v, int64_t at_ms,
	const struct cause *why)
{
	struct change changes[CHANGES_MAX];
	unsigned n = standing_move(&c->standing, s->lifecycle->machine, v, at_ms, changes);

	for (unsigned i = 0; i < n; i++) {
		int rc = change_record(s, c, &changes[i], why);

		if (rc != 0)
			return rc;
	}
	return 0;
}

int customer_judge(struct shard *s, struct customer *c, int64_t at_ms, const struct cause *why)
{
	const struct machine *m = s->lifecycle->machine;
	struct verdict v;
	int rc;

	machine_judge(m, &c->facts, at_ms, &v);
	rc = move(s, c, &v, at_ms, why);
	if (rc != 0)
		return rc;
	c->standing.settled_ms = at_ms;
	c->standing.lifecycle_version = m->version;
	c->standing.due_ms = machine_next_change(m, &c->facts, at_ms, &v);
	c->stale = false;
	return 0;
}

int customer_settle(struct shard *s, struct customer *c, int64_t to_ms, const struct cause *why)
{
	unsigned steps = 0;
	int rc = 0;

	if (c->stale && !c->is_new) {
		int64_t since = s->lifecycle->machine->since_ms;
		int64_t at = c->standing.settled_ms > since ? c->standing.settled_ms : since;

		rc = customer_judge(s, c, at, why);
	}
	while (rc == 0 && c->standing.due_ms <= to_ms) {
		assert(++steps <= SETTLE_STEPS_MAX);
		rc = customer_judge(s, c, c->standing.due_ms, why);
	}
	return rc;
}

int customer_load(struct shard *s, struct customer *c, struct span id)
{
	struct span record;
	int rc = env_customer_get(s->env, id, &record);

	if (rc == ERR_NOTFOUND) {
		customer_init(c, id);
		return 0;
	}
	if (rc != 0)
		return rc;
	rc = customer_unpack(c, id, record, s->lifecycle->machine, &s->numbering);
	if (rc == 0)
		census_count(s, c, -1);
	return rc;
}

static int arm(struct shard *s, struct customer *c)
{
	int64_t due = c->standing.due_ms;
	int rc;

	if (due == NEVER || (c->armed_ms != 0 && c->armed_ms <= due))
		return 0;
	if (c->armed_ms != 0) {
		rc = env_deadline_del(s->env, c->armed_ms, customer_id(c));
		if (rc != 0)
			return rc;
	}
	c->armed_ms = due;
	if (due < s->next_due_ms)
		s->next_due_ms = due;
	return env_deadline_put(s->env, due, customer_id(c));
}

int customer_save(struct shard *s, struct customer *c)
{
	uint8_t record[RECORD_MAX];
	size_t size;
	int rc = arm(s, c);

	if (rc != 0)
		return rc;
	size = customer_pack(c, s->lifecycle->machine, &s->numbering, record);
	rc = env_customer_put(s->env, customer_id(c), span_of(record, size), c->is_new);
	if (rc == 0) {
		c->is_new = false;
		census_count(s, c, +1);
	}
	return rc;
}
