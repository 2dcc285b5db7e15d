/* SPDX-License-Identifier: Apache-2.0 */
/* Buyers from a file of events: all purchases as (customer, day), sorted, days of one customer
 * merged. */
#include <stdlib.h>
#include "base/hash.h"
#include "base/zone.h"
#include "ctl/buyers.h"
#include "ctl/event_file.h"
#include "ctl/mapping.h"
#include "proto/codec.h"
#include "proto/json.h"

#define ARENA_FIRST (64u << 10)
#define ARENA_LIMIT (4u << 20)

struct sale {
	uint64_t hash;
	size_t name;
	int32_t day;
};

struct sales {
	struct sale *rows;
	size_t n, capacity;
	struct buyers *buyers; /* keeps the names */
	struct zone zone;
	struct arena *arena;
	int32_t until;
};

static int sales_add(struct sales *s, const struct sale *row)
{
	if (s->n == s->capacity) {
		size_t capacity = s->capacity ? 2 * s->capacity : 4096;
		struct sale *rows = realloc(s->rows, capacity * sizeof *rows);

		if (!rows)
			return ERR_NOMEM;
		s->rows = rows;
		s->capacity = capacity;
	}
	s->rows[s->n++] = *row;
	return 0;
}

static int sale_compare(const void *a, const void *b)
{
	const struct sale *p = a, *q = b;

	if (p->hash != q->hash)
		return p->hash > q->hash ? 1 : -1;
	return (p->day > q->day) - (p->day < q->day);
}

/* A customer's name is kept with every sale but those that follow one of their own. */
static int take_event(struct sales *s, const struct event *e)
{
	struct sale sale = { .hash = hash_64(e->customer.data, e->customer.size, 0),
			     .day = zone_day(&s->zone, e->time_ms) };

	if (e->body != BODY_PURCHASE || e->as.purchase.amount <= 0)
		return 0;
	if (s->until != DAY_NONE && sale.day > s->until)
		return 0;
	sale.name = s->n > 0 && s->rows[s->n - 1].hash == sale.hash
		? s->rows[s->n - 1].name : buyers_name(s->buyers, e->customer);
	return sales_add(s, &sale);
}

static int take_items(struct sales *s, struct event_file *in, struct complaint *c)
{
	struct event_item item;
	struct event e;
	int rc;

	while (!(rc = event_file_next(in, &item, c))) {
		enum reject code = item.code;
		struct complaint bad = { 0 };

		arena_reset(s->arena);
		if (code == REJECT_NONE && !event_from_json(&e, (const char *)item.json.data,
				item.json.size, span_str("fit"), s->arena, &bad, &code))
			rc = take_event(s, &e);
		else
			s->buyers->skipped++;
		if (rc)
			return complain(c, rc, "%s", err_text(rc));
	}
	return rc == ERR_NOTFOUND ? 0 : rc;
}

/* One row a customer, in the order of their hashes. */
static int sales_merge(struct sales *s)
{
	struct buyers *b = s->buyers;
	int32_t latest = DAY_NONE;
	int rc = 0;

	if (s->n > 0)
		qsort(s->rows, s->n, sizeof *s->rows, sale_compare);
	for (size_t i = 0; i < s->n && rc == 0; i++) {
		const struct sale *sale = &s->rows[i];
		struct buyer *last = b->n > 0 ? &b->rows[b->n - 1] : NULL;

		latest = sale->day > latest ? sale->day : latest;
		if (!last || last->hash != sale->hash) {
			rc = buyers_add(b, &(struct buyer){ sale->hash, sale->name, 1, sale->day,
				sale->day });
		} else if (last->last < sale->day) {
			last->days++;
			last->last = sale->day;
		}
	}
	b->until = s->until != DAY_NONE ? s->until : latest;
	return rc != 0 || b->names.failed ? ERR_NOMEM : 0;
}

int buyers_from_file(struct buyers *b, const char *path, const struct mapping *map,
	const char *zone_name, int32_t until_day, struct complaint *c)
{
	struct sales s = { .buyers = b, .until = until_day };
	const char *zone = zone_name ? zone_name : map && map->time.zone ? map->time.zone : "UTC";
	struct event_file *in = NULL;
	int rc = zone_open(zone, &s.zone, c);

	if (rc)
		return rc;
	s.arena = arena_new(ARENA_FIRST, ARENA_LIMIT);
	if (!s.arena)
		rc = complain(c, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	if (!rc)
		rc = event_file_open(path, map, &in, c);
	if (!rc)
		rc = take_items(&s, in, c);
	if (!rc && sales_merge(&s))
		rc = complain(c, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	event_file_close(in);
	arena_free(s.arena);
	zone_close(&s.zone);
	free(s.rows);
	return rc;
}
