/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces from and to a strip. */
#include "proto/codec.h"
#include "workers/strip.h"

#define NO_DIGIT 16

#define NONE_8  NO_DIGIT, NO_DIGIT, NO_DIGIT, NO_DIGIT, NO_DIGIT, NO_DIGIT, NO_DIGIT, NO_DIGIT
#define NONE_32 NONE_8, NONE_8, NONE_8, NONE_8

static const uint8_t digit_of[256] = {
	NONE_32, NONE_8, NONE_8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, NO_DIGIT, NO_DIGIT, NO_DIGIT, NO_DIGIT,
	NO_DIGIT, NO_DIGIT, NONE_32, NO_DIGIT, 10, 11, 12, 13, 14, 15, NO_DIGIT, NONE_8, NONE_8, NONE_8,
	NONE_32, NONE_32, NONE_32, NONE_32,
};

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

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Whether all bytes of X are digits: 0x30 to 0x39, 0x61 to 0x66. A sum's high bit is set from some
 * byte on. */
static inline bool are_digits(uint64_t x)
{
	uint64_t low = x & EACH(0x7f);
	uint64_t decimal = (low + EACH(0x80 - 0x30)) & ~(low + EACH(0x80 - 0x3a));
	uint64_t letter = (low + EACH(0x80 - 0x61)) & ~(low + EACH(0x80 - 0x67));

	return ((decimal | letter) & ~x & EACH(0x80)) == EACH(0x80);
}

/* The values of eight digits as four bytes. */
static inline uint32_t eight_digits(uint64_t x)
{
	uint64_t v = (x & EACH(0x0f)) + (x >> 6 & EACH(1)) * 9;

	v = (v << 4 | v >> 8) & UINT64_C(0x00ff00ff00ff00ff);
	v = (v | v >> 8) & UINT64_C(0x0000ffff0000ffff);
	return (uint32_t)(v | v >> 16);
}

/* Write to P the digits of KEY where MODEL has some, from FROM on up to END or to the first place that
 * is unlike it: that is *RET_UPTO. */
static uint8_t *put_digits(uint8_t *p, const uint8_t *key, const uint8_t *model, size_t from,
	size_t end, size_t *ret_upto)
{
	size_t i = from;

	while (i < end) {
		unsigned digit = digit_of[key[i]];

		if (i + 8 <= end && are_digits(get_le64(model + i)) && are_digits(get_le64(key + i))) {
			put_le32(p, eight_digits(get_le64(key + i)));
			p += 4;
			i += 8;
			continue;
		}
		if (digit_of[model[i]] == NO_DIGIT) {
			if (model[i] != key[i])
				break;
			i++;
			continue;
		}
		if (digit == NO_DIGIT)
			break;
		*p = (uint8_t)(digit << 4);
		if (++i < end && digit_of[model[i]] != NO_DIGIT && digit_of[key[i]] != NO_DIGIT)
			*p |= digit_of[key[i++]];
		p++;
	}
	*ret_upto = i;
	return p;
}

/* Up to MAX bytes that A and B end with alike. */
static size_t same_behind(struct span a, struct span b, size_t max)
{
	size_t n = 0;

	while (n < max && a.data[a.size - 1 - n] == b.data[b.size - 1 - n])
		n++;
	return n;
}

/* How KEY differs from MODEL, to P; *HEAD says how it is said. */
static uint8_t *put_difference(uint8_t *p, struct span key, struct span model, unsigned *head)
{
	size_t shorter = least(key.size, model.size), upto, suffix, raw;
	size_t prefix = same_ahead(key.data, model.data, least(shorter, UINT8_MAX));
	uint8_t *end = put_digits(p + 2, key.data, model.data, prefix,
		least(shorter, prefix + UINT8_MAX), &upto);

	suffix = same_behind(key, model, least(shorter - upto, UINT8_MAX));
	p[0] = (uint8_t)prefix;
	p[1] = (uint8_t)(upto - prefix);
	if (suffix > 1) {
		*head |= EVENT_SUFFIX;
		memmove(p + 3, p + 2, (size_t)(end - p - 2));
		p[2] = (uint8_t)suffix;
		end++;
	} else {
		suffix = 0;
	}
	raw = key.size - upto - suffix;
	memcpy(end, key.data + upto, raw);
	return end + raw;
}

static uint8_t *put_leaning(struct strip *k, uint8_t *p, const struct moment *m, unsigned number)
{
	struct packed mine = { .moment = *m, .model = k->models[number - 1].key };
	unsigned head = PIECE_EVENT | number << 3 | (moment_is_shifted(m) ? EVENT_SHIFTED : 0);
	size_t length_at = event_kept_length_at(m->key);
	uint8_t key[PIECE_KEY_MAX], *begin = p + 2, *end;

	memcpy(key, m->key.data, m->key.size);
	if (length_at && length_at < mine.model.size)
		key[length_at] = mine.model.data[length_at];
	p = moment_put_times(begin, m, k->models[number - 1].at_ms);
	end = put_difference(p, span_of(key, m->key.size), mine.model, &head);
	mine.moment.key = span_of(p + (end - begin > 127), (size_t)(end - p));
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
	struct span rest = span_of(pieces.data + model - 1, pieces.size - model + 1), bytes;
	struct packed e;
	uint8_t head;

	strip_begin(k);
	if (model && piece_next(&rest, &head, &bytes) == 0 && (head & PIECE_TAG) == PIECE_EVENT &&
		(head & EVENT_MODEL) == 0 && next_event(k, head, bytes, &e) == 0)
		k->has_event = false;
}

bool strip_last(struct span pieces, size_t model, size_t last, struct packed *ret)
{
	struct span rest = span_of(pieces.data + pieces.size - last, last);
	struct strip_piece piece;
	struct strip k;

	strip_resume(&k, pieces, model);
	if (last && strip_next(&k, &rest, &piece) != 0) { /* it leans on an earlier one */
		strip_begin(&k);
		strip_pass(&k, pieces);
	}
	*ret = k.last;
	return last && k.has_event;
}

void strip_pass(struct strip *k, struct span pieces)
{
	struct strip_piece piece;

	while (strip_next(k, &pieces, &piece) == 0)
		;
}

/* SIZE bytes of MODEL to OUT, their digits from IN; the end of what was read, NULL when it is too
 * short. */
static const uint8_t *take_digits(const uint8_t *in, const uint8_t *end, const uint8_t *model,
	size_t size, uint8_t *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < size; i++) {
		out[i] = model[i];
		if (digit_of[model[i]] == NO_DIGIT)
			continue;
		if (in == end)
			return NULL;
		out[i] = (uint8_t)digits[*in >> 4];
		if (i + 1 < size && digit_of[model[i + 1]] != NO_DIGIT)
			out[++i] = (uint8_t)digits[*in & 15];
		in++;
	}
	return in;
}

/* The length of the body that KEY says is that which it has. */
static void close_body(uint8_t *key, size_t size)
{
	size_t at = event_kept_length_at(span_of(key, size));

	if (at)
		key[at] = (uint8_t)(size - at - 1);
}

static int open_whole(const struct packed *e, uint8_t room[PIECE_KEY_MAX], struct moment *ret)
{
	size_t size = e->moment.key.size;

	if (size > PIECE_KEY_MAX)
		return ERR_CORRUPT;
	memcpy(room, e->moment.key.data, size);
	if (!e->moment.is_message)
		close_body(room, size);
	ret->key = span_of(room, size);
	return 0;
}

static int open_leaning(const struct packed *e, uint8_t room[PIECE_KEY_MAX], struct moment *ret)
{
	const uint8_t *p = e->moment.key.data, *end = p + e->moment.key.size;
	size_t heads = e->head & EVENT_SUFFIX ? 3 : 2, prefix, upto, suffix, raw;

	if ((size_t)(end - p) < heads)
		return ERR_CORRUPT;
	prefix = p[0];
	upto = prefix + p[1];
	suffix = heads == 3 ? p[2] : 0;
	if (upto + suffix > e->model.size || upto > PIECE_KEY_MAX)
		return ERR_CORRUPT;
	memcpy(room, e->model.data, prefix);
	p = take_digits(p + heads, end, e->model.data + prefix, upto - prefix, room + prefix);
	if (!p || upto + (raw = (size_t)(end - p)) + suffix > PIECE_KEY_MAX)
		return ERR_CORRUPT;
	memcpy(room + upto, p, raw);
	memcpy(room + upto + raw, e->model.data + e->model.size - suffix, suffix);
	ret->key = span_of(room, upto + raw + suffix);
	close_body(room, ret->key.size);
	return 0;
}

int packed_open(const struct packed *e, uint8_t room[PIECE_KEY_MAX], struct moment *ret)
{
	*ret = e->moment;
	return e->head & EVENT_MODEL ? open_leaning(e, room, ret) : open_whole(e, room, ret);
}
