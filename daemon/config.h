/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration: defaults, then the YAML file, then flags. docs/LIMITS.md sums up the limits. */
#ifndef KITH_DAEMON_CONFIG_H
#define KITH_DAEMON_CONFIG_H
#include "base/log.h"
#include "daemon/webhook_schedule.h"
#include "daemon/webhook_settings.h"
#include "words/words.h"
#include "workers/worker.h"

enum clock_mode { CLOCK_WALL, CLOCK_EVENT };

struct config {
	char store[4000];
	char run[90];            /* a socket's path is at most 107 bytes */
	char lifecycle[4096];    /* empty: the built-in default */
	unsigned shards;         /* 0: what the store has, 2 for a new one */
	enum clock_mode clock;
	enum log_level log;
	char ingest[256], feed[256], feed_json[256], subscribe[256], control[256];
	struct settings settings;
	uint64_t journal_segment, journal_keep;
	int64_t journal_keep_ms;
	struct checkpoint_settings checkpoint; /* dirty_pages follows from: */
	uint64_t checkpoint_memory; /* of all shards */
	uint64_t map_bytes;      /* of each shard */
	uint64_t under_way_events, under_way_bytes; /* accepted and not yet answered */
	uint32_t credit;         /* told to each sender */
	uint32_t subscriptions;  /* names, at most */
	uint32_t subscriber_credit; /* at most, whatever a subscriber asks for */
	uint32_t deadlines_per_second;
	int64_t in_future_ms;
	int64_t survey_ms;      /* between two surveys (survey.h) */
	int64_t refit_ms;       /* between two fits by itself (refit.h); 0: none */
	uint64_t space_reserve;  /* free bytes on disk below which nothing is taken in */
	struct schedule webhook_schedule;
	int64_t webhook_timeout_ms, webhook_pause_ms;
	uint32_t webhook_connections;
	char webhook_ca[4096];   /* certificates to trust; empty: the system's */
	struct webhook_settings *webhooks; /* malloc'ed */
	unsigned n_webhooks;
	enum language language;  /* of the sentences … */
	char messages[4096];     /* … and a file of the business's own; empty: none */
	uint32_t decimals;       /* of money: minor units are 10^-decimals of the currency */
	char currency[CURRENCY_MAX];
	bool accept_engine;
	bool check_only;         /* --check */
};

void config_default(struct config *c);
void config_fini(struct config *c);
/* Read a YAML file over what is there. ERR_INVALID with a complaint that has the line. */
int config_read(struct config *c, const char *path, struct complaint *why);
/* The complaint names the flag. Returns 0, ERR_INVALID, or 1 when there is nothing left to do
 * (--help, --version were printed). */
int config_flags(struct config *c, int argc, char **argv, struct complaint *why);
/* Set one value by the name of its flag ("guard-window"). */
int config_set(struct config *c, const char *name, const char *value, struct complaint *why);
/* What only the whole can tell: endpoints, ranges. Fills endpoints that were left empty. */
int config_check(struct config *c, struct complaint *why);

#endif
