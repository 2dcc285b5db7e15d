/* SPDX-License-Identifier: Apache-2.0 */
/* A trail from pieces and to pieces. */
#include "workers/trail.h"

void trail_begin(struct trail *t, struct span base)
{
	t->told_size = t->events_size = 0;
	t->n_events = 0;
	t->kept = base.size <= TRAIL_BASE_MAX;
	t->base_size = t->kept ? (uint16_t)base.size : 0;
	if (t->base_size)
		memcpy(t->base, base.data, base.size);
}

void trail_cut(struct trail *t)
{
	trail_begin(t, span_of(NULL, 0));
	t->kept = false;
}

static bool take_event(struct trail *t, const struct packed *e)
{
	uint8_t room[PIECE_KEY_MAX];
	struct moment m;

	if (packed_open(e, room, &m) != 0 || t->n_events == UINT8_MAX)
		return false;
	if (t->events_size + PIECE_EVENT_MAX > TRAIL_EVENTS_MAX) {
		trail_cut(t);
		return true;
	}
	t->n_events++;
	t->events_size = (uint16_t)(piece_put_moment(t->events + t->events_size, &m) - t->events);
	return true;
}

static void take_told(struct trail *t, const struct told *told)
{
	if (t->told_size + PIECE_TOLD_MAX > TRAIL_TOLD_MAX) {
		trail_cut(t);
		return;
	}
	t->told_size = (uint16_t)(piece_put_told(t->told + t->told_size, PIECE_TOLD, told) - t->told);
}

static bool take_any(struct trail *t, const struct strip_piece *piece)
{
	switch ((enum piece)piece->tag) {
	case PIECE_BASE: break; /* the first one is at hand */
	case PIECE_EVENT: return take_event(t, &piece->event);
	case PIECE_TOLD: take_told(t, &piece->told); break;
	case PIECE_ANNOUNCED: trail_announced(t, &piece->told); break;
	}
	return true;
}

int trail_take(struct trail *t, struct strip *k, struct span pieces)
{
	struct strip_piece piece;
	int rc = 0;

	while (!t->kept) {
		if (strip_next(k, &pieces, &piece) != 0)
			return ERR_CORRUPT;
		if (piece.tag == PIECE_BASE)
			trail_begin(t, piece.base);
		if (piece.tag == PIECE_BASE && !t->kept)
			return ERR_CORRUPT;
	}
	while (rc == 0 && t->kept && pieces.size) {
		rc = strip_next(k, &pieces, &piece);
		if (rc == 0 && !take_any(t, &piece))
			rc = ERR_CORRUPT;
	}
	if (rc != 0)
		trail_cut(t);
	return rc;
}

static uint8_t *put_events(const struct trail *t, struct strip *k, uint8_t *p)
{
	struct moment m;
	size_t place = 0;

	while (trail_moment(t, &place, &m) == 0)
		p = strip_put_event(k, p, &m);
	return p;
}

uint8_t *trail_put(const struct trail *t, uint8_t *p)
{
	struct told all[TRAIL_TOLD_COUNT];
	unsigned n = trail_told(t, all);
	struct strip k;

	strip_begin(&k);
	p = piece_put(p, PIECE_BASE, span_of(t->base, t->base_size));
	p = put_events(t, &k, p);
	for (unsigned i = 0; i < n; i++)
		p = strip_put_told(&k, p, PIECE_TOLD, &all[i]);
	return p;
}

size_t trail_bytes(const struct trail *t)
{
	uint8_t bytes[TRAIL_BYTES_MAX];

	return (size_t)(trail_put(t, bytes) - bytes);
}
