/* SPDX-License-Identifier: Apache-2.0 */
/* Tail: the end of a customer's trail, which stands in the record: what has happened since the last
 * base. What happens in time is put behind it as it is; the rest of the trail is a row elsewhere, and
 * is read only when something comes late, and touched when there is another base (story.h).
 *
 * The row stands in one of two tables (env_trail_put), one for each of the two latest generations; a
 * generation lasts at least as long as something may be late, and then the older table is emptied. It
 * is
 *
 *   varint  the row of the generation before from which it goes on; 0: from none
 *   strips  (strip.h): pieces of which the last one mostly is the base behind which the tail begins
 *
 * With each base that is put to a row, what stood there before the last one goes. So nothing is ever
 * folded a second time for a trail to stay short.
 *
 * The section of the record:
 *
 *   varint  generation of the row
 *   varint  its number
 *   u8      events since the last base; 128: the row says nothing any more
 *   varint  bytes of the row from its last base on
 *   varint  where in the tail its latest whole event begins, from 1; 0: it has none
 *   varint  bytes of the tail from its last event on; 0: it has none
 *   strip   the tail, to the end */
#ifndef KITH_WORKERS_TAIL_H
#define KITH_WORKERS_TAIL_H
#include "workers/strip.h"

#define TAIL_HALF_EVENTS 10  /* since a base; then comes another */
#define TAIL_HALF_BYTES  930 /* of a base and what came since: two are a value without overflow */
#define TAIL_ADDED_MAX   (TAIL_HALF_BYTES + PIECE_EVENT_MAX)

struct tail {
	/* as the record has it */
	uint32_t generation; /* whose table has the row; 0: there is none */
	uint32_t row;        /* its number there */
	bool is_void;        /* it says nothing any more */
	uint8_t n_events;    /* since the last base */
	uint16_t row_since;  /* bytes of the row from its last base on */
	uint16_t model, last; /* of `held` (strip_resume, strip_last) */
	struct span held;    /* a strip; in the store, until something is written there */
	/* since the customer was loaded */
	bool kept;           /* false: nothing is added until it is loaded anew */
	bool anew;           /* the story begins with the base that the shard holds ready */
	bool is_retold;      /* … or is what the shard's trail says, and what was added since */
	bool is_alone;       /* what is added leans on nothing that is held */
	bool is_met;         /* `strip` has met what is held and added */
	uint8_t n_added;     /* events */
	uint16_t added_model; /* of these, likewise … */
	uint16_t added_last; /* … but where the last one begins; only when there is one */
	uint16_t size;
	uint8_t added[TAIL_ADDED_MAX]; /* the strip goes on */
	struct strip strip;
};

/* There is no trail, and nothing is added until tail_keep(). */
void tail_init(struct tail *t);
/* From now on nothing can be told again, until the customer is loaded anew. */
void tail_cut(struct tail *t);
/* The story begins with a new base, and goes on. */
void tail_begin(struct tail *t);
/* What happens is added, in GENERATION. */
void tail_keep(struct tail *t, uint32_t generation);
/* The row is gone, and what was held is too old to matter. */
void tail_lose(struct tail *t);
/* What was held and added is in the shard's trail. */
void tail_retold(struct tail *t);
static inline bool tail_has_news(const struct tail *t)
{
	return t->kept && (t->size || t->anew || t->is_retold);
}
static inline struct span tail_news(const struct tail *t)
{
	return span_of(t->added, t->size);
}

/* Add E, or M when E is NULL, judged at AT_MS, which is no earlier than all before. What there is no
 * room for cuts the tail. */
void tail_add(struct tail *t, const struct event *e, const struct message *m, int64_t at_ms);
/* That was not the place of what was added last, before which there were SIZE bytes. */
void tail_take_back(struct tail *t, uint16_t size);
/* Whether what was added last, being the first event, comes behind the last one held; false also
 * when none is held. */
bool tail_is_in_order(const struct tail *t);
/* What was added leans on nothing that is held, which goes elsewhere. */
void tail_stand_alone(struct tail *t);
/* Add what was announced under SEQUENCE. */
void tail_tell(struct tail *t, const struct change *ch, uint64_t sequence);
void tail_tell_again(struct tail *t, const struct told *told);
/* TOLD, which had been announced to nobody so far, now was. */
void tail_announced(struct tail *t, const struct told *told);

/* ROW of GENERATION now holds what was held before, and from a base on SINCE bytes with EVENTS
 * events. What was added stands alone. */
void tail_moved(struct tail *t, uint32_t generation, uint32_t row, size_t since, unsigned events);

/* To and from the section of a record. NULL for what tail_put() does not write. */
uint8_t *tail_put(struct tail *t, uint8_t *p);
const uint8_t *tail_take(struct tail *t, struct span section);
/* It stands in the record, and is at hand no more. */
void tail_written(struct tail *t);

#endif
