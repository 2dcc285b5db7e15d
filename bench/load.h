/* SPDX-License-Identifier: Apache-2.0 */
/* Load: what kith-load is told, and what it has seen. One thread, and the listener's. */
#ifndef KITH_BENCH_LOAD_H
#define KITH_BENCH_LOAD_H
#include "bench/listener.h"
#include "bench/process.h"
#include "bench/stream.h"

#define LOAD_RING         65536u /* batches of one connection without a receipt, at most half */
#define LOAD_CONNECTIONS  256u

struct load_settings {
	struct stream_settings stream;
	const char *run, *ingest, *feed, *subscribe_at, *subscription, *store, *log;
	double seconds, warm;
	double rate;           /* events/s offered; 0: closed loop */
	uint64_t events;       /* stop after so many; 0: by time */
	unsigned window;       /* closed loop: batches without a receipt, of each connection */
	unsigned connections;
	uint32_t credit;       /* of the durable subscription */
	int64_t at_ms;         /* all events happened then; 0: now */
	bool calendar;         /* event times run ahead as the mix's gaps want: for --clock event */
	bool hear;             /* the live feed */
	int pid;
};

struct connection {
	void *socket;
	uint64_t *due;         /* ns, by number modulo LOAD_RING */
	uint64_t sent, answered; /* batches */
	struct stream *batches;  /* own sources and sequences: each connection's order is its own */
};

struct load {
	struct load_settings settings;
	struct mix mix;
	void *zmq;
	struct connection *connections;
	struct listener listener;
	struct arena *arena;
	struct random random;
	unsigned turn;           /* the connection that sends next */
	double event_ms;         /* the calendar's clock */
	uint64_t accepted, duplicates, rejected, refused, notes_before;
	uint64_t all;            /* events answered since the start, whatever the answer */
	bool measuring;
	double elapsed_s;
	struct usage before, after;
	struct histogram receipt;
};

/* Read the command line; ends the process with a sentence when it is wrong. */
void load_arguments(struct load_settings *s, int argc, char **argv);
void load_report(const struct load *l);
__attribute__((noreturn)) void load_die(const char *what);

#endif
