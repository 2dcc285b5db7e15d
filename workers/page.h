/* SPDX-License-Identifier: Apache-2.0 */
/* Page: a few customers in key order, read between two inputs. What goes through everybody and
 * changes nothing does so a page at a time, and the inputs come in between. */
#ifndef KITH_WORKERS_PAGE_H
#define KITH_WORKERS_PAGE_H
#include "workers/worker.h"

#define PAGE_CUSTOMERS 256 /* half a millisecond or so */

/* The customer behind KEY, by the machine M with the numbers N, into s->customer; KEY goes on to them.
 * *RET_WHOLE false: their record is damaged, and s->customer is nobody. ERR_NOTFOUND behind the last. */
int page_next(struct shard *s, struct buf *key, const struct machine *m,
	const struct numbering *n, bool *ret_whole);

/* Call VISIT for the customers behind Q's key, which goes on to the last of them; Q is `done` when
 * nobody is behind it. A damaged record counts for nobody. ERR_NOTFOUND: there is no lifecycle
 * file; ERR_EXISTS: another version is in force than Q's `from`. */
int page_read(struct shard *s, struct query *q,
	void (*visit)(struct shard *s, struct query *q, const struct customer *c));

#endif
