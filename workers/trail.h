/* SPDX-License-Identifier: Apache-2.0 */
/* Trail: the recent part of one customer's story, read from its pieces (piece.h) so that it can be
 * told again when an event comes late (withdraw.h).
 *
 * It is the customer's record as it was (the base), the events and the messages of other customers
 * that have been folded since (all of them called events here), each with the instant at which it
 * was judged, in the order of the story, and what has been announced since, with the numbers of the
 * notifications. Folding the events into the base, in their order, gives the record as it is.
 *
 * Pure bytes: no clock, no store, no allocation. */
#ifndef KITH_WORKERS_TRAIL_H
#define KITH_WORKERS_TRAIL_H
#include "workers/tail.h"

/* As it is kept; beyond, the older half is folded. */
#define TRAIL_KEPT_MAX   TAIL_HALF_BYTES
#define TRAIL_COUNT_MAX  20  /* events */
#define TRAIL_BESIDE_MIN 400 /* bytes beside a base of any size */
/* As it may have been read: two rows, and what was added; each piece is whole. */
#define TRAIL_BASE_MAX   TAIL_HALF_BYTES
#define TRAIL_EVENTS_MAX (24 << 10)
#define TRAIL_TOLD_MAX   1280
#define TRAIL_TOLD_COUNT (TRAIL_TOLD_MAX / 6) /* the least that an announcement takes */
#define TRAIL_BYTES_MAX  (PIECE_HEAD_MAX + TRAIL_BASE_MAX + TRAIL_EVENTS_MAX + \
	PIECE_EVENT_MAX + TRAIL_TOLD_MAX + PIECE_TOLD_MAX)

struct trail {
	bool kept;          /* false: the story cannot be rewound */
	uint16_t base_size; /* 0: the customer was not known */
	uint16_t told_size, events_size;
	uint8_t n_events;
	uint8_t base[TRAIL_BASE_MAX];
	uint8_t told[TRAIL_TOLD_MAX];     /* pieces */
	uint8_t events[TRAIL_EVENTS_MAX]; /* pieces */
};

/* One event of the story; its texts point into the trail. */
struct trail_event {
	int64_t at_ms;     /* when it was judged: its own time, or that of its arrival when it was
	                    * dated ahead of the clock, or was too late for its place */
	bool is_message;
	struct event event; /* all but its customer and its sequence */
	struct message message; /* the same */
};
/* What it was, the other being NULL. */
static inline void trail_cause(const struct trail_event *te, const struct event **ret_event,
	const struct message **ret_message)
{
	*ret_event = te->is_message ? NULL : &te->event;
	*ret_message = te->is_message ? &te->message : NULL;
}

/* Nothing has happened since BASE, a record (empty: nobody yet). */
void trail_begin(struct trail *t, struct span base);
/* It cannot be told again, until the next trail_begin(). */
void trail_cut(struct trail *t);
/* Take what PIECES, which come behind those that K has met, say happened then; those of a trail that
 * was cut from their first base on, which there must be. A second base says nothing new. ERR_CORRUPT
 * cuts T; so does more than there is room for, which is no error. */
int trail_take(struct trail *t, struct strip *k, struct span pieces);
/* Write T as a strip: base, events, announcements; returns the end. At most TRAIL_BYTES_MAX. */
uint8_t *trail_put(const struct trail *t, uint8_t *p);
size_t trail_bytes(const struct trail *t); /* of these */
/* More than is kept: the older half is to be folded. Beside a large base some has room all the
 * same. */
static inline bool trail_is_too_long(const struct trail *t)
{
	size_t bytes = trail_bytes(t);

	return t->n_events > TRAIL_COUNT_MAX || (t->n_events > 1 && bytes > TRAIL_KEPT_MAX &&
		bytes - t->base_size > TRAIL_BESIDE_MIN);
}

/* All that was announced, in the order of the story; 0 also for bytes that nobody wrote. */
unsigned trail_told(const struct trail *t, struct told out[TRAIL_TOLD_COUNT]);
/* NOW, which had been announced to nobody so far, was under its number. What was held before the base,
 * and is told of a later reason, stands before all the others then. */
void trail_announced(struct trail *t, const struct told *now);
/* The announcements up to SETTLED_MS go, into GONE; but for those told of a later reason since. */
void trail_forget_told(struct trail *t, int64_t settled_ms, struct trail *gone);

/* Put E, or M when E is NULL, judged at AT_MS, to its place. */
void trail_insert(struct trail *t, const struct event *e, const struct message *m, int64_t at_ms);
/* Whether its place is behind all the others. */
bool trail_is_last(const struct trail *t, const struct event *e, const struct message *m,
	int64_t at_ms);
/* The event at *PLACE, from 0 on; moves PLACE behind it. ERR_NOTFOUND at the end, ERR_CORRUPT. */
int trail_next(const struct trail *t, size_t *place, struct trail_event *ret);
/* The same as it stands there, and of which only the instant is asked. */
int trail_moment(const struct trail *t, size_t *place, struct moment *ret);
int trail_skip(const struct trail *t, size_t *place, int64_t *ret_at_ms);
/* BASE, a record which is settled up to SETTLED_MS, has taken in the events before PLACE: they go,
 * and what was announced up to then, into GONE with the base that they had. */
void trail_advance(struct trail *t, size_t place, int64_t settled_ms, struct span base,
	struct trail *gone);

#endif
