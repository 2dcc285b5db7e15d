/* SPDX-License-Identifier: Apache-2.0 */
/* Schedule: when a webhook is tried again. Pure: the clock and the chance are arguments.
 *
 * The delays are those that Standard Webhooks recommends, each shaken by a fifth either way, so
 * that what failed together does not come back together. */
#ifndef KITH_DAEMON_WEBHOOK_SCHEDULE_H
#define KITH_DAEMON_WEBHOOK_SCHEDULE_H
#include <stdint.h>
#include "base/err.h"

#define SCHEDULE_ATTEMPTS_MAX 32
#define RETRY_AFTER_MAX_MS    INT64_C(86400000) /* however long a receiver asks for */

struct schedule {
	unsigned n;                              /* attempts in all, at least 1 */
	int64_t delay_ms[SCHEDULE_ATTEMPTS_MAX]; /* before each */
};
/* 0, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h */
extern const struct schedule schedule_default;

/* Read "0s,5s,5min"; ERR_INVALID with a complaint. */
int schedule_parse(struct schedule *s, const char *text, struct complaint *c);

/* What became of one attempt. */
struct attempt {
	int status;             /* of HTTP; 0: no answer */
	int64_t retry_after_ms; /* what the answer asked for; -1: nothing */
};
enum fate {
	FATE_DELIVERED, /* 2xx */
	FATE_AGAIN,     /* anything else, a redirect too */
	FATE_DEAD,      /* the same, and the schedule is at its end */
	FATE_GONE,      /* 410: the endpoint wants no more */
};
/* Judge the attempt, the ATTEMPTS-th of this letter, that ended at NOW_MS. CHANCE is any number,
 * all of them equally likely. *RET_DUE_MS is set for FATE_AGAIN. */
enum fate schedule_judge(const struct schedule *s, unsigned attempts, const struct attempt *a,
	int64_t now_ms, uint64_t chance, int64_t *ret_due_ms);

/* No attempt is put off by more. */
int64_t schedule_longest(const struct schedule *s);

#endif
