/* SPDX-License-Identifier: Apache-2.0 */
/* Link: one ZeroMQ socket of a client, which knows whether it is connected. Private to libkith.
 *
 * ZeroMQ reconnects by itself and says nothing; a monitor socket tells us, so that what was
 * under way is sent again at once and an absent daemon is named as such. One thread owns it. */
#ifndef KITH_CLIENTS_C_LINK_H
#define KITH_CLIENTS_C_LINK_H
#include <zmq.h>
#include "base/bytes.h"
#include "base/err.h"

#define LINK_TOPICS_MAX 32

struct link {
	void *context, *socket, *monitor;
	int type;              /* ZMQ_DEALER or ZMQ_SUB */
	char endpoint[160];    /* "ipc://…" */
	bool connected;
	unsigned losses;       /* connections lost so far: whoever sent something compares */
	unsigned sockets;      /* made so far: names the monitors */
	const char *topics[LINK_TOPICS_MAX]; /* ZMQ_SUB: owned by whoever opened */
	unsigned n_topics;
	zmq_msg_t message;     /* the last one received */
};

/* NAME is the socket's in the run directory ("ingest"). TOPICS for ZMQ_SUB only. */
int link_open(struct link *l, const char *run, const char *name, int type,
	const char *const *topics, unsigned n_topics, struct complaint *c);
/* Waits at most LINGER_MS for what was sent to leave. Ignores one that was never opened. */
void link_close(struct link *l, int linger_ms);

/* Begin anew with a fresh socket: what the old one still held is dropped. Counts as a loss. */
int link_reset(struct link *l);

/* One message of one frame, without waiting; ERR_BUSY when it cannot leave now. */
int link_send(struct link *l, const void *data, size_t size);

/* The last frame of the next message, without waiting; valid until the next call. ERR_NOTFOUND
 * when there is none. */
int link_receive(struct link *l, struct span *ret_data);

/* Wait until something can be received, the connection comes or goes, or (WRITABLE) something
 * can be sent. ERR_TIMEOUT when nothing happened, or a signal did. */
int link_wait(struct link *l, int timeout_ms, bool writable);

/* Say why nobody is reached; returns ERR_CLOSED. */
int link_unreachable(const struct link *l, struct complaint *c);

/* The time left of TIMEOUT_MS since START_NS; negative stays negative (for ever). */
int link_time_left(int64_t start_ns, int timeout_ms);

#endif
