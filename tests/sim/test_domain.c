/* SPDX-License-Identifier: Apache-2.0 */
/* The domain, row by row, as far as it takes more than one customer or somebody who acts: under the
 * file that ships. docs/DOMAIN.md names the test of each row. */
#include "tests/sim/story.h"

/* The file that ships, with MORE behind it. */
static struct sim *domain(const char *more)
{
	static char file[LIFECYCLE_BYTES_MAX];
	struct span text = machine_default_text();

	snprintf(file, sizeof file, "%.*s\n%s", (int)text.size, (const char *)text.data, more);
	return sim_new(&(struct sim_options){ .seed = random_seed(1), .shards = 3, .lifecycle = file });
}

static void stands(struct sim *s, const char *id, const char *ladder, const char *rung)
{
	struct customer *c = sim_customer(s, id);
	const struct machine *m = s->lifecycle->machine;
	int l = machine_ladder(m, span_str(ladder));

	assert_non_null(c);
	assert_true(span_eq(m->ladders[l].rungs[c->standing.verdict.rung[l]].name, span_str(rung)));
	free(c);
}

static bool runs_risk(struct sim *s, const char *id, const char *risk)
{
	struct customer *c = sim_customer(s, id);
	int k = machine_risk(s->lifecycle->machine, span_str(risk));
	bool raised = c && k >= 0 && (c->standing.verdict.risks >> k & 1);

	free(c);
	return raised;
}

static void a_referral_reaches_who_is_brought_in_and_credits_who_brought_them_once_they_buy(void **state)
{
	struct sim *s = domain("");
	struct customer *carl;

	(void)state;
	sim_send(s, "till/1 anna buys 1000\n" "till/2 anna buys 1000\n");
	sim_send(s, "shop/1 anna refers carl\n");
	carl = sim_customer(s, "carl");
	assert_true(span_eq(span_of(carl->facts.referrer.id, carl->facts.referrer.size),
		span_str("anna")));
	free(carl);
	stands(s, "anna", "stage", "repeat"); /* naming somebody is not enough */
	sim_send(s, "till/3 carl buys 500\n");
	stands(s, "anna", "stage", "advocate");
	stands(s, "carl", "stage", "first_time");
	sim_send(s, "till/4 carl returns 500\n"); /* and who gives all back does not count */
	stands(s, "anna", "stage", "repeat");
	story_end(s);
}

static void several_ids_of_one_person_are_judged_as_one_and_taken_apart_exactly(void **state)
{
	struct sim *s = domain("");
	struct customer *c;

	(void)state;
	sim_send(s, "till/1 anna buys 1000\n" "web/1 card-7 buys 300\n" "web/2 card-7 complains c1 staff\n");
	stands(s, "anna", "stage", "first_time");
	assert_true(sim_command(s, "merge anna card-7"));
	sim_deliver(s);
	stands(s, "anna", "stage", "repeat");
	c = sim_customer(s, "anna");
	assert_int_equal(c->facts.scalar[FACT_spent].i, 1300);
	free(c);
	sim_until(s, "3d");
	assert_true(runs_risk(s, "anna", "complaint"));
	sim_send(s, "web/3 card-7 buys 100\n"); /* the old id goes on working */
	assert_true(sim_command(s, "unmerge card-7"));
	sim_deliver(s);
	stands(s, "anna", "stage", "first_time");
	stands(s, "card-7", "stage", "repeat");
	assert_false(runs_risk(s, "anna", "complaint"));
	assert_true(runs_risk(s, "card-7", "complaint"));
	story_end(s);
}

static void people_roll_up_into_a_company_with_a_stage_and_a_risk_of_its_own(void **state)
{
	struct sim *s = domain("");

	(void)state;
	sim_send(s, "crm/1 anna profile account=acme role=organisation\n"
		"crm/2 bert profile account=acme\n" "till/1 anna buys 1000\n");
	stands(s, "acme", "stage", "first_time");
	sim_send(s, "till/2 bert buys 1000\n" "web/1 bert complains c1 price\n");
	stands(s, "anna", "stage", "first_time");
	stands(s, "acme", "stage", "repeat");
	sim_until(s, "3d");
	assert_true(runs_risk(s, "acme", "complaint"));
	assert_false(runs_risk(s, "anna", "complaint"));
	story_end(s);
}

static void a_market_signal_covers_a_region_or_a_segment_whatever_each_of_them_did(void **state)
{
	struct sim *s = domain("");

	(void)state;
	sim_send(s, "crm/1 anna profile region=north\n" "till/1 anna buys 1000\n"
		"crm/2 bert profile region=south segment=b2b\n" "till/2 bert buys 1000\n"
		"crm/3 carl profile region=north\n"); /* has bought nothing, and nothing to lose */
	sim_send(s, "press/1 * market policy 30d north\n");
	sim_until(s, "1d");
	assert_true(runs_risk(s, "anna", "market") && !runs_risk(s, "bert", "market"));
	assert_false(runs_risk(s, "carl", "market"));
	sim_send(s, "press/2 * market media 40d - b2b\n");
	sim_until(s, "2d");
	assert_true(runs_risk(s, "bert", "market"));
	sim_until(s, "31d");
	assert_true(!runs_risk(s, "anna", "market") && runs_risk(s, "bert", "market"));
	story_end(s);
}

static const char follow_up[] =
	"follow_up answer on risk.complaint owner account_manager or \"service\"\n"
	"    due 2d escalate 3d to \"head of service\"\n";

static void what_asks_for_action_opens_a_follow_up_with_one_owner_a_due_time_and_an_escalation(void **state)
{
	struct sim *s = domain(follow_up);

	(void)state;
	sim_send(s, "crm/1 anna profile owner=eva\n" "till/1 anna buys 1000\n"
		"web/1 anna complains c1 staff\n");
	free(sim_trace_take(s));
	sim_until(s, "4d");
	SIM_TRACE(s, "[   2d1ms] anna risk.complaint raised, follow_up.opened <- new, customer.at_risk\n");
	sim_until(s, "6d");
	SIM_TRACE(s, "[   4d1ms] anna follow_up.overdue <- open\n"
		"[   5d1ms] anna follow_up.escalated <- overdue\n");
	story_end(s);
}

static void a_follow_up_is_closed_by_the_contact_that_answers_it_or_by_hand(void **state)
{
	struct sim *s = domain(follow_up);

	(void)state;
	sim_send(s, "till/1 anna buys 1000\n" "web/1 anna complains c1 staff\n"
		"till/2 bert buys 1000\n" "web/2 bert complains c2 staff\n");
	sim_until(s, "3d");
	free(sim_trace_take(s));
	sim_send(s, "crm/1 anna called\n");
	assert_true(sim_command(s, "done bert answer"));
	free(sim_trace_take(s));
	sim_until(s, "7d");
	SIM_TRACE(s, ""); /* neither is overdue */
	story_end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_referral_reaches_who_is_brought_in_and_credits_who_brought_them_once_they_buy),
		cmocka_unit_test(several_ids_of_one_person_are_judged_as_one_and_taken_apart_exactly),
		cmocka_unit_test(people_roll_up_into_a_company_with_a_stage_and_a_risk_of_its_own),
		cmocka_unit_test(
			a_market_signal_covers_a_region_or_a_segment_whatever_each_of_them_did),
		cmocka_unit_test(
		what_asks_for_action_opens_a_follow_up_with_one_owner_a_due_time_and_an_escalation),
		cmocka_unit_test(a_follow_up_is_closed_by_the_contact_that_answers_it_or_by_hand),
	};

	sim_failed = story_failed;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
