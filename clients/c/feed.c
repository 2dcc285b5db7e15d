/* SPDX-License-Identifier: Apache-2.0 */
/* Feed: the live notifications. */
#include <stdlib.h>
#include "base/clock.h"
#include "clients/c/kith.h"
#include "clients/c/link.h"
#include "proto/codec.h"

#define ARENA_FIRST (16u << 10)
#define ARENA_LIMIT (4u << 20)

struct kith_feed {
	struct link link;
	char *topics[LINK_TOPICS_MAX]; /* owned */
	unsigned n_topics;
	struct arena *arena;
	struct notification notification;
};

int kith_feed_open(const char *run, const char *const *topics, unsigned n_topics,
	struct kith_feed **ret_feed, struct complaint *c)
{
	struct kith_feed *f;
	int rc = 0;

	if (n_topics > LINK_TOPICS_MAX)
		return complain(c, ERR_TOOBIG, "%u types given, at most %d are possible", n_topics,
			LINK_TOPICS_MAX);
	f = calloc(1, sizeof *f);
	if (!f)
		return complain(c, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	f->arena = arena_new(ARENA_FIRST, ARENA_LIMIT);
	for (; f->n_topics < n_topics && !rc; f->n_topics++) {
		f->topics[f->n_topics] = strdup(topics[f->n_topics]);
		rc = f->topics[f->n_topics] ? 0 : ERR_NOMEM;
	}
	if (rc || !f->arena)
		rc = complain(c, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	else
		rc = link_open(&f->link, run, "feed", ZMQ_SUB, (const char *const *)f->topics, n_topics,
			c);
	if (rc)
		kith_feed_close(f);
	else
		*ret_feed = f;
	return rc;
}

int kith_feed_next(struct kith_feed *f, int timeout_ms, const struct notification **ret_n)
{
	int64_t start = clock_monotonic_ns();
	struct span data;
	int rc;

	for (;;) {
		while (!(rc = link_receive(&f->link, &data))) {
			arena_reset(f->arena);
			*ret_n = &f->notification;
			if (!notification_decode(&f->notification, data.data, data.size, f->arena))
				return 0;
		}
		if (rc != ERR_NOTFOUND)
			return rc;
		rc = link_wait(&f->link, link_time_left(start, timeout_ms), false);
		if (rc)
			return rc;
	}
}

bool kith_feed_is_connected(const struct kith_feed *f)
{
	return f->link.connected;
}

int kith_feed_unreachable(const struct kith_feed *f, struct complaint *c)
{
	return link_unreachable(&f->link, c);
}

void kith_feed_close(struct kith_feed *f)
{
	if (!f)
		return;
	link_close(&f->link, 0);
	arena_free(f->arena);
	for (unsigned i = 0; i < f->n_topics; i++)
		free(f->topics[i]);
	free(f);
}
