/* SPDX-License-Identifier: Apache-2.0 */
/* Standing: what a machine makes of a customer's facts at an instant, and when that will next
 * change with nothing happening.
 *
 * Pure: no clock, no file, no allocation. Only `struct standing` is remembered between calls:
 * what was last announced. */
#ifndef KITH_LIFECYCLE_STANDING_H
#define KITH_LIFECYCLE_STANDING_H
#include "lifecycle/machine.h"

#define NEVER INT64_MAX
#define RUNG_NONE 0xff /* met for the first time, or a rung the machine does not have */

/* A judgement: the rung of each ladder, and the risks that hold, a bit each. */
struct verdict {
	uint8_t rung[LADDERS_MAX];
	uint32_t risks;
};

/* What was last announced of a customer, by indexes of one machine. */
struct standing {
	uint32_t lifecycle_version;  /* of that machine */
	uint32_t parameters_version; /* likewise */
	int64_t settled_ms;          /* everything up to here has been announced; 0 never */
	int64_t due_ms;              /* when to look again: at the next change or before it; NEVER */
	bool was_actual;             /* has ever been on the actual side */
	struct verdict verdict;
	int64_t since_ms[LADDERS_MAX];
	int64_t risk_since_ms[RISKS_MAX]; /* of the risks that hold */
};

void standing_init(struct standing *s);

/* The verdict of M on F at NOW. */
void machine_judge(const struct machine *m, const struct facts *f, int64_t now_ms,
	struct verdict *ret_verdict);
bool verdict_equal(const struct machine *m, const struct verdict *a, const struct verdict *b);

/* The first instant after NOW at which machine_judge() differs from V, its verdict at NOW, if
 * nothing happens; NEVER. Exact to the millisecond: it differs there and not 1 ms before.
 * What would come after SOLVE_HORIZON_MS counts as NEVER. */
#define SOLVE_HORIZON_MS INT64_C(253402300800000) /* 10000-01-01 */
int64_t machine_next_change(const struct machine *m, const struct facts *f, int64_t now_ms,
	const struct verdict *v);

/* One change that standing_move() found. */
enum change_kind { CHANGE_RUNG, CHANGE_RISK_RAISED, CHANGE_RISK_CLEARED, CHANGE_CROSSING,
	CHANGE_RETRACTED /* of a history: one that was not so */ };
enum crossing { CROSSING_NONE, CROSSING_CONVERTED, CROSSING_LOST, CROSSING_WON_BACK,
	CROSSING_AT_RISK, CROSSING_RECOVERED, CROSSING_COUNT };
const char *crossing_name(unsigned v); /* "customer.converted" */

struct change {
	uint8_t kind;      /* enum change_kind */
	uint8_t crossing;  /* CHANGE_CROSSING */
	uint8_t ladder;    /* CHANGE_RUNG and the crossings of sides */
	uint8_t from, to;  /* rungs; RUNG_NONE */
	uint8_t risk;      /* AT_RISK: the most severe one; RECOVERED: the last one cleared */
	uint8_t job;       /* enum job that follows from the side: develop, maintain, win_back */
	int64_t since_ms;  /* since when the old state had held, 0 unknown */
	int64_t at_ms;
};
#define CHANGES_MAX (LADDERS_MAX + RISKS_MAX + 2)

/* Whether CH is about reasons of risk, not about a rung or a side. */
bool change_is_of_risk(const struct change *ch);
/* A reason holds, and they can still be lost. */
bool standing_is_at_risk(const struct standing *s, const struct machine *m);
/* The job that follows from where S stands: develop, maintain, win back; JOB_NONE without sides. */
enum job standing_job(const struct standing *s, const struct machine *m);

/* Move S to verdict V of M at AT, filling OUT with what changed: rungs in ladder order, risks in
 * file order, then the crossings they make. Of a customer met for the first time (settled_ms 0)
 * the first rung of a ladder is no change. A rung that M does not have any more (RUNG_NONE while
 * settled) has no known side: leaving it makes only those crossings that are certain. At risk is who
 * has a reason and is not lost: losing somebody is no recovery, and who is won back in spite of one
 * is at risk again.
 * Sets everything in S but due_ms. For the functions below, and to foretell. */
unsigned standing_move(struct standing *s, const struct machine *m, const struct verdict *v,
	int64_t at_ms, struct change out[CHANGES_MAX]);

/* Numbers that tests compare which do not move (struct watch), as they were read of some facts. */
struct numbers {
	uint64_t read, known; /* a bit each; what was read may have no value */
	double value[WATCHES_MAX];
};

/* What F was before it learnt an event, as far as it matters for what follows from it. Large, and
 * mostly left as it is. */
struct before {
	struct numbers numbers; /* those that the event's body can change … */
	int64_t first_event_ms, first_purchase_ms, last_purchase_ms, purchase_days;
	bool has_head;
	struct facts head; /* … and of a purchase or a refund facts_copy_head(), for the others */
};
/* To be asked before F learns an event with this BODY. */
void standing_before(const struct machine *m, const struct facts *f, unsigned body,
	struct before *ret_before);

/* Looking at S, whose facts are F, to find what has changed. Each fills OUT and returns how many
 * changes there are, and sets due_ms: S cannot change by itself before it, and the last
 * instant that was looked at is before it.
 *   begin  for the first time, or by another machine than before; the next change is solved
 *   event  F has just learnt an event with this BODY, at AT or before; S is settled up to AT and
 *          due after it. BEFORE is what standing_before() gave for that body, and is used up.
 *          EXACTLY: due_ms is solved, else only moved forward when something comes sooner
 *   wake   due_ms has come: settle it and solve the next change. When nothing has changed,
 *          settled_ms stays, since a late event counts from what has been announced */
unsigned standing_begin(struct standing *s, const struct machine *m, const struct facts *f,
	int64_t at_ms, struct change out[CHANGES_MAX]);
unsigned standing_event(struct standing *s, const struct machine *m, const struct facts *f,
	unsigned body, struct before *before, int64_t at_ms, bool exactly,
	struct change out[CHANGES_MAX]);
unsigned standing_wake(struct standing *s, const struct machine *m, const struct facts *f,
	struct change out[CHANGES_MAX]);

/* Fill everything of N that follows from the change, the facts and the machine: type, ladder,
 * from, to, since, at, rule, version, severity, job, play, owner, region, value, evidence. Spans
 * point into M, F and constant texts. FROM_NAME serves for a rung that M does not have any more. F
 * is as it was judged. V is the verdict on it at the change's instant, or NULL: then it is judged
 * once more. Customer, number, cause and noticed_ms are the caller's and left alone. */
void change_describe(const struct change *ch, const struct machine *m, const struct facts *f,
	const struct verdict *v, struct span from_name, struct notification *n);

/* What would be lost with the customer: margin where every purchase told it, else net spend. False
 * (and 0) of who never bought. */
bool value_at_stake(const struct facts *f, int64_t *ret_value);

/* Evidence of one rule at NOW, whose verdict is V: its tests in file order, EVIDENCE_MAX of them
 * at most. Returns how many. */
unsigned rule_evidence(const struct machine *m, uint16_t rule, const struct facts *f,
	const struct verdict *v, int64_t now_ms, struct evidence *out);
/* Add to N what R's rule does not compare and is told all the same, as of NOW: the values that are
 * known. */
void rung_context(const struct machine *m, const struct rung *r, const struct facts *f,
	int64_t now_ms, struct notification *n);
/* Whether the rule of RUNG, or of a risk, holds at NOW, and the first instant after NOW at which
 * test TEST alone flips (NEVER): what `kith explain` prints. */
bool rung_holds(const struct machine *m, const struct rung *rung, const struct facts *f,
	const struct verdict *v, int64_t now_ms);
int64_t test_flips_at(const struct machine *m, const struct test *t, const struct facts *f,
	const struct verdict *v, int64_t now_ms);

#endif
