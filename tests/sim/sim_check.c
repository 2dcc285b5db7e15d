/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold of every store at any time, without knowing what was sent to it. */
#include "tests/sim/sim.h"

#define TRAILS_MAX 100000

struct recount {
	uint64_t census[UINT16_MAX + 1];
	uint64_t customers, armed;
	uint32_t trails;            /* rows of this generation that somebody has, … */
	bool trail[2][TRAILS_MAX];  /* … and which, of both generations */
};

static void problem(void *arg, const char *text)
{
	sim_fail(arg, "verify: %s", text);
}

static void count_name(struct sim *s, unsigned shard, struct recount *r, struct span ladder,
	struct span rung)
{
	char id[200];

	snprintf(id, sizeof id, "%.*s.%.*s", (int)ladder.size, (const char *)ladder.data,
		(int)rung.size, (const char *)rung.data);
	r->census[sim_name(s, shard, id)]++;
}

/* By name, so that nothing is taken over from workers/census.c. */
static void count_customer(struct sim *s, unsigned shard, struct recount *r,
	const struct customer *c)
{
	const struct machine *m = s->shard[shard].lifecycle->machine;
	const struct verdict *v = &c->standing.verdict;

	r->customers++;
	if (customer_is_merged(c)) { /* with the person; may be armed for nothing */
		r->armed += c->armed_ms != 0;
		count_name(s, shard, r, span_str("customer"), span_str("merged"));
		return;
	}
	r->armed += c->armed_ms != 0;
	for (unsigned i = 0; c->stale && i < c->n_places; i++) {
		struct env *e = s->env[shard];
		char rung[100];
		struct span name = env_name(e, c->places[i].rung);

		snprintf(rung, sizeof rung, "%.*s", (int)name.size, (const char *)name.data);
		count_name(s, shard, r, c->places[i].ladder ? env_name(e, c->places[i].ladder) :
			span_str("risk"), span_str(rung));
	}
	for (unsigned i = 0; !c->stale && i < m->n_ladders; i++)
		if (v->rung[i] != RUNG_NONE)
			count_name(s, shard, r, m->ladders[i].name, m->ladders[i].rungs[v->rung[i]].name);
	for (unsigned i = 0; !c->stale && i < m->n_risks; i++)
		if (v->risks >> i & 1)
			count_name(s, shard, r, span_str("risk"), m->risks[i].name);
}

static void check_standing(struct sim *s, unsigned shard, const struct customer *c, bool drained)
{
	const struct machine *m = s->shard[shard].lifecycle->machine;
	if (customer_is_merged(c))
		return;
	int64_t due = c->standing.due_ms, now = s->o.event_clock ? s->event_ms : s->now_ms, next;
	struct verdict v;

	if (due != NEVER && (c->armed_ms == 0 || c->armed_ms > due))
		sim_fail(s, "%.*s is due at %lld and armed at %lld", c->id_size, c->id,
			(long long)due, (long long)c->armed_ms);
	if (c->stale || c->market_version != s->shard[shard].market.version)
		return;
	machine_judge(m, &c->facts, c->standing.settled_ms, &v);
	if (!verdict_equal(m, &v, &c->standing.verdict))
		sim_fail(s, "%.*s does not stand where the rules say", c->id_size, c->id);
	next = machine_next_change(m, &c->facts, c->standing.settled_ms, &v);
	if (next < due)
		sim_fail(s, "%.*s changes before anybody looks", c->id_size, c->id);
	if (next != due && (due <= c->quiet_until_ms || due <= c->standing.settled_ms))
		sim_fail(s, "%.*s is due at another instant", c->id_size, c->id);
	machine_judge(m, &c->facts, now, &v);
	if (drained && c->standing.settled_ms <= now && (due <= now ||
		!verdict_equal(m, &v, &c->standing.verdict)))
		sim_fail(s, "%.*s has changed, and nobody was told", c->id_size, c->id);
}

/* A customer's row is there, and is nobody else's. */
static void check_trail(struct sim *s, unsigned shard, struct recount *r, const struct customer *c)
{
	uint32_t now = s->shard[shard].stories.generation, generation = c->tail.generation;
	bool *mine = &r->trail[generation & 1][c->tail.row % TRAILS_MAX];
	struct span row;

	if (generation == 0 || generation + 1 < now)
		return;
	if (generation > now || c->tail.row >= TRAILS_MAX ||
		env_trail_get(s->env[shard], generation, c->tail.row, &row) != 0)
		sim_fail(s, "%.*s has no row %u of trails", c->id_size, c->id, c->tail.row);
	if (*mine)
		sim_fail(s, "%.*s has another's row %u of trails", c->id_size, c->id, c->tail.row);
	*mine = true;
	r->trails += generation == now;
}

/* None is nobody's: they are numbered as they come, so there is none behind as many as are had. */
static void check_trails(struct sim *s, unsigned shard, const struct recount *r)
{
	uint32_t now = s->shard[shard].stories.generation;
	struct span row;

	for (uint32_t i = 1; i <= r->trails; i++)
		if (!r->trail[now & 1][i])
			sim_fail(s, "shard %u: row %u of trails is nobody's", shard, i);
	if (now && env_trail_get(s->env[shard], now, r->trails + 1, &row) != ERR_NOTFOUND)
		sim_fail(s, "shard %u: there are more rows of trails than customers have", shard);
}

static void check_customers(struct sim *s, unsigned shard, struct recount *r, bool drained)
{
	uint8_t after[EVENT_CUSTOMER_MAX];
	struct customer *c = malloc(sizeof *c);
	struct span id, record;
	size_t size = 0;

	while (env_customer_next(s->env[shard], span_of(after, size), &id, &record) == 0) {
		size = id.size;
		memcpy(after, id.data, size);
		if (shard_customer(&s->shard[shard], span_of(after, size), c) != 0)
			sim_fail(s, "%.*s cannot be read", (int)size, after);
		if ((c->stale || c->market_version != s->shard[shard].market.version) &&
			!sweep_is_on(&s->shard[shard]) && !customer_is_merged(c))
			sim_fail(s, "%.*s was forgotten by the sweep", (int)size, after);
		count_customer(s, shard, r, c);
		check_standing(s, shard, c, drained);
		check_trail(s, shard, r, c);
	}
	check_trails(s, shard, r);
	free(c);
}

static void check_census(struct sim *s, unsigned shard, const struct recount *r)
{
	const struct shard *sh = &s->shard[shard];

	for (unsigned name = 0; name <= UINT16_MAX; name++) {
		uint64_t counted = tally_of(&sh->census, (uint16_t)name);
		struct span text;

		if (counted == r->census[name])
			continue;
		text = env_name(s->env[shard], (uint16_t)name);
		sim_fail(s, "the census of shard %u has %llu on %.*s, and there are %llu", shard,
			(unsigned long long)counted, (int)text.size, (const char *)text.data,
			(unsigned long long)r->census[name]);
	}
}

/* What each rule holds, as it counts; nothing is held by a rule that says it holds nothing. */
static void check_held(struct sim *s, unsigned shard)
{
	const struct breakers *all = &s->shard[shard].breakers;
	uint64_t rows = 0, by_rule[256] = { 0 };
	uint8_t after[EVENT_CUSTOMER_MAX];
	struct env *e = s->env[shard];
	struct span id;
	struct held h;

	for (unsigned type = 1; env_name(e, (uint16_t)type).size; type++)
		for (size_t size = 0; env_held_next(e, (uint16_t)type, span_of(after, size), &id, &h)
			== 0; rows++) {
			size = id.size;
			memcpy(after, id.data, size);
			for (unsigned i = 0; h.why == HOLD_BREAKER && i < all->n; i++)
				by_rule[i] += all->list[i].rule == h.rule;
		}
	for (unsigned i = 0; i < all->n; i++)
		if (all->list[i].held != by_rule[i] ||
			(by_rule[i] && all->list[i].state == BREAKER_CLOSED))
			sim_fail(s, "shard %u: a rule that is %s holds %llu and says %llu", shard,
				breaker_state_name(all->list[i].state), (unsigned long long)by_rule[i],
				(unsigned long long)all->list[i].held);
	if (rows != env_helds(e))
		sim_fail(s, "shard %u: %llu rows are held under names, of %llu", shard,
			(unsigned long long)rows, (unsigned long long)env_helds(e));
}

static void check_shard(struct sim *s, unsigned shard, struct recount *r, bool drained)
{
	const struct env_meta *meta = env_meta(s->env[shard]);
	uint8_t id[EVENT_CUSTOMER_MAX];
	struct env_report report;
	size_t size;
	int64_t due;

	memset(r, 0, sizeof *r);
	if (env_verify(s->env[shard], &report, problem, s, record_armed) != 0)
		sim_fail(s, "shard %u cannot be verified", shard);
	check_customers(s, shard, r, drained);
	check_census(s, shard, r);
	check_held(s, shard);
	if (r->armed != env_deadlines(s->env[shard]) || r->customers != meta->customers)
		sim_fail(s, "shard %u counts its rows wrong", shard);
	if (meta->outbox_last != s->n_handed[shard])
		sim_fail(s, "shard %u: %llu notifications went out of %llu", shard,
			(unsigned long long)s->n_handed[shard], (unsigned long long)meta->outbox_last);
	if (env_deadline_first(s->env[shard], &due, id, &size) == 0 && s->shard[shard].next_due_ms > due)
		sim_fail(s, "shard %u would sleep past its first deadline", shard);
}

void sim_check(struct sim *s)
{
	struct recount *r = malloc(sizeof *r);

	for (unsigned i = 0; i < s->o.shards; i++)
		check_shard(s, i, r, sim_is_drained(s));
	free(r);
}
