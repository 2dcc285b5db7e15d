/* SPDX-License-Identifier: Apache-2.0 */
/* Deliveries: what the daemon says to a subscriber. Built piece by piece, since the parts of a
 * message concatenate to the whole. */
#include "proto/notification.h"
#include "proto/snapshot.h"
#include "proto/wire.h"

static const struct message_limit limit = { DELIVERY_BYTES_MAX, 1u << 18 };

enum { DELIVERY_NOTIFICATIONS = 3, DELIVERY_PAGE = 52 };

enum position_list { LIST_POSITIONS, LIST_ENDS, LIST_PASSED };

static void add_position(struct buf *out, enum position_list list, const struct position *from)
{
	Kith__Delivery m = KITH__DELIVERY__INIT;
	Kith__Position p = KITH__POSITION__INIT, *one = &p;

	p.has_shard = p.has_sequence = true;
	p.shard = from->shard;
	p.sequence = from->sequence;
	switch (list) {
	case LIST_POSITIONS: m.n_positions = 1; m.positions = &one; break;
	case LIST_ENDS: m.n_ends = 1; m.ends = &one; break;
	case LIST_PASSED: m.n_passed = 1; m.passed = &one; break;
	}
	message_append(out, &m);
}

void delivery_add_opened(struct buf *out, const struct position *positions, unsigned n)
{
	Kith__Delivery head = KITH__DELIVERY__INIT;

	head.has_opened = head.opened = true;
	message_append(out, &head);
	for (unsigned i = 0; i < n; i++)
		add_position(out, LIST_POSITIONS, &positions[i]);
}

void delivery_add_ends(struct buf *out, const struct position *ends, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		add_position(out, LIST_ENDS, &ends[i]);
}

void delivery_add_passed(struct buf *out, const struct position *passed)
{
	add_position(out, LIST_PASSED, passed);
}

void delivery_add_page(struct buf *out, const struct snapshot_page *page, struct span rows)
{
	Kith__SnapshotPage m = KITH__SNAPSHOT_PAGE__INIT;
	struct buf body = { 0 };

	m.has_shard = m.has_as_of = true;
	m.shard = page->shard;
	m.as_of = page->as_of;
	SET_BYTES(&m, after, page->after);
	SET_BYTES(&m, upto, page->upto);
	m.has_done = m.done = page->done;
	message_append(&body, &m);
	buf_add(&body, rows.data, rows.size); /* parts of a message concatenate to the whole */
	wire_add_bytes(out, DELIVERY_PAGE, span_of(body.data, body.size));
	out->failed = out->failed || body.failed;
	buf_fini(&body);
}

void delivery_add_notification(struct buf *out, struct span encoded, struct span sentence)
{
	uint8_t head[2 * WIRE_HEAD_MAX], *end = put_varint(wire_put_tag(head,
		DELIVERY_NOTIFICATIONS, WIRE_BYTES),
		encoded.size + notification_text_size(sentence));

	buf_add(out, head, (size_t)(end - head));
	buf_add(out, encoded.data, encoded.size);
	notification_add_text(out, sentence);
}

void delivery_add_gap(struct buf *out, const struct gap *g)
{
	Kith__Delivery m = KITH__DELIVERY__INIT;
	Kith__Delivery__Gap gap = KITH__DELIVERY__GAP__INIT, *one = &gap;

	gap.has_shard = gap.has_first = gap.has_last = true;
	gap.shard = g->shard;
	gap.first = g->first;
	gap.last = g->last;
	m.n_gaps = 1;
	m.gaps = &one;
	message_append(out, &m);
}

void delivery_add_refused(struct buf *out, const char *code, const char *text)
{
	Kith__Delivery m = KITH__DELIVERY__INIT;

	SET_BYTES(&m, refused, span_str(code));
	if (text)
		SET_BYTES(&m, text, span_str(text));
	message_append(out, &m);
}

void delivery_add_text(struct buf *out, const char *text)
{
	Kith__Delivery m = KITH__DELIVERY__INIT;

	SET_BYTES(&m, text, span_str(text));
	message_append(out, &m);
}

static bool delivery_room(struct delivery *d, const Kith__Delivery *m, struct arena *a)
{
	d->positions = arena_alloc(a, m->n_positions * sizeof *d->positions);
	d->notifications = arena_alloc(a, m->n_notifications * sizeof *d->notifications);
	d->gaps = arena_alloc(a, m->n_gaps * sizeof *d->gaps);
	d->ends = arena_alloc(a, m->n_ends * sizeof *d->ends);
	d->passed = arena_alloc(a, m->n_passed * sizeof *d->passed);
	return d->positions && d->notifications && d->gaps && d->ends && d->passed;
}

static void positions_take(struct position *to, Kith__Position *const *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (struct position){ from[i]->shard, from[i]->sequence };
}

static int delivery_take(struct delivery *d, const Kith__Delivery *m)
{
	positions_take(d->positions, m->positions, m->n_positions);
	positions_take(d->ends, m->ends, m->n_ends);
	positions_take(d->passed, m->passed, m->n_passed);
	for (size_t i = 0; i < m->n_gaps; i++)
		d->gaps[i] = (struct gap){ m->gaps[i]->shard, m->gaps[i]->first, m->gaps[i]->last };
	for (size_t i = 0; i < m->n_notifications; i++) {
		int rc = notification_take(&d->notifications[i], m->notifications[i]);

		if (rc)
			return rc;
	}
	d->opened = m->opened;
	d->n_positions = (unsigned)m->n_positions;
	d->n_gaps = (unsigned)m->n_gaps;
	d->n_ends = (unsigned)m->n_ends;
	d->n_passed = (unsigned)m->n_passed;
	d->n_notifications = (unsigned)m->n_notifications;
	d->refused = span_of_binary(m->refused);
	d->text = span_of_binary(m->text);
	return bytes_are_plain_utf8(d->refused) && bytes_are_plain_utf8(d->text) ? 0 : ERR_INVALID;
}

int delivery_decode(struct delivery *d, const void *data, size_t size, struct arena *a)
{
	Kith__Delivery *m;
	int rc = message_unpack(&kith__delivery__descriptor, span_of(data, size), limit, a,
		&m, NULL);

	memset(d, 0, sizeof *d);
	if (rc)
		return rc;
	if (!delivery_room(d, m, a))
		return ERR_NOMEM;
	rc = delivery_take(d, m);
	return rc ? rc : snapshot_page_take(&d->page, m->page, a);
}
