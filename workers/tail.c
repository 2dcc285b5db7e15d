/* SPDX-License-Identifier: Apache-2.0 */
/* Putting something to the end of a trail, and that end to and from a record. */
#include "base/bytes.h"
#include "workers/tail.h"

#define EVENTS_MAX 0x7f
#define FLAG_VOID  0x80

static void forget_added(struct tail *t)
{
	t->anew = t->is_retold = t->is_alone = t->is_met = false;
	t->n_added = 0;
	t->added_model = t->size = 0;
}

static void let_go(struct tail *t)
{
	t->held = span_of(NULL, 0);
	t->model = t->last = 0;
	t->is_met = false;
}

void tail_init(struct tail *t)
{
	memset(t, 0, offsetof(struct tail, added));
}

void tail_cut(struct tail *t)
{
	forget_added(t);
	let_go(t);
	t->kept = false;
	t->is_void = t->generation != 0;
}

void tail_keep(struct tail *t, uint32_t generation)
{
	t->kept = true;
	t->is_alone = t->generation != generation || t->n_events >= TAIL_HALF_EVENTS;
}

void tail_lose(struct tail *t)
{
	tail_stand_alone(t);
	let_go(t);
	t->generation = t->row = 0;
	t->is_void = false;
}

void tail_begin(struct tail *t)
{
	forget_added(t);
	t->kept = t->anew = t->is_alone = true;
}

void tail_retold(struct tail *t)
{
	forget_added(t);
	let_go(t);
	t->is_retold = true;
}

/* All that is held and added. */
static void meet_all(struct tail *t)
{
	strip_begin(&t->strip);
	if (!t->is_alone)
		strip_pass(&t->strip, t->held);
	strip_pass(&t->strip, span_of(t->added, t->size));
}

/* The strip that what is added goes on with. */
static struct strip *strip_of(struct tail *t)
{
	if (!t->is_met && t->size)
		meet_all(t);
	else if (!t->is_met && t->is_alone)
		strip_begin(&t->strip);
	else if (!t->is_met)
		strip_resume(&t->strip, t->held, t->model);
	t->is_met = true;
	return &t->strip;
}

/* Behind all that is added, as there is room for it. */
static void put_event(struct tail *t, struct strip *k, const struct moment *m)
{
	const uint8_t *end = strip_put_event(k, t->added + t->size, m);

	t->added_last = t->size;
	if (packed_is_whole(&k->last))
		t->added_model = (uint16_t)(t->size + 1);
	t->size = (uint16_t)(end - t->added);
	t->n_added++;
}

void tail_add(struct tail *t, const struct event *e, const struct message *m, int64_t at_ms)
{
	uint8_t room[PIECE_KEY_MAX];
	struct moment mine;
	struct strip *k;

	if (!t->kept)
		return;
	if (t->size + PIECE_EVENT_MAX > TAIL_ADDED_MAX) {
		tail_cut(t);
		return;
	}
	mine = moment_of(e, m, at_ms, room);
	k = strip_of(t);
	if (e && !strip_suits(k, mine.key))
		meet_all(t);
	put_event(t, k, &mine);
}

static void add_told(struct tail *t, enum piece tag, const struct told *told)
{
	if (!t->kept)
		return;
	if (t->size + PIECE_TOLD_MAX > TAIL_ADDED_MAX) {
		tail_cut(t);
		return;
	}
	t->size = (uint16_t)(strip_put_told(strip_of(t), t->added + t->size, tag, told) - t->added);
}

void tail_tell(struct tail *t, const struct change *ch, uint64_t sequence)
{
	add_told(t, PIECE_TOLD, &(struct told){ .change = *ch, .sequence = sequence });
}

void tail_tell_again(struct tail *t, const struct told *told)
{
	add_told(t, PIECE_TOLD, told);
}

void tail_announced(struct tail *t, const struct told *told)
{
	add_told(t, PIECE_ANNOUNCED, told);
}

bool tail_is_in_order(const struct tail *t)
{
	uint8_t one[PIECE_KEY_MAX], other[PIECE_KEY_MAX];
	struct packed before;
	struct moment last, now;

	return t->n_added == 1 && !t->anew && !t->is_void &&
		strip_last(t->held, t->model, t->last, &before) &&
		packed_open(&before, one, &last) == 0 &&
		packed_open(&t->strip.last, other, &now) == 0 && moment_order(&last, &now) <= 0;
}

/* Put what was added anew, in which each piece leans on those that will stand before it. */
static void put_again(struct tail *t, struct strip *from, struct span pieces)
{
	uint8_t room[PIECE_KEY_MAX];
	struct strip_piece piece;
	struct moment m;

	while (t->kept && strip_next(from, &pieces, &piece) == 0) {
		if (piece.tag != PIECE_EVENT)
			add_told(t, piece.tag, &piece.told);
		else if (t->size + PIECE_EVENT_MAX > TAIL_ADDED_MAX ||
			packed_open(&piece.event, room, &m) != 0)
			tail_cut(t);
		else
			put_event(t, strip_of(t), &m);
	}
	if (pieces.size)
		tail_cut(t);
}

static void add_again(struct tail *t, bool alone)
{
	uint8_t was[TAIL_ADDED_MAX];
	struct span added = span_of(memcpy(was, t->added, t->size), t->size);
	struct strip from;

	strip_begin(&from);
	if (!t->is_alone)
		strip_pass(&from, t->held);
	t->is_alone |= alone;
	t->is_met = false;
	t->added_model = t->size = 0;
	t->n_added = 0;
	put_again(t, &from, added);
}

void tail_take_back(struct tail *t, uint16_t size)
{
	if (t->size == size)
		return; /* it was not kept */
	t->size = size;
	add_again(t, false);
}

void tail_stand_alone(struct tail *t)
{
	if (!t->is_alone && t->held.size && t->size)
		add_again(t, true);
}

void tail_moved(struct tail *t, uint32_t generation, uint32_t row, size_t since, unsigned events)
{
	t->generation = generation;
	t->row = row;
	t->row_since = (uint16_t)since;
	t->n_events = (uint8_t)events;
	t->is_void = t->anew = t->is_retold = false;
	let_go(t);
}

uint8_t *tail_put(struct tail *t, uint8_t *p)
{
	size_t model = t->added_model ? t->held.size + t->added_model : t->model;
	size_t last = t->n_added ? (size_t)(t->size - t->added_last) :
		t->last ? (size_t)(t->last + t->size) : 0;

	if (t->generation == 0)
		return p;
	t->n_events = (uint8_t)(t->n_events + t->n_added);
	p = put_varint(p, t->generation);
	p = put_varint(p, t->row);
	*p++ = (uint8_t)(t->n_events | (t->is_void ? FLAG_VOID : 0));
	p = put_varint(p, t->row_since);
	p = put_varint(p, model);
	p = put_varint(p, last);
	if (t->held.size)
		memcpy(p, t->held.data, t->held.size);
	p += t->held.size;
	memcpy(p, t->added, t->size);
	return p + t->size;
}

const uint8_t *tail_take(struct tail *t, struct span section)
{
	const uint8_t *p = section.data, *end = p + section.size;
	uint64_t generation, row, since, model, last;
	uint8_t flags;

	p = get_varint(p, end, &generation);
	p = p ? get_varint(p, end, &row) : NULL;
	if (!p || p == end || generation == 0 || generation > UINT32_MAX || row == 0 ||
		row > UINT32_MAX)
		return NULL;
	flags = *p++;
	p = get_varint(p, end, &since);
	p = p ? get_varint(p, end, &model) : NULL;
	p = p ? get_varint(p, end, &last) : NULL;
	if (!p || since > 2 * TAIL_HALF_BYTES || (size_t)(end - p) > TAIL_HALF_BYTES ||
		model > (size_t)(end - p) || last > (size_t)(end - p))
		return NULL;
	t->generation = (uint32_t)generation;
	t->row = (uint32_t)row;
	t->n_events = flags & EVENTS_MAX;
	t->is_void = flags & FLAG_VOID;
	t->row_since = (uint16_t)since;
	t->model = (uint16_t)model;
	t->last = (uint16_t)last;
	t->held = span_of(p, (size_t)(end - p));
	return p;
}

void tail_written(struct tail *t)
{
	tail_cut(t);
}
