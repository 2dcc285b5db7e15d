/* SPDX-License-Identifier: Apache-2.0 */
/* Subscriber: its insides, which subscriber.c and subscriber_snapshot.c share. Private. */
#ifndef KITH_CLIENTS_C_SUBSCRIBER_H
#define KITH_CLIENTS_C_SUBSCRIBER_H
#include "clients/c/coverage.h"
#include "clients/c/kith.h"
#include "clients/c/link.h"
#include "proto/codec.h"

struct subscriber_shard {
	uint64_t handed_out; /* the highest sequence */
	uint64_t done;       /* acknowledged by the caller */
	uint64_t told;       /* acknowledged to the daemon on this connection */
	uint64_t given;      /* the highest that the caller has seen; what a snapshot told is not given */
	uint64_t end;        /* the newest when it was first opened */
	struct coverage coverage;
};

/* Asking for who stands where. While it lasts, and until the daemon has opened us once more,
 * notifications that come are left alone: they are not acknowledged, and come again then. */
enum snapshot_phase { SNAPSHOT_NONE, SNAPSHOT_ROWS, SNAPSHOT_REOPENING };

struct subscriber_snapshot {
	enum snapshot_phase phase;
	uint32_t shard;               /* whose pages are being asked for */
	uint8_t after[EVENT_CUSTOMER_MAX];
	uint8_t after_size;
	bool asked;                   /* on this connection, and not answered yet */
	bool ended;                   /* the caller has not been told yet */
	unsigned next_row;            /* of the delivery's page */
};

struct kith_subscriber {
	struct link link;
	unsigned losses_seen;
	char name[SUBSCRIBER_NAME_MAX];
	size_t name_size;
	uint32_t credit;
	bool newest, reading, has_from;
	int64_t from_ms;
	unsigned n_positions;              /* to begin behind */
	struct position positions[SUBSCRIBER_POSITIONS_MAX];
	char customer[EVENT_CUSTOMER_MAX];
	size_t customer_size;
	struct filter filter;
	unsigned n_shards;                 /* of the daemon; 0 before it said so */
	char *types[SUBSCRIBER_TYPES_MAX]; /* owned */
	unsigned n_types;
	bool asked, opened;
	int64_t asked_ns, ask_at_ns, heard_ns;
	bool forgotten;
	int refused;                       /* 0, or the error that ended the subscription */
	struct complaint why;
	struct arena *arena;
	uint8_t *bytes;                    /* the delivery being handed out, which `delivery` points into */
	struct delivery delivery;
	unsigned next_gap, next_notification, next_passed;
	struct subscriber_shard shards[SUBSCRIBER_POSITIONS_MAX];
	unsigned unacknowledged;           /* acknowledgements not told yet */
	struct subscriber_snapshot snapshot;
};

/* Send M; ERR_BUSY when it cannot leave now. */
int subscriber_say(struct kith_subscriber *s, const struct subscriber_message *m);

/* Whether what comes now is left alone. */
static inline bool subscriber_snapshot_holds(const struct kith_subscriber *s)
{
	return s->snapshot.phase != SNAPSHOT_NONE;
}
/* Take the page that came: *RET_ITEM is the next row or the end; false when there is none. */
bool subscriber_snapshot_take(struct kith_subscriber *s, struct kith_item *ret_item);
/* A delivery has come: what it means for the snapshot. */
int subscriber_snapshot_receive(struct kith_subscriber *s);
/* Ask for the next page, when one is wanted. */
int subscriber_snapshot_ask(struct kith_subscriber *s);
/* I, a notification, is new, but the snapshot has told of it already: it is done with as soon as
 * all before it is. A gap is marked so. */
bool subscriber_snapshot_told(struct kith_subscriber *s, struct kith_item *i);

#endif
