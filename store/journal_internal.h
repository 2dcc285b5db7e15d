/* SPDX-License-Identifier: Apache-2.0 */
/* What journal.c (writing) and journal_open.c (recovery) share. */
#ifndef KITH_STORE_JOURNAL_INTERNAL_H
#define KITH_STORE_JOURNAL_INTERNAL_H
#include "store/journal.h"
#include "store/segment.h"

struct journal {
	int dir_fd;
	int fd; /* of the current segment, the last */
	uint8_t store_id[16];
	uint64_t seed;
	struct journal_settings settings;

	struct segment *segments; /* oldest first; room for one more is kept free */
	size_t count, capacity;

	uint64_t end;           /* of the last frame, in the current segment */
	uint64_t room;          /* up to here it may be written; == end: it is cut, or full */
	uint64_t zeroed;        /* up to here its blocks have been written before */
	uint64_t last, durable; /* sequences */
	uint64_t check;         /* of the last frame */
	uint64_t syncing;       /* `durable` when the sync under way is over */
	bool dirty;             /* written since the last sync was begun */
	bool sync_needed;       /* by the last sync that was begun: there is something for it to do */
	bool in_sync;           /* one is under way */
	bool torn;              /* a write beside a sync failed: it may have left a part of itself */
	bool failed;            /* for good: what is on disk is unknown */

	struct buf pending; /* appended, not written */
	uint64_t pending_last;
	uint64_t pending_check;
};

/* Keep room for one more entry of `segments`. */
int journal_reserve(struct journal *j);
/* Sync, then make a segment with room for SIZE bytes of frames the current one. */
int journal_begin_segment(struct journal *j, uint64_t size, int64_t now_ms);
/* Forget what is appended and not written. */
void journal_forget(struct journal *j);

#endif
