/* SPDX-License-Identifier: Apache-2.0 */
/* Journal: opening, which is recovery.
 *
 *   list segments, read each header: every one names the one before it
 *   walk the last one to its end; look behind the end for proof that it is damage and no torn tail
 *   only then change anything: remove what never was a segment, cut the tail, sync
 *
 * Everything changed can be changed again: a crash in here is followed by the same opening. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "store/frame.h"
#include "store/journal_internal.h"
#include "store/walk.h"

/* What the walk over the last segment found. */
struct tail {
	uint64_t blank; /* a segment behind it that is nothing but zeros, to be removed; 0 none */
	uint64_t unproven; /* offset: all frames before it are known to be durable */
};

static int open_directory(const char *dir, int *ret_fd, struct complaint *c)
{
	bool made = mkdir(dir, 0750) == 0;
	int parent, rc = 0, fd;

	if (!made && errno != EEXIST)
		return complain(
			c, err_from_errno(errno), "%s: cannot make it: %s", dir, strerror(errno));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return complain(c, err_from_errno(errno), "%s: %s", dir, strerror(errno));
	if (made) {
		parent = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (parent < 0 || fsync(parent) != 0)
			rc = complain(
				c, ERR_IO, "%s: cannot make it durable: %s", dir, strerror(errno));
		if (parent >= 0)
			(void)close(parent);
	}
	if (rc != 0)
		(void)close(fd);
	*ret_fd = fd;
	return rc;
}

/* Read the header of FIRST, keep it open as the current one, and check that it follows the one
 * before. */
static int load_segment(struct journal *j, uint64_t first, struct complaint *c)
{
	const struct segment *before;
	struct segment s;
	int fd, rc = journal_reserve(j);

	if (rc != 0)
		return complain(c, rc, "journal: out of memory");
	before = j->count ? &j->segments[j->count - 1] : NULL;
	rc = segment_open(j->dir_fd, first, O_RDWR, j->store_id, &s, &fd, c);
	if (rc != 0)
		return rc;
	if (before && s.previous_first != before->first) {
		(void)close(fd);
		return complain(c, ERR_CORRUPT,
			"journal: between the segments from %" PRIu64 " and from %" PRIu64
			" one from %" PRIu64 " is missing",
			before->first, first, s.previous_first);
	}
	if (j->fd >= 0)
		(void)close(j->fd);
	j->fd = fd;
	j->segments[j->count++] = s;
	return 0;
}

static int load_segments(struct journal *j, struct tail *t, struct complaint *c)
{
	uint64_t *firsts;
	size_t n;
	int rc = segment_list(j->dir_fd, &firsts, &n);

	if (rc != 0)
		return complain(c, rc, "journal: cannot list the segments: %s", err_text(rc));
	if (n > 0) {
		rc = segment_is_blank(j->dir_fd, firsts[n - 1]);
		if (rc < 0)
			(void)complain(c, rc,
				"journal: cannot read the segment from %" PRIu64 ": %s",
				firsts[n - 1], err_text(rc));
		if (rc > 0)
			t->blank = firsts[--n];
	}
	for (size_t i = 0; i < n && rc >= 0; i++)
		rc = load_segment(j, firsts[i], c);
	free(firsts);
	return rc < 0 ? rc : 0;
}

/* Walk to the end of the current segment. A frame proves all up to its `durable`; UNPROVEN lags
 * behind what is proven by a group or two, which only means that a little more is written anew. */
static int walk_to_end(struct walk *w, struct tail *t)
{
	uint64_t candidate = w->sequence, candidate_offset = w->offset;
	struct frame f;
	int rc;

	t->unproven = w->offset;
	for (;;) {
		uint64_t offset = w->offset;

		rc = walk_next(w, &f);
		if (rc != 0)
			return rc == ERR_NOTFOUND ? 0 : rc;
		if (w->durable + 1 >= candidate) {
			t->unproven = candidate_offset;
			candidate = f.sequence;
			candidate_offset = offset;
		}
	}
}

static int judge_end(struct walk *w, const char *name, struct complaint *c)
{
	uint64_t sequence, offset;
	int rc = walk_find_proof(w, &sequence, &offset);

	if (rc < 0)
		return complain(c, rc, "journal/%s: %s", name, err_text(rc));
	if (rc > 0)
		return complain(c, ERR_CORRUPT,
			"journal/%s: frame %" PRIu64 " at offset %" PRIu64
			" does not check; it was durable, says frame %" PRIu64
			" at offset %" PRIu64,
			name, w->sequence, w->offset, sequence, offset);
	return 0;
}

/* Find the last frame. */
static int find_end(struct journal *j, struct tail *t, struct complaint *c)
{
	const struct segment *s = &j->segments[j->count - 1];
	char name[SEGMENT_NAME_SIZE];
	struct walk w = { 0 };
	int rc;

	segment_name(s->first, name);
	walk_init(&w, j->fd, j->seed, s);
	rc = walk_to_end(&w, t);
	if (rc != 0)
		(void)complain(c, rc, "journal/%s: frame %" PRIu64 " at offset %" PRIu64 ": %s",
			name, w.sequence, w.offset, err_text(rc));
	else
		rc = judge_end(&w, name, c);
	j->last = w.sequence - 1;
	j->check = w.previous;
	j->end = w.offset;
	walk_fini(&w);
	return rc;
}

/* Write what a crash may have left unsynced over itself. Reading it proves nothing: after a failed
 * fdatasync the kernel may hold bytes for clean that never reached the disk. */
static int write_anew(struct journal *j, const struct tail *t)
{
	uint64_t offset = t->unproven;
	uint8_t *piece = malloc(WALK_BLOCK);
	int rc = piece ? 0 : ERR_NOMEM;

	while (rc == 0 && offset < j->end) {
		uint64_t left = j->end - offset;
		size_t size = left < WALK_BLOCK ? (size_t)left : WALK_BLOCK;
		long n = segment_read(j->fd, piece, size, offset);

		if (n < 0 || (size_t)n < size)
			rc = ERR_IO;
		else
			rc = segment_write(j->fd, piece, size, offset);
		offset += size;
	}
	free(piece);
	return rc;
}

/* Rule 2 of journal.c: the last segment is cut at its last frame and stays so. */
static int cut_tail(struct journal *j, const struct tail *t)
{
	int rc = write_anew(j, t);

	if (rc == 0 && (ftruncate(j->fd, (off_t)j->end) != 0 || fsync(j->fd) != 0))
		rc = err_from_errno(errno);
	j->segments[j->count - 1].bytes = j->room = j->zeroed = j->end;
	return rc;
}

static int repair(struct journal *j, const struct tail *t, int64_t now_ms, struct complaint *c)
{
	int rc = segment_remove_unfinished(j->dir_fd);

	if (rc == 0 && t->blank != 0)
		rc = segment_remove(j->dir_fd, t->blank);
	if (rc == 0)
		rc = j->count > 0 ? cut_tail(j, t) : journal_begin_segment(j, 0, now_ms);
	if (rc != 0)
		return complain(c, rc, "journal: cannot make its end durable: %s", err_text(rc));
	j->durable = j->last;
	journal_forget(j);
	return 0;
}

static int check_floor(const struct journal *j, uint64_t floor, struct complaint *c)
{
	char name[SEGMENT_NAME_SIZE] = "";

	if (j->count > 0)
		segment_name(j->segments[j->count - 1].first, name);
	if (j->last < floor)
		return complain(c, ERR_CORRUPT,
			"journal/%s: ends with frame %" PRIu64 " at offset %" PRIu64
			", but frame %" PRIu64 " had been durable and is applied",
			name, j->last, j->end, floor);
	if (floor > 0 && journal_first(j) > floor + 1)
		return complain(c, ERR_CORRUPT,
			"journal: begins at frame %" PRIu64 ", but the store "
			"has applied only up to %" PRIu64,
			journal_first(j), floor);
	return 0;
}

static int recover(struct journal *j, const char *dir, uint64_t first, uint64_t floor,
	int64_t now_ms, struct complaint *c)
{
	struct tail t = { 0 };
	int rc = open_directory(dir, &j->dir_fd, c);

	if (rc != 0) {
		j->dir_fd = -1;
		return rc;
	}
	rc = load_segments(j, &t, c);
	j->last = first - 1;
	if (rc == 0 && j->count > 0)
		rc = find_end(j, &t, c);
	if (rc == 0)
		rc = check_floor(j, floor, c);
	if (rc == 0)
		rc = repair(j, &t, now_ms, c);
	return rc;
}

int journal_open(const char *dir, const uint8_t store_id[16],
	const struct journal_settings *settings, uint64_t first, uint64_t floor, int64_t now_ms,
	struct journal **ret_journal, struct complaint *c)
{
	struct journal *j;
	int rc;

	if (first == 0 || settings->segment_bytes < 2 * SEGMENT_HEADER)
		return complain(c, ERR_INVALID,
			"journal: a segment has at least %u bytes, and frames "
			"count from 1",
			2 * SEGMENT_HEADER);
	j = calloc(1, sizeof *j);
	if (!j)
		return complain(c, ERR_NOMEM, "journal: out of memory");
	j->fd = j->dir_fd = -1;
	memcpy(j->store_id, store_id, 16);
	j->seed = frame_seed(store_id);
	j->settings = *settings;
	rc = recover(j, dir, first, floor, now_ms, c);
	if (rc != 0) {
		journal_close(j);
		return rc;
	}
	*ret_journal = j;
	return 0;
}
