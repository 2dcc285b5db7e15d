/* SPDX-License-Identifier: Apache-2.0 */
/* Hush: what goes to the history and to nobody. A shard that is hushed announces nothing; what a
 * back-filled customer went through is told to nobody either. Both are counted by type, so that
 * going live can say what was passed over. Kept in memory, written with each checkpoint as
 *   { i64 until_ms, i64 since_ms, u8 over, the tally's rows }. */
#ifndef KITH_WORKERS_HUSH_H
#define KITH_WORKERS_HUSH_H
#include "base/notification.h"
#include "workers/tally.h"

struct shard;
struct customer;
struct change;
struct cause;

struct hush {
	int64_t until_ms;  /* changes up to here are told to nobody; 0 none, NEVER until told */
	int64_t since_ms;  /* when counting began; 0 never */
	bool over;         /* went live: the next change passed over begins a new count */
	struct tally passed; /* over, by type */
};

int hush_load(struct shard *s);
int hush_store(struct shard *s);
void hush_fini(struct shard *s);
/* COMMAND_HUSH: UNTIL_MS is NEVER, a new count begins. COMMAND_LIVE: it is when to speak again. */
void hush_begin(struct shard *s, int64_t now_ms);
void hush_end(struct shard *s, int64_t until_ms);
/* Whether this change of C is told to nobody; counts it then under TYPE, a name's number. */
bool hush_takes(struct shard *s, const struct customer *c, const struct change *ch, uint16_t type,
	const struct cause *why);

#endif
