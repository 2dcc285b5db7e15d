/* SPDX-License-Identifier: Apache-2.0 */
/* Where one thing meets another: people who are one, accounts, follow-ups, what is held and what is
 * withdrawn, another file, a late till, a crash, all at once and at random.
 *
 * What must hold: what sim_check() looks at; the journal gives the same rows; follow-ups are opened and
 * closed in turn; of an id that is somebody else's nothing is told, held or to be done; and when all are
 * taken apart again each has exactly what their own events gave. */
#include "tests/sim/crowd.h"
#include "tests/sim/story.h"

#define IDS      8
#define RULES    4
#define STEPS    160
#define PLAYERS  (IDS + 2)
#define FILES    3

#define ZONE "zone \"UTC\"\n"
#define COMMON \
	"fact bought_big = count of purchase where amount >= 500\n" \
	"ladder stage {\n" \
	"    suspect    potential\n" \
	"    first_time actual    when purchases >= 1\n" \
	"    repeat     actual    when purchases >= 2\n"

static const char *const files[FILES] = {
	ZONE COMMON
	"    lapsed     potential when purchases >= 1 and silence > 90d\n"
	"}\n"
	"ladder kind {\n    person\n    large when members >= 2\n}\n"
	"risk silent when purchases >= 1 and silence > 10d\n"
	"risk quiet  when purchases >= 1 and silence > 12d\n"
	"risk complaint when complaint_age > 1d\n"
	"follow_up call_back on risk.silent owner \"desk\" due 2d escalate 4d outcome 9d\n"
	"follow_up answer on risk.complaint owner \"service\" due 1d\n"
	"follow_up win_back on customer.lost owner \"desk\" due 7d\n",
	ZONE "fact called = count of contact\n" COMMON
	"    loud       actual    when purchases >= 2 and called >= 1\n"
	"    lapsed     potential when purchases >= 1 and silence > 60d\n"
	"}\n"
	"risk silent when purchases >= 2 and silence > 8d\n"
	"follow_up call_back on risk.silent owner \"desk\" due 3d\n",
	ZONE COMMON
	"}\n"
	"risk quiet when purchases >= 1 and silence > 5d\n"
	"follow_up ring on risk.quiet owner \"desk\" due 1d escalate 2d\n",
};

struct world {
	struct sim *sim;
	struct random random;
	struct crowd crowd;
	unsigned file;
	bool crashes, hushes, backfills;
	bool merged[PLAYERS], open[PLAYERS][RULES];
	uint64_t pairs;
};

static const char *player(unsigned i)
{
	static const char *const companies[] = { "acme", "globex" };

	return i < IDS ? crowd_customer[i] : companies[i - IDS];
}

static bool one_in(struct world *w, unsigned n)
{
	return random_below(&w->random, n) == 0;
}

static unsigned any(struct world *w, unsigned n)
{
	return (unsigned)random_below(&w->random, n);
}

/* ---- what is heard */

static unsigned rule_of(const struct notification *n)
{
	static const char *const rules[RULES] = { "follow_up.call_back", "follow_up.answer",
		"follow_up.win_back", "follow_up.ring" };
	unsigned i = 0;

	while (i < RULES && !span_eq(n->rule, span_str(rules[i])))
		i++;
	return i;
}

static void hear_follow_up(struct world *w, unsigned who, const struct notification *n)
{
	bool opens = span_eq(n->type, span_str("follow_up.opened"));
	bool closes = span_eq(n->type, span_str("follow_up.closed"));
	unsigned rule = rule_of(n);

	if (rule == RULES || w->open[who][rule] == opens)
		sim_fail(w->sim, "%s: %.*s of %.*s out of turn", player(who), (int)n->type.size,
			n->type.data, (int)n->rule.size, n->rule.data);
	w->open[who][rule] = !closes;
	w->pairs += closes;
}

static void on_note(void *arg, const struct notification *n)
{
	struct world *w = arg;
	unsigned who = 0;

	while (who < PLAYERS && !span_eq(n->customer, span_str(player(who))))
		who++;
	if (who == PLAYERS)
		return;
	if (span_eq(n->type, span_str("customer.unmerged")))
		w->merged[who] = false;
	if (w->merged[who] && !w->hushes)
		sim_fail(w->sim, "%s is somebody else's id, and %.*s is told of it", player(who),
			(int)n->type.size, n->type.data);
	if (span_eq(n->type, span_str("customer.merged")))
		w->merged[who] = true;
	if (span_eq(n->ladder, span_str("follow_up")))
		hear_follow_up(w, who, n);
}

/* ---- what happens */

static void come_back(struct world *w)
{
	if (!w->sim->running)
		sim_start(w->sim);
}

static void maybe_die(struct world *w)
{
	if (w->crashes && one_in(w, 5))
		sim_crash_at(w->sim, POINT_BEFORE_WRITE + any(w, 5));
}

/* A guard makes it once, so whoever dies may send it again. */
static void send(struct world *w, const struct event *e, bool backfill)
{
	for (;;) {
		maybe_die(w);
		sim_submit(w->sim, 1, backfill, e, 1);
		if (sim_flush(w->sim))
			return;
		come_back(w);
	}
}

static struct event *make(struct world *w, unsigned who, int64_t at_ms)
{
	static const char *const accounts[] = { "acme", "globex", "anna", "" };
	struct event *e = &w->crowd.events[crowd_event(&w->crowd, at_ms)];

	e->sequence = 0;
	e->customer = span_str(player(who));
	if (e->body == BODY_MARKET || e->body == BODY_PROFILE || one_in(w, 8)) {
		memset(&e->as, 0, sizeof e->as);
		e->body = one_in(w, 2) ? BODY_PROFILE : BODY_REFERRAL;
		if (e->body == BODY_PROFILE)
			e->as.profile.account = span_str(accounts[any(w, 4)]);
		else
			e->as.referral.customer = span_str(player(any(w, IDS)));
	}
	return e;
}

static void happen(struct world *w)
{
	int64_t late_ms = one_in(w, 3) ? (int64_t)random_below(&w->random, 4 * DAY_MS) : 0;

	send(w, make(w, any(w, PLAYERS), w->sim->now_ms - late_ms), w->backfills && one_in(w, 6));
}

static void say(struct world *w, const char *format, const char *a, const char *b)
{
	char text[400];

	snprintf(text, sizeof text, format, a, b);
	maybe_die(w);
	(void)sim_command(w->sim, text);
	come_back(w);
}

static void command(struct world *w)
{
	static const char *const rules[] = { "risk.silent", "risk.quiet", "stage.repeat", "stage.lapsed" };
	unsigned i = any(w, PLAYERS);
	const char *who = player(i), *head = player((i + 1 + any(w, PLAYERS - 1)) % PLAYERS);
	const char *rule = rules[any(w, 4)];
	char at[32];

	snprintf(at, sizeof at, "%lldms", (long long)(w->sim->now_ms - SIM_BEGIN_MS) +
		(long long)random_below(&w->random, 20 * DAY_MS) - 2 * DAY_MS);
	switch (any(w, w->hushes ? 11 : 9)) {
	case 0:
	case 1:
	case 2: say(w, "merge %s %s", head, who); break;
	case 3: say(w, "unmerge %s", who, NULL); break;
	case 4: say(w, "snooze %s %s", who, at); break;
	case 5: say(w, "done %s", who, NULL); break;
	case 6: say(w, "reassign %s paul", who, NULL); break;
	case 7: say(w, "pause %s", rule, NULL); break;
	case 8: say(w, one_in(w, 2) ? "resume %s" : "discard %s", rule, NULL); break;
	case 9: say(w, "hush", NULL, NULL); break;
	default: say(w, "live", NULL, NULL); break;
	}
}

static void reload(struct world *w, unsigned file)
{
	do {
		w->file = file;
		come_back(w);
		(void)sim_lifecycle(w->sim, files[file]);
	} while (!w->sim->running);
}

static void pass_time(struct world *w)
{
	int64_t at_ms = w->sim->now_ms + (int64_t)random_below(&w->random,
		(uint64_t)(one_in(w, 6) ? 40 * DAY_MS : DAY_MS));

	while (!sim_until_ms(w->sim, at_ms))
		come_back(w);
}

static void step(struct world *w)
{
	pass_time(w);
	switch (any(w, 12)) {
	case 0: reload(w, any(w, FILES)); break;
	case 1: sim_checkpoint_shard(w->sim, any(w, w->sim->o.shards)); break;
	case 2:
		if (w->crashes)
			sim_crash(w->sim);
		come_back(w);
		break;
	case 3:
	case 4:
	case 5: command(w); break;
	default: happen(w);
	}
}

/* ---- what must hold */

static void settle(struct world *w)
{
	sim_crash_at(w->sim, POINT_NONE);
	sim_deliver(w->sim);
	for (unsigned i = 0; i < 20000 && !sim_is_drained(w->sim); i++, sim_deliver(w->sim))
		(void)sim_until_ms(w->sim, w->sim->now_ms + 60000);
	if (!sim_is_drained(w->sim))
		sim_fail(w->sim, "deadlines come up without end");
}

static void check_silent(struct world *w, unsigned who)
{
	unsigned shard = sim_shard_of(w->sim, player(who));
	struct env *e = w->sim->env[shard];

	for (uint16_t name = 1; env_name(e, name).size; name++) {
		struct follow_up_row f;
		struct span row, text = env_name(e, name);
		struct held h;

		if (!span_eq(text, span_str("snooze")) && /* that waits for their return */
			env_held_get(e, name, span_str(player(who)), &h) == 0)
			sim_fail(w->sim, "%s is somebody else's id, and %.*s is held of it", player(who),
				(int)text.size, text.data);
		if (env_follow_up_get(e, name, span_str(player(who)), &row) == 0 &&
			follow_up_unpack(&f, row) == 0 && !follow_up_is_closed(f.state))
			sim_fail(w->sim, "%s is somebody else's id, and has %.*s open", player(who),
				(int)text.size, text.data);
	}
}

static void check_all_silent(struct world *w)
{
	for (unsigned i = 0; i < PLAYERS; i++) {
		struct customer *c = sim_customer(w->sim, player(i));

		if (c && customer_is_merged(c))
			check_silent(w, i);
		free(c);
	}
}

/* The same events in their order to a kith that does nothing else. */
static struct sim *undisturbed(struct world *w)
{
	struct sim *s = sim_new(&(struct sim_options){ .seed = 1, .shards = 2, .lifecycle = files[0],
		.settings = w->sim->o.settings });

	s->now_ms = w->sim->now_ms;
	for (unsigned i = 0; i < w->crowd.n; i++) {
		sim_submit(s, 1, false, &w->crowd.events[i], 1);
		(void)sim_flush(s);
	}
	return s;
}

static void check_apart(struct world *w)
{
	struct sim *s;

	for (unsigned i = 0; i < PLAYERS; i++)
		say(w, "unmerge %s", player(i), NULL);
	reload(w, 0);
	settle(w);
	s = undisturbed(w);
	for (unsigned i = 0; i < PLAYERS; i++) {
		struct customer *a = sim_customer(w->sim, player(i)), *b = sim_customer(s, player(i));

		if (a && b && !facts_equal(&a->facts, &b->facts))
			sim_fail(w->sim, "%s is not what their own events gave", player(i));
		free(a);
		free(b);
	}
	sim_free(s);
}

static void begin(struct world *w, uint64_t seed)
{
	struct sim_options o = { .seed = seed, .lifecycle = files[0], .keep_journal = true };

	memset(w, 0, sizeof *w);
	w->random.state = seed;
	w->crashes = !one_in(w, 4);
	w->hushes = one_in(w, 3);
	w->backfills = one_in(w, 3);
	o.shards = 1 + any(w, 4);
	o.carry_late = one_in(w, 2);
	o.settings = settings_default;
	o.settings.guard_window_ms = 10000 * DAY_MS;
	o.settings.outbox_keep = 1000000;
	o.settings.late_window_ms = one_in(w, 4) ? 0 : 3 * DAY_MS;
	o.settings.breaker_floor = one_in(w, 2) ? 1 + any(w, 8) : 0;
	o.settings.cool_down_ms = one_in(w, 2) ? (int64_t)random_below(&w->random, 20 * DAY_MS) : 0;
	w->sim = sim_new(&o);
	w->sim->arg = w;
	w->sim->on_note = on_note;
	w->sim->storage = NULL;
	crowd_init(&w->crowd, &w->random, STEPS);
}

static uint64_t current_seed;

static void run_failed(const char *text)
{
	print_error("%s\nseed %llu\n", text, (unsigned long long)current_seed);
	fail();
}

static void whatever_meets_nobody_hears_two_stories_and_each_gets_their_own_back(void **state)
{
	unsigned runs = random_runs(12);
	struct world *w = malloc(sizeof *w);
	uint64_t pairs = 0;

	(void)state;
	current_seed = random_seed(1);
	for (unsigned i = 0; i < runs; i++, current_seed++) {
		begin(w, current_seed);
		for (unsigned k = 0; k < STEPS && w->crowd.n < STEPS; k++)
			step(w);
		settle(w);
		sim_check(w->sim);
		check_all_silent(w);
		w->crashes = false;
		check_apart(w);
		sim_check(w->sim);
		sim_check_replay(w->sim, 50);
		pairs += w->pairs;
		sim_free(w->sim);
		crowd_fini(&w->crowd);
	}
	assert_true(pairs > runs);
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_meets_nobody_hears_two_stories_and_each_gets_their_own_back),
	};

	sim_failed = run_failed;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
