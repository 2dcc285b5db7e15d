/* SPDX-License-Identifier: Apache-2.0 */
/* Events: one notification as a request of CloudEvents 1.0, signed. In structured mode the body is
 * the event with the notification as its data; in binary mode the body is the notification, and the
 * event's attributes are headers. */
#ifndef KITH_DAEMON_WEBHOOK_EVENT_H
#define KITH_DAEMON_WEBHOOK_EVENT_H
#include <jansson.h>
#include "daemon/webhook_sign.h"
#include "proto/codec.h"

struct event_head {
	char id[48];           /* the notification's: "3-1042" */
	char source[64];       /* "urn:kith:" and the store's id: with it the id is the world's own */
	struct span type;
	struct span subject;   /* the customer, or what else is spoken of; may be empty */
	int64_t time_ms;
};
#define WEBHOOK_TEST_TYPE "webhook.test"

void event_source(char out[64], const uint8_t store_id[16]);
void event_head_of(const struct notification *n, const char *source, struct event_head *ret_head);

/* The body of HEAD with DATA (borrowed) in FORMAT; .failed when memory is out. */
void event_body(struct buf *out, const struct event_head *head, json_t *data,
	enum webhook_format format);
/* Header lines, each NUL-ended, for that body sent at NOW_MS. */
void event_headers(struct buf *out, const struct event_head *head, enum webhook_format format,
	const struct secrets *secrets, int64_t now_ms, struct span body);

#endif
