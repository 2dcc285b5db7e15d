/* SPDX-License-Identifier: Apache-2.0 */
/* libkith: talk to kithd from C.
 *
 *   producer    hands in events and hears, batch by batch, that they are durable
 *   subscriber  receives every notification of a durable subscription, at least once
 *   feed        listens to the live feed; what is missed is missed
 *   call        asks the daemon one thing and returns its answer as JSON text
 *
 * Threads: a handle belongs to one thread at a time; different handles are independent.
 * Errors: 0 or a negative `enum err` of base/err.h; err_text() has a sentence for each, and
 * where a function takes a `struct complaint` it says what, where and what to do (NULL is fine).
 * Units: times are Unix milliseconds, amounts minor units of the store's currency, timeouts
 * milliseconds (0: only look, negative: for ever). A caught signal may end a wait early, as if
 * its time were over; use short timeouts where one must be noticed.
 * RUN is the daemon's run directory; NULL stands for $KITH_RUN, else /run/kith.
 *
 * Nothing here prints, installs signal handlers or starts threads but ZeroMQ's own.
 * Link with: -lkith -lzmq -lprotobuf-c -ljansson -lxxhash -lm */
#ifndef KITH_H
#define KITH_H
#include "base/command.h"
#include "base/err.h"
#include "base/event.h"
#include "base/filter.h"
#include "base/notification.h"
#include "base/snapshot.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The run directory that RUN stands for; never NULL. */
const char *kith_run_dir(const char *run);

/* ------------------------------------------------------------------------ producer
 *
 * kith_producer_add() gathers events into batches. A batch is kept in memory until its receipt,
 * which says that it is durable; until then it is sent again, in order and beginning with the
 * oldest, whenever the daemon refuses for now ("full", "stopping"), goes away or stays silent
 * too long. That is safe, since an event is known by its source and id: what the daemon had
 * already taken is answered as a duplicate. At most the daemon's credit is under way, and at
 * most the greater of that and one batch waits here, so memory stays bounded. */

#define KITH_BATCH_EVENTS  500u    /* default size of a batch */
#define KITH_WINDOW_EVENTS 200000u /* kept unacknowledged at most, whatever the credit */

struct kith_rejection {
	uint64_t tag;              /* as given to kith_producer_add() */
	const char *code;          /* "too_old"; docs/PROTOCOL.md lists them */
	const char *text;          /* the same as a sentence */
	const struct event *event; /* the event refused */
};

/* What became of one batch. Everything in it is valid during the call only. */
struct kith_receipt {
	uint64_t number;           /* batches count from 1 */
	uint32_t events;           /* in the batch */
	uint32_t accepted;         /* now durable */
	uint32_t duplicates;       /* had been accepted before */
	uint32_t n_rejected;
	const struct kith_rejection *rejected;
	const char *refused;       /* NULL, or why the batch as a whole will never be taken */
	const char *text;          /* the same as a sentence, or NULL */
};

struct kith_producer_settings {
	const char *run;
	const char *source;        /* of events that name none: 1 to 64 bytes, or NULL */
	bool backfill;             /* history: announce nothing, remember everything */
	unsigned batch_events;     /* 1 to 10,000; 0: KITH_BATCH_EVENTS */
	/* Called from within the functions below, once a batch; may be NULL. It must not call
	 * back into the producer. */
	void (*receipt)(void *arg, const struct kith_receipt *r);
	void *arg;
};

struct kith_producer_stats {
	uint64_t added;            /* events taken by kith_producer_add() */
	uint64_t accepted, duplicates, rejected; /* of those answered */
	uint64_t refused;          /* events of batches that will never be taken */
	uint64_t resent;           /* batches sent again */
	uint32_t waiting;          /* events without an answer yet */
	uint32_t credit;           /* the daemon's; 0 before its first receipt */
	bool connected;
	int64_t quiet_ms;          /* how long nothing was heard while something waited */
	const char *held_by;       /* "full", "stopping": why the daemon takes nothing now; or NULL */
};

struct kith_producer;

/* Connects in the background: an absent daemon is no error here (see .connected). ERR_INVALID
 * and ERR_TOOBIG for settings out of range; SETTINGS is copied. */
int kith_producer_open(const struct kith_producer_settings *settings,
	struct kith_producer **ret_producer, struct complaint *c);

/* Take E (made from a zeroed struct), of which everything is copied. Waits while the window is
 * full; ERR_TIMEOUT: it still is, E was not taken, call again. ERR_INVALID: E breaks a rule
 * (nothing was sent; *RET_CODE, which may be NULL, is its code); also ERR_NOMEM. A size-0 source
 * means the default one. TAG is yours: it comes back with a rejection. */
int kith_producer_add(struct kith_producer *p, const struct event *e, uint64_t tag, int timeout_ms,
	enum reject *ret_code, struct complaint *c);

/* Close the batch under construction, however small, and send what may be sent. */
int kith_producer_flush(struct kith_producer *p);

/* Send and receive, waiting up to TIMEOUT_MS for something to happen; ERR_TIMEOUT when nothing
 * did. Call it now and then while there is nothing to add. */
int kith_producer_poll(struct kith_producer *p, int timeout_ms);

/* Flush and wait until everything is answered; ERR_TIMEOUT when that took too long: nothing is
 * lost, call again. */
int kith_producer_drain(struct kith_producer *p, int timeout_ms);

struct kith_producer_stats kith_producer_stats(const struct kith_producer *p);

/* Why the daemon cannot be reached, for a person; fills C and returns ERR_CLOSED. */
int kith_producer_unreachable(const struct kith_producer *p, struct complaint *c);

/* Forgets what is unanswered: drain first. Ignores NULL. */
void kith_producer_close(struct kith_producer *p);

/* ---------------------------------------------------------------------- subscriber
 *
 * A durable subscription is known by its name and outlives both sides. Each notification comes
 * at least once, in order within its shard (hence per customer); within one handle never twice,
 * reconnections included. After a restart of the subscriber, what it had not acknowledged comes
 * again under the same (shard, sequence).
 *
 * Without a name it is a reading: it begins where it is told to among the notifications that are
 * kept, goes on with what comes, and nothing is kept of it. Acknowledging is its credit.
 *
 * A gap says that notifications were trimmed before they could be delivered. What they said is
 * gone; where everybody stands now is not: kith_subscriber_snapshot(). */

struct kith_position {
	uint32_t shard;
	uint64_t sequence;
};

struct kith_subscriber_settings {
	const char *run;
	const char *name;           /* 1 to 64 bytes; NULL: a reading */
	const char *const *types;   /* prefixes of types ("customer.", "risk.silent"); all when none */
	unsigned n_types;           /* at most 32 */
	uint32_t credit;            /* unacknowledged at most; 0: the daemon's default, 256 */
	/* Where a name never seen, or a reading, begins: with the oldest kept, or … */
	bool newest;                /* … now */
	bool has_from;              /* … with what came to light at FROM_MS or later */
	int64_t from_ms;
	const struct kith_position *positions; /* … behind these; shards that are not named begin at … */
	unsigned n_positions;       /* … FROM_MS, else at the time of the earliest named. At most 256 */
	const struct filter *filter; /* NULL: all. Beside `types`: both must take it */
	const char *customer;       /* of a reading: of this one only; or NULL */
};

enum kith_item_kind {
	KITH_NOTIFICATION,
	KITH_GAP,
	KITH_PASSED,       /* a reading has come so far; nothing of it was for you. Needs no ack */
	KITH_STANDING,     /* a customer of the snapshot, as of SEQUENCE of SHARD. Needs no ack */
	KITH_SNAPSHOT_END, /* everybody has been told; now the notifications after that */
};

struct kith_item {
	enum kith_item_kind kind;
	uint32_t shard;
	uint64_t sequence;          /* acknowledge this; of a gap: its last */
	uint64_t first;             /* of a gap: from here on they were trimmed before delivery */
	bool in_snapshot;           /* of a gap: the last snapshot tells what became of all customers */
	const struct notification *notification; /* valid until the next call on this handle */
	const struct snapshot_row *standing;     /* likewise */
};

struct kith_subscriber;

int kith_subscriber_open(const struct kith_subscriber_settings *settings,
	struct kith_subscriber **ret_subscriber, struct complaint *c);

/* The next item. ERR_TIMEOUT: none came. ERR_BUSY: fenced, another process has opened this
 * name; ERR_DENIED: refused for another reason; both stay so, and C says why. Reconnects and
 * opens again by itself. */
int kith_subscriber_next(struct kith_subscriber *s, int timeout_ms, struct kith_item *ret_item,
	struct complaint *c);

/* Everything of SHARD up to SEQUENCE is done with and need not come again. Sent at the latest
 * when kith_subscriber_next() would wait, and by close. */
int kith_subscriber_ack(struct kith_subscriber *s, uint32_t shard, uint64_t sequence);

/* Ask for where everybody stands for whom the filter is; begins anew if it was under way. From now
 * on kith_subscriber_next() gives a KITH_STANDING for each and then KITH_SNAPSHOT_END; after that
 * the notifications that the snapshot does not hold yet. Applying both in that order gives
 * exactly what is announced, through reconnections and restarts of the daemon. */
int kith_subscriber_snapshot(struct kith_subscriber *s);

/* How many shards there are (0 before it was open), how far in SHARD we are, and which was its
 * newest notification when it was opened first: a reading that has come there was up to date
 * then. */
unsigned kith_subscriber_shards(const struct kith_subscriber *s);
uint64_t kith_subscriber_position(const struct kith_subscriber *s, uint32_t shard);
uint64_t kith_subscriber_end(const struct kith_subscriber *s, uint32_t shard);

/* True once the daemon has confirmed the subscription on the present connection. */
bool kith_subscriber_is_open(const struct kith_subscriber *s);
int kith_subscriber_unreachable(const struct kith_subscriber *s, struct complaint *c);

/* Delete the name and its position at the daemon, which opens it first and so fences whoever
 * else has it. The handle is only good for closing afterwards. */
int kith_subscriber_forget(struct kith_subscriber *s, int timeout_ms, struct complaint *c);

/* Sends outstanding acknowledgements; the name and its position stay. Ignores NULL. */
void kith_subscriber_close(struct kith_subscriber *s);

/* ----------------------------------------------------------------------- live feed */

struct kith_feed;

/* Topics are prefixes of types; all when none. */
int kith_feed_open(const char *run, const char *const *topics, unsigned n_topics,
	struct kith_feed **ret_feed, struct complaint *c);

/* The next notification, valid until the next call; ERR_TIMEOUT. What does not decode is
 * skipped. Sequences are gap-free within a shard for who listens to all topics. */
int kith_feed_next(struct kith_feed *f, int timeout_ms, const struct notification **ret_n);
bool kith_feed_is_connected(const struct kith_feed *f);
int kith_feed_unreachable(const struct kith_feed *f, struct complaint *c);
void kith_feed_close(struct kith_feed *f);

/* ------------------------------------------------------------------------- control */

/* Ask VERB ("stats", "show", "explain", "reload", "subscriptions", "forget", "ping"), about
 * CUSTOMER or with the text of a LIFECYCLE file where the verb wants one (else NULL). *RET_JSON
 * is the caller's, for free(). ERR_CLOSED: nobody listens; ERR_TIMEOUT: no answer in time;
 * ERR_NOTFOUND, ERR_BUSY, ERR_INVALID: the daemon said so. */
int kith_call(const char *run, const char *verb, const char *customer, const char *lifecycle,
	int timeout_ms, char **ret_json, struct complaint *c);
/* Have a COMMAND obeyed (base/command.h): it is in the journal and applied when this returns. */
int kith_command(const char *run, const struct command *command, int timeout_ms, char **ret_json,
	struct complaint *c);
/* The same for a verb that takes an object of arguments ("webhook"), as JSON. */
int kith_call_json(const char *run, const char *verb, const char *json, int timeout_ms,
	char **ret_json, struct complaint *c);

#ifdef __cplusplus
}
#endif
#endif
