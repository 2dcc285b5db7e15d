/* SPDX-License-Identifier: Apache-2.0 */
/* Piece: what a trail is made of, as bytes that stand behind one another in the order in which they
 * came: the customer's record as it was, what was folded since, what was announced since.
 *
 *   u8      tag (enum piece)
 *   varint  size of what follows
 *   base    a record's own part; empty: the customer was not known
 *   event   varint judged at ms
 *           varint zigzag(judged at ms - its time) << 1 | 1 for a message
 *           the rest of an Event of kith.proto: source, id, channel and body; or of a message
 *           (message.h) to a customer of one byte, as whose it is known
 *   told    u8     kind | crossing << 2 | job << 5 | 128 told of a later reason
 *           u8     the risk, for risks and what they cross; else the ladder
 *           u8, u8 the rungs left and reached; only when it is a ladder
 *           varint at_ms
 *           varint the notification's number; 0: told to nobody
 *           u8, varint with 128: that reason, and the instant that was told
 *   announced: the same; it had been told to nobody so far, and now was, under this number
 *
 * Ladders, rungs and risks are indexes of the machine that judged the record: a trail does not
 * outlive a lifecycle file. Pure bytes: no clock, no store, no allocation. */
#ifndef KITH_WORKERS_PIECE_H
#define KITH_WORKERS_PIECE_H
#include "base/err.h"
#include "lifecycle/standing.h"
#include "workers/message.h"

/* On disk. */
enum piece { PIECE_BASE = 1, PIECE_EVENT, PIECE_TOLD, PIECE_ANNOUNCED };

#define PIECE_HEAD_MAX  3   /* tag and size, of all pieces that a row has room for */
#define PIECE_EVENT_MAX 560 /* of one event or message, with its head */
#define PIECE_TOLD_MAX  37  /* of one announcement, with its head */

/* Something that was announced. Of the change only what names it comes back: not since_ms. */
struct told {
	struct change change;
	uint64_t sequence; /* 0: to nobody, it is in the history only */
	/* That somebody is at risk was held, and told when a later reason was: with its instant … */
	int64_t told_ms;   /* … 0: with that of the change */
	uint8_t told_risk;
};

/* Take the next piece off REST. ERR_NOTFOUND at the end, ERR_CORRUPT. */
int piece_next(struct span *rest, uint8_t *ret_tag, struct span *ret_bytes);
/* These return the end. */
uint8_t *piece_put(uint8_t *p, enum piece tag, struct span bytes);
uint8_t *piece_put_event(uint8_t *p, const struct event *e, const struct message *m,
	int64_t at_ms);
uint8_t *piece_put_told(uint8_t *p, enum piece tag, const struct told *told);

/* The bytes of an event's piece; its key orders events of one instant. */
struct moment {
	int64_t at_ms;   /* when it was judged */
	int64_t time_ms; /* when it happened */
	bool is_message;
	struct span key;
};
int moment_take(struct moment *ret, struct span bytes);
/* As they are told: by the instant of judgement, at one instant by their bytes, that is by source
 * and id. So the order, and with it every change between two events of one millisecond, does not
 * depend on how they arrived. */
int moment_order(const struct moment *a, const struct moment *b);

int told_take(struct told *ret, struct span bytes);
/* What was said of T. */
struct change told_change(const struct told *t);

#endif
