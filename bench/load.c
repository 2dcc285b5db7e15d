/* SPDX-License-Identifier: Apache-2.0 */
/* kith-load: offers events to a running kithd and measures; `kith-load --help` is its manual.
 *
 * Closed loop: each connection has at most `window` batches without a receipt. Open loop: batches
 * are due at Poisson instants, and latency counts from when a batch was due, so that the waiting
 * of those who come while the daemon is busy is counted, whoever makes them wait. SIGINT ends it
 * early, with the report. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <zmq.h>
#include "base/clock.h"
#include "base/thread.h"
#include "bench/load.h"

#define BURST 8          /* batches sent before receipts are looked for */
#define PATIENCE_NS INT64_C(30000000000) /* for the last receipts */

static volatile sig_atomic_t stopping;

static void stop(int sig)
{
	(void)sig;
	stopping = 1;
}

void load_die(const char *what)
{
	fprintf(stderr, "kith-load: %s\n", what);
	exit(1);
}

static uint64_t now_ns(void)
{
	return (uint64_t)clock_monotonic_ns();
}

/* GIVEN, or the socket NAME in the run directory. */
static const char *endpoint(const struct load *l, const char *given, const char *name,
	char out[256])
{
	if (given)
		return given;
	if (!l->settings.run)
		load_die("--run DIR is missing");
	snprintf(out, 256, "ipc://%s/%s", l->settings.run, name);
	return out;
}

static void connection_open(struct load *l, struct connection *c, unsigned number)
{
	struct stream_settings stream = l->settings.stream;
	int big = 200000, none = 0;
	char room[256];

	stream.mix = l->settings.log ? &l->mix : NULL;
	stream.seed += number;
	stream.first_source = number * (stream.sources ? stream.sources : 1);
	stream.pool = stream.pool / l->settings.connections + 4;
	c->batches = stream_new(&stream);
	c->due = calloc(LOAD_RING, sizeof *c->due);
	c->socket = zmq_socket(l->zmq, ZMQ_DEALER);
	if (!c->batches || !c->due || !c->socket)
		load_die("out of memory");
	zmq_setsockopt(c->socket, ZMQ_SNDHWM, &big, sizeof big);
	zmq_setsockopt(c->socket, ZMQ_RCVHWM, &big, sizeof big);
	zmq_setsockopt(c->socket, ZMQ_LINGER, &none, sizeof none);
	if (zmq_connect(c->socket, endpoint(l, l->settings.ingest, "ingest", room)) != 0)
		load_die("cannot connect; is kithd running with this --run?");
}

static void connection_close(struct connection *c)
{
	zmq_close(c->socket);
	stream_free(c->batches);
	free(c->due);
}

/* The time at which the next batch's events happened. */
static int64_t event_time(struct load *l, const struct connection *c)
{
	const struct stream_settings *s = &l->settings.stream;

	if (l->settings.at_ms)
		return l->settings.at_ms;
	if (!l->settings.calendar)
		return clock_wall_ms();
	l->event_ms += stream_gap_ms(c->batches) / (double)s->customers * s->batch;
	return (int64_t)l->event_ms;
}

static void send_one(struct load *l, struct connection *c, uint64_t due)
{
	size_t size;
	const uint8_t *bytes = stream_next(c->batches, c->sent + 1, event_time(l, c), due, &size);

	c->sent++;
	c->due[c->sent % LOAD_RING] = due;
	if (zmq_send(c->socket, bytes, size, 0) < 0)
		load_die("cannot send");
}

static bool take_receipt(struct load *l, struct connection *c)
{
	struct receipt r;
	zmq_msg_t m;

	zmq_msg_init(&m);
	if (zmq_msg_recv(&m, c->socket, ZMQ_DONTWAIT) < 0)
		return false;
	arena_reset(l->arena);
	if (receipt_decode(&r, zmq_msg_data(&m), zmq_msg_size(&m), l->arena) != 0)
		load_die("a receipt that is none");
	zmq_msg_close(&m);
	c->answered++;
	l->all += l->settings.stream.batch;
	if (!l->measuring)
		return true;
	l->accepted += r.accepted;
	l->duplicates += r.duplicates;
	l->rejected += r.n_rejected;
	l->refused += r.refused != NULL;
	histogram_add(&l->receipt, now_ns() - c->due[r.number % LOAD_RING]);
	return true;
}

static struct connection *next_connection(struct load *l)
{
	struct connection *c = &l->connections[l->turn];

	l->turn = (l->turn + 1) % l->settings.connections;
	return c;
}

static void send_closed(struct load *l)
{
	for (unsigned i = 0; i < l->settings.connections; i++) {
		struct connection *c = next_connection(l);

		for (unsigned k = 0; k < BURST && c->sent - c->answered < l->settings.window; k++)
			send_one(l, c, now_ns());
	}
}

/* Send what is due; *NEXT is when the next one is. */
static void send_open(struct load *l, double *next)
{
	uint64_t now = now_ns();

	for (unsigned i = 0; i < BURST * 8 && (uint64_t)*next <= now; i++) {
		struct connection *c = next_connection(l);

		if (c->sent - c->answered >= LOAD_RING / 2)
			load_die("the daemon cannot take this rate");
		send_one(l, c, (uint64_t)*next);
		*next += -log1p(-random_unit(&l->random)) * l->settings.stream.batch /
			l->settings.rate * 1e9;
	}
}

static bool receive(struct load *l)
{
	bool any = false;

	for (unsigned i = 0; i < l->settings.connections; i++)
		while (take_receipt(l, &l->connections[i]))
			any = true;
	return any;
}

/* Until something comes, or UNTIL (0: whatever) has come. */
static void wait_for(struct load *l, int timer, uint64_t until)
{
	zmq_pollitem_t items[LOAD_CONNECTIONS + 1];
	unsigned n = 0;
	uint64_t junk;

	if (until) {
		struct itimerspec at = { .it_value = { (time_t)(until / 1000000000),
			(long)(until % 1000000000) } };

		timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
	}
	for (unsigned i = 0; i < l->settings.connections; i++)
		items[n++] = (zmq_pollitem_t){ l->connections[i].socket, 0, ZMQ_POLLIN, 0 };
	items[n++] = (zmq_pollitem_t){ NULL, timer, ZMQ_POLLIN, 0 };
	zmq_poll(items, (int)n, 20);
	if (read(timer, &junk, sizeof junk) < 0)
		junk = 0;
}

static void measure(struct load *l)
{
	l->measuring = true;
	atomic_store(&l->listener.measuring, true);
	l->notes_before = atomic_load(&l->listener.heard);
	l->before = process_usage(l->settings.pid, l->settings.store);
}

static bool all_answered(const struct load *l)
{
	for (unsigned i = 0; i < l->settings.connections; i++)
		if (l->connections[i].answered < l->connections[i].sent)
			return false;
	return true;
}

static bool is_enough(const struct load *l, uint64_t now, uint64_t end)
{
	uint64_t sent = 0;

	if (stopping || l->settings.events == 0)
		return stopping || now >= end;
	for (unsigned i = 0; i < l->settings.connections; i++)
		sent += l->connections[i].sent;
	return sent * l->settings.stream.batch >= l->settings.events;
}

/* What a client would do now, and a load must not: sent again, they would be measured as duplicates. */
static void die_unanswered(const struct load *l)
{
	uint64_t missing = 0, sent = 0;
	unsigned silent = 0;
	char text[400];

	for (unsigned i = 0; i < l->settings.connections; i++) {
		const struct connection *c = &l->connections[i];

		missing += c->sent - c->answered;
		sent += c->sent;
		silent += c->answered == 0 && c->sent > 0;
	}
	snprintf(text, sizeof text, "%llu of %llu batches got no receipt within %d s (%u of %u connections "
		"none at all): either kithd has ended or stands still, or it had more than 1,000 receipts "
		"for a connection, which takes no more and loses the rest (receipts_unsent of kith stats --json). A client "
		"sends such batches again. Offer less, or over more connections",
		(unsigned long long)missing, (unsigned long long)sent, (int)(PATIENCE_NS / 1000000000),
		silent, l->settings.connections);
	load_die(text);
}

static void drain(struct load *l, int timer)
{
	uint64_t end = now_ns() + (uint64_t)PATIENCE_NS;

	while (!all_answered(l) && now_ns() < end)
		if (!receive(l))
			wait_for(l, timer, 0);
	if (!all_answered(l))
		die_unanswered(l);
}

static void run(struct load *l)
{
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	uint64_t start = now_ns(), began = start + (uint64_t)(l->settings.warm * 1e9);
	uint64_t end = began + (uint64_t)(l->settings.seconds * 1e9), now;
	double next = (double)start;

	if (l->settings.events)
		began = start; /* all of them count */
	while (now = now_ns(), !is_enough(l, now, end)) {
		if (!l->measuring && now >= began) {
			measure(l);
			began = now;
		}
		if (l->settings.rate > 0)
			send_open(l, &next);
		else
			send_closed(l);
		if (!receive(l))
			wait_for(l, timer, l->settings.rate > 0 ? (uint64_t)next : 0);
	}
	if (l->settings.events)
		drain(l, timer);
	l->elapsed_s = (double)(now_ns() - began) / 1e9;
	l->after = process_usage(l->settings.pid, l->settings.store);
	l->measuring = false;
	atomic_store(&l->listener.measuring, false);
	drain(l, timer);
	close(timer);
}

static void listen_to(struct load *l)
{
	const struct load_settings *s = &l->settings;
	char room[256];

	if (!s->hear && !s->subscription)
		return;
	if (!listener_start(&l->listener, s->hear ? endpoint(l, s->feed, "feed", room) :
		endpoint(l, s->subscribe_at, "subscribe", room), s->subscription, s->credit))
		load_die("cannot listen, or the subscription is not opened");
}

int main(int argc, char **argv)
{
	static struct load l = { .settings = { .stream = { .customers = 100000, .zipf = 0.8,
		.batch = 100, .pool = 2000, .seed = 1 }, .seconds = 4, .warm = 1, .window = 64,
		.connections = 1, .credit = 4096 } };
	struct complaint c = { 0 };

	load_arguments(&l.settings, argc, argv);
	signal(SIGINT, stop);
	if (l.settings.log && mix_read(&l.mix, l.settings.log, &c) != 0)
		load_die(c.text);
	listen_to(&l);
	thread_pace(THREAD_PROMPT); /* as who sends elsewhere; ZeroMQ's thread takes after us */
	l.zmq = zmq_ctx_new();
	zmq_ctx_set(l.zmq, ZMQ_MAX_SOCKETS, 2048);
	l.arena = arena_new(65536, 1 << 22);
	l.connections = calloc(l.settings.connections, sizeof *l.connections);
	if (!l.arena || !l.connections)
		load_die("out of memory");
	random_seed_with(&l.random, l.settings.stream.seed + 1);
	l.event_ms = (double)clock_wall_ms();
	for (unsigned i = 0; i < l.settings.connections; i++)
		connection_open(&l, &l.connections[i], i);
	run(&l);
	listener_stop(&l.listener);
	load_report(&l);
	for (unsigned i = 0; i < l.settings.connections; i++)
		connection_close(&l.connections[i]);
	free(l.connections);
	arena_free(l.arena);
	mix_fini(&l.mix);
	zmq_ctx_term(l.zmq);
	return 0;
}
