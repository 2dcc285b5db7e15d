/* SPDX-License-Identifier: Apache-2.0 */
/* Counting what a rule says, and stopping it. */
#include <math.h>
#include <stdlib.h>
#include "base/room.h"
#include "base/zone.h"
#include "workers/announce.h"

#define RECENT_HALF_MS  (HOUR_MS / 2)
#define HABIT_HALF_MS   (7 * DAY_MS)
#define HABIT_LEARNT_MS (7 * DAY_MS)
#define HABIT_SPOKEN    200
#define CROWD_SHARE     0.002
#define LATE_MS         (3 * DAY_MS)
#define ROW_BYTES       (2 + 1 + 8 * 7 + 1 + BREAKER_SAMPLE * (BREAKER_SAMPLE_BYTES + 1))

const char *breaker_state_name(unsigned v)
{
	static const char *const names[] = { "closed", "tripped", "paused", "releasing",
		"discarding" };

	return names[v < BREAKER_STATES ? v : BREAKER_CLOSED];
}

static void put_double(uint8_t *p, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof bits);
	put_le64(p, bits);
}

static double get_double(const uint8_t *p)
{
	uint64_t bits = get_le64(p);
	double v;

	memcpy(&v, &bits, sizeof v);
	return v;
}

static void breaker_pack(const struct breaker *b, uint8_t *p)
{
	put_le16(p, b->rule);
	p[2] = b->state;
	put_le64(p + 3, (uint64_t)b->since_ms);
	put_le64(p + 11, (uint64_t)b->first_ms);
	put_le64(p + 19, (uint64_t)b->at_ms);
	put_double(p + 27, b->recent);
	put_double(p + 35, b->habit);
	put_le64(p + 43, b->announced);
	put_le64(p + 51, b->held);
	p[59] = b->n_sample;
	memcpy(p + 60, b->sample, sizeof b->sample);
}

static void breaker_unpack(struct breaker *b, const uint8_t *p)
{
	b->rule = get_le16(p);
	b->state = p[2];
	b->since_ms = (int64_t)get_le64(p + 3);
	b->first_ms = (int64_t)get_le64(p + 11);
	b->at_ms = (int64_t)get_le64(p + 19);
	b->recent = get_double(p + 27);
	b->habit = get_double(p + 35);
	b->announced = get_le64(p + 43);
	b->held = get_le64(p + 51);
	b->n_sample = p[59] <= BREAKER_SAMPLE ? p[59] : 0;
	memcpy(b->sample, p + 60, sizeof b->sample);
}

int breakers_load(struct shard *s)
{
	struct span rows;
	int rc = env_setting_get(s->env, "breakers", &rows);

	if (rc != 0)
		return rc == ERR_NOTFOUND ? 0 : rc;
	for (size_t i = 0; i + ROW_BYTES <= rows.size; i += ROW_BYTES) {
		struct breaker *b = breaker_make(s, get_le16(rows.data + i));

		if (!b)
			return ERR_NOMEM;
		breaker_unpack(b, rows.data + i);
	}
	return 0;
}

int breakers_store(struct shard *s)
{
	const struct breakers *all = &s->breakers;
	uint8_t *p;

	if (all->n == 0)
		return 0;
	buf_clear(&s->scratch);
	p = buf_room(&s->scratch, (size_t)all->n * ROW_BYTES);
	if (!p)
		return ERR_NOMEM;
	for (unsigned i = 0; i < all->n; i++)
		breaker_pack(&all->list[i], p + (size_t)i * ROW_BYTES);
	return env_setting_put(s->env, "breakers", span_of(p, (size_t)all->n * ROW_BYTES));
}

void breakers_fini(struct shard *s)
{
	free(s->breakers.list);
	s->breakers = (struct breakers){ 0 };
}

struct breaker *breaker_find(struct shard *s, uint16_t rule)
{
	for (unsigned i = 0; i < s->breakers.n; i++)
		if (s->breakers.list[i].rule == rule)
			return &s->breakers.list[i];
	return NULL;
}

struct breaker *breaker_make(struct shard *s, uint16_t rule)
{
	struct breakers *all = &s->breakers;
	struct breaker *b = breaker_find(s, rule), *list;

	if (b)
		return b;
	list = room_for_one(all->list, all->n, &all->capacity, 32, sizeof *list);
	if (!list)
		return NULL;
	all->list = list;
	b = &all->list[all->n++];
	*b = (struct breaker){ .rule = rule };
	return b;
}

static double fade(int64_t ms, int64_t half_ms)
{
	return ms <= 0 ? 1 : exp2(-(double)ms / (double)half_ms);
}

/* One more change at AT_MS; the order in which they are told does not matter. */
static void breaker_count(struct breaker *b, int64_t at_ms)
{
	int64_t ahead = at_ms - b->at_ms;

	if (b->first_ms == 0 || at_ms < b->first_ms)
		b->first_ms = at_ms;
	if (ahead > 0) {
		b->recent *= fade(ahead, RECENT_HALF_MS);
		b->habit *= fade(ahead, HABIT_HALF_MS);
		b->at_ms = at_ms;
		ahead = 0;
	}
	b->recent += fade(-ahead, RECENT_HALF_MS);
	b->habit += fade(-ahead, HABIT_HALF_MS);
}

/* A steady flow of one an hour has a decayed count of half-life / ln 2 hours. */
static double flow(double count, int64_t half_ms)
{
	return count * M_LN2 * (double)HOUR_MS / (double)half_ms;
}

double breaker_habit_per_hour(const struct breaker *b)
{
	return flow(b->habit, HABIT_HALF_MS);
}

static bool habit_is_known(const struct breaker *b)
{
	return b->announced >= HABIT_SPOKEN && b->at_ms - b->first_ms >= HABIT_LEARNT_MS;
}

/* This shard's share of what may always be said; also all that a new lifecycle file may find,
 * however many the customers are: a slip in it is the worst flood of all. */
static double floor_of(const struct shard *s)
{
	return fmax((double)s->settings.breaker_floor / env_shards(s->env), 1);
}

double breaker_recent(const struct breaker *b, int64_t at_ms)
{
	return b->recent * fade(at_ms - b->at_ms, RECENT_HALF_MS);
}

double breaker_file_limit(const struct shard *s)
{
	return s->settings.breaker_floor ? floor_of(s) : 0;
}

double breaker_limit(struct shard *s, const struct breaker *b)
{
	const struct settings *set = &s->settings;
	double limit = fmax(floor_of(s), CROWD_SHARE * (double)env_meta(s->env)->customers);

	if (habit_is_known(b)) /* its own share of the flood is no habit yet */
		limit = fmax(limit, set->breaker_factor * breaker_habit_per_hour(b) *
			(double)RECENT_HALF_MS / (M_LN2 * (double)HOUR_MS));
	return limit;
}

static void sample(struct breaker *b, struct span customer)
{
	struct span whole = utf8_cut(customer, BREAKER_SAMPLE_BYTES);

	memmove(b->sample[1], b->sample[0], sizeof b->sample - sizeof b->sample[0]);
	memset(b->sample[0], 0, sizeof b->sample[0]);
	memcpy(b->sample[0], whole.data, whole.size);
	if (b->n_sample < BREAKER_SAMPLE)
		b->n_sample++;
}

/* Says that RULE has tripped: how much it said, how much it may, and of whom it spoke. */
static int announce_trip(struct shard *s, struct breaker *b, const struct change *ch,
	const struct cause *why, double limit)
{
	struct notification n;
	uint64_t sequence;

	memset(&n, 0, offsetof(struct notification, evidence));
	n.type = span_str("rule.tripped");
	n.ladder = span_str("rule");
	n.from = span_str(breaker_state_name(BREAKER_CLOSED));
	n.to = span_str(breaker_state_name(BREAKER_TRIPPED));
	n.rule = env_name(s->env, b->rule);
	n.at_ms = ch->at_ms;
	n.lifecycle_version = s->lifecycle->machine->version;
	n.severity = SEVERITY_CRITICAL;
	n.play = span_str("look at the sample, then kith rule release or kith rule discard");
	n.evidence[n.n_evidence++] = (struct evidence){ .fact = span_str("announced_lately"),
		.test = span_str("announced_lately <= limit"), .value = b->recent,
		.unit = UNIT_COUNT, .known = true };
	n.evidence[n.n_evidence++] = (struct evidence){ .fact = span_str("limit"),
		.test = span_str("limit"), .value = limit, .unit = UNIT_COUNT, .known = true };
	for (unsigned i = 0; i < b->n_sample; i++)
		n.evidence[n.n_evidence++] = (struct evidence){ .fact = span_str("customer"),
			.test = span_str("sample"), .text = span_str(b->sample[i]),
			.unit = UNIT_NAME, .known = true, .holds = true };
	return notification_emit(s, &n, why, &sequence);
}

/* Whether it could be too much at all. Before the habit of a rule is known, what an event does by
 * itself, and what falls due as it was solved, is its habit; a new file is looked at from the
 * first, and so is what comes to light long after it became true: a clock was wrong, or nobody
 * was there for days. */
static bool is_judged(const struct breaker *b, const struct change *ch, const struct cause *why)
{
	if (why->new_file || habit_is_known(b))
		return true;
	return !why->event && !why->message && why->input->clock_ms - ch->at_ms > LATE_MS;
}

int breaker_takes(struct shard *s, uint16_t rule, const struct customer *c,
	const struct change *ch, const struct cause *why, bool *ret_held)
{
	struct breaker *b = breaker_make(s, rule);
	double limit;

	*ret_held = false;
	if (!b)
		return ERR_NOMEM;
	*ret_held = b->state == BREAKER_TRIPPED || b->state == BREAKER_PAUSED;
	if (*ret_held || s->settings.breaker_floor == 0)
		return 0;
	limit = why->new_file ? floor_of(s) : breaker_limit(s, b);
	breaker_count(b, ch->at_ms);
	if (b->recent <= limit || !is_judged(b, ch, why)) {
		b->announced++;
		sample(b, customer_id(c));
		return 0;
	}
	b->state = BREAKER_TRIPPED;
	b->since_ms = why->input->clock_ms;
	*ret_held = true;
	return announce_trip(s, b, ch, why, limit);
}
