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

/* Puts PIECE behind the *SIZE bytes of LIST; what there is no room for cuts T. */
static void take_piece(struct trail *t, uint8_t *list, uint16_t *size, size_t max,
	struct span piece)
{
	if (*size + piece.size > max) {
		trail_cut(t);
		return;
	}
	memcpy(list + *size, piece.data, piece.size);
	*size = (uint16_t)(*size + piece.size);
}

static bool take_event(struct trail *t, struct span piece, struct span bytes)
{
	struct moment m;

	if (moment_take(&m, bytes) != 0 || t->n_events == UINT8_MAX)
		return false;
	t->n_events++;
	take_piece(t, t->events, &t->events_size, TRAIL_EVENTS_MAX, piece);
	return true;
}

static bool take_told(struct trail *t, uint8_t tag, struct span piece, struct span bytes)
{
	struct told told;

	if (told_take(&told, bytes) != 0)
		return false;
	if (tag == PIECE_ANNOUNCED)
		trail_announced(t, &told);
	else
		take_piece(t, t->told, &t->told_size, TRAIL_TOLD_MAX, piece);
	return true;
}

static bool take_any(struct trail *t, uint8_t tag, struct span piece, struct span bytes)
{
	switch (tag) {
	case PIECE_BASE: return true; /* the first one is at hand */
	case PIECE_EVENT: return take_event(t, piece, bytes);
	case PIECE_TOLD:
	case PIECE_ANNOUNCED: return take_told(t, tag, piece, bytes);
	default: return false;
	}
}

int trail_take(struct trail *t, struct span pieces)
{
	struct span bytes;
	uint8_t tag;
	int rc = 0;

	while (!t->kept) {
		if (piece_next(&pieces, &tag, &bytes) != 0)
			return ERR_CORRUPT;
		if (tag == PIECE_BASE)
			trail_begin(t, bytes);
		if (tag == PIECE_BASE && !t->kept)
			return ERR_CORRUPT;
	}
	while (rc == 0 && t->kept && pieces.size) {
		const uint8_t *begin = pieces.data;

		rc = piece_next(&pieces, &tag, &bytes);
		if (rc == 0 && !take_any(t, tag,
			span_of(begin, (size_t)(pieces.data - begin)), bytes))
			rc = ERR_CORRUPT;
	}
	if (rc != 0)
		trail_cut(t);
	return rc;
}

size_t trail_bytes(const struct trail *t)
{
	return 1u + (t->base_size > 127 ? 2 : 1) + t->base_size + t->events_size + t->told_size;
}

uint8_t *trail_put(const struct trail *t, uint8_t *p)
{
	p = piece_put(p, PIECE_BASE, span_of(t->base, t->base_size));
	memcpy(p, t->events, t->events_size);
	p += t->events_size;
	memcpy(p, t->told, t->told_size);
	return p + t->told_size;
}
