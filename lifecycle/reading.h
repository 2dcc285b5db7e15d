/* SPDX-License-Identifier: Apache-2.0 */
/* Reading: what the tests of one machine say of one customer's facts, each law taken from the facts
 * once and each test that does not move asked once. For the span of one judgement: it lies on the
 * stack, and sees FACTS as they are when it first asks. */
#ifndef KITH_LIFECYCLE_READING_H
#define KITH_LIFECYCLE_READING_H
#include "lifecycle/judge.h"
#include "lifecycle/value.h"

struct reading {
	const struct machine *m;
	const struct facts *f;
	uint64_t laws;        /* slots that are filled, a bit each */
	uint64_t asked, held; /* tests that do not move, by their places: asked, and holding */
	struct numbers numbers;
	struct value_memo value[2]; /* of the potential value, of the lifetime value */
	struct law law[SLOTS_MAX];
};

static inline void reading_init(struct reading *r, const struct machine *m, const struct facts *f)
{
	r->m = m;
	r->f = f;
	r->laws = r->asked = r->held = 0;
	r->numbers.read = r->numbers.known = 0;
	r->value[false].is_read = r->value[true].is_read = false;
}

/* Whether those tests of the group T that do not move are as it wants them; V has the rungs that
 * they may read. */
bool reading_ask(struct reading *r, const struct term *t, const struct verdict *v);
static inline bool reading_agrees(struct reading *r, const struct term *t, const struct verdict *v)
{
	if ((r->held ^ t->holding) & t->stills & r->asked)
		return false;
	return !(t->stills & ~r->asked) || reading_ask(r, t, v);
}

/* Whether a test that does not move, and has no place, holds. */
bool reading_still(const struct reading *r, const struct test *t, const struct verdict *v);
/* The comparison of a test that moves; its law may lie in OTHER. False when a value is unknown, so
 * that it never holds. */
bool reading_compare(struct reading *r, const struct test *t, struct law *other,
	struct comparison *ret_c);

/* What may have become of rules since they were last known to hold or not: only those need be asked
 * that have one of the tests STILLS, which do not move, or another one that BODY can touch. Of the
 * latter CALM spares some. */
struct touched {
	bool all;     /* whatever moves, whoever can touch it */
	bool whole;   /* of the rules found all that moves: some of them hold since just now */
	uint8_t body;
	uint8_t calm; /* enum calm */
	uint8_t ladders; /* whose rung is another, a bit each */
	uint32_t risks;  /* that hold, or do not, since just now */
	uint64_t stills;
};
_Static_assert(LADDERS_MAX <= 8, "a bit for each ladder in struct touched");
/* The rules of the word WORD whose tests STILLS, or those that move, may have been touched so that they
 * cease to hold, or begin to. */
uint64_t rules_touched(const struct machine *m, const struct touched *t, bool held, unsigned word);
/* Time has passed and nothing else: as after the verdict has been found. */
#define TOUCHED_BY_TIME (&(const struct touched){ .all = true })
#define TOUCHED_ALL (&(const struct touched){ .all = true, .stills = UINT64_MAX })

/* Read into N the numbers WATCHES of F. */
void numbers_read(struct numbers *n, uint64_t watches, const struct machine *m,
	const struct facts *f);
/* The tests that do not move and hold otherwise than before an event with BODY. */
uint64_t reading_turned(struct reading *r, struct before *before, unsigned body,
	const struct verdict *v);

/* The verdict at NOW. */
void reading_judge(struct reading *r, int64_t now_ms, struct verdict *ret_verdict);
/* The same, when it was V just before T was touched: only that, and what follows from it, is asked.
 * Adds to T what is another since. */
void reading_rejudge(struct reading *r, const struct verdict *v, struct touched *t, int64_t now_ms,
	struct verdict *ret_verdict);
/* The first instant from FROM to UNTIL at which a rule that was touched says something else than V,
 * V being the verdict at FROM or just before it; NEVER. */
int64_t reading_differs_at(struct reading *r, const struct verdict *v, int64_t from_ms,
	int64_t until_ms, const struct touched *t);

#endif
