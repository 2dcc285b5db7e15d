/* SPDX-License-Identifier: Apache-2.0 */
/* When to freeze, when to wait for the flush. */
#include "base/clock.h"
#include "base/log.h"
#include "workers/worker.h"

const struct checkpoint_settings checkpoint_default = {
	.events = 1000000,
	.dirty_pages = 49152,
	.replay_ns = INT64_C(600000000),
	.interval_ns = INT64_C(5000000000),
	.idle_ns = INT64_C(100000000),
};

#define RETRY_NS INT64_C(1000000000)
#define RELAX_AFTER 20 /* times idle_ns without mail */
#define PAGE_BYTES 4096
#define READ_EVERY 512 /* events: reading the thread's time is a system call */

uint64_t checkpoint_pages(uint64_t memory, unsigned shards)
{
	uint64_t pages = memory / shards / 2 / PAGE_BYTES;

	return pages > CHECKPOINT_PAGES_MAX ? CHECKPOINT_PAGES_MAX : pages ? pages : 1;
}

void checkpoint_changed(struct worker *w)
{
	if (w->debt.since_ns == 0)
		w->debt.since_ns = clock_monotonic_ns();
}

static void read_work(struct debt *d)
{
	d->work_ns = clock_thread_ns() - d->began_ns;
	d->unread = 0;
}

void checkpoint_applied(struct worker *w, uint64_t events, uint64_t others)
{
	w->debt.events += events;
	w->debt.unread += events + others;
	if (w->debt.unread >= READ_EVERY)
		read_work(&w->debt);
	checkpoint_changed(w);
}

void checkpoint_replayed(struct worker *w, uint64_t n, uint64_t frozen)
{
	struct debt *d = &w->debt;

	checkpoint_changed(w);
	d->events = n - frozen;
	read_work(d);
	if (!env_frozen(w->env))
		return;
	d->frozen_ns = n ? (int64_t)((double)d->work_ns * (double)frozen / (double)n) : 0;
	d->began_ns += d->frozen_ns;
	d->work_ns -= d->frozen_ns;
	flusher_begin(&w->flusher);
}

bool checkpoint_owes(const struct worker *w)
{
	return w->debt.since_ns != 0;
}

bool checkpoint_is_durable(struct worker *w)
{
	return atomic_load(w->durable) >= env_meta(w->env)->position;
}

/* A checkpoint has come out with RC, here or in the flusher's thread. */
static void done(struct worker *w, int rc)
{
	if (rc == 0) {
		w->debt.frozen_ns = 0;
		atomic_store(&w->crowded, false);
		atomic_store(&w->checkpoint, env_committed(w->env));
		if (atomic_exchange(&w->state, WORKER_RUNNING) == WORKER_FULL)
			log_info("shard", "there is room again", "shard=%u", w->number);
	} else if (rc == ERR_NOSPACE) {
		if (atomic_exchange(&w->state, WORKER_FULL) != WORKER_FULL)
			log_error("shard", "no room for a checkpoint: free disk space or raise map",
				"shard=%u", w->number);
		w->debt.retry_at_ns = clock_monotonic_ns() + RETRY_NS;
		w->wake(w->wake_arg);
	} else {
		worker_fail(w, "checkpoint failed", rc);
	}
}

/* What is full is not to grow: wait for the flush that is under way. */
static void take(struct worker *w)
{
	bool busy = flusher_state(&w->flusher) == FLUSHER_BUSY;
	int64_t began_ns = clock_monotonic_ns();
	int rc = flusher_take(&w->flusher);

	if (busy)
		atomic_fetch_add(&w->waited_ns, (uint64_t)(clock_monotonic_ns() - began_ns));
	atomic_fetch_add(&w->flushes, 1);
	atomic_fetch_add(&w->flushed_ns, (uint64_t)w->flusher.took_ns);
	w->debt.was_late = busy;
	env_flushed(w->env, rc);
	done(w, rc);
}

static void freeze(struct worker *w)
{
	struct debt *d = &w->debt;
	int rc = shard_freeze(&w->shard);

	if (rc != 0 && rc != ERR_NOTFOUND) {
		worker_fail(w, "checkpoint failed", rc);
		return;
	}
	read_work(d);
	if (rc == 0)
		d->frozen_ns = d->work_ns;
	d->began_ns += d->work_ns;
	d->work_ns = 0;
	d->events = 0;
	d->since_ns = 0;
	if (rc != 0)
		return;
	flusher_begin(&w->flusher);
	if (d->was_late) /* the shard is faster than the device: every flush is behind */
		flusher_hurry(&w->flusher);
}

/* The memtable has as much as it may have. */
static bool is_large(const struct worker *w)
{
	return w->debt.events >= w->settings.events ||
		env_checkpoint_pages(w->env) >= w->settings.dirty_pages;
}

/* A third of the work is left for what comes while it is flushed. */
static bool is_long(const struct worker *w)
{
	return w->debt.work_ns >= w->settings.replay_ns / 3 * 2;
}

/* With what is on its way it would take too long to apply again. */
static bool is_too_long(const struct worker *w)
{
	return w->debt.work_ns + w->debt.frozen_ns >= w->settings.replay_ns;
}

bool checkpoint_may_wait(const struct worker *w)
{
	return env_frozen(w->env) && checkpoint_owes(w) && (is_large(w) || is_too_long(w));
}

/* Whether WAY of four quarters of the room that is left for what comes during the flush are used up. */
static bool is_filled(const struct worker *w, int way)
{
	const struct checkpoint_settings *most = &w->settings;
	const struct debt *d = &w->debt;

	return env_frozen(w->env) && (4 * d->work_ns >= way * (most->replay_ns - d->frozen_ns) ||
		4 * d->events >= way * most->events ||
		4 * env_checkpoint_pages(w->env) >= way * most->dirty_pages);
}

/* A flush that stands back is called forward before anything has to wait for it. */
static bool is_half_filled(const struct worker *w)
{
	return atomic_load(&w->state) == WORKER_RUNNING && is_filled(w, 2);
}

bool checkpoint_is_crowded(const struct worker *w)
{
	return atomic_load(&w->state) == WORKER_RUNNING && is_filled(w, 3);
}

static void relax(struct worker *w)
{
	int rc = env_frozen(w->env) ? OK : env_relax(w->env);

	if (rc != OK)
		worker_fail(w, "cannot open its environment again", rc);
}

void checkpoint_step(struct worker *w, bool idle)
{
	bool owes = checkpoint_owes(w);

	if (env_wants_memory(w->env))
		flusher_prepare(&w->flusher);
	if (env_frozen(w->env)) {
		enum flusher_state state = flusher_state(&w->flusher);
		bool wait = checkpoint_may_wait(w);

		if (state == FLUSHER_BUSY && checkpoint_is_crowded(w))
			flusher_hurry(&w->flusher);
		else if (state == FLUSHER_BUSY && is_half_filled(w))
			flusher_call_forward(&w->flusher);
		if (state == FLUSHER_DONE || (state == FLUSHER_BUSY && wait))
			take(w);
		else if (state == FLUSHER_IDLE && clock_monotonic_ns() >= w->debt.retry_at_ns)
			flusher_begin(&w->flusher);
	}
	if (idle && !owes && clock_monotonic_ns() - w->mail_ns >= RELAX_AFTER * w->settings.idle_ns)
		relax(w);
	if (atomic_load(&w->state) != WORKER_RUNNING || env_frozen(w->env) || !owes ||
		!checkpoint_is_durable(w))
		return;
	if (idle || is_large(w) || is_long(w) ||
		clock_monotonic_ns() - w->debt.since_ns >= w->settings.interval_ns)
		freeze(w);
}

void checkpoint_last(struct worker *w)
{
	if (flusher_state(&w->flusher) != FLUSHER_IDLE)
		take(w);
	if (atomic_load(&w->state) == WORKER_RUNNING && (checkpoint_owes(w) || env_frozen(w->env)))
		done(w, shard_checkpoint(&w->shard));
}
