/* SPDX-License-Identifier: Apache-2.0 */
/* People who are one: several ids of one person, and the people of an account; across shards, in
 * any order, whatever dies. */
#include "tests/sim/crowd.h"
#include "tests/sim/story.h"

#define SHARDS 4
#define EVENTS 140

static const char shop[] =
	"zone \"UTC\"\n"
	"fact bought_big = count of purchase where amount >= 500\n"
	"ladder stage {\n"
	"    suspect    potential\n"
	"    first_time actual    when purchases >= 1\n"
	"    repeat     actual    when purchases >= 2\n"
	"    big        actual    when purchases >= 4\n"
	"    advocate   actual    when converted_referrals >= 1 and purchases >= 4\n"
	"    lapsed     potential when purchases >= 1 and silence > 90d\n"
	"}\n"
	"ladder kind {\n"
	"    person\n"
	"    account    when account\n"
	"    large      when members >= 2\n"
	"}\n"
	"risk silent when purchases >= 1 and silence > 30d\n";

static struct sim *sim_shop_of(void)
{
	return sim_new(&(struct sim_options){ .seed = random_seed(1), .shards = SHARDS,
		.lifecycle = shop });
}

static int64_t fact_of(struct sim *s, const char *id, enum fact f)
{
	struct customer *c = sim_customer(s, id);
	int64_t n;

	assert_non_null(c);
	n = c->facts.scalar[f].i;
	free(c);
	return n;
}

static void take_trace(struct sim *s)
{
	free(sim_trace_take(s));
}

static void two_ids_count_as_one_person(void **state)
{
	struct sim *s = sim_shop_of();

	(void)state;
	assert_true(sim_shard_of(s, "anna") != sim_shard_of(s, "carl"));
	sim_send(s, "till/1 anna buys 1000\ntill/2 carl buys 500");
	take_trace(s);
	sim_until(s, "1d");
	assert_true(sim_command(s, "merge anna carl"));
	SIM_TRACE(s, "[      1d] carl customer.merged anna\n"
		"[      1d] anna stage.repeat <- first_time\n");
	assert_int_equal(fact_of(s, "anna", FACT_spent), 1500);
	assert_int_equal(fact_of(s, "carl", FACT_spent), 500);
	assert_int_equal(sim_count(s, "stage.first_time"), 0);
	sim_until(s, "2d");
	sim_send(s, "till/3 carl buys 700\ntill/4 anna buys 100");
	SIM_TRACE(s, "[      2d] anna stage.big <- repeat\n");
	assert_int_equal(fact_of(s, "anna", FACT_spent), 2300);
	sim_until(s, "40d");
	SIM_TRACE(s, "[  32d1ms] anna risk.silent raised, customer.at_risk\n");
	story_end(s);
}

static void unmerged_each_has_what_their_own_events_gave(void **state)
{
	struct sim *s = sim_shop_of();

	(void)state;
	sim_send(s, "till/1 anna buys 1000\ntill/2 carl buys 500");
	assert_true(sim_command(s, "merge anna carl"));
	sim_until(s, "1d");
	sim_send(s, "till/3 carl buys 700\ntill/4 anna calls");
	take_trace(s);
	sim_until(s, "2d");
	assert_true(sim_command(s, "unmerge carl"));
	SIM_TRACE(s, "[      2d] carl customer.unmerged anna, stage.repeat <- first_time\n"
		"[      2d] anna stage.first_time <- repeat\n");
	assert_int_equal(fact_of(s, "anna", FACT_spent), 1000);
	assert_int_equal(fact_of(s, "anna", FACT_purchases), 1);
	assert_int_equal(fact_of(s, "carl", FACT_spent), 1200);
	assert_int_equal(sim_count(s, "customer.merged"), 0);
	sim_send(s, "till/5 anna calls @36h\ntill/6 carl calls @36h"); /* late, and of each alone */
	assert_int_equal(fact_of(s, "anna", FACT_purchases), 1);
	assert_int_equal(fact_of(s, "carl", FACT_purchases), 2);
	sim_until(s, "40d");
	SIM_TRACE(s, "[  30d1ms] anna risk.silent raised, customer.at_risk\n"
		"[  31d1ms] carl risk.silent raised, customer.at_risk\n");
	story_end(s);
}

static void what_cannot_be_merged_is_refused(void **state)
{
	struct sim *s = sim_shop_of();

	(void)state;
	sim_send(s, "till/1 anna buys 1000\ntill/2 bert buys 500\ntill/3 carl buys 1\ntill/4 dora calls");
	assert_false(sim_command(s, "merge anna nobody"));
	assert_false(sim_command(s, "merge nobody anna"));
	assert_false(sim_command(s, "unmerge anna"));
	assert_true(sim_command(s, "merge anna bert"));
	assert_false(sim_command(s, "merge anna bert")); /* twice */
	assert_false(sim_command(s, "merge bert anna")); /* a circle */
	assert_false(sim_command(s, "merge bert carl")); /* a chain */
	assert_false(sim_command(s, "merge carl anna"));
	assert_false(sim_command(s, "merge carl bert")); /* somebody else's */
	assert_true(sim_command(s, "merge anna carl"));
	assert_true(sim_command(s, "unmerge bert"));
	assert_false(sim_command(s, "unmerge bert"));
	assert_true(sim_command(s, "merge dora bert"));
	story_end(s);
}

static void of_owner_role_and_region_the_latest_told_wins(void **state)
{
	struct sim *s = sim_shop_of();
	struct customer *c;

	(void)state;
	sim_send(s, "till/1 anna profile owner=paul region=north role=consumer");
	sim_until(s, "1d");
	sim_send(s, "till/2 bert profile owner=rita");
	sim_until(s, "2d");
	sim_send(s, "till/3 anna profile region=south");
	assert_true(sim_command(s, "merge anna bert"));
	sim_send(s, "till/4 bert profile role=agent region=west @1d");
	c = sim_customer(s, "anna");
	assert_memory_equal(c->facts.text[TEXT_OWNER].text, "rita", 4);
	assert_memory_equal(c->facts.text[TEXT_REGION].text, "south", 5);
	assert_int_equal(c->facts.reg[REGISTER_ROLE].value, ROLE_AGENT);
	free(c);
	story_end(s);
}

static void a_person_gives_one_credit_and_none_to_themselves(void **state)
{
	struct sim *s = sim_shop_of();

	(void)state;
	sim_send(s, "till/1 rita refers anna\ntill/2 rita refers bert\ntill/3 anna buys 1\ntill/4 bert buys 1");
	assert_int_equal(fact_of(s, "rita", FACT_converted_referrals), 2);
	assert_true(sim_command(s, "merge anna bert"));
	assert_int_equal(fact_of(s, "rita", FACT_converted_referrals), 1);
	sim_send(s, "till/5 bert returns 1"); /* a purchase stands still */
	assert_int_equal(fact_of(s, "rita", FACT_converted_referrals), 1);
	assert_true(sim_command(s, "unmerge bert"));
	assert_int_equal(fact_of(s, "rita", FACT_converted_referrals), 1);
	assert_true(sim_command(s, "merge rita anna"));
	assert_int_equal(fact_of(s, "rita", FACT_converted_referrals), 0);
	assert_true(sim_command(s, "unmerge anna"));
	assert_int_equal(fact_of(s, "rita", FACT_converted_referrals), 1);
	story_end(s);
}

static void a_late_event_of_an_id_withdraws_nothing_and_the_sum_is_right(void **state)
{
	struct sim *s = sim_shop_of();

	(void)state;
	sim_send(s, "till/1 anna buys 1\ntill/2 bert calls");
	assert_true(sim_command(s, "merge anna bert"));
	sim_until(s, "30d12h");
	sim_send(s, "till/5 anna calls");
	sim_until(s, "31d");
	take_trace(s);
	sim_send(s, "till/3 bert buys 5 @29d");
	/* Seen from what has been announced last. */
	SIM_TRACE(s, "[  30d12h] anna stage.repeat <- first_time, risk.silent cleared, customer.recovered (noticed at 31d)\n");
	sim_send(s, "till/4 anna buys 5 @28d"); /* her own, but before word of bert */
	assert_int_equal(fact_of(s, "anna", FACT_purchases), 3);
	story_end(s);
}

static void what_is_held_and_to_be_done_of_an_id_ends_and_the_person_answers_for_it(void **state)
{
	struct sim *s = sim_new(&(struct sim_options){ .seed = random_seed(1), .shards = SHARDS,
		.lifecycle = "ladder stage {\n"
			     "    suspect potential\n"
			     "    buyer   actual when purchases >= 1\n"
			     "}\n"
			     "risk silent when purchases >= 1 and silence > 30d\n"
			     "risk quiet when purchases >= 1 and silence > 40d\n"
			     "follow_up call_back on risk.silent owner \"desk\" due 9d\n" });

	(void)state;
	sim_send(s, "till/1 anna buys 1\ntill/2 carl buys 1");
	sim_until(s, "31d");
	take_trace(s);
	assert_true(sim_command(s, "pause risk.quiet"));
	sim_until(s, "41d");
	take_trace(s);
	assert_true(sim_command(s, "merge anna carl"));
	SIM_TRACE(s, "[     41d] carl follow_up.closed <- overdue, customer.merged anna\n");
	assert_true(sim_command(s, "resume risk.quiet"));
	sim_until(s, "41d1h"); /* carl's went with the merge */
	SIM_TRACE(s, "[  40d1ms] anna risk.quiet raised (noticed at 41d)\n");
	sim_send(s, "till/3 carl called");
	SIM_TRACE(s, "[   41d1h] anna follow_up.closed <- overdue\n");
	assert_true(sim_command(s, "unmerge carl"));
	SIM_TRACE(s, "[   41d1h] carl customer.unmerged anna, risk.quiet raised\n");
	assert_false(sim_command(s, "snooze nobody 50d"));
	assert_true(sim_command(s, "merge anna carl"));
	assert_false(sim_command(s, "snooze carl 50d"));
	story_end(s);
}

static void of_an_id_nothing_stays_held_or_to_be_done_that_another_file_had_opened(void **state)
{
	struct sim *s = sim_new(&(struct sim_options){ .seed = random_seed(1), .shards = SHARDS,
		.lifecycle = "ladder stage {\n"
			     "    suspect potential\n"
			     "    buyer   actual when purchases >= 1\n"
			     "}\n"
			     "risk silent when purchases >= 1 and silence > 30d\n"
			     "risk quiet when purchases >= 1 and silence > 25d\n"
			     "follow_up call_back on risk.silent owner \"desk\" due 9d\n" });
	unsigned shard = sim_shard_of(s, "carl");
	struct span row;
	struct held h;

	(void)state;
	sim_send(s, "till/1 anna buys 1\ntill/2 carl buys 1");
	assert_true(sim_command(s, "pause risk.quiet"));
	sim_until(s, "31d");
	assert_true(sim_lifecycle(s, shop));
	sim_until(s, "32d");
	take_trace(s);
	assert_int_equal(env_held_get(s->env[shard], sim_name(s, shard, "risk.quiet"),
		span_str("carl"), &h), OK);
	assert_true(sim_command(s, "merge anna carl"));
	sim_until(s, "33d");
	SIM_TRACE(s, "[     32d] carl follow_up.closed <- open, customer.merged anna\n"
		"[     32d] anna stage.repeat <- first_time\n");
	assert_int_equal(env_follow_up_get(s->env[shard], sim_name(s, shard, "follow_up.call_back"),
		span_str("carl"), &row), ERR_NOTFOUND);
	assert_int_equal(env_held_get(s->env[shard], sim_name(s, shard, "risk.quiet"),
		span_str("carl"), &h), ERR_NOTFOUND);
	story_end(s);
}

static void a_new_file_and_a_market_come_to_an_id_that_is_taken_out(void **state)
{
	struct sim *s = sim_shop_of();
	struct customer *c;
	char *told;

	(void)state;
	sim_send(s, "till/1 anna buys 600\ntill/2 bert buys 600\ntill/3 bert buys 2");
	sim_until(s, "1h");
	assert_true(sim_command(s, "merge anna bert"));
	take_trace(s);
	sim_until(s, "1d");
	assert_true(sim_lifecycle(s, sim_other_shop));
	sim_send(s, "till/4 * market media 90d -");
	sim_send(s, "till/5 bert buys 3\ntill/6 anna buys 4");
	sim_until(s, "2d");
	told = sim_trace_take(s);
	assert_null(strstr(told, "bert")); /* is silent */
	free(told);
	assert_true(sim_command(s, "unmerge bert"));
	sim_until(s, "3d");
	sim_check(s);
	assert_int_equal(sim_count(s, "risk.market"), 2);
	assert_int_equal(sim_count(s, "stage.repeat"), 2);
	assert_true(sim_command(s, "merge anna bert"));
	assert_true(sim_lifecycle(s, shop));
	sim_send(s, "till/7 bert buys 700\ntill/8 anna buys 4"); /* what the file counts begins anew */
	c = sim_customer(s, "anna");
	assert_int_equal(c->facts.custom[0].v.i, 1);
	free(c);
	assert_int_equal(fact_of(s, "anna", FACT_purchases), 7);
	story_end(s);
}

/* The count is of a file that came while they were one; nobody judges the id meanwhile. */
static void what_a_later_file_counts_it_counts_of_each_id(void **state)
{
	struct sim *s = sim_new(&(struct sim_options){ .seed = random_seed(1), .shards = SHARDS,
		.lifecycle = sim_other_shop });
	struct customer *c;

	(void)state;
	sim_send(s, "till/1 anna buys 600\ntill/2 bert buys 600");
	assert_true(sim_command(s, "merge anna bert"));
	assert_true(sim_lifecycle(s, shop));
	sim_send(s, "till/3 bert buys 700");
	sim_send(s, "till/4 bert buys 800");
	sim_send(s, "till/5 bert buys 900\ntill/6 anna buys 500");
	c = sim_customer(s, "anna");
	assert_int_equal(c->facts.custom[0].v.i, 4);
	free(c);
	sim_until(s, "1d"); /* the sweep is over */
	assert_true(sim_command(s, "unmerge bert"));
	c = sim_customer(s, "bert");
	assert_int_equal(c->facts.custom[0].v.i, 3);
	free(c);
	sim_check(s);
	story_end(s);
}

/* ---- accounts */

static void people_roll_up_into_their_account(void **state)
{
	struct sim *s = sim_shop_of();

	(void)state;
	sim_send(s, "till/1 anna buys 1000\ntill/2 bert buys 500");
	sim_until(s, "1d");
	take_trace(s);
	sim_send(s, "till/3 anna profile account=acme");
	SIM_TRACE(s, "[      1d] acme stage.first_time <- new, kind.account <- new, customer.converted\n");
	sim_until(s, "2d");
	sim_send(s, "till/4 bert profile account=acme");
	SIM_TRACE(s, "[      2d] acme stage.repeat <- first_time, kind.large <- account\n");
	assert_int_equal(fact_of(s, "acme", FACT_spent), 1500);
	assert_int_equal(fact_of(s, "anna", FACT_spent), 1000);
	sim_until(s, "20d");
	sim_send(s, "till/5 bert buys 1");
	sim_until(s, "35d"); /* anna is silent, the company is not */
	SIM_TRACE(s, "[     20d] bert stage.repeat <- first_time\n"
		"[  30d1ms] anna risk.silent raised, customer.at_risk\n");
	sim_send(s, "till/6 bert profile account=other");
	assert_int_equal(fact_of(s, "acme", FACT_spent), 1000);
	assert_int_equal(fact_of(s, "other", FACT_spent), 501);
	sim_send(s, "till/7 anna profile account=");
	assert_int_equal(fact_of(s, "acme", FACT_spent), 0);
	story_end(s);
}

static void an_account_has_its_own_events_too_and_may_be_of_another(void **state)
{
	struct sim *s = sim_shop_of();

	(void)state;
	sim_send(s, "till/1 acme buys 10\ntill/2 anna buys 5\ntill/3 anna profile account=acme");
	sim_send(s, "till/4 acme profile account=anna"); /* a circle: each has the other's own */
	assert_int_equal(fact_of(s, "acme", FACT_spent), 15);
	assert_int_equal(fact_of(s, "anna", FACT_spent), 15);
	sim_send(s, "till/5 acme buys 1\ntill/6 anna buys 2");
	assert_int_equal(fact_of(s, "acme", FACT_spent), 18);
	assert_int_equal(fact_of(s, "anna", FACT_spent), 18);
	assert_false(sim_messages_wait(s));
	story_end(s);
}

static void an_id_brings_its_account_along_and_takes_it_away_again(void **state)
{
	struct sim *s = sim_shop_of();

	(void)state;
	sim_send(s, "till/1 anna buys 10\ntill/2 bert buys 5\ntill/3 bert profile account=acme");
	assert_int_equal(fact_of(s, "acme", FACT_spent), 5);
	assert_true(sim_command(s, "merge anna bert"));
	assert_int_equal(fact_of(s, "acme", FACT_spent), 15);
	sim_send(s, "till/4 bert buys 1");
	assert_int_equal(fact_of(s, "acme", FACT_spent), 16);
	assert_false(sim_command(s, "merge anna acme")); /* has members */
	assert_true(sim_command(s, "unmerge bert"));
	assert_int_equal(fact_of(s, "acme", FACT_spent), 6);
	story_end(s);
}

/* ---- any way through */

#define IDS 8
static void make_deeds(struct crowd *c, struct random *r)
{
	static const char *const accounts[] = { "acme", "globex", "anna", "" };

	crowd_init(c, r, EVENTS);
	for (unsigned i = 0; i < EVENTS; i++) {
		struct event *e = &c->events[crowd_event(c,
			SIM_BEGIN_MS + (int64_t)i * 3600000)];

		e->sequence = 0;
		e->customer = span_str(crowd_customer[random_below(r, IDS)]);
		if (e->body == BODY_MARKET || e->body == BODY_PROFILE || random_below(r, 6) == 0) {
			memset(&e->as, 0, sizeof e->as);
			e->body = random_below(r, 2) ? BODY_PROFILE : BODY_REFERRAL;
			if (e->body == BODY_PROFILE)
				e->as.profile.account = span_str(accounts[random_below(r, 4)]);
			else
				e->as.referral.customer = span_str(crowd_customer[random_below(r, IDS)]);
		}
	}
}

struct way {
	struct customer *who[IDS + 2];
};

static const char *way_id(unsigned i)
{
	static const char *const companies[] = { "acme", "globex" };

	return i < IDS ? crowd_customer[i] : companies[i - IDS];
}

/* Whoever is of whom in the end: MERGED[i] is the place of i's head, or -1. */
static void merge_some(struct random *r, int merged[IDS])
{
	for (unsigned i = 0; i < IDS; i++)
		merged[i] = -1;
	for (unsigned i = IDS / 2; i < IDS; i++)
		if (random_below(r, 2))
			merged[i] = (int)random_below(r, IDS / 2);
}

static void command(struct sim *s, bool disturbed, const char *text)
{
	for (;;) {
		if (disturbed && random_below(&s->random, 3) == 0)
			sim_crash_at(s, POINT_BEFORE_WRITE + random_below(&s->random, 5));
		(void)sim_command(s, text); /* what was done already is refused */
		if (s->running)
			return;
		sim_start(s);
	}
}

static void merge(struct sim *s, unsigned id, int head, bool disturbed)
{
	char text[80];

	snprintf(text, sizeof text, "merge %s %s", crowd_customer[head], crowd_customer[id]);
	command(s, disturbed, text);
}

static void unmerge(struct sim *s, unsigned id, bool disturbed)
{
	char text[80];

	snprintf(text, sizeof text, "unmerge %s", crowd_customer[id]);
	command(s, disturbed, text);
}

static void send_one(struct sim *s, unsigned number, const struct event *e, bool disturbed)
{
	if (disturbed && random_below(&s->random, 3) == 0)
		sim_crash_at(s, POINT_BEFORE_WRITE + random_below(&s->random, 5));
	do
		sim_submit(s, number, false, e, 1);
	while (!sim_flush(s) && (sim_start(s), true));
}

/* Everybody is known first, so that any two can be merged at any time. */
static void meet(struct sim *s, bool disturbed)
{
	static char ids[IDS][8];

	for (unsigned i = 0; i < IDS; i++) {
		struct event e = { .source = span_str("door"), .customer = span_str(crowd_customer[i]),
			.time_ms = SIM_BEGIN_MS, .body = BODY_CONTACT };

		snprintf(ids[i], sizeof ids[i], "d%u", i);
		e.id = span_str(ids[i]);
		e.as.contact.direction = DIRECTION_IN;
		send_one(s, 1, &e, disturbed);
	}
}

/* Send EVENTS, and end with MERGED. Undisturbed the merges come at the end; with DISTURBED
 * everything comes late and twice, dies at every point, and who is one changes all the time. */
static void go(struct way *way, const struct event *events, const int merged[IDS], uint64_t seed,
	bool disturbed)
{
	struct sim *s = sim_new(&(struct sim_options){ .seed = seed, .shards = SHARDS,
		.lifecycle = shop, .carry_late = disturbed, .keep_journal = disturbed, .settings = {
			.guard_window_ms = 1000 * DAY_MS, .outbox_keep = 1000000,
			.outbox_keep_bytes = 1 << 30, .outbox_keep_ms = 1000 * DAY_MS,
			.history_keep = 32, .late_window_ms = 3 * DAY_MS } });

	s->now_ms = SIM_BEGIN_MS + EVENTS * INT64_C(3600000);
	meet(s, disturbed);
	for (unsigned i = 0; i < EVENTS; i++) {
		if (disturbed && i && random_below(&s->random, 4) == 0)
			send_one(s, i, &events[random_below(&s->random, i)], true);
		send_one(s, i + 1, &events[i], disturbed);
		if (disturbed && random_below(&s->random, 5) == 0) {
			unsigned id = (unsigned)random_below(&s->random, IDS);

			if (random_below(&s->random, 2))
				unmerge(s, id, true);
			else
				merge(s, id,
					(int)((id + 1 + random_below(&s->random, IDS - 1)) % IDS), true);
		}
		if (disturbed && random_below(&s->random, 6) == 0)
			sim_checkpoint_shard(s, (unsigned)random_below(&s->random, SHARDS));
	}
	sim_deliver(s);
	for (unsigned i = 0; i < IDS; i++)
		unmerge(s, i, disturbed);
	sim_deliver(s);
	for (unsigned i = 0; i < IDS; i++)
		if (merged[i] >= 0)
			merge(s, i, merged[i], disturbed);
	sim_deliver(s);
	sim_check(s);
	if (disturbed)
		sim_check_replay(s, 100);
	for (unsigned i = 0; i < IDS + 2; i++)
		way->who[i] = sim_customer(s, way_id(i));
	sim_free(s);
}

static void assert_same_way(const struct way *a, const struct way *b, uint64_t seed)
{
	for (unsigned i = 0; i < IDS + 2; i++) {
		const struct customer *x = a->who[i], *y = b->who[i];

		if (!x && !y)
			continue;
		/* An account that was named and left in one way only has nothing. */
		if (!x || !y) {
			assert_int_equal((x ? x : y)->facts.scalar[FACT_events].i, 0);
			continue;
		}
		if (!facts_equal(&x->facts, &y->facts) || x->bond.ids != y->bond.ids ||
			x->bond.members != y->bond.members ||
			customer_is_merged(x) != customer_is_merged(y))
			fail_msg("seed %llu: %s is another", (unsigned long long)seed, way_id(i));
		if (!customer_is_merged(x) && (memcmp(x->standing.verdict.rung,
			y->standing.verdict.rung, 2) != 0 ||
			x->standing.verdict.risks != y->standing.verdict.risks))
			fail_msg("seed %llu: %s stands elsewhere", (unsigned long long)seed, way_id(i));
	}
}

static void way_free(struct way *w)
{
	for (unsigned i = 0; i < IDS + 2; i++)
		free(w->who[i]);
}

static void shuffled_merged_to_and_fro_and_killed_it_is_what_an_undisturbed_run_gives(void **state)
{
	unsigned runs = random_runs(6), heads = 0;
	uint64_t seed = random_seed(1);

	(void)state;
	for (unsigned run = 0; run < runs; run++, seed++) {
		struct random r = { seed };
		struct crowd c;
		struct event events[EVENTS];
		int merged[IDS];
		struct way a, b;

		make_deeds(&c, &r);
		merge_some(&r, merged);
		memcpy(events, c.events, sizeof events);
		go(&a, events, merged, seed, false);
		random_shuffle(&r, events, EVENTS);
		go(&b, events, merged, seed, true);
		assert_same_way(&a, &b, seed);
		for (unsigned i = 0; i < IDS + 2; i++)
			heads += a.who[i] && customer_is_head(a.who[i]);
		way_free(&a);
		way_free(&b);
		crowd_fini(&c);
	}
	assert_true(heads > runs);
}

static void unmerged_all_is_as_if_nobody_had_ever_been_merged(void **state)
{
	uint64_t seed = random_seed(1);
	struct random r = { seed };
	struct crowd c;
	int merged[IDS];
	struct way a, b;

	(void)state;
	make_deeds(&c, &r);
	for (unsigned i = 0; i < IDS; i++)
		merged[i] = -1;
	go(&a, c.events, merged, seed, false);
	go(&b, c.events, merged, seed, true);
	assert_same_way(&a, &b, seed);
	way_free(&a);
	way_free(&b);
	crowd_fini(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_ids_count_as_one_person),
		cmocka_unit_test(unmerged_each_has_what_their_own_events_gave),
		cmocka_unit_test(what_cannot_be_merged_is_refused),
		cmocka_unit_test(of_owner_role_and_region_the_latest_told_wins),
		cmocka_unit_test(a_person_gives_one_credit_and_none_to_themselves),
		cmocka_unit_test(a_late_event_of_an_id_withdraws_nothing_and_the_sum_is_right),
		cmocka_unit_test(what_is_held_and_to_be_done_of_an_id_ends_and_the_person_answers_for_it),
		cmocka_unit_test(of_an_id_nothing_stays_held_or_to_be_done_that_another_file_had_opened),
		cmocka_unit_test(a_new_file_and_a_market_come_to_an_id_that_is_taken_out),
		cmocka_unit_test(what_a_later_file_counts_it_counts_of_each_id),
		cmocka_unit_test(people_roll_up_into_their_account),
		cmocka_unit_test(an_account_has_its_own_events_too_and_may_be_of_another),
		cmocka_unit_test(an_id_brings_its_account_along_and_takes_it_away_again),
		cmocka_unit_test(
			shuffled_merged_to_and_fro_and_killed_it_is_what_an_undisturbed_run_gives),
		cmocka_unit_test(unmerged_all_is_as_if_nobody_had_ever_been_merged),
	};

	sim_failed = story_failed;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
