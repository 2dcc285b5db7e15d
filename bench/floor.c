/* SPDX-License-Identifier: Apache-2.0 */
/* kith-floor: the way of an event with nothing decided, to measure kithd against.
 *
 *   kith-floor --run DIR --store DIR [--shards 2] [--customers 1000000]
 *
 * Speaks kithd's ingest protocol at DIR/ingest. The main thread receives, decodes, splits by shard,
 * writes kith's own journal, syncs it, and answers; a thread for each shard folds the events into
 * records of 200 bytes in memory, behind the receipts. No duplicate guard, no standing, no
 * deadline index, no store, no notification, no recovery: what is left is sockets, codec, journal
 * and disk, and no engine on this codec and journal can be faster. Ends on SIGTERM. */
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>
#include "base/clock.h"
#include "base/hash.h"
#include "bench/crowd_table.h"
#include "proto/codec.h"
#include "store/journal.h"

#define SHARDS      64
#define GROUP       64        /* messages journalled together */
#define BACKLOG     200000u   /* events answered and not folded yet, at most */
#define POLL_MS     100

struct step { /* what is left of an event */
	uint64_t hash;
	int64_t time_ms, amount;
	uint32_t kind;
};

struct bundle { /* of one group, for one shard */
	struct bundle *next;
	uint32_t n, capacity;
	struct step *steps;
};

struct floor_shard {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t filled, emptied;
	struct bundle *first, **last, *spare;
	struct bundle *open;          /* the main thread's, of the group under way */
	uint64_t waiting;             /* events in the list; under the mutex */
	bool stop;
	struct crowd_table table;
};

struct floor {
	const char *run, *store;
	unsigned shards;
	uint64_t customers;
	void *zmq, *socket;
	struct journal *journal;
	struct floor_shard shard[SHARDS];
	struct arena *arena;
	struct buf receipt;
	unsigned n;                   /* messages of the group */
	struct { zmq_msg_t peer, body; uint64_t number; uint32_t accepted; } group[GROUP];
};

static volatile sig_atomic_t stopping;

static void stop(int sig)
{
	(void)sig;
	stopping = 1;
}

static void die(const char *what)
{
	fprintf(stderr, "kith-floor: %s\n", what);
	exit(1);
}

/* ---- shards */

static struct bundle *bundles_take(struct floor_shard *s)
{
	struct bundle *all;

	pthread_mutex_lock(&s->mutex);
	while (!s->first && !s->stop)
		pthread_cond_wait(&s->filled, &s->mutex);
	all = s->first;
	s->first = NULL;
	s->last = &s->first;
	pthread_mutex_unlock(&s->mutex);
	return all;
}

static void bundle_return(struct floor_shard *s, struct bundle *b)
{
	pthread_mutex_lock(&s->mutex);
	s->waiting -= b->n;
	b->n = 0;
	b->next = s->spare;
	s->spare = b;
	pthread_cond_signal(&s->emptied);
	pthread_mutex_unlock(&s->mutex);
}

static void *shard_run(void *arg)
{
	struct floor_shard *s = arg;
	struct bundle *b, *next;

	while ((b = bundles_take(s)))
		for (; b; b = next) {
			next = b->next;
			for (uint32_t i = 0; i < b->n; i++)
				crowd_table_add(&s->table, b->steps[i].hash, b->steps[i].time_ms,
					b->steps[i].amount, b->steps[i].kind);
			bundle_return(s, b);
		}
	return NULL;
}

static void bundle_add(struct floor_shard *s, const struct step *step)
{
	struct bundle *b = s->open;

	if (!b) {
		pthread_mutex_lock(&s->mutex);
		b = s->spare;
		if (b)
			s->spare = b->next;
		pthread_mutex_unlock(&s->mutex);
		if (!b && !(b = calloc(1, sizeof *b)))
			die("out of memory");
		s->open = b;
	}
	if (b->n == b->capacity) {
		b->capacity = b->capacity ? b->capacity * 2 : 4096;
		b->steps = realloc(b->steps, b->capacity * sizeof *b->steps);
		if (!b->steps)
			die("out of memory");
	}
	b->steps[b->n++] = *step;
}

/* Hand the group's events over; waits while the shard is too far behind. */
static void bundle_post(struct floor_shard *s)
{
	struct bundle *b = s->open;

	if (!b)
		return;
	s->open = NULL;
	b->next = NULL;
	pthread_mutex_lock(&s->mutex);
	while (s->waiting > BACKLOG)
		pthread_cond_wait(&s->emptied, &s->mutex);
	s->waiting += b->n;
	*s->last = b;
	s->last = &b->next;
	pthread_cond_signal(&s->filled);
	pthread_mutex_unlock(&s->mutex);
}

static void shard_start(struct floor *f, struct floor_shard *s)
{
	crowd_table_init(&s->table, f->customers);
	pthread_mutex_init(&s->mutex, NULL);
	pthread_cond_init(&s->filled, NULL);
	pthread_cond_init(&s->emptied, NULL);
	s->last = &s->first;
	if (pthread_create(&s->thread, NULL, shard_run, s) != 0)
		die("cannot start a thread");
}

static void shard_stop(struct floor_shard *s)
{
	pthread_mutex_lock(&s->mutex);
	s->stop = true;
	pthread_cond_signal(&s->filled);
	pthread_mutex_unlock(&s->mutex);
	pthread_join(s->thread, NULL);
	crowd_table_fini(&s->table);
}

/* ---- the main thread */

static void split(struct floor *f, const struct batch *b)
{
	for (uint32_t i = 0; i < b->n_events; i++) {
		const struct event *e = &b->events[i];
		struct step step = { hash_64(e->customer.data, e->customer.size, 0), e->time_ms,
			e->body == BODY_PURCHASE ? e->as.purchase.amount : 0, e->body };

		bundle_add(&f->shard[hash_shard(e->customer.data, e->customer.size, f->shards)], &step);
	}
}

/* One message into the group; false when none waits. */
static bool take(struct floor *f)
{
	zmq_msg_t *peer = &f->group[f->n].peer, *body = &f->group[f->n].body;
	struct complaint c = { 0 };
	struct span part;
	struct batch b;
	int rc = 0;

	zmq_msg_init(peer);
	if (zmq_msg_recv(peer, f->socket, ZMQ_DONTWAIT) < 0)
		return false;
	zmq_msg_init(body);
	if (zmq_msg_recv(body, f->socket, 0) < 0)
		die("a message without a body");
	arena_reset(f->arena);
	if (batch_decode(&b, zmq_msg_data(body), zmq_msg_size(body), f->arena, &c) != 0)
		die(c.text);
	split(f, &b);
	part = span_of(zmq_msg_data(body), zmq_msg_size(body));
	if (journal_append(f->journal, INPUT_BATCH, &part, 1, &rc) == 0)
		die(err_text(rc));
	f->group[f->n].number = b.number;
	f->group[f->n].accepted = b.n_events;
	f->n++;
	return true;
}

static void answer(struct floor *f, unsigned i)
{
	struct receipt r = { .number = f->group[i].number, .accepted = f->group[i].accepted,
		.credit = 20000 };

	buf_clear(&f->receipt);
	receipt_encode(&f->receipt, &r);
	if (zmq_msg_send(&f->group[i].peer, f->socket, ZMQ_SNDMORE) < 0 ||
		zmq_send(f->socket, f->receipt.data, f->receipt.size, 0) < 0)
		die("cannot answer");
	zmq_msg_close(&f->group[i].body);
}

/* Write, let the shards begin, sync, answer: as kithd does (daemon/pipeline.c). */
static void flush(struct floor *f)
{
	if (f->n == 0)
		return;
	if (journal_write(f->journal, clock_wall_ms()) != 0)
		die("the journal cannot be written");
	for (unsigned i = 0; i < f->shards; i++)
		bundle_post(&f->shard[i]);
	if (journal_sync(f->journal) != 0)
		die("the journal cannot be synced");
	for (unsigned i = 0; i < f->n; i++)
		answer(f, i);
	f->n = 0;
	if (journal_bytes(f->journal) > (UINT64_C(1) << 30))
		(void)journal_trim(f->journal, journal_durable(f->journal), clock_wall_ms());
}

static void run(struct floor *f)
{
	zmq_pollitem_t item = { f->socket, 0, ZMQ_POLLIN, 0 };

	while (!stopping) {
		while (f->n < GROUP && take(f))
			;
		if (f->n)
			flush(f);
		else
			zmq_poll(&item, 1, POLL_MS);
	}
}

static void open_all(struct floor *f)
{
	static const struct journal_settings settings = { .segment_bytes = 64u << 20 };
	static const uint8_t id[16] = { 'f', 'l', 'o', 'o', 'r' };
	struct complaint c = { 0 };
	char endpoint[256];
	int hwm = 100000, none = 0;

	if ((mkdir(f->run, 0750) != 0 || mkdir(f->store, 0750) != 0) && access(f->store, W_OK) != 0)
		die("cannot make --run or --store");
	if (journal_open(f->store, id, &settings, 1, 0, clock_wall_ms(), &f->journal, &c) != 0)
		die(c.text);
	f->arena = arena_new(1 << 20, 32u << 20);
	if (!f->arena)
		die("out of memory");
	for (unsigned i = 0; i < f->shards; i++)
		shard_start(f, &f->shard[i]);
	f->zmq = zmq_ctx_new();
	f->socket = zmq_socket(f->zmq, ZMQ_ROUTER);
	zmq_setsockopt(f->socket, ZMQ_SNDHWM, &hwm, sizeof hwm);
	zmq_setsockopt(f->socket, ZMQ_RCVHWM, &hwm, sizeof hwm);
	zmq_setsockopt(f->socket, ZMQ_LINGER, &none, sizeof none);
	snprintf(endpoint, sizeof endpoint, "ipc://%s/ingest", f->run);
	if (zmq_bind(f->socket, endpoint) != 0)
		die("cannot bind; is --run too long a path?");
}

static void arguments(struct floor *f, int argc, char **argv)
{
	static const struct option options[] = { { "run", 1, NULL, 'r' }, { "store", 1, NULL, 's' },
		{ "shards", 1, NULL, 'n' }, { "customers", 1, NULL, 'c' }, { 0 } };
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (o) {
		case 'r': f->run = optarg; break;
		case 's': f->store = optarg; break;
		case 'n': f->shards = (unsigned)atoi(optarg); break;
		case 'c': f->customers = strtoull(optarg, NULL, 10); break;
		default: exit(2);
		}
	if (!f->run || !f->store || f->shards == 0 || f->shards > SHARDS) {
		fprintf(stderr, "usage: see the head of bench/floor.c\n");
		exit(2);
	}
}

int main(int argc, char **argv)
{
	static struct floor f = { .shards = 2, .customers = 1000000 };

	arguments(&f, argc, argv);
	signal(SIGTERM, stop);
	signal(SIGINT, stop);
	open_all(&f);
	run(&f);
	for (unsigned i = 0; i < f.shards; i++)
		shard_stop(&f.shard[i]);
	journal_close(f.journal);
	arena_free(f.arena);
	buf_fini(&f.receipt);
	zmq_close(f.socket);
	zmq_ctx_term(f.zmq);
	return 0;
}
