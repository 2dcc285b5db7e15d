/* SPDX-License-Identifier: Apache-2.0 */
/* Hearing notifications. */
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>
#include "base/clock.h"
#include "bench/listener.h"
#include "bench/stream.h"

#define WAIT_MS     50
#define PATIENCE_NS INT64_C(30000000000) /* for the answer to a subscription */

static void die(const char *what)
{
	fprintf(stderr, "kith-load: %s\n", what);
	exit(1);
}

static void hear(struct listener *l, const struct notification *n)
{
	uint64_t due = stream_id_due(n->cause_id.data, n->cause_id.size);

	atomic_fetch_add_explicit(&l->heard, 1, memory_order_relaxed);
	if (!atomic_load_explicit(&l->measuring, memory_order_relaxed))
		return;
	if (due == 0)
		l->silent++;
	else
		histogram_add(&l->latency, (uint64_t)clock_monotonic_ns() - due);
}

static bool listener_open(struct listener *l, const char *endpoint, const char *name, uint32_t credit)
{
	struct subscriber_message open = { .verb = SUBSCRIBER_OPEN, .credit = credit, .newest = true };
	int big = 200000, none = 0, patience = WAIT_MS;

	l->durable = name != NULL;
	l->arena = arena_new(65536, 16 << 20);
	l->zmq = zmq_ctx_new();
	l->socket = zmq_socket(l->zmq, name ? ZMQ_DEALER : ZMQ_SUB);
	zmq_setsockopt(l->socket, ZMQ_RCVHWM, &big, sizeof big);
	zmq_setsockopt(l->socket, ZMQ_LINGER, &none, sizeof none);
	zmq_setsockopt(l->socket, ZMQ_RCVTIMEO, &patience, sizeof patience);
	if (!l->arena || zmq_connect(l->socket, endpoint) != 0)
		return false;
	if (!name)
		return zmq_setsockopt(l->socket, ZMQ_SUBSCRIBE, "", 0) == 0;
	open.name = span_str(name);
	subscriber_encode(&l->out, &open);
	return zmq_send(l->socket, l->out.data, l->out.size, 0) >= 0;
}

static void take_feed(struct listener *l, zmq_msg_t *topic)
{
	struct notification n;
	zmq_msg_t body;

	if (!zmq_msg_more(topic))
		die("a topic without a notification");
	zmq_msg_init(&body);
	if (zmq_msg_recv(&body, l->socket, 0) < 0 ||
		notification_decode(&n, zmq_msg_data(&body), zmq_msg_size(&body), l->arena) != 0)
		die("a notification that is none");
	hear(l, &n);
	zmq_msg_close(&body);
}

/* Everything delivered is done with as soon as it is here. */
static void take_delivery(struct listener *l, zmq_msg_t *m)
{
	struct subscriber_message ack = { .verb = SUBSCRIBER_ACK };
	struct delivery d;

	if (delivery_decode(&d, zmq_msg_data(m), zmq_msg_size(m), l->arena) != 0)
		die("a delivery that is none");
	if (d.refused.size)
		die("the subscription is refused");
	l->opened |= d.opened;
	for (unsigned i = 0; i < d.n_notifications; i++) {
		const struct notification *n = &d.notifications[i];
		unsigned at = 0;

		hear(l, n);
		while (at < ack.n_positions && ack.positions[at].shard != n->shard)
			at++;
		if (at == ack.n_positions)
			ack.n_positions++;
		ack.positions[at] = (struct position){ n->shard, n->sequence };
	}
	if (ack.n_positions == 0)
		return;
	buf_clear(&l->out);
	subscriber_encode(&l->out, &ack);
	if (zmq_send(l->socket, l->out.data, l->out.size, 0) < 0)
		die("cannot acknowledge");
}

/* One message, when one comes within WAIT_MS. */
static void take(struct listener *l)
{
	zmq_msg_t m;

	zmq_msg_init(&m);
	if (zmq_msg_recv(&m, l->socket, 0) < 0)
		return;
	arena_reset(l->arena);
	if (l->durable)
		take_delivery(l, &m);
	else
		take_feed(l, &m);
	zmq_msg_close(&m);
}

static void *run(void *arg)
{
	struct listener *l = arg;

	while (!atomic_load(&l->stopping))
		take(l);
	return NULL;
}

bool listener_start(struct listener *l, const char *endpoint, const char *name, uint32_t credit)
{
	int64_t end = clock_monotonic_ns() + PATIENCE_NS;

	if (!listener_open(l, endpoint, name, credit))
		return false;
	while (l->durable && !l->opened && clock_monotonic_ns() < end)
		take(l);
	return l->opened == l->durable && pthread_create(&l->thread, NULL, run, l) == 0;
}

void listener_stop(struct listener *l)
{
	if (!l->socket)
		return;
	atomic_store(&l->stopping, true);
	pthread_join(l->thread, NULL);
	zmq_close(l->socket);
	zmq_ctx_term(l->zmq);
	l->socket = NULL;
	arena_free(l->arena);
	buf_fini(&l->out);
}
