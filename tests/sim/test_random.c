/* SPDX-License-Identifier: Apache-2.0 */
/* Years of twenty customers at random, with a kith that dies at every point, against the model.
 *
 *   make sim SEED=42 RUNS=1000     the seeds 42, 43, … of them
 *
 * A run that fails says its seed and the command that repeats it alone. */
#include "tests/sim/letters.h"
#include "tests/sim/model.h"
#include "tests/sim/story.h"
#include "tests/sim/torn.h"

#define RUNS_DEFAULT    200
#define EVENTS_A_RUN    300
#define BATCH_MAX       20
#define GROUP_MAX       4

struct batch_sent {
	uint64_t number;
	bool backfill, answered;
	unsigned n, places[BATCH_MAX];
	struct model_receipt expected;
};

struct world {
	struct sim *sim;
	struct random random;
	struct crowd crowd;
	struct model model;
	unsigned budget;      /* events still to be made */
	uint64_t number;      /* of the last batch */
	unsigned n_batches;
	struct batch_sent batches[GROUP_MAX];
	bool crashes, backfills, operated;
	struct letters letters;
};

static bool one_in(struct world *w, unsigned n)
{
	return random_below(&w->random, n) == 0;
}

/* ---- what comes back */

static void on_receipt(void *arg, uint64_t frame, const struct receipt *r)
{
	struct world *w = arg;

	for (unsigned i = 0; i < w->n_batches; i++) {
		struct batch_sent *b = &w->batches[i];
		struct model_receipt *e = &b->expected;

		if (b->number != r->number)
			continue;
		/* A batch with nothing in it is answered before the model has been asked. */
		if (frame == 0)
			*e = model_batch(&w->model, 0, b->backfill, b->places, b->n, w->sim->now_ms);
		if (r->accepted != e->accepted || r->duplicates != e->duplicates ||
			r->n_rejected != e->conflicts + e->refused)
			sim_fail(w->sim, "batch %llu: the receipt says %u accepted, %u duplicates, "
				"%u rejected; it should say %u, %u, %u", (unsigned long long)r->number,
				r->accepted, r->duplicates, r->n_rejected, e->accepted, e->duplicates,
				e->conflicts + e->refused);
		b->answered = true;
		return;
	}
	sim_fail(w->sim, "a receipt for a batch that was not sent: %llu",
		(unsigned long long)r->number);
}

static void on_note(void *arg, const struct notification *n)
{
	model_note(&((struct world *)arg)->model, n);
}

static void come_back(struct world *w)
{
	sim_start(w->sim);
	model_forget_after(&w->model, w->sim->found);
	letters_forget_after(&w->letters, w->sim->found);
	if (one_in(w, 3))
		sim_check(w->sim);
}

/* ---- sending */

static unsigned pick(struct world *w)
{
	int64_t now = w->sim->now_ms;
	int64_t late = one_in(w, 3) ? (int64_t)random_below(&w->random, 5 * DAY_MS) : 0;
	struct crowd *c = &w->crowd;

	if (c->n > 0 && one_in(w, 10))
		return (unsigned)random_below(&w->random, c->n);
	if (w->budget > 0)
		w->budget--;
	if (one_in(w, 60))
		return crowd_nonsense(c, now);
	if (one_in(w, 60)) /* further ahead than is let in, or a till that is a little fast */
		return crowd_event(c, now + (int64_t)random_below(&w->random, 3 * 3600000));
	if (one_in(w, 60))
		return crowd_event(c, now - (int64_t)random_below(&w->random, 60 * DAY_MS));
	if (c->n > 0 && one_in(w, 40)) {
		unsigned of = (unsigned)random_below(&w->random, c->n);

		if (c->events[of].sequence == 0)
			return crowd_variant(c, of);
	}
	return crowd_event(c, now - late);
}

static void submit(struct world *w, struct batch_sent *b)
{
	struct event events[BATCH_MAX];
	uint64_t frame;

	for (unsigned i = 0; i < b->n; i++)
		events[i] = w->crowd.events[b->places[i]];
	frame = sim_submit(w->sim, b->number, b->backfill, events, b->n);
	if (frame != 0)
		b->expected = model_batch(&w->model, frame, b->backfill, b->places, b->n,
			w->sim->now_ms);
}

static void send_all(struct world *w)
{
	for (unsigned i = 0; i < w->n_batches; i++)
		if (!w->batches[i].answered)
			submit(w, &w->batches[i]);
	while (!sim_flush(w->sim)) {
		come_back(w);
		for (unsigned i = 0; i < w->n_batches; i++)
			if (!w->batches[i].answered) /* as a sender would */
				submit(w, &w->batches[i]);
	}
	for (unsigned i = 0; i < w->n_batches; i++)
		if (!w->batches[i].answered)
			sim_fail(w->sim, "batch %llu has no receipt",
				(unsigned long long)w->batches[i].number);
}

static void send_some(struct world *w)
{
	w->n_batches = 1 + (unsigned)random_below(&w->random, GROUP_MAX);
	for (unsigned i = 0; i < w->n_batches; i++) {
		struct batch_sent *b = &w->batches[i];

		*b = (struct batch_sent){ .number = ++w->number };
		b->n = 1 + (unsigned)random_below(&w->random, one_in(w, 3) ? BATCH_MAX : 3);
		b->backfill = w->backfills && one_in(w, 3);
		w->model.hidden += b->backfill;
		for (unsigned k = 0; k < b->n; k++)
			b->places[k] = pick(w);
	}
	send_all(w);
	w->n_batches = 0;
}

/* ---- everything else that happens */

static void pass_time(struct world *w)
{
	static const int64_t most_ms[] = { 60000, 3600000, DAY_MS, 20 * DAY_MS, 100 * DAY_MS };
	unsigned much = (unsigned)random_below(&w->random, one_in(w, 4) ? 5 : 4);
	int64_t at = w->sim->now_ms + (int64_t)random_below(&w->random, (uint64_t)most_ms[much]);

	while (!sim_until_ms(w->sim, at))
		come_back(w);
}

static void checkpoint(struct world *w)
{
	struct sim *s = w->sim;

	switch (random_below(&w->random, 8)) {
	case 0: sim_checkpoint_shard(s, (unsigned)random_below(&w->random, s->o.shards)); break;
	case 1: sim_reapply(s, (unsigned)random_below(&w->random, s->o.shards)); break;
	case 2:
	case 3:
	case 4: sim_freeze_shard(s, (unsigned)random_below(&w->random, s->o.shards)); break;
	case 5: sim_flush_shard(s, (unsigned)random_below(&w->random, s->o.shards)); break;
	default:
		if (w->crashes && one_in(w, 3))
			sim_crash_at(s, POINT_BEFORE_CHECKPOINT + random_below(&w->random, 3));
		if (!sim_checkpoint(s))
			come_back(w);
	}
	sim_trim(s);
}

static void settings(struct world *w)
{
	struct settings settings = w->sim->o.settings;

	/* More than one group can give: what is trimmed before it went out is a gap by contract. */
	settings.outbox_keep = 400 + random_below(&w->random, 200);
	settings.history_keep = (uint32_t)random_below(&w->random, 40);
	if (!sim_settings(w->sim, &settings))
		come_back(w);
}

static void reload(struct world *w)
{
	if (!sim_lifecycle(w->sim, w->sim->o.lifecycle == sim_shop ? sim_other_shop : sim_shop))
		come_back(w);
}

/* What an operator may say, in and out of season. */
static void command(struct world *w)
{
	static const char *const rules[] = { "risk.silent", "risk.no_second_purchase", "stage.repeat",
		"stage.client", "stage.regular", "phase.ended", "risk.competitor", "risk.market" };
	int64_t ahead_ms = (int64_t)random_below(&w->random, 60 * DAY_MS) - 5 * DAY_MS;
	struct command c = { .verb = (uint8_t)(COMMAND_RELEASE + random_below(&w->random, 4)) };

	switch (random_below(&w->random, 8)) {
	case 0: c.verb = COMMAND_HUSH; break;
	case 1: c.verb = COMMAND_LIVE; break;
	case 2:
	case 3:
		c.verb = COMMAND_SNOOZE;
		c.customer = span_str(crowd_customer[random_below(&w->random, CROWD_CUSTOMERS)]);
		c.at_ms = w->sim->now_ms + ahead_ms;
		break;
	default: c.name = span_str(rules[random_below(&w->random, sizeof rules / sizeof rules[0])]);
	}
	w->model.hidden++;
	(void)sim_obey(w->sim, &c);
	if (!w->sim->running)
		come_back(w);
}

static void letters(struct world *w)
{
	letters_change(&w->letters, w->sim, &w->random);
	if (!sim_flush(w->sim))
		come_back(w);
}

static void restart(struct world *w)
{
	if (one_in(w, 2))
		sim_stop(w->sim);
	else
		sim_crash(w->sim);
	w->sim->now_ms += (int64_t)random_below(&w->random, 10 * DAY_MS); /* down for days */
	come_back(w);
}

/* Somebody sets the wall clock. */
static void set_back(struct world *w)
{
	w->sim->now_ms -= (int64_t)random_below(&w->random, 2 * DAY_MS);
	w->sim->not_before_ms = 0; /* the pace is kept by another clock */
}

static void step(struct world *w)
{
	if (w->crashes && one_in(w, 4))
		sim_crash_at(w->sim, POINT_BEFORE_WRITE + random_below(&w->random, 5));
	pass_time(w);
	send_some(w);
	if (one_in(w, 5))
		checkpoint(w);
	if (one_in(w, 12))
		settings(w);
	if (one_in(w, 12))
		reload(w);
	if (one_in(w, 12))
		restart(w);
	if (one_in(w, 20))
		set_back(w);
	if (w->operated && one_in(w, 3))
		command(w);
	if (one_in(w, 6))
		letters(w);
	if (one_in(w, 10)) {
		sim_check(w->sim);
		model_check(&w->model, &w->random);
		letters_check(&w->letters, w->sim);
	}
}

/* ---- a run */

/* What all runs had to go through: a test that never dies would prove nothing. */
static struct {
	uint64_t runs, events, notes, duplicates, restarts, lost, time_inputs, died[POINTS];
} total;

static void add_up(const struct world *w)
{
	total.runs++;
	total.events += w->model.n;
	total.notes += sim_notes(w->sim);
	total.restarts += w->sim->restarts;
	total.lost += w->sim->lost;
	total.time_inputs += w->sim->time_inputs;
	for (unsigned i = 0; i < w->model.n_frames; i++)
		total.duplicates += w->model.frames[i].duplicates;
	for (unsigned p = 0; p < POINTS; p++)
		total.died[p] += w->sim->died[p];
}

static void print_total(void)
{
	print_message("# %llu runs, %llu events, %llu duplicates, %llu notifications, %llu TIME inputs, "
		"%llu restarts, %llu frames torn off; died\n", (unsigned long long)total.runs,
		(unsigned long long)total.events, (unsigned long long)total.duplicates,
		(unsigned long long)total.notes, (unsigned long long)total.time_inputs,
		(unsigned long long)total.restarts, (unsigned long long)total.lost);
	for (unsigned p = 0; p < POINTS; p++)
		print_message("# %8llu %s\n", (unsigned long long)total.died[p], sim_point_name(p));
}

static void start(struct world *w, uint64_t seed)
{
	struct sim_options o = { .seed = seed };

	memset(w, 0, sizeof *w);
	w->random.state = seed;
	w->budget = EVENTS_A_RUN;
	w->crashes = !one_in(w, 5);
	w->backfills = one_in(w, 4);
	w->operated = one_in(w, 3);
	o.shards = 1 + (unsigned)random_below(&w->random, 4);
	o.event_clock = one_in(w, 5);
	o.due_per_input = o.sweep_per_input = 1 + (uint32_t)random_below(&w->random, 8);
	o.step_ms = 1 + (int64_t)random_below(&w->random, 3600000);
	o.segment_bytes = 8192 << random_below(&w->random, 5);
	o.keep_journal = one_in(w, 2);
	o.carry_late = one_in(w, 2);
	o.settings = settings_default;
	o.settings.guard_window_ms = one_in(w, 2) ? 30 * DAY_MS : 6 * DAY_MS;
	o.settings.outbox_keep = 400;
	o.settings.source_hold_ms = 0; /* everybody is told of; what is held has tests of its own */
	/* On the event clock, and in a backfill, nothing is too old to be let in; so that no id is
	 * forgotten that comes again, the window is wider than the run. */
	if (o.event_clock || w->backfills)
		o.settings.guard_window_ms = 10000 * DAY_MS;
	if (w->operated) {
		o.settings.breaker_floor = 1 + (uint32_t)random_below(&w->random, 40);
		o.settings.cool_down_ms = one_in(w, 2) ? (int64_t)random_below(&w->random, 40 * DAY_MS) : 0;
	}
	w->sim = sim_new(&o);
	sim_open_subscription(w->sim, "crm", false);
	w->sim->arg = w;
	w->sim->on_receipt = on_receipt;
	w->sim->on_note = on_note;
	w->sim->storage = &torn_storage;
	crowd_init(&w->crowd, &w->random, 4 * EVENTS_A_RUN);
	model_init(&w->model, w->sim, &w->crowd);
	w->model.hidden = w->operated; /* from the outset: a cool-down needs no command */
}

static void settle_everything(struct world *w)
{
	sim_crash_at(w->sim, POINT_NONE);
	sim_deliver(w->sim);
	for (unsigned i = 0; i < 10000 && !sim_is_drained(w->sim); i++, sim_deliver(w->sim))
		if (!sim_until_ms(w->sim, w->sim->now_ms + w->sim->o.step_ms))
			sim_fail(w->sim, "died without being told to");
	if (!sim_is_drained(w->sim))
		sim_fail(w->sim, "deadlines come up without end");
}

static void end(struct world *w)
{
	settle_everything(w);
	sim_check(w->sim);
	model_check(&w->model, &w->random);
	letters_check(&w->letters, w->sim);
	sim_crash(w->sim);
	sim_start(w->sim);
	sim_check(w->sim);
	model_check(&w->model, &w->random);
	letters_check(&w->letters, w->sim);
	if (w->sim->o.keep_journal)
		sim_check_replay(w->sim, random_below(&w->random, 3) * 50);
	add_up(w);
	sim_free(w->sim);
	model_fini(&w->model);
	crowd_fini(&w->crowd);
}

static uint64_t current_seed;

static void run_failed(const char *text)
{
	print_error("%s\nrepeat with: make sim SEED=%llu RUNS=1\n", text,
		(unsigned long long)current_seed);
	fail();
}

static void whatever_happens_the_store_is_what_its_events_say_and_nobody_hears_two_stories(void **state)
{
	const char *exactly = getenv("SIM_RUNS"); /* of make sim; RUNS multiplies, as in all tests */
	unsigned n = exactly && *exactly ? (unsigned)strtoul(exactly, NULL, 10) :
		random_runs(RUNS_DEFAULT);
	struct world *w = malloc(sizeof *w);

	(void)state;
	current_seed = random_seed(1);
	for (unsigned i = 0; i < n; i++, current_seed++) {
		start(w, current_seed);
		while (w->budget > 0)
			step(w);
		end(w);
	}
	free(w);
	print_total();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			whatever_happens_the_store_is_what_its_events_say_and_nobody_hears_two_stories),
	};

	sim_failed = run_failed;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
