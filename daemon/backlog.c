/* SPDX-License-Identifier: Apache-2.0 */
/* Backlogs: counted when given and given back. */
#include <assert.h>
#include "daemon/backlog.h"

void backlog_given(struct backlog *b, uint64_t events, int64_t now_ns)
{
	if (b->events == 0)
		b->since_ns = now_ns;
	b->events += events;
}

/* A shard that waits for its flush is not one for which an event takes long: what is measured may
 * fall at once, and rises slowly. */
static void learn(struct backlog *b, int64_t took_ns)
{
	if (b->event_ns && took_ns > 2 * b->event_ns)
		took_ns = 2 * b->event_ns;
	b->event_ns = b->event_ns ? (3 * b->event_ns + took_ns) / 4 : took_ns;
}

void backlog_given_back(struct backlog *b, uint64_t events, int64_t now_ns)
{
	assert(events <= b->events);
	if (events == 0)
		return;
	b->events -= events;
	learn(b, (now_ns - b->since_ns) / (int64_t)events);
	b->since_ns = now_ns;
}

int64_t backlog_rest_ns(const struct backlog *b, unsigned n)
{
	int64_t rest = 0;

	for (unsigned i = 0; i < n; i++) {
		int64_t ns = (int64_t)b[i].events * b[i].event_ns / REST_SHARE;

		rest = ns > rest ? ns : rest;
	}
	if (rest < REST_MIN_NS)
		return 0;
	return rest < REST_MAX_NS ? rest : REST_MAX_NS;
}
