/* SPDX-License-Identifier: Apache-2.0 */
/* A fitted rhythm, or other cut-offs, are put in force while customers stand where the old ones put
 * them. */
#include "tests/sim/crowd.h"
#include "tests/sim/story.h"

#define DAY ((double)DAY_MS)

/* The median gap of one purchase is alpha: (2 ^ (1 / r) - 1) alpha with r 1. */
static const char shop[] =
	"rhythm { r 1  alpha 100d  a 0.1  b 10 }\n"
	"rhythm for role = agent { alpha 40d }\n"
	"ladder stage {\n"
	"    suspect potential\n"
	"    buyer   actual    when purchases >= 1\n"
	"}\n"
	"ladder tier {\n"
	"    plain\n"
	"    best  when spent >= top 10%\n"
	"}\n"
	"risk late severity high when overdue > 1\n"
	"risk gone when alive < 30%\n"
	"risk slow severity watch when active(30d) < 10%\n";

/* Nothing is hushed or held, and all is kept. */
static const struct settings settings = { .guard_window_ms = 30 * DAY_MS, .outbox_keep = 10000,
	.outbox_keep_ms = 9999 * DAY_MS, .outbox_keep_bytes = 1u << 30, .history_keep = 50 };

static struct sim *start(const char *file)
{
	return sim_new(&(struct sim_options){ .seed = random_seed(1), .lifecycle = file,
		.shards = 1, .sweep_per_input = 2, .step_ms = 1000,
		.settings = settings });
}

static struct parameters fit_of(double alpha_days)
{
	return (struct parameters){ .fitted_ms = 1, .n_fits = 1,
		.fits = { { .class = 0, .r = 1, .alpha = alpha_days * DAY, .a = .1, .b = 10 } } };
}

static const char late_only[] = "rhythm { r 1  alpha 100d  a 0.1  b 10 }\nrisk late when overdue > 1\n";

/* Who is late by the fit is so from when it came; who is late no more is told likewise. */
static void everybody_is_judged_by_a_fit_as_of_when_it_came(void **state)
{
	struct sim *s = start(late_only);
	struct parameters p = fit_of(10);

	(void)state;
	sim_send(s, "t/1 anna buys 1\nt/2 bert buys 1\nt/3 carl buys 1");
	sim_until(s, "20d");
	SIM_TRACE(s, "");
	sim_parameters(s, &p);
	sim_until(s, "21d");
	SIM_TRACE(s, "[     20d] anna risk.late raised, customer.at_risk\n"
		"[     20d] bert risk.late raised, customer.at_risk\n"
		"[     20d] carl risk.late raised, customer.at_risk (noticed at 20d1s)\n");
	assert_int_equal(s->shard[0].sweep.judged, 3);
	assert_int_equal(s->shard[0].sweep.moved, 3);
	assert_int_equal(s->shard[0].sweep.visited, 3);
	p = fit_of(30);
	sim_parameters(s, &p);
	sim_until(s, "29d");
	SIM_TRACE(s, "[     21d] anna risk.late cleared, customer.recovered\n"
		"[     21d] bert risk.late cleared, customer.recovered\n"
		"[     21d] carl risk.late cleared, customer.recovered (noticed at 21d1s)\n");
	sim_until(s, "31d"); /* each at the instant that the fit solves to */
	SIM_TRACE(s, "[  30d1ms] anna risk.late raised, customer.at_risk\n"
		"[  30d1ms] bert risk.late raised, customer.at_risk\n"
		"[  30d1ms] carl risk.late raised, customer.at_risk\n");
	story_end(s);
}

static void versions_are_told(void *arg, const struct notification *n)
{
	uint32_t *versions = arg;

	if (n->parameters_version < 8)
		versions[n->parameters_version]++;
}

/* Its deadline under the old parameters, or an event of its own, comes before the sweep. */
static void who_comes_up_before_the_sweep_is_judged_by_the_fit_first(void **state)
{
	struct sim *s = start(late_only);
	struct parameters p = fit_of(10);
	uint32_t versions[8] = { 0 };

	(void)state;
	s->arg = versions;
	s->on_note = versions_are_told;
	sim_send(s, "t/1 anna buys 1\nt/2 bert buys 1\nt/3 carl buys 1\nt/4 dora buys 1\nt/5 emma buys 1");
	sim_until(s, "20d");
	sim_parameters(s, &p);
	sim_send(s, "t/6 emma buys 1"); /* the first tick comes only then, and visits two */
	SIM_TRACE(s, "[     20d] emma risk.late raised, customer.at_risk, risk.late cleared, customer.recovered\n"
		"[     20d] anna risk.late raised, customer.at_risk\n"
		"[     20d] bert risk.late raised, customer.at_risk\n");
	assert_int_equal(s->shard[0].sweep.judged, 3);
	sim_until(s, "21d");
	free(sim_trace_take(s));
	assert_int_equal(s->shard[0].sweep.judged, 5);
	assert_int_equal(s->shard[0].sweep.visited, 5);
	assert_int_equal(versions[0], 0);
	assert_true(versions[1] >= 2 * 6);
	story_end(s);
}

static void a_fit_for_another_rhythm_has_no_say_and_its_cut_offs_have(void **state)
{
	struct sim *s = start(shop);
	struct parameters p = fit_of(10);

	(void)state;
	p.n_cuts = 1;
	p.cuts[0] = (struct cut){ "spent", .1, 500 };
	sim_send(s, "t/1 anna buys 1000\nt/2 bert buys 1");
	free(sim_trace_take(s));
	sim_until(s, "5d");
	sim_parameters(s, &p);
	sim_until(s, "6d");
	SIM_TRACE(s, "[      5d] anna tier.best <- plain\n");
	assert_true(s->shard[0].lifecycle->machine->fitted);
	sim_lifecycle(s, late_only);
	sim_until(s, "7d");
	assert_true(!s->shard[0].lifecycle->machine->fitted);
	sim_lifecycle(s, shop);
	sim_until(s, "8d");
	assert_true(s->shard[0].lifecycle->machine->fitted);
	assert_int_equal(sim_count(s, "tier.best"), 1);
	free(sim_trace_take(s));
	story_end(s);
}

/* ---- any way through */

#define EVENTS    160
#define STEP_MS   (DAY_MS / 2)
#define SHARDS    3

static void make(struct event events[EVENTS], char ids[EVENTS][12], struct random *r)
{
	for (unsigned i = 0; i < EVENTS; i++) {
		struct event *e = &events[i];

		memset(e, 0, sizeof *e);
		snprintf(ids[i], sizeof ids[i], "%u", i);
		e->source = span_str("till");
		e->id = span_str(ids[i]);
		e->customer = span_str(crowd_customer[random_below(r, CROWD_CUSTOMERS)]);
		e->time_ms = SIM_BEGIN_MS + (int64_t)i * STEP_MS;
		e->body = random_below(r, 8) ? BODY_PURCHASE : BODY_PROFILE;
		if (e->body == BODY_PURCHASE)
			e->as.purchase.amount = 100 + (int64_t)random_below(r, 900);
		else
			e->as.profile.role = random_certainly(r, ROLE_COUNT);
	}
}

/* What was told of each customer, in its order. */
struct heard {
	struct buf of[CROWD_CUSTOMERS];
};

static void hear(void *arg, const struct notification *n)
{
	struct heard *told = arg;
	char line[200];
	unsigned i = 0;

	while (i < CROWD_CUSTOMERS && !span_eq(n->customer, span_str(crowd_customer[i])))
		i++;
	assert_in_range(i, 0, CROWD_CUSTOMERS - 1);
	snprintf(line, sizeof line, "%.*s at %lld by %u\n", (int)n->type.size, (const char *)n->type.data,
		(long long)(n->at_ms - SIM_BEGIN_MS), n->parameters_version);
	buf_add(&told->of[i], line, strlen(line));
}

static struct parameters random_parameters(struct random *r)
{
	struct parameters p = fit_of(5 + (double)random_below(r, 60));

	if (random_below(r, 2)) {
		p.fits[1] = p.fits[0];
		p.fits[1].class = 1;
		p.fits[1].alpha /= 3;
		p.n_fits = 2;
	}
	p.n_cuts = 1;
	p.cuts[0] = (struct cut){ "spent", .1, 500 + (double)random_below(r, 3000) };
	return p;
}

static void maybe_die_soon(struct sim *s, bool disturbed)
{
	if (disturbed && random_below(&s->random, 3) == 0)
		sim_crash_at(s, POINT_BEFORE_WRITE + random_below(&s->random, POINTS - POINT_BEFORE_WRITE));
}

static void until(struct sim *s, int64_t at_ms)
{
	while (!sim_until_ms(s, at_ms))
		sim_start(s);
}

/* Version WANTED, once, whatever dies. */
static void put_in_force(struct sim *s, const struct parameters *p, uint32_t wanted)
{
	while (s->shard[0].parameters.version < wanted)
		if (!sim_parameters(s, p))
			sim_start(s);
}

static void send(struct sim *s, const struct event *e, unsigned number)
{
	do
		sim_submit(s, number, false, e, 1);
	while (!sim_flush(s) && (sim_start(s), true));
}

/* New parameters now and then, whatever is under way: in the disturbed run the process dies around
 * them, and makes its checkpoints elsewhere. */
static void go(struct customer *who[CROWD_CUSTOMERS], struct heard *told, const struct event *events,
	uint64_t seed, bool disturbed)
{
	struct sim *s = sim_new(&(struct sim_options){ .seed = seed + disturbed, .shards = SHARDS,
		.lifecycle = shop, .sweep_per_input = 1, .step_ms = disturbed ? 1000 : 60000,
		.keep_journal = true,
		.settings = settings });
	struct random r = { seed };
	uint32_t version = 0;

	s->arg = told;
	s->on_note = hear;
	for (unsigned i = 0; i < EVENTS; i++) {
		until(s, events[i].time_ms);
		maybe_die_soon(s, disturbed);
		if (random_below(&r, 20) == 0) {
			struct parameters p = random_parameters(&r);

			put_in_force(s, &p, ++version);
			maybe_die_soon(s, disturbed);
		}
		send(s, &events[i], i + 1);
		if (disturbed && random_below(&s->random, 5) == 0 && !sim_checkpoint(s))
			sim_start(s);
	}
	sim_crash_at(s, POINT_NONE);
	until(s, events[EVENTS - 1].time_ms + 300 * DAY_MS);
	assert_true(version > 0);
	sim_check(s);
	sim_check_replay(s, 7);
	for (unsigned i = 0; i < CROWD_CUSTOMERS; i++)
		who[i] = sim_customer(s, crowd_customer[i]);
	sim_free(s);
}

static void assert_alike(const struct customer *a, const struct customer *b, uint64_t seed, unsigned i)
{
	if ((a != NULL) != (b != NULL) || (a && (!facts_equal(&a->facts, &b->facts) ||
		memcmp(&a->standing.verdict, &b->standing.verdict, sizeof a->standing.verdict) != 0 ||
		a->standing.parameters_version != b->standing.parameters_version ||
		a->standing.due_ms != b->standing.due_ms)))
		fail_msg("seed %llu: %s stands elsewhere", (unsigned long long)seed, crowd_customer[i]);
}

static void killed_in_the_midst_of_refits_it_tells_the_same_story_as_undisturbed(void **state)
{
	static struct event events[EVENTS];
	static char ids[EVENTS][12];
	unsigned runs = random_runs(10);

	(void)state;
	for (uint64_t seed = random_seed(1), end = seed + runs; seed < end; seed++) {
		struct customer *a[CROWD_CUSTOMERS], *b[CROWD_CUSTOMERS];
		struct heard first = { 0 }, second = { 0 };
		struct random r = { seed };

		make(events, ids, &r);
		go(a, &first, events, seed, false);
		go(b, &second, events, seed, true);
		for (unsigned i = 0; i < CROWD_CUSTOMERS; i++) {
			struct span x = span_of(first.of[i].data, first.of[i].size);
			struct span y = span_of(second.of[i].data, second.of[i].size);

			assert_alike(a[i], b[i], seed, i);
			if (!span_eq(x, y))
				fail_msg("seed %llu: %s was told\n%.*snot\n%.*s", (unsigned long long)seed,
					crowd_customer[i], (int)y.size, (const char *)y.data, (int)x.size,
					(const char *)x.data);
			free(a[i]);
			free(b[i]);
			buf_fini(&first.of[i]);
			buf_fini(&second.of[i]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everybody_is_judged_by_a_fit_as_of_when_it_came),
		cmocka_unit_test(who_comes_up_before_the_sweep_is_judged_by_the_fit_first),
		cmocka_unit_test(a_fit_for_another_rhythm_has_no_say_and_its_cut_offs_have),
		cmocka_unit_test(killed_in_the_midst_of_refits_it_tells_the_same_story_as_undisturbed),
	};

	sim_failed = story_failed;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
