/* SPDX-License-Identifier: Apache-2.0 */
/* Flusher: asked by one thread, flushes in another. */
#define _GNU_SOURCE /* SCHED_IDLE */
#include <assert.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/thread.h"
#include "workers/flusher.h"

#define AGAIN_NS   INT64_C(5000000)
#define NICE       10
#define NICE_AHEAD 10 /* of who makes memory ready, while there is some: a chunk may take 3 ms */

static void move(struct flusher *f, enum flusher_state to)
{
	f->state = to;
	pthread_cond_broadcast(&f->moved);
}

/* A thread of its own: what it does cannot wait for a flush, and not with the flush's priority
 * either. */
static void *prepare(void *arg)
{
	struct flusher *f = arg;

	thread_is("memory");
	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE_AHEAD);
	pthread_mutex_lock(&f->mutex);
	while (f->state != FLUSHER_ENDING) {
		if (!f->wanted) {
			pthread_cond_wait(&f->moved, &f->mutex);
			continue;
		}
		f->wanted = false;
		pthread_mutex_unlock(&f->mutex);
		env_prepare_memory(f->env);
		pthread_mutex_lock(&f->mutex);
	}
	pthread_mutex_unlock(&f->mutex);
	return NULL;
}

static void set_policy(pid_t tid, int policy)
{
	const struct sched_param none = { 0 };

	(void)sched_setscheduler(tid, policy, &none);
}

/* In a thread that ends with it: who may not come forward would be left behind. */
static void *try_to_rise(void *arg)
{
	const struct sched_param none = { 0 };
	bool *ret_may = arg;

	*ret_may = sched_setscheduler(0, SCHED_IDLE, &none) == 0 &&
		sched_setscheduler(0, SCHED_OTHER, &none) == 0;
	return NULL;
}

static bool may_rise(void)
{
	pthread_t thread;
	bool may = false;

	if (!thread_is_ordinary())
		return false;
	if (pthread_create(&thread, NULL, try_to_rise, &may) == 0)
		pthread_join(thread, NULL);
	return may;
}

/* It has no lock of ours while it stands back: whoever wants that would stand behind it. When the
 * shard is in a hurry at the same moment, the later one of us sees the other; but if that is us, we
 * may have no processor to see it with: who waits for the end looks after that (await_end()). */
static int flush_standing_back(struct flusher *f)
{
	int rc;

	if (!f->may_rise)
		return env_flush(f->env);
	set_policy(f->tid, SCHED_IDLE);
	if (atomic_load(&f->called))
		set_policy(f->tid, SCHED_OTHER);
	rc = env_flush(f->env);
	set_policy(f->tid, SCHED_OTHER);
	return rc;
}

static void *run(void *arg)
{
	struct flusher *f = arg;
	int64_t began_ns;

	thread_is("flusher");
	pthread_mutex_lock(&f->mutex);
	f->tid = (pid_t)syscall(SYS_gettid);
	if (!f->may_rise) /* on Linux this is the thread's, not the process's */
		(void)setpriority(PRIO_PROCESS, (id_t)f->tid, NICE);
	while (f->state != FLUSHER_ENDING) {
		if (f->state != FLUSHER_BUSY) {
			pthread_cond_wait(&f->moved, &f->mutex);
			continue;
		}
		pthread_mutex_unlock(&f->mutex);
		began_ns = clock_monotonic_ns();
		f->rc = flush_standing_back(f);
		f->took_ns = clock_monotonic_ns() - began_ns;
		pthread_mutex_lock(&f->mutex);
		move(f, FLUSHER_DONE);
		mailbox_nudge(f->inbox);
	}
	pthread_mutex_unlock(&f->mutex);
	return NULL;
}

int flusher_start(struct flusher *f, struct env *env, struct mailbox *inbox)
{
	pthread_condattr_t monotonic;

	f->env = env;
	f->inbox = inbox;
	f->state = FLUSHER_IDLE;
	f->wanted = false;
	f->may_rise = may_rise();
	f->tid = 0;
	pthread_mutex_init(&f->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&f->moved, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (pthread_create(&f->preparer, NULL, prepare, f) != 0)
		goto fail;
	if (pthread_create(&f->thread, NULL, run, f) == 0)
		return 0;
	pthread_mutex_lock(&f->mutex);
	move(f, FLUSHER_ENDING);
	pthread_mutex_unlock(&f->mutex);
	pthread_join(f->preparer, NULL);
fail:
	pthread_cond_destroy(&f->moved);
	pthread_mutex_destroy(&f->mutex);
	return ERR_NOMEM;
}

/* With the lock. Note flush_standing_back(): it may have fallen back after it was called forward. */
static void await_end(struct flusher *f)
{
	while (f->state == FLUSHER_BUSY) {
		int64_t until = clock_monotonic_ns() + AGAIN_NS;
		struct timespec at = { until / 1000000000, until % 1000000000 };

		if (pthread_cond_timedwait(&f->moved, &f->mutex, &at) != 0 && f->may_rise && f->tid)
			set_policy(f->tid, SCHED_OTHER);
	}
}

void flusher_stop(struct flusher *f)
{
	flusher_hurry(f);
	pthread_mutex_lock(&f->mutex);
	await_end(f);
	move(f, FLUSHER_ENDING);
	pthread_mutex_unlock(&f->mutex);
	pthread_join(f->thread, NULL);
	pthread_join(f->preparer, NULL);
	pthread_cond_destroy(&f->moved);
	pthread_mutex_destroy(&f->mutex);
}

void flusher_begin(struct flusher *f)
{
	pthread_mutex_lock(&f->mutex);
	assert(f->state == FLUSHER_IDLE);
	atomic_store(&f->called, false);
	atomic_store(&f->hurried, false);
	move(f, FLUSHER_BUSY);
	pthread_mutex_unlock(&f->mutex);
}

void flusher_call_forward(struct flusher *f)
{
	bool busy;
	pid_t tid;

	pthread_mutex_lock(&f->mutex);
	busy = f->state == FLUSHER_BUSY;
	tid = f->tid;
	pthread_mutex_unlock(&f->mutex);
	if (busy && !atomic_exchange(&f->called, true) && f->may_rise && tid != 0)
		set_policy(tid, SCHED_OTHER);
}

void flusher_hurry(struct flusher *f)
{
	flusher_call_forward(f);
	if (flusher_state(f) == FLUSHER_BUSY && !atomic_exchange(&f->hurried, true))
		env_hurry(f->env, false);
}

void flusher_prepare(struct flusher *f)
{
	pthread_mutex_lock(&f->mutex);
	if (!f->wanted) {
		f->wanted = true;
		pthread_cond_broadcast(&f->moved);
	}
	pthread_mutex_unlock(&f->mutex);
}

enum flusher_state flusher_state(struct flusher *f)
{
	enum flusher_state state;

	pthread_mutex_lock(&f->mutex);
	state = f->state;
	pthread_mutex_unlock(&f->mutex);
	return state;
}

int flusher_take(struct flusher *f)
{
	int rc;

	flusher_hurry(f);
	pthread_mutex_lock(&f->mutex);
	assert(f->state != FLUSHER_IDLE);
	if (f->state == FLUSHER_BUSY)
		env_hurry(f->env, true);
	await_end(f);
	rc = f->rc;
	move(f, FLUSHER_IDLE);
	pthread_mutex_unlock(&f->mutex);
	return rc;
}
