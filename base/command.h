/* SPDX-License-Identifier: Apache-2.0 */
/* Commands: what an operator asks of the whole store or of one customer, as a plain struct. It
 * owns no memory. A command that changes state is an input in the journal, so a replay obeys it
 * again. The numbers are those of proto/kith.proto: never renumber. */
#ifndef KITH_BASE_COMMAND_H
#define KITH_BASE_COMMAND_H
#include "base/event.h"

enum command_verb {
	COMMAND_NONE,
	COMMAND_HUSH,    /* nothing is announced until COMMAND_LIVE; it goes to the history */
	COMMAND_LIVE,    /* announce what changes after at_ms (0: from now on) */
	COMMAND_SNOOZE,  /* no risk of `customer` is announced before at_ms (not after now: at once) */
	COMMAND_RELEASE, /* announce what was held back of the rule `name`, as far as it still holds */
	COMMAND_DISCARD, /* forget it */
	COMMAND_PAUSE,   /* hold back what `name` says from now on */
	COMMAND_RESUME,  /* no longer; what was held back so far is released */
	COMMAND_DONE,    /* the open follow-ups of `customer`, or that called `name`, are done with */
	COMMAND_REASSIGN, /* … are from now on the business of `other` */
	COMMAND_MERGE,   /* `customer` is `other` by another id: one person from now on */
	COMMAND_UNMERGE, /* `customer` is a person of their own again; `other`: than whom */
	COMMAND_FORGET_SOURCE, /* what is known of the source `name` is forgotten; its guard stays */
	COMMAND_VERBS,
};
const char *command_verb_name(unsigned v); /* "hush"; "none" beyond */

struct command {
	uint8_t verb;         /* enum command_verb */
	struct span customer; /* 1 to EVENT_CUSTOMER_MAX bytes where the verb is about one */
	struct span name;     /* a rule: "risk.silent", "stage.repeat"; or a source */
	struct span other;    /* a new owner: 1 to EVENT_TEXT_MAX bytes; or another customer */
	int64_t at_ms;        /* 0 none */
};

/* NULL, or what C lacks as a sentence. */
const char *command_complaint(const struct command *c);

#endif
