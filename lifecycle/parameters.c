/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters as bytes:
 *
 *   u32 version, u64 since_ms, u64 fitted_ms, u64 fitted_for
 *   u8 cuts, then for each: u8 size, quantity, share and bound (doubles)
 *   u8 fits, then for each: u8 class, r, alpha, a, b (doubles)
 *   u8 1 when the spending was fitted, then u64 spend_for, p, q, v (doubles); else 0
 *
 * All little-endian. */
#include <math.h>
#include "base/hash.h"
#include "lifecycle/parameters.h"

uint64_t machine_rhythm_key(const struct machine *m)
{
	uint64_t key = m->classes.n;

	for (unsigned i = 0; i <= m->classes.n; i++) {
		const struct rhythm *r = i ? &m->classes.classes[i - 1].rhythm : &m->rhythm;
		const double numbers[] = { r->r, r->alpha, r->a, r->b };

		key = hash_64(numbers, sizeof numbers, key);
		for (unsigned k = 0; i && k < m->classes.classes[i - 1].n_conditions; k++) {
			const struct class_condition *c = &m->classes.classes[i - 1].conditions[k];
			const uint64_t what[] = { c->is_text, c->which, c->names };

			key = hash_64(what, sizeof what, key);
			key = hash_64(c->text.data, c->text.size, key);
		}
	}
	return key;
}

uint64_t machine_spend_key(const struct machine *m)
{
	const double numbers[] = { m->value.p, m->value.q, m->value.v };

	return hash_64(numbers, sizeof numbers, 0);
}

static const struct cut *cut_find(const struct parameters *p, struct span quantity, double share)
{
	for (unsigned i = 0; i < p->n_cuts; i++)
		if (span_eq(span_str(p->cuts[i].quantity), quantity) && p->cuts[i].share == share)
			return &p->cuts[i];
	return NULL;
}

static void take_fits(struct machine *m, const struct parameters *p)
{
	if (p->n_fits == 0 || p->fitted_for != m->rhythm_key)
		return;
	for (unsigned i = 0; i < p->n_fits; i++) {
		const struct fit_of_class *f = &p->fits[i];
		struct rhythm *r = f->class ? &m->classes.classes[f->class - 1].rhythm : &m->rhythm;

		if (f->class > m->classes.n)
			continue;
		r->r = f->r;
		r->alpha = f->alpha;
		r->a = f->a;
		r->b = f->b;
	}
	m->fitted = true;
}

static void take_spend(struct machine *m, const struct parameters *p)
{
	if (!p->spend.given || p->spend_for != m->spend_key)
		return;
	m->value.p = p->spend.p;
	m->value.q = p->spend.q;
	m->value.v = p->spend.v;
	m->spend_fitted = true;
}

void machine_take_parameters(struct machine *m, const struct parameters *p)
{
	m->parameters_version = p->version;
	m->parameters_since_ms = p->since_ms;
	take_fits(m, p);
	take_spend(m, p);
	for (struct test *t = m->tests; t < m->tests + m->n_tests; t++) {
		const struct cut *cut = t->top > 0 ? cut_find(p,
			machine_quantity(m, t->quantity).name, t->top) : NULL;

		if (cut)
			t->number = cut->bound;
	}
	machine_plan_numbers(m);
}

bool parameters_differ(const struct parameters *a, const struct parameters *b, double share)
{
	if (a->n_cuts != b->n_cuts)
		return true;
	for (unsigned i = 0; i < a->n_cuts; i++) {
		const struct cut *other = cut_find(b, span_str(a->cuts[i].quantity), a->cuts[i].share);

		if (!other || fabs(other->bound - a->cuts[i].bound) > share * fabs(a->cuts[i].bound))
			return true;
	}
	return false;
}

static void add_number(struct buf *out, uint64_t v, unsigned bytes)
{
	uint8_t le[8];

	put_le64(le, v);
	buf_add(out, le, bytes);
}

static void add_double(struct buf *out, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof bits);
	add_number(out, bits, 8);
}

void parameters_encode(struct buf *out, const struct parameters *p)
{
	add_number(out, p->version, 4);
	add_number(out, (uint64_t)p->since_ms, 8);
	add_number(out, (uint64_t)p->fitted_ms, 8);
	add_number(out, p->fitted_for, 8);
	add_number(out, p->n_cuts, 1);
	for (unsigned i = 0; i < p->n_cuts; i++) {
		size_t size = strlen(p->cuts[i].quantity);

		add_number(out, size, 1);
		buf_add(out, p->cuts[i].quantity, size);
		add_double(out, p->cuts[i].share);
		add_double(out, p->cuts[i].bound);
	}
	add_number(out, p->n_fits, 1);
	for (unsigned i = 0; i < p->n_fits; i++) {
		add_number(out, p->fits[i].class, 1);
		add_double(out, p->fits[i].r);
		add_double(out, p->fits[i].alpha);
		add_double(out, p->fits[i].a);
		add_double(out, p->fits[i].b);
	}
	add_number(out, p->spend.given, 1);
	if (!p->spend.given)
		return;
	add_number(out, p->spend_for, 8);
	add_double(out, p->spend.p);
	add_double(out, p->spend.q);
	add_double(out, p->spend.v);
}

struct reader {
	const uint8_t *p, *end;
	bool bad;
};

static uint64_t take_number(struct reader *r, unsigned bytes)
{
	uint8_t le[8] = { 0 };

	r->bad = r->bad || (size_t)(r->end - r->p) < bytes;
	if (r->bad)
		return 0;
	memcpy(le, r->p, bytes);
	r->p += bytes;
	return get_le64(le);
}

static double take_double(struct reader *r)
{
	uint64_t bits = take_number(r, 8);
	double v;

	memcpy(&v, &bits, sizeof v);
	r->bad = r->bad || !isfinite(v);
	return v;
}

static void take_cut(struct reader *r, struct cut *cut)
{
	size_t size = take_number(r, 1);

	r->bad = r->bad || size > CUT_NAME_MAX || (size_t)(r->end - r->p) < size ||
		memchr(r->p, '\0', size);
	if (r->bad)
		return;
	memcpy(cut->quantity, r->p, size);
	r->p += size;
	cut->share = take_double(r);
	cut->bound = take_double(r);
}

static void take_fit(struct reader *r, struct fit_of_class *f)
{
	f->class = (uint8_t)take_number(r, 1);
	f->r = take_double(r);
	f->alpha = take_double(r);
	f->a = take_double(r);
	f->b = take_double(r);
	r->bad = r->bad || f->class > CLASSES_MAX || !(f->r >= RHYTHM_MIN && f->r <= RHYTHM_MAX) ||
		!(f->alpha >= RHYTHM_TIME_MIN_MS && f->alpha <= RHYTHM_TIME_MAX_MS) ||
		!(f->a >= 0 && f->a <= RHYTHM_MAX) || !(f->b >= RHYTHM_MIN && f->b <= RHYTHM_MAX);
}

static void take_spend_fit(struct reader *r, struct parameters *p)
{
	struct fit_of_spend *s = &p->spend;
	uint64_t given = take_number(r, 1);

	r->bad = r->bad || given > 1;
	if (r->bad || !given)
		return;
	s->given = true;
	p->spend_for = take_number(r, 8);
	s->p = take_double(r);
	s->q = take_double(r);
	s->v = take_double(r);
	r->bad = r->bad || !(s->p >= SPEND_MIN && s->p <= SPEND_MAX) ||
		!(s->q >= SPEND_Q_MIN && s->q <= SPEND_MAX) || !(s->v >= 0 && s->v <= SPEND_SCALE_MAX);
}

int parameters_decode(struct parameters *p, struct span bytes)
{
	struct reader r = { bytes.data, bytes.data + bytes.size, false };

	memset(p, 0, sizeof *p);
	p->version = (uint32_t)take_number(&r, 4);
	p->since_ms = (int64_t)take_number(&r, 8);
	p->fitted_ms = (int64_t)take_number(&r, 8);
	p->fitted_for = take_number(&r, 8);
	p->n_cuts = (unsigned)take_number(&r, 1);
	r.bad = r.bad || p->n_cuts > TOPS_MAX;
	for (unsigned i = 0; i < p->n_cuts && !r.bad; i++)
		take_cut(&r, &p->cuts[i]);
	p->n_fits = (unsigned)take_number(&r, 1);
	r.bad = r.bad || p->n_fits > CLASSES_MAX + 1;
	for (unsigned i = 0; i < p->n_fits && !r.bad; i++)
		take_fit(&r, &p->fits[i]);
	take_spend_fit(&r, p);
	return r.bad || r.p != r.end ? ERR_CORRUPT : 0;
}
