/* SPDX-License-Identifier: Apache-2.0 */
/* When is it time? */
#include "base/clock.h"
#include "daemon/daemon.h"

#define DUE_MIN         32 /* of an input, each shard; fewer when the pace is slow */
#define DUE_MAX         4096
#define SLICE_NS        INT64_C(400000) /* what an input may take a shard: batches wait behind it */
#define STEP_NS         INT64_C(20000000) /* between two inputs, at most, unless the pace is slow */
#define LUMPS           10 /* a second, at least: an input is paid for whole, though only one may be due */
#define MADE_UP_NS      INT64_C(10000000) /* so much of the pace that was missed is made up for */
#define SWEEP_MIN       16  /* customers of an input, each shard */
#define SWEEP_MAX       1024
#define SWEEP_NS        INT64_C(1000000) /* what they may take; whoever is sent to waits behind them … */
#define SWEEP_REST      6   /* … and so many times as long nobody is judged again */
#define CROWDED_US      2000 /* a shard's flush is behind: look again */
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

/* What there is to do beside deadlines. */
struct chores {
	bool sweeping, releasing;
};

static int64_t earliest_due(const struct daemon *d, struct chores *ret_chores)
{
	int64_t due = NEVER;

	*ret_chores = (struct chores){ 0 };
	for (unsigned i = 0; i < d->store.shards; i++) {
		int64_t at = atomic_load(&d->workers[i].next_due_ms);

		if (at < due)
			due = at;
		ret_chores->sweeping |= atomic_load(&d->workers[i].sweeping);
		ret_chores->releasing |= atomic_load(&d->workers[i].releasing);
	}
	return due;
}

/* What the slowest shard needed of the processor for the last TIME input. How long that took would
 * be longer the more the machine has to do, and inputs smaller just when each of them is dear. */
static int64_t settled_ns(const struct daemon *d)
{
	int64_t most = 0;

	for (unsigned i = 0; i < d->store.shards; i++) {
		int64_t ns = atomic_load(&d->workers[i].settled_ns);

		most = ns > most ? ns : most;
	}
	return most;
}

/* What the pace allows each shard in one of so many inputs a second, from 1 to MOST. */
static uint32_t share(const struct daemon *d, uint64_t inputs, uint32_t most)
{
	uint64_t due = d->config.deadlines_per_second / inputs / d->store.shards;

	return due > most ? most : due ? (uint32_t)due : 1;
}

static uint32_t due_min(const struct daemon *d)
{
	return share(d, LUMPS, DUE_MIN);
}

/* As many deadlines with each input as a shard settles in a slice. */
static void adapt(struct daemon *d)
{
	struct timekeeper *k = &d->timekeeper;
	uint32_t most = share(d, 1000000000 / STEP_NS, DUE_MAX), least = due_min(d);
	int64_t took_ns = settled_ns(d);

	if (took_ns < SLICE_NS / 2)
		k->due += (k->due + 1) / 2;
	else if (took_ns > SLICE_NS)
		k->due -= k->due / 4;
	if (k->due > most)
		k->due = most;
	if (k->due < least)
		k->due = least;
}

/* A sweep is over: the next one, and how big. Where it took long for other reasons than its own
 * work, the daemon has much to do, and it is left alone for as long. */
static void adapt_sweep(struct daemon *d, int64_t now_ns, int64_t whole_ns)
{
	struct timekeeper *k = &d->timekeeper;
	int64_t took_ns = 0;

	for (unsigned i = 0; i < d->store.shards; i++) {
		int64_t ns = atomic_load(&d->workers[i].swept_ns);

		took_ns = ns > took_ns ? ns : took_ns;
	}
	k->sweep_ns = now_ns + (SWEEP_REST * took_ns > whole_ns ? SWEEP_REST * took_ns : whole_ns);
	if (took_ns > SWEEP_NS)
		k->sweep -= k->sweep / 4;
	else if (took_ns < SWEEP_NS / 2)
		k->sweep += k->sweep / 4;
	if (k->sweep > SWEEP_MAX)
		k->sweep = SWEEP_MAX;
	if (k->sweep < SWEEP_MIN)
		k->sweep = SWEEP_MIN;
}

/* Inputs come back in order, each after the one before it. */
static void time_over(struct daemon *d, struct task *t)
{
	struct timekeeper *k = &d->timekeeper;
	int64_t now = clock_monotonic_ns(), began = k->began_ns[(k->fired - k->under_way) % TIMES_MAX];
	struct chores chores;

	k->under_way--;
	if (t->work.input.pace.sweep)
		adapt_sweep(d, now, now - began);
	k->behind = earliest_due(d, &chores) <= t->work.input.clock_ms;
	if (!k->behind)
		k->due = due_min(d);
	else if (t->work.input.pace.due > 0 && t->work.input.pace.sweep == 0)
		adapt(d);
}

static void time_failed(struct daemon *d, struct task *t, int rc)
{
	(void)rc;
	(void)t;
	d->timekeeper.under_way--;
	d->timekeeper.fired--; /* it was the last: those before it find their beginning */
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
	int64_t late = now - (step > MADE_UP_NS ? step : MADE_UP_NS);

	if (!t) {
		sleep_us(d, SLEEP_MAX_MS * 1000);
		return;
	}
	t->work.input.type = INPUT_TIME;
	t->work.input.pace.due = sources ? 0 : k->due;
	t->work.input.pace.sweep = sweeping && !sources ? k->sweep : 0;
	timekeeper_stamp(d, &t->work.input);
	t->done = time_over;
	t->failed = time_failed;
	if (pipeline_submit(d, t, span_of(NULL, 0), NULL, 0) != 0) {
		task_free(d, t);
		sleep_us(d, SLEEP_MAX_MS * 1000);
		return;
	}
	k->began_ns[k->fired % TIMES_MAX] = now;
	k->under_way++;
	k->fired++;
	k->not_before_ns = (k->not_before_ns > late ? k->not_before_ns : late) + step;
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

/* Until FROM_NS, or until a deadline is due before that. */
static void sleep_until(struct daemon *d, int64_t from_ns, int64_t now_ns, int64_t due, int64_t now)
{
	int64_t us = from_ns > now_ns ? (from_ns - now_ns) / 1000 + 1 : SLEEP_MAX_MS * 1000;

	if (due > now && due - now < us / 1000 && d->config.clock == CLOCK_WALL)
		us = (due - now) * 1000;
	sleep_us(d, us);
}

void timekeeper_check(struct daemon *d)
{
	struct timekeeper *k = &d->timekeeper;
	struct chores chores;
	int64_t due = earliest_due(d, &chores), now = timekeeper_now(d), now_ns = clock_monotonic_ns();
	bool room = daemon_takes_in(d); /* short of it, what is left is for deadlines */
	bool must = due <= now || (chores.releasing && room), sweeping = chores.sweeping && room;

	if (k->under_way >= (k->behind ? TIMES_MAX : 1) || !daemon_fires(d) || !k->timer ||
		courier_has_news_of_sources(d))
		return; /* that ends with parts that come back, and so here again */
	if (!must && !sweeping) {
		if (due != NEVER && d->config.clock == CLOCK_WALL)
			sleep_until(d, 0, now_ns, due, now);
		return;
	}
	if (k->not_before_ns > now_ns)
		sleep_until(d, k->not_before_ns, now_ns, NEVER, now);
	else if (is_crowded(d))
		sleep_us(d, CROWDED_US);
	else if (!must && k->sweep_ns > now_ns)
		sleep_until(d, k->sweep_ns, now_ns, due, now);
	else
		fire(d, sweeping && k->sweep_ns <= now_ns);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	timekeeper_check(arg);
}

int timekeeper_open(struct daemon *d)
{
	d->timekeeper.due = due_min(d);
	d->timekeeper.sweep = SWEEP_MIN;
	d->timekeeper.timer = evtimer_new(d->base, on_timer, d);
	return d->timekeeper.timer ? 0 : ERR_NOMEM;
}

void timekeeper_close(struct daemon *d)
{
	if (d->timekeeper.timer)
		event_free(d->timekeeper.timer);
	d->timekeeper.timer = NULL;
}
