/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of kith-load. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include "bench/load.h"
#include "proto/codec.h"

static const char help[] =
"usage: kith-load --run DIR [OPTION]...\n"
"\n"
"Offers events to a running kithd (or kith-floor) and measures. One line of JSON.\n"
"\n"
"Where\n"
"  --run DIR             its sockets            --ingest, --feed, --subscribe-at ENDPOINT\n"
"                                               instead of those below DIR (tcp://127.0.0.1:…)\n"
"  --pid N               the daemon: its CPU, memory, bytes\n"
"  --store DIR           what it is stored on: bytes that reach the device\n"
"How much\n"
"  --seconds 4 --warm 1  measured, and before that   --events N  stop after N instead\n"
"  --window 64           closed loop: batches without a receipt, of each connection\n"
"  --rate N              open loop: events/s at Poisson instants; latency counts from when a\n"
"                        batch was due\n"
"  --connections 1       senders\n"
"What\n"
"  --batch 100           events a batch\n"
"  --customers 100000 --zipf 0.8   (0: uniform)      --each  one event each, in turn\n"
"  --prefix C            first letter of their ids\n"
"  --log FILE            bodies, amounts and gaps of a log: NDJSON of `kith send --print`\n"
"  --mixed               without a log: the bodies a shop sees instead of purchases only\n"
"  --sequence            events with a sequence      --sources 1   names of sources\n"
"  --backfill            as history                  --at MS       all at one time\n"
"  --calendar            times run ahead as the gaps say; for kithd --clock event\n"
"  --seed 1 --serial 0   another serial: other ids, higher sequences\n"
"Who listens\n"
"  --hear                the live feed: latency from event to notification\n"
"  --subscription NAME   the same by a durable subscription      --credit 4096\n";

enum option_value { O_RUN = 256, O_INGEST, O_FEED, O_SUBSCRIBE_AT, O_PID, O_STORE, O_SECONDS, O_WARM,
	O_EVENTS, O_WINDOW, O_RATE, O_CONNECTIONS, O_BATCH, O_CUSTOMERS, O_ZIPF, O_EACH, O_PREFIX, O_LOG,
	O_MIXED, O_SEQUENCE, O_SOURCES, O_BACKFILL, O_AT, O_CALENDAR, O_SEED, O_SERIAL, O_HEAR,
	O_SUBSCRIPTION, O_CREDIT, O_HELP };

static const struct option options[] = {
	{ "run", 1, NULL, O_RUN }, { "ingest", 1, NULL, O_INGEST }, { "feed", 1, NULL, O_FEED },
	{ "subscribe-at", 1, NULL, O_SUBSCRIBE_AT }, { "pid", 1, NULL, O_PID },
	{ "store", 1, NULL, O_STORE }, { "seconds", 1, NULL, O_SECONDS }, { "warm", 1, NULL, O_WARM },
	{ "events", 1, NULL, O_EVENTS }, { "window", 1, NULL, O_WINDOW }, { "rate", 1, NULL, O_RATE },
	{ "connections", 1, NULL, O_CONNECTIONS }, { "batch", 1, NULL, O_BATCH },
	{ "customers", 1, NULL, O_CUSTOMERS }, { "zipf", 1, NULL, O_ZIPF }, { "each", 0, NULL, O_EACH },
	{ "prefix", 1, NULL, O_PREFIX }, { "log", 1, NULL, O_LOG }, { "mixed", 0, NULL, O_MIXED },
	{ "sequence", 0, NULL, O_SEQUENCE }, { "sources", 1, NULL, O_SOURCES },
	{ "backfill", 0, NULL, O_BACKFILL }, { "at", 1, NULL, O_AT },
	{ "calendar", 0, NULL, O_CALENDAR }, { "seed", 1, NULL, O_SEED },
	{ "serial", 1, NULL, O_SERIAL }, { "hear", 0, NULL, O_HEAR },
	{ "subscription", 1, NULL, O_SUBSCRIPTION }, { "credit", 1, NULL, O_CREDIT },
	{ "help", 0, NULL, O_HELP }, { 0 }
};

static uint64_t whole(const char *text)
{
	char *end;
	uint64_t v = strtoull(text, &end, 10);

	if (end == text || *end != '\0' || *text == '-')
		load_die("a number is not one; see --help");
	return v;
}

static double real(const char *text)
{
	char *end;
	double v = strtod(text, &end);

	if (end == text || *end != '\0' || !(v >= 0))
		load_die("a number is not one; see --help");
	return v;
}

static bool where(struct load_settings *s, int o)
{
	switch (o) {
	case O_RUN: s->run = optarg; return true;
	case O_INGEST: s->ingest = optarg; return true;
	case O_FEED: s->feed = optarg; return true;
	case O_SUBSCRIBE_AT: s->subscribe_at = optarg; return true;
	case O_PID: s->pid = (int)whole(optarg); return true;
	case O_STORE: s->store = optarg; return true;
	case O_HEAR: s->hear = true; return true;
	case O_SUBSCRIPTION: s->subscription = optarg; return true;
	case O_CREDIT: s->credit = (uint32_t)whole(optarg); return true;
	}
	return false;
}

static bool how_much(struct load_settings *s, int o)
{
	switch (o) {
	case O_SECONDS: s->seconds = real(optarg); return true;
	case O_WARM: s->warm = real(optarg); return true;
	case O_EVENTS: s->events = whole(optarg); return true;
	case O_WINDOW: s->window = (unsigned)whole(optarg); return true;
	case O_RATE: s->rate = real(optarg); return true;
	case O_CONNECTIONS: s->connections = (unsigned)whole(optarg); return true;
	}
	return false;
}

static void what(struct load_settings *s, int o)
{
	switch (o) {
	case O_BATCH: s->stream.batch = (unsigned)whole(optarg); break;
	case O_CUSTOMERS: s->stream.customers = whole(optarg); break;
	case O_ZIPF: s->stream.zipf = real(optarg); break;
	case O_EACH: s->stream.each = true; break;
	case O_PREFIX: s->stream.prefix = optarg[0]; break;
	case O_LOG: s->log = optarg; break;
	case O_MIXED: s->stream.mixed = true; break;
	case O_SEQUENCE: s->stream.sequence = true; break;
	case O_SOURCES: s->stream.sources = (unsigned)whole(optarg); break;
	case O_BACKFILL: s->stream.backfill = true; break;
	case O_AT: s->at_ms = (int64_t)whole(optarg); break;
	case O_CALENDAR: s->calendar = true; break;
	case O_SEED: s->stream.seed = whole(optarg); break;
	case O_SERIAL: s->stream.serial = whole(optarg); break;
	case O_HELP: fputs(help, stdout); exit(0);
	default: exit(2);
	}
}

static void check(const struct load_settings *s)
{
	if (!s->run && !s->ingest)
		load_die("--run DIR is missing; see --help");
	if (s->stream.batch == 0 || s->stream.batch > BATCH_EVENTS_MAX)
		load_die("--batch: 1 to 10000");
	if (s->stream.customers == 0 || s->stream.customers > UINT32_MAX)
		load_die("--customers: 1 to 4 thousand million");
	if (s->stream.zipf >= 1)
		load_die("--zipf: 0 to below 1");
	if (s->connections == 0 || s->connections > LOAD_CONNECTIONS)
		load_die("--connections: 1 to 256");
	if (s->window == 0 || s->window > LOAD_RING / 2)
		load_die("--window: 1 to 32768");
	if (s->hear && s->subscription)
		load_die("--hear and --subscription: one of them");
	if (s->stream.sources > 999)
		load_die("--sources: at most 999");
}

void load_arguments(struct load_settings *s, int argc, char **argv)
{
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!where(s, o) && !how_much(s, o))
			what(s, o);
	if (optind < argc)
		load_die("arguments are options only; see --help");
	check(s);
}
