/* SPDX-License-Identifier: Apache-2.0 */
/* Strip: pieces (piece.h) that lean on the ones before them, as they are kept. Events of one customer
 * are much alike: the same till, an id that has risen a little, the same kind of purchase. So an event
 * says only in what it differs from one that came before, its model, which is whole; and an
 * announcement is counted from the event and the announcement before.
 *
 *   event   with 1 to 3 in EVENT_MODEL: its model is the latest whole event but none, one or two
 *           varint judged at ms - its model's; the time as in piece.h
 *           u8     so many bytes of what it says are as the model begins
 *           the others, to the end
 *   told    with TOLD_NEAR zigzag(at_ms - when the event before was judged)
 *           with TOLD_NEXT zigzag(number - the one before)
 *
 * So a purchase at a till, with an id of 20 digits and an order of 8, is 60 bytes whole and 35 leaning.
 *
 * What leans looks back into its own strip only, and counts from there backwards, so that strips may
 * be put behind one another. Pure bytes: no clock, no store, no allocation. */
#ifndef KITH_WORKERS_STRIP_H
#define KITH_WORKERS_STRIP_H
#include "workers/piece.h"

#define STRIP_MODELS 3

/* An event as it stands there. */
struct packed {
	struct moment moment; /* its key is not unpacked yet … */
	uint8_t head;
	struct span model;    /* … and leans on this one, when head & EVENT_MODEL */
};

/* What the pieces so far have said. The spans point into them. */
struct strip {
	unsigned n_models;
	struct { int64_t at_ms; struct span key; } models[STRIP_MODELS]; /* latest first */
	bool has_event, has_number;
	struct packed last;   /* event */
	uint64_t number;      /* of the last announcement that had one */
};

struct strip_piece {
	uint8_t tag;          /* enum piece */
	struct span base;
	struct packed event;
	struct told told;
};

void strip_begin(struct strip *k);
/* As one that has met PIECES, but knows of their latest whole event only, which stands at MODEL - 1;
 * 0: there is none. */
void strip_resume(struct strip *k, struct span pieces, size_t model);
/* Their last event, which begins LAST bytes before the end; false when there is none. */
bool strip_last(struct span pieces, size_t model, size_t last, struct packed *ret);
/* Whether the latest whole event, if there is any, is of the same source as KEY. */
bool strip_suits(const struct strip *k, struct span key);
/* Put another behind; they return the end. M is no longer than moment_of() makes it. At most
 * PIECE_EVENT_MAX and PIECE_TOLD_MAX bytes, which stay there while K is used. */
uint8_t *strip_put_event(struct strip *k, uint8_t *p, const struct moment *m);
uint8_t *strip_put_told(struct strip *k, uint8_t *p, enum piece tag, const struct told *told);

/* Take the next piece off REST. ERR_NOTFOUND at the end, ERR_CORRUPT. */
int strip_next(struct strip *k, struct span *rest, struct strip_piece *ret);
/* Past all of PIECES, or up to what is damaged. */
void strip_pass(struct strip *k, struct span pieces);
/* Whether another may have it as its model. */
static inline bool packed_is_whole(const struct packed *e)
{
	return !(e->head & EVENT_MODEL) && !e->moment.is_message;
}
/* *RET := E with its key, in ROOM when it leans on another. ERR_CORRUPT. */
int packed_open(const struct packed *e, uint8_t room[PIECE_KEY_MAX], struct moment *ret);

#endif
