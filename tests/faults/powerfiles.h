/* SPDX-License-Identifier: Apache-2.0 */
/* Power files: a directory in memory that remembers what of it is durable. Names and contents
 * change as the log says, become durable as it syncs, and lose_names(), lose_power() take away a
 * random part of what is not. For powercut.c alone. */
#ifndef KITH_TESTS_POWERFILES_H
#define KITH_TESTS_POWERFILES_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "powerlog.h"

struct change { /* of contents, not yet synced as a whole */
	enum power_op op;
	uint64_t offset;
	const uint8_t *data;
	uint64_t size;
	bool synced;
};

struct object {
	bool is_dir;
	uint8_t *bytes;
	uint64_t size, room;
	struct change *changes;
	size_t count, capacity;
};

struct name {
	char *path;
	struct object *object;
};

struct names {
	struct name *v;
	size_t count, capacity;
};

struct renaming { /* a change of names: CREATE, MKDIR, RENAME, UNLINK, RMDIR */
	enum power_op op;
	char *path, *second;
	struct object *object;
	bool synced;
};

static struct names now, durable;
static struct renaming *renamings;
static size_t renaming_count, renaming_capacity;
static uint64_t random_state;

static void die(const char *what, const char *which)
{
	(void)fprintf(stderr, "powercut: %s: %s\n", which, what);
	exit(1);
}

static void *grow(void *v, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return v;
	*capacity = *capacity ? 2 * *capacity : 64;
	v = realloc(v, *capacity * size);
	if (!v)
		die("out of memory", "names");
	return v;
}

static uint64_t next_random(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15; /* splitmix64 */

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/* True with a chance of QUARTERS in four. */
static bool chance(unsigned quarters)
{
	return next_random() % 4 < quarters;
}

/* Names. */

static struct object *find(const struct names *n, const char *path)
{
	for (size_t i = 0; i < n->count; i++)
		if (strcmp(n->v[i].path, path) == 0)
			return n->v[i].object;
	return NULL;
}

static void forget_name(struct names *n, const char *path)
{
	for (size_t i = 0; i < n->count; i++)
		if (strcmp(n->v[i].path, path) == 0) {
			n->v[i] = n->v[--n->count];
			return;
		}
}

static void set_name(struct names *n, const char *path, struct object *o)
{
	forget_name(n, path);
	n->v = grow(n->v, n->count, &n->capacity, sizeof *n->v);
	n->v[n->count++] = (struct name){ strdup(path), o };
}

static void apply_renaming(struct names *n, const struct renaming *r)
{
	switch (r->op) {
	case POWER_CREATE:
	case POWER_MKDIR: set_name(n, r->path, r->object); break;
	case POWER_RENAME:
		forget_name(n, r->path);
		set_name(n, r->second, r->object);
		break;
	default: forget_name(n, r->path); break;
	}
}

static void change_names(enum power_op op, const char *path, const char *second, struct object *o)
{
	struct renaming r = { op, strdup(path), strdup(second), o, false };

	renamings = grow(renamings, renaming_count, &renaming_capacity, sizeof *renamings);
	renamings[renaming_count++] = r;
	apply_renaming(&now, &r);
}

static struct object *new_object(bool is_dir)
{
	struct object *o = calloc(1, sizeof *o);

	if (!o)
		die("out of memory", "files");
	o->is_dir = is_dir;
	return o;
}

static bool lies_in(const char *path, const char *dir)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;

	if (strcmp(dir, ".") == 0)
		return !slash;
	return slash && strlen(dir) == n && strncmp(path, dir, n) == 0;
}

/* Changes of names that are synced become durable once nothing older is pending. */
static void settle_names(void)
{
	size_t kept = 0;
	bool older = false;

	for (size_t i = 0; i < renaming_count; i++) {
		if (renamings[i].synced && !older) {
			apply_renaming(&durable, &renamings[i]);
		} else {
			older = true;
			renamings[kept++] = renamings[i];
		}
	}
	renaming_count = kept;
}

/* A file's own fsync makes its creation durable, and that of the directories above it. */
static void sync_creation(const struct object *o, const char *path)
{
	for (size_t i = 0; i < renaming_count; i++) {
		struct renaming *r = &renamings[i];
		size_t n = strlen(r->path);

		if ((r->op == POWER_CREATE || r->op == POWER_MKDIR) && r->object == o)
			r->synced = true;
		if (r->op == POWER_MKDIR && strncmp(path, r->path, n) == 0 && path[n] == '/')
			r->synced = true;
	}
}

static void sync_entries(const char *dir)
{
	for (size_t i = 0; i < renaming_count; i++)
		if (lies_in(renamings[i].path, dir) ||
			(renamings[i].second[0] && lies_in(renamings[i].second, dir)))
			renamings[i].synced = true;
}

/* Contents. */

static void set_size(struct object *o, uint64_t size)
{
	if (size > o->room) {
		uint64_t room = size + size / 2 + 4096;

		o->bytes = realloc(o->bytes, room);
		if (!o->bytes)
			die("out of memory", "contents");
		o->room = room;
	}
	if (size > o->size)
		memset(o->bytes + o->size, 0, size - o->size);
	o->size = size;
}

static void write_bytes(struct object *o, uint64_t offset, const uint8_t *data, uint64_t size)
{
	if (offset + size > o->size)
		set_size(o, offset + size);
	memcpy(o->bytes + offset, data, size);
}

static void apply_change(struct object *o, const struct change *c)
{
	if (c->op == POWER_TRUNCATE)
		set_size(o, c->offset);
	else if (c->op == POWER_EXTEND)
		set_size(o, c->offset > o->size ? c->offset : o->size);
	else
		write_bytes(o, c->offset, c->data, c->size);
}

static void add_change(struct object *o, struct change c)
{
	o->changes = grow(o->changes, o->count, &o->capacity, sizeof *o->changes);
	o->changes[o->count++] = c;
}

static void sync_contents(struct object *o)
{
	for (size_t i = 0; i < o->count; i++)
		apply_change(o, &o->changes[i]);
	o->count = 0;
}

/* Of a write that was not synced, the pieces that got out all the same. */
static void apply_part(struct object *o, const struct change *c, uint64_t grain, unsigned quarters)
{
	uint64_t at = c->offset, end = c->offset + c->size;

	while (at < end) {
		uint64_t next = (at / grain + 1) * grain;

		if (next > end)
			next = end;
		if (chance(quarters))
			write_bytes(o, at, c->data + (at - c->offset), next - at);
		at = next;
	}
	if (o->size < end && chance(1)) /* the new length, but not the bytes */
		set_size(o, end);
}

static void lose_power(struct object *o)
{
	uint64_t grain = chance(2) ? 512 : 4096;
	unsigned quarters = (unsigned)(next_random() % 5);

	for (size_t i = 0; i < o->count; i++) {
		const struct change *c = &o->changes[i];

		if (c->synced)
			apply_change(o, c);
		else if (c->op == POWER_WRITE)
			apply_part(o, c, grain, quarters);
		else if (chance(2))
			apply_change(o, c);
	}
	o->count = 0;
}

static void lose_names(void)
{
	uint64_t unsynced = 0, survive;

	for (size_t i = 0; i < renaming_count; i++)
		unsynced += !renamings[i].synced;
	survive = next_random() % (unsynced + 1);
	for (size_t i = 0; i < renaming_count; i++) {
		if (!renamings[i].synced && survive == 0)
			continue;
		survive -= !renamings[i].synced;
		apply_renaming(&durable, &renamings[i]);
	}
}

#endif
