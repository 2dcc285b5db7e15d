/* SPDX-License-Identifier: Apache-2.0 */
/* Power cut: build the directory that a power cut at a given operation would have left, from the
 * record of powershim.c.
 *
 *   powercut LOG                     print how many storage operations it holds
 *   powercut -l LOG                  list them: number, size of the log behind it, what it was
 *   powercut LOG AT SEED OUT [BASE]  after AT operations the power fails: write what is left to
 *                                    OUT, which must not exist, and print what the program had
 *                                    said by then (KITH_POWER_STDOUT). BASE: the directory as it
 *                                    was, durably, before the log begins; else it was empty
 *
 * What is synced survives: a file's contents by its fsync or fdatasync, a write through O_DSYNC
 * by itself, names by the fsync of their directory; a name that was created also by the fsync of
 * the file itself. Of all else a random part survives, chosen by SEED: of writes any of their
 * sectors of 512 bytes or pages of 4 KiB, of changes of length any, of changes of names the first
 * few. So each is kinder than POSIX promises in two points only, in which file systems are too:
 * names change one after the other, and a rename happens or does not.
 * Renamed directories are not modelled. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "powerfiles.h"

#define PATH_ROOM 4096

/* The record. */

/* A file of before the log that was not in BASE is taken for an empty one. */
static struct object *object_of(const char *path)
{
	struct object *o = find(&now, path);

	if (o || strcmp(path, ".") == 0)
		return o;
	(void)fprintf(stderr, "powercut: %s was there before the log\n", path);
	o = new_object(false);
	set_name(&now, path, o);
	set_name(&durable, path, o);
	return o;
}

static void sync_everything(void)
{
	for (size_t i = 0; i < renaming_count; i++)
		renamings[i].synced = true;
	for (size_t i = 0; i < now.count; i++)
		sync_contents(now.v[i].object);
}

static void replay(
	const struct power_record *r, const char *path, const char *second, const uint8_t *data)
{
	struct object *o;

	switch ((enum power_op)r->op) {
	case POWER_CREATE:
	case POWER_MKDIR:
		if (strcmp(path, ".") != 0)
			change_names(r->op, path, "", new_object(r->op == POWER_MKDIR));
		break;
	case POWER_RENAME: change_names(r->op, path, second, object_of(path)); break;
	case POWER_UNLINK:
	case POWER_RMDIR: change_names(r->op, path, "", object_of(path)); break;
	case POWER_SYNC_ALL: sync_everything(); break;
	case POWER_SYNC:
		o = object_of(path);
		if (o)
			sync_creation(o, path);
		if (!o || o->is_dir)
			sync_entries(path);
		else
			sync_contents(o);
		break;
	case POWER_SAID: (void)fwrite(data, 1, r->data_size, stdout); break;
	case POWER_WRITE:
	case POWER_WRITE_SYNCED:
	case POWER_TRUNCATE:
	case POWER_EXTEND:
		add_change(object_of(path), (struct change){ r->op, r->offset, data, r->data_size,
						    r->op == POWER_WRITE_SYNCED });
		break;
	}
	settle_names();
}

static const uint8_t *map_log(const char *path, uint64_t *ret_size)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st) != 0)
		die(strerror(errno), path);
	*ret_size = (uint64_t)st.st_size;
	if (st.st_size == 0)
		return NULL;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		die(strerror(errno), path);
	(void)close(fd);
	return p;
}

static void list_one(uint64_t number, uint64_t behind, const struct power_record *r,
	const char *path, const char *second)
{
	static const char *const names[] = { "?", "create", "write", "write-synced", "truncate",
		"extend", "sync", "rename", "unlink", "mkdir", "rmdir", "sync-all" };

	(void)printf("%" PRIu64 " %" PRIu64 " %s %s%s%s %" PRIu64 "+%u\n", number, behind,
		names[r->op], path, second[0] ? " to " : "", second, r->offset, r->data_size);
}

/* Go through the log: the first AT operations and what was said behind them, up to the next. A
 * last record that is cut off (the process was killed) was not finished: it ends the log. */
static uint64_t go_through(const char *log, uint64_t at, bool act, bool list)
{
	uint64_t size, offset = 0, number = 0;
	const uint8_t *bytes = map_log(log, &size);

	while (size - offset >= sizeof(struct power_record)) {
		char path[PATH_ROOM] = "", second[PATH_ROOM] = "";
		struct power_record r;
		uint64_t end;

		memcpy(&r, bytes + offset, sizeof r);
		end = offset + sizeof r + r.path_size + r.second_size + r.data_size;
		if (r.magic != POWER_MAGIC || r.path_size >= PATH_ROOM ||
			r.second_size >= PATH_ROOM || r.op == 0 || r.op > POWER_SAID)
			die("not a power log", log);
		if (end > size || (r.op != POWER_SAID && number == at))
			break;
		number += r.op != POWER_SAID;
		memcpy(path, bytes + offset + sizeof r, r.path_size);
		memcpy(second, bytes + offset + sizeof r + r.path_size, r.second_size);
		if (list && r.op != POWER_SAID)
			list_one(number, end, &r, path, second);
		if (act)
			replay(&r, path, second, bytes + end - r.data_size);
		offset = end;
	}
	return number;
}

/* Directories in and out. */

static void read_file(const char *path, struct object *o)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	ssize_t n = 0;

	if (fd < 0 || fstat(fd, &st) != 0)
		die(strerror(errno), path);
	set_size(o, (uint64_t)st.st_size);
	for (uint64_t at = 0; at < o->size; at += (uint64_t)n) {
		n = pread(fd, o->bytes + at, o->size - at, (off_t)at);
		if (n <= 0)
			die("cannot read it", path);
	}
	(void)close(fd);
}

static void read_directory(const char *dir, const char *inner)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	if (!d)
		die(strerror(errno), dir);
	while ((e = readdir(d))) {
		char path[PATH_ROOM], name[PATH_ROOM];
		struct object *o;
		struct stat st;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (snprintf(path, sizeof path, "%s/%s", dir, e->d_name) >= PATH_ROOM ||
			snprintf(name, sizeof name, "%s%s%s", inner, inner[0] ? "/" : "",
				e->d_name) >= PATH_ROOM ||
			stat(path, &st) != 0)
			die("cannot read it", path);
		if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
			continue;
		o = new_object(S_ISDIR(st.st_mode));
		set_name(&now, name, o);
		set_name(&durable, name, o);
		if (o->is_dir)
			read_directory(path, name);
		else
			read_file(path, o);
	}
	(void)closedir(d);
}

static void make_parents(char *path, size_t from)
{
	for (char *p = path + from; (p = strchr(p, '/')); p++) {
		*p = '\0';
		if (mkdir(path, 0750) != 0 && errno != EEXIST)
			die(strerror(errno), path);
		*p = '/';
	}
}

/* Zeros are left out: preallocated and mapped files are mostly holes. */
static void write_file(const char *path, const struct object *o)
{
	static const uint8_t zeros[4096];
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0640);

	if (fd < 0 || ftruncate(fd, (off_t)o->size) != 0)
		die(strerror(errno), path);
	for (uint64_t at = 0; at < o->size; at += sizeof zeros) {
		size_t n = o->size - at < sizeof zeros ? (size_t)(o->size - at) : sizeof zeros;

		if (memcmp(o->bytes + at, zeros, n) != 0 &&
			pwrite(fd, o->bytes + at, n, (off_t)at) != (ssize_t)n)
			die(strerror(errno), path);
	}
	(void)close(fd);
}

static void write_directory(const char *out)
{
	char path[PATH_ROOM];

	if (mkdir(out, 0750) != 0)
		die(strerror(errno), out);
	for (size_t i = 0; i < durable.count; i++) {
		const struct name *n = &durable.v[i];

		if (snprintf(path, sizeof path, "%s/%s", out, n->path) >= PATH_ROOM)
			die("too long", n->path);
		make_parents(path, strlen(out) + 1);
		if (!n->object->is_dir)
			write_file(path, n->object);
		else if (mkdir(path, 0750) != 0 && errno != EEXIST)
			die(strerror(errno), path);
	}
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "-l") == 0) {
		(void)go_through(argv[2], UINT64_MAX, false, true);
		return 0;
	}
	if (argc == 2) {
		(void)printf("%" PRIu64 "\n", go_through(argv[1], UINT64_MAX, false, false));
		return 0;
	}
	if (argc != 5 && argc != 6) {
		(void)fprintf(stderr, "usage: powercut LOG | -l LOG | LOG AT SEED OUT [BASE]\n");
		return 2;
	}
	random_state = strtoull(argv[3], NULL, 0);
	if (argc == 6)
		read_directory(argv[5], "");
	(void)go_through(argv[1], strtoull(argv[2], NULL, 0), true, false);
	lose_names();
	for (size_t i = 0; i < durable.count; i++)
		lose_power(durable.v[i].object);
	write_directory(argv[4]);
	return 0;
}
