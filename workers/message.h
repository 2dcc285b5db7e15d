/* SPDX-License-Identifier: Apache-2.0 */
/* Message: what an event of one customer means for another, who may belong to another shard.
 *
 * While it applies an event a shard puts messages into its table, under gap-free numbers and in the
 * transaction of their cause, so a replay makes the same ones. The main thread journals what
 * stands there as an input (INPUT_MESSAGES), after which they are applied like events, each by
 * the shard of its customer; the shard that wrote them sees its own numbers in that input and
 * deletes them. So a message is in the table or in the journal, never in both nor in neither:
 * it is applied exactly once, whatever crashes. On starting, the main thread journals what is
 * left in the tables.
 *
 * The bytes, from 0:
 *   u8      version, 1
 *   u8      kind
 *   u8      flags: 1 its cause was back-filled
 *   varint  time_ms
 *   customer, other, cause's source, cause's id: u8 size, bytes each
 * and of MESSAGE_MEMBER and MESSAGE_LEFT
 *   u8      how they belong
 *   u8      what they did, enum deed
 *   varint  number of the merge; 0 for an account
 *   varint  lifecycle version under which the facts were packed
 *   facts   to the end, as facts_pack() writes them; none of MESSAGE_LEFT */
#ifndef KITH_WORKERS_MESSAGE_H
#define KITH_WORKERS_MESSAGE_H
#include "base/err.h"
#include "base/event.h"
#include "lifecycle/facts.h"
#include "proto/codec.h"

/* On disk, never reused. */
enum message_kind {
	MESSAGE_LOST = 0,       /* its row was damaged; the number is kept */
	MESSAGE_INTRODUCED = 1, /* `other` brought the customer in */
	MESSAGE_BOUGHT = 2,     /* `other`, whom the customer brought in, has become a buyer */
	MESSAGE_TOOK_BACK = 3,  /* … and is none any more, or somebody else brought them in before */
	MESSAGE_MEMBER = 4,     /* `other` belongs to the customer, and has these facts now */
	MESSAGE_LEFT = 5,       /* … and does so no more */
	/* To all shards, of a source: `customer` is its name, there is no `other` (silence.h). */
	MESSAGE_SOURCE_SILENT = 100,
	MESSAGE_SOURCE_BACK = 101,
	MESSAGE_KINDS
};

/* How one customer belongs to another. On disk, never reused. */
enum belonging {
	BELONGS_SELF,       /* the row of one's own facts */
	BELONGS_AS_ID,      /* it is the same person: a merge */
	BELONGS_TO_ACCOUNT, /* it is a person of that company, and a customer too */
	BELONGINGS
};

/* What the event was by which somebody showed themselves, or we did. On disk, never reused. */
enum deed { DEED_NONE, DEED_PURCHASE, DEED_CONTACT_IN, DEED_CONTACT_OUT, DEEDS };

struct message {
	uint8_t kind;         /* enum message_kind */
	bool backfill;
	int64_t time_ms;      /* its cause's */
	struct span customer; /* to whom */
	struct span other;
	struct span cause_source, cause_id; /* the event that made it; empty: an operator's command */
	/* MESSAGE_MEMBER, MESSAGE_LEFT */
	uint8_t belongs;      /* enum belonging */
	uint8_t deed;         /* enum deed */
	uint64_t number;      /* of the input that merged them */
	uint32_t lifecycle_version;
	struct span facts;
};

static inline bool message_is_of_source(const struct message *m)
{
	return m->kind >= MESSAGE_SOURCE_SILENT;
}

#define MESSAGE_BYTES_MAX (512 + FACTS_PACKED_MAX)
/* At most MESSAGE_BYTES_MAX bytes to OUT; those without facts at most 512. */
size_t message_encode(const struct message *m, uint8_t *out);
/* Spans point into BYTES. ERR_CORRUPT for what message_encode() does not write. No bytes at all are
 * a MESSAGE_LOST. */
int message_decode(struct message *m, struct span bytes);
bool message_is_backfill(struct span bytes);

/* Several, as they stand in an input: { u32 size, bytes } each. */
void messages_add(struct buf *list, struct span bytes);
/* Into an array from A. ERR_CORRUPT, ERR_NOMEM. */
int messages_decode(struct span list, struct arena *a, struct message **ret_messages, uint32_t *ret_n);

#endif
