/* SPDX-License-Identifier: Apache-2.0 */
/* Orders: records gathered by order. */
#include "ctl/orders.h"
#include <stdlib.h>

void orders_init(struct orders *o, const struct plan *plan)
{
	memset(o, 0, sizeof *o);
	o->plan = plan;
}

void orders_fini(struct orders *o)
{
	for (unsigned i = 0; i < ORDERS_OPEN; i++) {
		buf_fini(&o->open[i].key);
		buf_fini(&o->open[i].texts);
		free(o->open[i].fields);
	}
}

static void order_fail(struct order *d, const struct record *r, const char *text)
{
	if (d->bad)
		return;
	d->bad = true;
	(void)record_misfit(r, &d->misfit, REJECT_MALFORMED, "%s", text);
}

/* Remember R as the first record of D, texts and all. */
static void order_remember(struct order *d, const struct plan *p, const struct record *r)
{
	unsigned n = r->n < p->columns ? r->n : p->columns;
	size_t at = 0;

	buf_clear(&d->texts);
	for (unsigned i = 0; i < n; i++)
		buf_add(&d->texts, r->fields[i].data, r->fields[i].size);
	if (!d->fields)
		d->fields = calloc(p->columns ? p->columns : 1, sizeof *d->fields);
	d->first = (struct record){ .line = r->line, .fields = d->fields };
	if (!d->fields || d->texts.failed) {
		order_fail(d, r, err_text(ERR_NOMEM));
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		d->fields[i] = span_of(d->texts.data + at, r->fields[i].size);
		at += r->fields[i].size;
	}
	d->first.n = n;
}

static void order_begin(struct order *d, const struct plan *p, const struct buf *key,
	const struct record *r)
{
	d->used = true;
	d->bad = false;
	d->total = (struct decimal){ 0, 0 };
	buf_clear(&d->key);
	buf_add(&d->key, key->data, key->size);
	order_remember(d, p, r);
}

static void order_add(struct order *d, const struct plan *p, const struct record *r)
{
	struct decimal amount;

	if (r->n > p->columns) {
		order_fail(d, r, "the line has more fields than there are columns");
		return;
	}
	if (d->bad)
		return;
	if (plan_amount(p, r, &amount, &d->misfit))
		d->bad = true;
	else if (decimal_add(d->total, amount, &d->total))
		order_fail(d, r, "the amount is too large");
}

/* Make D's event. False when the mapping wants none. */
static bool order_close(struct order *d, const struct plan *p, struct order_result *out)
{
	bool any = true;

	d->used = false;
	out->line = d->first.line;
	out->bad = d->bad;
	out->misfit = d->misfit;
	buf_clear(&out->json);
	if (!d->bad)
		out->bad = plan_event(p, &d->first, d->total, &out->json, &any, &out->misfit) != 0;
	return out->bad || any;
}

static struct order *orders_find(struct orders *o, const struct buf *key)
{
	for (unsigned i = 0; i < ORDERS_OPEN; i++) {
		const struct buf *k = &o->open[i].key;

		if (o->open[i].used && span_eq(span_of(k->data, k->size), span_of(key->data, key->size)))
			return &o->open[i];
	}
	return NULL;
}

/* The one in use whose last line is the longest ago; NULL when none is. */
static struct order *orders_stalest(struct orders *o)
{
	struct order *stalest = NULL;

	for (unsigned i = 0; i < ORDERS_OPEN; i++)
		if (o->open[i].used && (!stalest || o->open[i].touched < stalest->touched))
			stalest = &o->open[i];
	return stalest;
}

static struct order *orders_free_slot(struct orders *o)
{
	for (unsigned i = 0; i < ORDERS_OPEN; i++)
		if (!o->open[i].used)
			return &o->open[i];
	return NULL;
}

static bool take_single(struct orders *o, const struct record *r, struct order_result *out)
{
	struct buf no_key = { 0 };
	struct order *d = &o->open[0];

	order_begin(d, o->plan, &no_key, r);
	order_add(d, o->plan, r);
	return order_close(d, o->plan, out);
}

bool orders_take(struct orders *o, const struct record *r, struct order_result *out)
{
	struct plan_list customer = { .n = 1, .at = { o->plan->customer } };
	struct buf key = { 0 };
	struct order *d;
	bool closed = false;

	o->lines++;
	if (plan_skips(o->plan, r))
		return false;
	if (o->plan->group.n == 0)
		return take_single(o, r, out);
	plan_join(&o->plan->group, r, '\n', &key);
	buf_add(&key, "\n", 1);
	plan_join(&customer, r, '\n', &key);
	d = orders_find(o, &key);
	if (!d) {
		d = orders_free_slot(o);
		if (!d) {
			d = orders_stalest(o);
			closed = order_close(d, o->plan, out);
		}
		order_begin(d, o->plan, &key, r);
	}
	d->touched = o->lines;
	order_add(d, o->plan, r);
	if (key.failed)
		order_fail(d, r, err_text(ERR_NOMEM));
	buf_fini(&key);
	return closed;
}

bool orders_finish(struct orders *o, struct order_result *out)
{
	struct order *d;

	while ((d = orders_stalest(o)))
		if (order_close(d, o->plan, out))
			return true;
	return false;
}
