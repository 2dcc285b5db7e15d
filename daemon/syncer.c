/* SPDX-License-Identifier: Apache-2.0 */
/* Syncer: asked by the main thread, syncs in its own. */
#include <assert.h>
#include "base/err.h"
#include "base/thread.h"
#include "daemon/syncer.h"

/* What others see of the sync changes at once; who waits for it is woken after that. */
static void end_sync(struct syncer *s)
{
	bool awaited;

	pthread_mutex_lock(&s->mutex);
	awaited = s->awaited;
	s->over(s->arg, s->rc);
	s->state = SYNCER_DONE;
	pthread_mutex_unlock(&s->mutex);
	pthread_cond_signal(&s->done);
	s->wake(s->arg, s->rc, awaited);
}

static void *run(void *arg)
{
	struct syncer *s = arg;

	thread_is("syncer");
	thread_pace(THREAD_PROMPT);
	pthread_mutex_lock(&s->mutex);
	while (s->state != SYNCER_ENDING) {
		if (s->state != SYNCER_BUSY) {
			pthread_cond_wait(&s->asked, &s->mutex);
			continue;
		}
		pthread_mutex_unlock(&s->mutex);
		s->rc = journal_sync_file(s->journal);
		end_sync(s);
		pthread_mutex_lock(&s->mutex);
	}
	pthread_mutex_unlock(&s->mutex);
	return NULL;
}

int syncer_start(struct syncer *s, const struct journal *journal, void (*over)(void *arg, int rc),
	void (*wake)(void *arg, int rc, bool awaited), void *arg)
{
	s->journal = journal;
	s->over = over;
	s->wake = wake;
	s->arg = arg;
	s->state = SYNCER_IDLE;
	pthread_mutex_init(&s->mutex, NULL);
	pthread_cond_init(&s->asked, NULL);
	pthread_cond_init(&s->done, NULL);
	s->started = pthread_create(&s->thread, NULL, run, s) == 0;
	if (s->started)
		return 0;
	pthread_cond_destroy(&s->asked);
	pthread_cond_destroy(&s->done);
	pthread_mutex_destroy(&s->mutex);
	return ERR_NOMEM;
}

void syncer_stop(struct syncer *s)
{
	if (!s->started)
		return;
	pthread_mutex_lock(&s->mutex);
	while (s->state == SYNCER_BUSY)
		pthread_cond_wait(&s->done, &s->mutex);
	s->state = SYNCER_ENDING;
	pthread_mutex_unlock(&s->mutex);
	pthread_cond_signal(&s->asked);
	pthread_join(s->thread, NULL);
	pthread_cond_destroy(&s->asked);
	pthread_cond_destroy(&s->done);
	pthread_mutex_destroy(&s->mutex);
	s->started = false;
}

void syncer_begin(struct syncer *s)
{
	pthread_mutex_lock(&s->mutex);
	assert(s->state == SYNCER_IDLE);
	s->awaited = false;
	s->state = SYNCER_BUSY;
	pthread_mutex_unlock(&s->mutex);
	pthread_cond_signal(&s->asked);
}

enum syncer_state syncer_state(struct syncer *s)
{
	enum syncer_state state;

	pthread_mutex_lock(&s->mutex);
	state = s->state;
	pthread_mutex_unlock(&s->mutex);
	return state;
}

enum syncer_state syncer_await(struct syncer *s)
{
	enum syncer_state state;

	pthread_mutex_lock(&s->mutex);
	state = s->state;
	s->awaited |= state == SYNCER_BUSY;
	pthread_mutex_unlock(&s->mutex);
	return state;
}

int syncer_take(struct syncer *s)
{
	int rc;

	pthread_mutex_lock(&s->mutex);
	assert(s->state == SYNCER_BUSY || s->state == SYNCER_DONE);
	while (s->state == SYNCER_BUSY)
		pthread_cond_wait(&s->done, &s->mutex);
	rc = s->rc;
	s->state = SYNCER_IDLE;
	pthread_mutex_unlock(&s->mutex);
	return rc;
}
