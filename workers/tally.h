/* SPDX-License-Identifier: Apache-2.0 */
/* Tally: how many of each name, by the name's number in this environment, in memory. As rows:
 * { u16 name number, u64 count } each, of those that are not 0, by number. */
#ifndef KITH_WORKERS_TALLY_H
#define KITH_WORKERS_TALLY_H
#include "base/bytes.h"

struct tally {
	uint64_t *counts; /* by name number */
	unsigned size;
};

void tally_fini(struct tally *t);
void tally_clear(struct tally *t); /* nothing is counted */
/* How many of NAME. */
uint64_t tally_of(const struct tally *t, uint16_t name);
/* BY more, or fewer. When memory is out nothing is counted. */
void tally_add(struct tally *t, uint16_t name, int by);
/* Instead of what was counted, what ROWS say. ERR_NOMEM. */
int tally_read(struct tally *t, struct span rows);
/* Append the rows. ERR_NOMEM. */
int tally_write(const struct tally *t, struct buf *out);

#endif
