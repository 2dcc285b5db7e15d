/* SPDX-License-Identifier: Apache-2.0 */
/* World: a store opened and recovered as daemon/lifetime.c does it, in one thread and without
 * sockets. What it says goes to standard output, a line a write(2). */
#ifndef KITH_TESTS_STORE_WORLD_H
#define KITH_TESTS_STORE_WORLD_H
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "store/store.h"
#include "workers/query.h"
#include "workers/replay.h"

#define WORLD_SHARDS 2u
#define WORLD_MAP_BYTES (64u << 20)

/* Exit codes: opening failed; gave up, as the daemon would; what stands there is wrong. */
enum { EXIT_NOT_OPENED = 2, EXIT_GAVE_UP = 3, EXIT_WRONG = 4 };

struct world {
	struct store store;
	struct env *env[WORLD_SHARDS];
	struct shard shard[WORLD_SHARDS];
	uint64_t committed[WORLD_SHARDS]; /* frame of the last checkpoint */
	struct journal *journal;
	char journal_dir[4096];
	uint64_t checkpoint_events; /* of the replay: commit so often; 0: not … */
	bool freezes;               /* … or freeze; see workers/replay.h */
};

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
	char line[2000];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof line, format, args);
	va_end(args);
	if (n >= (int)sizeof line || write(STDOUT_FILENO, line, (size_t)n) != n)
		_exit(99);
}

static int world_open_envs(struct world *w, struct complaint *c)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < WORLD_SHARDS; i++)
		rc = env_open(&w->store, i, WORLD_MAP_BYTES, false, &w->env[i], c);
	for (unsigned i = 0; rc == 0 && i < WORLD_SHARDS; i++)
		w->committed[i] = env_meta(w->env[i])->position;
	return rc;
}

static int world_open_journal(struct world *w, int64_t now_ms, struct complaint *c)
{
	const struct journal_settings settings = { .segment_bytes = 8192, .keep_bytes = 0,
		.keep_ms = INT64_C(1) << 40 };
	uint64_t high = 0;

	for (unsigned i = 0; i < WORLD_SHARDS; i++)
		if (w->committed[i] > high)
			high = w->committed[i];
	store_journal_dir(&w->store, w->journal_dir);
	return journal_open(w->journal_dir, w->store.id, &settings, high + 1, high, now_ms,
		&w->journal, c);
}

/* Bring shard I from its last checkpoint up to frame UPTO. */
static int world_recover(struct world *w, unsigned i, uint64_t upto, struct complaint *c)
{
	struct replay r = { .journal_dir = w->journal_dir, .store_id = w->store.id,
		.shards = WORLD_SHARDS, .upto = upto, .checkpoint_events = w->checkpoint_events,
		.freezes = w->freezes };
	struct shard *list[1] = { &w->shard[i] };
	int rc = shard_open(&w->shard[i], i, w->env[i], c);

	if (rc == 0 && upto > env_meta(w->env[i])->position)
		rc = replay_run(&r, list, 1, c);
	if (rc == 0 && env_meta(w->env[i])->position != upto)
		rc = complain(c, ERR_CORRUPT, "shard %u stands at %" PRIu64 ", the journal at %" PRIu64,
			i, env_meta(w->env[i])->position, upto);
	return rc;
}

/* Everything but the recovery. */
static int world_open(struct world *w, const char *dir, int64_t now_ms, struct complaint *c)
{
	int rc = store_open(dir, WORLD_SHARDS, true, &w->store, c);

	if (rc == 0)
		rc = world_open_envs(w, c);
	return rc != 0 ? rc : world_open_journal(w, now_ms, c);
}

static void world_close(struct world *w)
{
	for (unsigned i = 0; i < WORLD_SHARDS; i++) {
		shard_close(&w->shard[i]);
		env_close(w->env[i]);
	}
	journal_close(w->journal);
	store_close(&w->store);
}

#endif
