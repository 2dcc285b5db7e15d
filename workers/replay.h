/* SPDX-License-Identifier: Apache-2.0 */
/* Replay: apply journalled inputs again, from where each shard's last checkpoint stands.
 *
 * This is start-up after a crash, the repair after a failed checkpoint, and `kith store
 * rebuild`. What it gives is what was given before, notification numbers included. */
#ifndef KITH_WORKERS_REPLAY_H
#define KITH_WORKERS_REPLAY_H
#include "workers/shard.h"

struct replay {
	const char *journal_dir;
	const uint8_t *store_id;   /* 16 bytes */
	unsigned shards;           /* of the store: places customers */
	uint64_t upto;             /* last frame to apply; 0: all there are */
	uint64_t checkpoint_events; /* commit after so many events; 0: not at all, the caller does */
	uint64_t checkpoint_pages; /* … or when so many would be written; 0: however many */
	bool freezes;              /* then freeze, and commit only what was frozen before: the caller
	                            * flushes what it finds frozen */
	bool any_engine;           /* apply inputs that another engine version took, too */
	void (*progress)(void *arg, uint64_t sequence); /* may be NULL; every few thousand frames */
	void *arg;
	/* filled */
	uint64_t frames, events;   /* of the journal */
	uint64_t applied, frozen;  /* events in these shards; of these, up to the last commit or freeze */
};

/* Apply to each of N shards (of R->shards) the frames after its position. ERR_VERSION for a
 * tail taken by another engine, unless allowed; ERR_CORRUPT for a journal that begins too late. */
int replay_run(struct replay *r, struct shard *const *list, unsigned n, struct complaint *c);

/* Positions in B of the events that belong to SHARD, those for all included, into LIST (room for
 * all of them). */
uint32_t batch_select(const struct batch *b, unsigned shard, unsigned shards, uint32_t *list);

#endif
