/* SPDX-License-Identifier: Apache-2.0 */
/* Watching: from one of three, the live feed, a durable subscription, a reading. A reading's kept
 * notifications come merged by the time at which they came to light, until each shard is where it
 * was at the beginning; what comes then comes as it comes. */
#include "ctl/watch.h"
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "ctl/merge.h"
#include "ctl/progress.h"
#include "ctl/reply.h"

#define WAIT_MS 100 /* between looks at SIGINT and the clock */
#define TYPES_MAX 32
#define SHARDS_SEEN_MAX 256

struct watching {
	const struct watch_settings *settings;
	struct filter filter;
	char types[TYPES_MAX][EVENT_TEXT_MAX + 1]; /* the live feed's topics: the filter's types */
	const char *topics[TYPES_MAX];
	unsigned n_topics;
	bool has_until;
	int64_t until_ms;
	struct kith_subscriber *subscriber; /* one of these two */
	struct kith_feed *feed;
	bool merging, merge_begun;
	struct merge merge;
	struct progress progress;
	uint64_t begun_at;                  /* of all shards together, for the progress */
	uint64_t seen[SHARDS_SEEN_MAX];     /* live: the last sequence of each shard */
	uint64_t count, standings;
	bool over;                          /* nothing more is wanted */
	int64_t last_ns;                    /* when something came */
	bool reached;                       /* the daemon has been, once */
};

/* 0, or ERR_IO when standard output is gone: then nothing may be acknowledged. */
static int line_end(struct watching *w)
{
	putchar('\n');
	w->last_ns = clock_monotonic_ns();
	return fflush(stdout) ? ERR_IO : 0;
}

static int print_notification(struct watching *w, const struct notification *n)
{
	progress_clear(&w->progress);
	line_notification(stdout, n, w->settings->remote.json);
	w->count++;
	return line_end(w);
}

static int print_gap(struct watching *w, uint32_t shard, uint64_t first, uint64_t last)
{
	progress_clear(&w->progress);
	line_gap(stdout, shard, first, last, w->settings->remote.json, w->feed);
	return line_end(w);
}

static int print_standing(struct watching *w, const struct kith_item *item)
{
	progress_clear(&w->progress);
	line_standing(stdout, item, w->settings->remote.json);
	w->standings++;
	return line_end(w);
}

/* Everybody has been told: how many, and where the notifications after that begin. */
static int print_snapshot_end(struct watching *w)
{
	bool json = w->settings->remote.json;
	unsigned n = kith_subscriber_shards(w->subscriber);

	progress_clear(&w->progress);
	printf(json ? "{\"snapshot\":{\"customers\":%llu,\"from\":\"" :
		"%llu customers; what comes after: --from ", (unsigned long long)w->standings);
	for (unsigned i = 0; i < n; i++)
		printf("%s%u-%llu", i ? "," : "", i,
			(unsigned long long)kith_subscriber_position(w->subscriber, i) + 1);
	fputs(json ? "\"}}" : "", stdout);
	w->over = !w->settings->follow;
	return line_end(w);
}

static bool is_caught_up(const struct watching *w, unsigned shard)
{
	return kith_subscriber_position(w->subscriber, shard) >=
		kith_subscriber_end(w->subscriber, shard);
}

static void show_progress(struct watching *w)
{
	unsigned n = kith_subscriber_shards(w->subscriber);
	uint64_t at = 0, end = 0;
	char text[64];

	if (!progress_due(&w->progress))
		return;
	for (unsigned i = 0; i < n; i++) {
		at += kith_subscriber_position(w->subscriber, i);
		end += kith_subscriber_end(w->subscriber, i);
	}
	if (!w->merge_begun || at < w->begun_at || end <= w->begun_at)
		return;
	snprintf(text, sizeof text, "%llu notifications found", (unsigned long long)w->count);
	progress_show(&w->progress, at < end ? at - w->begun_at : end - w->begun_at,
		end - w->begun_at, text);
}

static void merge_begin(struct watching *w)
{
	unsigned n = kith_subscriber_shards(w->subscriber);

	if (w->merge_begun || n == 0)
		return;
	merge_init(&w->merge, n);
	w->merge_begun = true;
	for (unsigned i = 0; i < n; i++)
		w->begun_at += kith_subscriber_position(w->subscriber, i);
}

/* Print what is known to be next; acknowledged when printed, so that what waits stays bounded. */
static int merge_print(struct watching *w)
{
	struct merge_line *l;
	int rc = 0;

	for (unsigned i = 0; i < w->merge.n; i++)
		if (is_caught_up(w, i))
			merge_over(&w->merge, i);
	while (!rc && !w->over && (l = merge_take(&w->merge))) {
		w->over = w->has_until && l->time_ms > w->until_ms;
		if (!w->over) {
			progress_clear(&w->progress);
			fputs(l->text, stdout);
			w->count++;
			w->over = w->settings->count && w->count >= (uint64_t)w->settings->count;
			rc = line_end(w);
		}
		if (!rc)
			rc = kith_subscriber_ack(w->subscriber, l->shard, l->sequence);
		free(l->text);
		free(l);
	}
	show_progress(w);
	if (!w->merge_begun || !merge_is_over(&w->merge))
		return rc;
	w->merging = false;
	progress_clear(&w->progress);
	w->over = w->over || !w->settings->follow;
	return rc;
}

static int merge_notification(struct watching *w, const struct notification *n)
{
	struct merge_line line = { .time_ms = n->noticed_ms, .at_ms = n->at_ms, .shard = n->shard,
		.sequence = n->sequence };
	size_t size;
	FILE *out = open_memstream(&line.text, &size);

	if (!out)
		return ERR_NOMEM;
	line_notification(out, n, w->settings->remote.json);
	if (fclose(out) != 0) {
		free(line.text);
		return ERR_NOMEM;
	}
	return merge_add(&w->merge, &line);
}

static int take_item(struct watching *w, const struct kith_item *item)
{
	int rc = 0;

	switch (item->kind) {
	case KITH_PASSED: return 0;
	case KITH_STANDING: return print_standing(w, item);
	case KITH_SNAPSHOT_END: return print_snapshot_end(w);
	case KITH_GAP: rc = print_gap(w, item->shard, item->first, item->sequence); break;
	case KITH_NOTIFICATION:
		if (w->merging)
			return merge_notification(w, item->notification);
		rc = print_notification(w, item->notification);
		break;
	}
	return rc ? rc : kith_subscriber_ack(w->subscriber, item->shard, item->sequence);
}

/* The daemon has been reached, or not yet. Lines for people need to know how it writes money. */
static void note_reached(struct watching *w, bool is_there)
{
	if (is_there && !w->reached && !w->settings->remote.json)
		reply_learn_money(&w->settings->remote);
	w->reached |= is_there;
}

static int next_durable(struct watching *w, struct complaint *c)
{
	struct kith_item item;
	int rc, taken = kith_subscriber_next(w->subscriber, WAIT_MS, &item, c);

	note_reached(w, kith_subscriber_is_open(w->subscriber));
	if (taken && taken != ERR_TIMEOUT)
		return taken;
	if (w->merging)
		merge_begin(w);
	rc = taken ? 0 : take_item(w, &item);
	if (!rc && w->merging)
		rc = merge_print(w);
	return rc ? rc : taken;
}

/* Numbers are gap-free only for who listens to everything. */
static void check_gap(struct watching *w, const struct notification *n)
{
	uint64_t *seen = n->shard < SHARDS_SEEN_MAX ? &w->seen[n->shard] : NULL;

	if (!seen || w->n_topics)
		return;
	if (*seen && n->sequence > *seen + 1)
		(void)print_gap(w, n->shard, *seen + 1, n->sequence - 1);
	*seen = n->sequence;
}

static int next_live(struct watching *w, struct complaint *c)
{
	const struct notification *n;
	int rc = kith_feed_next(w->feed, WAIT_MS, &n);

	note_reached(w, kith_feed_is_connected(w->feed));
	if (rc == ERR_TIMEOUT)
		return rc;
	if (rc)
		return complain(c, rc, "the live feed: %s", err_text(rc));
	check_gap(w, n);
	if (!filter_takes(&w->filter, n) || (w->settings->customer &&
		!span_eq(n->customer, span_str(w->settings->customer))))
		return 0;
	return print_notification(w, n);
}

/* What to do when nothing came: ERR_TIMEOUT to go on, ERR_NOTFOUND when idle for long enough,
 * ERR_CLOSED when the daemon was never reached. */
static int check_idle(const struct watching *w, int64_t start_ns, struct complaint *c)
{
	int64_t now = clock_monotonic_ns();

	if (!w->reached && now - start_ns > w->settings->remote.timeout_ms * INT64_C(1000000))
		return w->feed ? kith_feed_unreachable(w->feed, c) :
			kith_subscriber_unreachable(w->subscriber, c);
	if (w->reached && !w->merging && w->settings->idle_ms &&
		now - w->last_ns > w->settings->idle_ms * INT64_C(1000000))
		return ERR_NOTFOUND;
	return ERR_TIMEOUT;
}

/* Whoever read what is printed has gone (kith watch | head): nothing more can be told to them. */
static bool is_reader_gone(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	return poll(&out, 1, 0) > 0 && (out.revents & (POLLERR | POLLHUP));
}

static int watch(struct watching *w, struct complaint *c)
{
	int64_t start = clock_monotonic_ns();
	bool was_reached = false;
	int rc;

	w->last_ns = start;
	do {
		rc = w->subscriber ? next_durable(w, c) : next_live(w, c);
		if (w->reached && !was_reached) {
			was_reached = true;
			w->last_ns = clock_monotonic_ns();
		}
		if (rc == ERR_TIMEOUT)
			rc = is_reader_gone() ? ERR_IO : check_idle(w, start, c);
		if (w->over || (w->settings->count && w->count >= (uint64_t)w->settings->count))
			return rc == ERR_TIMEOUT ? 0 : rc;
		if (interrupted())
			return ERR_BUSY;
	} while (!rc || rc == ERR_TIMEOUT);
	return rc == ERR_NOTFOUND ? 0 : rc;
}

static int read_filter(struct watching *w, struct complaint *c)
{
	int rc = 0;

	for (unsigned f = 0; !rc && f < FILTER_FIELDS; f++)
		if (w->settings->terms[f])
			rc = filter_add_list(&w->filter, filter_field_name(f), w->settings->terms[f], c);
	for (unsigned i = 0; !rc && i < w->filter.n; i++) {
		const struct filter_term *t = &w->filter.terms[i];

		if (t->field != FILTER_TYPE)
			continue;
		memcpy(w->types[w->n_topics], t->text, t->size);
		w->topics[w->n_topics] = w->types[w->n_topics];
		w->n_topics++;
	}
	return rc;
}

/* What makes no sense together. */
static int check_settings(struct watching *w, struct start *until, struct complaint *c)
{
	const struct watch_settings *o = w->settings;

	if (o->name && (!o->follow || o->until))
		return complain(c, ERR_INVALID, "--no-follow and --until are for looking back without a "
			"--name; with one, --idle and --count end it");
	if (o->name && o->customer)
		return complain(c, ERR_INVALID, "--customer is for looking without a --name");
	if (!o->name && !o->from && !o->snapshot && (!o->follow || o->until))
		return complain(c, ERR_INVALID, "--no-follow and --until want --from: where to begin");
	if (!o->until)
		return 0;
	if (start_parse(o->until, "until", until, c) != 0)
		return ERR_INVALID;
	return until->kind == START_TIME || until->kind == START_AGO ? 0 :
		complain(c, ERR_INVALID, "--until: expected a time or how long ago, found %s", o->until);
}

static int open_source(struct watching *w, struct start *from, struct start *until,
	struct complaint *c)
{
	const struct watch_settings *o = w->settings;
	struct kith_subscriber_settings s = {
		.run = o->remote.run, .name = o->name, .filter = &w->filter, .customer = o->customer,
		.credit = (uint32_t)o->credit,
	};
	int rc = start_resolve(from, o->remote.run, (int)o->remote.timeout_ms, c);

	if (!rc && w->has_until)
		rc = start_resolve(until, o->remote.run, (int)o->remote.timeout_ms, c);
	if (rc)
		return rc;
	w->until_ms = until->ms;
	if (!o->name && !o->from && !o->snapshot)
		return kith_feed_open(o->remote.run, w->topics, w->n_topics, &w->feed, c);
	s.newest = from->kind == START_NEWEST;
	s.has_from = from->kind == START_TIME;
	s.from_ms = from->ms;
	s.positions = from->behind;
	s.n_positions = from->n;
	rc = kith_subscriber_open(&s, &w->subscriber, c);
	w->merging = !o->name && !o->snapshot;
	if (!rc && o->snapshot)
		rc = kith_subscriber_snapshot(w->subscriber);
	return rc;
}

static int finish(int rc, const struct complaint *c)
{
	if (rc == ERR_BUSY && interrupted())
		return EXIT_INTERRUPTED;
	if (rc == ERR_IO)
		return EXIT_FILE; /* nobody reads us any more: nothing to say, and nobody to say it to */
	return rc ? verb_fail(rc, c) : EXIT_WELL;
}

int watch_run(const char *who, const struct watch_settings *settings)
{
	struct watch_settings o = *settings;
	struct watching *w = calloc(1, sizeof *w);
	struct start from, until = { 0 };
	struct complaint c = { 0 };
	int rc;

	if (!w)
		return verb_fail(ERR_NOMEM, &c);
	w->settings = &o;
	w->has_until = o.until != NULL;
	rc = check_settings(w, &until, &c);
	if (!rc)
		rc = read_filter(w, &c);
	if (!rc)
		rc = start_parse(o.from ? o.from : o.snapshot ? "newest" : "oldest", "from", &from, &c);
	if (rc) {
		fprintf(stderr, "kith %s: %s\n", who, c.text);
		free(w);
		return EXIT_USAGE;
	}
	o.follow = o.follow && !o.until;
	signals_catch();
	progress_init(&w->progress, isatty(STDERR_FILENO));
	rc = open_source(w, &from, &until, &c);
	if (!rc)
		rc = watch(w, &c);
	progress_clear(&w->progress);
	kith_subscriber_close(w->subscriber);
	kith_feed_close(w->feed);
	merge_fini(&w->merge);
	free(w);
	return finish(rc, &c);
}
