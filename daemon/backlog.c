/* SPDX-License-Identifier: Apache-2.0 */
/* Backlogs: counted when given and given back. */
#include <assert.h>
#include "daemon/backlog.h"

#define LATELY_EVENTS  8192
#define STOOD_STILL_NS INT64_C(4000000) /* it waited for its flush, say: its events take no longer */

void backlog_given(struct backlog *b, uint64_t events, int64_t now_ns)
{
	if (b->events == 0)
		b->since_ns = now_ns;
	b->events += events;
}

void backlog_given_back(struct backlog *b, uint64_t events, int64_t now_ns)
{
	int64_t took_ns = now_ns - b->since_ns;

	assert(events <= b->events);
	if (events == 0)
		return;
	b->events -= events;
	b->since_ns = now_ns;
	b->done_events += (int64_t)events;
	b->done_ns += took_ns < STOOD_STILL_NS ? took_ns : STOOD_STILL_NS;
	if (b->done_events > LATELY_EVENTS) {
		b->done_events /= 2;
		b->done_ns /= 2;
	}
}

static int64_t work_ns(const struct backlog *b)
{
	return b->done_events ? (int64_t)b->events * b->done_ns / b->done_events : 0;
}

static int64_t lull(int64_t work)
{
	int64_t ns = work / LULL_SHARE;

	if (ns < LULL_MIN_NS)
		return 0;
	return ns < LULL_MAX_NS ? ns : LULL_MAX_NS;
}

int64_t backlog_rest_ns(const struct backlog *b, unsigned n)
{
	int64_t least = INT64_MAX;

	for (unsigned i = 0; i < n; i++) {
		int64_t ns = work_ns(&b[i]);

		least = ns < least ? ns : least;
	}
	return lull(least);
}

int64_t backlog_late_ns(const struct backlog *b, unsigned n)
{
	int64_t most = 0;

	for (unsigned i = 0; i < n; i++) {
		int64_t ns = work_ns(&b[i]);

		most = ns > most ? ns : most;
	}
	return lull(most);
}
