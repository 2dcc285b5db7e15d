/* SPDX-License-Identifier: Apache-2.0 */
/* One customer in sentences: where they stand and why, what is to be feared, what comes next. */
#include "daemon/answer.h"
#include "daemon/daemon.h"

/* A risk that is further away than this is nobody's worry today. */
#define NEAR_MS (90 * DAY_MS)

struct account {
	const struct query *q;
	const struct words *w;
	enum language language;
	int64_t now_ms;
	struct verdict verdict;  /* now */
	json_t *list;            /* of sentences */
	struct buf text;         /* the one being made */
};

static void add(struct account *a)
{
	if (a->text.size > 0 && !a->text.failed)
		json_array_append_new(a->list, json_stringn((const char *)a->text.data,
			a->text.size));
	buf_clear(&a->text);
}

/* A change as it would be announced, were it to happen at its instant. */
static struct span describe(const struct account *a, const struct change *ch,
	const struct verdict *v, struct notification *n)
{
	const struct machine *m = a->q->lifecycle->machine;

	memset(n, 0, sizeof *n);
	change_describe(ch, m, &a->q->who->facts, v, span_of(NULL, 0), n);
	n->customer = span_of(a->q->who->id, a->q->who->id_size);
	return machine_say(m, n->rule, a->language);
}

static void tell(struct account *a, enum account_kind kind, const struct change *ch,
	const struct verdict *v, int64_t since_ms)
{
	struct notification n;
	struct span say = describe(a, ch, v, &n);

	account_write(&a->text, a->w, kind, &n, say, since_ms, a->now_ms);
	add(a);
}

static void tell_rungs(struct account *a)
{
	const struct customer *who = a->q->who;

	for (unsigned l = 0; l < a->q->lifecycle->machine->n_ladders; l++) {
		struct change ch = { .kind = CHANGE_RUNG, .ladder = (uint8_t)l, .from = RUNG_NONE,
			.to = a->verdict.rung[l], .at_ms = a->now_ms };

		tell(a, ACCOUNT_RUNG, &ch, &a->verdict, who->standing.since_ms[l]);
	}
}

static struct change raised(unsigned risk, int64_t at_ms)
{
	return (struct change){ .kind = CHANGE_RISK_RAISED, .risk = (uint8_t)risk, .at_ms = at_ms };
}

static void tell_risks(struct account *a)
{
	const struct customer *who = a->q->who;

	for (unsigned k = 0; k < a->q->lifecycle->machine->n_risks; k++) {
		struct change ch = raised(k, a->now_ms);

		if (a->verdict.risks >> k & 1)
			tell(a, ACCOUNT_RISK, &ch, &a->verdict, who->standing.risk_since_ms[k]);
	}
	if (a->verdict.risks == 0) {
		account_quiet(&a->text, a->w, true, span_of(who->id, who->id_size));
		add(a);
	}
}

/* What has not come yet, in the order in which it would: each step is the next change of the whole
 * standing. The first is told as it would be announced, of the risks after it only the names. */
static void tell_what_comes(struct account *a)
{
	enum { STEPS = 8 };
	const struct machine *m = a->q->lifecycle->machine;
	const struct customer *who = a->q->who;
	struct standing then = who->standing;
	struct verdict v = a->verdict;
	int64_t at = a->now_ms;
	bool any = false;

	then.verdict = v;
	for (unsigned step = 0; step < STEPS; step++) {
		struct change changes[CHANGES_MAX];
		unsigned n;

		at = machine_next_change(m, &who->facts, at, &v);
		if (at == NEVER || (any && at - a->now_ms > NEAR_MS))
			break;
		machine_judge(m, &who->facts, at, &v);
		n = standing_move(&then, m, &v, at, changes);
		for (unsigned i = 0; i < n; i++) {
			if (!any)
				tell(a, ACCOUNT_NEXT, &changes[i], &v, 0);
			else if (changes[i].kind == CHANGE_RISK_RAISED)
				tell(a, ACCOUNT_NEAR, &changes[i], &v, 0);
			any = true;
		}
	}
	if (any)
		return;
	account_quiet(&a->text, a->w, false, span_of(who->id, who->id_size));
	add(a);
}

/* Facts of the file's own that know only a part of what was told. */
static void tell_what_is_counted(struct account *a)
{
	const struct machine *m = a->q->lifecycle->machine;

	for (unsigned i = 0; i < m->n_customs; i++) {
		if (!answer_is_counted_late(a->q, i))
			continue;
		account_counted(&a->text, a->w, m->customs[i].name, a->q->fact_since_ms[i]);
		add(a);
	}
}

json_t *answer_account(struct daemon *d, const struct query *q, int64_t now_ms,
	enum language language)
{
	struct words w = sentences_words(d, language);
	struct account a = { .q = q, .w = &w, .language = language, .list = json_array() };

	a.now_ms = now_ms < q->who->standing.settled_ms ? q->who->standing.settled_ms : now_ms;
	w.zone = &q->lifecycle->machine->zone;
	machine_judge(q->lifecycle->machine, &q->who->facts, a.now_ms, &a.verdict);
	tell_rungs(&a);
	tell_risks(&a);
	tell_what_comes(&a);
	tell_what_is_counted(&a);
	buf_fini(&a.text);
	return a.list;
}
