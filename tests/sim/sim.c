/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a simulated kith: a directory, starting, stopping, dying. */
#include "tests/sim/sim.h"
#include <stdarg.h>

static void give_up(const char *text)
{
	(void)text; /* it has been printed */
	abort();
}
void (*sim_failed)(const char *text) = give_up;

void sim_fail(const struct sim *s, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	fprintf(stderr, "sim: seed %llu: %s\n", s ? (unsigned long long)s->o.seed : 0ULL, text);
	sim_failed(text);
	abort();
}

const char *sim_point_name(enum sim_point p)
{
	static const char *const names[POINTS] = {
		"nowhere", "before the write", "before the sync", "after the sync",
		"while applying", "before the receipt", "before a checkpoint",
		"in a checkpoint", "after a checkpoint",
	};

	return names[p];
}

static void options_complete(struct sim_options *o)
{
	o->shards = o->shards ? o->shards : 2;
	o->due_per_input = o->due_per_input ? o->due_per_input : 256;
	o->sweep_per_input = o->sweep_per_input ? o->sweep_per_input : 256;
	o->step_ms = o->step_ms ? o->step_ms : 26;
	o->in_future_ms = o->in_future_ms ? o->in_future_ms : 3600000;
	o->segment_bytes = o->segment_bytes ? o->segment_bytes : 64 << 10;
	o->lifecycle = o->lifecycle ? o->lifecycle : sim_shop;
	if (o->settings.guard_window_ms == 0)
		o->settings = settings_default;
}

struct sim *sim_new(const struct sim_options *o)
{
	struct sim *s = calloc(1, sizeof *s);

	if (!s)
		sim_fail(NULL, "out of memory");
	s->o = *o;
	options_complete(&s->o);
	s->random.state = s->o.seed;
	s->now_ms = SIM_BEGIN_MS;
	s->group_last = &s->group;
	s->store.lock_fd = -1;
	sim_dir_make(s);
	sim_start(s);
	return s;
}

/* Everything closes as a kill would close it: LMDB drops its transaction, the journal syncs
 * nothing. */
static void close_all(struct sim *s)
{
	sim_group_drop(s);
	memset(s->carried, 0, sizeof s->carried);
	for (unsigned i = 0; i < s->o.shards; i++) {
		shard_close(&s->shard[i]);
		env_close(s->env[i]);
		s->env[i] = NULL;
	}
	journal_close(s->journal);
	s->journal = NULL;
	lifecycle_drop(s->lifecycle);
	s->lifecycle = NULL;
	store_close(&s->store);
	s->running = false;
}

void sim_free(struct sim *s)
{
	if (!s)
		return;
	if (s->running)
		close_all(s);
	sim_dir_remove(s);
	for (unsigned i = 0; i < SIM_SHARDS_MAX; i++) {
		for (uint64_t k = 0; k < s->n_handed[i]; k++)
			free(s->handed[i][k].bytes);
		free(s->handed[i]);
	}
	buf_fini(&s->trace);
	buf_fini(&s->line);
	free(s);
}

void sim_crash_at(struct sim *s, enum sim_point p)
{
	s->crash_at = p;
}

void sim_crash(struct sim *s)
{
	uint64_t synced = journal_durable(s->journal);

	s->died[s->crash_at]++;
	s->written = journal_last(s->journal);
	s->crash_at = POINT_NONE;
	sim_trace_end(s);
	close_all(s);
	sim_tear(s, synced);
}

void sim_stop(struct sim *s)
{
	if (!sim_checkpoint(s))
		sim_fail(s, "a clean stop has no crash point");
	s->crash_at = POINT_NONE; /* one that nobody came by is not the next start's */
	sim_trace_end(s);
	close_all(s);
}

static void open_journal(struct sim *s, struct complaint *c)
{
	struct journal_settings js = { s->o.segment_bytes, s->o.keep_journal ? UINT64_MAX : 0,
		s->o.keep_journal ? INT64_MAX : 0 };
	uint64_t high = 0;
	char dir[4096];

	for (unsigned i = 0; i < s->o.shards; i++)
		if (env_meta(s->env[i])->position > high)
			high = env_meta(s->env[i])->position;
	store_journal_dir(&s->store, dir);
	if (journal_open(dir, s->store.id, &js, high + 1, high, s->now_ms, &s->journal, c) != 0)
		sim_fail(s, "the journal does not open: %s", c->text);
}

/* Apply what is in the journal, as every worker does for itself, or all shards in one pass, as
 * `kith store rebuild` does. */
static void replay(struct sim *s, uint64_t upto, struct complaint *c)
{
	struct shard *list[SIM_SHARDS_MAX];
	struct replay r = { .store_id = s->store.id, .shards = s->o.shards, .upto = upto,
		.checkpoint_events = random_below(&s->random, 3) ? 0 : 1 + random_below(&s->random, 20) };
	bool together = random_below(&s->random, 2);
	char dir[4096];

	r.freezes = r.checkpoint_events % 2; /* as a worker does; what is frozen stays so */
	store_journal_dir(&s->store, dir);
	r.journal_dir = dir;
	s->replayed = 0;
	for (unsigned i = 0; i < s->o.shards; i++)
		list[i] = &s->shard[i];
	for (unsigned i = 0; i < (together ? 1 : s->o.shards); i++) {
		if (replay_run(&r, list + i, together ? s->o.shards : 1, c) != 0)
			sim_fail(s, "replay: %s", c->text);
		if (r.frames > s->replayed)
			s->replayed = r.frames;
	}
	for (unsigned i = 0; i < s->o.shards; i++)
		if (env_meta(s->env[i])->position != upto)
			sim_fail(s, "shard %u stands at frame %llu after the replay, not at %llu", i,
				(unsigned long long)env_meta(s->env[i])->position,
				(unsigned long long)upto);
}

static void open_all(struct sim *s)
{
	struct complaint c = { 0 };
	char dir[sizeof s->store.dir];

	memcpy(dir, s->store.dir, sizeof dir);
	if (store_open(dir, s->o.shards, true, &s->store, &c) != 0)
		sim_fail(s, "the store does not open: %s", c.text);
	for (unsigned i = 0; i < s->o.shards; i++)
		if (env_open(&s->store, i, SIM_MAP_BYTES, false, &s->env[i], &c) != 0)
			sim_fail(s, "shard %u does not open: %s", i, c.text);
	for (unsigned i = 0; i < s->o.shards; i++)
		s->committed[i] = env_meta(s->env[i])->position;
	open_journal(s, &c);
	for (unsigned i = 0; i < s->o.shards; i++)
		if (shard_open(&s->shard[i], i, s->env[i], &c) != 0)
			sim_fail(s, "shard %u: %s", i, c.text);
}

/* Die once more, at a random frame of the recovery, sometimes after a checkpoint there. */
static void recover_in_vain(struct sim *s)
{
	struct complaint c = { 0 };
	uint64_t last = journal_last(s->journal), low = UINT64_MAX, upto;

	for (unsigned i = 0; i < s->o.shards; i++)
		if (env_meta(s->env[i])->position < low)
			low = env_meta(s->env[i])->position;
	upto = low + random_below(&s->random, last - low + 1);
	for (unsigned i = 0; i < s->o.shards; i++)
		if (upto == 0 || env_meta(s->env[i])->position > upto)
			return; /* one shard is further: nothing before it would fit all of them */
	replay(s, upto, &c);
	if (random_below(&s->random, 2))
		sim_checkpoint_shard(s, (unsigned)random_below(&s->random, s->o.shards));
	close_all(s);
	open_all(s);
}

/* The inputs of a start go through the pipeline like all others, but no test dies in them. */
void sim_start(struct sim *s)
{
	struct complaint c = { 0 };
	bool first = s->restarts == 0;

	open_all(s);
	if (journal_last(s->journal) > 0 && random_below(&s->random, 4) == 0)
		recover_in_vain(s);
	s->found = journal_last(s->journal);
	s->lost += s->written > s->found ? s->written - s->found : 0;
	s->written = 0;
	replay(s, s->found, &c);
	if (journal_last(s->journal) < s->acknowledged)
		sim_fail(s, "frame %llu was acknowledged, and the journal ends at %llu",
			(unsigned long long)s->acknowledged,
			(unsigned long long)journal_last(s->journal));
	s->running = true;
	s->restarts++;
	s->not_before_ms = 0;
	s->event_ms = 0;
	for (unsigned i = 0; i < s->o.shards; i++)
		if (env_meta(s->env[i])->clock_ms > s->event_ms)
			s->event_ms = env_meta(s->env[i])->clock_ms;
	if (!first)
		sim_look_again(s);
	if (!sim_inputs_at_start(s))
		sim_fail(s, "died in the inputs of the start");
	if (!s->o.carry_late)
		sim_deliver(s);
}

void sim_checkpoint_shard(struct sim *s, unsigned shard)
{
	int rc = shard_checkpoint(&s->shard[shard]);

	if (rc != 0)
		sim_fail(s, "checkpoint of shard %u: %s", shard, err_text(rc));
	s->committed[shard] = env_meta(s->env[shard])->position;
}

void sim_freeze_shard(struct sim *s, unsigned shard)
{
	int rc = env_frozen(s->env[shard]) ? 0 : shard_freeze(&s->shard[shard]);

	if (rc != 0 && rc != ERR_NOTFOUND)
		sim_fail(s, "freezing shard %u: %s", shard, err_text(rc));
}

void sim_flush_shard(struct sim *s, unsigned shard)
{
	int rc;

	if (!env_frozen(s->env[shard]))
		return;
	rc = env_flush(s->env[shard]);
	env_flushed(s->env[shard], rc);
	if (rc != 0)
		sim_fail(s, "flushing shard %u: %s", shard, err_text(rc));
	s->committed[shard] = env_committed(s->env[shard]);
}

void sim_reapply(struct sim *s, unsigned shard)
{
	struct shard *list[1] = { &s->shard[shard] };
	struct replay r = { .store_id = s->store.id, .shards = s->o.shards,
		.upto = env_meta(s->env[shard])->position };
	struct complaint c = { 0 };
	char dir[4096];

	store_journal_dir(&s->store, dir);
	r.journal_dir = dir;
	shard_close(&s->shard[shard]);
	env_abort(s->env[shard]);
	if (shard_open(&s->shard[shard], shard, s->env[shard], &c) != 0)
		sim_fail(s, "shard %u: %s", shard, c.text);
	if (r.upto > env_meta(s->env[shard])->position && replay_run(&r, list, 1, &c) != 0)
		sim_fail(s, "applying again: %s", c.text);
	if (env_meta(s->env[shard])->position != r.upto)
		sim_fail(s, "applying again ends at another frame");
}

/* Some shards commit, the next one dies within its commit where storage can be made to; else when
 * it is frozen, or durable and nobody has been told. */
static void die_in_checkpoint(struct sim *s)
{
	unsigned whole = (unsigned)random_below(&s->random, s->o.shards);
	unsigned steps = (unsigned)random_below(&s->random, 3);

	for (unsigned i = 0; i < whole; i++)
		sim_checkpoint_shard(s, i);
	if (s->storage) {
		s->storage->die_after((unsigned)random_below(&s->random, 12));
		(void)shard_checkpoint(&s->shard[whole]);
	} else if (steps > 0) {
		sim_freeze_shard(s, whole);
		if (steps > 1 && env_frozen(s->env[whole]) && env_flush(s->env[whole]) != 0)
			sim_fail(s, "flushing shard %u", whole);
	}
	sim_crash(s);
	if (s->storage)
		s->storage->live();
}

bool sim_checkpoint(struct sim *s)
{
	enum sim_point p = s->crash_at;

	if (p == POINT_BEFORE_CHECKPOINT) {
		sim_crash(s);
		return false;
	}
	if (p == POINT_IN_CHECKPOINT) {
		die_in_checkpoint(s);
		return false;
	}
	for (unsigned i = 0; i < s->o.shards; i++)
		sim_checkpoint_shard(s, i);
	if (p != POINT_AFTER_CHECKPOINT)
		return true;
	sim_crash(s);
	return false;
}

void sim_trim(struct sim *s)
{
	uint64_t checkpoint = UINT64_MAX;

	for (unsigned i = 0; i < s->o.shards; i++)
		if (s->committed[i] < checkpoint)
			checkpoint = s->committed[i];
	if (journal_trim(s->journal, checkpoint, s->now_ms) != 0)
		sim_fail(s, "the journal cannot be trimmed");
}
