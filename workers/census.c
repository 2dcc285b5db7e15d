/* SPDX-License-Identifier: Apache-2.0 */
/* The census: how many customers stand on each rung and under each risk, counted as they move,
 * so that nobody has to ask all of them. A tally, written with each checkpoint. */
#include "workers/settle.h"

void census_merged(struct shard *s, int by)
{
	tally_add(&s->census, env_name_number(s->env, span_str("customer.merged")), by);
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
			tally_add(&s->census, s->numbering.rung_id[l][v->rung[l]], by);
	for (unsigned k = 0; k < m->n_risks; k++)
		if (v->risks >> k & 1)
			tally_add(&s->census, s->numbering.risk_id[k], by);
}

void census_take(struct shard *s, struct customer *c)
{
	if (customer_is_merged(c))
		return; /* counted with whom it is */
	for (unsigned i = 0; c->stale && i < c->n_places; i++)
		tally_add(&s->census, place_id(s, &c->places[i]), -1);
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
	struct span rows = span_of(NULL, 0);
	int rc = env_setting_get(s->env, "census", &rows);

	if (rc != 0 && rc != ERR_NOTFOUND)
		return rc;
	return tally_read(&s->census, rows);
}

int census_store(struct shard *s)
{
	int rc;

	buf_clear(&s->scratch);
	rc = tally_write(&s->census, &s->scratch);
	return rc != 0 ? rc : env_setting_put(s->env, "census",
		span_of(s->scratch.data, s->scratch.size));
}
