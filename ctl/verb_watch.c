/* SPDX-License-Identifier: Apache-2.0 */
/* kith watch: notifications as they come, live or durable. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "clients/c/kith.h"
#include "ctl/text.h"
#include "ctl/verb.h"
#include "proto/json.h"

#define WAIT_MS 100 /* between looks at SIGINT and the clock */
#define TYPES_MAX 32
#define SHARDS_SEEN_MAX 256

struct watch_settings {
	struct remote_settings remote;
	const char *name, *types;
	int from;
	int64_t count, idle_ms, credit;
};
enum { FROM_UNSAID, FROM_OLDEST, FROM_NEWEST };

struct watching {
	const struct watch_settings *settings;
	char types_text[1024];
	const char *types[TYPES_MAX];
	unsigned n_types;
	struct kith_subscriber *subscriber; /* one of these two */
	struct kith_feed *feed;
	uint64_t seen[SHARDS_SEEN_MAX];     /* live: the last sequence of each shard */
	uint64_t count;
	int64_t last_ns;                    /* when something came */
	bool reached;                       /* the daemon has been, once */
};

static void print_span(struct span s)
{
	fwrite(s.data, 1, s.size, stdout);
}

/* The comparisons that hold or, of a risk that is no more, those that do not. */
static void print_why(const struct notification *n)
{
	bool any = false, held = !span_eq(n->to, span_str("clear"));

	for (unsigned i = 0; i < n->n_evidence; i++) {
		const struct evidence *e = &n->evidence[i];
		char value[TEXT_MAX];

		if (e->holds != held)
			continue;
		fputs(any ? ", " : held ? "  because " : "  no longer ", stdout);
		print_span(e->test);
		if (e->known && e->unit == UNIT_NAME)
			printf(" (%.*s)", (int)e->text.size, (const char *)e->text.data);
		else if (e->known && e->unit != UNIT_FLAG && unit_name(e->unit))
			printf(" (%s)", text_value(e->value, unit_name(e->unit), value));
		any = true;
	}
}

static void print_human(const struct notification *n)
{
	char when[TEXT_MAX], value[TEXT_MAX];

	printf("%s  %-12.*s  %-20.*s", text_time(n->at_ms, when), (int)n->customer.size,
		(const char *)n->customer.data, (int)n->type.size, (const char *)n->type.data);
	if (n->to.size)
		printf("  %.*s → %.*s", n->from.size ? (int)n->from.size : 3,
			n->from.size ? (const char *)n->from.data : "new", (int)n->to.size,
			(const char *)n->to.data);
	print_why(n);
	if (n->has_value && n->value)
		printf("  value %s", text_money((double)n->value, value));
	if (n->owner.size)
		printf("  owner %.*s", (int)n->owner.size, (const char *)n->owner.data);
	putchar('\n');
}

static void print_json(const struct notification *n)
{
	json_t *o = notification_to_json(n);

	if (o)
		json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

static void print_gap(const struct watching *w, uint32_t shard, uint64_t first, uint64_t last)
{
	if (w->settings->remote.json)
		printf("{\"gap\":{\"shard\":%u,\"first\":%llu,\"last\":%llu}}\n", shard,
			(unsigned long long)first, (unsigned long long)last);
	else
		printf("GAP  shard %u: %llu notifications, %u-%llu to %u-%llu, %s\n", shard,
			(unsigned long long)(last - first + 1), shard, (unsigned long long)first, shard,
			(unsigned long long)last, w->subscriber ?
			"were trimmed before they could be delivered" :
			"were missed: the live feed does not wait");
}

/* 0, or ERR_IO when standard output is gone: then nothing may be acknowledged. */
static int print_notification(struct watching *w, const struct notification *n)
{
	if (w->settings->remote.json)
		print_json(n);
	else
		print_human(n);
	w->count++;
	w->last_ns = clock_monotonic_ns();
	return fflush(stdout) ? ERR_IO : 0;
}

static int next_durable(struct watching *w, struct complaint *c)
{
	struct kith_item item;
	int rc = kith_subscriber_next(w->subscriber, WAIT_MS, &item, c);

	w->reached |= kith_subscriber_is_open(w->subscriber);
	if (rc)
		return rc;
	if (item.kind == KITH_GAP)
		print_gap(w, item.shard, item.first, item.sequence);
	else
		rc = print_notification(w, item.notification);
	if (!rc && fflush(stdout))
		rc = ERR_IO;
	return rc ? rc : kith_subscriber_ack(w->subscriber, item.shard, item.sequence);
}

/* Numbers are gap-free only for who listens to everything. */
static void check_gap(struct watching *w, const struct notification *n)
{
	uint64_t *seen = n->shard < SHARDS_SEEN_MAX ? &w->seen[n->shard] : NULL;

	if (!seen || w->n_types)
		return;
	if (*seen && n->sequence > *seen + 1)
		print_gap(w, n->shard, *seen + 1, n->sequence - 1);
	*seen = n->sequence;
}

static int next_live(struct watching *w, struct complaint *c)
{
	const struct notification *n;
	int rc = kith_feed_next(w->feed, WAIT_MS, &n);

	w->reached |= kith_feed_is_connected(w->feed);
	if (rc == ERR_TIMEOUT)
		return rc;
	if (rc)
		return complain(c, rc, "the live feed: %s", err_text(rc));
	check_gap(w, n);
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
	if (w->reached && w->settings->idle_ms &&
		now - w->last_ns > w->settings->idle_ms * INT64_C(1000000))
		return ERR_NOTFOUND;
	return ERR_TIMEOUT;
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
			rc = check_idle(w, start, c);
		if (w->settings->count && w->count >= (uint64_t)w->settings->count)
			return rc == ERR_TIMEOUT ? 0 : rc;
		if (interrupted())
			return ERR_BUSY;
	} while (!rc || rc == ERR_TIMEOUT);
	return rc == ERR_NOTFOUND ? 0 : rc;
}

static int split_types(struct watching *w, struct complaint *c)
{
	const char *types = w->settings->types;
	char *save = NULL;

	if (!types)
		return 0;
	if (strlen(types) >= sizeof w->types_text)
		return complain(c, ERR_TOOBIG, "--types is too long");
	strcpy(w->types_text, types);
	for (char *t = strtok_r(w->types_text, ",", &save); t; t = strtok_r(NULL, ",", &save)) {
		if (w->n_types == TYPES_MAX)
			return complain(c, ERR_TOOBIG, "--types names more than %d types", TYPES_MAX);
		w->types[w->n_types++] = t;
	}
	return 0;
}

static int open_source(struct watching *w, struct complaint *c)
{
	const struct watch_settings *o = w->settings;
	struct kith_subscriber_settings s = {
		.run = o->remote.run, .name = o->name, .types = w->types, .n_types = w->n_types,
		.credit = (uint32_t)o->credit, .newest = o->from == FROM_NEWEST,
	};

	if (o->name)
		return kith_subscriber_open(&s, &w->subscriber, c);
	return kith_feed_open(o->remote.run, w->types, w->n_types, &w->feed, c);
}

static int finish(int rc, const struct complaint *c)
{
	if (rc == ERR_BUSY && interrupted())
		return EXIT_INTERRUPTED;
	if (rc == ERR_IO)
		return EXIT_FILE; /* nobody reads us any more: nothing to say, and nobody to say it to */
	return rc ? verb_fail(rc, c) : EXIT_WELL;
}

static int run(void *settings, char **operands, int n)
{
	struct watching w = { .settings = settings };
	struct complaint c = { 0 };
	int rc;

	(void)operands;
	(void)n;
	if (w.settings->from != FROM_UNSAID && !w.settings->name) {
		fprintf(stderr, "kith watch: --from is for a durable subscription: give it a --name\n");
		return EXIT_USAGE;
	}
	signals_catch();
	rc = split_types(&w, &c);
	if (rc) {
		fprintf(stderr, "kith watch: %s\n", c.text);
		return EXIT_USAGE;
	}
	rc = open_source(&w, &c);
	if (!rc)
		rc = watch(&w, &c);
	kith_subscriber_close(w.subscriber);
	kith_feed_close(w.feed);
	return finish(rc, &c);
}

#define AT(member) offsetof(struct watch_settings, member)
static const struct watch_settings defaults = { .remote = { .timeout_ms = 5000 } };
static const struct option_def options[] = {
	{ OPTION_TEXT, "name", 'n', "NAME",
		"a durable subscription: resumes after what it has\nacknowledged; what is printed is "
		"acknowledged", AT(name) },
	{ OPTION_TEXT, "types", 'T', "TYPE,...",
		"only types that begin so: customer.at_risk, risk., stage.client", AT(types) },
	{ OPTION_CHOICE, "from", 'F', "auto|oldest|newest",
		"where a name never seen begins (default: the oldest kept)", AT(from) },
	{ OPTION_NUMBER, "count", 'c', "N", "end after so many notifications", AT(count), 1, INT64_MAX },
	{ OPTION_SECONDS, "idle", 'i', "SECONDS", "end when nothing came for so long", AT(idle_ms) },
	{ OPTION_NUMBER, "credit", 'C', "N",
		"how many may be delivered ahead (durable; default 256)", AT(credit), 1, 100000 },
	OPTION_JSON(struct watch_settings, remote.json, "one line of JSON a notification"),
	OPTION_RUN(struct watch_settings, remote.run),
	OPTION_TIMEOUT(struct watch_settings, remote.timeout_ms,
		"give up when the daemon cannot be reached at first\n(default 5; later it is waited for)"),
	{ OPTION_END },
};

const struct verb verb_watch = {
	.name = "watch", .operands = "", .summary = "notifications as they come",
	.text = "Prints each change of a customer's standing: when it became true, who, what, from where to\n"
		"where, and the comparisons that made it so.\n\n"
		"Without --name this is the live feed: what happens while nobody listens is missed. With\n"
		"--name it is a durable subscription, which misses nothing: it begins behind what was\n"
		"printed the last time. Only one process may have a name at a time; the later one wins.\n"
		"A line GAP says that notifications are gone.",
	.examples = "  kith watch\n  kith watch --types customer.at_risk,customer.lost\n"
		"  kith watch --name crm --json --idle 2 >> notifications.ndjson",
	.exits = "  0 ended by --count or --idle   1 refused (another process has the name)   2 usage\n"
		"  3 daemon unreachable   78 standard output is gone   130 interrupted",
	.options = options, .defaults = &defaults, .settings_size = sizeof defaults,
	.least = 0, .most = 0, .run = run,
};
