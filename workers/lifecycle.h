/* SPDX-License-Identifier: Apache-2.0 */
/* A lifecycle in force: a compiled machine shared by the shards and the main thread, counted. */
#ifndef KITH_WORKERS_LIFECYCLE_H
#define KITH_WORKERS_LIFECYCLE_H
#include <stdatomic.h>
#include "lifecycle/parameters.h"

struct lifecycle {
	atomic_int refs;
	struct machine *machine;
};

/* machine_compile() for any thread: it opens a time zone, which one may do at a time. */
int lifecycle_compile(const char *text, size_t size, struct machine **ret_machine,
	struct complaint *c);

/* That of M's text, version and since, with parameters P. One reference. ERR_NOMEM. */
int lifecycle_with(const struct machine *m, const struct parameters *p, struct lifecycle **ret);
/* Takes over MACHINE; one reference for the caller. NULL when memory is out (MACHINE is freed). */
struct lifecycle *lifecycle_new(struct machine *machine);
struct lifecycle *lifecycle_hold(struct lifecycle *l);
void lifecycle_drop(struct lifecycle *l); /* ignores NULL */

#endif
