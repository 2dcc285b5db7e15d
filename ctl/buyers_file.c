/* SPDX-License-Identifier: Apache-2.0 */
/* Buyers from a file of events: all purchases and refunds as (customer, day, money), and what profiles
 * and contacts tell, sorted by customer; days of one customer merged. */
#include <stdlib.h>
#include "base/hash.h"
#include "base/room.h"
#include "base/zone.h"
#include "ctl/buyers.h"
#include "ctl/event_file.h"
#include "ctl/mapping.h"
#include "lifecycle/facts.h"
#include "proto/codec.h"
#include "proto/json.h"

#define ARENA_FIRST (64u << 10)
#define ARENA_LIMIT (4u << 20)

/* A purchase, or a refund, which has money below 0 and no day. */
struct sale {
	uint64_t hash;
	size_t name;
	int32_t day;
	double money;
};

/* What an event tells of whom one deals with; texts in `names`, 0 for none. */
struct told {
	uint64_t hash;
	int64_t time_ms;
	size_t region, segment;
	uint8_t body, role, acquisition;
};

struct sales {
	struct sale *rows;
	size_t n, capacity;
	struct told *told;
	size_t n_told, told_capacity;
	struct buyers *buyers; /* keeps the names */
	struct zone zone;
	struct arena *arena;
	int32_t until;
};

static int sales_add(struct sales *s, const struct sale *row)
{
	struct sale *rows;

	rows = room_for_one(s->rows, s->n, &s->capacity, 4096, sizeof *rows);
	if (!rows)
		return ERR_NOMEM;
	s->rows = rows;
	s->rows[s->n++] = *row;
	return 0;
}

static int told_add(struct sales *s, const struct told *row)
{
	struct told *rows;

	rows = room_for_one(s->told, s->n_told, &s->told_capacity, 1024, sizeof *rows);
	if (!rows)
		return ERR_NOMEM;
	s->told = rows;
	s->told[s->n_told++] = *row;
	return 0;
}

static int told_compare(const void *a, const void *b)
{
	const struct told *p = a, *q = b;

	return (p->hash > q->hash) - (p->hash < q->hash);
}

static int sale_compare(const void *a, const void *b)
{
	const struct sale *p = a, *q = b;

	if (p->hash != q->hash)
		return p->hash > q->hash ? 1 : -1;
	return (p->day > q->day) - (p->day < q->day);
}

static size_t keep_text(struct sales *s, struct span text)
{
	return text.size ? buyers_name(s->buyers, text) : 0;
}

static int take_told(struct sales *s, const struct event *e, uint64_t hash)
{
	struct told t = { .hash = hash, .time_ms = e->time_ms, .body = e->body };

	if (e->body == BODY_CONTACT) {
		t.acquisition = e->as.contact.acquisition;
	} else {
		t.role = e->as.profile.role;
		t.acquisition = e->as.profile.acquisition;
		t.region = keep_text(s, e->as.profile.region);
		t.segment = keep_text(s, e->as.profile.segment);
	}
	return t.role || t.acquisition || t.region || t.segment ? told_add(s, &t) : 0;
}

/* A customer's name is kept with every sale but those that follow one of their own. */
static int take_event(struct sales *s, const struct event *e)
{
	struct sale sale = { .hash = hash_64(e->customer.data, e->customer.size, 0),
			     .day = zone_day(&s->zone, e->time_ms) };

	if (s->until != DAY_NONE && sale.day > s->until)
		return 0;
	if (e->body == BODY_CONTACT || e->body == BODY_PROFILE)
		return take_told(s, e, sale.hash);
	if (e->body == BODY_PURCHASE && e->as.purchase.amount > 0) {
		sale.money = (double)e->as.purchase.amount;
	} else if (e->body == BODY_REFUND) {
		sale.money = -(double)e->as.refund.amount;
		sale.day = DAY_NONE;
	} else {
		return 0;
	}
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

/* From the sales of one customer, N of them; who was only given back has no days. */
static struct buyer buyer_of(const struct sale *sale, size_t n)
{
	struct buyer row = { .hash = sale->hash, .name = sale->name };

	for (const struct sale *end = sale + n; sale < end; sale++) {
		row.money += sale->money;
		if (sale->day == DAY_NONE)
			continue;
		row.first = row.days > 0 ? row.first : sale->day;
		row.days += row.days == 0 || row.last < sale->day;
		row.last = sale->day;
	}
	return row;
}

/* What is told of them as facts: the latest word counts, of the source the first. */
static void classify(struct sales *s, struct buyer *row, size_t *from)
{
	const char *names = (const char *)s->buyers->names.data;
	static struct facts f;

	facts_init(&f);
	while (*from < s->n_told && s->told[*from].hash < row->hash)
		++*from;
	for (; *from < s->n_told && s->told[*from].hash == row->hash; ++*from) {
		const struct told *t = &s->told[*from];
		struct event e = { .time_ms = t->time_ms, .body = t->body };

		if (t->body == BODY_CONTACT) {
			e.as.contact.direction = DIRECTION_IN;
			e.as.contact.acquisition = t->acquisition;
		} else {
			e.as.profile.role = t->role;
			e.as.profile.acquisition = t->acquisition;
			e.as.profile.region = span_str(names + t->region);
			e.as.profile.segment = span_str(names + t->segment);
		}
		if (t->body == BODY_PROFILE && !t->region)
			e.as.profile.region = span_of(NULL, 0);
		if (t->body == BODY_PROFILE && !t->segment)
			e.as.profile.segment = span_of(NULL, 0);
		facts_add(&f, &e, NULL);
	}
	buyer_classify(s->buyers, row, &f);
}

/* One row a customer, in the order of their hashes. */
static int sales_merge(struct sales *s)
{
	struct buyers *b = s->buyers;
	int32_t latest = DAY_NONE;
	size_t told = 0, end;
	int rc = 0;

	if (s->n > 0)
		qsort(s->rows, s->n, sizeof *s->rows, sale_compare);
	if (s->n_told > 0)
		qsort(s->told, s->n_told, sizeof *s->told, told_compare);
	for (size_t i = 0; i < s->n && rc == 0; i = end) {
		struct buyer row;

		for (end = i; end < s->n && s->rows[end].hash == s->rows[i].hash; end++)
			latest = s->rows[end].day > latest ? s->rows[end].day : latest;
		row = buyer_of(&s->rows[i], end - i);
		if (row.days == 0)
			continue;
		classify(s, &row, &told);
		rc = buyers_add(b, &row);
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
	free(s.told);
	return rc;
}
