/* SPDX-License-Identifier: Apache-2.0 */
/* Store load: drives a whole store, journal and shards, as the daemon does, but in one thread and
 * without sockets, so that every run makes the same storage calls. For sweep.py.
 *
 *   store_load run DIR SEED LIFE FROM  recover, play the scenario from batch FROM on, stop
 *   store_load check DIR               recover, look at everything, change nothing
 *   store_load expect SEED             what the batches must add up to, without any store
 *
 * LIFE, another number for each run over a directory, decides when it makes checkpoints, trims,
 * and in which order it syncs and applies. It says what happens, a line a write(2):
 *   recovered P Q N          the shards' checkpoints stood at frames P and Q; now all at N
 *   trying B                 about to write batch B
 *   refused B WHY            it does not count, and is sent again
 *   acked B ACCEPTED DUPLICATES CONFLICTS   durable and applied
 *   note S-N HASH            a notification that has left the process
 *   subscribed, acking S N   of a durable subscription: opened; done with N in shard S
 *   exit WHY                 cannot go on; the supervisor starts it again
 *   failed RC TEXT           could not start
 *   stopped                  a clean end */
#include "tests/faults/store_check.h"
#include "tests/faults/store_group.h"

/* Submit and flush again and again: whoever was refused comes back. Now and then it is stopped
 * before that, and what was refused must not be found. */
static void insist(void (*submit_all)(unsigned arg), unsigned arg)
{
	for (unsigned k = 0; k < TRIES; k++) {
		arena_reset(arena);
		submit_all(arg);
		if (flush())
			return;
		if (random_below(&whim, 10) == 0)
			give_up("killed after a refusal", ERR_CLOSED);
	}
	give_up("nothing is taken in", ERR_NOSPACE);
}

/* -- what is put in, as in daemon/inputs.c, timekeeper.c and ingest.c */

static const struct settings settings = { .guard_window_ms = SCENARIO_WINDOW_MS, .outbox_keep = 40,
	.outbox_keep_ms = INT64_C(1) << 40, .history_keep = 8,
	.outbox_keep_bytes = 6000 };

static void submit_first(unsigned unused)
{
	struct task *t;

	(void)unused;
	if (world.shard[0].engine != ENGINE_VERSION) {
		t = task_new(INPUT_ENGINE);
		t->input.engine = ENGINE_VERSION;
		submit(t);
	}
	if (journal_last(world.journal) == 0 ||
		memcmp(&world.shard[0].settings, &settings, sizeof settings) != 0) {
		t = task_new(INPUT_SETTINGS);
		t->input.settings = settings;
		submit(t);
	}
}

static void submit_lifecycle(unsigned group)
{
	struct task *t = task_new(INPUT_LIFECYCLE);
	struct complaint c = { 0 };
	struct buf text = { 0 };
	struct machine *m;

	scenario_lifecycle(group, &text);
	if (lifecycle_compile((const char *)text.data, text.size, &m, &c) != 0)
		give_up(c.text, ERR_INVALID);
	buf_fini(&text);
	m->version = world.shard[0].lifecycle ? 2 : 1;
	m->since_ms = now_ms;
	t->input.lifecycle = lifecycle_new(m);
	submit(t);
}

static void submit_time(unsigned sweep)
{
	struct task *t = task_new(INPUT_TIME);

	t->input.pace = (struct pace){ .due = 3, .sweep = sweep };
	submit(t);
}

static void submit_subscription(unsigned unused)
{
	struct subscriber_message m = { .verb = SUBSCRIBER_OPEN, .name = span_str("crm") };
	struct task *t = task_new(INPUT_SUBSCRIPTION);
	struct complaint c = { 0 };

	(void)unused;
	subscriber_encode(&t->raw, &m);
	t->input.subscriber = span_of(t->raw.data, t->raw.size);
	t->input.subscription = arena_alloc(arena, sizeof m);
	if (subscriber_decode(t->input.subscription, t->raw.data, t->raw.size, arena, &c) != 0)
		give_up(c.text, ERR_INVALID);
	submit(t);
}

static uint64_t seed;
static unsigned from;

static void submit_batch(unsigned number)
{
	struct task *t = task_new(INPUT_BATCH);
	struct complaint c = { 0 };
	struct batch *b = &t->input.batch;

	scenario_message(seed, number, &t->raw, NULL);
	if (batch_decode(b, t->raw.data, t->raw.size, arena, &c) != 0 || b->n_rejected)
		give_up(c.text, ERR_INVALID);
	t->input.backfill = b->backfill;
	for (unsigned i = 0; i < WORLD_SHARDS; i++)
		t->n[i] = batch_select(b, i, WORLD_SHARDS, t->list[i]);
	submit(t);
}

static void submit_group(unsigned group)
{
	for (unsigned b = from; b <= SCENARIO_BATCHES; b++)
		if (scenario_group(b) == group)
			submit_batch(b);
}

static void fire(int64_t at_ms)
{
	if (at_ms > now_ms)
		now_ms = at_ms;
	for (;;) {
		bool due = false, sweeping = false;

		for (unsigned i = 0; i < WORLD_SHARDS; i++) {
			due |= world.shard[i].next_due_ms <= now_ms;
			sweeping |= world.shard[i].sweep.reasons != 0;
		}
		if (!due && !sweeping)
			return;
		insist(submit_time, sweeping ? 5 : 0);
	}
}

/* The file is not switched back for batches that are sent again. */
static void switch_lifecycle(unsigned group)
{
	const struct lifecycle *l = world.shard[0].lifecycle;

	if (!l || (group >= SCENARIO_RELOADS && l->machine->version == 1))
		insist(submit_lifecycle, group);
}

/* What a subscriber does with what it got; in memory until the next checkpoint. */
static void acknowledge(unsigned i)
{
	struct query *q = query_new(QUERY_ACK, NULL, NULL);

	buf_add_str(&q->key, "crm");
	q->from = env_meta(world.env[i])->outbox_last;
	say("acking %u %" PRIu64 "\n", i, q->from);
	query_answer(&world.shard[i], q);
	if (q->rc != 0)
		give_up("cannot keep an acknowledgement", q->rc);
	query_free(q);
}

static void look_after_store(unsigned group)
{
	uint64_t low = UINT64_MAX;

	for (unsigned i = 0; i < WORLD_SHARDS; i++) {
		if (group >= SCENARIO_SUBSCRIBES && random_below(&whim, 2))
			acknowledge(i);
		if (random_below(&whim, 5) == 0)
			checkpoint(i);
		if (world.committed[i] < low)
			low = world.committed[i];
	}
	if (random_below(&whim, 2) == 0)
		(void)journal_trim(world.journal, low, now_ms); /* harms nothing, says the header */
}

/* What is due fires at once, as in the daemon, so that a life which goes on where another ended
 * notices everything at the same instant. */
static void play_group(unsigned group)
{
	switch_lifecycle(group);
	fire(now_ms);
	fire(scenario_now_ms(group) - SCENARIO_STEP_MS / 2);
	fire(scenario_now_ms(group));
	if (group == SCENARIO_SUBSCRIBES)
		insist(submit_subscription, 0);
	insist(submit_group, group);
	fire(now_ms);
	look_after_store(group);
}

static int64_t clock_of_store(void)
{
	int64_t ms = SCENARIO_BEGIN_MS;

	for (unsigned i = 0; i < WORLD_SHARDS; i++)
		if (env_meta(world.env[i])->clock_ms > ms)
			ms = env_meta(world.env[i])->clock_ms;
	return ms;
}

static int recover(const char *dir, bool checking)
{
	struct complaint c = { 0 };
	int rc = world_open(&world, dir, SCENARIO_BEGIN_MS, &c);

	for (unsigned i = 0; checking && rc == 0 && i < WORLD_SHARDS; i++)
		check_rows(world.env[i], i); /* what the last checkpoint left */
	world.checkpoint_events = !checking && random_below(&whim, 2) ? 20 : 0;
	world.freezes = random_below(&whim, 2);
	for (unsigned i = 0; rc == 0 && i < WORLD_SHARDS; i++)
		rc = world_recover(&world, i, journal_last(world.journal), &c);
	world.checkpoint_events = 0;
	if (rc != 0) {
		say("failed %d %s\n", rc, c.text[0] ? c.text : err_text(rc));
		return EXIT_NOT_OPENED;
	}
	say("recovered %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", world.committed[0], world.committed[1],
		journal_last(world.journal));
	return 0;
}

static int run(const char *dir)
{
	int rc = recover(dir, false);

	if (rc != 0)
		_exit(rc);
	now_ms = clock_of_store();
	insist(submit_first, 0);
	fire(now_ms);
	for (unsigned g = scenario_group(from); g < SCENARIO_GROUPS; g++)
		play_group(g);
	fire(scenario_now_ms(SCENARIO_GROUPS));
	for (unsigned i = 0; i < WORLD_SHARDS; i++)
		checkpoint(i);
	world_close(&world);
	say("stopped\n");
	return 0;
}

int main(int argc, char **argv)
{
	int rc = 1;

	arena = arena_new(64u << 10, 32u << 20);
	log_set_level(LOG_LEVEL_ERROR);
	if (argc == 6 && strcmp(argv[1], "run") == 0) {
		seed = strtoull(argv[3], NULL, 0);
		whim.state = seed * 1000003 + strtoull(argv[4], NULL, 0);
		from = (unsigned)atoi(argv[5]);
		rc = run(argv[2]);
	} else if (argc == 3 && strcmp(argv[1], "check") == 0) {
		rc = recover(argv[2], true);
		if (rc == 0)
			rc = check(&world);
		world_close(&world);
	} else if (argc == 3 && strcmp(argv[1], "expect") == 0) {
		rc = expect(strtoull(argv[2], NULL, 0), arena);
	} else {
		(void)fprintf(stderr, "usage: store_load run DIR SEED LIFE FROM | check DIR | "
			"expect SEED\n");
	}
	payload_fini(&payload);
	for (unsigned k = 0; k < TASKS_MAX; k++)
		buf_fini(&tasks[k].raw);
	arena_free(arena);
	return rc;
}
