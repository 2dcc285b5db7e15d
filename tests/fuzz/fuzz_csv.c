/* SPDX-License-Identifier: Apache-2.0 */
/* CSV: the first byte chooses delimiter and collapsing, the rest is the file. Whatever it holds,
 * reading ends, fields lie in their buffers, lines rise, and every byte is read once. Each record
 * also goes through a plan, so that dates, decimals and ids are read from hostile fields. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include "ctl/orders.h"

static const char map[] =
	"customer: c\ntime: {column: t, format: \"%Y-%m-%d\"}\nbody: purchase\ncolumns: [o, c, t, n, p]\n"
	"group_by: [o]\namount: {columns: [n, p], decimals: 2, negative: refund}\n"
	"refund_when: {column: o, prefix: C}\nskip:\n- {column: c, equals: x}\n";

static bool lies_within(struct span s, const void *base, size_t size)
{
	const uint8_t *start = base;

	return s.data >= start && s.data + s.size <= start + size;
}

static void check_record(const struct csv *v, int64_t line_before)
{
	assert(v->n_fields >= 1 && v->n_fields <= CSV_FIELDS_MAX);
	assert(v->line > line_before);
	for (unsigned i = 0; i < v->n_fields; i++)
		assert(lies_within(v->fields[i], v->raw, sizeof v->raw) ||
			lies_within(v->fields[i], v->text, sizeof v->text));
}

static void check_event(const struct order_result *r)
{
	assert(r->bad ? r->misfit.code != REJECT_NONE : r->json.size > 0);
}

static void read_all(struct csv *v, const struct plan *p)
{
	struct order_result result = { 0 };
	struct orders orders;
	struct complaint c;
	int64_t line = 0;
	int rc;

	orders_init(&orders, p);
	while ((rc = csv_next(v, &c)) != ERR_NOTFOUND) {
		struct record r = { .line = v->line, .n = v->n_fields, .fields = v->fields };

		assert(rc == 0 || rc == ERR_INVALID);
		if (rc == 0)
			check_record(v, line);
		line = v->line;
		if (rc == 0 && orders_take(&orders, &r, &result))
			check_event(&result);
	}
	while (orders_finish(&orders, &result))
		check_event(&result);
	orders_fini(&orders);
	buf_fini(&result.json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char delimiters[] = ",;\t |";
	static struct csv v;
	struct complaint c = { 0 };
	struct mapping *m = NULL;
	struct plan p;
	FILE *f;

	if (size < 2)
		return 0;
	f = fmemopen((void *)(uintptr_t)(data + 1), size - 1, "rb");
	if (!f || mapping_parse("map", map, sizeof map - 1, &m, &c) || plan_open(&p, m, NULL, 0, &c))
		abort();
	csv_init(&v, f, delimiters[(data[0] & 15) % 5], data[0] & 16);
	read_all(&v, &p);
	assert(v.bytes <= size - 1 && v.bytes + 3 >= size - 1);
	plan_close(&p);
	mapping_free(m);
	fclose(f);
	return 0;
}
