/* SPDX-License-Identifier: Apache-2.0 */
/* Check: everything that stands in a store, and what ought to stand there, as lines for sweep.py.
 *
 *   position S N            shard S has applied up to frame N
 *   accepted N              events that had an effect, ever
 *   facts C N HASH          customer C has N events, and these facts
 *   standing C TEXT         what was last announced of C
 *   outbox S FIRST LAST     and its content: note S-N HASH
 *   subscription S NAME N   acknowledged up to N
 *   problem TEXT
 * and from expect():
 *   batch B ACCEPTED DUPLICATES CONFLICTS   when it comes for the first time, after those before
 *   after B C N HASH                        facts of C when all batches up to B have come */
#ifndef KITH_TESTS_STORE_CHECK_H
#define KITH_TESTS_STORE_CHECK_H
#include "base/log.h"
#include "tests/faults/store_scenario.h"
#include "tests/faults/store_world.h"

static uint64_t facts_hash(const struct facts *f)
{
	uint8_t bytes[FACTS_PACKED_MAX];

	return hash_64(bytes, facts_pack(f, bytes), 0);
}

static void say_problem(void *arg, const char *text)
{
	(void)arg;
	say("problem %s\n", text);
}

static void check_rows(struct env *e, unsigned shard)
{
	struct env_report report;
	long n = env_verify(e, &report, say_problem, NULL, record_armed);

	if (n < 0)
		say("problem shard %u cannot be read: %s\n", shard, err_text((int)n));
}

static void say_standing(const struct customer *c, const struct machine *m)
{
	const struct standing *s = &c->standing;
	struct buf b = { 0 };

	for (unsigned l = 0; l < m->n_ladders; l++) {
		const struct ladder *ladder = &m->ladders[l];
		struct span at = s->verdict.rung[l] == RUNG_NONE ? span_str("none") :
			ladder->rungs[s->verdict.rung[l]].name;

		buf_printf(&b, " %.*s:%.*s@%" PRId64, (int)ladder->name.size,
			(const char *)ladder->name.data, (int)at.size, (const char *)at.data,
			s->since_ms[l]);
	}
	for (unsigned k = 0; k < m->n_risks; k++)
		if (s->verdict.risks >> k & 1)
			buf_printf(&b, " %.*s@%" PRId64, (int)m->risks[k].name.size,
				(const char *)m->risks[k].name.data, s->risk_since_ms[k]);
	say("standing %.*s%s settled@%" PRId64 " due@%" PRId64 " actual=%d version=%u\n", c->id_size,
		(const char *)c->id, (const char *)b.data, s->settled_ms, s->due_ms, s->was_actual,
		s->lifecycle_version);
	buf_fini(&b);
}

static void check_customers(struct shard *s)
{
	static struct customer c;
	uint8_t after[EVENT_CUSTOMER_MAX];
	struct span at = { NULL, 0 }, id, record;
	int rc;

	while ((rc = env_customer_next(s->env, at, &id, &record)) == 0) {
		memcpy(after, id.data, id.size);
		at = span_of(after, id.size);
		rc = shard_customer(s, at, &c);
		if (rc != 0) {
			say("problem customer %.*s: %s\n", (int)at.size, (const char *)after,
				err_text(rc));
			continue;
		}
		say("facts %.*s %" PRId64 " %016" PRIx64 "\n", c.id_size, (const char *)c.id,
			c.facts.scalar[FACT_events].i, facts_hash(&c.facts));
		say_standing(&c, s->lifecycle->machine);
	}
	if (rc != ERR_NOTFOUND)
		say("problem customers of shard %u: %s\n", s->number, err_text(rc));
}

static void check_outbox(struct env *e, unsigned shard)
{
	const struct env_meta *m = env_meta(e);

	say("outbox %u %" PRIu64 " %" PRIu64 "\n", shard, m->outbox_first, m->outbox_last);
	for (uint64_t n = m->outbox_first; n <= m->outbox_last; n++) {
		struct span encoded;
		int64_t taken;
		int rc = env_outbox_get(e, n, &taken, &encoded);

		if (rc != 0)
			say("problem notification %u-%" PRIu64 ": %s\n", shard, n, err_text(rc));
		else
			say("note %u-%" PRIu64 " %016" PRIx64 "\n", shard, n,
				hash_64(encoded.data, encoded.size, 0));
	}
}

static void check_subscriptions(struct env *e, unsigned shard)
{
	uint8_t after[EVENT_TEXT_MAX];
	struct span at = { NULL, 0 }, name, record;

	while (env_subscription_next(e, at, &name, &record) == 0) {
		say("subscription %u %.*s %" PRIu64 "\n", shard, (int)name.size,
			(const char *)name.data, record.size < 8 ? 0 : get_le64(record.data));
		memcpy(after, name.data, name.size);
		at = span_of(after, name.size);
	}
}

static void check_journal(const struct world *w)
{
	struct journal_reader *r = NULL;
	struct complaint c = { 0 };
	uint64_t next = journal_first(w->journal);
	struct frame f;
	int rc = journal_reader_open(w->journal_dir, w->store.id, 0, &r, &c);

	for (; rc == 0 && (rc = journal_reader_next(r, &f, &c)) == 0; next++)
		if (f.sequence != next)
			say("problem frame %" PRIu64 " where %" PRIu64 " belongs\n", f.sequence, next);
	if (rc != ERR_NOTFOUND || next != journal_last(w->journal) + 1)
		say("problem journal: ends at %" PRIu64 " instead of %" PRIu64 ": %s\n", next - 1,
			journal_last(w->journal), c.text);
	journal_reader_close(r);
}

static int check(struct world *w)
{
	uint64_t accepted = 0;

	for (unsigned i = 0; i < WORLD_SHARDS; i++) {
		struct env_meta *m = env_meta(w->env[i]);

		check_rows(w->env[i], i);
		say("position %u %" PRIu64 "\n", i, m->position);
		accepted += m->accepted;
		check_customers(&w->shard[i]);
		check_outbox(w->env[i], i);
		check_subscriptions(w->env[i], i);
	}
	say("accepted %" PRIu64 "\n", accepted);
	check_journal(w);
	return 0;
}

/* -- without a store: the fold alone */

static void expect_facts(unsigned batch, const struct facts *all)
{
	for (unsigned i = 0; i < SCENARIO_CUSTOMERS; i++)
		if (all[i].scalar[FACT_events].i != 0)
			say("after %u c-%02u %" PRId64 " %016" PRIx64 "\n", batch, i,
				all[i].scalar[FACT_events].i, facts_hash(&all[i]));
}

static int expect(uint64_t seed, struct arena *a)
{
	static struct facts all[SCENARIO_CUSTOMERS];
	struct scenario_event made;

	for (unsigned i = 0; i < SCENARIO_CUSTOMERS; i++)
		facts_init(&all[i]);
	for (unsigned b = 1; b <= SCENARIO_BATCHES; b++) {
		unsigned how[3] = { 0 };
		struct complaint c = { 0 };
		struct buf raw = { 0 };
		struct batch batch;

		arena_reset(a);
		scenario_message(seed, b, &raw, how);
		if (batch_decode(&batch, raw.data, raw.size, a, &c) != 0)
			return EXIT_WRONG;
		for (unsigned i = 0; i < batch.n_events; i++) {
			scenario_event(seed, b, batch.index[i], &made);
			if (made.kind == EVENT_FRESH)
				facts_add(&all[atoi(made.customer + 2)], &batch.events[i], NULL);
		}
		buf_fini(&raw);
		say("batch %u %u %u %u\n", b, how[EVENT_FRESH], how[EVENT_RESENT],
			how[EVENT_CONFLICT]);
		expect_facts(b, all);
	}
	return 0;
}

#endif
