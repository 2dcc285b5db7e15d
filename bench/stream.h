/* SPDX-License-Identifier: Apache-2.0 */
/* Stream: an endless stream of encoded batches, made ahead so that sending costs next to nothing.
 *
 * Batches are encoded once into a pool; before one is sent again, what differs is patched in place:
 * numbers, ids, times, and the customers, who are drawn anew, so that a store of ten million is
 * not asked for the same few thousand. An id is 20 hexadecimal digits: the nanosecond at which
 * the batch was due, and a number, so that a notification's cause tells how long it took. */
#ifndef KITH_BENCH_STREAM_H
#define KITH_BENCH_STREAM_H
#include <stdbool.h>
#include "bench/mix.h"

struct stream_settings {
	uint64_t customers;
	double zipf;       /* 0 <= theta < 1; 0: uniform */
	unsigned batch;    /* events a batch */
	unsigned pool;     /* batches made ahead */
	unsigned sources;  /* each batch is of the next one, in turn; 0: 1 */
	unsigned first_source; /* number of the first one: other streams, other sources */
	uint64_t seed;
	uint64_t serial;   /* the first event's number and sequence - 1: more than an earlier stream's */
	char prefix;       /* of the customers' ids, 0: 'C'; other prefixes, other customers */
	bool mixed;        /* the bodies a shop sees; false: purchases only. Not with a mix */
	bool sequence;     /* events carry a sequence, rising within their source */
	bool each;         /* customers in turn, each once before the first comes again */
	bool backfill;     /* batches say so */
	const struct mix *mix; /* NULL: a neutral one. The caller's, must outlive the stream */
};

struct stream;
struct stream *stream_new(const struct stream_settings *s); /* NULL: memory */
void stream_free(struct stream *s);                         /* ignores NULL */
/* The next batch, numbered NUMBER, its events at TIME_MS, its ids carrying DUE_NS. Valid until
 * the next call. */
const uint8_t *stream_next(struct stream *s, uint64_t number, int64_t time_ms, uint64_t due_ns,
	size_t *ret_size);
/* The nanosecond in an id that a stream made; 0 when it is none. */
uint64_t stream_id_due(const uint8_t *id, size_t size);
double stream_gap_ms(const struct stream *s); /* of its mix */

#endif
