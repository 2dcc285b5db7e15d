/* SPDX-License-Identifier: Apache-2.0 */
/* Listener: hears notifications, on the live feed or by a durable subscription, and how long after
 * the event that caused it each one came. */
#ifndef KITH_BENCH_LISTENER_H
#define KITH_BENCH_LISTENER_H
#include <stdbool.h>
#include "bench/histogram.h"
#include "proto/codec.h"

struct listener {
	void *socket;      /* ZeroMQ; NULL: nobody listens */
	bool durable;
	bool opened;       /* durable: the daemon has answered */
	struct arena *arena;
	struct buf out;
	uint64_t heard;    /* in all */
	uint64_t silent;   /* of them, those that no event caused: deadlines */
	bool measuring;    /* into `latency` */
	struct histogram latency; /* ns from when the causing event was due */
};

/* Listen at ENDPOINT; NAME: a durable subscription of that name, from now on, with CREDIT. Returns
 * false when ZeroMQ refuses the endpoint. */
bool listener_open(struct listener *l, void *zmq, const char *endpoint, const char *name,
	uint32_t credit);
/* Take one message when there is one. */
bool listener_take(struct listener *l);
void listener_close(struct listener *l);

#endif
