/* SPDX-License-Identifier: Apache-2.0 */
/* A notification as a CloudEvent. */
#include <stdio.h>
#include <stdlib.h>
#include "base/zone.h"
#include "daemon/webhook_event.h"

void event_source(char out[64], const uint8_t store_id[16])
{
	int n = snprintf(out, 64, "urn:kith:");

	for (unsigned i = 0; i < 16; i++)
		n += snprintf(out + n, 64 - (size_t)n, "%02x", store_id[i]);
}

void event_head_of(const struct notification *n, const char *source, struct event_head *head)
{
	memset(head, 0, sizeof *head);
	snprintf(head->id, sizeof head->id, "%u-%llu", n->shard, (unsigned long long)n->sequence);
	snprintf(head->source, sizeof head->source, "%s", source);
	head->type = n->type;
	head->subject = n->customer.size ? n->customer : n->subject;
	head->time_ms = n->at_ms;
}

static json_t *envelope(const struct event_head *h, json_t *data)
{
	char time[32];
	json_t *o;

	time_format(h->time_ms, time);
	o = json_pack("{s:s,s:s,s:s,s:o,s:s,s:s}", "specversion", "1.0", "id", h->id, "source",
		h->source, "type", json_stringn((const char *)h->type.data, h->type.size), "time",
		time, "datacontenttype", "application/json");
	if (o && h->subject.size)
		json_object_set_new(o, "subject", json_stringn((const char *)h->subject.data,
			h->subject.size));
	if (o)
		json_object_set(o, "data", data);
	return o;
}

void event_body(struct buf *out, const struct event_head *head, json_t *data,
	enum webhook_format format)
{
	json_t *whole = format == WEBHOOK_STRUCTURED ? envelope(head, data) : json_incref(data);
	char *text = whole ? json_dumps(whole, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;

	if (text)
		buf_add_str(out, text);
	else
		out->failed = true;
	free(text);
	json_decref(whole);
}

static void add_line(struct buf *out, const char *name, struct span value)
{
	buf_printf(out, "%s: ", name);
	buf_add(out, value.data, value.size);
	buf_add(out, "", 1);
}

/* As CloudEvents' binding to HTTP wants it (3.1.3.2): percent-encoded beyond printable ASCII, and
 * space, quote and percent sign too. */
static void add_encoded(struct buf *out, const char *name, struct span value)
{
	buf_printf(out, "%s: ", name);
	for (size_t i = 0; i < value.size; i++) {
		uint8_t c = value.data[i];

		if (c <= ' ' || c >= 0x7f || c == '"' || c == '%')
			buf_printf(out, "%%%02X", c);
		else
			buf_add(out, &c, 1);
	}
	buf_add(out, "", 1);
}

static void add_attributes(struct buf *out, const struct event_head *h)
{
	char time[32];

	time_format(h->time_ms, time);
	add_line(out, "Content-Type", span_str("application/json"));
	add_line(out, "ce-specversion", span_str("1.0"));
	add_line(out, "ce-id", span_str(h->id));
	add_line(out, "ce-source", span_str(h->source));
	add_encoded(out, "ce-type", h->type);
	add_line(out, "ce-time", span_str(time));
	if (h->subject.size)
		add_encoded(out, "ce-subject", h->subject);
}

void event_headers(struct buf *out, const struct event_head *head, enum webhook_format format,
	const struct secrets *secrets, int64_t now_ms, struct span body)
{
	char signatures[SIGNATURES_MAX], stamp[24];

	if (format == WEBHOOK_BINARY)
		add_attributes(out, head);
	else
		add_line(out, "Content-Type",
			span_str("application/cloudevents+json; charset=utf-8"));
	signatures_make(secrets, head->id, now_ms / 1000, body, signatures);
	snprintf(stamp, sizeof stamp, "%lld", (long long)(now_ms / 1000));
	add_line(out, "webhook-id", span_str(head->id));
	add_line(out, "webhook-timestamp", span_str(stamp));
	add_line(out, "webhook-signature", span_str(signatures));
	add_line(out, "Expect", span_str("")); /* no waiting for 100 Continue */
}
