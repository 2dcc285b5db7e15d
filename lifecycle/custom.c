/* SPDX-License-Identifier: Apache-2.0 */
/* Folding custom facts. */
#include <assert.h>
#include <math.h>
#include "lifecycle/facts_layout.h"
#include "lifecycle/facts_parts.h"
#include "lifecycle/machine.h"

const char *custom_fold_text(enum custom_law law)
{
	switch (law) {
	case CUSTOM_SUM: return "added";
	case CUSTOM_FIRST: return "the earlier wins";
	case CUSTOM_LAST: return "the later wins";
	case CUSTOM_DECAY: return "added, each fading";
	case CUSTOM_NONE: break;
	}
	return "";
}

static bool filter_passes(const struct machine *m, uint16_t node, const struct event *e)
{
	while (node != NODE_NONE) {
		const struct node *n = &m->nodes[node];

		switch ((enum node_kind)n->kind) {
		case NODE_TEST: return event_test_holds(&m->event_tests[n->left], e);
		case NODE_NOT: return !filter_passes(m, n->left, e);
		case NODE_AND:
			if (!filter_passes(m, n->left, e))
				return false;
			break;
		case NODE_OR:
			if (filter_passes(m, n->left, e))
				return true;
			break;
		}
		node = n->right;
	}
	return true;
}

/* Whether E passes the filter of C. */
static bool custom_counts(const struct machine *m, const struct custom *c, const struct event *e)
{
	return (c->body == BODY_EVENT || c->body == e->body) && filter_passes(m, c->where, e);
}

static struct facts_custom *custom_find(struct facts *f, uint32_t key)
{
	for (unsigned i = 0; i < f->n_custom; i++)
		if (f->custom[i].key == key)
			return &f->custom[i];
	return NULL;
}

static bool is_adopted(const struct facts *f, const struct machine *m)
{
	if (f->n_custom != m->n_customs)
		return false;
	for (unsigned i = 0; i < m->n_customs; i++)
		if (f->custom[i].key != m->customs[i].key)
			return false;
	return true;
}

void facts_adopt(struct facts *f, const struct machine *m)
{
	struct facts_custom adopted[CUSTOM_MAX];

	if (is_adopted(f, m))
		return;
	for (unsigned i = 0; i < m->n_customs; i++) {
		const struct custom *c = &m->customs[i];
		const struct facts_custom *kept = custom_find(f, c->key);

		adopted[i] = (struct facts_custom){ .key = c->key, .law = c->law,
						    .half_ms = c->half_ms };
		if (kept && kept->law == c->law && kept->half_ms == c->half_ms)
			adopted[i] = *kept;
	}
	f->n_custom = (uint8_t)m->n_customs;
	memcpy(f->custom, adopted, m->n_customs * sizeof *adopted);
}

bool machine_has_fact(const struct machine *m, uint32_t key)
{
	for (unsigned i = 0; m && i < m->n_customs; i++)
		if (m->customs[i].key == key)
			return true;
	return false;
}

void facts_forget(struct facts *f, uint32_t key)
{
	struct facts_custom *v = custom_find(f, key);

	if (v)
		*v = f->custom[--f->n_custom];
}

static double faded(double v, int64_t ms, int64_t half_ms)
{
	return v * exp2(-(double)ms / (double)half_ms);
}

/* Like decay.c, but each with its own half-life and its own instant. */
static void decay_tell(struct facts_custom *v, int64_t at_ms, double weight)
{
	if (at_ms == 0)
		return;
	if (at_ms > v->at_ms) {
		v->v.d = v->at_ms ? faded(v->v.d, at_ms - v->at_ms, v->half_ms) : 0;
		v->at_ms = at_ms;
	}
	v->v.d += faded(weight, v->at_ms - at_ms, v->half_ms);
}

static void custom_tell(struct facts_custom *v, int64_t value)
{
	switch ((enum custom_law)v->law) {
	case CUSTOM_SUM: v->v.i = (int64_t)((uint64_t)v->v.i + (uint64_t)value); break;
	case CUSTOM_FIRST: v->v.i = value && (v->v.i == 0 || value < v->v.i) ? value : v->v.i; break;
	case CUSTOM_LAST: v->v.i = value > v->v.i ? value : v->v.i; break;
	case CUSTOM_DECAY:
	case CUSTOM_NONE: assert(!"a decayed sum has an instant");
	}
}

static void custom_add(struct facts_custom *v, const struct custom *c, const struct event *e)
{
	double weight = 1;

	if (c->field != EVENT_FIELDS && !event_number(e, c->field, &weight))
		return;
	if (c->law == CUSTOM_DECAY)
		decay_tell(v, e->time_ms, weight);
	else
		custom_tell(v, c->law == CUSTOM_SUM ? (int64_t)weight : e->time_ms);
}

void machine_add(const struct machine *m, struct facts *f, const struct event *e)
{
	facts_add(f, e, &m->zone);
	assert(f->n_custom == m->n_customs);
	for (unsigned i = 0; i < m->n_customs; i++)
		if (custom_counts(m, &m->customs[i], e))
			custom_add(&f->custom[i], &m->customs[i], e);
}

void customs_join(struct facts *f, const struct facts *from)
{
	for (unsigned i = 0; i < from->n_custom; i++) {
		const struct facts_custom *b = &from->custom[i];
		struct facts_custom *a = custom_find(f, b->key);

		if (!a && f->n_custom == CUSTOM_MAX)
			continue; /* of two files: more than one machine can read */
		if (!a)
			f->custom[f->n_custom++] = *b;
		else if (b->law == CUSTOM_DECAY)
			decay_tell(a, b->at_ms, b->v.d);
		else
			custom_tell(a, b->v.i);
	}
}

static bool custom_is_nothing(const struct facts_custom *v)
{
	return v->law == CUSTOM_DECAY ? v->at_ms == 0 : v->v.i == 0;
}

/* Every entry of A says the same in B, where one that is missing says nothing. */
static bool customs_within(const struct facts *a, const struct facts *b)
{
	for (unsigned i = 0; i < a->n_custom; i++) {
		const struct facts_custom *x = &a->custom[i];
		const struct facts_custom *y = custom_find((struct facts *)(uintptr_t)b, x->key);

		if (!y && custom_is_nothing(x))
			continue;
		if (!y || x->law != y->law || x->half_ms != y->half_ms || x->at_ms != y->at_ms)
			return false;
		if (x->law == CUSTOM_DECAY ? !decay_equal(x->v.d, y->v.d) : x->v.i != y->v.i)
			return false;
	}
	return true;
}

bool customs_equal(const struct facts *a, const struct facts *b)
{
	return customs_within(a, b) && customs_within(b, a);
}

/* ---- their bytes (facts_layout.h) */

static uint8_t *put_custom(uint8_t *p, const struct facts_custom *v, int64_t last_ms)
{
	uint64_t bits;

	put_le32(p, v->key);
	p[4] = v->law;
	p += 5;
	if (v->law == CUSTOM_SUM)
		return put_signed(p, v->v.i);
	if (v->law != CUSTOM_DECAY)
		return put_signed(p, minus(last_ms, v->v.i));
	p = put_varint(p, (uint64_t)v->half_ms);
	p = put_signed(p, minus(last_ms, v->at_ms));
	memcpy(&bits, &v->v.d, 8);
	put_le64(p, bits);
	return p + 8;
}

uint8_t *customs_pack(uint8_t *p, const struct facts *f)
{
	uint8_t *count = p;

	if (f->n_custom == 0)
		return p;
	*p++ = 0;
	for (unsigned i = 0; i < f->n_custom; i++)
		if (!custom_is_nothing(&f->custom[i])) {
			p = put_custom(p, &f->custom[i], f->scalar[FACT_last_event].i);
			++*count;
		}
	if (*count == 0)
		return count;
	return p;
}

static void take_custom(struct reader *r, struct facts_custom *v, int64_t last_ms)
{
	const uint8_t *p = take_bytes(r, 5);

	*v = (struct facts_custom){ .law = CUSTOM_SUM };
	if (!p)
		return;
	v->key = get_le32(p);
	v->law = (uint8_t)in_range(r, p[4], CUSTOM_SUM, CUSTOM_DECAY);
	if (v->law == CUSTOM_SUM) {
		v->v.i = take_signed(r);
	} else if (v->law != CUSTOM_DECAY) {
		v->v.i = an_instant(r, minus(last_ms, take_signed(r)));
	} else {
		v->half_ms = in_range(r, (int64_t)take_varint(r), 1, INT64_MAX);
		v->at_ms = an_instant(r, minus(last_ms, take_signed(r)));
		v->v.i = take_double(r);
	}
	if (custom_is_nothing(v))
		reader_fail(r);
}

void customs_unpack(struct reader *r, struct facts *f)
{
	unsigned n = (unsigned)in_range(r, take_byte(r), 1, CUSTOM_MAX);

	for (unsigned i = 0; i < n && !r->bad; i++) {
		take_custom(r, &f->custom[i], f->scalar[FACT_last_event].i);
		for (unsigned k = 0; k < i; k++)
			if (f->custom[k].key == f->custom[i].key)
				reader_fail(r);
	}
	f->n_custom = (uint8_t)n;
}
