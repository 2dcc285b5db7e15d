/* SPDX-License-Identifier: Apache-2.0 */
/* Producer: events into batches, batches into the window. */
#include <assert.h>
#include <stdlib.h>
#include "base/clock.h"
#include "clients/c/event_copy.h"
#include "clients/c/producer.h"

#define ARENA_FIRST        (64u << 10)
#define ARENA_LIMIT        (32u << 20)
#define BATCH_ESTIMATE_MAX (BATCH_BYTES_MAX - (256u << 10))
#define EVENT_OVERHEAD     160 /* bytes of an encoded event beside its texts, at most */

static int settings_check(const struct kith_producer_settings *s, struct complaint *c)
{
	if (s->source && (!*s->source || strlen(s->source) > EVENT_SOURCE_MAX))
		return complain(c, ERR_INVALID, "a source has 1 to %d bytes, \"%s\" has %zu",
			EVENT_SOURCE_MAX, s->source, strlen(s->source));
	if (s->source && !bytes_are_plain_utf8(span_str(s->source)))
		return complain(c, ERR_INVALID, "the source is not plain UTF-8 text");
	if (s->batch_events > BATCH_EVENTS_MAX)
		return complain(c, ERR_INVALID, "a batch has 1 to %u events, not %u", BATCH_EVENTS_MAX,
			s->batch_events);
	return 0;
}

int kith_producer_open(const struct kith_producer_settings *settings,
	struct kith_producer **ret_producer, struct complaint *c)
{
	struct kith_producer *p;
	int rc = settings_check(settings, c);

	if (rc)
		return rc;
	p = calloc(1, sizeof *p);
	if (!p)
		return complain(c, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	p->settings = *settings;
	if (p->settings.batch_events == 0)
		p->settings.batch_events = KITH_BATCH_EVENTS;
	if (settings->source) {
		p->source_size = strlen(settings->source);
		memcpy(p->source, settings->source, p->source_size);
	}
	p->next_number = 1;
	p->backoff_ms = BACKOFF_MIN_MS;
	p->answer_ms = ANSWER_MIN_MS;
	p->heard_ns = clock_monotonic_ns();
	p->building.arena = arena_new(ARENA_FIRST, ARENA_LIMIT);
	p->answers = arena_new(ARENA_FIRST, ARENA_LIMIT);
	p->building.events = calloc(p->settings.batch_events, sizeof *p->building.events);
	p->building.tags = calloc(p->settings.batch_events, sizeof *p->building.tags);
	if (!p->building.arena || !p->answers || !p->building.events || !p->building.tags)
		rc = complain(c, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	if (!rc)
		rc = link_open(&p->link, settings->run, "ingest", ZMQ_DEALER, NULL, 0, c);
	if (rc)
		kith_producer_close(p);
	else
		*ret_producer = p;
	return rc;
}

void kith_producer_close(struct kith_producer *p)
{
	if (!p)
		return;
	link_close(&p->link, 0);
	window_fini(&p->window);
	arena_free(p->building.arena);
	arena_free(p->answers);
	free(p->building.events);
	free(p->building.tags);
	free(p);
}

int kith_producer_flush(struct kith_producer *p)
{
	struct producer_building *g = &p->building;
	struct pending *b;
	bool any = false;

	if (g->n == 0)
		return producer_step(p, &any);
	b = calloc(1, sizeof *b);
	if (!b)
		return ERR_NOMEM;
	b->number = p->next_number;
	b->n_events = g->n;
	b->tags = calloc(g->n, sizeof *b->tags);
	batch_encode(&b->encoded, b->number, span_of(p->source, p->source_size),
		p->settings.backfill, g->events, g->n);
	if (!b->tags || b->encoded.failed) {
		pending_free(b);
		return ERR_NOMEM;
	}
	assert(b->encoded.size <= BATCH_BYTES_MAX);
	memcpy(b->tags, g->tags, g->n * sizeof *b->tags);
	p->next_number++;
	if (!p->window.first) /* the daemon owed us nothing until now */
		p->heard_ns = clock_monotonic_ns();
	window_add(&p->window, b);
	g->n = 0;
	g->bytes = 0;
	arena_reset(g->arena);
	return producer_step(p, &any);
}

/* Events that may wait for an answer, those under construction included. */
static uint64_t producer_window(const struct kith_producer *p)
{
	uint64_t room = p->stats.credit + (uint64_t)p->settings.batch_events;

	return room < KITH_WINDOW_EVENTS ? room : KITH_WINDOW_EVENTS;
}

static int producer_wait_for_room(struct kith_producer *p, int timeout_ms)
{
	int64_t start = clock_monotonic_ns();
	int rc;

	while ((uint64_t)p->window.events + p->building.n >= producer_window(p)) {
		rc = kith_producer_poll(p, link_time_left(start, timeout_ms));
		if (rc)
			return rc;
	}
	return 0;
}

/* Whether BYTES more still fit into the batch under construction. */
static bool building_has_room(const struct kith_producer *p, size_t bytes)
{
	return p->building.n < p->settings.batch_events &&
		p->building.bytes + bytes <= BATCH_ESTIMATE_MAX;
}

int kith_producer_add(struct kith_producer *p, const struct event *e, uint64_t tag, int timeout_ms,
	enum reject *ret_code, struct complaint *c)
{
	struct event checked = *e;
	const char *text = NULL;
	enum reject code;
	size_t bytes;
	int rc;

	if (checked.source.size == 0)
		checked.source = span_of(p->source, p->source_size);
	code = event_check(&checked, &text);
	if (ret_code)
		*ret_code = code;
	if (code != REJECT_NONE)
		return complain(c, ERR_INVALID, "%s", text);
	bytes = event_text_bytes(&checked) + EVENT_OVERHEAD;
	if (!building_has_room(p, bytes)) {
		rc = kith_producer_flush(p);
		if (rc)
			return complain(c, rc, "%s", err_text(rc));
	}
	rc = producer_wait_for_room(p, timeout_ms);
	if (!rc)
		rc = event_copy(&p->building.events[p->building.n], &checked, p->building.arena);
	if (rc)
		return complain(c, rc, "%s", err_text(rc));
	p->building.tags[p->building.n++] = tag;
	p->building.bytes += bytes;
	p->stats.added++;
	return p->building.n == p->settings.batch_events ? kith_producer_flush(p) : 0;
}

int kith_producer_drain(struct kith_producer *p, int timeout_ms)
{
	int64_t start = clock_monotonic_ns();
	int rc = kith_producer_flush(p);

	while (!rc && p->window.first)
		rc = kith_producer_poll(p, link_time_left(start, timeout_ms));
	return rc;
}

struct kith_producer_stats kith_producer_stats(const struct kith_producer *p)
{
	struct kith_producer_stats s = p->stats;

	s.waiting = p->window.events + p->building.n;
	s.connected = p->link.connected;
	s.quiet_ms = s.waiting ? (clock_monotonic_ns() - p->heard_ns) / NS_PER_MS : 0;
	s.held_by = p->held_by[0] ? p->held_by : NULL;
	return s;
}

int kith_producer_unreachable(const struct kith_producer *p, struct complaint *c)
{
	return link_unreachable(&p->link, c);
}
