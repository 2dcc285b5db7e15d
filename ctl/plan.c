/* SPDX-License-Identifier: Apache-2.0 */
/* Plan: binding a mapping to columns, and what is asked of every record. */
#include "ctl/plan.h"
#include <stdio.h>

struct binder {
	const struct span *names;
	unsigned n;
	struct complaint *c;
	int rc;
};

static void complain_column(struct binder *b, const char *name)
{
	char known[256] = "";
	size_t used = 0;

	for (unsigned i = 0; i < b->n && used + 2 < sizeof known; i++)
		used += (size_t)snprintf(known + used, sizeof known - used, "%s%.*s", i ? ", " : "",
			(int)b->names[i].size, (const char *)b->names[i].data);
	b->rc = complain(b->c, ERR_INVALID, "the mapping names the column \"%s\", which the file does "
		"not have; it has: %s", name, known);
}

/* The number of the column NAME; NULL is none. The first failure is remembered. */
static int bind(struct binder *b, const char *name)
{
	if (!name || b->rc)
		return COLUMN_NONE;
	if (strcmp(name, "$line") == 0)
		return COLUMN_LINE;
	for (unsigned i = 0; i < b->n; i++)
		if (span_eq(b->names[i], span_str(name)))
			return (int)i;
	complain_column(b, name);
	return COLUMN_NONE;
}

static void bind_list(struct binder *b, char *const *names, unsigned n, struct plan_list *list)
{
	for (list->n = 0; list->n < n && list->n < PLAN_LIST_MAX; list->n++)
		list->at[list->n] = bind(b, names[list->n]);
}

static bool list_has(const struct plan_list *list, int at)
{
	for (unsigned i = 0; i < list->n; i++)
		if (list->at[i] == at)
			return true;
	return false;
}

/* After the columns that name somebody or something are bound. */
static struct plan_when bind_when(const struct plan *p, struct binder *b,
	const struct mapping_when *w)
{
	struct plan_when column = { .at = w ? bind(b, w->column) : COLUMN_NONE };

	column.names = column.at != COLUMN_NONE && (column.at == p->customer ||
		column.at == p->order || list_has(&p->id, column.at) || list_has(&p->group, column.at));
	return column;
}

static void bind_all(struct plan *p, struct binder *b)
{
	const struct mapping *m = p->mapping;

	p->customer = bind(b, m->customer);
	p->time = bind(b, m->time.column);
	p->order = bind(b, m->order ? m->order : m->group_by_count ? m->group_by[0] : NULL);
	bind_list(b, m->group_by, m->group_by_count, &p->group);
	if (m->id_count) {
		bind_list(b, m->id, m->id_count, &p->id);
	} else {
		bind_list(b, m->group_by, m->group_by_count, &p->id);
		if (p->id.n < PLAN_LIST_MAX)
			p->id.at[p->id.n++] = p->customer;
	}
	if (m->amount)
		bind_list(b, m->amount->columns, m->amount->columns_count, &p->amount);
	p->refund_when = bind_when(p, b, m->refund_when);
	for (unsigned i = 0; i < m->skip_count; i++)
		p->skip[i] = bind_when(p, b, &m->skip[i]);
	for (unsigned i = 0; i < m->fields_count; i++)
		p->fields[i] = bind(b, m->fields[i].column);
}

int plan_open(struct plan *p, const struct mapping *m, const struct span *names, unsigned n,
	struct complaint *c)
{
	struct span own[512];
	struct binder b = { .names = names, .n = n, .c = c };
	int rc;

	memset(p, 0, sizeof *p);
	p->mapping = m;
	p->decimal_point = m->amount && m->amount->decimal_point ? *m->amount->decimal_point : '.';
	p->thousands = m->amount && m->amount->thousands ? *m->amount->thousands : 0;
	p->decimals = m->amount ? m->amount->decimals : 0;
	if (m->columns_count) {
		for (b.n = 0; b.n < m->columns_count; b.n++)
			own[b.n] = span_str(m->columns[b.n]);
		b.names = own;
	}
	p->columns = b.n;
	bind_all(p, &b);
	if (b.rc)
		return b.rc;
	rc = zone_open(m->time.zone ? m->time.zone : "UTC", &p->zone, c);
	return rc;
}

void plan_close(struct plan *p)
{
	zone_close(&p->zone);
}

/* Records with fewer fields than the header have empty ones at their end. */
struct span record_field(const struct record *r, int at, char line[24])
{
	if (at == COLUMN_LINE)
		return span_of(line, (size_t)snprintf(line, 24, "%lld", (long long)r->line));
	if (at < 0 || (unsigned)at >= r->n)
		return span_of("", 0);
	return r->fields[at];
}

static bool is_blank(uint8_t b)
{
	return b == ' ' || b == '\t';
}

struct span record_id(const struct record *r, int at, char line[24])
{
	struct span id = record_field(r, at, line);

	while (id.size > 0 && is_blank(id.data[id.size - 1]))
		id.size--;
	while (id.size > 0 && is_blank(id.data[0]))
		id = span_of(id.data + 1, id.size - 1);
	return id;
}

bool record_matches(const struct record *r, const struct mapping_when *w,
	const struct plan_when *column)
{
	char line[24];
	struct span field = column->names ? record_id(r, column->at, line) :
		record_field(r, column->at, line);

	if (w->empty)
		return field.size == 0;
	if (w->equals)
		return span_eq(field, span_str(w->equals));
	return field.size >= strlen(w->prefix) &&
		memcmp(field.data, w->prefix, strlen(w->prefix)) == 0;
}

int record_misfit(const struct record *r, struct misfit *m, enum reject code, const char *format,
	...)
{
	va_list arguments;

	m->code = code;
	va_start(arguments, format);
	vsnprintf(m->why.text, sizeof m->why.text, format, arguments);
	va_end(arguments);
	m->why.line = r->line < INT32_MAX ? (int)r->line : INT32_MAX;
	return ERR_INVALID;
}

bool plan_skips(const struct plan *p, const struct record *r)
{
	for (unsigned i = 0; i < p->mapping->skip_count; i++)
		if (record_matches(r, &p->mapping->skip[i], &p->skip[i]))
			return true;
	return false;
}

static int amount_misfit(const struct plan *p, const struct record *r, const char *column,
	struct span field, struct misfit *m)
{
	char group[] = { p->thousands, 0 };

	if (field.size == 0)
		return record_misfit(r, m, REJECT_BAD_BODY, "%s: there is no amount on this line", column);
	return record_misfit(r, m, REJECT_BAD_BODY, "%s: \"%.*s\" is not a number of at most %d digits "
		"with \"%c\" as decimal_point and %s%s%s", column, (int)(field.size < 64 ? field.size : 64),
		(const char *)field.data, DECIMAL_DIGITS_MAX, p->decimal_point, *group ? "\"" : "no ",
		group, *group ? "\" as thousands" : "thousands");
}

int plan_amount(const struct plan *p, const struct record *r, struct decimal *ret, struct misfit *m)
{
	struct decimal product = { 1, 0 }, factor;

	if (p->amount.n == 0)
		product.value = 0;
	for (unsigned i = 0; i < p->amount.n; i++) {
		char line[24];
		struct span field = record_field(r, p->amount.at[i], line);

		if (decimal_parse(field, p->decimal_point, p->thousands, &factor))
			return amount_misfit(p, r, p->mapping->amount->columns[i], field, m);
		if (decimal_multiply(product, factor, &product))
			return record_misfit(r, m, REJECT_BAD_BODY, "the amount is too large");
	}
	*ret = product;
	return 0;
}

void plan_join(const struct plan_list *list, const struct record *r, char separator,
	struct buf *out)
{
	for (unsigned i = 0; i < list->n; i++) {
		char line[24];
		struct span field = record_id(r, list->at[i], line);

		if (i > 0)
			buf_add(out, &separator, 1);
		buf_add(out, field.data, field.size);
	}
}
