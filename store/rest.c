/* SPDX-License-Identifier: Apache-2.0 */
/* Rest: an environment with nothing to do gives back the memory that its work has taken. */
#include <malloc.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "store/tree.h"

#define PATH_BYTES 4096
#define WORTH_PAGES 1024 /* what LMDB keeps when it is less is not worth opening it again */

/* Whether E has opened what BEFORE has open, and not what was put in its place meanwhile: that is as of
 * another input than what lies in memory. */
static bool is_same_file(const struct env *e, int before)
{
	struct stat a, b;
	int fd;

	return mdb_env_get_fd(e->lmdb, &fd) == 0 && fstat(fd, &a) == 0 && fstat(before, &b) == 0 &&
		a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/* LMDB keeps the pages that a flush has written for the next one, as many as there ever were, until
 * its environment is closed. What has been read lies in the map, and is found again in the page
 * cache: that costs what unmapping costs, and a page fault each 64 KiB later on. */
static int open_again(struct env *e)
{
	char dir[PATH_BYTES];
	const char *path;
	bool is_short;
	int rc, before;

	/* Held open, so that a file made anew is not given the inode of one that was deleted. */
	if (mdb_env_get_fd(e->lmdb, &before) != 0 || (before = dup(before)) < 0)
		return OK; /* at another time */
	(void)mdb_env_get_path(e->lmdb, &path);
	snprintf(dir, sizeof dir, "%s", path);
	tree_end(e);
	tree_close(e);
	rc = tree_open(e, dir, e->map_bytes, &is_short);
	if (rc == OK && !is_same_file(e, before))
		rc = ERR_NOTFOUND;
	close(before);
	if (rc == OK)
		rc = err_from_lmdb(tree_open_tables(e));
	if (rc == OK) {
		e->reserved_pages = 0;
		return OK;
	}
	tree_close(e);
	e->dead = true;
	e->failed = rc;
	return rc;
}

int env_relax(struct env *e)
{
	bool gave = memtable_relax(e->active);
	int rc = OK;

	if (!e->frozen && e->failed == OK) {
		memtable_reset(e->previous); /* the tree has it all */
		gave = memtable_relax(e->previous) || gave;
		if (e->reserved_pages >= WORTH_PAGES) {
			rc = open_again(e);
			gave = true;
		}
	}
	if (gave) {
		mem_spares_fini(&e->spares);
		(void)malloc_trim(0);
	}
	return rc;
}
