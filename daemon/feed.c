/* SPDX-License-Identifier: Apache-2.0 */
/* The live feed. */
#include <stdlib.h>
#include "daemon/daemon.h"
#include "proto/json.h"

/* An XPUB socket hands over who comes (1, topic) and goes (0, topic). */
static bool take(struct socket *s, uint64_t *listeners)
{
	uint8_t first[256];
	int n = zmq_recv(s->zmq, first, sizeof first, ZMQ_DONTWAIT);

	if (n < 0)
		return false;
	if (n > 0 && first[0] == 1)
		++*listeners;
	else if (n > 0 && first[0] == 0 && *listeners > 0)
		--*listeners;
	return true;
}

static bool take_protobuf(void *arg)
{
	struct feed *f = arg;

	return take(&f->protobuf, &f->listeners_protobuf);
}

static bool take_json(void *arg)
{
	struct feed *f = arg;

	return take(&f->json, &f->listeners_json);
}

static void send_two(struct socket *s, const void *topic, size_t topic_size, const void *body,
	size_t size)
{
	if (zmq_send(s->zmq, topic, topic_size, ZMQ_DONTWAIT | ZMQ_SNDMORE) >= 0)
		(void)zmq_send(s->zmq, body, size, ZMQ_DONTWAIT);
}

static void publish_protobuf(struct feed *f, const struct outcome *o, const struct note *note,
	struct span sentence)
{
	buf_clear(&f->scratch);
	buf_add(&f->scratch, o->bytes.data + note->offset, note->size);
	notification_add_text(&f->scratch, sentence);
	if (!f->scratch.failed)
		send_two(&f->protobuf, o->bytes.data + note->type_offset, note->type_size,
			f->scratch.data, f->scratch.size);
}

static void publish_json(struct feed *f, const struct outcome *o, const struct note *note,
	struct span sentence)
{
	struct notification n;
	char *text = NULL;
	json_t *json;

	arena_reset(f->arena);
	if (notification_decode(&n, o->bytes.data + note->offset, note->size, f->arena) != 0)
		return;
	n.text = sentence;
	json = notification_to_json(&n);
	if (json)
		text = json_dumps(json, JSON_COMPACT);
	if (text)
		send_two(&f->json, o->bytes.data + note->type_offset, note->type_size, text,
			strlen(text));
	free(text);
	json_decref(json);
}

void feed_publish(struct daemon *d, unsigned shard, const struct outcome *o, unsigned from,
	unsigned count)
{
	struct feed *f = &d->feed;

	if (!f->protobuf.zmq || (!f->listeners_protobuf && !f->listeners_json))
		return; /* nobody pays for sentences that nobody hears */
	for (unsigned i = from; i < from + count; i++) {
		const struct note *n = &o->notes[i];

		struct span sentence = sentence_for(d, shard, n->sequence,
			span_of(o->bytes.data + n->offset, n->size));

		if (f->listeners_protobuf)
			publish_protobuf(f, o, n, sentence);
		if (f->listeners_json)
			publish_json(f, o, n, sentence);
	}
	if (count) {
		socket_kick(&f->protobuf);
		socket_kick(&f->json);
	}
}

int feed_open(struct daemon *d, struct complaint *c)
{
	struct feed *f = &d->feed;
	int rc;

	f->arena = arena_new(16 << 10, 1 << 20);
	if (!f->arena)
		return ERR_NOMEM;
	f->protobuf.take = take_protobuf;
	f->json.take = take_json;
	f->protobuf.arg = f->json.arg = f;
	rc = socket_open(&f->protobuf, d->zmq, ZMQ_XPUB, d->config.feed, d->base, c);
	if (rc == 0)
		rc = socket_open(&f->json, d->zmq, ZMQ_XPUB, d->config.feed_json, d->base, c);
	return rc;
}

void feed_close(struct daemon *d)
{
	socket_close(&d->feed.protobuf);
	socket_close(&d->feed.json);
	buf_fini(&d->feed.scratch);
	arena_free(d->feed.arena);
	d->feed.arena = NULL;
}
