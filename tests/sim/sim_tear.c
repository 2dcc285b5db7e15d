/* SPDX-License-Identifier: Apache-2.0 */
/* What a crash leaves of the journal: all that was synced, and of what was only written anything
 * a disk may have got to: everything, nothing, a piece, a piece with a hole. */
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>
#include "store/frame.h"
#include "store/segment.h"
#include "tests/sim/sim.h"

/* The last segment's first frame; 0 when there is none. */
static uint64_t last_segment(const char *dir)
{
	DIR *d = opendir(dir);
	uint64_t last = 0;

	for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
		uint64_t first = strtoull(e->d_name, NULL, 10);

		if (strstr(e->d_name, ".journal") && first > last)
			last = first;
	}
	if (d)
		closedir(d);
	return last;
}

/* Where the frame SYNCED ends, and where the last whole one does. */
static void find_ends(struct sim *s, int fd, uint64_t first, uint64_t synced, off_t *ret_synced,
	off_t *ret_end)
{
	uint64_t seed = frame_seed(s->store.id);
	uint8_t head[FRAME_HEADER];
	struct frame_header h;

	*ret_synced = *ret_end = SEGMENT_HEADER;
	while (pread(fd, head, sizeof head, *ret_end) == sizeof head &&
		frame_read_header(head, seed, &h) && h.sequence == first++) {
		*ret_end += (off_t)frame_size(h.length);
		if (h.sequence == synced)
			*ret_synced = *ret_end;
	}
}

static void fill(struct sim *s, int fd, off_t from, off_t to, bool zeros)
{
	for (; from < to; from++) {
		uint8_t byte = zeros ? 0 : (uint8_t)random_next(&s->random);

		if (pwrite(fd, &byte, 1, from) != 1)
			sim_fail(s, "cannot tear the journal");
	}
}

void sim_tear(struct sim *s, uint64_t synced)
{
	char dir[4096], path[4200], name[SEGMENT_NAME_SIZE];
	uint64_t first;
	off_t from, end, cut;
	int fd;

	store_journal_dir(&s->store, dir);
	first = last_segment(dir);
	segment_name(first, name);
	snprintf(path, sizeof path, "%s/%s", dir, name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (first == 0 || fd < 0)
		sim_fail(s, "there is no journal to tear");
	find_ends(s, fd, first, synced, &from, &end);
	if (from < end) {
		cut = from + (off_t)random_below(&s->random, (uint64_t)(end - from) + 1);
		switch (random_below(&s->random, 5)) {
		case 0: break;
		case 1: (void)!ftruncate(fd, cut); break;
		case 2: fill(s, fd, cut, end, true); break;
		case 3: fill(s, fd, from, cut, true); break;
		case 4: fill(s, fd, cut, cut + (end - cut) / 3, false); break;
		}
	}
	close(fd);
}
