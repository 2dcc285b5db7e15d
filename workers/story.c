/* SPDX-License-Identifier: Apache-2.0 */
/* Telling a customer's story again, and keeping it short. */
#include <assert.h>
#include "workers/story.h"

int story_load(struct shard *s, struct customer *c, struct span record)
{
	struct span own = span_of(record.data, c->own_size);

	if (s->settings.late_window_ms == 0)
		return 0;
	if (c->trail_section.size && c->standing.settled_ms >= s->late_from_ms)
		return trail_read(&c->trail, c->trail_section,
			span_of(own.data + c->facts_at, own.size - c->facts_at));
	trail_begin(&c->trail, own, c->facts_at);
	return 0;
}

void story_begin(struct shard *s, struct customer *c)
{
	uint8_t own[RECORD_MAX];
	size_t facts_at, size;

	if (s->settings.late_window_ms == 0)
		return;
	size = customer_pack_own(c, s->lifecycle->machine, &s->numbering, own, &facts_at);
	trail_begin(&c->trail, span_of(own, size), facts_at);
}

int story_rewind(struct shard *s, const struct customer *c)
{
	struct customer *w = &s->rewound;
	struct span base = span_of(c->trail.base, c->trail.base_size);
	int rc = 0;

	if (base.size == 0) {
		customer_init(w, customer_id(c));
		facts_adopt(&w->facts, s->lifecycle->machine);
		w->market_version = s->market.version;
	} else {
		rc = customer_unpack(w, customer_id(c), base, s->lifecycle->machine, &s->numbering);
	}
	w->quiet_until_ms = c->quiet_until_ms;
	w->alarm_ms = c->alarm_ms;
	w->source = c->source; /* by all that is known: it is no part of the story */
	w->source_votes = c->source_votes;
	w->facts.group = c->facts.group;
	if (rc != 0)
		return rc;
	market_cover(&s->market, w->market_version, &w->facts);
	return w->stale || w->market_version != s->market.version ? ERR_VERSION : 0;
}

static void fold_message(struct facts *f, const struct message *m)
{
	switch ((enum message_kind)m->kind) {
	case MESSAGE_INTRODUCED: facts_introduce(f, m->other, m->time_ms); break;
	case MESSAGE_BOUGHT: facts_credit(f, 1); break;
	case MESSAGE_TOOK_BACK: facts_credit(f, -1); break;
	case MESSAGE_MEMBER: /* not folded: group_take() */
	case MESSAGE_LEFT:
	case MESSAGE_LOST:
	case MESSAGE_SOURCE_SILENT:
	case MESSAGE_SOURCE_BACK:
	case MESSAGE_KINDS: break;
	}
}

void facts_fold(const struct shard *s, struct facts *f, const struct cause *why)
{
	if (why->event)
		machine_add(s->lifecycle->machine, f, why->event);
	else
		fold_message(f, why->message);
}

void story_fold(const struct shard *s, struct customer *c, const struct cause *why)
{
	facts_fold(s, &c->facts, why);
	market_cover(&s->market, c->market_version, &c->facts); /* by where they are now */
}

int story_walk(struct shard *s, const struct customer *c, size_t upto, const struct cause *why)
{
	struct customer *w = &s->rewound;
	struct cause because = *why;
	struct trail_event te;
	size_t place = 0;
	struct before before;
	int rc = 0;

	while (rc == 0 && place < upto) {
		rc = trail_next(&c->trail, &place, &te);
		if (rc != 0)
			return rc;
		because.event = NULL;
		because.message = NULL;
		rc = customer_settle(s, w, te.at_ms, &because);
		if (rc != 0)
			return rc;
		trail_cause(&te, &because.event, &because.message);
		customer_before(s, w, &because, &before);
		story_fold(s, w, &because);
		rc = customer_judge(s, w, &before, te.at_ms, &because);
		w->is_new = false;
	}
	return rc;
}

bool story_is_late(const struct customer *c, const struct cause *why, int64_t at_ms)
{
	const struct trail *t = &c->trail;

	if (at_ms > c->standing.settled_ms || !t->kept)
		return false;
	if (t->base_size && at_ms <= record_settled(span_of(t->base, t->base_size)))
		return false;
	return at_ms < c->standing.settled_ms || !trail_is_last(t, why->event, why->message, at_ms);
}

static int tell_nobody(void *arg, struct shard *s, struct customer *c, const struct change *ch,
	const struct cause *why)
{
	(void)arg, (void)s, (void)c, (void)ch, (void)why;
	return 0;
}

/* Behind at least half of the events, and not between two of one instant. */
static size_t half_of(const struct trail *t)
{
	size_t place = 0, next = 0;
	int64_t before_ms = 0, at_ms;

	while (trail_skip(t, &next, &at_ms) == 0) {
		if (place > 0 && 2 * place >= t->events_size && at_ms > before_ms)
			return place;
		before_ms = at_ms;
		place = next;
	}
	return t->events_size;
}

/* As story_walk(), of a part of which nothing was told: then only where it leads to need be judged.
 * False: something was, or is now; s->rewound is to be rewound again. */
static bool story_skip(struct shard *s, const struct customer *c, size_t upto)
{
	struct told told[TRAIL_TOLD_COUNT];
	struct customer *w = &s->rewound;
	struct cause because = { 0 };
	struct trail_event te;
	size_t place = 0;

	if (w->is_new)
		return false;
	while (place < upto) {
		if (trail_next(&c->trail, &place, &te) != 0)
			return false;
		trail_cause(&te, &because.event, &because.message);
		story_fold(s, w, &because);
	}
	for (unsigned i = 0, n = trail_told(&c->trail, told); i < n; i++)
		if (told[i].change.at_ms <= te.at_ms)
			return false;
	return standing_stays(&w->standing, s->lifecycle->machine, &w->facts, te.at_ms);
}

/* Fold the older half of the story into its base. */
static int shorten(struct shard *s, struct customer *c)
{
	struct cause nobody = { .tell = tell_nobody };
	size_t upto = half_of(&c->trail), facts_at, size;
	uint8_t base[RECORD_MAX];
	int rc;

	if (upto == c->trail.events_size) {
		trail_cut(&c->trail);
		return 0;
	}
	rc = story_rewind(s, c);
	if (rc == 0 && !story_skip(s, c, upto)) {
		rc = story_rewind(s, c);
		if (rc == 0)
			rc = story_walk(s, c, upto, &nobody);
	}
	if (rc != 0)
		return rc;
	size = customer_pack_own(&s->rewound, s->lifecycle->machine, &s->numbering, base, &facts_at);
	trail_advance(&c->trail, upto, s->rewound.standing.settled_ms, span_of(base, size), facts_at);
	return 0;
}

int story_fit(struct shard *s, struct customer *c, size_t size)
{
	int rc = 0;

	while (rc == 0 && !trail_is_empty(&c->trail) &&
		(trail_is_too_long(&c->trail) ||
		 size + 4 + trail_bytes(&c->trail) > RECORD_TRAIL_MAX))
		rc = shorten(s, c);
	if (rc == ERR_VERSION) {
		trail_cut(&c->trail);
		rc = 0;
	}
	return rc;
}
