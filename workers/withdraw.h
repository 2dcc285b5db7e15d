/* SPDX-License-Identifier: Apache-2.0 */
/* Withdrawal: an event that comes late may show that what was announced was not so at its time.
 * Then the story is told again with the event in its place, what had been announced and does not
 * come up again is taken back by a notification that names it, and what is new is announced with
 * its own instant. What comes up again stands, and nobody hears of it.
 *
 * The promise (docs/WITHDRAWAL.md): announcements minus withdrawals are those of the same events
 * told in time; and each ladder, each risk and each kind of crossing is a stack: what is withdrawn
 * is the latest that stands, so that the last word that stands is what is true. */
#ifndef KITH_WORKERS_WITHDRAW_H
#define KITH_WORKERS_WITHDRAW_H
#include "workers/settle.h"

/* Fold the event or message of WHY, which story_add() calls late for C at AT_MS. *RET_DONE false: the
 * story cannot be told again, and nothing has happened but that the trail begins anew. Uses
 * s->rewound. */
int withdraw_late(struct shard *s, struct customer *c, int64_t at_ms, const struct cause *why,
	bool *ret_done);

#endif
