/* SPDX-License-Identifier: Apache-2.0 */
/* Subscribers: durable subscriptions by name. Each sees every notification that its filter takes,
 * at least once, in outbox order within a shard (so in order per customer), or an explicit gap
 * where retention was faster.
 *
 * Opening a name is an input: it is journalled, so that a crash does not forget who listens.
 * What is acknowledged is written to the shards now and then; what a crash takes back comes
 * again. Nothing is kept in memory for a slow subscriber but numbers: its notifications stay in
 * the outbox, and are fetched when it has credit. */
#ifndef KITH_DAEMON_SUBSCRIBERS_H
#define KITH_DAEMON_SUBSCRIBERS_H
#include "daemon/index.h"
#include "daemon/socket.h"
#include "proto/codec.h"

#define READINGS_MAX 256
#define PASSED_MAX 1024 /* looked at without a word: what is looked at twice after a reconnection */
#define READING_QUIET_NS INT64_C(90000000000) /* clients say something every 30 s */

struct daemon;
struct query;

/* What one subscription has of one shard. */
struct lane {
	uint64_t acked, stored; /* done with; the same as the shard knows it */
	uint64_t sent;          /* delivered or passed over, up to here */
	uint64_t highest;       /* sent to this name by any connection of this daemon's life */
	uint64_t end;           /* of a reading: the newest when it was opened … */
	uint64_t told;          /* … and how far it knows that it has come */
	bool known;             /* its shard has a row of the name that is whole */
	bool fetching;
	unsigned n_flight, first_flight;
	uint64_t *flight;       /* ring of `credit` numbers, delivered and not acknowledged */
};

/* The page of a snapshot that a subscriber waits for. */
struct page_question {
	bool wanted;            /* … and has not been asked of its shard yet */
	unsigned shard;
	uint32_t limit;         /* customers */
	uint8_t after_size;
	uint8_t after[EVENT_CUSTOMER_MAX];
};

struct subscription {
	char name[EVENT_TEXT_MAX + 1]; /* of a reading one that no name can be */
	unsigned n_types;
	char (*types)[EVENT_TEXT_MAX + 1];
	struct filter filter;
	uint32_t credit, in_flight;
	unsigned at;            /* in the list */
	bool connected, opening;
	bool blocked;           /* the peer's queue is full: try again at the next tick */
	uint64_t epoch;         /* counts openings: an answer to an older one is stale */
	struct peer peer;
	struct lane *lanes;     /* one a shard */
	uint64_t delivered, gaps;
	bool reading;           /* without a name: goes with its connection */
	uint8_t customer_size;  /* 0: of all */
	uint8_t customer[EVENT_CUSTOMER_MAX];
	int64_t heard_ns;       /* of a reading */
	struct page_question page;
};

struct subscribers {
	struct socket socket;
	struct subscription **list; /* those connected first; a name once */
	unsigned n, n_connected;
	size_t capacity;
	struct index by_name, by_peer; /* by peer those connected */
	uint64_t *last;         /* by shard: the newest notification handed out */
	struct arena *arena;
	uint64_t fenced;
	unsigned readings;      /* of LIST */
	unsigned seeking;       /* who wants to begin where only the shards know, READINGS_MAX at once */
	uint64_t readings_ever;
	bool *paging;           /* by shard: a page is being read */
	unsigned page_turn;
};

int subscribers_open(struct daemon *d, struct complaint *c);
void subscribers_close(struct daemon *d);
int subscribers_init(struct daemon *d);
/* Take the names that a shard told when it started. */
int subscribers_load(struct daemon *d, const struct query *started);
/* Shard SHARD has notifications up to SEQUENCE. */
void subscribers_notify(struct daemon *d, unsigned shard, uint64_t sequence);
/* Every 100 ms: retry who was blocked, store what was acknowledged. ALL: store now. */
void subscribers_tick(struct daemon *d);

#endif
