/* SPDX-License-Identifier: Apache-2.0 */
/* A deep copy of an event. */
#include "clients/c/event_copy.h"

#define SPANS_MAX 7

/* The texts of E, whatever its body; returns how many. A new body with texts belongs here. */
static unsigned event_spans(struct event *e, struct span *out[SPANS_MAX])
{
	unsigned n = 0;

	out[n++] = &e->source;
	out[n++] = &e->id;
	out[n++] = &e->customer;
	switch ((enum body)e->body) {
	case BODY_CONTACT:
		out[n++] = &e->as.contact.subject;
		out[n++] = &e->as.contact.person;
		break;
	case BODY_PURCHASE:
		out[n++] = &e->as.purchase.order;
		out[n++] = &e->as.purchase.category;
		break;
	case BODY_REFUND: out[n++] = &e->as.refund.order; break;
	case BODY_COMPLAINT: out[n++] = &e->as.complaint.complaint; break;
	case BODY_RESOLUTION: out[n++] = &e->as.resolution.complaint; break;
	case BODY_REFERRAL: out[n++] = &e->as.referral.customer; break;
	case BODY_COMPETITOR: out[n++] = &e->as.competitor.name; break;
	case BODY_PROFILE:
		out[n++] = &e->as.profile.held_by;
		out[n++] = &e->as.profile.region;
		out[n++] = &e->as.profile.segment;
		out[n++] = &e->as.profile.owner;
		break;
	case BODY_MARKET:
		out[n++] = &e->as.market.region;
		out[n++] = &e->as.market.segment;
		break;
	case BODY_READINESS:
	case BODY_FEEDBACK:
	case BODY_MEMBERSHIP:
	case BODY_PARTNERSHIP:
	case BODY_CONTRACT:
	case BODY_WALLET:
	case BODY_COUNT: break;
	}
	return n;
}

int event_copy(struct event *to, const struct event *from, struct arena *a)
{
	struct span *spans[SPANS_MAX];
	unsigned n;

	*to = *from;
	n = event_spans(to, spans);
	for (unsigned i = 0; i < n; i++) {
		uint8_t *copy;

		if (!spans[i]->data) /* absent, which is not the same as empty */
			continue;
		copy = arena_alloc(a, spans[i]->size + 1);
		if (!copy)
			return ERR_NOMEM;
		memcpy(copy, spans[i]->data, spans[i]->size);
		spans[i]->data = copy;
	}
	return 0;
}

size_t event_text_bytes(const struct event *e)
{
	struct event copy = *e;
	struct span *spans[SPANS_MAX];
	unsigned n = event_spans(&copy, spans);
	size_t bytes = 0;

	for (unsigned i = 0; i < n; i++)
		bytes += spans[i]->size;
	return bytes;
}
