/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces from and to a strip. */
#include "workers/strip.h"

static inline size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

void strip_begin(struct strip *k)
{
	k->n_models = 0;
	k->has_event = k->has_number = false;
	k->number = 0;
}

static void add_event(struct strip *k, const struct packed *e)
{
	k->has_event = true;
	k->last = *e;
	if (!packed_is_whole(e))
		return;
	k->models[2] = k->models[1];
	k->models[1] = k->models[0];
	k->models[0].at_ms = e->moment.at_ms;
	k->models[0].key = e->moment.key;
	k->n_models += k->n_models < STRIP_MODELS;
}

/* Up to MAX bytes that A and B begin with alike. */
static size_t same_ahead(const uint8_t *a, const uint8_t *b, size_t max)
{
	size_t n = 0;

	for (; n + 8 <= max; n += 8) {
		uint64_t differs = get_le64(a + n) ^ get_le64(b + n);

		if (differs)
			return n + (unsigned)__builtin_ctzll(differs) / 8;
	}
	while (n < max && a[n] == b[n])
		n++;
	return n;
}

static bool same_source(struct span a, struct span b)
{
	size_t size = a.size < 2 ? SIZE_MAX : 2u + a.data[1];

	return size <= a.size && size <= b.size && same_ahead(a.data, b.data, size) == size;
}

bool strip_suits(const struct strip *k, struct span key)
{
	return k->n_models == 0 || same_source(key, k->models[0].key);
}

/* The number of the latest model of the same source as KEY, from 1; 0: none. */
static unsigned model_for(const struct strip *k, struct span key)
{
	for (unsigned i = 0; i < k->n_models; i++)
		if (same_source(key, k->models[i].key))
			return i + 1;
	return 0;
}

static uint8_t *put_leaning(struct strip *k, uint8_t *p, const struct moment *m, unsigned number)
{
	struct packed mine = { .moment = *m, .model = k->models[number - 1].key };
	unsigned head = PIECE_EVENT | number << 3 | (moment_is_shifted(m) ? EVENT_SHIFTED : 0);
	size_t prefix = same_ahead(m->key.data, mine.model.data,
		least(least(m->key.size, mine.model.size), UINT8_MAX));
	uint8_t *begin = p + 2, *key, *end;

	key = moment_put_times(begin, m, k->models[number - 1].at_ms);
	*key = (uint8_t)prefix;
	memcpy(key + 1, m->key.data + prefix, m->key.size - prefix);
	end = key + 1 + (m->key.size - prefix);
	mine.moment.key = span_of(key + (end - begin > 127), (size_t)(end - key));
	mine.head = (uint8_t)head;
	end = piece_close(begin, head, end);
	add_event(k, &mine);
	return end;
}

uint8_t *strip_put_event(struct strip *k, uint8_t *p, const struct moment *m)
{
	unsigned model = m->is_message ? 0 : model_for(k, m->key);
	struct packed mine = { .moment = *m };
	uint8_t *end;

	if (model)
		return put_leaning(k, p, m, model);
	end = piece_put_moment(p, m);
	mine.moment.key.data = end - m->key.size;
	mine.head = *p;
	add_event(k, &mine);
	return end;
}

uint8_t *strip_put_told(struct strip *k, uint8_t *p, enum piece tag, const struct told *told)
{
	struct told near = *told;
	unsigned head = tag;

	if (k->has_event) {
		head |= TOLD_NEAR;
		near.change.at_ms = (int64_t)zigzag(told->change.at_ms - k->last.moment.at_ms);
	}
	if (told->sequence && k->has_number) {
		head |= TOLD_NEXT;
		near.sequence = zigzag((int64_t)(told->sequence - k->number));
	}
	if (told->sequence) {
		k->has_number = true;
		k->number = told->sequence;
	}
	return piece_put_told(p, head, &near);
}

static int next_event(struct strip *k, unsigned head, struct span bytes, struct packed *ret)
{
	unsigned number = (head & EVENT_MODEL) >> 3;

	if (number > k->n_models)
		return ERR_CORRUPT;
	ret->head = (uint8_t)head;
	ret->model = number ? k->models[number - 1].key : span_of(NULL, 0);
	if (moment_take(&ret->moment, head, bytes, number ? k->models[number - 1].at_ms : 0) != 0 ||
		(number && ret->moment.is_message))
		return ERR_CORRUPT;
	add_event(k, ret);
	return 0;
}

static int next_told(struct strip *k, unsigned head, struct span bytes, struct told *ret)
{
	if (told_take(ret, bytes) != 0 || (head & TOLD_NEAR && !k->has_event) ||
		(head & TOLD_NEXT && !k->has_number))
		return ERR_CORRUPT;
	if (head & TOLD_NEAR)
		ret->change.at_ms = (int64_t)((uint64_t)k->last.moment.at_ms +
			(uint64_t)unzigzag((uint64_t)ret->change.at_ms));
	if (head & TOLD_NEXT)
		ret->sequence = k->number + (uint64_t)unzigzag(ret->sequence);
	if (ret->sequence) {
		k->has_number = true;
		k->number = ret->sequence;
	}
	return 0;
}

int strip_next(struct strip *k, struct span *rest, struct strip_piece *ret)
{
	struct span bytes;
	uint8_t head;
	int rc = piece_next(rest, &head, &bytes);

	if (rc != 0)
		return rc;
	ret->tag = head & PIECE_TAG;
	switch (ret->tag) {
	case PIECE_BASE:
		ret->base = bytes;
		return head == PIECE_BASE ? 0 : ERR_CORRUPT;
	case PIECE_EVENT: return next_event(k, head, bytes, &ret->event);
	case PIECE_TOLD:
	case PIECE_ANNOUNCED: return next_told(k, head, bytes, &ret->told);
	default: return ERR_CORRUPT;
	}
}

void strip_resume(struct strip *k, struct span pieces, size_t model)
{
	struct span rest, bytes;
	struct packed e;
	uint8_t head;

	strip_begin(k);
	if (model == 0)
		return;
	rest = span_of(pieces.data + model - 1, pieces.size - model + 1);
	if (piece_next(&rest, &head, &bytes) == 0 && (head & PIECE_TAG) == PIECE_EVENT &&
		(head & EVENT_MODEL) == 0 && next_event(k, head, bytes, &e) == 0)
		k->has_event = false;
}

bool strip_last(struct span pieces, size_t model, size_t last, struct packed *ret)
{
	struct span rest;
	struct strip_piece piece;
	struct strip k;

	if (last == 0)
		return false;
	rest = span_of(pieces.data + pieces.size - last, last);
	strip_resume(&k, pieces, model);
	if (strip_next(&k, &rest, &piece) != 0) { /* it leans on an earlier one */
		strip_begin(&k);
		strip_pass(&k, pieces);
	}
	*ret = k.last;
	return k.has_event;
}

void strip_pass(struct strip *k, struct span pieces)
{
	struct strip_piece piece;

	while (strip_next(k, &pieces, &piece) == 0)
		;
}

int packed_open(const struct packed *e, uint8_t room[PIECE_KEY_MAX], struct moment *ret)
{
	struct span key = e->moment.key;
	size_t prefix = 0;

	*ret = e->moment;
	if (e->head & EVENT_MODEL) {
		if (key.size == 0 || key.data[0] > e->model.size)
			return ERR_CORRUPT;
		prefix = key.data[0];
		key = span_of(key.data + 1, key.size - 1);
	}
	if (prefix + key.size > PIECE_KEY_MAX)
		return ERR_CORRUPT;
	ret->key = key;
	if (prefix == 0)
		return 0;
	memcpy(room, e->model.data, prefix);
	memcpy(room + prefix, key.data, key.size);
	ret->key = span_of(room, prefix + key.size);
	return 0;
}
