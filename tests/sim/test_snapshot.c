/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of a snapshot, taken at any moment between inputs and through crashes, together with the
 * notifications after them, give exactly where everybody stands; and a time is found in the
 * outbox. */
#include "tests/sim/crowd.h"
#include "tests/sim/story.h"
#include "workers/query.h"
#include "workers/seek.h"
#include "workers/snapshot.h"

#define NAME_SIZE 64

/* What one customer is known to be. */
struct known {
	char rung[SNAPSHOT_PLACES_MAX][2][NAME_SIZE]; /* ladder, rung */
	unsigned n_rungs;
	char risk[SNAPSHOT_RISKS_MAX][NAME_SIZE];     /* "" where one was */
	unsigned n_risks;
	uint64_t as_of;                               /* of the page that spoke of them */
};

struct picture {
	struct known of[CROWD_CUSTOMERS];
	char after[SIM_SHARDS_MAX][EVENT_CUSTOMER_MAX + 1];
	bool done[SIM_SHARDS_MAX];
	unsigned pages, told; /* notifications that were in a page already */
};

static void copy(char out[NAME_SIZE], struct span s)
{
	assert_true(s.size < NAME_SIZE);
	if (s.size)
		memcpy(out, s.data, s.size);
	out[s.size] = '\0';
}

static struct known *known_of(struct picture *p, struct span customer)
{
	for (unsigned i = 0; i < CROWD_CUSTOMERS; i++)
		if (span_eq(span_str(crowd_customer[i]), customer))
			return &p->of[i];
	return NULL;
}

static void set_rung(struct known *k, struct span ladder, struct span rung)
{
	unsigned i = 0;

	while (i < k->n_rungs && !span_eq(span_str(k->rung[i][0]), ladder))
		i++;
	if (i == k->n_rungs)
		copy(k->rung[k->n_rungs++][0], ladder);
	copy(k->rung[i][1], rung);
}

static bool has_risk(const struct known *k, struct span name)
{
	for (unsigned i = 0; i < k->n_risks; i++)
		if (span_eq(span_str(k->risk[i]), name))
			return true;
	return false;
}

static void set_risk(struct known *k, struct span name, bool raised)
{
	for (unsigned i = 0; i < k->n_risks; i++)
		if (span_eq(span_str(k->risk[i]), name))
			copy(k->risk[i], span_of(NULL, 0));
	for (unsigned i = 0; raised && i <= k->n_risks; i++)
		if (i == k->n_risks || k->risk[i][0] == '\0') {
			k->n_risks += i == k->n_risks;
			copy(k->risk[i], name);
			return;
		}
}

static void take_row(struct picture *p, const struct snapshot_row *r)
{
	struct known *k = known_of(p, r->customer);

	if (!k)
		return; /* whom somebody of the crowd has brought in */
	k->n_rungs = k->n_risks = 0;
	for (unsigned i = 0; i < r->n_places; i++)
		set_rung(k, r->places[i].ladder, r->places[i].rung);
	for (unsigned i = 0; i < r->n_risks; i++)
		set_risk(k, r->risks[i].name, true);
}

/* A page of at most LIMIT customers, as daemon/snapshots.c asks for it. */
static void take_page(struct sim *s, struct picture *p, unsigned shard, unsigned limit)
{
	struct query *q = query_new(QUERY_SNAPSHOT, NULL, NULL);
	struct arena *a = arena_new(4096, 1 << 20);
	struct snapshot_page page = { .shard = shard };
	struct buf out = { 0 };
	struct delivery d;
	struct span after = span_str(p->after[shard]);
	char upto[EVENT_CUSTOMER_MAX + 1] = "";

	assert_true(q && a);
	buf_add(&q->key, after.data, after.size);
	q->cap_notes = limit;
	query_answer(&s->shard[shard], q);
	assert_int_equal(q->rc, 0);
	page.as_of = q->upto;
	delivery_add_page(&out, &page, span_of(q->notes.bytes.data, q->notes.bytes.size));
	assert_int_equal(delivery_decode(&d, out.data, out.size, a), 0);
	assert_true(d.page->n_rows <= limit);
	for (unsigned i = 0; i < d.page->n_rows; i++)
		take_row(p, &d.page->rows[i]);
	/* everybody behind the old cursor up to the new one is known as of now, row or none */
	memcpy(upto, q->key.data, q->key.size);
	for (unsigned i = 0; i < CROWD_CUSTOMERS; i++)
		if (sim_shard_of(s, crowd_customer[i]) == shard &&
			strcmp(crowd_customer[i], p->after[shard]) > 0 &&
			(q->done || strcmp(crowd_customer[i], upto) <= 0))
			p->of[i].as_of = page.as_of;
	strcpy(p->after[shard], upto);
	p->done[shard] = q->done;
	p->pages++;
	buf_fini(&out);
	arena_free(a);
	query_free(q);
}

/* Nobody is said to be on LADDER any more: they stand at its foot. */
static void drop_rung(struct known *k, struct span ladder)
{
	for (unsigned i = 0; i < k->n_rungs; i++)
		if (span_eq(span_str(k->rung[i][0]), ladder)) {
			memcpy(k->rung[i], k->rung[--k->n_rungs], sizeof k->rung[0]);
			return;
		}
}

/* A withdrawal is undone: from TO back to FROM. */
static void take_back(struct known *k, const struct notification *n)
{
	static const size_t suffix = sizeof ".retracted" - 1;

	if (n->type.size > 5 && memcmp(n->type.data, "risk.", 5) == 0)
		set_risk(k, span_of(n->type.data + 5, n->type.size - 5 - suffix),
			span_eq(n->from, span_str("raised")));
	else if (n->type.size > 9 && memcmp(n->type.data, "customer.", 9) == 0)
		return;
	else if (n->from.size)
		set_rung(k, n->ladder, n->from);
	else
		drop_rung(k, n->ladder);
}

static void take_notification(struct picture *p, const struct notification *n)
{
	struct known *k = known_of(p, n->customer);
	char id[2 * NAME_SIZE];

	if (!k)
		return;
	if (n->sequence <= k->as_of) {
		p->told++;
		return;
	}
	if (n->retracts.size) {
		take_back(k, n);
		return;
	}
	if (n->type.size > 5 && memcmp(n->type.data, "risk.", 5) == 0) {
		set_risk(k, span_of(n->type.data + 5, n->type.size - 5),
			span_eq(n->to, span_str("raised")));
		return;
	}
	snprintf(id, sizeof id, "%.*s.%.*s", (int)n->ladder.size, (const char *)n->ladder.data,
		(int)n->to.size, (const char *)n->to.data);
	if (span_eq(n->type, span_str(id)))
		set_rung(k, n->ladder, n->to);
}

static void take_notifications(struct sim *s, struct picture *p)
{
	struct arena *a = arena_new(4096, 1 << 20);
	struct notification n;

	for (unsigned shard = 0; shard < s->o.shards; shard++)
		for (uint64_t i = 0; i < s->n_handed[shard]; i++) {
			const struct sim_handed *h = &s->handed[shard][i];

			arena_reset(a);
			assert_int_equal(notification_decode(&n, h->bytes, h->size, a), 0);
			take_notification(p, &n);
		}
	arena_free(a);
}

/* Who never moved on a ladder stands at its foot, and nobody was told. */
static bool is_foot(const struct sim *s, const char *ladder, const char *rung)
{
	const struct machine *m = s->lifecycle->machine;

	for (unsigned l = 0; l < m->n_ladders; l++)
		if (span_eq(m->ladders[l].name, span_str(ladder)))
			return span_eq(m->ladders[l].rungs[0].name, span_str(rung));
	return false;
}

static void compare(const struct sim *s, const struct known *found, const struct known *now)
{
	for (unsigned i = 0; i < now->n_rungs; i++) {
		unsigned f = 0;

		while (f < found->n_rungs && strcmp(found->rung[f][0], now->rung[i][0]) != 0)
			f++;
		if (f < found->n_rungs)
			assert_string_equal(found->rung[f][1], now->rung[i][1]);
		else
			assert_true(is_foot(s, now->rung[i][0], now->rung[i][1]));
	}
	for (unsigned i = 0; i < now->n_risks; i++)
		assert_true(has_risk(found, span_str(now->risk[i])));
	for (unsigned i = 0; i < found->n_risks; i++)
		assert_true(found->risk[i][0] == '\0' || has_risk(now, span_str(found->risk[i])));
}

static void check_picture(struct sim *s, struct picture *p)
{
	struct picture *now = calloc(1, sizeof *now);

	for (unsigned shard = 0; shard < s->o.shards; shard++)
		while (!now->done[shard])
			take_page(s, now, shard, SNAPSHOT_ROWS_MAX);
	take_notifications(s, p);
	for (unsigned i = 0; i < CROWD_CUSTOMERS; i++)
		compare(s, &p->of[i], &now->of[i]);
	free(now);
}

/* The shard whose page comes next; false when all are done. */
static bool next_shard(const struct sim *s, const struct picture *p, unsigned *ret_shard)
{
	for (*ret_shard = 0; *ret_shard < s->o.shards; ++*ret_shard)
		if (!p->done[*ret_shard])
			return true;
	return false;
}

static void live(struct sim *s, struct picture *p, unsigned events)
{
	struct crowd c;
	unsigned shard;

	crowd_init(&c, &s->random, events);
	for (unsigned i = 0; i < events; i++) {
		sim_until_ms(s, s->now_ms + (int64_t)random_below(&s->random, DAY_MS));
		(void)crowd_event(&c, s->now_ms - (int64_t)random_below(&s->random, 2 * DAY_MS));
		/* history is told to nobody, but is in the pages that come later */
		sim_submit(s, i + 1, i < events / 3 && i % 9 == 0, &c.events[i], 1);
		assert_true(sim_flush(s));
		if (random_below(&s->random, 10) == 0)
			sim_checkpoint_shard(s, (unsigned)random_below(&s->random, s->o.shards));
		if (random_below(&s->random, 25) == 0) {
			sim_crash(s);
			sim_start(s);
		}
		if (i > events / 3 && random_below(&s->random, 8) == 0 && next_shard(s, p, &shard))
			take_page(s, p, shard, 1 + (unsigned)random_below(&s->random, 3));
	}
	while (next_shard(s, p, &shard))
		take_page(s, p, shard, 2);
	crowd_fini(&c);
}

static void pages_and_the_notifications_after_them_are_exact_through_crashes(void **state)
{
	unsigned told = 0;

	(void)state;
	for (uint64_t seed = random_seed(1), end = seed + random_runs(6); seed < end; seed++) {
		struct sim *s = sim_new(&(struct sim_options){ .seed = seed,
			.shards = 1 + (unsigned)seed % 3 });
		struct picture *p = calloc(1, sizeof *p);

		live(s, p, 400);
		check_picture(s, p);
		told += p->told;
		free(p);
		sim_free(s);
	}
	assert_true(told > 0); /* or it has shown nothing */
}

static uint64_t seek_by_hand(const struct sim *s, unsigned shard, int64_t from_ms)
{
	uint64_t first = env_meta(s->env[shard])->outbox_first, at = first;

	while (at <= s->n_handed[shard] && notification_noticed(span_of(
		s->handed[shard][at - 1].bytes, s->handed[shard][at - 1].size)) < from_ms)
		at++;
	return at - 1;
}

static void a_time_is_found_in_the_outbox_as_by_looking_at_all_of_it(void **state)
{
	struct settings settings = settings_default;
	struct picture *p = calloc(1, sizeof *p);
	struct sim *s;

	(void)state;
	settings.outbox_keep = 60; /* the oldest have gone */
	s = sim_new(&(struct sim_options){ .seed = random_seed(1), .shards = 2,
		.settings = settings });
	live(s, p, 300);
	for (unsigned shard = 0; shard < 2; shard++)
		for (int64_t ms = SIM_BEGIN_MS - DAY_MS; ms < s->now_ms + 2 * DAY_MS;
			ms += DAY_MS / 7) {
			uint64_t found = 0;

			assert_int_equal(outbox_seek(&s->shard[shard], ms, &found), 0);
			assert_int_equal(found, seek_by_hand(s, shard, ms));
		}
	free(p);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_and_the_notifications_after_them_are_exact_through_crashes),
		cmocka_unit_test(a_time_is_found_in_the_outbox_as_by_looking_at_all_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
