/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies from a log, or made up. */
#include <stdio.h>
#include <stdlib.h>
#include "base/hash.h"
#include "base/room.h"
#include "bench/mix.h"
#include "proto/codec.h"
#include "proto/json.h"
#include "proto/wire.h"

#define BODIES_MAX 16384u /* kept of a log, each event with the same chance */
#define GAP_DEFAULT_MS (30 * 86400000.0)

struct seen { /* an event of the log: for the gaps */
	uint64_t customer;
	int64_t time_ms;
};

struct reading {
	struct mix *mix;
	struct random random;
	struct arena *arena;
	struct buf bytes;
	struct seen *seen;
	size_t capacity;
	uint64_t bodies; /* met so far */
};

/* The body's field within an encoded Batch of one event. */
static struct span body_of(struct span batch)
{
	struct wire w = wire_of(batch);
	struct wire_field f = { 0 };
	bool inside = false;

	while (w.at < w.end) {
		const uint8_t *field = w.at;

		if (!wire_read(&w, &f))
			break;
		if (!inside && f.number == 4 && f.type == WIRE_BYTES) {
			inside = true;
			w = wire_of(f.bytes);
		} else if (inside && f.number >= EVENT_BODY_FIRST) {
			return span_of(field, (size_t)(w.at - field));
		}
	}
	return span_of(NULL, 0);
}

static int keep(struct mix *m, unsigned at, struct span body)
{
	if (body.size == 0 || body.size > MIX_BODY_MAX)
		return 0;
	if (!m->bytes)
		m->bytes = malloc((size_t)BODIES_MAX * MIX_BODY_MAX);
	if (!m->bodies)
		m->bodies = calloc(BODIES_MAX, sizeof *m->bodies);
	if (!m->bytes || !m->bodies)
		return ERR_NOMEM;
	memcpy(m->bytes + (size_t)at * MIX_BODY_MAX, body.data, body.size);
	m->bodies[at] = span_of(m->bytes + (size_t)at * MIX_BODY_MAX, body.size);
	if (at == m->n)
		m->n++;
	return 0;
}

static int take(struct reading *r, const struct event *e)
{
	struct mix *m = r->mix;
	uint64_t at = r->bodies++;
	struct seen *seen;

	seen = room_for_one(r->seen, m->events, &r->capacity, 65536, sizeof *seen);
	if (!seen)
		return ERR_NOMEM;
	r->seen = seen;
	r->seen[m->events++] = (struct seen){ hash_64(e->customer.data, e->customer.size, 0),
		e->time_ms };
	buf_clear(&r->bytes);
	batch_encode(&r->bytes, 0, e->source, false, e, 1);
	if (at >= BODIES_MAX) { /* a reservoir: each of all has the same chance to be in it */
		at = random_below(&r->random, r->bodies);
		if (at >= BODIES_MAX)
			return 0;
	}
	return keep(m, at < m->n ? (unsigned)at : m->n, body_of(span_of(r->bytes.data, r->bytes.size)));
}

static int by_customer(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;

	if (x->customer != y->customer)
		return x->customer < y->customer ? -1 : 1;
	return x->time_ms < y->time_ms ? -1 : x->time_ms > y->time_ms;
}

/* The mean gap is the time between first and last event of those who have several, over the
 * number of gaps. */
static void count_gaps(struct reading *r)
{
	struct mix *m = r->mix;
	double sum = 0;
	uint64_t gaps = 0;

	qsort(r->seen, m->events, sizeof *r->seen, by_customer);
	for (uint64_t i = 0; i < m->events; i++) {
		if (i > 0 && r->seen[i].customer == r->seen[i - 1].customer) {
			sum += (double)(r->seen[i].time_ms - r->seen[i - 1].time_ms);
			gaps++;
		} else {
			m->customers++;
		}
	}
	m->gap_ms = gaps ? sum / (double)gaps : GAP_DEFAULT_MS;
}

static int read_line(struct reading *r, const char *line, size_t size, struct complaint *c)
{
	enum reject code = REJECT_NONE;
	struct event e;
	int rc;

	arena_reset(r->arena);
	rc = event_from_json(&e, line, size, span_str("log"), r->arena, c, &code);
	return rc != 0 ? rc : take(r, &e);
}

int mix_read(struct mix *m, const char *path, struct complaint *c)
{
	struct reading r = { .mix = m, .arena = arena_new(65536, 1 << 22) };
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t room = 0;
	ssize_t size;
	int rc = 0, number = 0;

	memset(m, 0, sizeof *m);
	random_seed_with(&r.random, 1);
	if (!f || !r.arena)
		rc = complain(c, ERR_NOTFOUND, "%s: cannot be read", path);
	while (rc == 0 && (size = getline(&line, &room, f)) > 0) {
		number++;
		rc = read_line(&r, line, (size_t)size, c);
		if (rc != 0)
			rc = complain(c, rc, "%s:%d: not an event as kith send --print writes it", path,
				number);
	}
	if (rc == 0 && m->n == 0)
		rc = complain(c, ERR_INVALID, "%s: no events", path);
	if (rc == 0)
		count_gaps(&r);
	free(line);
	free(r.seen);
	buf_fini(&r.bytes);
	arena_free(r.arena);
	if (f)
		fclose(f);
	return rc;
}

/* ---- without a log */

static void body_make(struct event *e, struct random *r, unsigned kind, char order[16])
{
	uint64_t x = random_next(r);
	struct span text = span_of(order, 8);

	snprintf(order, 16, "%08u", (unsigned)(x >> 32) % 100000000u);
	if (kind < 70) {
		e->body = BODY_PURCHASE;
		e->as.purchase.order = text;
		e->as.purchase.amount = 100 + (int64_t)((x >> 8) % 20000);
	} else if (kind < 78) {
		e->body = BODY_REFUND;
		e->as.refund.order = text;
		e->as.refund.amount = 100 + (int64_t)((x >> 8) % 5000);
	} else if (kind < 94) {
		e->body = BODY_CONTACT;
		e->as.contact.direction = (uint8_t)(1 + (x >> 8) % 2);
	} else if (kind < 97) {
		e->body = BODY_COMPLAINT;
		e->as.complaint.complaint = text;
	} else {
		e->body = BODY_READINESS;
		e->as.readiness.factor[FACTOR_NEED] = ANSWER_YES;
	}
}

int mix_neutral(struct mix *m, bool purchases_only, uint64_t seed)
{
	struct random r;
	struct buf bytes = { 0 };
	int rc = 0;

	memset(m, 0, sizeof *m);
	m->gap_ms = GAP_DEFAULT_MS;
	random_seed_with(&r, seed + 77);
	for (unsigned i = 0; rc == 0 && i < 8192; i++) {
		struct event e = { .customer = span_str("c"), .id = span_str("i"), .time_ms = 1 };
		char order[16];

		body_make(&e, &r, purchases_only ? 0 : i % 100, order);
		buf_clear(&bytes);
		batch_encode(&bytes, 0, span_of(NULL, 0), false, &e, 1);
		rc = bytes.failed ? ERR_NOMEM : keep(m, i, body_of(span_of(bytes.data, bytes.size)));
	}
	buf_fini(&bytes);
	return rc;
}

void mix_fini(struct mix *m)
{
	free(m->bodies);
	free(m->bytes);
	memset(m, 0, sizeof *m);
}
