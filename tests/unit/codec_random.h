/* SPDX-License-Identifier: Apache-2.0 */
/* Random events for tests, from a seed; and the helpers both codec tests share. */
#ifndef KITH_TESTS_UNIT_CODEC_RANDOM_H
#define KITH_TESTS_UNIT_CODEC_RANDOM_H
#include <stdio.h>
#include <stdlib.h>
#include "proto/event_fields.h"

/* Steele, Lea and Flood 2014: SplitMix64. */
struct dice {
	uint64_t state;
};

static inline uint64_t dice_64(struct dice *d)
{
	uint64_t z = d->state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}
static inline uint64_t dice_below(struct dice *d, uint64_t n)
{
	return dice_64(d) % n;
}

static inline uint64_t test_seed(void)
{
	const char *s = getenv("SEED");

	return s ? strtoull(s, NULL, 10) : 20111209;
}
static inline unsigned test_runs(unsigned runs)
{
	const char *s = getenv("RUNS");

	return s ? runs * (unsigned)strtoul(s, NULL, 10) : runs;
}

/* 1 to MAX bytes of plain UTF-8 of several lengths. */
static inline struct span random_text(struct dice *d, size_t max, struct arena *a)
{
	static const char *const letters[] = { "a", "Z", "7", "-", " ", "\"", "\\", "ü", "客", "𝄞" };
	size_t want = 1 + dice_below(d, dice_below(d, 4) ? 12 : max), size = 0;
	uint8_t *text = arena_alloc(a, max);

	do {
		const char *l = letters[dice_below(d, 10)];

		if (size + strlen(l) > max)
			l = "x";
		memcpy(text + size, l, strlen(l));
		size += strlen(l);
	} while (size < want && size < max);
	return span_of(text, size);
}

static inline int64_t random_number(struct dice *d, int64_t low, int64_t high)
{
	switch (dice_below(d, 6)) {
	case 0: return low;
	case 1: return high;
	case 2: return low + (int64_t)dice_below(d, 200);
	default: return low + (int64_t)dice_below(d, (uint64_t)(high - low) + 1);
	}
}

static inline void random_field(struct event *e, const struct event_field *f, struct dice *d,
	struct arena *a)
{
	void *to = field_of(e, f);

	switch ((enum field_kind)f->kind) {
	case FIELD_TEXT:
		*(struct span *)to = f->clearable && dice_below(d, 4) == 0
			? span_of("", 0) : random_text(d, f->max, a);
		break;
	case FIELD_AMOUNT:
		*(int64_t *)to = random_number(d, f->negative ? -EVENT_AMOUNT_MAX : 0,
			EVENT_AMOUNT_MAX);
		break;
	case FIELD_TIME:
		*(int64_t *)to = random_number(d, EVENT_TIME_MIN, EVENT_TIME_MAX);
		break;
	case FIELD_SEQUENCE:
		*(uint64_t *)to = (uint64_t)random_number(d, 1, INT64_MAX);
		break;
	case FIELD_ENUM:
	case FIELD_ANSWER:
		*(uint8_t *)to = (uint8_t)(1 + dice_below(d, f->max - 1u));
		break;
	case FIELD_SCORE:
		*(double *)to = (double)dice_below(d, 10001) / 1000;
		break;
	}
	if (f->has)
		*((bool *)e + f->has) = true;
}

static inline void random_part(struct event *e, const struct event_part *part, struct dice *d,
	struct arena *a)
{
	for (unsigned i = 0; i < part->n; i++) {
		if (part->fields[i].required || dice_below(d, 2))
			random_field(e, &part->fields[i], d, a);
	}
}

/* A well-formed event with this body; texts live in A. */
static inline void random_event(struct event *e, unsigned body, struct dice *d, struct arena *a)
{
	const char *text;

	memset(e, 0, sizeof *e);
	e->body = (uint8_t)body;
	random_part(e, &event_head, d, a);
	random_part(e, &event_bodies[body], d, a);
	if (body == BODY_WALLET) {
		e->as.wallet.from_ms = random_number(d, 1, EVENT_TIME_MAX / 2);
		e->as.wallet.to_ms = random_number(d, EVENT_TIME_MAX / 2 + 1, EVENT_TIME_MAX);
	}
	if (body == BODY_READINESS)
		e->as.readiness.factor[dice_below(d, FACTOR_COUNT)] = ANSWER_YES;
	if (event_check(e, &text) != REJECT_NONE) {
		fprintf(stderr, "the generator made a bad event: %s\n", text);
		abort();
	}
}

/* A few bytes of B changed, lost, cut off or said again. */
static inline void mutate(struct buf *b, struct dice *d)
{
	unsigned n = 1 + (unsigned)dice_below(d, 3);

	while (n--) {
		size_t at = b->size ? dice_below(d, b->size) : 0;

		switch (b->size ? dice_below(d, 5) : 4) {
		case 0:
			b->data[at] = (uint8_t)dice_64(d);
			break;
		case 1:
			b->data[at] ^= (uint8_t)(1u << dice_below(d, 8));
			break;
		case 2: /* lose a byte */
			memmove(b->data + at, b->data + at + 1, b->size - at - 1);
			b->size--;
			break;
		case 3: /* cut */
			b->size = at;
			break;
		default: { /* say some of it again */
			size_t from = at, size = b->size ? dice_below(d, b->size - from) : 0;

			if (buf_room(b, size))
				buf_add(b, b->data + from, size);
		}
		}
	}
}

/* The same in every field, and the same fingerprint. */
static inline bool events_are_equal(const struct event *a, const struct event *b)
{
	uint8_t x[EVENT_ENCODED_MAX], y[EVENT_ENCODED_MAX];
	size_t n, m;

	if (a->body != b->body || a->fingerprint != b->fingerprint)
		return false;
	n = (size_t)(event_write(x, a, HEAD_ALL) - x);
	m = (size_t)(event_write(y, b, HEAD_ALL) - y);
	return n == m && memcmp(x, y, n) == 0;
}

/* anna buys for 1200 at till-7. */
static inline struct event purchase_event(void)
{
	struct event e = { .source = span_str("till-7"), .id = span_str("41"),
		.customer = span_str("anna"), .time_ms = 1323435000000, .channel = CHANNEL_STORE,
		.body = BODY_PURCHASE };

	e.as.purchase.order = span_str("581587");
	e.as.purchase.amount = 1200;
	return e;
}

/* The same, with an empty body of another kind. */
static inline struct event event_with(enum body body)
{
	struct event e = purchase_event();

	memset(&e.as, 0, sizeof e.as);
	e.body = (uint8_t)body;
	return e;
}

#endif
