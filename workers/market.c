/* SPDX-License-Identifier: Apache-2.0 */
/* Signals in force. */
#include <assert.h>
#include "workers/market.h"
#include "workers/sweep.h"

#define UNHEARD      UINT64_MAX /* the version of one that had ended when it came: covers nobody */
#define HEAD_BYTES   16
#define SIGNAL_BYTES (1 + 8 + 8 + 8 + 2 + 2 * EVENT_TEXT_MAX)

static struct span region_of(const struct market_signal *g)
{
	return span_of(g->region, g->region_size);
}

static struct span segment_of(const struct market_signal *g)
{
	return span_of(g->segment, g->segment_size);
}

/* ---- bytes */

static uint8_t *put_text(uint8_t *p, struct span text)
{
	*p++ = (uint8_t)text.size;
	if (text.size)
		memcpy(p, text.data, text.size);
	return p + text.size;
}

static int market_store(struct shard *s)
{
	uint8_t bytes[HEAD_BYTES + MARKET_SIGNALS_MAX * SIGNAL_BYTES], *p = bytes + HEAD_BYTES;
	const struct market_state *m = &s->market;

	put_le64(bytes, m->version);
	put_le64(bytes + 8, (uint64_t)m->since_ms);
	for (unsigned i = 0; i < m->n; i++) {
		const struct market_signal *g = &m->signals[i];

		*p = g->factor;
		put_le64(p + 1, (uint64_t)g->time_ms);
		put_le64(p + 9, (uint64_t)g->until_ms);
		put_le64(p + 17, g->version);
		p = put_text(p + 25, region_of(g));
		p = put_text(p, segment_of(g));
	}
	return env_setting_put(s->env, "market", span_of(bytes, (size_t)(p - bytes)));
}

static const uint8_t *take_text(const uint8_t *p, const uint8_t *end, uint8_t *ret_size,
	uint8_t out[EVENT_TEXT_MAX])
{
	if (p == end || *p > EVENT_TEXT_MAX || end - p - 1 < *p)
		return NULL;
	*ret_size = *p++;
	memcpy(out, p, *ret_size);
	return p + *ret_size;
}

static const uint8_t *take_signal(const uint8_t *p, const uint8_t *end, struct market_signal *g)
{
	if (end - p < 27)
		return NULL;
	g->factor = *p;
	g->time_ms = (int64_t)get_le64(p + 1);
	g->until_ms = (int64_t)get_le64(p + 9);
	g->version = get_le64(p + 17);
	p = take_text(p + 25, end, &g->region_size, g->region);
	return p ? take_text(p, end, &g->segment_size, g->segment) : NULL;
}

int market_load(struct shard *s)
{
	struct market_state *m = &s->market;
	const uint8_t *p, *end;
	struct span value;
	int rc = env_setting_get(s->env, "market", &value);

	m->n = 0;
	m->version = 0;
	m->since_ms = 0;
	if (rc != 0)
		return rc == ERR_NOTFOUND ? 0 : rc;
	if (value.size < HEAD_BYTES)
		return ERR_CORRUPT;
	m->version = get_le64(value.data);
	m->since_ms = (int64_t)get_le64(value.data + 8);
	end = value.data + value.size;
	for (p = value.data + HEAD_BYTES; p && p < end && m->n < MARKET_SIGNALS_MAX; m->n++)
		p = take_signal(p, end, &m->signals[m->n]);
	return p == end ? 0 : ERR_CORRUPT;
}

/* ---- taking */

static bool is_about_the_same(const struct market_signal *g, const struct event *e)
{
	return g->factor == e->as.market.factor && span_eq(region_of(g), e->as.market.region) &&
		span_eq(segment_of(g), e->as.market.segment);
}

static void drop(struct market_state *m, unsigned i)
{
	memmove(&m->signals[i], &m->signals[i + 1], (m->n - i - 1) * sizeof m->signals[0]);
	m->n--;
}

/* The one that ended first makes room. Whoever had to hear of its end has a deadline at that
 * instant. */
static int make_room(struct market_state *m, int64_t clock_ms)
{
	unsigned first = 0;

	if (m->n < MARKET_SIGNALS_MAX)
		return 0;
	for (unsigned i = 1; i < m->n; i++)
		if (m->signals[i].until_ms < m->signals[first].until_ms)
			first = i;
	if (m->signals[first].until_ms >= clock_ms)
		return ERR_TOOBIG;
	drop(m, first);
	return 0;
}

static bool is_older(const struct market_signal *g, int64_t time_ms, int64_t until_ms)
{
	return time_ms != g->time_ms ? time_ms < g->time_ms : until_ms <= g->until_ms;
}

static void add(struct market_state *m, uint64_t version, const struct event *e, int64_t time_ms)
{
	struct market_signal *g = &m->signals[m->n++];
	struct span region = e->as.market.region, segment = e->as.market.segment;

	assert(m->n <= MARKET_SIGNALS_MAX && region.size <= EVENT_TEXT_MAX &&
		segment.size <= EVENT_TEXT_MAX);
	*g = (struct market_signal){ .version = version, .time_ms = time_ms,
		.until_ms = e->as.market.until_ms, .factor = e->as.market.factor,
		.region_size = (uint8_t)region.size, .segment_size = (uint8_t)segment.size };
	if (region.size)
		memcpy(g->region, region.data, region.size);
	if (segment.size)
		memcpy(g->segment, segment.data, segment.size);
}

int market_take(struct shard *s, const struct event *e, int64_t clock_ms)
{
	struct market_state *m = &s->market;
	int64_t time_ms = e->time_ms < clock_ms ? e->time_ms : clock_ms;
	bool changes, ended = e->as.market.until_ms < clock_ms;
	unsigned same = 0;
	int rc;

	while (same < m->n && !is_about_the_same(&m->signals[same], e))
		same++;
	if (same < m->n && is_older(&m->signals[same], time_ms, e->as.market.until_ms))
		return 0;
	changes = !ended || (same < m->n && m->signals[same].version != UNHEARD);
	if (same < m->n)
		drop(m, same);
	rc = make_room(m, clock_ms);
	if (rc != 0)
		return rc;
	m->version += changes;
	if (changes && time_ms > m->since_ms)
		m->since_ms = time_ms;
	/* Also one that has ended is kept, for an older word about the same that is still to
	 * come. */
	add(m, ended ? UNHEARD : m->version, e, time_ms);
	rc = market_store(s);
	return rc != 0 || !changes ? rc : sweep_begin(s, SWEEP_MARKET);
}

/* ---- whom they cover */

static bool covers(struct span of_signal, const struct facts_string *of_customer)
{
	return of_signal.size == 0 ||
		span_eq(of_signal, span_of(of_customer->text, of_customer->size));
}

void market_cover(const struct market_state *m, uint64_t version, struct facts *f)
{
	f->covered = (struct facts_cover){ 0 };
	for (unsigned i = 0; i < m->n; i++) {
		const struct market_signal *g = &m->signals[i];

		if (g->version > version || !covers(region_of(g), &f->text[TEXT_REGION]) ||
			!covers(segment_of(g), &f->text[TEXT_SEGMENT]))
			continue;
		if (g->until_ms > f->covered.until_ms || (g->until_ms == f->covered.until_ms &&
			g->factor > f->covered.factor))
			f->covered = (struct facts_cover){ g->until_ms, g->factor };
	}
}
