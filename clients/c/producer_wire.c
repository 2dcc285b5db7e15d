/* SPDX-License-Identifier: Apache-2.0 */
/* Producer: the window to the daemon, receipts back; go-back-N after a refusal for now, a lost
 * connection, or too long a silence. */
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "clients/c/producer.h"

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

int producer_step(struct kith_producer *p, bool *ret_any)
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
