/* SPDX-License-Identifier: Apache-2.0 */
/* Wakes: what kith-budget --wakes counts beside settling itself: sentences for those who hear of it. */
#ifndef KITH_BENCH_BUDGET_WAKES_H
#define KITH_BENCH_BUDGET_WAKES_H
#include "workers/shard.h"

/* The lifecycle file of bench/deadlines: everybody who has bought lapses an hour later. */
struct span wakes_lifecycle(void);
#define WAKES_AFTER_MS INT64_C(3600000)
#define WAKES_AT_ONCE  64 /* deadlines of an input */
#define WAKES_NOTES    2  /* of each: the rung, and customer.lost */

struct wakes;
struct wakes *wakes_new(void); /* NULL: memory */
void wakes_free(struct wakes *w);
/* Read each notification of O, as the main thread does, and say it. False: one cannot be read. */
bool wakes_tell(struct wakes *w, const struct outcome *o);

#endif
