/* SPDX-License-Identifier: Apache-2.0 */
/* kith-names --run DIR --names N: opens N durable subscriptions one after the other, each of which
 * acknowledges a position and leaves; the names and their positions stay. Prints one line of
 * JSON. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>
#include "base/clock.h"
#include "proto/codec.h"

#define UNDER_WAY 64 /* connections that wait for an answer, so that the journal syncs for many */

struct names {
	const char *run;
	unsigned n;
	void *zmq, *sockets[UNDER_WAY];
	struct arena *arena;
	struct buf out;
};

static void die(const char *what)
{
	fprintf(stderr, "kith-names: %s\n", what);
	exit(1);
}

static void tell(struct names *s, void *socket, const struct subscriber_message *m)
{
	buf_clear(&s->out);
	subscriber_encode(&s->out, m);
	if (zmq_send(socket, s->out.data, s->out.size, 0) < 0)
		die("cannot send");
}

static void open_name(struct names *s, void *socket, unsigned number)
{
	char name[32];
	struct subscriber_message m = { .verb = SUBSCRIBER_OPEN, .credit = 16, .newest = true };

	snprintf(name, sizeof name, "subscriber-%05u", number);
	m.name = span_str(name);
	tell(s, socket, &m);
}

/* Wait for the answer to an opening, acknowledge where it stands, leave. */
static void leave(struct names *s, void *socket)
{
	struct subscriber_message ack = { .verb = SUBSCRIBER_ACK }, close = { .verb = SUBSCRIBER_CLOSE };
	struct delivery d = { 0 };
	zmq_msg_t m;

	while (!d.opened) {
		zmq_msg_init(&m);
		arena_reset(s->arena);
		if (zmq_msg_recv(&m, socket, 0) < 0 ||
			delivery_decode(&d, zmq_msg_data(&m), zmq_msg_size(&m), s->arena) != 0 ||
			d.refused.size)
			die("a subscription is refused");
		for (unsigned i = 0; d.opened && i < d.n_positions && i < SUBSCRIBER_POSITIONS_MAX; i++)
			ack.positions[ack.n_positions++] = d.positions[i];
		zmq_msg_close(&m);
	}
	if (ack.n_positions)
		tell(s, socket, &ack);
	tell(s, socket, &close);
}

static void *connect_to(struct names *s)
{
	void *socket = zmq_socket(s->zmq, ZMQ_DEALER);
	int linger = 5000, patience = 30000;
	char endpoint[256];

	snprintf(endpoint, sizeof endpoint, "ipc://%s/subscribe", s->run);
	zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
	zmq_setsockopt(socket, ZMQ_RCVTIMEO, &patience, sizeof patience);
	if (zmq_connect(socket, endpoint) != 0)
		die("cannot connect; is kithd running with this --run?");
	return socket;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "run", 1, NULL, 'r' },
		{ "names", 1, NULL, 'n' }, { 0 } };
	struct names s = { .n = 10000 };
	int64_t began;
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (o) {
		case 'r': s.run = optarg; break;
		case 'n': s.n = (unsigned)atoi(optarg); break;
		default: exit(2);
		}
	if (!s.run)
		die("--run DIR is missing");
	s.zmq = zmq_ctx_new();
	s.arena = arena_new(65536, 1 << 22);
	for (unsigned i = 0; i < UNDER_WAY; i++)
		s.sockets[i] = connect_to(&s);
	began = clock_monotonic_ns();
	for (unsigned i = 0; i < s.n; i += UNDER_WAY) {
		for (unsigned k = i; k < s.n && k < i + UNDER_WAY; k++)
			open_name(&s, s.sockets[k - i], k);
		for (unsigned k = i; k < s.n && k < i + UNDER_WAY; k++)
			leave(&s, s.sockets[k - i]);
	}
	printf("{\"names\":%u,\"seconds\":%.2f}\n", s.n, (double)(clock_monotonic_ns() - began) / 1e9);
	for (unsigned i = 0; i < UNDER_WAY; i++)
		zmq_close(s.sockets[i]);
	arena_free(s.arena);
	buf_fini(&s.out);
	zmq_ctx_term(s.zmq);
	return 0;
}
