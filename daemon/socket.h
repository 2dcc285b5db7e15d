/* SPDX-License-Identifier: Apache-2.0 */
/* Socket: a ZeroMQ socket on the libevent loop. The main thread owns all of them.
 *
 * ZMQ_FD is edge-triggered: it may stay silent while messages wait. So a pump lets the owner take
 * one message at a time until none is left, at most SOCKET_BURST in a row, and runs again by itself
 * while more may wait; it is kicked after sends, since a send can make a socket readable without
 * waking its fd, and runs once for all of a turn of the loop. A safety timer looks every 100 ms and
 * counts what the pump missed: `rescued` stays 0, or there is a fault here. */
#ifndef KITH_DAEMON_SOCKET_H
#define KITH_DAEMON_SOCKET_H
#include <event2/event.h>
#include <stdbool.h>
#include <zmq.h>
#include "base/bytes.h"
#include "base/err.h"

#define SOCKET_BURST 64

struct socket {
	void *zmq;
	struct event *readable;
	struct event *pump;
	bool paused;
	bool (*take)(void *arg);   /* take one message; false: there is none, or stop for now */
	void (*drained)(void *arg); /* after a run of take(), may be NULL */
	void *arg;
	char path[128];            /* of an ipc endpoint, to be removed */
	uint64_t rescued;
};

/* Create a socket of TYPE with the limits of docs/LIMITS.md and bind it. */
int socket_open(struct socket *s, void *context, int type, const char *endpoint,
	struct event_base *base, struct complaint *c);
void socket_close(struct socket *s);
void socket_kick(struct socket *s); /* have the pump run soon; costs nothing if it is to anyway */
void socket_pause(struct socket *s, bool paused);
/* Looks for what the pump missed. */
void socket_check(struct socket *s);

/* Who sent a message: a routing id. It means nothing but the way back. */
#define PEER_MAX 255
struct peer {
	uint8_t size;
	bool delimiter;          /* a REQ peer: an empty frame goes before the answer */
	uint8_t id[PEER_MAX];
};
bool peer_equal(const struct peer *a, const struct peer *b);

/* Take one message from a ROUTER: ERR_NOTFOUND when none waits; ERR_INVALID when its frames are
 * not [id][empty?][body] (it is consumed, PEER is filled). BODY is initialised by the callee on
 * 0, and the caller's to close. */
int router_take(struct socket *s, struct peer *peer, zmq_msg_t *body);
/* Send to a peer without waiting: ERR_BUSY when its queue is full, ERR_CLOSED when it is gone. */
int router_send(struct socket *s, const struct peer *peer, struct span body);

#endif
