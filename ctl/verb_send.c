/* SPDX-License-Identifier: Apache-2.0 */
/* kith send: a file of events to the daemon. */
#include <jansson.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "clients/c/kith.h"
#include "ctl/event_file.h"
#include "ctl/mapping.h"
#include "ctl/plan.h"
#include "ctl/progress.h"
#include "ctl/rejects.h"
#include "ctl/verb.h"
#include "proto/json.h"

#define WAIT_MS          100     /* between looks at SIGINT and at the progress line */
#define INTERRUPTED_MS   2000    /* to finish what is under way */
#define ARENA_FIRST      (64u << 10)
#define ARENA_LIMIT      (4u << 20)

struct send_settings {
	struct remote_settings remote;
	const char *map, *source, *rejects;
	int format;
	int64_t batch;
	bool backfill, progress, print;
};
enum { FORMAT_AUTO, FORMAT_NDJSON, FORMAT_CSV };

struct sending {
	const struct send_settings *settings;
	struct span source;        /* of events that name none */
	struct event_file *input;
	bool mapped;               /* it is CSV */
	struct kith_producer *producer; /* NULL when only printing */
	struct arena *arena;
	struct progress progress;
	struct rejects rejects;
	char rejects_path[4096];
	uint64_t events;           /* read */
	uint64_t lost;             /* in batches refused as a whole */
};

static void receipt_seen(void *arg, const struct kith_receipt *r)
{
	struct sending *s = arg;

	for (uint32_t i = 0; i < r->n_rejected; i++) {
		const struct kith_rejection *j = &r->rejected[i];

		progress_clear(&s->progress);
		rejects_add(&s->rejects, (int64_t)j->tag, j->code, j->text, span_of(NULL, 0), j->event);
	}
	if (r->refused) {
		progress_clear(&s->progress);
		fprintf(stderr, "kith: a batch of %u events was refused: %s: %s\n", r->events,
			r->refused, r->text ? r->text : "");
		s->lost += r->events;
	}
}

static void show_progress(struct sending *s)
{
	struct kith_producer_stats st;
	uint64_t done, all;
	char text[200];

	if (!s->producer || !progress_due(&s->progress))
		return;
	st = kith_producer_stats(s->producer);
	event_file_progress(s->input, &done, &all);
	snprintf(text, sizeof text, "%llu events, %.0f/s: %llu accepted, %llu duplicates, %llu "
		"rejected%s%s%s", (unsigned long long)s->events,
		(double)(st.accepted + st.duplicates) / progress_seconds(&s->progress),
		(unsigned long long)st.accepted, (unsigned long long)st.duplicates,
		(unsigned long long)s->rejects.n, st.connected ? "" : ", not connected",
		st.held_by ? ", waiting: " : "", st.held_by ? st.held_by : "");
	progress_show(&s->progress, done, all, text);
}

/* Whether the daemon has been silent for longer than our patience. */
static int check_patience(struct sending *s, struct complaint *c)
{
	struct kith_producer_stats st = kith_producer_stats(s->producer);

	if (st.quiet_ms <= s->settings->remote.timeout_ms)
		return 0;
	if (!st.connected)
		return kith_producer_unreachable(s->producer, c);
	return complain(c, ERR_TIMEOUT, "no receipt from the daemon for %lld s%s%s",
		(long long)(st.quiet_ms / 1000), st.held_by ? "; it says: " : "",
		st.held_by ? st.held_by : "");
}

/* Give the event to the producer, waiting for room. ERR_BUSY: interrupted. */
static int send_event(struct sending *s, const struct event *e, const struct event_item *item,
	struct complaint *c)
{
	enum reject code;
	int rc;

	for (;;) {
		rc = kith_producer_add(s->producer, e, (uint64_t)item->line, WAIT_MS, &code, c);
		show_progress(s);
		if (rc == ERR_INVALID) {
			progress_clear(&s->progress);
			rejects_add(&s->rejects, item->line, reject_name(code), c->text, item->json, NULL);
			return 0;
		}
		if (rc != ERR_TIMEOUT)
			return rc;
		rc = check_patience(s, c);
		if (rc)
			return rc;
		if (interrupted())
			return ERR_BUSY;
	}
}

static void print_event(const struct event *e)
{
	json_t *o = event_to_json(e);

	if (o)
		json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

static int give_event(struct sending *s, const struct event *e, const struct event_item *item,
	struct complaint *c)
{
	if (s->producer)
		return send_event(s, e, item, c);
	print_event(e);
	return 0;
}

/* Of an NDJSON line that makes E: whether its time is in Unix seconds; if so, why that is refused. A
 * mapping has said what it takes a time for. */
static bool is_in_seconds(const struct sending *s, const struct event *e,
	const struct event_item *item, struct complaint *c)
{
	json_t *o;
	const json_t *time;
	bool seconds;

	if (s->mapped || !local_time_is_seconds(e->time_ms, span_of("", 0)))
		return false;
	o = json_loadb((const char *)item->json.data, item->json.size, 0, NULL);
	time = json_object_get(o, "time");
	seconds = local_time_is_seconds(e->time_ms, json_is_string(time) ?
		span_of(json_string_value(time), json_string_length(time)) : span_of("", 0));
	json_decref(o);
	if (seconds)
		(void)complain(c, ERR_INVALID, "time: \"%lld\" is not a time of the form RFC 3339 or Unix ms "
			"(Unix seconds: multiply them by 1000)", (long long)e->time_ms);
	return seconds;
}

static int take_item(struct sending *s, const struct event_item *item, struct complaint *c)
{
	enum reject code = item->code;
	struct complaint bad = { 0 };
	struct event e;

	s->events++;
	if (code == REJECT_NONE) {
		arena_reset(s->arena);
		code = REJECT_MALFORMED;
		if (!event_from_json(&e, (const char *)item->json.data, item->json.size, s->source,
			s->arena, &bad, &code)) {
			if (!is_in_seconds(s, &e, item, &bad))
				return give_event(s, &e, item, c);
			code = REJECT_BAD_TIME;
		}
		if (code == REJECT_NONE)
			code = REJECT_MALFORMED;
	}
	progress_clear(&s->progress);
	rejects_add(&s->rejects, item->line, reject_name(code), item->text ? item->text : bad.text,
		item->json, NULL);
	return 0;
}

/* The whole input. ERR_BUSY: interrupted. */
static int send_all(struct sending *s, struct complaint *c)
{
	struct event_item item;
	int rc = 0;

	while (!rc && !(rc = event_file_next(s->input, &item, c))) {
		rc = take_item(s, &item, c);
		if (!rc && interrupted())
			rc = ERR_BUSY;
	}
	return rc == ERR_NOTFOUND ? 0 : rc;
}

/* Wait for the receipts of what is under way, for at most TIMEOUT_MS without one. */
static int drain(struct sending *s, bool was_interrupted, struct complaint *c)
{
	int64_t start = clock_monotonic_ns();
	int rc;

	while ((rc = kith_producer_drain(s->producer, WAIT_MS)) == ERR_TIMEOUT) {
		show_progress(s);
		was_interrupted |= interrupted();
		if (was_interrupted && clock_monotonic_ns() - start > INTERRUPTED_MS * INT64_C(1000000))
			return ERR_BUSY;
		rc = check_patience(s, c);
		if (rc)
			return rc;
	}
	if (rc)
		return complain(c, rc, "%s", err_text(rc));
	return was_interrupted ? ERR_BUSY : 0;
}

static void print_json_summary(const struct sending *s, const struct kith_producer_stats *st)
{
	json_t *o = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:s?}",
		"events", (json_int_t)s->events, "accepted", (json_int_t)st->accepted,
		"duplicates", (json_int_t)st->duplicates, "rejected", (json_int_t)s->rejects.n,
		"refused", (json_int_t)st->refused, "unanswered", (json_int_t)st->waiting,
		"seconds", progress_seconds(&s->progress),
		"rejects", s->rejects.n ? s->rejects.path : NULL);

	if (o) {
		json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(4));
		putchar('\n');
	}
	json_decref(o);
}

static void print_summary(const struct sending *s)
{
	struct kith_producer_stats st = { 0 };

	if (s->producer)
		st = kith_producer_stats(s->producer);
	if (s->settings->remote.json) {
		print_json_summary(s, &st);
		return;
	}
	fprintf(s->producer ? stdout : stderr,
		"%llu events: %llu accepted, %llu duplicates, %llu rejected%s in %.1f s (%.0f/s)\n",
		(unsigned long long)s->events, (unsigned long long)st.accepted,
		(unsigned long long)st.duplicates, (unsigned long long)s->rejects.n,
		s->producer ? "" : " (printed, not sent)", progress_seconds(&s->progress),
		(double)s->events / progress_seconds(&s->progress));
	if (st.waiting)
		fprintf(stderr, "kith: %u events are not known to have arrived; send the file again, what "
			"has arrived is recognised\n", st.waiting);
	if (s->rejects.n && s->rejects.path)
		fprintf(stderr, "kith: the rejected lines and why are in %s\n", s->rejects.path);
}

static int open_producer(struct sending *s, const struct mapping *m, struct complaint *c)
{
	const struct send_settings *o = s->settings;
	struct kith_producer_settings settings = {
		.run = o->remote.run, .source = o->source ? o->source : m ? m->source : NULL,
		.backfill = o->backfill, .batch_events = (unsigned)o->batch,
		.receipt = receipt_seen, .arg = s,
	};
	int64_t start = clock_monotonic_ns();
	int rc;

	s->source = span_str(settings.source ? settings.source : "");
	if (o->print)
		return 0;
	rc = kith_producer_open(&settings, &s->producer, c);
	while (!rc && !kith_producer_stats(s->producer).connected) {
		rc = kith_producer_poll(s->producer, WAIT_MS);
		if (rc == ERR_TIMEOUT)
			rc = 0;
		if (interrupted())
			return ERR_BUSY;
		if (clock_monotonic_ns() - start > o->remote.timeout_ms * INT64_C(1000000))
			return kith_producer_unreachable(s->producer, c);
	}
	return rc;
}

/* Where rejected lines go: beside the file, unless told otherwise. */
static void choose_rejects(struct sending *s, const char *file)
{
	const char *path = s->settings->rejects;

	if (!path && strcmp(file, "-") != 0) {
		snprintf(s->rejects_path, sizeof s->rejects_path, "%s.rejects", file);
		path = s->rejects_path;
	}
	s->rejects.path = path;
}

/* Read, send, wait; returns an exit code. */
static int send_run(struct sending *s, struct complaint *c)
{
	int rc = send_all(s, c), drained = 0;

	if (s->producer && rc != ERR_CLOSED && rc != ERR_TIMEOUT)
		drained = drain(s, rc == ERR_BUSY, rc ? NULL : c);
	if (!rc)
		rc = drained;
	progress_clear(&s->progress);
	print_summary(s);
	if (rejects_close(&s->rejects) && !rc)
		rc = complain(c, ERR_IO, "%s is not complete: it could not be written", s->rejects.path);
	if (rc == ERR_BUSY)
		return EXIT_INTERRUPTED;
	if (rc)
		return verb_fail(rc, c);
	return s->rejects.n || s->lost ? EXIT_REJECTED : EXIT_WELL;
}

static bool wants_csv(const struct send_settings *o, const char *file)
{
	size_t n = strlen(file);

	return o->format == FORMAT_CSV || (o->format == FORMAT_AUTO && (o->map ||
		(n > 4 && strcmp(file + n - 4, ".csv") == 0)));
}

static int run(void *settings, char **operands, int n)
{
	const struct send_settings *o = settings;
	struct sending s = { .settings = o, .mapped = o->map != NULL };
	struct complaint c = { 0 };
	struct mapping *map = NULL;
	int rc = 0, code;

	(void)n;
	if (wants_csv(o, operands[0]) != (o->map != NULL)) {
		fprintf(stderr, o->map ? "kith send: --map is for CSV, and --format says ndjson\n" :
			"kith send: a CSV file wants --map FILE, which says what its columns mean\n");
		return EXIT_USAGE;
	}
	signals_catch();
	choose_rejects(&s, operands[0]);
	progress_init(&s.progress, o->progress && isatty(STDERR_FILENO));
	s.arena = arena_new(ARENA_FIRST, ARENA_LIMIT);
	if (!s.arena)
		rc = complain(&c, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	if (!rc && o->map)
		rc = mapping_load(o->map, &map, &c);
	if (!rc)
		rc = event_file_open(operands[0], map, &s.input, &c);
	if (rc) { /* the files are at fault, whatever the reason */
		(void)verb_fail(rc, &c);
		code = EXIT_FILE;
	} else {
		rc = open_producer(&s, map, &c);
		code = rc == ERR_BUSY ? EXIT_INTERRUPTED : rc ? verb_fail(rc, &c) : send_run(&s, &c);
	}
	kith_producer_close(s.producer);
	event_file_close(s.input);
	mapping_free(map);
	arena_free(s.arena);
	return code;
}

#define AT(member) offsetof(struct send_settings, member)
static const struct send_settings defaults = {
	.remote = { .timeout_ms = 30000 }, .batch = KITH_BATCH_EVENTS, .progress = true };
static const struct option_def options[] = {
	{ OPTION_TEXT, "map", 'm', "FILE", "the mapping of a CSV file (YAML; see examples/)", AT(map) },
	{ OPTION_CHOICE, "format", 'f', "auto|ndjson|csv",
		"what the file is; auto: csv when --map is given", AT(format) },
	{ OPTION_TEXT, "source", 's', "NAME", "the source of events that name none (a till, a shop)",
		AT(source) },
	{ OPTION_NUMBER, "batch", 'b', "N", "events a batch, 1 to 10000 (default 500)", AT(batch), 1,
		BATCH_EVENTS_MAX },
	{ OPTION_FLAG, "backfill", 'B', NULL,
		"history: remember everything, announce nothing to subscribers", AT(backfill) },
	{ OPTION_TEXT, "rejects", 'R', "FILE",
		"where rejected lines go, with the reason\n(default: the file's name and \".rejects\")",
		AT(rejects) },
	{ OPTION_FLAG, "print", 'n', NULL, "print the events as NDJSON instead of sending them",
		AT(print) },
	{ OPTION_FLAG, "progress", 'p', NULL, "a progress line on a terminal (default: yes)",
		AT(progress), 1 },
	OPTION_JSON(struct send_settings, remote.json, "the summary as one line of JSON"),
	OPTION_RUN(struct send_settings, remote.run),
	OPTION_TIMEOUT(struct send_settings, remote.timeout_ms,
		"give up when the daemon says nothing for so long\n(default 30)"),
	{ OPTION_END },
};

const struct verb verb_send = {
	.name = "send", .operands = "FILE|-", .summary = "send a file of events",
	.text = "Sends events and waits until every one is durable. FILE (\"-\" is standard input) holds\n"
		"NDJSON, one event a line, or CSV, whose columns a mapping explains.\n\n"
		"A line that is no event is rejected, with its number and the reason; the rest goes on.\n"
		"Sending a file again changes nothing: an event is known by its source and id, and the\n"
		"ids of CSV lines follow from the order and the customer. So after an interruption, or\n"
		"when in doubt, send it again.",
	.examples = "  kith send events.ndjson\n"
		"  kith send sales.csv --map examples/online_retail.yaml\n"
		"  zcat sales.csv.gz | kith send - --map examples/online_retail.yaml --backfill\n"
		"  kith send sales.csv --map my.yaml --print | head      # what would be sent?\n"
		"  echo '{\"source\":\"till-1\",\"id\":\"1\",\"customer\":\"anna\",\"time\":"
		"\"2026-05-04T10:00:00Z\",\n"
		"         \"purchase\":{\"order\":\"1\",\"amount\":1250}}' | tr -d '\\n' | kith send -",
	.exits = "  0 all accepted (or known already)   1 some rejected   2 usage\n"
		"  3 daemon unreachable   78 file or mapping at fault   130 interrupted",
	.options = options, .defaults = &defaults, .settings_size = sizeof defaults,
	.least = 1, .most = 1, .run = run,
};
