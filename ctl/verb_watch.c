/* SPDX-License-Identifier: Apache-2.0 */
/* kith watch: notifications as they come, live or durable, or from some time on.
 * kith snapshot: where everybody stands. */
#include "ctl/watch.h"

static int run_watch(void *settings, char **operands, int n)
{
	(void)operands;
	(void)n;
	return watch_run("watch", settings);
}

static int run_snapshot(void *settings, char **operands, int n)
{
	(void)operands;
	(void)n;
	return watch_run("snapshot", settings);
}

#define AT(member) offsetof(struct watch_settings, member)
static const struct watch_settings watch_defaults = { .remote = { .timeout_ms = 5000 },
	.follow = true };
static const struct watch_settings snapshot_defaults = { .remote = { .timeout_ms = 5000 },
	.snapshot = true };

#define OPTIONS_FILTER \
	{ OPTION_TEXT, "type", 'T', "TYPE,...", \
		"only types that begin so: customer.at_risk, risk., stage.client", \
		AT(terms[FILTER_TYPE]) }, \
	{ OPTION_TEXT, "stage", 0, "STAGE,...", "only who comes to one of these stages", \
		AT(terms[FILTER_STAGE]) }, \
	{ OPTION_TEXT, "tier", 0, "TIER,...", "only customers of one of these tiers", \
		AT(terms[FILTER_TIER]) }, \
	{ OPTION_TEXT, "severity", 0, "SEVERITY", \
		"only what is at least so severe: watch, low, medium, high,\ncritical", \
		AT(terms[FILTER_SEVERITY]) }, \
	{ OPTION_TEXT, "owner", 'o', "OWNER,...", "only customers of one of these account managers", \
		AT(terms[FILTER_OWNER]) }, \
	{ OPTION_TEXT, "source", 's', "SOURCE,...", "only what an event of one of these sources caused", \
		AT(terms[FILTER_SOURCE]) }, \
	{ OPTION_TEXT, "region", 0, "REGION,...", "only customers of one of these regions", \
		AT(terms[FILTER_REGION]) }

static const struct option_def watch_options[] = {
	{ OPTION_TEXT, "name", 'n', "NAME",
		"a durable subscription: resumes after what it has\nacknowledged; what is printed is "
		"acknowledged", AT(name) },
	OPTIONS_FILTER,
	{ OPTION_TEXT, "customer", 0, "CUSTOMER", "only this one", AT(customer) },
	{ OPTION_TEXT, "from", 'F', "WHERE",
		"look back first: a time (2026-11-22T08:00:00Z, Unix ms), how\nlong ago (2h, 7d), an id or "
		"several (3-1042, 0-18,1-43),\noldest or newest. With --name: where a name never seen "
		"begins\n(default: oldest)", AT(from) },
	{ OPTION_TEXT, "until", 'u', "TIME",
		"end with what came to light then: a time, or how long ago", AT(until) },
	{ OPTION_FLAG, "follow", 'f', NULL,
		"after looking back go on with what comes (default);\n--no-follow: end there", AT(follow) },
	{ OPTION_FLAG, "snapshot", 'S', NULL, "first tell where everybody stands", AT(snapshot) },
	{ OPTION_NUMBER, "count", 'c', "N", "end after so many notifications", AT(count), 1, INT64_MAX },
	{ OPTION_SECONDS, "idle", 'i', "SECONDS", "end when nothing came for so long", AT(idle_ms) },
	{ OPTION_NUMBER, "credit", 'C', "N",
		"how many may be delivered ahead (not live; default 256)", AT(credit), 1, 100000 },
	OPTION_JSON(struct watch_settings, remote.json, "one line of JSON a notification"),
	OPTION_RUN(struct watch_settings, remote.run),
	OPTION_TIMEOUT(struct watch_settings, remote.timeout_ms,
		"give up when the daemon cannot be reached at first\n(default 5; later it is waited for)"),
	{ OPTION_END },
};

static const struct option_def snapshot_options[] = {
	OPTIONS_FILTER,
	{ OPTION_FLAG, "follow", 'f', NULL, "then go on with the notifications after it", AT(follow) },
	OPTION_JSON(struct watch_settings, remote.json, "one line of JSON a customer"),
	OPTION_RUN(struct watch_settings, remote.run),
	OPTION_TIMEOUT(struct watch_settings, remote.timeout_ms,
		"give up when the daemon cannot be reached at first\n(default 5; later it is waited for)"),
	{ OPTION_END },
};

const struct verb verb_watch = {
	.name = "watch", .operands = "", .summary = "notifications as they come, or from some time on",
	.text = "Prints each change of a customer's standing: when it became true, who, what, from where to\n"
		"where, and the comparisons that made it so.\n\n"
		"Without --name and --from this is the live feed: what happens while nobody listens is\n"
		"missed. With --name it is a durable subscription, which misses nothing: it begins behind\n"
		"what was printed the last time. Only one process may have a name at a time; the later one\n"
		"wins. With --from it looks through the notifications that are kept, in the order in which\n"
		"they came to light, and goes on with what comes.\n"
		"A line GAP says that notifications are gone; \"kith snapshot\" tells what became of them.",
	.examples = "  kith watch\n  kith watch --type customer.at_risk,customer.lost --region north\n"
		"  kith watch --from 2h --no-follow --severity high\n"
		"  kith watch --from oldest --no-follow --customer 17850\n"
		"  kith watch --name crm --json --idle 2 >> notifications.ndjson",
	.exits = "  0 ended by --count, --idle, --until or --no-follow\n"
		"  1 refused (another process has the name)   2 usage   3 daemon unreachable\n"
		"  78 standard output is gone   130 interrupted",
	.options = watch_options, .defaults = &watch_defaults,
	.settings_size = sizeof watch_defaults, .least = 0, .most = 0, .run = run_watch,
};

const struct verb verb_snapshot = {
	.name = "snapshot", .operands = "", .summary = "where everybody stands, for whom a filter is",
	.text = "Prints a line for each customer: up to when everything has been announced, on which rung of\n"
		"each ladder they stand and which risks are raised. Each line of JSON says `as_of` which\n"
		"notification of its shard it is; the last one from where the notifications after it begin:\n"
		"whoever then passes over what is told of a customer up to their `as_of` knows exactly where\n"
		"everybody stands. --follow does that by itself.\n"
		"The filter is that of \"kith watch\": --type risk. takes who has a risk, --stage client who\n"
		"stands there, --severity high who has a risk so severe; --source takes everybody.",
	.examples = "  kith snapshot --json > standing.ndjson\n"
		"  kith snapshot --type customer.at_risk --owner eva\n  kith snapshot --follow --json",
	.exits = "  0 told   2 usage   3 daemon unreachable   78 standard output is gone\n"
		"  130 interrupted",
	.options = snapshot_options, .defaults = &snapshot_defaults,
	.settings_size = sizeof snapshot_defaults, .least = 0, .most = 0, .run = run_snapshot,
};
