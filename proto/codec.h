/* SPDX-License-Identifier: Apache-2.0 */
/* Codec: between the messages of kith.proto and plain structs. The only user of protobuf-c.
 *
 * Hostile bytes cost what honest ones of their size cost. Events are decoded by hand in one pass
 * that allocates nothing but the array of results; all other messages are scanned once
 * (well-formed varints, known wire types, bounded fields, no singular field twice in one message,
 * bounded nesting) before protobuf-c unpacks them into a bump arena. Every count, length, text
 * and number is checked. A decoded struct points into the message and the arena: both must
 * outlive it.
 *
 * From the arena a Batch takes BATCH_ARENA_MAX at most (192 bytes an event, and 24 more a
 * rejection); a Subscriber message 256 KiB; a Request its own size and 256 KiB. What a client
 * reads is bounded by its size and the limit of the client's arena. */
#ifndef KITH_PROTO_CODEC_H
#define KITH_PROTO_CODEC_H
#include "base/err.h"
#include "base/event.h"
#include "base/filter.h"
#include "base/command.h"
#include "base/notification.h"
#include "base/snapshot.h"

#define BATCH_BYTES_MAX        (4u << 20)
#define BATCH_EVENTS_MAX       10000u
#define BATCH_ARENA_MAX        (4u << 20)
#define NOTIFICATION_BYTES_MAX (64u << 10)
#define SUBSCRIBER_BYTES_MAX   (16u << 10)
#define DELIVERY_BYTES_MAX     (4u << 20)
#define REQUEST_BYTES_MAX      (320u << 10)
#define REPLY_BYTES_MAX        (16u << 20)

/* A bump allocator: freed as a whole. Grows by doubling blocks up to LIMIT bytes in all. */
struct arena;
struct arena *arena_new(size_t first_block, size_t limit);
void arena_reset(struct arena *a); /* keeps its largest block for the next use */
void arena_free(struct arena *a);  /* ignores NULL */
void *arena_alloc(struct arena *a, size_t size); /* 16-byte aligned; NULL at the limit */
size_t arena_held(const struct arena *a); /* bytes of its blocks */

struct rejection {
	uint32_t index;
	uint8_t code;     /* enum reject */
	const char *text; /* a sentence: constant, or in the arena of receipt_decode() */
};

struct batch {
	uint64_t number;
	bool backfill;
	struct span source;    /* of the events that named none; their `source` is set to it */
	uint32_t n_all;        /* events in the message */
	uint32_t n_events;     /* those that are well-formed, in order */
	struct event *events;
	uint32_t *index;       /* index[i]: place of events[i] in the message */
	uint32_t n_rejected;
	struct rejection *rejected;
};

/* Decode DATA into B, from arena A (which the caller resets). One bad event is a rejection and
 * harms no other. ERR_INVALID with a complaint when the batch as a whole is not one; ERR_TOOBIG;
 * ERR_NOMEM at the arena's limit. Sets each event's fingerprint. No clock: too_old and
 * in_future are judged by the caller. */
int batch_decode(struct batch *b, const void *data, size_t size, struct arena *a,
	struct complaint *c);

/* Append an encoded Batch. Events whose source equals SOURCE (may be empty) omit it. */
void batch_encode(struct buf *out, uint64_t number, struct span source, bool backfill,
	const struct event *events, size_t n);

/* Check E as batch_decode() does, for events from elsewhere (JSON, CSV); REJECT_NONE when well,
 * else *RET_TEXT is a constant sentence. Tidies what can be said in two ways (an empty text that
 * is not a statement, -0) and sets the fingerprint: the hash of what the event says, whichever
 * way it came. The caller starts from a zeroed struct and sees to required amounts and scores,
 * whose 0 is a value. */
enum reject event_check(struct event *e, const char **ret_text);

/* A checked event to be kept: all of it but customer, sequence and time, at most EVENT_KEPT_MAX
 * bytes to P; their end. One event has one encoding. Read back by event_reread(), as of TIME_MS: 0,
 * or ERR_CORRUPT. */
#define EVENT_KEPT_MAX 1024
uint8_t *event_keep(uint8_t *p, const struct event *e);
int event_reread(struct event *e, int64_t time_ms, struct span kept);

struct receipt {
	uint64_t number;
	uint32_t accepted;
	uint32_t duplicates;
	uint32_t n_rejected;
	const struct rejection *rejected;
	uint32_t credit;
	const char *refused; /* NULL, or "malformed", "too_large", "full", "stopping" */
	const char *text;
};
void receipt_encode(struct buf *out, const struct receipt *r);
/* REJECTED and texts live in A. A code of a newer daemon is read as REJECT_MALFORMED. */
int receipt_decode(struct receipt *r, const void *data, size_t size, struct arena *a);

void notification_encode(struct buf *out, const struct notification *n);
/* Append the sentence TEXT to an encoded notification that has none: a field at the end is as good
 * as one within. */
void notification_add_text(struct buf *out, struct span text);
size_t notification_text_size(struct span text); /* what that appends: bytes */
/* Spans live in A. Severities, jobs and units of a newer daemon are read as "not said". */
int notification_decode(struct notification *n, const void *data, size_t size, struct arena *a);
/* When it came to light, by looking at nothing else; 0 when it does not say. */
int64_t notification_noticed(struct span encoded);

#define SNAPSHOT_ROWS_MAX 256 /* of a page */
void snapshot_row_encode(struct buf *out, const struct snapshot_row *r);
/* Customers of one shard, in the order of their ids' bytes. */
struct snapshot_page {
	uint32_t shard;
	uint64_t as_of;      /* all of the shard's notifications up to here are in it */
	struct span after;   /* it begins behind this customer … */
	struct span upto;    /* … and speaks of everybody up to this one */
	bool done;           /* and of everybody behind */
	unsigned n_rows;
	struct snapshot_row *rows; /* when decoded */
};

struct position {
	uint32_t shard;
	uint64_t sequence;
};

enum subscriber_verb { SUBSCRIBER_OPEN, SUBSCRIBER_ACK, SUBSCRIBER_CLOSE, SUBSCRIBER_FORGET,
	SUBSCRIBER_SNAPSHOT };
#define SUBSCRIBER_NAME_MAX 64 /* bytes, at least 1 */
#define SUBSCRIBER_TYPES_MAX 32
#define SUBSCRIBER_POSITIONS_MAX 256

/* Where a subscription is pushed to. Numbers as in the message. */
enum webhook_format { WEBHOOK_STRUCTURED, WEBHOOK_BINARY, WEBHOOK_FORMATS };
enum webhook_order { WEBHOOK_BY_CUSTOMER, WEBHOOK_UNORDERED, WEBHOOK_ORDERS };
enum webhook_paused { WEBHOOK_RUNNING, WEBHOOK_BY_HAND, WEBHOOK_FAILING, WEBHOOK_GONE, WEBHOOK_FULL,
	WEBHOOK_PAUSES };
#define WEBHOOK_SECRETS_MAX 4
#define WEBHOOK_URL_MAX     1000 /* bytes */
#define WEBHOOK_SECRET_MAX  255  /* of a name or a path: bytes */
#define WEBHOOK_REASON_MAX  200
struct webhook_message {
	struct span url;
	unsigned n_secrets;
	struct span secrets[WEBHOOK_SECRETS_MAX];
	uint8_t format, order, paused;
	bool allow_private, configured;
	uint32_t rate;      /* 0: no limit */
	struct span reason;
};

struct subscriber_message {
	enum subscriber_verb verb;
	struct span name;
	unsigned n_types;       /* of the filter below and these, both must take it */
	struct span types[SUBSCRIBER_TYPES_MAX];
	struct filter filter;
	bool has_webhook;
	struct webhook_message webhook;
	uint32_t credit;  /* 0: not said */
	bool newest;
	bool reading;         /* has no name */
	bool has_from;
	int64_t from_ms;
	struct span customer; /* of a reading; SUBSCRIBER_SNAPSHOT: behind whom */
	uint32_t shard;       /* SUBSCRIBER_SNAPSHOT … */
	uint32_t limit;       /* … 1 to SNAPSHOT_ROWS_MAX */
	unsigned n_positions; /* of an Open: behind which to begin */
	struct position positions[SUBSCRIBER_POSITIONS_MAX];
};
void subscriber_encode(struct buf *out, const struct subscriber_message *m);
int subscriber_decode(struct subscriber_message *m, const void *data, size_t size, struct arena *a,
	struct complaint *c);

struct gap {
	uint32_t shard;
	uint64_t first, last;
};
/* A Delivery is built field by field: the parts may be appended in any order. An encoded
 * notification is carried as it is. */
void delivery_add_opened(struct buf *out, const struct position *positions, unsigned n);
/* With SENTENCE as its text, if it is not empty. */
void delivery_add_notification(struct buf *out, struct span encoded, struct span sentence);
void delivery_add_gap(struct buf *out, const struct gap *g);
void delivery_add_refused(struct buf *out, const char *code, const char *text);
void delivery_add_text(struct buf *out, const char *text);
/* With opened: the newest notification of each shard. */
void delivery_add_ends(struct buf *out, const struct position *ends, unsigned n);
void delivery_add_passed(struct buf *out, const struct position *passed);
/* ROWS is what snapshot_page_add_row() made. */
void delivery_add_page(struct buf *out, const struct snapshot_page *page, struct span rows);
void snapshot_page_add_row(struct buf *rows, struct span encoded);
struct delivery {
	bool opened;
	unsigned n_positions;
	struct position *positions;
	unsigned n_notifications;
	struct notification *notifications;
	unsigned n_gaps;
	struct gap *gaps;
	unsigned n_ends, n_passed;
	struct position *ends, *passed;
	struct snapshot_page *page; /* or NULL */
	struct span refused, text;
};
int delivery_decode(struct delivery *d, const void *data, size_t size, struct arena *a);

/* An operator's command, as it stands in the journal. Spans point into A. ERR_INVALID with a
 * sentence for what no command of this version is. */
void command_encode(struct buf *out, const struct command *c);
int command_decode(struct command *c, const void *data, size_t size, struct arena *a,
	struct complaint *why);

struct request {
	uint64_t number;
	struct span verb, customer, lifecycle, json;
	struct command command; /* COMMAND_NONE: none */
};
void request_encode(struct buf *out, const struct request *r);
int request_decode(struct request *r, const void *data, size_t size, struct arena *a);

struct reply {
	uint64_t number;
	struct span error, text, json; /* size 0: absent */
};
void reply_encode(struct buf *out, const struct reply *r);
int reply_decode(struct reply *r, const void *data, size_t size, struct arena *a);

#endif
