/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at a customer: after an event, and when the time for it has come.
 *
 * Before an event the verdict is known to stand until the customer is next looked at. So only rules
 * that the event can touch need to be asked, and only about the time until then: mostly nothing
 * comes sooner, and the instant stays where it is, early but never late. A root is found when
 * something does, or when that instant comes. Of tests that do not move only those have touched
 * their rules that say something else after the event than before it; those that move have,
 * whenever the event's body can touch them. */
#include "lifecycle/moved.h"
#include "lifecycle/reading.h"

static unsigned reading_move(struct reading *r, struct standing *s, int64_t at_ms,
	struct change out[CHANGES_MAX])
{
	struct verdict v;

	reading_judge(r, at_ms, &v);
	return standing_move(s, r->m, &v, at_ms, out);
}

/* The same, when S stood until T was touched just now. */
static unsigned reading_move_on(struct reading *r, struct standing *s, struct touched *t,
	int64_t at_ms, struct change out[CHANGES_MAX])
{
	struct verdict v;

	if (r->m->has_loose_ladders || memchr(s->verdict.rung, RUNG_NONE, r->m->n_ladders)) {
		t->all = true;
		return reading_move(r, s, at_ms, out);
	}
	reading_rejudge(r, &s->verdict, t, at_ms, &v);
	return standing_move(s, r->m, &v, at_ms, out);
}

unsigned standing_begin(struct standing *s, const struct machine *m, const struct facts *f,
	int64_t at_ms, struct change out[CHANGES_MAX])
{
	struct reading r;
	unsigned n;

	reading_init(&r, m, f);
	n = reading_move(&r, s, at_ms, out);
	s->settled_ms = at_ms;
	s->due_ms = reading_differs_at(&r, &s->verdict, at_ms, SOLVE_HORIZON_MS, TOUCHED_BY_TIME);
	return n;
}

void standing_before(const struct machine *m, const struct facts *f, unsigned body,
	struct before *ret_before)
{
	ret_before->numbers.read = ret_before->numbers.known = 0;
	if (m->watches_by[body])
		numbers_read(&ret_before->numbers, m->watches_by[body], m, f);
	ret_before->has_head = body_is_trade(body);
	if (ret_before->has_head)
		facts_copy_head(&ret_before->head, f);
	ret_before->first_event_ms = f->scalar[FACT_first_event].i;
	ret_before->first_purchase_ms = f->scalar[FACT_first_purchase].i;
	ret_before->last_purchase_ms = f->scalar[FACT_last_purchase].i;
	ret_before->purchase_days = facts_purchase_days(f);
}

/* A last purchase after AT, by a clock that is ahead, makes the span longer that chances are judged by
 * and no silence shorter: there is none yet. */
static enum calm calm_of(const struct before *b, const struct facts *f, int64_t at_ms)
{
	if (b->first_event_ms != f->scalar[FACT_first_event].i ||
		b->first_purchase_ms != f->scalar[FACT_first_purchase].i ||
		b->last_purchase_ms > f->scalar[FACT_last_purchase].i)
		return CALM_NOT;
	return b->purchase_days == facts_purchase_days(f) && f->scalar[FACT_last_purchase].i <= at_ms ?
		CALM_SAME_DAY : CALM_LATER;
}

unsigned standing_event(struct standing *s, const struct machine *m, const struct facts *f,
	unsigned body, struct before *before, int64_t at_ms, bool exactly,
	struct change out[CHANGES_MAX])
{
	bool lazily = !exactly && s->due_ms != NEVER;
	int64_t until_ms = lazily ? s->due_ms : SOLVE_HORIZON_MS, first_ms;
	struct touched touched = { .all = exactly, .body = (uint8_t)body,
				   .calm = (uint8_t)calm_of(before, f, at_ms) };
	struct reading r;
	unsigned n = 0;

	reading_init(&r, m, f);
	touched.stills = reading_turned(&r, before, body, &s->verdict);
	first_ms = reading_differs_at(&r, &s->verdict, at_ms, until_ms, &touched);
	if (first_ms == at_ms) {
		n = reading_move_on(&r, s, &touched, at_ms, out);
		first_ms = reading_differs_at(&r, &s->verdict, at_ms, until_ms,
			lazily ? &touched : TOUCHED_BY_TIME);
	}
	s->settled_ms = at_ms;
	if (first_ms != NEVER || !lazily)
		s->due_ms = first_ms;
	return n;
}

unsigned standing_wake(struct standing *s, const struct machine *m, const struct facts *f,
	struct change out[CHANGES_MAX])
{
	int64_t at_ms = s->due_ms;
	struct touched touched = *TOUCHED_BY_TIME;
	struct reading r;
	unsigned n;

	reading_init(&r, m, f);
	s->due_ms = reading_differs_at(&r, &s->verdict, at_ms, SOLVE_HORIZON_MS, TOUCHED_BY_TIME);
	if (s->due_ms != at_ms)
		return 0; /* nothing was announced, so nothing more is settled than before */
	n = reading_move_on(&r, s, &touched, at_ms, out);
	s->due_ms = reading_differs_at(&r, &s->verdict, at_ms, SOLVE_HORIZON_MS, TOUCHED_BY_TIME);
	return n;
}
