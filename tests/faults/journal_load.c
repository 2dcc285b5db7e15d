/* SPDX-License-Identifier: Apache-2.0 */
/* Journal load: drives a journal alone, for the sweeps of test_journal_sweep.
 *
 *   journal_load write DIR LIFE GROUPS FLOOR   open, write GROUPS groups, end without closing
 *   journal_load list DIR                      print what a reader finds
 *
 * LIFE tells the runs over one directory apart, and is the seed. It says what it does, line by
 * line, each in one write(2) before anything else happens:
 *   opened FIRST LAST LIFE     recovered; durable up to LAST
 *   trying FIRST LAST ATTEMPT  about to write these frames
 *   refused FIRST LAST ATTEMPT they do not count: never to be seen again
 *   acked LAST                 durable up to LAST
 *   trimming CHECKPOINT        segments before it may go
 *   frame SEQUENCE LIFE ATTEMPT   (list)
 *   failed RC TEXT             opening or reading
 * Exit status: 0, 2 not opened, 3 outcome unknown, 4 a frame is not what anybody wrote. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/hash.h"
#include "store/journal.h"

#define NOW         INT64_C(1700000000000)
#define PAYLOAD_MAX 6000u

static const uint8_t id[16] = "the loaded store";
static uint64_t random_state;

static uint64_t next_random(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15; /* splitmix64 */

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
	char line[600];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof line, format, args);
	va_end(args);
	if (write(STDOUT_FILENO, line, (size_t)n) != n)
		exit(5);
}

/* Three numbers, and bytes that follow from them and from the size. */
static struct span payload(uint64_t sequence, uint32_t life, uint32_t attempt, size_t size)
{
	static uint8_t bytes[PAYLOAD_MAX];
	uint64_t filler;

	put_le64(bytes, sequence);
	put_le32(bytes + 8, life);
	put_le32(bytes + 12, attempt);
	filler = hash_64(bytes, 16, size);
	for (size_t i = 16; i < size; i++)
		bytes[i] = (uint8_t)(filler >> (i % 8 * 8)) ^ (uint8_t)i;
	return span_of(bytes, size);
}

struct group {
	uint64_t first, last;
	uint32_t attempt;
};

static int append_group(struct journal *j, uint32_t life, struct group *g)
{
	int rc;

	g->first = journal_last(j) + 1;
	g->last = g->first + next_random() % 4;
	say("trying %" PRIu64 " %" PRIu64 " %u\n", g->first, g->last, g->attempt);
	for (uint64_t n = g->first; n <= g->last; n++) {
		size_t size = 16 + next_random() % (next_random() % 8 ? 400 : PAYLOAD_MAX - 16);
		struct span p = payload(n, life, g->attempt, size);

		if (journal_append(j, INPUT_BATCH, &p, 1, &rc) != n)
			return ERR_NOMEM;
	}
	return 0;
}

static int write_group(struct journal *j, const struct group *g)
{
	int rc = journal_write(j, NOW);

	if (rc == ERR_NOSPACE || rc == ERR_IO)
		say("refused %" PRIu64 " %" PRIu64 " %u\n", g->first, g->last, g->attempt);
	return rc;
}

/* Another group is written while what was written before is synced, as daemon/pipeline.c does; which
 * of the two calls the kernel takes first is anybody's guess. */
static int sync_beside(struct journal *j, uint32_t life, uint32_t attempt)
{
	struct group g = { .attempt = attempt };
	bool write_first = next_random() % 2;
	int rc, synced = 0;

	journal_sync_begin(j);
	rc = append_group(j, life, &g);
	if (rc == 0 && !write_first)
		synced = journal_sync_file(j);
	if (rc == 0)
		rc = write_group(j, &g);
	if (write_first)
		synced = journal_sync_file(j);
	if (journal_synced(j, synced) != 0)
		return ERR_UNKNOWN;
	say("acked %" PRIu64 "\n", journal_durable(j));
	return rc == ERR_BUSY ? write_group(j, &g) : rc;
}

static int write_load(const char *dir, uint32_t life, uint32_t groups, uint64_t floor)
{
	const struct journal_settings settings = {
		.segment_bytes = 16384, .keep_bytes = 20000, .keep_ms = INT64_C(1) << 40
	};
	struct complaint c = { 0 };
	struct journal *j;
	int rc = journal_open(dir, id, &settings, 1, floor, NOW, &j, &c);

	if (rc != 0) {
		say("failed %d %s\n", rc, c.text);
		return 2;
	}
	say("opened %" PRIu64 " %" PRIu64 " %u\n", journal_first(j), journal_last(j), life);
	for (uint32_t attempt = 1; attempt <= groups; attempt++) {
		struct group g = { .attempt = attempt };

		rc = append_group(j, life, &g);
		if (rc == 0)
			rc = write_group(j, &g);
		if (rc == 0 && next_random() % 3 == 0)
			rc = sync_beside(j, life, groups + attempt);
		if (rc == ERR_UNKNOWN)
			return 3;
		if (rc != 0 && next_random() % 2) /* nothing may come back though nothing follows */
			return 0;
		if (next_random() % 3 == 0)
			continue;
		if (journal_sync(j) != 0)
			return 3;
		say("acked %" PRIu64 "\n", journal_durable(j));
		if (next_random() % 4 == 0) {
			say("trimming %" PRIu64 "\n", journal_durable(j));
			(void)journal_trim(j, journal_durable(j), NOW);
		}
	}
	return 0;
}

static int list(const char *dir)
{
	struct complaint c = { 0 };
	struct journal_reader *r;
	struct frame f;
	int rc = journal_reader_open(dir, id, 0, &r, &c);

	while (rc == 0 && (rc = journal_reader_next(r, &f, &c)) == 0) {
		uint32_t life, attempt;

		if (f.payload.size < 16)
			return 4;
		life = get_le32(f.payload.data + 8);
		attempt = get_le32(f.payload.data + 12);
		if (!span_eq(f.payload, payload(f.sequence, life, attempt, f.payload.size)))
			return 4;
		say("frame %" PRIu64 " %u %u\n", f.sequence, life, attempt);
	}
	if (rc == ERR_NOTFOUND)
		return 0;
	say("failed %d %s\n", rc, c.text);
	return 2;
}

int main(int argc, char **argv)
{
	if (argc == 6 && strcmp(argv[1], "write") == 0) {
		random_state = strtoull(argv[3], NULL, 0);
		/* Without handlers or closing: it ends as a crash between two calls would. */
		_exit(write_load(argv[2], (uint32_t)random_state, (uint32_t)atoi(argv[4]),
			strtoull(argv[5], NULL, 0)));
	}
	if (argc == 3 && strcmp(argv[1], "list") == 0)
		return list(argv[2]);
	(void)fprintf(stderr, "usage: journal_load write DIR LIFE GROUPS FLOOR | list DIR\n");
	return 1;
}
