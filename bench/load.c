/* SPDX-License-Identifier: Apache-2.0 */
/* kith-load: offers events to a running kithd and measures.
 *
 *   kith-load --run DIR [--seconds 4] [--warm 1] [--batch 100] [--window 64] [--rate 0]
 *             [--customers 100000] [--zipf 0.8] [--mixed] [--pid N] [--feed] [--seed 1]
 *
 * Closed loop (rate 0): at most `window` batches without a receipt. Open loop: batches are due at
 * Poisson instants, and latency counts from when a batch was due, so that waiting is counted.
 * Prints one line of JSON. */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>
#include "base/clock.h"
#include "bench/histogram.h"
#include "bench/stream.h"
#include "proto/codec.h"

struct load {
	struct stream_settings stream;
	const char *run;
	double seconds, warm, rate;
	unsigned window;
	int pid;
	bool feed;
	void *zmq, *ingest, *sub;
	struct stream *batches;
	struct random random;
	struct arena *arena;
	uint64_t *due;            /* by number, modulo RING */
	uint64_t sent, answered;  /* batches */
	uint64_t accepted, duplicates, rejected, refused, notes;
	bool measuring;
	struct histogram receipt, note;
};
#define RING 65536u

static void die(const char *what)
{
	fprintf(stderr, "kith-load: %s\n", what);
	exit(1);
}

static void *connect_to(struct load *l, int type, const char *name)
{
	char endpoint[256];
	void *s = zmq_socket(l->zmq, type);
	int big = 200000, none = 0;

	snprintf(endpoint, sizeof endpoint, "ipc://%s/%s", l->run, name);
	zmq_setsockopt(s, ZMQ_SNDHWM, &big, sizeof big);
	zmq_setsockopt(s, ZMQ_RCVHWM, &big, sizeof big);
	zmq_setsockopt(s, ZMQ_LINGER, &none, sizeof none);
	if (zmq_connect(s, endpoint) != 0)
		die("cannot connect; is kithd running with this --run?");
	return s;
}

static void send_one(struct load *l, uint64_t due)
{
	size_t size;
	const uint8_t *bytes = stream_next(l->batches, l->sent + 1, clock_wall_ms(), due, &size);

	l->sent++;
	l->due[l->sent % RING] = due;
	if (zmq_send(l->ingest, bytes, size, 0) < 0)
		die("cannot send");
}

static bool take_receipt(struct load *l)
{
	uint8_t bytes[65536];
	struct receipt r;
	int n = zmq_recv(l->ingest, bytes, sizeof bytes, ZMQ_DONTWAIT);

	if (n < 0)
		return false;
	arena_reset(l->arena);
	if (n > (int)sizeof bytes || receipt_decode(&r, bytes, (size_t)n, l->arena) != 0)
		die("a receipt that is none");
	l->answered++;
	if (!l->measuring)
		return true;
	l->accepted += r.accepted;
	l->duplicates += r.duplicates;
	l->rejected += r.n_rejected;
	l->refused += r.refused != NULL;
	histogram_add(&l->receipt, (uint64_t)clock_monotonic_ns() - l->due[r.number % RING]);
	return true;
}

static bool take_note(struct load *l)
{
	uint8_t bytes[16384];
	struct notification n;
	uint64_t due;
	int size = zmq_recv(l->sub, bytes, sizeof bytes, ZMQ_DONTWAIT);

	if (size < 0)
		return false;
	size = zmq_recv(l->sub, bytes, sizeof bytes, 0);
	arena_reset(l->arena);
	if (size < 0 || notification_decode(&n, bytes, (size_t)size, l->arena) != 0)
		die("a notification that is none");
	l->notes++;
	due = stream_id_due(n.cause_id.data, n.cause_id.size);
	if (l->measuring && due)
		histogram_add(&l->note, (uint64_t)clock_monotonic_ns() - due);
	return true;
}

static double proc_field(int pid, const char *file, const char *key)
{
	char path[64], line[256];
	double v = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, key, strlen(key)) == 0)
			v = strtod(line + strlen(key), NULL);
	if (f)
		fclose(f);
	return v;
}

static double cpu_seconds(int pid)
{
	char path[64], line[1024], *p;
	unsigned long user = 0, system = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	f = fopen(path, "r");
	if (f && fgets(line, sizeof line, f) && (p = strrchr(line, ')')))
		sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
	if (f)
		fclose(f);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* What may be sent now; returns the nanosecond at which to look again (open loop). */
static uint64_t send_due(struct load *l, double *next)
{
	uint64_t now = (uint64_t)clock_monotonic_ns();

	if (l->rate <= 0) {
		for (unsigned i = 0; i < 8 && l->sent - l->answered < l->window; i++)
			send_one(l, (uint64_t)clock_monotonic_ns());
		return 0;
	}
	for (unsigned i = 0; i < 64 && (uint64_t)*next <= now; i++) {
		if (l->sent - l->answered >= RING / 2)
			die("the daemon cannot take this rate");
		send_one(l, (uint64_t)*next);
		*next += -log1p(-random_unit(&l->random)) * l->stream.batch / l->rate * 1e9;
	}
	return (uint64_t)*next;
}

static void wait_for(struct load *l, int timer, uint64_t until)
{
	zmq_pollitem_t items[3] = { { l->ingest, 0, ZMQ_POLLIN, 0 }, { NULL, timer, ZMQ_POLLIN, 0 },
		{ l->sub, 0, ZMQ_POLLIN, 0 } };
	uint64_t junk;

	if (until) {
		struct itimerspec at = { .it_value = { (time_t)(until / 1000000000),
			(long)(until % 1000000000) } };

		timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
	}
	zmq_poll(items, l->sub ? 3 : 2, 20);
	if (read(timer, &junk, sizeof junk) < 0)
		junk = 0;
}

static void run(struct load *l)
{
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	uint64_t start = (uint64_t)clock_monotonic_ns();
	uint64_t measure = start + (uint64_t)(l->warm * 1e9);
	uint64_t end = measure + (uint64_t)(l->seconds * 1e9), now;
	double next = (double)start, cpu = 0, written = 0, elapsed;

	while ((now = (uint64_t)clock_monotonic_ns()) < end) {
		uint64_t until;
		bool any = false;

		if (!l->measuring && now >= measure) {
			l->measuring = true;
			measure = now;
			cpu = cpu_seconds(l->pid);
			written = proc_field(l->pid, "io", "write_bytes:");
		}
		until = send_due(l, &next);
		while (take_receipt(l))
			any = true;
		while (l->sub && take_note(l))
			any = true;
		if (!any)
			wait_for(l, timer, until);
	}
	elapsed = (double)(now - measure) / 1e9;
	cpu = cpu_seconds(l->pid) - cpu;
	written = proc_field(l->pid, "io", "write_bytes:") - written;
	l->measuring = false;
	printf("{\"events_per_s\":%.0f,\"accepted\":%llu,\"duplicates\":%llu,\"rejected\":%llu,"
		"\"refused\":%llu,\"receipt_us\":{\"p50\":%.0f,\"p90\":%.0f,\"p99\":%.0f,"
		"\"p999\":%.0f,\"max\":%.0f},", (double)l->accepted / elapsed,
		(unsigned long long)l->accepted, (unsigned long long)l->duplicates,
		(unsigned long long)l->rejected, (unsigned long long)l->refused,
		histogram_quantile(&l->receipt, .5) / 1e3, histogram_quantile(&l->receipt, .9) / 1e3,
		histogram_quantile(&l->receipt, .99) / 1e3,
		histogram_quantile(&l->receipt, .999) / 1e3, (double)l->receipt.max / 1e3);
	printf("\"note_us\":{\"n\":%llu,\"p50\":%.0f,\"p99\":%.0f},\"cpu_us_per_event\":%.3f,"
		"\"bytes_written_per_event\":%.0f,\"anon_mib\":%.1f}\n",
		(unsigned long long)l->note.n, histogram_quantile(&l->note, .5) / 1e3,
		histogram_quantile(&l->note, .99) / 1e3, cpu * 1e6 / (double)l->accepted,
		written / (double)l->accepted,
		proc_field(l->pid, "status", "RssAnon:") / 1024);
	end = (uint64_t)clock_monotonic_ns() + UINT64_C(10000000000);
	while (l->answered < l->sent && (uint64_t)clock_monotonic_ns() < end) {
		while (take_receipt(l))
			;
		wait_for(l, timer, 0);
	}
	if (l->answered < l->sent)
		die("some batches were never answered");
	close(timer);
}

static void arguments(struct load *l, int argc, char **argv)
{
	static const struct option options[] = { { "run", 1, NULL, 'r' }, { "seconds", 1, NULL, 's' },
		{ "warm", 1, NULL, 'w' }, { "batch", 1, NULL, 'b' }, { "window", 1, NULL, 'W' },
		{ "rate", 1, NULL, 'R' }, { "customers", 1, NULL, 'c' }, { "zipf", 1, NULL, 'z' },
		{ "mixed", 0, NULL, 'm' }, { "pid", 1, NULL, 'p' }, { "feed", 0, NULL, 'f' },
		{ "seed", 1, NULL, 'S' }, { 0 } };
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (o) {
		case 'r': l->run = optarg; break;
		case 's': l->seconds = atof(optarg); break;
		case 'w': l->warm = atof(optarg); break;
		case 'b': l->stream.batch = (unsigned)atoi(optarg); break;
		case 'W': l->window = (unsigned)atoi(optarg); break;
		case 'R': l->rate = atof(optarg); break;
		case 'c': l->stream.customers = strtoull(optarg, NULL, 10); break;
		case 'z': l->stream.zipf = atof(optarg); break;
		case 'm': l->stream.mixed = true; break;
		case 'p': l->pid = atoi(optarg); break;
		case 'f': l->feed = true; break;
		case 'S': l->stream.seed = strtoull(optarg, NULL, 10); break;
		default: exit(2);
		}
	if (!l->run || l->stream.batch == 0 || l->stream.batch > BATCH_EVENTS_MAX ||
		l->stream.customers == 0 || l->stream.zipf < 0 || l->stream.zipf >= 1)
		die("usage: see the head of bench/load.c");
}

int main(int argc, char **argv)
{
	static struct load l = { .stream = { 100000, 0.8, 100, 2000, 1, false }, .seconds = 4,
		.warm = 1, .window = 64 };

	arguments(&l, argc, argv);
	l.zmq = zmq_ctx_new();
	l.due = calloc(RING, sizeof *l.due);
	l.arena = arena_new(65536, 1 << 22);
	l.batches = stream_new(&l.stream);
	random_seed_with(&l.random, l.stream.seed + 1);
	if (!l.due || !l.arena || !l.batches)
		die("out of memory");
	l.ingest = connect_to(&l, ZMQ_DEALER, "ingest");
	if (l.feed) {
		l.sub = connect_to(&l, ZMQ_SUB, "feed");
		zmq_setsockopt(l.sub, ZMQ_SUBSCRIBE, "", 0);
	}
	run(&l);
	stream_free(l.batches);
	arena_free(l.arena);
	free(l.due);
	zmq_close(l.ingest);
	if (l.sub)
		zmq_close(l.sub);
	zmq_ctx_term(l.zmq);
	return 0;
}
