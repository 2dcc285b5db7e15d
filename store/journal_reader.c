/* SPDX-License-Identifier: Apache-2.0 */
/* Journal reader: frames across segments, without writing. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>
#include "store/frame.h"
#include "store/walk.h"

struct journal_reader {
	int dir_fd;
	int fd; /* of `segment`; -1 while the directory has none */
	uint8_t store_id[16];
	uint64_t from;
	struct segment segment;
	struct walk walk;
};

/* Close what is open and stand at the beginning of the segment FIRST. */
static int enter(struct journal_reader *r, uint64_t first, struct complaint *c)
{
	int fd, rc = segment_open(r->dir_fd, first, O_RDONLY, r->store_id, &r->segment, &fd, c);

	if (rc != 0)
		return rc == ERR_NOTFOUND ? ERR_CORRUPT : rc; /* it was there a moment ago */
	if (r->fd >= 0)
		(void)close(r->fd);
	r->fd = fd;
	walk_init(&r->walk, fd, frame_seed(r->store_id), &r->segment);
	return 0;
}

/* walk_next() with a complaint for all but the end. */
static int walk(struct journal_reader *r, struct frame *ret_frame, struct complaint *c)
{
	int rc = walk_next(&r->walk, ret_frame);
	char name[SEGMENT_NAME_SIZE];

	if (rc == 0 || rc == ERR_NOTFOUND)
		return rc;
	segment_name(r->segment.first, name);
	return complain(c, rc, "journal/%s: frame %" PRIu64 " at offset %" PRIu64 ": %s", name,
		r->walk.sequence, r->walk.offset, err_text(rc));
}

/* A last segment of nothing but zeros is what a crash left; it is not there. */
static int list_segments(struct journal_reader *r, uint64_t **ret_firsts, size_t *ret_n)
{
	int rc = segment_list(r->dir_fd, ret_firsts, ret_n);

	if (rc != 0 || *ret_n == 0)
		return rc;
	rc = segment_is_blank(r->dir_fd, (*ret_firsts)[*ret_n - 1]);
	if (rc > 0)
		--*ret_n;
	if (rc < 0)
		free(*ret_firsts);
	return rc < 0 ? rc : 0;
}

/* Enter the segment that holds `from`; when there are no segments yet, nothing. */
static int enter_first(struct journal_reader *r, struct complaint *c)
{
	uint64_t *firsts;
	size_t n, i = 0;
	int rc = list_segments(r, &firsts, &n);

	if (rc != 0)
		return complain(c, rc, "journal: cannot list the segments: %s", err_text(rc));
	if (n > 0 && r->from != 0 && r->from < firsts[0]) {
		rc = complain(c, ERR_NOTFOUND,
			"journal: frame %" PRIu64 " is not kept any more; "
			"the oldest is %" PRIu64,
			r->from, firsts[0]);
	} else if (n > 0) {
		while (i + 1 < n && firsts[i + 1] <= r->from)
			i++;
		rc = enter(r, firsts[i], c);
	}
	free(firsts);
	return rc;
}

int journal_reader_open(const char *dir, const uint8_t store_id[16], uint64_t from,
	struct journal_reader **ret_reader, struct complaint *c)
{
	struct journal_reader *r = calloc(1, sizeof *r);
	int rc;

	if (!r)
		return complain(c, ERR_NOMEM, "journal: out of memory");
	r->fd = -1;
	r->from = from;
	memcpy(r->store_id, store_id, 16);
	r->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->dir_fd < 0)
		rc = complain(c, err_from_errno(errno), "%s: %s", dir, strerror(errno));
	else
		rc = enter_first(r, c);
	if (rc != 0) {
		journal_reader_close(r);
		return rc;
	}
	*ret_reader = r;
	return 0;
}

void journal_reader_close(struct journal_reader *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		(void)close(r->fd);
	if (r->dir_fd >= 0)
		(void)close(r->dir_fd);
	walk_fini(&r->walk);
	free(r);
}

/* The segment after the current one, or 0. */
static int find_successor(struct journal_reader *r, uint64_t *ret_first)
{
	uint64_t *firsts;
	size_t n;
	int rc = list_segments(r, &firsts, &n);

	*ret_first = 0;
	if (rc != 0)
		return rc;
	for (size_t i = 0; i < n && *ret_first == 0; i++)
		if (firsts[i] > r->segment.first)
			*ret_first = firsts[i];
	free(firsts);
	return 0;
}

/* Look at the file anew. By its name: a writer may have replaced a segment without frames. One
 * that is gone (trimmed) is read on through the old descriptor. */
static int reopen(struct journal_reader *r, struct complaint *c)
{
	uint64_t offset = r->walk.offset, sequence = r->walk.sequence;
	uint64_t previous = r->walk.previous, durable = r->walk.durable;
	char name[SEGMENT_NAME_SIZE];
	int rc;

	segment_name(r->segment.first, name);
	if (faccessat(r->dir_fd, name, F_OK, 0) != 0 && errno == ENOENT) {
		walk_forget(&r->walk);
		return 0;
	}
	rc = enter(r, r->segment.first, c);
	if (rc != 0)
		return rc;
	if (sequence > r->segment.first) {
		r->walk.offset = offset;
		r->walk.sequence = sequence;
		r->walk.previous = previous;
		r->walk.durable = durable;
	}
	return 0;
}

static int go_on_to(struct journal_reader *r, uint64_t successor, struct complaint *c)
{
	uint64_t first = r->segment.first, previous = r->walk.previous;
	char name[SEGMENT_NAME_SIZE];
	int rc;

	segment_name(first, name);
	if (successor != r->walk.sequence)
		return complain(c, ERR_CORRUPT,
			"journal/%s: frame %" PRIu64 " at offset %" PRIu64
			" does not check, and a segment from %" PRIu64 " on follows",
			name, r->walk.sequence, r->walk.offset, successor);
	rc = enter(r, successor, c);
	if (rc == 0 &&
		(r->segment.previous_first != first || r->segment.previous_check != previous))
		rc = complain(c, ERR_CORRUPT,
			"journal/%s: the next segment, from %" PRIu64
			" on, was written behind another one",
			name, successor);
	return rc;
}

/* The end, unless something behind says otherwise. */
static int judge_end(struct journal_reader *r, struct frame *ret_frame, struct complaint *c)
{
	uint64_t sequence, offset;
	char name[SEGMENT_NAME_SIZE];
	int rc = walk_find_proof(&r->walk, &sequence, &offset);

	if (rc == 0)
		return ERR_NOTFOUND;
	segment_name(r->segment.first, name);
	if (rc < 0)
		return complain(c, rc, "journal/%s: %s", name, err_text(rc));
	/* A writer may have come by between the two looks: what is durable is there now. */
	walk_forget(&r->walk);
	rc = walk(r, ret_frame, c);
	if (rc != ERR_NOTFOUND)
		return rc;
	return complain(c, ERR_CORRUPT,
		"journal/%s: frame %" PRIu64 " at offset %" PRIu64
		" does not check; it was durable, says frame %" PRIu64 " at offset %" PRIu64,
		name, r->walk.sequence, r->walk.offset, sequence, offset);
}

/* No frame where the next one should be. Beside a running writer the order matters: only after
 * the successor has been seen is it certain that this segment is complete. */
static int look_further(struct journal_reader *r, struct frame *ret_frame, struct complaint *c)
{
	uint64_t successor;
	int rc = find_successor(r, &successor);

	if (rc != 0)
		return complain(c, rc, "journal: cannot list the segments: %s", err_text(rc));
	rc = reopen(r, c);
	if (rc == 0)
		rc = walk(r, ret_frame, c);
	if (rc != ERR_NOTFOUND)
		return rc;
	if (successor == 0)
		return judge_end(r, ret_frame, c);
	rc = go_on_to(r, successor, c);
	return rc == 0 ? walk(r, ret_frame, c) : rc;
}

/* The next frame of whatever number. */
static int step(struct journal_reader *r, struct frame *ret_frame, struct complaint *c)
{
	int rc;

	if (r->fd < 0) {
		rc = enter_first(r, c);
		if (rc != 0 || r->fd < 0)
			return rc != 0 ? rc : ERR_NOTFOUND;
	}
	rc = walk(r, ret_frame, c);
	while (rc == ERR_NOTFOUND) {
		uint64_t before = r->segment.first;

		rc = look_further(r, ret_frame, c);
		if (r->segment.first == before) /* else an empty segment may have been entered */
			break;
	}
	return rc;
}

int journal_reader_next(struct journal_reader *r, struct frame *ret_frame, struct complaint *c)
{
	int rc;

	do {
		rc = step(r, ret_frame, c);
	} while (rc == 0 && ret_frame->sequence < r->from);
	return rc;
}
