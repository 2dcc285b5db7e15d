/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: one change of a customer's standing, as a plain struct. It owns no memory;
 * spans live as long as what they were taken from (a machine, an event, a message). */
#ifndef KITH_BASE_NOTIFICATION_H
#define KITH_BASE_NOTIFICATION_H
#include "base/event.h"

#define EVIDENCE_MAX 24
#define CONTEXT_MAX 6

enum side { SIDE_NONE, SIDE_POTENTIAL, SIDE_ACTUAL, SIDE_COUNT };
enum job { JOB_NONE, JOB_DEVELOP, JOB_MAINTAIN, JOB_WIN_BACK, JOB_COUNT };
/* The four plays there are: keep who buys; go where nobody has shown anything yet; win somebody who
 * is loyal to nobody; win somebody who is a competitor's customer. */
enum approach { APPROACH_NONE, APPROACH_RETAIN, APPROACH_OPEN_MARKET, APPROACH_CONTEST_GENERAL,
	APPROACH_CONTEST_COMPETITOR, APPROACH_COUNT };
const char *side_name(unsigned v);
const char *job_name(unsigned v);
const char *approach_name(unsigned v);

/* How a number of evidence is to be read. */
enum unit { UNIT_NONE, UNIT_COUNT, UNIT_MONEY, UNIT_DURATION, UNIT_TIME, UNIT_RATIO, UNIT_FLAG,
	UNIT_NAME, UNIT_COUNT_ };
const char *unit_name(unsigned v);

/* One comparison of the rule that spoke. */
struct evidence {
	struct span fact;    /* "silence" */
	struct span test;    /* the comparison as it stands in the file: "silence > 45d" */
	double value;        /* ms for durations and times, minor units, 0.5 for 50 %, 0 / 1 for flags */
	struct span text;    /* for UNIT_NAME: "wholesaler" */
	uint8_t unit;        /* enum unit */
	bool known;          /* false: there is no value yet, and the comparison does not hold */
	bool holds;
	bool speaks;         /* the verdict of its rule rests on it: of an `or` those that hold */
	bool left;           /* of the rule of the rung that was left, which has ceased to hold */
};

struct notification {
	/* known by (shard, sequence) for ever; written "3-1042" */
	uint32_t shard;
	uint64_t sequence;       /* gap-free within the shard, from 1 */
	struct span type;        /* "customer.converted", "stage.repeat", "risk.silent" */
	struct span customer;
	struct span ladder;      /* "stage", "phase", "risk" */
	struct span from;        /* rung, or "clear"; empty for a customer just met */
	struct span to;          /* rung, or "raised" */
	int64_t since_ms;        /* since when FROM had held; 0 unknown */
	int64_t at_ms;           /* when it became true */
	int64_t noticed_ms;      /* the clock of the input that brought it to light */
	struct span rule;        /* name of the rung or risk whose rule spoke: "stage.repeat" */
	uint32_t lifecycle_version;
	uint32_t parameters_version; /* 0 none */
	uint8_t severity;        /* enum severity */
	uint8_t job;             /* enum job */
	struct span play;
	struct span owner;
	bool has_value;
	int64_t value;           /* at stake, minor units: margin so far where known, else net spend */
	bool has_potential;      /* of risks: */
	int64_t potential_value; /* margin expected from here on, minor units */
	int64_t replacement_cost; /* what winning another customer costs; 0 not told */
	struct span region;      /* the customer's, where known */
	struct span tier;        /* their rung on the ladder `tier`, where the lifecycle file has one */
	struct span missing;     /* what holds them back: "authority"; of bad news also … */
	struct span reason;      /* … what they had to say of us within the year: "price" … */
	struct span reason_group; /* … and what that is about: "price" */
	struct span approach;    /* approach_name() */
	struct span subject;     /* what is spoken of when it is no customer: a webhook's name */
	struct span retracts;    /* id of the one that this takes back; its type is then that one's with
	                          * ".retracted" behind, and at_ms, from and to are that one's */
	struct span other;       /* customer.merged, customer.unmerged: into whom, from whom */
	struct span cause_source; /* both empty: silence, the passing of time */
	struct span cause_id;
	struct span text;        /* the whole in a sentence; set where it is handed out, not stored */
	unsigned n_evidence, n_context;
	struct evidence context[CONTEXT_MAX]; /* no comparisons: what people ask next (silence
	                                       * beside overdue), and what a `say` names */
	struct evidence evidence[EVIDENCE_MAX];
};

#endif
