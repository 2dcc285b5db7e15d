/* SPDX-License-Identifier: Apache-2.0 */
/* What was announced, as a trail keeps it: the bytes are drawn in trail.c. */
#include "workers/trail.h"

static bool is_of_ladder(const struct change *ch)
{
	return ch->kind == CHANGE_RUNG || (ch->kind == CHANGE_CROSSING &&
		ch->crossing != CROSSING_AT_RISK && ch->crossing != CROSSING_RECOVERED);
}

#define FLAG_TOLD_LATER 0x80 /* behind the sequence: risk, instant */

struct change told_change(const struct told *t)
{
	struct change ch = t->change;

	if (t->told_ms) {
		ch.at_ms = t->told_ms;
		ch.risk = t->told_risk;
	}
	return ch;
}

void trail_tell(struct trail *t, const struct change *ch, uint64_t sequence)
{
	trail_tell_again(t, &(struct told){ .change = *ch, .sequence = sequence });
}

void trail_tell_again(struct trail *t, const struct told *told)
{
	const struct change *ch = &told->change;
	uint8_t *p = t->told + t->told_size;

	if (!t->kept)
		return;
	if (t->told_size + TOLD_BYTES_MAX > TRAIL_TOLD_MAX) {
		trail_cut(t);
		return;
	}
	*p++ = (uint8_t)(ch->kind | ch->crossing << 2 | ch->job << 5 |
		(told->told_ms ? FLAG_TOLD_LATER : 0));
	*p++ = is_of_ladder(ch) ? ch->ladder : ch->risk;
	if (is_of_ladder(ch)) {
		*p++ = ch->from;
		*p++ = ch->to;
	}
	p = put_varint(p, (uint64_t)ch->at_ms);
	p = put_varint(p, told->sequence);
	if (told->told_ms) {
		*p++ = told->told_risk;
		p = put_varint(p, (uint64_t)told->told_ms);
	}
	t->told_size = (uint16_t)(p - t->told);
}

static const uint8_t *told_take(const uint8_t *p, const uint8_t *end, struct told *ret)
{
	struct change *ch = &ret->change;
	bool later = *p & FLAG_TOLD_LATER;
	uint64_t at;

	ret->told_ms = 0;
	ret->told_risk = 0;
	*ch = (struct change){ .kind = *p & 3, .crossing = *p >> 2 & 7, .job = *p >> 5 & 3,
		.from = RUNG_NONE, .to = RUNG_NONE };
	if (end - p < (is_of_ladder(ch) ? 4 : 2))
		return NULL;
	if (is_of_ladder(ch)) {
		ch->ladder = p[1];
		ch->from = p[2];
		ch->to = p[3];
		p += 4;
	} else {
		ch->risk = p[1];
		p += 2;
	}
	p = get_varint(p, end, &at);
	ch->at_ms = p ? (int64_t)at : 0;
	p = p ? get_varint(p, end, &ret->sequence) : NULL;
	if (!p || !later)
		return p;
	if (p == end)
		return NULL;
	ret->told_risk = *p++;
	p = get_varint(p, end, &at);
	ret->told_ms = p ? (int64_t)at : 0;
	return ret->told_ms ? p : NULL;
}

unsigned trail_told(const struct trail *t, struct told out[TRAIL_TOLD_COUNT])
{
	const uint8_t *p = t->told, *end = t->told + t->told_size;
	unsigned n = 0;

	while (p && p < end && n < TRAIL_TOLD_COUNT)
		p = told_take(p, end, &out[n++]);
	return p ? n : 0;
}

static bool is_same_change(const struct change *a, const struct change *b)
{
	return a->kind == b->kind && a->crossing == b->crossing &&
		(a->kind == CHANGE_CROSSING || (a->at_ms == b->at_ms && a->ladder == b->ladder &&
		a->to == b->to && a->risk == b->risk));
}

void trail_announced(struct trail *t, const struct change *ch, uint64_t sequence)
{
	struct told all[TRAIL_TOLD_COUNT];
	unsigned n = trail_told(t, all), at = n;

	/* A crossing may be told of another reason than that for which it was made. */
	while (at > 0 && (all[at - 1].sequence != 0 || !is_same_change(&all[at - 1].change, ch)))
		at--;
	if (!t->kept || at == 0)
		return;
	all[at - 1].sequence = sequence;
	if (all[at - 1].change.at_ms != ch->at_ms) {
		all[at - 1].told_ms = ch->at_ms;
		all[at - 1].told_risk = ch->risk;
	}
	t->told_size = 0;
	for (unsigned i = 0; i < n; i++)
		trail_tell_again(t, &all[i]);
}

void trail_tell_as(struct trail *t, const struct trail *from)
{
	t->told_size = from->told_size;
	memcpy(t->told, from->told, from->told_size);
}

void trail_forget_told(struct trail *t, int64_t settled_ms)
{
	const uint8_t *p = t->told, *end = t->told + t->told_size, *keep = end;

	while (p < end) {
		struct told one;
		const uint8_t *next = told_take(p, end, &one);

		if (!next || one.change.at_ms > settled_ms) {
			keep = p;
			break;
		}
		p = next;
	}
	t->told_size = (uint16_t)(end - keep);
	memmove(t->told, keep, t->told_size);
}
