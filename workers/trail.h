/* SPDX-License-Identifier: Apache-2.0 */
/* Trail: the recent part of one customer's story, kept so that it can be told again when an event
 * comes late (withdraw.h).
 *
 * It is the customer's record as it was (the base), the events and the messages of other customers
 * that have been folded since (all of them called events here), each with the instant at which it
 * was judged, and what has been announced since, with the numbers of the notifications. Folding the
 * events into the base, in their order, gives the record as it is.
 *
 * Events are in the order of the story: by the instant of judgement, at one instant by their
 * bytes, that is by source and id. So the order, and with it every change between two events of
 * one millisecond, does not depend on how they arrived.
 *
 * Pure bytes: no clock, no store, no allocation. Drawn in docs/FORMAT.md. */
#ifndef KITH_WORKERS_TRAIL_H
#define KITH_WORKERS_TRAIL_H
#include "base/err.h"
#include "lifecycle/standing.h"
#include "workers/message.h"

#define TRAIL_BASE_MAX   900  /* bytes; a larger record has no trail */
#define TRAIL_KEPT_MAX   768  /* of events and announcements; beyond, the older half is folded */
#define TRAIL_COUNT_MAX  20   /* the same, of events */
#define TRAIL_EVENT_MAX  512  /* bytes of one event */
#define TRAIL_REF_MAX    96   /* of the reference */
#define TRAIL_EVENTS_MAX (TRAIL_KEPT_MAX + TRAIL_EVENT_MAX) /* between two foldings */
#define TRAIL_TOLD_MAX   1024 /* the same, of announcements */
#define TOLD_BYTES_MAX   34   /* of one; at least TOLD_BYTES_MIN */
#define TOLD_BYTES_MIN   5
#define TRAIL_TOLD_COUNT (TRAIL_TOLD_MAX / TOLD_BYTES_MIN)

struct trail {
	bool kept;         /* false: the story cannot be rewound, and nothing is added */
	uint16_t head;     /* bytes of the base before its facts */
	uint16_t base_size; /* 0: the customer was not known */
	uint16_t told_size, events_size;
	uint8_t n_events;
	uint8_t ref_size; /* how the event began that came first: what others have alike is not kept */
	int64_t ref_ms;   /* and when it was judged */
	uint8_t ref[TRAIL_REF_MAX];
	uint8_t base[TRAIL_BASE_MAX];
	uint8_t told[TRAIL_TOLD_MAX];
	uint8_t events[TRAIL_EVENTS_MAX];
};

/* Something that was announced. Of the change only what names it comes back: not since_ms. */
struct told {
	struct change change;
	uint64_t sequence; /* 0: to nobody, it is in the history only */
	/* That somebody is at risk was held, and told when a later reason was: with its instant … */
	int64_t told_ms;   /* … 0: with that of the change */
	uint8_t told_risk;
};
/* What was said of T. */
struct change told_change(const struct told *t);

/* One event of the story; its texts point into its own bytes, so it is not copied. */
struct trail_event {
	int64_t at_ms;     /* when it was judged: its own time, or that of its arrival when it was dated
	                    * ahead of the clock, or was too late for its place */
	bool is_message;
	struct event event; /* all but its customer and its sequence */
	struct message message; /* the same */
	uint8_t bytes[TRAIL_EVENT_MAX];
};
/* What it was, the other being NULL. */
static inline void trail_cause(const struct trail_event *te, const struct event **ret_event,
	const struct message **ret_message)
{
	*ret_event = te->is_message ? NULL : &te->event;
	*ret_message = te->is_message ? &te->message : NULL;
}

/* Nothing has happened since BASE, a record whose facts begin at HEAD (both 0: nobody yet). */
void trail_begin(struct trail *t, struct span base, size_t head);
/* From now on nothing can be told again, until the next trail_begin(). */
void trail_cut(struct trail *t);
static inline bool trail_is_empty(const struct trail *t)
{
	return !t->kept || (t->told_size == 0 && t->events_size == 0);
}
static inline size_t trail_kept_bytes(const struct trail *t)
{
	return (size_t)t->told_size + t->events_size;
}
/* More than a record keeps: the older half is to be folded. */
static inline bool trail_is_too_long(const struct trail *t)
{
	return trail_kept_bytes(t) > TRAIL_KEPT_MAX || t->n_events > TRAIL_COUNT_MAX;
}

/* To and from a section of a record; FACTS are the record's own, which a base shares while there
 * are no events. ERR_CORRUPT leaves T cut. trail_bytes() is what trail_put() writes, at most. */
int trail_read(struct trail *t, struct span section, struct span facts);
size_t trail_bytes(const struct trail *t);
size_t trail_put(const struct trail *t, uint8_t *out);

/* Add what was announced; an announcement for which there is no room cuts the trail. */
void trail_tell(struct trail *t, const struct change *ch, uint64_t sequence);
void trail_tell_again(struct trail *t, const struct told *told);
/* CH, which had been announced to nobody so far, now was. */
void trail_announced(struct trail *t, const struct change *ch, uint64_t sequence);
/* All that was, in the order of the story; 0 also for bytes that nobody wrote. */
unsigned trail_told(const struct trail *t, struct told out[TRAIL_TOLD_COUNT]);
/* What was announced is what FROM has. */
void trail_tell_as(struct trail *t, const struct trail *from);
/* The announcements up to SETTLED_MS go. */
void trail_forget_told(struct trail *t, int64_t settled_ms);

/* Put E, or M when E is NULL, judged at AT_MS, to its place; or to the end, for one that is judged
 * no earlier than the last. */
void trail_insert(struct trail *t, const struct event *e, const struct message *m, int64_t at_ms);
void trail_add(struct trail *t, const struct event *e, const struct message *m, int64_t at_ms);
/* Whether its place is behind all the others. */
bool trail_is_last(const struct trail *t, const struct event *e, const struct message *m,
	int64_t at_ms);
/* The event at *PLACE, from 0 on; moves PLACE behind it. ERR_NOTFOUND at the end, ERR_CORRUPT. */
int trail_next(const struct trail *t, size_t *place, struct trail_event *ret);
/* The same, of which only the instant is asked. */
int trail_skip(const struct trail *t, size_t *place, int64_t *ret_at_ms);
/* BASE, a record whose facts begin at HEAD and which is settled up to SETTLED_MS, has taken in the
 * events before PLACE: they go, and what was announced up to then. */
void trail_advance(struct trail *t, size_t place, int64_t settled_ms, struct span base,
	size_t head);

#endif
