/* SPDX-License-Identifier: Apache-2.0 */
/* Sender: requests under way, by libcurl's multi interface on the libevent loop. It knows nothing
 * of endpoints, letters or retries; each request ends once, by its callback, or is dropped with the
 * sender.
 *
 * Whatever a name resolves to, the address that is about to be used is judged (webhook_address.h).
 * No redirects, no proxy, no cookies, at most SENDER_ANSWER_MAX of the answer's body is read. Where
 * private addresses are allowed no connection is used twice, so that none is there to be used by
 * somebody who may not. */
#ifndef KITH_DAEMON_WEBHOOK_SENDER_H
#define KITH_DAEMON_WEBHOOK_SENDER_H
#include <curl/curl.h>
#include <event2/event.h>
#include "base/bytes.h"
#include "base/err.h"
#include "daemon/webhook_schedule.h"

#define SENDER_ANSWER_MAX 4096

struct sender {
	CURLM *multi;
	struct event_base *base;
	struct event *timer;
	struct sending *first;   /* under way */
	unsigned under_way;
	bool closing;
};

struct sender_request {
	const char *url;
	struct span headers;     /* NUL-ended lines */
	struct buf *body;        /* taken over */
	int64_t timeout_ms;
	const char *ca;          /* file of certificates to trust instead of the system's; "" none */
	bool allow_private;
	void (*done)(void *arg, const struct attempt *a, const char *error, int64_t took_ms);
	void *arg;
};

/* CONNECTIONS at most are open at once. */
int sender_open(struct sender *s, struct event_base *base, unsigned connections);
void sender_close(struct sender *s); /* without calling back */
/* 0: DONE will be called, from the loop. Copies what it needs. */
int sender_send(struct sender *s, const struct sender_request *r);

#endif
