/* SPDX-License-Identifier: Apache-2.0 */
/* Settling one customer: judge, move, announce, solve, arm. */
#include <assert.h>
#include <stdlib.h>
#include "workers/settle.h"

/* A verdict moves at most once per test between two events, so this many steps are a fault. */
#define SETTLE_STEPS_MAX (4 * TESTS_MAX)

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

	if (ch->kind == CHANGE_RUNG || (ch->kind == CHANGE_CROSSING &&
		ch->crossing != CROSSING_AT_RISK && ch->crossing != CROSSING_RECOVERED)) {
		*ret_from = rung_number(s, c, ch->ladder, ch->from);
		*ret_to = s->numbering.rung[ch->ladder][ch->to];
	} else {
		*ret_from = up ? s->numbering.clear : s->numbering.raised;
		*ret_to = up ? s->numbering.raised : s->numbering.clear;
	}
}

static int note_add(struct outcome *out, const struct notification *n, const struct buf *encoded)
{
	struct note *note;

	if (out->n_notes == out->notes_capacity) {
		unsigned more = out->notes_capacity ? 2 * out->notes_capacity : 8;
		struct note *grown = realloc(out->notes, more * sizeof *grown);

		if (!grown)
			return ERR_NOMEM;
		out->notes = grown;
		out->notes_capacity = more;
	}
	note = &out->notes[out->n_notes];
	note->sequence = n->sequence;
	note->at_ms = n->at_ms;
	note->type_offset = (uint32_t)out->bytes.size;
	note->type_size = (uint32_t)n->type.size;
	buf_add(&out->bytes, n->type.data, n->type.size);
	note->offset = (uint32_t)out->bytes.size;
	note->size = (uint32_t)encoded->size;
	buf_add(&out->bytes, encoded->data, encoded->size);
	if (out->bytes.failed)
		return ERR_NOMEM;
	out->n_notes++;
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

/* Encode, number and put into the outbox; the oldest leave it by the same step, so that its
 * content is a function of the inputs. */
static int announce(struct shard *s, struct customer *c, const struct change *ch,
	uint16_t from, const struct cause *why, uint64_t *ret_sequence)
{
	static const unsigned trim_per_add = 4;
	struct notification n;
	struct env_meta *meta = env_meta(s->env);
	struct outbox_keep keep;
	int rc;

	memset(&n, 0, offsetof(struct notification, evidence));
	change_describe(ch, s->lifecycle->machine, &c->facts,
		ch->from == RUNG_NONE && from ? env_name(s->env, from) : span_of(NULL, 0), &n);
	n.shard = s->number;
	n.sequence = meta->outbox_last + 1;
	n.customer = customer_id(c);
	n.tier = tier_of(s->lifecycle->machine, c);
	n.noticed_ms = why->input->clock_ms > n.at_ms ? why->input->clock_ms : n.at_ms;
	if (why->event) {
		n.cause_source = why->event->source;
		n.cause_id = why->event->id;
	}
	buf_clear(&s->scratch);
	notification_encode(&s->scratch, &n);
	if (s->scratch.failed)
		return ERR_NOMEM;
	rc = env_outbox_add(s->env, why->input->taken_ms,
		span_of(s->scratch.data, s->scratch.size), ret_sequence);
	if (rc != 0)
		return rc;
	assert(*ret_sequence == n.sequence);
	keep = (struct outbox_keep){ s->settings.outbox_keep, s->settings.outbox_keep_bytes,
		why->input->taken_ms - s->settings.outbox_keep_ms };
	rc = env_outbox_trim(s->env, &keep, trim_per_add);
	if (rc != 0 || !why->out)
		return rc;
	return note_add(why->out, &n, &s->scratch);
}

static int record_change(struct shard *s, struct customer *c, const struct change *ch,
	const struct cause *why)
{
	struct history_entry h = { .at_ms = ch->at_ms, .kind = ch->kind, .type = change_type(s, ch) };
	int rc;

	change_ends(s, c, ch, &h.from, &h.to);
	/* What a live event does is told, also when it happened before the history was read in. */
	if (ch->at_ms > c->quiet_until_ms || (why->event && !why->input->backfill)) {
		rc = announce(s, c, ch, h.from, why, &h.outbox_sequence);
		if (rc != 0)
			return rc;
	}
	if (s->settings.history_keep == 0)
		return 0;
	return env_history_add(s->env, customer_id(c), &h, s->settings.history_keep);
}

static int move(struct shard *s, struct customer *c, const struct verdict *v, int64_t at_ms,
	const struct cause *why)
{
	struct change changes[CHANGES_MAX];
	unsigned n = standing_move(&c->standing, s->lifecycle->machine, v, at_ms, changes);

	for (unsigned i = 0; i < n; i++) {
		int rc = record_change(s, c, &changes[i], why);

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
