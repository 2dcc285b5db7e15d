/* SPDX-License-Identifier: Apache-2.0 */
/* Walk: the frames of one segment file. */
#define _GNU_SOURCE /* SEEK_DATA */
#include "store/walk.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "store/frame.h"

void walk_init(struct walk *w, int fd, uint64_t seed, const struct segment *s)
{
	w->fd = fd;
	w->seed = seed;
	w->offset = SEGMENT_HEADER;
	w->sequence = s->first;
	w->previous = s->previous_check;
	w->durable = 0;
	w->limit = UINT64_MAX;
	walk_forget(w);
}

void walk_fini(struct walk *w)
{
	free(w->block);
	*w = (struct walk){ 0 };
}

void walk_forget(struct walk *w)
{
	w->block_size = 0;
}

/* Let the block hold SIZE bytes from OFFSET, when the file does. Returns how many bytes from there
 * it has, fewer than SIZE only at the end of the file, or an error. */
static long load(struct walk *w, uint64_t offset, size_t size)
{
	size_t want = size > WALK_BLOCK ? size : WALK_BLOCK;
	uint64_t end = w->block_offset + w->block_size;
	long n;

	if (w->block_size > 0 && offset >= w->block_offset && offset + size <= end)
		return (long)(end - offset);
	if (want > w->block_capacity) {
		free(w->block);
		w->block_size = w->block_capacity = 0;
		w->block = malloc(want);
		if (!w->block)
			return ERR_NOMEM;
		w->block_capacity = want;
	}
	want = w->block_capacity;
	if (w->limit - offset < want) /* only a whole frame may reach beyond the limit */
		want = w->limit - offset > size ? (size_t)(w->limit - offset) : size;
	n = segment_read(w->fd, w->block, want, offset);
	w->block_offset = offset;
	w->block_size = n < 0 ? 0 : (size_t)n;
	return n;
}

static uint8_t *at(const struct walk *w, uint64_t offset)
{
	assert(offset >= w->block_offset && offset <= w->block_offset + w->block_size);
	return w->block + (offset - w->block_offset);
}

/* 1 when the frame of H lies whole at OFFSET, 0 when not, or an error. */
static int is_whole(struct walk *w, uint64_t offset, const struct frame_header *h)
{
	size_t size = frame_size(h->length);
	long n = load(w, offset, size);

	if (n < 0)
		return (int)n;
	return (size_t)n >= size && frame_is_whole(at(w, offset), h, w->seed);
}

int walk_next(struct walk *w, struct frame *ret_frame)
{
	long n = load(w, w->offset, FRAME_HEADER);
	struct frame_header h;
	int rc;

	if (n < 0)
		return (int)n;
	if ((size_t)n < FRAME_HEADER || !frame_read_header(at(w, w->offset), w->seed, &h) ||
		h.sequence != w->sequence || h.previous != w->previous)
		return ERR_NOTFOUND;
	rc = is_whole(w, w->offset, &h);
	if (rc <= 0)
		return rc < 0 ? rc : ERR_NOTFOUND;
	if (h.flags != 0 || h.reserved != 0)
		return ERR_VERSION;
	ret_frame->sequence = h.sequence;
	ret_frame->type = h.type;
	ret_frame->payload = span_of(at(w, w->offset) + FRAME_HEADER, h.length);
	w->offset += frame_size(h.length);
	w->sequence++;
	w->previous = h.check;
	w->durable = h.durable;
	return 0;
}

/* Is P the header of a later frame that was written when the missing one was durable? The two
 * numbers are compared first: next to no other bytes get as far as the hash. */
static bool is_proof(const struct walk *w, const uint8_t *p, struct frame_header *ret_h)
{
	return get_le64(p + 24) >= w->sequence && get_le64(p + 16) > get_le64(p + 24) &&
	       frame_read_header(p, w->seed, ret_h);
}

/* Preallocated room that was never written need not be read. Find the next stretch from OFFSET on
 * where there can be more than zeros; false when there is none. What a read has brought into the
 * page cache counts as written, so nothing may be read beyond RET_END. */
static bool next_stretch(
	const struct walk *w, uint64_t offset, uint64_t *ret_start, uint64_t *ret_end)
{
	off_t start = lseek(w->fd, (off_t)offset, SEEK_DATA), end;

	if (start < 0 && errno == ENXIO)
		return false;
	end = start < 0 ? -1 : lseek(w->fd, start, SEEK_HOLE);
	*ret_start = start < 0 ? offset : (uint64_t)start & ~(uint64_t)7;
	*ret_end = end < 0 ? UINT64_MAX : (uint64_t)end;
	return true;
}

/* Look for proof where a frame may begin from OFFSET on; all of it has to lie before END. */
static int find_in_stretch(
	struct walk *w, uint64_t offset, uint64_t end, uint64_t *ret_sequence, uint64_t *ret_offset)
{
	struct frame_header h;

	w->limit = end;
	for (; offset <= end - FRAME_HEADER; offset += 8) {
		long n = load(w, offset, FRAME_HEADER);
		int rc;

		if (n < (long)FRAME_HEADER)
			return n < 0 ? (int)n : 0;
		if (!is_proof(w, at(w, offset), &h))
			continue;
		rc = is_whole(w, offset, &h);
		if (rc == 0)
			continue;
		*ret_sequence = h.sequence;
		*ret_offset = offset;
		return rc;
	}
	return 0;
}

/* The chain cannot be followed across the gap, so every place is looked at. A header that reaches
 * into a hole has no type there, and is none. */
int walk_find_proof(struct walk *w, uint64_t *ret_sequence, uint64_t *ret_offset)
{
	uint64_t start, end = w->offset;
	int rc = 0;

	/* Reading ahead would make data of the holes. */
	(void)posix_fadvise(w->fd, 0, 0, POSIX_FADV_RANDOM);
	while (rc == 0 && end != UINT64_MAX && next_stretch(w, end, &start, &end))
		rc = find_in_stretch(w, start, end, ret_sequence, ret_offset);
	(void)posix_fadvise(w->fd, 0, 0, POSIX_FADV_NORMAL);
	w->limit = UINT64_MAX;
	return rc;
}
