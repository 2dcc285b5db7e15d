/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of orders, drawn in facts_layout.h, in which they are kept. */
#include <assert.h>
#include <string.h>
#include "lifecycle/facts_layout.h"
#include "lifecycle/orders.h"

#define ORDER_BYTES  15
#define MARGIN_BYTES 6
#define ORDER_TIME   ((UINT64_C(1) << 43) - 1)
enum { ORDER_DAY_SHIFT = 43, ORDER_REFUND_SHIFT = 45, ORDER_UNDONE_SHIFT, ORDER_MARGIN_SHIFT };
#define MOMENT       ((UINT64_C(1) << 48) - 1) /* 6 bytes */
#define AMOUNT       ((UINT64_C(1) << 40) - 1) /* 5 bytes */
_Static_assert(EVENT_TIME_MAX <= ORDER_TIME && EVENT_AMOUNT_MAX <= AMOUNT &&
	2 * EVENT_AMOUNT_MAX <= MOMENT, "they fit");
_Static_assert(FACTS_ORDERS_BYTES == FACTS_ORDERS_MAX * (ORDER_BYTES + MARGIN_BYTES), "so many");

static inline uint64_t get_six(const uint8_t *p)
{
	return get_le32(p) | (uint64_t)get_le16(p + 4) << 32;
}

static inline uint8_t *put_six(uint8_t *p, uint64_t v)
{
	put_le32(p, (uint32_t)v);
	put_le16(p + 4, (uint16_t)(v >> 32));
	return p + 6;
}

static inline bool has_flag(uint64_t told, unsigned shift)
{
	return told >> shift & 1;
}

static inline unsigned bytes_of(uint64_t told)
{
	return has_flag(told, ORDER_MARGIN_SHIFT) ? ORDER_BYTES + MARGIN_BYTES : ORDER_BYTES;
}

static inline uint32_t hash_of(const uint8_t *p)
{
	return get_le32(p + 11);
}

static inline int32_t day_in_utc(uint64_t time_ms)
{
	return (int32_t)(time_ms / DAY_MS);
}

/* TIME_MS, and which day it is by its zone: one earlier than in UTC, the same, or one later. */
static inline uint64_t moment(int64_t time_ms, int32_t day)
{
	uint64_t ms = (uint64_t)time_ms & ORDER_TIME;

	return ms | (uint64_t)((day - day_in_utc(ms) + 1) & 3) << ORDER_DAY_SHIFT;
}

static inline int32_t day_of(uint64_t moment)
{
	return day_in_utc(moment & ORDER_TIME) - 1 + (int32_t)(moment >> ORDER_DAY_SHIFT & 3);
}

static inline uint8_t *order_put(uint8_t *p, const struct facts_order *o)
{
	uint64_t told = o->refund ? (uint64_t)o->time_ms & ORDER_TIME : moment(o->time_ms, o->day);

	told |= (uint64_t)o->refund << ORDER_REFUND_SHIFT | (uint64_t)o->undone << ORDER_UNDONE_SHIFT |
		(uint64_t)o->has_margin << ORDER_MARGIN_SHIFT;
	p = put_six(p, told);
	put_le32(p, (uint32_t)o->amount);
	p[4] = (uint8_t)((uint64_t)o->amount >> 32);
	put_le32(p + 5, o->order);
	p += ORDER_BYTES - 6;
	return o->has_margin ? put_six(p, zigzag(o->margin)) : p;
}

static const uint8_t *order_get(const uint8_t *p, struct facts_order *o)
{
	uint64_t told = get_six(p);

	*o = (struct facts_order){
		.time_ms = (int64_t)(told & ORDER_TIME),
		.amount = (int64_t)(get_le64(p + 6) & AMOUNT),
		.day = has_flag(told, ORDER_REFUND_SHIFT) ? 0 : day_of(told),
		.order = hash_of(p),
		.refund = has_flag(told, ORDER_REFUND_SHIFT),
		.undone = has_flag(told, ORDER_UNDONE_SHIFT),
		.has_margin = has_flag(told, ORDER_MARGIN_SHIFT),
	};
	if (o->has_margin)
		o->margin = unzigzag(get_six(p + ORDER_BYTES));
	return p + bytes_of(told);
}

void orders_open(const struct facts *f, struct orders *ret)
{
	const uint8_t *p = f->orders;

	ret->n = f->n_orders;
	for (unsigned i = 0; i < ret->n; i++)
		p = order_get(p, &ret->order[i]);
	assert(p == f->orders + f->orders_size);
}

void orders_close(struct facts *f, const struct orders *os)
{
	uint8_t *p = f->orders;

	assert(os->n <= FACTS_ORDERS_MAX);
	for (unsigned i = 0; i < os->n; i++)
		p = order_put(p, &os->order[i]);
	f->n_orders = (uint8_t)os->n;
	f->orders_size = (uint8_t)(p - f->orders);
}

/* The oldest one, at P, is kept no longer. */
static void push_out(struct facts *f, const uint8_t *p)
{
	uint64_t told = get_six(p);
	int64_t ms = (int64_t)(told & ORDER_TIME);

	if (!has_flag(told, ORDER_REFUND_SHIFT))
		settled_tell(f, ms, ms, day_of(told));
	f->orders_size = (uint8_t)(f->orders_size - bytes_of(told));
	f->n_orders--;
}

/* The one at P than O, which is of another order; as order_compare() has it. */
static inline bool is_later(const uint8_t *p, const struct facts_order *o)
{
	int64_t ms = (int64_t)(get_le64(p) & ORDER_TIME);

	return ms > o->time_ms || (ms == o->time_ms && hash_of(p) > o->order);
}

bool orders_put_alone(struct facts *f, const struct facts_order *o)
{
	const uint8_t *p = f->orders, *oldest = p;
	unsigned size = o->has_margin ? ORDER_BYTES + MARGIN_BYTES : ORDER_BYTES;
	bool met = false, full = f->n_orders == FACTS_ORDERS_MAX;
	uint8_t *at = f->orders;

	for (unsigned i = 0; i < f->n_orders; i++) {
		oldest = p;
		met |= hash_of(p) == o->order;
		p += bytes_of(get_le64(p));
		if (is_later(oldest, o))
			at = f->orders + (p - f->orders);
	}
	if (met || (full && has_flag(get_le64(oldest), ORDER_UNDONE_SHIFT)))
		return false;
	if (full && at == p) { /* it is the oldest */
		if (!o->refund)
			settled_tell(f, o->time_ms, o->time_ms, o->day);
		return true;
	}
	if (full)
		push_out(f, oldest);
	memmove(at + size, at, (size_t)(f->orders + f->orders_size - at));
	(void)order_put(at, o);
	f->orders_size = (uint8_t)(f->orders_size + size);
	f->n_orders++;
	return true;
}

/* Their room is copied, as far as there is so much: what is too much is written over. */
uint8_t *orders_pack(uint8_t *p, const struct facts *f)
{
	bool settled = f->settled.last_ms != 0;

	if (f->n_orders == 0 && !settled)
		return p;
	*p++ = (uint8_t)(f->n_orders << 1 | settled);
	if (settled) {
		p = put_six(p, moment(f->settled.last_ms, f->settled.last_day));
		p = put_six(p, (uint64_t)f->settled.first_ms);
	}
	memcpy(p, f->orders, sizeof f->orders);
	return p + f->orders_size;
}

static inline void take_settled(struct reader *r, struct facts *f)
{
	const uint8_t *p = take_bytes(r, 12);
	uint64_t last, first, last_ms;

	if (!p)
		return;
	last = get_six(p);
	first = get_six(p + 6);
	last_ms = last & ORDER_TIME;
	if (first < EVENT_TIME_MIN || first > last_ms || last_ms > EVENT_TIME_MAX ||
		last >> ORDER_DAY_SHIFT > 2)
		reader_fail(r);
	f->settled = (struct facts_settled){ (int64_t)first, (int64_t)last_ms, day_of(last) };
}

/* Day (2 bits) and refund: a refund has no day, and there is no fourth. */
#define NO_DAYS 0xe8

/* Where N orders end that begin at P, with room to read FACTS_ORDERS_BYTES; NULL when they make no
 * sense. What they should not be is added up. */
static const uint8_t *orders_end(const uint8_t *p, unsigned n)
{
	const uint8_t *newer = p;
	uint64_t newer_ms = UINT64_MAX;
	struct facts_order one, other;
	bool bad = false;

	for (unsigned i = 0; i < n; i++) {
		uint64_t told = get_le64(p), ms = told & ORDER_TIME;

		bad |= ms - 1 >= EVENT_TIME_MAX;
		bad |= (get_le64(p + 6) & AMOUNT) > EVENT_AMOUNT_MAX;
		bad |= NO_DAYS >> (told >> ORDER_DAY_SHIFT & 7) & 1;
		if (has_flag(told, ORDER_MARGIN_SHIFT))
			bad |= get_six(p + ORDER_BYTES) > 2 * EVENT_AMOUNT_MAX; /* zigzag */
		bad |= ms > newer_ms;
		if (ms == newer_ms && hash_of(newer) <= hash_of(p)) { /* hardly ever */
			(void)order_get(newer, &one);
			(void)order_get(p, &other);
			bad |= order_compare(&one, &other) < 0;
		}
		newer_ms = ms;
		newer = p;
		p += bytes_of(told);
	}
	return bad ? NULL : p;
}

static void take_orders(struct reader *r, struct facts *f, unsigned n)
{
	size_t left = (size_t)(r->end - r->p), size;
	const uint8_t *end;

	if (left < sizeof f->orders) {
		memset(f->orders, 0, sizeof f->orders);
		memcpy(f->orders, r->p, left);
	} else {
		memcpy(f->orders, r->p, sizeof f->orders);
	}
	end = orders_end(f->orders, n);
	size = end ? (size_t)(end - f->orders) : SIZE_MAX;
	if (size > left) {
		reader_fail(r);
		return;
	}
	f->n_orders = (uint8_t)n;
	f->orders_size = (uint8_t)size;
	r->p += size;
}

void orders_unpack(struct reader *r, struct facts *f)
{
	uint8_t head = take_byte(r);
	unsigned n = (unsigned)in_range(r, head >> 1, 0, FACTS_ORDERS_MAX);

	if (head == 0)
		reader_fail(r);
	if (head & 1)
		take_settled(r, f);
	if (!r->bad)
		take_orders(r, f, n);
}
