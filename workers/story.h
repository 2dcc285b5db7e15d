/* SPDX-License-Identifier: Apache-2.0 */
/* Story: what one customer went through lately, from the base of the trail on, so that it can be
 * told again from there. It is what settling and judging make of the trail's events, each at its
 * instant and in the trail's order, and so does not depend on when they came. */
#ifndef KITH_WORKERS_STORY_H
#define KITH_WORKERS_STORY_H
#include "workers/settle.h"

/* The generations of trails, as the environment has them; and a new one when NOW_MS is as long
 * after the beginning of the latest as something may be late: so each input of that time finds what
 * it wants in the two latest, and what is older goes. */
int stories_load(struct shard *s);
int stories_turn(struct shard *s, int64_t now_ms);

/* The story of C, which is s->customer, begins here. */
void story_begin(struct shard *s, struct customer *c);
/* Put the event or message of WHY, judged at AT_MS, to the end of C's story; or *RET_LATE: it
 * belongs before something that has been told of C already, and the story, which reaches back so
 * far, has been read into s->trail. */
int story_add(struct shard *s, struct customer *c, const struct cause *why, int64_t at_ms,
	bool *ret_late);
/* Write what was added to C's story since it was loaded, or told again. Before C is written: a base
 * is the record in the store. Uses s->rewound. */
int story_store(struct shard *s, struct customer *c);
/* Bring near the row that it will ask for, if it is likely to, in steps 0, 1 and 2 as an event goes
 * its way. */
static inline void story_ahead(struct shard *s, const struct customer *c, unsigned step)
{
	const struct tail *t = &c->tail;

	if (t->kept && t->n_events >= TAIL_HALF_EVENTS && t->generation == s->stories.generation)
		env_trail_ahead(s->env, t->generation, t->row, step);
}

/* Into F, or into the facts of C, what the event or message of WHY says. */
void facts_fold(const struct shard *s, struct facts *f, const struct cause *why);
void story_fold(const struct shard *s, struct customer *c, const struct cause *why);

/* s->rewound := C as it was at the base of s->trail. ERR_VERSION when that was under another
 * lifecycle file or market. */
int story_rewind(struct shard *s, const struct customer *c);
/* Settle and judge s->rewound through the events of s->trail before the place UPTO; what changes
 * goes to WHY's tell, with what did it. */
int story_walk(struct shard *s, size_t upto, const struct cause *why);
/* Fold the older half of s->trail into its base until it is no longer than is kept. What was folded
 * last is s->before then; it is cut when nothing was. */
int story_shorten(struct shard *s, const struct customer *c);

#endif
