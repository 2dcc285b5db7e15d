/* SPDX-License-Identifier: Apache-2.0 */
/* Follow-ups: opened by what is announced, closed by whoever answers, late at solved instants. */
#include "tests/sim/story.h"

static const char rules[] =
	"calendar { hours mon..fri 9:00-17:00 }\n"
	"ladder stage {\n"
	"    suspect    potential\n"
	"    actual_one actual  when purchases >= 1\n"
	"    lapsed     potential when purchases >= 1 and silence > 300d\n"
	"}\n"
	"risk silent    severity high  when purchases >= 1 and silence > 30d\n"
	"risk complaint when complaint_age > 1d\n"
	"follow_up call_back on risk.silent owner account_manager or \"sales desk\"\n"
	"    due 2d escalate 4d to \"head of sales\" outcome 20d\n"
	"follow_up answer on risk.complaint owner \"service\" due 2 business days\n"
	"follow_up win_back on customer.lost due 7d\n";

static struct sim *begin(void)
{
	return sim_new(&(struct sim_options){ .seed = random_seed(1), .lifecycle = rules });
}

static const struct follow_up_counts *counts(struct sim *s, const char *customer, const char *name)
{
	unsigned i = sim_shard_of(s, customer);
	const struct follow_ups *all = &s->shard[i].follow_ups;
	static const struct follow_up_counts none;

	for (unsigned k = 0; k < all->n; k++)
		if (span_eq(env_name(s->env[i], all->list[k].name), span_str(name)))
			return &all->list[k];
	return &none;
}

static uint64_t rows(struct sim *s)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < s->o.shards; i++)
		n += env_follow_ups(s->env[i]);
	return n;
}

static void an_unanswered_one_is_overdue_then_goes_to_the_next_in_line(void **state)
{
	struct sim *s = begin();

	(void)state;
	sim_send(s, "till/1 anna buys 100\n");
	free(sim_trace_take(s));
	sim_until(s, "31d");
	SIM_TRACE(s, "[  30d1ms] anna risk.silent raised, follow_up.opened <- new, customer.at_risk\n");
	sim_crash(s);
	sim_start(s);
	sim_until(s, "40d");
	SIM_TRACE(s, "[  32d1ms] anna follow_up.overdue <- open\n"
		"[  34d1ms] anna follow_up.escalated <- overdue\n");
	assert_int_equal(counts(s, "anna", "follow_up.call_back")->escalated, 1);
	sim_until(s, "60d"); /* nobody acted, nobody came */
	assert_int_equal(counts(s, "anna", "follow_up.call_back")->outcomes[0], 1);
	assert_int_equal(counts(s, "anna", "follow_up.call_back")->came_back[0], 0);
	assert_int_equal(rows(s), 1);
	story_end(s);
}

static void a_contact_answers_it_and_a_purchase_is_its_outcome(void **state)
{
	struct sim *s = begin();
	const struct follow_up_counts *n;

	(void)state;
	sim_send(s, "till/1 anna buys 100\n");
	sim_until(s, "31d");
	free(sim_trace_take(s));
	sim_send(s, "crm/1 anna calls\n");
	SIM_TRACE(s, "");
	sim_send(s, "crm/2 anna called\n");
	SIM_TRACE(s, "[     31d] anna follow_up.closed <- open\n");
	sim_until(s, "40d");
	SIM_TRACE(s, "");
	sim_send(s, "till/2 anna buys 100\n");
	SIM_TRACE(s, "[     40d] anna risk.silent cleared, customer.recovered\n");
	sim_until(s, "51d");
	n = counts(s, "anna", "follow_up.call_back");
	assert_int_equal(n->in_time, 1);
	assert_int_equal(n->outcomes[1], 1);
	assert_int_equal(n->came_back[1], 1);
	assert_int_equal(rows(s), 0);
	story_end(s);
}

static void what_is_over_by_itself_asks_nobody(void **state)
{
	struct sim *s = begin();
	const struct follow_up_counts *n;

	(void)state;
	sim_send(s, "till/1 anna buys 100\n");
	sim_until(s, "31d");
	free(sim_trace_take(s));
	sim_send(s, "till/2 anna buys 100\n");
	SIM_TRACE(s, "[     31d] anna follow_up.closed <- open, risk.silent cleared, customer.recovered\n");
	sim_until(s, "52d");
	n = counts(s, "anna", "follow_up.call_back");
	assert_int_equal(n->over, 1);
	assert_int_equal(n->outcomes[0], 1);
	assert_int_equal(n->came_back[0], 1);
	free(sim_trace_take(s));
	story_end(s);
}

/* 1 January 2024 was a Monday: a complaint of Thursday 12:00 is raised on Friday 12:00. */
static void working_time_decides_when_it_is_overdue(void **state)
{
	struct sim *s = begin();

	(void)state;
	sim_until(s, "3d12h");
	sim_send(s, "shop/1 anna complains c-1\n");
	sim_until(s, "5d");
	SIM_TRACE(s, "[4d12h1ms] anna risk.complaint raised, follow_up.opened <- new, customer.at_risk\n");
	sim_until(s, "8d11h");
	SIM_TRACE(s, "");
	sim_until(s, "9d");
	SIM_TRACE(s, "[8d12h1ms] anna follow_up.overdue <- open\n");
	story_end(s);
}

/* Who moves is judged by the hours of where they live from then on: in the north it is a
 * holiday. */
static void a_region_has_working_time_of_its_own(void **state)
{
	struct sim *s = sim_new(&(struct sim_options){ .seed = random_seed(1), .lifecycle =
		"calendar { hours mon..fri 9:00-17:00 }\n"
		"calendar north { hours mon..fri 9:00-17:00 closed \"2024-01-02\" }\n"
		"region \"north\" in north\n"
		"risk complaint when complaint_age > 1 business day\n" });

	(void)state;
	sim_until(s, "12h"); /* Monday */
	sim_send(s, "crm/1 anna profile region=north\n" "shop/1 anna complains c-1\n"
		"shop/2 bert complains c-2\n" "shop/3 cora complains c-3\n");
	sim_until(s, "1d13h");
	SIM_TRACE(s, "[1d12h1ms] bert risk.complaint raised, customer.at_risk\n"
		"[1d12h1ms] cora risk.complaint raised, customer.at_risk\n");
	sim_send(s, "crm/2 bert profile region=north\n");
	SIM_TRACE(s, "[   1d13h] bert risk.complaint cleared, customer.recovered\n");
	sim_until(s, "3d");
	SIM_TRACE(s, "[2d12h1ms] anna risk.complaint raised, customer.at_risk\n"
		"[2d12h1ms] bert risk.complaint raised, customer.at_risk\n");
	story_end(s);
}

static void it_can_be_done_and_reassigned_by_hand(void **state)
{
	struct sim *s = begin();

	(void)state;
	sim_send(s, "till/1 anna buys 100\n");
	assert_false(sim_command(s, "done anna call_back"));
	sim_until(s, "31d");
	free(sim_trace_take(s));
	assert_false(sim_command(s, "done anna win_back"));
	assert_true(sim_command(s, "reassign anna bert"));
	SIM_TRACE(s, "[     31d] anna follow_up.reassigned <- open\n");
	assert_true(sim_command(s, "reassign anna bert")); /* his already, and nobody is told twice */
	SIM_TRACE(s, "");
	assert_true(sim_command(s, "done anna"));
	SIM_TRACE(s, "[     31d] anna follow_up.closed <- open\n");
	assert_false(sim_command(s, "done anna"));
	sim_until(s, "60d");
	SIM_TRACE(s, "");
	story_end(s);
}

static void what_is_withdrawn_asks_nobody(void **state)
{
	struct sim *s = begin();

	(void)state;
	sim_send(s, "till/1 anna buys 100\n");
	sim_until(s, "30d12h");
	free(sim_trace_take(s));
	sim_send(s, "till/2 anna buys 100 @29d\n"); /* the till was offline */
	assert_int_equal(counts(s, "anna", "follow_up.call_back")->retracted, 1);
	assert_int_equal(rows(s), 0);
	sim_until(s, "36d");
	free(sim_trace_take(s));
	story_end(s);
}

/* Nothing lost, nothing twice, wherever it dies. */
static void it_survives_kills_at_every_point(void **state)
{
	(void)state;
	for (unsigned p = POINT_BEFORE_WRITE; p < POINTS; p++) {
		struct sim *s = begin();
		char *text;
		unsigned lines = 0;

		sim_send(s, "till/1 anna buys 100\n" "till/2 bert buys 100\n");
		sim_crash_at(s, p);
		if (!sim_until(s, "31d") || !sim_checkpoint(s))
			sim_start(s);
		sim_until(s, "31d");
		sim_crash_at(s, p);
		if (!sim_until(s, "33d") || !sim_checkpoint(s))
			sim_start(s);
		sim_until(s, "36d");
		text = sim_trace_take(s);
		for (char *at = text; (at = strstr(at, "follow_up.")); at++)
			lines++;
		free(text);
		assert_int_equal(lines, 6); /* opened, overdue, escalated, of two */
		assert_int_equal(rows(s), 2);
		story_end(s);
	}
}

static void whoever_is_lost_is_nobody_s_to_keep_any_more(void **state)
{
	static const char keep[] =
		"ladder stage { suspect potential  buyer actual when purchases >= 1\n"
		"    lapsed potential when refunded >= spent and purchases >= 1 }\n"
		"risk complaint when complaint_age > 1d\n"
		"follow_up keep on customer.at_risk owner \"service\" due 30d\n";
	struct sim *s = sim_new(&(struct sim_options){ .seed = random_seed(1), .lifecycle = keep });

	(void)state;
	sim_send(s, "till/1 anna buys 100\nshop/1 anna complains c1 staff\n");
	sim_until(s, "2d");
	assert_int_equal(rows(s), 1);
	sim_send(s, "till/2 anna returns 100\n");
	assert_int_equal(counts(s, "anna", "follow_up.keep")->over, 1);
	sim_until(s, "60d");
	assert_int_equal(counts(s, "anna", "follow_up.keep")->overdue, 0);
	story_end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unanswered_one_is_overdue_then_goes_to_the_next_in_line),
		cmocka_unit_test(a_contact_answers_it_and_a_purchase_is_its_outcome),
		cmocka_unit_test(what_is_over_by_itself_asks_nobody),
		cmocka_unit_test(working_time_decides_when_it_is_overdue),
		cmocka_unit_test(a_region_has_working_time_of_its_own),
		cmocka_unit_test(it_can_be_done_and_reassigned_by_hand),
		cmocka_unit_test(what_is_withdrawn_asks_nobody),
		cmocka_unit_test(it_survives_kills_at_every_point),
		cmocka_unit_test(whoever_is_lost_is_nobody_s_to_keep_any_more),
	};

	sim_failed = story_failed;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
