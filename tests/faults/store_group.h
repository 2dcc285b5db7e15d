/* SPDX-License-Identifier: Apache-2.0 */
/* Group: inputs on their way, as daemon/pipeline.c takes them: written together, synced, applied,
 * handed out; and the checkpoints that workers/worker.c makes. What the daemon does in several
 * threads side by side happens here in one order or the other, as this life's whim has it. */
#ifndef KITH_TESTS_STORE_GROUP_H
#define KITH_TESTS_STORE_GROUP_H
#include "tests/faults/store_scenario.h"
#include "tests/faults/store_world.h"

#define TASKS_MAX 5    /* engine, settings and lifecycle; or the batches of a group */
#define TRIES     12   /* of what found no room */

struct task {
	struct input input;
	struct buf raw;
	uint32_t list[WORLD_SHARDS][SCENARIO_EVENTS_MAX], n[WORLD_SHARDS];
	struct outcome outcome[WORLD_SHARDS];
};

static struct world world;
static struct arena *arena;
static struct random whim; /* of this life */
static int64_t now_ms;
static struct payload payload;
static struct task tasks[TASKS_MAX];
static unsigned n_tasks;

static void give_up(const char *what, int rc) __attribute__((noreturn));
static void give_up(const char *what, int rc)
{
	say("exit %s: %s\n", what, err_text(rc));
	_exit(EXIT_GAVE_UP); /* nothing is closed, as in a crash */
}

/* -- checkpoints, as in workers/worker.c */

/* In one go, or frozen now and flushed when the next is due, with other inputs between. */
static bool commit(unsigned i)
{
	bool later = random_below(&whim, 2) && !env_frozen(world.env[i]);
	int rc = later ? shard_freeze(&world.shard[i]) : shard_checkpoint(&world.shard[i]);

	if (rc != 0 && rc != ERR_NOSPACE && !(later && rc == ERR_NOTFOUND))
		give_up("checkpoint failed", rc);
	world.committed[i] = env_committed(world.env[i]);
	return rc != ERR_NOSPACE;
}

static void checkpoint(unsigned i)
{
	if (journal_durable(world.journal) < env_meta(world.env[i])->position)
		return;
	for (unsigned k = 0; k < TRIES; k++)
		if (commit(i))
			return;
	give_up("there is never room", ERR_NOSPACE);
}

/* -- the way of an input, as in daemon/pipeline.c */

static struct task *task_new(uint16_t type)
{
	struct task *t = &tasks[n_tasks];

	t->input = (struct input){ .type = type, .taken_ms = now_ms, .clock_ms = now_ms };
	buf_clear(&t->raw);
	memset(t->n, 0, sizeof t->n);
	memset(t->outcome, 0, sizeof t->outcome);
	return t;
}

static void submit(struct task *t)
{
	int rc = 0;

	input_encode(&t->input, span_of(t->raw.data, t->raw.size), NULL, 0, &payload);
	t->input.sequence = journal_append(world.journal, t->input.type, payload.parts, payload.n,
		&rc);
	if (rc != 0)
		give_up("out of memory", rc);
	n_tasks++;
}

static void group_drop(void)
{
	for (unsigned k = 0; k < n_tasks; k++) {
		input_fini(&tasks[k].input);
		for (unsigned i = 0; i < WORLD_SHARDS; i++)
			outcome_fini(&tasks[k].outcome[i]);
	}
	n_tasks = 0;
}

static void group_say(const char *word, const char *why)
{
	for (unsigned k = 0; k < n_tasks; k++)
		if (tasks[k].input.type == INPUT_BATCH)
			say("%s %" PRIu64 "%s\n", word, tasks[k].input.batch.number, why);
}

static void group_apply(void)
{
	for (unsigned k = 0; k < n_tasks; k++)
		for (unsigned i = 0; i < WORLD_SHARDS; i++) {
			struct task *t = &tasks[k];
			int rc = shard_apply(&world.shard[i], &t->input, t->list[i], t->n[i],
				&t->outcome[i]);

			if (rc != 0)
				give_up("cannot apply an input", rc);
		}
}

static void hand_out(const struct task *t)
{
	uint32_t accepted = 0, duplicates = 0, conflicts = 0;

	for (unsigned i = 0; i < WORLD_SHARDS; i++) {
		const struct outcome *o = &t->outcome[i];

		for (unsigned n = 0; n < o->n_notes; n++)
			say("note %u-%" PRIu64 " %016" PRIx64 "\n", i, o->notes[n].sequence,
				hash_64(o->bytes.data + o->notes[n].offset, o->notes[n].size, 0));
		accepted += o->accepted;
		duplicates += o->duplicates;
		conflicts += o->n_rejected;
	}
	if (t->input.type == INPUT_BATCH)
		say("acked %" PRIu64 " %u %u %u\n", t->input.batch.number, accepted, duplicates,
			conflicts);
	if (t->input.type == INPUT_SUBSCRIPTION)
		say("subscribed\n");
}

static void beside_apply(struct input *in)
{
	for (unsigned i = 0; i < WORLD_SHARDS; i++) {
		struct outcome outcome = { 0 };
		int rc = shard_apply(&world.shard[i], in, NULL, 0, &outcome);

		if (rc != 0)
			give_up("cannot apply an input", rc);
		outcome_fini(&outcome);
	}
}

/* What comes while a sync is under way is written and applied beside it, and durable with the next
 * one: here an input with nothing to do. SYNC_FIRST: the kernel takes the sync before the write. */
static void sync_beside(bool sync_first)
{
	struct input in = { .type = INPUT_TIME, .taken_ms = now_ms, .clock_ms = now_ms };
	int rc = 0, synced = 0, write_rc;

	journal_sync_begin(world.journal);
	if (sync_first)
		synced = journal_sync_file(world.journal);
	input_encode(&in, span_of(NULL, 0), NULL, 0, &payload);
	in.sequence = journal_append(world.journal, in.type, payload.parts, payload.n, &rc);
	if (rc != 0)
		give_up("out of memory", rc);
	write_rc = journal_write(world.journal, now_ms);
	if (write_rc == 0)
		beside_apply(&in);
	if (!sync_first)
		synced = journal_sync_file(world.journal);
	if (journal_synced(world.journal, synced) != 0)
		give_up("the journal could not be made durable", ERR_UNKNOWN);
	if (write_rc == ERR_BUSY) {
		write_rc = journal_write(world.journal, now_ms);
		if (write_rc == 0)
			beside_apply(&in);
	}
	if (write_rc == ERR_UNKNOWN)
		give_up("the journal could not be written", write_rc);
}

static void sync_journal(void)
{
	if (journal_sync(world.journal) != 0)
		give_up("the journal could not be made durable", ERR_UNKNOWN);
}

/* True: durable, applied and handed out. False: refused, and dropped. */
static bool flush(void)
{
	bool apply_first = random_below(&whim, 2), beside = apply_first && random_below(&whim, 2);
	int rc;

	group_say("trying", "");
	rc = journal_write(world.journal, now_ms);
	if (rc == ERR_UNKNOWN)
		give_up("the journal could not be written", rc);
	if (rc != 0) {
		group_say("refused", rc == ERR_NOSPACE ? " no room" : " error");
		group_drop();
		return false;
	}
	if (random_below(&whim, 10) == 0) /* of what is durable and applied by now */
		checkpoint((unsigned)random_below(&whim, WORLD_SHARDS));
	if (apply_first)
		group_apply();
	if (beside)
		sync_beside(random_below(&whim, 2));
	else
		sync_journal();
	if (!apply_first)
		group_apply();
	for (unsigned k = 0; k < n_tasks; k++)
		hand_out(&tasks[k]);
	group_drop();
	if (beside)
		sync_journal();
	return true;
}

#endif
