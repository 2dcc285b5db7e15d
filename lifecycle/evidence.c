/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence: the comparisons of a rule with the numbers they were judged by, and what stands
 * beside them without having been compared. */
#include "lifecycle/judge.h"

static void ladder_evidence(const struct machine *m, const struct test *t,
	const struct verdict *v, struct evidence *e)
{
	const struct ladder *l = &m->ladders[t->quantity - QUANTITY_LADDER];
	uint8_t rung = v->rung[t->quantity - QUANTITY_LADDER];

	e->fact = l->name;
	e->unit = UNIT_NAME;
	e->known = rung < l->n_rungs;
	if (!e->known)
		return;
	e->value = rung;
	e->text = l->rungs[rung].name;
}

static void quantity_evidence(const struct machine *m, const struct test *t, const struct law *law,
	int64_t now_ms, struct evidence *e)
{
	struct quantity_about about = machine_quantity(m, t->quantity);
	const char *name = NULL;

	e->fact = about.name;
	e->unit = about.unit;
	e->known = law_value(law, now_ms, &e->value);
	if (e->known && e->unit == UNIT_NAME)
		name = quantity_naming(t->quantity)((unsigned)e->value);
	if (name)
		e->text = span_str(name);
}

static void law_of_test(const struct test *t, const struct facts *f, struct law *ret_law)
{
	quantity_read(t->quantity, f, t->rhythm, ret_law);
	law_adopt_window(ret_law, t);
}

/* The list being filled, at one instant. */
struct listing {
	const struct machine *m;
	const struct facts *f;
	const struct verdict *v;
	int64_t now_ms;
	struct evidence *out;
	unsigned n;
};

/* A number, read once for what it is and for whether it holds. */
static bool number_evidence(const struct listing *l, const struct test *t, struct evidence *e)
{
	struct comparison c;
	struct law law;

	law_of_test(t, l->f, &law);
	quantity_evidence(l->m, t, &law, l->now_ms, e);
	if (t->op == OP_IN)
		return test_holds(t, l->f, l->v, l->now_ms);
	return comparison_read(t, l->f, &law, &c) && e->known && comparison_accepts(&c, e->value);
}

static bool add_test(struct listing *l, const struct test *t)
{
	struct evidence *e = &l->out[l->n];

	if (l->n == EVIDENCE_MAX)
		return test_holds(t, l->f, l->v, l->now_ms);
	*e = (struct evidence){ .test = t->text, .speaks = true };
	if (t->quantity >= QUANTITY_LADDER) {
		ladder_evidence(l->m, t, l->v, e);
		e->holds = test_holds(t, l->f, l->v, l->now_ms);
	} else {
		e->holds = number_evidence(l, t, e);
	}
	l->n++;
	return e->holds;
}

static void be_silent(struct listing *l, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++)
		l->out[i].speaks = false;
}

/* Tests of one rule were parsed one after the other, so file order is the order from left to
 * right. Where one side alone decides an and (it is false) or an or (it is true), the other has no
 * say. Returns whether the node holds. */
static bool add_tests(struct listing *l, uint16_t rule)
{
	const struct node *node = &l->m->nodes[rule];
	unsigned begin = l->n, middle;
	bool left, right, deciding = node->kind == NODE_OR;

	if (node->kind == NODE_TEST)
		return add_test(l, &l->m->tests[node->left]);
	left = add_tests(l, node->left);
	if (node->kind == NODE_NOT)
		return !left;
	middle = l->n;
	right = add_tests(l, node->right);
	if (left == deciding && right != deciding)
		be_silent(l, middle, l->n);
	if (right == deciding && left != deciding)
		be_silent(l, begin, middle);
	return deciding ? left || right : left && right;
}

unsigned rule_evidence(const struct machine *m, uint16_t rule, const struct facts *f,
	const struct verdict *v, int64_t now_ms, struct evidence *out)
{
	struct listing l = { m, f, v, now_ms, out, 0 };

	if (rule != NODE_NONE)
		(void)add_tests(&l, rule);
	return l.n;
}

static unsigned find(const struct evidence *list, unsigned n, struct span fact)
{
	unsigned i = 0;

	while (i < n && !span_eq(list[i].fact, fact))
		i++;
	return i;
}

/* The window that the first test of OUTLOOK looks ahead. */
static bool window_context(const struct test *t, const struct facts *f, struct evidence *e)
{
	struct law law = quantity_law(t->quantity, f, t->rhythm);

	law_adopt_window(&law, t);
	e->fact = span_str("window");
	e->unit = UNIT_DURATION;
	e->known = law.kind == LAW_ACTIVE;
	e->value = e->known ? law.window_ms : 0;
	return e->known;
}

void rung_context(const struct machine *m, const struct rung *r, const struct facts *f,
	int64_t now_ms, struct notification *n)
{
	for (unsigned i = 0; i < r->n_context && n->n_context < CONTEXT_MAX; i++) {
		struct test t = { .quantity = r->context[i], .rhythm = &m->rhythm };
		struct evidence *e = &n->context[n->n_context];
		struct law law;

		*e = (struct evidence){ 0 };
		if (r->context[i] == QUANTITY_WINDOW) {
			(void)window_context(&m->tests[r->outlook], f, e);
		} else {
			law_of_test(&t, f, &law);
			quantity_evidence(m, &t, &law, now_ms, e);
		}
		if (e->known && find(n->context, n->n_context, e->fact) == n->n_context)
			n->n_context++;
	}
}
