/* SPDX-License-Identifier: Apache-2.0 */
/* A producer's insides: producer.c gathers events into batches, producer_wire.c exchanges batches
 * for receipts. Private to libkith. */
#ifndef KITH_CLIENTS_C_PRODUCER_H
#define KITH_CLIENTS_C_PRODUCER_H
#include "clients/c/kith.h"
#include "clients/c/link.h"
#include "clients/c/window.h"
#include "proto/codec.h"

#define BACKOFF_MIN_MS 20
#define BACKOFF_MAX_MS 2000
#define ANSWER_MIN_MS  5000  /* a receipt that takes longer is asked for again */
#define ANSWER_MAX_MS  60000
#define NS_PER_MS      INT64_C(1000000)

struct producer_building {
	struct arena *arena;             /* the events' texts */
	struct event *events;
	uint64_t *tags;
	uint32_t n;
	size_t bytes;                    /* encoded, estimated from above */
};

struct kith_producer {
	struct link link;
	unsigned losses_seen;
	char source[EVENT_SOURCE_MAX];
	size_t source_size;
	struct kith_producer_settings settings;
	struct producer_building building;
	struct window window;
	uint64_t next_number;
	struct arena *answers;
	int64_t not_before_ns;           /* nothing is sent before: backing off */
	int backoff_ms, answer_ms;
	int64_t heard_ns;                /* the last receipt or connection */
	char held_by[32];
	struct kith_producer_stats stats;
};

/* Receive what is there, look after the connection, send what may be sent; waits for nothing.
 * *RET_ANY is set when something was received. */
int producer_step(struct kith_producer *p, bool *ret_any);

#endif
