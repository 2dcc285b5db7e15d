/* SPDX-License-Identifier: Apache-2.0 */
/* Deciding what is not announced for now. */
#include "workers/announce.h"
#include "workers/hold_rows.h"

/* *RET when TYPE waits to be told of C. */
static int waits(struct shard *s, const struct customer *c, uint16_t type, bool *ret)
{
	struct held h;
	bool there;
	int rc = held_row_get(s, c, type, &h, &there);

	*ret = *ret || (rc == 0 && there && held_row_waits(&h));
	return rc;
}

/* Pass over TYPE when it waits. */
static int pass_over(struct shard *s, const struct customer *c, uint16_t type, bool *ret_waited)
{
	struct held h;
	bool there;
	int rc = held_row_get(s, c, type, &h, &there);

	if (rc != 0 || !there || !held_row_waits(&h))
		return rc;
	*ret_waited = true;
	return held_row_del(s, c, type, &h);
}

static int snoozed_until(struct shard *s, const struct customer *c, int64_t *ret_until_ms)
{
	struct held h;
	bool there;
	int rc;

	*ret_until_ms = 0;
	if (c->alarm_ms == 0)
		return 0;
	rc = held_row_get(s, c, env_name_find(s->env, span_str(SNOOZE_NAME)), &h, &there);
	if (rc == 0 && there)
		*ret_until_ms = h.until_ms;
	return rc;
}

/* Why a risk of C that is raised at AT_MS has to wait, and until when. */
int hold_risk_waits(struct shard *s, const struct customer *c, uint16_t type, int64_t at_ms,
	struct held *ret)
{
	struct held h;
	bool there;
	int64_t until_ms;
	int rc = snoozed_until(s, c, &until_ms);

	if (rc == 0 && until_ms > at_ms) {
		ret->why = HOLD_SNOOZE;
		ret->until_ms = until_ms;
		return 0;
	}
	if (rc == 0 && c->alarm_ms != 0) {
		rc = held_row_get(s, c, type, &h, &there);
		if (rc == 0 && there && h.why == HOLD_COOLING && h.until_ms > at_ms) {
			ret->why = HOLD_COOL_DOWN;
			ret->until_ms = h.until_ms;
		}
	}
	return rc;
}

/* Released or discarded it is with the rule that holds the other. */
static void wait_as(struct held *ret, const struct held *other)
{
	ret->why = other->why;
	ret->until_ms = other->until_ms;
	if (other->why == HOLD_BREAKER)
		ret->rule = other->rule;
}

/* A crossing has the fate of what made it: of the rung's change, or of all the reasons. */
int hold_crossing_waits(struct shard *s, const struct customer *c, const struct change *ch,
	struct held *ret)
{
	const struct numbering *n = &s->numbering;
	struct held h;
	bool there;
	int rc;

	if (ch->crossing != CROSSING_AT_RISK) {
		rc = held_row_get(s, c, n->rung_id[ch->ladder][ch->to], &h, &there);
		if (rc == 0 && there && held_row_waits(&h))
			wait_as(ret, &h);
		return rc;
	}
	for (unsigned k = 0; k < s->lifecycle->machine->n_risks; k++) {
		if (!(c->standing.verdict.risks >> k & 1))
			continue;
		rc = held_row_get(s, c, n->risk_id[k], &h, &there);
		if (rc != 0)
			return rc;
		if (!there || !held_row_waits(&h)) {
			ret->why = HOLD_NONE; /* one reason has been told */
			return 0;
		}
		if (ret->why == HOLD_NONE || ret->why == HOLD_BREAKER) /* rather what ends by itself */
			wait_as(ret, &h);
	}
	return 0;
}

/* What CH is the other end of: it is not worth telling when that was not told. */
#define ENDS_MAX 2
static unsigned ends_of(const struct numbering *n, const struct change *ch, uint16_t out[ENDS_MAX])
{
	if (ch->kind == CHANGE_RISK_CLEARED) {
		out[0] = n->risk_id[ch->risk];
		return 1;
	}
	if (ch->kind != CHANGE_CROSSING)
		return 0;
	switch (ch->crossing) {
	case CROSSING_RECOVERED: out[0] = n->crossing[CROSSING_AT_RISK]; return 1;
	case CROSSING_WON_BACK: out[0] = n->crossing[CROSSING_LOST]; return 1;
	case CROSSING_LOST:
		out[0] = n->crossing[CROSSING_CONVERTED];
		out[1] = n->crossing[CROSSING_WON_BACK];
		return 2;
	default: return 0;
	}
}

static int ends(struct shard *s, const struct customer *c, const struct change *ch, bool *ret_waited)
{
	uint16_t types[ENDS_MAX];
	unsigned n = ends_of(&s->numbering, ch, types);
	bool left; /* with the customer: nothing comes of it for CH */
	int rc = 0;

	if (ch->kind == CHANGE_CROSSING && ch->crossing == CROSSING_LOST)
		rc = pass_over(s, c, s->numbering.crossing[CROSSING_AT_RISK], &left);
	for (unsigned i = 0; rc == 0 && i < n; i++)
		rc = pass_over(s, c, types[i], ret_waited);
	return rc;
}

int hold_foresee(struct shard *s, const struct customer *c, const struct machine *m,
	const struct numbering *n, const struct change *ch, enum foresight *ret)
{
	struct held h = { .why = HOLD_NONE };
	uint16_t types[ENDS_MAX];
	unsigned n_types = ends_of(n, ch, types);
	bool passed = false;
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < n_types; i++)
		rc = waits(s, c, types[i], &passed);
	if (rc == 0 && ch->kind == CHANGE_RISK_RAISED)
		rc = hold_risk_waits(s, c, n->risk_id[ch->risk], ch->at_ms, &h);
	if (h.why == HOLD_NONE && (ch->kind == CHANGE_RISK_RAISED || ch->kind == CHANGE_RUNG) &&
		silence_would_hold(s, c, m, ch))
		h.why = HOLD_SOURCE;
	*ret = passed ? FORESEEN_PASSED : h.why != HOLD_NONE ? FORESEEN_HELD : FORESEEN_TOLD;
	return rc;
}

int hold_is_held(struct shard *s, const struct customer *c, uint16_t type, bool *ret)
{
	*ret = false;
	return waits(s, c, type, ret);
}

/* The reason for which something that begins has to wait; HOLD_NONE. */
static int begins(struct shard *s, struct customer *c, const struct change *ch, uint16_t type,
	const struct cause *why, struct held *h)
{
	bool held = false;
	int rc = 0;

	if (ch->kind == CHANGE_CROSSING)
		return hold_crossing_waits(s, c, ch, h);
	if (ch->kind == CHANGE_RISK_RAISED)
		rc = hold_risk_waits(s, c, type, ch->at_ms, h);
	if (rc != 0 || h->why != HOLD_NONE)
		return rc;
	if (silence_holds(s, c, ch, why)) {
		h->why = HOLD_SOURCE;
		return 0;
	}
	rc = breaker_takes(s, h->rule, c, ch, why, &held);
	if (held)
		h->why = HOLD_BREAKER;
	return rc;
}

/* What waits and is over with CH, of TYPE; *RET_PASSED when CH is the other end of it. What waits
 * as TYPE is of another time: they left it under a file that had no such rung. */
static int over(struct shard *s, const struct customer *c, const struct change *ch, uint16_t type,
	bool *ret_passed)
{
	bool left; /* where they were: nothing comes of it for CH */
	int rc = ends(s, c, ch, ret_passed);

	if (rc == 0 && !*ret_passed)
		rc = pass_over(s, c, type, &left);
	if (rc != 0 || *ret_passed || ch->kind != CHANGE_RUNG || ch->from == RUNG_NONE)
		return rc;
	return pass_over(s, c, s->numbering.rung_id[ch->ladder][ch->from], &left);
}

int hold_hushed(struct shard *s, const struct customer *c, const struct change *ch, uint16_t type)
{
	bool passed = false;

	return over(s, c, ch, type, &passed);
}

int hold_takes(struct shard *s, struct customer *c, const struct change *ch, uint16_t type,
	uint16_t rule, uint16_t from, const struct cause *why, bool *ret_held)
{
	struct held h = { .rule = rule, .from = from, .at_ms = ch->at_ms };
	int rc;

	*ret_held = false;
	rc = over(s, c, ch, type, ret_held);
	if (rc != 0 || *ret_held || ch->kind == CHANGE_RISK_CLEARED ||
		(ch->kind == CHANGE_CROSSING && ch->crossing == CROSSING_RECOVERED))
		return rc;
	rc = begins(s, c, ch, type, why, &h);
	if (rc != 0 || h.why == HOLD_NONE)
		return rc;
	*ret_held = true;
	return held_row_put(s, c, type, &h);
}

int hold_tell_at_risk(struct shard *s, struct customer *c, const struct change *ch,
	const struct cause *why)
{
	uint16_t type = s->numbering.crossing[CROSSING_AT_RISK];
	struct change at_risk = *ch;
	struct held h;
	bool there;
	int rc = held_row_get(s, c, type, &h, &there);

	if (rc != 0 || !there || !held_row_waits(&h))
		return rc;
	at_risk.kind = CHANGE_CROSSING;
	at_risk.crossing = CROSSING_AT_RISK;
	rc = held_row_del(s, c, type, &h);
	return rc != 0 ? rc : change_announce_late(s, c, &at_risk, type, &h, why);
}

/* The same reason is not told again before the cool-down since it was raised is over. */
static int cool(struct shard *s, struct customer *c, const struct change *ch, uint16_t type)
{
	struct held h = { .why = HOLD_COOLING, .at_ms = ch->at_ms,
		.until_ms = ch->since_ms + s->settings.cool_down_ms };

	if (s->settings.cool_down_ms == 0 || ch->since_ms == 0 || h.until_ms <= ch->at_ms)
		return 0;
	return held_row_put(s, c, type, &h);
}

int hold_announced(struct shard *s, struct customer *c, const struct change *ch, uint16_t type,
	const struct cause *why)
{
	if (ch->kind == CHANGE_RISK_RAISED)
		return hold_tell_at_risk(s, c, ch, why);
	if (ch->kind == CHANGE_RISK_CLEARED)
		return cool(s, c, ch, type);
	return 0;
}

int hold_retracted(struct shard *s, const struct customer *c, uint16_t type, int64_t at_ms)
{
	struct held h;
	bool there;
	int rc = held_row_get(s, c, type, &h, &there);

	if (rc != 0 || !there || h.at_ms != at_ms)
		return rc;
	return held_row_del(s, c, type, &h);
}
