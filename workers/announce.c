/* SPDX-License-Identifier: Apache-2.0 */
/* One change of a customer: into the outbox and the history. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include "lifecycle/suggest.h"
#include <stdio.h>
#include "workers/announce.h"
#include "workers/hold.h"

static uint16_t change_type(const struct shard *s, const struct change *ch)
{
	switch (ch->kind) {
	case CHANGE_RUNG: return s->numbering.rung_id[ch->ladder][ch->to];
	case CHANGE_CROSSING: return s->numbering.crossing[ch->crossing];
	default: return s->numbering.risk_id[ch->risk];
	}
}

/* The number of a rung's name; of one that the machine does not have, from the record. */
static uint16_t rung_number(const struct shard *s, const struct customer *c, unsigned ladder,
	unsigned rung)
{
	if (rung != RUNG_NONE)
		return s->numbering.rung[ladder][rung];
	for (unsigned i = 0; i < c->n_places; i++)
		if (c->places[i].ladder == s->numbering.ladder[ladder])
			return c->places[i].rung;
	return 0;
}

static void change_ends(const struct shard *s, const struct customer *c, const struct change *ch,
	uint16_t *ret_from, uint16_t *ret_to)
{
	bool up = ch->kind == CHANGE_RISK_RAISED || ch->crossing == CROSSING_AT_RISK;

	if (!change_is_of_risk(ch)) {
		*ret_from = rung_number(s, c, ch->ladder, ch->from);
		*ret_to = s->numbering.rung[ch->ladder][ch->to];
	} else {
		*ret_from = up ? s->numbering.clear : s->numbering.raised;
		*ret_to = up ? s->numbering.raised : s->numbering.clear;
	}
}

static int notes_room(struct outcome *out)
{
	unsigned more = out->notes_capacity ? 2 * out->notes_capacity : 8;
	struct note *grown;

	if (out->n_notes < out->notes_capacity)
		return 0;
	grown = realloc(out->notes, more * sizeof *grown);
	if (!grown)
		return ERR_NOMEM;
	out->notes = grown;
	out->notes_capacity = more;
	return 0;
}

/* Encode N where it stays for all who receive it, behind its type: in the outcome, if there is one. */
static int encode(struct shard *s, const struct notification *n, struct outcome *out,
	struct span *ret_encoded)
{
	struct buf *to = out ? &out->bytes : &s->scratch;
	size_t type_at, at;

	if (out && notes_room(out) != 0)
		return ERR_NOMEM;
	if (!out)
		buf_clear(to);
	type_at = to->size;
	buf_add(to, n->type.data, n->type.size);
	at = to->size;
	notification_encode(to, n);
	if (to->failed)
		return ERR_NOMEM;
	*ret_encoded = span_of(to->data + at, to->size - at);
	if (out)
		out->notes[out->n_notes++] = (struct note){ .sequence = n->sequence,
			.offset = (uint32_t)at, .size = (uint32_t)ret_encoded->size,
			.type_offset = (uint32_t)type_at, .type_size = (uint32_t)n->type.size,
			.at_ms = n->at_ms };
	return 0;
}

/* Where C stands on the ladder `tier`, if the file in force has one. */
static struct span tier_of(const struct machine *m, const struct customer *c)
{
	int ladder = machine_ladder(m, span_str("tier"));
	uint8_t rung = ladder < 0 ? RUNG_NONE : c->standing.verdict.rung[ladder];

	if (rung == RUNG_NONE || rung >= m->ladders[ladder].n_rungs)
		return span_of(NULL, 0);
	return m->ladders[ladder].rungs[rung].name;
}

/* The oldest leave the outbox by the same step, so that its content is a function of the inputs. */
int notification_emit(struct shard *s, struct notification *n, const struct cause *why,
	uint64_t *ret_sequence)
{
	static const unsigned trim_per_add = 4;
	struct outbox_keep keep;
	struct span encoded;
	int rc;

	n->shard = s->number;
	n->sequence = env_meta(s->env)->outbox_last + 1;
	n->noticed_ms = why->input->clock_ms > n->at_ms ? why->input->clock_ms : n->at_ms;
	if (why->message) {
		n->cause_source = why->message->cause_source;
		n->cause_id = why->message->cause_id;
	} else if (why->event) {
		n->cause_source = why->event->source;
		n->cause_id = why->event->id;
	}
	rc = encode(s, n, why->out, &encoded);
	if (rc == 0)
		rc = env_outbox_add(s->env, why->input->taken_ms, encoded, ret_sequence);
	if (rc != 0)
		return rc; /* the store's: what is in the outcome is not handed out */
	assert(*ret_sequence == n->sequence);
	keep = (struct outbox_keep){ s->settings.outbox_keep, s->settings.outbox_keep_bytes,
		why->input->taken_ms - s->settings.outbox_keep_ms };
	return env_outbox_trim(s->env, &keep, trim_per_add);
}

/* Describe CH of C by the machine in force, and emit it. FROM: the number of the rung's name it
 * came from, for one that the machine does not have any more. */
static int change_announce(struct shard *s, struct customer *c, const struct change *ch, uint16_t from,
	const struct cause *why, uint64_t *ret_sequence)
{
	const struct machine *m = s->lifecycle->machine;
	bool is_latest = c->standing.settled_ms == ch->at_ms; /* so its verdict is at hand */
	struct notification n;

	memset(&n, 0, offsetof(struct notification, evidence));
	change_describe(ch, m, &c->facts, is_latest ? &c->standing.verdict : NULL,
		ch->from == RUNG_NONE && from ? env_name(s->env, from) : span_of(NULL, 0), &n);
	n.customer = customer_id(c);
	n.tier = tier_of(m, c);
	return notification_emit(s, &n, why, ret_sequence);
}

/* CH, told under SEQUENCE, as it was when it was held as H. */
static struct told told_late(const struct shard *s, const struct change *ch, const struct held *h,
	uint64_t sequence)
{
	struct told t = { .change = *ch, .sequence = sequence };

	if (ch->at_ms == h->at_ms)
		return t;
	t.told_ms = ch->at_ms;
	t.told_risk = ch->risk;
	t.change.at_ms = h->at_ms;
	for (unsigned k = 0; k < s->lifecycle->machine->n_risks; k++)
		if (s->numbering.risk_id[k] == h->rule)
			t.change.risk = (uint8_t)k;
	return t;
}

int change_announce_late(struct shard *s, struct customer *c, const struct change *ch,
	uint16_t type, const struct held *h, const struct cause *why)
{
	struct told told;
	uint64_t sequence;
	int rc = change_announce(s, c, ch, h->from, why, &sequence);

	if (rc == 0) {
		told = told_late(s, ch, h, sequence);
		tail_announced(&c->tail, &told);
	}
	if (rc == 0)
		rc = env_history_announced(s->env, customer_id(c), type, ch->at_ms, sequence);
	if (rc != 0 && rc != ERR_NOTFOUND)
		return rc;
	return follow_up_open(s, c, type, ch, sequence, why);
}

/* The rule that speaks in CH; as change_describe() names it. */
static uint16_t change_rule(const struct shard *s, const struct change *ch)
{
	const struct machine *m = s->lifecycle->machine;
	const struct ladder *l = &m->ladders[ch->ladder];

	if (change_is_of_risk(ch))
		return s->numbering.risk_id[ch->risk];
	if (l->rungs[ch->to].rule == NODE_NONE && ch->from < l->n_rungs)
		return s->numbering.rung_id[ch->ladder][ch->from];
	return s->numbering.rung_id[ch->ladder][ch->to];
}

static int announce_unless_held(struct shard *s, struct customer *c, const struct change *ch,
	struct history_entry *h, const struct cause *why)
{
	bool held;
	int rc = hold_takes(s, c, ch, h->type, change_rule(s, ch), h->from, why, &held);

	if (rc != 0 || held)
		return rc;
	rc = change_announce(s, c, ch, h->from, why, &h->outbox_sequence);
	if (rc == 0)
		rc = hold_announced(s, c, ch, h->type, why);
	return rc != 0 ? rc : follow_up_open(s, c, h->type, ch, h->outbox_sequence, why);
}

/* What CH leaves behind is nobody's business any more. */
static int end_follow_ups(struct shard *s, struct customer *c, const struct change *ch,
	const struct cause *why)
{
	const struct numbering *n = &s->numbering;
	uint16_t type = 0;

	if (s->lifecycle->machine->n_follow_ups == 0)
		return 0;
	if (ch->kind == CHANGE_RISK_CLEARED)
		type = n->risk_id[ch->risk];
	else if (ch->kind == CHANGE_CROSSING && ch->crossing == CROSSING_LOST)
		type = n->crossing[CROSSING_AT_RISK]; /* nobody can be kept any more */
	else if (ch->kind == CHANGE_RUNG && ch->from != RUNG_NONE)
		type = n->rung_id[ch->ladder][ch->from];
	else if (ch->kind == CHANGE_CROSSING && ch->crossing == CROSSING_RECOVERED)
		type = n->crossing[CROSSING_AT_RISK];
	else if (ch->kind == CHANGE_CROSSING && ch->crossing == CROSSING_WON_BACK)
		type = n->crossing[CROSSING_LOST];
	return type ? follow_up_end(s, c, type, FOLLOW_UP_OVER, why) : 0;
}

static int history_add(struct shard *s, const struct customer *c, const struct history_entry *h)
{
	if (s->settings.history_keep == 0)
		return 0;
	return env_history_add(s->env, customer_id(c), h, s->settings.history_keep);
}

int change_record(struct shard *s, struct customer *c, const struct change *ch,
	const struct cause *why)
{
	struct history_entry h = { .at_ms = ch->at_ms, .kind = ch->kind, .type = change_type(s, ch) };
	int rc;

	change_ends(s, c, ch, &h.from, &h.to);
	rc = end_follow_ups(s, c, ch, why);
	if (rc != 0)
		return rc;
	if (hush_takes(s, c, ch, h.type, why))
		rc = hold_hushed(s, c, ch, h.type);
	else
		rc = announce_unless_held(s, c, ch, &h, why);
	if (rc != 0)
		return rc;
	tail_tell(&c->tail, ch, h.outbox_sequence);
	return history_add(s, c, &h);
}

/* Whoever was told is told again, by the same words that a filter looks at: with the old type in
 * front of the new one, and as severe. Only there is nothing left to do. */
static int emit_retracted(struct shard *s, struct customer *c, const struct change *ch,
	uint64_t retracts, const struct cause *why, uint64_t *ret_sequence)
{
	const struct machine *m = s->lifecycle->machine;
	char id[48], type[2 * NAME_MAX_BYTES + 16];
	struct notification n;

	memset(&n, 0, offsetof(struct notification, evidence));
	change_describe(ch, m, &c->facts, NULL, span_of(NULL, 0), &n);
	snprintf(type, sizeof type, "%.*s.retracted", (int)n.type.size, (const char *)n.type.data);
	snprintf(id, sizeof id, "%u-%llu", s->number, (unsigned long long)retracts);
	n.type = span_str(type);
	n.retracts = span_str(id);
	n.play = span_of(NULL, 0);
	n.customer = customer_id(c);
	n.tier = tier_of(m, c);
	return notification_emit(s, &n, why, ret_sequence);
}

int change_retract(struct shard *s, struct customer *c, const struct change *ch,
	uint64_t retracts, const struct cause *why)
{
	struct history_entry h = { .at_ms = ch->at_ms, .kind = CHANGE_RETRACTED,
				   .type = change_type(s, ch), .retracts = retracts };
	int rc;

	change_ends(s, c, ch, &h.from, &h.to);
	rc = hold_retracted(s, c, h.type, ch->at_ms);
	if (rc == 0)
		rc = follow_up_end(s, c, h.type, FOLLOW_UP_RETRACTED, why);
	if (rc == 0 && retracts != 0)
		rc = emit_retracted(s, c, ch, retracts, why, &h.outbox_sequence);
	return rc != 0 ? rc : history_add(s, c, &h);
}
