/* SPDX-License-Identifier: Apache-2.0 */
/* The events of a trail, in their order. */
#include <assert.h>
#include "proto/codec.h"
#include "workers/trail.h"

/* Its end, or NULL. */
static const uint8_t *moment_at(const struct trail *t, size_t place, struct moment *ret)
{
	struct span rest = span_of(t->events + place, t->events_size - place), bytes;
	uint8_t tag;

	if (piece_next(&rest, &tag, &bytes) != 0 || moment_take(ret, bytes) != 0)
		return NULL;
	return rest.data;
}

int trail_next(const struct trail *t, size_t *place, struct trail_event *ret)
{
	struct moment m;
	const uint8_t *next;
	int rc;

	if (*place == t->events_size)
		return ERR_NOTFOUND;
	next = moment_at(t, *place, &m);
	if (!next)
		return ERR_CORRUPT;
	*place = (size_t)(next - t->events);
	ret->at_ms = m.at_ms;
	ret->is_message = m.is_message;
	rc = m.is_message ? message_decode(&ret->message, m.key)
			  : event_reread(&ret->event, m.time_ms, m.key);
	return rc ? ERR_CORRUPT : 0;
}

int trail_skip(const struct trail *t, size_t *place, int64_t *ret_at_ms)
{
	struct moment m;
	const uint8_t *next;

	if (*place == t->events_size)
		return ERR_NOTFOUND;
	next = moment_at(t, *place, &m);
	if (!next)
		return ERR_CORRUPT;
	*place = (size_t)(next - t->events);
	*ret_at_ms = m.at_ms;
	return 0;
}

static struct moment moment_of(const struct event *e, const struct message *m, int64_t at_ms,
	uint8_t room[PIECE_EVENT_MAX], size_t *ret_size)
{
	struct moment ret = { 0 };
	struct span piece, bytes;
	uint8_t tag;

	piece = span_of(room, (size_t)(piece_put_event(room, e, m, at_ms) - room));
	*ret_size = piece.size;
	if (piece_next(&piece, &tag, &bytes) != 0 || moment_take(&ret, bytes) != 0)
		assert(!"just written");
	return ret;
}

void trail_insert(struct trail *t, const struct event *e, const struct message *m, int64_t at_ms)
{
	uint8_t room[PIECE_EVENT_MAX];
	size_t size, place = 0;
	struct moment mine = moment_of(e, m, at_ms, room, &size), other;
	const uint8_t *next;

	if (t->events_size + size > TRAIL_EVENTS_MAX || t->n_events == UINT8_MAX)
		trail_cut(t);
	if (!t->kept)
		return;
	while (place < t->events_size && (next = moment_at(t, place, &other)) != NULL &&
		moment_order(&other, &mine) <= 0)
		place = (size_t)(next - t->events);
	memmove(t->events + place + size, t->events + place, t->events_size - place);
	memcpy(t->events + place, room, size);
	t->events_size = (uint16_t)(t->events_size + size);
	t->n_events++;
}

bool trail_is_last(const struct trail *t, const struct event *e, const struct message *m,
	int64_t at_ms)
{
	uint8_t room[PIECE_EVENT_MAX];
	size_t size, place = 0;
	struct moment mine = moment_of(e, m, at_ms, room, &size), other = mine;
	const uint8_t *next;

	while (place < t->events_size && (next = moment_at(t, place, &other)) != NULL)
		place = (size_t)(next - t->events);
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
