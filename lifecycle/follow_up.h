/* SPDX-License-Identifier: Apache-2.0 */
/* Follow-ups: which notifications ask somebody to act, who that is, by when, and who is next in
 * line.
 *
 *   follow_up call_back on risk.silent owner account_manager or "sales desk"
 *             due 2 business days  escalate 4 business days to "head of sales"  outcome 30d */
#ifndef KITH_LIFECYCLE_FOLLOW_UP_H
#define KITH_LIFECYCLE_FOLLOW_UP_H
#include "lifecycle/calendar.h"

#define FOLLOW_UPS_MAX 16
#define FOLLOW_UP_OWNER_MAX 64 /* bytes */
#define FOLLOW_UP_OUTCOME_MS (30 * DAY_MS) /* where the file says nothing */

/* A length of time, of the clock or of working hours. */
struct delay {
	int64_t ms;          /* 0: none */
	uint8_t business;    /* enum business: in its ms of … */
	const struct calendar *calendar; /* … one of the machine's */
	const struct calendar_regions *regions; /* … or the one of the customer's region; or NULL */
};
/* The first instant at which D has passed since T for a customer of REGION (may be empty);
 * INT64_MAX when that is never reached. */
int64_t delay_after(const struct delay *d, struct span region, int64_t t_ms);

struct follow_up {
	struct span name;    /* "call_back" */
	struct span id;      /* "follow_up.call_back" */
	struct span on;      /* the type of notification that opens it: "risk.silent" */
	bool of_customer;    /* it is the customer's account manager's, if there is one, else … */
	struct span owner;   /* … this one's; may be empty */
	struct delay due, escalate; /* since the notification's instant came to light */
	struct span next;    /* who has it once it is escalated; empty: who had it */
	int64_t outcome_ms;  /* so long after it was opened a purchase counts as coming back */
	int line;
};

#endif
