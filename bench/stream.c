/* SPDX-License-Identifier: Apache-2.0 */
/* Making batches ahead, and patching them.
 *
 * An event's parts lie at fixed places but for the body, which comes last:
 *
 *   12 14 id[20]  [18 sequence[9]]  22 0c customer[12]  28 time[6]  30 channel  body…
 */
#include <stdio.h>
#include <stdlib.h>
#include "base/event.h"
#include "bench/stream.h"

#define ID_DIGITS       20
#define DUE_DIGITS      15
#define CUSTOMER_DIGITS 12
#define TIME_BYTES      6  /* the varint of any time from 1978 to 2109 */
#define NUMBER_BYTES    9  /* a padded varint: any number below 2^63 */
#define DRAWS           (1u << 20) /* customers drawn ahead by Zipf's law: pow() is dear */
#define EVENT_ROOM      (MIX_BODY_MAX + 96)

struct slot {
	uint8_t *bytes;
	size_t size;
	unsigned source;
	uint32_t *events; /* offsets of their first bytes */
};

struct stream {
	struct stream_settings settings;
	struct mix own;
	const struct mix *mix;
	struct slot *pool;
	unsigned next;
	struct random random;
	struct zipf zipf;
	uint8_t (*draws)[CUSTOMER_DIGITS];
	uint32_t draw;       /* the next one */
	uint64_t serial, turn;
	uint64_t *sequences; /* last of each source */
};

/* Customer RANK's number: hot ones are no neighbours. */
static uint64_t scatter(const struct stream *s, uint64_t rank)
{
	return (uint64_t)(((unsigned __int128)rank * 2147483647u + 97) % s->settings.customers);
}

static uint64_t customer_next(struct stream *s)
{
	if (s->settings.each)
		return scatter(s, s->turn++ % s->settings.customers);
	return random_below(&s->random, s->settings.customers);
}

static void put_customer(uint8_t *p, char prefix, uint64_t customer)
{
	uint64_t v = (customer * 7368787u + 12345u) % UINT64_C(100000000000);

	p[0] = (uint8_t)prefix;
	for (unsigned i = CUSTOMER_DIGITS - 1; i >= 1; i--, v /= 10)
		p[i] = (uint8_t)('0' + v % 10);
}

static void customer_patch(struct stream *s, uint8_t *p)
{
	if (s->draws)
		memcpy(p, s->draws[s->draw++ % DRAWS], CUSTOMER_DIGITS);
	else
		put_customer(p, s->settings.prefix, customer_next(s));
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

static uint8_t *put_tag(uint8_t *p, unsigned field, unsigned wire)
{
	return put_varint(p, field << 3 | wire);
}

static size_t put_event(struct stream *s, uint8_t *out)
{
	uint8_t *p = put_varint(put_tag(out, 2, 2), ID_DIGITS);

	memset(p, '0', ID_DIGITS);
	p += ID_DIGITS;
	if (s->settings.sequence) {
		p = put_tag(p, 3, 0);
		put_padded(p, 1, NUMBER_BYTES);
		p += NUMBER_BYTES;
	}
	p = put_varint(put_tag(p, 4, 2), CUSTOMER_DIGITS);
	put_customer(p, s->settings.prefix, 0);
	p += CUSTOMER_DIGITS;
	p = put_tag(p, 5, 0);
	put_padded(p, 1, TIME_BYTES);
	p += TIME_BYTES;
	p = put_varint(put_tag(p, 6, 0), CHANNEL_STORE);
	p = mix_put(s->mix, &s->random, p);
	return (size_t)(p - out);
}

static bool slot_make(struct stream *s, struct slot *slot)
{
	unsigned n = s->settings.batch;
	uint8_t event[EVENT_ROOM], *p;
	struct buf b = { 0 };
	char source[32];

	slot->events = malloc(n * sizeof *slot->events);
	snprintf(source, sizeof source, "bench-%03u", s->settings.first_source + slot->source);
	p = buf_room(&b, 64);
	if (!p || !slot->events)
		return false;
	p = put_tag(p, 1, 0) + NUMBER_BYTES;
	p = put_varint(put_tag(p, 2, 2), strlen(source));
	memcpy(p, source, strlen(source));
	p += strlen(source);
	if (s->settings.backfill)
		p = put_varint(put_tag(p, 3, 0), 1);
	b.size = (size_t)(p - b.data);
	for (unsigned i = 0; i < n; i++) {
		size_t size = put_event(s, event);
		uint8_t head[16], *end = put_varint(put_tag(head, 4, 2), size);

		buf_add(&b, head, (size_t)(end - head));
		slot->events[i] = (uint32_t)b.size;
		buf_add(&b, event, size);
	}
	slot->bytes = b.data;
	slot->size = b.size;
	return !b.failed;
}

static bool draw_ahead(struct stream *s)
{
	if (s->settings.zipf <= 0 || s->settings.each)
		return true;
	s->draws = malloc(DRAWS * sizeof *s->draws);
	for (unsigned i = 0; s->draws && i < DRAWS; i++)
		put_customer(s->draws[i], s->settings.prefix,
			scatter(s, zipf_next(&s->zipf, &s->random)));
	return s->draws != NULL;
}

struct stream *stream_new(const struct stream_settings *settings)
{
	struct stream *s = calloc(1, sizeof *s);
	bool ok = s != NULL;

	if (!ok)
		return NULL;
	s->settings = *settings;
	if (s->settings.sources == 0)
		s->settings.sources = 1;
	if (s->settings.prefix == 0)
		s->settings.prefix = 'C';
	s->serial = settings->serial;
	random_seed_with(&s->random, settings->seed);
	zipf_init(&s->zipf, settings->customers, settings->each ? 0 : settings->zipf);
	s->mix = settings->mix;
	if (!s->mix) {
		ok = mix_neutral(&s->own, !settings->mixed, settings->seed) == 0;
		s->mix = &s->own;
	}
	s->pool = calloc(settings->pool, sizeof *s->pool);
	s->sequences = calloc(s->settings.sources, sizeof *s->sequences);
	ok = ok && s->pool && s->sequences && draw_ahead(s);
	for (unsigned i = 0; ok && i < s->settings.sources; i++)
		s->sequences[i] = settings->serial;
	for (unsigned i = 0; ok && i < settings->pool; i++) {
		s->pool[i].source = i % s->settings.sources;
		ok = slot_make(s, &s->pool[i]);
	}
	if (ok)
		return s;
	stream_free(s);
	return NULL;
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	for (unsigned i = 0; s->pool && i < s->settings.pool; i++) {
		free(s->pool[i].bytes);
		free(s->pool[i].events);
	}
	free(s->pool);
	free(s->draws);
	free(s->sequences);
	mix_fini(&s->own);
	free(s);
}

static void patch(struct stream *s, struct slot *slot, uint8_t *p, int64_t time_ms,
	const uint8_t due[DUE_DIGITS])
{
	memcpy(p + 2, due, DUE_DIGITS);
	put_hex(p + 2 + DUE_DIGITS, s->serial++, ID_DIGITS - DUE_DIGITS);
	p += 2 + ID_DIGITS;
	if (s->settings.sequence) {
		put_padded(p + 1, ++s->sequences[slot->source], NUMBER_BYTES);
		p += 1 + NUMBER_BYTES;
	}
	customer_patch(s, p + 2);
	put_padded(p + 2 + CUSTOMER_DIGITS + 1, (uint64_t)time_ms, TIME_BYTES);
}

const uint8_t *stream_next(struct stream *s, uint64_t number, int64_t time_ms, uint64_t due_ns,
	size_t *ret_size)
{
	struct slot *slot = &s->pool[s->next];
	uint8_t due[DUE_DIGITS];

	s->next = (s->next + 1) % s->settings.pool;
	put_padded(slot->bytes + 1, number, NUMBER_BYTES);
	put_hex(due, due_ns, DUE_DIGITS);
	/* One after the other from there: they lie ready. */
	s->draw = (uint32_t)random_below(&s->random, DRAWS);
	for (unsigned i = 0; i < s->settings.batch; i++)
		patch(s, slot, slot->bytes + slot->events[i], time_ms, due);
	*ret_size = slot->size;
	return slot->bytes;
}

uint64_t stream_id_due(const uint8_t *id, size_t size)
{
	char digits[DUE_DIGITS + 1] = { 0 };

	if (size != ID_DIGITS)
		return 0;
	memcpy(digits, id, DUE_DIGITS);
	return strtoull(digits, NULL, 16);
}

double stream_gap_ms(const struct stream *s)
{
	return s->mix->gap_ms;
}
