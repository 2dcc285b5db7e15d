/* SPDX-License-Identifier: Apache-2.0 */
/* Segment: one file of the journal, `<20 digits>.journal` after its first frame.
 *
 * It opens with one block of SEGMENT_HEADER bytes, little-endian:
 *
 *    0  "kithjrnl"
 *    8  u32 version         SEGMENT_VERSION
 *   12  u32 header          4096
 *   16  16 bytes            store id
 *   32  u64 first           sequence of its first frame
 *   40  u64 previous_first  `first` of the segment before it; 0: none
 *   48  u64 previous_check  `check` of the frame before its first; 0: none
 *   56  i64 created_ms
 *   64  zeros
 * 4088  u64 check           XXH3 of bytes 0 … 4087, seed 0
 *
 * and frames follow without a gap. A segment appears under its name only when its header and its
 * room are on disk, and only after every frame of the segments before it is: so of all segments
 * only the last can have a torn tail. */
#ifndef KITH_STORE_SEGMENT_H
#define KITH_STORE_SEGMENT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

#define SEGMENT_HEADER    4096u
#define SEGMENT_VERSION   1u
#define SEGMENT_NAME_SIZE 29

struct segment {
	uint64_t first;
	uint64_t previous_first;
	uint64_t previous_check;
	int64_t created_ms;
	uint64_t bytes; /* of the file, preallocated room included */
};

void segment_name(uint64_t first, char out[SEGMENT_NAME_SIZE]);

/* The `first` of each segment in DIR_FD by name, ascending; the caller frees *RET_FIRSTS, which
 * is NULL for none. */
int segment_list(int dir_fd, uint64_t **ret_firsts, size_t *ret_n);
/* Remove what a crash during segment_create() left under a temporary name. */
int segment_remove_unfinished(int dir_fd);

/* Make S's file of S->bytes, header and room durable, and open it for writing. It replaces a
 * file of the same name, which must hold no frame. ERR_NOSPACE, ERR_IO …: nothing has changed.
 * ERR_UNKNOWN: the name may or may not survive a power cut. */
int segment_create(int dir_fd, const uint8_t store_id[16], const struct segment *s, int *ret_fd);

/* Open the segment FIRST, FLAGS as of open(2), and read its header into RET_S. A wrong header is
 * ERR_CORRUPT, another store's or version's ERR_VERSION, with a complaint; the descriptor is
 * closed then. */
int segment_open(int dir_fd, uint64_t first, int flags, const uint8_t store_id[16],
	struct segment *ret_s, int *ret_fd, struct complaint *c);
/* 1 when the file has not a byte but zeros: creating it never ended, on a file system that keeps
 * a name without the bytes. 0, or an error of reading it. */
int segment_is_blank(int dir_fd, uint64_t first);
/* Unlink it and make that durable. ERR_UNKNOWN: it is gone, and a power cut may bring it back. */
int segment_remove(int dir_fd, uint64_t first);

/* All bytes or an error; what was written in between is then anyone's guess. */
int segment_write(int fd, const void *data, size_t size, uint64_t offset);
/* Up to SIZE bytes, fewer only at the end of the file; returns how many, or an error. */
long segment_read(int fd, void *data, size_t size, uint64_t offset);

#endif
