/* SPDX-License-Identifier: Apache-2.0 */
/* The events of a trail, in their order. */
#include "proto/codec.h"
#include "workers/trail.h"

int trail_moment(const struct trail *t, size_t *place, struct moment *ret)
{
	struct span rest = span_of(t->events + *place, t->events_size - *place), bytes;
	uint8_t head;
	int rc = piece_next(&rest, &head, &bytes);

	if (rc == 0)
		rc = moment_take(ret, head, bytes, 0);
	if (rc == 0)
		*place = (size_t)(rest.data - t->events);
	return rc;
}

int trail_next(const struct trail *t, size_t *place, struct trail_event *ret)
{
	struct moment m;
	int rc = trail_moment(t, place, &m);

	if (rc != 0)
		return rc;
	ret->at_ms = m.at_ms;
	ret->is_message = m.is_message;
	rc = m.is_message ? message_decode(&ret->message, m.key)
			  : event_reread(&ret->event, m.time_ms, m.key);
	return rc ? ERR_CORRUPT : 0;
}

int trail_skip(const struct trail *t, size_t *place, int64_t *ret_at_ms)
{
	struct moment m = { 0 };
	int rc = trail_moment(t, place, &m);

	*ret_at_ms = m.at_ms;
	return rc;
}

void trail_insert(struct trail *t, const struct event *e, const struct message *m, int64_t at_ms)
{
	uint8_t room[PIECE_KEY_MAX], piece[PIECE_EVENT_MAX];
	struct moment mine = moment_of(e, m, at_ms, room), other;
	size_t size = (size_t)(piece_put_moment(piece, &mine) - piece), place = 0, next = 0;

	if (t->events_size + size > TRAIL_EVENTS_MAX || t->n_events == UINT8_MAX)
		trail_cut(t);
	if (!t->kept)
		return;
	while (trail_moment(t, &next, &other) == 0 && moment_order(&other, &mine) <= 0)
		place = next;
	memmove(t->events + place + size, t->events + place, t->events_size - place);
	memcpy(t->events + place, piece, size);
	t->events_size = (uint16_t)(t->events_size + size);
	t->n_events++;
}

bool trail_is_last(const struct trail *t, const struct event *e, const struct message *m,
	int64_t at_ms)
{
	uint8_t room[PIECE_KEY_MAX];
	struct moment mine = moment_of(e, m, at_ms, room), other = mine;
	size_t place = 0;

	while (trail_moment(t, &place, &other) == 0)
		;
	return moment_order(&other, &mine) <= 0;
}

/* How many events stand before PLACE. */
static unsigned count_before(const struct trail *t, size_t place)
{
	size_t at = 0;
	int64_t at_ms;
	unsigned n = 0;

	while (at < place && trail_skip(t, &at, &at_ms) == 0)
		n++;
	return n;
}

void trail_advance(struct trail *t, size_t place, int64_t settled_ms, struct span base,
	struct trail *gone)
{
	struct span events = span_of(t->events + place, t->events_size - place);
	uint8_t before = (uint8_t)count_before(t, place), after = (uint8_t)(t->n_events - before);
	uint16_t told_size;

	trail_begin(gone, span_of(t->base, t->base_size));
	memcpy(gone->events, t->events, place);
	gone->events_size = (uint16_t)place;
	gone->n_events = before;
	trail_forget_told(t, settled_ms, gone);
	told_size = t->told_size;
	trail_begin(t, base);
	if (!t->kept)
		return;
	t->told_size = told_size;
	t->n_events = after;
	t->events_size = (uint16_t)events.size;
	memmove(t->events, events.data, events.size);
}
