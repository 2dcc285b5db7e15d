/* SPDX-License-Identifier: Apache-2.0 */
/* Making batches ahead, and patching them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/event.h"
#include "bench/stream.h"

#define ID_DIGITS  20
#define TIME_BYTES 6 /* the varint of any time from 1978 to 2109 */
#define NUMBER_BYTES 9 /* a padded varint: any number below 2^63 */

struct slot {
	uint8_t *bytes;
	size_t size;
	uint32_t *ids;   /* offsets of the ids; the time stands behind tag and customer */
	uint32_t *times;
};

struct stream {
	struct stream_settings settings;
	struct slot *pool;
	unsigned next;
	struct random random;
	uint64_t serial;
	double zeta, eta, alpha;
};

static uint64_t splitmix(uint64_t *x)
{
	uint64_t z = *x += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

void random_seed_with(struct random *r, uint64_t seed)
{
	for (unsigned i = 0; i < 4; i++)
		r->s[i] = splitmix(&seed);
}

/* xoshiro256** (Blackman & Vigna 2018) */
uint64_t random_next(struct random *r)
{
	uint64_t *s = r->s, m = s[1] * 5, result = (m << 7 | m >> 57) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = s[3] << 45 | s[3] >> 19;
	return result;
}

double random_unit(struct random *r)
{
	return (double)(random_next(r) >> 11) * 0x1p-53;
}

/* Zipf ranks by the approximation of Gray et al., "Quickly generating billion-record synthetic
 * databases", SIGMOD 1994, section 3. */
static void zipf_init(struct stream *s)
{
	double theta = s->settings.zipf, n = (double)s->settings.customers;

	s->zeta = 0;
	for (uint64_t i = 1; theta > 0 && i <= s->settings.customers; i++)
		s->zeta += pow(1.0 / (double)i, theta);
	s->alpha = 1 / (1 - theta);
	if (theta > 0)
		s->eta = (1 - pow(2 / n, 1 - theta)) / (1 - (1 + pow(0.5, theta)) / s->zeta);
}

static uint64_t customer_next(struct stream *s)
{
	double theta = s->settings.zipf, u = random_unit(&s->random), uz = u * s->zeta;
	uint64_t n = s->settings.customers, rank;

	if (theta <= 0)
		rank = (uint64_t)(u * (double)n);
	else if (uz < 1)
		rank = 0;
	else if (uz < 1 + pow(0.5, theta))
		rank = 1;
	else
		rank = (uint64_t)((double)n * pow(s->eta * u - s->eta + 1, s->alpha));
	if (rank >= n)
		rank = n - 1;
	/* scatter the ranks over the ids, so that hot customers are not neighbours */
	return (uint64_t)(((unsigned __int128)rank * 2147483647u + 97) % n);
}

static uint8_t *put_tag(uint8_t *p, unsigned field, unsigned wire)
{
	return put_varint(p, field << 3 | wire);
}

static uint8_t *put_bytes(uint8_t *p, unsigned field, const void *data, size_t size)
{
	p = put_varint(put_tag(p, field, 2), size);
	memcpy(p, data, size);
	return p + size;
}

static uint8_t *put_number(uint8_t *p, unsigned field, uint64_t v)
{
	return put_varint(put_tag(p, field, 0), v);
}

static uint8_t *put_body(struct stream *s, uint8_t *p)
{
	uint64_t x = random_next(&s->random);
	unsigned kind = s->settings.mixed ? (unsigned)(x % 100) : 0;
	uint8_t body[64], *q = body;
	char order[16];
	unsigned field = EVENT_BODY_FIRST + BODY_PURCHASE;

	snprintf(order, sizeof order, "%08u", (unsigned)(x >> 32) % 100000000u);
	if (kind < 70) {
		q = put_bytes(q, 1, order, 8);
		q = put_number(q, 2, 100 + (x >> 8) % 20000);
	} else if (kind < 78) {
		field = EVENT_BODY_FIRST + BODY_REFUND;
		q = put_bytes(q, 1, order, 8);
		q = put_number(q, 2, 100 + (x >> 8) % 5000);
	} else if (kind < 94) {
		field = EVENT_BODY_FIRST + BODY_CONTACT;
		q = put_number(q, 1, 1 + (x >> 8) % 2);
	} else if (kind < 97) {
		field = EVENT_BODY_FIRST + BODY_COMPLAINT;
		q = put_bytes(q, 1, order, 8);
	} else {
		field = EVENT_BODY_FIRST + BODY_READINESS;
		q = put_number(q, 1, 1);
	}
	return put_bytes(p, field, body, (size_t)(q - body));
}

static size_t put_event(struct stream *s, uint8_t *out, uint32_t *ret_id, uint32_t *ret_time)
{
	uint8_t *p = out;
	char customer[16];

	snprintf(customer, sizeof customer, "C%011llu",
		(unsigned long long)(customer_next(s) * 7368787u + 12345u) % 100000000000u);
	p = put_varint(put_tag(p, 2, 2), ID_DIGITS);
	*ret_id = (uint32_t)(p - out);
	memset(p, '0', ID_DIGITS);
	p += ID_DIGITS;
	p = put_bytes(p, 4, customer, 12);
	p = put_tag(p, 5, 0);
	*ret_time = (uint32_t)(p - out);
	p += TIME_BYTES;
	p = put_number(p, 6, CHANNEL_STORE);
	p = put_body(s, p);
	return (size_t)(p - out);
}

static void slot_make(struct stream *s, struct slot *slot)
{
	unsigned n = s->settings.batch;
	uint8_t *p = slot->bytes = malloc((size_t)n * 160 + 64);

	slot->ids = malloc(n * sizeof *slot->ids);
	slot->times = malloc(n * sizeof *slot->times);
	if (!p || !slot->ids || !slot->times)
		exit(1);
	p = put_tag(p, 1, 0) + NUMBER_BYTES;
	p = put_bytes(p, 2, "bench", 5);
	for (unsigned i = 0; i < n; i++) {
		uint8_t event[160];
		uint32_t id, time;
		size_t size = put_event(s, event, &id, &time);
		uint32_t at;

		p = put_bytes(p, 4, event, size);
		at = (uint32_t)(p - slot->bytes - size);
		slot->ids[i] = at + id;
		slot->times[i] = at + time;
	}
	slot->size = (size_t)(p - slot->bytes);
}

struct stream *stream_new(const struct stream_settings *settings)
{
	struct stream *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->settings = *settings;
	random_seed_with(&s->random, settings->seed);
	zipf_init(s);
	s->pool = calloc(settings->pool, sizeof *s->pool);
	if (!s->pool) {
		free(s);
		return NULL;
	}
	for (unsigned i = 0; i < settings->pool; i++)
		slot_make(s, &s->pool[i]);
	return s;
}

void stream_free(struct stream *s)
{
	for (unsigned i = 0; s && i < s->settings.pool; i++) {
		free(s->pool[i].bytes);
		free(s->pool[i].ids);
		free(s->pool[i].times);
	}
	if (s)
		free(s->pool);
	free(s);
}

static void put_padded(uint8_t *p, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i + 1 < bytes; i++, v >>= 7)
		p[i] = (uint8_t)(v | 0x80);
	p[bytes - 1] = (uint8_t)(v & 0x7f);
}

static void put_hex(uint8_t *p, uint64_t v, unsigned digits)
{
	static const char hex[] = "0123456789abcdef";

	for (unsigned i = digits; i-- > 0; v >>= 4)
		p[i] = (uint8_t)hex[v & 15];
}

const uint8_t *stream_next(struct stream *s, uint64_t number, int64_t time_ms, uint64_t due_ns,
	size_t *ret_size)
{
	struct slot *slot = &s->pool[s->next];

	s->next = (s->next + 1) % s->settings.pool;
	put_padded(slot->bytes + 1, number, NUMBER_BYTES);
	for (unsigned i = 0; i < s->settings.batch; i++) {
		put_hex(slot->bytes + slot->ids[i], due_ns, 15);
		put_hex(slot->bytes + slot->ids[i] + 15, s->serial++, 5);
		put_padded(slot->bytes + slot->times[i], (uint64_t)time_ms, TIME_BYTES);
	}
	*ret_size = slot->size;
	return slot->bytes;
}

uint64_t stream_id_due(const uint8_t *id, size_t size)
{
	char digits[16] = { 0 };

	if (size != ID_DIGITS)
		return 0;
	memcpy(digits, id, 15);
	return strtoull(digits, NULL, 16);
}
