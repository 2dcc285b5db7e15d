/* SPDX-License-Identifier: Apache-2.0 */
/* Segment: making, finding, opening and removing the files of the journal. */
#define _GNU_SOURCE /* fallocate */
#include "store/segment.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/bytes.h"
#include "base/hash.h"

#define PIECE (1u << 20) /* of reading and writing in bulk */

static const char magic[8] = { 'k', 'i', 't', 'h', 'j', 'r', 'n', 'l' };
static const char suffix[] = ".journal";
static const char unfinished[] = ".journal.new";

void segment_name(uint64_t first, char out[SEGMENT_NAME_SIZE])
{
	(void)snprintf(out, SEGMENT_NAME_SIZE, "%020" PRIu64 "%s", first, suffix);
}

/* The number in NAME when it is 20 digits followed by END, or 0. */
static uint64_t name_parse(const char *name, const char *end)
{
	uint64_t first = 0;

	if (strlen(name) != 20 + strlen(end) || strcmp(name + 20, end) != 0)
		return 0;
	for (int i = 0; i < 20; i++) {
		if (name[i] < '0' || name[i] > '9' || __builtin_mul_overflow(first, 10, &first) ||
			__builtin_add_overflow(first, (uint64_t)(name[i] - '0'), &first))
			return 0;
	}
	return first;
}

/* A stream of its own: reading it does not move DIR_FD. NULL with errno. */
static DIR *directory_stream(int dir_fd)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d;

	if (fd < 0)
		return NULL;
	d = fdopendir(fd);
	if (!d)
		(void)close(fd);
	return d;
}

static int compare_firsts(const void *a, const void *b)
{
	uint64_t x, y;

	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	return x < y ? -1 : x > y;
}

int segment_list(int dir_fd, uint64_t **ret_firsts, size_t *ret_n)
{
	DIR *d = directory_stream(dir_fd);
	struct buf found = { 0 };
	struct dirent *e;

	if (!d)
		return err_from_errno(errno);
	for (errno = 0; (e = readdir(d)); errno = 0) {
		uint64_t first = name_parse(e->d_name, suffix);

		if (first != 0)
			buf_add(&found, &first, sizeof first);
	}
	if (errno != 0 || found.failed) {
		int rc = found.failed ? ERR_NOMEM : ERR_IO;

		(void)closedir(d);
		buf_fini(&found);
		return rc;
	}
	(void)closedir(d);
	*ret_n = found.size / sizeof(uint64_t);
	*ret_firsts = (uint64_t *)(void *)found.data;
	if (*ret_n > 1)
		qsort(*ret_firsts, *ret_n, sizeof(uint64_t), compare_firsts);
	return 0;
}

int segment_remove_unfinished(int dir_fd)
{
	DIR *d = directory_stream(dir_fd);
	struct dirent *e;
	int rc = 0;

	if (!d)
		return err_from_errno(errno);
	while ((e = readdir(d)))
		if (name_parse(e->d_name, unfinished) != 0 && unlinkat(dir_fd, e->d_name, 0) != 0)
			rc = err_from_errno(errno);
	(void)closedir(d);
	return rc;
}

int segment_write(int fd, const void *data, size_t size, uint64_t offset)
{
	const uint8_t *p = data;

	while (size > 0) {
		ssize_t n = pwrite(fd, p, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 && err_from_errno(errno) == ERR_NOSPACE ? ERR_NOSPACE : ERR_IO;
		p += n;
		size -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

long segment_read(int fd, void *data, size_t size, uint64_t offset)
{
	uint8_t *p = data;
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, p + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_IO;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (long)done;
}

static int fill_with_zeros(int fd, uint64_t bytes)
{
	uint8_t *zeros = calloc(1, PIECE);
	int rc = zeros ? 0 : ERR_NOMEM;

	for (uint64_t at = 0; rc == 0 && at < bytes; at += PIECE) {
		uint64_t left = bytes - at;

		rc = segment_write(fd, zeros, left < PIECE ? (size_t)left : PIECE, at);
	}
	free(zeros);
	return rc;
}

/* A full disk shows here, when the segment is made, and not in its middle. */
static int preallocate(int fd, uint64_t bytes)
{
	int rc;

	do {
		rc = fallocate(fd, 0, 0, (off_t)bytes);
	} while (rc != 0 && errno == EINTR);
	if (rc == 0)
		return 0;
	if (errno == EOPNOTSUPP || errno == ENOSYS)
		return fill_with_zeros(fd, bytes);
	return err_from_errno(errno);
}

static int write_header(int fd, const uint8_t store_id[16], const struct segment *s)
{
	uint8_t block[SEGMENT_HEADER] = { 0 };

	memcpy(block, magic, sizeof magic);
	put_le32(block + 8, SEGMENT_VERSION);
	put_le32(block + 12, SEGMENT_HEADER);
	memcpy(block + 16, store_id, 16);
	put_le64(block + 32, s->first);
	put_le64(block + 40, s->previous_first);
	put_le64(block + 48, s->previous_check);
	put_le64(block + 56, (uint64_t)s->created_ms);
	put_le64(block + SEGMENT_HEADER - 8, hash_64(block, SEGMENT_HEADER - 8, 0));
	return segment_write(fd, block, sizeof block, 0);
}

int segment_create(int dir_fd, const uint8_t store_id[16], const struct segment *s, int *ret_fd)
{
	char name[SEGMENT_NAME_SIZE], temporary[SEGMENT_NAME_SIZE + 4];
	int fd, rc;

	segment_name(s->first, name);
	(void)snprintf(temporary, sizeof temporary, "%s.new", name);
	fd = openat(dir_fd, temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		return err_from_errno(errno);
	rc = preallocate(fd, s->bytes);
	if (rc == 0)
		rc = write_header(fd, store_id, s);
	if (rc == 0 && fsync(fd) != 0)
		rc = err_from_errno(errno);
	if (rc == 0 && renameat(dir_fd, temporary, dir_fd, name) != 0)
		rc = err_from_errno(errno);
	if (rc != 0) {
		(void)unlinkat(dir_fd, temporary, 0); /* else the next opening does */
		(void)close(fd);
		return rc;
	}
	if (fsync(dir_fd) != 0) {
		(void)close(fd);
		return ERR_UNKNOWN;
	}
	*ret_fd = fd;
	return 0;
}

static int header_parse(const uint8_t *block, const char *name, const uint8_t store_id[16],
	struct segment *ret_s, struct complaint *c)
{
	if (memcmp(block, magic, sizeof magic) != 0)
		return complain(c, ERR_CORRUPT, "journal/%s: no journal segment (offset 0)", name);
	if (get_le64(block + SEGMENT_HEADER - 8) != hash_64(block, SEGMENT_HEADER - 8, 0))
		return complain(
			c, ERR_CORRUPT, "journal/%s: the header is damaged (offset 0)", name);
	if (get_le32(block + 8) != SEGMENT_VERSION || get_le32(block + 12) != SEGMENT_HEADER)
		return complain(c, ERR_VERSION, "journal/%s: version %u, this program knows %u",
			name, get_le32(block + 8), SEGMENT_VERSION);
	if (memcmp(block + 16, store_id, 16) != 0)
		return complain(c, ERR_VERSION, "journal/%s: belongs to another store", name);
	ret_s->first = get_le64(block + 32);
	ret_s->previous_first = get_le64(block + 40);
	ret_s->previous_check = get_le64(block + 48);
	ret_s->created_ms = (int64_t)get_le64(block + 56);
	return 0;
}

int segment_open(int dir_fd, uint64_t first, int flags, const uint8_t store_id[16],
	struct segment *ret_s, int *ret_fd, struct complaint *c)
{
	uint8_t block[SEGMENT_HEADER] = { 0 };
	char name[SEGMENT_NAME_SIZE];
	struct stat st;
	int fd, rc = 0;
	long n;

	segment_name(first, name);
	fd = openat(dir_fd, name, flags | O_CLOEXEC);
	if (fd < 0)
		return complain(c, err_from_errno(errno), "journal/%s: %s", name, strerror(errno));
	n = segment_read(fd, block, sizeof block, 0);
	if (n < 0 || fstat(fd, &st) != 0)
		rc = complain(c, ERR_IO, "journal/%s: cannot read it: %s", name, strerror(errno));
	else
		rc = header_parse(block, name, store_id, ret_s, c);
	if (rc == 0 && ret_s->first != first)
		rc = complain(c, ERR_CORRUPT,
			"journal/%s: holds frames from %" PRIu64 "; was it renamed?", name,
			ret_s->first);
	if (rc != 0) {
		(void)close(fd);
		return rc;
	}
	ret_s->bytes = (uint64_t)st.st_size;
	*ret_fd = fd;
	return 0;
}

static bool all_zero(const uint8_t *p, size_t size)
{
	return size == 0 || (p[0] == 0 && memcmp(p, p + 1, size - 1) == 0);
}

int segment_is_blank(int dir_fd, uint64_t first)
{
	char name[SEGMENT_NAME_SIZE];
	uint8_t *piece = malloc(PIECE);
	size_t size = SEGMENT_HEADER; /* at first: nearly always this tells */
	uint64_t at = 0;
	long n = ERR_NOMEM;
	int fd, rc = 1;

	segment_name(first, name);
	fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		n = err_from_errno(errno);
	while (piece && fd >= 0 && (n = segment_read(fd, piece, size, at)) > 0) {
		if (!all_zero(piece, (size_t)n)) {
			rc = 0;
			break;
		}
		at += (uint64_t)n;
		size = PIECE;
	}
	if (fd >= 0)
		(void)close(fd);
	free(piece);
	return n < 0 ? (int)n : rc;
}

int segment_remove(int dir_fd, uint64_t first)
{
	char name[SEGMENT_NAME_SIZE];

	segment_name(first, name);
	if (unlinkat(dir_fd, name, 0) != 0 && errno != ENOENT)
		return err_from_errno(errno);
	return fsync(dir_fd) == 0 ? 0 : ERR_UNKNOWN;
}
