/* SPDX-License-Identifier: Apache-2.0 */
/* Standing: from what was last announced to what is judged now, and what to say about it.
 *
 *            converted (never actual before), won_back (was)
 *   potential ──────────────────────────────────────────────▶ actual
 *             ◀──────────────────────────────────────────────
 *                                  lost
 *   safe ──at_risk──▶ at risk ──recovered──▶ safe
 *                             ──lost──▶ not ours: no longer at risk, whatever reasons hold
 *
 * Whoever is won back and still has a reason is at risk from that moment. */
#include <assert.h>
#include "lifecycle/standing.h"

static const char *const crossings[CROSSING_COUNT] = {
	[CROSSING_CONVERTED] = "customer.converted",
	[CROSSING_LOST] = "customer.lost",
	[CROSSING_WON_BACK] = "customer.won_back",
	[CROSSING_AT_RISK] = "customer.at_risk",
	[CROSSING_RECOVERED] = "customer.recovered",
};

const char *crossing_name(unsigned v)
{
	return v < CROSSING_COUNT ? crossings[v] : NULL;
}

void standing_init(struct standing *s)
{
	*s = (struct standing){ .due_ms = NEVER };
	memset(s->verdict.rung, RUNG_NONE, sizeof s->verdict.rung);
}

/* The changes of one move, as they are found. */
struct move {
	struct change *out;
	unsigned n;
	int64_t at_ms;
	uint8_t job;
};

static struct change *move_add(struct move *mv, enum change_kind kind)
{
	struct change *ch = &mv->out[mv->n++];

	assert(mv->n <= CHANGES_MAX);
	*ch = (struct change){ .kind = kind, .from = RUNG_NONE, .to = RUNG_NONE,
			       .job = mv->job, .at_ms = mv->at_ms };
	return ch;
}

static int sided_ladder(const struct machine *m)
{
	for (unsigned i = 0; i < m->n_ladders; i++)
		if (m->ladders[i].sided)
			return (int)i;
	return -1;
}

static enum side side_of(const struct ladder *l, uint8_t rung)
{
	return rung < l->n_rungs ? l->rungs[rung].side : SIDE_NONE;
}

/* SIDE_NONE before: met for the first time, or on a rung that is gone from the file. */
static enum crossing crossing_of(enum side from, enum side to, bool was_actual, bool settled)
{
	if (to == SIDE_ACTUAL && !was_actual && from != SIDE_ACTUAL)
		return CROSSING_CONVERTED;
	if (to == SIDE_ACTUAL && from == SIDE_POTENTIAL)
		return CROSSING_WON_BACK;
	if (to == SIDE_ACTUAL && from == SIDE_NONE && !settled)
		return CROSSING_WON_BACK;
	if (to == SIDE_POTENTIAL && from == SIDE_ACTUAL)
		return CROSSING_LOST;
	return CROSSING_NONE;
}

static enum job job_of(enum side side, bool was_actual)
{
	if (side == SIDE_ACTUAL)
		return JOB_MAINTAIN;
	if (side == SIDE_POTENTIAL)
		return was_actual ? JOB_WIN_BACK : JOB_DEVELOP;
	return JOB_NONE;
}

enum job standing_job(const struct standing *s, const struct machine *m)
{
	int sided = sided_ladder(m);

	return sided < 0 ? JOB_NONE :
		job_of(side_of(&m->ladders[sided], s->verdict.rung[sided]), s->was_actual);
}

bool standing_is_at_risk(const struct standing *s, const struct machine *m)
{
	return s->verdict.risks != 0 && standing_job(s, m) != JOB_WIN_BACK;
}

static void move_rungs(struct move *mv, struct standing *s, const struct machine *m,
	const struct verdict *v)
{
	for (unsigned i = 0; i < m->n_ladders; i++) {
		uint8_t from = s->verdict.rung[i], to = v->rung[i];

		if (from == to)
			continue;
		/* Met for the first time on this ladder, and at its foot: nothing has happened. A
		 * ladder that a new file adds finds everybody so. */
		if (s->since_ms[i] != 0 || to != 0) {
			struct change *ch = move_add(mv, CHANGE_RUNG);

			ch->ladder = (uint8_t)i;
			ch->from = from;
			ch->to = to;
			ch->since_ms = s->since_ms[i];
		}
		s->since_ms[i] = mv->at_ms;
	}
}

static void move_risks(struct move *mv, struct standing *s, const struct machine *m,
	const struct verdict *v)
{
	uint32_t changed = s->verdict.risks ^ v->risks;

	for (unsigned i = 0; i < m->n_risks; i++) {
		bool raised = v->risks >> i & 1;
		struct change *ch;

		if (!(changed >> i & 1))
			continue;
		ch = move_add(mv, raised ? CHANGE_RISK_RAISED : CHANGE_RISK_CLEARED);
		ch->risk = (uint8_t)i;
		ch->since_ms = raised ? 0 : s->risk_since_ms[i];
		s->risk_since_ms[i] = raised ? mv->at_ms : 0;
	}
}

/* RUNG is the change of the sided ladder's rung. */
static void move_sides(struct move *mv, const struct change *rung, enum crossing crossing)
{
	struct change *ch = move_add(mv, CHANGE_CROSSING);

	ch->crossing = (uint8_t)crossing;
	ch->ladder = rung->ladder;
	ch->from = rung->from;
	ch->to = rung->to;
	ch->since_ms = rung->since_ms;
}

/* The worst of the reasons; of those raised just now, if there are any. */
static void move_at_risk(struct move *mv, const struct machine *m, uint32_t risks)
{
	struct change *ch;
	uint32_t raised = 0;
	unsigned worst = RISKS_MAX;

	for (unsigned i = 0; i < mv->n; i++)
		if (mv->out[i].kind == CHANGE_RISK_RAISED)
			raised |= UINT32_C(1) << mv->out[i].risk;
	for (unsigned i = 0; i < m->n_risks; i++)
		if (((raised ? raised : risks) >> i & 1) && (worst == RISKS_MAX ||
		    m->risks[i].severity > m->risks[worst].severity))
			worst = i;
	ch = move_add(mv, CHANGE_CROSSING);
	ch->crossing = CROSSING_AT_RISK;
	ch->risk = (uint8_t)worst;
}

/* Names the last one gone. */
static void move_recovered(struct move *mv)
{
	const struct change *of = NULL;
	struct change *ch;

	for (unsigned i = 0; i < mv->n; i++)
		if (mv->out[i].kind == CHANGE_RISK_CLEARED)
			of = &mv->out[i];
	if (!of) /* what was cleared has gone from the file: nothing to name */
		return;
	ch = move_add(mv, CHANGE_CROSSING);
	ch->crossing = CROSSING_RECOVERED;
	ch->risk = of->risk;
	ch->since_ms = of->since_ms;
}

unsigned standing_move(struct standing *s, const struct machine *m, const struct verdict *v,
	int64_t at_ms, struct change out[CHANGES_MAX])
{
	struct move mv = { .out = out, .at_ms = at_ms };
	enum crossing crossing = CROSSING_NONE;
	int sided = sided_ladder(m);
	bool was_at_risk = standing_is_at_risk(s, m), is_at_risk;

	if (sided >= 0) {
		const struct ladder *l = &m->ladders[sided];
		enum side from = side_of(l, s->verdict.rung[sided]);
		enum side to = side_of(l, v->rung[sided]);

		crossing = crossing_of(from, to, s->was_actual, s->settled_ms != 0);
		s->was_actual |= from == SIDE_ACTUAL || to == SIDE_ACTUAL;
		mv.job = (uint8_t)job_of(to, s->was_actual);
	}
	move_rungs(&mv, s, m, v);
	move_risks(&mv, s, m, v);
	for (unsigned i = 0; crossing != CROSSING_NONE && i < m->n_ladders && i < mv.n; i++)
		if (out[i].kind == CHANGE_RUNG && out[i].ladder == sided)
			move_sides(&mv, &out[i], crossing);
	is_at_risk = v->risks != 0 && mv.job != JOB_WIN_BACK;
	if (is_at_risk && !was_at_risk)
		move_at_risk(&mv, m, v->risks);
	if (was_at_risk && !is_at_risk && mv.job != JOB_WIN_BACK)
		move_recovered(&mv);
	s->verdict = *v;
	s->lifecycle_version = m->version;
	s->parameters_version = m->parameters_version;
	if (s->settled_ms < at_ms)
		s->settled_ms = at_ms;
	return mv.n;
}
