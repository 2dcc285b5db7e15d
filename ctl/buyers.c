/* SPDX-License-Identifier: Apache-2.0 */
/* Buyers as a table, and as what the fits take. */
#include "ctl/buyers.h"
#include <stdlib.h>
#include "base/room.h"
#include "fit/spend.h"
#include "lifecycle/classes.h"
#include "lifecycle/machine.h"

void buyers_fini(struct buyers *b)
{
	free(b->rows);
	buf_fini(&b->names);
	machine_free(b->machine);
	*b = (struct buyers){ 0 };
}

int buyers_add(struct buyers *b, const struct buyer *row)
{
	struct buyer *rows;

	rows = room_for_one(b->rows, b->n, &b->capacity, 1024, sizeof *rows);
	if (!rows)
		return ERR_NOMEM;
	b->rows = rows;
	b->rows[b->n++] = *row;
	return 0;
}

const char *trait_name(enum trait t)
{
	static const char *const names[] = { "role", "acquisition", "region", "segment" };

	return names[t];
}

size_t buyers_name(struct buyers *b, struct span id)
{
	size_t at;

	if (b->names.size == 0)
		buf_add(&b->names, "", 1);
	at = b->names.size;

	buf_add(&b->names, id.data, id.size);
	buf_add(&b->names, "", 1);
	return at;
}

static int buyer_compare(const void *a, const void *b)
{
	const struct buyer *p = a, *q = b;

	return (p->hash > q->hash) - (p->hash < q->hash);
}

void buyers_sort(struct buyers *b)
{
	if (b->n > 0)
		qsort(b->rows, b->n, sizeof *b->rows, buyer_compare);
}

static size_t register_text(struct buyers *b, const struct facts *f, enum facts_register which)
{
	const struct facts_reg *r = &f->reg[which];
	const char *name = r->time_ms ? facts_register_naming(which)((unsigned)r->value) : NULL;

	return name ? buyers_name(b, span_str(name)) : 0;
}

static size_t text_text(struct buyers *b, const struct facts *f, enum facts_text which)
{
	const struct facts_string *s = &f->text[which];

	return s->time_ms && s->size ? buyers_name(b, span_of(s->text, s->size)) : 0;
}

void buyer_classify(struct buyers *b, struct buyer *row, const struct facts *f)
{
	row->class = b->machine ? (uint8_t)rhythm_class_of(&b->machine->rhythm, f) : 0;
	row->trait[TRAIT_ROLE] = register_text(b, f, REGISTER_ROLE);
	row->trait[TRAIT_ACQUISITION] = register_text(b, f, REGISTER_ACQUISITION);
	row->trait[TRAIT_REGION] = text_text(b, f, TEXT_REGION);
	row->trait[TRAIT_SEGMENT] = text_text(b, f, TEXT_SEGMENT);
}

/* Who bought on one day only has no time between, whatever the hours (quantity.c says why). */
static int add_history(const struct buyers *b, const struct buyer *row, struct histories *ret)
{
	double tx = row->days > 1 ? row->last - row->first : 0;
	double t = b->until - row->last + tx;

	return histories_add(ret, row->days - 1, tx, t > tx ? t : tx);
}

int buyers_histories(const struct buyers *b, int class, size_t most, struct histories *ret)
{
	int rc = 0;

	*ret = (struct histories){ 0 };
	for (size_t i = 0; i < b->n && ret->n < most && rc == 0; i++)
		if (class == CLASS_ANY || b->rows[i].class == class)
			rc = add_history(b, &b->rows[i], ret);
	histories_fold(ret);
	return rc;
}

int buyers_spenders(const struct buyers *b, size_t most, struct spenders *ret)
{
	int rc = 0;

	*ret = (struct spenders){ 0 };
	for (size_t i = 0; i < b->n && ret->n < most && rc == 0; i++)
		rc = spenders_add(ret, b->rows[i].days, b->rows[i].money);
	return rc;
}
