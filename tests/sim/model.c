/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/model.h"
#include "base/hash.h"

void model_init(struct model *m, struct sim *s, const struct crowd *c)
{
	*m = (struct model){ .sim = s, .crowd = c };
}

void model_fini(struct model *m)
{
	for (unsigned i = 0; i < CROWD_CUSTOMERS; i++)
		free(m->told[i].said);
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
			return known->time_ms == e->time_ms ? DUPLICATE : CONFLICT; /* all it varies */
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

static void line_of(const struct notification *n, char line[64])
{
	bool crossing = n->type.size > 9 && memcmp(n->type.data, "customer.", 9) == 0;
	bool risk = span_eq(n->ladder, span_str("risk"));
	struct span is = crossing || !risk ? n->ladder : n->type;

	snprintf(line, 64, "%s%.*s", crossing ? "crossing " : "", (int)is.size,
		(const char *)is.data);
}

/* The last word on LINE that stands, or NULL. */
static const struct model_said *last_of(const struct model_told *t, const char *line)
{
	for (unsigned i = t->n; i-- > 0;)
		if (strcmp(t->said[i].line, line) == 0)
			return &t->said[i];
	return NULL;
}

static void note_fail(const struct model *m, const struct notification *n, const char *why)
{
	char at[48];

	sim_fail(m->sim, "%u-%llu: %.*s of %.*s at %s: %s", n->shard,
		(unsigned long long)n->sequence, (int)n->type.size, (const char *)n->type.data,
		(int)n->customer.size, (const char *)n->customer.data, sim_offset(n->at_ms, at), why);
}

static bool text_is(struct span text, const char *is)
{
	return span_eq(text, span_str(is));
}

/* It names one that stands, and says of it what was said. */
static void note_retracted(struct model *m, struct model_told *t, const struct notification *n)
{
	static const char suffix[] = ".retracted";
	unsigned shard, i;
	unsigned long long sequence;
	char id[48];
	struct span type = n->type;

	m->withdrawn++;
	snprintf(id, sizeof id, "%.*s", (int)n->retracts.size, (const char *)n->retracts.data);
	if (sscanf(id, "%u-%llu", &shard, &sequence) != 2)
		note_fail(m, n, "takes back what cannot be read");
	for (i = 0; i < t->n; i++)
		if (t->said[i].shard == shard && t->said[i].sequence == sequence)
			break;
	if (i == t->n)
		note_fail(m, n, "takes back what does not stand");
	type.size -= sizeof suffix - 1;
	if (!text_is(type, t->said[i].type) || !text_is(n->from, t->said[i].from) ||
		!text_is(n->to, t->said[i].to) || n->at_ms != t->said[i].at_ms)
		note_fail(m, n, "takes back something else than it names");
	if (last_of(t, t->said[i].line) != &t->said[i])
		note_fail(m, n, "takes back what others stand on");
	memmove(&t->said[i], &t->said[i + 1], (t->n - i - 1) * sizeof *t->said);
	t->n--;
}

static bool was_lost(const struct model_told *t, int64_t at_ms)
{
	for (unsigned i = 0; i < t->n; i++)
		if (t->said[i].at_ms == at_ms && strcmp(t->said[i].type, "customer.lost") == 0)
			return true;
	return false;
}

/* What follows one another begins where the last one ended. */
static void check_line(const struct model *m, const struct model_told *t,
	const struct notification *n, const char *line)
{
	const struct model_said *last = last_of(t, line);
	bool crossing = strncmp(line, "crossing ", 9) == 0;

	if (!last)
		return;
	if (n->at_ms < last->at_ms)
		note_fail(m, n, "goes back in time");
	/* What was between the two may have been told to nobody, but not in one breath; between two
	 * crossings into risk they were lost and won back. */
	if (n->at_ms == last->at_ms && text_is(n->type, last->type) && text_is(n->to, last->to) &&
		n->lifecycle_version == last->lifecycle_version && m->hidden == last->hidden &&
		!(crossing && was_lost(t, n->at_ms)) &&
		(!m->hidden || n->sequence == last->sequence + 1))
		note_fail(m, n, "is told twice");
	if (m->hidden || crossing)
		return;
	if (n->from.size && !text_is(n->from, last->to))
		note_fail(m, n, "leaves what was not said to be");
	if (n->from.size && n->since_ms != 0 && n->since_ms != last->at_ms)
		note_fail(m, n, "was there since another time");
}

static void note_said(struct model *m, struct model_told *t, const struct notification *n)
{
	struct model_said *said;
	char line[64];

	line_of(n, line);
	check_line(m, t, n, line);
	if (t->n == t->capacity) {
		t->capacity = t->capacity ? 2 * t->capacity : 16;
		t->said = realloc(t->said, t->capacity * sizeof *t->said);
	}
	said = &t->said[t->n++];
	*said = (struct model_said){ .shard = n->shard, .sequence = n->sequence, .at_ms = n->at_ms,
		.lifecycle_version = n->lifecycle_version, .hidden = m->hidden };
	snprintf(said->type, sizeof said->type, "%.*s", (int)n->type.size, (const char *)n->type.data);
	snprintf(said->from, sizeof said->from, "%.*s", (int)n->from.size, (const char *)n->from.data);
	snprintf(said->to, sizeof said->to, "%.*s", (int)n->to.size, (const char *)n->to.data);
	memcpy(said->line, line, sizeof line);
}

void model_note(struct model *m, const struct notification *n)
{
	struct model_told *t;

	if (text_is(n->type, "rule.tripped"))
		m->hidden++; /* what the rule says from now on is held */
	if (n->customer.size == 0)
		return; /* of a source or a rule */
	t = told_of(m, n->customer);
	if (n->noticed_ms < n->at_ms)
		note_fail(m, n, "is noticed before it is true");
	if (n->retracts.size)
		note_retracted(m, t, n);
	else
		note_said(m, t, n);
}

/* Whoever only listens knows where everybody stands. */
static void check_told(struct model *m, unsigned who, const struct customer *c)
{
	const struct machine *machine = m->sim->lifecycle->machine;
	const struct verdict *v = &c->standing.verdict;
	struct model_told *t = &m->told[who];

	for (unsigned i = 0; i < machine->n_ladders; i++) {
		const struct ladder *l = &machine->ladders[i];
		const struct model_said *last;
		struct span rung = l->rungs[0].name;
		char line[64];

		snprintf(line, sizeof line, "%.*s", (int)l->name.size, (const char *)l->name.data);
		last = last_of(t, line);
		if (last)
			rung = span_str(last->to);
		if (!span_eq(rung, l->rungs[v->rung[i]].name))
			sim_fail(m->sim, "%s stands on %.*s, and the last word was %.*s",
				crowd_customer[who], (int)l->rungs[v->rung[i]].name.size,
				l->rungs[v->rung[i]].name.data, (int)rung.size, rung.data);
	}
	for (unsigned i = 0; i < machine->n_risks; i++) {
		const struct model_said *last;
		bool raised;
		char line[64];

		snprintf(line, sizeof line, "%.*s", (int)machine->risks[i].id.size,
			(const char *)machine->risks[i].id.data);
		last = last_of(t, line);
		raised = last && strcmp(last->to, "raised") == 0;
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
	if (c && !c->stale && !m->hidden)
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
