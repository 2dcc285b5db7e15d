/* SPDX-License-Identifier: Apache-2.0 */
/* Peer: the task of kith's store given to another system, as well as it can do it.
 *
 * For each event of the same stream (bench/stream.h): known by (source, id), a second time without
 * effect; one record of 200 bytes for each customer, read, changed and written; a deadline for
 * each customer in an index that can be walked in due order, armed lazily as kith does; an outbox
 * row for one event in twenty; all of a batch durable before it counts as answered. No rules, no
 * subscriptions, no replay: it is less than kithd does.
 *
 * peer.c drives: some workers, a thread each, with customers of their own; each takes a batch,
 * applies it, waits until it is durable, and takes the next. A peer is one file that defines the
 * three functions below. */
#ifndef KITH_BENCH_PEER_H
#define KITH_BENCH_PEER_H
#include "base/event.h"

struct peer_record { /* of one customer */
	int64_t first_ms, last_ms, due_ms, armed_ms;
	uint64_t count;
	int64_t sum;
	uint32_t kinds[16];
	uint8_t rest[88];
};

/* A batch's events by customer: those of one customer lie together, in the order of the batch. */
struct peer_event {
	const struct event *event;
	uint64_t customer; /* hash of the id */
	bool duplicate;    /* a peer may set it */
};

#define PEER_OUTBOX_EACH 20

/* --exact: the index has each customer's deadline as of the last purchase. Otherwise as kith does it:
 * it stands where it was first, and is looked at again when it comes up. */
extern bool peer_exact;

/* WHERE: a directory or a socket, as the peer's script gives it. The process ends on failure. */
void *peer_open(const char *where, unsigned worker);
void peer_apply(void *peer, struct peer_event *events, uint32_t n);
void peer_close(void *peer);

/* Fold E; returns whether the outbox gets a row. */
bool peer_fold(struct peer_record *r, const struct event *e);
__attribute__((noreturn, format(printf, 1, 2))) void peer_die(const char *format, ...);

#endif
