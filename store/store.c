/* SPDX-License-Identifier: Apache-2.0 */
/* Store: the directory, its lock and its identity.
 *
 * `store.id` is text, written once, under another name first:
 *
 *     kith store
 *     version 1
 *     id 000102030405060708090a0b0c0d0e0f
 *     shards 2
 *     check b141599a          XXH3's low half over the lines before, in hex
 *
 * `lock` holds the process id of whoever has the store, for the complaint only: what counts is
 * the flock on it, which the kernel drops with the process. */
#include "store/store.h"
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "base/hash.h"
#include "store/filesystem.h"

#define PATH_BYTES     4096
#define ID_TEXT_MAX    256
#define SHARDS_DEFAULT 2

static void store_path(const struct store *s, const char *name, char out[PATH_BYTES])
{
	int n = snprintf(out, PATH_BYTES, "%s/%s", s->dir, name);

	assert(n > 0 && n < PATH_BYTES);
}

void store_journal_dir(const struct store *s, char *out)
{
	store_path(s, "journal", out);
}

void store_shard_dir(const struct store *s, unsigned shard, char *out)
{
	char name[32];

	snprintf(name, sizeof name, "shard-%u", shard);
	store_path(s, name, out);
}

int store_space(const struct store *s, uint64_t *ret_free, uint64_t *ret_total)
{
	struct statvfs v;

	if (statvfs(s->dir, &v) != 0)
		return err_from_errno(errno);
	*ret_free = (uint64_t)v.f_bavail * v.f_frsize;
	*ret_total = (uint64_t)v.f_blocks * v.f_frsize;
	return OK;
}

static bool is_missing(int rc)
{
	return rc != 0 && (errno == ENOENT || errno == ENOTDIR);
}

bool store_is_there(const struct store *s)
{
	char path[PATH_BYTES];
	struct stat now, locked;
	int rc;

	store_path(s, "lock", path);
	rc = stat(path, &now);
	if (is_missing(rc))
		return false;
	return rc != 0 || fstat(s->lock_fd, &locked) != 0 ||
		(now.st_ino == locked.st_ino && now.st_dev == locked.st_dev);
}

/* Keep DIR without the slashes at its end. */
static int store_set_dir(struct store *s, const char *dir, struct complaint *c)
{
	size_t n = strlen(dir);

	while (n > 1 && dir[n - 1] == '/')
		n--;
	if (n == 0 || n >= sizeof s->dir)
		return complain(c, ERR_INVALID, "the store's directory needs a path of 1 to %zu bytes",
			sizeof s->dir - 1);
	memcpy(s->dir, dir, n);
	s->dir[n] = '\0';
	return OK;
}

/* The directory exists, is writable, and lies where a store may. */
static int store_enter(struct store *s, bool create, struct complaint *c)
{
	char filesystem[64], parent[PATH_BYTES];
	struct stat st;

	if (create && mkdir(s->dir, 0750) == 0) {
		snprintf(parent, sizeof parent, "%s/..", s->dir);
		if (filesystem_sync_dir(parent) != OK)
			return complain(c, ERR_IO, "cannot make %s durable in the directory above it", s->dir);
	} else if (create && errno != EEXIST) {
		return complain(c, err_from_errno(errno), "cannot make the store's directory %s: %s",
			s->dir, strerror(errno));
	}
	if (stat(s->dir, &st) != 0)
		return complain(c, err_from_errno(errno), "no store at %s: %s", s->dir, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return complain(c, ERR_INVALID, "%s is not a directory", s->dir);
	if (filesystem_of_is_shared(s->dir, filesystem, sizeof filesystem))
		return complain(c, ERR_INVALID, "%s lies on a shared file system (%s), whose locks and "
			"memory maps cannot be trusted: put the store on a local disk", s->dir, filesystem);
	if (faccessat(AT_FDCWD, s->dir, R_OK | W_OK | X_OK, AT_EACCESS) != 0)
		return complain(c, err_from_errno(errno), "%s may not be written by user %u: %s",
			s->dir, (unsigned)geteuid(), strerror(errno));
	return OK;
}

static int store_lock(struct store *s, struct complaint *c)
{
	char path[PATH_BYTES], text[32] = { 0 };

	store_path(s, "lock", path);
	s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (s->lock_fd < 0)
		return complain(c, err_from_errno(errno), "cannot open %s: %s", path, strerror(errno));
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK)
			return complain(c, err_from_errno(errno), "cannot lock %s: %s", path,
				strerror(errno));
		if (pread(s->lock_fd, text, sizeof text - 1, 0) < 0)
			text[0] = '\0';
		return complain(c, ERR_BUSY, "%s is in use by another process (%d): stop it first, or "
			"ask it", s->dir, atoi(text));
	}
	int n = snprintf(text, sizeof text, "%d\n", (int)getpid());
	if (ftruncate(s->lock_fd, 0) != 0 || pwrite(s->lock_fd, text, (size_t)n, 0) != n)
		return complain(c, err_from_errno(errno), "cannot write %s: %s", path, strerror(errno));
	return OK;
}

static size_t id_format(const struct store *s, char out[ID_TEXT_MAX])
{
	char hex[33];

	for (unsigned i = 0; i < 16; i++)
		snprintf(hex + 2 * i, 3, "%02x", s->id[i]);
	int n = snprintf(out, ID_TEXT_MAX, "kith store\nversion %u\nid %s\nshards %u\n",
		STORE_VERSION, hex, s->shards);
	n += snprintf(out + n, ID_TEXT_MAX - (size_t)n, "check %08x\n", hash_32(out, (size_t)n));
	return (size_t)n;
}

/* Strict: what it reads must format to the same bytes. A newer version is told from damage by its
 * first two lines. */
static int id_parse(struct store *s, const char *text, size_t size, struct complaint *c)
{
	char again[ID_TEXT_MAX];
	unsigned version = 0, byte;
	int at = 0;

	if (sscanf(text, "kith store\nversion %u\n%n", &version, &at) == 1 && at > 0 &&
		version != STORE_VERSION)
		return complain(c, ERR_VERSION, "%s is of version %u, this kith works with version %u: "
			"use the kith that made it", s->dir, version, STORE_VERSION);
	if (at == 0 || strncmp(text + at, "id ", 3) != 0 || size < (size_t)at + 3 + 32)
		goto damaged;
	for (unsigned i = 0; i < 16; i++) {
		if (sscanf(text + at + 3 + 2 * i, "%2x", &byte) != 1)
			goto damaged;
		s->id[i] = (uint8_t)byte;
	}
	if (sscanf(text + at + 3 + 32, "\nshards %u\n", &s->shards) != 1 || s->shards == 0 ||
		s->shards > SHARDS_MAX)
		goto damaged;
	if (id_format(s, again) == size && memcmp(again, text, size) == 0)
		return OK;
damaged:
	return complain(c, ERR_CORRUPT, "%s/store.id is damaged: put back a copy of it", s->dir);
}

static int id_read(struct store *s, struct complaint *c)
{
	char path[PATH_BYTES], text[ID_TEXT_MAX];
	ssize_t n;

	store_path(s, "store.id", path);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return ERR_NOTFOUND; /* the caller knows whether that is bad */
	if (fd < 0)
		return complain(c, err_from_errno(errno), "cannot open %s: %s", path, strerror(errno));
	n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n < 0)
		return complain(c, ERR_IO, "cannot read %s: %s", path, strerror(errno));
	text[n] = '\0';
	return id_parse(s, text, (size_t)n, c);
}

/* Nothing but what an interrupted creation leaves. */
static bool dir_is_blank(const char *dir)
{
	struct dirent *entry;
	bool blank = true;
	DIR *d = opendir(dir);

	while (d && blank && (entry = readdir(d))) {
		const char *n = entry->d_name;

		blank = strcmp(n, ".") == 0 || strcmp(n, "..") == 0 || strcmp(n, "lock") == 0 ||
			strcmp(n, "store.id.new") == 0 || strcmp(n, "lost+found") == 0;
	}
	if (d)
		closedir(d);
	return d && blank;
}

/* All or nothing: a name that appears has its bytes on disk. */
static int id_write(const struct store *s)
{
	char path[PATH_BYTES], fresh[PATH_BYTES], text[ID_TEXT_MAX];
	size_t size = id_format(s, text);
	int rc = OK, fd;

	store_path(s, "store.id", path);
	store_path(s, "store.id.new", fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		return err_from_errno(errno);
	errno = ENOSPC; /* for a short write */
	if (write(fd, text, size) != (ssize_t)size || fsync(fd) != 0)
		rc = err_from_errno(errno);
	if (close(fd) != 0 && rc == OK)
		rc = err_from_errno(errno);
	if (rc == OK && rename(fresh, path) != 0)
		rc = err_from_errno(errno);
	return rc == OK ? filesystem_sync_dir(s->dir) : rc;
}

static int store_make(struct store *s, unsigned shards, struct complaint *c)
{
	if (!dir_is_blank(s->dir))
		return complain(c, ERR_INVALID, "%s is not empty and has no store.id: name an empty "
			"directory for a new store, or put back the store's own store.id", s->dir);
	s->shards = shards ? shards : SHARDS_DEFAULT;
	if (getrandom(s->id, sizeof s->id, 0) != sizeof s->id)
		return complain(c, ERR_IO, "the kernel gave no random bytes for the store's id");
	int rc = id_write(s);
	return rc == OK ? OK : complain(c, rc, "cannot write %s/store.id: %s", s->dir, err_text(rc));
}

static int store_make_journal_dir(const struct store *s, struct complaint *c)
{
	char path[PATH_BYTES];

	store_journal_dir(s, path);
	if (mkdir(path, 0750) == 0 ? filesystem_sync_dir(s->dir) == OK : errno == EEXIST)
		return OK;
	return complain(c, err_from_errno(errno), "cannot make %s: %s", path, strerror(errno));
}

static int store_identify(struct store *s, unsigned shards, bool create, struct complaint *c)
{
	int rc = id_read(s, c);

	if (rc == ERR_NOTFOUND && !create)
		return complain(c, rc, "%s holds no store (there is no store.id)", s->dir);
	if (rc == ERR_NOTFOUND)
		rc = store_make(s, shards, c);
	if (rc != OK)
		return rc;
	if (shards && shards != s->shards)
		return complain(c, ERR_VERSION, "%s has %u shards, not %u: start with %u; the number is "
			"chosen once, when a store is made", s->dir, s->shards, shards, s->shards);
	return store_make_journal_dir(s, c);
}

int store_open(const char *dir, unsigned shards, bool create, struct store *ret_store,
	struct complaint *c)
{
	struct store *s = ret_store;
	int rc;

	*s = (struct store){ .lock_fd = -1 };
	if (shards > SHARDS_MAX)
		return complain(c, ERR_INVALID, "%u shards are more than %u", shards, SHARDS_MAX);
	if ((rc = store_set_dir(s, dir, c)) == OK && (rc = store_enter(s, create, c)) == OK &&
		(rc = store_lock(s, c)) == OK && (rc = store_identify(s, shards, create, c)) == OK)
		return OK;
	store_close(s);
	return rc;
}

void store_close(struct store *s)
{
	if (s && s->lock_fd >= 0)
		close(s->lock_fd);
	if (s)
		s->lock_fd = -1;
}
