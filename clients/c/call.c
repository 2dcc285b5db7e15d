/* SPDX-License-Identifier: Apache-2.0 */
/* Call: one question to the daemon and its answer. */
#include <stdlib.h>
#include "base/bytes.h"
#include "base/clock.h"
#include "clients/c/kith.h"
#include "clients/c/link.h"
#include "proto/codec.h"

#define ARENA_FIRST (16u << 10)
#define ARENA_LIMIT (64u << 20)
#define NUMBER 1 /* of the only request of its socket */

static int call_send(struct link *l, const struct request *request)
{
	struct buf out = { 0 };
	int rc;

	request_encode(&out, request);
	rc = out.failed ? ERR_NOMEM : link_send(l, out.data, out.size);
	buf_fini(&out);
	return rc;
}

/* Nothing but the number: the question is still being worked on. */
static bool is_alive(struct span answer)
{
	const uint8_t *end = answer.data + answer.size;
	uint64_t tag, number;
	const uint8_t *p = get_varint(answer.data, end, &tag);

	return p && tag == 1 << 3 && get_varint(p, end, &number) == end;
}

/* Ask on every new connection, until an answer has come. */
static int call_wait(struct link *l, const struct request *request, int timeout_ms,
	struct span *ret_answer)
{
	int64_t start = clock_monotonic_ns();
	bool asked = false;
	unsigned losses = l->losses;
	int rc;

	while ((rc = link_receive(l, ret_answer)) == ERR_NOTFOUND || (!rc && is_alive(*ret_answer))) {
		if (!rc)
			continue;
		if (l->losses != losses) {
			losses = l->losses;
			asked = false;
		}
		if (l->connected && !asked) {
			rc = call_send(l, request);
			if (rc && rc != ERR_BUSY)
				return rc;
			asked = rc == 0;
		}
		rc = link_wait(l, link_time_left(start, timeout_ms), l->connected && !asked);
		if (rc)
			return rc == ERR_TIMEOUT && !l->connected ? ERR_CLOSED : rc;
	}
	return rc;
}

static int error_of_reply(const struct reply *r)
{
	if (span_eq(r->error, span_str("not_found")))
		return ERR_NOTFOUND;
	if (span_eq(r->error, span_str("busy")))
		return ERR_BUSY;
	if (span_eq(r->error, span_str("denied")))
		return ERR_DENIED;
	return ERR_INVALID;
}

static int call_read(struct span answer, char **ret_json, struct complaint *c)
{
	struct arena *a = arena_new(ARENA_FIRST, ARENA_LIMIT);
	struct reply r = { 0 };
	int rc = a ? reply_decode(&r, answer.data, answer.size, a) : ERR_NOMEM;

	if (rc) {
		rc = complain(c, rc, "the daemon's answer cannot be read: %s", err_text(rc));
	} else if (r.error.size) {
		rc = complain(c, error_of_reply(&r), "%.*s%s%.*s", (int)r.error.size,
			(const char *)r.error.data, r.text.size ? ": " : "", (int)r.text.size,
			(const char *)r.text.data);
	} else {
		*ret_json = strndup(r.json.size ? (const char *)r.json.data : "", r.json.size);
		if (!*ret_json)
			rc = complain(c, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	}
	arena_free(a);
	return rc;
}

static int call(const char *run, const struct request *request, int timeout_ms, char **ret_json,
	struct complaint *c)
{
	struct span answer;
	struct link l;
	int rc = link_open(&l, run, "control", ZMQ_DEALER, NULL, 0, c);

	if (rc)
		return rc;
	rc = call_wait(&l, request, timeout_ms, &answer);
	if (!rc)
		rc = call_read(answer, ret_json, c);
	else if (rc == ERR_CLOSED)
		rc = link_unreachable(&l, c);
	else
		rc = complain(c, rc, "no answer from %s: %s", l.endpoint, err_text(rc));
	link_close(&l, 0);
	return rc;
}

int kith_call(const char *run, const char *verb, const char *customer, const char *lifecycle,
	int timeout_ms, char **ret_json, struct complaint *c)
{
	struct request request = { .number = NUMBER, .verb = span_str(verb) };

	if (customer)
		request.customer = span_str(customer);
	if (lifecycle) {
		request.lifecycle = span_str(lifecycle);
		request.json = span_str("{\"alive\":true}"); /* so that it ends when we go */
	}
	return call(run, &request, timeout_ms, ret_json, c);
}

int kith_command(const char *run, const struct command *command, int timeout_ms, char **ret_json,
	struct complaint *c)
{
	struct request request = { .number = NUMBER, .verb = span_str("command"),
		.command = *command };

	return call(run, &request, timeout_ms, ret_json, c);
}

int kith_call_json(const char *run, const char *verb, const char *json, int timeout_ms,
	char **ret_json, struct complaint *c)
{
	struct request request = { .number = NUMBER, .verb = span_str(verb),
		.json = span_str(json) };

	return call(run, &request, timeout_ms, ret_json, c);
}
