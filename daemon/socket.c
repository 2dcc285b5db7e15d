/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets: options, the pump, and a ROUTER's envelopes. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "daemon/socket.h"
#include "proto/codec.h"

static bool waiting(struct socket *s)
{
	int events = 0;
	size_t size = sizeof events;

	return zmq_getsockopt(s->zmq, ZMQ_EVENTS, &events, &size) == 0 && (events & ZMQ_POLLIN);
}

/* To take until there is nothing takes the edge away, too, and asks the kernel once for them all. */
static void run_pump(evutil_socket_t fd, short what, void *arg)
{
	struct socket *s = arg;
	int left = SOCKET_BURST;
	bool more = true;

	(void)fd;
	(void)what;
	if (s->paused)
		(void)waiting(s); /* only for the edge: a descriptor that stays ready keeps the loop busy */
	while (more && !s->paused && left-- > 0)
		more = s->take(s->arg);
	if (s->drained)
		s->drained(s->arg);
	if (more && !s->paused)
		socket_kick(s);
}

static int set_int(void *zmq, int option, int value)
{
	return zmq_setsockopt(zmq, option, &value, sizeof value);
}

static int set_options(void *zmq, int type)
{
	int rc = 0;

	rc |= set_int(zmq, ZMQ_LINGER, 1000);
	rc |= set_int(zmq, ZMQ_BACKLOG, 1024);
	/* No ZMQ_HEARTBEAT_*: libzmq 4.3.4 aborts (stream_engine_base.cpp, !_io_error) when a peer
	 * goes away while its input is stopped at the high-water mark. TCP looks after itself. */
	rc |= set_int(zmq, ZMQ_TCP_KEEPALIVE, 1);
	rc |= set_int(zmq, ZMQ_TCP_KEEPALIVE_IDLE, 30);
	rc |= set_int(zmq, ZMQ_TCP_KEEPALIVE_INTVL, 5);
	rc |= set_int(zmq, ZMQ_TCP_KEEPALIVE_CNT, 3);
	rc |= set_int(zmq, ZMQ_HANDSHAKE_IVL, 5000);
	rc |= set_int(zmq, ZMQ_RCVHWM, 64);
	rc |= set_int(zmq, ZMQ_SNDHWM, type == ZMQ_ROUTER ? 1000 : 10000);
	if (type == ZMQ_ROUTER)
		rc |= set_int(zmq, ZMQ_ROUTER_MANDATORY, 1);
	if (zmq_setsockopt(zmq, ZMQ_MAXMSGSIZE,
		&(int64_t){ type == ZMQ_ROUTER ? BATCH_BYTES_MAX : 4096 }, sizeof(int64_t)) != 0)
		rc = -1;
	return rc;
}

int socket_open(struct socket *s, void *context, int type, const char *endpoint,
	struct event_base *base, struct complaint *c)
{
	int fd = -1;
	size_t size = sizeof fd;

	s->zmq = zmq_socket(context, type);
	if (!s->zmq || set_options(s->zmq, type) != 0)
		return complain(c, ERR_NOMEM, "%s: %s", endpoint, zmq_strerror(errno));
	if (strncmp(endpoint, "ipc://", 6) == 0)
		snprintf(s->path, sizeof s->path, "%s", endpoint + 6);
	if (zmq_bind(s->zmq, endpoint) != 0) {
		s->path[0] = '\0'; /* somebody else's */
		return complain(c, ERR_BUSY, "cannot bind %s: %s", endpoint, zmq_strerror(errno));
	}
	if (s->path[0])
		(void)chmod(s->path, 0660);
	if (zmq_getsockopt(s->zmq, ZMQ_FD, &fd, &size) != 0)
		return complain(c, ERR_IO, "%s: %s", endpoint, zmq_strerror(errno));
	s->readable = event_new(base, fd, EV_READ | EV_PERSIST, run_pump, s);
	s->pump = event_new(base, -1, 0, run_pump, s);
	if (!s->readable || !s->pump || event_add(s->readable, NULL) != 0)
		return complain(c, ERR_NOMEM, "%s: out of memory", endpoint);
	socket_kick(s);
	return 0;
}

void socket_close(struct socket *s)
{
	if (s->readable)
		event_free(s->readable);
	if (s->pump)
		event_free(s->pump);
	if (s->zmq)
		zmq_close(s->zmq);
	if (s->path[0])
		(void)unlink(s->path);
	memset(s, 0, sizeof *s);
}

/* The pump finds out whether there is anything: once for all who kick it meanwhile. */
void socket_kick(struct socket *s)
{
	if (s->pump && !s->paused)
		event_active(s->pump, EV_TIMEOUT, 0);
}

void socket_pause(struct socket *s, bool paused)
{
	s->paused = paused;
	socket_kick(s);
}

void socket_check(struct socket *s)
{
	struct pollfd fd = { .events = POLLIN };

	if (!s->zmq || s->paused || event_pending(s->pump, EV_TIMEOUT, NULL))
		return;
	/* What came after the loop's last look still has its edge: the loop will see it. Asking
	 * for ZMQ_EVENTS would consume that edge, and take the newcomer for a miss. */
	fd.fd = event_get_fd(s->readable);
	if (poll(&fd, 1, 0) != 0 || !waiting(s))
		return;
	s->rescued++;
	event_active(s->pump, EV_TIMEOUT, 0);
}

bool peer_equal(const struct peer *a, const struct peer *b)
{
	return a->size == b->size && memcmp(a->id, b->id, a->size) == 0;
}

/* Consume the rest of a message; true when there was any. */
static bool drop_rest(struct socket *s)
{
	bool any = false;
	int more = 0;
	size_t size = sizeof more;

	while (zmq_getsockopt(s->zmq, ZMQ_RCVMORE, &more, &size) == 0 && more) {
		zmq_msg_t m;

		zmq_msg_init(&m);
		if (zmq_msg_recv(&m, s->zmq, ZMQ_DONTWAIT) < 0) {
			zmq_msg_close(&m);
			break;
		}
		zmq_msg_close(&m);
		any = true;
	}
	return any;
}

int router_take(struct socket *s, struct peer *peer, zmq_msg_t *body)
{
	int n = zmq_recv(s->zmq, peer->id, sizeof peer->id, ZMQ_DONTWAIT);

	if (n < 0)
		return ERR_NOTFOUND;
	peer->size = (uint8_t)n;
	peer->delimiter = false;
	zmq_msg_init(body);
	if (zmq_msg_recv(body, s->zmq, ZMQ_DONTWAIT) < 0) {
		zmq_msg_close(body);
		return ERR_INVALID;
	}
	if (zmq_msg_size(body) == 0 && zmq_msg_more(body)) {
		peer->delimiter = true;
		if (zmq_msg_recv(body, s->zmq, ZMQ_DONTWAIT) < 0) {
			zmq_msg_close(body);
			return ERR_INVALID;
		}
	}
	if (drop_rest(s)) {
		zmq_msg_close(body);
		return ERR_INVALID;
	}
	return 0;
}

int router_send(struct socket *s, const struct peer *peer, struct span body)
{
	int rc = 0;

	if (zmq_send(s->zmq, peer->id, peer->size, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0)
		rc = errno == EAGAIN ? ERR_BUSY : ERR_CLOSED;
	else if (peer->delimiter && zmq_send(s->zmq, "", 0, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0)
		rc = ERR_BUSY;
	else if (zmq_send(s->zmq, body.data, body.size, ZMQ_DONTWAIT) < 0)
		rc = ERR_BUSY;
	socket_kick(s);
	return rc;
}
