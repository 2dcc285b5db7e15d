/* SPDX-License-Identifier: Apache-2.0 */
/* Applying the journal again. */
#include <stdlib.h>
#include "base/hash.h"
#include "workers/replay.h"

uint32_t batch_select(const struct batch *b, unsigned shard, unsigned shards, uint32_t *list)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < b->n_events; i++) {
		struct span id = b->events[i].customer;

		if (id.size == 0 || hash_shard(id.data, id.size, shards) == shard)
			list[n++] = i;
	}
	return n;
}

static uint64_t lowest_position(struct shard *const *list, unsigned n)
{
	uint64_t low = UINT64_MAX;

	for (unsigned i = 0; i < n; i++)
		if (env_meta(list[i]->env)->position < low)
			low = env_meta(list[i]->env)->position;
	return low;
}

static int engine_check(const struct replay *r, const struct shard *s, const struct input *in,
	struct complaint *c)
{
	uint32_t engine = in->type == INPUT_ENGINE ? in->engine : s->engine;

	if (engine == ENGINE_VERSION || r->any_engine)
		return 0;
	return complain(c, ERR_VERSION,
		"frame %llu was taken by engine version %u and this is version %d: it might tell "
		"another story under numbers that were handed out. Start the old version once and "
		"stop it cleanly, or start this one with --accept-engine",
		(unsigned long long)in->sequence, engine, ENGINE_VERSION);
}

/* Apply one input to the shards that have not seen it. */
static int apply_to_all(struct replay *r, struct shard *const *list, unsigned n,
	const struct input *in, uint32_t *select, struct complaint *c)
{
	for (unsigned i = 0; i < n; i++) {
		struct shard *s = list[i];
		uint32_t k = 0;
		int rc;

		if (env_meta(s->env)->position >= in->sequence)
			continue;
		rc = engine_check(r, s, in, c);
		if (rc != 0)
			return rc;
		if (in->type == INPUT_BATCH)
			k = batch_select(&in->batch, s->number, r->shards, select);
		rc = shard_apply(s, in, select, k, NULL);
		if (rc != 0)
			return complain(c, rc, "shard %u, frame %llu: %s", s->number,
				(unsigned long long)in->sequence, err_text(rc));
		r->applied += k;
	}
	return 0;
}

/* The start waits for nothing that can be written later: two memtables hold what two held before. */
static int freeze(struct shard *s)
{
	int rc = 0;

	if (env_frozen(s->env)) {
		rc = env_flush(s->env);
		env_flushed(s->env, rc);
	}
	if (rc == 0)
		rc = shard_freeze(s);
	return rc == ERR_NOTFOUND ? 0 : rc; /* nothing has changed */
}

static int checkpoint_all(const struct replay *r, struct shard *const *list, unsigned n,
	struct complaint *c)
{
	for (unsigned i = 0; i < n; i++) {
		int rc = r->freezes ? freeze(list[i]) : shard_checkpoint(list[i]);

		if (rc != 0)
			return complain(c, rc, "shard %u: checkpoint: %s", list[i]->number,
				err_text(rc));
	}
	return 0;
}

/* TIME inputs write too. */
static bool pages_many(const struct replay *r, struct shard *const *list, unsigned n)
{
	for (unsigned i = 0; i < n && r->checkpoint_pages; i++)
		if (env_checkpoint_pages(list[i]->env) >= r->checkpoint_pages)
			return true;
	return false;
}

static int replay_frame(struct replay *r, struct shard *const *list, unsigned n,
	const struct frame *f, struct arena *a, uint32_t *select, struct complaint *c)
{
	struct input in;
	int rc;

	arena_reset(a);
	rc = input_decode(f, a, &in, c);
	if (rc == 0)
		rc = apply_to_all(r, list, n, &in, select, c);
	r->frames++;
	if (in.type == INPUT_BATCH)
		r->events += in.batch.n_events;
	input_fini(&in);
	return rc;
}

static int replay_frames(struct replay *r, struct shard *const *list, unsigned n,
	struct journal_reader *reader, struct arena *a, uint32_t *select, uint64_t next,
	struct complaint *c)
{
	struct frame f;
	int rc;

	while ((rc = journal_reader_next(reader, &f, c)) == 0) {
		if (f.sequence != next)
			return complain(c, ERR_CORRUPT, "the journal goes on with frame %llu, but frame "
				"%llu is needed", (unsigned long long)f.sequence,
				(unsigned long long)next);
		if (r->upto != 0 && f.sequence > r->upto)
			return 0;
		rc = replay_frame(r, list, n, &f, a, select, c);
		if (rc != 0)
			return rc;
		next++;
		if (r->progress && r->frames % 4096 == 0)
			r->progress(r->arg, f.sequence);
		if (r->checkpoint_events && (r->applied - r->frozen >= r->checkpoint_events ||
			pages_many(r, list, n))) {
			r->frozen = r->applied;
			rc = checkpoint_all(r, list, n, c);
			if (rc != 0)
				return rc;
		}
	}
	return rc == ERR_NOTFOUND ? 0 : rc;
}

int replay_run(struct replay *r, struct shard *const *list, unsigned n, struct complaint *c)
{
	struct arena *a = arena_new(256 << 10, 64u << 20);
	uint32_t *select = malloc(BATCH_EVENTS_MAX * sizeof *select);
	uint64_t low = lowest_position(list, n);
	struct journal_reader *reader = NULL;
	int rc = a && select ? 0 : ERR_NOMEM;

	r->frames = r->events = r->applied = r->frozen = 0;
	if (rc == 0)
		rc = journal_reader_open(r->journal_dir, r->store_id, low + 1, &reader, c);
	if (rc == 0)
		rc = replay_frames(r, list, n, reader, a, select, low + 1, c);
	else if (rc == ERR_NOTFOUND)
		rc = ERR_CORRUPT; /* that frame has been trimmed, and a checkpoint still needs it */
	journal_reader_close(reader);
	arena_free(a);
	free(select);
	return rc;
}
