/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration: values and their units, flags, and what only the whole can tell. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/flag.h"
#include "daemon/config.h"
#include "daemon/config_value.h"

void config_default(struct config *c)
{
	memset(c, 0, sizeof *c);
	strcpy(c->store, "/var/lib/kith");
	strcpy(c->run, "/run/kith");
	c->clock = CLOCK_WALL;
	c->log = LOG_LEVEL_INFO;
	c->settings = settings_default;
	c->journal_segment = 64u << 20;
	c->journal_keep = UINT64_C(4) << 30;
	c->journal_keep_ms = 30 * DAY_MS;
	c->checkpoint = checkpoint_default;
	c->checkpoint_memory = UINT64_C(768) << 20;
	c->map_bytes = UINT64_C(64) << 30;
	c->under_way_events = 200000;
	c->under_way_bytes = 128u << 20;
	c->credit = 20000;
	c->subscriptions = 10000;
	c->subscriber_credit = 4096;
	c->deadlines_per_second = 105000;
	c->in_future_ms = 3600 * 1000;
	c->survey_ms = 3600 * 1000;
	c->space_reserve = 256u << 20;
	c->webhook_schedule = schedule_default;
	c->webhook_timeout_ms = 20000;
	c->webhook_pause_ms = 5 * DAY_MS;
	c->webhook_connections = 256;
	c->language = LANGUAGE_EN;
	c->decimals = 2;
}

void config_fini(struct config *c)
{
	free(c->webhooks);
	c->webhooks = NULL;
	c->n_webhooks = 0;
}

static const char help[] =
	"usage: kithd [--store DIR] [--run DIR] [--config FILE] [--lifecycle FILE] …\n"
	"\n"
	"Takes customer events, keeps one record per customer, and tells subscribers when a\n"
	"customer's standing changes.\n"
	"\n"
	"  --config FILE      YAML configuration, read first; flags override it\n"
	"  --store DIR        where the journal and the shards live (default /var/lib/kith)\n"
	"  --run DIR          where the sockets live (default /run/kith)\n"
	"  --lifecycle FILE   the rules (default: the built-in file); SIGHUP reads it again\n"
	"  --shards N         threads and environments of a new store (default 2)\n"
	"  --clock wall|event time: the wall clock, or the newest event seen (replays, tests)\n"
	"  --ingest ENDPOINT --feed E --feed-json E --subscribe E --control E\n"
	"                     instead of sockets in the run directory: ipc://, or tcp:// on loopback\n"
	"  --guard-window D   how long an id without a sequence is remembered (default 30d)\n"
	"  --survey D         how often everybody's value is ranked anew (default 1h)\n"
	"  --refit D          fit the rhythm to the customers so often, and judge by it (default 0s:\n"
	"                     never by itself; kith fit --live)\n"
	"  --late-window D    an event so late withdraws what it proves wrong (default 3d)\n"
	"  --map SIZE         address space of each shard's store (default 64GiB, sparse)\n"
	"  --space-reserve S  free disk below which nothing is taken in (default 256MiB)\n"
	"  --language en|zh   of the sentence that each notification carries (default en)\n"
	"  --messages FILE    own words, laid over those built in\n"
	"  --decimals N --currency TEXT\n"
	"                     how money is written: 12.50 is 1250 with 2 decimals (default)\n"
	"  --log LEVEL        error, warn, info, debug\n"
	"  --accept-engine    replay a journal tail that another engine version took\n"
	"  --check            read configuration and lifecycle file, and exit\n"
	"  --help --version\n"
	"\n"
	"Exit: 0 stopped cleanly, 1 failed at run time (start it again), 78 configuration.\n"
	"Signals: TERM, INT stop; HUP reads the lifecycle file again.\n";

static int text(char *out, size_t size, const char *value, const char *name, struct complaint *why)
{
	if (snprintf(out, size, "%s", value) >= (int)size)
		return complain(why, ERR_INVALID, "%s: longer than %zu bytes", name, size - 1);
	return 0;
}

/* One value by its name, from a flag or from the file: the only place that knows them all. */
int config_set(struct config *c, const char *name, const char *value, struct complaint *why)
{
	const struct {
		const char *name;
		char *out;
		size_t size;
	} texts[] = {
		{ "store", c->store, sizeof c->store },
		{ "run", c->run, sizeof c->run },
		{ "lifecycle", c->lifecycle, sizeof c->lifecycle },
		{ "ingest", c->ingest, sizeof c->ingest },
		{ "feed", c->feed, sizeof c->feed },
		{ "feed-json", c->feed_json, sizeof c->feed_json },
		{ "subscribe", c->subscribe, sizeof c->subscribe },
		{ "control", c->control, sizeof c->control },
		{ "messages", c->messages, sizeof c->messages },
		{ "currency", c->currency, sizeof c->currency },
		{ "webhook-ca", c->webhook_ca, sizeof c->webhook_ca },
	};
	const struct {
		const char *name;
		int64_t *out;
		int64_t scale;
	} durations[] = {
		{ "guard-window", &c->settings.guard_window_ms, 1 },
		{ "cool-down", &c->settings.cool_down_ms, 1 },
		{ "source-silence", &c->settings.source_silence_ms, 1 },
		{ "source-grace", &c->settings.source_grace_ms, 1 },
		{ "source-hold", &c->settings.source_hold_ms, 1 },
		{ "outbox-keep-for", &c->settings.outbox_keep_ms, 1 },
		{ "late-window", &c->settings.late_window_ms, 1 },
		{ "survey", &c->survey_ms, 1 },
		{ "refit", &c->refit_ms, 1 },
		{ "journal-keep-for", &c->journal_keep_ms, 1 },
		{ "in-future", &c->in_future_ms, 1 },
		{ "webhook-timeout", &c->webhook_timeout_ms, 1 },
		{ "webhook-pause-after", &c->webhook_pause_ms, 1 },
		{ "checkpoint-every", &c->checkpoint.interval_ns, 1000000 },
		{ "checkpoint-idle", &c->checkpoint.idle_ns, 1000000 },
		{ "checkpoint-replay", &c->checkpoint.replay_ns, 1000000 },
	};
	const struct {
		const char *name;
		uint64_t *out;
	} sizes[] = {
		{ "journal-segment", &c->journal_segment },
		{ "journal-keep", &c->journal_keep },
		{ "map", &c->map_bytes },
		{ "under-way-bytes", &c->under_way_bytes },
		{ "space-reserve", &c->space_reserve },
		{ "outbox-keep", &c->settings.outbox_keep },
		{ "outbox-keep-bytes", &c->settings.outbox_keep_bytes },
		{ "checkpoint-events", &c->checkpoint.events },
		{ "checkpoint-memory", &c->checkpoint_memory },
		{ "under-way-events", &c->under_way_events },
	};
	const struct {
		const char *name;
		uint32_t *out;
	} counts[] = {
		{ "shards", &c->shards },
		{ "credit", &c->credit },
		{ "subscriptions", &c->subscriptions },
		{ "subscriber-credit", &c->subscriber_credit },
		{ "deadlines-per-second", &c->deadlines_per_second },
		{ "history-keep", &c->settings.history_keep },
		{ "source-events", &c->settings.source_events },
		{ "breaker-floor", &c->settings.breaker_floor },
		{ "breaker-factor", &c->settings.breaker_factor },
		{ "decimals", &c->decimals },
		{ "webhook-connections", &c->webhook_connections },
	};

#define EACH(table) for (size_t i = 0; i < sizeof(table) / sizeof(table)[0]; i++) \
		if (strcmp((table)[i].name, name) == 0)
	EACH(texts) return text(texts[i].out, texts[i].size, value, name, why);
	EACH(durations) {
		int rc = value_duration(value, durations[i].out, name, why);

		*durations[i].out *= durations[i].scale;
		return rc;
	}
	EACH(sizes) return value_size(value, sizes[i].out, name, why);
	EACH(counts) return value_count(value, counts[i].out, name, why);
#undef EACH
	if (strcmp(name, "webhook-schedule") == 0)
		return schedule_parse(&c->webhook_schedule, value, why);
	if (strcmp(name, "clock") == 0)
		return value_choice(value, "wall", "event", (int *)&c->clock, name, why);
	if (strcmp(name, "language") == 0)
		return value_choice(value, "en", "zh", (int *)&c->language, name, why);
	if (strcmp(name, "log") == 0 && log_level_parse(value, &c->log) == 0)
		return 0;
	if (strcmp(name, "log") == 0)
		return complain(why, ERR_INVALID, "log: expected error, warn, info or debug, found %s",
			value);
	return complain(why, ERR_INVALID, "no setting is called %s", name);
}

static const struct option flags[] = {
	{ "config", required_argument, NULL, 'c' }, { "store", required_argument, NULL, 's' },
	{ "run", required_argument, NULL, 's' }, { "lifecycle", required_argument, NULL, 's' },
	{ "shards", required_argument, NULL, 's' }, { "clock", required_argument, NULL, 's' },
	{ "ingest", required_argument, NULL, 's' }, { "feed", required_argument, NULL, 's' },
	{ "feed-json", required_argument, NULL, 's' }, { "subscribe", required_argument, NULL, 's' },
	{ "control", required_argument, NULL, 's' }, { "guard-window", required_argument, NULL, 's' },
	{ "map", required_argument, NULL, 's' }, { "space-reserve", required_argument, NULL, 's' },
	{ "outbox-keep", required_argument, NULL, 's' },
	{ "outbox-keep-for", required_argument, NULL, 's' },
	{ "outbox-keep-bytes", required_argument, NULL, 's' },
	{ "history-keep", required_argument, NULL, 's' },
	{ "breaker-floor", required_argument, NULL, 's' },
	{ "breaker-factor", required_argument, NULL, 's' },
	{ "cool-down", required_argument, NULL, 's' },
	{ "source-silence", required_argument, NULL, 's' },
	{ "source-grace", required_argument, NULL, 's' },
	{ "source-hold", required_argument, NULL, 's' },
	{ "source-events", required_argument, NULL, 's' },
	{ "late-window", required_argument, NULL, 's' },
	{ "survey", required_argument, NULL, 's' },
	{ "refit", required_argument, NULL, 's' },
	{ "journal-segment", required_argument, NULL, 's' },
	{ "journal-keep", required_argument, NULL, 's' },
	{ "journal-keep-for", required_argument, NULL, 's' },
	{ "checkpoint-events", required_argument, NULL, 's' },
	{ "checkpoint-every", required_argument, NULL, 's' },
	{ "under-way-events", required_argument, NULL, 's' },
	{ "under-way-bytes", required_argument, NULL, 's' },
	{ "deadlines-per-second", required_argument, NULL, 's' },
	{ "in-future", required_argument, NULL, 's' },
	{ "language", required_argument, NULL, 's' },
	{ "messages", required_argument, NULL, 's' },
	{ "decimals", required_argument, NULL, 's' },
	{ "currency", required_argument, NULL, 's' },
	{ "log", required_argument, NULL, 's' }, { "accept-engine", no_argument, NULL, 'e' },
	{ "check", no_argument, NULL, 'k' }, { "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' }, { 0 },
};

static int read_file_first(struct config *c, int argc, char **argv, struct complaint *why)
{
	int flag, index = 0, rc = 0;

	optind = 1;
	opterr = 0;
	while ((flag = getopt_long(argc, argv, "", flags, &index)) != -1)
		if (flag == 'c' && rc == 0 && !flag_abbreviated(flags[index].name, argv))
			rc = config_read(c, optarg, why);
	optind = 1;
	return rc;
}

int config_flags(struct config *c, int argc, char **argv, struct complaint *why)
{
	int flag, index = 0, rc = read_file_first(c, argc, argv, why);

	while (rc == 0 && (flag = getopt_long(argc, argv, ":", flags, &index)) != -1) {
		const char *abbreviated = flag == ':' || flag == '?' ? NULL :
			flag_abbreviated(flags[index].name, argv);

		if (abbreviated)
			return complain(why, ERR_INVALID, "no flag %s; see kithd --help", abbreviated);
		switch (flag) {
		case 's': rc = config_set(c, flags[index].name, optarg, why); break;
		case 'c': break;
		case 'e': c->accept_engine = true; break;
		case 'k': c->check_only = true; break;
		case 'h': fputs(help, stdout); return 1;
		case 'V': puts("kithd " KITH_VERSION); return 1;
		case ':': return complain(why, ERR_INVALID, "%s needs a value", argv[optind - 1]);
		default:
			return complain(why, ERR_INVALID, "no flag %s; see kithd --help",
				argv[optind - 1]);
		}
	}
	if (rc == 0 && optind < argc)
		return complain(why, ERR_INVALID, "unexpected argument %s; see kithd --help",
			argv[optind]);
	return rc;
}

static bool starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* Without keys nobody off this machine may speak: TCP is for loopback only. */
static int check_endpoint(char *out, size_t size, const struct config *c, const char *name,
	struct complaint *why)
{
	if (out[0] == '\0' && snprintf(out, size, "ipc://%s/%s", c->run, name) >= (int)size)
		return complain(why, ERR_INVALID, "run: %s is too long a path", c->run);
	if (starts_with(out, "ipc://") && strlen(out) - 6 > 107)
		return complain(why, ERR_INVALID, "%s: a socket's path is at most 107 bytes: %s", name,
			out + 6);
	if (starts_with(out, "ipc://") || starts_with(out, "tcp://127.") ||
		starts_with(out, "tcp://[::1]:") || starts_with(out, "tcp://localhost:"))
		return 0;
	return complain(why, ERR_INVALID, "%s: %s: expected ipc://PATH, or tcp:// on loopback "
		"(127.0.0.1, [::1]): there are no keys yet that would protect more", name, out);
}

static int check_webhooks(const struct config *c, struct complaint *why)
{
	struct complaint found = { 0 };

	if (c->webhook_timeout_ms < 100 || c->webhook_timeout_ms > 30000)
		return complain(why, ERR_INVALID, "webhook-timeout: from 100ms to 30s");
	if (c->webhook_connections == 0 || c->webhook_connections > 4096 || c->webhook_pause_ms == 0)
		return complain(why, ERR_INVALID, "webhook-connections: from 1 to 4096; "
			"webhook-pause-after: more than 0");
	if (c->webhook_ca[0] && access(c->webhook_ca, R_OK) != 0)
		return complain(why, ERR_INVALID, "webhook-ca: %.200s: %s", c->webhook_ca,
			strerror(errno));
	for (unsigned i = 0; i < c->n_webhooks; i++) {
		if (webhook_check(&c->webhooks[i], &found) != 0)
			return complain(why, ERR_INVALID, "webhooks, number %u (%s): %s", i + 1,
				c->webhooks[i].name, found.text);
		for (unsigned k = 0; k < i; k++)
			if (strcmp(c->webhooks[i].name, c->webhooks[k].name) == 0)
				return complain(why, ERR_INVALID, "webhooks: two have the name %s",
					c->webhooks[i].name);
	}
	return 0;
}

int config_check(struct config *c, struct complaint *why)
{
	int rc = check_endpoint(c->ingest, sizeof c->ingest, c, "ingest", why);

	if (rc == 0)
		rc = check_endpoint(c->feed, sizeof c->feed, c, "feed", why);
	if (rc == 0)
		rc = check_endpoint(c->feed_json, sizeof c->feed_json, c, "feed.json", why);
	if (rc == 0)
		rc = check_endpoint(c->subscribe, sizeof c->subscribe, c, "subscribe", why);
	if (rc == 0)
		rc = check_endpoint(c->control, sizeof c->control, c, "control", why);
	if (rc != 0)
		return rc;
	if (c->shards > SHARDS_MAX)
		return complain(why, ERR_INVALID, "shards: at most %d", SHARDS_MAX);
	if (c->journal_segment < (1u << 20) || c->journal_segment > (UINT64_C(4) << 30))
		return complain(why, ERR_INVALID, "journal-segment: from 1MiB to 4GiB");
	if (c->map_bytes < (1u << 20))
		return complain(why, ERR_INVALID, "map: at least 1MiB");
	if (c->deadlines_per_second == 0 || c->under_way_events == 0 || c->under_way_bytes == 0 ||
		c->checkpoint.events == 0 || c->credit == 0 || c->subscriber_credit == 0)
		return complain(why, ERR_INVALID, "deadlines-per-second, under-way-events, "
			"under-way-bytes, checkpoint-events, credit and subscriber-credit are at least 1");
	if (c->checkpoint.idle_ns < 1000000 || c->checkpoint.idle_ns > INT64_C(5000000000) ||
		c->checkpoint.interval_ns < 1000000 || c->checkpoint.replay_ns < 1000000)
		return complain(why, ERR_INVALID, "checkpoint-idle: from 1ms to 5s; checkpoint-every: "
			"at least 1ms; checkpoint-replay: at least 1ms");
	if (c->checkpoint_memory < (1u << 20))
		return complain(why, ERR_INVALID, "checkpoint-memory: at least 1MiB");
	if (c->settings.history_keep > HISTORY_KEEP_MAX)
		return complain(why, ERR_INVALID, "history-keep: at most %d", HISTORY_KEEP_MAX);
	if (c->decimals > 4 || !bytes_are_plain_utf8(span_str(c->currency)))
		return complain(why, ERR_INVALID, "decimals: from 0 to 4; currency: UTF-8 without "
			"control characters");
	if (c->settings.guard_window_ms <= 0)
		return complain(why, ERR_INVALID, "guard-window: more than 0");
	if (c->settings.late_window_ms != 0 && c->settings.late_window_ms < LATE_WINDOW_MS_MIN)
		return complain(why, ERR_INVALID, "late-window: at least 1s, or 0s to withdraw nothing");
	if (c->survey_ms <= 0)
		return complain(why, ERR_INVALID, "survey: more than 0");
	if (c->refit_ms != 0 && c->refit_ms < 1000)
		return complain(why, ERR_INVALID, "refit: at least 1s, or 0s for never");
	return check_webhooks(c, why);
}
