/* SPDX-License-Identifier: Apache-2.0 */
/* Fitting beside the loop. */
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/thread.h"
#include "daemon/fitter.h"

#define NICE 19 /* nobody waits for it */

static void *run(void *arg)
{
	struct fitter *f = arg;

	/* On Linux this is the thread's, not the process's. */
	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE);
	thread_pace(THREAD_STEADY);
	thread_is("fitter");
	for (unsigned i = 0; f->rc == 0 && i < f->n; i++) {
		/* A class of few stays near the whole. */
		const struct rhythm *near = i > 0 && f->list[0].reason != REFIT_NOTHING ?
			&f->list[0].fit.map.rhythm : NULL;

		f->rc = refit_make(&f->mail->sample->of[i], &f->now[i], near, &f->give_up, &f->list[i]);
		atomic_fetch_add(&f->fitted, 1);
	}
	if (f->rc == 0)
		f->rc = refit_spend_make(&f->mail->sample->of[0], &f->now_value, &f->give_up, &f->spend);
	(void)mailbox_post(f->to, &f->mail->mail);
	f->wake(f->wake_arg);
	return NULL;
}

int fitter_start(struct fitter *f, struct query *mail, const struct machine *m)
{
	f->mail = mail;
	f->n = mail->sample->n;
	f->rc = 0;
	atomic_store(&f->give_up, false);
	atomic_store(&f->fitted, 0);
	for (unsigned i = 0; i < f->n; i++)
		f->now[i] = i ? m->classes.classes[i - 1].rhythm : m->rhythm;
	f->now_value = m->value;
	f->is_started = pthread_create(&f->thread, NULL, run, f) == 0;
	return f->is_started ? 0 : ERR_NOMEM;
}

void fitter_finish(struct fitter *f)
{
	if (f->is_started)
		pthread_join(f->thread, NULL);
	f->is_started = false;
}
