/* SPDX-License-Identifier: Apache-2.0 */
/* Producer: events into batches, batches into the window, the window to the daemon. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "clients/c/event_copy.h"
#include "clients/c/kith.h"
#include "clients/c/link.h"
#include "clients/c/window.h"

#define ARENA_FIRST     (64u << 10)
#define ARENA_LIMIT     (32u << 20)
#define BATCH_ESTIMATE_MAX (BATCH_BYTES_MAX - (256u << 10))
#define EVENT_OVERHEAD  160          /* bytes of an encoded event beside its texts, at most */
#define BACKOFF_MIN_MS  20
#define BACKOFF_MAX_MS  2000
#define ANSWER_MIN_MS   5000         /* a receipt that takes longer is asked for again */
#define ANSWER_MAX_MS   60000
#define NS_PER_MS       INT64_C(1000000)

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

/* ------------------------------------------------------------ receiving */

/* The event of rejection R, found again in what was sent. BATCH is decoded at the first need. */
static const struct event *rejected_event(const struct batch *batch, uint32_t index)
{
	for (uint32_t i = 0; i < batch->n_events; i++)
		if (batch->index[i] == index)
			return &batch->events[i];
	return NULL;
}

/* Fill OUT with those of R that name an event of B; returns how many. */
static uint32_t receipt_rejections(struct kith_producer *p, const struct pending *b,
	const struct receipt *r, struct kith_rejection *out)
{
	struct batch batch = { 0 };
	uint32_t n = 0;
	int rc = batch_decode(&batch, b->encoded.data, b->encoded.size, p->answers, NULL);

	for (uint32_t i = 0; i < r->n_rejected; i++) {
		const struct rejection *from = &r->rejected[i];
		const char *code = reject_name(from->code);

		if (from->index >= b->n_events)
			continue;
		out[n++] = (struct kith_rejection){
			.tag = b->tags[from->index],
			.code = code ? code : "refused",
			.text = from->text ? from->text : "",
			.event = rc ? NULL : rejected_event(&batch, from->index),
		};
	}
	return n;
}

static int receipt_tell(struct kith_producer *p, const struct pending *b, const struct receipt *r)
{
	struct kith_receipt told = {
		.number = b->number, .events = b->n_events, .accepted = r->accepted,
		.duplicates = r->duplicates, .refused = r->refused, .text = r->text,
	};
	struct kith_rejection *rejections = NULL;

	if (r->n_rejected > 0 && r->n_rejected <= b->n_events) {
		rejections = calloc(r->n_rejected, sizeof *rejections);
		if (!rejections)
			return ERR_NOMEM;
		told.n_rejected = receipt_rejections(p, b, r, rejections);
		told.rejected = rejections;
	}
	p->stats.accepted += r->accepted;
	p->stats.duplicates += r->duplicates;
	p->stats.rejected += told.n_rejected;
	if (r->refused)
		p->stats.refused += b->n_events;
	if (p->settings.receipt)
		p->settings.receipt(p->settings.arg, &told);
	free(rejections);
	return 0;
}

static bool refusal_is_final(const char *code)
{
	return strcmp(code, "malformed") == 0 || strcmp(code, "too_large") == 0;
}

/* Wait a little, longer each time and never in step with others, then begin with the oldest. */
static void producer_back_off(struct kith_producer *p, const char *held_by)
{
	int jitter = (int)(random() % (p->backoff_ms / 2 + 1));

	window_unsend(&p->window);
	p->not_before_ns = clock_monotonic_ns() + (p->backoff_ms - jitter) * NS_PER_MS;
	p->backoff_ms = p->backoff_ms * 2 < BACKOFF_MAX_MS ? p->backoff_ms * 2 : BACKOFF_MAX_MS;
	snprintf(p->held_by, sizeof p->held_by, "%s", held_by);
}

static int producer_answered(struct kith_producer *p, const struct receipt *r)
{
	struct pending *b = window_find(&p->window, r->number);
	int rc;

	p->heard_ns = clock_monotonic_ns();
	if (r->credit)
		p->stats.credit = r->credit;
	if (!b) /* answered before: it had been sent twice */
		return 0;
	if (r->refused && !refusal_is_final(r->refused)) {
		if (b->sent) /* else we are backing off already, and this is of the same volley */
			producer_back_off(p, r->refused);
		return 0;
	}
	p->backoff_ms = BACKOFF_MIN_MS;
	p->answer_ms = ANSWER_MIN_MS;
	p->held_by[0] = 0;
	rc = receipt_tell(p, b, r);
	if (!rc)
		window_remove(&p->window, b);
	return rc;
}

/* Take in what has arrived; *RET_ANY says whether there was something. */
static int producer_receive(struct kith_producer *p, bool *ret_any)
{
	struct span data;
	struct receipt r;
	int rc;

	while (!(rc = link_receive(&p->link, &data))) {
		*ret_any = true;
		arena_reset(p->answers);
		if (receipt_decode(&r, data.data, data.size, p->answers))
			continue; /* not a receipt: time will tell what became of the batch */
		rc = producer_answered(p, &r);
		if (rc)
			return rc;
	}
	return rc == ERR_NOTFOUND ? 0 : rc;
}

/* -------------------------------------------------------------- sending */

/* After a lost connection nothing that was sent counts; nor after too long a silence, when a new
 * socket is made so that the old one's queue cannot come after what is sent now. */
static int producer_check_link(struct kith_producer *p)
{
	const struct pending *oldest = window_oldest_sent(&p->window);
	int rc = 0;

	if (oldest && clock_monotonic_ns() - oldest->sent_ns > p->answer_ms * NS_PER_MS) {
		p->answer_ms = p->answer_ms * 2 < ANSWER_MAX_MS ? p->answer_ms * 2 : ANSWER_MAX_MS;
		rc = link_reset(&p->link);
	}
	if (p->link.losses != p->losses_seen) {
		p->losses_seen = p->link.losses;
		window_unsend(&p->window);
		p->not_before_ns = 0;
	}
	return rc;
}

/* One batch may always be under way; more only within the credit. */
static bool producer_may_send(const struct kith_producer *p, const struct pending *b)
{
	return p->window.sent_events == 0 ||
		(uint64_t)p->window.sent_events + b->n_events <= p->stats.credit;
}

static int producer_send(struct kith_producer *p)
{
	struct pending *b;

	if (!p->link.connected || clock_monotonic_ns() < p->not_before_ns)
		return 0;
	while ((b = window_unsent(&p->window)) && producer_may_send(p, b)) {
		bool again = b->resend;
		int rc = link_send(&p->link, b->encoded.data, b->encoded.size);

		if (rc)
			return rc == ERR_BUSY ? 0 : rc;
		p->stats.resent += again;
		window_mark_sent(&p->window, b, clock_monotonic_ns());
	}
	return 0;
}

static int producer_step(struct kith_producer *p, bool *ret_any)
{
	int rc = producer_receive(p, ret_any);

	if (!rc)
		rc = producer_check_link(p);
	if (!rc)
		rc = producer_send(p);
	return rc;
}

/* How long to wait for the socket: never past the end of a back-off or of our patience. */
static int producer_wait_ms(const struct kith_producer *p, int timeout_ms)
{
	int64_t now = clock_monotonic_ns(), ms = timeout_ms < 0 ? 1000 : timeout_ms;

	if (p->not_before_ns > now && (p->not_before_ns - now) / NS_PER_MS + 1 < ms)
		ms = (p->not_before_ns - now) / NS_PER_MS + 1;
	return (int)(ms < 1000 ? ms : 1000);
}

static bool producer_wants_to_send(const struct kith_producer *p)
{
	const struct pending *b = window_unsent(&p->window);

	return b && p->link.connected && producer_may_send(p, b) &&
		clock_monotonic_ns() >= p->not_before_ns;
}

int kith_producer_poll(struct kith_producer *p, int timeout_ms)
{
	int64_t start = clock_monotonic_ns();
	bool any = false, was_connected = p->link.connected;
	int rc = producer_step(p, &any), left;

	while (!rc && !any) {
		left = link_time_left(start, timeout_ms);
		rc = link_wait(&p->link, producer_wait_ms(p, left), producer_wants_to_send(p));
		if (rc && rc != ERR_TIMEOUT)
			break;
		if (p->link.connected != was_connected) {
			any = true;
			p->heard_ns = clock_monotonic_ns();
		}
		rc = producer_step(p, &any);
		if (!any && link_time_left(start, timeout_ms) == 0)
			return rc ? rc : ERR_TIMEOUT;
	}
	return rc;
}

/* ------------------------------------------------------------- building */

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
