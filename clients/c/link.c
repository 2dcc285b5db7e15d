/* SPDX-License-Identifier: Apache-2.0 */
/* Link: a client's ZeroMQ socket and its monitor. */
#include "clients/c/link.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "clients/c/kith.h"

#define MESSAGE_BYTES_MAX (8 << 20)
#define PATH_BYTES_MAX 107 /* of a unix socket */

const char *kith_run_dir(const char *run)
{
	if (!run || !*run)
		run = getenv("KITH_RUN");
	return run && *run ? run : "/run/kith";
}

static void set_int(void *socket, int option, int value)
{
	int rc = zmq_setsockopt(socket, option, &value, sizeof value);

	(void)rc; /* the options below exist in every libzmq 4.3 */
}

static void socket_settings(const struct link *l)
{
	int64_t bytes_max = MESSAGE_BYTES_MAX;

	(void)zmq_setsockopt(l->socket, ZMQ_MAXMSGSIZE, &bytes_max, sizeof bytes_max);
	set_int(l->socket, ZMQ_LINGER, 0);
	set_int(l->socket, ZMQ_RECONNECT_IVL, 50);
	set_int(l->socket, ZMQ_RECONNECT_IVL_MAX, 1000);
	set_int(l->socket, ZMQ_HANDSHAKE_IVL, 5000);
	/* no ZMQ_HEARTBEAT_*: with them libzmq 4.3.4 may abort the process (see daemon/socket.c) */
	if (l->type == ZMQ_SUB) {
		set_int(l->socket, ZMQ_RCVHWM, 100000);
		for (unsigned i = 0; i < l->n_topics; i++)
			(void)zmq_setsockopt(l->socket, ZMQ_SUBSCRIBE, l->topics[i],
				strlen(l->topics[i]));
		if (l->n_topics == 0)
			(void)zmq_setsockopt(l->socket, ZMQ_SUBSCRIBE, "", 0);
	} else {
		/* without it, messages pile up for a daemon that is not there */
		set_int(l->socket, ZMQ_IMMEDIATE, 1);
	}
}

static int socket_open(struct link *l)
{
	char name[64];

	l->socket = zmq_socket(l->context, l->type);
	l->monitor = zmq_socket(l->context, ZMQ_PAIR);
	if (!l->socket || !l->monitor)
		return err_from_errno(errno);
	socket_settings(l);
	set_int(l->monitor, ZMQ_LINGER, 0);
	snprintf(name, sizeof name, "inproc://monitor-%u", ++l->sockets);
	if (zmq_socket_monitor(l->socket, name, ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED) ||
		zmq_connect(l->monitor, name) || zmq_connect(l->socket, l->endpoint))
		return err_from_errno(errno);
	return 0;
}

static void socket_close(struct link *l, int linger_ms)
{
	if (l->socket) {
		(void)zmq_socket_monitor(l->socket, NULL, 0);
		set_int(l->socket, ZMQ_LINGER, linger_ms);
		zmq_close(l->socket);
	}
	if (l->monitor)
		zmq_close(l->monitor);
	l->socket = l->monitor = NULL;
}

int link_open(struct link *l, const char *run, const char *name, int type,
	const char *const *topics, unsigned n_topics, struct complaint *c)
{
	int n, rc;

	memset(l, 0, sizeof *l);
	l->type = type;
	run = kith_run_dir(run);
	n = snprintf(l->endpoint, sizeof l->endpoint, "ipc://%s/%s", run, name);
	if (n - 6 > PATH_BYTES_MAX)
		return complain(c, ERR_TOOBIG, "the path %s/%s is longer than the %d bytes a socket may "
			"have: use a shorter run directory", run, name, PATH_BYTES_MAX);
	if (n_topics > LINK_TOPICS_MAX)
		return complain(c, ERR_TOOBIG, "%u types given, at most %d are possible", n_topics,
			LINK_TOPICS_MAX);
	for (unsigned i = 0; i < n_topics; i++)
		l->topics[i] = topics[i];
	l->n_topics = n_topics;
	l->context = zmq_ctx_new();
	if (!l->context)
		return complain(c, ERR_NOMEM, "ZeroMQ: %s", zmq_strerror(errno));
	zmq_msg_init(&l->message);
	rc = socket_open(l);
	if (rc) {
		rc = complain(c, rc, "%s: %s", l->endpoint, zmq_strerror(zmq_errno()));
		link_close(l, 0);
	}
	return rc;
}

void link_close(struct link *l, int linger_ms)
{
	if (!l->context)
		return;
	socket_close(l, linger_ms);
	zmq_msg_close(&l->message);
	while (zmq_ctx_term(l->context) && errno == EINTR)
		;
	l->context = NULL;
}

int link_reset(struct link *l)
{
	socket_close(l, 0);
	l->connected = false;
	l->losses++;
	return socket_open(l);
}

int link_send(struct link *l, const void *data, size_t size)
{
	int n;

	do {
		n = zmq_send(l->socket, data, size, ZMQ_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n >= 0)
		return 0;
	return errno == EAGAIN ? ERR_BUSY : err_from_errno(errno);
}

int link_receive(struct link *l, struct span *ret_data)
{
	int n;

	do { /* parts of a message arrive together; only the last one counts */
		n = zmq_msg_recv(&l->message, l->socket, ZMQ_DONTWAIT);
	} while (n < 0 ? errno == EINTR : zmq_msg_more(&l->message));
	if (n < 0)
		return errno == EAGAIN ? ERR_NOTFOUND : err_from_errno(errno);
	*ret_data = span_of(zmq_msg_data(&l->message), zmq_msg_size(&l->message));
	return 0;
}

/* An event of the monitor: a 16-bit kind and a value, then the address in a second frame. */
static bool monitor_read(struct link *l)
{
	uint8_t head[16] = { 0 };
	uint16_t kind;
	char address[256];
	int n = zmq_recv(l->monitor, head, sizeof head, ZMQ_DONTWAIT);

	if (n < 2)
		return false;
	memcpy(&kind, head, sizeof kind);
	(void)zmq_recv(l->monitor, address, sizeof address, ZMQ_DONTWAIT);
	if (kind == ZMQ_EVENT_DISCONNECTED && l->connected)
		l->losses++;
	l->connected = kind == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
	return true;
}

int link_wait(struct link *l, int timeout_ms, bool writable)
{
	zmq_pollitem_t items[2] = {
		{ .socket = l->socket, .events = (short)(ZMQ_POLLIN | (writable ? ZMQ_POLLOUT : 0)) },
		{ .socket = l->monitor, .events = ZMQ_POLLIN },
	};
	int n = zmq_poll(items, 2, timeout_ms);

	if (n < 0)
		return errno == EINTR ? ERR_TIMEOUT : err_from_errno(errno);
	if (items[1].revents)
		while (monitor_read(l))
			;
	return n == 0 ? ERR_TIMEOUT : 0;
}

int link_unreachable(const struct link *l, struct complaint *c)
{
	const char *path = l->endpoint + strlen("ipc://");
	const char *why = "nobody answers there";

	if (access(path, F_OK))
		why = errno == ENOENT ? "there is no such socket" : strerror(errno);
	else if (access(path, R_OK | W_OK))
		why = "this user may not open it";
	return complain(c, ERR_CLOSED, "the daemon cannot be reached at %s: %s. Is kithd running, and "
		"is its run directory the one of --run or KITH_RUN?", path, why);
}

int link_time_left(int64_t start_ns, int timeout_ms)
{
	int64_t passed_ms;

	if (timeout_ms < 0)
		return -1;
	passed_ms = (clock_monotonic_ns() - start_ns) / 1000000;
	return passed_ms >= timeout_ms ? 0 : (int)(timeout_ms - passed_ms);
}
