/* SPDX-License-Identifier: Apache-2.0 */
/* Journal: writing, syncing, trimming.
 *
 * Two rules carry the recovery (journal_open.c):
 * 1. A segment is made only after all frames before it are synced, and a group of frames that are
 *    written together lies in one segment. So only the last segment can have a torn tail.
 * 2. A segment whose tail was cut, after a failed write or at an opening, is never written again.
 *    So nothing ever stands behind the end of the journal but zeros and what was written since the
 *    last sync: of a story that is over, and never where a new one will be. */
#include "store/journal_internal.h"
#include <assert.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "store/frame.h"

/* The first write to a preallocated block makes the file system write metadata with the next
 * fdatasync, which doubles its time. So zeros go ahead of small groups: one sync in many pays. */
#define ZERO_AHEAD (1u << 20)

void journal_forget(struct journal *j)
{
	buf_clear(&j->pending);
	j->pending_last = j->last;
	j->pending_check = j->check;
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	if (j->fd >= 0)
		(void)close(j->fd);
	if (j->dir_fd >= 0)
		(void)close(j->dir_fd);
	buf_fini(&j->pending);
	free(j->segments);
	free(j);
}

uint64_t journal_append(
	struct journal *j, uint16_t type, const struct span *parts, unsigned n, int *ret_rc)
{
	struct frame_header h = { .type = type,
		.sequence = j->pending_last + 1,
		.durable = j->durable,
		.previous = j->pending_check };
	size_t size = 0, at = FRAME_HEADER;
	uint8_t *p;

	for (unsigned i = 0; i < n; i++) {
		if (parts[i].size > JOURNAL_PAYLOAD_MAX - size) {
			*ret_rc = ERR_TOOBIG;
			return 0;
		}
		size += parts[i].size;
	}
	h.length = (uint32_t)size;
	p = buf_room(&j->pending, frame_size(h.length));
	if (!p) {
		j->pending.failed = false; /* what was appended before is still good */
		*ret_rc = ERR_NOMEM;
		return 0;
	}
	for (unsigned i = 0; i < n; i++) {
		if (parts[i].size > 0)
			memcpy(p + at, parts[i].data, parts[i].size);
		at += parts[i].size;
	}
	memset(p + at, 0, frame_size(h.length) - at);
	frame_seal(p, &h, j->seed);
	j->pending.size += frame_size(h.length);
	j->pending_last = h.sequence;
	j->pending_check = h.check;
	*ret_rc = 0;
	return h.sequence;
}

int journal_reserve(struct journal *j)
{
	size_t capacity = j->capacity ? 2 * j->capacity : 16;
	struct segment *more;

	if (j->count < j->capacity)
		return 0;
	more = realloc(j->segments, capacity * sizeof *more);
	if (!more)
		return ERR_NOMEM;
	j->segments = more;
	j->capacity = capacity;
	return 0;
}

void journal_sync_begin(struct journal *j)
{
	assert(!j->in_sync);
	j->in_sync = true;
	j->syncing = j->last;
	j->sync_needed = j->dirty;
	j->dirty = false;
}

/* Of what is written beside a sync, this touches nothing: neither file nor `failed` change then. */
int journal_sync_file(const struct journal *j)
{
	if (j->failed)
		return ERR_UNKNOWN;
	return j->sync_needed && fdatasync(j->fd) != 0 ? ERR_UNKNOWN : 0;
}

int journal_synced(struct journal *j, int rc)
{
	assert(j->in_sync);
	j->in_sync = false;
	if (rc != 0) {
		/* Which blocks are on disk is unknown, and a second fdatasync would not tell. */
		j->failed = true;
		return rc;
	}
	j->durable = j->syncing;
	return 0;
}

int journal_sync(struct journal *j)
{
	journal_sync_begin(j);
	return journal_synced(j, journal_sync_file(j));
}

static struct segment *current(const struct journal *j)
{
	return j->count ? &j->segments[j->count - 1] : NULL;
}

/* Make S's file the current one. The old one keeps only its frames; it is replaced when it has
 * none, for then both have the same name. */
static void turn_to(struct journal *j, const struct segment *s, int fd)
{
	struct segment *old = current(j);

	if (old && old->first == s->first) {
		*old = *s;
	} else {
		if (old && ftruncate(j->fd, (off_t)j->end) == 0)
			old->bytes = j->end;
		j->segments[j->count++] = *s;
	}
	if (j->fd >= 0)
		(void)close(j->fd);
	j->fd = fd;
	j->end = j->zeroed = SEGMENT_HEADER;
	j->room = s->bytes;
}

/* A thread that prepares the next file ahead of time would hand it over here; its header and its
 * name would have to wait until now, for `previous_check`. */
int journal_begin_segment(struct journal *j, uint64_t size, int64_t now_ms)
{
	const struct segment *old;
	struct segment s = { .first = j->last + 1,
		.previous_check = j->check,
		.created_ms = now_ms,
		.bytes = j->settings.segment_bytes };
	int fd, rc = journal_sync(j); /* rule 1 */

	if (rc == 0)
		rc = journal_reserve(j);
	if (rc != 0)
		return rc;
	old = current(j); /* only now: journal_reserve() may have moved it */
	if (old)
		s.previous_first = old->first == s.first ? old->previous_first : old->first;
	if (s.bytes < SEGMENT_HEADER + size)
		s.bytes = SEGMENT_HEADER + size;
	rc = segment_create(j->dir_fd, j->store_id, &s, &fd);
	if (rc == 0)
		turn_to(j, &s, fd);
	if (rc == ERR_UNKNOWN)
		j->failed = true;
	return rc;
}

/* After a failed write: rule 2. A caller who has been told that the frames do not count must not
 * find them after a crash, so the cut is durable before it is told. */
static int cut(struct journal *j)
{
	if (ftruncate(j->fd, (off_t)j->end) != 0 || fsync(j->fd) != 0) {
		j->failed = true;
		return ERR_UNKNOWN;
	}
	j->dirty = j->torn = false;
	j->durable = j->last;
	j->room = current(j)->bytes = j->end;
	return 0;
}

/* Failure costs time only: the region behind the end holds zeros either way. */
static void zero_ahead(struct journal *j, size_t written)
{
	static uint8_t zeros[ZERO_AHEAD]; /* not const: the executable need not carry them */
	uint64_t left = j->room - j->end;

	if (j->end <= j->zeroed)
		return;
	j->zeroed = j->end;
	if (written > ZERO_AHEAD / 2)
		return;
	left = left < ZERO_AHEAD ? left : ZERO_AHEAD;
	(void)segment_write(j->fd, zeros, (size_t)left, j->end);
	j->zeroed += left;
}

static int write_here(struct journal *j)
{
	size_t size = j->pending.size;
	int rc = segment_write(j->fd, j->pending.data, size, j->end);

	if (rc != 0)
		return rc;
	j->dirty = true;
	j->end += size;
	zero_ahead(j, size);
	return 0;
}

/* To begin a segment or to cut one is a sync of its own, whose failure must not be hidden by the one
 * under way, nor hide that one's. */
static int write_beside_sync(struct journal *j)
{
	if (j->torn || j->pending.size > j->room - j->end)
		return ERR_BUSY;
	j->torn = write_here(j) != 0;
	return j->torn ? ERR_BUSY : 0;
}

static int write_pending(struct journal *j, int64_t now_ms)
{
	int cut_rc, rc = j->torn ? cut(j) : 0;

	if (rc == 0 && j->pending.size > j->room - j->end)
		rc = journal_begin_segment(j, j->pending.size, now_ms);
	if (rc != 0)
		return rc;
	rc = write_here(j);
	if (rc == 0)
		return 0;
	cut_rc = cut(j);
	return cut_rc != 0 ? cut_rc : rc;
}

int journal_write(struct journal *j, int64_t now_ms)
{
	int rc = 0;

	if (j->failed) {
		rc = ERR_UNKNOWN;
	} else if (j->pending.size > 0) {
		rc = j->in_sync ? write_beside_sync(j) : write_pending(j, now_ms);
		if (rc == ERR_BUSY)
			return rc;
		if (rc == 0) {
			j->last = j->pending_last;
			j->check = j->pending_check;
		}
	}
	journal_forget(j);
	/* What else a system call says of a file that cannot be made is one thing to the caller. */
	if (rc != 0 && rc != ERR_NOSPACE && rc != ERR_UNKNOWN && rc != ERR_NOMEM)
		rc = ERR_IO;
	return rc;
}

uint64_t journal_first(const struct journal *j)
{
	return j->count ? j->segments[0].first : j->last + 1;
}

uint64_t journal_last(const struct journal *j)
{
	return j->last;
}

uint64_t journal_durable(const struct journal *j)
{
	return j->durable;
}

uint64_t journal_bytes(const struct journal *j)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < j->count; i++)
		bytes += j->segments[i].bytes;
	return bytes;
}

bool journal_is_there(const struct journal *j)
{
	struct stat st;

	return j->fd < 0 || fstat(j->fd, &st) != 0 || st.st_nlink > 0;
}

/* How many segments, from the oldest, lie wholly at or before CHECKPOINT; their BYTES. */
static size_t count_applied(const struct journal *j, uint64_t checkpoint, uint64_t *ret_bytes)
{
	size_t n = 0;

	*ret_bytes = 0;
	while (n + 1 < j->count && j->segments[n + 1].first <= checkpoint + 1)
		*ret_bytes += j->segments[n++].bytes;
	return n;
}

int journal_trim(struct journal *j, uint64_t checkpoint, int64_t now_ms)
{
	uint64_t bytes;
	size_t applied = count_applied(j, checkpoint, &bytes), gone = 0;
	int rc = 0;

	/* One by one and oldest first, each durably: a power cut leaves no hole in the middle. */
	while (gone < applied && rc == 0) {
		const struct segment *s = &j->segments[gone];
		int64_t age_ms = now_ms - s[1].created_ms; /* of its newest frame */

		if (age_ms < 0) /* the clock was set back */
			age_ms = 0;
		if (bytes <= j->settings.keep_bytes && age_ms < j->settings.keep_ms)
			break;
		rc = segment_remove(j->dir_fd, s->first);
		if (rc == 0 || rc == ERR_UNKNOWN) {
			bytes -= s->bytes;
			gone++;
		}
	}
	memmove(j->segments, j->segments + gone, (j->count - gone) * sizeof *j->segments);
	j->count -= gone;
	return rc == ERR_UNKNOWN ? ERR_IO : rc;
}
