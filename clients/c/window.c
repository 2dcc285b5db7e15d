/* SPDX-License-Identifier: Apache-2.0 */
/* Window: batches without an answer. */
#include "clients/c/window.h"
#include <stdlib.h>

void pending_free(struct pending *b)
{
	if (!b)
		return;
	buf_fini(&b->encoded);
	free(b->tags);
	free(b);
}

void window_fini(struct window *w)
{
	while (w->first)
		window_remove(w, w->first);
}

void window_add(struct window *w, struct pending *b)
{
	if (w->last)
		w->last->next = b;
	else
		w->first = b;
	w->last = b;
	w->events += b->n_events;
}

struct pending *window_find(const struct window *w, uint64_t number)
{
	struct pending *b = w->first;

	while (b && b->number != number)
		b = b->next;
	return b;
}

struct pending *window_unsent(const struct window *w)
{
	struct pending *b = w->first;

	while (b && b->sent)
		b = b->next;
	return b;
}

struct pending *window_oldest_sent(const struct window *w)
{
	return w->first && w->first->sent ? w->first : NULL;
}

void window_mark_sent(struct window *w, struct pending *b, int64_t now_ns)
{
	b->sent = b->resend = true;
	b->sent_ns = now_ns;
	w->sent_events += b->n_events;
}

void window_unsend(struct window *w)
{
	for (struct pending *b = w->first; b; b = b->next)
		b->sent = false;
	w->sent_events = 0;
}

void window_remove(struct window *w, struct pending *b)
{
	struct pending *before = NULL;

	for (struct pending *i = w->first; i != b; i = i->next)
		before = i;
	if (before)
		before->next = b->next;
	else
		w->first = b->next;
	if (w->last == b)
		w->last = before;
	w->events -= b->n_events;
	if (b->sent)
		w->sent_events -= b->n_events;
	pending_free(b);
}
