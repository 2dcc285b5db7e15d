/* SPDX-License-Identifier: Apache-2.0 */
/* Fitter: a thread that fits the rhythm to a sample, for the main thread, which goes on meanwhile.
 *
 * It lives for one fit. From fitter_start() until its mail is back what is in here is the thread's,
 * but for the atomics; the mail is the query that carries the sample. */
#ifndef KITH_DAEMON_FITTER_H
#define KITH_DAEMON_FITTER_H
#include <pthread.h>
#include "fit/refit_spend.h"
#include "workers/sample.h"

struct fitter {
	pthread_t thread;
	bool is_started;
	atomic_bool give_up;
	atomic_uint fitted;      /* classes, of n */
	struct query *mail;      /* with the sample; borrowed */
	struct mailbox *to;      /* where it is posted, and who is told when that was empty */
	void (*wake)(void *arg);
	void *wake_arg;
	unsigned n;              /* the whole and the classes */
	struct rhythm now[CLASSES_MAX + 1]; /* in force, as a machine has them */
	struct value now_value;  /* likewise */
	struct refit list[CLASSES_MAX + 1]; /* out, when rc is 0 */
	struct refit_spend spend;           /* likewise */
	int rc;
};

/* Fit to MAIL's sample, under the rhythms of M. `to`, `wake` and `wake_arg` are set by then. 0 or
 * ERR_NOMEM. */
int fitter_start(struct fitter *f, struct query *mail, const struct machine *m);
/* Wait for its end, which comes soon after the mail, or after giving up. Nothing when there is
 * none. */
void fitter_finish(struct fitter *f);

#endif
