/* SPDX-License-Identifier: Apache-2.0 */
/* The journal applied to a fresh store gives the same store, row by row and byte by byte. */
#include <sys/stat.h>
#include "tests/sim/sim.h"

struct dump {
	struct buf rows; /* per row: u32 sizes of table, key, value, then those */
};

static void add_part(struct buf *b, struct span part)
{
	uint8_t size[4];

	put_le32(size, (uint32_t)part.size);
	buf_add(b, size, 4);
	buf_add(b, part.data, part.size);
}

/* What is acknowledged of a subscription is not journalled. */
static int add_row(void *arg, const char *table, struct span key, struct span value)
{
	struct dump *d = arg;

	if (strcmp(table, "subscriptions") == 0)
		value = span_of(NULL, 0);
	add_part(&d->rows, span_str(table));
	add_part(&d->rows, key);
	add_part(&d->rows, value);
	return 0;
}

static struct span take_part(struct span *rest)
{
	struct span part = span_of(rest->data + 4, rest->size ? get_le32(rest->data) : 0);

	if (rest->size == 0)
		return span_of("", 0);
	*rest = span_of(part.data + part.size, rest->size - 4 - part.size);
	return part;
}

/* Say which row is the first that differs. */
static void fail_at_row(struct sim *s, unsigned shard, const struct dump *a, const struct dump *b)
{
	struct span x = span_of(a->rows.data, a->rows.size), y = span_of(b->rows.data, b->rows.size);

	while (x.size || y.size) {
		struct span table = take_part(&x), key = take_part(&x), value = take_part(&x);
		struct span other = take_part(&y), other_key = take_part(&y);

		if (span_eq(table, other) && span_eq(key, other_key) && span_eq(value, take_part(&y)))
			continue;
		sim_fail(s, "shard %u: the replay gives another row in %.*s, key %.*s (there %.*s, %.*s)",
			shard, (int)table.size, (const char *)table.data, (int)key.size,
			(const char *)key.data, (int)other.size, (const char *)other.data,
			(int)other_key.size, (const char *)other_key.data);
	}
}

static void compare(struct sim *s, unsigned shard, struct env *other)
{
	struct dump a = { 0 }, b = { 0 };

	if (env_dump(s->env[shard], add_row, &a) != 0 || env_dump(other, add_row, &b) != 0)
		sim_fail(s, "shard %u cannot be dumped", shard);
	if (!span_eq(span_of(a.rows.data, a.rows.size), span_of(b.rows.data, b.rows.size)))
		fail_at_row(s, shard, &a, &b);
	buf_fini(&a.rows);
	buf_fini(&b.rows);
}

/* The same store, empty, in a directory beside it. */
static void open_fresh(struct sim *s, struct store *fresh, struct env **env, struct shard *shard)
{
	struct complaint c = { 0 };

	*fresh = s->store;
	snprintf(fresh->dir, sizeof fresh->dir, "%.3900s/again", s->store.dir);
	if (mkdir(fresh->dir, 0750) != 0)
		sim_fail(s, "cannot make %s", fresh->dir);
	for (unsigned i = 0; i < s->o.shards; i++)
		if (env_open(fresh, i, SIM_MAP_BYTES, false, &env[i], &c) != 0 ||
			shard_open(&shard[i], i, env[i], &c) != 0)
			sim_fail(s, "a fresh shard: %s", c.text);
}

void sim_check_replay(struct sim *s, uint64_t checkpoint_events)
{
	struct replay r = { .store_id = s->store.id, .shards = s->o.shards,
		.upto = journal_durable(s->journal), .checkpoint_events = checkpoint_events,
		.freezes = checkpoint_events % 2 };
	struct shard *shard = calloc(s->o.shards, sizeof *shard), *list[SIM_SHARDS_MAX];
	struct env *env[SIM_SHARDS_MAX];
	struct store fresh;
	struct complaint c = { 0 };
	char dir[4096];

	for (unsigned i = 0; i < s->o.shards; i++) {
		sim_checkpoint_shard(s, i);
		list[i] = &shard[i];
	}
	open_fresh(s, &fresh, env, shard);
	store_journal_dir(&s->store, dir);
	r.journal_dir = dir;
	if (replay_run(&r, list, s->o.shards, &c) != 0)
		sim_fail(s, "replay: %s", c.text);
	for (unsigned i = 0; i < s->o.shards; i++) {
		if (shard_checkpoint(&shard[i]) != 0)
			sim_fail(s, "checkpoint of a fresh shard");
		compare(s, i, env[i]);
		shard_close(&shard[i]);
		env_close(env[i]);
	}
	free(shard);
	sim_remove(fresh.dir);
}
