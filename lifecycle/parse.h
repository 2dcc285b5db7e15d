/* SPDX-License-Identifier: Apache-2.0 */
/* Parser: fills a machine from a lifecycle file, by recursive descent, one token ahead.
 *
 *   parse.c       zone, ladders, risks
 *   parse_rhythm.c  the customers' rhythm
 *   parse_setting.c  blocks of settings, the value block
 *   parse_rung.c  what follows a name: attributes, the rule
 *   parse_rule.c  and, or, not, parentheses
 *   parse_test.c  one comparison
 *   parse_value.c numbers and units
 *   parse_constant.c  numbers with a name
 *   parse_fact.c  facts of the file's own, with their filters
 *   parse_follow_up.c  who is to act, and by when
 *   parse_calendar.c  opening hours, working time
 *   parse_source.c  the opening hours of sources
 *   parse_token.c what these stand on
 *   parse_say.c   a sentence of the file's own
 *   context.c     afterwards: what is told beside a rule's tests
 *   plan.c        afterwards: the rules as they are judged
 *
 * Every function returns 0 or a negative enum err, with the complaint filled. docs/LIFECYCLE.md
 * has the grammar. Private to the compiler. */
#ifndef KITH_LIFECYCLE_PARSE_H
#define KITH_LIFECYCLE_PARSE_H
#include "lifecycle/lex.h"
#include "lifecycle/machine.h"
#include "lifecycle/suggest.h"

#define PLAY_MAX_BYTES 200
#define CONSTANTS_MAX  64

/* let regular = 45d */
struct constant {
	struct span name, number; /* the number as written */
	int line;
};

struct parser {
	struct lexer lexer;
	struct token token;       /* the next one */
	struct token before;      /* the one before it */
	struct machine *machine;
	size_t names_used;        /* of machine->names */
	uint8_t owner;            /* of the tests being parsed, see struct test */
	bool in_filter;           /* of a fact, over the fields of … */
	uint8_t filter_body;      /* … events of this body */
	unsigned depth;           /* of parentheses and nots */
	struct complaint *complaint; /* may be NULL */
	unsigned n_constants;
	struct constant constants[CONSTANTS_MAX];
	int zone_line;            /* 0: no zone yet */
	int rhythm_line;          /* 0: no rhythm yet */
	int value_line;           /* 0: no value block yet */
};

/* The room that machine->names must have. */
size_t parse_names_max(void);

/* Parse the whole of machine->text. The machine is zeroed but for text, names and UTC. */
int parse_file(struct parser *p);

/* Make terms of the nodes, and what judging wants to know of the tests (plan.c). */
void machine_plan(struct machine *m);
/* Of that, what is about events (plan_touch.c): for T the next of m->still, false when there is no room
 * for what it reads; then all the rest. */
bool plan_still(struct machine *m, const struct test *t);
void plan_touch(struct machine *m);

/* Find what each rule is to tell beside its tests (context.c). */
void machine_context(struct machine *m);

/* ---- for the parts of the parser */

int parse_next(struct parser *p);
/* ERR_INVALID at T. */
int parse_fail(struct parser *p, const struct token *t, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* ERR_INVALID at the next token: "expected WHAT, found …", and a suggestion (may be NULL). */
int parse_expected(struct parser *p, const char *what, struct suggestion *s);
/* Take the next token, which must be a name that NAMING gives, from 1 on, for what is called OF. */
int parse_one_of(struct parser *p, const char *(*naming)(unsigned), const char *of, unsigned *ret);
/* Take the next token, which must be TEXT; WHAT as above. */
int parse_take(struct parser *p, const char *text, const char *what);
bool parse_is_among(struct span name, const char *const *list, size_t n);
/* A span of machine->names, its bytes appended by parse_keep(). */
struct span parse_keep_begin(const struct parser *p);
void parse_keep(struct parser *p, struct span *s, struct span more);

/* All attributes of R, and its rule if it is to have one. */
int parse_body(struct parser *p, struct rung *r, bool has_rule);
/* `say ["zh"] "…"` of R, behind the word. */
int parse_say(struct parser *p, struct rung *r);
int parse_rule(struct parser *p, uint16_t *ret_node);
int parse_test(struct parser *p, uint16_t *ret_test);
/* `fact NAME = …`, from the word on. */
int parse_fact(struct parser *p);
/* One comparison of a field of an event. */
int parse_event_test(struct parser *p, uint16_t *ret_test);
/* `calendar [NAME] { … }`, from the word on. */
int parse_calendar(struct parser *p);
/* `business days …` after NUMBER, which T has as its number, from the first word on. */
int parse_business(struct parser *p, const struct token *number, struct test *t);
/* `follow_up NAME on TYPE …`, from the word on. */
int parse_follow_up(struct parser *p);
/* The calendar NAME ("" for the one without), or NULL. */
const struct calendar *parse_calendar_find(const struct machine *m, struct span name);
/* `source "till-*" in NAME`, from the word on. */
int parse_source(struct parser *p);
/* `region NAME in CALENDAR`, from the word on. */
int parse_region(struct parser *p);
/* `let NAME = NUMBER`, from the word on. */
int parse_constant(struct parser *p);
/* NAME's constant, or NULL. */
const struct constant *parse_constant_find(const struct parser *p, struct span name);
void parse_offer_constants(const struct parser *p, struct suggestion *s);
/* Whether the next token is a number, or a constant that stands for one: its digits. */
bool parse_is_number(const struct parser *p, struct span *ret_digits);
/* A name that is written like one and not taken by the language. WHAT: "ladder", … */
int parse_name(struct parser *p, const char *what, struct span *ret_name);
/* ERR_INVALID at NAME when something else that rules can read has it. */
int parse_name_is_free(struct parser *p, const struct token *name, const char *what);
/* The next token as a number of UNIT within [LEAST, MOST]; RANGE says so in words. */
int parse_number(struct parser *p, unsigned unit, double least, double most, const char *range,
	double *ret_value);
/* `rhythm { … }`, `rhythm for … { … }`, `season { … }`, from the word on; after the last one. */
int parse_rhythm(struct parser *p);
int parse_season(struct parser *p);
void parse_rhythm_end(struct parser *p);
/* A setting that a block may have, a double at AT of what the block fills. */
struct parse_setting {
	const char *name;
	unsigned unit; /* enum unit */
	double least, most;
	const char *range;
	size_t at;
};
struct parse_settings {
	const struct parse_setting *settings;
	size_t n;
	const char *expected; /* "r, alpha or }" */
};
/* `{ NAME NUMBER … }` into INTO. *GIVEN: a bit for each that has been. WHAT: of the {. */
int parse_settings(struct parser *p, const struct parse_settings *block, void *into,
	unsigned *given, const char *what);
/* `value { … }`, from the word on. */
int parse_value_block(struct parser *p);
#define RHYTHM_TIME_RANGE "a duration from 1h to 100y"
/* The value after an operator of T, whose quantity and op are set. */
int parse_value(struct parser *p, struct test *t);
/* Offer the quantities that fit: all, or those of T's unit that do not move. */
void parse_offer_quantities(const struct machine *m, struct suggestion *s, const struct test *t);

#endif
