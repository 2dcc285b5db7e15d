/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a page of the funnel. */
#include <stdlib.h>
#include "lifecycle/missing.h"
#include "workers/funnel.h"
#include "workers/page.h"
#include "workers/query.h"

#define YEAR_MS (365 * DAY_MS)

int funnel_ladder(const struct machine *m)
{
	for (unsigned i = 0; i < m->n_ladders; i++)
		if (m->ladders[i].sided)
			return (int)i;
	return -1;
}

/* The rung of LADDER that a change of TYPE comes to; RUNG_NONE when it is about something else. */
static uint8_t rung_of(const struct shard *s, unsigned ladder, uint16_t type)
{
	const struct ladder *l = &s->lifecycle->machine->ladders[ladder];

	for (unsigned r = 0; r < l->n_rungs; r++)
		if (s->numbering.rung_id[ladder][r] == type)
			return (uint8_t)r;
	return RUNG_NONE;
}

/* Forget the first coming to RUNG at AT_MS: it was not so. */
static void undo(struct funnel_row *r, uint8_t rung, int64_t at_ms)
{
	if (rung != RUNG_NONE && r->entered_ms[rung] == at_ms)
		r->entered_ms[rung] = 0;
}

static void take_change(const struct shard *s, unsigned ladder, const struct history_entry *h,
	struct funnel_row *r)
{
	const uint16_t *crossing = s->numbering.crossing;
	uint8_t rung = rung_of(s, ladder, h->type);

	if (h->kind == CHANGE_RETRACTED) {
		undo(r, rung, h->at_ms);
		if (h->type == crossing[CROSSING_CONVERTED] && r->converted_ms == h->at_ms)
			r->converted_ms = 0;
	} else if (rung != RUNG_NONE && r->entered_ms[rung] == 0) {
		r->entered_ms[rung] = h->at_ms;
	} else if (h->type == crossing[CROSSING_CONVERTED] && r->converted_ms == 0) {
		r->converted_ms = h->at_ms;
	} else if (h->type == crossing[CROSSING_LOST]) {
		r->lost_ms = h->at_ms;
	}
}

/* Whether the first of N changes that is about LADDER came from nowhere or from its first rung. */
static bool begins(const struct shard *s, unsigned ladder, const struct history_entry *list, unsigned n,
	bool *ret_first_rung)
{
	*ret_first_rung = false;
	for (unsigned i = 0; i < n; i++) {
		if (list[i].kind != CHANGE_RUNG || rung_of(s, ladder, list[i].type) == RUNG_NONE)
			continue;
		*ret_first_rung = list[i].from == s->numbering.rung[ladder][0];
		return list[i].from == 0 || *ret_first_rung;
	}
	*ret_first_rung = true; /* nothing has moved them */
	return false;
}

static int take_history(struct shard *s, unsigned ladder, const struct customer *c,
	struct funnel_row *r)
{
	struct history_entry list[HISTORY_KEEP_MAX];
	unsigned keep = s->settings.history_keep;
	bool whole, first_rung;
	int n = keep ? env_history_get(s->env, customer_id(c), list, HISTORY_KEEP_MAX) : 0;

	if (n < 0 && !env_row_is_damaged(s->env, n))
		return n;
	n = n < 0 ? 0 : n;
	for (int i = 0; i < n; i++)
		take_change(s, ladder, &list[i], r);
	whole = begins(s, ladder, list, (unsigned)n, &first_rung);
	first_rung = first_rung && (whole || r->rung == 0);
	r->cut = !whole && !first_rung;
	if (first_rung)
		r->entered_ms[0] = r->first_ms;
	if (r->cut)
		memset(r->entered_ms, 0, sizeof r->entered_ms);
	return 0;
}

static void count_factors(const struct facts *f, struct funnel_row *r)
{
	for (unsigned i = 0; i < FACTOR_COUNT; i++) {
		const struct facts_reg *reg = &f->reg[REGISTER_FACTOR + i];

		if (reg->time_ms == 0 || (r->converted_ms && reg->time_ms > r->converted_ms))
			continue;
		r->yes += reg->value == ANSWER_YES;
		r->no += reg->value == ANSWER_NO;
	}
}

/* What they told in the year before; else what there is to see. */
static uint8_t why_lost(const struct facts *f, int64_t lost_ms)
{
	const struct facts_reg *told = &f->reg[REGISTER_REASON];
	int64_t spent = f->scalar[FACT_spent].i, refunded = f->scalar[FACT_refunded].i;

	if (told->time_ms && told->value > 0 && told->value < REASON_COUNT &&
		(lost_ms == 0 || (told->time_ms <= lost_ms && told->time_ms >= lost_ms - YEAR_MS)))
		return (uint8_t)told->value;
	if (f->scalar[FACT_purchases].i == 0 || (refunded > 0 && refunded >= spent))
		return FUNNEL_GIVEN_BACK;
	return FUNNEL_SILENCE;
}

static void take_facts(const struct facts *f, struct funnel_row *r)
{
	const struct facts_reg *source = &f->reg[REGISTER_ACQUISITION];
	const struct facts_string *owner = &f->text[TEXT_OWNER];
	enum factor missing = factor_missing(f);

	r->first_ms = f->scalar[FACT_first_event].i;
	r->source = source->time_ms && source->value > 0 && source->value < ACQUISITION_COUNT
		? (uint8_t)source->value : 0;
	r->owner_size = owner->time_ms ? owner->size : 0;
	memcpy(r->owner, owner->text, r->owner_size);
	r->missing = missing < FACTOR_COUNT ? (uint8_t)(missing + 1) : 0;
}

static int row_make(struct shard *s, const struct customer *c, struct funnel_row *r)
{
	const struct machine *m = s->lifecycle->machine;
	unsigned ladder = (unsigned)funnel_ladder(m);
	int rc;

	memset(r, 0, sizeof *r);
	r->customer_size = c->id_size;
	memcpy(r->customer, c->id, c->id_size);
	take_facts(&c->facts, r);
	r->rung = c->standing.verdict.rung[ladder];
	r->was_actual = c->standing.was_actual;
	rc = take_history(s, ladder, c, r);
	if (rc != 0)
		return rc;
	if (!r->was_actual)
		r->converted_ms = 0;
	else if (r->converted_ms == 0)
		r->converted_ms = c->facts.scalar[FACT_first_purchase].i;
	count_factors(&c->facts, r);
	if (r->was_actual && r->rung != RUNG_NONE &&
		m->ladders[ladder].rungs[r->rung].side == SIDE_POTENTIAL)
		r->why_lost = why_lost(&c->facts, r->lost_ms);
	return 0;
}

/* The next customer; a damaged record and a merged id are nobody. */
static int add_next(struct shard *s, struct query *q)
{
	bool is_whole;
	int rc = page_next(s, &q->key, s->lifecycle->machine, &s->numbering, &is_whole);

	if (rc != 0 || !is_whole || customer_is_merged(&s->customer))
		return rc;
	rc = row_make(s, &s->customer, &q->funnel[q->n_funnel]);
	q->n_funnel += rc == 0;
	return rc;
}

int funnel_read(struct shard *s, struct query *q)
{
	int rc = 0;

	if (!s->lifecycle) { /* nobody has been judged */
		q->done = true;
		return 0;
	}
	q->lifecycle = lifecycle_hold(s->lifecycle);
	if (funnel_ladder(q->lifecycle->machine) < 0)
		return ERR_INVALID;
	q->funnel = malloc(FUNNEL_PAGE * sizeof *q->funnel);
	if (!q->funnel)
		return ERR_NOMEM;
	for (unsigned looked = 0; rc == 0 && looked < FUNNEL_PAGE; looked++)
		rc = add_next(s, q);
	q->done = rc == ERR_NOTFOUND;
	return q->done ? 0 : rc;
}
