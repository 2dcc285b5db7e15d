/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs in, receipts and notifications out: what daemon/ingest.c and pipeline.c do. */
#include "base/hash.h"
#include "tests/sim/sim.h"

#define JOURNAL_BYTES_MAX (64u << 20) /* of a store that may lie in memory */

/* What the event clock shows when IN has been taken in. */
static int64_t event_clock(const struct sim *s, const struct input *in)
{
	int64_t ms = s->event_ms;

	for (uint32_t i = 0; !in->backfill && i < in->batch.n_events; i++)
		if (in->batch.events[i].time_ms > ms)
			ms = in->batch.events[i].time_ms;
	return ms;
}

static void stamp(const struct sim *s, struct input *in)
{
	in->taken_ms = s->now_ms;
	in->clock_ms = s->o.event_clock ? event_clock(s, in) : s->now_ms;
}

struct sim_task *sim_task_new(struct sim *s, uint16_t type)
{
	struct arena *a = arena_new(16 << 10, 32u << 20);
	struct sim_task *t = a ? calloc(1, sizeof *t) : NULL;

	if (!t)
		sim_fail(s, "out of memory");
	t->arena = a;
	t->input.type = type;
	stamp(s, &t->input);
	return t;
}

void sim_task_free(struct sim *s, struct sim_task *t)
{
	for (unsigned i = 0; i < s->o.shards; i++)
		outcome_fini(&t->outcome[i]);
	input_fini(&t->input);
	buf_fini(&t->raw);
	arena_free(t->arena);
	free(t->label);
	free(t);
}

void sim_group_drop(struct sim *s)
{
	while (s->group) {
		struct sim_task *t = s->group;

		s->group = t->next;
		sim_task_free(s, t);
	}
	s->group_last = &s->group;
}

static uint64_t submit(struct sim *s, struct sim_task *t)
{
	struct payload p = { 0 };
	int rc = 0;

	if (journal_bytes(s->journal) > JOURNAL_BYTES_MAX)
		sim_fail(s, "the journal grows without end");
	input_encode(&t->input, span_of(t->raw.data, t->raw.size), t->refused, t->n_rejected, &p);
	t->input.sequence = journal_append(s->journal, t->input.type, p.parts, p.n, &rc);
	payload_fini(&p);
	if (t->input.sequence == 0)
		sim_fail(s, "an input is not taken: %s", err_text(rc));
	*s->group_last = t;
	s->group_last = &t->next;
	return t->input.sequence;
}

/* ---- batches */

static enum reject time_check(const struct sim *s, const struct input *in, const struct event *e)
{
	if (s->o.event_clock)
		return REJECT_NONE;
	if (e->time_ms > in->clock_ms + s->o.in_future_ms)
		return REJECT_IN_FUTURE;
	if (!in->backfill && e->sequence == 0 &&
		e->time_ms < in->clock_ms - s->o.settings.guard_window_ms)
		return REJECT_TOO_OLD;
	return REJECT_NONE;
}

static void reject(struct sim_task *t, struct rejection r)
{
	t->rejected[t->n_rejected] = r;
	t->refused[t->n_rejected++] = r.index;
}

/* Merge what decoding refused with what the clock does, ascending. */
static void refuse(struct sim *s, struct sim_task *t)
{
	struct batch *b = &t->input.batch;
	uint32_t kept = 0, r = 0;

	t->rejected = arena_alloc(t->arena, (b->n_all + 1) * sizeof *t->rejected);
	t->refused = arena_alloc(t->arena, (b->n_all + 1) * sizeof *t->refused);
	for (uint32_t i = 0; i < b->n_events; i++) {
		enum reject code = time_check(s, &t->input, &b->events[i]);

		while (r < b->n_rejected && b->rejected[r].index < b->index[i])
			reject(t, b->rejected[r++]);
		if (code != REJECT_NONE) {
			reject(t, (struct rejection){ b->index[i], (uint8_t)code, "by its time" });
			continue;
		}
		b->events[kept] = b->events[i];
		b->index[kept++] = b->index[i];
	}
	while (r < b->n_rejected)
		reject(t, b->rejected[r++]);
	b->n_events = kept;
}

static void split(struct sim *s, struct sim_task *t)
{
	const struct batch *b = &t->input.batch;

	for (unsigned i = 0; i < s->o.shards; i++) {
		t->list[i] = arena_alloc(t->arena, (b->n_events + 1) * sizeof *t->list[i]);
		if (!t->list[i])
			sim_fail(s, "out of memory");
	}
	for (uint32_t i = 0; i < b->n_events; i++) {
		struct span id = b->events[i].customer;
		for (unsigned shard = 0; shard < s->o.shards; shard++)
			if (id.size == 0 || hash_shard(id.data, id.size, s->o.shards) == shard)
				t->list[shard][t->n[shard]++] = i;
	}
}

static void make_label(struct sim_task *t, const struct event *e)
{
	t->label = malloc(EVENT_SOURCE_MAX + EVENT_ID_MAX + 2);
	snprintf(t->label, EVENT_SOURCE_MAX + EVENT_ID_MAX + 2, "%.*s/%.*s", (int)e->source.size,
		(const char *)e->source.data, (int)e->id.size, (const char *)e->id.data);
}

static void receipt_out(struct sim *s, struct sim_task *t);

uint64_t sim_submit(struct sim *s, uint64_t number, bool backfill, const struct event *e, size_t n)
{
	struct sim_task *t = sim_task_new(s, INPUT_BATCH);
	struct complaint c = { 0 };
	uint64_t frame;

	batch_encode(&t->raw, number, n ? e[0].source : span_of(NULL, 0), backfill, e, n);
	if (n == 1)
		make_label(t, e);
	if (batch_decode(&t->input.batch, t->raw.data, t->raw.size, t->arena, &c) != 0)
		sim_fail(s, "a batch does not decode: %s", c.text);
	t->input.backfill = t->input.batch.backfill;
	stamp(s, &t->input);
	refuse(s, t);
	split(s, t);
	if (t->input.batch.n_events == 0) {
		receipt_out(s, t);
		sim_task_free(s, t);
		return 0;
	}
	frame = submit(s, t);
	s->event_ms = event_clock(s, &t->input);
	return frame;
}

/* ---- the way through */

static void apply(struct sim *s, unsigned shard, struct sim_task *t, uint32_t n,
	struct outcome *out)
{
	int rc = shard_apply(&s->shard[shard], &t->input, t->list[shard], n, out);

	if (rc != 0)
		sim_fail(s, "shard %u, frame %llu: %s", shard,
			(unsigned long long)t->input.sequence, err_text(rc));
}

static void apply_group(struct sim *s)
{
	for (unsigned i = 0; i < s->o.shards; i++)
		for (struct sim_task *t = s->group; t; t = t->next)
			apply(s, i, t, t->n[i], &t->outcome[i]);
}

/* Each shard gets to another input, one perhaps into the middle of a batch. What is durable may
 * also be committed. */
static void apply_some(struct sim *s, bool durable)
{
	for (unsigned i = 0; i < s->o.shards; i++) {
		struct sim_task *t = s->group;

		for (; t && random_below(&s->random, 3); t = t->next)
			apply(s, i, t, t->n[i], &t->outcome[i]);
		if (durable && random_below(&s->random, 2))
			sim_checkpoint_shard(s, i);
		else if (t && t->n[i])
			apply(s, i, t, (uint32_t)random_below(&s->random, t->n[i]), NULL);
	}
}

static void receipt_line(struct sim *s, const struct sim_task *t, const struct receipt *r)
{
	if (r->duplicates == 0 && r->n_rejected == 0)
		return;
	if (t->label && r->duplicates)
		sim_trace(s, "%s duplicate", t->label);
	else if (t->label)
		sim_trace(s, "%s rejected %s", t->label, reject_name(r->rejected[0].code));
	else
		sim_trace(s, "batch: %u accepted, %u duplicates, %u rejected", r->accepted,
			r->duplicates, r->n_rejected);
}

static void receipt_out(struct sim *s, struct sim_task *t)
{
	struct receipt r = { .number = t->input.batch.number };
	uint32_t n = t->n_rejected;
	struct rejection *all;

	for (unsigned i = 0; i < s->o.shards; i++)
		n += t->outcome[i].n_rejected;
	all = arena_alloc(t->arena, (n + 1) * sizeof *all);
	memcpy(all, t->rejected, t->n_rejected * sizeof *all);
	r.n_rejected = t->n_rejected;
	for (unsigned i = 0; i < s->o.shards; i++) {
		const struct outcome *o = &t->outcome[i];

		r.accepted += o->accepted;
		r.duplicates += o->duplicates;
		for (uint32_t k = 0; k < o->n_rejected; k++)
			all[r.n_rejected++] = o->rejected[k];
	}
	r.rejected = all;
	if (t->input.sequence > s->acknowledged)
		s->acknowledged = t->input.sequence;
	receipt_line(s, t, &r);
	if (s->on_receipt)
		s->on_receipt(s->arg, t->input.sequence, &r);
}

static void task_done(struct sim *s, struct sim_task *t)
{
	if (t->input.sequence > journal_durable(s->journal))
		sim_fail(s, "frame %llu would be answered before it is durable",
			(unsigned long long)t->input.sequence);
	for (unsigned i = 0; i < s->o.shards; i++) {
		const struct outcome *o = &t->outcome[i];

		s->refused = s->refused && o->refused;
		for (unsigned k = 0; k < o->n_notes; k++) {
			if (o->notes[k].sequence != s->n_handed[i] + 1)
				sim_fail(s, "notification %u-%llu follows %llu", i,
					(unsigned long long)o->notes[k].sequence,
					(unsigned long long)s->n_handed[i]);
			sim_hand_out(s, i, span_of(o->bytes.data + o->notes[k].offset,
				o->notes[k].size));
		}
	}
	sim_trace_end(s);
	if (t->input.type == INPUT_BATCH)
		receipt_out(s, t);
}

static bool die(struct sim *s, enum sim_point p)
{
	sim_crash(s);
	sim_trace(s, "crash %s", sim_point_name(p));
	return false;
}

bool sim_flush_group(struct sim *s)
{
	enum sim_point p = s->crash_at < POINT_BEFORE_CHECKPOINT ? s->crash_at : POINT_NONE;
	bool early = random_below(&s->random, 2); /* a worker may be done before the sync is */
	int rc;

	if (!s->group)
		return true;
	if (p == POINT_BEFORE_WRITE)
		return die(s, p);
	rc = journal_write(s->journal, s->now_ms);
	if (rc != 0)
		sim_fail(s, "journal_write: %s", err_text(rc));
	if (p == POINT_AFTER_WRITE) {
		if (early)
			apply_some(s, false);
		return die(s, p);
	}
	if (early && p == POINT_NONE)
		apply_group(s);
	if (journal_sync(s->journal) != 0)
		sim_fail(s, "journal_sync");
	if (p == POINT_AFTER_SYNC)
		return die(s, p);
	if (p == POINT_IN_APPLY) {
		apply_some(s, true);
		return die(s, p);
	}
	if (!early || p != POINT_NONE)
		apply_group(s);
	if (p == POINT_AFTER_APPLY)
		return die(s, p);
	for (struct sim_task *t = s->group; t; t = t->next)
		task_done(s, t);
	sim_group_drop(s);
	return true;
}

bool sim_flush(struct sim *s)
{
	if (s->o.carry_late && random_below(&s->random, 2))
		sim_carry(s);
	if (!sim_flush_group(s))
		return false;
	if (!s->o.carry_late)
		sim_deliver(s);
	return true;
}

void sim_submit_task(struct sim *s, struct sim_task *t)
{
	(void)submit(s, t);
}

/* The group's inputs come before it in the journal, so they are flushed along with it. */
uint64_t sim_submit_one(struct sim *s, struct sim_task *t)
{
	return submit(s, t);
}

bool sim_submit_own(struct sim *s, struct sim_task *t)
{
	(void)submit(s, t);
	return sim_flush(s);
}
