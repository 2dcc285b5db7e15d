/* SPDX-License-Identifier: Apache-2.0 */
/* A customer's life in days under the lifecycle file that ships, for the tests that go through
 * the domain row by row. */
#ifndef KITH_TESTS_UNIT_DOMAIN_H
#define KITH_TESTS_UNIT_DOMAIN_H
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "lifecycle/standing.h"

#define DAY INT64_C(86400000)
#define T0  (20000 * DAY)

struct life {
	struct machine *m;
	struct facts f;
	struct standing s;
	char told[64][48];        /* types, in order; emptied by told() */
	unsigned n_told;
	struct notification last; /* of the latest announcement that has a severity, else the latest */
	unsigned orders;
};

static struct life *life_new(void)
{
	struct span text = machine_default_text();
	struct life *y = calloc(1, sizeof *y);
	struct complaint c = { 0 };

	assert_non_null(y);
	if (machine_compile((const char *)text.data, text.size, &y->m, &c) != 0)
		fail_msg("%d:%d: %s", c.line, c.column, c.text);
	y->m->version = 1;
	facts_init(&y->f);
	standing_init(&y->s);
	return y;
}

static void life_end(struct life *y)
{
	machine_free(y->m);
	free(y);
}

static void life_move(struct life *y, int64_t at_ms)
{
	struct change changes[CHANGES_MAX];
	struct notification n;
	struct verdict v;
	unsigned n_changes;

	machine_judge(y->m, &y->f, at_ms, &v);
	n_changes = standing_move(&y->s, y->m, &v, at_ms, changes);
	for (unsigned i = 0; i < n_changes; i++) {
		memset(&n, 0, sizeof n);
		change_describe(&changes[i], y->m, &y->f, &v, span_str(""), &n);
		if (n.severity || i == 0)
			y->last = n;
		assert_true(y->n_told < 64);
		snprintf(y->told[y->n_told++], sizeof y->told[0], "%.*s", (int)n.type.size,
			(const char *)n.type.data);
	}
	y->s.due_ms = machine_next_change(y->m, &y->f, at_ms, &v);
}

/* It is day DAY_NUMBER; what fell due before has been announced at its time. */
static inline void on_day(struct life *y, double day_number)
{
	int64_t now_ms = T0 + (int64_t)(day_number * (double)DAY);

	while (y->s.due_ms <= now_ms)
		life_move(y, y->s.due_ms);
	life_move(y, now_ms);
}

static inline void happens(struct life *y, double day_number, struct event e)
{
	on_day(y, day_number);
	e.time_ms = T0 + (int64_t)(day_number * (double)DAY);
	facts_add(&y->f, &e, NULL);
	life_move(y, e.time_ms);
}

#define HAPPENS(y, day, its_body, ...) \
	happens(y, day, (struct event){ .body = BODY_##its_body, __VA_ARGS__ })

static inline void buys(struct life *y, double day, int64_t amount)
{
	char order[16];

	snprintf(order, sizeof order, "o%u", ++y->orders);
	HAPPENS(y, day, PURCHASE, .as.purchase = { .order = span_str(order), .amount = amount });
}

/* Every EVERY days from the day FROM to the day TO. */
static inline void buys_regularly(struct life *y, int from, int to, int every, int64_t amount)
{
	for (int day = from; day <= to; day += every)
		buys(y, day, amount);
}

static inline void says(struct life *y, double day, enum factor factor, enum answer answer)
{
	struct event e = { .body = BODY_READINESS };

	e.as.readiness.factor[factor] = (uint8_t)answer;
	happens(y, day, e);
}

static inline void is_qualified(struct life *y, double day)
{
	says(y, day, FACTOR_NEED, ANSWER_YES);
	says(y, day, FACTOR_ABILITY, ANSWER_YES);
	says(y, day, FACTOR_AUTHORITY, ANSWER_YES);
}

/* Where Y stands on a ladder. */
static inline const char *stands(struct life *y, const char *ladder)
{
	static char name[48];
	int l = machine_ladder(y->m, span_str(ladder));
	struct span s;

	assert_true(l >= 0);
	s = y->m->ladders[l].rungs[y->s.verdict.rung[l]].name;
	snprintf(name, sizeof name, "%.*s", (int)s.size, (const char *)s.data);
	return name;
}

static inline const char *side(struct life *y)
{
	int l = machine_ladder(y->m, span_str("stage"));

	return side_name(y->m->ladders[l].rungs[y->s.verdict.rung[l]].side);
}

static inline bool is_at_risk(struct life *y, const char *risk)
{
	int r = machine_risk(y->m, span_str(risk));

	assert_true(r >= 0);
	return y->s.verdict.risks >> r & 1;
}

static inline bool was_told(struct life *y, const char *type)
{
	for (unsigned i = 0; i < y->n_told; i++)
		if (strcmp(y->told[i], type) == 0)
			return true;
	return false;
}

static inline void forget_told(struct life *y)
{
	y->n_told = 0;
}

static inline bool span_is(struct span s, const char *text)
{
	return span_eq(s, span_str(text));
}

#define STANDS(y, ladder, rung) assert_string_equal(stands(y, ladder), rung)

#endif
