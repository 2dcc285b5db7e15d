/* SPDX-License-Identifier: Apache-2.0 */
/* Driving a peer: peer-NAME --where PATH [--workers 2] [--batch 1000] [--customers 100000]
 *                            [--zipf 0.8] [--seconds 4] [--warm 1] [--disk DIR] [--exact]. Prints
 * one line of JSON. */
#include <getopt.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/hash.h"
#include "bench/histogram.h"
#include "bench/peers/peer.h"
#include "bench/process.h"
#include "bench/stream.h"
#include "proto/codec.h"

#define WORKERS    16
#define SILENCE_MS INT64_C(2592000000)

bool peer_exact;

struct peer_settings {
	struct stream_settings stream;
	const char *where;
	const char *disk;       /* a directory on the disk whose bytes are counted; NULL: where */
	unsigned workers;
	double seconds, warm;
};

struct worker {
	const struct peer_settings *settings;
	pthread_t thread;
	unsigned number;
	uint64_t begin, end;    /* ns: when it is measured */
	uint64_t events, all;
	uint64_t first, last;   /* ns: begin and end of what was counted */
	struct histogram latency;
};

void peer_die(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fputs("peer: ", stderr);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

bool peer_fold(struct peer_record *r, const struct event *e)
{
	if (r->count++ == 0)
		r->first_ms = e->time_ms;
	if (e->time_ms > r->last_ms)
		r->last_ms = e->time_ms;
	r->sum += e->body == BODY_PURCHASE ? e->as.purchase.amount : 0;
	r->kinds[e->body % 16]++;
	r->due_ms = r->last_ms + SILENCE_MS;
	return r->count % PEER_OUTBOX_EACH == 0;
}

static int by_customer(const void *a, const void *b)
{
	const struct peer_event *x = a, *y = b;

	if (x->customer != y->customer)
		return x->customer < y->customer ? -1 : 1;
	return x->event < y->event ? -1 : x->event > y->event;
}

static void batch_apply(struct worker *w, void *peer, struct stream *stream, struct arena *arena,
	uint64_t number)
{
	uint64_t began = (uint64_t)clock_monotonic_ns(), now;
	struct complaint c = { 0 };
	struct peer_event *events;
	struct batch b;
	size_t size;
	const uint8_t *bytes = stream_next(stream, number, clock_wall_ms(),
		began + w->number, &size);

	arena_reset(arena);
	if (batch_decode(&b, bytes, size, arena, &c) != 0)
		peer_die("%s", c.text);
	events = arena_alloc(arena, b.n_events * sizeof *events);
	for (uint32_t i = 0; i < b.n_events; i++)
		events[i] = (struct peer_event){ &b.events[i],
			hash_64(b.events[i].customer.data, b.events[i].customer.size, 0), false };
	qsort(events, b.n_events, sizeof *events, by_customer);
	peer_apply(peer, events, b.n_events);
	now = (uint64_t)clock_monotonic_ns();
	w->all += b.n_events;
	if (began < w->begin || now > w->end)
		return;
	if (w->events == 0)
		w->first = began;
	w->last = now;
	w->events += b.n_events;
	histogram_add(&w->latency, now - began);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct stream_settings settings = w->settings->stream;
	struct arena *arena = arena_new(1 << 20, 64u << 20);
	struct stream *stream;
	void *peer;
	uint64_t number = 0;

	settings.prefix = (char)('A' + w->number);
	settings.customers = settings.customers / w->settings->workers + 1;
	settings.seed += w->number;
	settings.first_source = w->number;
	settings.pool = 200000 / settings.batch / w->settings->workers + 2;
	stream = stream_new(&settings);
	if (!stream || !arena)
		peer_die("out of memory");
	peer = peer_open(w->settings->where, w->number);
	while ((uint64_t)clock_monotonic_ns() < w->end)
		batch_apply(w, peer, stream, arena, ++number);
	peer_close(peer);
	stream_free(stream);
	arena_free(arena);
	return NULL;
}

static void report(struct worker *workers, unsigned n, const struct usage *before,
	const struct usage *after)
{
	static struct histogram all;
	uint64_t events = 0, total = 0;
	double rate = 0;

	for (unsigned i = 0; i < n; i++) {
		const struct worker *w = &workers[i];

		for (unsigned k = 0; k < sizeof all.count / sizeof *all.count; k++)
			all.count[k] += w->latency.count[k];
		all.n += w->latency.n;
		all.max = w->latency.max > all.max ? w->latency.max : all.max;
		events += w->events;
		total += w->all;
		if (w->last > w->first)
			rate += (double)w->events * 1e9 / (double)(w->last - w->first);
	}
	printf("{\"events_per_s\":%.0f,\"accepted\":%llu,\"answered_in_all\":%llu,"
		"\"receipt_us\":{\"p50\":%.0f,\"p99\":%.0f},\"client_cpu_us_per_event\":%.3f,"
		"\"device_bytes_per_event\":%.0f,\"anon_mib\":%.1f}\n", rate,
		(unsigned long long)events, (unsigned long long)total,
		histogram_quantile(&all, .5) / 1e3, histogram_quantile(&all, .99) / 1e3,
		(after->cpu_s - before->cpu_s) * 1e6 / (double)total,
		(after->device - before->device) / (double)total, process_anon_mib(getpid()));
}

static void arguments(struct peer_settings *s, int argc, char **argv)
{
	static const struct option options[] = { { "where", 1, NULL, 'w' },
		{ "workers", 1, NULL, 'n' }, { "batch", 1, NULL, 'b' },
		{ "customers", 1, NULL, 'c' }, { "zipf", 1, NULL, 'z' },
		{ "seconds", 1, NULL, 's' }, { "warm", 1, NULL, 'W' },
		{ "disk", 1, NULL, 'd' }, { "exact", 0, NULL, 'e' }, { 0 } };
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (o) {
		case 'w': s->where = optarg; break;
		case 'n': s->workers = (unsigned)atoi(optarg); break;
		case 'b': s->stream.batch = (unsigned)atoi(optarg); break;
		case 'c': s->stream.customers = strtoull(optarg, NULL, 10); break;
		case 'z': s->stream.zipf = atof(optarg); break;
		case 's': s->seconds = atof(optarg); break;
		case 'W': s->warm = atof(optarg); break;
		case 'd': s->disk = optarg; break;
		case 'e': peer_exact = true; break;
		default: exit(2);
		}
	if (!s->where || s->workers == 0 || s->workers > WORKERS || s->stream.batch == 0 ||
		s->stream.batch > BATCH_EVENTS_MAX || s->stream.customers < s->workers)
		peer_die("usage: see the head of bench/peers/peer.c");
}

int main(int argc, char **argv)
{
	static struct peer_settings s = { .stream = { .customers = 100000, .zipf = 0.8,
		.batch = 1000, .seed = 1 }, .workers = 2, .seconds = 4, .warm = 1 };
	static struct worker workers[WORKERS];
	struct usage before, after;
	uint64_t now;

	arguments(&s, argc, argv);
	before = process_usage(getpid(), s.disk ? s.disk : s.where);
	now = (uint64_t)clock_monotonic_ns();
	for (unsigned i = 0; i < s.workers; i++) {
		workers[i].settings = &s;
		workers[i].number = i;
		workers[i].begin = now + (uint64_t)(s.warm * 1e9);
		workers[i].end = workers[i].begin + (uint64_t)(s.seconds * 1e9);
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
			peer_die("cannot start a thread");
	}
	for (unsigned i = 0; i < s.workers; i++)
		pthread_join(workers[i].thread, NULL);
	after = process_usage(getpid(), s.disk ? s.disk : s.where);
	report(workers, s.workers, &before, &after);
	return 0;
}
