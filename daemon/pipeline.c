/* SPDX-License-Identifier: Apache-2.0 */
/* The pipeline: journal, workers, hand-out. */
#include <assert.h>
#include <stdlib.h>
#include "base/clock.h"
#include "daemon/daemon.h"

#define ARENA_FIRST (64u << 10)
#define ARENA_LIMIT (32u << 20)
#define SPARE_MAX   64
#define TELL_NS     INT64_C(200000) /* at a time: senders wait meanwhile */
#define TELL_NOTES  8               /* before the clock is looked at: some 0.04 ms */
#define SPARE_BYTES (512u << 10)
#define SPARE_OUTCOMES      128
#define SPARE_OUTCOME_BYTES (32u << 10)
#define SPARE_OUTCOME_NOTES 256

void pipeline_init(struct pipeline *p, struct journal *journal)
{
	memset(p, 0, sizeof *p);
	p->journal = journal;
	atomic_store(&p->durable, journal_durable(journal));
	p->group_last = &p->group;
	mails_init(&p->held);
	mails_init(&p->telling);
}

/* In the syncer's thread: shards may know at once, … */
static void sync_over(void *arg, int rc)
{
	struct pipeline *p = arg;

	if (rc == 0)
		atomic_store(&p->durable, p->syncing);
}

/* … and the main thread is left alone where there is nothing for it to do. */
static void sync_wakes(void *arg, int rc, bool awaited)
{
	struct pipeline *p = arg;

	atomic_thread_fence(memory_order_seq_cst); /* note "not durable yet", worker.c */
	if (rc != 0 || awaited || mailbox_is_whole(p->returned))
		p->wake(p->wake_arg);
}

int pipeline_start(struct pipeline *p, struct mailbox *returned, void (*wake)(void *arg), void *arg)
{
	p->returned = returned;
	p->wake = wake;
	p->wake_arg = arg;
	return syncer_start(&p->syncer, p->journal, sync_over, sync_wakes, p);
}

void pipeline_fini(struct pipeline *p)
{
	syncer_stop(&p->syncer);
	for (unsigned i = 0; i < p->n_spare; i++)
		arena_free(p->spare[i]);
	free(p->spare);
	for (unsigned i = 0; i < p->n_spare_outcomes; i++)
		outcome_fini(&p->spare_outcomes[i]);
	free(p->spare_outcomes);
	payload_fini(&p->payload);
	journal_close(p->journal);
	p->journal = NULL;
}

static struct arena *arena_take(struct pipeline *p)
{
	if (p->n_spare)
		return p->spare[--p->n_spare];
	return arena_new(ARENA_FIRST, ARENA_LIMIT);
}

static void arena_give(struct pipeline *p, struct arena *a)
{
	arena_reset(a);
	if (!p->spare)
		p->spare = malloc(SPARE_MAX * sizeof *p->spare);
	if (!p->spare || p->n_spare == SPARE_MAX || arena_held(a) > SPARE_BYTES)
		arena_free(a);
	else
		p->spare[p->n_spare++] = a;
}

static struct outcome outcome_take(struct pipeline *p)
{
	return p->n_spare_outcomes ? p->spare_outcomes[--p->n_spare_outcomes] : (struct outcome){ 0 };
}

/* A shard fills them and the main thread empties them: memory of one thread that another one frees is
 * dear, so it is not freed. */
static void outcome_give(struct pipeline *p, struct outcome *o)
{
	if (!p->spare_outcomes)
		p->spare_outcomes = malloc(SPARE_OUTCOMES * sizeof *p->spare_outcomes);
	if (!p->spare_outcomes || p->n_spare_outcomes == SPARE_OUTCOMES ||
		o->bytes.capacity > SPARE_OUTCOME_BYTES || o->notes_capacity > SPARE_OUTCOME_NOTES) {
		outcome_fini(o);
		return;
	}
	outcome_clear(o);
	p->spare_outcomes[p->n_spare_outcomes++] = *o;
}

struct task *task_new(struct daemon *d)
{
	struct arena *a = arena_take(&d->pipeline);
	struct task *t = a ? arena_alloc(a, sizeof *t) : NULL;
	unsigned n = d->store.shards;

	if (!t) {
		arena_free(a);
		return NULL;
	}
	memset(t, 0, sizeof *t);
	t->arena = a;
	t->work.parts = arena_alloc(a, n * sizeof *t->work.parts);
	if (!t->work.parts) {
		arena_give(&d->pipeline, a);
		return NULL;
	}
	memset(t->work.parts, 0, n * sizeof *t->work.parts);
	t->work.n_parts = t->work.n_left = n;
	t->work.owner = t;
	for (unsigned i = 0; i < n; i++) {
		t->work.parts[i].mail.kind = MAIL_PART;
		t->work.parts[i].mail.left = &t->work.n_left;
		t->work.parts[i].work = &t->work;
		t->work.parts[i].shard = i;
		t->work.parts[i].outcome = outcome_take(&d->pipeline);
	}
	return t;
}

void task_free(struct daemon *d, struct task *t)
{
	for (unsigned i = 0; i < t->work.n_parts; i++)
		outcome_give(&d->pipeline, &t->work.parts[i].outcome);
	input_fini(&t->work.input);
	arena_give(&d->pipeline, t->arena);
}

int pipeline_submit(struct daemon *d, struct task *t, struct span raw, const uint32_t *refused,
	unsigned n_refused)
{
	struct pipeline *p = &d->pipeline;
	int rc = ERR_NOMEM;

	input_encode(&t->work.input, raw, refused, n_refused, &p->payload);
	if (!p->payload.head.failed)
		t->work.input.sequence = journal_append(p->journal, t->work.input.type,
			p->payload.parts, p->payload.n, &rc);
	if (t->work.input.sequence == 0)
		return rc;
	t->next = NULL;
	*p->group_last = t;
	p->group_last = &t->next;
	p->under_way_tasks++;
	p->under_way_events += t->work.input.batch.n_events;
	p->under_way_bytes += t->bytes;
	return 0;
}

static void leave(struct pipeline *p, struct task *t)
{
	p->under_way_tasks--;
	p->under_way_events -= t->work.input.batch.n_events;
	p->under_way_bytes -= t->bytes;
}

static struct task *group_take(struct pipeline *p)
{
	struct task *group = p->group;

	p->group = NULL;
	p->group_last = &p->group;
	return group;
}

static void group_failed(struct daemon *d, struct task *group, int rc)
{
	while (group) {
		struct task *next = group->next;

		leave(&d->pipeline, group);
		if (group->failed)
			group->failed(d, group, rc);
		task_free(d, group);
		group = next;
	}
}

static void group_post(struct daemon *d, struct task *group)
{
	int64_t now = clock_monotonic_ns();

	for (unsigned i = 0; i < d->store.shards; i++) {
		struct mails list;
		uint64_t events = 0;

		mails_init(&list);
		for (struct task *t = group; t; t = t->next) {
			events += t->work.parts[i].n;
			mails_add(&list, &t->work.parts[i].mail);
		}
		backlog_given(&d->pipeline.backlog[i], events, now);
		worker_post_all(&d->workers[i], &list);
	}
}

/* Take the result of a sync, waiting for it. */
static int synced(struct pipeline *p)
{
	if (journal_synced(p->journal, syncer_take(&p->syncer)) != 0)
		return ERR_UNKNOWN;
	p->syncs++;
	return 0;
}

/* None when it has to wait for the sync under way. ERR_UNKNOWN: the process must end. */
static int group_write(struct daemon *d, struct task **ret_group)
{
	struct pipeline *p = &d->pipeline;
	int rc = p->group ? journal_write(p->journal, clock_wall_ms()) : 0;
	struct task *group;

	*ret_group = NULL;
	if (rc == ERR_BUSY)
		return 0;
	group = group_take(p);
	if (rc == ERR_UNKNOWN)
		return rc;
	if (rc == 0) {
		*ret_group = group;
		return 0;
	}
	daemon_full(d, "journal", rc);
	group_failed(d, group, rc);
	ingest_regulate(d);
	return 0;
}

/* Begin a sync of all that has been written, or have us called when it is time. */
static void sync_in_time(struct daemon *d, bool at_once)
{
	struct pipeline *p = &d->pipeline;
	int64_t late = 0;

	if (!at_once && !p->held.first && d->flush)
		late = backlog_late_ns(p->backlog, d->store.shards) -
			(clock_monotonic_ns() - p->written_ns);
	if (late > 0) {
		if (!event_pending(d->flush, EV_TIMEOUT, NULL))
			event_add(d->flush, &(struct timeval){ 0, late / 1000 + 1 });
		return;
	}
	p->written_ns = 0;
	p->syncing = journal_last(p->journal);
	journal_sync_begin(p->journal);
	syncer_begin(&p->syncer);
}

static int flush(struct daemon *d, bool at_once)
{
	struct pipeline *p = &d->pipeline;
	enum syncer_state state;
	struct task *group;
	int rc;

	if (!p->group && !p->written_ns)
		return 0;
	state = syncer_await(&p->syncer);
	if (state == SYNCER_DONE && synced(p) != 0)
		return ERR_UNKNOWN;
	rc = group_write(d, &group);
	if (group && !p->written_ns)
		p->written_ns = clock_monotonic_ns();
	if (rc == 0 && p->written_ns && state != SYNCER_BUSY)
		sync_in_time(d, at_once); /* first: the disk works while the others are woken */
	if (group)
		group_post(d, group);
	return rc;
}

int pipeline_flush(struct daemon *d)
{
	return flush(d, false);
}

int pipeline_finish(struct daemon *d)
{
	struct pipeline *p = &d->pipeline;
	int rc = 0;

	while (rc == 0 && (p->group || p->written_ns || syncer_state(&p->syncer) != SYNCER_IDLE)) {
		if (syncer_state(&p->syncer) != SYNCER_IDLE)
			rc = synced(p);
		if (rc == 0)
			rc = flush(d, true);
	}
	return rc;
}

/* Up to which input M tells of what there is. */
static uint64_t mail_position(const struct mail *m)
{
	return m->kind == MAIL_PART ? ((const struct part *)m)->work->input.sequence
		: ((const struct query *)m)->meta.position;
}

/* What is durable of the mail held, in order; the rest stays. Of one shard, nothing passes what
 * came before it. */
static void sort_out(struct pipeline *p, struct mails *ret_ready)
{
	uint64_t durable = p->sorted = atomic_load(&p->durable);
	struct mail *m = p->held.first, *next;

	mails_init(&p->held);
	mails_init(ret_ready);
	for (; m; m = next) {
		next = m->next;
		mails_add(mail_position(m) <= durable ? ret_ready : &p->held, m);
	}
}

static void answer(struct daemon *d, struct mails *ready)
{
	for (struct mail *m = ready->first; m; m = m->next) {
		struct task *t;

		if (m->kind != MAIL_PART)
			continue;
		t = ((struct part *)m)->work->owner;
		if (++t->work.n_back == t->work.n_parts && t->answer)
			t->answer(d, t);
	}
}

/* The next notifications of PART; false: there are more. */
static bool hand_out(struct daemon *d, struct part *part)
{
	struct pipeline *p = &d->pipeline;
	struct task *t = part->work->owner;
	unsigned left = part->outcome.n_notes - p->told, n = left < TELL_NOTES ? left : TELL_NOTES;

	daemon_hand_out(d, part->shard, &part->outcome, p->told, n);
	p->told += n;
	if (n < left)
		return false;
	p->told = 0;
	if (++t->work.n_done < t->work.n_parts)
		return true;
	leave(p, t);
	if (t->done)
		t->done(d, t);
	task_free(d, t);
	return true;
}

void pipeline_tell(struct daemon *d)
{
	struct pipeline *p = &d->pipeline;
	int64_t until = clock_monotonic_ns() + TELL_NS;
	struct mail *m;

	while ((m = p->telling.first) != NULL) {
		struct mail *next = m->next; /* M may go */
		bool over = true;

		if (m->kind == MAIL_PART)
			over = hand_out(d, (struct part *)m);
		else
			((struct query *)m)->answered((struct query *)m);
		if (over && !(p->telling.first = next))
			mails_init(&p->telling);
		if (clock_monotonic_ns() > until)
			break;
	}
	if (p->telling.first && d->tell)
		event_add(d->tell, &(struct timeval){ 0, 0 });
}

/* What has been given back since we looked. */
static void collect(struct daemon *d)
{
	struct pipeline *p = &d->pipeline;
	struct mail *m = mailbox_take(p->returned, 0), *next;
	int64_t now = m ? clock_monotonic_ns() : 0;

	for (; m; m = next) {
		const struct part *part = (const struct part *)m;

		next = m->next;
		if (m->kind == MAIL_PART)
			backlog_given_back(&p->backlog[part->shard], part->n, now);
		mails_add(&p->held, m);
	}
}

/* Receipts go out first: they are cheap, and senders wait for them. Then the next group gets going. */
static int take(struct daemon *d)
{
	struct pipeline *p = &d->pipeline;
	struct mails ready;

	if (syncer_state(&p->syncer) == SYNCER_DONE && synced(p) != 0)
		return ERR_UNKNOWN;
	collect(d);
	sort_out(p, &ready);
	answer(d, &ready);
	if (ready.first) {
		*p->telling.last = ready.first;
		p->telling.last = ready.last;
	}
	return pipeline_flush(d);
}

/* Whether what is held can be told since it was gone through; if not, the syncer will wake us. */
static bool is_due(struct pipeline *p)
{
	return p->held.first && (syncer_await(&p->syncer) == SYNCER_DONE ||
		atomic_load(&p->durable) > p->sorted);
}

/* What is told to subscribers takes longer than the rest. */
int pipeline_take(struct daemon *d)
{
	int rc;

	do
		rc = take(d);
	while (rc == 0 && is_due(&d->pipeline));
	if (rc == 0)
		pipeline_tell(d);
	return rc;
}
