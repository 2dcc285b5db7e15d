/* SPDX-License-Identifier: Apache-2.0 */
/* The default file, as shops run it: what is told of a customer, at which instants, and when they are
 * looked at next is the same whether only what an event can have touched is asked, or everything. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "lifecycle/parameters.h"
#include "look_both.h"

/* Mostly purchases; some of what was bought comes back, in part or as a whole. */
static void shop_event(struct random *r, unsigned number, char ids[][RANDOM_ID_SIZE],
	const struct event *before, struct event *e)
{
	const struct event *bought = number ? &before[number - 1 - random_below(r, number) / 4] : NULL;

	random_event(r, number, ids[number], e);
	if (random_below(r, 4)) {
		e->body = BODY_PURCHASE;
		random_purchase(r, e);
		e->as.purchase.amount /= (int64_t)(1 + random_below(r, 100));
	} else if (random_below(r, 2) && bought && bought->body == BODY_PURCHASE) {
		e->body = BODY_REFUND;
		random_body(r, e);
		e->as.refund.order = bought->as.purchase.order;
		e->as.refund.amount = bought->as.purchase.amount / (int64_t)(1 + random_below(r, 2));
	} else if (e->body == BODY_CONTRACT) {
		e->as.contract.ends_ms = RANDOM_BEGIN_MS + (int64_t)random_below(r, 2000) * DAY;
	}
}

static void cut_at(struct parameters *p, const char *quantity, double share, double bound)
{
	struct cut *c = &p->cuts[p->n_cuts++];

	(void)snprintf(c->quantity, sizeof c->quantity, "%s", quantity);
	c->share = share;
	c->bound = bound;
}

/* Cut-offs where these customers are. */
static void take_ranks(struct random *r, struct machine *m)
{
	struct parameters p = { .version = 1 };
	double worth = (double)(1 + random_below(r, 2000000));

	for (unsigned i = 0; i < m->n_tests; i++)
		if (m->tests[i].top > 0 && p.n_cuts < TOPS_MAX)
			cut_at(&p, quantity_name(m->tests[i].quantity), m->tests[i].top,
				worth * pow(m->tests[i].top, -.5));
	machine_take_parameters(m, &p);
}

static void live(struct two *t, uint64_t seed, struct machine *m)
{
	static char ids[EVENTS][RANDOM_ID_SIZE];
	struct event events[EVENTS];
	unsigned n;

	memset(t, 0, sizeof *t);
	t->r.state = seed;
	t->m = m;
	n = 2 + (unsigned)random_below(&t->r, EVENTS - 2);
	for (unsigned i = 0; i < n; i++)
		shop_event(&t->r, i, ids, events, &events[i]);
	if (random_below(&t->r, 4))
		cluster(&t->r, events, n);
	facts_init(&t->f);
	facts_adopt(&t->f, m);
	standing_init(&t->eager);
	standing_init(&t->lazy);
	happens_at_times(t, events, n);
	settle_both(t, RANDOM_BEGIN_MS + 20 * RANDOM_SPAN_MS);
	settle_both(t, SOLVE_HORIZON_MS);
	assert_int_equal(t->lazy.due_ms, t->eager.due_ms);
}

static void many_live_by(struct span file, uint64_t otherwise, unsigned runs)
{
	uint64_t seed = random_seed(otherwise);
	unsigned looks = 0, left = 0;
	size_t told = 0;

	for (unsigned run = 0; run < runs; run++) {
		struct random r = { seed * 1000003 + run };
		struct machine *m = compile_span(file);
		static struct two t;

		if (run % 3)
			take_ranks(&r, m);
		live(&t, random_next(&r), m);
		looks += t.looks;
		left += t.left;
		told += t.told.size;
		machine_free(m);
		buf_fini(&t.told);
		buf_fini(&t.told_lazily);
	}
	if (getenv("VERBOSE"))
		print_message("%u events, %u left the instant, %zu bytes told\n", looks, left, told);
	assert_true(left > looks / 4);
	assert_true(told > runs * 100);
}

static void by_the_default_file_looking_lazily_tells_the_same(void **state)
{
	(void)state;
	many_live_by(machine_default_text(), 5, random_runs(400));
}

/* Ranks of what does not move with time are compared without a law. */
static void by_ranks_and_own_facts_looking_lazily_tells_the_same(void **state)
{
	static const char file[] =
		"fact big = count of purchase where amount >= 5000\n"
		"fact wrote = last of contact\n"
		"ladder worth {\n low\n high when spent >= top 20%\n best when spent >= top 5% and purchases >= 3\n}\n"
		"ladder mood {\n none\n warm when wrote < 20d and big >= 1\n"
		" cold when silence > 90d and not alive > 50%\n}\n"
		"risk slow when overdue > 1.5 or expected_next < -40d\n"
		"risk cooling when (silence > 30d or idle > 60d) and not tenure > 400d\n"
		"risk rich when historic_value >= top 10% and contact_age > 10d\n";

	(void)state;
	many_live_by(span_str(file), 6, random_runs(400));
}

/* An event may make somebody one of another class, and a purchase brings another season. */
static void by_classes_and_seasons_looking_lazily_tells_the_same(void **state)
{
	static const char file[] =
		"rhythm for role in (agent, retailer) { alpha 200d  window 90d }\n"
		"rhythm for acquisition = web { alpha 5d }\n"
		"season { jan 0.7  apr 1.5  dec 1.8 }\n"
		"risk silent when active < 30% and overdue > 1\n"
		"risk doubtful when alive < 60%\n"
		"risk expected when expected_next < 2d and not active < 25%\n"
		"risk due when overdue > 0.8 or silence > 50d\n";

	(void)state;
	many_live_by(span_str(file), 7, random_runs(400));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_classes_and_seasons_looking_lazily_tells_the_same),
		cmocka_unit_test(by_the_default_file_looking_lazily_tells_the_same),
		cmocka_unit_test(by_ranks_and_own_facts_looking_lazily_tells_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
