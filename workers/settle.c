/* SPDX-License-Identifier: Apache-2.0 */
/* Settling one customer: judge, move, announce, solve, arm. */
#include <assert.h>
#include "workers/announce.h"
#include "workers/hold.h"
#include "workers/story.h"

/* A verdict moves at most once per test between two events, so this many steps are a fault. */
#define SETTLE_STEPS_MAX (4 * TESTS_MAX)

static int record_changes(struct shard *s, struct customer *c, const struct change *changes,
	unsigned n, const struct cause *why)
{
	for (unsigned i = 0; i < n; i++) {
		int rc = why->tell ? why->tell(why->arg, s, c, &changes[i], why) :
			change_record(s, c, &changes[i], why);

		if (rc != 0)
			return rc;
	}
	return 0;
}

void customer_before(const struct shard *s, const struct customer *c, const struct cause *why,
	struct before *ret_before)
{
	if (!c->is_new && why->event) /* else all is asked */
		standing_before(s->lifecycle->machine, &c->facts, why->event->body, ret_before);
}

int customer_judge(struct shard *s, struct customer *c, struct before *before, int64_t at_ms,
	const struct cause *why)
{
	const struct machine *m = s->lifecycle->machine;
	struct change changes[CHANGES_MAX];
	/* While its past is being told, whether a deadline lies in it must be known: see hush(). */
	bool exactly = c->standing.due_ms <= c->quiet_until_ms;
	unsigned n;

	assert(!c->stale);
	if (c->is_new || !why->event)
		n = standing_begin(&c->standing, m, &c->facts, at_ms, changes);
	else
		n = standing_event(&c->standing, m, &c->facts, why->event->body, before, at_ms,
			exactly, changes);
	return record_changes(s, c, changes, n, why);
}

/* The lifecycle file in force is another than the one that judged C last. */
static int customer_adopt(struct shard *s, struct customer *c, const struct cause *why)
{
	const struct machine *m = s->lifecycle->machine;
	int64_t since_ms = machine_since(m), settled_ms = c->standing.settled_ms;
	int64_t due_ms = c->standing.due_ms;
	struct change changes[CHANGES_MAX];
	unsigned n = standing_begin(&c->standing, m, &c->facts,
		settled_ms > since_ms ? settled_ms : since_ms, changes);
	struct cause file = *why;

	s->sweep.judged++;
	s->sweep.moved += c->standing.due_ms != due_ms;
	c->stale = false;
	file.new_file = true;
	return record_changes(s, c, changes, n, &file);
}

/* When C is to be looked at next: a rule flips, or something held comes up. NEVER. */
static int64_t wakes_at(const struct customer *c)
{
	int64_t due = c->standing.due_ms;

	if (customer_is_merged(c))
		return NEVER;
	return c->alarm_ms != 0 && c->alarm_ms < due ? c->alarm_ms : due;
}

/* What is held now has no part in a story that is told again. */
static bool is_rule_next(const struct customer *c, const struct cause *why)
{
	return why->tell || c->standing.due_ms == wakes_at(c);
}

/* Something beside the rules comes up. */
static int ring(struct shard *s, struct customer *c, const struct cause *why)
{
	int64_t now_ms = c->alarm_ms;
	int rc;

	c->alarm_ms = 0;
	rc = hold_wake(s, c, now_ms, why);
	return rc != 0 ? rc : follow_up_wake(s, c, now_ms, why);
}

/* Announce what falls due up to TO_MS. */
static int customer_advance(struct shard *s, struct customer *c, int64_t to_ms,
	const struct cause *why)
{
	struct change changes[CHANGES_MAX];
	unsigned steps = 0, n;
	int rc = 0;

	while (rc == 0 && (why->tell ? c->standing.due_ms : wakes_at(c)) <= to_ms) {
		assert(++steps <= SETTLE_STEPS_MAX);
		if (!is_rule_next(c, why)) {
			rc = ring(s, c, why);
			continue;
		}
		n = standing_wake(&c->standing, s->lifecycle->machine, &c->facts, changes);
		rc = record_changes(s, c, changes, n, why);
	}
	return rc;
}

/* Market signals have changed since C was settled: first what fell due before, as things stood. */
static int customer_heed(struct shard *s, struct customer *c, const struct cause *why)
{
	const struct machine *m = s->lifecycle->machine;
	struct change changes[CHANGES_MAX];
	int64_t at_ms = s->market.since_ms;
	unsigned n;
	int rc = customer_advance(s, c, at_ms, why);

	if (rc != 0)
		return rc;
	c->market_version = s->market.version;
	market_cover(&s->market, c->market_version, &c->facts);
	if (at_ms < c->standing.settled_ms)
		at_ms = c->standing.settled_ms;
	n = standing_begin(&c->standing, m, &c->facts, at_ms, changes);
	return record_changes(s, c, changes, n, why);
}

int customer_settle(struct shard *s, struct customer *c, int64_t to_ms, const struct cause *why)
{
	int rc = 0;

	if (customer_is_merged(c))
		return 0; /* the head speaks for it */
	if (c->stale || c->market_version != s->market.version) {
		if (c->stale)
			rc = customer_adopt(s, c, why);
		if (rc == 0 && c->market_version != s->market.version)
			rc = customer_heed(s, c, why);
		story_begin(s, c); /* under other rules or another market it is not told again */
	}
	return rc != 0 ? rc : customer_advance(s, c, to_ms, why);
}

/* Nobody judges another id of somebody, but what a new file counts is counted of it from now on. */
static void adopt_silent(const struct shard *s, struct customer *c)
{
	c->standing.lifecycle_version = s->lifecycle->machine->version;
}

static void keep_tail(const struct shard *s, struct customer *c)
{
	if (s->settings.late_window_ms != 0)
		tail_keep(&c->tail, s->stories.generation);
}

int customer_load(struct shard *s, struct customer *c, struct span id)
{
	struct span record;
	int rc = env_customer_get(s->env, id, &record);

	if (rc == ERR_NOTFOUND) {
		customer_init(c, id);
		facts_adopt(&c->facts, s->lifecycle->machine);
		c->market_version = s->market.version;
		keep_tail(s, c);
		return 0;
	}
	if (rc != 0)
		return rc;
	rc = customer_unpack(c, id, record, s->lifecycle->machine, &s->numbering);
	if (rc != 0)
		return rc;
	keep_tail(s, c);
	story_ahead(s, c, 0);
	market_cover(&s->market, c->market_version, &c->facts);
	if (customer_is_merged(c))
		adopt_silent(s, c);
	census_take(s, c);
	return 0;
}

static int arm(struct shard *s, struct customer *c)
{
	int64_t due = wakes_at(c);
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

	if (rc == 0)
		rc = story_store(s, c);
	if (rc != 0)
		return rc;
	size = customer_pack_own(c, s->lifecycle->machine, &s->numbering, record);
	c->own_size = (uint16_t)size;
	size = customer_pack_sections(c, record, size);
	tail_written(&c->tail);
	rc = env_customer_put(s->env, customer_id(c), span_of(record, size), c->is_new);
	if (rc == 0) {
		c->is_new = false;
		census_put(s, c);
	}
	return rc;
}
