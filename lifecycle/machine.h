/* SPDX-License-Identifier: Apache-2.0 */
/* Machine: a lifecycle file, compiled. Immutable once made; any number of threads may use it.
 *
 * A file declares ladders (ordered sets of exclusive rungs, the last whose rule holds wins),
 * risks (independent names) and a few settings. A rule is an and/or/not of tests; a test
 * compares one quantity with a number, with a multiple of a constant quantity, with names, or
 * asks a flag. docs/LIFECYCLE.md is the manual of the language. */
#ifndef KITH_LIFECYCLE_MACHINE_H
#define KITH_LIFECYCLE_MACHINE_H
#include "base/err.h"
#include "base/language.h"
#include "base/notification.h"
#include "base/zone.h"
#include "lifecycle/calendar.h"
#include "lifecycle/classes.h"
#include "lifecycle/custom.h"
#include "lifecycle/follow_up.h"
#include "lifecycle/quantity.h"
#include "lifecycle/value.h"

#define LADDERS_MAX 8
#define RUNGS_MAX   32
#define RISKS_MAX   32
#define TESTS_MAX   512
#define NODES_MAX   1024
#define EVENT_TESTS_MAX 256
#define TOPS_MAX    16 /* different cut-offs by rank */
#define LIFECYCLE_BYTES_MAX (256u << 10)

/* Where no fit says better: the middle of what shops were found to be. */
#define RHYTHM_DEFAULT ((struct rhythm){ .r = 0.85, .alpha = 45 * 86400000.0, .a = 0.6, .b = 1, \
	.floor = 0.02, .window = 60 * 86400000.0 })
#define RHYTHM_TIME_MIN_MS 3600000.0             /* alpha and windows: an hour … */
#define RHYTHM_TIME_MAX_MS (100 * 365 * 86400000.0) /* … to a hundred years */

enum test_op { OP_LT, OP_LE, OP_GT, OP_GE, OP_EQ, OP_NE, OP_IS /* flag */, OP_IN /* names */ };

#define OWNER_RISK LADDERS_MAX
#define TEST_TEXT_MAX 200
struct test {
	uint16_t quantity;    /* enum quantity, or QUANTITY_LADDER + ladder index */
	uint16_t other;       /* constant quantity multiplied by `number`, or QUANTITY_NONE */
	uint8_t op;           /* enum test_op; OP_EQ and OP_NE only of what does not move */
	double number;        /* in the unit of the quantity: ms, minor units, 0.5 for 50 % */
	double top;           /* `top 1%`: 0.01, and NUMBER is what the best of all have at least, NAN
	                       * while that is not known (parameters.h); else 0 */
	uint64_t names;       /* OP_IN: bit per enum value or rung */
	uint8_t business;     /* enum business: NUMBER is working time of … */
	const struct calendar *calendar; /* … one of the machine's */
	const struct calendar_regions *regions; /* … or the one of the customer's region; or NULL */
	double window_ms;     /* of active(30d); 0: that of the rhythm */
	const struct rhythm *rhythm; /* the machine's */
	uint8_t owner;        /* whose rule it stands in: a ladder, or OWNER_RISK + a risk */
	uint8_t slot;         /* of its law in a reading, SLOT_NONE: read each time (plan.c) */
	uint8_t place;        /* among those that do not move, or STILLS_MAX (plan.c) */
	bool moves;           /* the passing of time alone can flip it */
	struct span text;     /* as written in the file, blanks and comments folded; cut with a …
	                       * before TEST_TEXT_MAX, since it rides in notifications */
	int line;
};

/* A number that tests compare which do not move: read once, whatever compares it. */
struct watch {
	uint64_t places;      /* of the tests that read it, a bit each */
	double low, high;     /* as long as it stays below both or above both, none of them turns */
};
#define WATCHES_MAX 64
#define WATCH_NONE  0xff

/* A test that does not move, as it is asked. */
struct still {
	double number;
	uint64_t names;       /* OP_IN */
	uint8_t watch;        /* the number it compares; of a ladder's test which ladder */
	uint8_t other;        /* the one NUMBER is multiplied by, WATCH_NONE */
	uint8_t op;
	bool plain;           /* a number against NUMBER alone: most are */
	bool of_ladder;
};

enum node_kind { NODE_AND, NODE_OR, NODE_NOT, NODE_TEST };
struct node {
	uint8_t kind;         /* enum node_kind */
	/* Nodes; NODE_TEST: left is the test; NODE_NOT: left only. A chain of and (or) leans to
	 * the right, so that only parentheses and not nest on the left, at most DEPTH_MAX deep. */
	uint16_t left, right;
};
#define NODE_NONE 0xffff
#define DEPTH_MAX 64

/* A rule as it is judged: plan.c makes one from its nodes. Two kinds are enough: a group holds when
 * all its members do, and an or is the opposite of a group of opposites. Members that do not move
 * are bits, looked at first and all at once; the others lie behind the group, the cheap ones first.
 * File order is for people, and means nothing here. */
enum term_kind { TERM_TEST, TERM_ALL };
struct term {
	uint8_t kind;         /* enum term_kind */
	bool negated;
	uint16_t test;        /* TERM_TEST */
	uint16_t end;         /* the term after this one and its members */
	uint16_t touched_by;  /* bodies that can touch a test that moves, in it or its members: BY_… */
	uint64_t stills;      /* TERM_ALL: tests that do not move, by their place among such … */
	uint64_t holding;     /* … and those of them that are to hold, the others are not to */
	uint64_t all_stills;  /* those of its members too */
};
#define STILLS_MAX 64 /* places; tests beyond are asked one by one */
#define SLOTS_MAX 64
#define SLOT_NONE 0xff

struct rung {
	struct span name;
	uint8_t side;         /* enum side */
	uint8_t severity;     /* enum severity; a risk that tells none is medium */
	uint8_t job;          /* enum job, JOB_NONE: derived from the sides */
	struct span play;     /* suggested play, may be empty */
	uint16_t rule;        /* node, NODE_NONE: always holds (the first rung) */
	uint16_t plan;        /* the same as a term, meaningless without a rule */
	struct span id;       /* "stage.repeat" */
	struct span say[1 + LANGUAGES]; /* the file's own sentence for all languages, and for one
	                       * each (1 + enum language); may be empty */
	uint16_t context[CONTEXT_MAX]; /* quantities, or QUANTITY_WINDOW: context.c */
	uint8_t n_context;
	uint16_t outlook;     /* the test whose window QUANTITY_WINDOW is */
	int line;
};

/* How little an event has moved: what follows from that for tests that move is in plan_touch.c. */
enum calm {
	CALM_NOT,
	CALM_LATER,    /* nothing has become earlier, and there had been a purchase before */
	CALM_SAME_DAY, /* nor is there another day with a purchase, and the last one is past */
	CALM_COUNT
};

/* The rule of a rung but the first, or of a risk. */
struct rule {
	uint16_t plan;        /* its term */
};
#define RULES_MAX (LADDERS_MAX * RUNGS_MAX + RISKS_MAX)
#define RULE_WORDS ((RULES_MAX + 63) / 64)

/* What an event of one body leads to: the rules that it can have moved a test of which moves, being so
 * calm, so that they begin to hold [0], or cease to [1]. */
struct body_rules {
	uint64_t asked[CALM_COUNT][2][RULE_WORDS];
};

struct ladder {
	struct span name;
	unsigned n_rungs;
	struct rung rungs[RUNGS_MAX];
	bool sided;           /* its rungs have sides and make crossings: at most one ladder */
};

/* What the file says of the sources whose names begin (or are) so. */
#define SOURCE_HOURS_MAX 64
struct source_hours {
	struct span name;     /* without the * */
	bool begins;          /* there was a * at the end */
	bool unwatched;
	const struct calendar *calendar; /* NULL: always open */
	int line;
};

struct machine {
	uint32_t version;     /* set by whoever journals the file; 0 until then */
	int64_t since_ms;     /* when it was switched on */
	uint32_t parameters_version; /* parameters.h; 0 none */
	int64_t parameters_since_ms;
	uint64_t rhythm_key;  /* of the rhythms as the file has them: a fit for others has no say */
	uint64_t spend_key;   /* of the value block's p, q and v, likewise */
	bool fitted;          /* the rhythm is that of the parameters */
	bool spend_fitted;    /* p, q and v are */
	uint64_t fingerprint; /* hash_64() of the text, seed 0 */
	char zone_name[64];   /* `zone "Europe/London"`, default UTC */
	struct zone zone;     /* opened by machine_compile() */
	struct rhythm rhythm; /* `rhythm { … }`, default RHYTHM_DEFAULT; times in ms */
	struct rhythm_classes classes; /* rhythm.classes points here when there are some, or a season */
	struct outlook_table outlooks[1 + CLASSES_MAX]; /* of the whole and of each class */
	struct value value;   /* `value { … }`, default VALUE_DEFAULT; rhythm.value points here */
	unsigned n_calendars;
	struct calendar calendars[CALENDARS_MAX];
	unsigned n_sources;
	struct source_hours sources[SOURCE_HOURS_MAX];
	struct calendar_regions regions;
	unsigned n_customs;
	struct custom customs[CUSTOM_MAX];
	unsigned n_event_tests;
	struct event_test event_tests[EVENT_TESTS_MAX];
	unsigned n_ladders;
	struct ladder ladders[LADDERS_MAX];
	unsigned n_risks;
	struct rung risks[RISKS_MAX]; /* id "risk.silent" */
	unsigned n_follow_ups;
	struct follow_up follow_ups[FOLLOW_UPS_MAX]; /* one a type at most */
	unsigned n_tests;
	struct test tests[TESTS_MAX];
	unsigned n_nodes;
	struct node nodes[NODES_MAX];
	unsigned n_terms;
	struct term terms[NODES_MAX];
	unsigned n_stills;
	uint16_t stills[STILLS_MAX]; /* the test at each place */
	struct still still[STILLS_MAX]; /* what of it is asked */
	uint64_t ladder_stills;      /* those that read a ladder */
	uint64_t stills_of[LADDERS_MAX]; /* … this one */
	bool has_loose_ladders;      /* tests that read one have found no place */
	unsigned n_watches;
	uint16_t watched[WATCHES_MAX]; /* the quantities */
	struct watch watches[WATCHES_MAX];
	uint64_t watches_by[BODY_COUNT]; /* those that an event of that body can change, but for … */
	uint64_t watches_moved[32]; /* … those that go by what a purchase or a refund moves: moved.h */
	unsigned watched_moves;
	unsigned n_rules;
	uint16_t first_rule[LADDERS_MAX + 1]; /* of each ladder, and of the risks; upwards */
	struct rule rules[RULES_MAX];
	struct body_rules body_rules[BODY_COUNT];
	uint64_t rules_moving[RULE_WORDS]; /* that the passing of time alone can turn */
	uint64_t rules_void[RULE_WORDS]; /* that cannot hold: a rank they ask for is not known */
	uint64_t rules_of[STILLS_MAX][RULE_WORDS]; /* with the test of that place */
	uint64_t silent_owners; /* whose rules the mere absence of purchases or contacts can flip */
	struct span text;     /* own copy of the file; spans point into it or into `names` */
	char *names;
};

/* Compile TEXT. *RET_MACHINE is the caller's, for machine_free(). ERR_INVALID: the complaint
 * has line, column (in characters), what was found and what was expected. ERR_TOOBIG beyond
 * LIFECYCLE_BYTES_MAX, ERR_NOMEM. Opens a time zone, so not from two threads at once. */
int machine_compile(const char *text, size_t size, struct machine **ret_machine,
	struct complaint *c);
/* From when on M judges as it does. */
static inline int64_t machine_since(const struct machine *m)
{
	return m->since_ms > m->parameters_since_ms ? m->since_ms : m->parameters_since_ms;
}
void machine_free(struct machine *m); /* ignores NULL */

/* The file that is compiled into the binary: examples/default.lifecycle. */
struct span machine_default_text(void);

/* What is known of a quantity, one of the file's own facts too (Q < QUANTITY_LADDER). */
struct quantity_about {
	struct span name;
	uint8_t unit;           /* enum unit */
	uint8_t law;            /* enum law_kind */
	unsigned changed_by;    /* BY_… bits */
};
struct quantity_about machine_quantity(const struct machine *m, unsigned q);
/* The quantity NAME, or -1. */
int machine_quantity_lookup(const struct machine *m, struct span name);

/* The sentence of the rung or risk whose id is RULE in LANGUAGE, or the one for all; empty. */
struct span machine_say(const struct machine *m, struct span rule, enum language language);

/* parameters.c: of the rhythms as M has them now. */
uint64_t machine_rhythm_key(const struct machine *m);
uint64_t machine_spend_key(const struct machine *m);
/* plan_touch.c: the numbers of tests have changed, or its rhythms. */
void machine_plan_numbers(struct machine *m);

/* Index, or -1. */
int machine_custom(const struct machine *m, struct span name);
int machine_ladder(const struct machine *m, struct span name);
int ladder_rung(const struct ladder *l, struct span name);
int machine_risk(const struct machine *m, struct span name);

/* What is said of SOURCE: by the whole name, or else by the longest beginning; NULL: nothing. */
const struct source_hours *machine_source(const struct machine *m, struct span source);

#endif
