/* SPDX-License-Identifier: Apache-2.0 */
/* Follow-ups of customers: a notification that asks for action opens one, for one owner, with a due
 * time. It is closed by the outbound contact that answers it, by hand, when its reason is over or
 * was withdrawn; past due it is announced as overdue, then handed to the next in line. Each step is
 * announced, as follow_up.opened, .overdue, .escalated, .closed.
 *
 * A closed one stays until its outcome is known: whether the customer bought within the outcome
 * window. What became of them all is counted by rule, so that one sees which earn their keep.
 * Counts are kept in memory and written with each checkpoint under the setting "follow_ups". */
#ifndef KITH_WORKERS_FOLLOW_UP_H
#define KITH_WORKERS_FOLLOW_UP_H
#include "base/command.h"
#include "lifecycle/follow_up.h"

struct shard;
struct customer;
struct change;
struct cause;

enum follow_up_state {
	FOLLOW_UP_OPEN, FOLLOW_UP_OVERDUE, FOLLOW_UP_ESCALATED,
	/* closed: */
	FOLLOW_UP_ANSWERED,  /* by an outbound contact */
	FOLLOW_UP_DONE,      /* by hand */
	FOLLOW_UP_OVER,      /* the reason has gone by itself */
	FOLLOW_UP_RETRACTED, /* it was never so */
	FOLLOW_UP_STATES,
};
const char *follow_up_state_name(unsigned v);
static inline bool follow_up_is_closed(unsigned state)
{
	return state >= FOLLOW_UP_ANSWERED;
}

/* One of a customer, as its row holds it. */
struct follow_up_row {
	uint8_t state;         /* enum follow_up_state */
	bool came_back;        /* has bought since, within the window */
	bool was_overdue;
	uint64_t opened_by;    /* number of the notification, in the customer's shard */
	int64_t opened_ms, due_ms;
	int64_t escalate_ms;   /* 0: not (any more) */
	int64_t outcome_ms;    /* the end of the window; 0: counted already */
	uint8_t owner_size;
	char owner[FOLLOW_UP_OWNER_MAX];
};
/* ERR_CORRUPT */
int follow_up_unpack(struct follow_up_row *f, struct span record);

/* What became of those of one rule. */
struct follow_up_counts {
	uint16_t name;         /* number of "follow_up.call_back" */
	uint64_t opened, in_time, late, done, over, retracted; /* answered in time, late; … */
	uint64_t overdue, escalated;
	/* with a known outcome, and of those who came back: [1] somebody acted, [0] nobody did */
	uint64_t outcomes[2], came_back[2];
};
struct follow_ups {
	unsigned n;
	struct follow_up_counts list[FOLLOW_UPS_MAX * 2]; /* those of files gone by make room */
};

int follow_ups_load(struct shard *s);
int follow_ups_store(struct shard *s);

/* CH of TYPE, a name's number, was announced of C under SEQUENCE: it may open one. */
int follow_up_open(struct shard *s, struct customer *c, uint16_t type, const struct change *ch,
	uint64_t sequence, const struct cause *why);
/* What TYPE announced of C is over, or was withdrawn. */
int follow_up_end(struct shard *s, struct customer *c, uint16_t type, enum follow_up_state state,
	const struct cause *why);
/* All that are open of C are over, also those of a file that is not in force any more. */
int follow_ups_end(struct shard *s, struct customer *c, const struct cause *why);
/* WHY's event of C may answer one, or be the coming back. Costs nothing where none is open. */
int follow_up_event(struct shard *s, struct customer *c, const struct cause *why);
/* It is NOW_MS: what is due? Sets C's alarm for what comes next. */
int follow_up_wake(struct shard *s, struct customer *c, int64_t now_ms, const struct cause *why);
/* COMMAND_DONE, COMMAND_REASSIGN of C; *RET_FOUND: there was one. */
int follow_up_command(struct shard *s, struct customer *c, const struct command *cmd,
	const struct cause *why, bool *ret_found);

#endif
