/* SPDX-License-Identifier: Apache-2.0 */
/* Stream: an endless stream of encoded batches, made ahead so that sending costs next to nothing.
 *
 * Customers follow a Zipf law (theta 0: uniform). Each batch is encoded once into a pool; before
 * it is sent again its ids and times are patched in place. An id is 20 hexadecimal digits: the
 * nanosecond at which the batch was due, and a number, so that a notification's cause tells how
 * long it took. */
#ifndef KITH_BENCH_STREAM_H
#define KITH_BENCH_STREAM_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stream_settings {
	uint64_t customers;
	double zipf;       /* 0 <= theta < 1 */
	unsigned batch;    /* events a batch */
	unsigned pool;     /* batches made ahead */
	uint64_t seed;
	bool mixed;        /* the bodies a shop sees; false: purchases only */
};

struct random {
	uint64_t s[4];
};
void random_seed_with(struct random *r, uint64_t seed);
uint64_t random_next(struct random *r);
double random_unit(struct random *r); /* [0, 1) */

struct stream;
struct stream *stream_new(const struct stream_settings *s);
void stream_free(struct stream *s);
/* The next batch, numbered NUMBER, its events at TIME_MS, its ids carrying DUE_NS. Valid until
 * the next call. */
const uint8_t *stream_next(struct stream *s, uint64_t number, int64_t time_ms, uint64_t due_ns,
	size_t *ret_size);
/* The nanosecond in an id that a stream made; 0 when it is none. */
uint64_t stream_id_due(const uint8_t *id, size_t size);

#endif
