/* SPDX-License-Identifier: Apache-2.0 */
/* Piece: what a trail is made of, as bytes that stand behind one another in the order in which they
 * came: the customer's record as it was, what was folded since, what was announced since. Most of an
 * event says what the one before said, so it may lean on that (strip.h); here each is whole.
 *
 *   u8      tag (enum piece), and from bit 3 on how it leans on others (enum piece_lean)
 *   varint  size of what follows
 *   base    a record's own part; empty: the customer was not known
 *   event   varint judged at ms
 *           varint with 32: zigzag(judged at ms - its time) << 1 | 1 for a message; without: 0
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
enum piece_lean {
	PIECE_TAG = 0x07,
	EVENT_MODEL = 0x18,   /* an event: 0 it is whole, else strip.h */
	EVENT_SHIFTED = 0x20, /* it is a message, or was not judged at its own time */
	TOLD_NEAR = 0x08,     /* an announcement: strip.h */
	TOLD_NEXT = 0x10,
};

#define PIECE_HEAD_MAX  3   /* tag and size, of all pieces that a row has room for */
#define PIECE_KEY_MAX   540 /* what an event or a message says: bytes */
#define PIECE_EVENT_MAX 576 /* of one of these, with its head */
#define PIECE_TOLD_MAX  40  /* of one announcement, with its head */

/* Something that was announced. Of the change only what names it comes back: not since_ms. */
struct told {
	struct change change;
	uint64_t sequence; /* 0: to nobody, it is in the history only */
	/* That somebody is at risk was held, and told when a later reason was: with its instant … */
	int64_t told_ms;   /* … 0: with that of the change */
	uint8_t told_risk;
};

/* An event or a message in a story. */
struct moment {
	int64_t at_ms;   /* when it was judged */
	int64_t time_ms; /* when it happened */
	bool is_message;
	struct span key; /* what it says; it orders those of one instant */
};

/* Take the next piece off REST; *RET_HEAD is its first byte. ERR_NOTFOUND at the end, ERR_CORRUPT. */
int piece_next(struct span *rest, uint8_t *ret_head, struct span *ret_bytes);
/* The end of a piece whose bytes stand from P to END, its head before P: two bytes were left for it,
 * and when the size needs another, the bytes move. */
uint8_t *piece_close(uint8_t *p, unsigned head, uint8_t *end);

/* These return the end. */
uint8_t *piece_put(uint8_t *p, enum piece tag, struct span bytes);
uint8_t *piece_put_moment(uint8_t *p, const struct moment *m);
uint8_t *piece_put_told(uint8_t *p, unsigned head, const struct told *told);

/* E, or M when E is NULL, judged at AT_MS; what it says is written to ROOM. */
struct moment moment_of(const struct event *e, const struct message *m, int64_t at_ms,
	uint8_t room[PIECE_KEY_MAX]);
/* Of an event's piece, and of what the piece says but for the head: the instants, with what it says
 * behind them, the judgement counted from SINCE_MS on. ERR_CORRUPT. */
int moment_take(struct moment *ret, unsigned head, struct span bytes, int64_t since_ms);
uint8_t *moment_put_times(uint8_t *p, const struct moment *m, int64_t since_ms);
static inline bool moment_is_shifted(const struct moment *m)
{
	return m->is_message || m->time_ms != m->at_ms;
}
/* As they are told: by the instant of judgement, at one instant by their bytes, that is by source
 * and id. So the order, and with it every change between two events of one millisecond, does not
 * depend on how they arrived. */
int moment_order(const struct moment *a, const struct moment *b);

int told_take(struct told *ret, struct span bytes);
/* What was said of T. */
struct change told_change(const struct told *t);

#endif
