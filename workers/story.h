/* SPDX-License-Identifier: Apache-2.0 */
/* Story: what one customer went through lately, from the base of the trail on, so that it can be
 * told again from there. It is what settling and judging make of the trail's events, each at its
 * instant and in the trail's order, and so does not depend on when they came. */
#ifndef KITH_WORKERS_STORY_H
#define KITH_WORKERS_STORY_H
#include "workers/settle.h"

/* Read the trail of C, just unpacked from RECORD (none: not known yet). What is older than the
 * settings want begins anew. ERR_CORRUPT. */
int story_load(struct shard *s, struct customer *c, struct span record);
/* The story of C begins here. */
void story_begin(struct shard *s, struct customer *c);
/* Shorten the trail of C, whose record's own part has SIZE bytes, to what a record may have. Uses
 * s->rewound. */
int story_fit(struct shard *s, struct customer *c, size_t size);

/* Whether the event or message of WHY, judged at AT_MS, belongs before something that has been told
 * of C already, and the story reaches back so far. */
bool story_is_late(const struct customer *c, const struct cause *why, int64_t at_ms);
/* Into F, or into the facts of C, what the event or message of WHY says. */
void facts_fold(const struct shard *s, struct facts *f, const struct cause *why);
void story_fold(const struct shard *s, struct customer *c, const struct cause *why);

/* s->rewound := C as it was at the base. ERR_VERSION when that was under another lifecycle file
 * or market. */
int story_rewind(struct shard *s, const struct customer *c);
/* Settle and judge s->rewound through the events of C's trail before the place UPTO; what changes
 * goes to WHY's tell, with what did it. */
int story_walk(struct shard *s, const struct customer *c, size_t upto, const struct cause *why);

#endif
