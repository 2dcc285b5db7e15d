/* SPDX-License-Identifier: Apache-2.0 */
/* kith-budget: the hot path of one event, alone, in one thread: decode, journal frame, guard, load,
 * settle, fold, judge, save, receipt. No sockets, no sync, no second thread.
 *
 *   kith-budget --dir DIR [--customers 1000] [--zipf 0.8] [--warm 6000] [--events 5000]
 *               [--batch 100] [--gap-days 30] [--mixed] [--sequence] [--ranks] [--checkpoint]
 *               [--wakes]
 *
 * What is counted happens inside budget_step() and budget_commit(), which callgrind collects by
 * name: bench/budget turns that into instructions by folder and function, and
 * tests/system/test_budget holds them to a guard. Time is an argument: each customer has an
 * event every --gap-days on average, so that records look like those of a shop, and the same
 * arguments give the same instructions. --checkpoint commits at the end, inside what is counted.
 * --ranks: when they are warm the customers are surveyed, as a daemon does now and then, so that
 * `top 5%` has a number. --wakes: counted are not events but deadlines that come up, 64 in an input
 * that passes the time, of customers who have bought once each, and the sentences of what they
 * announce.
 * Prints one line of JSON: allocations of the whole process (the C library's allocator is replaced
 * by one that counts, so LMDB's and protobuf-c's are among them), pages, bytes, notifications. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "bench/alloc_count.h"
#include "bench/budget_wakes.h"
#include "bench/stream.h"
#include "store/store.h"
#include "workers/query.h"
#include "workers/survey.h"

#define MAP_BYTES (UINT64_C(4) << 30)
#define START_MS  INT64_C(1767225600000) /* 2026-01-01 */

struct budget {
	struct stream_settings stream;
	uint64_t warm, events;
	double gap_ms;
	bool checkpoint, ranks, wakes;
	const char *dir;
	struct stream *batches;
	struct wakes *tell;
	struct store store;
	struct env *env;
	struct journal *journal;
	struct shard shard;
	struct arena *arena;
	struct payload payload;
	struct outcome outcome;
	struct buf receipt;
	struct rejection *rejected;
	uint64_t number, notes, duplicates, frame_bytes;
	int64_t now_ms;
};

static void die(const char *what, int rc, const struct complaint *c)
{
	fprintf(stderr, "kith-budget: %s: %s %s\n", what, err_text(rc), c ? c->text : "");
	exit(1);
}

static void append(struct budget *b, struct input *in, struct span raw)
{
	int rc = 0;

	input_encode(in, raw, NULL, 0, &b->payload);
	in->sequence = journal_append(b->journal, in->type, b->payload.parts, b->payload.n, &rc);
	if (in->sequence == 0)
		die("the journal does not take it", rc, NULL);
	for (unsigned i = 0; i < b->payload.n; i++)
		b->frame_bytes += b->payload.parts[i].size;
	rc = journal_write(b->journal, b->now_ms);
	if (rc != 0)
		die("the journal is not written", rc, NULL);
}

static void apply(struct budget *b, struct input *in, const uint32_t *list, uint32_t n)
{
	int rc = shard_apply(&b->shard, in, list, n, &b->outcome);

	if (rc != 0)
		die("an input is not applied", rc, NULL);
}

/* One message, from its bytes to the bytes of its receipt. */
static void step(struct budget *b, struct span raw)
{
	struct input in = { .type = INPUT_BATCH, .taken_ms = b->now_ms, .clock_ms = b->now_ms };
	struct complaint c = { 0 };
	struct receipt r = { .credit = 20000 };
	uint32_t *list;
	int rc;

	arena_reset(b->arena);
	rc = batch_decode(&in.batch, raw.data, raw.size, b->arena, &c);
	if (rc != 0 || in.batch.n_rejected != 0)
		die("a batch is refused", rc, &c);
	list = arena_alloc(b->arena, in.batch.n_events * sizeof *list);
	for (uint32_t i = 0; i < in.batch.n_events; i++)
		list[i] = i;
	append(b, &in, raw);
	apply(b, &in, list, in.batch.n_events);
	r.number = in.batch.number;
	r.accepted = b->outcome.accepted;
	r.duplicates = b->outcome.duplicates;
	buf_clear(&b->receipt);
	receipt_encode(&b->receipt, &r);
	b->notes += b->outcome.n_notes;
	b->duplicates += r.duplicates;
	outcome_clear(&b->outcome);
}

static void commit(struct budget *b)
{
	int rc = shard_checkpoint(&b->shard);

	if (rc != 0)
		die("no checkpoint", rc, NULL);
}

/* The same, counted: callgrind knows these two by their names. */
__attribute__((noipa)) void budget_step(struct budget *b, struct span raw);
void budget_step(struct budget *b, struct span raw)
{
	step(b, raw);
}

__attribute__((noipa)) void budget_commit(struct budget *b);
void budget_commit(struct budget *b)
{
	commit(b);
}

/* So many deadlines, settled and said. */
__attribute__((noipa)) void budget_wake(struct budget *b, struct input *in);
void budget_wake(struct budget *b, struct input *in)
{
	append(b, in, span_of(NULL, 0));
	apply(b, in, NULL, 0);
	if (!wakes_tell(b->tell, &b->outcome))
		die("a notification cannot be read", ERR_CORRUPT, NULL);
}

static void submit_own(struct budget *b, struct input *in)
{
	in->taken_ms = in->clock_ms = b->now_ms;
	append(b, in, span_of(NULL, 0));
	apply(b, in, NULL, 0);
	outcome_clear(&b->outcome);
}

static void world_open(struct budget *b)
{
	static const struct journal_settings journal = { .segment_bytes = 256u << 20 };
	struct input engine = { .type = INPUT_ENGINE, .engine = ENGINE_VERSION };
	struct input settings = { .type = INPUT_SETTINGS, .settings = settings_default };
	struct input lifecycle = { .type = INPUT_LIFECYCLE };
	struct span text = b->wakes ? wakes_lifecycle() : machine_default_text();
	struct complaint c = { 0 };
	struct machine *m;
	char path[4096];
	int rc = store_open(b->dir, 1, true, &b->store, &c);

	if (rc == 0)
		rc = env_open(&b->store, 0, MAP_BYTES, false, &b->env, &c);
	store_journal_dir(&b->store, path);
	if (rc == 0)
		rc = journal_open(path, b->store.id, &journal, 1, 0, b->now_ms, &b->journal, &c);
	if (rc == 0)
		rc = shard_open(&b->shard, 0, b->env, &c);
	if (rc == 0)
		rc = lifecycle_compile((const char *)text.data, text.size, &m, &c);
	if (rc != 0)
		die("cannot make a store", rc, &c);
	m->version = 1;
	m->since_ms = b->now_ms;
	lifecycle.lifecycle = lifecycle_new(m);
	submit_own(b, &engine);
	submit_own(b, &settings);
	submit_own(b, &lifecycle);
	input_fini(&lifecycle);
}

/* Survey everybody, and judge them by the ranks found. */
static void rank(struct budget *b)
{
	struct query *q = query_new(QUERY_SURVEY, NULL, NULL);
	const struct machine *m = b->shard.lifecycle->machine;
	struct parameters p = { .version = 1, .since_ms = b->now_ms };
	struct input in = { .type = INPUT_PARAMETERS, .parameters = &p };
	struct input time = { .type = INPUT_TIME, .pace = { 1000, 1000 } };
	struct survey *v = calloc(1, sizeof *v);

	if (!q || !v)
		die("memory", ERR_NOMEM, NULL);
	survey_begin(v, m);
	q->survey = v;
	q->from = m->version;
	q->from_ms = b->now_ms;
	while (!q->done && q->rc == 0)
		q->rc = survey_read(&b->shard, q);
	if (q->rc != 0)
		die("no survey", q->rc, NULL);
	survey_cuts(v, m, &p);
	submit_own(b, &in);
	while (b->shard.sweep.reasons)
		submit_own(b, &time);
	q->survey = NULL;
	query_free(q);
	free(v);
}

static void world_close(struct budget *b)
{
	shard_close(&b->shard);
	env_close(b->env);
	journal_close(b->journal);
	store_close(&b->store);
	payload_fini(&b->payload);
	outcome_fini(&b->outcome);
	buf_fini(&b->receipt);
	arena_free(b->arena);
	stream_free(b->batches);
	wakes_free(b->tell);
}

/* EVENTS of them; the clock goes on so that a customer's events lie the wanted gap apart. */
static void play(struct budget *b, uint64_t events, bool counted)
{
	double gap = b->gap_ms / (double)b->stream.customers * b->stream.batch;

	for (uint64_t i = 0; i < events; i += b->stream.batch) {
		size_t size;
		const uint8_t *bytes;

		b->now_ms += (int64_t)gap;
		b->number++;
		bytes = stream_next(b->batches, b->number, b->now_ms, b->number, &size);
		if (counted)
			budget_step(b, span_of(bytes, size));
		else
			step(b, span_of(bytes, size));
	}
}

/* EVENTS of those that are due in an hour come up. */
static void wake(struct budget *b)
{
	b->now_ms += WAKES_AFTER_MS + 1;
	for (uint64_t i = 0; i < b->events; i += WAKES_AT_ONCE) {
		struct input in = { .type = INPUT_TIME, .taken_ms = b->now_ms,
			.clock_ms = b->now_ms, .pace.due = WAKES_AT_ONCE };

		budget_wake(b, &in);
		if (b->outcome.n_notes != WAKES_NOTES * WAKES_AT_ONCE)
			die("not all are due that were to be settled", ERR_INVALID, NULL);
		b->notes += b->outcome.n_notes;
		outcome_clear(&b->outcome);
	}
}

/* Of what lasts as long as a customer, as it is committed: no guard, no outbox. */
static uint64_t own_bytes(const struct budget *b)
{
	static const char *const own[] = { "customers", "deadlines", "history", "trails0", "trails1" };
	uint64_t rows, bytes, sum = 0;
	const char *name;

	for (unsigned i = 0; (name = env_table(b->env, i, &rows, &bytes)) != NULL; i++)
		for (unsigned k = 0; k < sizeof own / sizeof *own; k++)
			sum += strcmp(name, own[k]) == 0 ? bytes : 0;
	return sum;
}

static void report(const struct budget *b, const struct alloc_count *a, uint64_t pages)
{
	double n = (double)b->events;
	uint64_t used, map;

	env_space(b->env, &used, &map);
	printf("{\"events\":%llu,\"duplicates\":%llu,\"allocations_per_event\":%.4f,"
		"\"allocated_bytes_per_event\":%.1f,\"notifications_per_event\":%.4f,"
		"\"journal_bytes_per_event\":%.1f,\"dirty_pages_per_event\":%.4f,"
		"\"customers\":%llu,\"store_bytes_per_customer\":%.1f,"
		"\"own_bytes_per_customer\":%.1f}\n",
		(unsigned long long)b->events, (unsigned long long)b->duplicates,
		(double)a->calls / n, (double)a->bytes / n, (double)b->notes / n,
		(double)b->frame_bytes / n, (double)pages / n,
		(unsigned long long)env_meta(b->env)->customers,
		(double)used / (double)env_meta(b->env)->customers,
		(double)own_bytes(b) / (double)env_meta(b->env)->customers);
}

static void arguments(struct budget *b, int argc, char **argv)
{
	static const struct option options[] = { { "dir", 1, NULL, 'd' },
		{ "customers", 1, NULL, 'c' }, { "zipf", 1, NULL, 'z' }, { "warm", 1, NULL, 'w' },
		{ "events", 1, NULL, 'e' }, { "batch", 1, NULL, 'b' }, { "gap-days", 1, NULL, 'g' },
		{ "mixed", 0, NULL, 'm' }, { "sequence", 0, NULL, 'q' },
		{ "ranks", 0, NULL, 'r' }, { "checkpoint", 0, NULL, 'k' },
		{ "wakes", 0, NULL, 'a' }, { 0 } };
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (o) {
		case 'd': b->dir = optarg; break;
		case 'c': b->stream.customers = strtoull(optarg, NULL, 10); break;
		case 'z': b->stream.zipf = atof(optarg); break;
		case 'w': b->warm = strtoull(optarg, NULL, 10); break;
		case 'e': b->events = strtoull(optarg, NULL, 10); break;
		case 'b': b->stream.batch = (unsigned)atoi(optarg); break;
		case 'g': b->gap_ms = atof(optarg) * 86400000.0; break;
		case 'm': b->stream.mixed = true; break;
		case 'q': b->stream.sequence = true; break;
		case 'r': b->ranks = true; break;
		case 'k': b->checkpoint = true; break;
		case 'a': b->wakes = b->stream.each = true; break;
		default: exit(2);
		}
	if (!b->dir || b->stream.batch == 0 || b->stream.batch > BATCH_EVENTS_MAX ||
		b->stream.customers == 0 || b->events == 0) {
		fprintf(stderr, "usage: see the head of bench/budget.c\n");
		exit(2);
	}
	if (b->wakes) {
		b->gap_ms = 0;
		b->warm = b->stream.customers;
		b->events -= b->events % WAKES_AT_ONCE;
		return;
	}
	b->warm -= b->warm % b->stream.batch;
	b->events += b->stream.batch - 1;
	b->events -= b->events % b->stream.batch;
}

int main(int argc, char **argv)
{
	static struct budget b = { .stream = { .customers = 1000, .zipf = 0.8, .batch = 100,
		.pool = 64, .seed = 1 }, .warm = 6000, .events = 5000, .gap_ms = 30 * 86400000.0,
		.now_ms = START_MS };
	struct alloc_count before, after;
	uint64_t pages;

	arguments(&b, argc, argv);
	b.arena = arena_new(1 << 20, 32u << 20);
	b.batches = stream_new(&b.stream);
	b.tell = wakes_new();
	if (!b.arena || !b.batches || !b.tell)
		die("memory", ERR_NOMEM, NULL);
	world_open(&b);
	play(&b, b.warm, false);
	if (b.ranks)
		rank(&b);
	commit(&b);
	b.notes = b.frame_bytes = 0;
	before = alloc_count();
	if (b.wakes)
		wake(&b);
	else
		play(&b, b.events, true);
	after = alloc_count();
	pages = env_dirty_pages(b.env);
	if (b.checkpoint)
		budget_commit(&b);
	else
		commit(&b);
	after.calls -= before.calls;
	after.bytes -= before.bytes;
	report(&b, &after, pages);
	world_close(&b);
	return 0;
}
