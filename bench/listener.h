/* SPDX-License-Identifier: Apache-2.0 */
/* Listener: hears notifications, on the live feed or by a durable subscription, and how long after
 * the event that caused it each one came.
 *
 * It has a thread and a ZeroMQ context of its own, as who listens is not who sends: where 100,000
 * deadlines a second are told, receipts would wait for twice as many notifications to be decoded. */
#ifndef KITH_BENCH_LISTENER_H
#define KITH_BENCH_LISTENER_H
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include "bench/histogram.h"
#include "proto/codec.h"

struct listener {
	pthread_t thread;
	void *zmq, *socket;     /* NULL: nobody listens */
	bool durable;
	bool opened;            /* durable: the daemon has answered */
	struct arena *arena;
	struct buf out;
	atomic_bool stopping;
	atomic_uint_fast64_t heard; /* in all */
	atomic_bool measuring;  /* into what follows, which is the thread's until listener_stop() */
	uint64_t silent;        /* notifications that no event caused: deadlines */
	struct histogram latency; /* ns from when the causing event was due */
};

/* Listen at ENDPOINT from now on; NAME: by a durable subscription of that name, with CREDIT. False:
 * ZeroMQ refuses the endpoint, or the daemon has not answered within 30 s. */
bool listener_start(struct listener *l, const char *endpoint, const char *name, uint32_t credit);
/* What it has heard stands still from now on. Nothing happens when it was never started. */
void listener_stop(struct listener *l);

#endif
