/* SPDX-License-Identifier: Apache-2.0 */
/* Withdrawal, against brute force: however events are shuffled and delayed, what was announced
 * minus what was withdrawn is what the same events tell in time. */
#include "tests/sim/crowd.h"
#include "tests/sim/model.h"
#include "tests/sim/story.h"

#define EVENTS_MAX 400
#define CHANGES_SEEN_MAX 40000

/* A change that stands, by its names. */
struct seen {
	uint32_t shard;
	uint64_t sequence;
	char customer[132], line[64], type[64], from[48], to[48];
	int64_t at_ms;
};

struct tale {
	unsigned n;
	struct seen *seen;
	uint64_t withdrawn;
	struct model *model; /* of a run through a sim */
};

static void tale_init(struct tale *t)
{
	*t = (struct tale){ .seen = calloc(CHANGES_SEEN_MAX, sizeof *t->seen) };
}

static void text(char *to, size_t size, struct span from)
{
	snprintf(to, size, "%.*s", (int)from.size, (const char *)from.data);
}

static void tale_add(struct tale *t, const struct notification *n)
{
	bool crossing = n->type.size > 9 && memcmp(n->type.data, "customer.", 9) == 0;
	struct seen *seen = &t->seen[t->n++];

	assert_true(t->n <= CHANGES_SEEN_MAX);
	*seen = (struct seen){ .shard = n->shard, .sequence = n->sequence, .at_ms = n->at_ms };
	text(seen->customer, sizeof seen->customer, n->customer);
	text(seen->type, sizeof seen->type, n->type);
	text(seen->from, sizeof seen->from, n->from);
	text(seen->to, sizeof seen->to, n->to);
	text(seen->line, sizeof seen->line, !crossing && span_eq(n->ladder, span_str("risk")) ?
		n->type : n->ladder);
	if (crossing) {
		memmove(seen->line + 9, seen->line, sizeof seen->line - 10);
		memcpy(seen->line, "crossing ", 9);
	}
}

static void tale_take_back(struct tale *t, const struct notification *n)
{
	char id[48], mine[48];

	text(id, sizeof id, n->retracts);
	t->withdrawn++;
	for (unsigned i = 0; i < t->n; i++) {
		snprintf(mine, sizeof mine, "%u-%llu", t->seen[i].shard,
			(unsigned long long)t->seen[i].sequence);
		if (strcmp(id, mine) != 0)
			continue;
		memmove(&t->seen[i], &t->seen[i + 1], (t->n - i - 1) * sizeof t->seen[0]);
		t->n--;
		return;
	}
	fail_msg("%s was withdrawn, and does not stand", id);
}

static void on_note(void *arg, const struct notification *n)
{
	struct tale *t = arg;

	model_note(t->model, n); /* its promises, too */
	if (n->retracts.size)
		tale_take_back(t, n);
	else
		tale_add(t, n);
}

static bool same_instant(const struct seen *a, const struct seen *b)
{
	return a->at_ms == b->at_ms && strcmp(a->customer, b->customer) == 0 &&
		strcmp(a->line, b->line) == 0;
}

static int by_place(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;
	int c = strcmp(x->customer, y->customer);

	c = c ? c : strcmp(x->line, y->line);
	c = c ? c : (x->at_ms > y->at_ms) - (x->at_ms < y->at_ms);
	return c ? c : (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

/* What several events of one millisecond did is one step; a step to where one was is none. */
static void tale_net(struct tale *t)
{
	unsigned n = 0;

	qsort(t->seen, t->n, sizeof t->seen[0], by_place);
	for (unsigned i = 0, k; i < t->n; i = k) {
		struct seen net = t->seen[i];
		bool crossing = strncmp(net.line, "crossing ", 9) == 0;

		for (k = i + 1; k < t->n && same_instant(&t->seen[i], &t->seen[k]); k++)
			;
		memcpy(net.to, t->seen[k - 1].to, sizeof net.to);
		memcpy(net.type, t->seen[k - 1].type, sizeof net.type);
		if (net.from[0] == '\0') /* just met; who was met a moment before stood there */
			strcpy(net.from, strcmp(net.line, "phase") == 0 ? "exploration" : "suspect");
		if (crossing) /* that it was crossed is what counts */
			net.from[0] = net.to[0] = '\0';
		/* Two of one kind: at risk, lost, won back and at risk again. */
		if (crossing ? (k - i) % 2 == 1 || strcmp(t->seen[i].type, net.type) == 0 :
			strcmp(net.from, net.to) != 0)
			t->seen[n++] = net;
	}
	t->n = n;
}

static void show(const struct seen *s, const char *whose)
{
	char at[48];

	print_error("%s: %s %s %s -> %s at %s\n", whose, s->customer, s->type, s->from, s->to,
		sim_offset(s->at_ms, at));
}

static void same_tale(struct tale *a, struct tale *b, const char *what, uint64_t seed)
{
	unsigned n = a->n > b->n ? a->n : b->n;

	for (unsigned i = 0; i < n; i++) {
		const struct seen *x = &a->seen[i], *y = &b->seen[i];

		if (i < a->n && i < b->n && same_instant(x, y) && strcmp(x->type, y->type) == 0 &&
			strcmp(x->from, y->from) == 0 && strcmp(x->to, y->to) == 0)
			continue;
		if (i < a->n)
			show(x, "told in time");
		if (i < b->n)
			show(y, what);
		fail_msg("seed %llu: another story", (unsigned long long)seed);
	}
}

/* ---- the world */

struct world {
	struct random random;
	uint64_t seed;
	unsigned customers, n;
	int64_t span_ms, window_ms, until_ms;
	bool ties, crashes;
	const char *lifecycle;
	struct crowd crowd;
	int64_t *arrives_ms; /* of each event of the crowd, in the order of time */
	unsigned *order;     /* of arrival */
};

static int by_time(const void *a, const void *b)
{
	int64_t x = ((const struct event *)a)->time_ms, y = ((const struct event *)b)->time_ms;

	return (x > y) - (x < y);
}

/* Half of all events are late. */
static int64_t delay(struct world *w)
{
	if (random_below(&w->random, 2))
		return 0;
	return (int64_t)random_below(&w->random, (uint64_t)w->window_ms + 1);
}

static void world_make(struct world *w)
{
	struct crowd *c = &w->crowd;

	w->random = (struct random){ w->seed };
	crowd_init(c, &w->random, w->n);
	while (c->n < w->n) {
		bool tie = w->ties && c->n > 0 && random_below(&w->random, 4) == 0;
		unsigned i = crowd_event(c, tie ? c->events[random_below(&w->random, c->n)].time_ms :
			SIM_BEGIN_MS + (int64_t)random_below(&w->random, (uint64_t)w->span_ms) /
			(w->n + 1) * (w->n + 1) + (int64_t)c->n);

		c->events[i].sequence = 0;
		/* Of whom nothing else is heard: a credit for those who buy is told when it is
		 * known, not when it was earned (docs/WITHDRAWAL.md). */
		if (c->events[i].body == BODY_REFERRAL)
			c->events[i].as.referral.customer =
				span_str(crowd_customer[12 + random_below(&w->random, 8)]);
		c->events[i].customer =
			span_str(crowd_customer[random_below(&w->random, w->customers)]);
	}
	qsort(c->events, c->n, sizeof *c->events, by_time);
	w->arrives_ms = calloc(w->n, sizeof *w->arrives_ms);
	w->order = calloc(w->n, sizeof *w->order);
	for (unsigned i = 0; i < w->n; i++) {
		w->arrives_ms[i] = c->events[i].time_ms + delay(w);
		w->order[i] = i;
	}
}

static const int64_t *order_by;

static int by_arrival(const void *a, const void *b)
{
	unsigned i = *(const unsigned *)a, k = *(const unsigned *)b;

	if (order_by[i] != order_by[k])
		return order_by[i] > order_by[k] ? 1 : -1;
	return i > k ? 1 : -1;
}

static void world_fini(struct world *w)
{
	crowd_fini(&w->crowd);
	free(w->arrives_ms);
	free(w->order);
}

static void until(struct world *w, struct sim *s, int64_t at_ms)
{
	if (w->crashes && random_below(&w->random, 6) == 0)
		sim_crash_at(s, POINT_BEFORE_WRITE + random_below(&w->random, 5));
	while (!sim_until_ms(s, at_ms))
		sim_start(s);
}

static void send(struct world *w, struct sim *s, const struct event *e, uint64_t number)
{
	if (w->crashes && random_below(&w->random, 6) == 0)
		sim_crash_at(s, POINT_BEFORE_WRITE + random_below(&w->random, 5));
	do {
		if (!s->running)
			sim_start(s);
		sim_submit(s, number, false, e, 1);
	} while (!sim_flush(s)); /* again, as a sender would */
	if (random_below(&w->random, 8) == 0) { /* and once too often */
		sim_submit(s, number, false, e, 1);
		while (!sim_flush(s))
			sim_start(s);
	}
	if (random_below(&w->random, 16) == 0 && !sim_checkpoint(s))
		sim_start(s);
}

/* Through journal, store and shards, in the order of arrival, or without delays of time. */
static void live(struct world *w, bool delayed, struct tale *t)
{
	struct sim *s = sim_new(&(struct sim_options){ .seed = w->seed, .lifecycle = w->lifecycle,
		.settings = { .guard_window_ms = 1000 * DAY_MS,
		.outbox_keep = 1000000, .outbox_keep_ms = 1000 * DAY_MS, .history_keep = 32,
		.outbox_keep_bytes = 1u << 30, .late_window_ms = w->window_ms } });
	struct model *model = malloc(sizeof *model);

	model_init(model, s, &w->crowd);
	t->model = model;
	s->arg = t;
	s->on_note = on_note;
	order_by = w->arrives_ms;
	if (delayed)
		qsort(w->order, w->n, sizeof *w->order, by_arrival);
	for (unsigned i = 0; i < w->n; i++) {
		unsigned k = delayed ? w->order[i] : i;

		until(w, s, delayed ? w->arrives_ms[k] : w->crowd.events[k].time_ms);
		send(w, s, &w->crowd.events[k], i + 1);
	}
	until(w, s, w->until_ms);
	sim_check(s);
	model_fini(model);
	free(model);
	sim_free(s);
	tale_net(t);
}

/* ---- brute force: each event as if it had come in time, by the pure functions alone */

struct brute {
	const struct machine *machine;
	struct tale *tale;
	struct standing standing;
	struct facts facts;
	struct span customer;
};

static void brute_judge(struct brute *b, int64_t at_ms)
{
	struct change changes[CHANGES_MAX];
	struct verdict v;
	unsigned n;

	machine_judge(b->machine, &b->facts, at_ms, &v);
	n = standing_move(&b->standing, b->machine, &v, at_ms, changes);
	for (unsigned i = 0; i < n; i++) {
		struct notification note = { .customer = b->customer };

		change_describe(&changes[i], b->machine, &b->facts, NULL, span_of(NULL, 0), &note);
		note.customer = b->customer;
		note.sequence = b->tale->n;
		tale_add(b->tale, &note);
	}
	b->standing.due_ms = machine_next_change(b->machine, &b->facts, at_ms, &v);
}

static void brute_until(struct brute *b, int64_t at_ms)
{
	while (b->standing.due_ms <= at_ms)
		brute_judge(b, b->standing.due_ms);
}

static void brute_force(struct world *w, struct tale *t)
{
	struct complaint c = { 0 };
	struct machine *m;
	struct brute *b = malloc(sizeof *b);

	assert_int_equal(machine_compile(w->lifecycle, strlen(w->lifecycle), &m, &c), 0);
	for (unsigned who = 0; who < CROWD_CUSTOMERS; who++) {
		*b = (struct brute){ .machine = m, .tale = t, .customer = span_str(crowd_customer[who]) };
		standing_init(&b->standing);
		facts_init(&b->facts);
		for (unsigned i = 0; i < w->n; i++) {
			const struct event *e = &w->crowd.events[i];

			brute_until(b, e->time_ms);
			if (span_eq(e->customer, b->customer))
				facts_add(&b->facts, e, NULL);
			else if (e->body == BODY_REFERRAL &&
				span_eq(e->as.referral.customer, b->customer))
				facts_introduce(&b->facts, e->customer, e->time_ms);
			else
				continue;
			brute_judge(b, e->time_ms);
		}
		brute_until(b, w->until_ms);
	}
	machine_free(m);
	free(b);
	tale_net(t);
}

/* A file of random rules over what moves and what does not. */
static const char *random_lifecycle(struct random *r, char *out, size_t size)
{
	static const char *const tests[] = { "purchases >= %u", "silence > %ud", "contacts >= %u",
		"purchase_days >= %u", "spent > %u0000", "refunds >= %u", "spend_trend < %u0%%",
		"open_complaints >= %u", "complaint_age > %ud", "need", "member",
		"contract_remaining < %ud", "competitor_age < %ud", "satisfaction < 0",
		"refunded >= spent", "silence > %u * usual_gap", "purchase_rate > %u", "events > %u" };
	static const char *const stage[] = { "prospect potential", "buyer actual", "regular actual",
		"gone potential" };
	size_t n = (size_t)snprintf(out, size, "ladder stage {\n    suspect potential\n");

	for (unsigned rule = 0; rule < 11; rule++) {
		unsigned tests_of = 1 + (unsigned)random_below(r, 3);

		if (rule == 4)
			n += (size_t)snprintf(out + n, size - n, "}\nladder phase {\n    exploration\n");
		if (rule == 7)
			n += (size_t)snprintf(out + n, size - n, "}\n");
		n += rule < 4 ? (size_t)snprintf(out + n, size - n, "    %s when ", stage[rule]) :
			(size_t)snprintf(out + n, size - n, rule < 7 ? "    p%u when " :
				"risk r%u severity high when ", rule);
		for (unsigned i = 0; i < tests_of; i++) {
			if (i)
				n += (size_t)snprintf(out + n, size - n, random_below(r, 2) ? " and " :
					" or ");
			n += (size_t)snprintf(out + n, size - n, "(");
			n += (size_t)snprintf(out + n, size - n, tests[random_below(r,
				sizeof tests / sizeof *tests)], 1 + (unsigned)random_below(r, 9));
			n += (size_t)snprintf(out + n, size - n, ")");
		}
		n += (size_t)snprintf(out + n, size - n, "\n");
	}
	assert_true(n < size);
	return out;
}

static uint64_t withdrawn_in_all;

static void compare(struct world *w)
{
	struct tale brute, in_time, late;

	tale_init(&brute);
	tale_init(&in_time);
	tale_init(&late);
	world_make(w);
	live(w, true, &late);
	live(w, false, &in_time);
	same_tale(&in_time, &late, "told late", w->seed);
	if (!w->ties) {
		brute_force(w, &brute);
		same_tale(&brute, &late, "told late", w->seed);
		assert_int_equal(in_time.withdrawn, 0);
	}
	withdrawn_in_all += late.withdrawn;
	world_fini(w);
	free(brute.seen);
	free(in_time.seen);
	free(late.seen);
}

static void announcements_minus_withdrawals_are_those_of_the_events_told_in_time(void **state)
{
	uint64_t seed = random_seed(1);
	char text_of_rules[4096];

	(void)state;
	withdrawn_in_all = 0;
	for (unsigned run = 0; run < random_runs(24); run++, seed++) {
		struct random r = { seed };
		struct world w = { .seed = seed, .customers = 6 + (unsigned)random_below(&r, 6), .n = 160,
			.crashes = seed % 4 == 3, .ties = seed % 3 == 2 };

		w.until_ms = SIM_BEGIN_MS + 400 * DAY_MS;
		w.window_ms = (random_below(&r, 2) ? 3 : 12) * DAY_MS;
		/* so sparse that a trail is long enough for the window */
		w.span_ms = w.window_ms * (int64_t)(12 + random_below(&r, 20));
		w.lifecycle = seed % 4 == 0 ? sim_shop : seed % 4 == 1 ? sim_other_shop :
			random_lifecycle(&r, text_of_rules, sizeof text_of_rules);
		compare(&w);
	}
	print_message("# %llu withdrawn\n", (unsigned long long)withdrawn_in_all);
	assert_true(withdrawn_in_all > 2 * random_runs(24)); /* or it proves nothing */
}

/* Many events within the window: the older part of the trail is folded away again and again. */
static void whoever_comes_every_few_minutes_is_withdrawn_as_far_as_the_trail_goes(void **state)
{
	uint64_t seed = random_seed(1);

	(void)state;
	for (unsigned run = 0; run < random_runs(4); run++, seed++) {
		struct world w = { .seed = seed, .customers = 2, .n = EVENTS_MAX, .lifecycle = sim_shop,
			.span_ms = EVENTS_MAX * INT64_C(300000), .window_ms = 900000 };

		w.until_ms = SIM_BEGIN_MS + 400 * DAY_MS;
		compare(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(announcements_minus_withdrawals_are_those_of_the_events_told_in_time),
		cmocka_unit_test(whoever_comes_every_few_minutes_is_withdrawn_as_far_as_the_trail_goes),
	};

	sim_failed = story_failed;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
