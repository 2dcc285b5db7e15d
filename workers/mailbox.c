/* SPDX-License-Identifier: Apache-2.0 */
/* Mailbox: an intrusive list under a mutex, taken whole. */
#include "base/clock.h"
#include "workers/mailbox.h"

void mailbox_init(struct mailbox *b)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&b->mutex, NULL);
	pthread_cond_init(&b->filled, &monotonic);
	pthread_condattr_destroy(&monotonic);
	b->first = NULL;
	b->last = &b->first;
	b->nudged = false;
	b->whole = false;
}

void mailbox_fini(struct mailbox *b)
{
	pthread_mutex_destroy(&b->mutex);
	pthread_cond_destroy(&b->filled);
}

bool mailbox_post_all(struct mailbox *b, struct mails *list)
{
	bool was_empty;

	pthread_mutex_lock(&b->mutex);
	was_empty = b->first == NULL;
	*b->last = list->first;
	b->last = list->last;
	pthread_mutex_unlock(&b->mutex);
	mails_init(list);
	if (was_empty) /* not under the lock, which who wakes up wants first of all */
		pthread_cond_signal(&b->filled);
	return was_empty;
}

bool mailbox_post_back(struct mailbox *b, struct mails *list)
{
	bool whole = false;

	pthread_mutex_lock(&b->mutex);
	for (struct mail *m = list->first; m; m = m->next)
		if (!m->left || --*m->left == 0)
			whole = true;
	b->whole |= whole;
	*b->last = list->first;
	b->last = list->last;
	pthread_mutex_unlock(&b->mutex);
	mails_init(list);
	pthread_cond_signal(&b->filled);
	return whole;
}

bool mailbox_is_empty(struct mailbox *b)
{
	bool empty;

	pthread_mutex_lock(&b->mutex);
	empty = b->first == NULL;
	pthread_mutex_unlock(&b->mutex);
	return empty;
}

bool mailbox_is_whole(struct mailbox *b)
{
	bool whole;

	pthread_mutex_lock(&b->mutex);
	whole = b->whole;
	pthread_mutex_unlock(&b->mutex);
	return whole;
}

bool mailbox_post(struct mailbox *b, struct mail *m)
{
	struct mails one;

	mails_init(&one);
	mails_add(&one, m);
	return mailbox_post_all(b, &one);
}

struct mail *mailbox_take(struct mailbox *b, int64_t wait_ns)
{
	struct mail *m;

	pthread_mutex_lock(&b->mutex);
	if (!b->first && !b->nudged && wait_ns > 0) {
		int64_t until = clock_monotonic_ns() + wait_ns;
		struct timespec at = { until / 1000000000, until % 1000000000 };

		while (!b->first && !b->nudged)
			if (pthread_cond_timedwait(&b->filled, &b->mutex, &at) != 0)
				break;
	}
	m = b->first;
	b->first = NULL;
	b->last = &b->first;
	b->nudged = false;
	b->whole = false;
	pthread_mutex_unlock(&b->mutex);
	return m;
}

void mailbox_nudge(struct mailbox *b)
{
	pthread_mutex_lock(&b->mutex);
	b->nudged = true;
	pthread_cond_signal(&b->filled);
	pthread_mutex_unlock(&b->mutex);
}
