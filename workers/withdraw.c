/* SPDX-License-Identifier: Apache-2.0 */
/* The story is told again to see what changes now (nobody hears), then its facts only, to take back
 * with evidence what was not so, and once more to announce what is new. */
#include <assert.h>
#include "workers/announce.h"
#include "workers/story.h"
#include "workers/withdraw.h"

#define NOW_MAX TRAIL_TOLD_COUNT

enum said { NOT_SAID, SAID_HERE, SAID_BEFORE };

struct retelling {
	unsigned n_then, n_now;
	struct told then[TRAIL_TOLD_COUNT]; /* as announced */
	bool stands[TRAIL_TOLD_COUNT];
	struct told now[NOW_MAX]; /* as it should have been */
	uint8_t said[NOW_MAX];    /* enum said: by what stands, which is put here or was before */
	bool overflow;
	bool begins_at_risk;      /* at the base … */
	int64_t base_ms;          /* … which is settled up to here */
	unsigned next;            /* of `now`, while announcing */
};

static int see(void *arg, struct shard *s, struct customer *c, const struct change *ch,
	const struct cause *why)
{
	struct retelling *r = arg;

	(void)s, (void)c, (void)why;
	if (r->n_now == NOW_MAX)
		r->overflow = true;
	else
		r->now[r->n_now++] = (struct told){ .change = *ch };
	return 0;
}

/* What follows one another: the changes of a ladder, of a risk, crossings between the sides, and
 * those into and out of risk. */
static unsigned line_of(const struct change *ch)
{
	switch ((enum change_kind)ch->kind) {
	case CHANGE_RUNG: return ch->ladder;
	case CHANGE_RISK_RAISED:
	case CHANGE_RISK_CLEARED: return LADDERS_MAX + ch->risk;
	default: break;
	}
	return LADDERS_MAX + RISKS_MAX +
		(ch->crossing == CROSSING_AT_RISK || ch->crossing == CROSSING_RECOVERED);
}

/* Who was met with this change may just as well have stood at the foot before it: an event of the
 * same instant brought them there. */
static unsigned left_rung(const struct change *ch)
{
	return ch->from == RUNG_NONE ? 0 : ch->from;
}

/* Whether what began with A0 and ended with A1, at one instant and on one line, comes to the same
 * as what began with B0 and ended with B1. That somebody converted just then stays so also when
 * they came from another rung than was thought. */
static bool net_equal(const struct change *a0, const struct change *a1, const struct change *b0,
	const struct change *b1)
{
	if (a0->at_ms != b0->at_ms || a1->kind != b1->kind || a1->crossing != b1->crossing ||
		a1->risk != b1->risk)
		return false;
	return a1->kind == CHANGE_CROSSING ||
		(a1->to == b1->to && left_rung(a0) == left_rung(b0));
}

/* The next of LIST after PLACE on the line of CH and at its instant; N when there is none. */
static unsigned next_with(const struct told *list, unsigned n, unsigned place,
	const struct change *ch)
{
	for (unsigned i = place + 1; i < n; i++)
		if (list[i].change.at_ms == ch->at_ms && line_of(&list[i].change) == line_of(ch))
			return i;
	return n;
}

/* The first of `now` on the line of CH of which nobody has heard. */
static unsigned first_unsaid(const struct retelling *r, const struct change *ch)
{
	unsigned i = 0;

	while (i < r->n_now && (r->said[i] || line_of(&r->now[i].change) != line_of(ch)))
		i++;
	return i;
}

/* Find what was told from FIRST to LAST (one line, one instant) in what is told now; mark it.
 * Between events of one millisecond it may have got there by other steps. */
static bool find(struct retelling *r, unsigned first, unsigned last)
{
	const struct change *ch = &r->then[first].change;
	unsigned begin = first_unsaid(r, ch), end = begin;

	while (end < r->n_now && !net_equal(ch, &r->then[last].change, &r->now[begin].change,
		&r->now[end].change))
		end = next_with(r->now, r->n_now, end, &r->now[begin].change);
	if (end >= r->n_now)
		return false;
	for (unsigned i = begin; i <= end; i = next_with(r->now, r->n_now, i, ch))
		r->said[i] = i == begin ? SAID_HERE : SAID_BEFORE;
	return true;
}

/* It was held before the base, and told of a later reason since: it does not come up again. */
static bool is_from_before(const struct retelling *r, const struct told *t)
{
	return t->told_ms && t->change.at_ms <= r->base_ms && r->begins_at_risk;
}

/* That somebody is at risk was held at its instant, and told with that of a later reason: it stands
 * only while they were at risk all the time in between, and for that reason. */
static bool is_told_still(const struct retelling *r, const struct told *t)
{
	unsigned line = line_of(&t->change);
	bool at_risk = is_from_before(r, t), reason = false;

	for (unsigned i = 0; i < r->n_now && r->now[i].change.at_ms <= t->told_ms; i++) {
		const struct change *ch = &r->now[i].change;

		if (ch->at_ms >= t->change.at_ms && line_of(ch) == line)
			at_risk = ch->crossing == CROSSING_AT_RISK &&
				(at_risk || ch->at_ms == t->change.at_ms);
		if (ch->crossing == CROSSING_LOST)
			at_risk = false;
		if (ch->kind == CHANGE_RISK_RAISED && ch->risk == t->told_risk)
			reason = reason || ch->at_ms == t->told_ms;
	}
	return at_risk && reason;
}

/* A line is a stack: what does not come up again is taken off with all that was put on it, which is
 * then announced again in its turn. */
static void compare(struct retelling *r)
{
	uint64_t broken = 0; /* lines */

	memset(r->stands, 0, sizeof r->stands);
	memset(r->said, 0, sizeof r->said);
	for (unsigned i = 0; i < r->n_then; i++) {
		const struct change *ch = &r->then[i].change;
		uint64_t line = UINT64_C(1) << line_of(ch);
		unsigned last = i;

		if (r->stands[i] || broken & line)
			continue;
		for (unsigned k = i; k < r->n_then; k = next_with(r->then, r->n_then, k, ch))
			last = k;
		if ((r->then[i].told_ms && !is_told_still(r, &r->then[i])) ||
			(!is_from_before(r, &r->then[i]) && !find(r, i, last))) {
			broken |= line;
			continue;
		}
		for (unsigned k = i; k < r->n_then; k = next_with(r->then, r->n_then, k, ch))
			r->stands[k] = true;
	}
}

_Static_assert(LADDERS_MAX + RISKS_MAX + 2 <= 64, "a bit for each line");

/* s->rewound has the facts that C had at AT_MS. */
static int facts_at(struct shard *s, const struct customer *c, int64_t at_ms,
	const struct cause *why)
{
	struct cause because = *why;
	struct trail_event te;
	size_t place = 0;
	int rc = story_rewind(s, c);

	while (rc == 0 && trail_next(&s->trail, &place, &te) == 0 && te.at_ms <= at_ms) {
		trail_cause(&te, &because.event, &because.message);
		story_fold(s, &s->rewound, &because);
	}
	return rc;
}

/* The latest first, so that whoever undoes one after the other gets to where each line began. */
static int take_back(struct shard *s, struct customer *c, const struct retelling *r,
	const struct cause *why)
{
	int rc = 0;

	for (unsigned i = r->n_then; rc == 0 && i-- > 0;) {
		struct change ch = told_change(&r->then[i]);

		if (r->stands[i])
			continue;
		rc = facts_at(s, c, ch.at_ms, why);
		if (rc == 0)
			rc = change_retract(s, &s->rewound, &ch, r->then[i].sequence, why);
	}
	return rc;
}

/* What stands for NOW is what the trail goes on with. */
static void keep(struct tail *t, const struct retelling *r, const struct change *now)
{
	for (unsigned i = 0; i < r->n_then; i++)
		if (r->stands[i] && r->then[i].change.at_ms == now->at_ms &&
			line_of(&r->then[i].change) == line_of(now))
			tail_tell_again(t, &r->then[i]);
}

static int say(void *arg, struct shard *s, struct customer *c, const struct change *ch,
	const struct cause *why)
{
	struct retelling *r = arg;
	struct cause aloud = *why;
	unsigned i = r->next++;

	aloud.tell = NULL;
	assert(i < r->n_now && ch->at_ms == r->now[i].change.at_ms);
	if (r->said[i] == NOT_SAID)
		return change_record(s, c, ch, &aloud);
	if (r->said[i] == SAID_HERE)
		keep(&c->tail, r, ch);
	return 0;
}

/* What was held before the base, and is not as it was told since, waits again; unless nothing holds
 * it any more. It is no part of the story from the base on. There is one at most: the last word of
 * its line before the base. */
static int say_before(struct shard *s, const struct retelling *r, const struct cause *why)
{
	struct cause silence = { .input = why->input, .out = why->out };
	struct customer *w = &s->rewound;
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < r->n_then; i++) {
		if (!is_from_before(r, &r->then[i]))
			continue;
		if (r->stands[i]) {
			tail_tell_again(&w->tail, &r->then[i]);
			continue;
		}
		rc = change_record(s, w, &r->then[i].change, &silence);
		tail_begin(&w->tail);
	}
	return rc;
}

/* As of now: nothing that would be due is left out. */
static int tell_again(struct shard *s, struct customer *c, int64_t upto_ms,
	int (*tell)(void *arg, struct shard *s, struct customer *c, const struct change *ch,
		const struct cause *why), struct retelling *r, const struct cause *why)
{
	struct cause again = { .input = why->input, .out = why->out, .tell = tell, .arg = r };
	int rc = story_rewind(s, c);

	tail_begin(&s->rewound.tail); /* what is said gathers there */
	r->base_ms = s->rewound.standing.settled_ms;
	r->begins_at_risk = standing_is_at_risk(&s->rewound.standing, s->lifecycle->machine);
	if (rc == 0 && tell == say)
		rc = say_before(s, r, why);
	if (rc == 0)
		rc = story_walk(s, s->trail.events_size, &again);
	return rc != 0 ? rc : customer_settle(s, &s->rewound, upto_ms, &again);
}

static bool all_stand(const struct retelling *r)
{
	for (unsigned i = 0; i < r->n_then; i++)
		if (!r->stands[i])
			return false;
	for (unsigned i = 0; i < r->n_now; i++)
		if (r->said[i] == NOT_SAID)
			return false;
	return true;
}

/* As only this machine can have said it. */
static bool told_is_sound(const struct told *t, const struct machine *m)
{
	const struct change *ch = &t->change;

	if (ch->kind > CHANGE_CROSSING || ch->crossing >= CROSSING_COUNT)
		return false;
	if (line_of(ch) >= LADDERS_MAX && line_of(ch) != LADDERS_MAX + RISKS_MAX)
		return ch->risk < m->n_risks && t->told_risk < m->n_risks;
	return ch->ladder < m->n_ladders && ch->to < m->ladders[ch->ladder].n_rungs &&
		(ch->from < m->ladders[ch->ladder].n_rungs || ch->from == RUNG_NONE);
}

static int then_read(struct retelling *r, const struct trail *t, const struct machine *m)
{
	r->n_now = r->next = 0;
	r->overflow = false;
	r->n_then = trail_told(t, r->then);
	for (unsigned i = 0; i < r->n_then; i++)
		if (!told_is_sound(&r->then[i], m))
			return ERR_CORRUPT;
	return r->n_then || t->told_size == 0 ? 0 : ERR_CORRUPT;
}

static int amend(struct shard *s, struct customer *c, int64_t upto_ms, struct retelling *r,
	const struct cause *why)
{
	const struct tail *said = &s->rewound.tail;
	struct strip strip;
	int rc = take_back(s, c, r, why);

	if (rc == 0)
		rc = tell_again(s, c, upto_ms, say, r, why);
	if (rc != 0)
		return rc;
	c->alarm_ms = s->rewound.alarm_ms;
	s->trail.told_size = 0;
	strip_begin(&strip);
	if (!said->kept || trail_take(&s->trail, &strip, tail_news(said)) != 0)
		trail_cut(&s->trail);
	return 0;
}

int withdraw_late(struct shard *s, struct customer *c, int64_t at_ms, const struct cause *why,
	bool *ret_done)
{
	struct customer *w = &s->rewound;
	int64_t upto_ms = c->standing.settled_ms;
	struct retelling r;
	int rc = then_read(&r, &s->trail, s->lifecycle->machine);

	if (upto_ms < why->input->clock_ms)
		upto_ms = why->input->clock_ms;
	trail_insert(&s->trail, why->event, why->message, at_ms);
	if (rc == 0 && !s->trail.kept)
		rc = ERR_VERSION; /* it has become too long */
	if (rc == 0)
		rc = tell_again(s, c, upto_ms, see, &r, why);
	*ret_done = rc == 0 && !r.overflow;
	if (rc == ERR_VERSION || (rc == 0 && r.overflow)) {
		story_begin(s, c);
		tail_add(&c->tail, why->event, why->message, c->standing.settled_ms);
		return 0;
	}
	if (rc != 0)
		return rc;
	tail_retold(&c->tail);
	c->standing = w->standing;
	facts_copy(&c->facts, &w->facts);
	compare(&r);
	return all_stand(&r) ? 0 : amend(s, c, upto_ms, &r, why);
}
