/* SPDX-License-Identifier: Apache-2.0 */
/* When is it time? */
#include "base/clock.h"
#include "daemon/daemon.h"

#define DUE_MIN         64 /* of an input, each shard */
#define DUE_MAX         4096
#define SLICE_NS        INT64_C(1500000) /* what an input may take: ingest waits behind it */
#define STEP_NS         INT64_C(20000000) /* between two inputs, at most, unless the pace is slow */
#define SWEEP_PER_INPUT 256
#define CROWDED_US      5000 /* a shard's flush is behind: look again */
#define SLEEP_MAX_MS    1000 /* the wall clock may be set; look again */

int64_t timekeeper_now(const struct daemon *d)
{
	return d->config.clock == CLOCK_EVENT ? d->timekeeper.event_ms : clock_wall_ms();
}

/* What the event clock shows when IN has been taken in. */
static int64_t event_clock(const struct daemon *d, const struct input *in)
{
	int64_t ms = d->timekeeper.event_ms;

	for (uint32_t i = 0; !in->backfill && i < in->batch.n_events; i++)
		if (in->batch.events[i].time_ms > ms)
			ms = in->batch.events[i].time_ms;
	return ms;
}

void timekeeper_stamp(const struct daemon *d, struct input *in)
{
	in->taken_ms = clock_wall_ms();
	in->clock_ms = d->config.clock == CLOCK_EVENT ? event_clock(d, in) : in->taken_ms;
}

void timekeeper_saw(struct daemon *d, const struct input *in)
{
	d->timekeeper.event_ms = event_clock(d, in);
}

static int64_t earliest_due(const struct daemon *d, bool *ret_sweeping)
{
	int64_t due = NEVER;

	*ret_sweeping = false;
	for (unsigned i = 0; i < d->store.shards; i++) {
		int64_t at = atomic_load(&d->workers[i].next_due_ms);

		if (at < due)
			due = at;
		if (atomic_load(&d->workers[i].sweeping))
			*ret_sweeping = true;
	}
	return due;
}

/* More deadlines with each input as long as that takes no longer than a slice. */
static void adapt(struct daemon *d, int64_t took_ns)
{
	struct timekeeper *k = &d->timekeeper;
	uint32_t most = (uint32_t)(d->config.deadlines_per_second / (1000000000 / STEP_NS) /
		d->store.shards);

	if (most > DUE_MAX)
		most = DUE_MAX;
	if (took_ns < SLICE_NS)
		k->due *= 2;
	else if (took_ns > 2 * SLICE_NS)
		k->due /= 2;
	if (k->due > most)
		k->due = most;
	if (k->due < DUE_MIN)
		k->due = DUE_MIN;
}

/* Inputs come back in order, each after the one before it. */
static void time_over(struct daemon *d, struct task *t)
{
	struct timekeeper *k = &d->timekeeper;
	int64_t now = clock_monotonic_ns(), began = k->began_ns[(k->fired - k->under_way) % TIMES_MAX];
	bool sweeping;

	k->under_way--;
	k->behind = earliest_due(d, &sweeping) <= t->work.input.clock_ms;
	if (k->behind && t->work.input.pace.due > 0)
		adapt(d, now - (began > k->over_ns ? began : k->over_ns));
	else if (!k->behind)
		k->due = DUE_MIN;
	k->over_ns = now;
}

static void time_failed(struct daemon *d, struct task *t, int rc)
{
	(void)rc;
	(void)t;
	d->timekeeper.under_way--;
	d->timekeeper.behind = false;
}

static void sleep_us(struct daemon *d, int64_t us)
{
	struct timeval tv = { us / 1000000, us % 1000000 };

	event_add(d->timekeeper.timer, &tv);
}

/* Whether sources are due: who is silent is to be known before customers are settled. */
static bool sources_first(const struct daemon *d)
{
	int64_t now = timekeeper_now(d);

	for (unsigned i = 0; i < d->store.shards; i++)
		if (atomic_load(&d->workers[i].sources_due_ms) <= now)
			return true;
	return false;
}

static void fire(struct daemon *d, bool sweeping)
{
	struct timekeeper *k = &d->timekeeper;
	bool sources = sources_first(d);
	struct task *t = task_new(d);
	int64_t now = clock_monotonic_ns();
	int64_t step = (int64_t)k->due * d->store.shards * 1000000000 / d->config.deadlines_per_second;

	if (!t) {
		sleep_us(d, SLEEP_MAX_MS * 1000);
		return;
	}
	t->work.input.type = INPUT_TIME;
	t->work.input.pace.due = sources ? 0 : k->due;
	t->work.input.pace.sweep = sweeping && !sources ? SWEEP_PER_INPUT : 0;
	timekeeper_stamp(d, &t->work.input);
	t->done = time_over;
	t->failed = time_failed;
	if (pipeline_submit(d, t, span_of(NULL, 0), NULL, 0) != 0) {
		task_free(d, t);
		return;
	}
	k->began_ns[k->fired % TIMES_MAX] = now;
	k->under_way++;
	k->fired++;
	/* What a timer comes too late is made up for, one step at most. */
	k->not_before_ns = (k->not_before_ns > now - step ? k->not_before_ns : now - step) + step;
	daemon_flush_soon(d);
}

/* A shard that is full before its last checkpoint is written has to wait for that, and senders with
 * it. What is due can come later, so the room that is left is theirs. */
static bool is_crowded(const struct daemon *d)
{
	for (unsigned i = 0; i < d->store.shards; i++)
		if (atomic_load(&d->workers[i].crowded))
			return true;
	return false;
}

void timekeeper_check(struct daemon *d)
{
	struct timekeeper *k = &d->timekeeper;
	bool sweeping;
	int64_t due = earliest_due(d, &sweeping), now = timekeeper_now(d), wait_ns;

	/* Short of room, what is left is for deadlines. */
	sweeping = sweeping && daemon_takes_in(d);
	if (k->under_way >= (k->behind ? TIMES_MAX : 1) || !daemon_fires(d) || !k->timer ||
		courier_has_news_of_sources(d))
		return; /* that ends with parts that come back, and so here again */
	if (due > now && !sweeping) {
		if (due != NEVER && d->config.clock == CLOCK_WALL)
			sleep_us(d, (due - now < SLEEP_MAX_MS ? due - now : SLEEP_MAX_MS) * 1000);
		return;
	}
	wait_ns = k->not_before_ns - clock_monotonic_ns();
	if (wait_ns > 0)
		sleep_us(d, wait_ns / 1000 + 1);
	else if (is_crowded(d))
		sleep_us(d, CROWDED_US);
	else
		fire(d, sweeping);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	timekeeper_check(arg);
}

int timekeeper_open(struct daemon *d)
{
	d->timekeeper.due = DUE_MIN;
	d->timekeeper.timer = evtimer_new(d->base, on_timer, d);
	return d->timekeeper.timer ? 0 : ERR_NOMEM;
}

void timekeeper_close(struct daemon *d)
{
	if (d->timekeeper.timer)
		event_free(d->timekeeper.timer);
	d->timekeeper.timer = NULL;
}
