/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/model.h"
#include "base/hash.h"

void model_init(struct model *m, struct sim *s, const struct crowd *c)
{
	*m = (struct model){ .sim = s, .crowd = c };
}

void model_fini(struct model *m)
{
	free(m->accepted);
	free(m->frames);
}

static const struct event *event_of(const struct model *m, unsigned place)
{
	return &m->crowd->events[place];
}

static unsigned shard_of(const struct model *m, const struct event *e)
{
	return hash_shard(e->customer.data, e->customer.size, m->sim->o.shards);
}

enum fate { ACCEPTED, DUPLICATE, CONFLICT, REFUSED };

/* The guard of a shard, by looking at everything it ever took. */
static enum fate guard(const struct model *m, unsigned place)
{
	const struct event *e = event_of(m, place);

	for (unsigned i = 0; i < m->n; i++) {
		const struct event *known = event_of(m, m->accepted[i].place);

		if (!span_eq(known->source, e->source) || shard_of(m, known) != shard_of(m, e))
			continue;
		if (e->sequence != 0 && known->sequence >= e->sequence)
			return DUPLICATE;
		if (e->sequence == 0 && span_eq(known->id, e->id))
			return known->time_ms == e->time_ms ? DUPLICATE : CONFLICT; /* all a variant changes */
	}
	return ACCEPTED;
}

static enum fate fate_of(const struct model *m, unsigned place, bool backfill, int64_t clock_ms)
{
	const struct event *e = event_of(m, place);
	const struct sim_options *o = &m->sim->o;

	if (e->customer.size == 0)
		return REFUSED;
	if (!o->event_clock && e->time_ms > clock_ms + o->in_future_ms)
		return REFUSED;
	if (!o->event_clock && !backfill && e->sequence == 0 &&
		e->time_ms < clock_ms - o->settings.guard_window_ms)
		return REFUSED;
	return guard(m, place);
}

static void accept(struct model *m, unsigned place, uint64_t frame)
{
	if (m->n == m->capacity) {
		m->capacity = m->capacity ? 2 * m->capacity : 64;
		m->accepted = realloc(m->accepted, m->capacity * sizeof *m->accepted);
	}
	m->accepted[m->n++] = (struct model_event){ place, frame };
}

struct model_receipt model_batch(struct model *m, uint64_t frame, bool backfill,
	const unsigned *places, unsigned n, int64_t clock_ms)
{
	struct model_receipt r = { .frame = frame };

	for (unsigned i = 0; i < n; i++) {
		switch (fate_of(m, places[i], backfill, clock_ms)) {
		case ACCEPTED:
			r.accepted++;
			accept(m, places[i], frame);
			break;
		case DUPLICATE: r.duplicates++; break;
		case CONFLICT: r.conflicts++; break;
		case REFUSED: r.refused++; break;
		}
	}
	if (frame == 0) /* nothing of it is in the journal */
		return r;
	if (m->n_frames == m->frames_capacity) {
		m->frames_capacity = m->frames_capacity ? 2 * m->frames_capacity : 64;
		m->frames = realloc(m->frames, m->frames_capacity * sizeof *m->frames);
	}
	m->frames[m->n_frames++] = r;
	return r;
}

void model_forget_after(struct model *m, uint64_t last)
{
	while (m->n && m->accepted[m->n - 1].frame > last)
		m->n--;
	while (m->n_frames && m->frames[m->n_frames - 1].frame > last)
		m->n_frames--;
}

/* ---- notifications */

static struct model_told *told_of(struct model *m, struct span customer)
{
	for (unsigned i = 0; i < CROWD_CUSTOMERS; i++)
		if (span_eq(customer, span_str(crowd_customer[i])))
			return &m->told[i];
	sim_fail(m->sim, "a notification about somebody unknown");
}

static void copy(char to[32], struct span text)
{
	snprintf(to, 32, "%.*s", (int)text.size, (const char *)text.data);
}

/* Of the row NAME in ROWS, or of a free one, the place. */
static unsigned row_of(char rows[][32], unsigned n, struct span name)
{
	unsigned row = 0;

	while (row < n && !span_eq(span_str(rows[row]), name) && rows[row][0])
		row++;
	return row;
}

static void note_rung(struct model *m, struct model_told *t, const struct notification *n)
{
	unsigned row = row_of(t->ladder, LADDERS_MAX, n->ladder);

	if (!m->backfilled && n->from.size && t->ladder[row][0] &&
		!span_eq(n->from, span_str(t->rung[row])))
		sim_fail(m->sim, "%u-%llu: %.*s leaves %.*s, but was said to be on %s", n->shard,
			(unsigned long long)n->sequence, (int)n->customer.size, n->customer.data,
			(int)n->from.size, n->from.data, t->rung[row]);
	if (!m->backfilled && n->from.size && t->ladder[row][0] && n->since_ms != t->since_ms[row])
		sim_fail(m->sim, "%u-%llu: %.*s was on %s since another time", n->shard,
			(unsigned long long)n->sequence, (int)n->customer.size, n->customer.data,
			t->rung[row]);
	t->since_ms[row] = n->at_ms;
	copy(t->ladder[row], n->ladder);
	copy(t->rung[row], n->to);
}

static void note_risk(struct model *m, struct model_told *t, const struct notification *n)
{
	bool up = span_eq(n->to, span_str("raised"));
	unsigned row = 0;

	while (row < RISKS_MAX && !span_eq(span_str(t->raised[row]), n->type))
		row++;
	if (!m->backfilled && up == (row < RISKS_MAX))
		sim_fail(m->sim, "%u-%llu: %.*s is %s twice of %.*s", n->shard,
			(unsigned long long)n->sequence, (int)n->type.size, n->type.data,
			up ? "raised" : "cleared", (int)n->customer.size, n->customer.data);
	if (!m->backfilled && !up && n->since_ms != t->raised_ms[row])
		sim_fail(m->sim, "%u-%llu: the risk was there since another time", n->shard,
			(unsigned long long)n->sequence);
	if (!up && row < RISKS_MAX)
		t->raised[row][0] = '\0';
	for (row = 0; up && row < RISKS_MAX; row++)
		if (t->raised[row][0] == '\0') {
			copy(t->raised[row], n->type);
			t->raised_ms[row] = n->at_ms;
			return;
		}
}

void model_note(struct model *m, const struct notification *n)
{
	struct model_told *t = told_of(m, n->customer);

	if (n->at_ms < t->at_ms)
		sim_fail(m->sim, "%u-%llu goes back in time", n->shard,
			(unsigned long long)n->sequence);
	if (n->noticed_ms < n->at_ms)
		sim_fail(m->sim, "%u-%llu is noticed before it is true", n->shard,
			(unsigned long long)n->sequence);
	t->at_ms = n->at_ms;
	if (n->type.size > 9 && memcmp(n->type.data, "customer.", 9) == 0)
		return;
	if (span_eq(n->ladder, span_str("risk")))
		note_risk(m, t, n);
	else
		note_rung(m, t, n);
}

/* Whoever only listens knows where everybody stands. */
static void check_told(struct model *m, unsigned who, const struct customer *c)
{
	const struct machine *machine = m->sim->lifecycle->machine;
	const struct verdict *v = &c->standing.verdict;
	struct model_told *t = &m->told[who];

	for (unsigned i = 0; i < machine->n_ladders; i++) {
		const struct ladder *l = &machine->ladders[i];
		unsigned row = row_of(t->ladder, LADDERS_MAX, l->name);
		struct span rung = t->ladder[row][0] ? span_str(t->rung[row]) : l->rungs[0].name;

		if (!span_eq(rung, l->rungs[v->rung[i]].name))
			sim_fail(m->sim, "%s stands on %.*s, and the last word was %.*s",
				crowd_customer[who], (int)l->rungs[v->rung[i]].name.size,
				l->rungs[v->rung[i]].name.data, (int)rung.size, rung.data);
	}
	for (unsigned i = 0; i < machine->n_risks; i++) {
		bool raised = false;

		for (unsigned row = 0; row < RISKS_MAX; row++)
			raised |= span_eq(span_str(t->raised[row]), machine->risks[i].id);
		if (raised != (v->risks >> i & 1))
			sim_fail(m->sim, "%s is %sunder %.*s, and nobody was told", crowd_customer[who],
				raised ? "not " : "", (int)machine->risks[i].id.size,
				machine->risks[i].id.data);
	}
}

/* ---- facts and counts */

static unsigned events_of(const struct model *m, unsigned who, struct event *out)
{
	unsigned n = 0;

	for (unsigned i = 0; i < m->n; i++) {
		const struct event *e = event_of(m, m->accepted[i].place);

		if (span_eq(e->customer, span_str(crowd_customer[who])))
			out[n++] = *e;
	}
	return n;
}

/* Referrals that name WHO. */
static void introduce(const struct model *m, unsigned who, struct facts *f)
{
	struct span id = span_str(crowd_customer[who]);

	for (unsigned i = 0; i < m->n; i++) {
		const struct event *e = event_of(m, m->accepted[i].place);

		if (e->body == BODY_REFERRAL && span_eq(e->as.referral.customer, id) &&
			!span_eq(e->customer, id))
			facts_introduce(f, e->customer, e->time_ms);
	}
}

static void credit(const struct facts *of, struct facts all[CROWD_CUSTOMERS])
{
	struct span to = span_of(of->referrer.id, of->referrer.size);

	for (unsigned who = 0; to.size && facts_has_bought(of) && who < CROWD_CUSTOMERS; who++)
		if (span_eq(to, span_str(crowd_customer[who])))
			facts_credit(&all[who], 1);
}

static void fold_all(const struct model *m, struct random *random, struct facts all[CROWD_CUSTOMERS])
{
	struct event *events = malloc((m->n + 1) * sizeof *events);

	for (unsigned who = 0; who < CROWD_CUSTOMERS; who++) {
		unsigned n = events_of(m, who, events);

		random_shuffle(random, events, n); /* any order will do */
		facts_init(&all[who]);
		for (unsigned i = 0; i < n; i++)
			facts_add(&all[who], &events[i], NULL);
		introduce(m, who, &all[who]);
	}
	for (unsigned who = 0; who < CROWD_CUSTOMERS; who++)
		credit(&all[who], all);
	free(events);
}

static void check_customer(struct model *m, unsigned who, const struct facts *facts)
{
	struct customer *c = sim_customer(m->sim, crowd_customer[who]);
	int64_t n = facts->scalar[FACT_events].i;

	if ((c != NULL) != (n > 0))
		sim_fail(m->sim, "%s is %sknown", crowd_customer[who], c ? "" : "not ");
	if (c && !facts_equal(facts, &c->facts))
		sim_fail(m->sim, "the facts of %s are not those of their %lld events",
			crowd_customer[who], (long long)n);
	if (c && !c->stale && !m->backfilled)
		check_told(m, who, c);
	free(c);
}

static void check_counts(struct model *m)
{
	uint64_t accepted = 0, duplicates = 0, conflicts = 0;
	uint64_t want_accepted = 0, want_duplicates = 0, want_conflicts = 0;

	for (unsigned i = 0; i < m->sim->o.shards; i++) {
		const struct env_meta *meta = env_meta(m->sim->env[i]);

		accepted += meta->accepted;
		duplicates += meta->duplicates;
		conflicts += meta->conflicts;
	}
	for (unsigned i = 0; i < m->n_frames; i++) {
		want_accepted += m->frames[i].accepted;
		want_duplicates += m->frames[i].duplicates;
		want_conflicts += m->frames[i].conflicts;
	}
	if (accepted != want_accepted || accepted != m->n || duplicates != want_duplicates ||
		conflicts != want_conflicts)
		sim_fail(m->sim, "the store counts %llu accepted, %llu duplicates, %llu conflicts, and "
			"there were %llu, %llu, %llu", (unsigned long long)accepted,
			(unsigned long long)duplicates, (unsigned long long)conflicts,
			(unsigned long long)want_accepted, (unsigned long long)want_duplicates,
			(unsigned long long)want_conflicts);
}

void model_check(struct model *m, struct random *random)
{
	struct facts *all = malloc(CROWD_CUSTOMERS * sizeof *all);

	sim_deliver(m->sim);
	check_counts(m);
	fold_all(m, random, all);
	for (unsigned who = 0; who < CROWD_CUSTOMERS; who++)
		check_customer(m, who, &all[who]);
	free(all);
}
