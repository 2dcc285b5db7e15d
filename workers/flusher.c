/* SPDX-License-Identifier: Apache-2.0 */
/* Flusher: asked by one thread, flushes in another. */
#include <assert.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "workers/flusher.h"

#define NICE 10

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

/* Flushes of all shards together take half of the processors, one at least: shards fill up at the
 * same pace, and if all of them were flushed at once nobody else would get far. */
static struct {
	pthread_mutex_t mutex;
	pthread_cond_t over;
	long under_way, most;
} turns = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0 };

static int flush_in_turn(struct env *e)
{
	int rc;

	pthread_mutex_lock(&turns.mutex);
	if (turns.most == 0)
		turns.most = (sysconf(_SC_NPROCESSORS_ONLN) + 1) / 2;
	while (turns.under_way > 0 && turns.under_way >= turns.most)
		pthread_cond_wait(&turns.over, &turns.mutex);
	turns.under_way++;
	pthread_mutex_unlock(&turns.mutex);
	rc = env_flush(e);
	pthread_mutex_lock(&turns.mutex);
	turns.under_way--;
	pthread_cond_signal(&turns.over);
	pthread_mutex_unlock(&turns.mutex);
	return rc;
}

static void *run(void *arg)
{
	struct flusher *f = arg;

	/* A receipt does not wait for a flush, so a flush is not to take its processor. When the
	 * shard has to wait, it leaves its own. On Linux this is the thread's, not the
	 * process's. */
	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE);
	pthread_mutex_lock(&f->mutex);
	while (f->state != FLUSHER_ENDING) {
		if (f->state != FLUSHER_BUSY) {
			pthread_cond_wait(&f->moved, &f->mutex);
			continue;
		}
		pthread_mutex_unlock(&f->mutex);
		f->rc = flush_in_turn(f->env);
		pthread_mutex_lock(&f->mutex);
		move(f, FLUSHER_DONE);
		mailbox_nudge(f->inbox);
	}
	pthread_mutex_unlock(&f->mutex);
	return NULL;
}

int flusher_start(struct flusher *f, struct env *env, struct mailbox *inbox)
{
	f->env = env;
	f->inbox = inbox;
	f->state = FLUSHER_IDLE;
	f->wanted = false;
	pthread_mutex_init(&f->mutex, NULL);
	pthread_cond_init(&f->moved, NULL);
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

void flusher_stop(struct flusher *f)
{
	pthread_mutex_lock(&f->mutex);
	while (f->state == FLUSHER_BUSY)
		pthread_cond_wait(&f->moved, &f->mutex);
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
	move(f, FLUSHER_BUSY);
	pthread_mutex_unlock(&f->mutex);
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

	pthread_mutex_lock(&f->mutex);
	assert(f->state != FLUSHER_IDLE);
	while (f->state == FLUSHER_BUSY)
		pthread_cond_wait(&f->moved, &f->mutex);
	rc = f->rc;
	move(f, FLUSHER_IDLE);
	pthread_mutex_unlock(&f->mutex);
	return rc;
}
