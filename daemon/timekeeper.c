/* SPDX-License-Identifier: Apache-2.0 */
/* When is it time? */
#include "base/clock.h"
#include "daemon/daemon.h"

#define DUE_PER_INPUT   256
#define SWEEP_PER_INPUT 256
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

static void time_over(struct daemon *d, struct task *t)
{
	(void)t;
	d->timekeeper.under_way = false;
}

static void time_failed(struct daemon *d, struct task *t, int rc)
{
	(void)rc;
	time_over(d, t);
}

static void sleep_ms(struct daemon *d, int64_t ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	event_add(d->timekeeper.timer, &tv);
}

static void fire(struct daemon *d, bool sweeping)
{
	struct timekeeper *k = &d->timekeeper;
	struct task *t = task_new(d);
	int64_t step = (int64_t)DUE_PER_INPUT * d->store.shards * 1000000000 /
		d->config.deadlines_per_second;

	if (!t) {
		sleep_ms(d, SLEEP_MAX_MS);
		return;
	}
	t->work.input.type = INPUT_TIME;
	t->work.input.pace.due = DUE_PER_INPUT;
	t->work.input.pace.sweep = sweeping ? SWEEP_PER_INPUT : 0;
	timekeeper_stamp(d, &t->work.input);
	t->done = time_over;
	t->failed = time_failed;
	if (pipeline_submit(d, t, span_of(NULL, 0), NULL, 0) != 0) {
		task_free(d, t);
		return;
	}
	k->under_way = true;
	k->fired++;
	k->not_before_ns = clock_monotonic_ns() + step;
	daemon_flush_soon(d);
}

void timekeeper_check(struct daemon *d)
{
	struct timekeeper *k = &d->timekeeper;
	bool sweeping;
	int64_t due = earliest_due(d, &sweeping), now = timekeeper_now(d), wait_ns;

	/* Short of room, what is left is for deadlines. */
	sweeping = sweeping && daemon_takes_in(d);
	if (k->under_way || !daemon_fires(d) || !k->timer)
		return;
	if (due > now && !sweeping) {
		if (due != NEVER && d->config.clock == CLOCK_WALL)
			sleep_ms(d, due - now < SLEEP_MAX_MS ? due - now : SLEEP_MAX_MS);
		return;
	}
	wait_ns = k->not_before_ns - clock_monotonic_ns();
	if (wait_ns > 0)
		sleep_ms(d, wait_ns / 1000000 + 1);
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
	d->timekeeper.timer = evtimer_new(d->base, on_timer, d);
	return d->timekeeper.timer ? 0 : ERR_NOMEM;
}

void timekeeper_close(struct daemon *d)
{
	if (d->timekeeper.timer)
		event_free(d->timekeeper.timer);
	d->timekeeper.timer = NULL;
}
