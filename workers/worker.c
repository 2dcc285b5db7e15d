/* SPDX-License-Identifier: Apache-2.0 */
/* The shard's thread: drain, apply, hand back, checkpoint. */
#include <stdio.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "workers/hold.h"
#include "workers/query.h"
#include "workers/replay.h"
#include "workers/sweep.h"

#define SYNC_WAIT_NS INT64_C(1000000) /* a sync is under way: look again soon */

static void worker_publish(struct worker *w)
{
	const struct env_meta *meta = env_meta(w->env);
	uint64_t used, size;

	atomic_store(&w->position, meta->position);
	atomic_store(&w->next_due_ms, w->shard.next_due_ms);
	atomic_store(&w->sources_due_ms, w->shard.sources.next_due_ms);
	atomic_store(&w->sources_told, w->shard.sources.told);
	atomic_store(&w->crowded, checkpoint_is_crowded(w));
	atomic_store(&w->sweeping, sweep_is_on(&w->shard));
	atomic_store(&w->releasing, hold_is_busy(&w->shard));
	atomic_store(&w->outbox_first, meta->outbox_first);
	atomic_store(&w->outbox_last, meta->outbox_last);
	atomic_store(&w->messages_first, meta->messages_first);
	atomic_store(&w->messages_last, meta->messages_last);
	env_space(w->env, &used, &size);
	atomic_store(&w->map_used, used);
	atomic_store(&w->map_size, size);
}

static void give_back(struct worker *w, struct mail *m)
{
	(void)mailbox_post(w->outbox, m);
	w->wake(w->wake_arg);
}

/* Parts are given back some at a time: each waking of the main thread costs as much as a few
 * events. It is woken by the last part of an input: with the others it can do little.
 *
 * Note "not durable yet": nor can it do anything with parts that are not. It is not woken for them;
 * when their sync is over the syncer looks into the mailbox. It stores `durable` before it looks, we
 * load it after we have posted, and so one of us sees the other. */
#define DONE_MAX 8
#define DONE_NS  INT64_C(100000) /* who waits for the first of them may have waited for the sync, too */
static void give_back_done(struct worker *w)
{
	uint64_t first;
	bool whole;

	if (w->done.n == 0)
		return;
	worker_publish(w);
	first = ((struct part *)w->done.first)->work->input.sequence;
	whole = mailbox_post_back(w->outbox, &w->done);
	atomic_thread_fence(memory_order_seq_cst);
	if (whole && first <= atomic_load(w->durable))
		w->wake(w->wake_arg);
}

void worker_fail(struct worker *w, const char *what, int rc)
{
	log_error("shard", what, "shard=%u error=%s", w->number, log_quote(err_text(rc)));
	atomic_store(&w->state, WORKER_FAILED);
	w->wake(w->wake_arg);
}

/* Open the shard as its last checkpoint left it, and apply what the journal has after it. */
static int recover(struct worker *w, struct replay *r, struct complaint *c)
{
	struct shard *list[1] = { &w->shard };
	int rc;

	r->journal_dir = w->journal_dir;
	r->store_id = w->store_id;
	r->shards = w->shards;
	r->any_engine = w->any_engine;
	rc = shard_open(&w->shard, w->number, w->env, c);
	if (rc == 0 && r->upto > env_meta(w->env)->position)
		rc = replay_run(r, list, 1, c);
	if (rc == 0 && env_meta(w->env)->position != r->upto)
		rc = complain(c, ERR_CORRUPT, "shard-%u stands at frame %llu, the journal at %llu, and "
			"the frames between are not there: put back a copy of the store",
			w->number, (unsigned long long)env_meta(w->env)->position,
			(unsigned long long)r->upto);
	return rc;
}

/* False: the last of it is not durable yet. */
static bool finish(struct worker *w)
{
	struct query *stop = w->stop;

	if (!checkpoint_is_durable(w))
		return false;
	checkpoint_last(w);
	if (atomic_load(&w->state) == WORKER_FAILED)
		return true;
	worker_publish(w);
	env_abort(w->env);
	atomic_store(&w->state, WORKER_STOPPED);
	give_back(w, &stop->mail);
	return true;
}

static void handle_part(struct worker *w, struct part *p)
{
	const struct input *in = &p->work->input;
	bool passes = in->type == INPUT_TIME;
	bool sweeps = passes && in->pace.sweep && sweep_is_on(&w->shard);
	int64_t began_ns, now_ns;
	int rc;

	if (passes)
		give_back_done(w); /* what is done of batches need not wait for it */
	began_ns = sweeps ? clock_monotonic_ns() : passes ? clock_thread_ns() : 0;
	rc = shard_apply(&w->shard, in, p->list, p->n, &p->outcome);
	if (sweeps)
		atomic_store(&w->swept_ns, clock_monotonic_ns() - began_ns);
	else if (passes)
		atomic_store(&w->settled_ns, clock_thread_ns() - began_ns);
	if (rc != 0) {
		worker_fail(w, "cannot apply an input", rc);
		return;
	}
	checkpoint_applied(w, p->n, passes ? in->pace.due + in->pace.sweep : 0);
	now_ns = clock_monotonic_ns();
	if (w->done.n == 0)
		w->done_ns = now_ns;
	mails_add(&w->done, &p->mail);
	if (w->done.n == DONE_MAX || now_ns - w->done_ns >= DONE_NS || checkpoint_may_wait(w))
		give_back_done(w);
}

static void handle_start(struct worker *w, struct query *q)
{
	/* What two memtables held comes back, and is flushed when we are ready. Each may take twice as
	 * much: how many pages it will be is guessed, until a first flush has told how rows lie. */
	struct replay r = { .upto = q->from, .checkpoint_events = 2 * w->settings.events,
		.checkpoint_pages = 2 * w->settings.dirty_pages, .freezes = true };
	uint64_t committed = env_committed(w->env);
	int64_t began_ns = clock_monotonic_ns();

	w->any_engine = q->any_engine;
	q->rc = recover(w, &r, &q->complaint);
	q->frames = r.frames;
	q->events = r.events;
	q->replay_ns = clock_monotonic_ns() - began_ns;
	q->replay_work_ns = clock_thread_ns();
	if (q->rc == 0)
		q->rc = query_subscriptions(&w->shard, q);
	q->meta = *env_meta(w->env);
	q->settings = w->shard.settings;
	q->listens = w->shard.sources.next_due_ms != NEVER;
	q->engine = w->shard.engine;
	q->parameters = w->shard.parameters;
	if (w->shard.lifecycle)
		q->lifecycle = lifecycle_hold(w->shard.lifecycle);
	if (q->rc != 0) {
		atomic_store(&w->state, WORKER_FAILED);
	} else {
		/* Not what is applied: the journal must keep what no commit has. */
		atomic_store(&w->checkpoint, committed);
		if (r.frames)
			checkpoint_replayed(w, r.applied, r.frozen);
		worker_publish(w);
	}
	give_back(w, &q->mail);
}

static void handle_query(struct worker *w, struct query *q)
{
	if (q->kind == QUERY_START) {
		handle_start(w, q);
		return;
	}
	if (q->kind == QUERY_STOP) {
		w->stopping = true;
		w->stop = q;
		return;
	}
	query_answer(&w->shard, q);
	if (q->kind == QUERY_ACK)
		checkpoint_changed(w);
	give_back(w, &q->mail);
}

static int64_t wait_ns(struct worker *w)
{
	bool waits = checkpoint_owes(w) && !checkpoint_is_durable(w);

	return w->stopping || waits ? SYNC_WAIT_NS : w->settings.idle_ns;
}

static void handle(struct worker *w, struct mail *m)
{
	if (m->kind == MAIL_PART) {
		handle_part(w, (struct part *)m);
	} else {
		give_back_done(w); /* what is asked is of the time behind them */
		handle_query(w, (struct query *)m);
	}
}

static void *run(void *arg)
{
	struct worker *w = arg;
	char name[16];
	bool over = false;

	snprintf(name, sizeof name, "shard-%u", w->number);
	thread_is(name);
	thread_pace(THREAD_BRISK);
	while (!over && atomic_load(&w->state) != WORKER_FAILED) {
		struct mail *m = mailbox_take(&w->inbox, wait_ns(w));
		int64_t now = clock_monotonic_ns();
		bool idle = m == NULL && now - w->mail_ns >= w->settings.idle_ns;

		atomic_fetch_add(&w->beat, 1);
		if (m)
			w->mail_ns = now;
		while (m && atomic_load(&w->state) != WORKER_FAILED) {
			struct mail *next = m->next;

			handle(w, m);
			if (atomic_load(&w->state) != WORKER_FAILED)
				checkpoint_step(w, false);
			m = next;
		}
		give_back_done(w);
		if (atomic_load(&w->state) == WORKER_FAILED)
			break;
		if (w->stopping)
			over = finish(w);
		else
			checkpoint_step(w, idle);
	}
	flusher_stop(&w->flusher);
	return NULL;
}

int worker_start(struct worker *w, unsigned shard, struct env *env)
{
	w->number = shard;
	w->env = env;
	mailbox_init(&w->inbox);
	mails_init(&w->done);
	atomic_store(&w->state, WORKER_RUNNING);
	atomic_store(&w->next_due_ms, NEVER);
	atomic_store(&w->sources_due_ms, NEVER);
	if (flusher_start(&w->flusher, env, &w->inbox) != 0)
		return ERR_NOMEM;
	if (pthread_create(&w->thread, NULL, run, w) == 0)
		return 0;
	flusher_stop(&w->flusher);
	return ERR_NOMEM;
}

void worker_post(struct worker *w, struct mail *m)
{
	(void)mailbox_post(&w->inbox, m);
}

void worker_post_all(struct worker *w, struct mails *list)
{
	if (list->n)
		(void)mailbox_post_all(&w->inbox, list);
}

void worker_join(struct worker *w)
{
	pthread_join(w->thread, NULL);
	mailbox_fini(&w->inbox);
}
