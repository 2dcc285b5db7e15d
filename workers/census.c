/* SPDX-License-Identifier: Apache-2.0 */
/* The census: how many customers stand on each rung and under each risk, counted as they move,
 * so that nobody has to ask all of them. Kept in memory, written with each checkpoint as rows of
 * { u16 name number, u64 customers }. */
#include <stdlib.h>
#include "workers/settle.h"

static int census_room(struct shard *s, uint16_t name)
{
	unsigned size = s->census_size ? s->census_size : 64;
	uint64_t *grown;

	if (name < s->census_size)
		return 0;
	while (size <= name)
		size *= 2;
	grown = realloc(s->census, size * sizeof *grown);
	if (!grown)
		return ERR_NOMEM;
	memset(grown + s->census_size, 0, (size - s->census_size) * sizeof *grown);
	s->census = grown;
	s->census_size = size;
	return 0;
}

static void count(struct shard *s, uint16_t name, int by)
{
	if (census_room(s, name) == 0)
		s->census[name] += (uint64_t)(int64_t)by;
}

void census_merged(struct shard *s, int by)
{
	count(s, env_name_number(s->env, span_str("customer.merged")), by);
}

/* The number of "stage.repeat", for a place whose machine is gone. */
static uint16_t place_id(struct shard *s, const struct place *at)
{
	char id[2 * EVENT_TEXT_MAX + 2];
	struct span ladder = at->ladder ? env_name(s->env, at->ladder) : span_str("risk");
	struct span rung;
	size_t n = ladder.size < EVENT_TEXT_MAX ? ladder.size : EVENT_TEXT_MAX;

	memcpy(id, ladder.data, n); /* copied first: the next call may move it */
	id[n++] = '.';
	rung = env_name(s->env, at->rung);
	if (rung.size > EVENT_TEXT_MAX)
		rung.size = EVENT_TEXT_MAX;
	memcpy(id + n, rung.data, rung.size);
	return env_name_number(s->env, span_of(id, n + rung.size));
}

static void count_verdict(struct shard *s, const struct verdict *v, int by)
{
	const struct machine *m = s->lifecycle->machine;

	for (unsigned l = 0; l < m->n_ladders; l++)
		if (v->rung[l] != RUNG_NONE)
			count(s, s->numbering.rung_id[l][v->rung[l]], by);
	for (unsigned k = 0; k < m->n_risks; k++)
		if (v->risks >> k & 1)
			count(s, s->numbering.risk_id[k], by);
}

void census_take(struct shard *s, struct customer *c)
{
	if (customer_is_merged(c))
		return; /* counted with whom it is */
	for (unsigned i = 0; c->stale && i < c->n_places; i++)
		count(s, place_id(s, &c->places[i]), -1);
	if (!c->stale)
		c->counted = c->standing.verdict;
}

void census_put(struct shard *s, struct customer *c)
{
	struct standing nowhere;
	const struct verdict *v = &c->standing.verdict;

	if (customer_is_merged(c)) {
		standing_init(&nowhere);
		v = &nowhere.verdict;
	}
	if (verdict_equal(s->lifecycle->machine, &c->counted, v))
		return;
	count_verdict(s, &c->counted, -1);
	count_verdict(s, v, +1);
	c->counted = *v;
}

int census_load(struct shard *s)
{
	struct span rows;
	int rc = env_setting_get(s->env, "census", &rows);

	if (s->census_size)
		memset(s->census, 0, s->census_size * sizeof *s->census);
	if (rc == ERR_NOTFOUND)
		return 0;
	if (rc != 0)
		return rc;
	for (size_t i = 0; i + 10 <= rows.size; i += 10) {
		uint16_t name = get_le16(rows.data + i);

		rc = census_room(s, name);
		if (rc != 0)
			return rc;
		s->census[name] = get_le64(rows.data + i + 2);
	}
	return 0;
}

int census_store(struct shard *s)
{
	struct buf *b = &s->scratch;

	buf_clear(b);
	for (unsigned name = 0; name < s->census_size; name++) {
		uint8_t *p;

		if (s->census[name] == 0)
			continue;
		p = buf_room(b, 10);
		if (!p)
			return ERR_NOMEM;
		put_le16(p, (uint16_t)name);
		put_le64(p + 2, s->census[name]);
		b->size += 10;
	}
	return env_setting_put(s->env, "census", span_of(b->data, b->size));
}
