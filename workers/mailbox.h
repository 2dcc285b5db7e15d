/* SPDX-License-Identifier: Apache-2.0 */
/* Mailbox: the only thing that crosses between threads, beside a few atomics. */
#ifndef KITH_WORKERS_MAILBOX_H
#define KITH_WORKERS_MAILBOX_H
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum mail_kind { MAIL_PART, MAIL_QUERY };

struct mail {
	struct mail *next;
	/* So many of those that it belongs with have not come back yet, itself included; counted
	 * under the lock of the mailbox they come back to. NULL: it is alone. */
	unsigned *left;
	uint8_t kind; /* enum mail_kind */
};

/* A queue that one side fills and the other empties whole. */
struct mailbox {
	pthread_mutex_t mutex;
	pthread_cond_t filled;
	struct mail *first, **last;
	bool nudged;
	bool whole; /* with what is in it, all of something that belongs together has come back */
};
void mailbox_init(struct mailbox *b);
void mailbox_fini(struct mailbox *b);
/* A chain of mail, put together by one thread; {NULL, …} when nothing is in it. */
struct mails {
	struct mail *first, **last;
	unsigned n;
};
static inline void mails_init(struct mails *list)
{
	*list = (struct mails){ .last = &list->first };
}
static inline void mails_add(struct mails *list, struct mail *m)
{
	m->next = NULL;
	*list->last = m;
	list->last = &m->next;
	list->n++;
}

/* Both return true when it was empty. A whole chain costs as much as one: a lock, and at most one
 * thread woken. LIST, which has some, is empty afterwards. */
bool mailbox_post(struct mailbox *b, struct mail *m);
bool mailbox_post_all(struct mailbox *b, struct mails *list);
/* Give LIST back: true when with it all of something has come that belongs together. Whoever posts
 * the last of it is told so, and by then the rest is there. */
bool mailbox_post_back(struct mailbox *b, struct mails *list);
bool mailbox_is_empty(struct mailbox *b);
/* Whether something is in it that all has come of. */
bool mailbox_is_whole(struct mailbox *b);
/* All mail in order, or NULL after WAIT_NS (0: at once) without any, or when nudged. */
struct mail *mailbox_take(struct mailbox *b, int64_t wait_ns);
/* End the waiting, or the next one. */
void mailbox_nudge(struct mailbox *b);

#endif
