/* SPDX-License-Identifier: Apache-2.0 */
/* Telling a customer's story again. */
#include <assert.h>
#include "workers/story.h"

int story_rewind(struct shard *s, const struct customer *c)
{
	struct customer *w = &s->rewound;
	struct span base = span_of(s->trail.base, s->trail.base_size);
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

int story_walk(struct shard *s, size_t upto, const struct cause *why)
{
	struct customer *w = &s->rewound;
	struct cause because = *why;
	struct trail_event te;
	size_t place = 0;
	struct before before;
	int rc = 0;

	while (rc == 0 && place < upto) {
		rc = trail_next(&s->trail, &place, &te);
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

static int shorten(struct shard *s, const struct customer *c)
{
	struct cause nobody = { .tell = tell_nobody };
	size_t upto = half_of(&s->trail), size;
	uint8_t base[RECORD_MAX];
	int rc;

	if (upto == s->trail.events_size) {
		trail_cut(&s->trail);
		return 0;
	}
	rc = story_rewind(s, c);
	if (rc == 0)
		rc = story_walk(s, upto, &nobody);
	if (rc != 0)
		return rc;
	size = customer_pack_own(&s->rewound, s->lifecycle->machine, &s->numbering, base);
	trail_advance(&s->trail, upto, s->rewound.standing.settled_ms, span_of(base, size),
		&s->before);
	return 0;
}

int story_shorten(struct shard *s, const struct customer *c)
{
	int rc = 0;

	trail_cut(&s->before);
	while (rc == 0 && s->trail.kept && trail_is_too_long(&s->trail))
		rc = shorten(s, c);
	if (rc == ERR_VERSION) {
		trail_cut(&s->trail);
		rc = 0;
	}
	return rc;
}
