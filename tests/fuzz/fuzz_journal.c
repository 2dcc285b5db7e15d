/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz: the bytes of a journal segment, through opening and reading.
 *
 * The first byte of the input chooses:
 *   even: the rest are frames behind a good header. With bit 1 set their checksums are put right
 *         first (as far as lengths can be followed), so that the numbers in them are believed
 *   odd:  the rest are edits (offset u16, xor u8) of a journal of known synced frames: what is
 *         read then must be a beginning of what was written */
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/hash.h"
#include "store/frame.h"
#include "store/journal.h"
#include "store/segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FRAMES 12u

static const uint8_t id[16] = "the fuzzed store";
static char dir[64], path[128];
static uint8_t image[SEGMENT_HEADER + 65536];

/* Nothing here needs to outlive the process: syncing would only be slow. */
int fsync(int fd)
{
	return fd < 0;
}

int fdatasync(int fd)
{
	return fd < 0;
}

static void clean(void)
{
	char command[128];

	(void)snprintf(command, sizeof command, "rm -rf %s", dir);
	if (dir[0] != 0 && system(command) != 0)
		(void)fputs("cannot clean up\n", stderr);
}

static size_t make_good(void)
{
	const struct journal_settings settings = { .segment_bytes = 32768 };
	struct journal *j;
	size_t n;
	int rc, fd;

	(void)unlink(path);
	rc = journal_open(dir, id, &settings, 1, 0, 0, &j, NULL);
	assert(rc == 0);
	for (unsigned i = 1; i <= FRAMES; i++) {
		uint8_t payload[300];
		struct span p = span_of(payload, 20 * i);

		memset(payload, (int)i, sizeof payload);
		(void)journal_append(j, INPUT_BATCH, &p, 1, &rc);
		rc = journal_write(j, 0) | journal_sync(j);
		assert(rc == 0);
	}
	journal_close(j);
	fd = open(path, O_RDONLY);
	n = (size_t)segment_read(fd, image, sizeof image, 0);
	(void)close(fd);
	return n;
}

static void put_image(size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || segment_write(fd, image, size, 0) != 0)
		abort();
	(void)close(fd);
}

/* Seal frame after frame as far as their lengths lead, keeping the other numbers. */
static void put_right(uint8_t *p, size_t size)
{
	uint64_t sequence = 1, previous = 0;

	while (size >= FRAME_HEADER) {
		struct frame_header h;
		uint32_t length = get_le32(p + 12) % 512;

		if (frame_size(length) > size)
			return;
		(void)frame_read_header(p, 0, &h);
		h.length = length;
		if (h.type % 8 != 0) {
			h.sequence = sequence;
			h.previous = previous;
			h.flags = h.reserved = 0;
		}
		frame_seal(p, &h, frame_seed(id));
		previous = h.check;
		sequence = h.sequence + 1;
		p += frame_size(length);
		size -= frame_size(length);
	}
}

/* Read all; returns the last frame. */
static uint64_t read_all(bool known)
{
	struct journal_reader *r;
	struct complaint c;
	struct frame f;
	uint64_t last = 0;

	if (journal_reader_open(dir, id, 0, &r, &c) != 0)
		return 0;
	while (journal_reader_next(r, &f, &c) == 0) {
		assert(f.sequence == last + 1);
		last = f.sequence;
		assert(!known || (last <= FRAMES && f.payload.size == 20 * last));
		for (size_t i = 0; i < f.payload.size; i++)
			assert(!known || f.payload.data[i] == last);
	}
	journal_reader_close(r);
	return last;
}

static void open_and_read(bool known)
{
	const struct journal_settings settings = { .segment_bytes = 32768 };
	uint64_t last = read_all(known);
	struct complaint c;
	struct journal *j;

	if (journal_open(dir, id, &settings, 1, 0, 0, &j, &c) != 0)
		return;
	assert(journal_last(j) == last);
	journal_close(j);
	assert(read_all(known) == last);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t good[sizeof image];
	static size_t good_size;

	if (good_size == 0) {
		(void)snprintf(dir, sizeof dir, "%s/kith-fuzz-XXXXXX",
			access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
		if (!mkdtemp(dir))
			abort();
		(void)atexit(clean);
		(void)snprintf(path, sizeof path, "%s/00000000000000000001.journal", dir);
		good_size = make_good();
		memcpy(good, image, good_size);
	}
	if (size == 0 || size > 65536)
		return 0;
	memcpy(image, good, good_size);
	if (data[0] % 2 == 0) {
		memcpy(image + SEGMENT_HEADER, data + 1, size - 1);
		if (data[0] & 2)
			put_right(image + SEGMENT_HEADER, size - 1);
		put_image(SEGMENT_HEADER + size - 1);
	} else {
		for (size_t at = 1; at + 3 <= size; at += 3)
			image[get_le16(data + at) % good_size] ^= data[at + 2];
		put_image(good_size);
	}
	open_and_read(data[0] % 2 == 1);
	return 0;
}
