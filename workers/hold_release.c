/* SPDX-License-Identifier: Apache-2.0 */
/* Announcing what was held: its instant has come, or an operator says so. */
#include "workers/announce.h"
#include "workers/hold_rows.h"

static int rung_of(const struct numbering *n, const struct ladder *l, unsigned ladder,
	uint16_t number)
{
	for (unsigned r = 0; r < l->n_rungs; r++)
		if (n->rung[ladder][r] == number)
			return (int)r;
	return RUNG_NONE;
}

/* The change that TYPE's row H stands for, as the customer stands now. */
static bool change_of(const struct shard *s, const struct customer *c, uint16_t type,
	const struct held *h, struct change *ch)
{
	const struct machine *m = s->lifecycle->machine;
	const struct numbering *n = &s->numbering;
	const struct verdict *v = &c->standing.verdict;

	*ch = (struct change){ .at_ms = h->at_ms, .job = (uint8_t)standing_job(&c->standing, m) };
	for (unsigned k = 0; k < m->n_risks; k++)
		if (n->risk_id[k] == type) {
			ch->kind = CHANGE_RISK_RAISED;
			ch->risk = (uint8_t)k;
			return v->risks >> k & 1;
		}
	for (unsigned l = 0; l < m->n_ladders; l++) {
		ch->ladder = (uint8_t)l;
		ch->from = (uint8_t)rung_of(n, &m->ladders[l], l, h->from);
		ch->to = v->rung[l];
		if (ch->to == RUNG_NONE)
			continue;
		ch->kind = CHANGE_RUNG;
		if (n->rung_id[l][ch->to] == type)
			return true;
		ch->kind = CHANGE_CROSSING;
		for (unsigned x = CROSSING_CONVERTED; m->ladders[l].sided && x <= CROSSING_WON_BACK; x++)
			if (n->crossing[x] == type) {
				ch->crossing = (uint8_t)x;
				return true; /* the opposite one would have taken the row away */
			}
	}
	return false;
}

/* Tell what TYPE's row holds, when it still is so; the row goes. */
static int release(struct shard *s, struct customer *c, uint16_t type, const struct held *h,
	const struct cause *why)
{
	struct change ch;
	int rc = held_row_del(s, c, type, h);

	if (rc != 0 || !change_of(s, c, type, h, &ch))
		return rc;
	rc = change_announce_late(s, c, &ch, type, h, why);
	if (rc == 0 && ch.kind == CHANGE_RISK_RAISED)
		rc = hold_tell_at_risk(s, c, &ch, why);
	return rc;
}

/* One row whose instant has come, or may come. */
static int wake_row(struct shard *s, struct customer *c, uint16_t type, int64_t now_ms,
	const struct cause *why)
{
	struct held h;
	bool there;
	int rc = held_row_get(s, c, type, &h, &there);

	if (rc != 0 || !there || h.until_ms == 0)
		return rc;
	if (h.until_ms > now_ms) {
		held_wake_at(c, h.until_ms);
		return 0;
	}
	if (h.why == HOLD_COOLING)
		return held_row_del(s, c, type, &h);
	return release(s, c, type, &h, why);
}

int hold_wake(struct shard *s, struct customer *c, int64_t now_ms, const struct cause *why)
{
	const struct machine *m = s->lifecycle->machine;
	uint16_t snooze = env_name_number(s->env, span_str(SNOOZE_NAME));
	struct held h;
	bool there;
	int rc = held_row_get(s, c, snooze, &h, &there);

	if (rc == 0 && there && h.until_ms > now_ms)
		held_wake_at(c, h.until_ms);
	else if (rc == 0 && there)
		rc = held_row_del(s, c, snooze, &h);
	for (unsigned k = 0; rc == 0 && k < m->n_risks; k++)
		rc = wake_row(s, c, s->numbering.risk_id[k], now_ms, why);
	return rc != 0 ? rc : wake_row(s, c, s->numbering.crossing[CROSSING_AT_RISK], now_ms, why);
}

int hold_snooze(struct shard *s, struct customer *c, int64_t until_ms, const struct cause *why)
{
	int64_t now_ms = why->input->clock_ms;
	struct held h = { .why = HOLD_SNOOZE, .at_ms = now_ms,
		.until_ms = until_ms > now_ms ? until_ms : now_ms };
	uint16_t snooze = env_name_number(s->env, span_str(SNOOZE_NAME));
	int rc;

	if (snooze == 0)
		return env_failed(s->env);
	rc = held_row_put(s, c, snooze, &h);
	/* A shorter one also wakes those whom a longer one has put to wait. */
	for (unsigned k = 0; rc == 0 && k <= s->lifecycle->machine->n_risks; k++) {
		uint16_t type = k < s->lifecycle->machine->n_risks ? s->numbering.risk_id[k] :
			s->numbering.crossing[CROSSING_AT_RISK];
		struct held row;
		bool there;

		rc = held_row_get(s, c, type, &row, &there);
		if (rc != 0 || !there || row.why != HOLD_SNOOZE)
			continue;
		row.until_ms = h.until_ms;
		rc = held_row_put(s, c, type, &row);
	}
	return rc == 0 && h.until_ms == now_ms ? hold_wake(s, c, now_ms, why) : rc;
}

/* What H, held for a source, waits for from now on; HOLD_NONE: nothing. */
static int waits_still(struct shard *s, struct customer *c, const struct change *ch,
	uint16_t type, struct held *h, const struct cause *why)
{
	bool stopped = false;
	int rc = 0;

	h->why = HOLD_NONE;
	if (ch->kind == CHANGE_CROSSING)
		return hold_crossing_waits(s, c, ch, h);
	if (ch->kind == CHANGE_RISK_RAISED)
		rc = hold_risk_waits(s, c, type, why->input->clock_ms, h);
	if (rc != 0 || h->why != HOLD_NONE)
		return rc;
	rc = breaker_takes(s, h->rule, c, ch, why, &stopped);
	if (stopped)
		h->why = HOLD_BREAKER;
	return rc;
}

/* TYPE's row, if it is held for a source. */
static int release_source_row(struct shard *s, struct customer *c, uint16_t type,
	const struct cause *why)
{
	bool at_risk = type == s->numbering.crossing[CROSSING_AT_RISK], there;
	struct change ch;
	struct held h, row;
	int rc = held_row_get(s, c, type, &h, &there);

	if (rc != 0 || !there || h.why != HOLD_SOURCE)
		return rc;
	row = h;
	if (change_of(s, c, type, &h, &ch) || at_risk) {
		if (at_risk) {
			ch.kind = CHANGE_CROSSING;
			ch.crossing = CROSSING_AT_RISK;
		}
		rc = waits_still(s, c, &ch, type, &row, why);
		if (rc == 0 && row.why != HOLD_NONE)
			return held_row_put(s, c, type, &row);
	}
	return rc != 0 ? rc : release(s, c, type, &h, why);
}

int hold_release_source(struct shard *s, struct customer *c, uint16_t type,
	const struct cause *why)
{
	const struct machine *m = s->lifecycle->machine;
	const struct numbering *n = &s->numbering;
	struct held h;
	bool there;
	int rc = 0;

	for (unsigned l = 0; l < m->n_ladders; l++)
		for (unsigned r = 0; rc == 0 && r < m->ladders[l].n_rungs; r++)
			rc = release_source_row(s, c, n->rung_id[l][r], why);
	for (unsigned x = CROSSING_CONVERTED; rc == 0 && x <= CROSSING_WON_BACK; x++)
		rc = release_source_row(s, c, n->crossing[x], why);
	for (unsigned k = 0; rc == 0 && k < m->n_risks; k++)
		rc = release_source_row(s, c, n->risk_id[k], why);
	if (rc == 0)
		rc = release_source_row(s, c, n->crossing[CROSSING_AT_RISK], why);
	if (rc == 0)
		rc = held_row_get(s, c, type, &h, &there);
	if (rc != 0 || !there || h.why != HOLD_SOURCE)
		return rc;
	return held_row_del(s, c, type, &h); /* of a rule that there is no more */
}

bool hold_is_busy(const struct shard *s)
{
	if (silence_is_busy(s))
		return true;
	for (unsigned i = 0; i < s->breakers.n; i++)
		if (s->breakers.list[i].state >= BREAKER_RELEASING)
			return true;
	return false;
}

/* The types that RULE may speak under: its own and "at risk"; of a rung's rule, all of its ladder,
 * then the crossings of sides. 0: the file does not have it any more, so it may be any. */
#define TYPES_MAX (RUNGS_MAX + CROSSING_COUNT)
static unsigned types_of(const struct shard *s, uint16_t rule, uint16_t out[TYPES_MAX])
{
	const struct machine *m = s->lifecycle->machine;
	unsigned n = 0;

	for (unsigned l = 0; l < m->n_ladders; l++)
		for (unsigned r = 0; r < m->ladders[l].n_rungs; r++)
			if (s->numbering.rung_id[l][r] == rule) {
				for (unsigned i = 0; i < m->ladders[l].n_rungs; i++)
					out[n++] = s->numbering.rung_id[l][i];
				for (unsigned x = CROSSING_CONVERTED; x <= CROSSING_WON_BACK; x++)
					out[n++] = s->numbering.crossing[x];
				return n;
			}
	for (unsigned k = 0; n == 0 && k < m->n_risks; k++)
		if (s->numbering.risk_id[k] == rule) {
			out[n++] = rule;
			out[n++] = s->numbering.crossing[CROSSING_AT_RISK];
		}
	return n;
}

/* One customer of whom B's rule has said TYPE. */
static int step_one(struct shard *s, struct breaker *b, uint16_t type, struct span id,
	const struct cause *why)
{
	struct customer *c = &s->customer;
	uint16_t rule = b->rule;
	bool tell = b->state == BREAKER_RELEASING, there;
	struct held h;
	int rc = customer_load(s, c, id);

	if (rc == 0)
		rc = customer_settle(s, c, why->input->clock_ms, why);
	if (rc == 0)
		rc = held_row_get(s, c, type, &h, &there);
	if (rc == 0 && there && h.why == HOLD_BREAKER && h.rule == rule)
		rc = tell ? release(s, c, type, &h, why) : held_row_del(s, c, type, &h);
	return rc != 0 ? rc : customer_save(s, c);
}

static bool is_stepping(const struct shard *s, unsigned index)
{
	return s->breakers.list[index].state >= BREAKER_RELEASING;
}

/* As many customers of whom the breaker's rule has said TYPE as *LEFT allows. The list of breakers
 * may move meanwhile, and this one may trip: then the rest stays. */
static int step_type(struct shard *s, unsigned index, uint16_t type, const struct cause *why,
	uint32_t *left)
{
	uint16_t rule = s->breakers.list[index].rule;
	uint8_t after[EVENT_CUSTOMER_MAX];
	size_t size = 0;
	struct span id;
	struct held h;

	while (*left > 0 && is_stepping(s, index)) {
		bool mine;
		int rc = env_held_next(s->env, type, span_of(after, size), &id, &h);

		if (rc == ERR_NOTFOUND)
			break;
		if (rc != 0 && !env_row_is_damaged(s->env, rc))
			return rc;
		mine = rc == 0 && h.why == HOLD_BREAKER && h.rule == rule;
		size = id.size;
		memcpy(after, id.data, size);
		if (!mine)
			continue;
		--*left;
		rc = step_one(s, &s->breakers.list[index], type, span_of(after, size), why);
		if (rc != 0 && !shard_sets_aside(s, rc))
			return rc;
		if (rc != 0) /* a damaged record: nothing can be told of it */
			rc = env_held_del(s->env, type, span_of(after, size));
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int step_breaker(struct shard *s, unsigned index, const struct cause *why, uint32_t *left)
{
	uint16_t types[TYPES_MAX], rule = s->breakers.list[index].rule;
	unsigned n = types_of(s, rule, types);
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < n; i++)
		rc = step_type(s, index, types[i], why, left);
	for (unsigned i = 1; rc == 0 && n == 0 && env_name(s->env, (uint16_t)i).size; i++)
		rc = step_type(s, index, (uint16_t)i, why, left);
	if (rc != 0 || *left == 0 || !is_stepping(s, index))
		return rc;
	s->breakers.list[index].state = BREAKER_CLOSED;
	s->breakers.list[index].since_ms = why->input->clock_ms;
	s->breakers.list[index].held = 0;
	return 0;
}

int hold_step(struct shard *s, const struct input *in, uint32_t limit, struct outcome *out)
{
	struct cause why = { .input = in, .out = out };
	int rc = 0;

	for (unsigned i = 0; rc == 0 && limit > 0 && i < s->breakers.n; i++)
		if (is_stepping(s, i))
			rc = step_breaker(s, i, &why, &limit);
	if (rc == 0 && limit > 0 && silence_is_busy(s))
		rc = silence_step(s, in, &limit, out);
	return rc;
}
