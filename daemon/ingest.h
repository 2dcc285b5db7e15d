/* SPDX-License-Identifier: Apache-2.0 */
/* Ingest: batches in, receipts out.
 *
 * A receipt goes out when the batch is durable and applied. Above the bound of what may be under
 * way the socket is not read, so senders wait in their own queues. When nothing can be taken (disk
 * full, stopping) a batch is refused, and with it everything the same peer numbered higher,
 * until that number or a lower one comes again: the order within a sender is kept. */
#ifndef KITH_DAEMON_INGEST_H
#define KITH_DAEMON_INGEST_H
#include "daemon/socket.h"

struct daemon;
#define HELD_BACK_MAX 1024 /* peers whose order is being kept; beyond it the oldest is forgotten */

struct held_back {
	struct peer peer;
	uint64_t number;
};

/* The highest batch number answered with a receipt, by the hash of a peer: a slot for each hash,
 * the latest peer has it. Forgetting one costs its sender a new connection at worst. */
#define ANSWERED_SLOTS 4096
struct answered {
	uint64_t peer;
	uint64_t number;
};

struct ingest {
	struct socket socket;
	struct held_back *held;    /* ring of HELD_BACK_MAX */
	unsigned n_held, next_held;
	struct answered *answered; /* ANSWERED_SLOTS */
	uint64_t batches, refused, unsent; /* since the start */
};

int ingest_open(struct daemon *d, struct complaint *c);
void ingest_close(struct daemon *d);
/* Something left the pipeline, or the state changed: read on, or stop reading. */
void ingest_regulate(struct daemon *d);

#endif
