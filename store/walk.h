/* SPDX-License-Identifier: Apache-2.0 */
/* Walk: the frames of one open segment file in order, each checked against the one before it.
 *
 * Reads with pread in blocks of WALK_BLOCK. What a block holds may be older than the file when a
 * writer is at work: walk_forget() before looking again. */
#ifndef KITH_STORE_WALK_H
#define KITH_STORE_WALK_H
#include "store/journal.h"
#include "store/segment.h"

#define WALK_BLOCK (256u << 10)

struct walk {
	int fd; /* owned by the caller */
	uint64_t seed;
	uint64_t offset;   /* where the next frame begins */
	uint64_t sequence; /* the number it must have */
	uint64_t previous; /* the check of the frame before it */
	uint64_t durable;  /* of the last frame, its own word; 0 before the first */
	uint64_t limit;    /* blocks are read up to here only */
	uint8_t *block;    /* bytes of the file from block_offset */
	uint64_t block_offset;
	size_t block_size, block_capacity;
};

/* Stand before the first frame of S. W is zeroed or was used before: it keeps its memory. */
void walk_init(struct walk *w, int fd, uint64_t seed, const struct segment *s);
void walk_fini(struct walk *w);
void walk_forget(struct walk *w);

/* 0 with the next frame, whose payload lies in W until the next call; ERR_NOTFOUND when no valid
 * one is there: the end, a torn one or a damaged one. ERR_VERSION: it has flags unknown here. */
int walk_next(struct walk *w, struct frame *ret_frame);

/* After ERR_NOTFOUND: look at everything behind for a frame that says that the missing one had
 * been durable. 1 with its place, 0 when there is none, or an error. */
int walk_find_proof(struct walk *w, uint64_t *ret_sequence, uint64_t *ret_offset);

#endif
