/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's life: open everything, recover, run the loop, stop cleanly. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/thread.h"
#include "daemon/daemon.h"

#define TICK_MS 100
#define TRIM_TICKS 100
#define NS_PER_MS 1000000

void daemon_wake(void *arg)
{
	struct daemon *d = arg;
	uint64_t one = 1;

	/* EAGAIN means that it is awake. */
	if (write(d->wake_fd, &one, sizeof one) < 0 && errno != EAGAIN)
		log_error("loop", "cannot wake the main thread", "errno=%d", errno);
}

void daemon_abandon(struct daemon *d, const char *what, int rc)
{
	log_error("daemon", what, "error=%s", log_quote(err_text(rc)));
	d->exit_code = 1;
	d->state = DAEMON_STOPPING;
	event_base_loopbreak(d->base);
}

void daemon_hand_out(struct daemon *d, unsigned shard, const struct outcome *o, unsigned from,
	unsigned n)
{
	if (n == 0)
		return;
	feed_publish(d, shard, o, from, n);
	subscribers_notify(d, shard, o->notes[from + n - 1].sequence);
	webhooks_notify(d);
}

/* Inputs are over, which may be what others wait for. */
static void after_inputs(struct daemon *d)
{
	courier_check(d);
	ingest_regulate(d);
	timekeeper_check(d);
}

static void on_tell(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;

	(void)fd;
	(void)what;

	pipeline_tell(d);
	after_inputs(d);
}

static void on_flush(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;
	int rc = pipeline_flush(d);

	(void)fd;
	(void)what;
	if (rc != 0)
		daemon_abandon(d, "the journal could not be made durable", rc);
}

void daemon_flush_soon(struct daemon *d)
{
	if (d->flush)
		event_active(d->flush, EV_TIMEOUT, 0);
}

static void check_workers(struct daemon *d)
{
	for (unsigned i = 0; i < d->workers_running; i++)
		if (atomic_load(&d->workers[i].state) == WORKER_FAILED) {
			d->exit_code = 1;
			event_base_loopbreak(d->base);
		}
}

/* Shards have given something back, or a sync is over. */
static void take_back(struct daemon *d)
{
	int rc = pipeline_take(d);

	if (rc != 0) {
		daemon_abandon(d, "the journal could not be made durable", rc);
		return;
	}
	check_workers(d);
	if (d->state == DAEMON_RUNNING && space_shard_is_full(d))
		space_check(d); /* at once: what is taken in meanwhile has to stay in memory */
	after_inputs(d);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	uint64_t count;

	(void)what;
	if (read(fd, &count, sizeof count) < 0 && errno != EAGAIN)
		log_error("loop", "cannot read the wake-up", "errno=%d", errno);
	take_back(arg);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;
	uint64_t checkpoint = UINT64_MAX;

	(void)fd;
	(void)what;
	socket_check(&d->ingest.socket);
	socket_check(&d->feed.protobuf);
	socket_check(&d->feed.json);
	socket_check(&d->subscribers.socket);
	socket_check(&d->control.socket);
	if (d->state != DAEMON_STOPPING) {
		subscribers_tick(d);
		webhooks_tick(d);
	}
	courier_tick(d);
	if (d->ticks % 5 == 0) {
		space_lost_check(d);
		space_check(d);
	}
	check_workers(d);
	notify_watchdog(d);
	if (++d->ticks % TRIM_TICKS != 0)
		return;
	for (unsigned i = 0; i < d->store.shards; i++)
		if (atomic_load(&d->workers[i].checkpoint) < checkpoint)
			checkpoint = atomic_load(&d->workers[i].checkpoint);
	if (journal_trim(d->pipeline.journal, checkpoint, clock_wall_ms()) != 0)
		log_warn("journal", "an old segment could not be deleted", NULL);
}

static void stopped(struct query *q)
{
	struct daemon *d = q->arg;

	query_free(q);
	if (--d->stops_awaited == 0)
		event_base_loopbreak(d->base);
}

/* Begin a clean stop. */
static void daemon_stop(struct daemon *d)
{
	int rc;

	if (d->state == DAEMON_STOPPING)
		return;
	log_info("daemon", "stopping", NULL);
	notify_stopping();
	rc = pipeline_finish(d);
	if (rc != 0) {
		daemon_abandon(d, "the journal could not be made durable", rc);
		return;
	}
	subscribers_tick(d);
	webhooks_positions(d);
	d->state = DAEMON_STOPPING;
	for (unsigned i = 0; i < d->store.shards; i++) {
		struct query *q = query_new(QUERY_STOP, stopped, d);

		if (!q) {
			daemon_abandon(d, "cannot stop cleanly", ERR_NOMEM);
			return;
		}
		q->shard = i;
		d->stops_awaited++;
		worker_post(&d->workers[i], &q->mail);
	}
}

static void on_signal(evutil_socket_t signal, short what, void *arg)
{
	struct daemon *d = arg;
	struct complaint c = { 0 };
	bool changed;

	(void)what;
	if (signal == SIGHUP && d->state != DAEMON_STOPPING)
		webhooks_secrets(d);
	if (signal != SIGHUP)
		daemon_stop(d);
	else if (d->state != DAEMON_STOPPING && inputs_lifecycle(d, &changed, &c) != 0)
		log_error("lifecycle", "the old rules stay in force", "error=%s",
			log_quote(c.text));
	else if (d->state != DAEMON_STOPPING && !changed)
		log_info("lifecycle", "unchanged", NULL);
}

/* Paces are kept and groups gathered in fractions of a millisecond: by itself libevent has a clock
 * that moves every tick, 4 ms, and sleeps whole milliseconds. */
static struct event_base *precise_base(void)
{
	struct event_config *c = event_config_new();
	struct event_base *base = NULL;

	if (c && event_config_set_flag(c, EVENT_BASE_FLAG_PRECISE_TIMER) == 0)
		base = event_base_new_with_config(c);
	if (c)
		event_config_free(c);
	return base;
}

static int open_loop(struct daemon *d)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	struct timeval tick = { 0, TICK_MS * 1000 };

	signal(SIGPIPE, SIG_IGN);
	d->base = precise_base();
	d->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (!d->base || d->wake_fd < 0)
		return ERR_NOMEM;
	mailbox_init(&d->returned);
	d->wake = event_new(d->base, d->wake_fd, EV_READ | EV_PERSIST, on_wake, d);
	d->tick = event_new(d->base, -1, EV_PERSIST, on_tick, d);
	d->flush = event_new(d->base, -1, 0, on_flush, d);
	d->tell = event_new(d->base, -1, 0, on_tell, d);
	if (!d->wake || !d->tick || !d->flush || !d->tell || event_add(d->wake, NULL) != 0 ||
		event_add(d->tick, &tick) != 0)
		return ERR_NOMEM;
	for (unsigned i = 0; i < 3; i++) {
		d->signals[i] = evsignal_new(d->base, signals[i], on_signal, d);
		if (!d->signals[i] || event_add(d->signals[i], NULL) != 0)
			return ERR_NOMEM;
	}
	return 0;
}

static int open_run_dir(struct daemon *d, struct complaint *c)
{
	struct stat st;

	d->run_made = mkdir(d->config.run, 0750) == 0;
	if (!d->run_made && errno != EEXIST)
		return complain(c, err_from_errno(errno), "cannot make the run directory %s: %s",
			d->config.run, strerror(errno));
	if (stat(d->config.run, &st) != 0 || !S_ISDIR(st.st_mode))
		return complain(c, ERR_INVALID, "%s is no directory", d->config.run);
	return 0;
}

/* A socket's path would be taken over without a word: hold a lock beside it. */
static int lock_run_dir(struct daemon *d, struct complaint *c)
{
	char path[128];
	struct stat st;
	int fd;

	snprintf(path, sizeof path, "%s/lock", d->config.run);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0)
		return complain(c, err_from_errno(errno), "%s: %s", path, strerror(errno));
	/* without a link: its owner has just been refused, and takes the directory away */
	if (flock(fd, LOCK_EX | LOCK_NB) != 0 || fstat(fd, &st) != 0 || st.st_nlink == 0) {
		close(fd);
		return complain(c, ERR_BUSY, "another kithd uses the run directory %s",
			d->config.run);
	}
	d->run_lock = fd;
	return 0;
}

/* Of who is refused nothing is left behind; a directory that was there before us stays. */
static void leave_run_dir(struct daemon *d)
{
	char path[128];

	if (!d->run_made || d->run_lock < 0)
		return;
	snprintf(path, sizeof path, "%s/lock", d->config.run);
	(void)unlink(path);
	(void)rmdir(d->config.run);
}

static int open_envs(struct daemon *d, struct complaint *c)
{
	d->workers = calloc(d->store.shards, sizeof *d->workers);
	d->beats = calloc(d->store.shards, sizeof *d->beats);
	d->config.checkpoint.dirty_pages = checkpoint_pages(d->config.checkpoint_memory,
		d->store.shards);
	if (!d->workers || !d->beats)
		return complain(c, ERR_NOMEM, "out of memory");
	for (unsigned i = 0; i < d->store.shards; i++) {
		int rc = env_open(&d->store, i, d->config.map_bytes, false, &d->workers[i].env, c);

		if (rc != 0)
			return rc;
	}
	return 0;
}

static int open_journal(struct daemon *d, struct complaint *c)
{
	struct journal_settings js = { d->config.journal_segment, d->config.journal_keep,
		d->config.journal_keep_ms };
	struct journal *journal;
	uint64_t high = 0;
	char dir[4096];
	int rc;

	for (unsigned i = 0; i < d->store.shards; i++) {
		uint64_t at = env_meta(d->workers[i].env)->position;

		if (at > high)
			high = at;
	}
	store_journal_dir(&d->store, dir);
	rc = journal_open(dir, d->store.id, &js, high + 1, high, clock_wall_ms(), &journal, c);
	if (rc != 0)
		return rc;
	pipeline_init(&d->pipeline, journal);
	return pipeline_start(&d->pipeline, &d->returned, daemon_wake, d);
}

static void started(struct query *q)
{
	struct daemon *d = q->arg;

	if (q->rc == 0)
		q->rc = subscribers_load(d, q);
	if (q->rc != 0 && d->start_rc == 0) {
		d->start_rc = q->rc;
		d->start_complaint = q->complaint;
	}
	d->customers_at_start += q->meta.customers;
	d->listens = d->listens || q->listens;
	if (q->rc == 0 && q->shard == 0) {
		d->settings = q->settings;
		d->engine = q->engine;
		d->parameters = q->parameters;
		if (q->lifecycle)
			d->lifecycle = lifecycle_hold(q->lifecycle);
	}
	if (q->meta.clock_ms > d->timekeeper.event_ms)
		d->timekeeper.event_ms = q->meta.clock_ms;
	if (q->frames)
		log_info("journal", "replayed", "shard=%u frames=%llu events=%llu ms=%lld cpu_ms=%lld",
			q->shard, (unsigned long long)q->frames, (unsigned long long)q->events,
			(long long)(q->replay_ns / NS_PER_MS),
			(long long)(q->replay_work_ns / NS_PER_MS));
	d->stops_awaited--;
	query_free(q);
}

/* Shards replay side by side as far as there are processors. */
static int64_t replay_share_ns(const struct daemon *d)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (processors < 1 || (unsigned long)processors >= d->store.shards)
		return d->config.checkpoint.replay_ns;
	return d->config.checkpoint.replay_ns * processors / d->store.shards;
}

static int start_worker(struct daemon *d, unsigned i)
{
	struct worker *w = &d->workers[i];
	struct query *q = query_new(QUERY_START, started, d);
	int rc;

	if (!q)
		return ERR_NOMEM;
	w->outbox = &d->returned;
	w->wake = daemon_wake;
	w->wake_arg = d;
	w->durable = &d->pipeline.durable;
	w->settings = d->config.checkpoint;
	w->settings.replay_ns = replay_share_ns(d);
	w->store_id = d->store.id;
	w->shards = d->store.shards;
	store_journal_dir(&d->store, w->journal_dir);
	q->shard = i;
	q->from = journal_last(d->pipeline.journal);
	q->any_engine = d->config.accept_engine;
	rc = worker_start(w, i, w->env);
	if (rc != 0) {
		query_free(q);
		return rc;
	}
	d->workers_running++;
	d->stops_awaited++;
	worker_post(w, &q->mail);
	return 0;
}

/* All shards recover side by side; nothing is taken in before the last is ready. */
static int start_workers(struct daemon *d, struct complaint *c)
{
	int rc = subscribers_init(d);

	if (rc == 0)
		rc = webhooks_init(d);
	for (unsigned i = 0; rc == 0 && i < d->store.shards; i++)
		rc = start_worker(d, i);
	while (d->stops_awaited) {
		struct mail *m = mailbox_take(&d->returned, INT64_C(1000000000)), *next;

		for (; m; m = next) {
			next = m->next;
			/* nothing else is asked yet */
			((struct query *)m)->answered((struct query *)m);
		}
	}
	if (rc == 0 && d->start_rc != 0) {
		*c = d->start_complaint;
		rc = d->start_rc;
	}
	return rc;
}

static int open_sockets(struct daemon *d, struct complaint *c)
{
	int rc;

	thread_pace(THREAD_PROMPT); /* the shards have begun; ZeroMQ's threads take after us */
	d->zmq = zmq_ctx_new();
	if (!d->zmq)
		return complain(c, ERR_NOMEM, "out of memory");
	(void)zmq_ctx_set(d->zmq, ZMQ_MAX_SOCKETS, 64);
	rc = control_open(d, c);
	if (rc == 0)
		rc = feed_open(d, c);
	if (rc == 0)
		rc = subscribers_open(d, c);
	if (rc == 0)
		rc = webhooks_open(d, c);
	if (rc == 0)
		rc = ingest_open(d, c);
	return rc;
}

static int start(struct daemon *d, struct complaint *c)
{
	int rc = start_workers(d, c);

	d->recovered_ns = clock_monotonic_ns() - d->started_ns;
	if (rc == 0)
		rc = timekeeper_open(d);
	if (rc == 0)
		rc = surveyor_open(d);
	if (rc == 0)
		rc = previewer_open(d);
	if (rc == 0)
		rc = refitter_open(d);
	if (rc == 0)
		rc = courier_open(d);
	if (rc == 0) {
		d->state = DAEMON_RUNNING;
		rc = inputs_at_start(d, c);
	}
	if (rc == 0)
		rc = pipeline_finish(d);
	if (rc == 0 && d->state == DAEMON_FULL)
		rc = complain(c, ERR_NOSPACE, "the journal cannot be written: is the disk full?");
	if (rc == 0)
		rc = open_sockets(d, c);
	return rc;
}

int daemon_open(struct daemon *d, struct complaint *c)
{
	int rc;

	d->wake_fd = d->run_lock = d->store.lock_fd = -1;
	d->started_ns = clock_monotonic_ns();
	rc = sentences_open(d, c);
	if (rc == 0)
		rc = open_run_dir(d, c);
	if (rc == 0)
		rc = lock_run_dir(d, c);
	if (rc == 0) {
		rc = store_open(d->config.store, d->config.shards, true, &d->store, c);
		if (rc != 0)
			leave_run_dir(d);
	}
	if (rc == 0)
		rc = open_loop(d);
	if (rc == 0)
		rc = open_envs(d, c);
	if (rc == 0)
		rc = open_journal(d, c);
	d->opened_ns = clock_monotonic_ns() - d->started_ns;
	if (rc == 0)
		rc = start(d, c);
	if (rc != 0 && c->text[0] == '\0')
		(void)complain(c, rc, "cannot start: %s", err_text(rc));
	return rc;
}

int daemon_run(struct daemon *d)
{
	log_info("daemon", "ready", "version=%s store=%s shards=%u customers=%llu ms=%lld "
		"opened_ms=%lld recovered_ms=%lld",
		KITH_VERSION, log_quote(d->store.dir), d->store.shards,
		(unsigned long long)d->customers_at_start,
		(long long)((clock_monotonic_ns() - d->started_ns) / NS_PER_MS),
		(long long)(d->opened_ns / NS_PER_MS), (long long)(d->recovered_ns / NS_PER_MS));
	notify_ready();
	space_check(d);
	courier_check(d);
	timekeeper_check(d);
	while (!event_base_got_break(d->base)) {
		if (event_base_loop(d->base, EVLOOP_ONCE) < 0) {
			d->exit_code = 1;
			break;
		}
		/* What nobody was woken for: there may be something to tell in it. */
		if (!mailbox_is_empty(&d->returned))
			take_back(d);
		thread_rest(backlog_rest_ns(d->pipeline.backlog, d->store.shards));
	}
	return d->exit_code;
}

static void close_events(struct daemon *d)
{
	for (unsigned i = 0; i < 3; i++)
		if (d->signals[i])
			event_free(d->signals[i]);
	if (d->wake)
		event_free(d->wake);
	if (d->tick)
		event_free(d->tick);
	if (d->flush)
		event_free(d->flush);
	if (d->tell)
		event_free(d->tell);
	if (d->base)
		event_base_free(d->base);
	if (d->wake_fd >= 0)
		close(d->wake_fd);
}

/* Also after a half-way opening. On an unclean end the workers are not waited for: what they have
 * not committed is in the journal. */
void daemon_close(struct daemon *d)
{
	for (unsigned i = 0; i < d->workers_running; i++)
		worker_join(&d->workers[i]);
	ingest_close(d);
	webhooks_close(d);
	subscribers_close(d);
	feed_close(d);
	sentences_close(d);
	control_close(d);
	timekeeper_close(d);
	surveyor_close(d);
	previewer_close(d);
	refitter_close(d);
	courier_close(d);
	if (d->zmq)
		zmq_ctx_term(d->zmq);
	for (unsigned i = 0; d->workers && i < d->store.shards; i++) {
		shard_close(&d->workers[i].shard);
		env_close(d->workers[i].env);
	}
	pipeline_fini(&d->pipeline);
	lifecycle_drop(d->lifecycle);
	free(d->workers);
	free(d->beats);
	close_events(d);
	store_close(&d->store);
	config_fini(&d->config);
	if (d->run_lock >= 0)
		close(d->run_lock);
}
